"""What has changed between two runs: who joined, left or moved, by how much, and which records moved the score."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import eswarn as ew
from eswarn.errors import InputRefused, UsageError
from eswarn.features.attendance import Attendance
from eswarn.model.changes import changes
from eswarn.model.scores import Scores
from eswarn.model.shown import Changes
from tests import made_up_school

EARLIER = dt.date(2025, 4, 28)


@pytest.fixture(scope="module")
def earlier() -> Scores:
    return ew.score(made_up_school.model(), made_up_school.records(), EARLIER)


def values(scores: Scores) -> np.ndarray:
    return scores.contributions[list(scores.features.columns[1:])].to_numpy(float)


def told(now: Scores, before: Scores, given: np.ndarray | None = None) -> pd.DataFrame:
    return changes(now, before, given, output_id="00").frame.set_index("pupil_id")


def changes_of(scores: Scores) -> Changes:
    assert scores.shown is not None
    assert scores.shown.changes is not None
    return scores.shown.changes


def standing(scores: Scores, **tiers: tuple[str, int]) -> Scores:
    """The same scores, in which some pupils stand elsewhere: a tier and a rank each."""
    frame = scores.frame.copy()
    for pupil, (tier, rank) in tiers.items():
        frame.loc[frame["pupil_id"] == pupil, ["tier", "rank"]] = [tier, rank]
    return replace(scores, frame=frame)


def of_tier(scores: Scores, tier: str, place: int = 0) -> str:
    return str(scores.frame.loc[scores.frame["tier"] == tier, "pupil_id"].iloc[place])


def test_everybody_on_either_list_is_told_of_once_and_nobody_else(earlier: Scores) -> None:
    now = made_up_school.scores()
    listed = [set(scores.frame.loc[scores.frame["tier"] != "universal", "pupil_id"]) for scores in (earlier, now)]
    found = told(now, earlier, values(earlier))
    assert list(found.index) == list(dict.fromkeys(found.index))
    assert set(found.index) == listed[0] | listed[1]
    tiers = [dict(zip(scores.frame["pupil_id"], scores.frame["tier"], strict=True)) for scores in (earlier, now)]
    changed = {pupil: (tiers[0].get(pupil, "none"), tiers[1].get(pupil, "none")) for pupil in found.index}
    for change, there in (("priority", 1), ("no place", 0)):
        assert {p for p, was in changed.items() if was[there] == "priority" != was[1 - there]} == set(
            found.index[found["change"] == change]
        )
    for change, there in (("watch", 1), ("no watch", 0)):
        wanted = {p for p, was in changed.items() if was[there] == "watch" and was[1 - there] in ("universal", "none")}
        assert wanted == set(found.index[found["change"] == change])


def test_where_somebody_stood_is_told_as_the_earlier_run_had_it(earlier: Scores) -> None:
    found = told(made_up_school.scores(), earlier)
    before = earlier.frame.set_index("pupil_id")
    for pupil, row in found.iterrows():
        if pupil in before.index:
            assert (row["was_rank"], row["was_tier"], row["was_risk"]) == tuple(before.loc[pupil, ["rank", "tier", "risk"]])
        else:
            assert (math.isnan(row["was_rank"]), row["was_tier"], math.isnan(row["was_risk"])) == (True, "", True)


def test_a_run_compared_with_itself_has_moved_nobody() -> None:
    now = made_up_school.scores()
    found = told(now, now, values(now))
    assert set(found["change"]) == {"same"}
    assert set(found["why_1"]) == set(found["note"]) == {""}


@pytest.mark.parametrize(
    ("was", "change"),
    [(("watch", 30), "priority"), (("priority", 1), "same"), (("priority", 5), "up"), (("universal", 90), "priority")],
)
def test_a_higher_place_is_up_and_a_place_from_nowhere_is_new(was: tuple[str, int], change: str) -> None:
    now = made_up_school.scores()
    first = of_tier(now, "priority")
    assert told(now, standing(now, **{first: was})).loc[first, "change"] == change
    assert told(standing(now, **{first: was}), now).loc[first, "change"] == {"up": "down", "priority": "no place"}.get(change, change)


def test_why_somebody_moved_is_the_feature_whose_part_of_the_score_moved_most_that_way() -> None:
    now = made_up_school.scores()
    names = list(now.features.columns[1:])
    column, pupil = "absence_last_20_days", of_tier(now, "priority", 3)
    place = int(now.frame.index[now.frame["pupil_id"] == pupil][0])
    features = now.features.copy()
    features.loc[place, names] = features.loc[place, names] + 0.0
    features.loc[place, column] = 0.5
    was = features.copy()
    was.loc[place, column] = 0.125
    then = values(now).copy()
    then[place, names.index(column)] -= 0.7
    found = told(replace(now, features=features), replace(standing(now, **{pupil: ("watch", 99)}), features=was), then).loc[pupil]
    assert (found["change"], found["why_1"], found["was_1"]) == ("priority", "missed 50 % of sessions in the last 20 school days", "12 %")
    assert found["why_2"] == found["note"] == ""


def test_where_the_own_score_did_not_move_that_way_it_is_said_that_others_moved() -> None:
    now = made_up_school.scores()
    pupil = of_tier(now, "watch", 2)
    found = told(now, standing(now, **{pupil: ("watch", 200)}), values(now)).loc[pupil]
    assert (found["change"], found["note"], found["why_1"]) == ("up", "hardly moved", "")


def test_a_score_that_moved_the_other_way_is_said_to_have() -> None:
    now = made_up_school.scores()
    pupil = of_tier(now, "watch", 2)
    then = values(now).copy()
    then[int(now.frame.index[now.frame["pupil_id"] == pupil][0])] += 0.5
    found = told(now, standing(now, **{pupil: ("watch", 200)}), then).loc[pupil]
    assert (found["change"], found["note"], found["why_1"]) == ("up", "other way", "")


def test_a_tier_that_other_places_alone_have_changed_is_no_change_of_the_pupil() -> None:
    now = made_up_school.scores()
    pupil, rank = of_tier(now, "watch", 2), int(now.frame.loc[now.frame["pupil_id"] == of_tier(now, "watch", 2), "rank"].item())
    more = replace(now, about={**now.about, "places": 60})
    for was, note in ((("universal", rank), "places"), (("universal", rank - 1), "places"), (("universal", rank + 9), "hardly moved")):
        found = told(more, standing(now, **{pupil: was}), values(now)).loc[pupil]
        assert (found["change"], found["note"], found["why_1"]) == ("watch", note, "")
    assert told(now, standing(now, **{pupil: ("universal", rank)}), values(now)).loc[pupil, "note"] == "hardly moved"
    assert changes(more, now, None, output_id="00").places == {"places": 0.05, "watch": 0.1}


def test_attendance_then_and_now_is_that_of_the_last_four_weeks_before_each_date(tmp_path: Any) -> None:
    model, records = made_up_school.model(), made_up_school.records()
    before, now = (ew.score(model, records, day, out=tmp_path / str(day), tracking="off") for day in (EARLIER, made_up_school.AS_OF))
    found = told(now, before)
    for name, scores in (("then", before), ("now", now)):
        assert scores.shown is not None
        shares = dict(zip(scores.frame["pupil_id"], Attendance(scores.shown.facts).recent.attended, strict=True))
        assert found[f"attended_{name}"].dropna().to_dict() == {p: shares[p] for p in found.index if p in shares and shares[p] == shares[p]}
    assert found["attended_now"].notna().sum() > 20


def test_without_parts_of_the_earlier_score_nothing_is_said_of_why(earlier: Scores) -> None:
    found = told(made_up_school.scores(), earlier, None)
    assert set(found["why_1"]) == {""}


@pytest.mark.parametrize(("gone_from", "note"), [("frame", "not on roll"), ("frame and unscored", "no score")])
def test_who_had_no_score_is_said_to_have_none(gone_from: str, note: str) -> None:
    now = made_up_school.scores()
    pupil = of_tier(now, "priority")
    without: dict[str, Any] = {name: getattr(now, name) for name in ("frame", "features", "contributions")}
    without = {name: table[table["pupil_id"] != pupil].reset_index(drop=True) for name, table in without.items()}
    if note == "no score":
        row = {"pupil_id": pupil, "school_id": "9994001", "reason": "few", "what_would_mend_it": "wait"}
        without["not_scored"] = pd.concat([now.not_scored, pd.DataFrame([row])], ignore_index=True)
    less = replace(now, **without, shown=None)
    joined, left = told(now, less, values(less)), told(less, now, values(now))
    assert pupil in joined.index
    assert pupil in left.index
    assert joined.loc[pupil, ["change", "note"]].tolist() == ["priority", f"{note} then"]
    assert left.loc[pupil, ["change", "note"]].tolist() == ["no place", f"{note} now"]


def test_the_sentences_say_what_the_features_of_both_dates_say(earlier: Scores) -> None:
    now = made_up_school.scores()
    found = told(now, earlier, values(earlier))
    features = {feature.column: feature for feature in now.teller.features}
    today, then = (scores.features.set_index("pupil_id") for scores in (now, earlier))
    spoken = 0
    for pupil, row in found[found["why_1"] != ""].iterrows():
        for n in (1, 2):
            if row[f"why_{n}"]:
                columns = [c for c, feature in features.items() if feature.sentence(today.loc[pupil, c]) == row[f"why_{n}"]]
                assert any(features[c].value_text(then.loc[pupil, c]) == row[f"was_{n}"] for c in columns), row[f"why_{n}"]
                spoken += 1
    assert spoken > 20


# --- from run to run -------------------------------------------------------------------------------------------------


def test_a_run_is_compared_with_the_one_before_and_keeps_it(tmp_path: Any) -> None:
    model, records = made_up_school.model(), made_up_school.records()
    ew.score(model, records, EARLIER, out=tmp_path / "before", tracking="off")
    made = ew.score(model, records, made_up_school.AS_OF, out=tmp_path / "now", tracking="off", diff=tmp_path / "before")
    again = ew.read_scores(tmp_path / "now")
    told, kept = changes_of(made), changes_of(again)
    pd.testing.assert_frame_equal(told.frame, kept.frame)
    assert (kept.as_of, kept.same_model) == (EARLIER, True)
    with pytest.raises(UsageError, match="later date"):
        ew.score(model, records, EARLIER, diff=tmp_path / "now")
    (tmp_path / "before" / "scores.csv").write_text("pupil_id\n", encoding="utf-8")
    with pytest.raises(InputRefused, match="changed since they were sealed"):
        ew.score(model, records, made_up_school.AS_OF, diff=tmp_path / "before")


def test_a_run_by_another_model_is_explained_by_this_one_and_said_to_be_another(tmp_path: Any) -> None:
    model, records = made_up_school.model(), made_up_school.records()
    other = replace(model, card={**model.card, "eswarn": "0"})
    ew.score(other, records, EARLIER, out=tmp_path / "before", tracking="off")
    ours, same = (
        ew.score(model, records, made_up_school.AS_OF, diff=tmp_path / "before"), ew.score(model, records, made_up_school.AS_OF),
    )  # fmt: skip
    assert not changes_of(ours).same_model
    assert (changes_of(ours).frame["why_1"] != "").any()
    pd.testing.assert_frame_equal(ours.frame, same.frame)
