"""Makes faults happen, to a thread that is held at a crash point."""

from __future__ import annotations

import errno
import os
import resource
import signal
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from bstinspect.decode.architecture import native_numbers
from bstinspect.faults.fault import ON_CALLS, ON_MESSAGES
from bstinspect.faults.stage import clock
from bstinspect.faults.stage.points import outgoing
from bstinspect.faults.stage.rewriting import rewritten
from bstinspect.linux import memory, ptrace, registers

if TYPE_CHECKING:
    from bstinspect.faults.address import Address
    from bstinspect.faults.fault import Fault
    from bstinspect.faults.stage.tracee import Thread

_NUMBERS: Final = native_numbers()
_RED_ZONE: Final = 128
_SIGNALS: Final = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}
_OPENS: Final = {_NUMBERS[name]: index for name, index in (("open", 1), ("openat", 2)) if name in _NUMBERS}
"""Which argument of the call has the flags."""
_MAKES: Final = {_NUMBERS[name] for name in ("mkdir", "mkdirat", "creat") if name in _NUMBERS}
_BIND: Final = _NUMBERS["bind"]
DISK_CALLS: Final = frozenset({*_OPENS, *_MAKES})
"""Calls that are looked at while the disk is full, beside the crash points."""


class Effect(Enum):
    """What becomes of the thread that a fault happened to."""

    GOES_ON = auto()
    CALL_REPLACED = auto()
    """No call is made: there will be no exit-stop."""
    DROPPED = auto()
    """No call is made, and the thread is told that all was sent."""
    SIGNALLED = auto()
    """A signal is on its way to the process."""
    HELD = auto()
    """It waits until its deadline."""


def act(thread: Thread, fault: Fault, at: Address, nth: int, now_ns: int) -> Effect | None:
    """Do `fault` to `thread`. None: here it cannot be done, so it has not happened.

    `nth`: so many messages of the same name come before this one in the same call.
    """
    if fault.kind in _SIGNALS or fault.kind == "signal":
        os.kill(thread.process.pid, _SIGNALS.get(fault.kind, fault.value))
        return Effect.SIGNALLED
    if fault.kind == "delay":
        thread.deadline_ns = now_ns + fault.value
        return Effect.HELD
    if fault.kind in ON_CALLS:
        return _replace(thread, fault) if at.when == "entry" else None
    if fault.kind in ON_MESSAGES:
        named = at.when == "entry" and at.event == "send" and at.message
        return _rewrite(thread, fault.kind, at.message, nth) if named else None
    if fault.kind == "no-descriptors":
        _use_up_descriptors(thread.process.pid)
    return Effect.GOES_ON


def result(thread: Thread) -> int:
    """Return what a call has returned, at its exit; one that was tampered with returns what it is to."""
    if thread.result is None:
        return ptrace.raw_syscall_info(thread.tid)[4]
    registers.set_return_value(thread.tid, thread.result)
    return thread.result


def is_refused(thread: Thread) -> bool:
    """Refuse the call that a thread is at the entry of, where it would make something on a full disk."""
    number, arguments = thread.number, thread.arguments
    makes = number in _MAKES or number == _BIND
    if number in _OPENS:
        makes = bool(arguments[_OPENS[number]] & os.O_CREAT)
    if makes:
        clock.skip(thread.tid, -errno.ENOSPC)
    return makes


def _replace(thread: Thread, fault: Fault) -> Effect:
    clock.skip(thread.tid, -fault.value if fault.kind == "errno" else fault.value)
    return Effect.CALL_REPLACED


def _rewrite(thread: Thread, kind: str, message: str, nth: int) -> Effect | None:
    """Have a send carry other bytes, and say that it carried those that were asked for."""
    data, length = outgoing(thread)
    changed = rewritten(data, kind, message, nth) if length == len(data) else None
    if changed is None:
        return None
    if not changed:
        clock.skip(thread.tid, length)
        return Effect.DROPPED
    where = registers.stack_pointer(thread.tid) - _RED_ZONE - len(changed) & ~0xF
    memory.write_exactly(thread.tid, where, changed)
    registers.set_arguments(thread.tid, (thread.arguments[0], where, len(changed)))
    thread.result = length
    return Effect.GOES_ON


def _use_up_descriptors(pid: int) -> None:
    """Leave a process no descriptor that is free (getrlimit(2), RLIMIT_NOFILE)."""
    used = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}  # noqa: PTH208 - names are enough
    free = next(number for number in range(len(used) + 1) if number not in used)
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (free, hard))
