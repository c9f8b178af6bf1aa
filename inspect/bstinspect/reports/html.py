"""A write-up as one HTML file: no network, no other file, nothing from a trace that could do anything.

How a page is kept harmless, `bstinspect.reports.page` says.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from markupsafe import Markup

from bstinspect.reports.drawing import PRINT, SCREEN, draw
from bstinspect.reports.numbering import Captions, headings
from bstinspect.reports.page import asset, environment, policy
from bstinspect.writeup.document import Figure, Table
from bstinspect.writeup.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jinja2 import Environment

    from bstinspect.reports.drawing import Palette
    from bstinspect.writeup.document import Block, Document, Section

_OWN: Final = frozenset({"text", "summary", "contents", "tip", "theme"})
"""The ids that the page has itself."""
_WIDE: Final = 1250
"""Drawings wider than this (pixels) are not made smaller on a screen, but moved to and fro."""


_SIZE: Final = re.compile(r' (width|height)="([\d.]+)"')
_ON_PAPER: Final = 0.74
"""By so much a drawing is smaller on paper than on a screen: it is looked at from nearer."""


def write_html(document: Document, palette: Palette = SCREEN) -> str:
    """Return the document as the text of a page.

    With `drawing.PRINT` as `palette` the drawings have fixed colours, for programs that turn the page into a
    PDF and know no CSS variables inside SVG.
    """
    style, script = asset("report.css"), asset("report.js")
    return (
        _environment()
        .get_template("report.html")
        .render(
            document=document,
            words=WORDS[document.language],
            style=style,
            script=script,
            policy=policy(style, script),
            places=_Places(document),
            headings={id(heading.section): heading for heading in headings(document)},
            captions=Captions(document),
            pictures=_Pictures(palette, WORDS[document.language].point),
        )
    )


class _Places:
    """The ids of what can be linked to. Anchors are made plain and unique."""

    def __init__(self, document: Document) -> None:
        self._sections: dict[int, str] = {}
        self._anchors: dict[str, str] = {}
        taken = set(_OWN)
        for thing in _things(document):
            plain = re.sub(r"[^a-z0-9]+", "-", thing.anchor.lower())[:60].strip("-") or "part"
            name, count = plain, 1
            while name in taken or name.startswith("drawing-"):
                count += 1
                name = f"part-{plain}-{count}"
            taken.add(name)
            self._sections[id(thing)] = name
            self._anchors.setdefault(thing.anchor, name)

    def of(self, thing: Section | Figure | Table) -> str:
        """Return the id of a section, figure or table; empty for a figure or table without an anchor."""
        return self._sections.get(id(thing), "")

    def to(self, anchor: str) -> str:
        """Return the id of what has this anchor; empty where there is no such thing."""
        return self._anchors.get(anchor, "")


class _Pictures:
    """Draws; each drawing has an id of its own."""

    def __init__(self, palette: Palette, point: str) -> None:
        self._palette = palette
        self._point = point
        self._drawn = 0

    def identity(self) -> str:
        """Return the id of the next drawing."""
        self._drawn += 1
        return f"drawing-{self._drawn}"

    def draw(self, figure: Figure, identity: str) -> Markup:
        """Return the drawing as SVG, smaller on paper."""
        picture = draw(figure.drawing, self._palette, identity, self._point)
        if self._palette is PRINT:
            picture = _SIZE.sub(
                lambda size: f' {size[1]}="{float(size[2]) * _ON_PAPER:.0f}"', picture, count=2
            )
        return Markup(picture)  # noqa: S704 - escaped by its canvas


def _things(document: Document) -> Iterator[Section | Figure | Table]:
    yield from _linked(document.summary)
    waiting = [*reversed((*document.sections, *document.appendices))]
    while waiting:
        section = waiting.pop()
        yield section
        yield from _linked(section.blocks)
        waiting += reversed(section.inside)


def _linked(blocks: Iterable[Block]) -> Iterator[Figure | Table]:
    return (block for block in blocks if isinstance(block, Figure | Table) and block.anchor)


@cache
def _environment() -> Environment:
    made = environment()
    made.globals.update(kind=_kind, identity=id, wide=_wide, file_address=_file_address)
    return made


def _kind(value: object) -> str:
    return type(value).__name__


def _wide(picture: Markup) -> bool:
    found = re.search(r' width="(\d+)"', picture[:400])
    return found is not None and int(found[1]) > _WIDE


def _file_address(name: str) -> str:
    """Return a relative address of a file beside the page, whatever it is called."""
    return "./" + quote(name, safe="", errors="replace")
