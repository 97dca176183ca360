"""The check letter of a UPN, by the fictional numbers of the handbook and by what modulo 23 implies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eswarn.records.upn import LETTERS, check_letter_holds, looks_like_upn

bodies = st.from_regex(r"[0-9]{12}", fullmatch=True) | st.builds(
    lambda digits, letter: digits + letter, st.from_regex(r"[0-9]{11}", fullmatch=True), st.sampled_from(LETTERS)
)


def with_check_letter(body: str) -> str:
    """The one UPN that ends in these twelve characters, found by trying every letter."""
    found = [letter + body for letter in LETTERS if check_letter_holds(letter + body)]
    assert len(found) == 1
    return found[0]


def test_the_check_letter_of_a_permanent_upn_holds() -> None:
    assert check_letter_holds("V999999924001")


def test_the_check_letter_of_a_temporary_upn_holds() -> None:
    assert check_letter_holds("U99999992401A")


def test_another_check_letter_does_not_hold() -> None:
    assert not check_letter_holds("A999999924001")


def test_small_letters_are_the_same_upn() -> None:
    assert check_letter_holds("v999999924001")
    assert check_letter_holds("u99999992401a")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "V",
        "V99999992400",
        "V9999999240011",
        " V999999924001",
        "V999999924001\n",
        "V99999992400I",
        "V9999999240\u0661\u0661",
        "9999999924001",
    ],
)
def test_what_is_no_upn_has_no_check_letter_that_holds(text: str) -> None:
    assert not check_letter_holds(text)


@pytest.mark.parametrize("letter", "IOS")
def test_letters_that_no_upn_has_still_look_like_one_that_was_mistyped(letter: str) -> None:
    for text in (f"{letter}999999924001", f"V99999992400{letter}"):
        assert looks_like_upn(text)
        assert not check_letter_holds(text)


@pytest.mark.parametrize("text", ["V99999992400", "P0123456789abcdef01234567", "9990001", "V99999992400\u0661", "V999999924001 ", ""])
def test_other_identifiers_do_not_look_like_a_upn(text: str) -> None:
    assert not looks_like_upn(text)


@given(bodies)
def test_exactly_one_check_letter_holds_for_any_twelve_characters(body: str) -> None:
    assert looks_like_upn(with_check_letter(body))


@given(bodies)
def test_every_single_character_that_is_changed_is_caught(body: str) -> None:
    upn = with_check_letter(body)
    for place, old in enumerate(upn):
        kind = LETTERS if old.isalpha() else "0123456789"
        assert [new for new in kind if check_letter_holds(upn[:place] + new + upn[place + 1 :])] == [old]


@given(bodies, st.integers(1, 12), st.integers(1, 12))
def test_two_different_digits_that_are_exchanged_are_caught(body: str, one: int, other: int) -> None:
    upn = list(with_check_letter(body))
    if upn[one].isdigit() and upn[other].isdigit():
        exchanged = upn.copy()
        exchanged[one], exchanged[other] = upn[other], upn[one]
        assert check_letter_holds("".join(exchanged)) == (upn[one] == upn[other])


def test_two_changes_may_cancel_out_so_a_check_letter_proves_no_number_right() -> None:
    assert check_letter_holds("V999999924001")
    assert check_letter_holds("V999999924028")
