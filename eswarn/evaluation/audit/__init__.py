"""The audit of a scoring run: whether the record is what was issued, and its reasons are what reasons should be."""

from eswarn.evaluation.audit.folder import CHECKS, audit_folder
from eswarn.evaluation.audit.lines import TITLES, Audit, Check, Run, Training

__all__ = ["CHECKS", "TITLES", "Audit", "Check", "Run", "Training", "audit_folder"]
