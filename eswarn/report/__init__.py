"""What people see: finished scores as the school's page."""

from eswarn.report.write import report

__all__ = ["report"]
