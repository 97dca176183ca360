"""The only door to MLflow: carries folders, and believes nothing it reads back."""

from eswarn.tracking.fetch import fetch
from eswarn.tracking.runs import TrackedRun, track_scores, track_training

__all__ = ["TrackedRun", "fetch", "track_scores", "track_training"]
