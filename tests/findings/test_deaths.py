"""Deaths and their witnesses, failures and their nature, messages and their commands."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import pytest

from bstcluster import protocol
from bstinspect.findings import witnesses
from bstinspect.records import Autopsy, Descriptor, Exited, Exiting, SignalDelivery, ThreadState

from .tape import STEP, Tape, session, survey, unix
from .wire import encoded, handshake

if TYPE_CHECKING:
    from pathlib import Path

SIGCHLD = 17


def told(tape: Tape, pid: int, of: int) -> None:
    """A process gets SIGCHLD of a child."""
    siginfo = struct.pack("<iii4xi", SIGCHLD, 0, 2, of).ljust(128, b"\0")
    tape.add(SignalDelivery(tape.tick(), pid, pid, SIGCHLD, siginfo))


def test_who_notices_a_death(tmp_path: Path) -> None:
    """The ends of its connections, the signal and the wait; nobody who was told of something else."""
    tape = Tape()
    for pid in (10, 30, 40):
        tape.begin(pid)
    tape.listen(30, 3, unix(b"/run/x"))
    tape.fork(10, 20)
    tape.fork(10, 21)
    tape.connect(20, 5, unix(b"/run/x"))
    tape.accept(30, 3, 4)
    tape.connect(40, 5, unix(b"/run/x"))
    tape.accept(30, 3, 6)
    tape.receive(30, 6, b"", value=0)
    threads = (ThreadState(20, "node", 7, (1, 2, 3)), ThreadState(22, "other", -1, ()))
    open_files = (Descriptor(5, "socket:[1]", "unix:->/run/x"), Descriptor(0, "/dev/null"))
    died = tape.tick()
    tape.add(Exiting(died, 20, 20, 9))
    tape.add(Autopsy(tape.tick(), 20, 9, False, threads, open_files, 0, 512, 600, 7 * 10**9, 10, 0))  # noqa: FBT003
    tape.receive(30, 4, b"", value=0)
    tape.add(Exited(tape.tick(), 20, 20, 9))
    told(tape, 10, 20)
    told(tape, 10, 21)
    tape.wait(10, 21)
    tape.wait(10, 20)
    tape.receive(30, 4, b"", value=-104)
    tape.receive(30, 4, b"", value=0)
    found, lines = tape.survey(tmp_path)
    (death,) = found.deaths
    assert (death.pid, death.when, death.status) == (20, died - tape.start.when, 9)
    assert [(each.pid, each.how, each.call.name) for each in death.witnesses] == [
        (30, "end-of-connection", "recvfrom"), (10, "signal", "SIGCHLD"), (10, "wait", "wait4"),
        (30, "reset", "recvfrom"),
    ]  # fmt: skip
    delays = [each.delay for each in death.witnesses]
    assert delays == sorted(delays)
    assert delays[0] == 3 * STEP
    assert all(each.call.name in lines[each.call.line - 1] for each in death.witnesses)
    assert [(each.name, each.call) for each in death.threads][1] == ("other", "user space")
    assert death.threads[0].call.startswith("poll(")
    assert death.descriptors == ["5: socket:[1] unix:->/run/x", "0: /dev/null"]
    assert (death.resident_kib, death.age_ns) == (512, 7 * 10**9)


def test_an_exit_is_no_death(tmp_path: Path) -> None:
    """Only what a signal ended counts."""
    tape = Tape()
    for pid, status in ((10, 0), (11, 0x300), (12, 0x8B)):
        tape.begin(pid)
        tape.end(pid, status)
    found, _ = tape.survey(tmp_path)
    assert [(each.pid, each.status) for each in found.deaths] == [(12, 0x8B)]


def test_witnesses_after_a_long_life(tmp_path: Path) -> None:
    """However many connections have ended before, those of a death are noticed; facts stay few."""
    tape = Tape()
    tape.begin(10)
    tape.listen(10, 3, unix(b"/run/x"))
    for _ in range(witnesses.MOST + 100):
        tape.connect(20, 5, unix(b"/run/x"))
        tape.accept(10, 3, 4)
        tape.receive(10, 4, b"", value=0)
        tape.call(10, "close", 4)
    tape.connect(20, 5, unix(b"/run/x"))
    tape.accept(10, 3, 4)
    tape.end(20, 9)
    tape.receive(10, 4, b"", value=0)
    found, _ = tape.survey(tmp_path)
    assert [(each.pid, each.how) for each in found.deaths[0].witnesses] == [(10, "end-of-connection")]


def test_many_deaths(tmp_path: Path) -> None:
    """So many are kept."""
    tape = Tape()
    for pid in range(100, 100 + witnesses.MOST + 50):
        tape.begin(pid)
        tape.end(pid, 9)
    found, _ = tape.survey(tmp_path)
    assert len(found.deaths) == witnesses.MOST


@pytest.mark.parametrize(
    ("name", "path", "errno", "nature"),
    [
        ("openat", b"/usr/lib/libx.so.6", 2, "loader"),
        ("openat", b"/usr/lib/locale/x", 2, "loader"),
        ("openat", b"/home/x/settings", 2, "looks"),
        ("openat", b"/home/x/settings", 13, "real"),
        ("read", b"", 11, "normal"),
        ("read", b"", 9, "real"),
        ("connect", b"", 115, "normal"),
        ("connect", b"", 111, "real"),
        ("wait4", b"", 10, "normal"),
        ("ioctl", b"", 25, "normal"),
    ],
)
def test_the_nature_of_a_failure(name: str, path: bytes, errno: int, nature: str, tmp_path: Path) -> None:
    """What belongs to how such programs work is told from what does not."""
    tape = Tape()
    for _ in range(3):
        if path:
            tape.open(10, path, value=-errno)
        else:
            tape.call(10, name, 3, value=-errno)
    found, lines = tape.survey(tmp_path)
    (failure,) = found.errors
    assert (failure.name, failure.count, failure.nature) == (name, 3, nature)
    assert failure.first.line == 1
    assert failure.error in lines[0]


def test_the_order_of_failures(tmp_path: Path) -> None:
    """The real ones first; of those the frequent."""
    tape = Tape()
    for name, value in (("read", -11), ("read", -11), ("read", -9), ("write", -9), ("write", -9)):
        tape.call(10, name, 3, value=value)
    found, _ = tape.survey(tmp_path)
    assert [(each.name, each.nature) for each in found.errors] == [
        ("write", "real"), ("read", "real"), ("read", "normal"),
    ]  # fmt: skip


def served(tape: Tape, events: list[dict[str, Any]], line: str, request: int) -> None:
    """A command is given, its request goes from 10 to 20, and it is answered."""
    events.append({"time": tape.tick(), "event": "command", "line": line})
    kind: protocol.Message = (
        protocol.Ping(request, 1, 1) if line == "pingall" else protocol.Probe(request, 20)
    )
    if line.startswith("exec"):
        kind = protocol.Exec(request, 20, 1, b" 1", last=True)
    tape.send(10, 4, encoded(kind))
    tape.receive(20, 5, encoded(kind))
    events.append({"time": tape.tick(), "event": "reply", "line": "Ok:20: 1" if "exec" in line else "Ok: -1"})
    tape.tick(10 * STEP)


def test_messages_belong_to_commands(tmp_path: Path) -> None:
    """By their request; in a second session of the same directory the numbers begin anew."""
    tape = Tape("session")
    tape.begin(10)
    tape.begin(20)
    tape.listen(10, 3, unix(b"/run/x"))
    tape.connect(20, 5, unix(b"/run/x"))
    tape.accept(10, 3, 4)
    tape.send(10, 4, handshake(b"DEALER"))
    tape.receive(20, 5, handshake(b"DEALER"))
    events: list[dict[str, Any]] = [{"time": tape.tick(), "event": "session"}]
    served(tape, events, "exec 20 1 1", 1)
    served(tape, events, "pingall", 2)
    events.append({"time": tape.tick(), "event": "session"})
    served(tape, events, "pingall", 1)
    served(tape, events, "exec 20 1 1", 2)
    found, _ = survey(session(tmp_path, tape, events))
    assert [(each.kind, each.request, each.command) for each in found.messages] == [
        ("exec", 1, 0), ("ping", 2, 1), ("ping", 1, 2), ("exec", 2, 3),
    ]  # fmt: skip


def deaths_of(where: Path, *events: dict[str, Any]) -> list[tuple[int | None, list[int], str]]:
    """Return of each death that a log tells of the node, what was cut off in all, and the next pingall."""
    tape = Tape("session")
    tape.call(1, "getpid")
    timed = []
    for each in events:
        tape.tick(1000 * STEP)
        timed.append({"time": tape.now, **each})
    found, _ = survey(session(where, tape, timed))
    return [(each.node, each.cut_off, each.answered) for each in found.deaths]


def test_several_deaths(tmp_path: Path) -> None:
    """A pingall names what all deaths before it cut off, without what was made again."""
    died = [
        {"event": "death", "node": 5, "pid": 50, "unreachable": [3, 5]},
        {"event": "death", "node": 20, "pid": 51, "unreachable": [20]},
    ]
    ping = [{"event": "command", "line": "pingall"}, {"event": "reply", "line": "Ok: x"}]
    assert deaths_of(tmp_path, *died, *ping) == [(5, [3, 5, 20], "Ok: x"), (20, [3, 5, 20], "Ok: x")]
    assert deaths_of(tmp_path, died[0], *ping, died[1], *ping) == [
        (5, [3, 5], "Ok: x"),
        (20, [3, 5, 20], "Ok: x"),
    ]
    removed = {"event": "removed", "nodes": [3, 5]}
    assert deaths_of(tmp_path, died[0], removed, died[1], *ping) == [(5, [20], "Ok: x"), (20, [20], "Ok: x")]
    assert deaths_of(tmp_path, died[0]) == [(5, [], "")]
