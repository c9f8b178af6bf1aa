"""What stands behind a descriptor: ``3</etc/passwd>``, ``4<UNIX-STREAM:[1->2]>`` (strace's -y and -yy)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bstinspect.decode.quote import quote_name
from bstinspect.decode.style import Hex

if TYPE_CHECKING:
    from bstinspect.records import OpenFile


def details(found: OpenFile, wanted: frozenset[str], style: Hex = Hex.NONE) -> str:
    """Return the text in angle brackets, with the brackets; empty where nothing of it is wanted."""
    if "path" not in wanted:
        return ""
    return f"<{quote_name(found.target, style)}>"
