"""Charts: names beside their points and over nothing, axes with round figures, text that is only text."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.reporting.charts import (
    Curve,
    LoadLine,
    LoadPoint,
    Point,
    Row,
    Rows,
    Scatter,
    curves,
    loads,
    rows,
    scatter,
)
from harness.reporting.charts.axes import Axis
from harness.reporting.charts.places import Box, place
from harness.reporting.charts.svg import short_names

ROOM = Box(40, 20, 400, 250)
HOSTILE = '</text><script>alert(1)</script>"&'


def texts(svg: str | None) -> list[str]:
    assert svg is not None
    return [e.text or "" for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("text")]


def meets(one: Box, other: Box) -> bool:
    """Whether the two have any pixel in common."""
    across = one.left < other.right and other.left < one.right
    return across and one.top < other.bottom and other.top < one.bottom


@given(
    st.lists(
        st.tuples(st.integers(50, 390), st.integers(30, 240), st.text("abq-4", min_size=1)),
        max_size=12,
    )
)
def test_no_name_covers_another_or_leaves_the_chart(points: list[tuple[int, int, str]]) -> None:
    found = [one.box for one in place(points, [], ROOM) if one is not None]
    assert not [pair for pair in combinations(found, 2) if meets(*pair)]
    assert all(box.within(ROOM) for box in found)


def test_a_name_covers_a_line_only_where_there_is_no_other_room() -> None:
    line = Box(100, 95, 400, 105)
    (free,) = place([(90, 100, "name")], [line], ROOM)
    assert free is not None and not meets(free.box, line)
    (forced,) = place([(90, 100, "name")], [ROOM], ROOM)
    assert forced is not None


@given(st.floats(-1e6, 1e6, allow_nan=False), st.floats(1e-6, 1e6), st.booleans())
def test_ticks_lie_on_the_axis_at_even_steps_and_read_apart(
    low: float, span: float, positive: bool
) -> None:
    low = abs(low) if positive else low
    ticks = Axis.over([low, low + span], 0, 100).ticks()
    assert 1 <= len(ticks) <= 7
    assert len({said for _, said in ticks}) == len(ticks)


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((0.7, 0.8), ["0.700", "0.725", "0.750", "0.775", "0.800"]),
        ((-0.03, 0.01), ["−0.03", "−0.02", "−0.01", "0.00", "0.01"]),
        ((0, 20_000), ["0", "5,000", "10,000", "15,000", "20,000"]),
    ],
)
def test_ticks_are_round(ends: tuple[float, float], said: list[str]) -> None:
    assert [text for _, text in Axis.over(ends, 0, 100).ticks()] == said


def test_a_logarithmic_axis_has_powers_of_ten() -> None:
    ticks = Axis.over([1e-6, 0.03], 0, 100, log=True).ticks()
    assert [said for _, said in ticks] == ["1e−6", "1e−5", "0.0001", "0.001", "0.01"]


def test_an_axis_puts_ends_where_they_belong() -> None:
    axis = Axis(0, 10, 0, 100)
    assert [axis.at(v) for v in (0, 5, 10, 12, -1)] == [0, 50, 100, 100, 0]
    assert Axis(1, 100, 0, 100, log=True).at(10) == pytest.approx(50)


def test_names_that_begin_alike_keep_their_ends() -> None:
    names = [f"organisation/a-very-long-model-name-{end}" for end in ("q4", "q8")]
    assert list(short_names(names, 20).values()) == ["…q4", "…q8"]
    assert list(short_names(["lora-q4", "lora-q8"]).values()) == ["lora-q4", "lora-q8"]


@given(st.lists(st.text(min_size=1), min_size=2, unique=True, max_size=8))
def test_short_names_stay_apart(names: list[str]) -> None:
    assert len(set(short_names(names, 8).values())) == len(names)


def test_fewer_than_two_points_are_no_chart() -> None:
    assert scatter(Scatter("x", "y", (Point("a", 1, 2),))) is None
    assert scatter(Scatter("x", "y", (Point("a", 1, 0), Point("b", 1, 1)), log_y=True)) is None
    assert rows(Rows("t", ())) is None
    assert curves("x", "y", [Curve("a", ((0, 1),))]) is None


def test_every_point_has_its_name_and_every_row_its_figures() -> None:
    points = tuple(Point(name, x, x / 2) for x, name in enumerate("abc", start=1))
    assert {"a", "b", "c", "size", "accuracy"} <= set(
        texts(scatter(Scatter("size", "accuracy", points)))
    )
    shown = texts(rows(Rows("t", (Row("lora", "+1.0 [0.5, 1.5]", 1, 0.5, 1.5),), zero=0)))
    assert {"t", "lora", "+1.0 [0.5, 1.5]"} <= set(shown)


def test_what_a_suite_wrote_is_only_text() -> None:
    points = (Point(HOSTILE, 1, 1, group=HOSTILE, href="#s=a&b"), Point("b", 2, 2, group="b"))
    drawn = [
        scatter(Scatter(HOSTILE, HOSTILE, points, level=(HOSTILE, 1))),
        rows(Rows(HOSTILE, (Row(HOSTILE, HOSTILE, 1),))),
        curves(HOSTILE, HOSTILE, [Curve(HOSTILE, ((0, 1), (1, 2)))]),
    ]
    for svg in drawn:
        assert svg is not None
        tags = {e.tag.split("}")[1] for e in ElementTree.fromstring(svg).iter()}
        assert tags <= {"svg", "g", "rect", "path", "circle", "text", "title", "a"}


def load_line(name: str, tail: bool = False) -> LoadLine:
    points = (
        LoadPoint(1, 10, 9, 11, HOSTILE),
        LoadPoint(2, 20, 18, 22),
        LoadPoint(16, 21, None, None),
    )
    return LoadLine(name, points, tail=tail, knee=2)


def test_a_load_has_a_mark_for_each_level_a_bar_for_each_interval_and_one_knee() -> None:
    svg = loads("users", "tokens/s", [load_line("m"), load_line("m, p99", tail=True)], log=True)
    assert svg is not None and HOSTILE not in svg
    root = ElementTree.fromstring(svg)
    marks = [e for e in root.iter() if e.tag.endswith("circle")]
    in_legend, drawn = 2, 6
    assert len(marks) == in_legend + drawn
    assert sum(mark.get("fill") == "#ffffff" for mark in marks) == 2
    assert {"m", "m, p99", "users", "tokens/s"} <= set(texts(svg))


def test_one_level_is_no_chart() -> None:
    alone = LoadLine("m", (LoadPoint(1, 10),))
    assert loads("users", "tokens/s", [alone]) is None
