"""Bugs planted by changing a few characters of a module's source, in this process, for as long as a test needs them."""

from __future__ import annotations

import datetime as dt
import functools
import inspect
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numba
import pytest
from numba.core.dispatcher import Dispatcher

from eswarn.features.feature import Feature

Namespace = dict[str, Any]
FEATURES = "FEATURES"
_PLAIN = int | float | str | tuple | dict | frozenset | dt.date  # kinds of constants


@dataclass(frozen=True)
class Mutant:
    """A bug in plain words, how it is planted, and the test that must see it."""

    what: str
    module: ModuleType
    sound: str
    broken: str
    killer: Callable[..., None]
    values: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return self.what.replace(" ", "_")

    def ask(self) -> None:
        """Run the test that must see it, as pytest would: with its values, and with a folder where it wants one."""
        asked = inspect.signature(self.killer).parameters
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            fixtures = {"tmp_path": Path(folder), "monkeypatch": patch}
            values = dict(zip((name for name in asked if name not in fixtures), self.values, strict=True))
            self.killer(**values, **{name: given for name, given in fixtures.items() if name in asked})


@contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """Give every function, constant and feature of the module the shape it has in the changed source, and take it back after."""
    source = inspect.getsource(mutant.module)
    assert source.count(mutant.sound) == 1, f"{mutant.what}: the text to change is not there exactly once"
    changed = ModuleType(mutant.module.__name__)
    exec(compile(source.replace(mutant.sound, mutant.broken), mutant.module.__file__ or "", "exec"), vars(changed))
    old, new = vars(mutant.module), vars(changed)
    shared = [name for name in list(new) if name in old]
    other = {name for name in shared if isinstance(old[name], _PLAIN) and not name.startswith("__") and old[name] != new[name]} - {FEATURES}
    steps = [step for name in shared for step in (_swap_value(name, old[name], new[name]) if name in other else _swap(old, new, name))]
    steps += _compile_anew(old, new, other)
    assert steps, f"{mutant.what}: the change changes nothing"
    _forget(old)
    try:
        yield
    finally:
        for step in steps:
            step()
        _forget(old)


def _namespaces() -> list[Namespace]:
    """Those of all modules of the product."""
    return [vars(module) for name, module in sorted(sys.modules.items()) if name.split(".")[0] == "eswarn"]


def _swap_value(name: str, before: object, after: object) -> list[Callable[[], object]]:
    """Change a constant wherever it was imported."""
    steps = []
    for names in _namespaces():
        if names.get(name) is before:
            names[name] = after
            steps.append(functools.partial(names.__setitem__, name, before))
    return steps


def _swap(old: Namespace, new: Namespace, name: str) -> list[Callable[[], object]]:
    """Change one function, class or list of features of a module where it differs; what takes it back."""
    if isinstance(old[name], Dispatcher):
        return []
    before, after = (getattr(names[name], "__wrapped__", names[name]) for names in (old, new))  # a cache holds a function
    if isinstance(before, FunctionType) and isinstance(after, FunctionType):
        return _swap_code(before, after)
    if inspect.isclass(before) and before.__module__ == old["__name__"]:
        pairs = [(_function(vars(before)[n]), _function(vars(after).get(n))) for n in vars(before)]
        return [step for a, b in pairs if a and b for step in _swap_code(a, b)]
    if name == FEATURES:
        return [step for a, b in zip(before, after, strict=True) for step in _swap_feature(a, b)]
    return []


def _function(member: object) -> FunctionType | None:
    """The function inside a method, a property or a cached property."""
    inner = getattr(member, "fget", None) or getattr(member, "func", None) or getattr(member, "__func__", None) or member
    return inner if isinstance(inner, FunctionType) else None


def _swap_code(before: FunctionType, after: FunctionType) -> list[Callable[[], object]]:
    code = before.__code__
    if code == after.__code__:
        return []
    before.__code__ = after.__code__
    return [functools.partial(setattr, before, "__code__", code)]


def _swap_feature(before: Feature, after: Feature) -> list[Callable[[], object]]:
    """A shipped feature is held by many modules: change it in place."""
    held = dict(vars(before))
    if repr(before) == repr(after):
        return []
    vars(before).update(vars(after))
    return [functools.partial(vars(before).update, held)]


def _compile_anew(old: Namespace, new: Namespace, other: set[str]) -> list[Callable[[], object]]:
    """Compile what reads differently, or names a changed constant, and put it wherever the sound one was imported.

    Nothing is taken from the folder of compiled code nor left there: it knows a function by its bytecode, which is the same where only
    a number differs.
    """
    loops = [value for names in _namespaces() for value in names.values() if isinstance(value, Dispatcher)]
    changed = {id(value): new[name].py_func for name, value in old.items() if isinstance(value, Dispatcher) and name in new}
    anew = {id(loop): _anew(loop, function) for loop in loops
            if _reads_differently(function := changed.get(id(loop), loop.py_func), loop.py_func, other)}  # fmt: skip
    called = {loop.py_func.__name__ for loop in loops if id(loop) in anew}
    anew |= {id(loop): _anew(loop, loop.py_func) for loop in loops if id(loop) not in anew and called & set(loop.py_func.__code__.co_names)}
    steps: list[Callable[[], object]] = []
    for names in _namespaces():
        for name, value in list(names.items()):
            if id(value) in anew:
                names[name] = anew[id(value)]
                steps.append(functools.partial(names.__setitem__, name, value))
    return steps


def _reads_differently(function: FunctionType, before: FunctionType, other: set[str]) -> bool:
    return function.__code__ != before.__code__ or bool(other & set(function.__code__.co_names))


def _anew(loop: Dispatcher, function: FunctionType) -> Dispatcher:
    return numba.jit(function, cache=False, **loop.targetoptions)


def _forget(names: Namespace) -> None:
    """Whatever the module remembers of earlier calls."""
    for value in list(names.values()):
        if hasattr(value, "cache_clear"):
            value.cache_clear()
