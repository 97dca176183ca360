"""A model folder: the same bytes for the same model, refused at one changed byte before anything is parsed, and nobody's data in it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eswarn.errors import InputRefused, ModelRefused, UsageError
from eswarn.features.library import FEATURES
from eswarn.model import bundle
from eswarn.model.bundle import FILES, Model, load_model
from eswarn.model.curve import Curve
from eswarn.model.trees import Trees
from tests import made_up_school

ALL = (*FILES, "manifest.json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(made_up_school.model_folder(), tmp_path / "model"))


@pytest.fixture(autouse=True)
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[Trees]:
    """All trees that were handed to LightGBM while a folder was loaded."""
    handed: list[Trees] = []
    real = bundle.booster_from
    monkeypatch.setattr(bundle, "booster_from", lambda trees: handed.append(trees) or real(trees))
    return handed


def rewritten(folder: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Change files and put their new hashes into the manifest, as a forger would."""
    files = {name: (folder / name).read_bytes() for name in FILES}
    change(files)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    (folder / "manifest.json").write_text(json.dumps({"eswarn_model": 1, "files": sums}, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def card(files: dict[str, bytes], change: Callable[[dict], None]) -> None:
    """Change the card, written as eswarn writes it."""
    told = json.loads(files["card.json"])
    change(told)
    files["card.json"] = bundle._json(told)


# --- what comes back -------------------------------------------------------------------------------------------------


def test_a_model_comes_back_as_it_was(folder: Path):
    model, again = made_up_school.model(), load_model(folder)
    assert again == model
    assert again.id == model.id == hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    X = made_up_school.dataset().X.to_numpy()
    assert again.booster.predict(X, raw_score=True).tobytes() == model.booster.predict(X, raw_score=True).tobytes()
    assert again.curve(np.linspace(-9, 3, 999)).tobytes() == model.curve(np.linspace(-9, 3, 999)).tobytes()


def test_saved_again_it_is_the_same_bytes(folder: Path, tmp_path: Path):
    load_model(folder).save(tmp_path / "again")
    assert {name: (tmp_path / "again" / name).read_bytes() for name in ALL} == {name: (folder / name).read_bytes() for name in ALL}
    assert sorted(p.name for p in (tmp_path / "again").iterdir()) == sorted(ALL)


def test_it_is_text_that_a_person_can_read(folder: Path):
    for name in ALL:
        text = (folder / name).read_text(encoding="utf-8")
        assert text.isprintable() or all(line.isprintable() for line in text.splitlines())
    assert json.loads((folder / "card.json").read_text())["purpose"].startswith("Ranks pupils on roll")


def test_nothing_is_written_over_a_folder_that_exists(folder: Path):
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    with pytest.raises(InputRefused, match="exists already"):
        made_up_school.model().save(folder)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before
    assert not folder.with_name("model.tmp").exists()


# --- one changed byte ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_one_changed_byte_anywhere_is_refused_before_it_is_parsed(folder: Path, name: str, parsed: list[Trees]):
    whole = (folder / name).read_bytes()
    rng = np.random.default_rng(len(whole))
    places = {0, len(whole) // 2, len(whole) - 1, *rng.integers(0, len(whole), 40).tolist()}
    for place in sorted(places):
        for mask in (0x01, 0x20, 0x80):
            damaged = bytearray(whole)
            damaged[place] ^= mask
            (folder / name).write_bytes(bytes(damaged))
            with pytest.raises(ModelRefused) as told:
                load_model(folder)
            assert told.value.exit_code == 4
            assert told.value.__cause__ is None
    assert parsed == []
    (folder / name).write_bytes(whole)
    assert load_model(folder).booster.num_trees() > 0
    assert len(parsed) == 1, "the control: a whole model is parsed"


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("cut", [b"", b"half", b"more"])
def test_a_file_cut_short_or_grown_is_refused(folder: Path, name: str, cut: bytes, parsed: list[Trees]):
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes({b"": b"", b"half": whole[: len(whole) // 2], b"more": whole + b"\n"}[cut])
    with pytest.raises(ModelRefused):
        load_model(folder)
    assert parsed == []


@pytest.mark.parametrize("name", ALL)
def test_a_missing_file_is_refused(folder: Path, name: str):
    (folder / name).unlink()
    with pytest.raises(ModelRefused, match="missing, a link, or too large") as told:
        load_model(folder)
    assert name in told.value.where


@pytest.mark.parametrize("name", ALL)
def test_a_link_a_folder_or_a_giant_in_the_place_of_a_file_is_refused(
    folder: Path, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    aside = tmp_path / "aside"
    (folder / name).rename(aside)
    (folder / name).symlink_to(aside)
    with pytest.raises(ModelRefused, match="a link"):
        load_model(folder)
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(ModelRefused, match="missing"):
        load_model(folder)
    (folder / name).rmdir()
    aside.rename(folder / name)
    monkeypatch.setattr(bundle, "LARGEST", (folder / name).stat().st_size - 1)
    with pytest.raises(ModelRefused, match="too large"):
        load_model(folder)


@pytest.mark.parametrize("name", ["extra.txt", ".hidden", "booster.txt.bak", "model.pkl", "folder/"])
def test_anything_more_in_the_folder_is_refused(folder: Path, name: str):
    (folder / name).mkdir() if name.endswith("/") else (folder / name).write_bytes(b"x")
    with pytest.raises(ModelRefused, match="no part of a model"):
        load_model(folder)


def test_swapped_files_are_refused(folder: Path):
    card, reference = (folder / "card.json").read_bytes(), (folder / "reference.json").read_bytes()
    (folder / "card.json").write_bytes(reference)
    (folder / "reference.json").write_bytes(card)
    with pytest.raises(ModelRefused):
        load_model(folder)


@pytest.mark.parametrize(
    "manifest",
    [
        "", "null", "[]", "{}", "7", '"x"', "{", "[" * 100_000, '{"eswarn_model": 1}', '{"eswarn_model": 1' + "0" * 5_000 + "}",
        '{"eswarn_model": 1, "files": null}', '{"eswarn_model": 1, "files": 7}',
        json.dumps({"eswarn_model": 1, "files": list(FILES)}), json.dumps({"eswarn_model": 1, "files": dict.fromkeys(FILES)}),
        json.dumps({"eswarn_model": 1, "files": dict.fromkeys(FILES, 0)}),
        json.dumps({"eswarn_model": 2, "files": dict.fromkeys(FILES, "0")}),
    ],
)  # fmt: skip
def test_a_manifest_of_any_other_shape_is_refused(folder: Path, manifest: str):
    (folder / "manifest.json").write_text(manifest, encoding="utf-8")
    with pytest.raises(ModelRefused):
        load_model(folder)


def test_a_manifest_that_says_more_or_is_laid_out_otherwise_is_refused(folder: Path):
    whole = json.loads((folder / "manifest.json").read_bytes())
    for other in (whole | {"note": "x"}, whole):
        (folder / "manifest.json").write_text(json.dumps(other), encoding="utf-8")
        with pytest.raises(ModelRefused, match="not written as eswarn writes"):
            load_model(folder)


# --- forged with a manifest that fits --------------------------------------------------------------------------------

FORGED: dict[str, Callable[[dict[str, bytes]], None]] = {
    "a card of another layout": lambda f: f.update({"card.json": f["card.json"] + b"\n"}),
    "a card that is a list": lambda f: f.update({"card.json": b"[]\n"}),
    "a card without features": lambda f: card(f, lambda c: c.pop("features")),
    "a feature without a fingerprint": lambda f: card(f, lambda c: c["features"][0].pop("fingerprint")),
    "a feature that says a number": lambda f: card(f, lambda c: c["features"][0].update(says=7)),
    "fewer features than the trees": lambda f: card(f, lambda c: c["features"].pop()),
    "a card without a cohort": lambda f: card(f, lambda c: c.pop("cohort")),
    "a configuration nobody can use": lambda f: card(f, lambda c: c["config"]["cohort"].update(horizon_days=-1)),
    "a card with NaN": lambda f: f.update({"card.json": f["card.json"].replace(b'"base_rate": 0', b'"base_rate": NaN, "x": 0')}),
    "a falling curve": lambda f: f.update({"calibration.json": bundle._json({"method": "sigmoid", "raw": [0, 1], "risk": [0.5, 0.4]})}),
    "a curve of words": lambda f: f.update(
        {"calibration.json": bundle._json({"method": "sigmoid", "raw": ["a", "b"], "risk": [0.1, 0.4]})}
    ),
    "a curve without knots": lambda f: f.update({"calibration.json": b"{}\n"}),
    "typical values of words": lambda f: f.update({"reference.json": bundle._json({"typical": {"9": {"a": "x"}}})}),
    "typical values of nothing": lambda f: f.update({"reference.json": bundle._json({"typical": 7})}),
    "trees that are not text": lambda f: f.update({"booster.txt": b"\xff\xfe"}),
    "trees without a header": lambda f: f.update({"booster.txt": b"tree\n"}),
    "JSON as deep as a well": lambda f: f.update({"reference.json": b"[" * 100_000}),
}


@pytest.mark.parametrize("name", FORGED)
def test_parts_that_do_not_make_a_model_are_refused_even_where_the_manifest_fits(folder: Path, name: str, parsed: list[Trees]):
    rewritten(folder, FORGED[name])
    with pytest.raises(ModelRefused):
        load_model(folder)
    assert parsed == []


def test_a_forgery_that_changes_nothing_is_the_control(folder: Path):
    rewritten(folder, lambda files: None)
    assert load_model(folder).id == made_up_school.model().id


# --- features --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "value"), [("fingerprint", "0" * 64), ("column", "absence_last_11_days")])
def test_a_feature_that_no_longer_means_what_it_meant_is_refused(folder: Path, key: str, value: str):
    rewritten(folder, lambda files: card(files, lambda c: c["features"][3].update({key: value})))
    with pytest.raises(ModelRefused, match="is not the one this model was trained on") as told:
        _ = load_model(folder).features
    assert "train again" in told.value.do
    with pytest.raises(ModelRefused, match="is not the one this model was trained on"):
        load_model(folder, FEATURES)  # at once, where features were given


def test_features_that_are_given_are_looked_up_at_once(folder: Path):
    assert load_model(folder, FEATURES).id == made_up_school.model().id
    with pytest.raises(ModelRefused, match=f'"{FEATURES[0].column}" is not the one this model was trained on'):
        load_model(folder, FEATURES[1:])
    with pytest.raises(UsageError, match="features is a sequence"):
        load_model(folder, FEATURES[0])  # type: ignore[arg-type]


def test_words_that_cannot_be_said_are_refused(folder: Path):
    rewritten(folder, lambda files: card(files, lambda c: c["features"][0].update(says="was away")))
    with pytest.raises(ModelRefused, match="its words cannot be said: the sentence leaves out the value"):
        load_model(folder, FEATURES)


def test_how_a_feature_reads_is_on_the_card(folder: Path):
    free = next(i for i, told in enumerate(made_up_school.model().card["features"]) if told["more_is"] == "either" and told["reads_as"])
    assert load_model(folder).features[free].read_sign != 0
    rewritten(folder, lambda files: card(files, lambda c: c["features"][free].update(reads_as=None)))
    assert load_model(folder).features[free].read_sign == 0


def test_a_model_speaks_as_it_did_when_it_was_made(folder: Path):
    rewritten(folder, lambda files: card(files, lambda c: c["features"][0].update(says="was away for {value} {window}")))
    assert load_model(folder).features[0].sentence(0.5) == "was away for 50 % in the last 5 school days"


# --- nobody's data ---------------------------------------------------------------------------------------------------


def test_no_pupil_and_no_school_is_named_in_the_folder(folder: Path):
    told = made_up_school.records()
    names = {str(v) for table in told.tables.values() for column in ("pupil_id", "school_id") for v in table[column].unique().to_pylist()}
    assert len(names) > 600
    for name in ALL:
        text = (folder / name).read_text(encoding="utf-8")
        words = set(re.findall(r"[A-Za-z0-9]+", text))
        assert not names & words, name
    assert names & set(re.findall(r"[A-Za-z0-9]+", made_up_school.scores().frame.to_csv())), "the control: they would be found"


def test_nobody_is_the_smallest_or_the_largest_in_the_model_text(folder: Path):
    infos = re.search(r"^feature_infos=(.*)$", (folder / "booster.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert infos
    assert set(infos[1].split()) == {"[-1e+300:1e+300]"}


def test_every_leaf_holds_at_least_twenty_training_rows(folder: Path):
    lines = re.findall(r"^leaf_count=(.*)$", (folder / "booster.txt").read_text(encoding="utf-8"), re.MULTILINE)
    counts = [int(n) for line in lines for n in line.split()]
    assert len(lines) == load_model(folder).booster.num_trees()
    assert min(counts) >= 20


def test_typical_values_have_two_decimals_at_most(folder: Path):
    told = json.loads((folder / "reference.json").read_bytes())["typical"]
    assert {"all", "9"} <= set(told)
    assert all(value == round(value, 2) for medians in told.values() for value in medians.values())


# --- identity --------------------------------------------------------------------------------------------------------


def test_the_id_changes_with_every_part():
    model = made_up_school.model()
    others = [
        replace(model, booster_text=model.booster_text + "\n"),
        replace(model, curve=Curve("sigmoid", model.curve.raw, (*model.curve.risk[:-1], 0.99999))),
        replace(model, reference={**model.reference, "typical": {}}),
        replace(model, card={**model.card, "purpose": "none"}),
    ]
    assert len({model.id, *(other.id for other in others)}) == 5
    assert Model(model.booster_text, model.curve, model.reference, model.card).id == model.id


def test_a_place_that_is_no_folder_is_a_mistake_of_the_caller(tmp_path: Path, folder: Path):
    for place in (tmp_path / "nowhere", folder / "card.json"):
        with pytest.raises(InputRefused, match="no such model folder"):
            load_model(place)
