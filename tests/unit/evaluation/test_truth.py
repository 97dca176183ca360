"""Known causes of simulated pupils are found among their reasons, more often than the same list for everybody finds them (E9)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from benchmarks.truth import truth_section
from eswarn.errors import InputRefused
from eswarn.evaluation.audit.lines import Run
from eswarn.evaluation.audit.truth import CAUSE_OF, THEMES, read_causes, recovered, recovery, summed_up
from eswarn.features.library import FEATURES
from eswarn.simulate import write_causes
from eswarn.simulate.causes import CAUSES
from tests import made_up_school
from tests.unit.evaluation import made_up_run


@pytest.fixture(scope="module")
def run() -> Run:
    return made_up_run.with_flags(made_up_run.run(), 200)


@pytest.fixture(scope="module")
def causes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return read_causes(write_causes(made_up_run.causes(), tmp_path_factory.mktemp("causes") / "causes.parquet"), made_up_school.AS_OF)


def first_spoken(run: Run) -> dict[str, str]:
    """Causes made up after the reasons: each pupil's is the one of which the first reason speaks."""
    told, _ = run.model.teller.top(run.table, run.values, run.year_group, n=1)
    return {str(pupil): CAUSE_OF.get(reasons[0].theme, "home") for pupil, reasons in zip(run.pupil, told, strict=True) if reasons}


def test_reasons_that_name_every_cause_first_pass(run: Run) -> None:
    check = recovery(run, first_spoken(run))
    assert check.result == "passed"
    assert "interventional 100 %" in check.figure


def test_a_constant_explainer_fails(run: Run, causes: dict[str, str]) -> None:
    """The control: values that are the same for everybody find no more than importance over all pupils does."""
    same = np.tile(np.abs(run.values).mean(axis=0), (len(run.raw), 1))
    assert recovery(replace(run, values=same), causes).result == "failed"


def test_few_pupils_fail_nothing(run: Run, causes: dict[str, str]) -> None:
    same = replace(made_up_run.with_flags(run, 30), values=np.tile(np.abs(run.values).mean(axis=0), (len(run.raw), 1)))
    assert recovery(same, causes).result == "cannot tell"


def test_real_pupils_have_no_known_causes(run: Run) -> None:
    assert recovery(run).result == "not applicable"
    assert recovery(run, {}).result == "not applicable"


def test_pupils_whose_cause_no_theme_tells_are_counted_apart(run: Run, causes: dict[str, str]) -> None:
    flagged = [causes.get(str(pupil)) for pupil in run.pupil[run.flagged]]
    assert recovered(run, causes).shape == (3, sum(cause in THEMES for cause in flagged))
    assert f"{flagged.count('home'):,} more whose cause is home" in recovery(run, causes).figure


def test_shares_and_their_difference_are_those_of_the_places() -> None:
    told = summed_up(np.array([[1, 1, 1, 2], [1, 0, 3, 2], [1, 0, 0, 0]]), untold=2)
    assert told.first == {"interventional": 0.75, "path": 0.25, "global": 0.25}
    assert told.among_three == {"interventional": 1.0, "path": 0.75, "global": 0.25}
    value, low, high = told.better
    assert value == 0.5
    assert (low, high) == (0.0, 1.0)


def test_every_theme_speaks_of_one_cause_or_of_none() -> None:
    assert set(THEMES) == set(CAUSES) - {"home"}
    assert {feature.theme for feature in FEATURES} == set(CAUSE_OF) | {"school career", "protected"}


@pytest.mark.parametrize(("theme", "cause"), [("absence", "attendance"), ("behaviour", "behaviour"), ("attainment", "attainment")])
def test_a_theme_goes_with_the_cause_it_is_said_to_speak_of(run: Run, theme: str, cause: str) -> None:
    today = made_up_run.causes().filter(pc.equal(made_up_run.causes()["as_of"], made_up_school.AS_OF))
    states = dict(zip(today["pupil_id"].to_pylist(), np.column_stack([today[name].to_numpy() for name in CAUSES]), strict=True))
    rows = [row for row, pupil in enumerate(run.pupil) if str(pupil) in states]
    added = np.array([states[str(run.pupil[row])] for row in rows])
    sums = run.model.teller.theme_sums(run.values[rows])[:, run.model.teller.themes.index(theme)]
    slopes = np.linalg.lstsq(np.column_stack([added / added.std(axis=0), np.ones(len(rows))]), sums, rcond=None)[0]
    assert CAUSES[int(slopes[:-1].argmax())] == cause


@pytest.mark.parametrize("name", ["causes.csv", "causes.parquet"])
def test_causes_are_those_of_the_half_term_that_has_begun(tmp_path: Path, name: str) -> None:
    table = made_up_run.causes()
    file = write_causes(table, tmp_path / name)
    today = table.filter(pc.equal(table["as_of"], dt.date(2025, 6, 2)))
    told = dict(zip(today["pupil_id"].to_pylist(), today["main_cause"].to_pylist(), strict=True))
    assert read_causes(file, dt.date(2025, 7, 1)) == told
    assert read_causes(file, dt.date(2025, 6, 2)) == told
    assert read_causes(file, dt.date(2025, 6, 1)) != told


def test_a_file_without_causes_of_that_day_is_refused(tmp_path: Path) -> None:
    early = dt.date(2020, 1, 1)
    (tmp_path / "other.csv").write_text("pupil_id,as_of\nP1,2025-06-02\n")
    (tmp_path / "days.csv").write_text("pupil_id,as_of,main_cause\nP1,secret,home\n")
    (tmp_path / "no.parquet").write_bytes(b"PAR1 not so")
    files = [tmp_path / "other.csv", tmp_path / "days.csv", tmp_path / "no.parquet", tmp_path / "missing.csv", tmp_path]
    for file in [*files, write_causes(made_up_run.causes(), tmp_path / "causes.csv")]:
        with pytest.raises(InputRefused, match="causes of simulated pupils") as refused:
            read_causes(file, early)
        assert "secret" not in str(refused.value)


def test_the_page_gives_every_share_measured(run: Run, causes: dict[str, str]) -> None:
    told = summed_up(recovered(run, causes), untold=3)
    recovery_of = {name: getattr(told, name) for name in ("pupils", "untold", "first", "among_three", "better")}
    by_cause = {"health": {"pupils": 2, "first": [0.5, 0.0, 0.0], "among_three": [1.0, 0.5, 0.0]}}
    text = "\n".join(truth_section({"n": 1, "pupils": 600, "years": 3, "recovery": recovery_of, "by_cause": by_cause}))
    assert f"{told.first['global']:.1%}" in text
    assert "| health | 2 | 50%, 0%, 0% | 100%, 50%, 0% |" in text
