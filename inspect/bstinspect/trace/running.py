"""Trace a command or running processes from start to end: the loop of `bstrace trace`."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import time
from typing import TYPE_CHECKING, Final

from bstinspect.capture import compiled
from bstinspect.capture.loop import Reason
from bstinspect.capture.stops import Stops
from bstinspect.capture.syscalls import OWN_ARCH
from bstinspect.capture.tracees import Tracees
from bstinspect.errors import PtraceError
from bstinspect.linux import proc
from bstinspect.trace.ending import FATAL

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from bstinspect.capture.colocation import Colocation
    from bstinspect.capture.recording import Recording
    from bstinspect.trace.outbox import DirectOutbox, PipeOutbox
    from bstinspect.trace.recording import FileOutbox

_FOR_EVER: Final = -1
_FAREWELL_NS: Final = 1_000_000_000


class Run:
    """The tracees of one `bstrace trace`, and the loop that takes their stops."""

    def __init__(
        self,
        outbox: DirectOutbox | PipeOutbox | FileOutbox,
        recording: Recording,
        *,
        follow: bool,
        detach_on_exec: bool = False,
        syscalls: Container[int] | None = None,
        fatal: Iterable[int] = FATAL,
        measure: bool = False,
        filtered: bool = False,
        named: bool = False,
        colocation: Colocation | None = None,
    ) -> None:
        """`syscalls` are the numbers to record, None for all; `fatal` signals end the run.

        `measure`: record the system time of each call; `filtered`: the command has a seccomp filter;
        `named`: record the command names of threads; `colocation` keeps the tracees on our CPU.
        """
        self._outbox = outbox
        self._syscalls = syscalls
        self._delays = recording.delays
        self._filtered = filtered
        self._colocation = colocation
        self.tracees = Tracees(outbox, colocation, follow=follow, detach_on_exec=detach_on_exec, named=named)
        waiting = compiled.stop_loop(OWN_ARCH, fatal, outbox.buffer, measure=measure)
        self.stops = Stops(self.tracees, outbox, waiting, recording, autopsies=False)
        if measure:
            recording.system_ns = lambda: waiting.system_ns
        self.command = 0
        """The pid of the command, if one was started."""

    def take_command(self, pid: int) -> None:
        """Attach to the process that is to become the command. Raises PtraceError."""
        self.command = pid
        self.stops.statuses[pid] = None
        self.tracees.take_command(pid, self._syscalls, filtered=self._filtered)

    def attach(self, pid: int, *, threads: bool) -> int:
        """Attach to a thread, or to all threads of its process; return how many. Raises PtraceError."""
        self.tracees.take_thread(pid, self._syscalls)
        count = 1
        known = {pid}
        while threads and (new := [tid for tid in proc.threads(pid) if tid not in known]):
            for tid in new:
                known.add(tid)
                if tid in self.tracees.threads:
                    continue
                with contextlib.suppress(PtraceError):  # it has ended meanwhile, or came to us by a clone
                    self.tracees.take_thread(tid, self._syscalls)
                    count += 1
        return count

    def loop(self) -> int:
        """Take stops until the last tracee is gone; return the fatal signal that ended it before, or 0."""
        while (self.tracees.threads or self.tracees.strays) and not self._outbox.broken:
            if self.stops.take(self._patience_ns()) == Reason.SIGNALLED:
                return self.stops.signal
            self.stops.syscalls.expire()
            if self._colocation is not None:
                self._colocation.tick()
            self._outbox.flush()
        return signal.SIGPIPE if self._outbox.broken else 0

    def _patience_ns(self) -> int:
        """How long to wait for a stop, nanoseconds; -1 for ever."""
        due_ns = _FOR_EVER if self._delays.next_ns is None else self._delays.next_ns
        patience_ns = _FOR_EVER if self._colocation is None else self._colocation.patience_ns
        return max(due_ns, patience_ns) if _FOR_EVER in (due_ns, patience_ns) else min(due_ns, patience_ns)

    def let_go(self, number: int) -> None:
        """Let every tracee go; the command gets the signal that ended the run (strace's cleanup)."""
        if self._colocation is not None:
            self._colocation.end()
        if self.command in self.tracees.processes:
            for each in (signal.SIGCONT, number or signal.SIGTERM):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.command, each)
        for process in self.tracees.processes.values():
            if process.filtered:  # without a tracer its calls would fail
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
        self.stops.reconsider()
        self.tracees.release_all()
        self.stops.syscalls.expire(everything=True)
        deadline = time.monotonic_ns() + _FAREWELL_NS
        while any(not thread.exiting for thread in self.tracees.threads.values()):
            left_ns = deadline - time.monotonic_ns()
            if left_ns <= 0:
                break
            self.stops.take(left_ns)

    def close(self) -> None:
        """Give every CPU mask back."""
        if self._colocation is not None:
            self._colocation.close()


def explain(error: PtraceError) -> str:
    """Say in strace's words why a process cannot be attached to, and what to do about YAMA."""
    text = f"attach: ptrace({error.request}, {error.tid}): {os.strerror(error.errno)}"
    if error.errno != errno.EPERM:
        return text
    tracer = proc.tracer(error.tid)
    if tracer is not None:
        return f"{text} (it is traced by {tracer.name}, pid {tracer.pid})"
    scope = (proc.read_file("/proc/sys/kernel/yama/ptrace_scope") or b"0").strip().decode()
    if scope not in ("", "0"):
        text += f" (kernel.yama.ptrace_scope is {scope}: run as root, or sysctl kernel.yama.ptrace_scope=0)"
    return text
