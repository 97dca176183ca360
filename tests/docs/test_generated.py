"""Files made from code are in step with it: default choices, tables, schema, features."""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from eswarn.config import Config, default_toml, load_config
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


@pytest.mark.parametrize("table", TABLE_MODELS)
def test_the_schema_of_a_table_uses_only_the_words_of_json_schema(table: str) -> None:
    text = (ROOT / "docs" / "schema" / f"{table}.json").read_text(encoding="utf-8")
    assert not re.search(r'"(ge|le|gt|lt)":', text), "pydantic left a bound untranslated; others would not read it as one"


@pytest.mark.parametrize("table", TABLE_MODELS)
def test_the_page_of_tables_names_every_column(generate: ModuleType, table: str) -> None:
    section = generate.records_page().split(f"\n## {table}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1].strip().strip("`") for line in section.splitlines() if line.startswith("| `")]
    assert rows == list(TABLE_MODELS[table].model_fields)
