"""What is recorded of syscalls: all that a tracer has to be told about it, without the tracer itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from bstinspect.capture.delays import Delays

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.capture.gather import Gatherer
    from bstinspect.capture.selection import Selection
    from bstinspect.capture.tampering import Tampering


class Unwinder(Protocol):
    """Reads call stacks."""

    def frames(self, tid: int, *, at_entry: bool = False) -> tuple[bytes, ...]:
        """Return the frames of a stopped thread."""

    def forget(self, tid: int) -> None:
        """A thread has ended."""


def _plain_gatherer() -> Gatherer:
    """Make the gatherer of a session: everything that a report could want, nothing about descriptors."""
    from bstinspect.capture.gather import Gatherer
    from bstinspect.decode.style import Style, no_calls

    return Gatherer(Style(abbreviated=no_calls))


class Recording(msgspec.Struct):
    """What is recorded of syscalls, and what is done to them. The default is a session's."""

    gatherer: Callable[[], Gatherer | None] = _plain_gatherer
    """Makes what copies memory, with the first syscall-stop (for a fast start); None copies nothing."""
    selection: Selection | None = None
    tampering: Tampering | None = None
    unwinder: Unwinder | None = None
    delays: Delays = msgspec.field(default_factory=Delays)
    system_ns: Callable[[], int] | None = None
    """Returns the system time of the process whose stop is being handled, where it is wanted."""
