"""Whatever stands in a capture, and wherever it is cut: facts come out, and they agree with the trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bstinspect.capture.file import MAGIC
from bstinspect.errors import CaptureError
from bstinspect.findings.reading import find
from bstinspect.findings.requirements import ASSIGNMENT, read_requirements
from bstinspect.records import (
    AnyRecord,
    Attached,
    Autopsy,
    Block,
    CaptureStart,
    Descriptor,
    Detached,
    Executed,
    Exited,
    Exiting,
    GroupStop,
    Lost,
    SignalDelivery,
    Spawned,
    Stack,
    SyscallEntry,
    SyscallExit,
    ThreadState,
    Tracing,
)

from .tape import NUMBERS, STEP, ZERO, Tape, internet, session, survey, unix

if TYPE_CHECKING:
    from pathlib import Path

    from bstinspect.findings.calls import Finished
    from bstinspect.findings.model import Findings

ADDRESS = 0x7000_0000
IDS = st.sampled_from([1, 2, 3, 4])
"""Few, so that they meet."""
ODD = st.integers(-(1 << 31), (1 << 31) - 1)
NAMES = [
    "read", "write", "close", "openat", "socket", "socketpair", "pipe2", "connect", "accept4", "bind",
    "listen", "sendto", "recvfrom", "sendmsg", "recvmsg", "getsockopt", "dup2", "fcntl", "close_range",
    "clone", "clone3", "fork", "vfork", "execve", "execveat", "wait4", "waitid", "prctl", "exit_group",
    "restart_syscall", "poll", "munmap", "futex", "getpid",
]  # fmt: skip
CALLS = st.sampled_from([NUMBERS[name] for name in NAMES]) | st.integers(-1, 600)
REGISTERS = st.sampled_from(
    [0, 1, 2, 3, 4, 15, 16, 17, ADDRESS, ADDRESS + 8, (1 << 64) - 1, 0x3D0F00]
) | st.integers(0, (1 << 64) - 1)
VALUES = st.integers(-5, 6) | st.integers(-5000, 5000) | st.integers(-(1 << 63), (1 << 63) - 1)
DATA = st.sampled_from(
    [
        internet("127.0.0.1", 80),
        unix(b"/run/x"),
        b"\xff" + bytes(8) + b"\x7f\x03",
        b"\x00\x05hello",
        b"\0" * 64,
    ]
) | st.binary(max_size=20)
MEMORY = st.lists(st.builds(Block, st.just(ADDRESS), DATA, st.integers(0, 64)), max_size=2).map(tuple)
STATUS = st.sampled_from([0, 9, 0x100, 0x8B, 0x7F]) | ODD
THREADS = st.lists(
    st.builds(ThreadState, IDS, st.text(max_size=5), st.integers(-1, 400), st.just(()) | st.just((1, 2, 3))),
    max_size=2,
).map(tuple)
OPEN = st.lists(st.builds(Descriptor, IDS, st.text(max_size=5), st.text(max_size=5)), max_size=2).map(tuple)
SIX = st.tuples(*[REGISTERS] * 6)


def records(times: st.SearchStrategy[int]) -> st.SearchStrategy[AnyRecord]:
    """Return what makes a record of any kind, mostly of calls."""
    entries = st.builds(SyscallEntry, times, IDS, IDS, CALLS, SIX, MEMORY, arch=st.sampled_from([0, 0, 0, 3]))
    exits = st.builds(SyscallExit, times, IDS, IDS, VALUES, st.booleans(), MEMORY)
    others: list[st.SearchStrategy[AnyRecord]] = [
        st.builds(Attached, times, IDS, IDS, st.booleans(), ODD, st.binary(max_size=5)),
        st.builds(Detached, times, IDS, IDS),
        st.builds(Tracing, times, IDS, st.booleans()),
        st.builds(Stack, times, IDS, IDS, st.just((b"frame",))),
        st.builds(SignalDelivery, times, IDS, IDS, st.integers(-1, 70), st.binary(max_size=128)),
        st.builds(GroupStop, times, IDS, IDS, st.integers(0, 70)),
        st.builds(Spawned, times, IDS, IDS, IDS, st.sampled_from(["fork", "clone", "x"])),
        st.builds(Executed, times, IDS, IDS, st.just(0) | IDS),
        st.builds(Exiting, times, IDS, IDS, STATUS),
        st.builds(Exited, times, IDS, IDS, STATUS),
        st.builds(Autopsy, times, IDS, STATUS, st.booleans(), THREADS, OPEN, ODD, ODD, ODD, ODD, ODD, ODD),
        st.builds(Lost, times, ODD, st.text(max_size=10)),
    ]
    return st.one_of(entries, exits, entries, exits, *others)


TIMES = st.integers(ZERO - STEP, ZERO + 20 * STEP) | st.integers(0, (1 << 64) - 1)


class Watching:
    """An observer that checks each call, and pairs entries and exits in its own simple way."""

    def __init__(self) -> None:
        self.calls: list[Finished] = []

    def took(self, call: Finished) -> None:
        """Take a call that has ended."""
        assert call.end >= call.begin >= 0
        self.calls.append(call)


def pairs(made: list[AnyRecord]) -> int:
    """Return how many exits have an entry of the same thread before them that nothing ended."""
    inside: dict[int, int] = {}
    count = 0
    for record in made:
        if isinstance(record, SyscallEntry):
            inside[record.tid] = record.pid
        elif isinstance(record, SyscallExit):
            count += inside.pop(record.tid, None) is not None
        elif isinstance(record, Executed) and record.former_tid not in (0, record.tid):
            inside.pop(record.tid, None)
            if record.former_tid in inside:
                inside[record.tid] = inside.pop(record.former_tid)
        elif isinstance(record, Exiting | Detached | Exited):
            inside.pop(record.tid, None)
        if (isinstance(record, Exited) and record.tid == record.pid) or (
            isinstance(record, Tracing) and not record.on
        ):
            inside = {tid: pid for tid, pid in inside.items() if pid != record.pid}
    return count


@settings(max_examples=250)
@given(st.lists(records(TIMES), max_size=25), st.sampled_from(["trace", "session"]))
def test_any_records(tmp_path_factory: pytest.TempPathFactory, made: list[AnyRecord], recorder: str) -> None:
    """Nothing raises; there are as many calls as pairs, and each stands on a line that has its name."""
    where = tmp_path_factory.mktemp("any")
    tape = Tape(recorder)
    tape.records = made
    watching = Watching()
    tape.write(where / "tape.bst")
    found, lines = survey(find(where / "tape.bst"), read_requirements(ASSIGNMENT), [watching])
    in_order = sorted(made, key=lambda record: record.when) if recorder == "session" else made
    returned = [call for call in watching.calls if call.leaving is not None]
    assert len(returned) == pairs(in_order)
    assert found.environment.calls == len(watching.calls)
    assert found.environment.records == len(made) + 1
    assert sum(count.calls for each in found.processes for count in each.counts) == len(watching.calls)
    assert sum(thread.calls for each in found.processes for thread in each.threads) == len(watching.calls)
    for call in watching.calls:
        if call.leaving is None or call.leaving.pid == call.entry.pid:  # else the trace may leave it out
            line = lines[call.line - 1]
            assert call.name in line or "<... ??? resumed>" in line  # another process had its thread as well
    assert sum(each.kind == "lost" for each in found.gaps) == sum(isinstance(each, Lost) for each in made)


def test_every_kind_of_record_is_tried() -> None:
    """A record that is new has to be thought of here."""
    tried = {
        Attached, Autopsy, Detached, Executed, Exited, Exiting, GroupStop, Lost, SignalDelivery, Spawned,
        Stack, SyscallEntry, SyscallExit, Tracing,
    }  # fmt: skip
    assert {each.__name__ for each in set(get_args(AnyRecord)) - tried} == {"CaptureStart", "GroupContinue"}


def small() -> Tape:
    """Return a capture of a server and a client, one of which is killed."""
    tape = Tape("session")
    tape.begin(10)
    tape.fork(10, 20)
    tape.listen(10, 3, unix(b"/run/x"))
    tape.connected(20, 3, 10, 3, 4)
    tape.send(20, 3, b"hello")
    tape.receive(10, 4, b"hello")
    tape.end(20, 9)
    tape.receive(10, 4, b"", value=0)
    return tape


def surveyed(path: Path) -> tuple[Findings | None, str]:
    """Return the facts, or what is said where there are none."""
    try:
        return survey(find(path))[0], ""
    except CaptureError as error:
        return None, str(error)


def test_a_capture_cut_anywhere(tmp_path: Path) -> None:
    """Before its first record ends it is none; after that all whole records count, and a gap says so."""
    whole = small().write(tmp_path / "whole.bst").read_bytes()
    path = tmp_path / "cut.bst"
    before = 0
    for size in range(0, len(whole) + 1, max(len(whole) // 400, 1)):
        path.write_bytes(whole[:size])
        found, refusal = surveyed(path)
        if found is None:
            assert "is empty, or cut before its first record" in refusal
            assert not before
            continue
        assert found.environment.records >= before
        before = found.environment.records
        cuts = [(int(each.detail), each.count) for each in found.gaps if each.kind == "cut"]
        assert cuts == [] or sum(cuts[0]) == size
        assert sum(map(sum, cuts)) in (0, size)
    path.write_bytes(whole)
    found, _ = survey(find(path))
    assert found.environment.records == len(small().records) + 1
    assert [each.kind for each in found.gaps] == ["no-log"]
    assert [each.pid for each in found.deaths] == [20]


def test_a_capture_that_is_damaged_anywhere(tmp_path: Path) -> None:
    """One byte is another: facts of what is before it, or the error that says what it is."""
    whole = small().write(tmp_path / "whole.bst").read_bytes()
    path = tmp_path / "damaged.bst"
    kinds: set[str] = set()
    for at in range(0, len(whole), max(len(whole) // 250, 1)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xC1]) + whole[at + 1 :])
        found, refusal = surveyed(path)
        assert "\n" not in refusal
        if found is None:
            assert refusal.startswith(str(path))
            kinds.add(refusal.removeprefix(str(path))[:15])
        else:
            kinds.update(each.kind for each in found.gaps)
    assert {" is damaged at ", " is no bstrace ", "damaged", "cut"} <= kinds


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty, or cut"), (MAGIC, "is empty, or cut"), (MAGIC[:3], "is empty, or cut"),
        (b"#!/bin/sh\n", "is no bstrace capture"), (b"\x7fELF" + bytes(100), "is no bstrace capture"),
        (MAGIC + b"\xff" * 20, "is damaged at byte 8"),
    ],
)  # fmt: skip
def test_what_is_no_capture(data: bytes, words: str, tmp_path: Path) -> None:
    """It is said in one line, with the file's name."""
    path = tmp_path / "x.bst"
    path.write_bytes(data)
    with pytest.raises(CaptureError, match=words) as caught:
        survey(find(path))
    assert str(path) in str(caught.value)


def test_a_directory_that_is_no_session(tmp_path: Path) -> None:
    """It says which of the two files are missing."""
    with pytest.raises(CaptureError, match=r"is no session: it has neither capture.bst nor events.jsonl"):
        find(tmp_path)
    (tmp_path / "events.jsonl").touch()
    with pytest.raises(CaptureError, match=r"has no capture.bst: nothing was traced in that session"):
        find(tmp_path)
    with pytest.raises(FileNotFoundError):
        survey(find(tmp_path / "none.bst"))


def test_a_session_and_its_capture_alone(tmp_path: Path) -> None:
    """A capture beside a log is the session's; one that lost its log says so; another's needs none."""
    assert session(tmp_path, small(), []).log is not None
    assert find(tmp_path / "capture.bst").is_session
    assert [each.kind for each in survey(find(tmp_path))[0].gaps] == []
    (tmp_path / "events.jsonl").unlink()
    assert [each.kind for each in survey(find(tmp_path))[0].gaps] == ["no-log"]
    tape = small()
    tape.start = Tape("trace").start
    assert isinstance(tape.start, CaptureStart)
    found, _ = tape.survey(tmp_path)
    assert found.gaps == []


def test_damage_is_told_once(tmp_path: Path) -> None:
    """What is before it is shown."""
    tape = small()
    path = tape.write(tmp_path / "x.bst")
    path.write_bytes(path.read_bytes() + b"\xff\xff\xff\xff!")
    found, _ = survey(find(path))
    assert [each.kind for each in found.gaps] == ["damaged", "no-log"]
    assert "is damaged at byte" in found.gaps[0].detail
    assert found.environment.records == len(tape.records) + 1
