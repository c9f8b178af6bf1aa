"""Which records of a session are of traced processes."""

from __future__ import annotations

from bstinspect.decode.traced import TracedOnly
from bstinspect.records import (
    Attached,
    Detached,
    Exited,
    Exiting,
    GroupStop,
    Record,
    Spawned,
    SyscallEntry,
    SyscallExit,
    Tracing,
)


def call(when: int, pid: int) -> tuple[Record, Record]:
    """Return a call of a process."""
    return SyscallEntry(when, pid, pid, 39, (0, 0, 0, 0, 0, 0)), SyscallExit(
        when, pid, pid, pid, is_error=False
    )


def test_those_that_are_only_watched_are_left_out() -> None:
    """Between on and off all is let through; off is as good as detached."""
    inside = (*call(3, 5), GroupStop(4, 5, 5, 19))
    records: list[Record] = [
        Attached(1, 5, 5, followed=False),
        Attached(1, 6, 6, followed=False),
        Tracing(2, 5, on=True),
        *inside,
        GroupStop(4, 6, 6, 19),
        Tracing(5, 5, on=False),
        Exiting(6, 5, 5, 9),
        Exited(6, 5, 5, 9),
    ]
    assert list(TracedOnly().of(records)) == [*inside, Detached(5, 5, 5)]  # type: ignore[arg-type]


def test_a_process_that_is_born_traced() -> None:
    """Its first call says so; what comes before that is as of one that is only watched."""
    born = (*call(3, 7), Exited(4, 7, 7, 0))
    records: list[Record] = [
        Tracing(1, 5, on=True),
        Spawned(2, 5, 5, 7, "fork"),
        Attached(2, 7, 7, followed=True),
        *born,
    ]
    assert list(TracedOnly().of(records)) == [records[1], *born]  # type: ignore[arg-type]


def test_a_pid_that_comes_again() -> None:
    """The end of a traced process is the end of its tracing."""
    records: list[Record] = [
        Tracing(1, 5, on=True),
        *call(2, 5),
        Exited(3, 6, 5, 0),
        Exited(3, 5, 5, 0),
    ]
    again = [Attached(9, 5, 5, followed=False), GroupStop(10, 5, 5, 19)]
    assert list(TracedOnly().of([*records, *again])) == records[1:]  # type: ignore[list-item]
