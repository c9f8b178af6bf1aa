"""What is graded, and how. Only data."""

from __future__ import annotations

from typing import Final

import msgspec

STRICT: Final = "strict"
LENIENT: Final = "lenient"
PIPE: Final = "pipe"
TERMINAL: Final = "pseudo-terminal"


class Subject(msgspec.Struct, frozen=True):
    """A command, and the manner in which it is examined."""

    path: str
    arguments: tuple[str, ...]
    profile: str = LENIENT
    deadline: float = 5.0
    """Seconds that a command may take."""
    through: str = PIPE
    sandboxed: bool = True
    points: int = 0
    """So many points of messages get a fault each."""

    @property
    def strict(self) -> bool:
        """Whether replies are read to the letter."""
        return self.profile == STRICT
