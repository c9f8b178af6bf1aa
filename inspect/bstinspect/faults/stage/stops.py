"""Waits for ptrace-stops, and takes each: until nobody runs any more.

ptrace(2): a stop for the filter (PTRACE_EVENT_SECCOMP) is the entry of a call; PTRACE_SYSCALL from there
leads to its exit-stop. A child's first stop is waited for in the stop of its parent's fork.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from typing import TYPE_CHECKING, Final

from bstinspect.decode.architecture import native_numbers
from bstinspect.errors import PtraceError
from bstinspect.faults.stage import clock, waiting
from bstinspect.faults.stage.tracee import Place, State
from bstinspect.linux import proc, ptrace
from bstinspect.linux.affinity import cpu_time_ns
from bstinspect.linux.waitstatus import WALL, StoppedBy, classify, is_kill

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.faults.stage.cast import Cast
    from bstinspect.faults.stage.signals import Signals
    from bstinspect.faults.stage.tracee import Thread
    from bstinspect.faults.stage.turns import Turns

_STOPS: Final = frozenset({signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU})
_SYSCALL_STOP: Final = signal.SIGTRAP | ptrace.SYSCALL_STOP
_NAP: Final = 0.001
"""Seconds without a stop after which the thread whose turn it is may be asleep in the kernel."""
_REAL_LIMIT_NS: Final = 10_000_000_000
_CPU_LIMIT_NS: Final = 5_000_000_000
"""A thread that runs for so long of real time, and so much of it on a CPU, is given up."""
_EXIT_GROUP: Final = native_numbers()["exit_group"]


class StageError(Exception):
    """The run cannot go on: `str()` says why in a few words."""


class Stops:
    """Takes wait statuses.

    `on_call` is given a thread at the entry or exit of a call, when it has its turn.
    """

    def __init__(
        self,
        cast: Cast,
        turns: Turns,
        signals: Signals,
        time_of_stage: clock.Clock,
        on_call: Callable[[Thread], None],
    ) -> None:
        self._cast = cast
        self._turns = turns
        self._signals = signals
        self._clock = time_of_stage
        self._on_call = on_call

    def settle(self) -> None:
        """Wait until nobody runs: each has stopped, ended, or sleeps in the kernel. Raises StageError."""
        self.take_all(0)
        while self._turns.running or self._is_anybody_woken():
            if not self.take_all(_NAP):
                self._look_for_sleepers()

    def take_all(self, patience: float) -> bool:
        """Take the stops that are there, waiting seconds for the first; False where none came."""
        taken = False
        while True:
            try:
                tid, status = os.waitpid(-1, os.WNOHANG | WALL)
            except ChildProcessError:
                return taken
            if tid:
                self._take(tid, status)
                taken = True
            elif taken or patience <= 0:
                return taken
            elif signal.sigtimedwait({signal.SIGCHLD}, patience) is None:
                patience = 0

    def await_sleepers(self, patience: float) -> bool:
        """Wait so many seconds of real time for somebody asleep in the kernel; False where all sleep on."""
        asleep = [each for each in self._cast.threads.values() if each.state is State.ASLEEP]
        if not asleep:
            return False
        return self.take_all(patience) or any(not _is_asleep(each) for each in asleep)

    def _is_anybody_woken(self) -> bool:
        """Say whether somebody was woken from a sleep in the kernel, and is on the way to a stop."""
        asleep = [each for each in self._cast.threads.values() if each.state is State.ASLEEP]
        return any(not _is_asleep(each) for each in asleep)

    def _look_for_sleepers(self) -> None:
        running = self._turns.running
        for thread in [each for each in running if not each.process.is_dying]:
            if _is_asleep(thread):
                thread.state = State.ASLEEP
                running.discard(thread)
        late = time.monotonic_ns() - self._turns.granted_ns > _REAL_LIMIT_NS
        if late and any((cpu_time_ns(each) or 0) > _CPU_LIMIT_NS for each in self._living()):
            raise StageError("a thread does not stop running")

    def _living(self) -> set[int]:
        return {each.process.pid for each in self._cast.threads.values()}

    def _take(self, tid: int, status: int) -> None:
        thread = self._cast.threads.get(tid)
        what = classify(status)
        if not isinstance(what, StoppedBy):
            if thread is not None:
                self._ended(thread, status)
            return
        thread = thread or self._cast.adopt(tid)
        if thread is None:
            return
        thread.is_in_vfork = what.event == ptrace.PTRACE_EVENT_VFORK
        try:
            if what.event:
                self._event(thread, what)
            elif thread.process.is_dying:
                self._turns.grant(thread)
            elif what.signal == _SYSCALL_STOP:
                thread.is_judged = False
                self._come(thread, Place.EXIT)
            elif what.signal == signal.SIGSEGV and self._clock.answer_counter(tid):
                self._turns.grant(thread)
            else:
                self._turns.grant(thread, what.signal)
        except PtraceError as error:
            if error.errno != errno.ESRCH:  # killed inside the stop: its death comes next
                raise

    def _event(self, thread: Thread, what: StoppedBy) -> None:
        if what.event == ptrace.PTRACE_EVENT_EXIT:
            if thread.number == _EXIT_GROUP or is_kill(ptrace.event_message(thread.tid)):
                self._signals.dies(thread.process)
            self._turns.grant(thread)
        elif thread.process.is_dying:
            self._turns.grant(thread)
        elif what.event == ptrace.PTRACE_EVENT_SECCOMP:
            info = ptrace.raw_syscall_info(thread.tid)
            thread.number, thread.arguments = info[4], info[5:]
            thread.is_judged, thread.result = False, None
            self._come(thread, Place.ENTRY)
        elif what.event == ptrace.PTRACE_EVENT_STOP:
            self._group_stop(thread, what.signal)
        elif what.event == ptrace.PTRACE_EVENT_EXEC:
            for each in [other for other in thread.process.threads.values() if other is not thread]:
                self._turns.remove(each)
            clock.hide_vdso(thread.tid)
            self._turns.hold(thread, Place.OTHER)
        else:
            child = ptrace.event_message(thread.tid)
            if child not in self._cast.threads:
                self._take(*os.waitpid(child, WALL))  # now, so that it is always the same moment
            self._turns.grant(thread, to_exit=True)

    def _group_stop(self, thread: Thread, number: int) -> None:
        """A group-stop, its end, or a new thread's first stop."""
        if number in _STOPS:
            thread.state, thread.place = State.STOPPED, Place.OTHER
            if thread.interrupted is not None and waiting.is_ended_by_stop(thread.interrupted[0]):
                clock.fail_instead(thread.tid, thread.interrupted[0], errno.EINTR)
                thread.interrupted = None
            self._turns.running.discard(thread)
            ptrace.listen(thread.tid)
            self._signals.stop_others(thread.process)
        elif thread.state is State.STOPPED:
            self._turns.gather(thread)
        else:
            self._turns.hold(thread, thread.place)

    def _come(self, thread: Thread, place: Place) -> None:
        """A thread has come to the entry or exit of a call; without the turn it waits there for it."""
        if thread in self._turns.running:
            thread.place = place
            self._on_call(thread)
        else:
            self._turns.hold(thread, place)

    def _ended(self, thread: Thread, status: int) -> None:
        self._turns.remove(thread)
        if thread.tid == thread.process.pid:
            thread.process.status = status
            self._turns.readiness.forget_process(thread.tid)
            self._signals.pending = True


def _is_asleep(thread: Thread) -> bool:
    found = proc.stat(thread.tid)
    if found is None:
        return False
    if found.state == "Z":  # a first thread that has ended: of its end wait(2) tells when the others have
        return thread.tid == thread.process.pid and len(thread.process.threads) > 1
    # "D" ends by itself, when a disk or a lock of the kernel is ready; only at a vfork does it take others.
    return found.state == "S" or (found.state == "D" and thread.is_in_vfork)
