"""Judges the procedure: learn from earlier cohorts, list a later one, and compare the list with every rule it would replace."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from eswarn.cohort.dates import training_dates
from eswarn.cohort.label import horizon_said, refuse_lost_outcomes
from eswarn.config import Config
from eswarn.errors import InputRefused, UsageError
from eswarn.evaluation.arbitrary import Arbitrariness, arbitrariness
from eswarn.evaluation.asked import NOT_SCORED, Asked, Ints, ask, stacked
from eswarn.evaluation.by_group import by_group
from eswarn.evaluation.folds import Fold, by_school, forward_folds, households, random_folds
from eswarn.evaluation.judged import judged
from eswarn.evaluation.lead import Lead, lead
from eswarn.evaluation.metrics import listed
from eswarn.evaluation.opponents import NEEDED, Opponent, opponents
from eswarn.evaluation.validation import Tested, Validation
from eswarn.evaluation.year_before import scores_a_year_before
from eswarn.features.compute import Dataset, choose, compute
from eswarn.features.feature import Feature
from eswarn.features.library import FEATURES
from eswarn.features.protected import PROTECTED
from eswarn.model.curve import Floats
from eswarn.model.fit import Fitted, fit
from eswarn.progress import Progress, silent
from eswarn.records.store import Records
from eswarn.records.timeline import Timeline

RECENT = next(feature for feature in FEATURES if feature.column == "absence_last_20_days")
How = Literal["forward", "random"]


def validate(
    records: Records, config: Config, *, split: How = "forward", features: Sequence[Feature] = FEATURES, progress: Progress = silent
) -> Validation:
    """Judge the procedure on later cohorts of the schools learned from, and of schools not learned from.

    Parameters
    ----------
    records : Records
        From `read` or `simulate`.
    config : Config
        Choices; ``[validation]`` says how many folds, refits and draws.
    split : {"forward", "random"}
        "random" by name only: it flatters, supports no claim, and wears a red label wherever its figures go.
    features : sequence of Feature
        Those to choose from.
    progress : Progress
        Told how far it has come.

    Raises
    ------
    InputRefused
        There is no later cohort to be tested on.
    """
    if split not in ("forward", "random"):
        raise UsageError('split is "forward" or "random"', where="validate")
    refuse_lost_outcomes(records)
    chosen, timeline = choose(config.features, features), Timeline(records)
    days = training_dates(timeline, config.cohort)
    data = compute(timeline, days, config.cohort, features=seen_and_asked(chosen), labelled=True, progress=progress)
    return validate_data(timeline, data, chosen, config, split=split, progress=progress)


def seen_and_asked(chosen: Sequence[Feature]) -> tuple[Feature, ...]:
    """The features of a model, and after them those that rules and groups ask for.

    Raises
    ------
    UsageError
        A feature bears the name of another one that the rules need.
    """
    found = {feature.column: feature for feature in chosen}
    for feature in (*NEEDED, *PROTECTED, RECENT):
        if found.setdefault(feature.column, feature).fingerprint != feature.fingerprint:
            raise UsageError(
                f'"{feature.column}" is the name of a feature that the rules need, and means another thing there', do="Rename yours."
            )
    return tuple(found.values())


def validate_data(
    timeline: Timeline, data: Dataset, chosen: Sequence[Feature], config: Config, *, split: How = "forward",
    folds: int | None = None, progress: Progress = silent,
) -> Validation:  # fmt: skip
    """The same on rows computed already, with the columns of `seen_and_asked`; ``folds`` stands over the configuration."""
    how = config.validation
    everybody = households(timeline.records, [*data.keys["pupil_id"], *data.left_out["pupil_id"]])
    household, apart = everybody[: len(data.y)], everybody[len(data.y) :]
    step = _Step(timeline, data, tuple(chosen), config, household, apart)
    if split == "random":
        by_chance = random_folds(data, household, parts=how.parts, seed=how.seed)
        found = [step.tested("random", by_chance, progress)]
    else:
        forward = forward_folds(data, config.cohort, most=folds or how.folds, train_least=config.model.min_leavers)
        others = [part for fold in forward for part in by_school(fold, data, household, parts=how.parts)]
        found = [step.tested("same schools", forward, progress), step.tested("unseen schools", others, progress)]
    tested = tuple(one for one in found if one is not None)
    if not tested:
        raise InputRefused("no fold has enough leavers to learn from", do="Bring more years or more schools.")
    return Validation(about(timeline, config, len(chosen)), tested)


def about(timeline: Timeline, config: Config, features: int) -> dict[str, Any]:
    """What a validation says of itself."""
    how = config.validation
    return {
        "eswarn": importlib.metadata.version("eswarn"), "data_digest": timeline.records.digest,
        "horizon": horizon_said(config.cohort), "places": config.score.places, "draws": how.draws, "margin": how.margin,
        "refits": how.refits, "search": config.search.method, "features": features,
    }  # fmt: skip


def lead_of(timeline: Timeline, asked: Asked, config: Config) -> Lead:
    """How early the lists of each school named those who left."""
    import pandas as pd

    keys = pd.DataFrame({"pupil_id": asked.pupil, "school_id": asked.school, "as_of": asked.as_of})
    named = listed(asked.score, config.score.places, lists=asked.each) > 0
    return lead(timeline, keys, listed=named, y=asked.y, config=config.cohort)


@dataclass(frozen=True, slots=True)
class _Step:
    """What every fold is made from."""

    timeline: Timeline
    data: Dataset
    chosen: tuple[Feature, ...]
    config: Config
    household: Ints
    apart: Ints

    def tested(self, split: str, folds: Sequence[Fold], progress: Progress) -> Tested | None:
        """Learn and list in each fold, then judge all lists as one; None where no fold could be learned from."""
        seen = self.data.of(self.chosen)
        parts: list[Asked] = []
        answers: list[tuple[Opponent, ...]] = []
        tried, luck, groups, said = [], None, None, []
        for number, fold in enumerate(folds):
            progress(f"validating on {split}", number, len(folds))
            try:
                fitted = fit(seen.rows(fold.train), self.config)
            except InputRefused as refused:  # too few leavers are left to learn from: the pupils held out are not asked about
                said.append(f"{fold}: left out, {refused.what}")
                continue
            said.append(str(fold))
            asked = self._ask(fitted, seen, fold, comparable=split != "same schools")
            parts.append(asked)
            answers.append(self._rules(fitted, seen, fold))
            tried.append(fitted.tried)
            if split == "same schools" and number == 0:
                luck = self._luck(fitted, asked, seen, progress)
                groups = by_group(self.timeline, self.data, asked, self.chosen, self.config, fitted=fitted, learned=fold.train)
        progress(f"validating on {split}", len(folds), len(folds))
        if not parts:
            return None
        everybody = stacked(parts)
        rules = tuple(joined(same, parts) for same in zip(*answers, strict=True))
        how = self.config.validation
        return Tested(
            split, tuple(dict.fromkeys(said)), everybody,
            judged(everybody, rules, places=self.config.score.places, household=self._household(parts), draws=how.draws, seed=how.seed),
            lead_of(self.timeline, everybody, self.config), luck, tuple(tried), groups,
        )  # fmt: skip

    def _ask(self, fitted: Fitted, seen: Dataset, fold: Fold, *, comparable: bool) -> Asked:
        """Ranked by raw score; by chance where lists hold pupils of several models, whose raw scores are not of one scale."""
        model = fitted.risk_model
        raw = model.raw_score(seen.X[fold.test])
        risk = model.curve_(raw)
        missed = self.data.X[RECENT.column].to_numpy(float)
        return ask(self.data, fold.test, fold.asked, score=risk if comparable else raw, risk=risk, missed=missed)

    def _rules(self, fitted: Fitted, seen: Dataset, fold: Fold) -> tuple[Opponent, ...]:
        before = scores_a_year_before(fitted.risk_model, seen, fold, self.household)
        return opponents(self.data.rows(fold.train), self.data.rows(fold.test), before=before, seed=self.config.model.seed)

    def _luck(self, fitted: Fitted, asked: Asked, seen: Dataset, progress: Progress) -> Arbitrariness:
        table = np.ascontiguousarray(seen.X.to_numpy(float)[asked.row[asked.scored]])
        n, places = self.config.validation.refits, self.config.score.places
        return arbitrariness(fitted.risk_model, fitted.data, asked, table, places=places, n=n, progress=progress)

    def _household(self, parts: Iterable[Asked]) -> Ints:
        """Of each row; whoever could not be scored is drawn with their household, too."""
        lost = dict(zip(self.data.left_out["pupil_id"].astype(str), self.apart.tolist(), strict=True))
        found = [np.where(part.scored, self.household[part.row], [lost.get(name, -1) for name in part.pupil.tolist()]) for part in parts]
        return np.concatenate(found)


def joined(same: Sequence[Opponent], parts: Sequence[Asked]) -> Opponent:
    """The answers of one rule over all folds; who could not be scored is not ranked by a rule either."""

    def every(values: Iterable[Floats], otherwise: float) -> Floats:
        return np.concatenate([_padded(one, part, otherwise) for one, part in zip(values, parts, strict=True)])

    first = same[0]
    flagged = [one.flagged for one in same]
    return replace(
        first, score=every((one.score for one in same), NOT_SCORED),
        flagged=None if any(f is None for f in flagged) else every((np.asarray(f, float) for f in flagged), 0.0) > 0,
        risk=None,  # of one block only: no figure of a validation asks a rule for a chance
        lacks=tuple(dict.fromkeys(lack for one in same for lack in one.lacks)),
    )  # fmt: skip


def _padded(values: Floats, part: Asked, otherwise: float) -> Floats:
    found = np.full(len(part), otherwise)
    found[part.scored] = values
    return found
