"""Plots: every number is drawn where it belongs, by shape as well as by colour, and whatever a name holds adds no element."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from eswarn.report import plots
from eswarn.report.plots import calibration_plot, group_plot, reach_plot
from eswarn.report.told import Bin, Curves, Estimate, Group
from tests.unit.report.made_up_validation import RULES, curve, groups, split


def read(svg: str) -> ElementTree.Element:
    """The plot as elements; anything else but well-formed XML is an error."""
    return ElementTree.fromstring(svg)


def curves(*names: str) -> Curves:
    told = split()["curves"]
    return Curves(places=told["places"], lines={name: told["lines"][name] for name in names or told["lines"]})


def contrast(colour: str) -> float:
    """Contrast with white by the formula of WCAG 2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    light = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 1.05 / (0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2] + 0.05)


def test_colours_stand_out_from_white():
    assert all(contrast(colour) >= 3 for colour in plots.COLOURS)
    assert contrast(plots.INK) >= 7
    assert contrast("#ffffff") == pytest.approx(1)


def test_each_plot_says_what_it_is_to_those_who_do_not_see_it():
    for svg in (reach_plot(curves(), name="a"), calibration_plot([Bin(n=9, risk=0.1, left=0.2)], name="a")):
        root = read(svg)
        assert root.get("role") == "img"
        ids = {e.get("id"): e.text for e in root if e.tag in ("title", "desc")}
        assert root.get("aria-labelledby") == " ".join(ids)
        assert all(text and len(text) > 10 for text in ids.values())


def test_lines_are_told_apart_without_colour():
    root = read(reach_plot(curves(), name="a"))
    lines = root.findall("polyline")
    in_plot = lines[: len(RULES) + 1]
    styles = [(line.get("stroke"), line.get("stroke-dasharray")) for line in in_plot]
    assert len(set(styles)) == len(styles)
    assert [line.get("stroke-width") for line in in_plot].count("4") == 1
    assert in_plot[-1].get("stroke-width") == "4", "the model is drawn last, over the others"
    parts = list(root)
    samples = [three for three in zip(parts, parts[1:], parts[2:], strict=False) if (three[0].tag, three[2].tag) == ("polyline", "text")]
    legend = {
        said.text: (line.get("stroke-dasharray"), mark.tag, re.sub(r"^M[\d. ]+", "", mark.get("d", ""))) for line, mark, said in samples
    }
    assert len(legend) == len(set(legend.values())) == len(RULES) + 1, "dashes and marks alone tell them apart"


def test_the_line_goes_through_the_numbers():
    told = Curves(places=(0.0, 0.1, 0.2), lines={"model": (0.0, 0.5, 1.0)})
    points = read(reach_plot(told, name="a")).find("polyline").get("points").split()  # type: ignore[union-attr]
    xs, ys = zip(*(map(float, point.split(",")) for point in points), strict=True)
    assert xs == (plots.LEFT, (plots.LEFT + plots.WIDTH - plots.RIGHT) / 2, plots.WIDTH - plots.RIGHT)
    assert ys == (plots.TOP + plots.PLOT, plots.TOP + plots.PLOT / 2, plots.TOP)


def test_a_line_with_gaps_keeps_its_known_points():
    told = Curves(places=(0.0, 0.1, 0.2), lines={"model": (0.0, None, 1.0), "nothing": (None, None, None)})
    lines = read(reach_plot(told, name="a")).findall("polyline")
    assert [len((line.get("points") or "").split()) for line in lines] == [2, 2], "the line, and its sample below"


def test_nothing_to_draw_is_no_plot():
    assert reach_plot(Curves(), name="a") == ""
    assert reach_plot(Curves(places=(0.0,), lines={"model": (0.0,)}), name="a") == ""
    assert calibration_plot([Bin(n=3)], name="a") == ""
    assert group_plot([Group(group="x", recall=Estimate())], "recall", name="a") == ""


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "</svg><img src=x>", '"onload="x', "x" * 300])
def test_a_hostile_name_is_text(name: str):
    told = Curves(places=(0.0, 0.1), lines={"model": (0.0, 0.1), name: (0.0, 0.2)})
    root = read(reach_plot(told, name="a"))
    assert {e.tag for e in root.iter()} == {"svg", "title", "desc", "path", "text", "polyline", "circle"}
    assert max(len(e.text or "") for e in root.iter("text")) <= 30


def test_bins_stand_on_the_diagonal_where_chance_and_share_agree():
    root = read(calibration_plot([Bin(n=100, risk=r, left=r, low=r / 2, high=2 * r) for r in (0.01, 0.1)], name="a"))
    marks = [(float(c.get("cx", "")), float(c.get("cy", ""))) for c in root.findall("circle")]
    for x, y in marks:
        along, up = (x - plots.LEFT) / (plots.WIDTH - plots.LEFT - plots.RIGHT), (plots.TOP + plots.PLOT - y) / plots.PLOT
        assert along == pytest.approx(up, abs=0.001)
    assert len(root.findall("rect")) == len(marks) == 2


def test_a_bin_without_an_interval_is_drawn_empty():
    root = read(calibration_plot([Bin(n=1, risk=0.1, left=0.1), Bin(n="[c]", risk=0.2, left=0.2, low=0.1, high=0.3)], name="a"))
    assert [circle.get("fill") for circle in root.findall("circle")] == ["#fff", plots.COLOURS[0]]


def test_shapes_of_groups_say_the_verdict_of_that_measure():
    told = [
        Group(group="gap", recall=Estimate(value=0.4, low=0.3, high=0.5), verdict="gap shown"),
        Group(group="none", recall=Estimate(value=0.4, low=0.3, high=0.5), verdict="no gap larger than 0.1"),
        Group(group="untold", recall=Estimate(value=0.4, low=0.3, high=0.5), verdict="cannot tell"),
        Group(group="bare", recall=Estimate(value=0.4), verdict="gap shown"),
        Group(group="other", recall=Estimate(value=0.4, low=0.3, high=0.5), verdict="gap shown",
              verdicts={"recall": "no gap larger than 0.1"}),
        Group(group="hidden", recall=Estimate(), verdict="gap shown"),
    ]  # fmt: skip
    root = read(group_plot(told, "recall", name="a"))
    squares = [e for e in root.findall("path") if e.get("fill") == plots.COLOURS[1]]
    assert (len(squares), [c.get("fill") for c in root.findall("circle")]) == (1, [plots.COLOURS[0], "#fff", "#fff", plots.COLOURS[0]])
    assert "hidden" not in [e.text for e in root.findall("text")]


def test_everybody_is_a_line_only_where_told():
    rows = [Group.model_validate(row) for row in groups()["rows"]]
    with_line = group_plot(rows, "recall", name="a", overall=Estimate(value=0.2))
    assert "everybody" in with_line
    assert "everybody" not in group_plot(rows, "recall", name="a")


def test_the_same_numbers_give_the_same_plot():
    assert reach_plot(curves(), name="a") == reach_plot(curves(), name="a")
    assert not re.search(r"nan|inf\b", reach_plot(curves(), name="a", places=0.05))
    assert curve(0.23)[0] == 0
