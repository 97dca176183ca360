"""Compiled code is kept on disk as long as the text of its own module stays: so it may hold no constant of another one."""

from __future__ import annotations

import ast
import builtins
from pathlib import Path

from tests.conftest import ROOT

MODULES = [p for p in sorted((ROOT / "eswarn").rglob("*.py")) if "@compiled" in p.read_text(encoding="utf-8")]
ALLOWED = {"np", "types", *vars(builtins)}


def _foreign(source: str) -> set[str]:
    """Names that compiled functions of a module take from other modules."""
    tree = ast.parse(source)
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    own |= {
        n.id for node in tree.body if isinstance(node, ast.Assign) for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)
    }
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and any(isinstance(d, ast.Name) and d.id == "compiled" for d in node.decorator_list):
            body = [name for part in node.body for name in ast.walk(part) if isinstance(name, ast.Name)]
            local = {name.id for name in body if isinstance(name.ctx, ast.Store)} | {a.arg for a in node.args.args}
            found |= {name.id for name in body} - local - own - ALLOWED
    return found


def test_compiled_functions_name_only_what_their_own_module_holds() -> None:
    assert len(MODULES) > 4
    assert {path.name: names for path in MODULES if (names := _foreign(Path(path).read_text(encoding="utf-8")))} == {}


def test_a_constant_of_another_module_would_be_seen() -> None:
    assert _foreign("from a import LATER\nOWN = 1\n@compiled\ndef f(x):\n    y = x + LATER + OWN\n    return np.abs(y)") == {"LATER"}
