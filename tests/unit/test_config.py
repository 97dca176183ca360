"""Choices and facts: defaults that are written down, unknown keys refused with the nearest, and no value that cannot work."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

import eswarn as ew
from eswarn.config import TABLES, CohortConfig, Config, DatasetFacts, default_toml, load_config, load_facts
from eswarn.errors import InputRefused
from eswarn.records.tables import TABLE_MODELS
from tests.conftest import ROOT


@pytest.fixture
def told(tmp_path: Path):
    """Read a configuration from text; what is said where it is refused."""

    def read(text: str) -> Config:
        (tmp_path / "c.toml").write_text(text, encoding="utf-8")
        return load_config(tmp_path / "c.toml")

    return read


@pytest.fixture
def facts(tmp_path: Path):
    def read(text: str) -> DatasetFacts:
        (tmp_path / "dataset.toml").write_text(text, encoding="utf-8")
        return load_facts(tmp_path)

    return read


# --- defaults --------------------------------------------------------------------------------------------------------


def test_the_written_defaults_are_the_defaults(told):
    assert told(default_toml()) == Config() == load_config() == told("")


def test_the_file_in_the_repository_is_the_written_defaults():
    assert (ROOT / "configs" / "default.toml").read_text(encoding="utf-8") == default_toml()


def test_every_choice_stands_in_the_file_with_a_word_about_it():
    text = default_toml()
    for name, field in Config.model_fields.items():
        section = type(field.default)
        assert f"[{name}]" in text
        for key in section.model_fields:
            assert f"\n{key} = " in text or f"\n# {key} = not set" in text, f"{name}.{key}"


def test_the_defaults_are_those_that_were_decided():
    config = Config()
    assert (config.cohort.horizon_days, config.cohort.delay_days, config.cohort.until) == (365, 30, None)
    assert config.cohort.leaving == ("neet", "work", "withdrew")
    assert (config.cohort.up_to_year, config.cohort.min_possible, config.cohort.min_marked) == (13, 10, 0.7)
    assert (config.score.places, config.score.watch, config.score.reasons) == (0.05, 0.10, 3)
    assert config.model.min_leavers == 30
    assert config.tracking.uri.startswith("sqlite:///")


def test_a_configuration_comes_back_from_the_card_of_a_model():
    for cohort in (CohortConfig(), CohortConfig(horizon_days=90), CohortConfig(until=dt.date(2025, 7, 18), as_of=(dt.date(2024, 9, 2),))):
        config = Config(cohort=cohort)
        kept = config.model_dump(mode="json", exclude={"cohort": {"horizon_days"} if cohort.until else set()})
        assert Config.model_validate(kept) == config


def test_the_tables_that_facts_may_name_are_those_there_are():
    assert set(TABLES) == set(TABLE_MODELS)


# --- unknown keys ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[score]\nplacs = 0.1", 'unknown key "score.placs". Did you mean "places"?'),
        ("[scores]\nplaces = 0.1", 'unknown key "scores". Did you mean "score"?'),
        ("[cohort]\nhorizon = 90", 'unknown key "cohort.horizon". Did you mean "horizon_days"?'),
        ("[model]\nmin_leafs = 30", 'unknown key "model.min_leafs". Did you mean "min_leaf"?'),
        ("[tracking]\nurl = 'off'", 'unknown key "tracking.url". Did you mean "uri"?'),
        ("[features]\nexclude = []", 'unknown key "features.exclude". Known names: only, protected, without.'),
        ("seed = 2", 'unknown key "seed". Known names: cohort, features, model, score, search, tracking, validation.'),
    ],
)
def test_an_unknown_choice_is_refused_with_the_nearest_one(told, tmp_path: Path, text: str, said: str):
    with pytest.raises(InputRefused) as refused:
        told(text)
    assert str(refused.value) == f"{tmp_path / 'c.toml'}: {said}"
    assert refused.value.exit_code == 3
    assert refused.value.__suppress_context__


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sesion = 'DAY'", 'unknown key "sesion". Did you mean "session"?'),
        ("[codes.maps]\nI01 = 'I'", 'unknown key "codes.maps". Did you mean "map"?'),
        ("[dates]\nform = 'dmy'", 'unknown key "dates.form". '),
        ("[observed_to]\nattendence = 2025-07-31", 'there is no table "attendence"; Did you mean "attendance"?'),
        ("[columns.attendances]\nmark = 'Mark'", 'there is no table "attendances"; Did you mean "attendance"?'),
    ],
)
def test_an_unknown_fact_is_refused_with_the_nearest_one(facts, text: str, said: str):
    with pytest.raises(InputRefused) as refused:
        facts(text)
    assert said in str(refused.value)
    assert "dataset.toml" in refused.value.where


# --- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[score]\nplaces = 0", '"score.places": Input should be greater than 0'),
        ("[score]\nplaces = 'five'", '"score.places": Input should be a valid number'),
        ("[score]\nplaces = nan", '"score.places": Input should be'),
        ("[score]\nplaces = inf", '"score.places": Input should be'),
        ("[score]\nwatch = nan", '"score.watch": Input should be'),
        ("[score]\nreasons = 0", '"score.reasons": Input should be greater than or equal to 1'),
        ("[model]\ndepth = 9", '"model": depth must lie between 1 and 8'),
        ("[model]\nmin_leaf = 5", '"model": min_leaf must lie between 20 and 1000000000'),
        ("[model]\nmin_leavers = 10", '"model.min_leavers": Input should be greater than or equal to 30'),
        ("[model]\nlearning_rate = 0", '"model.learning_rate": Input should be greater than 0'),
        ("[model]\nlearning_rate = nan", '"model.learning_rate": Input should be'),
        ("[model]\nl2 = nan", '"model.l2": Input should be'),
        ("[model]\nl2 = inf", '"model.l2": Input should be'),
        ("[model]\ncalibration = 'none'", "\"model.calibration\": Input should be 'auto', 'later-cohort' or 'cross-fit'"),
        ("[cohort]\nleaving = ['left']", '"cohort.leaving.0": Input should be'),
        ("[cohort]\nhorizon_days = 1", '"cohort.horizon_days": Input should be greater than or equal to 7'),
        ("[cohort]\nmin_marked = nan", '"cohort.min_marked": Input should be'),
        ("[cohort]\nuntil = 2025-07-18\nhorizon_days = 90", '"cohort": give horizon_days or until, not both'),
        ("[cohort]\nas_of = ['2025-13-01']", '"cohort.as_of.0": Input should be a valid date'),
        ("cohort = 3", '"cohort": Input should be a valid dictionary'),
    ],
)
def test_a_value_that_cannot_work_is_refused_with_its_place(told, text: str, said: str):
    with pytest.raises(InputRefused) as refused:
        told(text)
    assert said in str(refused.value)
    assert "Value error" not in str(refused.value)
    assert "\n" not in refused.value.what


@pytest.mark.parametrize("text", ["[score", "a = 1\na = 2", "places = 0,05", "\x00"])
def test_text_that_is_no_toml_is_refused_with_its_place(told, text: str):
    with pytest.raises(InputRefused, match=r"c\.toml: not readable as TOML \(.* \(at (end of document|line 1, column \d+)\)\)"):
        told(text)


def test_a_file_that_is_missing_or_no_file_or_no_text_is_refused(tmp_path: Path):
    (tmp_path / "latin.toml").write_bytes(b"# \xe9\n")
    for name, said in (("none.toml", "there is no such file"), (".", "not readable as TOML"), ("latin.toml", "not readable as TOML")):
        with pytest.raises(InputRefused, match=said):
            load_config(tmp_path / name)


def test_a_folder_without_facts_has_the_default_ones(tmp_path: Path):
    assert load_facts(tmp_path) == DatasetFacts()


def test_dates_may_be_written_as_dates_or_as_text(told):
    for text in ("as_of = [2024-09-02]", "as_of = ['2024-09-02']"):
        assert told(f"[cohort]\n{text}").cohort.as_of == (dt.date(2024, 9, 2),)


def test_choices_cannot_be_changed_once_made():
    config = ew.load_config()
    for section, name in ((config, "score"), (config.score, "places"), (config.cohort, "until")):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(section, name, None)


def test_every_section_refuses_what_it_does_not_know():
    def sections(model: type[BaseModel]) -> list[type[BaseModel]]:
        inner = [type(f.default) for f in model.model_fields.values() if isinstance(f.default, BaseModel)]
        return [model, *(s for i in inner for s in sections(i))]

    found = [*sections(Config), *sections(DatasetFacts)]
    assert len(found) >= 8
    assert all(section.model_config["extra"] == "forbid" and section.model_config["frozen"] for section in found)
