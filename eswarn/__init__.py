"""eswarn warns early of early school leaving: it scores every pupil, explains every score, and lets anyone check both.

The names below are loaded when they are first used, so that importing eswarn costs nothing.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eswarn.config import Config as Config
    from eswarn.config import load_config as load_config
    from eswarn.evaluation.audit import Audit as Audit
    from eswarn.evaluation.leaks import leaks as leaks
    from eswarn.evaluation.leaks import leaks_in_columns as leaks_in_columns
    from eswarn.evaluation.leaks import leaks_in_table as leaks_in_table
    from eswarn.evaluation.validation import Validation as Validation
    from eswarn.evidence.trace import trace as trace
    from eswarn.features.feature import Feature as Feature
    from eswarn.features.library import FEATURES as FEATURES
    from eswarn.judging import card as card
    from eswarn.judging import drift as drift
    from eswarn.judging import evaluate as evaluate
    from eswarn.judging import recalibrate as recalibrate
    from eswarn.judging import validate as validate
    from eswarn.keeping import audit as audit
    from eswarn.keeping import erase as erase
    from eswarn.keeping import read_scores as read_scores
    from eswarn.keeping import verify as verify
    from eswarn.model.bundle import Model as Model
    from eswarn.model.risk import RiskModel as RiskModel
    from eswarn.model.scores import Score as Score
    from eswarn.model.scores import Scores as Scores
    from eswarn.model.shapley import shapley_values as shapley_values
    from eswarn.pipeline import feature_table as feature_table
    from eswarn.pipeline import load as load
    from eswarn.pipeline import score as score
    from eswarn.pipeline import track as track
    from eswarn.pipeline import train as train
    from eswarn.records import Records as Records
    from eswarn.records import check as check
    from eswarn.records import pseudonymise as pseudonymise
    from eswarn.records import read as read
    from eswarn.records import write as write
    from eswarn.report import report as report
    from eswarn.simulate import simulate as simulate

_WHERE = {
    "Audit": "eswarn.evaluation.audit",
    "Config": "eswarn.config",
    "FEATURES": "eswarn.features.library",
    "Feature": "eswarn.features.feature",
    "Model": "eswarn.model.bundle",
    "Records": "eswarn.records",
    "RiskModel": "eswarn.model.risk",
    "Score": "eswarn.model.scores",
    "Scores": "eswarn.model.scores",
    "Validation": "eswarn.evaluation.validation",
    "audit": "eswarn.keeping",
    "card": "eswarn.judging",
    "check": "eswarn.records",
    "drift": "eswarn.judging",
    "erase": "eswarn.keeping",
    "evaluate": "eswarn.judging",
    "feature_table": "eswarn.pipeline",
    "leaks": "eswarn.evaluation.leaks",
    "leaks_in_columns": "eswarn.evaluation.leaks",
    "leaks_in_table": "eswarn.evaluation.leaks",
    "load": "eswarn.pipeline",
    "load_config": "eswarn.config",
    "pseudonymise": "eswarn.records",
    "read": "eswarn.records",
    "read_scores": "eswarn.keeping",
    "recalibrate": "eswarn.judging",
    "report": "eswarn.report",
    "score": "eswarn.pipeline",
    "shapley_values": "eswarn.model.shapley",
    "simulate": "eswarn.simulate",
    "trace": "eswarn.evidence.trace",
    "track": "eswarn.pipeline",
    "train": "eswarn.pipeline",
    "validate": "eswarn.judging",
    "verify": "eswarn.keeping",
    "write": "eswarn.records",
}
__all__ = sorted(_WHERE)
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'eswarn' has no attribute '{name}'")
    value = getattr(importlib.import_module(_WHERE[name]), name)
    globals()[name] = value
    return value


class _Package(ModuleType):
    """``report`` and ``simulate`` are folders and public functions: importing a folder must not put it in the function's place."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _WHERE and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
