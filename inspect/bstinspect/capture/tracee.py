"""What the tracer knows of each thread and process."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from bstinspect.linux import memory

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from bstinspect.capture.arming import Armed
    from bstinspect.capture.gather import Tracee
    from bstinspect.capture.tampering import Tampered
    from bstinspect.decode.call import Call
    from bstinspect.decode.shape import Shape
    from bstinspect.records import ThreadState


class Thread(msgspec.Struct, eq=False):
    """A tracee: one thread."""

    tid: int
    process: Process
    listening: bool = False
    """In a group-stop, resumed with PTRACE_LISTEN."""
    entry: tuple[int, tuple[int, ...]] | None = None
    """The recorded syscall that it is inside of: number and arguments."""
    own: bool = True
    """That call is of the machine's own kind, not of i386."""
    decoding: tuple[Call, Shape, Tracee] | None = None
    """The decoder that gathers for the call that it is inside of, where a decoder does that."""
    tampered: Tampered | None = None
    """What is being done to the call that it is inside of."""
    stack: tuple[bytes, ...] | None = None
    """Its call stack at the entry of its last call (execve, exit), where that is wanted."""
    system_ns: int = 0
    """The system time of its process at the entry of its call, where that is wanted."""
    announced: bool = False
    """Its `Attached` record is out."""
    exiting: bool = False
    """It has had its PTRACE_EVENT_EXIT."""
    read: Callable[[int, int], bytes] = partial(memory.read, 0)
    """Reads its memory: address, length. Made with the thread."""

    def __post_init__(self) -> None:
        """Make `read` once; it is used at every syscall-stop."""
        self.read = partial(memory.read, self.tid)


class Process(msgspec.Struct, eq=False):
    """A thread group with tracees in it."""

    pid: int
    threads: dict[int, Thread] = {}
    stopped: bool = False
    """In a group-stop."""
    autopsied: bool = False
    last_words: dict[int, ThreadState] = {}
    """What the threads of a killed process were doing, by tid, each read in its own exit stop."""
    tracing: bool = False
    syscalls: Container[int] | None = None
    """The numbers to record; None for all."""
    follow: bool = False
    hidden: bool = False
    """It is still bstrace's own code that runs: nothing is recorded before its execve."""
    first_exec: bool = False
    """Its next execve is the one that makes it the command."""
    filtered: bool = False
    """A seccomp filter stops it at the calls that are wanted."""
    detach_on_exec: bool = False
    """Let go at an execve (-b)."""
    releasing: bool = False
    release_requests: list[int] = []
    switching: set[int] = set()
    """Tids that must stop once before they run under the new `tracing`."""
    switch_requests: list[int] = []
    armed: Armed | None = None
    """A crash waits for its point."""
    doomed: bool = False
    """That point is reached: it is killed instead of resumed."""

    @property
    def stops_at_calls(self) -> bool:
        """Whether its threads have to stop at every call."""
        return self.tracing or self.armed is not None

    def inherit(self, parent: Process) -> None:
        """Take over the tracing of the process that forked this one, where it is to be followed."""
        if parent.tracing and parent.follow:
            self.tracing, self.syscalls, self.follow = True, parent.syscalls, True
            self.detach_on_exec, self.filtered = parent.detach_on_exec, parent.filtered
