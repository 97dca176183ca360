"""The command line: its arguments and exit codes. Every error ends in a sentence; what they do is in (judging_)commands.py."""

from __future__ import annotations

import argparse
import io
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import eswarn
from eswarn import commands, doctor, judging_commands
from eswarn.errors import EswarnError
from eswarn.screen import Screen

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
        allow_abbrev=False,
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"eswarn {eswarn.__version__}")
    parsers = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: object, said: str, *, folder: str = "") -> argparse.ArgumentParser:
        plain = argparse.RawDescriptionHelpFormatter
        made = parsers.add_parser(name, help=said, description=said, epilog=EXIT_CODES, formatter_class=plain, allow_abbrev=False)
        made.set_defaults(run=run)
        if folder:
            made.add_argument("folder", metavar=folder, help="folder of export files, with a dataset.toml beside them")
        return made

    demo = command("demo", commands.demo, "Simulate schools, check, train, score and write a report, in one go.")
    _out(demo, "folder to write; must not exist")
    demo.add_argument("--pupils", type=int, default=2_000)
    demo.add_argument("--years", type=int, default=3)
    demo.add_argument("--seed", type=int, default=1)
    _tracking(demo)

    simulate = command("simulate", commands.simulate, "Write export files of made-up schools with known causes.")
    _out(simulate, "folder to write; must be new or empty")
    simulate.add_argument("--pupils", type=int, default=2_000, help="pupils on roll at a time (default 2000)")
    simulate.add_argument("--years", type=int, default=3, help="school years (default 3)")
    simulate.add_argument("--seed", type=int, default=1, help="the same seed gives the same files (default 1)")
    simulate.add_argument("--format", choices=("csv", "parquet"), default="csv")
    simulate.add_argument("--profile", choices=("by-year", "pre-2020", "post-2021"), default="by-year", help="level of absence")
    simulate.add_argument("--causes", metavar="FILE", help="Parquet or .csv file to write the true cause and chance of each pupil to")

    check = command("check", commands.check, "Read every file and say what became of every row.", folder="DIR")
    check.add_argument("--changes", metavar="SINCE", help="list the marks that were changed on or after this date, YYYY-MM-DD")
    check.add_argument("--leaks", action="store_true", help="look for what could tell a model the outcome before it happens")
    check.add_argument("--as-of", action="append", default=[], metavar="DATE", help="with --leaks: day of a list to be tested on")
    _config(check)
    check.add_argument("--out", metavar="FILE", help="with --changes: CSV file to write each of them to, by pseudonym; must not exist")

    pseudonymise = command("pseudonymise", commands.pseudonymise, "Replace identifiers of pupils by keyed pseudonyms.", folder="DIR")
    pseudonymise.add_argument("--key", required=True, metavar="FILE", help="key file; never inside the records, never given away")
    pseudonymise.add_argument("--new-key", action="store_true", help="make the key file first; it must not exist yet")
    _out(pseudonymise, "folder to write; must not exist")
    pseudonymise.add_argument("--format", choices=("csv", "parquet"), default="csv")

    features = command("features", commands.features, "Write the feature table alone, for those who bring their own model.", folder="DIR")
    features.add_argument("--as-of", action="append", required=True, metavar="DATE", help="YYYY-MM-DD; may be given several times")
    _out(features, "Parquet or .csv file to write; must not exist", metavar="FILE")
    _config(features)

    train = command("train", commands.train, "Train a calibrated model.", folder="DIR")
    _out(train, "model folder to write; must not exist", metavar="MODEL")
    _config(train)
    _tracking(train)

    validate = command(
        "validate", judging_commands.validate, "Test the procedure on later cohorts, beside every rule it would replace.", folder="DIR"
    )
    _out(validate, "folder to write; must not exist")
    validate.add_argument("--split", choices=("forward", "random"), default="forward", help="random flatters, and is labelled so in red")
    _config(validate)
    _tracking(validate)

    evaluate = command("evaluate", judging_commands.evaluate, "Test one model on cohorts later than its own.", folder="DIR")
    evaluate.add_argument("--model", required=True, help="model folder, or models:/NAME@ALIAS, models:/NAME/3, runs:/ID")
    _out(evaluate, "folder to write; must not exist")
    _config(evaluate)
    _tracking(evaluate)

    drift = command("drift", judging_commands.drift, "Say how the pupils of a date differ from those a model learned from.", folder="DIR")
    drift.add_argument("--model", required=True, help="model folder, or models:/NAME@ALIAS, models:/NAME/3, runs:/ID")
    drift.add_argument("--as-of", required=True, metavar="DATE", help="as-of date of the list, YYYY-MM-DD")
    _config(drift)
    _tracking(drift)

    recalibrate = command("recalibrate", judging_commands.recalibrate, "Fit a new calibration curve on newer outcomes.", folder="DIR")
    recalibrate.add_argument("--model", required=True, help="model folder, or models:/NAME@ALIAS, models:/NAME/3, runs:/ID")
    _out(recalibrate, "model folder to write; must not exist", metavar="MODEL")
    _config(recalibrate)
    _tracking(recalibrate)

    card = command("card", judging_commands.card, "Write the card of a model: what it is for, how it was judged, how to contest it.")
    card.add_argument("model", metavar="MODEL", help="model folder, or models:/NAME@ALIAS, models:/NAME/3, runs:/ID")
    _out(card, "folder to write; must not exist")
    card.add_argument("--audit", metavar="FILE", help="audit.json of a run that this model scored")
    card.add_argument("--owner", action="append", default=[], metavar="ROLE=NAME", help="who fills in what only people can")
    _tracking(card)

    score = command("score", commands.score, "Score everybody on roll on a date, with reasons.", folder="DIR")
    score.add_argument("--model", required=True, help="model folder, or models:/NAME@ALIAS, models:/NAME/3, runs:/ID")
    score.add_argument("--as-of", required=True, metavar="DATE", help="as-of date, YYYY-MM-DD: only what was known before it counts")
    _out(score, "folder to write; must not exist")
    score.add_argument("--places", metavar="N", help="places of each school: a number, a share under 1, or by year group: 9=5,10=8")
    score.add_argument("--diff", metavar="OUT", help="folder of an earlier run: say who joined, left or moved on the list since, and why")
    score.add_argument("--sign", metavar="KEY", help="Ed25519 private key (PEM) to sign the head of the evidence with")
    score.add_argument("--previous", metavar="HEAD", help="head of the run before this one, so that an older record is told from a newer")
    _config(score)
    _tracking(score, pupils=True)

    report = command("report", commands.report, "Write page, spreadsheet, tables and pupil sheets of a past run, with names if given.")
    report.add_argument("scored", metavar="RUN", help="what `eswarn score --out` wrote")
    _out(report, "folder to write; must not exist")
    report.add_argument("--names", metavar="FILE", help="CSV file with the columns pupil_id and name; kept nowhere but in the report")
    report.add_argument("--key", metavar="FILE", help="key of `eswarn pseudonymise`, where the names are by the school's own numbers")
    report.add_argument("--locale", choices=("en-GB", "en-US"), default="en-GB", help="language of page and tables (default en-GB)")
    report.add_argument("--school", action="append", default=[], metavar="ID", help="only this school; may be given several times")
    report.add_argument("--each-school", action="store_true", help="a folder for each school")
    report.add_argument("--pupil", action="append", default=[], metavar="ID", help="only the sheet of this pupil, listed or not")

    track = command("track", commands.track, "Track a scoring run or a model whose tracking failed.")
    track.add_argument("out", metavar="OUT", help="what `eswarn score --out` or `eswarn train --out` wrote")
    _config(track)
    _tracking(track, pupils=True)

    verify = command("verify", judging_commands.verify, "Check that the evidence of a past run is as it was written.")
    verify.add_argument("run_or_out", metavar="RUN_OR_OUT", help="what `eswarn score --out` wrote, or runs:/ID")
    verify.add_argument("--head", metavar="HEAD", help="the head as `eswarn score` printed it, kept elsewhere")
    verify.add_argument("--previous", metavar="HEAD", help="head of the run before, which this one must name")
    verify.add_argument("--key", metavar="FILE", help="Ed25519 public key (PEM) that the head must be signed with")
    _tracking(verify)

    trace = command("trace", judging_commands.trace, "Say which pupils were scored by a model, or with rows from a file.")
    trace.add_argument("folders", nargs="+", metavar="FOLDER", help="scoring runs, or folders with scoring runs anywhere below them")
    trace.add_argument("--model", metavar="ID", help="id of the model (8 digits at least), or its folder")
    trace.add_argument("--file", metavar="SHA256", help="SHA-256 of a source file, or the file itself")
    trace.add_argument("--out", metavar="FILE", help="CSV file to write who they are to, by pseudonym; must not exist")

    erase = command("erase", judging_commands.erase, "Erase pupils from a past run; the rest can be verified with the same head.")
    erase.add_argument("out", metavar="OUT", help="what `eswarn score --out` wrote")
    erase.add_argument("pupils", nargs="*", metavar="PUPIL", help="identifier, as the record has it; --pupils keeps it out of the history")
    erase.add_argument("--pupils", dest="listed", metavar="FILE", help="file with one identifier a line, or - for standard input")
    _tracking(erase)

    audit = command("audit", judging_commands.audit, "Re-derive every score and reason of a past run, and say what holds.")
    audit.add_argument("run_or_out", metavar="RUN_OR_OUT", help="what `eswarn score --out` wrote, or runs:/ID")
    audit.add_argument("--records", metavar="DIR", help="records the model was trained from, for the checks that need them")
    audit.add_argument("--refits", type=int, metavar="N", help="with --records: models fitted again to see what is noise (default 20)")
    audit.add_argument("--causes", metavar="FILE", help="what `eswarn simulate --causes` wrote, where the pupils are simulated")
    audit.add_argument("--out", metavar="OUT", help="folder for audit.html and audit.json (default: RUN-audit, beside the run)")
    _tracking(audit)

    command("doctor", doctor.command, "Say whether this machine has what eswarn needs, and what to do where not.")
    return parser


def _out(parser: argparse.ArgumentParser, said: str, *, metavar: str = "OUT") -> None:
    parser.add_argument("--out", required=True, metavar=metavar, help=said)


def _config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", help="choices (TOML); see configs/default.toml")


def _tracking(parser: argparse.ArgumentParser, *, pupils: bool = False) -> None:
    parser.add_argument("--tracking", metavar="URI", help='MLflow tracking URI, or "off" (default: a local store in ./eswarn-runs)')
    if pupils:
        parser.add_argument("--track-pupils", action="store_true", help="send pseudonymous scores and reasons to a remote store, too")


if __name__ == "__main__":
    sys.exit(main())
