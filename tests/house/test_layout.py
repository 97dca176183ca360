"""The shape of the code: how long a module may be, what must be said about it, and where tests live."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import eswarn
from tests.conftest import ROOT

LONGEST = 300
LONGER: dict[str, tuple[int, str]] = {  # module: lines it may have, the reason
    "eswarn/records/tables.py": (330, "one row model after another"),
    "eswarn/report/english.py": (330, "one sentence after another"),
}
MODULES = sorted((ROOT / "eswarn").rglob("*.py"))
TESTS = sorted(path for path in (ROOT / "tests").rglob("*.py"))
KINDS = {"docs", "errors", "house", "mutants", "property", "spec", "story", "unit"}
NOT_DECIDED = {"utils", "util", "misc", "helpers", "helper", "common", "manager", "handler"}


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def _public(tree: ast.Module) -> list[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    """Public functions and classes of a module, and public methods of its public classes."""
    found: list[tuple[str, ast.FunctionDef | ast.ClassDef]] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            found.append((node.name, node))
            inner = node.body if isinstance(node, ast.ClassDef) else []
            found += [(f"{node.name}.{m.name}", m) for m in inner if isinstance(m, ast.FunctionDef) and not m.name.startswith("_")]
    return found


def _undocumented(source: str) -> list[str]:
    return [name for name, node in _public(ast.parse(source)) if not (ast.get_docstring(node) or "").strip()]


def test_no_module_is_longer_than_one_sitting() -> None:
    too_long = [f"{_name(p)}: {_lines(p)}" for p in MODULES if _lines(p) > LONGER.get(_name(p), (LONGEST, ""))[0]]
    assert too_long == [], "look for the second concern in it before cutting it in half, or give the reason in LONGER"


def test_no_allowance_outlives_its_need() -> None:
    assert [name for name, (_, reason) in LONGER.items() if not reason or _lines(ROOT / name) <= LONGEST] == []


def test_every_module_says_in_its_first_line_what_it_is_for() -> None:
    silent = []
    for path in MODULES:
        first = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[0]
        if len(first) < 20 or first[-1] not in ".:":
            silent.append(_name(path))
    assert silent == []


def test_every_public_function_class_and_method_is_documented() -> None:
    found = {_name(path): _undocumented(path.read_text(encoding="utf-8")) for path in MODULES}
    assert {name: missing for name, missing in found.items() if missing} == {}


def test_a_missing_docstring_would_be_seen() -> None:
    source = 'def told():\n    """Told."""\ndef untold(): ...\ndef _own(): ...\nclass C:\n    """C."""\n    def m(self): ...\n'
    assert _undocumented(source) == ["untold", "C.m"]


def test_every_public_name_is_there_and_documented() -> None:
    assert len(eswarn.__all__) == len(set(eswarn.__all__)) > 5
    for name in eswarn.__all__:
        value = getattr(eswarn, name)
        assert isinstance(value, str) or (value.__doc__ or "").strip(), name
        assert name in dir(eswarn)


def test_no_module_has_a_name_that_means_not_decided_yet() -> None:
    assert [_name(p) for p in MODULES if NOT_DECIDED & {p.stem, *p.relative_to(ROOT).parent.parts}] == []


def test_every_kind_of_test_has_its_folder_and_tests_in_it() -> None:
    held = Counter(path.relative_to(ROOT / "tests").parts[0] for path in TESTS if path.name.startswith("test_"))
    assert set(held) == KINDS


def test_no_test_hides_in_a_file_that_pytest_does_not_collect() -> None:
    hidden = []
    for path in TESTS:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        holds = any(isinstance(node, ast.FunctionDef) and node.name.startswith("test_") for node in tree.body)
        hidden += [_name(path)] if holds and not path.name.startswith("test_") else []
    assert hidden == []


def test_no_two_test_files_share_a_name() -> None:
    names = Counter(path.name for path in TESTS if path.name.startswith("test_"))
    assert [name for name, times in names.items() if times > 1] == []
