"""A sequence diagram: lanes side by side, time from the top down, messages as slanted arrows."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from bstinspect.reports.drawing.measure import width
from bstinspect.reports.visible import one_line
from bstinspect.writeup.document import Arrow, Mark

if TYPE_CHECKING:
    from bstinspect.reports.drawing.canvas import Canvas
    from bstinspect.writeup.document import Lane, Sequence

_TOP: Final = 50
"""Where lifelines begin, below the heads."""
_NARROWEST: Final = 96
_WIDEST: Final = 230
_FULL: Final = 680
"""Pixels that all lanes together should not exceed where their labels can be shortened: paper is narrow."""
_STEP: Final = 24
"""Pixels between a labelled moment and what comes before it."""
_SLANT: Final = 10
"""Pixels before a moment without a label: an arrival."""
_PAUSE: Final = 10
"""Pixels more at most where much time passes."""
_MANY: Final = 8
"""More steps stand closer together: else they would be too small to read on paper."""
_MS: Final = 1e6


class _Layout(msgspec.Struct):
    """Where the lanes stand, across; where moments are, from the top down."""

    lanes: list[float]
    moments: dict[int, float]
    labelled: list[float]
    """Where each step's label stands, which is never where another's does."""
    gap: float
    bottom: float


def draw_sequence(canvas: Canvas, sequence: Sequence) -> None:
    """Draw heads, lifelines, then every step with its time at the left."""
    layout = _lay_out(sequence)
    ends = _ends(sequence)
    canvas.text((58, 30), sequence.axis, room=54, size=11, colour=canvas.palette.muted, anchor="end")
    for index, (lane, across) in enumerate(zip(sequence.lanes, layout.lanes, strict=True)):
        end = ends.get(index)
        bottom = layout.bottom if end is None else layout.labelled[end]
        dash = "5 4" if lane.tone == "warn" else ""
        canvas.line((across, _TOP), (across, bottom), canvas.palette.line, 1.5, dash)
        _head(canvas, lane, across, 8, layout.gap)
        if layout.bottom > 900 and end is None:
            _head(canvas, lane, across, layout.bottom, layout.gap)
    drawn = [step for step in enumerate(sequence.steps) if _known(step[1], len(sequence.lanes))]
    for index, step in drawn:
        if isinstance(step, Arrow):
            _arrow(canvas, step, layout, layout.labelled[index])
    for index, step in drawn:
        _label(canvas, step, layout, layout.labelled[index], ends=index in ends.values())
    canvas.reach(0, layout.bottom)


def _known(step: Arrow | Mark, lanes: int) -> bool:
    numbers = (step.sender, step.receiver) if isinstance(step, Arrow) else (step.lane,)
    return all(0 <= number < lanes for number in numbers)


def _lay_out(sequence: Sequence) -> _Layout:
    gap = _gap(sequence)
    begin = 70 + gap / 2
    lanes = [begin + gap * index for index in range(len(sequence.lanes))]
    crowded = len(sequence.steps) > _MANY
    events = [
        (when, order, index)
        for index, step in enumerate(sequence.steps)
        for order, when in enumerate(_moments(step))
    ]
    down, before = float(_TOP), min((when for when, _, _ in events), default=0)
    moments: dict[int, float] = {}
    labelled = [0.0] * len(sequence.steps)
    pauses = _longest_pause([when for when, _, _ in events])
    for when, order, index in sorted(events, key=lambda event: (event[0], event[2], event[1])):
        pause = 0.0 if crowded else _PAUSE * math.log1p(max(when - before, 0)) / pauses
        if order == 0:
            down += (22 if crowded else _STEP) + pause
            labelled[index] = down
        elif when != before or when not in moments:
            down += (5 if crowded else _SLANT) + pause
        moments[when] = down
        before = when
    return _Layout(lanes, moments, labelled, gap, down + 24)


def _moments(step: Arrow | Mark) -> tuple[int, ...]:
    if isinstance(step, Mark):
        return (step.when,)
    return (step.sent,) if step.arrived is None else (step.sent, max(step.arrived, step.sent))


def _longest_pause(times: list[int]) -> float:
    ordered = sorted(times)
    longest = max((later - earlier for earlier, later in itertools.pairwise(ordered)), default=0)
    return math.log1p(longest) or 1.0


def _gap(sequence: Sequence) -> float:
    """Return how far apart the lanes stand: as the longest head or label asks for, within limits."""
    wanted = [max(width(one_line(lane.title), 12, bold=True), width(one_line(lane.detail), 10.5)) + 28
              for lane in sequence.lanes]  # fmt: skip
    for step in sequence.steps:
        spans = abs(step.sender - step.receiver) if isinstance(step, Arrow) else 1
        wanted.append((width(one_line(step.label), 11.5) + 24) / max(spans, 1))
    widest = min(max(_FULL / max(len(sequence.lanes), 1), _NARROWEST * 1.3), _WIDEST)
    return min(max(*wanted, _NARROWEST, _NARROWEST), widest)


def _ends(sequence: Sequence) -> dict[int, int]:
    """Return which step ends which lane: its last bad mark, where it shows no sign of life afterwards."""
    ends: dict[int, int] = {}
    for index, step in enumerate(sequence.steps):
        if isinstance(step, Arrow):
            alive = [step.sender] if step.arrived is None else [step.sender, step.receiver]
            for lane in alive:
                ends.pop(lane, None)
        elif step.tone == "bad":
            ends[step.lane] = index
        else:
            ends.pop(step.lane, None)
    return ends


def _head(canvas: Canvas, lane: Lane, across: float, top: float, gap: float) -> None:
    colours = canvas.palette
    room = gap - 12
    dash = "5 4" if lane.tone == "warn" else ""
    colour = colours.strong(lane.tone) if lane.tone else colours.line
    with canvas.hover(lane.title, lane.detail):
        canvas.box(
            (across - room / 2, top), (room, 42), colours.soft(lane.tone), colour=colour, dash=dash, radius=5
        )
        down = top + (18 if lane.detail else 26)
        size = 12 if width(one_line(lane.title), 12, bold=True) <= room - 10 else 11
        canvas.text((across, down), lane.title, room=room - 10, size=size, anchor="middle", weight="bold")
        if lane.detail:
            canvas.text(
                (across, top + 34),
                lane.detail,
                room=room - 10,
                size=10.5,
                colour=colours.ink,
                anchor="middle",
            )


def _arrow(canvas: Canvas, arrow: Arrow, layout: _Layout, down: float) -> None:
    begin = (layout.lanes[arrow.sender], down)
    colour = canvas.palette.strong(arrow.tone)
    end_x = layout.lanes[arrow.receiver]
    with canvas.hover(arrow.label, arrow.hover, _times(canvas, arrow)):
        if arrow.sender == arrow.receiver:
            aside = begin[0] + 18
            canvas.path([begin, (aside, down), (aside, down + 9), (begin[0] + 2, down + 9)], colour, 1.4)
            _point(canvas, (aside, down + 9), (begin[0] + 1, down + 9), colour)
        elif arrow.arrived is None:
            end = (begin[0] + (end_x - begin[0]) * 0.86, down + _SLANT)
            canvas.line(begin, end, colour, 1.4, "5 4")
            _cross(canvas, end, colour)
        else:
            end = (end_x, max(layout.moments[max(arrow.arrived, arrow.sent)], down))
            canvas.line(begin, end, colour, 1.4)
            _point(canvas, begin, end, colour)


def _label(canvas: Canvas, step: Arrow | Mark, layout: _Layout, down: float, *, ends: bool) -> None:
    colours = canvas.palette
    when = step.sent if isinstance(step, Arrow) else step.when
    canvas.text(
        (58, down + 4), canvas.decimal(when / _MS, ".3f"), size=10.5, colour=colours.muted, anchor="end"
    )
    colour = colours.strong(step.tone)
    if isinstance(step, Mark):
        across = layout.lanes[step.lane]
        with canvas.hover(step.label, step.hover, canvas.decimal(when / _MS, ".3f")):
            if ends:
                _cross(canvas, (across, down), colour, 7)
            else:
                canvas.shape(
                    [(across, down - 5), (across + 5, down), (across, down + 5), (across - 5, down)], colour
                )
            _words(canvas, (across + 12, down + 4), step.label, layout.gap - 20, colour)
        return
    spans = abs(step.sender - step.receiver)
    across = layout.lanes[step.sender]
    room = layout.gap * max(spans, 1) - 20
    with canvas.hover(step.label, step.hover, _times(canvas, step)):
        if spans == 0:
            _words(canvas, (across + 24, down + 9), step.label, room - 18, colour)
        elif step.receiver > step.sender:
            _words(canvas, (across + 8, down - 5), step.label, room, colour)
        else:
            _words(canvas, (across - 8, down - 5), step.label, room, colour, anchor="end")


def _words(
    canvas: Canvas,
    place: tuple[float, float],
    text: str,
    room: float,
    colour: str,
    *,
    anchor: Literal["start", "end"] = "start",
) -> None:
    """Write on a ground of paper, so that lines behind do not disturb."""
    taken = min(width(one_line(text), 11.5), room) * 0.85  # measured generously; the lines go on behind it
    left = place[0] - 2 if anchor == "start" else place[0] - taken
    canvas.box((left, place[1] - 11), (taken + 2, 14), canvas.palette.paper)
    canvas.text(place, text, room=room, size=11.5, colour=colour, anchor=anchor)


def _times(canvas: Canvas, arrow: Arrow) -> str:
    arrived = "?" if arrow.arrived is None else canvas.decimal(arrow.arrived / _MS, ".3f")
    return f"{canvas.decimal(arrow.sent / _MS, '.3f')} → {arrived}"


def _point(canvas: Canvas, begin: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    """Draw the head of an arrow that comes from `begin`."""
    angle = math.atan2(end[1] - begin[1], end[0] - begin[0])
    sides = [
        (end[0] - 9 * math.cos(angle + turn), end[1] - 9 * math.sin(angle + turn)) for turn in (-0.4, 0.4)
    ]
    canvas.shape([end, *sides], colour)


def _cross(canvas: Canvas, middle: tuple[float, float], colour: str, size: float = 5) -> None:
    across, down = middle
    canvas.line((across - size, down - size), (across + size, down + size), colour, 2)
    canvas.line((across - size, down + size), (across + size, down - size), colour, 2)
