"""What became of every row that was read: accepted, merged or rejected, by file and rule. It must balance."""

from __future__ import annotations

from dataclasses import dataclass, field

from eswarn.errors import InputRefused, OurBug
from eswarn.words import count as counted


class FileRefused(InputRefused):
    """One file cannot be used. `read` collects these and raises one `InputRefused` for all of them.

    Parameters
    ----------
    rule : str
        The rule that was broken, one word as in the ledger.
    what, where, do : str
        As for every `EswarnError`.
    """

    def __init__(self, rule: str, what: str, *, where: str, do: str) -> None:
        super().__init__(what, where=where, do=do)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Rejection:
    """Rows of one file that one rule turned away: how many, where the first stand, in which column, and what to do.

    Row numbers are those a spreadsheet shows: the header has a number of its own.
    """

    rule: str
    rows: int
    first: tuple[int, ...]
    column: str = ""
    what: str = ""
    do: str = ""


@dataclass(frozen=True, slots=True)
class FileLedger:
    """The account of one table of a file: ``rows == accepted + merged + rejected``, or the reason why it was refused whole.

    ``blanked`` counts cells of columns that may be empty whose text broke a rule; their rows stand, without the cell.
    """

    file: str
    table: str
    rows: int = 0
    accepted: int = 0
    merged: int = 0
    rejections: tuple[Rejection, ...] = ()
    blanked: tuple[Rejection, ...] = ()
    notes: tuple[str, ...] = ()
    refused: str = ""
    rule: str = ""

    def __post_init__(self) -> None:
        if not self.refused and self.rows != self.accepted + self.merged + self.rejected:
            raise OurBug("the ledger of a file does not balance", where=self.file)

    @property
    def rejected(self) -> int:
        """Rows turned away, over all rules."""
        return sum(r.rows for r in self.rejections)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The account of a folder of export files."""

    files: tuple[FileLedger, ...] = field(default=())
    not_read: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def refused(self) -> tuple[FileLedger, ...]:
        """Files that could not be used."""
        return tuple(f for f in self.files if f.refused)

    @property
    def tables(self) -> tuple[str, ...]:
        """Tables that hold at least one accepted row; empty where nothing in the folder can be used."""
        return tuple(dict.fromkeys(f.table for f in self.files if not f.refused and f.accepted))

    @property
    def rows(self) -> int:
        """Rows read, over all files that could be used."""
        return sum(f.rows for f in self.files if not f.refused)

    @property
    def accepted(self) -> int:
        """Rows that stand in the tables."""
        return sum(f.accepted for f in self.files if not f.refused)

    @property
    def merged(self) -> int:
        """Rows that repeat another row word for word."""
        return sum(f.merged for f in self.files if not f.refused)

    @property
    def rejected(self) -> int:
        """Rows turned away, over all files that could be used."""
        return sum(f.rejected for f in self.files if not f.refused)

    def render(self) -> str:
        """Write the ledger as plain text: the balance by file, then what was rejected and why, refusals and notes."""
        blocks = [_balance(self)] if self.files else []
        blocks += [_rejections(f, self) for f in self.files if f.rejections and not f.refused]
        blocks += [_cells(f, self) for f in self.files if f.blanked and not f.refused]
        blocks += [_block("Cannot be used", [f.refused for f in self.refused])] if self.refused else []
        blocks += [_block(f"Notes on {_label(f, self)}", f.notes) for f in self.files if f.notes]
        blocks += [_block("Notes", self.notes)] if self.notes else []
        blocks += [_block("Not read", self.not_read)] if self.not_read else []
        return "\n\n".join(blocks)


def shown(text: str, limit: int = 60) -> str:
    """Make a header or file name safe to print: no control characters, no broken letters, not too long."""
    safe = "".join(c if c.isprintable() else "?" for c in text)
    return safe if len(safe) <= limit else safe[: limit - 1] + "…"


def _balance(ledger: Ledger) -> str:
    head = ("file", "rows read", "accepted", "merged", "rejected")
    lines = [(_label(f, ledger), *(("cannot be used", "", "", "") if f.refused else _numbers(f))) for f in ledger.files]
    total = ("all files that can be used", *_numbers(ledger))
    widths = [max(len(line[i]) for line in (head, *lines, total)) for i in range(len(head))]
    table = [
        "  ".join(cell.rjust(w) if i else cell.ljust(w) for i, (cell, w) in enumerate(zip(line, widths, strict=True))).rstrip()
        for line in (head, *lines, total)
    ]
    rule = "-" * max(len(line) for line in table)
    sum_line = f"{ledger.rows:,} rows read = {ledger.accepted:,} accepted + {ledger.merged:,} merged + {ledger.rejected:,} rejected"
    return "\n".join([table[0], rule, *table[1:-1], rule, table[-1], sum_line])


def _numbers(account: FileLedger | Ledger) -> tuple[str, str, str, str]:
    return (f"{account.rows:,}", f"{account.accepted:,}", f"{account.merged:,}", f"{account.rejected:,}")


def _label(file: FileLedger, ledger: Ledger) -> str:
    """The name of a file, with its table where it holds several."""
    return f"{file.file} ({file.table})" if sum(f.file == file.file for f in ledger.files) > 1 else file.file


def _rejections(file: FileLedger, ledger: Ledger) -> str:
    return _block(f"Rejected from {_label(file, ledger)}", [_item(r, "row") for r in file.rejections])


def _cells(file: FileLedger, ledger: Ledger) -> str:
    return _block(f"Cells left empty in {_label(file, ledger)}; their rows stand", [_item(r, "cell") for r in file.blanked])


def _item(r: Rejection, noun: str) -> str:
    numbers = f"{', '.join(map(str, r.first))}{' …' if r.rows > len(r.first) else ''}"
    rows = numbers if noun == "row" else f"row{'s' if r.rows > 1 else ''} {numbers}"
    column = f', column "{r.column}"' if r.column else ""
    return f"{r.rule}: {counted(r.rows, noun)} ({rows}){column}: {r.what}.\n{r.do}".rstrip()


def _block(title: str, items: tuple[str, ...] | list[str]) -> str:
    return "\n".join([title, *("  " + item.replace("\n", "\n    ") for item in items)])
