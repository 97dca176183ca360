"""An audit with records: the training rows are computed anew, believed by their hash alone, and what they allow is then told."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import eswarn as ew
from eswarn import cli
from eswarn.errors import AuditFailed, InputRefused, UsageError
from eswarn.evaluation.audit import folder as whole
from eswarn.evaluation.audit.folder import CHECKS, audit_folder, explanations
from eswarn.evaluation.audit.lines import TITLES, Check
from eswarn.evaluation.audit.rows import training_rows
from eswarn.features.protected import PROTECTED
from eswarn.simulate import simulate_with_causes, write_causes
from tests import made_up_school
from tests.made_up_school import AS_OF
from tests.unit.evaluation import honest_run


def test_the_training_rows_are_those_the_model_names():
    run, rows = honest_run.run(), honest_run.training()
    card = run.model.card["cohort"]
    assert rows.table.shape == (card["rows"], len(run.model.features))
    assert int(rows.y.sum()) == card["leaver_rows"]
    assert len(np.unique(rows.pupil)) == card["pupils"]
    assert len(np.unique(rows.school)) == card["schools"]
    assert len(rows.year_group) == len(rows.pupil) == len(rows.table)


def test_the_groups_are_those_of_the_pupils_scored():
    run, rows = honest_run.run(), honest_run.training()
    assert set(rows.groups) == {f.column for f in PROTECTED}
    table = ew.feature_table(made_up_school.records(), AS_OF, features=PROTECTED, config=ew.Config.model_validate(
        {"features": {"protected": {f.column: "a test" for f in PROTECTED}}}
    )).set_index("pupil_id")  # fmt: skip
    for column in ("female", "fsm"):
        assert np.array_equal(rows.groups[column], table.loc[list(run.pupil), column].to_numpy(float), equal_nan=True)


def test_records_that_do_not_reach_to_the_day_tell_nothing_of_groups():
    run = honest_run.run()
    long_before = training_rows(run.model, made_up_school.records(), as_of=dt.date(2015, 1, 5), pupil=run.pupil, school=run.school)
    assert long_before.groups == {}


@pytest.mark.parametrize("change", ["another school", "a mark less"])
def test_other_records_are_refused_by_the_hash_of_the_rows(change: str):
    run, other = honest_run.run(), ew.simulate(pupils=600, years=3, seed=1 if change == "a mark less" else 2)
    if change == "a mark less":
        tables = {name: other.table(name) for name in other.tables}
        tables["attendance"] = tables["attendance"].slice(1)
        other = replace(other, tables=tables)
    with pytest.raises(InputRefused, match="not those of the model") as told:
        training_rows(run.model, other, as_of=AS_OF, pupil=run.pupil, school=run.school)
    assert f"the model learned from {run.model.card['cohort']['rows']:,}" in str(told.value)


def test_records_of_no_use_are_said_to_be_and_fail_nothing():
    audit = audit_folder(honest_run.folder(), records=made_up_school.few_records())
    assert audit.passed
    for check in audit.checks:
        if check.code in ("E5", "E7", "E10"):
            assert check.result == "cannot tell"
            assert "these records" in check.figure
            assert check.figure.endswith("Give the folder of records it was trained from, as it was then.")


# --- the lines ---------------------------------------------------------------------------------------------------------


def test_every_check_has_a_title_and_answers_to_its_code():
    assert (
        list(TITLES) == [*(f"A{i}" for i in range(1, 12)), *CHECKS] == [*(f"A{i}" for i in range(1, 12)), *(f"E{i}" for i in range(1, 12))]
    )
    for code, check in CHECKS.items():
        told = check(honest_run.run())
        assert (told.code, told.title) == (code, TITLES[code])


def test_a_check_that_breaks_off_has_failed_and_the_others_are_made(monkeypatch: pytest.MonkeyPatch):
    def broken(run):
        raise UsageError("it broke")

    monkeypatch.setitem(whole.CHECKS, "E2", broken)
    told = {check.code: check for check in explanations(honest_run.run())}
    assert told["E2"] == Check("E2", TITLES["E2"], "failed", "it broke")
    assert told["E11"].result == "passed"


def test_what_cannot_be_told_of_the_record_is_no_pass_and_of_the_reasons_is_none_either_way():
    def audit(**results: str) -> ew.Audit:
        return ew.Audit(tuple(Check(code, "", result, "") for code, result in results.items()))  # type: ignore[arg-type]

    assert audit(A1="passed", E7="cannot tell", E9="not applicable").passed
    assert not audit(A1="cannot tell", E7="passed").passed
    assert not audit(A1="passed", E7="failed").passed


# --- what is written, and where ----------------------------------------------------------------------------------------


def test_a_page_in_the_runs_own_folder_is_refused():
    for place in (honest_run.folder(), honest_run.folder() / "audit"):
        with pytest.raises(UsageError, match="would break its seal"):
            ew.audit(honest_run.folder(), out=place)
    assert audit_folder(honest_run.folder()).passed


def test_fewer_than_two_refits_are_refused():
    with pytest.raises(UsageError, match="two refits"):
        ew.audit(honest_run.folder(), refits=1)


def test_the_library_writes_nothing_unless_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(honest_run.folder().parent.iterdir())
    ew.audit(honest_run.folder())
    assert list(tmp_path.iterdir()) == []
    assert sorted(honest_run.folder().parent.iterdir()) == before


def test_with_its_records_every_check_is_made_and_the_page_is_where_it_was_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    code = cli.main(["audit", str(honest_run.folder()), "--records", str(made_up_school.exports()), "--refits", "2",
                     "--out", str(tmp_path / "page")])  # fmt: skip
    told = capsys.readouterr()
    kept = json.loads((tmp_path / "page" / "audit.json").read_bytes())
    found = {check["code"]: check["result"] for check in kept["checks"]}
    assert "cannot tell" not in found.values()
    assert {check for check, result in found.items() if result == "failed"} <= {"E7", "E10"}, "two refits and a small school may fail these"
    assert (code, kept["passed"]) == ((0, True) if "failed" not in found.values() else (AuditFailed.exit_code, False))
    assert f"The page is {tmp_path / 'page' / 'audit.html'}" in told.out
    assert sorted(p.name for p in (tmp_path / "page").iterdir()) == ["audit.html", "audit.json"]


def test_causes_of_simulated_pupils_are_looked_for_and_other_files_refused(tmp_path: Path):
    _, causes = simulate_with_causes(pupils=600, years=3, seed=1)  # as in made_up_school.exports()
    told = audit_folder(honest_run.folder(), causes=write_causes(causes, tmp_path / "causes.parquet"))
    found = next(check for check in told.checks if check.code == "E9")
    assert "the first reason finds the main cause" in found.figure
    (tmp_path / "other.csv").write_text("pupil_id,cause\nP1,home\n", encoding="utf-8")
    with pytest.raises(InputRefused, match="does not hold the causes"):
        audit_folder(honest_run.folder(), causes=tmp_path / "other.csv")


def test_refits_without_records_are_no_command(capsys: pytest.CaptureFixture[str]):
    assert cli.main(["audit", str(honest_run.folder()), "--refits", "5"]) == UsageError.exit_code
    assert "--refits goes with --records" in capsys.readouterr().err
    assert cli.main(["audit", str(honest_run.folder()), "--records", str(made_up_school.few_exports()), "--refits", "0"]) == 2
    assert "two refits" in capsys.readouterr().err
