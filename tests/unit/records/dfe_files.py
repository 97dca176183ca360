"""Census files and Common Transfer Files written by hand from the description of the formats, for dummy pupils of LA 999."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from eswarn.config import DatasetFacts
from eswarn.records.check import Checked
from eswarn.records.check import check as check_file
from eswarn.records.readers import census, ctf
from eswarn.records.readers.raw import Raw

PEOPLE = "Estab,UPN,Surname,Forename,Middlenames,PreferredSurname,FormerSurname,Gender,DoB,EnrolStatus,EntryDate,NCyearActual"
ABSENCES = ["I", "M", "R", "S", "T", "H", "E", "C", "G", "U", "O", "N"]
SHAPE_A = f"{PEOPLE},TermlySessionsPossible,TermlySessionsAuthorised,TermlySessionsUnauthorised," + ",".join(
    f"T_Reason_{c}" for c in ABSENCES
)
CODES = ["/", "\\", "B", "J", "L", "P", "V", "W", "C", "E", "H", "I", "M", "R", "S", "T", "G", "N", "O", "U", "D", "X", "Y"]
SHAPE_B = f"{PEOPLE},TermlySessionsPossible," + ",".join(CODES)


def person(number: int, *, gender: str = "F", status: str = "C", entry: str = "2019-09-01", year: str = "8") -> str:
    """The first cells of a row: a dummy pupil."""
    return f"4001,p{number:04d},Sur,Fore,Mid,Pref,Former,{gender},2012-01-01,{status},{entry},{year}"


def shape_a(possible: int | str, *, said: tuple[int | str, int | str] = ("", ""), number: int = 1, **reasons: int | str) -> str:
    """A row of shape A; reasons that are not given are blank."""
    counts = [str(reasons.get(code, "")) for code in ABSENCES]
    return ",".join([person(number), str(possible), str(said[0]), str(said[1]), *counts])


def shape_b(possible: int | str, counts: dict[str, int | str], *, who: str = "", codes: Sequence[str] = CODES) -> str:
    """A row of shape B; codes that are not given are blank."""
    return ",".join([who or person(1), str(possible), *(str(counts.get(code, "")) for code in codes)])


def lines(*rows: str) -> str:
    """A file of these rows."""
    return "\n".join(rows) + "\n"


def year_data(
    marks: str = "", start: str = "2025-09-01", *, possible: int | str = "", attended: int | str = "", authorised: int | str = "",
    unauthorised: int | str = "", school: tuple[str, str] = ("999", "4001"),
) -> str:  # fmt: skip
    """What a school sends of one pupil's year; what is not given is left out."""
    totals = {
        "SessionsPossible": possible, "SessionsAuthorised": authorised, "SessionsAttended": attended, "SessionsUnauthorised": unauthorised,
    }  # fmt: skip
    told = "".join(f"<{name}>{value}</{name}>" for name, value in totals.items() if value != "")
    runs = f"<AttendanceStartDate>{start}</AttendanceStartDate><AttendanceMarks>{marks}</AttendanceMarks>"
    lea, estab = school
    return (
        f"<YearData><Year>2025</Year><LEA>{lea}</LEA><Estab>{estab}</Estab><SchoolName>A School</SchoolName>{told}"
        f"<AttendSessions>{runs}</AttendSessions></YearData>"
    )


def pupil(upn: str, *years: str, sex: str = "<Sex>F</Sex>", year_group: str = "8") -> str:
    """A pupil with names, an address and results around what is wanted."""
    return (
        f"<Pupil><UPN>{upn}</UPN><Surname>Sur</Surname><Forename>Fore</Forename><DOB>2012-01-01</DOB>{sex}"
        f"<BasicDetails><Ethnicity>WBRI</Ethnicity><NCyearActual>{year_group}</NCyearActual></BasicDetails>"
        f"<Address><Street>1 Street</Street></Address><Attendance>{''.join(years)}</Attendance>"
        "<StageAssessments><KeyStage><Stage>KS2</Stage></KeyStage></StageAssessments></Pupil>"
    )


def transfer(*pupils: str, made: str = "2025-12-01T10:00:00", version: str = "25.0", root: str = '<CTfile xmlns="urn:ctf">') -> str:
    """A whole Common Transfer File."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{root}<Header><DocumentName>Common Transfer File</DocumentName>'
        f"<CTFversion>{version}</CTFversion><DateTime>{made}</DateTime><SourceSchool><LEA>999</LEA><Estab>4001</Estab></SourceSchool>"
        f"<DestSchool><LEA>999</LEA><Estab>4002</Estab></DestSchool></Header><CTFpupilData>{''.join(pupils)}</CTFpupilData></CTfile>\n"
    )


def _checked(reader: ModuleType, path: Path, facts: DatasetFacts) -> dict[str, Checked]:
    raws: Sequence[Raw] = reader.read(path, facts=facts)
    found = {raw.table: check_file(raw, facts) for raw in raws}
    assert len(found) == len(raws)
    for checked in found.values():
        ledger = checked.ledger
        assert ledger.rows == ledger.accepted + ledger.merged + ledger.rejected
    return found


def read_census(folder: Path, text: str | bytes, term: str = "autumn 2023", **facts: Any) -> dict[str, Checked]:
    """The tables of a census file, each row judged."""
    path = folder / "census.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return _checked(census, path, DatasetFacts(terms={"census.csv": term} if term else {}, **facts))


def read_ctf(folder: Path, text: str | bytes, **facts: Any) -> dict[str, Checked]:
    """The tables of a Common Transfer File, each row judged."""
    path = folder / "999_ctf.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return _checked(ctf, path, DatasetFacts(**facts))


def rows_of(checked: Checked, *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of a table, row by row."""
    return list(zip(*(checked.table.column(name).to_pylist() for name in columns), strict=True))
