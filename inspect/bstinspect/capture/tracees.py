"""The tracees: who is attached, how each is let run, and the requests that change that."""

from __future__ import annotations

import errno
import os
import time
from signal import SIGKILL
from typing import TYPE_CHECKING, Final

from bstinspect.capture.tracee import Process, Thread
from bstinspect.errors import PtraceError
from bstinspect.linux import proc, ptrace
from bstinspect.linux.waitstatus import WALL
from bstinspect.records import Attached, Detached, Tracing

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from bstinspect.capture.arming import Armed
    from bstinspect.capture.colocation import Colocation
    from bstinspect.capture.outbox import Sink
    from bstinspect.capture.protocol import Arm, Trace

_BASE: Final = ptrace.PTRACE_O_TRACESYSGOOD | ptrace.PTRACE_O_TRACEEXEC | ptrace.PTRACE_O_TRACEEXIT
_FILTERED: Final = ptrace.PTRACE_O_TRACESECCOMP | ptrace.PTRACE_O_EXITKILL
_FOLLOW: Final = ptrace.PTRACE_O_TRACEFORK | ptrace.PTRACE_O_TRACEVFORK | ptrace.PTRACE_O_TRACECLONE
_DEAD: Final = ("Z", "X")


class Tracees:
    """The table of tracees. A request that has to wait for stops is answered when the last has come."""

    def __init__(
        self,
        outbox: Sink,
        colocation: Colocation | None = None,
        *,
        follow: bool = True,
        detach_on_exec: bool = False,
        named: bool = False,
    ) -> None:
        """`follow`: what a tracee forks or clones becomes a tracee; `detach_on_exec`: an execve frees it.

        `named`: the command name of each is recorded when it is attached to.
        """
        self._named = named
        self._detach_on_exec = detach_on_exec
        self._first: Process | None = None
        """The one that `bstrace trace` began with; what it forks is traced alike."""
        self._outbox = outbox
        self.colocation = colocation
        """Keeps those that are traced on the tracer's CPU; None leaves everybody where it is."""
        self.follow = follow
        # Not followed, children are seen all the same: they inherit a CPU mask that is not their own.
        self._options = _BASE | (_FOLLOW if follow or colocation else 0)
        self.strays: set[int] = set()
        """Children that are to be let go at their first stop, which has not come yet."""
        self.threads: dict[int, Thread] = {}
        self.processes: dict[int, Process] = {}

    # -- requests

    def seize(self, request: int, pid: int) -> None:
        """Attach to every thread of a process; one that came to us through a fork is ours already."""
        facts = proc.status(pid)
        if facts is None or (facts.state in _DEAD and facts.tgid not in self.processes):
            self._refuse(request, errno.ESRCH, f"there is no process {pid}")
            return
        process = self.processes.get(facts.tgid)
        if process is not None and process.releasing:
            self._refuse(request, errno.EBUSY, f"process {pid} is just being released")
            return
        if process is None:
            process = Process(facts.tgid)
        try:
            while self._seize_new_threads(process):
                pass
        except PtraceError as error:
            message = _refusal(process.pid) if error.errno == errno.EPERM else str(error)
            self._let_go(process)
            self._refuse(request, error.errno, message)
            return
        if process.threads:
            self._outbox.done(request)
        else:
            self._refuse(request, errno.ESRCH, f"there is no process {pid}")

    def release(self, request: int, pid: int) -> None:
        """Let a process go; answered when its last thread is gone."""
        process = self.processes.get(pid)
        if process is None:
            self._refuse(request, errno.ESRCH, f"process {pid} is not attached")
            return
        process.release_requests.append(request)
        self._let_go(process)

    def release_all(self) -> None:
        """Begin to let everything go."""
        for process in list(self.processes.values()):
            self._let_go(process)

    def trace(self, request: Trace) -> None:
        """Switch a process's tracing; answered when every thread runs that way (a stopped one will)."""
        process = self.processes.get(request.pid)
        if process is None or process.releasing:
            self._refuse(request.request, errno.ESRCH, f"process {request.pid} is not attached")
            return
        changed, stopping = process.tracing != request.on, process.stops_at_calls
        process.tracing = request.on
        process.syscalls = None if request.syscalls is None else frozenset(request.syscalls)
        process.follow = request.follow
        if changed:
            self._outbox.capture_only(Tracing(time.monotonic_ns(), process.pid, request.on))
            for thread in process.threads.values():
                if self.colocation is not None and request.on:
                    self.colocation.join(thread)
                elif self.colocation is not None:
                    self.colocation.leave(thread.tid)
        self._switch(process, request.request, stopping=stopping)

    def arm(self, request: Arm, armed: Armed | None) -> None:
        """Have a process killed at a point, or (None) no longer; answered like `trace`."""
        process = self.processes.get(request.pid)
        if process is None or process.releasing:
            self._refuse(request.request, errno.ESRCH, f"process {request.pid} is not attached")
            return
        stopping, process.armed = process.stops_at_calls, armed
        self._switch(process, request.request, stopping=stopping)

    # -- what bstrace trace asks for

    def take_command(self, pid: int, syscalls: Container[int] | None, *, filtered: bool) -> None:
        """Attach to a process of ours that waits to become the command; it runs up to its next syscall-stop.

        Its calls are hidden until the execve that makes it the command. `filtered`: it puts a seccomp filter
        on itself, which stops it at the calls that are wanted. Raises PtraceError.
        """
        ptrace.seize(pid, self._options | (_FILTERED if filtered else 0))
        ptrace.interrupt(pid)
        _, status = os.waitpid(pid, WALL)
        if not os.WIFSTOPPED(status):
            raise PtraceError("PTRACE_INTERRUPT", pid, errno.ESRCH)
        process = Process(pid, tracing=True, syscalls=syscalls, follow=True, hidden=True, first_exec=True)
        process.detach_on_exec = self._detach_on_exec
        process.filtered = filtered
        self._first = process
        thread = self._add(pid, process, os.getpid())
        self.announce(thread, followed=False)
        self.resume(thread)

    def take_thread(self, tid: int, syscalls: Container[int] | None) -> None:
        """Attach to one thread, and trace it from its next stop on. Raises PtraceError."""
        inside = proc.syscall(tid)
        ptrace.seize(tid, self._options)
        ptrace.interrupt(tid)
        facts = proc.status(tid)
        pid = facts.tgid if facts else tid
        process = self.processes.get(pid) or Process(pid, tracing=True, syscalls=syscalls, follow=True)
        process.detach_on_exec = self._detach_on_exec
        self._first = self._first or process
        number = inside.number if inside else -1
        self.announce(self._add(tid, process), followed=False, number=number)

    # -- stops

    def adopt(self, tid: int, origin: int = 0, facts: proc.Status | None = None) -> Thread:
        """Take in a thread that the kernel attached for us, at its first stop or at its parent's event.

        `origin` is the tid of who started it, `facts` its status, where they are known.
        """
        facts = facts or proc.status(tid)
        pid = facts.tgid if facts else tid
        process = self.processes.get(pid)
        if process is None:
            process = Process(pid)
            # A parent that is gone, or nobody's, was traced as the first.
            parent = (self.processes.get(facts.parent) if facts else None) or self._first
            if parent is not None:
                process.inherit(parent)
        return self._add(tid, process, origin or (facts.parent if facts and tid == pid else pid))

    def dismiss(self, child: int, signal: int) -> None:
        """Let a child that is not followed go at its first stop, with nobody the wiser."""
        self.strays.discard(child)
        if self.colocation is not None:
            facts = proc.status(child)
            if facts is not None:
                self.colocation.free_child(child, facts.parent if facts.tgid == child else facts.tgid)
        ptrace.detach(child, signal)

    def expect(self, child: int, parent: int) -> None:
        """Note that a thread has started a child that is not followed."""
        facts = proc.status(child)
        if self.colocation is not None and facts is not None and facts.tracer == os.getpid():
            self.colocation.free_child(child, parent)
            self.strays.add(child)

    def announce(self, thread: Thread, *, followed: bool = True, number: int = -1) -> None:
        """Record that a thread is attached; one that was followed, when its first stop is there."""
        thread.announced = True
        name = proc.command_name(thread.tid) if self._named else b""
        self._outbox.tell(
            Attached(time.monotonic_ns(), thread.tid, thread.process.pid, followed, number, name)
        )

    def resume(self, thread: Thread, signal: int = 0) -> None:
        """Let a stopped thread run as its process is to run, or go; `signal` is delivered on the way."""
        process = thread.process
        if process.doomed:
            process.doomed, process.armed = False, None
            os.kill(process.pid, SIGKILL)  # which ends the stop; a call at its entry is not made (ptrace(2))
            return
        try:
            if process.releasing:
                if self.colocation is not None:
                    self.colocation.leave(thread.tid)
                ptrace.detach(thread.tid, signal)
                self._outbox.tell(Detached(time.monotonic_ns(), thread.tid, process.pid))
                self.remove(thread)
                return
            if process.stops_at_calls and (thread.entry is not None or not process.filtered):
                ptrace.syscall(thread.tid, signal)
            else:
                if not process.tracing:
                    thread.entry = None
                ptrace.cont(thread.tid, signal)
        except PtraceError as error:
            _only_death(error)
        if process.switching:
            self.switched(thread)

    def listen(self, thread: Thread) -> None:
        """Leave a thread in its group-stop, or let it go as it is."""
        if thread.process.releasing:
            self.resume(thread)
            return
        try:
            ptrace.listen(thread.tid)
        except PtraceError as error:
            _only_death(error)
        self.switched(thread)

    def switched(self, thread: Thread) -> None:
        """Note that a thread has stopped once since its process's tracing was switched."""
        thread.process.switching.discard(thread.tid)
        self._answer(thread.process)

    def exiting(self, thread: Thread) -> None:
        """Note that a thread is on its way out: nobody waits for it any more."""
        thread.exiting = True
        if self.colocation is not None:
            self.colocation.exiting(thread)
        self._answer(thread.process)

    def remove(self, thread: Thread) -> None:
        """Forget a thread, and its process with the last."""
        process = thread.process
        if self.colocation is not None:
            self.colocation.gone(thread.tid)
        self.threads.pop(thread.tid, None)
        process.threads.pop(thread.tid, None)
        process.switching.discard(thread.tid)
        self._answer(process)
        if not process.threads:
            self.processes.pop(process.pid, None)

    # -- inside

    def _add(self, tid: int, process: Process, origin: int = 0) -> Thread:
        """Enter a thread; `origin` started it while traced, or is this process; 0 where nobody did."""
        thread = Thread(tid, process)
        self.threads[tid] = process.threads[tid] = thread
        self.processes[process.pid] = process
        if self.colocation is not None:
            if process.tracing:
                self.colocation.join(thread, origin)
            elif origin:
                self.colocation.free_child(tid, origin)
        return thread

    def _seize_new_threads(self, process: Process) -> bool:
        """Seize the threads that are not ours yet, and say whether there were any."""
        found = False
        for tid in proc.threads(process.pid):
            if tid in self.threads:
                continue
            followed = False
            try:
                ptrace.seize(tid, self._options)
            except PtraceError as error:
                facts = proc.status(tid)
                if error.errno == errno.ESRCH or facts is None or facts.state in _DEAD:
                    continue
                if facts.tracer != os.getpid():
                    raise
                followed = True  # cloned by a thread that was seized a moment ago
            self.announce(self._add(tid, process, process.pid if followed else 0), followed=followed)
            found = True
        return found

    def _switch(self, process: Process, request: int, *, stopping: bool) -> None:
        """Have the threads run as they are to run now; `stopping`: they stop at every call so far."""
        if process.stops_at_calls != stopping:
            running = (t for t in process.threads.values() if not (t.listening or t.exiting))
            process.switching = set(self._interrupt(running))
        process.switch_requests.append(request)
        self._answer(process)

    def _let_go(self, process: Process) -> None:
        process.releasing = True
        self._interrupt(list(process.threads.values()))
        self._answer(process)

    def _interrupt(self, threads: Iterable[Thread]) -> list[int]:
        """Ask threads for a stop, and return the tids of those that will have one."""
        tids = []
        for thread in threads:
            try:
                ptrace.interrupt(thread.tid)
                tids.append(thread.tid)
            except PtraceError as error:
                _only_death(error)
                thread.exiting = True
        return tids

    def _answer(self, process: Process) -> None:
        """Answer the requests for which nothing is left to wait."""
        if process.switch_requests and not any(
            tid in process.threads and not process.threads[tid].exiting for tid in process.switching
        ):
            requests, process.switch_requests = process.switch_requests, []
            for request in requests:
                self._outbox.done(request)
        if process.release_requests and all(thread.exiting for thread in process.threads.values()):
            requests, process.release_requests = process.release_requests, []
            for request in requests:
                self._outbox.done(request)

    def _refuse(self, request: int, number: int, message: str) -> None:
        self._outbox.done(request, ok=False, errno=number, message=message)


def _only_death(error: PtraceError) -> None:
    """Pass over a thread that died meanwhile; its wait status will tell. Anything else is a fault.

    It is ESRCH, but EIO where INTERRUPT or LISTEN meets a thread in the last step of its exit.
    """
    if error.errno not in {errno.ESRCH, errno.EIO}:
        raise error


def _refusal(pid: int) -> str:
    """Say in one line why the kernel refused to attach."""
    tracer = proc.tracer(pid)
    if tracer is not None:
        return f"process {pid} is traced by {tracer.name} (pid {tracer.pid})"
    scope = (proc.read_file("/proc/sys/kernel/yama/ptrace_scope") or b"0").strip().decode()
    reason = f"YAMA's ptrace_scope is {scope}" if scope != "0" else "no right to trace it"
    return f"the kernel refuses to trace process {pid}: {reason}"
