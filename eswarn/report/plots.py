"""Plots as SVG within the page: no script, no file, and never the only place where a number stands.

Colours are those of Okabe and Ito (2008) that stand out from white by 3 to 1 at least. Dashes and marks alone tell twelve lines apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from eswarn import words
from eswarn.report.told import Bin, Curves, Estimate, Group
from eswarn.report.validation_english import TEXT

INK, GRID = "#1b1f23", "#d5dade"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#595959")
DASHES = ("", "7 3", "2 3")
MARKS = ("circle", "square", "triangle", "diamond")
WIDTH, LEFT, RIGHT, TOP, PLOT = 480, 54, 20, 16, 300
MODEL = "model"
LONGEST = 28  # letters of a name beside a plot; the table has it in full
AXIS_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25)
STRETCHED = (0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1)

Scale = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Axes:
    """A frame with its two scales, onto which things are drawn."""

    svg: Element
    x: Scale
    y: Scale


def reach_plot(curves: Curves, *, name: str, places: float | None = None) -> str:
    """Share of the leavers reached against places: the model bold, each rule with its own colour, dashes and marks.

    Parameters
    ----------
    curves : Curves
        Lines by name; the one called "model" is the model.
    name : str
        Begins the ids within the plot, so that several stand on a page.
    places : float, optional
        The places in use, marked by an upright line.

    Returns
    -------
    str
        SVG; empty where there is nothing to draw.
    """
    lines = {key: line for key, line in curves.lines.items() if _points(curves.places, line)}
    if max(curves.places, default=0) <= 0 or not lines:
        return ""
    others = [key for key in lines if key != MODEL]
    drawn = [*others, *[MODEL] * (MODEL in lines)]  # the model last, so that nothing covers it
    legend = math.ceil(len(drawn) / 2)
    svg = _svg(name, TEXT["curves"], TEXT["curves_desc"], TOP + PLOT + 54 + 20 * legend)
    high = max(value for line in lines.values() for _, value in _points(curves.places, line))
    axes = _axes(svg, max(curves.places), min(1.0, max(high, 0.1)), labels=(TEXT["curves_x"], TEXT["curves_y"]))
    if places is not None and 0 < places <= max(curves.places):
        at = axes.x(places)
        SubElement(svg, "path", d=f"M{at:.1f} {TOP}V{TOP + PLOT}", stroke=INK, attrib={"stroke-dasharray": "1 3"})
        _text(svg, at + 4, TOP + PLOT - 6, f"{words.share(places)} {TEXT['in_use']}")
    for number, key in enumerate(drawn):
        style = others.index(key) if key in others else None
        points = [(axes.x(x), axes.y(y)) for x, y in _points(curves.places, lines[key])]
        _line(svg, points, style)
        marked = points[1 + number % 4 :: 5] if style is not None else []
        for x, y in marked:
            _mark(svg, x, y, style or 0)
    for number, key in enumerate([*drawn[-1:], *drawn[:-1]] if MODEL in lines else drawn):
        _legend(svg, number, key, others.index(key) if key in others else None)
    return tostring(svg, encoding="unicode")


def calibration_plot(bins: Sequence[Bin], *, name: str) -> str:
    """Share that left against the chance told, with intervals, the line of equality, and the number of rows as bars."""
    told = [b for b in bins if b.risk is not None and b.left is not None]
    if not told:
        return ""
    svg = _svg(name, TEXT["calibration"], TEXT["calibration_desc"], TOP + PLOT + 100)
    most = max(max(b.risk or 0, b.left or 0, b.high or 0) for b in told)
    high = next(tick for tick in STRETCHED[1:] if tick >= min(most, 1))
    axes = _axes(svg, high, high, labels=(TEXT["calibration_x"], TEXT["calibration_y"]), stretched=True, below=44)
    SubElement(
        svg, "path", d=f"M{axes.x(0):.1f} {axes.y(0):.1f}L{axes.x(high):.1f} {axes.y(high):.1f}", stroke=INK,
        attrib={"stroke-dasharray": "6 4"},
    )  # fmt: skip
    largest = max((b.n for b in told if isinstance(b.n, int)), default=0)
    for b in told:
        x, y = axes.x(b.risk or 0), axes.y(b.left or 0)
        if b.low is not None and b.high is not None:
            ends = axes.y(b.low), axes.y(b.high)
            d = f"M{x:.1f} {ends[0]:.1f}V{ends[1]:.1f}M{x - 4:.1f} {ends[0]:.1f}h8M{x - 4:.1f} {ends[1]:.1f}h8"
            SubElement(svg, "path", d=d, stroke=COLOURS[0], attrib={"stroke-width": "2"})
            SubElement(svg, "circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r="4.5", fill=COLOURS[0])
        else:
            SubElement(svg, "circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r="4.5", fill="#fff", stroke=COLOURS[0])
        if isinstance(b.n, int) and largest:
            tall, foot = 36 * b.n / largest, TOP + PLOT + 44
            SubElement(svg, "rect", x=f"{x - 3:.1f}", y=f"{foot - tall:.1f}", width="6", height=f"{tall:.1f}", fill="#595959")
    _text(svg, LEFT - 6, TOP + PLOT + 44, TEXT["rows"], anchor="end")
    return tostring(svg, encoding="unicode")


def group_plot(rows: Sequence[Group], measure: str, *, name: str, overall: Estimate | None = None) -> str:
    """One measure of each group as a mark with its interval, and a line where everybody stands; groups hidden have none."""
    told = [(row, estimate) for row in rows if (estimate := getattr(row, measure)) is not None and estimate.value is not None]
    if not told:
        return ""
    tall, left = 24 * len(told), 200
    svg = _svg(name, TEXT[measure], TEXT["groups_desc"], TOP + tall + 44)
    most = max(max(e.value or 0, e.high or 0) for _, e in told)
    axes = _axes(svg, min(1.0, max(most, 0.1)), 1, labels=(TEXT[measure], ""), left=left, tall=tall)
    if overall is not None and overall.value is not None:
        at = axes.x(overall.value)
        SubElement(svg, "path", d=f"M{at:.1f} {TOP}V{TOP + tall}", stroke=INK, attrib={"stroke-dasharray": "6 4"})
        _text(svg, at, TOP - 4, TEXT["everybody"], anchor="middle")
    for number, (row, estimate) in enumerate(told):
        y = TOP + 24 * number + 12
        _text(svg, left - 8, y + 4, _short(row.named), anchor="end")
        if estimate.known:
            ends = axes.x(estimate.low or 0), axes.x(estimate.high or 0)
            d = f"M{ends[0]:.1f} {y}H{ends[1]:.1f}M{ends[0]:.1f} {y - 4}v8M{ends[1]:.1f} {y - 4}v8"
            SubElement(svg, "path", d=d, stroke=COLOURS[0], attrib={"stroke-width": "2"})
        verdict = row.verdicts.get(measure, row.verdict) if estimate.known else TEXT["cannot tell"]
        _verdict(svg, axes.x(estimate.value or 0), y, verdict)
    return tostring(svg, encoding="unicode")


def _points(places: Sequence[float], line: Sequence[float | None]) -> list[tuple[float, float]]:
    return [(x, y) for x, y in zip(places, line, strict=False) if y is not None and math.isfinite(x)]


def _svg(name: str, title: str, says: str, height: int) -> Element:
    """An empty plot that says what it is to those who do not see it."""
    svg = Element("svg", viewBox=f"0 0 {WIDTH} {height}", role="img", fill="none", attrib={"aria-labelledby": f"{name}-t {name}-d"})
    SubElement(svg, "title", id=f"{name}-t").text = title
    SubElement(svg, "desc", id=f"{name}-d").text = says
    return svg


def _axes(
    svg: Element, wide: float, high: float, *, labels: tuple[str, str], stretched: bool = False, left: int = LEFT, tall: int = PLOT,
    below: int = 0,
) -> Axes:  # fmt: skip
    """Axes from 0 with a grid and percentages; without a second label, the upright one has neither."""
    root: Scale = math.sqrt if stretched else float

    def x(value: float) -> float:
        return left + (WIDTH - left - RIGHT) * root(max(value, 0) / wide)

    def y(value: float) -> float:
        return TOP + tall * (1 - root(max(value, 0) / high))

    for tick in _ticks(wide, stretched=stretched):
        SubElement(svg, "path", d=f"M{x(tick):.1f} {TOP}V{TOP + tall}", stroke=GRID)
        _text(svg, x(tick), TOP + tall + 18 + below, words.share(tick), anchor="middle")
    for tick in _ticks(high, stretched=stretched) if labels[1] else ():
        SubElement(svg, "path", d=f"M{left} {y(tick):.1f}H{WIDTH - RIGHT}", stroke=GRID)
        _text(svg, left - 6, y(tick) + 4, words.share(tick), anchor="end")
    SubElement(svg, "path", d=f"M{left} {TOP}V{TOP + tall}H{WIDTH - RIGHT}", stroke=INK)
    _text(svg, (left + WIDTH - RIGHT) / 2, TOP + tall + 36 + below, labels[0], anchor="middle")
    if labels[1]:
        turned = _text(svg, 0, 0, labels[1], anchor="middle")
        turned.set("transform", f"translate(12 {TOP + tall / 2:.0f}) rotate(-90)")
    return Axes(svg, x, y)


def _ticks(high: float, *, stretched: bool) -> list[float]:
    if stretched:
        return [tick for tick in STRETCHED if tick <= high]
    step = next((s for s in AXIS_STEPS if high / s <= 6), 0.25)
    return [step * i for i in range(int(high / step + 1e-9) + 1)]


def _text(svg: Element, x: float, y: float, said: str, *, anchor: str = "start") -> Element:
    text = SubElement(svg, "text", x=f"{x:.1f}", y=f"{y:.1f}", fill=INK, attrib={"text-anchor": anchor, "font-size": "12"})
    text.text = said
    return text


def _line(svg: Element, points: Sequence[tuple[float, float]], style: int | None) -> None:
    """A line of the model (no style) or of the rule of this number."""
    line = SubElement(svg, "polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points))
    line.set("stroke", INK if style is None else COLOURS[style % len(COLOURS)])
    line.set("stroke-width", "4" if style is None else "1.5")
    if style is not None and (dashes := DASHES[style // len(MARKS) % len(DASHES)]):
        line.set("stroke-dasharray", dashes)


def _mark(svg: Element, x: float, y: float, style: int) -> None:
    colour, shape = COLOURS[style % len(COLOURS)], MARKS[style % len(MARKS)]
    if shape == "circle":
        SubElement(svg, "circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r="3.5", fill=colour)
        return
    path = {"square": "m-3.5 -3.5h7v7h-7z", "triangle": "m0 -4.5l4.5 8h-9z", "diamond": "m0 -5l5 5l-5 5l-5 -5z"}[shape]
    SubElement(svg, "path", d=f"M{x:.1f} {y:.1f}{path}", fill=colour)


def _verdict(svg: Element, x: float, y: float, verdict: str) -> None:
    """A square where a gap is shown, a filled circle where none is, an empty one where it cannot be told."""
    if verdict.startswith("gap"):
        SubElement(svg, "path", d=f"M{x:.1f} {y}m-6 -6h12v12h-12z", fill=COLOURS[1])
    else:
        fill = COLOURS[0] if verdict.startswith("no gap") else "#fff"
        SubElement(svg, "circle", cx=f"{x:.1f}", cy=f"{y}", r="5", fill=fill, stroke=COLOURS[0], attrib={"stroke-width": "2"})


def _legend(svg: Element, number: int, key: str, style: int | None) -> None:
    column, row = number % 2, number // 2
    x, y = 10 + column * (WIDTH - 20) / 2, TOP + PLOT + 58 + 20 * row
    _line(svg, [(x, y), (x + 34, y)], style)
    if style is not None:
        _mark(svg, x + 17, y, style)
    _text(svg, x + 42, y + 4, _short(TEXT["model"] if key == MODEL else key))


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
