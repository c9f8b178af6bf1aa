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
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from bstinspect.capture.loop import PAUSE_NS, SYSCALL_STATUS, Reason
from bstinspect.capture.plain import PlainStops
from bstinspect.capture.recording import Recording
from bstinspect.capture.syscalls import SyscallStops
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

    from bstinspect.capture.loop import Loop
    from bstinspect.capture.outbox import Sink
    from bstinspect.capture.tracee import Process, Thread
    from bstinspect.capture.tracees import Tracees

_HOLD_NS: Final = 20_000_000
"""How long the threads of a killed process wait for its last one, nanoseconds (one may sit in the kernel)."""
_ROUND_NS: Final = 5_000_000
"""So long stops are taken before other things get their turn (and one autopsy more)."""
_QUIET: Final = frozenset({signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH})
"""Ignored by default, and frequent: for the capture only."""
_SPAWNS: Final = {
    ptrace.PTRACE_EVENT_FORK: "fork",
    ptrace.PTRACE_EVENT_VFORK: "vfork",
    ptrace.PTRACE_EVENT_CLONE: "clone",
}


class Stops:
    """Takes wait statuses, and acts on each."""

    def __init__(
        self,
        tracees: Tracees,
        outbox: Sink,
        loop: Loop,
        recording: Recording | None = None,
        *,
        autopsies: bool = True,
    ) -> None:
        """`loop` gives the stops; it takes plain ones itself where records wait in a buffer."""
        self._tracees = tracees
        self._outbox = outbox
        self.syscalls = SyscallStops(tracees, outbox, recording or Recording())
        """What happens at syscall-stops."""
        self._loop = loop
        self._plain: PlainStops | None = None
        if outbox.buffer is not None:
            self._plain = PlainStops(loop, tracees, self.syscalls, outbox.heard)
        self._autopsies = autopsies
        self.statuses: dict[int, int | None] = {}
        """Processes whose end somebody wants to know of, with their wait status once it has come."""
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

    def take(self, patience_ns: int) -> Reason:
        """Take stops, until none has come for so long (-1: for ever): `DRY`.

        After the first, a pause of 2 ms is enough, so that what was recorded can be written out. `TICK`: it
        is time to look at other things, though stops still come; `SIGNALLED`: `signal` has arrived.
        """
        loop, tracees = self._loop, self._tracees.threads
        loop.until_ns = time.monotonic_ns() + _ROUND_NS
        while tracees or self._tracees.strays:
            loop.tracees = len(tracees) + len(self._tracees.strays)
            reason = loop.next(patience_ns)
            if reason == Reason.STOPPED:
                self._handle(loop.tid, loop.status)
                if self._held or time.monotonic_ns() > loop.until_ns:
                    return Reason.TICK
                patience_ns = min(patience_ns, PAUSE_NS) if patience_ns >= 0 else PAUSE_NS
            elif reason == Reason.FULL:
                self._outbox.flush()
            else:
                return reason
        return Reason.DRY

    @property
    def signal(self) -> int:
        """The signal that ended the last `take`."""
        return self._loop.signal

    def reconsider(self) -> None:
        """Look at every tracee's next stop anew: what is to be done at it has changed."""
        if self._plain is not None:
            self._plain.forget_all()

    def _handle(self, tid: int, status: int) -> None:
        thread = self._tracees.threads.get(tid)
        try:
            if status == SYSCALL_STATUS and thread is not None:
                self.syscalls.stop(thread)
                if self._plain is not None:
                    self._plain.consider(thread)
                return
            what = classify(status)
            if not isinstance(what, StoppedBy):
                self._ended(tid, thread, status)
                return
            if thread is None and (thread := self._newcomer(tid, what)) is None:
                return
            if not thread.announced:
                self._tracees.announce(thread)
            if what.signal == signal.SIGTRAP | ptrace.SYSCALL_STOP:
                self.syscalls.stop(thread)
            else:
                self._on_event.get(what.event, self._other)(thread, what.signal)
            if self._plain is not None:
                self._plain.consider(thread)
        except PtraceError as error:
            # Killed inside the stop: the wait status of its death comes next.
            if error.errno != errno.ESRCH:
                raise

    def _newcomer(self, tid: int, what: StoppedBy) -> Thread | None:
        """Take in a tracee's child at its first stop; None where children are not followed."""
        if self._tracees.follow:
            return self._tracees.adopt(tid)
        self._tracees.dismiss(tid, 0 if what.event else what.signal)
        return None

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
                self._tracees.adopt(child, thread.tid, facts)
        elif self._tracees.colocation is not None:
            self._tracees.colocation.descended(child, thread.tid)
        self._tracees.resume(thread)

    def _exec(self, thread: Thread, _number: int) -> None:
        """A successful execve: every other thread is gone, and the caller's tid has become the process's."""
        former = ptrace.event_message(thread.tid)
        process = thread.process
        self.reconsider()
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
        if self._plain is not None:
            self._plain.forget(thread)
        if not thread.process.threads:
            self._held.pop(thread.process, None)
        if tid == pid:
            # waitpid(2) reports a leader last; whoever is still listed has left without a word.
            for other in list(thread.process.threads.values()):
                self._tracees.remove(other)
                if self._plain is not None:
                    self._plain.forget(other)  # its tid may come again, of another process

    def _filtered(self, thread: Thread, _number: int) -> None:
        """PTRACE_EVENT_SECCOMP: the filter has stopped the thread at the entry of a call (Linux 4.8)."""
        self.syscalls.stop(thread)

    def _other(self, thread: Thread, _number: int) -> None:
        """An event of an option that is never set."""
        self._tracees.resume(thread)
