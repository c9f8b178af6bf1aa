"""Which calls concern a path or a descriptor (-P, --trace-fds, and the rules of -e inject= that ask for one).

The call's own decoder is run at its entry, and what it would print of paths and descriptors is looked at.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from bstinspect.capture.gather import Tracee
from bstinspect.capture.objects import Objects
from bstinspect.decode.architecture import architecture
from bstinspect.decode.call import PATH_MAX, Call
from bstinspect.decode.style import Style
from bstinspect.decode.table import shape_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bstinspect.capture.tracee import Thread


_ASKING: Final = Style(descriptors=frozenset({"path"}))
"""With this, decoders ask for what descriptors are."""


class _Observed(Call):
    """A call that remembers which paths and descriptors its decoder printed."""

    paths: set[bytes]
    descriptors: set[int]

    def path(self, address: int, most: int = PATH_MAX - 1) -> str:
        data = self.memory.string(address, most + 1) if address else None
        if data:
            self.paths.add(data.removesuffix(b"\0"))
        return ""

    def descriptor(self, number: int) -> str:
        self.descriptors.add(number)
        return ""

    def directory(self, number: int) -> str:
        self.descriptors.add(number)
        return ""


class Touched:
    """The paths and descriptors of one call, looked up when they are asked for."""

    def __init__(self, thread: Thread, number: int, arguments: tuple[int, ...], objects: Objects) -> None:
        self._thread = thread
        self._number = number
        self._arguments = arguments
        self._objects = objects
        self._observed: _Observed | None = None

    def _call(self) -> _Observed:
        if self._observed is None:
            tables = architecture(os.uname().machine)
            source = Tracee(self._thread.tid, self._thread.read, self._objects)
            observed = _Observed(tables.name(self._number), self._arguments, source, tables, _ASKING)
            observed.pid = self._thread.tid
            observed.paths, observed.descriptors = set(), set()
            shape_of(observed).entry(observed)
            self._observed = observed
        return self._observed

    def descriptor(self, wanted: Callable[[int], bool]) -> bool:
        """Tell whether the call has a descriptor that is wanted."""
        return any(number >= 0 and wanted(number) for number in self._call().descriptors)

    def path(self, wanted: frozenset[bytes]) -> bool:
        """Tell whether the call names one of these paths, or has a descriptor of one."""
        call = self._call()
        if call.paths & wanted:
            return True
        for number in call.descriptors:
            if number >= 0:
                found = self._objects.descriptor(self._thread.tid, number)
                if found and found.target in wanted:
                    return True
        return False


class Selection:
    """The calls that -P and --trace-fds let through."""

    def __init__(self, paths: Iterable[str], descriptors: Callable[[int], bool] | None) -> None:
        self._paths = frozenset(os.fsencode(path) for path in paths)
        self._descriptors = descriptors
        self._objects = Objects(frozenset())

    def lets_through(self, thread: Thread, number: int, arguments: tuple[int, ...]) -> bool:
        """Tell whether a call is to be recorded."""
        touched = Touched(thread, number, arguments, self._objects)
        if self._descriptors is not None and touched.descriptor(self._descriptors):
            return True
        return bool(self._paths) and touched.path(self._paths)
