"""British English as written, American English by rules: no British word is left, no place, name or identifier is touched."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator

import openpyxl
import pytest

from eswarn import words
from eswarn.errors import UsageError
from eswarn.features.library import FEATURES
from eswarn.report.contents import Contents
from eswarn.report.english import TEXT
from eswarn.report.locales import LOCALES, MONTHS, Locale, locale_of
from eswarn.report.page import render, render_sheets
from eswarn.report.spreadsheet import workbook
from eswarn.report.tables import tables
from tests import made_up_school
from tests.unit.report.made_up_scores import PageReader, made_up, pupil, shown, since, unscored

GB, US = LOCALES["en-GB"], LOCALES["en-US"]
BRITISH = re.compile(
    r"pupil|behaviour|favour|colour|centre|programme|half-term|termly|\byears? (group|\d)|\bforms?\b|timetable|authorised|with(out)? leave|"
    r"\bregisters?\b|enrol(?!l)|on roll|the roll\b|holiday|exclu[ds]|\bin brackets|\breception|nursery|recognis|organis|summaris|whilst|"
    rf"\b\d{{1,2}} ({MONTHS})\b|\ba attendance|\ba excused|\ba unexcused|\ba enroll",
    re.IGNORECASE,
)
OURS = re.compile(r"\{\w*\}|--[a-z-]+")
VALUES = (math.nan, 0.0, 1.0, 2.0, 3.0, 9.0, 11.0, 40.0, 0.004, 0.32, 1.5, -0.08, -2.0)


def _british(sentence: str) -> bool:
    return bool(BRITISH.search(OURS.sub("", sentence)))


def _without_card(text: str) -> str:
    """Without the sentence in which the model's card says what it was trained on, which is not the page's to translate."""
    return text.replace(str(made_up_school.scores().about["trained_on"]), "")


def _feature_sentences() -> Iterator[str]:
    for feature in FEATURES:
        yield feature.theme
        for value in VALUES:
            yield feature.sentence(value)
            if not math.isnan(value):
                yield feature.value_text(value)


def test_british_words_would_be_seen() -> None:
    for sentence in ("The pupil.", "In Year 9", "Form", "register", "14 February 2026", "absent without leave", "with a attendance record"):
        assert _british(sentence)
    assert not _british("{pupil} --pupil student, eswarn performs, February 14, 2026")
    assert sum(map(_british, TEXT.values())) > 40
    assert sum(map(_british, _feature_sentences())) > 100


def test_no_fixed_sentence_says_a_british_word() -> None:
    assert [key for key, sentence in US.text.items() if _british(sentence)] == []


def test_no_sentence_of_a_feature_says_a_british_word() -> None:
    assert sorted({told for told in map(US.say, _feature_sentences()) if _british(told)}) == []


def test_no_tier_year_group_or_division_says_a_british_word() -> None:
    groups = made_up_school.scores().shown.groups  # type: ignore[union-attr]
    assert groups is not None
    said = [*words.TIER_MEANING.values(), *(words.year_group(year) for year in (*range(-2, 14), math.nan)), *groups["division"],
            *groups["group"]]  # fmt: skip
    assert [told for told in map(US.say, said) if _british(told)] == []
    assert [US.say(words.year_group(year)) for year in (9, 0, -1)] == ["Grade 9", "Kindergarten", "Pre-K 2"]


def test_british_english_is_as_written_but_for_the_percent_sign() -> None:
    assert {key: sentence.replace("\u00a0", " ") for key, sentence in GB.text.items()} == TEXT
    assert all(GB.say(sentence).replace("\u00a0", " ") == sentence for sentence in _feature_sentences())
    assert GB.say("missed 32 % of sessions") == US.say("missed 32 % of sessions") == "missed 32\u00a0% of sessions"


@pytest.mark.parametrize("locale", [GB, US], ids=["en-GB", "en-US"])
def test_places_and_options_survive(locale: Locale) -> None:
    assert {key: OURS.findall(sentence) for key, sentence in locale.text.items()} == {key: OURS.findall(TEXT[key]) for key in TEXT}


def test_american_dates_begin_with_the_month() -> None:
    assert US.say("before 14 February 2026, from 5 January to 3 March") == "before February 14, 2026, from January 5 to March 3"
    assert US.say("12 sessions in February 2026") == "12 sessions in February 2026"
    assert GB.say("before 14 February 2026") == "before 14 February 2026"


def test_a_capital_letter_stays_one() -> None:
    assert [US.say(word) for word in ("Form", "form", "Pupils", "Half-term", "Behaviour", "Year group")] == [
        "Homeroom", "homeroom", "Students", "Part of the term", "Behavior", "Grade",
    ]  # fmt: skip
    assert US.say("perform, platform, information") == "perform, platform, information"


def test_a_whole_page_is_american() -> None:
    """Whatever records gave rise to: reasons, notes, dates, who was not scored."""
    scores = made_up_school.scores()
    for page in (render(scores, locale="en-US"), render_sheets(scores, list(scores.frame["pupil_id"][:40]), locale="en-US")):
        text = re.sub(r"(?s)<(script|style)>.*?</\1>|<[^>]*>", " ", _without_card(page)).replace("--pupil", "")
        assert 'lang="en-US"' in page
        assert "student" in text
        assert [text[max(0, m.start() - 40) : m.end() + 20] for m in BRITISH.finditer(text)] == []
        attributes = " ".join(e.attributes.get(a) or "" for e in PageReader(page).elements for a in ("aria-label", "data-say"))
        assert not _british(attributes)
    assert "size: letter" in render(scores, locale="en-US")
    assert "size: A4" in render(scores)


def test_a_whole_workbook_is_american() -> None:
    contents = Contents(made_up_school.scores(), {}, US)
    book = openpyxl.load_workbook(io.BytesIO(workbook(contents, tables(contents))))
    said = {cell.value for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)}
    assert [text for text in said if _british(_without_card(text))] == []
    assert "Homeroom" in said
    assert [sheet.title for sheet in book.worksheets if _british(sheet.title)] == []


@pytest.mark.parametrize("text", ["Pupil Form Year 9", "the register half-term", "14 February 2026", "behaviour", "without leave", "9 %"])
def test_names_identifiers_forms_and_categories_are_never_changed(text: str) -> None:
    row = pupil(1, pupil_id=text, school_id=text)
    before = made_up([{**row, "tier": "universal"}])
    beside = shown([row], form=[text], category=[text], changes=since(made_up([row]), before), groups=None)
    scores = made_up([row], [unscored(1, school_id=text)], shown=beside)
    page = PageReader(render(scores, names={text: text, "N000001": text}, locale="en-US"))
    assert {e.text for e in page.all("bdi")} == {text, "N000001"}
    assert f"suspension ({text})" in page.all("article")[0].text
    found = tables(Contents(scores, {text: text}, US))
    assert set(found["list"][["School", "Name", "Student", "Homeroom"]].to_numpy().ravel()) == {text}
    assert set(found["facts"][["School", "Name", "Student", "Homeroom"]].to_numpy().ravel()) == {text}
    assert found["not_scored"]["School"].tolist() == [text]
    assert set(found["since"][["School", "Name", "Student"]].to_numpy().ravel()) == {text}


def test_a_locale_that_is_not_there_is_refused_with_the_nearest() -> None:
    assert locale_of("en-US") is US
    with pytest.raises(UsageError, match=r'there is no locale "en-UK"'):
        locale_of("en-UK")
