"""A run: a process, in a sandbox of its own, that starts the program, examines it and tells what it found."""

from __future__ import annotations

import contextlib
import os
import signal
import traceback
from typing import TYPE_CHECKING, Final, NoReturn

import msgspec

from bstinspect.grade import sandbox
from bstinspect.grade.examination import EndOfRunError, Examination
from bstinspect.grade.fence import Fence
from bstinspect.grade.house import House
from bstinspect.grade.marks import Judgement
from bstinspect.grade.sandbox import SandboxError
from bstinspect.linux import prctl

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.grade.subject import Subject


_DENIED: Final = 8
"""So many signals to strangers are named."""


class Point(msgspec.Struct, frozen=True, order=True):
    """A crash point that was passed in a run without a fault."""

    command: str
    """What was being answered."""
    id: int
    """The node."""
    at: str
    """The address (`bstinspect.faults.address`), the ordinal counted from the command on."""


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line from a run to the one who started it."""

    judgement: Judgement | None = None
    through: str = ""
    """The streams that the program is to be talked to through."""
    no_sandbox: str = ""
    points: tuple[Point, ...] = ()
    """What was passed where nothing was done to it."""
    fired: bool | None = None
    """Whether the fault at a point took effect; None where there was none."""
    trouble: str = ""
    """A defect of ours."""


class Check(msgspec.Struct, frozen=True):
    """One run of the program: what is done with it. A fault at a point is one more kind of these."""

    name: str
    group: str
    examine: Callable[[Examination], None]
    traced: bool = False
    """Whether it needs the tracer, for a fault at a message."""


class Running:
    """A run that was started, as its starter sees it."""

    def __init__(self, check: Check, pid: int, descriptor: int) -> None:
        self.check = check
        self.pid = pid
        self._descriptor = descriptor
        self._data = b""

    def fileno(self) -> int:
        """Return what to poll."""
        return self._descriptor

    def told(self) -> list[Told] | None:
        """Return what it has told since; None when it has ended, and then it is waited for."""
        data = os.read(self._descriptor, 1 << 16)
        if not data:
            os.close(self._descriptor)
            os.waitpid(self.pid, 0)
            return None
        *lines, self._data = (self._data + data).split(b"\n")
        return [msgspec.json.decode(line, type=Told) for line in lines]

    def put_down(self) -> None:
        """End it, and all that is in it."""
        os.kill(self.pid, signal.SIGKILL)
        os.close(self._descriptor)
        os.waitpid(self.pid, 0)


def begin(check: Check, subject: Subject) -> Running:
    """Start a run. Call it from a process with one thread."""
    ours, theirs = os.pipe2(os.O_CLOEXEC)
    starter = os.getpid()
    pid = os.fork()
    if not pid:
        os.close(ours)
        _guard(theirs, lambda: _be_door(check, subject, theirs, starter))
    os.close(theirs)
    return Running(check, pid, ours)


def _be_door(check: Check, subject: Subject, descriptor: int, starter: int) -> None:
    """Be the one who stands between: outside of the new namespaces, it ends with what is inside."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if not subject.sandboxed:
        if prctl.die_with_parent(starter):
            _examine(check, subject, descriptor)
        return
    sandbox.leave()
    if not prctl.die_with_parent(starter):
        return
    pid = os.fork()
    if not pid:
        prctl.die_with_parent(0)
        _guard(descriptor, lambda: _furnish_and_examine(check, subject, descriptor))
    os.close(descriptor)
    os.waitpid(pid, 0)


def _furnish_and_examine(check: Check, subject: Subject, descriptor: int) -> None:
    sandbox.furnish(subject)
    _examine(check, subject, descriptor)


def _examine(check: Check, subject: Subject, descriptor: int) -> None:
    """Do what the check says, to the program in this house."""
    prctl.become_subreaper()
    fence = Fence(messages=check.traced) if check.traced or not subject.sandboxed else None
    house = House(sandboxed=subject.sandboxed, fence=fence)

    def tell(judgement: Judgement) -> None:
        _tell(descriptor, Told(msgspec.structs.replace(judgement, group=check.group)))

    examination = Examination(subject, house, tell)
    try:
        with contextlib.suppress(EndOfRunError):
            check.examine(examination)
        about = Told(through=examination.through, points=tuple(examination.points), fired=examination.fired)
        _tell(descriptor, about)
        if fence is not None and (denied := fence.denied()):
            tell(Judgement("kills-strangers", missed=True, evidence=f"denied: {'; '.join(denied[:_DENIED])}"))
    finally:
        examination.close()
        if not subject.sandboxed:
            house.clear()


def _guard(descriptor: int, do: Callable[[], None]) -> NoReturn:
    """Do it in a process that ends with it; what goes wrong is told, and not raised."""
    try:
        do()
    except SandboxError as error:
        _tell(descriptor, Told(no_sandbox=str(error)))
    except BaseException:  # noqa: BLE001 - it goes where it can be shown
        _tell(descriptor, Told(trouble=traceback.format_exc()))
    finally:
        os._exit(0)


def _tell(descriptor: int, told: Told) -> None:
    with contextlib.suppress(BrokenPipeError):
        os.write(descriptor, msgspec.json.encode(told) + b"\n")
