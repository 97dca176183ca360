"""What people see: finished scores as the school's page."""

from eswarn.report.page import report

__all__ = ["report"]
