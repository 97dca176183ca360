"""One finding of the leak detector: what, where, how many, why it is a leak and what to do; never an identifier or a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from eswarn.evaluation.leaks.kinds import KINDS

Severity = Literal["leak", "look"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One leak, or one thing worth a look.

    Attributes
    ----------
    kind : str
        A key of ``KINDS``.
    severity : str
        "leak" is an alarm; "look" is worth a look, and none.
    where : str
        Table and column, or the name of a researcher's own column.
    seen : str
        What was seen, in counts.
    """

    kind: str
    severity: Severity
    where: str
    seen: str

    def __post_init__(self) -> None:
        """Refuse a kind that has no words."""
        _ = KINDS[self.kind]

    @property
    def title(self) -> str:
        """What was found, in a few words."""
        return KINDS[self.kind].title

    @property
    def why(self) -> str:
        """Why it is a leak."""
        return KINDS[self.kind].why

    @property
    def do(self) -> str:
        """What to do about it."""
        return KINDS[self.kind].do

    def __str__(self) -> str:
        return f"{self.severity.upper()}  {self.where}: {self.title}\n  {self.seen}\n  {self.why}\n  {self.do}"


def alarms(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings that are alarms."""
    return tuple(finding for finding in findings if finding.severity == "leak")


def render(findings: Sequence[Finding]) -> str:
    """Findings as text, alarms first; a sentence where there are none."""
    ranked = [*alarms(findings), *(finding for finding in findings if finding.severity == "look")]
    return "\n\n".join(map(str, ranked)) if ranked else "No leak found. That is no proof that there is none."
