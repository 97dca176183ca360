"""What docs/figures.md says of eswarn's lists on simulated schools among the published early-warning flags."""

from __future__ import annotations

from typing import Any

MEDIAN, BEST = 0.18, 0.83  # Youden's J of the published flags, as the project's notes had them before the measurement
PICTURE = "flags.svg"


def ews_flags_section(part: dict[str, Any]) -> list[str]:
    """Lines of the page of figures.

    Parameters
    ----------
    part : dict
        What `benchmarks.ews_flags.measure` returns.
    """
    ours, flags = part["ours"], part["flags"]
    rows = [(f"eswarn, {point['share']:.0%} of places in each school", point) for point in ours["at"]]
    rows.append((f"eswarn, best of the curve ({ours['best']['share']:.0%} of places)", ours["best"]))
    flagged = ours["persistent_absence"]
    rows.append((f"persistent absence, 10 % or more (flags {flagged['share']:.0%})", flagged))
    last = ours["at"][-1]
    return [
        f"No bar was set: the picture places eswarn's lists among the {flags['n']} published flags, whose Youden's J "
        f"(sensitivity + specificity − 1) is {MEDIAN} in the middle and {BEST} at best.",
        "",
        f"![Published flags and eswarn's lists by specificity and sensitivity]({PICTURE})",
        "",
        f"{ours['pupils']:,} simulated pupils of {ours['schools']} schools in {part['sets']} sets, {ours['leavers']:,} of whom left "
        f"early within a year. {ours['not_scored']:,} could not be scored and count as not listed; {ours['unknown']:,} more are left out, "
        "for nobody knows where they went. Each model learned from dates whose year was over before the date it is judged on. "
        "Intervals: 95 %, draws of schools.",
        "",
        "| list | sensitivity | specificity | Youden's J |",
        "| --- | ---: | ---: | ---: |",
        *(f"| {said} | {_told(point, 'sensitivity')} | {_told(point, 'specificity')} | {_told(point, 'youden')} |" for said, point in rows),
        f"| published flags, median and best of {flags['n']} | | | {flags['median']:.2f}, {flags['best']:.2f} |",
        "",
        f"- **Simulated schools are not real ones.** That eswarn's list of {last['share']:.0%} has a J of {last['youden']:.2f} beside a "
        f"median of {flags['median']:.2f} says nothing of how eswarn would do in those studies, nor they of English schools: mostly United "
        f"States, 1982 to 2012, other outcomes and horizons, dropout rates of {flags['rates'][0]:.0%} to {flags['rates'][1]:.0%}.",
        f"- The published flags name {flags['median_share']:.0%} of all in the middle of them, as worked out from their rates. Where "
        "leavers are few, J favours long lists: it is no measure of a list that a school has places for.",
        "- Persistent absence on the same simulated pupils shows how much of it is the simulated world and how much the model.",
        f"- {flags['below_best_of_ours']} of {flags['n']} published flags have a lower J than the best point of the curve, which was "
        f"picked after the fact; {flags['worse_than_chance']} are worse than chance.",
        "",
        "Flags: Bowers, Sprott, Taff, *Do we know who will drop out?*, The High School Journal 96 (2013), as coded by J. Knowles in the R "
        "package EWStools. The table itself is not part of this project.",
        "",
    ]


def _told(point: dict[str, float], name: str) -> str:
    return f"{point[name]:.3f} ({point[f'{name}_low']:.3f} to {point[f'{name}_high']:.3f})".replace("-", "−")
