"""The threads and processes on the stage."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto


class State(Enum):
    """What a thread is doing, as the stage sees it."""

    RUNNING = auto()
    """It was let go on, and has not stopped since."""
    READY = auto()
    """Held in a ptrace-stop; it may go on when its turn comes."""
    PARKED = auto()
    """Held at the entry of a call that waits, until what it waits for is there."""
    ASLEEP = auto()
    """Blocked inside the kernel in a call that is not stopped at."""
    STOPPED = auto()
    """In a group-stop."""


class Place(Enum):
    """In which kind of ptrace-stop a thread is held."""

    BORN = auto()
    ENTRY = auto()
    EXIT = auto()
    OTHER = auto()


@dataclass(slots=True, eq=False)
class Process:
    """A process (a thread group)."""

    pid: int
    parent: Process | None = None
    name: str = ""
    """``20.1``, ``controller``, ``keeper``; empty as long as it has none."""
    threads: dict[int, Thread] = field(default_factory=dict)
    status: int | None = None
    """Wait status, once it is dead."""
    is_dying: bool = False


@dataclass(slots=True, eq=False)
class Thread:
    """A thread."""

    tid: int
    process: Process
    index: int
    """It is the so manieth thread of the run."""
    state: State = State.RUNNING
    place: Place = Place.BORN
    number: int = -1
    """The call that it is in, and its arguments."""
    arguments: tuple[int, ...] = ()
    is_judged: bool = False
    """At an entry: all that had to be decided about the call is decided."""
    is_in_vfork: bool = False
    """It waits for its child to have its own memory, or to end (vfork(2))."""
    deadline_ns: int | None = None
    """Of a parked thread, in the stage's time."""
    interrupted: tuple[int, tuple[int, ...], int | None] | None = None
    """A call that waited and is to come again: number, arguments, and when its time is over."""
    in_vain: int = 0
    """What its call returns then."""
    descriptors: list[int] = field(default_factory=list)
    """Our copies of what a parked thread waits for."""
    turn: int = 0
    """When it became ready, in the order of events."""
    result: int | None = None
    """What the call in progress is to return, whatever the kernel says."""
