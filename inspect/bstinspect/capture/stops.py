"""What to do at each ptrace-stop: record it, and let the tracee run on without changing what it does.

ptrace(2), "Stopped states", for a seized tracee: a stop signal shows as a signal-delivery-stop first, then as
PTRACE_EVENT_STOP with that signal (the group-stop, answered by PTRACE_LISTEN); SIGCONT gives
PTRACE_EVENT_STOP with SIGTRAP. A child's first stop may come before its parent's event.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import time
from collections import deque
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from bstinspect.capture.syscalls import Recording, SyscallStops
from bstinspect.capture.tracees import WALL
from bstinspect.errors import PtraceError
from bstinspect.linux import proc, ptrace
from bstinspect.linux.waitstatus import StoppedBy, classify, is_kill
from bstinspect.records import (
    Executed,
    Exited,
    Exiting,
    GroupContinue,
    GroupStop,
    Spawned,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from bstinspect.capture.outbox import Sink
    from bstinspect.capture.tracee import Process, Thread
    from bstinspect.capture.tracees import Tracees

_SYSCALL_STATUS: Final = (signal.SIGTRAP | ptrace.SYSCALL_STOP) << 8 | 0x7F
_HOLD_NS: Final = 20_000_000
"""How long the threads of a killed process wait for its last one, nanoseconds (one may sit in the kernel)."""
_IN_A_ROW: Final = 32
"""Stops that one tracee may have before the others are looked at."""
_QUIET: Final = frozenset({signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH})
"""Ignored by default, and frequent: for the capture only."""
_SPAWNS: Final = {
    ptrace.PTRACE_EVENT_FORK: "fork",
    ptrace.PTRACE_EVENT_VFORK: "vfork",
    ptrace.PTRACE_EVENT_CLONE: "clone",
}


class Stops:
    """Takes wait statuses, from `wait` and `sweep`, and acts on each."""

    def __init__(
        self,
        tracees: Tracees,
        outbox: Sink,
        recording: Recording | None = None,
        *,
        autopsies: bool = True,
    ) -> None:
        self._tracees = tracees
        self._outbox = outbox
        self.syscalls = SyscallStops(tracees, outbox, recording or Recording())
        """What happens at syscall-stops."""
        self._autopsies = autopsies
        self._reap = _reap
        self._system_ns = 0
        self.statuses: dict[int, int | None] = {}
        """Processes whose end somebody wants to know of, with their wait status once it has come."""
        self._waiting: deque[tuple[int, int, int]] = deque()
        self._held: dict[Process, tuple[int, Thread, int]] = {}
        self._on_event: dict[int, Callable[[Thread, int], None]] = {
            0: self._signal,
            ptrace.PTRACE_EVENT_STOP: self._event_stop,
            ptrace.PTRACE_EVENT_EXEC: self._exec,
            ptrace.PTRACE_EVENT_EXIT: self._exit,
            ptrace.PTRACE_EVENT_SECCOMP: self._filtered,
            **{event: partial(self._spawn, kind) for event, kind in _SPAWNS.items()},
        }

    @cached_property
    def _autopsy(self) -> ModuleType:
        """What examines the dying; loaded by `warm_up`."""
        from bstinspect.capture import autopsy

        return autopsy

    def warm_up(self) -> None:
        """Load what the first death needs; the tracer has said hello before."""
        _ = self._autopsy

    def wait(self, pid: int) -> bool:
        """Take the wait status of one tracee, if there is one; say whether there was."""
        tid, status, self._system_ns = self._reap(pid)
        if tid:
            self._handle(tid, status)
        return tid != 0

    def measure_system_time(self, recording: Recording) -> None:
        """Have the system time of each process recorded with its calls (wait4(2)'s rusage)."""
        self._reap = _reap_with_usage
        recording.system_ns = lambda: self._system_ns

    def sweep(self, budget_ns: int) -> bool:
        """Take everything that is there; False when the time was over first.

        SIGCHLD is not queued: stops that came together show here. All are collected before the first tracee
        runs on: on one CPU it has its next stop before this asks again, and would keep the others out. But
        waitpid(-1) walks all tracees, so one that stopped alone is asked for its next stops, some in a row.
        """
        deadline = time.monotonic_ns() + budget_ns
        waiting = self._waiting
        while time.monotonic_ns() < deadline:
            if not waiting:
                while (found := self._reap(-1))[0]:
                    waiting.append(found)
                if not waiting:
                    return True
            alone = len(waiting) == 1
            tid, status, self._system_ns = waiting.popleft()
            self._handle(tid, status)
            if alone:
                for _ in range(_IN_A_ROW):
                    if not self.wait(tid):
                        break
        return False

    def _handle(self, tid: int, status: int) -> None:
        thread = self._tracees.threads.get(tid)
        try:
            if status == _SYSCALL_STATUS and thread is not None:
                self.syscalls.stop(thread)
                return
            what = classify(status)
            if not isinstance(what, StoppedBy):
                self._ended(tid, thread, status)
                return
            if thread is None and not self._tracees.follow:
                self._tracees.dismiss(tid, 0 if what.event else what.signal)
                return
            if thread is None:
                thread = self._tracees.adopt(tid)
            if not thread.announced:
                self._tracees.announce(thread)
            if what.signal == signal.SIGTRAP | ptrace.SYSCALL_STOP:
                self.syscalls.stop(thread)
            else:
                self._on_event.get(what.event, self._other)(thread, what.signal)
        except PtraceError as error:
            # Killed inside the stop: the wait status of its death comes next.
            if error.errno != errno.ESRCH:
                raise

    def _signal(self, thread: Thread, number: int) -> None:
        """A signal-delivery-stop."""
        record = self.syscalls.signal(thread, number)
        if number in _QUIET:
            self._outbox.capture_only(record)
        else:
            self._outbox.tell(record)
        self.syscalls.stack(thread)
        self._tracees.resume(thread, number)

    def _event_stop(self, thread: Thread, number: int) -> None:
        """A group-stop, its end, the stop that PTRACE_INTERRUPT asked for, or a new tracee's first."""
        process = thread.process
        if number != signal.SIGTRAP:
            if not thread.listening:
                thread.listening = process.stopped = True
                self._outbox.tell(GroupStop(time.monotonic_ns(), thread.tid, process.pid, number))
            self._tracees.listen(thread)
            return
        if thread.listening:
            thread.listening = process.stopped = False
            self._outbox.tell(GroupContinue(time.monotonic_ns(), thread.tid, process.pid))
        self._tracees.resume(thread)

    def _spawn(self, kind: str, thread: Thread, _number: int) -> None:
        child = ptrace.event_message(thread.tid)
        if not self._tracees.follow:
            self._tracees.expect(child, thread.tid)
            self._tracees.resume(thread)
            return
        self._outbox.tell(Spawned(time.monotonic_ns(), thread.tid, thread.process.pid, child, kind))
        if child not in self._tracees.threads:
            facts = proc.status(child)
            if facts is not None and facts.tracer == os.getpid():  # else it has come and gone already
                self._tracees.adopt(child, thread.tid)
        elif self._tracees.colocation is not None:
            self._tracees.colocation.descended(child, thread.tid)
        self._tracees.resume(thread)

    def _exec(self, thread: Thread, _number: int) -> None:
        """A successful execve: every other thread is gone, and the caller's tid has become the process's."""
        former = ptrace.event_message(thread.tid)
        process = thread.process
        caller = process.threads.get(former)
        if caller is not None and caller is not thread:
            thread.entry, thread.decoding = caller.entry, caller.decoding
            thread.stack, thread.tampered = caller.stack, caller.tampered
        if self._tracees.colocation is not None:
            self._tracees.colocation.executed(thread, former)
        for other in list(process.threads.values()):
            if other is not thread:
                self._tracees.remove(other)
        thread.exiting = thread.listening = process.stopped = process.autopsied = False
        self._outbox.tell(Executed(time.monotonic_ns(), thread.tid, process.pid, former))
        if process.detach_on_exec and not process.first_exec:
            process.releasing = True
        process.first_exec = process.hidden = False
        self._tracees.resume(thread)

    def _exit(self, thread: Thread, _number: int) -> None:
        """PTRACE_EVENT_EXIT: word of it first, then the autopsy, once a process, then let it die.

        The threads of a killed process are held in their exit stops until the last has come, for only there
        does /proc tell for sure which syscall a thread was in; but not for long (see `expire`).
        """
        status = ptrace.event_message(thread.tid)
        process = thread.process
        now = time.monotonic_ns()
        self._outbox.tell(Exiting(now, thread.tid, process.pid, status))
        self._tracees.exiting(thread)
        # A leader may leave before its threads, so the last to exit of itself stands for the process.
        last = all(other.exiting for other in process.threads.values())
        if not self._autopsies or process.autopsied or not (last or is_kill(status)):
            self._tracees.resume(thread)
            return
        process.last_words[thread.tid] = self._autopsy.thread_state(process.pid, thread.tid)
        if last:
            self._examine(process, thread, status)
        elif process not in self._held:
            self._held[process] = (now + _HOLD_NS, thread, status)

    @property
    def holding(self) -> bool:
        """True while a killed process waits for its last thread."""
        return bool(self._held)

    def expire(self) -> None:
        """Examine the killed processes whose last thread does not come, and let them die."""
        now = time.monotonic_ns()
        for process, (due, thread, status) in list(self._held.items()):
            if due <= now:
                self._examine(process, thread, status)

    def _examine(self, process: Process, thread: Thread, status: int) -> None:
        process.autopsied = True
        self._held.pop(process, None)
        self._outbox.tell(
            self._autopsy.examine(
                process.pid, thread.tid, status, process.last_words, was_stopped=process.stopped
            )
        )
        for tid in process.last_words:
            if tid in process.threads:
                with contextlib.suppress(PtraceError):  # ESRCH: gone already
                    self._tracees.resume(process.threads[tid])

    def _ended(self, tid: int, thread: Thread | None, status: int) -> None:
        if tid in self.statuses:
            self.statuses[tid] = status
        if thread is None:  # a child that is no tracee, or has ended before its first stop
            self._tracees.strays.discard(tid)
            return
        pid = thread.process.pid
        self._outbox.tell(Exited(time.monotonic_ns(), tid, pid, status))
        self.syscalls.ended(thread)
        self._tracees.remove(thread)
        if not thread.process.threads:
            self._held.pop(thread.process, None)
        if tid == pid:
            # waitpid(2) reports a leader last; whoever is still listed has left without a word.
            for other in list(thread.process.threads.values()):
                self._tracees.remove(other)

    def _filtered(self, thread: Thread, _number: int) -> None:
        """PTRACE_EVENT_SECCOMP: the filter has stopped the thread at the entry of a call (Linux 4.8)."""
        self.syscalls.stop(thread)

    def _other(self, thread: Thread, _number: int) -> None:
        """An event of an option that is never set."""
        self._tracees.resume(thread)


def _reap(pid: int) -> tuple[int, int, int]:
    """Return a tid, its wait status, and 0; tid 0 when nothing is there. `pid` is -1 for anybody."""
    try:
        tid, status = os.waitpid(pid, os.WNOHANG | WALL)
    except ChildProcessError:
        return 0, 0, 0
    return tid, status, 0


def _reap_with_usage(pid: int) -> tuple[int, int, int]:
    """Return a tid, its wait status, and the system time of its process so far, nanoseconds."""
    try:
        tid, status, usage = os.wait4(pid, os.WNOHANG | WALL)
    except ChildProcessError:
        return 0, 0, 0
    return tid, status, int(usage.ru_stime * 1_000_000_000)
