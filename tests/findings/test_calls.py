"""Entries and exits are put together into calls, whoever makes them and however their threads end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bstinspect.findings.calls import LONGEST
from bstinspect.records import Detached, Executed, Exited, Exiting, Lost, Tracing

from .tape import STEP, ZERO, Tape, session

if TYPE_CHECKING:
    from pathlib import Path

    from bstinspect.findings.calls import Finished
    from bstinspect.findings.model import Findings
    from bstinspect.records import AnyRecord


class Seen:
    """An observer that remembers every call as a fact."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, str, int | None, int]] = []
        """Thread, name, duration (None: never returned), line."""

    def took(self, call: Finished) -> None:
        """Take a call that has ended."""
        fact = call.seen()
        self.calls.append((fact.tid, fact.name, fact.duration, fact.line))


def seen_in(tape: Tape, where: Path) -> tuple[list[tuple[int, str, int | None, int]], Findings, list[str]]:
    """Return all calls, the facts and the lines."""
    seen = Seen()
    found, lines = tape.survey(where, observers=[seen])
    assert found.environment.calls == len(seen.calls)
    return seen.calls, found, lines


def test_calls_of_two_threads_that_overlap(tmp_path: Path) -> None:
    """Each exit belongs to the entry of its own thread, and stands on the line on which its call ends."""
    tape = Tape()
    tape.enter(10, "read", 5)
    tape.enter(10, "getpid", tid=11)
    tape.leave(10, 10, tid=11)
    tape.leave(10, 0)
    calls, _, lines = seen_in(tape, tmp_path)
    assert calls == [(11, "getpid", STEP, 2), (10, "read", 3 * STEP, 3)]
    assert "getpid()" in lines[1]
    assert "<... read resumed>" in lines[2]


@pytest.mark.parametrize("end", ["exiting", "exited", "detached", "leader", "nothing"])
def test_a_call_that_never_returns(end: str, tmp_path: Path) -> None:
    """It lasts until its thread is seen to end, or to the last record, and is known by its first line."""
    tape = Tape()
    tape.begin(10)
    tape.begin(10, tid=11)
    tape.enter(10, "futex", tid=11)
    tape.call(10, "getpid", value=10)
    ends: dict[str, AnyRecord] = {
        "exiting": Exiting(tape.now + 7, 11, 10, 0),
        "exited": Exited(tape.now + 7, 11, 10, 0),
        "detached": Detached(tape.now + 7, 11, 10),
        "leader": Exited(tape.now + 7, 10, 10, 0),
    }
    if end in ends:
        tape.add(ends[end])
    calls, found, lines = seen_in(tape, tmp_path)
    assert calls == [(10, "getpid", STEP, 2), (11, "futex", None, 1)]
    assert "futex(" in lines[0]
    (thread,) = [each for process in found.processes for each in process.threads if each.tid == 11]
    assert thread.waiting_ns == 2 * STEP + (7 if end in ends else 0)
    assert thread.calls == 1
    assert (thread.ended is None) == (end in ("exiting", "nothing"))


def test_an_execve_by_another_thread(tmp_path: Path) -> None:
    """It returns as the leader's call (execve(2)); the calls that the others were in never do."""
    tape = Tape()
    tape.begin(10)
    tape.thread(10, 11)
    tape.enter(10, "pause")
    tape.enter(10, "execve", tid=11, memory=b"/bin/other\0", at=0)
    tape.add(Executed(tape.tick(), 10, 10, 11))
    tape.leave(10, 0)
    tape.call(10, "getpid", value=10)
    calls, found, lines = seen_in(tape, tmp_path)
    assert [(tid, name, lasted) for tid, name, lasted, _ in calls] == [
        (10, "clone", 3 * STEP), (10, "pause", None), (10, "execve", 2 * STEP), (10, "getpid", STEP),
    ]  # fmt: skip
    assert all(name in lines[line - 1] for _, name, _, line in calls)
    (process,) = found.processes
    assert process.command == "other"
    assert [(each.tid, each.ended is None) for each in process.threads] == [(10, True), (11, False)]


def test_numbers_that_are_no_calls(tmp_path: Path) -> None:
    """They have a name of their own, in the trace and among the counts."""
    tape = Tape()
    tape.call(10, 7777, value=-38)
    tape.call(10, -1 & 0xFFFFFFFF, value=-38)
    calls, found, lines = seen_in(tape, tmp_path)
    assert calls[0][1] == "syscall_0x1e61"
    assert all(name in lines[line - 1] for _, name, _, line in calls)
    assert {each.error for each in found.errors} == {"ENOSYS"}
    assert all(each.nature == "real" for each in found.errors)


def test_who_was_inside_a_call_when_the_tracer_came(tmp_path: Path) -> None:
    """An exit without an entry is no call: nobody knows when it began."""
    tape = Tape()
    tape.begin(10)
    tape.leave(10, 1)
    tape.call(10, "getpid", value=10)
    calls, found, lines = seen_in(tape, tmp_path)
    assert [name for _, name, _, _ in calls] == ["getpid"]
    assert len(lines) == 2
    assert not found.processes[0].followed


def test_tracing_that_is_switched_off_within_a_call(tmp_path: Path) -> None:
    """The call is over for the report as it is for the trace; what the process does then is not counted."""
    tape = Tape("session")
    tape.begin(10)
    tape.add(Tracing(tape.tick(), 10, on=True))
    tape.enter(10, "read", 3)
    tape.add(Tracing(tape.tick(), 10, on=False))
    tape.leave(10, 5)
    source = session(tmp_path, tape, [])
    assert source.log is not None
    calls, _, lines = seen_in(tape, tmp_path)
    assert calls == [(10, "read", None, 1)]
    assert len(lines) == 1
    assert lines[0].endswith("<detached ...>")


def test_records_of_several_tracers_are_put_in_order(tmp_path: Path) -> None:
    """Each tracer of a session appends in its turn: the trace and the calls go by their times."""
    tape = Tape("session")
    other = Tape("session")
    for _ in range(20):
        tape.call(10, "getpid", value=10)
        other.now = tape.now + 100
        other.call(20, "getuid", value=0)
        tape.tick(10 * STEP)
    tape.records = other.records + tape.records
    calls, found, lines = seen_in(tape, tmp_path)
    assert [name for _, name, _, _ in calls] == ["getpid", "getuid"] * 20
    assert all(name in lines[line - 1] for _, name, _, line in calls)
    times = [line.split()[1] for line in lines if "resumed" not in line]
    assert times == sorted(times)
    assert [each.kind for each in found.gaps] == ["no-log"]


def test_a_record_from_before_the_beginning(tmp_path: Path) -> None:
    """A tracer that did not write the file's first record may have seen something before: that is at 0."""
    tape = Tape("session")
    tape.now = ZERO - 5 * STEP
    tape.call(10, "getpid", value=10)
    _, found, _ = seen_in(tape, tmp_path)
    assert found.processes[0].began == 0
    assert found.activity[0].slices[0].begin == 0


def test_lost_records(tmp_path: Path) -> None:
    """Each loss is a gap with its reason; a call whose exit was lost is counted once, with the next entry."""
    tape = Tape()
    tape.enter(10, "read", 3)
    tape.add(Lost(tape.tick(), 4, "No space left on device"))
    tape.call(10, "getpid", value=10)
    calls, found, lines = seen_in(tape, tmp_path)
    assert [(each.kind, each.detail, each.count) for each in found.gaps] == [
        ("lost", "No space left on device", 4)
    ]
    assert [name for _, name, _, _ in calls] == ["getpid"]
    assert "getpid" in lines[calls[0][3] - 1]


def test_a_long_line_is_cut(tmp_path: Path) -> None:
    """A fact keeps so many characters of a line; the trace has all of it."""
    tape = Tape()
    tape.enter(10, "execve", memory=b"/" + b"x" * 3000 + b"\0", at=0)
    tape.leave(10, -2)
    found, lines = tape.survey(tmp_path)
    assert len(found.errors[0].first.text) == LONGEST
    assert len(lines[0]) > 3000


def test_time_that_goes_back(tmp_path: Path) -> None:
    """No call lasts less than nothing."""
    tape = Tape()
    tape.enter(10, "getpid")
    tape.leave(10, 10, took=-50 * STEP)
    calls, found, _ = seen_in(tape, tmp_path)
    assert calls[0][2] == 0
    assert found.processes[0].threads[0].working_ns == 0
