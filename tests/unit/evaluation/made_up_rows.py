"""Feature tables written by hand for the opponents: one plain pupil a row, and what is said of each that differs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd

from eswarn.evaluation.opponents import NEEDED
from eswarn.features.compute import Dataset

COLUMNS = [feature.column for feature in NEEDED]
PLAIN = dict.fromkeys(COLUMNS, 0.0) | {
    "possible_sessions": 380.0, "year_group": 10.0, "idaci_decile": 5.0, "attainment": 0.6, "term_absence": np.nan,
}  # fmt: skip
AS_OF = dt.date(2025, 6, 2)
Column = float | Sequence[float] | np.ndarray


def rows(n: int, *, y: Column = 0, school: Sequence[str] | str = "S", as_of: dt.date = AS_OF, **columns: Column) -> Dataset:
    """``n`` pupils of a plain history, but for the columns named; ``absence`` is that of this year, last year and 365 days."""
    absence = columns.pop("absence", None)
    if absence is not None:
        columns |= dict.fromkeys(("absence_this_year", "absence_last_year", "absence_in_a_year"), absence)
    X = pd.DataFrame({name: np.broadcast_to(np.asarray(columns.get(name, PLAIN[name]), float), n) for name in COLUMNS})
    assert set(columns) <= set(COLUMNS), "a column that no rule reads"
    keys = pd.DataFrame(
        {"pupil_id": [f"P{i:05d}" for i in range(n)], "school_id": school if isinstance(school, str) else list(school),
         "as_of": [as_of] * n, "year_group": X["year_group"], "unmarked": 0.0}, index=range(n),
    )  # fmt: skip
    nobody = pd.DataFrame({"pupil_id": [], "school_id": [], "as_of": [], "reason": [], "what_would_mend_it": []})
    told = np.broadcast_to(np.asarray(y, float), n).copy()
    return Dataset(X, keys, told, np.zeros(n, bool), nobody, np.zeros(0), NEEDED)
