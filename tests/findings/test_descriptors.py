"""The lives of descriptors, and what is left behind in the end."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from bstinspect.findings import descriptors
from bstinspect.findings.reading import find
from bstinspect.records import Exited, Spawned

from .tape import Tape, internet, survey, unix

if TYPE_CHECKING:
    from pathlib import Path

    from bstinspect.findings.model import DescriptorLife, Findings

CLOEXEC = 0o2000000
CLONE = 0x1200011


def lives(found: Findings, pid: int) -> list[DescriptorLife]:
    """Return what a process had open."""
    return [each for each in found.descriptors if each.pid == pid]


def left(found: Findings) -> list[tuple[str, int, str]]:
    """Return what was left behind."""
    return [(each.kind, each.pid, each.what) for each in found.leaks]


def test_kinds_and_names(tmp_path: Path) -> None:
    """A socket's kind is its family's; its name is the address that it was bound or connected to."""
    tape = Tape()
    tape.listen(10, 3, unix(b"/run/x"))
    tape.connect(10, 4, internet("127.0.0.1", 80))
    tape.call(10, "socket", 2, 2 | CLOEXEC, value=5)
    tape.call(10, "socket", 16, 3, value=6)
    tape.call(10, "eventfd2", value=7)
    tape.call(10, "epoll_create1", value=8)
    tape.enter(10, "pipe2", 0x7000_0000, 0)
    tape.leave(10, 0, memory=struct.pack("<ii", 9, 10))
    tape.address(10, "connect", 5, unix(b"\0hidden")[:-1], value=-115)
    found, _ = tape.survey(tmp_path)
    assert [(each.number, each.kind, each.name, each.role) for each in found.descriptors] == [
        (3, "ipc", "/run/x", "listens"), (4, "tcp", "127.0.0.1:80", "connected"),
        (5, "udp", "@hidden", "connected"), (6, "netlink", "", ""), (7, "eventfd", "", ""),
        (8, "epoll", "", ""), (9, "pipe", "", ""), (10, "pipe", "", ""),
    ]  # fmt: skip
    assert all(each.opened and each.opened.line for each in found.descriptors)


def test_what_went_through(tmp_path: Path) -> None:
    """Calls and bytes in each direction; a failure moved nothing."""
    tape = Tape()
    tape.listen(10, 3, unix(b"/run/x"))
    tape.accept(10, 3, 4)
    tape.send(10, 4, b"hello")
    tape.send(10, 4, b"x", moved=-11)
    tape.receive(10, 4, b"abc")
    tape.receive(10, 4, b"", value=0)
    tape.call(10, "close", 4)
    found, _ = tape.survey(tmp_path)
    life = lives(found, 10)[1]
    assert (life.name, life.role) == ("/run/x", "accepted")
    assert (life.sends, life.sent_bytes, life.receives, life.received_bytes) == (1, 5, 2, 3)
    assert life.closed is not None
    assert life.closed.text == "close(4) = 0"


def test_a_number_is_used_again(tmp_path: Path) -> None:
    """Each descriptor of that number has a life of its own."""
    tape = Tape()
    for _ in range(2):
        tape.call(10, "eventfd2", value=3)
        tape.call(10, "close", 3)
    tape.call(10, "epoll_create1", value=3)
    found, _ = tape.survey(tmp_path)
    assert [(each.kind, each.closed is not None) for each in found.descriptors] == [
        ("eventfd", True), ("eventfd", True), ("epoll", False),
    ]  # fmt: skip


def test_duplicates(tmp_path: Path) -> None:
    """dup2 closes what was there before, and does nothing for a number onto itself (dup(2))."""
    tape = Tape()
    tape.call(10, "eventfd2", value=3)
    tape.call(10, "epoll_create1", value=4)
    tape.call(10, "dup2", 3, 4, value=4)
    tape.call(10, "dup2", 3, 3, value=3)
    tape.call(10, "fcntl", 3, 1030, 5, value=5)
    tape.call(10, "fcntl", 3, 1, value=0)
    found, _ = tape.survey(tmp_path)
    assert [(each.number, each.kind, each.closed is not None) for each in found.descriptors] == [
        (3, "eventfd", False), (4, "epoll", True), (4, "eventfd", False), (5, "eventfd", False),
    ]  # fmt: skip


def test_close_range(tmp_path: Path) -> None:
    """All of a range are closed; with CLOSE_RANGE_CLOEXEC none is."""
    tape = Tape()
    for number in (3, 4, 5, 6):
        tape.call(10, "eventfd2", value=number)
    tape.call(10, "close_range", 4, 5, 0)
    tape.call(10, "close_range", 3, 0xFFFFFFFF, 4)
    found, _ = tape.survey(tmp_path)
    assert [each.closed is not None for each in found.descriptors] == [False, True, True, False]


def test_descriptors_that_close_on_execve(tmp_path: Path) -> None:
    """They end there: what a program leaves open is only what it got or opened."""
    tape = Tape()
    tape.begin(10)
    tape.call(10, "eventfd2", 0, CLOEXEC, value=3)
    tape.call(10, "eventfd2", 0, 0, value=4)
    tape.call(10, "eventfd2", 0, 0, value=5)
    tape.call(10, "fcntl", 5, 2, 1)
    tape.call(10, "eventfd2", 0, CLOEXEC, value=6)
    tape.call(10, "fcntl", 6, 2, 0)
    tape.execute(10)
    tape.exit(10)
    found, _ = tape.survey(tmp_path)
    assert [(each.number, each.closed is not None) for each in found.descriptors] == [
        (3, True), (4, False), (5, True), (6, False),
    ]  # fmt: skip
    assert left(found) == [("descriptor", 10, "eventfd x 2")]


def test_what_is_inherited(tmp_path: Path) -> None:
    """A child has its parent's descriptors; of those that it uses, its own life begins then."""
    tape = Tape()
    tape.begin(10)
    tape.listen(10, 3, unix(b"/run/x"))
    tape.accept(10, 3, 4)
    tape.fork(10, 20)
    tape.send(20, 4, b"hello")
    tape.call(20, "close", 4)
    tape.call(20, "close", 3)
    tape.exit(20)
    tape.wait(10, 20)
    found, _ = tape.survey(tmp_path)
    (life,) = lives(found, 20)
    assert (life.kind, life.name, life.role, life.opened) == ("ipc", "/run/x", "accepted", None)
    assert life.sent_bytes == 5
    assert life.closed is not None
    assert [each.closed for each in lives(found, 10)] == [None, None]
    assert [each.label for each in found.messages] == ["send #1"]


def test_a_child_that_is_faster_than_the_fork(tmp_path: Path) -> None:
    """What it closed and opened before the parent's clone returned counts; nothing comes back to life."""
    tape = Tape()
    tape.begin(10)
    tape.call(10, "eventfd2", value=3)
    tape.enter(10, "clone", CLONE)
    tape.add(Spawned(tape.tick(), 10, 10, 20, "fork"))
    tape.begin(20, followed=True)
    tape.call(20, "close", 3)
    tape.call(20, "epoll_create1", value=3)
    tape.exit(20)
    tape.leave(10, 20)
    tape.wait(10, 20)
    found, _ = tape.survey(tmp_path)
    assert ("descriptor", 20, "epoll x 1") in left(found)
    assert [each.kind for each in lives(found, 20)] == ["epoll"]


def test_threads_share_descriptors(tmp_path: Path) -> None:
    """What a thread opens is its process's."""
    tape = Tape()
    tape.begin(10)
    tape.thread(10, 11)
    tape.call(10, "eventfd2", value=3, tid=11)
    tape.call(10, "close", 3)
    found, _ = tape.survey(tmp_path)
    (life,) = found.descriptors
    assert life.pid == 10
    assert life.closed is not None


def test_files_are_only_counted(tmp_path: Path) -> None:
    """Opened and closed; one that was inherited is not the child's to count."""
    tape = Tape()
    tape.begin(10)
    tape.open(10, b"/etc/hosts")
    tape.open(10, b"/etc/passwd", value=4)
    tape.open(10, b"/etc/none", value=-2)
    tape.fork(10, 20)
    tape.receive(20, 3, b"localhost")
    tape.call(20, "close", 3)
    tape.call(10, "close", 3)
    found, _ = tape.survey(tmp_path)
    assert [(each.pid, each.opened, each.closed) for each in found.files] == [(10, 2, 1)]
    assert found.descriptors == []


def test_many_descriptors(tmp_path: Path) -> None:
    """So many lives are kept; the rest are counted."""
    tape = Tape()
    for _ in range(descriptors.MOST + 300):
        tape.call(10, "eventfd2", value=3)
        tape.call(10, "close", 3)
    found, _ = tape.survey(tmp_path)
    assert len(found.descriptors) == descriptors.MOST
    assert found.descriptors_omitted == 300


def test_a_zombie(tmp_path: Path) -> None:
    """A child whose parent lived on and never waited for it; one that was waited for is none."""
    tape = Tape()
    tape.begin(10)
    for child in (20, 30, 40):
        tape.fork(10, child)
        tape.exit(child)
    tape.wait(10, 30)
    tape.enter(10, "waitid", 1, 40, 0x7000_0000, 4)
    siginfo = struct.pack("<iii4xiii", 17, 0, 1, 40, 0, 0).ljust(128, b"\0")
    tape.leave(10, 0, memory=siginfo)
    tape.call(10, "getpid", value=10)
    tape.exit(10)
    found, _ = tape.survey(tmp_path)
    assert left(found) == [("zombie", 20, "pid 20")]


def test_an_orphan_is_no_zombie(tmp_path: Path) -> None:
    """A child that ends after its parent is waited for by whoever inherited it."""
    tape = Tape()
    tape.begin(10)
    tape.fork(10, 20)
    tape.exit(10)
    tape.exit(20)
    found, _ = tape.survey(tmp_path)
    assert left(found) == []


def test_a_process_that_ran_on(tmp_path: Path) -> None:
    """One whose end was not seen, in a capture that is whole."""
    tape = Tape()
    tape.begin(10, name=b"server")
    tape.fork(10, 20)
    tape.exit(10)
    found, _ = tape.survey(tmp_path)
    assert left(found) == [("process", 20, "server")]


def test_nothing_is_said_where_records_are_missing(tmp_path: Path) -> None:
    """The wait, or the end, may be what was lost."""
    tape = Tape()
    tape.begin(10)
    tape.fork(10, 20)
    tape.exit(20)
    tape.call(10, "getpid")
    assert left(tape.survey(tmp_path)[0]) == [("process", 10, "pid 10"), ("zombie", 20, "pid 20")]
    path = tape.write(tmp_path / "cut.bst")
    path.write_bytes(path.read_bytes()[:-1])
    found, _ = survey(find(path))
    assert [each.kind for each in found.gaps] == ["cut"]
    assert left(found) == []


def test_descriptors_left_open(tmp_path: Path) -> None:
    """Of a process that ended by itself, what it opened; one that was killed could not close anything."""
    tape = Tape()
    for pid in (10, 20):
        tape.begin(pid)
        tape.call(pid, "eventfd2", value=3)
        tape.call(pid, "eventfd2", value=4)
        tape.connect(pid, 5, unix(b"/run/x"))
        tape.call(pid, "eventfd2", value=6)
        tape.call(pid, "close", 6)
    tape.exit(10)
    tape.add(Exited(tape.tick(), 20, 20, 9))
    found, _ = tape.survey(tmp_path)
    assert left(found) == [("descriptor", 10, "eventfd x 2, ipc x 1")]
