"""Draws published flags and eswarn's lists on the axes of specificity and sensitivity, as one SVG that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt

SIDE, LEFT, TOP = 480, 64, 40
WIDTH, HEIGHT = LEFT + SIDE + 24, TOP + SIDE + 124
GREY, BLUE, ORANGE, INK = "#767676", "#0072b2", "#d55e00", "#1a1a1a"  # told apart without colour vision, and by shape
LEVELS = {0.18: "J .18, median", 0.83: "J .83, best"}  # of the published flags


def picture(flags: npt.NDArray[np.float64], named: Mapping[str, Sequence[float]], ours: Mapping[str, Any]) -> str:
    """The whole file.

    Parameters
    ----------
    flags : array of shape (n, 2)
        Specificity and sensitivity of each published flag.
    named : mapping of str to (specificity, sensitivity)
        Flags with a label.
    ours : mapping
        What `benchmarks.ews_flags.judge` returns.
    """
    said = "Published early-warning flags and eswarn on simulated schools"
    grey = "".join(f'<circle cx="{_x(s):.0f}" cy="{_y(r):.0f}" r="3.5"/>' for s, r in flags)
    curve = [(1.0, 0.0), *((p["specificity"], p["sensitivity"]) for p in ours["curve"]), (0.0, 1.0)]
    line = " ".join(f"{_x(s):.1f},{_y(r):.1f}" for s, r in curve)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" role="img">',
        f"<title>{said}</title>",
        f"<desc>{len(flags)} grey dots: flags of published studies. Blue line and dots: eswarn's lists at 2, 5, 10 and 20 % of places. "
        "Orange square: persistent absence on the same simulated pupils. Simulated schools are not real ones.</desc>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(LEFT, 22, said, size=15),
        *_axes(),
        *(_level(j, label) for j, label in LEVELS.items()),
        f'<g fill="{GREY}" fill-opacity="0.55">{grey}</g>',
        *(_named(letter, *place) for letter, place in zip("abcdefgh", named.values(), strict=False)),
        f'<polyline points="{line}" fill="none" stroke="{BLUE}" stroke-width="2"/>',
        *(_ours(point) for point in ours["at"]),
        _square(ours["persistent_absence"]),
        *_legend(len(flags), named),
    ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _x(specificity: float) -> float:
    return LEFT + (1 - specificity) * SIDE


def _y(sensitivity: float) -> float:
    return TOP + (1 - sensitivity) * SIDE


def _axes() -> list[str]:
    lines = [f'<rect x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="{INK}"/>']
    for tick in (0, 0.2, 0.4, 0.6, 0.8, 1):
        lines.append(_text(_x(tick), TOP + SIDE + 16, f"{tick:.1f}", anchor="middle"))
        lines.append(_text(LEFT - 8, _y(tick) + 4, f"{tick:.1f}", anchor="end"))
    lines.append(_text(LEFT + SIDE / 2, TOP + SIDE + 34, "specificity: share of stayers not listed", anchor="middle"))
    middle = TOP + SIDE / 2
    turned = f'transform="rotate(-90 16 {middle})"'
    across = f'<text x="16" y="{middle}" font-size="12" text-anchor="middle" {turned}>sensitivity: share of leavers listed</text>'
    return [*lines, across]


def _level(youden: float, label: str) -> str:
    """Where sensitivity + specificity - 1 is the same; 0 would be chance."""
    ends = f'x1="{_x(1):.1f}" y1="{_y(youden):.1f}" x2="{_x(youden):.1f}" y2="{_y(1):.1f}"'
    place = (1 + youden) / 2 - 0.12 * (1 - youden)
    words = _text(_x(place) + 4, _y(1 + youden - place) + 14, label, size=10, fill=GREY)
    return f'<line {ends} stroke="{GREY}" stroke-dasharray="4 4"/>{words}'


def _named(letter: str, specificity: float, sensitivity: float) -> str:
    x, y = _x(specificity), _y(sensitivity)
    return f'<circle cx="{x:.0f}" cy="{y:.0f}" r="5" fill="none" stroke="{INK}"/>' + _text(x + 7, y - 5, letter)


def _ours(point: Mapping[str, float]) -> str:
    x, y = _x(point["specificity"]), _y(point["sensitivity"])
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{BLUE}"/>' + _text(x + 8, y + 13, f"{point['share']:.0%}", fill=BLUE)


def _square(point: Mapping[str, float]) -> str:
    return f'<rect x="{_x(point["specificity"]) - 5:.1f}" y="{_y(point["sensitivity"]) - 5:.1f}" width="10" height="10" fill="{ORANGE}"/>'


def _legend(flags: int, named: Mapping[str, Sequence[float]]) -> list[str]:
    top = TOP + SIDE + 58
    letters = "; ".join(f"{letter} {label}" for letter, label in zip("abcdefgh", named, strict=False))
    return [
        f'<circle cx="{LEFT + 6}" cy="{top - 4}" r="3.5" fill="{GREY}"/>',
        _text(LEFT + 18, top, f"{flags} published flags (Bowers, Sprott, Taff 2013), of which:"),
        _text(LEFT + 18, top + 18, letters, size=10),
        f'<circle cx="{LEFT + 6}" cy="{top + 32}" r="5" fill="{BLUE}"/>',
        _text(LEFT + 18, top + 36, "eswarn on simulated schools, which are not real ones: share of places"),
        f'<rect x="{LEFT + 1}" y="{top + 45}" width="10" height="10" fill="{ORANGE}"/>',
        _text(LEFT + 18, top + 54, "persistent absence (10 % or more) on the same simulated pupils"),
    ]


def _text(x: float, y: float, words: str, *, size: int = 12, anchor: str = "start", fill: str = INK) -> str:
    halo = 'stroke="#ffffff" stroke-width="3" paint-order="stroke"'  # words stay legible over dots
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{fill}" {halo}>{escape(words)}</text>'
