"""What a model's card and an audit say, checked before it is shown: they may come from a file that anybody wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from eswarn.report.told import Told, Validation


class NotValidated(Told):
    """Why a model was not validated when it was trained."""

    not_validated: str


class CardFeature(Told):
    """One feature of a model."""

    column: str
    theme: str
    more_is: str
    says: str
    silent: str = ""
    actionable: bool = False
    protected: bool = False
    needs: tuple[str, ...] = ()


class Cohort(Told):
    """Whom a model learned from."""

    said: str
    horizon: str
    rows: int
    pupils: int
    schools: int
    leavers: int
    leaver_rows: int
    base_rate: float
    as_of: tuple[str, ...] = ()
    not_labelled_rows: int = 0
    unknown_destination_rows: int = 0
    could_not_be_scored_rows: Mapping[str, int] = Field(default_factory=dict)


class Card(Told):
    """The card within a model, as far as people are shown it."""

    purpose: str
    eswarn: str
    cohort: Cohort
    features: tuple[CardFeature, ...]
    data_digest: str
    config: Mapping[str, Mapping[str, Any]]
    model: Mapping[str, Any]
    calibration: Mapping[str, Any]
    explanations: Mapping[str, Any]
    software: Mapping[str, str] = Field(default_factory=dict)
    validation: Validation | NotValidated | None = None

    @property
    def validated(self) -> Validation | None:
        """The validation, where there is one."""
        return self.validation if isinstance(self.validation, Validation) else None

    @property
    def why_not(self) -> str:
        """Why there is none, as far as the card says."""
        return self.validation.not_validated if isinstance(self.validation, NotValidated) else ""


class AuditCheck(Told):
    """One check of an audit."""

    code: str
    title: str
    result: Literal["passed", "failed", "not applicable", "cannot tell"]


class AuditTold(Told):
    """The summary of an audit, from its JSON."""

    passed: bool
    checks: tuple[AuditCheck, ...]
    about: Mapping[str, str] = Field(default_factory=dict)
