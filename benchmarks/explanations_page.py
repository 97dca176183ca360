"""The section of the page of figures on explanations: rows a second beside prediction and the other explainers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Part = Mapping[str, Any]
Table = Callable[[Sequence[str], Iterable[Sequence[str]]], list[str]]
FIRST, SECOND = "300 x 31", "1000 x 63"
TIMES_CONTRIB = {FIRST: (100,), SECOND: (30, 60)}
TIMES_PREDICT, TIMES_SHAP, WAIT_SECONDS, TIMES_CONTRIB_WAITED = 1, 1_000, 1, 20
NAMES = {
    "predict": "LightGBM predict, raw score alone", "pred_contrib": "LightGBM pred_contrib (path-dependent)",
    "shap path": "shap.TreeExplainer, its default (path-dependent)", "shap interventional 100": "shap, interventional, 100 background rows",
    "shap interventional 1000": "shap, interventional, 1,000 background rows", "woodelf path": "woodelf-explainer, path-dependent",
    "woodelf interventional 1000": "woodelf-explainer, interventional, 1,000 background rows",
    "fasttreeshap v1": "fasttreeshap v1 (path-dependent)", "fasttreeshap v2": "fasttreeshap v2 (path-dependent)",
    "eswarn interventional": "eswarn, interventional, 300,000 reference rows", "eswarn path": "eswarn, path-dependent",
}  # fmt: skip


def explanations(part: Part, table: Table) -> list[str]:
    """What was measured, target by target.

    Parameters
    ----------
    part : mapping
        The part ``explanations`` of docs/figures.json.
    table : callable
        Heads and rows to the lines of a Markdown table.
    """
    lines = [
        f"Two LightGBM models on {part['features']} features, trained on {part['reference']:,} made-up rows, a tenth of values missing: "
        "300 trees of 31 leaves, and 1,000 trees of 63. Every way to explain is a process of its own on one core; speed is that of a call "
        "once its explainer stands, peak memory that of the whole process, rows and model included. eswarn compares with all "
        f"{part['reference']:,} rows, within 256 MB of tables; shap and woodelf with as many as they are said to.",
        "",
    ]  # fmt: skip
    if part["missing"]:
        lines += [f"Not measured, for they would not install or start beside these versions: {', '.join(part['missing'])}.", ""]
    for model in (FIRST, SECOND):
        runs = [run for run in part["runs"] if run["model"] == model and run["job"] in NAMES]
        contrib = _speed(_run(part, model, "pred_contrib"))
        heads = [f"{model.replace(' x ', ' trees × ')} leaves", "rows a second", "times pred_contrib", "peak memory, MB", "largest error"]
        lines += [*table(heads, [_row(run, contrib) for run in runs]), ""]
        lines += [_set_up(part, model), ""]
    return [*lines, *table(["target", "found", "target", ""], _targets(part)), ""]


def _run(part: Part, model: str, job: str, *, rows: int = 0) -> Part:
    return next(run for run in part["runs"] if run["model"] == model and run["job"] == job and rows in (0, run["rows"]))


def _speed(run: Part) -> float:
    return float(run["rows"] / (run.get("again") or run["seconds"]))


def _row(run: Part, contrib: float) -> list[str]:
    speed = _speed(run)
    error = f"{run['largest_error']:.1e}" if "largest_error" in run else ""
    return [NAMES[run["job"]], f"{speed:,.0f}", f"{speed / contrib:,.2g}" if speed < 10 * contrib else f"{speed / contrib:,.0f}",
            f"{run['peak_mb']:,.0f}", error]  # fmt: skip


def _set_up(part: Part, model: str) -> str:
    built = _run(part, model, "eswarn reference")
    small, large = (_run(part, model, "eswarn interventional on all cores", rows=n) for n in (1_000, 10_000))
    return (
        f"Set-up included (model and reference read anew, tables filled, {small['threads']} threads): 1,000 rows in "
        f"{small['seconds']:.2f} s, 10,000 rows in {large['seconds']:.2f} s. The reference is counted while training, from all rows in "
        f"{built['seconds']:.1f} s on one core; it is {built['text_mb']} MB of text, and the tables are {built['table_mb']:,.0f} MB in all."
    )


def _targets(part: Part) -> Iterable[list[str]]:
    for model, bars in TIMES_CONTRIB.items():
        ours, contrib = _speed(_run(part, model, "eswarn interventional")), _speed(_run(part, model, "pred_contrib"))
        for bar in bars:
            yield _line(f"{model}: times pred_contrib", ours / contrib, bar)
    ours = _speed(_run(part, FIRST, "eswarn interventional"))
    yield _line(f"{FIRST}: times plain predict", ours / _speed(_run(part, FIRST, "predict")), TIMES_PREDICT)
    yield _line(f"{FIRST}: times shap with 1,000 background rows", ours / _speed(_run(part, FIRST, "shap interventional 1000")), TIMES_SHAP)
    for model in (FIRST, SECOND):
        waited = _run(part, model, "eswarn interventional on all cores", rows=1_000)["seconds"]
        yield [f"{model}: 1,000 rows, set-up included, seconds", f"{waited:.2f}", f"under {WAIT_SECONDS}", _said(waited < WAIT_SECONDS)]
        large = _run(part, model, "eswarn interventional on all cores", rows=10_000)["seconds"]
        slow = _run(part, model, "pred_contrib on all cores")
        yield _line(f"{model}: 10,000 rows, set-up included, times pred_contrib on as many cores",
                    10_000 / large / (slow["rows"] / slow["seconds"]), TIMES_CONTRIB_WAITED)  # fmt: skip


def _line(what: str, found: float, bar: float) -> list[str]:
    return [what, f"{found:,.1f}", f"at least {bar:,}", _said(found >= bar)]


def _said(reached: bool) -> str:
    return "reached" if reached else "missed"
