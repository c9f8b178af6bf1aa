"""All threads of a process stopped for a while: PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH (ptrace(2))."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from typing import TYPE_CHECKING, Final

from bstinspect.errors import ProcessError, PtraceError
from bstinspect.linux import proc, ptrace
from bstinspect.linux.waitstatus import WALL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_STOPS: Final = (os.CLD_TRAPPED, os.CLD_STOPPED)
_FIRST_PAUSE: Final = 50e-6
_LONGEST_PAUSE: Final = 5e-3
"""Seconds between two looks at threads that are still to stop."""
_TRIES: Final = 10
_DEAD: Final = ("Z", "X")


class Attachment:
    """A process whose every thread the calling thread has stopped.

    A thread may be in any ptrace-stop: in the one that PTRACE_INTERRUPT asked for, in the group-stop that the
    process was in, or in the delivery of a signal that came first. `detach` puts each back: that signal is
    delivered, the group-stop goes on.
    """

    def __init__(self, pid: int) -> None:
        """Stop the process. Raises ProcessError: it is gone, or it may not be traced."""
        self.pid = pid
        self._tracer = threading.get_native_id()
        self._own_child = self._is_own_child()
        self._running: set[int] = set()
        """Tids that are seized, and are not in a stop yet."""
        self._stopped: dict[int, int] = {}
        """By tid the signal that is to be delivered at the detach, 0 for none."""
        try:
            while self._seize_new_threads():
                self._wait_for_stops()
        except BaseException:
            self.detach()
            raise
        if not self._stopped:
            raise ProcessError(pid, errno.ESRCH)

    @property
    def tids(self) -> list[int]:
        """The stopped threads, ascending."""
        return sorted(self._stopped)

    def detach(self) -> None:
        """Let every thread go on as it was; whoever was killed meanwhile is left to its parent.

        Raises RuntimeError in another thread than the one that attached: the kernel listens to that one only.
        """
        if threading.get_native_id() != self._tracer:
            raise RuntimeError(f"process {self.pid} was attached by another thread")
        try:
            self._release()
        except BaseException:  # Ctrl-C in the middle: nobody is left standing
            self._release()
            raise

    def _is_own_child(self) -> bool:
        facts = proc.stat(self.pid)
        return facts is not None and facts.parent == os.getpid()

    def _seize_new_threads(self) -> bool:
        """Seize the threads that are not ours yet and ask them to stop; False when all have stood still.

        That is so when the list has nobody new (but for a main thread that has ended) and whoever is in it is
        still in its stop afterwards: then there was nobody to start a thread or to call execve.
        """
        tids = proc.threads(self.pid)
        new = [tid for tid in tids if tid not in self._stopped]
        with self._reaping() if len(tids) > 1 else contextlib.nullcontext():
            for tid in new:
                if tid not in self._running and self._seize(tid):
                    self._running.add(tid)
                    _interrupt(tid)
        self._look_after_stopped()
        return bool(self._running) or any(tid != self.pid for tid in new)

    @contextlib.contextmanager
    def _reaping(self) -> Iterator[None]:
        """Reap who dies meanwhile: PTRACE_SEIZE waits for an execve to end, and that for those to be reaped.

        (Both hold the process's cred_guard_mutex, which is why gdb and strace can hang for ever here; seen on
        Linux 6.18.) Any thread may wait for a tracee, so it is done in one of its own.
        """
        over = threading.Event()

        def reap() -> None:
            while not over.wait(_LONGEST_PAUSE):
                for tid in {*self._running, *self._stopped} - {self.pid}:
                    with contextlib.suppress(ChildProcessError):
                        found = os.waitid(os.P_PID, tid, os.WEXITED | os.WNOHANG | os.WNOWAIT | WALL)
                        if found and found.si_code not in _STOPS:  # those come unasked for (wait(2))
                            self._running.discard(tid)
                            self._stopped.pop(tid, None)
                            self._reap((tid,))

        thread = threading.Thread(target=reap, name="reaper", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _seize(self, tid: int) -> bool:
        """Seize a thread; False when it is dead.

        The kernel also refuses one that an execve has replaced by the time that PTRACE_SEIZE gets on.
        """
        refusal = 0
        for _ in range(_TRIES):
            try:
                ptrace.seize(tid, 0)
            except PtraceError as error:
                if error.errno == errno.ESRCH or _state(tid) in _DEAD:
                    return False
                refusal = error.errno
            else:
                return True
            for other in list(self._running):
                self._look_at(other)
            if tid in self._running or tid in self._stopped:  # one of ours has called execve
                return False
        raise ProcessError(self.pid, refusal, self._refusal(tid))

    def _refusal(self, tid: int) -> str:
        tracer = proc.tracer(tid)
        if tracer is None:
            return "the kernel refuses to trace it"
        return f"it is traced by {tracer.name} (pid {tracer.pid})"

    def _wait_for_stops(self) -> None:
        """Wait until every seized thread is in a stop, or dead.

        There is nothing to block on: waitpid(2) for one thread never returns where another one calls
        execve(2), which waits for the others to be reaped (ptrace(2), "execve(2) under ptrace"); and for any
        child, it would take the statuses of the caller's own children.
        """
        pause = _FIRST_PAUSE
        while True:
            for tid in sorted(self._running, reverse=True):
                self._look_at(tid)
            if not self._running:
                return
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            self._look_after_stopped()

    def _look_after_stopped(self) -> None:
        """Wait again for those that were killed in their stop, by SIGKILL or by another thread's execve."""
        for tid in list(self._stopped):
            try:
                ptrace.event_message(tid)  # it works in any stop
            except PtraceError:
                self._wait_again_for(tid)

    def _wait_again_for(self, tid: int) -> None:
        self._stopped.pop(tid, None)
        self._running.add(tid)
        _interrupt(tid)  # whoever became the main thread by execve was asked by its former tid, in vain

    def _look_at(self, tid: int) -> None:
        """See whether a thread has stopped or died."""
        try:
            found = os.waitid(os.P_PID, tid, os.WSTOPPED | os.WEXITED | os.WNOHANG | os.WNOWAIT | WALL)
        except ChildProcessError:
            self._running.discard(tid)
            if tid == self.pid:
                return
            # It has called execve, and is the main thread from now on: what is known of that may be outdated.
            if self.pid in self._stopped:
                self._look_at(self.pid)
            else:
                self._wait_again_for(self.pid)
            return
        if found is None:
            # A main thread's death is told after the last thread's only. One that is not ours any more was
            # replaced, by the execve of a thread that was not ours yet; the next round finds that.
            if tid == self.pid and (_state(tid) in _DEAD or not _is_ours(tid)):
                self._running.discard(tid)
            return
        if found.si_code in _STOPS:
            try:
                found = os.waitid(os.P_PID, tid, os.WSTOPPED | os.WNOHANG | WALL)
            except ChildProcessError:
                found = None
            if found is None:  # killed this very moment
                return
            is_event = found.si_status >> 8
            self._stopped[tid] = 0 if is_event else found.si_status
        else:
            self._reap((tid,))
        self._running.discard(tid)

    def _release(self) -> None:
        self._release_stopped()
        if self._running:  # an attempt that was given up halfway: a thread can be let go in a stop only
            self._wait_for_stops()
            self._release_stopped()

    def _release_stopped(self) -> None:
        killed = []
        for tid, signal in list(self._stopped.items()):
            try:
                ptrace.detach(tid, signal)
            except PtraceError as error:
                if error.errno != errno.ESRCH:
                    raise
                killed.append(tid)
            self._stopped.pop(tid, None)
        self._reap(sorted(killed, key=lambda tid: tid == self.pid))

    def _reap(self, tids: Iterable[int]) -> None:
        """Take the deaths of threads, the leader's last: until then its parent is not told (ptrace(2))."""
        for tid in tids:
            if tid == self.pid and self._own_child:
                continue  # the tracer is the parent: whoever started it waits for it
            try:
                os.waitid(os.P_PID, tid, os.WEXITED | WALL)
            except ChildProcessError:
                continue


def _interrupt(tid: int) -> None:
    try:
        ptrace.interrupt(tid)
    except PtraceError as error:
        if error.errno not in {errno.ESRCH, errno.EIO}:  # it is just dying; its wait status tells
            raise


def _state(tid: int) -> str:
    facts = proc.stat(tid)
    return facts.state if facts else "X"


def _is_ours(tid: int) -> bool:
    facts = proc.status(tid)
    return facts is not None and facts.tracer == os.getpid()
