"""What the commands do that judge: procedures and models by later cohorts, past runs by their record."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from eswarn.commands import read_records
from eswarn.errors import AuditFailed, EswarnError, InputRefused, UsageError
from eswarn.screen import Screen
from eswarn.words import count as counted


def validate(args: argparse.Namespace, screen: Screen) -> None:
    """Judge the procedure on later cohorts."""
    from eswarn import folders, judging

    folders.refuse_existing(Path(args.out))
    records = read_records(args.folder, screen)
    told = judging.validate(records, args.config, split=args.split, out=args.out, tracking=args.tracking, progress=screen.progress)
    screen.say(str(told))
    screen.say(f"The page is {Path(args.out) / 'validation.html'}")


def evaluate(args: argparse.Namespace, screen: Screen) -> None:
    """Judge one model on cohorts later than its own."""
    from eswarn import folders, judging

    folders.refuse_existing(Path(args.out))
    records = read_records(args.folder, screen)
    told = judging.evaluate(args.model, records, config=args.config, out=args.out, tracking=args.tracking, progress=screen.progress)
    screen.say(str(told))
    screen.say(f"The page is {Path(args.out) / 'validation.html'}")


def drift(args: argparse.Namespace, screen: Screen) -> None:
    """Say how the cohort of a date differs from the one a model learned from."""
    from eswarn import judging

    told = judging.drift(
        args.model, read_records(args.folder, screen), args.as_of, config=args.config, tracking=args.tracking, progress=screen.progress
    )
    screen.say(str(told))
    if told.alarms:
        raise AuditFailed(f"{counted(len(told.alarms), 'alarm')} of drift", where=args.folder, do="Look into each before you use the list.")


def recalibrate(args: argparse.Namespace, screen: Screen) -> None:
    """Fit a new calibration curve for the same trees."""
    from eswarn import folders, judging

    folders.refuse_existing(Path(args.out))
    made = judging.recalibrate(
        args.model, read_records(args.folder, screen), config=args.config, out=args.out, tracking=args.tracking, progress=screen.progress
    )
    told = made.card["calibration"]
    screen.say(f"Model {made.id[:12]} in {args.out}: {told['moved']} of the curve moved by {counted(told['leavers'], 'leaver')}.")


def card(args: argparse.Namespace, screen: Screen) -> None:
    """Write the card of a model."""
    from eswarn import judging

    owners = dict(_owner(word) for word in args.owner)
    page = judging.card(args.model, out=args.out, audit=args.audit, owners=owners, tracking=args.tracking)
    screen.say(f"The card is {page}")


def _owner(word: str) -> tuple[str, str]:
    role, found, name = word.partition("=")
    if not (found and role.strip() and name.strip()):
        raise UsageError("an owner is given as ROLE=NAME", where="--owner", do='For example  --owner "data protection officer=J. Smith".')
    return role.strip(), name.strip()


def audit(args: argparse.Namespace, screen: Screen) -> None:
    """Say whether a past run is what was issued, and its reasons what reasons should be."""
    from eswarn import keeping

    if args.refits is not None and not args.records:
        raise UsageError("--refits goes with --records", do="eswarn audit OUT --records DIR --refits N")
    told = keeping.audit(
        args.run_or_out, records=read_records(args.records, screen) if args.records else None,
        refits=20 if args.refits is None else args.refits, causes=args.causes, tracking=args.tracking, progress=screen.progress,
    )  # fmt: skip
    screen.say(told.render())
    try:
        screen.say(f"The page is {keeping.keep_audit(told, args.run_or_out, out=args.out, tracking=args.tracking)}")
    except EswarnError as error:
        if told.passed:
            raise
        screen.say(f"The page could not be kept: {error.what}")  # that the audit failed is the greater news
    if not told.passed:
        failed, untold = (sum(check.result == result for check in told.checks) for result in ("failed", "cannot tell"))
        also = f", {untold} could not be made" if untold else ""
        raise AuditFailed(f"{failed} of {len(told.checks)} checks failed{also}", where=args.run_or_out)


def verify(args: argparse.Namespace, screen: Screen) -> None:
    """Check the evidence of a past run."""
    from eswarn import keeping

    told = keeping.verify(args.run_or_out, head=args.head, previous=args.previous, key=args.key, tracking=args.tracking)
    screen.say(str(told))
    if not told.passed:
        raise AuditFailed(f"{counted(len(told.findings), 'thing')} found wrong", where=args.run_or_out)


def trace(args: argparse.Namespace, screen: Screen) -> None:
    """Find who was scored by a model, or with rows from a file."""
    from eswarn import folders
    from eswarn.evidence.record import csv_bytes
    from eswarn.evidence.trace import trace as find

    if args.out:
        folders.refuse_existing(Path(args.out))
    found = find(*args.folders, model=args.model, file=args.file)
    screen.say(str(found))
    if args.out:
        folders.replace_file(Path(args.out), csv_bytes(found.frame))
        screen.say(f"Who they are is in {args.out}.")


def erase(args: argparse.Namespace, screen: Screen) -> None:
    """Erase pupils from a past run."""
    from eswarn import keeping

    pupils = list(args.pupils)
    if args.listed:
        pupils += keeping.identifiers(sys.stdin.read() if args.listed == "-" else _text(Path(args.listed)))
    if not pupils:
        raise UsageError("nobody is named", do="eswarn erase OUT --pupils FILE, or - for standard input: one identifier a line.")
    told = keeping.erase(args.out, pupils, tracking=args.tracking)
    screen.say(str(told))
    if told.unknown:
        raise InputRefused(f"{told.unknown:,} of those named are not in this record", where=args.out)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        raise InputRefused("not readable as text", where=str(path)) from None
