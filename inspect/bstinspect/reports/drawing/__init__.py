"""Drawings as SVG: `draw` gives any of them as an ``<svg>`` for a page, or to be made into a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bstinspect.reports.drawing.bars import draw_bars
from bstinspect.reports.drawing.canvas import Canvas
from bstinspect.reports.drawing.gantt import draw_gantt
from bstinspect.reports.drawing.palette import PRINT, SCREEN, Palette
from bstinspect.reports.drawing.sequence import draw_sequence
from bstinspect.reports.drawing.tree import draw_tree
from bstinspect.writeup.document import Bars, Gantt, Sequence

if TYPE_CHECKING:
    from bstinspect.writeup.document import Drawing

__all__ = ["PRINT", "SCREEN", "Palette", "draw"]


def draw(drawing: Drawing, palette: Palette, identity: str, point: str = ".") -> str:
    """Return the drawing as a complete ``<svg>`` with the id `identity`, which has to be unique in the page.

    Its size is in CSS pixels; `point` is what stands before decimals. It is labelled by the elements with the
    ids ``{identity}-caption`` and ``{identity}-alternative``, which the page has.
    """
    canvas = Canvas(palette, identity, point)
    if isinstance(drawing, Sequence):
        draw_sequence(canvas, drawing)
    elif isinstance(drawing, Gantt):
        draw_gantt(canvas, drawing)
    elif isinstance(drawing, Bars):
        draw_bars(canvas, drawing)
    else:
        draw_tree(canvas, drawing)
    return canvas.finish()
