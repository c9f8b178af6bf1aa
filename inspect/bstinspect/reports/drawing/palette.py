"""The colours of drawings. Text in `ink`, `muted` or a tone has a contrast of 4.5:1 or more on its ground."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from bstinspect.writeup.document import Tone


class Palette(msgspec.Struct, frozen=True):
    """Colours as SVG has them. A tone's soft colour is the ground for `ink`."""

    ink: str
    muted: str
    line: str
    """Axes, grids and lifelines."""
    paper: str
    surface: str
    """The ground of boxes without a tone."""
    accent: str
    good: str
    bad: str
    warn: str
    good_soft: str
    bad_soft: str
    warn_soft: str
    kinds: tuple[str, ...]
    """Bars of a Gantt chart, kind by kind."""

    def strong(self, tone: Tone) -> str:
        """Return the colour of lines and words of a tone."""
        return {"": self.ink, "good": self.good, "bad": self.bad, "warn": self.warn, "muted": self.muted}[
            tone
        ]

    def soft(self, tone: Tone) -> str:
        """Return the ground of a tone."""
        soft = {"good": self.good_soft, "bad": self.bad_soft, "warn": self.warn_soft}
        return soft.get(tone, self.surface)


PRINT: Final = Palette(
    ink="#1c2128",
    muted="#57606a",
    line="#b4bcc6",
    paper="#ffffff",
    surface="#f3f5f8",
    accent="#1f5fae",
    good="#166534",
    bad="#b3261e",
    warn="#855300",
    good_soft="#e3f3e6",
    bad_soft="#fbe6e4",
    warn_soft="#fdf0d5",
    kinds=("#1f5fae", "#e0912f", "#6aa06a", "#a05195", "#5d6773", "#c2504a"),
)
"""Fixed colours, for pictures and for paper."""

SCREEN: Final = Palette(
    ink="var(--ink)",
    muted="var(--muted)",
    line="var(--line)",
    paper="var(--paper)",
    surface="var(--surface)",
    accent="var(--accent)",
    good="var(--good)",
    bad="var(--bad)",
    warn="var(--warn)",
    good_soft="var(--good-soft)",
    bad_soft="var(--bad-soft)",
    warn_soft="var(--warn-soft)",
    kinds=tuple(f"var(--kind-{number})" for number in range(1, 7)),
)
"""The page's own colours, light or dark."""
