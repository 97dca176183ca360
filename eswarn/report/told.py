"""What a validation says, checked before it is shown: it may come from a file that anybody wrote."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, ValidationError

from eswarn.errors import InputRefused


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


Number = Annotated[float | None, BeforeValidator(_finite)]
Count = Annotated[int | str | None, BeforeValidator(_finite)]  # a text where the number is hidden
FORMAT = 1


class Told(BaseModel):
    """A part of it: what is missing is not told, and what a later version adds is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Estimate(Told):
    """A number with its interval; without one it is never shown as if it were known."""

    value: Number = None
    low: Number = None
    high: Number = None
    told: str = "interval"
    note: str = ""  # why it cannot be told
    hidden: bool = False  # not shown, because it would tell of few pupils

    @property
    def known(self) -> bool:
        """Whether there is an interval to show."""
        return None not in (self.value, self.low, self.high) and self.told != "cannot tell"


Estimates = Mapping[str, Estimate]


class Figure(Estimate):
    """One figure of the model."""

    name: str = ""
    says: str = ""


class Named(Told):
    """What a rule reaches with everybody its own threshold names, and what the model reaches with as many places."""

    pupils: Number = None
    reach: Number = None
    reach_of_the_model: Number = None


class Rule(Told):
    """One rule that the model is compared with; the keys of ``reach`` and ``difference`` are kinds of lists, then places."""

    name: str
    says: str = ""
    source: str = ""
    lacks: tuple[str, ...] = ()
    reach: Mapping[str, Estimates] = Field(default_factory=dict)
    difference: Mapping[str, Estimates] = Field(default_factory=dict)
    auc: Estimate | None = None
    places_needed: Number = None
    named: Named | None = None


class Curves(Told):
    """Share of the leavers reached with each share of places."""

    places: tuple[FiniteFloat, ...] = ()
    lines: Mapping[str, tuple[Number, ...]] = Field(default_factory=dict)


class Bin(Told):
    """Rows of about the same chance: the chance told and the share that left."""

    n: Count = None
    risk: Number = None
    left: Number = None
    low: Number = None
    high: Number = None


class Calibration(Told):
    """Bins, and the expected calibration error beside that of a perfectly calibrated model of the same size."""

    bins: tuple[Bin, ...] = ()
    ece: Number = None
    ece_null: Number = None
    ece_null_95: Number = None


class Lead(Told):
    """How long before the last attended session leavers were first listed."""

    median_weeks: Number = None
    share_6: Number = None
    share_12: Number = None
    weeks_per_leaver: Number = None


class Twice(Told):
    """Figures under one supposition about the unknown outcomes."""

    says: str = ""
    recall: Estimate | None = None
    auc: Estimate | None = None


class Group(Told):
    """One group of pupils; ``verdicts`` are those of single measures, where they are told."""

    group: str
    of: str = ""
    n: Count = None
    leavers: Count = None
    recall: Estimate | None = None
    false_alarms: Estimate | None = None
    precision: Estimate | None = None
    observed_over_expected: Estimate | None = None
    verdict: str = "cannot tell"
    verdicts: Mapping[str, str] = Field(default_factory=dict)

    @property
    def named(self) -> str:
        """The group with what it is a group of."""
        return f"{self.group} ({self.of})" if self.of and self.of != self.group else self.group


class Proxy(Told):
    """How well a group can be guessed from the features of the model."""

    division: str
    group: str
    auc: Number = None
    low: Number = None
    high: Number = None


class Remedy(Told):
    """What a remedy would close, and what it would cost."""

    remedy: str
    largest_gap: Number = None
    recall: Number = None
    cost: Number = None
    cost_low: Number = None
    cost_high: Number = None


class Groups(Told):
    """Groups of pupils at the places in use; ``overall`` is everybody, where it is told."""

    margin: Number = None
    least: int | None = None
    rows: tuple[Group, ...] = ()
    notes: tuple[str, ...] = ()
    overall: Estimates = Field(default_factory=dict)
    proxies: tuple[Proxy, ...] = ()
    steered: str = ""
    remedies: tuple[Remedy, ...] = ()


class Arbitrariness(Told):
    """What becomes of the list when the model is fitted again."""

    models: int | None = None
    drawn: str = ""
    overlap: Number = None
    always: Number = None
    ever: Number = None
    flipped: Number = None
    says: str = ""


class Split(Told):
    """One way of dividing what is learned from and what is asked, with everything measured there."""

    split: str
    says: str = ""
    folds: tuple[str, ...] = ()
    n: Mapping[str, Count] = Field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    shares: tuple[FiniteFloat, ...] = ()
    rules: tuple[Rule, ...] = ()
    curves: Curves = Curves()
    calibration: Calibration | None = None
    lead: Lead | None = None
    twice: tuple[Twice, ...] = ()
    groups: Groups | None = None
    arbitrariness: Arbitrariness | None = None


class Answer(Told):
    """One of the questions of the field, and what came of it."""

    question: str
    verdict: str
    says: str = ""


class About(Told):
    """What holds for every figure."""

    eswarn: str = ""
    data_digest: str = ""
    horizon: str = ""
    places: Number = None
    draws: int | None = None
    margin: Number = None


class Validation(Told):
    """A whole validation."""

    eswarn_validation: Literal[1]
    about: About = About()
    label: str = ""
    answers: tuple[Answer, ...] = ()
    splits: tuple[Split, ...] = ()


Kind = TypeVar("Kind", bound=Told)


def checked(kind: type[Kind], told: Mapping[str, Any], *, name: str) -> Kind:
    """The same as an object of this kind.

    Raises
    ------
    InputRefused
        It lacks what is needed, or holds something else there; the values themselves are not repeated.
    """
    try:
        return kind.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        at, why = ".".join(str(step) for step in first["loc"]) or "everything", first["msg"][:1].lower() + first["msg"][1:]
        raise InputRefused(f"{name} cannot be shown: {why}", where=at, do="Make it again with this version of eswarn.") from None
