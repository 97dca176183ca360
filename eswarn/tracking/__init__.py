"""The only door to MLflow: carries folders, and believes nothing it reads back."""

from eswarn.tracking.copies import copies, edited, retag
from eswarn.tracking.fetch import fetch
from eswarn.tracking.runs import TrackedRun, track_audit, track_scores, track_training, track_validation

__all__ = ["TrackedRun", "copies", "edited", "fetch", "retag", "track_audit", "track_scores", "track_training", "track_validation"]
