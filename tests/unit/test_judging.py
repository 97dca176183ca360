"""What judges models from the library and the command line: drift, recalibration, cards, and what of it goes into a store."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import pytest

import eswarn as ew
from eswarn import cli
from eswarn.config import Config, ModelConfig, SearchConfig, ValidationConfig
from eswarn.errors import InputRefused, UsageError
from eswarn.evaluation.folds import RED_LABEL
from eswarn.model.bundle import Model
from eswarn.records.store import Records
from tests.conftest import ROOT
from tests.made_up_school import AS_OF, exports, model, model_folder, records

EARLY = Config.model_validate({
    "cohort": {"as_of": ["2022-10-31", "2023-01-09"]}, "model": {"trees": 20, "average": 1}, "validation": {"in_training": False},
})  # fmt: skip
QUICK = Config(
    model=ModelConfig(trees=15, average=1),
    search=SearchConfig(method="grid"),
    validation=ValidationConfig(folds=1, refits=2, draws=200, parts=2),
)


@functools.cache
def schools() -> Records:
    return ew.simulate(pupils=1_600, years=3, seed=4)


@functools.cache
def early() -> Model:
    return ew.train(schools(), EARLY, tracking="off")


def test_a_year_later_drift_is_looked_for_and_only_what_was_changed_alarms() -> None:
    told = ew.drift(model(), records(), AS_OF)
    assert told.as_of == AS_OF
    assert {check.kind for check in told.alarms} <= {"definitions"}, "codes changed in August 2024; nothing else did"
    assert 0 < told.expected_recall < 1
    assert str(told).startswith(f"{AS_OF} compared with ")
    with pytest.raises(InputRefused, match="too long ago"):
        ew.drift(model(), records(), "2029-01-01")


def test_outcomes_are_compared_once_they_are_known() -> None:
    told = ew.drift(early(), schools(), "2024-06-03")
    assert {"outcomes", "calibration"} & {check.kind for check in told.checks}


def test_drift_on_the_command_line_ends_in_its_own_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    told = ["drift", str(exports()), "--model", str(model_folder()), "--as-of", str(AS_OF), "--tracking", "off"]
    code = cli.main(told)
    said = capsys.readouterr()
    assert code == (5 if "alarm:" in said.out else 0)
    assert "expected, while chances are calibrated" in said.out


def test_a_recalibrated_model_ranks_as_before_and_says_what_was_moved(tmp_path: Path) -> None:
    made = ew.recalibrate(early(), schools(), out=tmp_path / "newer")
    assert made.id != early().id
    table = np.zeros((5, len(made.features)))
    assert made.explain(table).raw.tobytes() == early().explain(table).raw.tobytes()
    assert made.card["calibration"]["on"] == "recalibrated"
    assert made.card["calibration"]["replaces"] == early().id
    assert ew.load(tmp_path / "newer").id == made.id
    with pytest.raises(InputRefused, match="learned from labels that were known by"):
        ew.recalibrate(model(), records())


def test_a_card_says_how_the_model_was_judged_and_takes_only_its_own_audit(tmp_path: Path) -> None:
    page = ew.card(ROOT / "models" / "demo", out=tmp_path / "demo", owners={"data protection officer": "a person"})
    text = page.read_text(encoding="utf-8")
    assert "ranked absence" in text
    assert "a person" in text
    assert "there is no later cohort to be tested on" in ew.card(model(), out=tmp_path / "card").read_text(encoding="utf-8")
    told = json.loads((tmp_path / "card" / "model-card.json").read_text(encoding="utf-8"))
    assert told
    foreign = tmp_path / "audit.json"
    foreign.write_text(json.dumps({"about": {"model": "0" * 64}}), encoding="utf-8")
    with pytest.raises(UsageError, match="another model"):
        ew.card(model(), out=tmp_path / "other", audit=foreign)
    foreign.write_text("[]", encoding="utf-8")
    with pytest.raises(InputRefused, match="no audit"):
        ew.card(model(), out=tmp_path / "other", audit=foreign)
    with pytest.raises(InputRefused, match="exists already"):
        ew.card(model(), out=tmp_path / "card")


def test_an_owner_is_a_role_and_a_name(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.main(["card", str(model_folder()), "--out", str(tmp_path / "card"), "--owner", "nobody"]) == 2
    assert "ROLE=NAME" in capsys.readouterr().err


def test_a_validation_and_its_trials_are_tracked_with_the_red_label(tmp_path: Path) -> None:
    from mlflow import MlflowClient

    uri = f"sqlite:///{tmp_path}/runs/mlflow.db"
    told = ew.validate(schools(), QUICK, split="random", out=tmp_path / "wrong", tracking=uri)
    client = MlflowClient(uri)
    runs = client.search_runs([client.get_experiment_by_name("eswarn").experiment_id])
    kinds = [run.data.tags["kind"] for run in runs]
    assert kinds.count("validation") == 1
    parent = next(run for run in runs if run.data.tags["kind"] == "validation")
    children = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert len(children) == kinds.count("trial") == sum(len(trials) for trials in told.splits[0].tried)
    assert all({"search.log_loss"} == set(child.data.metrics) and "model.l2" in child.data.params for child in children)
    assert RED_LABEL.split(":")[0].replace(" ", "-") in parent.data.tags["label"]
    assert parent.data.metrics["validation.random.auc"] == pytest.approx(told.splits[0].judged.figure("auc").value, abs=1e-6)
    kept = [path.name for path in (tmp_path / "runs").rglob("*") if path.is_file()]
    assert "validation.html" in kept
    assert "lists.csv" not in kept, "files of pupils stay where the records are"


def test_a_training_tracks_its_trials_too(tmp_path: Path) -> None:
    from mlflow import MlflowClient

    uri = f"sqlite:///{tmp_path}/runs/mlflow.db"
    config = QUICK.model_copy(update={"validation": ValidationConfig(in_training=False)})
    made = ew.train(schools(), config, out=tmp_path / "model", tracking=uri)
    client = MlflowClient(uri)
    runs = client.search_runs([client.get_experiment_by_name("eswarn").experiment_id])
    assert [run.data.tags["kind"] for run in runs].count("trial") == len(made.card["search"]["tried"]) > 1
    kept = {path.relative_to(path.parents[1]).as_posix() for path in (tmp_path / "runs").rglob("*") if path.is_file()}
    assert {"card/card.html", "card/model-card.json", "model/card.json"} <= kept
    trained = next(run.info.run_id for run in runs if run.data.tags["kind"] == "training")
    assert ew.load(f"runs:/{trained}", tracking=uri).id == made.id, "the card beside it is no part of the model"
