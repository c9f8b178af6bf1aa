"""A Gantt chart: who was busy when, over one axis of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.reports.drawing.canvas import ticks
from bstinspect.reports.drawing.measure import shorten, width
from bstinspect.reports.visible import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bstinspect.reports.drawing.canvas import Canvas
    from bstinspect.writeup.document import Bar, Gantt, Row

_ACROSS: Final = 560
"""Pixels of the axis."""
_TITLES: Final = 170
_THICK: Final = (16, 10, 6, 16, 10, 6)
"""A kind is told by its thickness too, not by its colour alone."""
_ROW: Final = 24
_WORDS: Final = 15
"""Pixels of a line of words about moments."""
_LEVELS: Final = 3
_MOMENT: Final = 200


def draw_gantt(canvas: Canvas, chart: Gantt) -> None:
    """Draw the legend, the rows and the axis below them."""
    colours = canvas.palette
    left = max(min(max((width(row.title, 12) for row in chart.rows), default=0), _TITLES), 40) + 16
    scale = _ACROSS / max(chart.length, 1)
    kinds = [key for key, _ in chart.kinds]
    top = _legend(canvas, chart, left) + 8
    placed = [_place_words(row, scale) for row in chart.rows]
    heights = [_ROW + _WORDS * _levels(words) for words in placed]
    bottom = top + sum(heights) + 4
    for value in ticks(chart.length / max(chart.unit_ns, 1), 8):
        across = left + value * chart.unit_ns * scale
        canvas.line((across, top), (across, bottom), colours.line, 0.6)
        canvas.text(
            (across, bottom + 15), canvas.decimal(value), size=11, colour=colours.muted, anchor="middle"
        )
    for row, words, height in zip(chart.rows, placed, heights, strict=True):
        canvas.line((left, top + height), (left + _ACROSS, top + height), colours.line, 0.6)
        canvas.text((left - 8, top + 16), row.title, room=_TITLES, anchor="end")
        _draw_row(canvas, row, kinds, (left, top + _ROW / 2), scale)
        _draw_moments(canvas, row, words, (left, top), scale)
        top += height
    canvas.line((left, bottom), (left + _ACROSS, bottom), colours.muted)
    place = (left + _ACROSS / 2, bottom + 34)
    canvas.text(place, chart.axis, room=_ACROSS, size=11, colour=colours.muted, anchor="middle")


def _legend(canvas: Canvas, chart: Gantt, left: float) -> float:
    """Draw what the kinds mean, in as many lines as it takes; return where it ends."""
    across, down = left, 14.0
    for index, (_, words) in enumerate(chart.kinds):
        shown = shorten(one_line(words), 240, 11)
        taken = 26 + width(shown, 11) + 16
        if across > left and across + taken > left + _ACROSS:
            across, down = left, down + 18
        thick = _THICK[index % len(_THICK)]
        canvas.box((across, down - 4 - thick / 2), (18, thick), _colour(canvas, index), radius=1.5)
        canvas.text((across + 24, down), words, room=240, size=11)
        across += taken
    return down + 6


def _draw_row(canvas: Canvas, row: Row, kinds: list[str], origin: tuple[float, float], scale: float) -> None:
    for bar in _merged(row, scale):
        index = kinds.index(bar.kind) if bar.kind in kinds else len(kinds)
        thick = _THICK[index % len(_THICK)]
        begin = origin[0] + min(max(bar.begin * scale, 0), _ACROSS)
        length = max(min((bar.end - max(bar.begin, 0)) * scale, origin[0] + _ACROSS - begin), 0.8)
        with canvas.hover(bar.hover):
            canvas.box((begin, origin[1] - thick / 2), (length, thick), _colour(canvas, index), radius=1.5)


def _merged(row: Row, scale: float) -> Iterator[Bar]:
    """Bars of a kind that would touch each other become one: thousands fit into a row so."""
    last: dict[str, tuple[float, Bar]] = {}
    for bar in sorted(row.bars, key=lambda each: each.begin):
        found = last.get(bar.kind)
        if found is not None and (bar.begin - found[0]) * scale < 0.5 and (bar.end - bar.begin) * scale < 2:
            last[bar.kind] = (max(found[0], bar.end), found[1])
            continue
        if found is not None:
            yield _until(*found)
        last[bar.kind] = (bar.end, bar)
    for found in last.values():
        yield _until(*found)


def _until(end: float, bar: Bar) -> Bar:
    return type(bar)(bar.begin, int(end), bar.kind, bar.hover)


def _place_words(row: Row, scale: float) -> list[int | None]:
    """Return on which line below the bars the words of each moment stand; None: only on hover."""
    ends = [-1.0] * _LEVELS
    placed: list[int | None] = []
    for when, words in row.moments:
        begin, end = _span(when * scale, words)
        level = next((number for number, taken in enumerate(ends) if taken < begin), None)
        if level is not None:
            ends[level] = end + 6
        placed.append(level)
    return placed


def _span(across: float, words: str) -> tuple[float, float]:
    """Return where the words at a moment begin and end: right of it, or left of it near the right edge."""
    taken = min(width(one_line(words), 11), _MOMENT)
    across = min(max(across, 0.0), _ACROSS)
    begin = across + 4 if across + 4 + taken <= _ACROSS else max(across - 4 - taken, 0.0)
    return begin, begin + taken


def _levels(placed: list[int | None]) -> int:
    return max((level + 1 for level in placed if level is not None), default=0)


def _draw_moments(
    canvas: Canvas, row: Row, placed: list[int | None], origin: tuple[float, float], scale: float
) -> None:
    colours = canvas.palette
    for (when, words), level in zip(row.moments, placed, strict=True):
        across = origin[0] + min(max(when * scale, 0), _ACROSS)
        down = origin[1] + _ROW - 2 + _WORDS * (0 if level is None else level + 0.9)
        with canvas.hover(words):
            canvas.line((across, origin[1] + 2), (across, down), colours.bad, 1.5)
            canvas.shape(
                [(across - 4, origin[1]), (across + 4, origin[1]), (across, origin[1] + 6)], colours.bad
            )
            if level is not None:
                begin, end = _span(when * scale, words)
                baseline = origin[1] + _ROW + 9 + _WORDS * level
                if origin[0] + begin > across:
                    canvas.text((across + 4, baseline), words, room=_MOMENT, size=11, colour=colours.bad)
                else:
                    place = (origin[0] + end, baseline)
                    canvas.text(place, words, room=_MOMENT, size=11, colour=colours.bad, anchor="end")


def _colour(canvas: Canvas, index: int) -> str:
    return canvas.palette.kinds[index % len(canvas.palette.kinds)]
