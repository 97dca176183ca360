"""What docs/figures.md says of drift: shifts noticed within a half-term, and alarms on school-years in which nothing changed."""

from __future__ import annotations

from typing import Any

NOTICED, MOST_A_YEAR = 0.95, 1


def drift_section(part: dict[str, Any]) -> list[str]:
    """Lines of the page of figures.

    Parameters
    ----------
    part : dict
        What `measure_drift` returns.
    """
    trusts, alone = part["trusts"], part["alone"]
    eras = part["new_codes"]
    return [
        f"{part['n']} simulated trusts of {part['pupils']:,} pupils in two schools, and {alone['n']} single schools of "
        f"{alone['pupils']:,}, five years each at one level of absence. A model learns from the second year and a part of the "
        "first; the fourth is scored six times. Each shift begins with a half-term and is looked for at the start of the next. Targets: "
        f"{NOTICED:.0%} of each shift noticed within a half-term; at most {MOST_A_YEAR} false alarm in a school-year.",
        "",
        "| planted | noticed, of trusts | target | noticed, of single schools |",
        "|---|---|---|---|",
        *(
            f"| {row['shift']} | {_of(row)} | {_met(row)} | {_of(single) if single else '–'} |"
            for row in trusts["planted"]
            for single in [next((other for other in alone["planted"] if other["shift"] == row["shift"]), None)]
        ),
        f"| register codes of August 2024, model from before | {_of(eras)} | {_met(eras)} | – |",
        "",
        "A doubled base rate does not show within a half-term: the chances of a model see a part of what makes pupils leave, and what they "
        "do not see cannot show before outcomes are known. Pupils at twice the risk who join raise the expected leavers by about a third "
        "only, which is within what differs from one trust to another.",
        "",
        *(_silence(said, told) for said, told in (("trusts", trusts), ("single schools", alone))),
        "",
        "What varies in real schools and not here, such as a winter with much flu, is not in these figures. The usual reading of the "
        "stability index (.10 moderate, .25 major) is printed beside each value; an alarm needs .25 and more than draws of so many "
        f"pupils would show. The highest of all clean values was {trusts['highest']['feature']:.0%} of what alarms for a feature, and "
        f"{trusts['highest']['apart']:.0%} for schools that drift apart.",
        "",
    ]  # fmt: skip


def _of(row: dict[str, Any]) -> str:
    return f"{row['noticed']} of {row['planted']}"


def _met(row: dict[str, Any]) -> str:
    return "reached" if row["noticed"] >= NOTICED * row["planted"] else "missed"


def _silence(said: str, told: dict[str, Any]) -> str:
    met = "reached" if told["most_in_a_year"] <= MOST_A_YEAR else "missed"
    which = "; ".join(f"{name} {count} times" if count > 1 else name for name, count in told["alarms"])
    return (
        f"- False alarms, {said}: {told['lists_with_alarm']} of {told['lists']} lists, at most {told['most_in_a_year']} in one year. "
        f"Target {met}.{f' They were: {which}.' if which else ''} Once outcomes were mature, {told['outcomes_with_alarm']} of "
        f"{told['lists']} more."
    )
