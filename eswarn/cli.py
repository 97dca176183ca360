"""The command line: demo, simulate, check, features, train, score, track, audit. Every error ends in a sentence and an exit code."""

from __future__ import annotations

import argparse
import io
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eswarn.errors import AuditFailed, EswarnError, InputRefused
from eswarn.screen import Screen

if TYPE_CHECKING:
    from eswarn.model.bundle import Model
    from eswarn.model.scores import Scores
    from eswarn.records import Records

EXIT_CODES = """exit codes:
  0 done   2 usage   3 input refused   4 model refused   5 audit failed   6 scored but not tracked   70 a fault in eswarn"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):  # a sign that the terminal cannot show is no reason to stop
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    parsed = _parser().parse_args(arguments)
    try:
        with Screen() as screen:
            parsed.run(parsed, screen)
        return 0
    except EswarnError as error:
        print(f"eswarn: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("eswarn: stopped; nothing was left half-written", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        print("eswarn: out of memory; score fewer schools at a time. Nothing was left half-written.", file=sys.stderr)
        return 70
    except Exception as error:
        if os.environ.get("ESWARN_DEBUG"):
            raise
        place = traceback.extract_tb(error.__traceback__)[-1]
        print(  # the message of a foreign error may repeat a cell, so only its kind and place are printed
            f"eswarn: a fault in eswarn ({type(error).__name__} at {Path(place.filename).name}:{place.lineno}); nothing was issued.\n"
            "Please report it. ESWARN_DEBUG=1 shows where; its output may hold pupils' values, so do not pass it on.",
            file=sys.stderr,
        )
        return 70


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="eswarn", description="Warns early of early school leaving: scores every pupil and explains every score.",
        epilog=EXIT_CODES, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: object, said: str, *, folder: str = "") -> argparse.ArgumentParser:
        plain = argparse.RawDescriptionHelpFormatter
        made = commands.add_parser(name, help=said, description=said, epilog=EXIT_CODES, formatter_class=plain)
        made.set_defaults(run=run)
        if folder:
            made.add_argument("folder", metavar=folder, help="folder of export files, with a dataset.toml beside them")
        return made

    demo = command("demo", _demo, "Simulate schools, check, train, score and write a report, in one go.")
    _out(demo, "folder to write; must not exist")
    demo.add_argument("--pupils", type=int, default=2_000)
    demo.add_argument("--years", type=int, default=3)
    demo.add_argument("--seed", type=int, default=1)
    _tracking(demo)

    simulate = command("simulate", _simulate, "Write export files of made-up schools with known causes.")
    _out(simulate, "folder to write; must be new or empty")
    simulate.add_argument("--pupils", type=int, default=2_000, help="pupils on roll at a time (default 2000)")
    simulate.add_argument("--years", type=int, default=3, help="school years (default 3)")
    simulate.add_argument("--seed", type=int, default=1, help="the same seed gives the same files (default 1)")
    simulate.add_argument("--format", choices=("csv", "parquet"), default="csv")

    command("check", _check, "Read every file and say what became of every row.", folder="DIR")

    features = command("features", _features, "Write the feature table alone, for those who bring their own model.", folder="DIR")
    features.add_argument("--as-of", action="append", required=True, metavar="DATE", help="YYYY-MM-DD; may be given several times")
    _out(features, "Parquet file to write; must not exist", metavar="FILE")
    _config(features)

    train = command("train", _train, "Train a calibrated model.", folder="DIR")
    _out(train, "model folder to write; must not exist", metavar="MODEL")
    _config(train)
    _tracking(train)

    score = command("score", _score, "Score everybody on roll on a date, with reasons.", folder="DIR")
    score.add_argument("--model", required=True, help="model folder, or models:/NAME@ALIAS, models:/NAME/3, runs:/ID")
    score.add_argument("--as-of", required=True, metavar="DATE", help="as-of date, YYYY-MM-DD: only what was known before it counts")
    _out(score, "folder to write; must not exist")
    _config(score)
    _tracking(score, pupils=True)

    track = command("track", _track, "Track a scoring run or a model whose tracking failed.")
    track.add_argument("out", metavar="OUT", help="what `eswarn score --out` or `eswarn train --out` wrote")
    _config(track)
    _tracking(track, pupils=True)

    audit = command("audit", _audit, "Re-derive every score and reason of a past run, and say what holds.")
    audit.add_argument("run_or_out", metavar="RUN_OR_OUT", help="what `eswarn score --out` wrote, or runs:/ID")
    _tracking(audit)
    return parser


def _out(parser: argparse.ArgumentParser, said: str, *, metavar: str = "OUT") -> None:
    parser.add_argument("--out", required=True, metavar=metavar, help=said)


def _config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", help="choices (TOML); see configs/default.toml")


def _tracking(parser: argparse.ArgumentParser, *, pupils: bool = False) -> None:
    parser.add_argument("--tracking", metavar="URI", help='MLflow tracking URI, or "off" (default: a local store in ./eswarn-runs)')
    if pupils:
        parser.add_argument("--track-pupils", action="store_true", help="send pseudonymous scores and reasons to a remote store, too")


def _demo(args: argparse.Namespace, screen: Screen) -> None:
    from eswarn import folders, pipeline
    from eswarn.records import read, write
    from eswarn.simulate import simulate

    out = Path(args.out)
    folders.refuse_existing(out)
    screen.say(f"Simulating {args.pupils:,} pupils over {args.years} school years (seed {args.seed}): made-up schools, known causes.")
    made = simulate(pupils=args.pupils, years=args.years, seed=args.seed, progress=screen.progress)
    write(made, out / "exports", progress=screen.progress)
    screen.say(f"Checking every row of {out / 'exports'}.")
    records = read(out / "exports", progress=screen.progress)
    screen.say(records.ledger.render())
    tracking = args.tracking or f"sqlite:///{(out / 'runs' / 'mlflow.db').as_posix()}"
    screen.say("Training on past cohorts whose outcomes are known.")
    model = pipeline.train(records, out=out / "model", tracking=tracking, progress=screen.progress)
    screen.say(_trained(model, out / "model"))
    as_of = pipeline.latest_half_term(records)
    screen.say(f"Scoring everybody on roll on {as_of}, with reasons.")
    scores = pipeline.score(model, records, as_of, out=out / "scores", tracking=tracking, progress=screen.progress)
    screen.say(_scored(scores, out / "scores"))
    screen.say(f"Audit it:  eswarn audit {out / 'scores'}\nThe report is  {out / 'scores' / 'report.html'}")


def _simulate(args: argparse.Namespace, screen: Screen) -> None:
    from eswarn.records import write
    from eswarn.simulate import simulate

    made = simulate(pupils=args.pupils, years=args.years, seed=args.seed, progress=screen.progress)
    write(made, args.out, file_format=args.format, progress=screen.progress)
    screen.say(f"{made!r} in {args.out}")


def _check(args: argparse.Namespace, screen: Screen) -> None:
    from eswarn.records import check

    ledger = check(args.folder, progress=screen.progress)
    screen.say(ledger.render())
    if ledger.refused:
        files = ", ".join(f.file for f in ledger.refused)
        raise InputRefused(f"{len(ledger.refused)} of {len(ledger.files)} files cannot be used ({files})", where=args.folder)


def _features(args: argparse.Namespace, screen: Screen) -> None:
    from eswarn import folders, pipeline
    from eswarn.features.compute import write_feature_table

    out = Path(args.out)
    folders.refuse_existing(out)
    table = pipeline.feature_table(_read(args.folder, screen), args.as_of, config=args.config, progress=screen.progress)
    write_feature_table(table, out)
    screen.say(f"{len(table):,} rows, {table.shape[1] - 2} features in {out}")


def _train(args: argparse.Namespace, screen: Screen) -> None:
    from eswarn import folders, pipeline

    folders.refuse_existing(Path(args.out))
    records = _read(args.folder, screen)
    model = pipeline.train(records, args.config, out=args.out, tracking=args.tracking, progress=screen.progress)
    screen.say(_trained(model, args.out))


def _score(args: argparse.Namespace, screen: Screen) -> None:
    from eswarn import folders, pipeline
    from eswarn.cohort.dates import parse_date
    from eswarn.config import load_config

    folders.refuse_existing(Path(args.out))
    as_of = parse_date(args.as_of)
    config = load_config(args.config)
    model = pipeline.load(args.model, tracking=args.tracking or config.tracking.uri)
    records = _read(args.folder, screen)
    scores = pipeline.score(
        model, records, as_of, config=config, out=args.out, tracking=args.tracking, track_pupils=args.track_pupils,
        progress=screen.progress,
    )  # fmt: skip
    screen.say(_scored(scores, args.out))


def _read(folder: str, screen: Screen) -> Records:
    """Read the export files, and say so where rows were turned away."""
    from eswarn.records import read

    records = read(folder, progress=screen.progress)
    if lost := records.ledger.rejected:
        screen.say(f"{lost:,} of {records.ledger.rows:,} rows were rejected; `eswarn check` says which and why.")
    return records


def _track(args: argparse.Namespace, screen: Screen) -> None:
    from eswarn import pipeline

    told = pipeline.track(args.out, config=args.config, tracking=args.tracking, track_pupils=args.track_pupils, progress=screen.progress)
    screen.say(f"Tracked as runs:/{told['run_id']} in {told['uri']}")


def _audit(args: argparse.Namespace, screen: Screen) -> None:
    from eswarn import pipeline

    told = pipeline.audit(args.run_or_out, tracking=args.tracking)
    screen.say(told.render())
    if not told.passed:
        failed, untold = (sum(check.result == result for check in told.checks) for result in ("failed", "cannot tell"))
        also = f", {untold} could not be made" if untold else ""
        raise AuditFailed(f"{failed} of {len(told.checks)} checks failed{also}", where=args.run_or_out)


def _trained(model: Model, place: Path | str) -> str:
    card, figures = model.card, model.card["metrics"]
    return (
        f"Model {model.id[:12]} in {place}: learned from {card['cohort']['said']}, {card['cohort']['leavers']} leavers.\n"
        f"On rows it did not learn from: AUC {figures['auc']:.3f}; with places for 5 % of pupils it reaches "
        f"{figures['recall_at_5_percent']:.0%} of the leavers. Calibrated on: {card['calibration']['on']}."
    )


def _scored(scores: Scores, place: Path | str) -> str:
    return (
        f"{len(scores):,} pupils scored, {len(scores.not_scored):,} could not be (not_scored.csv says why), in {place}.\n"
        f"{int((scores.frame['tier'] == 'priority').sum()):,} within the places; the report is {Path(place) / 'report.html'}"
    )


if __name__ == "__main__":
    sys.exit(main())
