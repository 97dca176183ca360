"""Files made from code are in step with it: default choices, tables, schema, features."""

from __future__ import annotations

import importlib.util
import re
import shutil
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from eswarn.config import Config, DatasetFacts, default_toml, load_config
from eswarn.records.codes import PROFILES, code_table
from eswarn.records.plan import READERS
from eswarn.records.tables import TABLE_MODELS
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_made_file_is_in_step_with_the_code(generate: ModuleType) -> None:
    assert generate.out_of_step() == [], "run make docs and commit what it writes"


def test_a_file_out_of_step_missing_or_left_over_is_seen(generate: ModuleType, tmp_path: Path) -> None:
    assert set(generate.write([], tmp_path)) == set(generate.MADE)
    assert generate.out_of_step(tmp_path) == []
    assert generate.write([], tmp_path) == []
    (tmp_path / "docs" / "records.md").write_text("old", encoding="utf-8")
    (tmp_path / "docs" / "schema" / "context.json").unlink()
    shutil.copy(tmp_path / "docs" / "schema" / "outcomes.json", tmp_path / "docs" / "schema" / "marks.json")
    assert generate.out_of_step(tmp_path) == ["docs/records.md", "docs/schema/context.json", "docs/schema/marks.json"]


def test_the_default_choices_read_back_as_the_defaults(tmp_path: Path) -> None:
    assert (ROOT / "configs" / "default.toml").read_text(encoding="utf-8") == default_toml()
    assert load_config(ROOT / "configs" / "default.toml") == Config()


def test_the_example_of_dataset_toml_can_be_read_and_every_fact_is_told(generate: ModuleType) -> None:
    section = generate.records_page().split("\n## dataset.toml\n")[1]
    DatasetFacts.model_validate(tomllib.loads(section.split("```toml\n")[1].split("```")[0]))
    told = set(re.findall(r"^\| `([a-z_]+)", section, flags=re.MULTILINE))
    assert told == set(DatasetFacts.model_fields)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_page_of_tables_names_every_register_code(generate: ModuleType, profile: str) -> None:
    section = generate.records_page().split(f"\n### Profile {profile}\n")[1].split("\n##")[0]
    assert set(re.findall(r"^\| `([^`]+)` \|", section, flags=re.MULTILINE)) == code_table(profile).codes


def test_the_page_of_modules_names_every_module(generate: ModuleType) -> None:
    named = re.findall(r"\(\.\./(eswarn/\S+\.py)\)", generate.modules_page())
    there = [path.relative_to(ROOT).as_posix() for path in (ROOT / "eswarn").rglob("*.py")]
    assert sorted(named) == sorted(path for path in there if not path.endswith(("__init__.py", "__main__.py")))


SECTION_OF = {
    "Common Transfer File (XML)": "Common Transfer File", "Wonde": "Wonde answers", "Ed-Fi": "Ed-Fi resources", "OneRoster": "OneRoster",
    "termly school census (CSV)": "Termly school census", "register grid": "Register grid", "mark strings": "Mark strings",
    "workbook": "Long table", "table": "Long table",
}  # fmt: skip


@pytest.mark.parametrize("reader", [reader.NAME for reader in READERS])
def test_the_page_of_formats_says_of_every_reader_what_it_refuses_and_runs_an_example(reader: str) -> None:
    page = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    section = page.split(f"\n## {SECTION_OF[reader]}\n")[1].split("\n## ")[0]
    assert re.search(r"^\*(Refused|Rejected)\*: ", section, flags=re.MULTILINE)
    assert "\n>>> show(" in section


@pytest.mark.parametrize("table", TABLE_MODELS)
def test_the_schema_of_a_table_uses_only_the_words_of_json_schema(table: str) -> None:
    text = (ROOT / "docs" / "schema" / f"{table}.json").read_text(encoding="utf-8")
    assert not re.search(r'"(ge|le|gt|lt)":', text), "pydantic left a bound untranslated; others would not read it as one"


@pytest.mark.parametrize("table", TABLE_MODELS)
def test_the_page_of_tables_names_every_column(generate: ModuleType, table: str) -> None:
    section = generate.records_page().split(f"\n## {table}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1].strip().strip("`") for line in section.splitlines() if line.startswith("| `")]
    assert rows == list(TABLE_MODELS[table].model_fields)
