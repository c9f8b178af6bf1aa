"""The trace on standard error and what the traced program writes there: each in its place.

strace writes each line before the tracee goes on. Here another process writes them, behind the tracer; so
that the order is the same all the same, it has to have caught up before a tracee writes to that very file.
"""

from __future__ import annotations

import os
import stat
from typing import Final

from bstinspect.decode.architecture import native_numbers

_STANDARD_ERROR: Final = 2
_WRITES: Final = {
    "write": 0,
    "writev": 0,
    "pwrite64": 0,
    "pwritev": 0,
    "pwritev2": 0,
    "sendto": 0,
    "sendmsg": 0,
    "sendmmsg": 0,
    "sendfile": 0,
    "vmsplice": 0,
    "tee": 1,
    "splice": 2,
    "copy_file_range": 2,
}
"""Calls that write, and which argument says where."""
_FORKS: Final = frozenset({"clone", "clone3", "fork", "vfork"})
_ELSEWHERE: Final = frozenset({"io_uring_enter", "ioctl"})
"""Calls that can write anywhere: through a ring, or to a terminal (TIOCSTI, TIOCLINUX)."""


class Order:
    """Tells when the trace has to have caught up."""

    def __init__(self, *, follow: bool) -> None:
        """`follow`: whatever tracees start is traced too."""
        numbers = native_numbers()
        self._place = {numbers[name]: place for name, place in _WRITES.items() if name in numbers}
        self._forks = frozenset() if follow else frozenset(map(numbers.get, _FORKS))
        self._anywhere = frozenset(map(numbers.get, _ELSEWHERE))
        self.calls: Final = frozenset(
            number for number in (*self._place, *self._forks, *self._anywhere) if number is not None
        )
        """The calls of which it wants to know."""
        self._own = os.fstat(_STANDARD_ERROR)
        self.always = False
        """Somebody runs who is not traced, and may write at any time."""

    def matters(self, tid: int, number: int, arguments: tuple[int, ...]) -> bool:
        """Tell whether a call that begins may write to our standard error; -1 is a call of another kind."""
        if number in self._forks:
            self.always = True
        place = self._place.get(number)
        return place is None or self._is_ours(tid, arguments[place] & 0xFFFFFFFF)

    def _is_ours(self, tid: int, descriptor: int) -> bool:
        try:
            found = os.stat(f"/proc/{tid}/fd/{descriptor}")  # noqa: PTH116 - of a stopped tracee, often
        except OSError:
            return False  # it writes nowhere
        if stat.S_ISCHR(found.st_mode) and stat.S_ISCHR(self._own.st_mode):
            return True  # a terminal has many names
        return (found.st_dev, found.st_ino) == (self._own.st_dev, self._own.st_ino)
