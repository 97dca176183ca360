"""The audit's page and its JSON: what they say is what was found, whatever stands in a figure, and no pupil is in them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import eswarn as ew
from eswarn.errors import InputRefused
from eswarn.evaluation.audit.lines import TITLES, Check
from eswarn.report import audit_page
from eswarn.report.audit_english import MEANING, TEXT
from eswarn.report.audit_page import plain, render_audit, write_audit
from tests.unit.evaluation import honest_run
from tests.unit.report.made_up_scores import PageReader


def made_up(**results: str) -> ew.Audit:
    """An audit in which every check passed but those named."""
    checks = (Check(code, title, results.get(code, "passed"), f"figure of {code}") for code, title in TITLES.items())  # type: ignore[arg-type]
    return ew.Audit(tuple(checks), {"model": "1a2b", "as-of date": "2026-02-14"})


def test_there_is_one_row_a_check_with_what_it_means_and_its_figure():
    page = PageReader(render_audit(made_up(E5="cannot tell", E9="not applicable")))
    rows = [[" ".join(cell.split()) for cell in row] for row in page.rows("checks")]
    assert [row[0] for row in rows] == list(TITLES)
    for code, result, what, figure in rows:
        assert result == {"E5": "cannot be told", "E9": "not applicable"}.get(code, "passed")
        assert what == f"{TITLES[code]}{MEANING[code]}"
        assert figure == f"figure of {code}"
    assert page.texts("dd", "count") == ["20", "0", "1", "1"]


def test_every_check_has_a_meaning_in_a_sentence():
    assert list(MEANING) == list(TITLES)
    assert [code for code, said in MEANING.items() if not said.endswith(".") or len(said) > 140] == []


def test_every_sentence_is_used():
    report = Path(audit_page.__file__).parent
    source = "".join((report / "templates" / name).read_text(encoding="utf-8") for name in ("audit.html", "base.html", "report.css"))
    named = set(re.findall(r"text\.(\w+)", source)) | {"all_passed", "some_failed", "not_told", "A", "E"}
    assert set(TEXT) == named | {"passed", "failed", "not applicable", "cannot tell"}


@pytest.mark.parametrize(("results", "said"), [({}, "all_passed"), ({"E3": "failed"}, "some_failed"), ({"A1": "cannot tell"}, "not_told"),
                                               ({"E7": "cannot tell"}, "all_passed")])  # fmt: skip
def test_the_first_sentence_says_what_came_of_it(results: dict[str, str], said: str):
    assert PageReader(render_audit(made_up(**results))).texts("p")[1] == TEXT[said].format(codes=", ".join(results))


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "</style><script>x</script>", "{{ 7 * 7 }}", '"><img src=x onerror=y>'])
def test_hostile_text_in_a_figure_adds_no_element(text: str):
    def page(figure: str) -> PageReader:
        return PageReader(render_audit(ew.Audit((Check("A1", TITLES["A1"], "failed", figure),), {"model": figure})))

    assert [e.tag for e in page(text).elements] == [e.tag for e in page("plain").elements]
    assert page(text).rows("checks")[0][3] == text


def test_the_page_needs_nothing_else_and_holds_no_script_and_no_clock():
    page = render_audit(made_up())
    assert "default-src 'none'" in page
    assert not re.search(r"https?:|<script|<link|<img|url\(", page)
    assert page == render_audit(made_up())


def test_the_json_says_the_same(tmp_path: Path):
    page = write_audit(made_up(E3="failed"), tmp_path / "new" / "place")
    kept = json.loads((page.parent / "audit.json").read_bytes())
    assert (kept["passed"], kept["about"]["model"]) == (False, "1a2b")
    assert [check["code"] for check in kept["checks"]] == list(TITLES)
    ids = {e.attributes.get("id") for e in PageReader(page.read_text(encoding="utf-8")).elements}
    assert all(check["page"].partition("#")[2] in ids for check in kept["checks"])


def test_a_later_audit_takes_the_place_of_an_earlier_one(tmp_path: Path):
    write_audit(made_up(E3="failed"), tmp_path)
    write_audit(made_up(), tmp_path)
    assert json.loads((tmp_path / "audit.json").read_bytes())["passed"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["audit.html", "audit.json"]


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputRefused, match="cannot be written"):
        write_audit(made_up(), tmp_path / "file")


def test_no_pupil_is_on_the_page_of_a_real_run():
    audit = ew.audit(honest_run.folder())
    pupils, schools = set(honest_run.run().pupil.tolist()), set(honest_run.run().school.tolist())
    for text in (render_audit(audit), json.dumps(plain(audit)), audit.render()):
        assert [name for name in pupils | schools if name in text] == []
    assert "Run object at" in repr(honest_run.run()), "nor in what a failing program prints of it"
