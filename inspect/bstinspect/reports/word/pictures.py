"""Drawings as PNG: what Word of any age, and every other program, can show."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bstinspect.errors import InspectError
from bstinspect.reports.drawing import PRINT, draw

if TYPE_CHECKING:
    from bstinspect.writeup.document import Drawing

_FONTS: Final = (
    "/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts",
)  # fmt: skip
"""Where fonts are (fonts-conf(5), the default directories)."""
_SUFFIXES: Final = (".ttf", ".otf", ".ttc")
_PREFERRED: Final = ("LiberationSans", "Arial", "NotoSans", "DejaVuSans")
_FAMILIES: Final = {"LiberationSans": "Liberation Sans", "NotoSans": "Noto Sans", "DejaVuSans": "DejaVu Sans"}
_ZOOM: Final = 2
"""Pixels of the picture for each of the drawing: sharp on paper too."""


class FontsError(InspectError):
    """There is no font to write the words of a drawing with."""


def picture(drawing: Drawing, identity: str, point: str) -> bytes:
    """Return a drawing as PNG; `point` stands before decimals. Raises FontsError."""
    from resvg_py import svg_to_bytes

    font = _font()
    return bytes(svg_to_bytes(
        svg_string=draw(drawing, PRINT, identity, point=point), zoom=_ZOOM, background="#ffffff",
        sans_serif_family=font, font_family=font,
    ))  # fmt: skip


@cache
def _font() -> str:
    """Return the family that is used: the best of those that are there."""
    found: set[str] = set()
    for name in _FONTS:
        for _, _, files in os.walk(Path(name).expanduser()):
            found.update(Path(each).stem.partition("-")[0] for each in files if each.endswith(_SUFFIXES))
    for name in (*_PREFERRED, *sorted(found)):
        if name in found:
            return _FAMILIES.get(name, name)
    raise FontsError("no fonts for the drawings of a DOCX (Debian: apt-get install fonts-dejavu-core)")
