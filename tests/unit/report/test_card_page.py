"""The model card: what it says is what the run says, no field is blank, nothing of a pupil is in it, and it never claims fairness."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from eswarn.errors import InputRefused, UsageError
from eswarn.report import card_page
from eswarn.report.card_contents import card_contents
from eswarn.report.card_english import TEXT
from eswarn.report.card_page import render_card, write_card
from eswarn.report.transparency_english import AI_ACT, ATRS, OWNERS
from eswarn.report.validation_english import TEXT as MEASURED
from tests.unit.report.made_up_scores import PageReader
from tests.unit.report.made_up_validation import card, split, validation

ID = "1a2b3c4d" * 8
AUDIT = {
    "eswarn_audit": 1, "about": {"model": ID}, "passed": False,
    "checks": [{"code": "A1", "title": "files as sealed", "result": "passed", "figure": "12 files"},
               {"code": "E5", "title": "randomised models", "result": "failed", "figure": "0.4"}],
}  # fmt: skip


def contents(audit: Any = None, owners: Any = None, **changes: Any) -> dict[str, Any]:
    return card_contents(card(**changes), ID, audit=audit, owners=owners)


def page(**changes: Any) -> PageReader:
    return PageReader(render_card(contents(**changes)))


def fields(told: dict[str, Any], record: str) -> dict[str, dict[str, str]]:
    return {field["number"]: field for section in told[record]["sections"] for field in section["fields"]}


@pytest.mark.parametrize("validated", [False, True])
@pytest.mark.parametrize(("record", "length", "least"), [("atrs", 50, 0.6), ("ai_act", 23, 0.6)])
def test_no_field_is_blank_and_most_are_filled_from_the_run(record: str, length: int, least: float, validated: bool):
    told = contents(validation=validation()) if validated else contents()
    every = fields(told, record)
    assert len(every) == length == told[record]["fields"]
    assert told[record]["blank"] == 0
    assert all(field["text"] or field["owner"] in OWNERS for field in every.values())
    assert told[record]["filled"] == sum(bool(field["text"]) for field in every.values()) >= least * length
    assert told[record]["filled"] + told[record]["owned"] == length
    assert not any("{" in field["text"] or "None" in field["text"].split() for field in every.values())


def test_every_heading_of_both_records_is_there():
    assert [f.number for part in AI_ACT.values() for f in part] == [
        *(f"1({x})" for x in "abcdefgh"), *(f"2({x})" for x in "abcdefgh"), *"3456789"]  # fmt: skip
    numbers = [f.number for part in ATRS.values() for f in part]
    assert numbers == [
        "1", "2", "3", "4", "1.1", "1.2", "1.3", "1.4", *(f"1.4.{i}" for i in range(1, 6)), *(f"2.{i}" for i in range(1, 6)),
        *(f"3.{i}" for i in range(1, 7)), *(f"4.1.{i}" for i in range(1, 5)), *(f"4.2.{i}" for i in range(1, 10)),
        *(f"4.3.{i}" for i in range(1, 12)), "5.1", "5.2"]  # fmt: skip
    assert all(
        field.owner in (*OWNERS, "") and (field.text or field.owner)
        for record in (ATRS, AI_ACT)
        for part in record.values()
        for field in part
    )


def test_what_the_run_does_not_say_falls_to_somebody():
    without, with_one = contents(), contents(validation=validation())
    assert fields(without, "atrs")["2.3"] == {"number": "2.3", "name": "Benefit", "text": "", "owner": "senior responsible owner"}
    said = fields(with_one, "atrs")["2.3"]["text"]
    assert "Recall in use, 24 % (21 % to 27 %)" in said
    assert "Does the model beat the best simple rule? not shown." in said
    assert fields(without, "ai_act")["2(g)"]["text"].startswith(TEXT["performance_none"])


def test_the_label_of_a_random_split_goes_with_every_figure():
    told = contents(validation=validation(splits=[split("random")]))
    for record, number in (("atrs", "2.3"), ("atrs", "4.2.7"), ("ai_act", "2(g)")):
        assert MEASURED["red"] in fields(told, record)[number]["text"]
    read = PageReader(render_card(contents(validation=validation(label=MEASURED["red"], splits=[split("random")]))))
    assert MEASURED["red"] in read.texts("p", "warning")[0]
    assert sum(MEASURED["red"] in text for text in read.texts("caption")) > 8


def test_owners_stand_beside_what_they_fill():
    told = contents(owners={"data protection officer": "A. Example"})
    assert fields(told, "atrs")["5.1"]["owner"] == "data protection officer (A. Example)"
    assert {o["role"]: o["name"] for o in told["owners"]}["data protection officer"] == "A. Example"
    assert "To be filled by: data protection officer (A. Example)" in " ".join(PageReader(render_card(told)).texts("span", "owner"))


def test_an_unknown_role_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match="data protection officer"):
        contents(owners={"data protection oficer": "x"})


def test_each_feature_has_its_role_and_a_protected_one_its_reason():
    rows = {row[0]: row[1:] for row in page().rows("features")}
    assert rows["absence_last_20_days"] == ["missed … of sessions in its period", "only up", "actionable"]
    assert rows["attainment"][1:] == ["only down", "actionable"]
    assert rows["year_group"][1:] == ["either way", "context"]
    assert rows["fsm"][2] == "protected, used because: asked for by the trust"
    assert "fsm (asked for by the trust)" in fields(contents(), "atrs")["4.3.5"]["text"]
    some = contents(features=card()["features"][:3])
    assert fields(some, "atrs")["4.3.5"]["text"].startswith(TEXT["protected_none"])


def test_a_model_without_a_validation_says_so_and_why():
    read = page()
    assert any(TEXT["not_validated"] in text for text in read.texts("p"))
    assert not read.all("svg")
    assert contents()["validation"] is None


def test_a_validation_is_shown_with_opponents_groups_and_plots():
    read = page(validation=validation())
    assert len(read.all("svg")) == 2 * 4
    assert len(read.rows("rules")) == 2 * 2 * 11
    assert read.texts("b", "verdict")[0] == "not shown."
    assert "2 with a gap shown, 2 with none larger than 0.1, 3 of which it cannot be told" in fields(
        contents(validation=validation()), "ai_act")["2(g)"]["text"]  # fmt: skip


def test_an_audit_is_summed_up_and_without_one_it_says_how_to_make_one():
    assert contents()["audit"] == {"made": False, "says": TEXT["audit_none"], "checks": []}
    told = contents(audit=AUDIT)
    assert told["audit"]["says"] == TEXT["audit_failed"]
    assert [row[1] for row in PageReader(render_card(told)).rows("list")][4:6] == ["passed", "failed"]
    assert contents(audit=AUDIT | {"passed": True})["audit"]["says"] == TEXT["audit_passed"]


@pytest.mark.parametrize("audit", [{}, {"passed": True, "checks": [{"code": "A1"}]}, {"passed": True, "checks": "x"}])
def test_what_is_no_audit_is_refused(audit: dict[str, Any]):
    with pytest.raises(InputRefused, match="the audit cannot be shown"):
        contents(audit=audit)


@pytest.mark.parametrize("part", ["purpose", "cohort", "features", "config"])
def test_a_card_that_lacks_what_is_needed_is_refused(part: str):
    told = card()
    del told[part]
    with pytest.raises(InputRefused, match="the card of the model cannot be shown"):
        card_contents(told, ID)


@pytest.mark.parametrize("changes", [{"config": {}}, {"model": {}}, {"calibration": {}, "explanations": {}}, {"software": {}},
                                     {"features": []},
                                     {"validation": {"eswarn_validation": 1}}, {"validation": None},
                                     {"validation": {"eswarn_validation": 1, "splits": [{"split": "same schools"}]}}])  # fmt: skip
def test_what_is_missing_stops_nothing(changes: dict[str, Any]):
    read = page(**changes)
    assert len(read.rows("fields")) == 73
    assert contents(**changes)["atrs"]["blank"] == 0


def test_nothing_of_a_pupil_gets_in():
    told = validation()
    told["splits"][0] |= {"lists": [{"pupil_id": "P000001"}], "search": []}
    told["pupils"] = ["P000001"]
    written = contents(validation=told, pupils=["P000001"], audit=AUDIT | {"rows": ["P000001"]})
    assert "P000001" not in json.dumps(written) + render_card(written)


def test_it_never_claims_to_be_fair():
    text = render_card(contents(validation=validation(), audit=AUDIT)).casefold()
    for sentence in (MEASURED["how_fair"], TEXT["proxies"]):
        text = text.replace(sentence.casefold(), "")
    assert not re.search(r"\b(fair|fairness|unbiased|bias-free)\b", text)


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "</style><script>x</script>", "{{ 7 * 7 }}", '"><img src=x onerror=y>', "{0.__class__}"]
)
def test_hostile_text_adds_no_element(text: str):
    def tags(said: str) -> list[str]:
        features = [card()["features"][0] | {"column": said, "theme": said, "says": said, "protected": True}]
        told = contents(purpose=said, features=features, eswarn=said, software={said: said}, owners={"pastoral lead": said},
                        audit={"passed": True, "checks": [{"code": said, "title": said, "result": "passed"}]},
                        validation=validation(answers=[{"question": said, "verdict": said, "says": said}]))  # fmt: skip
        return [e.tag for e in PageReader(render_card(told)).elements]

    assert tags(text) == tags("plain")


def test_headings_go_down_one_step_at_a_time_and_every_table_is_labelled():
    read = page(validation=validation(), audit=AUDIT)
    levels = [int(e.tag[1]) for e in read.elements if re.fullmatch(r"h\d", e.tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert len(read.all("table")) == len(read.all("caption"))
    assert all(e.attributes.get("scope") in ("row", "col") for e in read.all("th"))
    ids = [e.attributes["id"] for e in read.elements if "id" in e.attributes]
    assert len(set(ids)) == len(ids)
    assert all((e.attributes["href"] or "")[1:] in ids for e in read.all("a"))


def test_the_page_needs_nothing_else_and_holds_no_script_and_no_clock():
    told = contents(validation=validation(), audit=AUDIT)
    assert not re.search(r"https?:|<script|<link|<img|url\(", render_card(told))
    assert render_card(told) == render_card(told)


def test_page_and_json_say_the_same_and_neither_is_the_models_own_file(tmp_path: Path):
    written = write_card(card(validation=validation()), ID, tmp_path / "new", owners={"provider": "B"})
    assert sorted(p.name for p in written.parent.iterdir()) == ["card.html", "model-card.json"]
    kept = json.loads((written.parent / "model-card.json").read_bytes())
    assert (kept["eswarn_model_card"], kept["model_id"]) == (1, ID)
    assert render_card(kept) == written.read_text(encoding="utf-8")


def test_every_sentence_is_used():
    report = Path(card_page.__file__).parent
    source = "".join((report / "templates" / name).read_text(encoding="utf-8") for name in ("card.html", "base.html", "report.css"))
    code = (report / "card_contents.py").read_text(encoding="utf-8")
    named = set(re.findall(r"\btext\.(\w+)", source)) | set(re.findall(r"""["']([a-z]\w*)["']""", code + source))
    assert {key for key in TEXT if key not in named and key not in ("riskier", "safer", "either")} == set()
