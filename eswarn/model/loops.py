"""The loops of exact explanations: compiled, or by NumPy alone where ``NUMBA_DISABLE_JIT=1`` says that nothing may be compiled."""

from __future__ import annotations

from typing import Any

import numba

from eswarn.model import patterns, plain_patterns

loops: Any = plain_patterns if vars(numba.config)["DISABLE_JIT"] else patterns
