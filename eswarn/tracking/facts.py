"""What of a model's card and of a scoring run goes into the store: aggregates, hashes and settings, nothing of a pupil."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

SCORE_PARAMETERS = ("places", "watch", "method")
SCORE_METRICS = ("scored", "not_scored", "schools", "expected_leavers")


def of_training(card: Mapping[str, Any], model_id: str) -> dict[str, Any]:
    """Parameters, metrics and tags of a training, from the model's card."""
    cohort, calibration = card["cohort"], card["calibration"]
    params: dict[str, str | int | float] = {f"model.{name}": value for name, value in card["model"].items()}
    params |= {f"model.calibration_{name}": _word(calibration[name]) for name in ("method", "on")}
    params |= {"features.number": len(card["features"]), "cohort.dates": len(cohort["as_of"]), "cohort.horizon": _word(cohort["horizon"])}
    metrics = {f"calibration.{name}": value for name, value in card["metrics"].items()}
    metrics |= {f"cohort.{name}": float(cohort[name]) for name in ("rows", "pupils", "schools", "leavers", "base_rate")}
    tags = {
        "output_id": model_id, "model_id": model_id, "data_hash": card["data_digest"], "features_hash": card["feature_fingerprint"],
        "eswarn_version": card["eswarn"],
    }  # fmt: skip
    params["search.method"] = card.get("search", {}).get("method", "off")
    metrics |= _of_splits(card.get("validation") or {})
    return {"params": params, "metrics": metrics, "tags": tags, "trials": _trials(card.get("search", {}).get("tried", []))}


def of_validation(told: Mapping[str, Any], output_id: str) -> dict[str, Any]:
    """Parameters, metrics, tags and trials of a validation, from its plain data; figures of a random split bear their label."""
    about = told["about"]
    params = {f"validation.{name}": about[name] for name in ("places", "draws", "margin", "refits", "features")}
    params |= {"search.method": about["search"], "cohort.horizon": _word(about["horizon"])}
    tags = {"output_id": output_id, "data_hash": about["data_digest"], "eswarn_version": about["eswarn"]}
    tags |= {"label": "random-split:optimistic,not-evidence"} if told["label"] else {}
    trials = [trial for split in told["splits"][:1] for fold in split["search"] for trial in fold]
    return {"params": params, "metrics": _of_splits(told), "tags": tags, "trials": _trials(trials)}


def _of_splits(told: Mapping[str, Any]) -> dict[str, float]:
    """Each figure of the model with its interval, by split; what is not defined is left out."""
    found = {}
    for split in told.get("splits", []):
        for figure in split["figures"]:
            for end, value in (("", figure["value"]), ("_low", figure["low"]), ("_high", figure["high"])):
                if value is not None:
                    found[f"validation.{split['split'].replace(' ', '_')}.{figure['name']}{end}"] = float(value)
    return found


def _trials(tried: Sequence[Mapping[str, Any]]) -> list[dict[str, float]]:
    return [{**trial["settings"], "log_loss": trial["log_loss"]} for trial in tried]


def of_scores(about: Mapping[str, Any], run: Mapping[str, Any], output_id: str) -> dict[str, Any]:
    """Parameters, metrics and tags of a scoring run: what its manifest seals, and the hash of its records from ``run.json``."""
    tags = {
        "output_id": output_id, "model_id": about.get("model_id"), "as_of": about.get("as_of"), "features_hash": about.get("features"),
        "data_hash": run.get("data_digest"), "eswarn_version": run.get("eswarn"),
    }  # fmt: skip
    return {
        "params": {f"score.{name}": about[name] for name in SCORE_PARAMETERS if name in about},
        "metrics": {f"scores.{name}": float(about[name]) for name in SCORE_METRICS if name in about},
        "tags": {name: value for name, value in tags.items() if value},
    }


def _word(text: str) -> str:
    """Settings of two words as one: the store takes no spaces."""
    return text.replace(" ", "-")
