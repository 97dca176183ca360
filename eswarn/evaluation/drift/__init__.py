"""Whether the pupils scored today are still like those the model learned from, with labels and without."""

from eswarn.evaluation.drift.finding import Check, Drift, Now, Outcomes
from eswarn.evaluation.drift.look import drift

__all__ = ["Check", "Drift", "Now", "Outcomes", "drift"]
