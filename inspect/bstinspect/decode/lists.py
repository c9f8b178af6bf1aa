"""Arrays whose elements the decoder holds already."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bstinspect.decode.call import Call


def local_array(call: Call, texts: Sequence[str]) -> str:
    """Print an array within a structure, cut at -s elements where the call is abbreviated."""
    shown = call.style.strings
    if call.abbreviated and len(texts) > shown:
        texts = [*texts[:shown], "..."]
    return f"[{', '.join(texts)}]"
