"""A chart of horizontal bars."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from bstinspect.reports.drawing.canvas import ticks
from bstinspect.reports.drawing.measure import width

if TYPE_CHECKING:
    from bstinspect.reports.drawing.canvas import Canvas
    from bstinspect.writeup.document import Bars

_PITCH: Final = 20
_THICK: Final = 12
_LONGEST: Final = 380
"""Pixels of the longest bar."""
_TITLES: Final = 220
_TOP: Final = 34


def draw_bars(canvas: Canvas, chart: Bars) -> None:
    """Draw the chart: titles at the left, values at the ends of the bars, the axis below."""
    colours = canvas.palette
    titles = max((width(point.title, 12) for point in chart.points), default=0)
    left = max(min(titles, _TITLES), 40) + 16
    values = [max(point.value, 0.0) if math.isfinite(point.value) else 0.0 for point in chart.points]
    longest = max(values, default=0.0) or 1.0
    bottom = _TOP + _PITCH * len(values) + 4
    canvas.text((8, 16), chart.across, room=left + _LONGEST, size=11, colour=colours.muted)
    for value in ticks(longest, 5):
        across = left + _LONGEST * (value / longest)
        canvas.line((across, _TOP - 6), (across, bottom), colours.line, 0.6)
        canvas.text(
            (across, bottom + 15), canvas.decimal(value), size=11, colour=colours.muted, anchor="middle"
        )
    for index, (point, value) in enumerate(zip(chart.points, values, strict=True)):
        middle = _TOP + _PITCH * index + _PITCH / 2
        length = max(_LONGEST * (value / longest), 1)
        colour = colours.strong(point.tone) if point.tone else colours.accent
        with canvas.hover(point.title, point.label, point.hover):
            canvas.text((left - 8, middle + 4), point.title, room=_TITLES, anchor="end")
            canvas.box((left, middle - _THICK / 2), (length, _THICK), colour, radius=2)
            canvas.text((left + length + 6, middle + 4), point.label, room=140, colour=colours.ink)
    canvas.line((left, _TOP - 6), (left, bottom), colours.muted)
    canvas.text(
        (left + _LONGEST / 2, bottom + 34),
        chart.axis,
        room=_LONGEST,
        size=11,
        colour=colours.muted,
        anchor="middle",
    )
