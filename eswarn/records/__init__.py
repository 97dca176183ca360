"""Files to tables, every row accounted for: what a school holds."""

from eswarn.records.ledger import Ledger
from eswarn.records.pseudonymise import pseudonymise
from eswarn.records.read import check, read
from eswarn.records.store import Records
from eswarn.records.write import write

__all__ = ["Ledger", "Records", "check", "pseudonymise", "read", "write"]
