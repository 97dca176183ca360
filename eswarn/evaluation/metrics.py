"""Figures that judge a ranking and a calibration, with exact ties: a cut through equal scores counts each by its share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
RANKING = ("rows", "leaver_rows", "auc", "average_precision", "recall_at_5_percent")  # figures that no calibration can flatter


def recall_at(score: Floats, y: npt.NDArray[np.integer], places: int) -> float:
    """Share of the leavers among the ``places`` highest scores; the exact expectation over ties, so row order breaks none."""
    if not y.sum():
        return float("nan")
    if places < 1:
        return 0.0
    cut = np.sort(score)[::-1][min(places, len(score)) - 1]
    above, level = score > cut, score == cut
    return float((y[above].sum() + (min(places, len(score)) - above.sum()) * y[level].mean()) / y.sum())


def ece(risk: Floats, y: npt.NDArray[np.integer], *, bins: int = 10) -> float:
    """Expected calibration error over bins of equal width."""
    bin_of = np.minimum((risk * bins).astype(int), bins - 1)
    n = np.bincount(bin_of, minlength=bins)
    gap = np.abs(np.bincount(bin_of, weights=y, minlength=bins) - np.bincount(bin_of, weights=risk, minlength=bins))
    return float(gap[n > 0].sum() / len(y))


def judge(raw: Floats, risk: Floats, y: npt.NDArray[np.integer]) -> dict[str, float]:
    """AUC, average precision, Brier score, ECE, observed over expected leavers, and recall at 5 % of places.

    Parameters
    ----------
    raw : array
        Scores to rank by.
    risk : array
        Calibrated chances.
    y : array of int
        1 left early, 0 did not.

    Returns
    -------
    dict
        rows, leaver_rows and the figures; a ranking figure is NaN where all rows are of one class.
    """
    from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

    both = 0 < y.sum() < len(y)
    return {
        "rows": len(y),
        "leaver_rows": int(y.sum()),
        "auc": float(roc_auc_score(y, raw)) if both else float("nan"),
        "average_precision": float(average_precision_score(y, raw)) if both else float("nan"),
        "brier": float(brier_score_loss(y, risk, labels=[0, 1])) if len(y) else float("nan"),
        "ece": ece(risk, y),
        "observed_over_expected": float(y.sum() / risk.sum()),
        "recall_at_5_percent": recall_at(raw, y, int(np.ceil(0.05 * len(y)))),
    }
