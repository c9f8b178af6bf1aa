"""Signals on the stage: deaths, stops, and the threads that they take out of their waits.

A signal to a thread that is held in a ptrace-stop waits until it runs. So who may have one is let go on: the
main thread to take it, the others to come to the group-stop, all to die. A call that was held at its entry
has not been made; it comes again.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from bstinspect.faults.stage import clock, signalling, waiting
from bstinspect.faults.stage.tracee import Place, State
from bstinspect.linux import proc

if TYPE_CHECKING:
    from bstinspect.faults.stage.cast import Cast
    from bstinspect.faults.stage.tracee import Process, Thread
    from bstinspect.faults.stage.turns import Turns


class Signals:
    """What is done to threads because of signals."""

    def __init__(self, cast: Cast, turns: Turns, time_of_stage: clock.Clock) -> None:
        self.pending = False
        """A signal may be on its way to a parked thread."""
        self._cast = cast
        self._turns = turns
        self._clock = time_of_stage
        self._continues: list[tuple[int, Process]] = []

    def dies(self, process: Process) -> None:
        """SIGKILL, or its like, is on its way to every thread, and wakes each from its stop."""
        process.is_dying = True
        for thread in process.threads.values():
            self._turns.readiness.forget(thread)
            self._turns.grant(thread)

    def deliver(self, thread: Thread) -> None:
        """Let the main thread take a signal before `thread` of the same process goes on."""
        self.pending = True
        leader = thread.process.threads.get(thread.process.pid, thread)
        self._take_back(thread)
        if leader is not thread:
            self._turns.hold(thread, thread.place)
        if leader.state is not State.ASLEEP:
            self._interrupt(leader)
            self._turns.grant(leader)

    def stop_others(self, process: Process) -> None:
        """One thread is in the group-stop: let the others go on into it."""
        self.pending = True  # once all stand, the parent has a SIGCHLD
        for thread in process.threads.values():
            if thread.state in (State.READY, State.PARKED):
                self._take_back(thread)
                self._turns.grant(thread)

    def sent(self, thread: Thread) -> None:
        """A thread of ours has sent a signal."""
        self.pending = True
        pid, number = signalling.target(thread)
        process = self._cast.at(pid)
        if process is None or process is thread.process:
            return
        if number == signal.SIGKILL:
            self.dies(process)
        elif number == signal.SIGCONT:
            self._turns.stopped_run(process)

    def continue_later(self, process: Process, after_ns: int) -> None:
        """Send SIGCONT after a while."""
        self._continues.append((self._clock.now_ns + after_ns, process))

    def continue_now(self, process: Process) -> None:
        """Send SIGCONT."""
        if process.status is None:
            os.kill(process.pid, signal.SIGCONT)
            self._turns.stopped_run(process)
            self.pending = True

    def continue_due(self) -> None:
        """Send the SIGCONTs whose time has come."""
        for entry in [each for each in self._continues if each[0] <= self._clock.now_ns]:
            self._continues.remove(entry)
            self.continue_now(entry[1])

    def deadlines(self) -> list[int]:
        """Return when the next SIGCONTs are due."""
        return [when for when, _ in self._continues]

    def wake(self) -> None:
        """Let parked threads go on that have a signal to take.

        A handler interrupts the call. Without one it would go on inside the kernel (restart_syscall(2)),
        where nobody holds it: so it comes again.
        """
        self.pending = False
        for thread in self._cast.threads.values():
            if thread.state is State.PARKED and _signals_for(thread.tid):
                self._interrupt(thread)
                self._turns.awake(thread)

    def _interrupt(self, thread: Thread) -> None:
        """Make a thread's call, at whose entry it may be, end at a handler's signal, or come again."""
        handled = _signals_for(thread.tid) & _mask(thread.tid, b"SigCgt")
        if thread.state is State.PARKED and handled:
            self._turns.awake(thread)
        else:
            self._take_back(thread)

    def _take_back(self, thread: Thread) -> None:
        """Let a thread's call, at whose entry it may be, come again; what is left of its time stays."""
        self._turns.readiness.forget(thread)
        if thread.place is Place.ENTRY:
            if thread.state is State.PARKED and waiting.is_wait(thread.number):
                thread.interrupted = (thread.number, thread.arguments, thread.deadline_ns)
            clock.again(thread.tid)
            thread.place = Place.OTHER
        thread.deadline_ns = None


def _signals_for(tid: int) -> int:
    """Return the mask of the signals that are pending and that the thread does not block."""
    return (_mask(tid, b"SigPnd") | _mask(tid, b"ShdPnd")) & ~_mask(tid, b"SigBlk")


def _mask(tid: int, name: bytes) -> int:
    """Return a mask of signals of /proc/PID/status (proc(5)); 0 where the thread is gone."""
    for line in (proc.read_file(f"/proc/{tid}/status") or b"").splitlines():
        if line.startswith(name):
            return int(line.split()[1], 16)
    return 0
