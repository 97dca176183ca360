"""What the commands do that make something of records: each reads its arguments, calls the library, and says what came of it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eswarn import words
from eswarn.errors import InputRefused, UsageError
from eswarn.screen import Screen
from eswarn.words import count as counted

if TYPE_CHECKING:
    from eswarn.config import ScoreConfig
    from eswarn.model.bundle import Model
    from eswarn.model.scores import Scores
    from eswarn.records import Records


def demo(args: argparse.Namespace, screen: Screen) -> None:
    """Simulate, check, train, score and report."""
    from eswarn import folders, pipeline
    from eswarn.cohort.dates import latest_half_term
    from eswarn.records import read, write
    from eswarn.records.timeline import Timeline
    from eswarn.simulate import simulate as make

    out = Path(args.out)
    folders.refuse_existing(out)
    screen.say(f"Simulating {args.pupils:,} pupils over {args.years} school years (seed {args.seed}): made-up schools, known causes.")
    made = make(pupils=args.pupils, years=args.years, seed=args.seed, progress=screen.progress)
    write(made, out / "exports", progress=screen.progress)
    screen.say(f"Checking every row of {out / 'exports'}.")
    records = read(out / "exports", progress=screen.progress)
    screen.say(records.ledger.render())
    tracking = args.tracking or f"sqlite:///{(out / 'runs' / 'mlflow.db').as_posix()}"
    screen.say("Training on past cohorts whose outcomes are known.")
    model = pipeline.train(records, out=out / "model", tracking=tracking, progress=screen.progress)
    screen.say(_trained(model, out / "model"))
    as_of = latest_half_term(Timeline(records))
    screen.say(f"Scoring everybody on roll on {as_of}, with reasons.")
    scores = pipeline.score(model, records, as_of, out=out / "scores", tracking=tracking, progress=screen.progress)
    screen.say(_scored(scores, out / "scores"))
    screen.say(f"Audit it:  eswarn audit {out / 'scores'}\nThe report is  {out / 'scores' / 'report.html'}")


def simulate(args: argparse.Namespace, screen: Screen) -> None:
    """Write export files of made-up schools."""
    from eswarn import folders
    from eswarn.records import write
    from eswarn.simulate import ceiling, simulate_with_causes, write_causes

    if args.causes:
        folders.refuse_existing(Path(args.causes))
    made, causes = simulate_with_causes(
        pupils=args.pupils, years=args.years, seed=args.seed, profile=args.profile.replace("by-", "by "), progress=screen.progress
    )  # fmt: skip
    write(made, args.out, file_format=args.format, progress=screen.progress)
    screen.say(f"{made!r} in {args.out}")
    if args.causes:
        screen.say(f"{causes.num_rows:,} true causes in {write_causes(causes, args.causes)}")
        if args.years > 1:
            screen.say(str(ceiling(made, causes)))


def pseudonymise(args: argparse.Namespace, screen: Screen) -> None:
    """Replace identifiers of pupils by keyed pseudonyms."""
    from eswarn.records import pseudonymise as replace

    made = replace(args.folder, args.out, key=args.key, new_key=args.new_key, file_format=args.format, progress=screen.progress)
    screen.say(made.ledger.render())
    screen.say(f"\n{made!r} under pseudonyms in {args.out}.")
    if args.new_key:
        screen.say(f"New key: {args.key}. Keep it safe and apart from the records; without it no later year will match.")


def _leaks(args: argparse.Namespace, screen: Screen) -> None:
    from eswarn.cohort.dates import parse_date
    from eswarn.config import load_config
    from eswarn.evaluation.leaks import alarms, leaks, render

    records = read_records(args.folder, screen)
    found = leaks(records, load_config(args.config), as_of=[parse_date(day) for day in args.as_of], progress=screen.progress)
    screen.say(render(found))
    if alarms(found):
        raise InputRefused(f"{len(alarms(found))} of {len(found)} findings are leaks", where=args.folder, do="Mend them before you train.")


def _changes(args: argparse.Namespace, screen: Screen) -> None:
    from eswarn import folders
    from eswarn.cohort.dates import parse_date
    from eswarn.records.changes import changed_since

    since = parse_date(args.changes)
    if args.out:
        folders.refuse_existing(Path(args.out))
    found = changed_since(read_records(args.folder, screen), since)
    screen.say(found.render())
    if args.out:
        found.write(Path(args.out))
        screen.say(f"Each of them is in {args.out}.")


def check(args: argparse.Namespace, screen: Screen) -> None:
    """Read every file and say what became of every row."""
    from eswarn.records import check as look_through

    if args.changes:
        _changes(args, screen)
        return
    if args.out:
        raise UsageError("--out goes with --changes", do="eswarn check DIR --changes YYYY-MM-DD --out FILE")
    if args.as_of and not args.leaks:
        raise UsageError("--as-of goes with --leaks", do="eswarn check DIR --leaks --as-of YYYY-MM-DD")
    if args.leaks:
        _leaks(args, screen)
        return
    ledger = look_through(args.folder, progress=screen.progress)
    screen.say(ledger.render())
    refused, read = (list(dict.fromkeys(f.file for f in files)) for files in (ledger.refused, ledger.files))
    if refused:
        raise InputRefused(f"{len(refused)} of {len(read)} files cannot be used ({', '.join(refused)})", where=args.folder)
    if not ledger.tables:
        raise InputRefused("nothing here can be used", where=args.folder, do="docs/formats.md lists what is read.")


def features(args: argparse.Namespace, screen: Screen) -> None:
    """Write the feature table alone."""
    from eswarn import folders, pipeline
    from eswarn.features.compute import write_feature_table

    out = Path(args.out)
    folders.refuse_existing(out)
    data = pipeline.feature_data(read_records(args.folder, screen), args.as_of, config=args.config, progress=screen.progress)
    if not len(data.X):
        raise InputRefused(f"nobody on roll on {' or '.join(args.as_of)} can be given a row", where=args.folder, do=data.why_nobody())
    write_feature_table(data.table, out)
    screen.say(f"{counted(len(data.X), 'row')}, {data.X.shape[1]} features in {out}")
    if lost := len(data.left_out):
        screen.say(f"{lost:,} more on roll could not be given a row:")
        screen.say("\n".join(f"  {n:,}: {reason}" for reason, n in data.left_out["reason"].value_counts().items()))


def train(args: argparse.Namespace, screen: Screen) -> None:
    """Train a calibrated model."""
    from eswarn import folders, pipeline

    folders.refuse_existing(Path(args.out))
    records = read_records(args.folder, screen)
    model = pipeline.train(records, args.config, out=args.out, tracking=args.tracking, progress=screen.progress)
    screen.say(_trained(model, args.out))


def score(args: argparse.Namespace, screen: Screen) -> None:
    """Score everybody on roll on a date."""
    from eswarn import folders, pipeline
    from eswarn.cohort.dates import parse_date
    from eswarn.config import load_config

    folders.refuse_existing(Path(args.out))
    as_of = parse_date(args.as_of)
    config = load_config(args.config)
    if args.places:
        config = config.model_copy(update={"score": _places(args.places, config.score)})
    model = pipeline.load(args.model, tracking=args.tracking or config.tracking.uri)
    records = read_records(args.folder, screen)
    scores = pipeline.score(
        model, records, as_of, config=config, out=args.out, tracking=args.tracking, track_pupils=args.track_pupils,
        sign=args.sign, previous=args.previous, diff=args.diff, progress=screen.progress,
    )  # fmt: skip
    screen.say(_scored(scores, args.out))


def _places(text: str, score: ScoreConfig) -> ScoreConfig:
    """``30``, ``0.05`` or ``9=5,10=8`` as places of each school."""
    told = {**score.model_dump(), "places_by_year": {}}
    try:
        if "=" in text:
            years = [part.split("=") for part in text.split(",")]
            told["places_by_year"] = {year.strip(): int(number) for year, number in years}
            if len(told["places_by_year"]) < len(years):
                raise ValueError("a year group is named twice")
        else:
            told["places"] = float(text)
        return type(score).model_validate(told)
    except ValueError:
        do = "Give a number (30), a share under 1 (0.05), or places by year group (9=5,10=8)."
        raise UsageError("--places cannot be read", do=do) from None


def report(args: argparse.Namespace, screen: Screen) -> None:
    """Write page, spreadsheet, tables and sheets of a past run."""
    from eswarn.keeping import read_scores
    from eswarn.reporting import matched, read_names, write_report

    if args.key and not args.names:
        raise UsageError("--key goes with --names", do="eswarn report RUN --names FILE --key KEY --out FOLDER")
    if args.pupil and (args.school or args.each_school):
        raise UsageError("--pupil goes without --school and --each-school", do="Ask for sheets of pupils, or for pages of schools.")
    names = read_names(args.names, key=args.key) if args.names else {}
    scores = read_scores(args.scored)
    known = matched(names, scores, where=str(args.names))
    pages = write_report(
        scores,
        args.out,
        run=args.scored,
        names=names,
        locale=args.locale,
        schools=args.school,
        pupils=args.pupil,
        each_school=args.each_school,
    )
    if args.names:
        screen.say(f"{known:,} of {len(scores) + len(scores.not_scored):,} pupils have a name in the file; others keep their pseudonym.")
        if over := len(names) - known:
            screen.say(f"{words.count(over, 'name')} in the file matched no pupil of this run.")
    screen.say("\n".join(f"The report is {page}" for page in pages[:10]))
    if len(pages) > 10:
        screen.say(f"… and {len(pages) - 10:,} more; schools.csv says which is whose.")


def read_records(folder: str, screen: Screen) -> Records:
    """Read the export files, and say so where rows were turned away."""
    from eswarn.records import read

    records = read(folder, progress=screen.progress)
    if lost := records.ledger.rejected:
        screen.say(f"{lost:,} of {records.ledger.rows:,} rows were rejected; `eswarn check` says which and why.")
    return records


def track(args: argparse.Namespace, screen: Screen) -> None:
    """Track what could not be tracked before."""
    from eswarn import pipeline

    told = pipeline.track(args.out, config=args.config, tracking=args.tracking, track_pupils=args.track_pupils, progress=screen.progress)
    screen.say(f"Tracked as runs:/{told['run_id']} in {told['uri']}")


def _trained(model: Model, place: Path | str) -> str:
    card = model.card
    return (
        f"Model {model.id[:12]} in {place}: learned from {card['cohort']['said']}, {card['cohort']['leavers']} leavers. "
        f"Calibrated on: {card['calibration']['on']}.\n{_tested(card['validation'])}"
    )


def _tested(told: Mapping[str, Any]) -> str:
    """What a test on a later cohort said of the procedure; or why there was none."""
    if "answers" not in told:
        return f"Not tested on a later cohort: {told['not_validated']}."
    best = told["answers"][0]
    return f"Tested on a later cohort ({told['splits'][0]['folds'][0]}). {best['question']} {best['says']}"


def _scored(scores: Scores, place: Path | str) -> str:
    head = json.loads((Path(place) / "head.json").read_bytes())
    signed = "signed" if head["signature"] else "not signed"
    return (
        f"{len(scores):,} pupils scored, {len(scores.not_scored):,} could not be (not_scored.csv says why), in {place}.\n"
        f"{int((scores.frame['tier'] == 'priority').sum()):,} within the places; the report is {Path(place) / 'report.html'}\n"
        f"Head of the evidence ({signed}), to be kept elsewhere: {head['head']}"
    )
