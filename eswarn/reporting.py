"""Reports of past runs: the page, the spreadsheet and the tables, with names that are put in at this moment and kept nowhere."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eswarn import folders
from eswarn.errors import InputRefused, UsageError
from eswarn.records.pseudonymise import pseudonyms
from eswarn.report.write import as_csv, write_reports

if TYPE_CHECKING:
    from eswarn.model.scores import Scores

HEADS = ("pupil_id", "name")


def write_report(
    scores: Scores, out: str | Path, *, run: str | Path | None = None, names: Mapping[str, str] | None = None, locale: str = "en-GB",
    schools: Sequence[str] = (), pupils: Sequence[str] = (), each_school: bool = False,
) -> list[Path]:  # fmt: skip
    """Write the page, the spreadsheet and every table into a new folder, which appears complete or not at all.

    Parameters
    ----------
    scores : Scores
        What to report, from `score` or `read_scores`.
    out : path
        Folder to write; must not exist, nor lie inside ``run``.
    run : path, optional
        Folder of the run: a report in it would break its seal.
    names : mapping, optional
        Pupil id to name, from `read_names`. They go into these files and nowhere else.
    locale : str
        ``en-GB`` or ``en-US``.
    schools : sequence of str
        Only these schools; all where empty.
    pupils : sequence of str
        Only sheets of these pupils, listed or not, in one page.
    each_school : bool
        A folder for each school instead.

    Returns
    -------
    list of Path
        The pages written.
    """
    target = Path(out)
    folders.refuse_existing(target)
    if run is not None and target.resolve().is_relative_to(Path(run).resolve()):
        raise UsageError("a report in the run's own folder would break its seal", where=str(target), do="Name another folder.")
    if pupils:
        from eswarn.report.page import render_sheets

        with folders.complete_or_absent(target) as draft:
            page = render_sheets(scores, pupils, names=names, locale=locale)
            (draft / "sheets.html").write_bytes(page.encode("utf-8", errors="replace"))
        return [target / "sheets.html"]
    known = sorted({*scores.frame["school_id"], *scores.not_scored["school_id"]})
    parts = [[school] for school in (schools or known)] if each_school else [list(schools)]
    places = [_folder(part[0], number) for number, part in enumerate(parts, 1)] if each_school else [""]
    with folders.complete_or_absent(target) as draft:
        for place, part in zip(places, parts, strict=True):
            (draft / place).mkdir(exist_ok=True)
            write_reports(scores, draft / place, names=names, locale=locale, schools=part)
        if each_school:
            import pandas as pd

            known_as = {"folder": places, "school_id": [school for (school,) in parts]}
            (draft / "schools.csv").write_bytes(as_csv(pd.DataFrame(known_as, dtype="str")))
    return [target / place / "report.html" for place in places]


def _folder(school: str, number: int) -> str:
    """A folder for a school: its id where that is a number of six or seven digits, as in England; else a number of ours."""
    return school if re.fullmatch(r"[0-9]{6,7}", school) else f"school-{number}"


def read_names(file: str | Path, *, key: str | Path | None = None) -> dict[str, str]:
    """Names of pupils from a CSV file with the columns ``pupil_id`` and ``name``; other columns are not read.

    Parameters
    ----------
    file : path
        UTF-8, with or without its mark.
    key : path, optional
        Key file of `pseudonymise`: then ``pupil_id`` are the identifiers as the school knows them, and become pseudonyms here.

    Raises
    ------
    InputRefused
        The file cannot be read, lacks a column, has a row with too many cells, or gives one pupil two names. No name or identifier is
        repeated in the message.
    """
    where = str(file)
    try:
        text = Path(file).read_bytes().decode("utf-8-sig")
        first = text.partition("\n")[0]
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True, delimiter=max(",;\t", key=first.count))
        reader.fieldnames = [_head(name) for name in reader.fieldnames or ()]
        rows = list(reader)
    except UnicodeDecodeError:
        raise InputRefused("it is not UTF-8", where=where, do='Save it as "CSV UTF-8".') from None
    except OSError as error:
        do = "Give a file that can be read."
        raise InputRefused(f"the names cannot be read ({error.strerror})", where=where, do=do) from None
    except csv.Error:
        do = 'Put a name with a quote or comma in quotes ("O""Neill, Ann").'
        raise InputRefused("the names cannot be read (a quote is never closed, or a line is too long)", where=where, do=do) from None
    lacking = [head for head in HEADS if head not in reader.fieldnames]
    if lacking:
        do = "The first line must name the columns, such as  pupil_id,name  with a comma, a semicolon or a tab between them."
        raise InputRefused(f"no column is called {' and none '.join(lacking)}", where=where, do=do)
    found: dict[str, str] = {}
    for number, row in enumerate(rows, 2):
        if None in row:
            do = "Put a name that holds a comma or semicolon in quotes."
            raise InputRefused("a row has more cells than the first line", where=f"{where}, row {number}", do=do)
        pupil, name = (row[head] or "" for head in HEADS)
        if not pupil.strip():
            raise InputRefused("a name stands without a pupil", where=f"{where}, row {number}", do="Give pupil_id, or remove the row.")
        if name.strip() and found.setdefault(pupil.strip(), name.strip()) != name.strip():
            raise InputRefused("one pupil has two names", where=f"{where}, row {number}", do="Keep one row for each pupil.")
    return pseudonyms(found, key=key) if key is not None else found


def _head(name: str) -> str:
    """A head as it is looked for: ``UPN``, ``Pupil ID`` and the like are ``pupil_id``."""
    plain = re.sub(r"[^a-z]+", "_", name.strip().casefold()).strip("_")
    return "pupil_id" if plain in ("upn", "pupil", "pupilid", "pupil_upn") else plain


def matched(names: Mapping[str, str], scores: Scores, *, where: str) -> int:
    """How many pupils of a run have a name in a file.

    Raises
    ------
    InputRefused
        There are names, and none is of a pupil of this run: the wrong file, or the wrong key.
    """
    everybody = {*scores.frame["pupil_id"], *scores.not_scored["pupil_id"]}
    known = len(everybody & names.keys())
    if names and not known:
        do = "Name pupils as scores.csv does; where the file has the school's own numbers or UPNs, give --key with their key."
        raise InputRefused(f"none of its {len(names):,} names is of a pupil of this run", where=where, do=do)
    return known
