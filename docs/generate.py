"""Writes every page and file that is made from code, or says which of them are out of step.

python docs/generate.py [FILE …]      write all, or those named
python docs/generate.py --check       change nothing; exit 1 and name what is out of step
"""

from __future__ import annotations

import ast
import datetime as dt
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from eswarn.config import DatasetFacts, default_toml
from eswarn.features.catalogue import catalogue_page
from eswarn.records.codes import PROFILES, Code, code_table
from eswarn.records.readers.aside import ASIDE
from eswarn.records.tables import GRAIN, TABLE_MODELS, column, json_schema

ROOT = Path(__file__).resolve().parents[1]
TYPES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "yes or no"}
RECORDS_HEAD = """\
# Records: the tables a school's files are read into

<!-- Written by `make docs` from eswarn/records/tables.py; a test keeps the two in step. -->

Put the export files into one folder, in any of the [formats](formats.md) that are read, several for one table if need be. What a file
holds decides which reader takes it and which table it is; its name breaks ties: `outcomes-2025.csv` where the headers fit several
tables. `attendance` is needed to score (or, where a school has no register, `term_totals`), `outcomes` too to train; the others add to
both. Columns are found by their name or by one of the other headers listed; a column that is not listed is dropped unread, and the
ledger says so. `eswarn check FOLDER` tells what became of every row, `eswarn check FOLDER --changes 2025-09-01` which earlier marks
were changed since that day.

Four rules hold in every table.

- **Text is read as text first.** A form called `7E1` never becomes the number 70, `None` is a surname, leading zeros stay.
- **Missing is unknown.** An empty cell is never 0, "no" or "absent".
- **A correction is a new row** with a later `recorded_on`. That column is optional everywhere and wanted everywhere: with
  it, a score asks what was known on the day, not what was corrected since.
- **Pseudonyms only.** `pupil_id` is made with a key that the school keeps ([privacy](privacy.md)). A value that looks like a raw
  UPN is refused, and names, dates of birth and free text have no column to go to.

Roles: a *key* column says whom and when, a *fact* may reach a feature, a *protected* column is kept for judging
fairness and goes to no model unless a configuration names it with a reason, an *administrative* one is for neither.

The JSON Schema of a row of each table: {schemas}.
"""


def records_page() -> str:
    """The page of all tables: columns, types, roles, headers they are found under; register codes; facts of dataset.toml."""
    head = RECORDS_HEAD.replace("{schemas}", ", ".join(f"[{table}](schema/{table}.json)" for table in TABLE_MODELS))
    return head + "".join(_table_section(table) for table in TABLE_MODELS) + _codes_section() + _facts_section()


CODES_HEAD = """
## Register codes

What a mark means depends on whose code it is and on the day, so a code is looked up by the date of its mark. `profile` in `dataset.toml`
says whose codes a folder holds; a school's own codes are mapped under `[codes.map]`. A code in none of these lists is refused and
named, never guessed. A code that was not in force on its day is counted and read with its meaning when it was.

Absence is `authorised` and `unauthorised` together, divided by the possible sessions; `approved` activities count as attended. A session
that is not possible counts nowhere. `administrative` codes and gaps (`-`) are no marks of the pupil at all.
"""
PROFILE_HEADS = {
    "england": "The statutory codes in two eras, before and from 19 August 2024. Source: SI 2024/208, regulation 10, and the Department for"
    " Education's daily attendance totals.",
    "us": "The categories of Ed-Fi, in half days.",
    "neutral": "For systems that know only present and absent.",
}
FACTS_HEAD = """
## dataset.toml

Facts about the files that they cannot tell themselves, in a file of this name beside them. All are optional but the end of
observation of the outcomes, without which nobody can be called a stayer and nothing can be trained.

```toml
profile = "england"
school = "9994001"
session = "AM/PM"
academic_year = "2025/26"

[dates]
order = "dmy"

[observed_to]
attendance = 2026-07-17
outcomes = 2026-07-31

[columns.attendance]
code = "Mark"

[codes.map]
I02 = "I"

[terms]
"census.csv" = "autumn 2025"
```

| fact | what it says | where not given |
|---|---|---|
"""


def _codes_section() -> str:
    parts = [CODES_HEAD]
    for profile in PROFILES:
        parts.append(f"\n### Profile {profile}\n\n{PROFILE_HEADS[profile]}\n")
        parts.append("\n| code | meaning | category | possible | counts, too, as | in force |\n|---|---|---|---|---|---|\n")
        parts += [_code_line(meanings) for meanings in _eras(code_table(profile).rows)]
    return "".join(parts)


def _eras(rows: Sequence[Code]) -> list[list[Code]]:
    """The rows of one code and one meaning together; the meanings of one code follow each other."""
    found: dict[str, dict[tuple[object, ...], list[Code]]] = {}
    for row in rows:
        found.setdefault(row.code, {}).setdefault(row[:6], []).append(row)
    return [alike for meanings in found.values() for alike in meanings.values()]


def _code_line(rows: Sequence[Code]) -> str:
    first, last = min(row.valid_from for row in rows), max(row.valid_to for row in rows)
    since = "" if first == dt.date.min else f"from {first}"
    until = "" if last == dt.date.max else f"to {last}"
    row = rows[0]
    also = ", ".join([*(["late"] * row.late), *([row.also] if row.also else [])]).replace("_", " ")
    cells = (
        f"`{row.code}`",
        row.meaning,
        row.category.replace("_", " "),
        "yes" if row.possible else "no",
        also,
        f"{since} {until}".strip(),
    )
    return f"| {' | '.join(cells)} |\n".replace("|  |", "| |").replace("|  |", "| |")


def _facts_section() -> str:
    lines = []
    for name, field in DatasetFacts.model_fields.items():
        inner = getattr(field.annotation, "model_fields", {})
        for key, part in inner.items() if inner else [("", field)]:
            default = part.get_default(call_default_factory=True)
            lines.append(f"| `{name}{'.' + key if key else ''}` | {part.description} | {f'`{default}`' if default else ''} |\n")
    return FACTS_HEAD + "".join(line.replace("|  |", "| |") for line in lines)


def _table_section(table: str) -> str:
    model, schema = TABLE_MODELS[table], json_schema(table)
    lines = [f"\n## {table}\n", f"{model.__doc__}\n"]
    if GRAIN[table]:
        names = ", ".join(f"`{name}`" for name in GRAIN[table])
        lines.append(f"Rows alike in {names} tell one fact: equal ones are merged, others are a conflict.\n")
    lines += ["| column | type | needed | role | what it is | also found under |", "|---|---|---|---|---|---|"]
    for name, field in model.model_fields.items():
        shape, found = schema["properties"][name], column(table, name)
        needed = "yes" if field.is_required() else "no"
        also = ", ".join(found.synonyms)
        lines.append(
            f"| `{name}` | {_type(shape)} | {needed} | {found.role} | {shape.get('description', '')} | {also} |".replace("  |", " |")
        )
    if table in ASIDE:
        asides = "; ".join(f"{name} ({', '.join(headers)})" for name, headers in ASIDE[table].items())
        lines += ["", f"Read as well, and turned into the columns above: {asides}. A record marked as deleted or cancelled is no record."]
    return "\n".join(lines) + "\n"


def _type(shape: dict[str, Any]) -> str:
    """The type and the allowed values of a column, in words, from its JSON Schema."""
    one = shape | next((s for s in shape.get("anyOf", ()) if s.get("type") != "null"), {})
    if "enum" in one:
        return ", ".join(f"`{value}`" for value in one["enum"])
    if one.get("format") == "date":
        return "date, YYYY-MM-DD"
    word = TYPES[one["type"]]
    low, high = one.get("minimum"), one.get("maximum")
    if low is not None and high is not None:
        return f"{word}, {low} to {high}"
    if "exclusiveMinimum" in one:
        return f"{word} above {one['exclusiveMinimum']}"
    if "pattern" in one:
        return f"{word} like `{one['pattern']}`"
    return f"{word}, at most {one['maxLength']} characters" if one.get("maxLength", 200) < 200 else word


def features_page() -> str:
    """The catalogue, with the specs of the shipped features as worked examples."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))  # run as a script, only docs/ is on the path
    from tests.spec.worked import worked_examples

    return catalogue_page(examples=worked_examples())


MODULES_HEAD = """\
# Modules: what each file is for

<!-- Written by `make docs` from the first line of each module; a test keeps them in step. -->

The tree of `eswarn/`, from the command line down; each floor imports only from those below it ([design](design.md)).
"""
FLOORS = {
    "": "The way in, and the ground floor", "report": "What people see", "tracking": "Where runs are found", "evaluation": "Was it right",
    "evidence": "What is kept of a score", "model": "What is said", "features": "What is looked at", "cohort": "Who is asked about",
    "simulate": "Schools that never existed", "records": "What a school holds", "records/readers": "One reader a format",
}  # fmt: skip


def modules_page() -> str:
    """Every module of the package with its first line, by folder."""
    package = ROOT / "eswarn"
    folders: dict[str, list[Path]] = {name: [] for name in FLOORS}
    for path in sorted(package.rglob("*.py")):
        if path.name not in {"__init__.py", "__main__.py"}:
            folders.setdefault(path.parent.relative_to(package).as_posix().removeprefix("."), []).append(path)
    parts = [MODULES_HEAD]
    for folder, paths in folders.items():
        parts.append(f"\n## {FLOORS.get(folder, folder)}{f': {folder}/' if folder else ''}\n\n| module | what it is for |\n|---|---|\n")
        parts += [f"| [{path.name}](../{path.relative_to(ROOT).as_posix()}) | {_first_line(path)} |\n" for path in paths]
    return "".join(parts)


def _first_line(path: Path) -> str:
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return said.split("\n\n")[0].replace("\n", " ").replace("|", "\\|")


AUDIT_HEAD = """\
# Audit: whether a past run is what it says, for people who need not trust us

<!-- The table is written by `make docs` from eswarn/evaluation/audit/lines.py and eswarn/report/audit_english.py. -->

Months after a score was issued, anybody with the folder of the run can ask three things.

```console
$ eswarn simulate --pupils 1000 --years 3 --seed 7 --out exports
$ eswarn train exports --out model --tracking off
$ eswarn score exports --model model --as-of 2025-06-02 --out monday --tracking off    # prints the head of its evidence
$ eswarn verify monday                                     # is the evidence as it was written?
$ eswarn audit monday --records exports --refits 3 --out looked-at    # are score and reasons right?
$ eswarn trace --model model monday                        # who was scored by this model?
```

## Is the evidence as it was written?

Each run leaves a line of evidence a pupil, under a hash tree whose head `eswarn score` prints. `eswarn verify` says which line was
changed and how, against that head or a signature; `eswarn trace` finds who was scored by a model or from a file, `eswarn erase` takes
pupils out. What each of them proves and what not: [evidence](evidence.md).

## Are score and reasons right?

A-checks ask whether the record is what was issued, E-checks whether its reasons are what reasons should be. Checks that need training
rows, outcomes or groups are made with `--records`, and say "cannot tell" without. Any check that fails makes the command fail. The audit is
printed, and written beside the run as `audit.html` and `audit.json`; for `runs:/ID` it is added to the run.

"""


AUDIT_TAIL = """
## What an audit does not show

Scores, contributions, features, reasons, ranks and tiers are derived again. What the page shows beside them is not: the marks of the
year and the ranges (`pupils.parquet`), events, who is listed by group, what changed since an earlier run, and the page itself. They are
sealed: `verify` notices an edit, and a whole forgery fails against a head that was kept elsewhere. To check them, score the same records
with the same model again: `report.html` and these files come out byte for byte the same.

After an erasure the files written anew are bound by a manifest that the head does not bind. `verify` then compares scores, contributions,
features and sources with the lines, and says that nothing else was compared.
"""


def audit_page() -> str:
    """The page on verifying and auditing, with every check and what it means."""
    from eswarn.evaluation.audit.lines import TITLES
    from eswarn.report.audit_english import MEANING

    rows = "".join(f"| {code} | {title} | {MEANING[code]} |\n" for code, title in TITLES.items())
    return f"{AUDIT_HEAD}| check | looks at | means |\n|---|---|---|\n{rows}{AUDIT_TAIL}"


def _schema_text(table: str) -> str:
    return json.dumps(json_schema(table), indent=2, ensure_ascii=False) + "\n"


def readme() -> str:
    """The front page with its table of figures as docs/figures.json has them."""
    return _with_figures("README.md", _figures_table())


def limits_page() -> str:
    """The page on limits with its table of how often the list is wrong as docs/figures.json has it."""
    return _with_figures("docs/limits.md", _errors_table())


FIGURES_FROM, FIGURES_TO = "<!-- from docs/figures.json by make docs -->\n", "<!-- end -->\n"


def _with_figures(name: str, table: str) -> str:
    """A page written by hand with the one table in it that is not."""
    before, rest = (ROOT / name).read_text(encoding="utf-8").split(FIGURES_FROM)
    return before + FIGURES_FROM + table + FIGURES_TO + rest.split(FIGURES_TO)[1]


def _figures_table() -> str:
    told = json.loads((ROOT / "docs" / "figures.json").read_text(encoding="utf-8"))
    rows_read = sum(told["scale"]["rows"].values())
    scale, ways, days = told["scale"], told["fresh"]["ways"], told["oulad"]["days"]
    steps = {name: f"{step['seconds']:.0f} s, {step['peak_mb'] / 1000:.1f} GB" for name, step in scale["steps"].items()}
    aucs = {name: " ".join(f"{day['figures'][name]['auc']:.3f}" for day in days) for name in ("eswarn", "rule")}
    beaten = [str(day["day"]) for day in days if day["against_rule"]["eswarn"]["auc"]["said"] == "better"]
    rows = (
        ("`import eswarn`", f"{told['import']['median']:.3f} s, nothing heavy loaded"),
        ("fresh clone to report", f"{ways['uv']['demo_seconds']:.0f} s with uv, {ways['pip']['demo_seconds']:.0f} s with pip"),
        (f"{scale['n']:,} pupils × {scale['years']} years, {rows_read / 1e6:.1f} million rows of CSV: check", steps["check"]),
        ("… train", steps["train"]),
        ("… score, with every reason and the report", steps["score"]),
        ("the school's page for 1,000 pupils, with a sheet for each on the list", _page(told["reports"])),
        ("hostile texts × files written for people", f"{told['exporters']['tried']:,} places: {told['exporters']['live']} run"),
        ("pupils explained a second and core, exact, against 300,000 others (300 trees of 31 leaves)", _explained(told["explanations"])),
        (
            f"simulated schools, {told['validation']['pupils']:,} pupils, a year held out: leavers reached with places for 5 % of pupils",
            _reached(told["validation"]),
        ),
        ("real learners (OULAD), AUC on days " + " ".join(str(d["day"]) for d in days), aucs["eswarn"]),
        ("… the rule “days since last activity” on the same learners", aucs["rule"]),
        ("… shown to beat the rule (95 % interval above 0)", f"on day {', '.join(beaten)} only" if beaten else "on none of the days"),
    )
    return "".join(["| what | measured |\n|---|---|\n", *(f"| {what} | {figure} |\n" for what, figure in rows)])


def _page(part: dict[str, Any]) -> str:
    small = part["rows"][0]
    opened = "" if small["ready"] is None else f", usable {small['ready'] / 1000:.1f} s after it is opened, {small['requests']} requests"
    return f"{small['bytes'] / 1e6:.1f} MB, built in {small['build']:.1f} s{opened}"


def _errors_table() -> str:
    """False alarms, misses and luck on simulated schools, and what was planted and went unnoticed."""
    told = json.loads((ROOT / "docs" / "figures.json").read_text(encoding="utf-8"))
    split, truth, trusts = told["validation"]["splits"][0], told["truth"]["recovery"], told["drift"]["trusts"]
    figures = {figure["name"]: figure for figure in split["figures"]}
    right, reached = figures["precision_5_each"], figures["recall_5_each"]
    doubled = next(shift for shift in trusts["planted"] if "before labels" in shift["shift"] and "doubles" in shift["shift"])
    by_chance = next(row for row in told["fairness"]["phantom"] if row["n"] == 50)
    leaks = [sum(row[what] for row in told["leaks"]["planted"]) for what in ("caught", "planted")]
    n = split["n"]
    rows = (
        ("lists of a year held out: schools; pupils; leavers", f"{n['schools']}; {n['pupils']:,}; {n['leavers']}"),
        ("of 100 pupils listed, with places for 5 % of each school: leave early", _of_100(right)),
        ("… stay: false alarms", _of_100(right, rest=True)),
        ("of 100 leavers: not listed", _of_100(reached, rest=True)),
        ("… named six school weeks or more before their last session, on any list", f"{100 * split['lead']['share_6']:.0f}"),
        (
            "leavers reached with places for 5 % of all pupils: by exact chances, which nobody can know; by the model",
            f"{split['best']['reach_true_chance']:.0%}; {split['best']['reach_model']:.0%}",
        ),
        ("listed pupils whose place could go either way, over 20 refits", f"{split['arbitrariness']['flipped']:.0%}"),
        ("… of these, not marked so when they were scored", f"{split['arbitrariness']['unmarked']:.0%}"),
        ("flagged pupils whose first reason names the main cause, where a theme does", f"{truth['first']['interventional']:.0%}"),
        ("… whose main cause no theme names", f"{truth['untold']} of {truth['pupils'] + truth['untold']:,}"),
        ("leaks planted by us that the detector caught", f"{leaks[0]} of {leaks[1]}"),
        ("trusts in which a doubled rate of leaving was noticed before outcomes", f"{doubled['noticed']} of {doubled['planted']}"),
        ("largest gap between 30 equal groups of 50 that chance alone makes, on average", f"{100 * by_chance['mean']:.0f} points"),
    )
    return "".join(["| on simulated schools | measured |\n|---|---|\n", *(f"| {what} | {figure} |\n" for what, figure in rows)])


def _of_100(figure: dict[str, Any], *, rest: bool = False) -> str:
    """A share as a number out of 100 with its interval; with ``rest`` that of all others."""
    value, low, high = (100 * figure[name] for name in ("value", "low", "high"))
    value, low, high = (100 - value, 100 - high, 100 - low) if rest else (value, low, high)
    return f"{value:.0f} ({low:.0f} to {high:.0f})"


def _reached(part: dict[str, Any]) -> str:
    """The model beside the rules in use, on a later cohort of the same schools."""
    split = part["splits"][0]
    reach = {rule["name"]: rule["reach"]["value"] for rule in split["rules"]}
    own = next(figure["value"] for figure in split["figures"] if figure["name"] == "recall_5_together")
    simple = ("ranked absence, one year", "RONI V2", "persistent absence", "FSM only")
    return f"{own:.1%}; " + ", ".join(f"{name} {reach[name]:.1%}" for name in simple)


def _explained(part: dict[str, Any]) -> str:
    runs = {run["job"]: run["rows"] / run.get("again", run["seconds"]) for run in reversed(part["runs"]) if run["model"] == "300 x 31"}
    ours = runs["eswarn interventional"]
    return f"{ours:,.0f}: {ours / runs['pred_contrib']:.0f} × pred_contrib, {ours / runs['predict']:.1f} × plain predict"


MADE: dict[str, Callable[[], str]] = {
    "configs/default.toml": default_toml,
    "README.md": readme,
    "docs/records.md": records_page,
    "docs/features.md": features_page,
    "docs/modules.md": modules_page,
    "docs/audit.md": audit_page,
    "docs/limits.md": limits_page,
    **{f"docs/schema/{table}.json": (lambda table=table: _schema_text(table)) for table in TABLE_MODELS},
}


def out_of_step(root: Path = ROOT) -> list[str]:
    """Names of the made files that differ from what the code says, or are missing, or should no longer be there."""
    stale = [name for name, text in MADE.items() if not (root / name).is_file() or (root / name).read_text(encoding="utf-8") != text()]
    extra = [f"docs/schema/{path.name}" for path in (root / "docs" / "schema").glob("*") if f"docs/schema/{path.name}" not in MADE]
    return stale + sorted(extra)


def write(names: list[str], root: Path = ROOT) -> list[str]:
    """Write the named files, or all of them; the names of those that changed."""
    changed = []
    for name in names or MADE:
        path, made = root / name, MADE[name]()
        if not path.is_file() or path.read_text(encoding="utf-8") != made:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made, encoding="utf-8", newline="\n")
            changed.append(name)
    return changed


def main(arguments: list[str]) -> int:
    """Write or check; the exit code."""
    if arguments == ["--check"]:
        stale = out_of_step()
        if stale:
            print(f"Out of step with the code: {', '.join(stale)}. Run make docs and commit what it writes.")
        return 1 if stale else 0
    unknown = [name for name in arguments if name not in MADE]
    if unknown:
        print(f"Not a file that is made from code: {', '.join(unknown)}. Those are: {', '.join(MADE)}.")
        return 2
    changed = write(arguments)
    print(f"Written: {', '.join(changed)}." if changed else "Nothing to write: all is as the code says.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
