"""A sheet of SVG: lines, boxes and texts are put on it, and `finish` gives the whole."""

from __future__ import annotations

import math
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Final, Literal

from bstinspect.reports.drawing.measure import ELLIPSIS, shorten, width
from bstinspect.reports.visible import one_line, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bstinspect.reports.drawing.palette import Palette

FONT: Final = "'Noto Sans', 'Segoe UI', 'Helvetica Neue', Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
_HOVER: Final = 2000
"""Characters shown on hover at most."""


class Canvas:
    """A sheet. Lengths are CSS pixels; the sheet grows with what is put on it."""

    def __init__(self, palette: Palette, identity: str, point: str = ".") -> None:
        self.palette = palette
        self._point = point
        self._identity = identity
        self._parts: list[str] = []
        self._right = 0.0
        self._bottom = 0.0

    def line(
        self,
        begin: tuple[float, float],
        end: tuple[float, float],
        colour: str,
        thick: float = 1,
        dash: str = "",
    ) -> None:
        """Draw a line from one point to another."""
        self.reach(max(begin[0], end[0]), max(begin[1], end[1]))
        self._put(
            f'<line x1="{_number(begin[0])}" y1="{_number(begin[1])}" x2="{_number(end[0])}" '
            f'y2="{_number(end[1])}" stroke="{colour}" stroke-width="{_number(thick)}"{_dash(dash)}/>'
        )

    def path(
        self, points: Sequence[tuple[float, float]], colour: str, thick: float = 1, dash: str = ""
    ) -> None:
        """Draw a line through all points."""
        self._put(
            f'<polyline points="{_points(points)}" fill="none" stroke="{colour}" '
            f'stroke-width="{_number(thick)}" stroke-linejoin="round"{_dash(dash)}/>'
        )
        self.reach(max(x for x, _ in points), max(y for _, y in points))

    def shape(self, points: Sequence[tuple[float, float]], colour: str) -> None:
        """Draw a filled shape with these corners."""
        self._put(f'<polygon points="{_points(points)}" fill="{colour}"/>')
        self.reach(max(x for x, _ in points), max(y for _, y in points))

    def box(
        self,
        corner: tuple[float, float],
        size: tuple[float, float],
        fill: str,
        *,
        colour: str = "",
        dash: str = "",
        radius: float = 0,
    ) -> None:
        """Draw a box by its upper left corner; with an outline where `colour` is given."""
        outline = f' stroke="{colour}"{_dash(dash)}' if colour else ""
        self._put(
            f'<rect x="{_number(corner[0])}" y="{_number(corner[1])}" width="{_number(size[0])}" '
            f'height="{_number(size[1])}" rx="{_number(radius)}" fill="{fill}"{outline}/>'
        )
        self.reach(corner[0] + size[0], corner[1] + size[1])

    def text(
        self,
        place: tuple[float, float],
        text: str,
        *,
        room: float = math.inf,
        size: float = 12,
        colour: str = "",
        anchor: Literal["start", "middle", "end"] = "start",
        weight: Literal["normal", "bold"] = "normal",
    ) -> None:
        """Write one line of text at its baseline; what does not fit into `room` is shown on hover."""
        words = one_line(text)
        shown = shorten(words, room, size, bold=weight == "bold")
        taken = width(shown, size, bold=weight == "bold")
        self.reach(
            place[0] + {"start": taken, "middle": taken / 2, "end": 0.0}[anchor], place[1] + size * 0.3
        )
        bold = ' font-weight="bold"' if weight == "bold" else ""
        anchored = f' text-anchor="{anchor}"' if anchor != "start" else ""
        element = (
            f'<text x="{_number(place[0])}" y="{_number(place[1])}" font-size="{_number(size)}" '
            f'fill="{colour or self.palette.ink}"{anchored}{bold}>{escape(shown)}</text>'
        )
        self._put(element if shown == words else f"<g>{_title(words)}{element}</g>")

    def decimal(self, value: float, form: str = "g") -> str:
        """Return a number in Python's format `form`, with the decimal point of the sheet."""
        return f"{value:{form}}".replace(".", self._point)

    @contextmanager
    def hover(self, *lines: str) -> Iterator[None]:
        """Show these lines when the pointer is over what is drawn inside."""
        words = "\n".join(visible(line) for line in lines if line)
        self._put(f"<g>{_title(words)}" if words else "<g>")
        yield
        self._put("</g>")

    def reach(self, right: float, bottom: float) -> None:
        """Make the sheet at least this large, a margin not counted."""
        self._right, self._bottom = max(self._right, right), max(self._bottom, bottom)

    def finish(self, margin: float = 8) -> str:
        """Return the whole as ``<svg>``."""
        size = f"{math.ceil(self._right + margin)} {math.ceil(self._bottom + margin)}"
        across, _, down = size.partition(" ")
        name = escape(visible(self._identity))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" id="{name}" viewBox="0 0 {size}" width="{across}" '
            f'height="{down}" role="img" aria-labelledby="{name}-caption {name}-alternative" '
            f'font-family="{FONT}">' + "".join(self._parts) + "</svg>"
        )

    def _put(self, element: str) -> None:
        self._parts.append(element)


def ticks(longest: float, most: int) -> list[float]:
    """Return round values from 0 up to `longest`, about `most` of them."""
    if not (math.isfinite(longest) and longest > 0):
        return [0.0]
    rough = longest / most
    power = 10.0 ** math.floor(math.log10(rough)) if rough > 0 else 0.0
    if power == 0:
        return [0.0]
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    return [step * number for number in range(int(longest / step * 1.0001) + 1)]


def _title(words: str) -> str:
    whole = words if len(words) <= _HOVER else words[:_HOVER] + ELLIPSIS
    return f"<title>{escape(whole)}</title>"


def _dash(dash: str) -> str:
    return f' stroke-dasharray="{dash}"' if dash else ""


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in points)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
