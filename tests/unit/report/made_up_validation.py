"""A validation and a card made by hand, as large and as awkward as real ones: what the tests of their pages start from."""

from __future__ import annotations

from typing import Any

PLACES = tuple(i / 100 for i in range(31))
RULES = {  # name: share of the leavers reached at 5 % of places, what the records lack
    "RONI points, four councils": (0.219, ()),
    "RONI points, one council": (0.214, ("pregnancy", "youth offending team")),
    "ranked absence": (0.216, ()),
    "persistent absence": (0.113, ()),
    "ABC flags": (0.14, ("grades",)),
    "FSM only": (0.076, ()),
    "school mean": (0.095, ()),
    "environment only": (0.101, ()),
    "last year's list": (0.18, ()),
    "ten-feature logistic regression": (0.222, ()),
    "constant": (0.05, ()),
}


def estimate(value: float | None, half: float = 0.03, **changes: Any) -> dict[str, Any]:
    """An estimate with an interval of this half width."""
    low, high = (None, None) if value is None else (round(value - half, 4), round(value + half, 4))
    return {"value": value, "low": low, "high": high, "told": "interval", **changes}


def untold(value: float | None = 0.31) -> dict[str, Any]:
    """An estimate that has no interval."""
    return {"value": value, "low": None, "high": None, "told": "cannot tell", "note": "fewer than 8 schools"}


def curve(at_five: float) -> list[float]:
    """A reach curve that passes through a point at 5 % of places."""
    power = 0.5 if at_five >= 0.2 else 0.7 if at_five > 0.1 else 1.0
    return [round(min(1.0, at_five * (p / 0.05) ** power), 4) for p in PLACES]


def rule(name: str) -> dict[str, Any]:
    """One rule, at three shares of places, in both kinds of lists."""
    reach, lacks = RULES[name]
    at = {"0.02": 0.5, "0.05": 1.0, "0.1": 1.5}
    return {
        "name": name, "says": f"pupils in the order of {name}", "source": "made up", "lacks": list(lacks),
        "reach": {kind: {key: estimate(round(reach * by, 3)) for key, by in at.items()} for kind in ("together", "each")},
        "difference": {kind: {key: estimate(round((0.23 - reach) * by, 3), 0.015) for key, by in at.items()}
                       for kind in ("together", "each")},
        "named": {"pupils": 0.17, "reach": 0.41, "reach_of_the_model": 0.44} if "RONI" in name else None,
        "auc": estimate(round(0.5 + reach, 3)), "places_needed": None if name == "constant" else round(0.23 / reach, 2),
    }  # fmt: skip


def group(name: str, of: str, verdict: str, recall: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """One row of the table of groups."""
    row = {
        "group": name, "of": of, "n": "1,234", "leavers": "41", "recall": recall, "false_alarms": estimate(0.045, 0.01),
        "precision": estimate(0.14, 0.06), "observed_over_expected": estimate(1.05, 0.2), "verdict": verdict,
    }  # fmt: skip
    return {**row, **changes}


def groups() -> dict[str, Any]:
    """Groups of which one has a gap, one none, one cannot be told, and one is hidden."""
    hidden = estimate(None)
    rows = [
        group("free school meals", "free school meals", "gap shown", estimate(0.36, 0.05), false_alarms=estimate(0.11, 0.01)),
        group("no free school meals", "free school meals", "gap shown", estimate(0.18, 0.03)),
        group("female", "sex", "no gap larger than 0.1", estimate(0.24, 0.04)),
        group("male", "sex", "no gap larger than 0.1", estimate(0.22, 0.04)),
        group("SEN support", "special educational needs", "cannot tell", estimate(0.29, 0.17)),
        group("education, health and care plan", "special educational needs", "cannot tell", untold(0.4)),
        group("Gypsy, Roma or Traveller", "ethnicity", "cannot tell", hidden, n="[c]", leavers="[c]", false_alarms=hidden, precision=hidden,
              observed_over_expected=hidden),
    ]  # fmt: skip
    return {
        "margin": 0.1, "least": 6, "rows": rows, "notes": ["Compared at 5 % of places."],
        "overall": {"recall": estimate(0.23), "false_alarms": estimate(0.045)},
    }  # fmt: skip


def split(name: str = "same schools", **changes: Any) -> dict[str, Any]:
    """One split with everything in it."""
    risks = (0.004, 0.007, 0.01, 0.013, 0.017, 0.021, 0.027, 0.036, 0.055, 0.14)
    told = {
        "split": name, "says": f"says of {name}",
        "folds": ["learned from 6 dates from 2021-10-18 to 2023-02-27, tested on 5 dates from 2024-04-15 to 2024-11-04"],
        "n": {"rows": 38_412, "pupils": 8_120, "schools": 24, "dates": 5, "leavers": 262, "leaver_rows": 1_105, "not_scored": 940,
              "unknown": 512, "gone": 33},
        "figures": [
            {"name": "auc", "says": "AUC", **estimate(0.788, 0.02)},
            {"name": "auc_within_schools", "says": "AUC within schools", **estimate(0.771)},
            {"name": "average_precision", "says": "Average precision", **estimate(0.137), "note": "chance level 0.029"},
            {"name": "recall_5_each", "says": "Recall at 5 %", **estimate(0.23)},
            {"name": "precision_5_each", "says": "Precision at 5 %", **estimate(0.13)},
            {"name": "brier_skill", "says": "Brier skill", **estimate(0.061)},
            {"name": "oe", "says": "Observed over expected", **estimate(1.04, 0.1)},
            {"name": "slope", "says": "Calibration slope", **estimate(0.97, 0.12)},
            {"name": "intercept", "says": "Calibration intercept", **estimate(-0.04, 0.1)},
            {"name": "base_rate", "says": "Base rate", **estimate(0.03, 0.01)},
            {"name": "recall_in_use", "says": "Recall in use", **estimate(0.24)},
            {"name": "recall_2_each", "says": "Recall at 2 %", **untold(0.12)},
        ],
        "shares": [0.02, 0.05, 0.1], "rules": [rule(name) for name in RULES],
        "curves": {"places": list(PLACES), "lines": {"model": curve(0.23), **{name: curve(reach) for name, (reach, _) in RULES.items()}}},
        "calibration": {
            "bins": [{"n": 3_841, "risk": r, "left": round(r * 1.03, 4), "low": round(r * 0.8, 4), "high": round(r * 1.3, 4)}
                     for r in risks],
            "ece": 0.0041, "ece_null": 0.0032, "ece_null_95": 0.0051,
        },
        "lead": {"median_weeks": 0.0, "share_6": 0.31, "share_12": 0.22, "weeks_per_leaver": 191.4},
        "twice": [{"says": f"as if {who} whose destination is unknown had left", "recall": estimate(at), "auc": estimate(at + 0.5)}
                  for who, at in (("all", 0.19), ("none", 0.24))],
        "groups": groups(),
        "arbitrariness": {"models": 20, "drawn": "schools", "overlap": 0.81, "always": 0.57, "ever": 1.6, "flipped": 0.35,
                          "says": "20 refits on draws of schools: two lists share 81 % of their places"},
    }  # fmt: skip
    return {**told, **changes}


def validation(*, label: str = "", **changes: Any) -> dict[str, Any]:
    """A validation with two splits."""
    told = {
        "eswarn_validation": 1,
        "about": {"eswarn": "0.1.0", "data_digest": "8ca62e18d52b", "horizon": "365 days", "places": 0.05, "draws": 2000, "margin": 0.1},
        "label": label,
        "answers": [
            {"question": "Does the model beat the best simple rule?", "verdict": "not shown",
             "says": "With places for 5 % of pupils the model reaches 23.0 % of the leavers, RONI points 21.9 %."},
            {"question": "Is an individual score needed, or would the school mean do?", "verdict": "shown",
             "says": "An individual score is needed: the school mean reaches 9.5 %."},
            {"question": "What does targeting by income alone miss?", "verdict": "cannot tell",
             "says": "The records lack free school meals."},
        ],
        "splits": [split(), split("unseen schools")],
    }  # fmt: skip
    return {**told, **changes}


def card(**changes: Any) -> dict[str, Any]:
    """The card within a model, with features of each role."""
    features = [
        ("absence_last_20_days", "absence", "riskier", "missed {value} of sessions {window}", True, False),
        ("attainment", "attainment", "safer", "reached {value} of the marks {window}", True, False),
        ("year_group", "school career", "either", "is in Year {value}", False, False),
        ("fsm", "protected", "either", "eligible for free school meals: {value}", False, True),
    ]
    told = {
        "eswarn": "0.1.0", "purpose": "Ranks pupils on roll by their chance of leaving school early. Not for sanctions.",
        "data_digest": "8ca62e18d52b",
        "cohort": {
            "said": "2,323 pupils of 2 schools on 11 dates from 2022-10-31 to 2024-06-10", "as_of": ["2022-10-31", "2024-06-10"],
            "horizon": "365 days", "rows": 20_494, "pupils": 2_323, "schools": 2, "leavers": 142, "leaver_rows": 630, "base_rate": 0.030741,
            "not_labelled_rows": 715, "unknown_destination_rows": 81,
            "could_not_be_scored_rows": {"fewer than 10 possible sessions": 2_369},
        },
        "features": [
            {"column": column, "theme": theme, "more_is": more, "says": says, "silent": "is not recorded {window}",
             "actionable": actionable, "protected": protected, "needs": ["attendance"], "fingerprint": "ab" * 32, "reads_as": None}
            for column, theme, more, says, actionable, protected in features
        ],
        "config": {"cohort": {"leaving": ["neet", "work"], "up_to_year": 13}, "features": {"protected": {"fsm": "asked for by the trust"}},
                   "score": {"places": 0.05, "reasons": 3}},
        "model": {"trees": 120, "depth": 2}, "calibration": {"on": "cross-fit", "method": "sigmoid"},
        "explanations": {"method": "interventional", "reference_rows": 20_494, "refits": 4}, "software": {"lightgbm": "4.7.0"},
    }  # fmt: skip
    return {**told, **changes}
