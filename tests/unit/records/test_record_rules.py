"""The words of the rules: every one says what to do, and none repeats a value."""

from __future__ import annotations

import json
from typing import Any, get_type_hints

import pytest
from pydantic import ConfigDict, TypeAdapter, ValidationError

from eswarn.records.rules import DO, OWN, Rule, explain
from eswarn.records.tables import GRAIN, TABLE_MODELS, arrow_schema, column, json_schema
from tests.conftest import ROOT

CANARY = "Q7zcanary"
HOSTILE = [
    CANARY,
    f"{CANARY}\n",
    f"{CANARY} {CANARY}",
    "9" * 400,
    "-1",
    "99",
    "1e999",
    "nan",
    "2024-02-30",
    "1066-10-14",
    "#REF!",
    "1.5",
    "",
    CANARY * 99,
]


def _errors(table: str, name: str, text: str) -> list[Any]:
    hint = get_type_hints(TABLE_MODELS[table], include_extras=True)[name]
    try:
        TypeAdapter(hint, config=ConfigDict(allow_inf_nan=False)).validate_python(text)
    except ValidationError as error:
        return error.errors(include_input=False, include_url=False)
    return []


@pytest.mark.parametrize("table", TABLE_MODELS)
def test_every_complaint_of_a_row_model_has_plain_words_and_holds_no_value(table: str) -> None:
    seen = 0
    for name in TABLE_MODELS[table].model_fields:
        for text in HOSTILE:
            for error in _errors(table, name, text):
                rule, words = explain(error)
                assert rule in DO
                assert words
                assert "{" not in words
                assert "canary" not in words
                assert "datetime" not in words
                assert "not a value of this column" not in words, (name, text, error)
                seen += 1
    assert seen > 20


@pytest.mark.parametrize(
    ("table", "name", "text", "explanation"),
    [
        ("attendance", "date", "1066-10-14", ("out_of_range", "below 1990-01-01")),
        ("attendance", "session", "Noon", ("unknown_value", "not AM, PM or DAY")),
        ("attendance", "minutes_late", "601", ("out_of_range", "above 600")),
        ("context", "idaci_decile", "x", ("not_a_number", "not a number")),
        ("assessments", "maximum", "0", ("out_of_range", "not above 0")),
    ],
)
def test_bounds_and_lists_are_told_in_plain_words(table: str, name: str, text: str, explanation: tuple[str, str]) -> None:
    (error,) = _errors(table, name, text)
    assert explain(error) == explanation


def test_an_error_that_nobody_foresaw_still_has_a_rule() -> None:
    assert explain({"type": "never heard of", "msg": CANARY}) == ("unknown_value", "not a value of this column")


def test_every_rule_says_what_to_do() -> None:
    assert all(Rule(name, "", "x").do.endswith(".") for name in DO)
    assert OWN.keys() <= DO.keys()


@pytest.mark.parametrize("table", TABLE_MODELS)
def test_the_published_schema_is_in_step_with_the_models(table: str) -> None:
    assert json.loads((ROOT / "docs" / "schema" / f"{table}.json").read_text(encoding="utf-8")) == json_schema(table)


@pytest.mark.parametrize("table", TABLE_MODELS)
def test_every_column_has_a_type_a_role_and_a_description(table: str) -> None:
    model = TABLE_MODELS[table]
    assert arrow_schema(table).names == list(model.model_fields)
    assert all(field.description for field in model.model_fields.values())
    assert all(column(table, name).role in {"key", "fact", "protected", "administrative"} for name in model.model_fields)
    assert set(GRAIN[table]) <= set(model.model_fields)
