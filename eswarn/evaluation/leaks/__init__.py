"""The leak detector: whether the answer stands among the records that a score is made from."""

from eswarn.evaluation.leaks.dataset import leaks
from eswarn.evaluation.leaks.finding import Finding, alarms, render
from eswarn.evaluation.leaks.kinds import KINDS
from eswarn.evaluation.leaks.own import leaks_in_columns
from eswarn.evaluation.leaks.table import leaks_in_table

__all__ = ["KINDS", "Finding", "alarms", "leaks", "leaks_in_columns", "leaks_in_table", "render"]
