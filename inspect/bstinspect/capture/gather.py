"""What is copied at a syscall-stop: what the call's pointers point to, and what its descriptors are.

The frequent calls have a table of their own (`reads`): one look-up says what to copy. For all others the
decoder itself is run over the tracee's memory, and what it asks for is what is copied: no second table that
could disagree with the first.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from bstinspect.capture import reads
from bstinspect.capture.objects import Objects
from bstinspect.decode.architecture import architecture
from bstinspect.decode.call import Call
from bstinspect.decode.table import shape_of
from bstinspect.records import Block, OpenFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.capture.tracee import Thread
    from bstinspect.decode.style import Style

MOST: Final = 1 << 20
"""No stop copies more bytes for a decoder, whatever the tracee's arguments say."""
_MESSAGES: Final = frozenset(
    architecture(os.uname().machine).numbers.get(name, -1)
    for name in ("sendto", "recvfrom", "sendmsg", "recvmsg")
)
_END: Final = 1 << 64
_RENAMES: Final = frozenset({"execve", "execveat", "prctl"})
"""Calls that can change the caller's command name."""


class Gathered(NamedTuple):
    """What a stop gives to its record."""

    memory: tuple[Block, ...] = ()
    descriptors: tuple[OpenFile, ...] = ()
    names: tuple[tuple[int, bytes], ...] = ()


NOTHING: Final = Gathered()


class Tracee:
    """A stopped tracee as a decoder's `Source`; remembers everything that it was asked for."""

    def __init__(self, tid: int, read: Callable[[int, int], bytes], objects: Objects) -> None:
        self._tid = tid
        self._read = read
        self._objects = objects
        self._left = MOST
        self._blocks: dict[int, Block] = {}
        self._descriptors: dict[int, OpenFile] = {}
        self._names: dict[int, bytes] = {}

    def read(self, address: int, size: int) -> bytes:
        """Read memory."""
        if not 0 < address < _END:
            return b""
        known = self._blocks.get(address)
        if known is not None and known.wanted >= size:
            return known.data[:size]
        data = self._read(address, min(size, self._left)) if self._left > 0 else b""
        self._keep(Block(address, data, size))
        return data

    def string(self, address: int, most: int) -> bytes | None:
        """Read a C string, never beyond the page that its NUL is in."""
        if not 0 < address < _END:
            return None
        block = reads.read_string(self._read, address, most)
        self._keep(block)
        return block.data if len(block.data) == block.wanted else None

    def descriptor(self, number: int) -> OpenFile | None:
        """Look up what a descriptor is."""
        found = self._descriptors.get(number) or self._objects.descriptor(self._tid, number)
        if found is not None:
            self._descriptors[number] = found
        return found

    def name(self, pid: int) -> bytes:
        """Look up a process's command name."""
        found = self._names[pid] = self._objects.name(pid)
        return found

    def gathered(self) -> Gathered:
        """Return what was asked for since the last time."""
        result = Gathered(
            tuple(self._blocks.values()), tuple(self._descriptors.values()), tuple(self._names.items())
        )
        self._blocks, self._descriptors, self._names = {}, {}, {}
        self._left = MOST
        return result

    def _keep(self, block: Block) -> None:
        self._left -= len(block.data)
        known = self._blocks.get(block.address)
        if known is None or len(block.data) >= len(known.data):
            self._blocks[block.address] = block


class Gatherer:
    """Gathers for all tracees in one manner."""

    def __init__(
        self,
        style: Style,
        limits: reads.Limits = reads.DEFAULT_LIMITS,
        dump: Callable[[Call], str] | None = None,
        *,
        whole: bool = False,
    ) -> None:
        """`dump` prints what goes through some descriptors whole (-e read=), so that is copied whole too.

        `whole`: copy also what the tables of the frequent calls leave out of very long arrays (-v).
        """
        self._style = style
        self.limits = limits
        self._dump = dump
        self._objects = Objects(style.descriptors)
        self._tables = architecture(os.uname().machine)
        self._always_decode = bool(style.descriptors) or style.names or dump is not None or whole

    def plans(self) -> dict[int, reads.Plan]:
        """Return what is copied of the calls that need no decision, by number."""
        if self._always_decode:
            return {}
        return {number: plan for number, plan in reads.plans().items() if number not in _MESSAGES}

    def entry(
        self, thread: Thread, number: int, arguments: tuple[int, ...], stack_pointer: int = 0
    ) -> Gathered:
        """Gather at a syscall-entry-stop."""
        if self._has_table(thread, number, arguments):
            thread.decoding = None
            blocks = reads.entry_blocks(number, arguments, thread.read, self.limits)
            return Gathered(blocks) if blocks else NOTHING
        source = Tracee(thread.tid, thread.read, self._objects)
        call = Call(self._tables.name(number), arguments, source, self._tables, self._style)
        call.pid = thread.tid
        call.stack_pointer = stack_pointer
        shape = shape_of(call)
        thread.decoding = call, shape, source
        shape.entry(call)
        return source.gathered()

    def _has_table(self, thread: Thread, number: int, arguments: tuple[int, ...]) -> bool:
        """Tell whether a table says what to copy. Messages through netlink are decoded deeper."""
        if self._always_decode or number not in reads.KNOWN:
            return False
        descriptor = arguments[0] & 0xFFFFFFFF
        return number not in _MESSAGES or not self._objects.is_netlink(thread.tid, descriptor)

    def signal(self, thread: Thread, siginfo: bytes, number: int) -> Gathered:
        """Gather what a siginfo names, at a signal-delivery-stop."""
        if not self._always_decode:
            return NOTHING
        from bstinspect.decode.siginfo import describe_siginfo

        source = Tracee(thread.tid, thread.read, self._objects)
        describe_siginfo(siginfo, number, Call("", (), source, self._tables, self._style))
        return source.gathered()

    def exit(
        self,
        thread: Thread,
        number: int,
        arguments: tuple[int, ...],
        value: int,
        is_error: bool,  # noqa: FBT001
    ) -> Gathered:
        """Gather at a syscall-exit-stop."""
        if thread.decoding is None:
            blocks = reads.exit_blocks(number, arguments, value, is_error, thread.read, self.limits)
            return Gathered(blocks) if blocks else NOTHING
        call, shape, source = thread.decoding
        thread.decoding = None
        call.leave(value, source, is_error=is_error)
        shape.exit(call)
        if not is_error:
            shape.result(call)
        if self._dump is not None:
            self._dump(call)
        if self._style.names and call.name in _RENAMES and not is_error:
            source.name(thread.tid)
        return source.gathered()
