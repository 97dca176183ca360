"""The fixed sentences: all used and all there, none that claims a cause."""

from __future__ import annotations

import re

from eswarn.features.attendance import QUESTIONS
from eswarn.features.pupil_facts import KINDS
from eswarn.model import changes
from eswarn.report import tables
from eswarn.report.english import TEXT
from eswarn.report.pictures import SHOWN
from eswarn.report.sheets import STEPS
from eswarn.words import TIERS
from tests.conftest import ROOT

REPORT = ROOT / "eswarn" / "report"
USERS = [*(REPORT / f"{name}.py" for name in ("contents", "page", "sheets", "since", "spreadsheet", "tables", "about", "locales")),
         ROOT / "eswarn" / "features" / "attendance.py",
         *(REPORT / "templates" / f"{name}.html" for name in ("base", "report", "sheet", "sheets"))]  # fmt: skip
CAUSAL = re.compile(r"\b(because|causes?|caused|will|due to|leads? to|results? in)\b", re.IGNORECASE)
MOVES = ("priority", "no place", "watch", "no watch", "up", "down", "same", "other school")
# Keys that are put together: what stands before the brace or the plus in the code, and what may follow.
BUILT = {
    "tier_": TIERS, "change_": MOVES, "choice_": MOVES, "leaving_": ("neet", "work", "withdrew", "unknown"),
    "since_": ("priority", "no place", "watch", "no watch", "moved"), "key_": SHOWN,
    "note_": ("not on roll then", "no score then", "not on roll now", "no score now", "places", "hardly moved", "other way"),
    "check_": [code.replace(" ", "_") for code, _ in QUESTIONS], "event_": ("incident", "praise", "suspension", "exclusion"),
    "event_one_": ("incident", "suspension", "exclusion"),
    "raises_": [str(step) for step in range(len(STEPS))], "lowers_": [str(step) for step in range(len(STEPS))],
}  # fmt: skip


def _source() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in USERS)


def test_every_sentence_is_used() -> None:
    source = _source()
    built = {f"{start}{end}" for start, ends in BUILT.items() for end in ends}
    said = {key for key in TEXT if f'"{key}"' in source or f"'{key}'" in source or re.search(rf"\btext\.{key}\b", source)}
    assert set(TEXT) - said - built == set()


def test_every_sentence_that_is_asked_for_is_there() -> None:
    source = _source()
    plain = (
        set(re.findall(r"\{[{%][^}]*?\btext\.(\w+)", source)) | set(re.findall(r"\btext\[\"([^\"{}]+)\"\]", source)) | set(tables.BLANKS)
    )
    built = {f"{start}{end}" for start, ends in BUILT.items() for end in ends}
    assert (plain | built) - set(TEXT) == set()


def test_keys_that_are_put_together_are_those_told_here() -> None:
    """A new way to put a key together is to be added above, so that what may follow is looked at, too."""
    found = set(re.findall(r"text\[f\"([a-z_]+_)\{", _source())) | set(re.findall(r"text\[\"([a-z_]+_)\" [+~]", _source()))
    found |= {"raises_", "lowers_"} if 'text[f"{way}_' in _source() else set()
    assert found == set(BUILT)


def test_what_may_follow_is_what_the_rest_of_the_code_says() -> None:
    source = (ROOT / "eswarn" / "model" / "changes.py").read_text(encoding="utf-8")
    assert set(MOVES) <= set(re.findall(r"\"([a-z ]+)\"", source))
    for note in BUILT["note_"]:
        assert note in source or f'f"{note.rsplit(" ", 1)[0]} {{run}}"' in source
    assert set(KINDS) - set(SHOWN) == {"closed"}
    assert set(changes.LISTED) < set(TIERS)


def test_no_sentence_claims_a_cause_or_a_future() -> None:
    told = {key: sentence.replace("It cannot say what will happen to one pupil.", "") for key, sentence in TEXT.items()}
    assert [key for key, sentence in told.items() if CAUSAL.search(sentence)] == []


def test_a_causal_sentence_would_be_seen() -> None:
    assert CAUSAL.search("The pupil will leave because of absence.")
