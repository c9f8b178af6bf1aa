"""The calls of a tracee that have to do with the CPU mask that co-location has changed.

A program that asks for a mask is told the thread's own; one that sets a mask gets that; and who is about to
get out of reach has its own before.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

from bstinspect.errors import MemoryAccessError
from bstinspect.linux import affinity, memory, proc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bstinspect.capture.colocation import Colocation
    from bstinspect.capture.tracee import Thread
    from bstinspect.linux.ptrace import SyscallEntryInfo, SyscallExitInfo

_MACHINE: Final = os.uname().machine
_SET, _GET, _CLONE, _CLONE3 = (203, 204, 56, 435) if _MACHINE == "x86_64" else (122, 123, 220, 435)
_POLICY_CHANGES: Final = frozenset({144, 314} if _MACHINE == "x86_64" else {119, 274})
"""sched_setscheduler, sched_setattr: a real-time tracee would not let a tracer on its CPU run."""
_USER_CHANGES: Final = frozenset({105, 113, 117} if _MACHINE == "x86_64" else {146, 145, 147})
"""setuid, setreuid, setresuid: who is of another user then can get its mask back with CAP_SYS_NICE only."""
CALLS: Final = (
    frozenset({_SET, _GET, _CLONE, _CLONE3}) | _USER_CHANGES | _POLICY_CHANGES
    if _MACHINE in ("x86_64", "aarch64")
    else frozenset[int]()
)
"""The calls whose stops must all come to `AffinityCalls`, whatever is recorded; none where unknown."""
_CLONE_UNTRACED: Final = 0x00800000


class AffinityCalls:
    """Takes the stops of `CALLS`."""

    def __init__(self, colocation: Colocation) -> None:
        self._colocation = colocation
        self._members = colocation.members
        self._asking: dict[int, tuple[int, int, frozenset[int] | None]] = {}
        self._may_move_anybody = affinity.may_move_anybody()

    def entered(self, thread: Thread, info: SyscallEntryInfo, *, native: bool) -> None:
        """Take the entry of one of `CALLS`, or, not `native`, of a call of another architecture."""
        if thread.tid not in self._members:
            return
        number, first = info.number, info.arguments[0]
        if not native or (number in _USER_CHANGES and not self._may_move_anybody):
            self._colocation.bar(thread.process)
        elif number in (_CLONE, _CLONE3):
            flags = first if number == _CLONE else int.from_bytes(memory.read(thread.tid, first, 8), "little")
            if flags & _CLONE_UNTRACED:
                self._colocation.bar(thread.process)
        else:
            self._scheduling(thread, number, first, info.arguments[2])

    def _scheduling(self, thread: Thread, number: int, who: int, address: int) -> None:
        """Take the entry of a call on a thread that may be another one."""
        tid = _tid_of(who, thread.tid, self._members)
        target = self._members.get(tid)
        if target is None:
            return
        if number in _POLICY_CHANGES:
            self._colocation.bar(target.thread.process)
        elif number == _SET:
            self._colocation.bind(target)
        elif number == _GET:
            self._asking[thread.tid] = tid, address, target.own if target.pinned else None

    def left(self, thread: Thread, info: SyscallExitInfo) -> None:
        """Take the exit of any call that came to `entered`: who asks for a mask is told the thread's own."""
        asking = self._asking.pop(thread.tid, None)
        if asking is None or info.is_error:
            return
        tid, address, own = asking
        target = self._members.get(tid)
        if target is not None and target.pinned:
            own = target.own
        if own is None or target is None:
            return
        size = info.value
        if memory.read(thread.tid, address, size) == affinity.to_bytes(target.at, size):
            with contextlib.suppress(MemoryAccessError):
                memory.write_exactly(thread.tid, address, affinity.to_bytes(own, size))

    def forget(self, tid: int) -> None:
        """A thread is gone."""
        self._asking.pop(tid, None)


def _tid_of(number: int, caller: int, tids: Iterable[int]) -> int:
    """Return the tid of the thread that `caller` calls `number`; 0 where that is none of `tids`.

    A caller in another PID namespace counts otherwise (pid_namespaces(7); proc(5), NSpid).
    """
    number &= 0xFFFFFFFF
    if not number:
        return caller
    namespace = _namespace(caller)
    if namespace == _namespace(os.getpid()):
        return number
    for tid in (caller, *tids):
        if _namespace(tid) == namespace and proc.innermost_pid(tid) == number:
            return tid
    return 0


def _namespace(tid: int) -> str:
    try:
        return os.readlink(f"/proc/{tid}/ns/pid")  # noqa: PTH115 - no path of a file
    except OSError:
        return ""
