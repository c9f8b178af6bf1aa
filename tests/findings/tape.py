"""Captures made by hand: records written with the real writer, and surveyed as `bstrace report` does."""

from __future__ import annotations

import io
import json
import socket
import struct
from typing import TYPE_CHECKING, Any, Final

import msgspec

from bstinspect.capture.file import CaptureWriter
from bstinspect.decode.architecture import native_numbers
from bstinspect.findings.reading import Source, find
from bstinspect.findings.survey import Survey
from bstinspect.records import (
    FORMAT_VERSION,
    Attached,
    Block,
    CaptureStart,
    Executed,
    Exited,
    Exiting,
    Spawned,
    SyscallEntry,
    SyscallExit,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bstinspect.findings.model import Findings
    from bstinspect.findings.requirements import Requirement
    from bstinspect.findings.survey import CallObserver
    from bstinspect.records import AnyRecord

ZERO: Final = 1_000_000_000
"""CLOCK_MONOTONIC at the beginning of each tape, nanoseconds;"""
REALTIME: Final = 1_700_000_000 * 10**9
"""and CLOCK_REALTIME."""
STEP: Final = 1000
"""Nanoseconds from one record to the next, where nothing else is said."""
NUMBERS: Final = native_numbers()
_ADDRESS: Final = 0x7000_0000
_FLAGS_FORK: Final = 0x1200011  # CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD
_FLAGS_THREAD: Final = 0x3D0F00  # CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|...


class Tape:
    """Records in their order; time goes on by `STEP` with each of them."""

    def __init__(self, recorder: str = "trace") -> None:
        self.now = ZERO
        self.start = CaptureStart(
            ZERO, FORMAT_VERSION, REALTIME, "x86_64", recorder, 4096, ("f",), "6.1.0-test", 2
        )
        self.records: list[AnyRecord] = []

    def add(self, record: AnyRecord) -> AnyRecord:
        """Add a record as it is."""
        self.records.append(record)
        return record

    def tick(self, by: int = STEP) -> int:
        """Let time go by, and return what it is then."""
        self.now += by
        return self.now

    # -- calls

    def enter(
        self, pid: int, name: str | int, *arguments: int, tid: int = 0, memory: bytes = b"", at: int = 1
    ) -> None:
        """A call is entered; `memory` is what its argument number `at` points to."""
        number = name if isinstance(name, int) else NUMBERS[name]
        given = list((*arguments, 0, 0, 0, 0, 0, 0)[:6])
        blocks: tuple[Block, ...] = ()
        if memory:
            given[at] = _ADDRESS
            blocks = (Block(_ADDRESS, memory, len(memory)),)
        a, b, c, d, e, f = given
        self.add(SyscallEntry(self.tick(), tid or pid, pid, number, (a, b, c, d, e, f), blocks))

    def leave(self, pid: int, value: int = 0, *, tid: int = 0, memory: bytes = b"", took: int = STEP) -> None:
        """The call returns; a negative value is an error's number."""
        blocks = (Block(_ADDRESS, memory, len(memory)),) if memory else ()
        failed = -4096 < value < 0
        self.add(SyscallExit(self.tick(took), tid or pid, pid, value, failed, blocks))

    def call(
        self, pid: int, name: str | int, *arguments: int, value: int = 0, tid: int = 0, took: int = STEP
    ) -> None:
        """A call without memory, in one piece."""
        self.enter(pid, name, *arguments, tid=tid)
        self.leave(pid, value, tid=tid, took=took)

    def send(self, pid: int, fd: int, data: bytes, *, moved: int | None = None) -> None:
        """A sendto, of which the kernel took all or so much."""
        self.enter(pid, "sendto", fd, 0, len(data), memory=data)
        self.leave(pid, len(data) if moved is None else moved)

    def receive(self, pid: int, fd: int, data: bytes, *, value: int | None = None) -> None:
        """A recvfrom."""
        self.enter(pid, "recvfrom", fd, _ADDRESS, max(len(data), 64))
        self.leave(pid, len(data) if value is None else value, memory=data)

    def open(self, pid: int, path: bytes, *, value: int = 3, flags: int = 0) -> None:
        """An openat."""
        self.enter(pid, "openat", -100 & 0xFFFFFFFF, 0, flags, memory=path + b"\0")
        self.leave(pid, value)

    # -- processes

    def begin(self, pid: int, *, followed: bool = False, tid: int = 0, name: bytes = b"") -> None:
        """A thread comes under the tracer."""
        self.add(Attached(self.tick(), tid or pid, pid, followed, -1, name))

    def execute(self, pid: int, path: bytes = b"/bin/program") -> None:
        """A process executes a program."""
        self.enter(pid, "execve", memory=path + b"\0", at=0)
        self.add(Executed(self.tick(), pid, pid, pid))
        self.leave(pid, 0)

    def fork(self, parent: int, child: int) -> None:
        """A process forks; the child is there before the call returns."""
        self.enter(parent, "clone", _FLAGS_FORK)
        self.add(Spawned(self.tick(), parent, parent, child, "fork"))
        self.begin(child, followed=True)
        self.leave(parent, child)

    def thread(self, pid: int, tid: int, name: bytes = b"") -> None:
        """A process makes a thread."""
        self.enter(pid, "clone", _FLAGS_THREAD)
        self.add(Spawned(self.tick(), pid, pid, tid, "clone"))
        self.begin(pid, followed=True, tid=tid)
        self.leave(pid, tid)
        if name:
            self.enter(pid, "prctl", 15, tid=tid, memory=name + b"\0")
            self.leave(pid, 0, tid=tid)

    def exit(self, pid: int, status: int = 0) -> None:
        """A process ends by itself."""
        self.enter(pid, "exit_group", status)
        self.end(pid, status << 8)

    def end(self, pid: int, status: int, *, tid: int = 0) -> None:
        """A thread ends with a wait status."""
        self.add(Exiting(self.tick(), tid or pid, pid, status))
        self.add(Exited(self.tick(), tid or pid, pid, status))

    def wait(self, pid: int, child: int) -> None:
        """A process waits for its child."""
        self.call(pid, "wait4", child, value=child)

    # -- connections

    def listen(self, pid: int, fd: int, address: bytes) -> None:
        """A socket that listens at an address."""
        self.call(pid, "socket", int.from_bytes(address[:2], "little"), 1, 0, value=fd)
        self.address(pid, "bind", fd, address)
        self.call(pid, "listen", fd, 5)

    def address(self, pid: int, name: str, fd: int, address: bytes, value: int = 0) -> None:
        """A bind or a connect."""
        self.enter(pid, name, fd, 0, len(address), memory=address)
        self.leave(pid, value)

    def connect(self, pid: int, fd: int, address: bytes) -> None:
        """A new socket that connects to an address."""
        self.call(pid, "socket", int.from_bytes(address[:2], "little"), 1, 0, value=fd)
        self.address(pid, "connect", fd, address)

    def accept(self, pid: int, listener: int, fd: int) -> None:
        """A connection is accepted."""
        self.call(pid, "accept4", listener, 0, 0, 0, value=fd)

    def connected(self, client: int, fd: int, server: int, listener: int, accepted: int) -> None:
        """Connect a client to a server that listens already at `/run/listener`."""
        self.connect(client, fd, unix(b"/run/%d.%d" % (server, listener)))
        self.accept(server, listener, accepted)

    # -- to the end

    def write(self, path: Path) -> Path:
        """Write a capture."""
        path.unlink(missing_ok=True)
        writer = CaptureWriter(str(path), start=self.start)
        for record in self.records:
            writer.append(record)
        writer.close()
        return path

    def survey(
        self, where: Path, requirements: Iterable[Requirement] = (), observers: Iterable[CallObserver] = ()
    ) -> tuple[Findings, list[str]]:
        """Write it below a directory and return what is found, and the lines of the full trace."""
        return survey(find(self.write(where / "tape.bst")), requirements, observers)


def survey(
    source: Source, requirements: Iterable[Requirement] = (), observers: Iterable[CallObserver] = ()
) -> tuple[Findings, list[str]]:
    """Return what is found in a source, and the lines of the full trace."""
    trace = io.BytesIO()
    found = Survey(source, list(requirements), trace, observers).run(lambda _: None)
    text = trace.getvalue().decode()
    assert found.environment.trace_lines == text.count("\n")
    msgspec.json.encode(found)  # whatever it is, it can be written
    return found, text.split("\n")[:-1]


def unix(path: bytes) -> bytes:
    """Return a struct sockaddr_un (unix(7))."""
    return struct.pack("<H", socket.AF_UNIX) + path + b"\0"


def internet(host: str, port: int) -> bytes:
    """Return a struct sockaddr_in (ip(7))."""
    return struct.pack("<H", socket.AF_INET) + port.to_bytes(2) + socket.inet_aton(host) + bytes(8)


def session(where: Path, tape: Tape, events: Iterable[dict[str, Any]]) -> Source:
    """Write a session's directory: its capture, and events with times in nanoseconds of the tape."""
    tape.write(where / "capture.bst")
    with (where / "events.jsonl").open("w") as stream:
        for event in events:
            seconds = (REALTIME + event["time"] - ZERO) / 1e9
            stream.write(json.dumps({**event, "time": seconds}) + "\n")
    return find(where)
