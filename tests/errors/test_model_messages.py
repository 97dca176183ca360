"""What a person reads when a model cannot be used, made or believed: what, where, what to do, and no pupil."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import eswarn as ew
from eswarn.errors import EswarnError, InputRefused, ModelRefused, OurBug, UsageError
from eswarn.evidence.record import read_record
from eswarn.model.bundle import load_model
from eswarn.model.fit import fit
from eswarn.model.shapley import Explained
from tests import made_up_school
from tests.made_up_school import AS_OF

CANARY = "P0471100CANARY"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(made_up_school.model_folder(), tmp_path / "model"))


def said(kind: type[EswarnError], provoke: Callable[[], object]) -> str:
    with pytest.raises(kind) as told:
        provoke()
    assert type(told.value) is kind
    assert told.value.__cause__ is None
    assert told.value.__suppress_context__ or told.value.__context__ is None, "no chained error may repeat a cell"
    return str(told.value)


# --- a model folder --------------------------------------------------------------------------------------------------


def test_a_changed_file(folder: Path):
    (folder / "card.json").write_bytes(b"{}")
    assert said(ModelRefused, lambda: load_model(folder)) == (
        f"{folder}/card.json: its bytes are not those the manifest names; it was not read\n"
        "Take the model from where it was trained, or from the tracking store, again."
    )


def test_a_missing_file(folder: Path):
    (folder / "booster.txt").unlink()
    assert said(ModelRefused, lambda: load_model(folder)) == f"{folder}/booster.txt: missing, a link, or too large for a model file"


def test_a_foreign_file(folder: Path):
    (folder / f"{CANARY}.txt").write_text("x", encoding="utf-8")
    assert (
        said(ModelRefused, lambda: load_model(folder))
        == f"{folder}: the folder holds something that is no part of a model\nRemove what is not eswarn's."
    )


def test_a_manifest_of_something_else(folder: Path):
    (folder / "manifest.json").write_text("[]", encoding="utf-8")
    assert said(ModelRefused, lambda: load_model(folder)) == f"{folder}/manifest.json: the manifest is not that of an eswarn model"
    (folder / "manifest.json").write_text("{", encoding="utf-8")
    assert said(ModelRefused, lambda: load_model(folder)) == f"{folder}/manifest.json: not readable as JSON"


def test_no_folder_at_all(tmp_path: Path):
    assert said(InputRefused, lambda: load_model(tmp_path / "none")) == (
        f"{tmp_path}/none: there is no such model folder\nGive the folder that `eswarn train --out` wrote."
    )


def test_a_feature_of_another_version():
    model = made_up_school.model()
    features = [dict(told, fingerprint="0" * 64) if told["column"] == "illness_last_60_days" else told for told in model.card["features"]]
    other = replace(model, card={**model.card, "features": features})
    assert said(ModelRefused, lambda: other.features) == (
        f'model {other.id[:12]}: the feature "illness_last_60_days" is not the one this model was trained on\n'
        "Score with the version of eswarn on the model's card, give load() the features it was trained with, or train again."
    )


# --- training and scoring --------------------------------------------------------------------------------------------


def test_too_few_leavers():
    data = made_up_school.dataset()
    one = replace(data, y=np.append(1.0, np.zeros(len(data.X) - 1)))
    assert said(InputRefused, lambda: fit(one, ew.Config())) == (
        "1 pupil known to have left early, and 30 is the least a model may learn from\n"
        "Use more years or more schools, check [cohort] leaving, or score with a model trained elsewhere."
    )


def test_one_year_is_too_short_to_learn_from():
    assert said(InputRefused, lambda: ew.train(made_up_school.few_records(), tracking="off")) == (
        "there is no as-of date whose pupils were followed to the end of the horizon\n"
        "Bring at least two school years, shorten [cohort] horizon_days, or check observed_to in dataset.toml."
    )


def test_an_as_of_date_beyond_the_records():
    assert said(InputRefused, lambda: ew.score(made_up_school.model(), made_up_school.few_records(), AS_OF)) == (
        "the last mark before 2025-06-02 is of 2023-07-25: too long ago to tell who is still on roll\n"
        "Bring a newer export, or score as of a date that these records reach."
    )


def test_a_date_that_is_none():
    assert said(UsageError, lambda: ew.score(made_up_school.model(), made_up_school.records(), "2/6/25")) == (
        '"2/6/25" is not a date\nWrite it as YYYY-MM-DD.'
    )


def test_reasons_that_do_not_add_up():
    assert said(OurBug, lambda: Explained(np.ones((3, 2)), 0.0, np.array([2.0, 2.1, np.nan]))) == (
        "the reasons do not add up to the score for 2 pupils; nothing was issued\n"
        "This is a fault in eswarn, not in the records. Please report it with the model's id."
    )


def test_a_pupil_without_a_score():
    assert said(UsageError, lambda: made_up_school.scores()[CANARY]) == (
        "no score for this pupil\nSee scores.not_scored for everybody on roll without one, and why."
    )


# --- records of runs -------------------------------------------------------------------------------------------------


def test_a_folder_that_is_no_run(tmp_path: Path):
    assert said(InputRefused, lambda: read_record(tmp_path)) == (
        f"{tmp_path}: this is not the record of a scoring run\nGive the folder that `eswarn score --out` wrote."
    )
    assert said(InputRefused, lambda: ew.audit(tmp_path / "none")) == (
        f"{tmp_path}/none: there is no such folder\nGive a folder that `eswarn score` wrote, or runs:/ID."
    )


def test_a_run_that_was_changed_is_not_tracked(tmp_path: Path):
    out = tmp_path / "out"
    ew.score(made_up_school.model(), made_up_school.records(), AS_OF, out=out, tracking="off")
    (out / "scores.csv").write_text(CANARY, encoding="utf-8")
    uri = f"sqlite:///{tmp_path}/runs.db"
    assert said(InputRefused, lambda: ew.track(out, tracking=uri)) == (
        f"{out}: files have changed since they were sealed: scores.csv\n"
        "Bring back the folder as `eswarn score` wrote it; `eswarn verify` says more."
    )
    assert not (tmp_path / "runs.db").exists(), "nothing was sent"


@pytest.mark.parametrize("about", ["[]", '{"about": 7}', '{"about": {"scored": "many"}}', '{"about": {"places": [1]}}'])
def test_a_run_json_that_was_changed_is_told_without_its_content(tmp_path: Path, about: str):
    out = tmp_path / "out"
    ew.score(made_up_school.model(), made_up_school.few_records(), made_up_school.FEW_AS_OF, out=out, tracking="off")
    (out / "run.json").write_text(about, encoding="utf-8")
    with pytest.raises(EswarnError) as told:
        ew.track(out, tracking=f"sqlite:///{tmp_path}/runs.db")
    assert told.value.exit_code in (3, 6)
    assert "many" not in str(told.value)


def test_tracking_that_is_off(tmp_path: Path):
    assert said(UsageError, lambda: ew.track(tmp_path, tracking="off")) == 'tracking is "off"\nGive a tracking URI.'


# --- choices ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({"only": ["absense_this_year"]}, 'Did you mean "absence_this_year"?'),
        ({"without": ["femal"]}, 'Did you mean "female"?'),
        ({"only": ["fsm"]}, '"fsm" is protected: kept for judging fairness\nTo use it all the same, say why:'),
    ],
)
def test_features_that_cannot_be_chosen(features: dict[str, list[str]], message: str):
    config = ew.Config.model_validate({"features": features})
    records = made_up_school.few_records()
    for ask in (
        lambda: ew.train(records, config, tracking="off"),
        lambda: ew.feature_table(records, made_up_school.FEW_AS_OF, config=config),
    ):
        assert message in said(InputRefused, ask)
