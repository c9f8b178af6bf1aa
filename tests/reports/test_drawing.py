"""Drawings: well-formed SVG with all its words, whatever the texts are and however much there is."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final

import pytest
import resvg_py
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree  # type: ignore[import-untyped]

from bstinspect.reports.drawing import PRINT, SCREEN, draw
from bstinspect.reports.drawing.canvas import ticks
from bstinspect.reports.drawing.measure import shorten, width
from bstinspect.reports.visible import one_line, visible
from bstinspect.writeup.document import (
    Arrow,
    Bar,
    Bars,
    Drawing,
    Figure,
    Gantt,
    Lane,
    Mark,
    Point,
    Row,
    Sequence,
    Tree,
    Twig,
)

from .sample import MS, drawings

if TYPE_CHECKING:
    from bstinspect.writeup.document import Document, Tone

SVG: Final = "{http://www.w3.org/2000/svg}"
ANY_TEXT: Final = st.text(st.characters(exclude_categories=()), max_size=80)
"""Lone surrogates and control characters included."""


def parsed(drawing: Drawing) -> Any:
    """Return the drawing as a tree; fails where it is no well-formed XML."""
    return etree.fromstring(draw(drawing, PRINT, "one").encode())


def texts(svg: Any) -> list[str]:
    """Return the words of a drawing as they stand there."""
    return ["".join(element.itertext()) for element in svg.iter(f"{SVG}text")]


def titles(svg: Any) -> list[str]:
    """Return what is shown on hover."""
    return ["".join(element.itertext()) for element in svg.iter(f"{SVG}title")]


@given(ANY_TEXT)
def test_any_text_stands_in_every_drawing_as_it_is_made_visible(text: str) -> None:
    """A parser reads the visible text, or its beginning with an ellipsis, the whole being on hover."""
    whole = one_line(text)
    for drawing in drawings(text):
        svg = parsed(drawing)
        assert {element.tag.removeprefix(SVG) for element in svg.iter()} <= {
            "svg", "g", "title", "text", "line", "polyline", "polygon", "rect",
        }  # fmt: skip
        found = [words for words in texts(svg) if not re.fullmatch(r"[\d.]+|ms", words)]
        assert (
            whole in found or any(words.endswith("…") for words in found) or not whole.strip("0123456789.ms")
        )
        for words in found:
            assert whole == words or whole.startswith(words.removesuffix("…").rstrip())
        if any(words != whole for words in found):
            assert any(whole in title for title in titles(svg))


@given(ANY_TEXT)
def test_visible_text_can_be_shown(text: str) -> None:
    """XML and UTF-8 take it; what could be shown stays as it was."""
    shown = visible(text)
    element = etree.Element("a")
    element.text = shown  # lxml refuses what XML forbids
    assert etree.tostring(element, encoding="utf-8")
    if text.isprintable():
        assert shown == text


def test_bytes_that_are_no_utf8_are_shown_by_their_value() -> None:
    """As PEP 383 has them; marks that turn the direction are shown too."""
    assert visible("a\udcffb\x1b\u202e\ud800\t\n") == "a\\xffb\\x1b\\u202e\\ud800\t\n"
    assert one_line("a\tb\nc") == "a\\tb\\nc"


def test_the_sample_becomes_pictures(sample: Document) -> None:
    """The library that makes pictures for DOCX takes every drawing; each is larger than nothing."""
    figures = [block for section in sample.sections for block in section.blocks if isinstance(block, Figure)]
    assert len(figures) >= 5
    for figure in figures:
        picture = bytes(resvg_py.svg_to_bytes(svg_string=draw(figure.drawing, PRINT, "one")))
        assert picture.startswith(b"\x89PNG")
        assert len(picture) > 2000


def test_fixed_colours_on_paper_and_variables_on_a_screen() -> None:
    """No variable is in what resvg gets, no fixed colour in what a dark page shows."""
    for drawing in drawings("words"):
        assert "var(" not in draw(drawing, PRINT, "one")
        assert not re.search(r'"#[0-9a-f]{3,8}"', draw(drawing, SCREEN, "one"))


def test_identities_keep_drawings_apart() -> None:
    """The only id is the given one; the page's words about it are found by it."""
    svg = etree.fromstring(draw(drawings("words")[0], PRINT, "figure-7"))
    assert [element.get("id") for element in svg.iter() if element.get("id")] == ["figure-7"]
    assert svg.get("aria-labelledby") == "figure-7-caption figure-7-alternative"
    assert svg.get("role") == "img"


def places(svg: Any) -> dict[str, tuple[float, float]]:
    """Return where each text stands."""
    return {
        "".join(each.itertext()): (float(each.get("x", "")), float(each.get("y", "")))
        for each in svg.iter(f"{SVG}text")
    }


def test_search_tree_has_left_and_right() -> None:
    """A single right child stands to the right of its parent, and all of it in order from left to right."""
    tree = Tree((Twig("4", below=(
        Twig("1", below=(Twig("2", below=(Twig("3", hand="right"),), hand="right"),), hand="left"),
        Twig("9", below=(Twig("5", below=(Twig("7", hand="right"),), hand="left"),), hand="right"),
    )),))  # fmt: skip
    found = places(parsed(tree))
    assert sorted(found, key=lambda name: found[name][0]) == ["1", "2", "3", "4", "5", "7", "9"]
    assert [found[name][1] for name in "4123"] == sorted(found[name][1] for name in "4123")


def test_the_dead_are_crossed_out_and_the_unreachable_dashed() -> None:
    """So that no colours are needed."""
    count: dict[Tone, tuple[int, int]] = {}
    for tone in ("", "bad", "warn"):
        svg = parsed(Tree((Twig("node", tone=tone),)))
        boxes = list(svg.iter(f"{SVG}rect"))
        count[tone] = (
            len(list(svg.iter(f"{SVG}line"))),
            sum(bool(box.get("stroke-dasharray")) for box in boxes),
        )
    assert count == {"": (0, 0), "bad": (2, 0), "warn": (0, 1)}


def test_many_processes_become_a_list_that_is_no_wider_than_a_page() -> None:
    """A hundred nodes below a controller; deep and wide trees do not fail."""
    wide = Twig("top", below=tuple(Twig(f"node {number}", f"pid {number}") for number in range(100)))
    svg = parsed(Tree((wide,)))
    assert float(svg.get("width", "")) < 760
    assert len(texts(svg)) == 201
    deep = Twig("end")
    for number in range(200):
        deep = Twig(str(number), below=(deep,), hand="right" if number % 2 else "")
    assert "…" in texts(parsed(Tree((deep,))))


def test_arrows_slant_in_time_and_a_death_ends_its_lane() -> None:
    """The later a moment, the lower it stands; the dead lane's line is shorter than the other's."""
    lanes = (Lane("one"), Lane("two"))
    steps = (Arrow(0, 1, "sent", 0, 9 * MS), Arrow(0, 1, "fast", MS, 2 * MS), Mark(1, "died", 20 * MS),
             Arrow(0, 1, "lost", 30 * MS))  # fmt: skip
    svg = parsed(Sequence(lanes, steps, axis="мс"))
    found = places(svg)
    assert found["sent"][1] < found["fast"][1] < found["died"][1] < found["lost"][1]
    assert "мс" in found
    lines = [
        {name: float(each.get(name, "")) for name in ("x1", "x2", "y1", "y2")}
        for each in svg.iter(f"{SVG}line")
    ]
    first, second = [line for line in lines if line["x1"] == line["x2"] and line["y2"] - line["y1"] > 50]
    assert first["y2"] > second["y2"]
    sent, fast = [line for line in lines if (line["x1"], line["x2"]) == (first["x1"], second["x1"])]
    assert sent["y1"] < fast["y1"] < fast["y2"] < sent["y2"]
    assert sum(bool(line.get("stroke-dasharray")) for line in svg.iter(f"{SVG}line")) == 1


def test_a_lane_that_shows_life_again_does_not_end() -> None:
    """Only the last sign of a lane ends it: its line is as long as the other's where something follows."""

    def lengths(*steps: Arrow | Mark) -> tuple[float, ...]:
        svg = parsed(Sequence((Lane("one"), Lane("two")), steps))
        lines = [line for line in svg.iter(f"{SVG}line") if line.get("x1") == line.get("x2")]
        return tuple(float(line.get("y2")) for line in lines if line.get("y1") != line.get("y2"))

    one, two = lengths(Mark(1, "died", MS))
    assert two < one
    one, two = lengths(Mark(1, "died", MS), Arrow(1, 0, "back", 2 * MS, 3 * MS))
    assert two == one
    one, two = lengths(Mark(1, "closed", MS, tone="warn"))
    assert two == one


def test_long_sequences_and_charts_are_drawn() -> None:
    """Dozens of lanes and rows, hundreds of steps, thousands of bars: more than a caller should ask for."""
    lanes = tuple(Lane(f"node {number}", f"pid {number}") for number in range(40))
    steps = tuple(Arrow(n % 40, (n * 7) % 40, f"message {n}", n * MS, n * MS + 5) for n in range(600))
    assert len(draw(Sequence(lanes, steps), PRINT, "one")) < 600_000
    bars = tuple(Bar(n * 1000, n * 1000 + 900, "a" if n % 3 else "b") for n in range(20_000))
    rows = tuple(Row(f"row {n}", bars, tuple((i * MS, f"moment {i}") for i in range(30))) for n in range(12))
    chart = Gantt("time, ms", MS, 20 * MS, rows, (("a", "first"), ("b", "second")))
    assert len(draw(chart, PRINT, "one")) < 400_000
    points = tuple(Point(f"point {n}", n, str(n)) for n in range(300))
    assert len(texts(parsed(Bars("axis", "across", points)))) > 600


@pytest.mark.parametrize(
    "drawing",
    [
        Sequence((), ()),
        Sequence((Lane("one"),), (Arrow(0, 5, "nowhere", 0, 1), Mark(9, "nobody", 3))),
        Tree(()),
        Gantt("", 0, 0, (Row("", (Bar(-5, 1 << 70, "?"), Bar(9, 3, "?")), ((-9, "x"), (1 << 70, "y"))),), ()),
        Gantt("", 1, 100, (), ()),
        Bars("", "", ()),
        Bars("", "", tuple(Point("", value, "") for value in (-1.0, math.nan, math.inf, 0.0, 1e308, 5e-324))),
    ],
)
def test_odd_drawings_are_drawn(drawing: Drawing) -> None:
    """Nothing in them, indices and times that make no sense: still SVG, with finite numbers."""
    svg = draw(drawing, PRINT, "one")
    assert not re.search(r'"[^"]*\b(nan|inf)\b[^"]*"', svg)
    assert etree.fromstring(svg) is not None


@given(st.floats(min_value=1e-6, max_value=1e15), st.integers(3, 12))
def test_ticks_are_round_and_few(longest: float, most: int) -> None:
    """They begin at 0, reach nearly to the end, and are about as many as asked for."""
    found = ticks(longest, most)
    assert found[0] == 0
    assert found[-1] <= longest * 1.001
    assert 2 <= len(found) <= most + 2


@given(ANY_TEXT, st.floats(30, 400), st.floats(8, 20))
def test_shortened_text_fits(text: str, room: float, size: float) -> None:
    """Shortened only where it has to be, and never longer than the room."""
    shown = shorten(text, room, size)
    assert width(shown, size) <= room
    assert (shown == text) == (width(text, size) <= room)


def test_a_megabyte_is_no_burden() -> None:
    """Neither in a label nor on hover."""
    for drawing in drawings("x" * 1_000_000):
        assert len(draw(drawing, PRINT, "one")) < 60_000


def test_the_sample_has_every_kind_of_drawing(sample: Document) -> None:
    """Or the tests above would try less than they say."""
    blocks = [block for section in sample.sections for block in section.blocks]
    kinds = {type(block.drawing) for block in blocks if isinstance(block, Figure)}
    assert kinds == {Sequence, Tree, Gantt, Bars}
