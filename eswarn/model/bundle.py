"""A model as a folder of text files with a manifest; every byte is checked against it before anything is parsed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eswarn.config import CohortConfig
from eswarn.errors import InputRefused, ModelRefused, UsageError
from eswarn.features.feature import Feature, as_features
from eswarn.features.library import FEATURES
from eswarn.folders import complete_or_absent
from eswarn.model.booster import booster_from, raw_scores
from eswarn.model.curve import Curve, Floats
from eswarn.model.layout import Layout
from eswarn.model.reasons import Teller
from eswarn.model.reference import Reference
from eswarn.model.shapley import Explained, Explainer
from eswarn.model.trees import Trees, read_trees

if TYPE_CHECKING:
    import lightgbm

    from eswarn.features.compute import Dataset

FORMAT = 1
FILES = ("booster.txt", "calibration.json", "card.json", "reference.json")
LARGEST = 128 * 1024 * 1024  # bytes of reference.json: 300,000 rows against 1,000 trees of 63 leaves take 75 MB
_PART = {"reference.json": 1, "booster.txt": 4}  # of that: how much a file may hold; the others a 32nd
MOST_BRACKETS = 1_000_000  # lists and objects in a file: an empty one is 3 characters to send and 64 bytes to hold


@dataclass(frozen=True)
class Model:
    """A trained model: trees, calibration curve, what is typical, and its card.

    Attributes
    ----------
    booster_text : str
        LightGBM's model text, without anything that describes single pupils.
    curve : Curve
        Raw score to calibrated chance.
    reference : mapping
        What scores are compared with: ``typical``, rounded medians of the training cohort by year group ("9" to column to value),
        and the pattern counts of the cohort as `Reference.plain` gives them.
    card : mapping
        How it was trained, on whom, with which features; plain values.
    declared : sequence of Feature
        Where the features on the card are looked up; part of no file.
    """

    booster_text: str
    curve: Curve
    reference: Mapping[str, Any]
    card: Mapping[str, Any]
    declared: Sequence[Feature] = field(default=FEATURES, compare=False, repr=False)

    @property
    def id(self) -> str:
        """SHA-256 of the manifest: the name under which scores remember their model."""
        return hashlib.sha256(self._files["manifest.json"]).hexdigest()

    @cached_property
    def _files(self) -> dict[str, bytes]:
        files = {
            "booster.txt": self.booster_text.encode(),
            "calibration.json": _json({"method": self.curve.method, "raw": self.curve.raw, "risk": self.curve.risk}),
            "card.json": _json(self.card),
            "reference.json": _json(self.reference),
        }
        sums = {name: hashlib.sha256(files[name]).hexdigest() for name in FILES}
        return files | {"manifest.json": _json({"eswarn_model": FORMAT, "files": sums})}

    @cached_property
    def trees(self) -> Trees:
        """The trees, as eswarn's own reader reads them."""
        return read_trees(self.booster_text)

    @cached_property
    def booster(self) -> lightgbm.Booster:
        """The trees, ready to predict."""
        return booster_from(self.trees)

    @cached_property
    def explainer(self) -> Explainer:
        """Exact interventional Shapley values, against the whole training cohort."""
        try:
            layout = Layout(self.trees)
            return Explainer(layout, Reference.from_plain(self.reference, layout))
        except ModelRefused as error:
            raise ModelRefused(error.what, where=f"model {self.id[:12]}", do=error.do) from None

    def raw(self, data: Dataset) -> Floats:
        """Raw score of each row of a data set, which has the columns of the model and may have others."""
        return raw_scores(self.booster, data.X[[told["column"] for told in self.card["features"]]].to_numpy(float))

    def explain(self, table: Floats) -> Explained:
        """Raw scores as LightGBM gives them, and their Shapley values.

        Parameters
        ----------
        table : array of shape (n, features)
            Feature values in the order of the card; missing is NaN.

        Raises
        ------
        OurBug
            The values of some row do not add up to its raw score, within 1e-9.
        """
        told = self.explainer(table)
        return Explained(told.values, told.base, raw_scores(self.booster, table))

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """Declarations of the columns, in order.

        Raises
        ------
        ModelRefused
            A feature is not declared, or no longer means what it meant when the model was trained.
        """
        declared = {f.column: f for f in self.declared}
        found = []
        for told in self.card["features"]:
            feature = declared.get(told["column"])
            if feature is None or feature.fingerprint != told["fingerprint"]:
                what = f'the feature "{told["column"]}" is not the one this model was trained on'
                do = "Score with the version of eswarn on the model's card, give load() the features it was trained with, or train again."
                raise ModelRefused(what, where=f"model {self.id[:12]}", do=do)
            try:  # the model speaks as it did when it was made
                said = {name: told[name] for name in ("theme", "says", "silent")}
                found.append(replace(feature, **said, reads_as=told.get("reads_as", feature.reads_as)))
            except UsageError as error:
                raise ModelRefused(f"its words cannot be said: {error.what}", where=f"model {self.id[:12]}") from None
        return tuple(found)

    @property
    def teller(self) -> Teller:
        """Tells reasons in the words of the features."""
        return Teller(self.features, self.reference["typical"], float(self.card["explanations"]["refit_noise"]))

    def save(self, folder: str | Path) -> Path:
        """Write the model as a folder of text files.

        Raises
        ------
        InputRefused
            The folder exists; nothing is overwritten.
        """
        with complete_or_absent(Path(folder)) as draft:
            self.write_into(draft)
        return Path(folder)

    def write_into(self, folder: Path) -> None:
        """Write the files of the model into an existing folder."""
        for name, content in self._files.items():
            (folder / name).write_bytes(content)

    def __repr__(self) -> str:
        return f"Model({self.id[:12]}, {len(self.card['features'])} features, trained on {self.card['cohort']['rows']:,} rows)"


def load_model(folder: str | Path, features: Sequence[Feature] | None = None) -> Model:
    """Read a model folder, after checking every byte against its manifest.

    Its features are looked up among those given, at once; where none are, among the shipped ones and not before they are needed.

    Raises
    ------
    ModelRefused
        A file is missing, foreign, too large, or not the one the manifest names; or a feature is not among those given.
    UsageError
        What was given is no sequence of features.
    """
    declared = FEATURES if features is None else as_features(features)
    path = Path(folder)
    if not path.is_dir():
        raise InputRefused("there is no such model folder", where=str(path), do="Give the folder that `eswarn train --out` wrote.")
    sealed = _bytes(path, "manifest.json")
    manifest = _parsed(sealed, "manifest.json", path)
    sums = manifest.get("files") if isinstance(manifest, dict) and manifest.get("eswarn_model") == FORMAT else None
    if not isinstance(sums, dict) or set(sums) != set(FILES):
        raise ModelRefused("the manifest is not that of an eswarn model", where=str(path / "manifest.json"))
    files = {name: _bytes(path, name) for name in FILES}
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != sums[name]:
            raise ModelRefused("its bytes are not those the manifest names; it was not read", where=str(path / name),
                               do="Take the model from where it was trained, or from the tracking store, again.")  # fmt: skip
    if {p.name for p in path.iterdir()} - {*FILES, "manifest.json"}:  # not named: a file may be called after a pupil
        raise ModelRefused("the folder holds something that is no part of a model", where=str(path), do="Remove what is not eswarn's.")
    try:
        curve = _parsed(files["calibration.json"], "calibration.json", path)
        model = Model(
            files["booster.txt"].decode(), Curve(curve["method"], tuple(map(float, curve["raw"])), tuple(map(float, curve["risk"]))),
            _parsed(files["reference.json"], "reference.json", path), _parsed(files["card.json"], "card.json", path), declared,
        )  # fmt: skip
        _look_through(model)
        same = hashlib.sha256(sealed).hexdigest() == model.id
    except ModelRefused as error:
        raise ModelRefused(error.what, where=error.where or str(path / "booster.txt"), do=error.do) from None
    except (ArithmeticError, AttributeError, KeyError, RecursionError, TypeError, ValueError):
        raise ModelRefused("its files do not have the parts of an eswarn model", where=str(path)) from None
    if not same:
        raise ModelRefused("the model is not written as eswarn writes models", where=str(path))
    if features is not None:
        _ = model.features
    return model


def _look_through(model: Model) -> None:
    """Touch every part that scoring needs, so that one that is missing is found here and not later."""
    card = model.card
    _ = [{name: told[name] + "" for name in ("column", "fingerprint", "theme", "says", "silent")} for told in card["features"]]
    _ = card["cohort"]["said"] + "", card["cohort"]["rows"] + 0, CohortConfig.model_validate(card["config"]["cohort"])
    _ = [float(value + 0) for medians in model.reference["typical"].values() for value in medians.values()]
    _ = float(card["explanations"]["refit_noise"] + 0), float(card["explanations"]["place_noise"] + 0)
    if not 0 <= model.curve.risk[0] < model.curve.risk[-1] <= 1 or model.curve.method not in ("sigmoid", "isotonic"):
        raise ValueError("the curve does not give chances")
    if model.trees.features != len({told["column"] for told in card["features"]}) or model.trees.features != len(card["features"]):
        raise ValueError("the trees do not have as many features as the card")


def _bytes(path: Path, name: str) -> bytes:
    file = path / name
    try:
        if file.is_symlink() or not file.is_file() or file.stat().st_size > LARGEST // _PART.get(name, 32):
            raise ModelRefused("missing, a link, or too large for a model file", where=str(file))
        return file.read_bytes()
    except OSError as error:
        raise ModelRefused(f"not readable ({error.strerror})", where=str(file)) from None


def _parsed(content: bytes, name: str, path: Path) -> Any:
    if content.count(b"[") + content.count(b"{") > MOST_BRACKETS:
        raise ModelRefused("it holds too many lists and objects for a model file", where=str(path / name))
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise ModelRefused("not readable as JSON", where=str(path / name)) from None


def _json(content: Any) -> bytes:
    """Text that a person can read and that is the same for the same content: sorted keys, numbers of a list on one line."""
    return (_laid_out(content, "\n") + "\n").encode()


def _laid_out(content: Any, margin: str) -> str:
    inner = margin + " "
    if isinstance(content, Mapping) and content:
        parts = [f"{_encoded(name)}: {_laid_out(content[name], inner)}" for name in sorted(content)]
        return "{" + inner + f",{inner}".join(parts) + margin + "}"
    if isinstance(content, list | tuple) and content:
        if all(type(value) in (int, float) for value in content):  # the many counts of a reference: encoded at once
            return "[" + inner + _encoded(content)[1:-1] + margin + "]"
        first, *others = (_laid_out(value, inner) for value in content)
        return "[" + inner + first + "".join((", " if o[0] in "-0123456789" else f",{inner}") + o for o in others) + margin + "]"
    return _encoded(content)


_encoded = json.JSONEncoder(allow_nan=False, ensure_ascii=False).encode
