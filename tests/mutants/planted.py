"""Bugs planted by changing a few characters of a module's source, in this process, for as long as a test needs them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

from eswarn.features.feature import Feature


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


@contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """Give every function, constant and feature of the module the shape it has in the changed source, and take it back after."""
    source = inspect.getsource(mutant.module)
    assert source.count(mutant.sound) == 1, f"{mutant.what}: the text to change is not there exactly once"
    changed = ModuleType(mutant.module.__name__)
    exec(compile(source.replace(mutant.sound, mutant.broken), mutant.module.__file__ or "", "exec"), vars(changed))
    undo = [_swap(vars(mutant.module), vars(changed), name) for name in list(vars(changed)) if name in vars(mutant.module)]
    steps = [step for steps in undo for step in steps]
    assert steps, f"{mutant.what}: the change changes nothing"
    try:
        yield
    finally:
        for step in steps:
            step()


def _swap(old: dict[str, Any], new: dict[str, Any], name: str) -> list[Callable[[], object]]:
    """Change one name of a module where it differs; what takes it back."""
    before, after = old[name], new[name]
    if isinstance(before, FunctionType) and isinstance(after, FunctionType):
        return _swap_code(before, after)
    if inspect.isclass(before) and before.__module__ == old["__name__"]:
        pairs = [(_function(vars(before)[n]), _function(vars(after).get(n))) for n in vars(before)]
        return [step for a, b in pairs if a and b for step in _swap_code(a, b)]
    if name == "FEATURES":
        return [step for a, b in zip(before, after, strict=True) for step in _swap_feature(a, b)]
    if isinstance(before, int | float | str | tuple | dict) and before != after and not name.startswith("__"):
        old[name] = after
        return [functools.partial(old.__setitem__, name, before)]
    return []


def _function(member: object) -> FunctionType | None:
    """The function inside a method, a property or a cached property."""
    inner = getattr(member, "fget", None) or getattr(member, "func", None) or member
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
