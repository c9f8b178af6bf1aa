"""Who says what to the controller: the stage asks for a command, and tells what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bstinspect.errors import InspectError

if TYPE_CHECKING:
    from bstinspect.faults.run import Fired


class ConversationError(InspectError):
    """What was said is no command."""


class Conversation(Protocol):
    """The side of a conversation that gives the commands."""

    @property
    def is_scripted(self) -> bool:
        """Whether the command given last is of the script, not of an examination that follows it."""

    def next(self) -> str | None:
        """Return the next command, or None at the end: then the controller's input is closed."""

    def replied(self, line: str | None) -> None:
        """The command was answered with `line`, pids in it as ``PID``; None: it never will be."""

    def fired(self, fault: Fired) -> None:
        """A fault has just taken effect."""


class Lines:
    """A conversation of the lines of a script, and nothing else."""

    def __init__(self, script: tuple[str, ...]) -> None:
        self._left = list(script)
        self.is_scripted = True

    def next(self) -> str | None:
        """Return the next line."""
        return self._left.pop(0) if self._left else None

    def replied(self, line: str | None) -> None:
        """Take note of nothing."""

    def fired(self, fault: Fired) -> None:
        """Take note of nothing."""
