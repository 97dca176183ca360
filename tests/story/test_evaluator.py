"""An evaluator: finds a run again, derives every score and reason once more, and is told of whatever does not hold."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import eswarn as ew
from eswarn import cli
from eswarn.errors import NotTracked
from eswarn.evaluation.audit import TITLES
from eswarn.keeping import keep_audit
from tests import made_up_school
from tests.made_up_school import FEW_AS_OF
from tests.story.conftest import Demo

DEAD = "http://127.0.0.1:9"
AS_TOLD = dict.fromkeys(TITLES, "passed") | dict.fromkeys(("E5", "E7", "E10"), "cannot tell") | {"E9": "not applicable"}


def results(audit: ew.Audit) -> dict[str, str]:
    return {check.code: check.result for check in audit.checks}


def run_of(out: Path) -> str:
    return str(json.loads((out / "run.json").read_bytes())["tracked"]["run_id"])


def command(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = cli.main([str(a) for a in arguments])
    told = capsys.readouterr()
    assert "Traceback" not in told.out + told.err
    return code, told.out, told.err


def test_the_scores_of_the_demo_are_derived_again_from_their_folder(demo: Demo):
    audit = ew.audit(demo.out / "scores")
    assert results(audit) == AS_TOLD


def test_and_from_the_tracking_store(demo: Demo, capsys: pytest.CaptureFixture[str]):
    run = run_of(demo.out / "scores")
    assert results(ew.audit(f"runs:/{run}", tracking=demo.store)) == AS_TOLD
    code, out, _ = command(capsys, "audit", f"runs:/{run}", "--tracking", demo.store)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[:-1]] == list(TITLES)
    assert out.endswith(f"The page is runs:/{run}/audit\n")


def test_an_audit_is_kept_with_its_run_in_the_store_and_changes_nothing_there(demo: Demo, tmp_path: Path):
    run = run_of(demo.out / "scores")
    for _ in range(2):
        audit = ew.audit(f"runs:/{run}", tracking=demo.store, out=tmp_path / "page")
        assert results(audit) == AS_TOLD
    kept = next(demo.out.rglob("audit/audit.json"))
    assert kept.parent.parent == next(p.parent for p in demo.out.rglob("contributions.parquet") if "runs" in p.parts)
    for name in ("audit.html", "audit.json"):
        assert (kept.parent / name).read_bytes() == (tmp_path / "page" / name).read_bytes()
    assert ew.verify(f"runs:/{run}", tracking=demo.store).passed


def test_a_link_where_an_audit_goes_is_not_followed(demo: Demo, tmp_path: Path):
    run = run_of(demo.out / "scores")
    artifacts = next(p.parent for p in demo.out.rglob("contributions.parquet") if "runs" in p.parts)
    audit = ew.audit(demo.out / "scores")
    shutil.rmtree(artifacts / "audit", ignore_errors=True)
    (artifacts / "audit").symlink_to(tmp_path, target_is_directory=True)
    try:
        with pytest.raises(NotTracked, match="a link where its audit goes"):
            keep_audit(audit, f"runs:/{run}", tracking=demo.store)
    finally:
        (artifacts / "audit").unlink()
    assert list(tmp_path.iterdir()) == []


def test_the_champion_of_the_store_is_the_model_that_was_trained(demo: Demo):
    model = ew.load("models:/eswarn@champion", tracking=demo.store)
    assert model == ew.load(demo.out / "model")
    scores = ew.score("models:/eswarn@champion", made_up_school.few_records(), FEW_AS_OF, tracking=demo.store)
    assert scores.about["model_id"] == model.id


def test_a_file_changed_in_the_store_is_found(demo: Demo, tmp_path: Path):
    """Nothing that comes out of a store is believed: not a score, not a leaf of the model."""
    copy = Path(shutil.copytree(demo.out / "runs", tmp_path / "runs"))
    artifacts = next(p.parent for p in demo.out.rglob("contributions.parquet") if "runs" in p.parts)
    run = run_of(demo.out / "scores")
    assert artifacts.is_relative_to(demo.out / "runs")
    assert copy.exists()
    kept = {name: (artifacts / name).read_bytes() for name in ("scores.parquet", "model/booster.txt")}
    for name, code in (("scores.parquet", "A1"), ("model/booster.txt", "A2")):
        (artifacts / name).write_bytes(kept[name].replace(kept[name][200:204], b"XXXX", 1))
        try:
            audit = ew.audit(f"runs:/{run}", tracking=demo.store)
        finally:
            (artifacts / name).write_bytes(kept[name])
        assert results(audit)[code] == "failed"
        assert not audit.passed
    assert ew.audit(f"runs:/{run}", tracking=demo.store).passed


def test_a_run_whose_store_failed_is_tracked_later_and_only_once(demo: Demo, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "out"
    arguments = ("score", made_up_school.few_exports(), "--model", made_up_school.model_folder(), "--as-of", FEW_AS_OF, "--out", out)
    code, _, err = command(capsys, *arguments, "--tracking", DEAD)
    assert code == 6
    assert 'run "eswarn track FOLDER"' in err
    assert "tracked" not in json.loads((out / "run.json").read_bytes())
    assert ew.audit(out).passed

    code, said, err = command(capsys, "track", out, "--tracking", demo.store)
    assert (code, err) == (0, "")
    run = run_of(out)
    assert said == f"Tracked as runs:/{run} in {demo.store}\n"
    assert command(capsys, "track", out, "--tracking", demo.store) == (0, said, "")
    assert run_of(out) == run
    assert ew.audit(out).passed, "noting where it is tracked changes nothing that was sealed"
    assert command(capsys, "audit", f"runs:/{run}", "--tracking", demo.store)[0] == 0


def test_a_model_whose_store_failed_is_complete_and_tracked_later(demo: Demo, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The same model as the demo's: the store knows it already, and makes no second version of it."""
    exports, model = demo.out / "exports", tmp_path / "model"
    code, _, err = command(capsys, "train", exports, "--out", model, "--tracking", DEAD)
    assert code == 6
    assert "What was written is complete." in err
    assert ew.load(model) == ew.load(demo.out / "model")
    told = ew.track(model, tracking=demo.store)
    assert (told["model_version"], told["alias"]) == ("1", "champion")
    audit = ew.audit(f"runs:/{told['run_id']}", tracking=demo.store)
    assert results(audit) == {"A2": "passed"}


def test_without_a_folder_a_store_that_fails_is_a_warning_and_the_model_is_there(tmp_path: Path):
    config = ew.Config.model_validate({"model": {"trees": 5, "average": 1}})
    with pytest.warns(UserWarning, match="the tracking store failed"):
        model = ew.train(made_up_school.records(), config, tracking=DEAD)
    assert model.booster.num_trees() == 5
    with pytest.raises(NotTracked):
        ew.train(made_up_school.records(), config, out=tmp_path / "model", tracking=DEAD)
    assert ew.load(tmp_path / "model") == model


def test_the_store_holds_nothing_of_a_pupil_but_the_files_of_pupils(demo: Demo):
    pupils = set(pq.read_table(demo.out / "scores" / "scores.parquet")["pupil_id"].to_pylist())
    database = (demo.out / "runs" / "mlflow.db").read_bytes().decode("latin-1")
    assert not [pupil for pupil in pupils if pupil in database]


def test_a_store_that_has_no_such_run_says_so(demo: Demo, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for reference, store in (
        (f"runs:/{'0' * 32}", demo.store),
        (f"runs:/{'0' * 32}", f"sqlite:///{tmp_path}/none.db"),
        ("runs:/../x", demo.store),
    ):
        code, _, err = command(capsys, "audit", reference, "--tracking", store)
        assert code in (2, 3)
        assert err.startswith("eswarn: ")
    assert list(tmp_path.iterdir()) == []
