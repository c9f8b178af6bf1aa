"""What the tracer knows of each thread and process."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from bstinspect.linux import memory

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.capture.gather import Tracee
    from bstinspect.decode.call import Call
    from bstinspect.decode.shape import Shape
    from bstinspect.records import ThreadState


@dataclass(slots=True, eq=False)
class Thread:
    """A tracee: one thread."""

    tid: int
    process: Process
    listening: bool = False
    """In a group-stop, resumed with PTRACE_LISTEN."""
    entry: tuple[int, tuple[int, ...]] | None = None
    """The recorded syscall that it is inside of: number and arguments."""
    decoding: tuple[Call, Shape, Tracee] | None = None
    """The decoder that gathers for the call that it is inside of, where a decoder does that."""
    exiting: bool = False
    """It has had its PTRACE_EVENT_EXIT."""
    read: Callable[[int, int], bytes] = field(init=False)
    """Reads its memory: address, length."""

    def __post_init__(self) -> None:
        """Make `read` once; it is used at every syscall-stop."""
        self.read = partial(memory.read, self.tid)


@dataclass(slots=True, eq=False)
class Process:
    """A thread group with tracees in it."""

    pid: int
    threads: dict[int, Thread] = field(default_factory=dict)
    stopped: bool = False
    """In a group-stop."""
    autopsied: bool = False
    last_words: dict[int, ThreadState] = field(default_factory=dict)
    """What the threads of a killed process were doing, by tid, each read in its own exit stop."""
    tracing: bool = False
    syscalls: frozenset[int] | None = None
    """The numbers to record; None for all."""
    follow: bool = False
    hidden: bool = False
    """It is still bstrace's own code that runs: nothing is recorded before its execve."""
    releasing: bool = False
    release_requests: list[int] = field(default_factory=list)
    switching: set[int] = field(default_factory=set)
    """Tids that must stop once before they run under the new `tracing`."""
    switch_requests: list[int] = field(default_factory=list)

    def inherit(self, parent: Process) -> None:
        """Take over the tracing of the process that forked this one, where it is to be followed."""
        if parent.tracing and parent.follow:
            self.tracing, self.syscalls, self.follow = True, parent.syscalls, True
