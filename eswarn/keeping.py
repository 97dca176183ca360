"""What is done with past runs: read again, audited, their evidence verified, their pupils found again, and pupils erased from them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

from eswarn.config import load_config
from eswarn.errors import EswarnError, InputRefused, NotTracked, UsageError
from eswarn.evaluation.audit import Audit, audit_folder
from eswarn.evidence import verify as evidence
from eswarn.evidence.erase import AUDIT, CARD, Erased, erase_from, erased_in, pupils_at, unlike_lines
from eswarn.evidence.lines import head_given
from eswarn.evidence.record import EVIDENCE_FILES, PUPIL_FILES, Record, head_of, read_record, unchanged_record
from eswarn.features.feature import Feature
from eswarn.features.library import FEATURES
from eswarn.model.scores import Scores
from eswarn.progress import Progress, silent
from eswarn.records.store import Records


def read_scores(folder: str | Path, *, features: Sequence[Feature] = FEATURES) -> Scores:
    """The scores of a run that stands in a folder, to look at again or to report with names.

    ``features`` are those its model may have been trained with, where some are not the shipped ones: without them only the main reasons,
    which the run holds as sentences, can be told again.

    Raises
    ------
    InputRefused
        The folder is not the record of a scoring run, or is not as it was written.
    """
    return unchanged_record(folder).scores(features)


def verify(
    run: str | Path, *, head: str | None = None, previous: str | None = None, key: str | Path | None = None, tracking: str | None = None
) -> evidence.Verified:
    """Check that the evidence of a past run is as it was written; in a tracking store also its parameters, metrics and tags.

    Parameters
    ----------
    run : path or str
        The folder of a scoring run, or ``runs:/ID`` in the tracking store.
    head, previous : str, optional
        The head as it was kept elsewhere; the head of the run before, which this one must name.
    key : path, optional
        Ed25519 public key (PEM) that the head must be signed with.
    tracking : str, optional
        MLflow tracking URI of the store; the default one where None.

    Returns
    -------
    Verified
        ``passed``, ``findings`` (file, line, what), ``notes`` (what was not checked) and ``head``.
    """
    head, previous = head_given(head), head_given(previous)
    if not str(run).startswith("runs:/") and not (Path(run) / evidence.HEAD).exists() and not (Path(run) / evidence.LINES).exists():
        raise InputRefused("there is no evidence of a scoring run", where=str(run), do="Give the folder that `eswarn score --out` wrote.")
    if key is not None and not Path(key).is_file():
        raise UsageError("there is no such key file", where=str(key), do="Give the Ed25519 public key (PEM) of whoever signed.")
    with tempfile.TemporaryDirectory() as place:
        folder = _run_folder(run, Path(place), tracking)
        told = evidence.verify(folder, head=head, previous=previous, key=key)
        record = read_record(folder) if (folder / "manifest.json").exists() else None
        if told.passed and record and record.about.get("erased"):
            _compare_tables(record, told)
        if record and str(run).startswith("runs:/"):
            from eswarn.tracking import edited, facts

            about = facts.of_scores(record.about, record.run, record.output_id)
            for what in edited(str(run).removeprefix("runs:/"), about, uri=tracking or load_config().tracking.uri):
                told.wrong("tracking store", f"{what} is not what the record says")
    return told


def _compare_tables(record: Record, told: evidence.Verified) -> None:
    """Compare the Parquet files with the lines: after an erasure nothing else binds them."""
    try:
        line = unlike_lines(record)
    except (EswarnError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        line = -1
    if line:
        told.wrong(
            "Parquet files", f"they do not hold what line {line:,} of {evidence.LINES} holds" if line > 0 else "not those of the lines"
        )
    told.notes.append(
        "scores, contributions, features and sources were compared with the lines, too; nothing else that is shown was: not the page, "
        "the marks, ranges and events, the groups, the changes, nor who was not scored"
    )


def audit(
    run: str | Path, *, records: Records | None = None, refits: int = 20, causes: str | Path | None = None, out: str | Path | None = None,
    tracking: str | None = None, progress: Progress = silent,
) -> Audit:  # fmt: skip
    """Say whether a past run is what was issued (A1 to A11), and whether its reasons are what reasons should be (E1 to E11).

    Parameters
    ----------
    run : path or str
        The folder of a scoring run, or ``runs:/ID`` in the tracking store.
    records : Records, optional
        Those the model was trained from, for the checks that need training rows, outcomes or protected groups.
    refits : int
        Models fitted again to see what is noise, 2 at least.
    causes : path, optional
        What ``eswarn simulate --causes`` wrote, where the pupils are simulated.
    out : path, optional
        Write ``audit.html`` and ``audit.json`` there; for ``runs:/ID`` they go into the run, too. See `keep_audit`.
    tracking : str, optional
        MLflow tracking URI of the store; the default one where None.
    """
    if not isinstance(records, Records | None):
        raise UsageError("records are what read() gives, not the place of the files", do="Read it first:  ew.read(...).")
    if refits < 2:
        raise UsageError("fewer than two refits tell nothing", do="Ask for 2 or more; 20 is usual.")
    with tempfile.TemporaryDirectory() as place:
        folder = _run_folder(run, Path(place), tracking)
        told = audit_folder(folder, records=records, refits=refits, causes=causes, progress=progress)
    if out is not None:
        keep_audit(told, run, out=out, tracking=tracking, progress=progress)
    return told


def keep_audit(
    told: Audit, run: str | Path, *, out: str | Path | None = None, tracking: str | None = None, progress: Progress = silent
) -> str:  # fmt: skip
    """Write the page and the JSON of an audit, and say where: beside the run's folder where ``out`` is None, never in it.

    An earlier audit there is replaced. For ``runs:/ID`` both go into the run (artifact folder ``audit``), and else only to ``out``.
    """
    from eswarn.report.audit_page import write_audit

    if not str(run).startswith("runs:/"):
        sealed = Path(run).resolve()
        folder = sealed.with_name(f"{sealed.name}-audit") if out is None else Path(out)
        if folder.resolve().is_relative_to(sealed):
            raise UsageError("an audit in the run's own folder would break its seal", where=str(folder), do="Name another folder.")
        return str(write_audit(told, folder))
    from eswarn.tracking import track_audit

    with tempfile.TemporaryDirectory() as place:
        page = write_audit(told, place if out is None else out)
        try:
            track_audit(str(run), page.parent, uri=tracking or load_config().tracking.uri, progress=progress)
        except NotTracked as error:
            do = "The audit was made. Keep it in a folder with --out."
            raise NotTracked(error.what, where=error.where, do=do) from None
        return f"{run}/{AUDIT}" if out is None else str(page)


def _run_folder(run: str | Path, place: Path, tracking: str | None) -> Path:
    """The folder of a run: itself, or what the tracking store has of it, without audits made since, and without the card of a model."""
    if not str(run).startswith("runs:/"):
        return Path(run)
    from eswarn.tracking import fetch

    folder = fetch(str(run), place / "run", uri=tracking or load_config().tracking.uri)
    for beside in (AUDIT, CARD):
        shutil.rmtree(folder / beside, ignore_errors=True)
    return folder


def erase(out: str | Path, pupils: Collection[str], *, tracking: str | None = None) -> Erased:
    """Erase pupils from a scoring run, and from what a tracking store on this machine has of it.

    Parameters
    ----------
    out : path
        What `score` wrote. Its head stays as it is, and the rest can be verified with it.
    pupils : collection of str
        Identifiers, as the record has them.
    tracking : str, optional
        MLflow tracking URI, or "off"; where ``run.json`` says it is tracked, where None.

    Returns
    -------
    Erased
        How many were erased, and how many of those asked for are not in the record.

    Raises
    ------
    InputRefused
        The record is not as it was written, or a store keeps its files on another machine.
    """
    if isinstance(pupils, str) or not pupils:
        raise UsageError("pupils are a list of identifiers", do='Give at least one:  erase(out, ["…"]).')
    from eswarn.report import report

    if str(out).startswith("runs:/"):
        do = "Give the folder that `eswarn score --out` wrote: its copy in the store is erased with it."
        raise UsageError("an erasure starts from the folder of a run", where=str(out), do=do)
    folder, told = Path(out), list[tuple[Erased, str]]()
    record = read_record(folder)
    tracked = record.run.get("tracked")
    uri = tracking or (str(tracked.get("uri", "off")) if isinstance(tracked, dict) else "off")
    if uri != "off":  # the store first: should this be stopped, the next try finds it by the id that the folder still has
        from eswarn.tracking import copies, retag

        gone = erased_in(folder)  # also by an erasure that did not reach the store
        for run_id, copy, finished in copies(record.output_id, head_of(folder), uri=uri):
            if finished:
                made = erase_from(copy, {*pupils, *pupils_at(copy, gone)}, page=report)
                retag(run_id, made.output_id, uri=uri)
                told.append((made, f"run {run_id} of the tracking store"))
            for name in () if finished else (*PUPIL_FILES, *EVIDENCE_FILES):  # what an upload that failed has left is no record
                (copy / name).unlink(missing_ok=True)
    told.append((erase_from(folder, pupils, page=report), "the folder"))
    found = [(made, place) for made, place in reversed(told) if made.erased]
    return Erased(
        max(made.erased for made, _ in told),
        min(made.unknown for made, _ in told),
        told[-1][0].output_id,
        tuple(place for _, place in found),
    )


def identifiers(text: str) -> list[str]:
    """The identifiers in a text with one a line.

    Raises
    ------
    InputRefused
        There is none.
    """
    found = [line.strip() for line in text.removeprefix("\ufeff").splitlines() if line.strip()]
    if not found:
        raise InputRefused("no identifier is in it", where="--pupils", do="Write one a line.")
    return found
