"""Small pictures of the register as SVG text: a line of weekly attendance, a strip of half days. No colour alone tells anything."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from eswarn.features.attendance import Kinds
from eswarn.features.pupil_facts import KINDS
from eswarn.records.arrays import Floats

WIDE, HIGH, EDGE = 120, 30, 3
BOX, STEP, WEEKEND = 5, 7, 3  # half a day, from one to the next, and what a weekend adds
# How deep below the top of its box the middle of a line lies: high lines are whole boxes, low ones lie on the ground.
LEVEL = {"attended": 4.5, "late": 2.5, "authorised": 3.75, "unauthorised": 2.5, "no reason yet": 2.5, "not possible": 4.5, "no mark": 0.5}
SHOWN = tuple(LEVEL)


def sparkline(weeks: Floats, label: str) -> Markup:
    """A line of shares from 0 at the bottom to 1 at the top, broken where a week has none; ``label`` says it in words."""
    step = (WIDE - 2 * EDGE) / max(len(weeks) - 1, 1)
    points = [(EDGE + i * step, HIGH - EDGE - share * (HIGH - 2 * EDGE)) for i, share in enumerate(weeks.tolist())]
    path, pen = [], "M"
    for x, y in points:
        if math.isnan(y):
            pen = "M"
        else:
            path.append(f"{pen}{x:.4g} {y:.4g}")
            pen = "L"
    drawn = [(x, y) for x, y in points if not math.isnan(y)]
    last = f'<circle cx="{drawn[-1][0]:.4g}" cy="{drawn[-1][1]:.4g}" r="2.2"/>' if drawn else ""
    level = f"{HIGH - EDGE - 0.9 * (HIGH - 2 * EDGE):.4g}"
    return Markup(  # numbers of ours, and a label that is escaped by format
        '<svg class="spark" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="{label}">'
        '<path class="level" d="M0 {level}H{w}"/><path d="{path}"/>{last}</svg>'
    ).format(w=WIDE, h=HIGH, label=label, level=level, path="".join(path), last=Markup(last))  # noqa: S704


def strip(kinds: Kinds, days: Sequence[dt.date]) -> Markup:
    """Half days as boxes, morning above afternoon, a wider space between weeks; the numbers beside it say the same.

    One run of boxes of a kind is one line: its height and its dashes, in report.css, give each kind a form of its own, so that a copy in
    black and white tells them apart.

    Parameters
    ----------
    kinds : array of uint8
        Kind of each session, AM and PM in turn, as places in `KINDS`.
    days : sequence of date
        The days.
    """
    weeks = np.array([(day.toordinal() - 1) // 7 for day in days], np.int64)
    x = np.arange(len(days)) * STEP + np.cumsum(np.diff(weeks, prepend=weeks[:1]) > 0) * WEEKEND
    paths = []
    for kind in SHOWN:
        drawn = "".join(_lines(kind, x[kinds[half::2] == KINDS.index(kind)].tolist(), half * STEP) for half in (0, 1))
        if drawn:
            paths.append(f'<path class="k{KINDS.index(kind)}" d="{drawn}"/>')
    width = int(x[-1]) + STEP if len(days) else 1
    about = f'class="strip" viewBox="0 0 {width} {2 * STEP - 1}" aria-hidden="true"'
    return Markup(f"<svg {about}>{''.join(paths)}</svg>")  # noqa: S704  # numbers of ours


def key(kind: str) -> Markup:
    """One box of a strip, to stand before its name."""
    path = f'<path class="k{KINDS.index(kind)}" d="{_lines(kind, [0], 0)}"/>'
    return Markup(f'<svg class="strip" viewBox="0 0 {BOX} {BOX}" aria-hidden="true">{path}</svg>')  # noqa: S704


def _lines(kind: str, places: Sequence[int], top: int) -> str:
    """A line through each run of boxes."""
    level = f"{top + LEVEL[kind]:g}"
    parts = np.split(np.asarray(places), np.flatnonzero(np.diff(places) != STEP) + 1) if len(places) else []
    return "".join(f"M{part[0]} {level}h{part[-1] - part[0] + BOX}" for part in parts)
