"""Choices (config.toml) and facts (dataset.toml): TOML to frozen models, unknown keys refused with the nearest name."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from eswarn.errors import InputRefused, nearest

Destination = Literal[
    "completed", "other_school", "alternative_provision", "home_education", "college_or_training",
    "work", "neet", "withdrew", "abroad", "deceased", "unknown",
]  # fmt: skip
TABLES = (
    "attendance", "behaviour", "suspensions", "context", "outcomes", "assessments", "enrolment", "calendar", "term_totals", "extra",
)  # fmt: skip


class Section(BaseModel):
    """A frozen part of a settings file that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)


M = TypeVar("M", bound=Section)


class CohortConfig(Section):
    """Who is asked about, when, and what counts as leaving early."""

    as_of: tuple[dt.date, ...] = Field((), description="As-of dates to train on; empty: the first Monday of each half-term.")
    horizon_days: int = Field(365, ge=7, le=1500, description="Days after the as-of date in which leaving counts.")
    until: dt.date | None = Field(None, description="End of the horizon as a date, instead of horizon_days.")
    delay_days: int = Field(30, ge=0, le=730, description="Reporting delay of the outcomes: a label is mature after horizon + delay.")
    leaving: tuple[Destination, ...] = Field(("neet", "work", "withdrew"), description="Destinations that count as leaving early.")
    up_to_year: int = Field(13, ge=0, le=14, description="Last year group in which those destinations count.")
    min_possible: int = Field(10, ge=1, description="Possible sessions below which no score is given.")
    min_marked: float = Field(0.7, ge=0, le=1, description="Share of open sessions with a mark below which no score is given.")

    @model_validator(mode="after")
    def _one_horizon(self) -> CohortConfig:
        if self.until is not None and "horizon_days" in self.model_fields_set:
            raise ValueError("give horizon_days or until, not both")
        return self


class FeaturesConfig(Section):
    """Which of the shipped features the model sees."""

    only: tuple[str, ...] = Field((), description="Column names to use; empty: every shipped feature that is not protected.")
    without: tuple[str, ...] = Field((), description="Column names to leave out.")
    protected: dict[str, str] = Field(default_factory=dict, description="Protected features to use: name = reason, printed on the card.")


class ModelConfig(Section):
    """How the model is fitted; what is left at "auto" follows from the number of leavers."""

    trees: int | Literal["auto"] = Field("auto", description="Trees of each booster.")
    depth: int | Literal["auto"] = Field("auto", description="Largest depth of a tree, 8 at most: exact reasons cost 3^depth.")
    leaves: int | Literal["auto"] = Field("auto", description="Largest number of leaves of a tree.")
    learning_rate: float = Field(0.1, gt=0, le=1)
    min_leaf: int | Literal["auto"] = Field("auto", description="Training rows in a leaf, 20 at least.")
    average: int | Literal["auto"] = Field("auto", description="Boosters, each of another seed, whose mean the model is.")
    l2: float = Field(10.0, ge=0)
    calibration: Literal["auto", "later-cohort", "cross-fit"] = Field("auto", description="Where the calibration curve comes from.")
    min_leavers: int = Field(30, ge=30, description="Leavers below which training is refused.")
    seed: int = Field(1, ge=0, le=2**31 - 1)

    @model_validator(mode="after")
    def _bounds(self) -> ModelConfig:
        for name, low, high in (("trees", 1, 5000), ("depth", 1, 8), ("leaves", 2, 256), ("min_leaf", 20, 10**9), ("average", 1, 20)):
            value = getattr(self, name)
            if value != "auto" and not low <= value <= high:
                raise ValueError(f"{name} must lie between {low} and {high}")
        return self


class SearchConfig(Section):
    """Whether settings are searched for, on inner cohorts of the training rows only."""

    method: Literal["off", "grid", "optuna"] = Field("off", description='"grid" tries six settings, "optuna" more (extra: eswarn[search]).')
    trials: int = Field(20, ge=2, le=1000, description="Settings that optuna tries.")


class ScoreConfig(Section):
    """How a list is cut: places, the next in line, and the number of reasons."""

    places: float = Field(0.05, gt=0, description='Tier "priority": a share of each school (under 1) or a number in each (1 or more).')
    places_by_year: dict[str, int] = Field(
        default_factory=dict, description='Places for each year group of each school instead, such as {"9" = 5, "10" = 8}; others get none.'
    )
    watch: float = Field(0.10, ge=0, description='Tier "watch": the next in line, as a share or a number.')
    reasons: int = Field(3, ge=1, le=10, description="Reasons given with each score.")

    @model_validator(mode="after")
    def _whole_numbers(self) -> ScoreConfig:
        for name, value in (("places", self.places), ("watch", self.watch)):
            if value >= 1 and value != int(value):
                raise ValueError(f"{name} is a share under 1 or a whole number of pupils")
        for year, value in self.places_by_year.items():
            if not re.fullmatch(r"-?[0-9]{1,2}", year) or value < 0:
                raise ValueError('places_by_year names year groups and numbers of pupils, such as {"9" = 5}')
        return self


class ValidationConfig(Section):
    """How the procedure is tested on later cohorts."""

    in_training: bool = Field(True, description="Test the procedure with each training, so that the model's card says how it does.")
    folds: int = Field(3, ge=1, le=20, description="Later cohorts to be tested on, the latest first; a training takes the latest only.")
    parts: int = Field(5, ge=2, le=50, description="Parts in which schools are held out whole.")
    refits: int = Field(20, ge=2, le=200, description="Models fitted again to see which places are an accident of the draw.")
    draws: int = Field(2000, ge=200, le=100_000, description="Bootstrap draws of whole schools behind each interval.")
    margin: float = Field(0.1, gt=0, lt=1, description="Gap between groups that would be called none; written down before looking.")
    seed: int = Field(1, ge=0, le=2**31 - 1)


class TrackingConfig(Section):
    """Where runs are recorded."""

    uri: str = Field("sqlite:///eswarn-runs/mlflow.db", description='MLflow tracking URI, or "off".')
    experiment: str = "eswarn"
    model_name: str = "eswarn"


class Config(Section):
    """Every choice that changes a number, with its default."""

    cohort: CohortConfig = CohortConfig()
    features: FeaturesConfig = FeaturesConfig()
    model: ModelConfig = ModelConfig()
    search: SearchConfig = SearchConfig()
    score: ScoreConfig = ScoreConfig()
    validation: ValidationConfig = ValidationConfig()
    tracking: TrackingConfig = TrackingConfig()


class DateFacts(Section):
    """How dates are written, where the files alone cannot prove it."""

    order: Literal["ymd", "dmy", "mdy"] | None = Field(None, description="Order of day, month and year.")


class CodeFacts(Section):
    """Local register codes and what they stand for in the statutory table."""

    map: dict[str, str] = Field(default_factory=dict, description="Local code = statutory code, or - for no mark.")


class DatasetFacts(Section):
    """dataset.toml: facts about a folder of export files that the files cannot tell themselves."""

    profile: Literal["england", "us", "neutral"] = Field("england", description="Whose register codes these are.")
    session: Literal["AM/PM", "DAY"] = Field("AM/PM", description="Two marks a day, or one.")
    school: str | None = Field(
        None, min_length=1, max_length=40, description="The one school of the files, where they have no column for it."
    )
    encoding: Literal["utf-8", "cp1252", "utf-16"] = Field("utf-8", description="How text files are encoded.")
    academic_year: str | None = Field(
        None, pattern=r"^20[0-9]{2}/[0-9]{2}$", description='Year of dates that are written without one, such as "2025/26".'
    )
    terms: dict[str, str] = Field(default_factory=dict, description='Term of each census file: "its name" = "autumn 2025".')
    marks: Literal["all", "absences"] = Field("all", description="Whether every session has a mark, or only absences are kept.")
    dates: DateFacts = DateFacts()
    observed_to: dict[str, dt.date] = Field(default_factory=dict, description="Table = last day on which it was followed.")
    columns: dict[str, dict[str, str]] = Field(default_factory=dict, description="Table.column = header in the files.")
    codes: CodeFacts = CodeFacts()

    @model_validator(mode="after")
    def _tables_known(self) -> DatasetFacts:
        for part in (self.observed_to, self.columns):
            for name in part:
                if name not in TABLES:
                    raise ValueError(f'there is no table "{name}"; {nearest(name, TABLES)}')
        return self


def load_config(path: str | Path | None = None) -> Config:
    """Read choices from a TOML file; the defaults where ``path`` is None.

    Raises
    ------
    InputRefused
        The file is missing, is not TOML, or holds an unknown key (the nearest known one is named) or a value out of range.
    """
    return Config() if path is None else _read(Path(path), Config)


def load_facts(folder: str | Path) -> DatasetFacts:
    """Read ``dataset.toml`` from a folder of export files; the defaults where there is none."""
    path = Path(folder) / "dataset.toml"
    return _read(path, DatasetFacts) if path.exists() else DatasetFacts()


def default_toml() -> str:
    """Write the default choices as commented TOML: the text of ``configs/default.toml``."""
    lines = ["# Every choice with its default. Generated from eswarn/config.py by `make config`; do not edit by hand."]
    for name, field in Config.model_fields.items():
        section = field.default
        lines += ["", f"# {(type(section).__doc__ or '').strip()}", f"[{name}]"]
        for key, inner in type(section).model_fields.items():
            value = getattr(section, key)
            lines += [f"# {inner.description}"] if inner.description else []
            lines.append(f"# {key} = not set" if value is None else f"{key} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + "}"
    return str(value)


def _read(path: Path, model: type[M]) -> M:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputRefused("there is no such file", where=str(path)) from None
    except (ValueError, RecursionError, OSError) as error:  # not TOML, not UTF-8, a number or nesting beyond Python, not a file
        raise InputRefused(f"not readable as TOML ({error})", where=str(path)) from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise InputRefused(_explain(error, model), where=str(path)) from None


_REMEDY = {
    "school": 'write it in quotes:  school = "9994001"  (a number would lose its leading zeros)',
    "academic_year": 'write it in quotes:  academic_year = "2025/26"',
    "observed_to": "it is a table:  [observed_to]  on a line of its own, and below it  outcomes = YYYY-MM-DD",
}


def _explain(error: ValidationError, model: type[Section]) -> str:
    """Turn pydantic's first complaint into one sentence that names the key."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        told = _REMEDY.get(place) if first["type"] in {"string_type", "dict_type"} else None
        told = told or first["msg"].removeprefix("Value error, ")
        return f'"{place}": {told}' if place else told
    known: type[BaseModel] = model
    for part in first["loc"][:-1]:
        known = type(known.model_fields[str(part)].get_default(call_default_factory=True))
    return f'unknown key "{place}". {nearest(str(first["loc"][-1]), known.model_fields)}'
