"""The compulsory opponents: rules that schools and councils use already, and models simpler than ours, on the same rows."""

from eswarn.evaluation.opponents.every import opponents
from eswarn.evaluation.opponents.facts import NEEDED
from eswarn.evaluation.opponents.opponent import Opponent

__all__ = ["NEEDED", "Opponent", "opponents"]
