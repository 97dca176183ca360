"""OneRoster rosters, written by hand from the description of the format, and each way of being refused."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from eswarn.config import DatasetFacts
from eswarn.records.readers import oneroster
from eswarn.records.readers.peek import peek
from tests.unit.records.readings import read_with, refusal, rejected, rows

FACTS = DatasetFacts(profile="us")
HEAD = "sourcedId,status,dateLastModified"
MANIFEST = {"manifest.version": "1.0", "oneroster.version": "1.2"} | {
    f"file.{name}": "bulk" for name in ("academicSessions", "demographics", "enrollments", "orgs", "users")
}
CLASSES = """
PUPIL1,S1,student,2024-08-20,2025-06-12
PUPIL1,S1,student,2024-09-15,
PUPIL2,S1,student,2024-08-20,2024-12-20
PUPIL2,S1,student,2025-01-06,2025-03-14
PUPIL2,S2,student,2025-03-17,2025-06-12
TEACH1,S1,teacher,2024-08-20,2025-06-12
"""


def _enrolments(lines: str = CLASSES, status: str = "", changed: str = "") -> str:
    text = f"{HEAD},classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate\n"
    for n, line in enumerate(lines.strip().splitlines()):
        pupil, school, role, begin, end = line.split(",")
        text += f"E{n},{status},{changed},C{n},{school},{pupil},{role},false,{begin},{end}\n"
    return text


def _files(**changed: str | None) -> dict[str, str]:
    files = {
        "manifest.csv": "propertyName,value\n" + "".join(f"{key},{value}\n" for key, value in MANIFEST.items()),
        "enrollments.csv": _enrolments(),
        "users.csv": f"{HEAD},enabledUser,givenName,familyName,identifier,grades\n"
        'PUPIL1,,,true,Ann,"Sample, A.",L1,09\nPUPIL2,,,true,Bo,Sample,L2,KG\nTEACH1,,,true,Cy,Sample,L3,\n',
        "orgs.csv": f"{HEAD},name,type,identifier\nS1,,,First School,school,9990001\nS2,,,Second School,school,9990002\n",
        "academicSessions.csv": f"{HEAD},title,type,startDate,endDate\n"
        "Y,,,2024-25,schoolYear,2024-08-20,2025-06-12\nT1,,,Fall,semester,2024-08-20,2024-12-20\nT2,,,Spring,semester,2025-01-06,2025-06-12\n",
        "demographics.csv": f"{HEAD},birthDate,sex\nPUPIL1,,,2010-01-01,female\nPUPIL2,,,2019-01-01,unspecified\n",
    }
    for name, text in changed.items():
        if text is None:
            del files[f"{name}.csv"]
        else:
            files[f"{name}.csv"] = text
    return files


def _folder(path: Path, **changed: str | None) -> Path:
    path.mkdir(exist_ok=True)
    for name, text in _files(**changed).items():
        (path / name).write_text(text, encoding="utf-8")
    return path


def _zip(path: Path, files: dict[str, str], prefix: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(prefix + name, text)
    return path


def _stays(path: Path, facts: DatasetFacts = FACTS) -> list[tuple[str, str, str, str | None]]:
    checked = read_with(oneroster, path, facts)["enrolment"]
    return [(r["pupil_id"], r["school_id"], r["entered_on"], r.get("left_on")) for r in rows(checked)]


STAYS = [
    ("PUPIL1", "S1", "2024-08-20", None),  # a class that goes on
    ("PUPIL2", "S1", "2024-08-20", "2025-03-14"),  # over the winter holiday one stay, and left within a term
    ("PUPIL2", "S2", "2025-03-17", None),  # a class that ends as its term does ends no stay
]


def test_a_stay_is_the_union_of_the_classes_at_a_school(tmp_path: Path) -> None:
    assert _stays(_folder(tmp_path / "roster")) == STAYS


@pytest.mark.parametrize("prefix", ["", "export/"])
def test_an_archive_is_read_like_a_folder(tmp_path: Path, prefix: str) -> None:
    assert _stays(_zip(tmp_path / "roster.zip", _files(), prefix)) == STAYS


def test_year_group_and_sex_hold_from_the_school_year_or_the_stay(tmp_path: Path) -> None:
    read = read_with(oneroster, _folder(tmp_path / "roster"), FACTS)
    assert rows(read["context"]) == [
        {"pupil_id": "PUPIL1", "school_id": "S1", "valid_from": "2024-08-20", "year_group": 9, "sex": "F"},
        {"pupil_id": "PUPIL2", "school_id": "S2", "valid_from": "2025-03-17", "year_group": 0},
    ]
    assert "Sample" not in repr(read)
    assert "2010-01-01" not in repr(read)
    assert "1 enrolment not as a student not read" in read["enrolment"].ledger.notes
    assert "5 class enrolments make 3 stays" in read["enrolment"].ledger.notes


def test_identifiers_are_used_where_dataset_toml_asks_for_them(tmp_path: Path) -> None:
    facts = DatasetFacts(profile="us", columns={"enrolment": {"pupil_id": "identifier", "school_id": "identifier"}})
    assert [stay[:2] for stay in _stays(_folder(tmp_path / "roster"), facts)] == [("L1", "9990001"), ("L2", "9990001"), ("L2", "9990002")]


@pytest.mark.parametrize(
    ("classes", "stays"),
    [
        ("PUPIL1,S1,student,2023-08-20,2024-06-12\nPUPIL1,S1,student,2024-08-20,2025-06-12", [("2023-08-20", None)]),  # a summer between
        ("PUPIL1,S1,student,2023-08-20,2023-10-01\nPUPIL1,S1,student,2024-08-20,", [("2023-08-20", "2023-10-01"), ("2024-08-20", None)]),
        ("PUPIL1,S1,student,2024-08-20,2024-10-01\nPUPIL1,S1,student,2024-09-01,2024-09-02", [("2024-08-20", "2024-10-01")]),
        ("PUPIL1,S1,student,2024-09-01,2024-10-02\nPUPIL1,S1,student,2024-08-20,2024-10-01", [("2024-08-20", "2024-10-02")]),
        ("PUPIL1,S1,student,2024-08-20,\nPUPIL1,S1,student,2025-08-20,2025-09-01", [("2024-08-20", None)]),
        ("PUPIL1,S1,student,,2024-10-01", [("2024-08-20", "2024-10-01")]),  # the one school year there is
    ],
)
def test_classes_that_follow_each_other_are_one_stay(tmp_path: Path, classes: str, stays: list[tuple[str, str | None]]) -> None:
    for turn in (1, -1):
        lines = "\n".join(classes.splitlines()[::turn])
        assert [stay[2:] for stay in _stays(_folder(tmp_path / f"r{turn}", enrollments=_enrolments(lines)))] == stays


def test_a_row_to_be_deleted_ends_the_enrolment_and_erases_nothing(tmp_path: Path) -> None:
    gone = _enrolments("PUPIL1,S1,student,2024-08-20,2025-06-12", "tobedeleted", "2024-11-04T10:00:00.000Z")
    assert [stay[2:] for stay in _stays(_folder(tmp_path / "a", enrollments=gone))] == [("2024-08-20", "2024-11-04")]
    kept = gone + _enrolments("PUPIL1,S1,student,2024-08-20,2025-06-12", "active").splitlines()[1] + "\n"
    assert [stay[2:] for stay in _stays(_folder(tmp_path / "b", enrollments=kept))] == [("2024-08-20", None)]


def test_rows_that_cannot_be_placed_are_turned_away(tmp_path: Path) -> None:
    lines = "PUPIL1,S1,student,2024-08-20,\n,S1,student,2024-08-20,\nPUPIL2,S1,student,20/08/2024,\nPUPIL3,S1,student,2024-09-01,2024-08-31"
    path = _folder(tmp_path / "roster", enrollments=_enrolments(lines), academicSessions=f"{HEAD},title,type,startDate,endDate\n")
    checked = read_with(oneroster, path, FACTS)["enrolment"]
    assert rejected(checked.ledger) == {"missing_value": 1, "bad_date": 1, "ends_too_early": 1}
    assert [r.first for r in checked.ledger.rejections] == [(3,), (4,), (5,)]


def test_grades_outside_the_list_are_turned_away_and_the_stay_is_kept(tmp_path: Path) -> None:
    users = f"{HEAD},grades\nPUPIL1,,,UG\nPUPIL2,,,12\n"
    read = read_with(oneroster, _folder(tmp_path / "roster", users=users), FACTS)
    assert rejected(read["context"].ledger) == {"unknown_code": 1}
    assert [r["year_group"] for r in rows(read["context"])] == [12]
    assert len(rows(read["enrolment"])) == 3


def test_every_grade_of_the_list_is_a_year_group(tmp_path: Path) -> None:
    expected = {"PR": -2, "PK": -1, "TK": -1, "KG": 0, **{f"{n:02d}": n for n in range(1, 14)}}
    assert {grade: int(year) for grade, year in oneroster.GRADES.items()} == expected


def test_a_file_that_the_manifest_declares_and_that_is_not_there_is_refused(tmp_path: Path) -> None:
    error = refusal(oneroster, _folder(tmp_path / "roster", orgs=None), FACTS)
    assert error.rule == "wrong_shape"
    assert "orgs.csv" in error.what


@pytest.mark.parametrize("name", ["enrollments", "users"])
def test_a_roster_without_enrolments_or_people_is_refused(tmp_path: Path, name: str) -> None:
    manifest = "propertyName,value\n" + "".join(f"{key},{'absent' if name in key else value}\n" for key, value in MANIFEST.items())
    assert refusal(oneroster, _folder(tmp_path / "roster", manifest=manifest), FACTS).rule == "missing_column"


def test_files_the_roster_can_do_without_may_be_absent(tmp_path: Path) -> None:
    manifest = "propertyName,value\nfile.enrollments,delta\nfile.users,bulk\nfile.demographics,absent\n"
    path = _folder(tmp_path / "roster", manifest=manifest, demographics=None, academicSessions=None, orgs=None)
    checked = read_with(oneroster, path, FACTS)["enrolment"]
    assert "only changes are told in enrollments.csv (delta)" in checked.ledger.notes
    assert len(rows(checked)) == 3


@pytest.mark.parametrize(
    ("enrolments", "rule"),
    [
        ("", "missing_column"),
        (_enrolments().replace("beginDate", "begin"), "missing_column"),
        (_enrolments().replace("primary", "role"), "duplicate_header"),
        (_enrolments() + "E9,,,C9,S1\n", "wrong_shape"),
        (_enrolments() + 'E9,,,C9,S1,"PUPIL1"x,student,false,2024-08-20,\n', "stray_quote"),
        (_enrolments() + '"E9,,,C9\n', "stray_quote"),
        (_enrolments() + "E9\0,,,C9,S1,PUPIL1,student,false,2024-08-20,\n", "nul_byte"),
        (_enrolments() + "x" * 1_100_000, "long_line"),
        (_enrolments() + "\udcff", "encoding"),
    ],
    ids=lambda value: value if len(value) < 20 else "…",
)
def test_a_damaged_file_of_the_roster_is_refused_with_its_name(tmp_path: Path, enrolments: str, rule: str) -> None:
    path = _folder(tmp_path / "roster")
    (path / "enrollments.csv").write_bytes(enrolments.encode("utf-8", "surrogateescape"))
    error = refusal(oneroster, path, FACTS)
    assert error.rule == rule
    assert "enrollments.csv" in error.where


# --- safety ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../orgs.csv", "/orgs.csv", "a/../../orgs.csv", "C:orgs.csv", "..\\orgs.csv"])
def test_a_name_outside_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    assert refusal(oneroster, _zip(tmp_path / "x.zip", _files() | {name: "x"}), FACTS).rule == "unsafe_file"


def test_a_link_in_an_archive_or_folder_is_refused(tmp_path: Path) -> None:
    archive = _zip(tmp_path / "x.zip", _files(orgs=None))
    with zipfile.ZipFile(archive, "a") as file:
        link = zipfile.ZipInfo("orgs.csv")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, "/etc/hostname")
    assert refusal(oneroster, archive, FACTS).rule == "unsafe_file"
    folder = _folder(tmp_path / "roster", orgs=None)
    (folder / "orgs.csv").symlink_to("/etc/hostname")
    assert refusal(oneroster, folder, FACTS).rule == "unsafe_file"


def test_an_archive_that_unpacks_to_a_hundred_times_its_size_is_refused(tmp_path: Path) -> None:
    bomb = _zip(tmp_path / "x.zip", _files(users=f"{HEAD},grades\n" + "PUPIL1,,,09\n" * 3_000_000))
    assert bomb.stat().st_size < 200_000
    assert refusal(oneroster, bomb, FACTS).rule == "unsafe_file"


def test_a_folder_with_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "roster")
    with (folder / "users.csv").open("ab") as file:
        file.truncate((200 << 20) + 1)
    assert refusal(oneroster, folder, FACTS).rule == "unsafe_file"


def test_two_manifests_or_none_are_refused(tmp_path: Path) -> None:
    two = _zip(tmp_path / "two.zip", _files() | {"old/manifest.csv": "propertyName,value\n"})
    assert refusal(oneroster, two, FACTS).rule == "wrong_shape"
    none = _zip(tmp_path / "none.zip", _files(manifest=None))
    assert refusal(oneroster, none, FACTS).rule == "wrong_shape"
    assert not oneroster.fits(peek(none), FACTS)


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    whole = _zip(tmp_path / "x.zip", _files()).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    assert refusal(oneroster, tmp_path / "cut.zip", FACTS).rule == "unreadable"
    place = whole.index(b"enrollments.csv") + 60
    (tmp_path / "bent.zip").write_bytes(whole[:place] + bytes(b ^ 255 for b in whole[place : place + 20]) + whole[place + 20 :])
    assert refusal(oneroster, tmp_path / "bent.zip", FACTS).rule == "unreadable"


def test_other_folders_and_archives_are_not_taken_for_a_roster(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "manifest.csv").write_text("propertyName,value\n", encoding="utf-8")
    assert not oneroster.fits(peek(tmp_path / "empty"), FACTS)
    assert not oneroster.fits(peek(tmp_path / "manifest.csv"), FACTS)
    assert not oneroster.fits(peek(_zip(tmp_path / "x.zip", {"marks.csv": "a"})), FACTS)
