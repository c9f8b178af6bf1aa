"""Trees from the top down: search trees, where a child hangs left or right, and trees of processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.reports.drawing.measure import ELLIPSIS, width
from bstinspect.reports.visible import one_line
from bstinspect.writeup.document import Twig

if TYPE_CHECKING:
    from bstinspect.reports.drawing.canvas import Canvas
    from bstinspect.writeup.document import Tree

_WIDEST: Final = 150
"""Pixels of a box at most."""
_SPACE: Final = 18
"""Between boxes side by side."""
_FALL: Final = 34
"""Between a box and those below it."""
_INDENT: Final = 24
_MISSING: Final = 34
"""Pixels that a missing child of a search tree takes."""
_FULL: Final = 680
"""A tree that would be wider is written as an indented list, unless hands say left and right."""
_TOGETHER: Final = 860
"""Trees that are wider than this together stand below each other."""
_DEEPEST: Final = 60
"""Levels that are drawn."""


class _Box(msgspec.Struct):
    """A twig's box, and the block that it makes up together with everything below it."""

    twig: Twig
    width: float
    height: float
    below: list[_Box] = msgspec.field(default_factory=list)
    indented: bool = False
    middle: float = 0
    """Of the box, from the left edge of its block; the box is at the block's top."""
    block: tuple[float, float] = (0, 0)
    """Width and height."""
    left: float = 0
    """Where the block is in its parent's block."""
    top: float = 0


def draw_tree(canvas: Canvas, tree: Tree) -> None:
    """Draw the trees side by side, or below each other where that would be too wide."""
    left, top, tallest = 8.0, 8.0, 0.0
    for root in tree.roots:
        box = _lay_out(root, 0)
        if left > 8 and left + box.block[0] > _TOGETHER:
            left, top, tallest = 8.0, top + tallest + _FALL, 0.0
        _draw_block(canvas, box, left, top)
        left += box.block[0] + 2 * _SPACE
        tallest = max(tallest, box.block[1])


def _lay_out(twig: Twig, depth: int) -> _Box:
    words = max(width(one_line(twig.title), 12.5, bold=True), width(one_line(twig.detail), 10.5), 26)
    box = _Box(twig, min(words + 20, _WIDEST), 40 if twig.detail else 27)
    below = twig.below if depth < _DEEPEST or not twig.below else (Twig(ELLIPSIS, tone="muted"),)
    box.below = [_lay_out(each, depth + 1) for each in below]
    if not below:
        box.middle, box.block = box.width / 2, (box.width, box.height)
    elif any(each.hand for each in below):
        _by_hand(box)
    else:
        _in_a_row(box)
        if box.block[0] > _FULL:
            _indent(box)
    return box


def _by_hand(box: _Box) -> None:
    """Left children left of the middle, right ones right of it; a missing one keeps its place."""
    left = [each for each in box.below if each.twig.hand != "right"]
    right = [each for each in box.below if each.twig.hand == "right"]
    across = _side_by_side(left, 0.0, box.height) if left else _MISSING
    box.middle = across + _SPACE / 2
    begin = across + _SPACE
    across = _side_by_side(right, begin, box.height) if right else begin + _MISSING
    _settle(box, across)


def _in_a_row(box: _Box) -> None:
    """Children side by side, the parent above their middle."""
    across = _side_by_side(box.below, 0.0, box.height)
    first, last = box.below[0], box.below[-1]
    box.middle = (first.left + first.middle + last.left + last.middle) / 2
    _settle(box, across)


def _side_by_side(boxes: list[_Box], left: float, height: float) -> float:
    """Place blocks beginning at `left`; return where the last one ends."""
    for each in boxes:
        each.left, each.top = left, height + _FALL
        left += each.block[0] + _SPACE
    return left - _SPACE


def _settle(box: _Box, across: float) -> None:
    """Make room for the parent's own box, which may be wider than all below it."""
    shift = max(box.width / 2 - box.middle, 0.0)
    box.middle += shift
    for each in box.below:
        each.left += shift
    lowest = max(each.top + each.block[1] for each in box.below)
    box.block = (max(across + shift, box.middle + box.width / 2), lowest)


def _indent(box: _Box) -> None:
    """All below it below each other, each level further to the right; leaves alone in several columns."""
    for each in box.below:
        if each.below:
            _indent(each)
    box.indented = True
    box.middle = box.width / 2
    widest = max(each.block[0] for each in box.below) + _SPACE + _INDENT
    columns = 1 if any(each.below for each in box.below) else max(int(_FULL / widest), 1)
    rows = -(-len(box.below) // columns)
    lowest = 0.0
    for column in range(0, len(box.below), rows):
        down = box.height + _SPACE
        for each in box.below[column : column + rows]:
            each.left, each.top = _INDENT + widest * (column // rows), down
            down += each.block[1] + 10
        lowest = max(lowest, down - 10)
    box.block = (max(box.width, *(each.left + each.block[0] for each in box.below)), lowest)


def _draw_block(canvas: Canvas, box: _Box, left: float, top: float) -> None:
    """Draw a block with its upper left corner there: the lines, and the boxes upon them."""
    for each in sorted(box.below, key=lambda each: each.twig.tone in {"bad", "warn"}):  # theirs stay visible
        _edge(canvas, box, each, left, top)
    for each in box.below:
        _draw_block(canvas, each, left + each.left, top + each.top)
    _draw_box(canvas, box, left + box.middle, top)


def _edge(canvas: Canvas, box: _Box, child: _Box, left: float, top: float) -> None:
    colours = canvas.palette
    tone = child.twig.tone
    colour = colours.strong(tone) if tone in {"bad", "warn"} else colours.muted
    dash = "4 3" if tone in {"bad", "warn"} or box.twig.tone in {"bad", "warn"} else ""
    begin = (left + box.middle, top + box.height)
    end = (left + child.left + child.middle, top + child.top)
    if box.indented:
        spine, down = left + child.left - _INDENT / 2, top + child.top + child.height / 2
        if child.left > _INDENT:  # a further column
            bend = top + box.height + _SPACE / 2
            stem = [(left + _INDENT / 2, bend), (spine, bend), (spine, down)]
        else:
            stem = [(spine, top + box.height), (spine, down)]
        canvas.path(stem, colours.muted, 1.2)
        points = [(spine, down), (left + child.left + child.middle - child.width / 2, down)]
    elif child.twig.hand:
        points = [begin, end]
    else:
        bend = top + box.height + _FALL / 2
        points = [begin, (begin[0], bend), (end[0], bend), end]
    canvas.path(points, colour, 1.2, dash)


def _draw_box(canvas: Canvas, box: _Box, middle: float, top: float) -> None:
    twig, colours = box.twig, canvas.palette
    left, right, bottom = middle - box.width / 2, middle + box.width / 2, top + box.height
    colour = colours.strong(twig.tone) if twig.tone else colours.muted
    size = (box.width, box.height)
    dash = "5 3" if twig.tone == "warn" else ""
    with canvas.hover(twig.title, twig.detail):
        canvas.box((left, top), size, colours.soft(twig.tone), colour=colour, dash=dash, radius=6)
        if twig.tone == "bad":
            canvas.line((left, top), (right, bottom), colour, 0.7)
            canvas.line((left, bottom), (right, top), colour, 0.7)
        room = box.width - 12
        down = top + (17 if twig.detail else 18)
        words = colours.muted if twig.tone == "muted" else colours.ink
        place = (middle, down)
        canvas.text(place, twig.title, room=room, size=12.5, colour=words, anchor="middle", weight="bold")
        if twig.detail:
            place = (middle, top + 32)
            canvas.text(place, twig.detail, room=room, size=10.5, colour=words, anchor="middle")
