"""Whose turn it is: a thread keeps it until it waits, ends, or sleeps in the kernel."""

from __future__ import annotations

import errno
import random
import time
from typing import TYPE_CHECKING

from bstinspect.errors import PtraceError
from bstinspect.faults.stage import clock, waiting
from bstinspect.faults.stage.tracee import Place, State
from bstinspect.linux import ptrace

if TYPE_CHECKING:
    from bstinspect.faults.stage.cast import Cast
    from bstinspect.faults.stage.tracee import Process, Thread


class Turns:
    """Holds threads in their stops, and lets one after the other run on."""

    def __init__(self, cast: Cast, time_of_stage: clock.Clock, seed: int) -> None:
        """`seed` decides who of several goes on; 0: who could first."""
        self.running: set[Thread] = set()
        """Those that were let go on, and have not stopped since."""
        self.granted_ns = 0
        """When the last one was let go on, CLOCK_MONOTONIC."""
        self.readiness = waiting.Readiness()
        self._cast = cast
        self._clock = time_of_stage
        self._random = random.Random(seed) if seed else None  # noqa: S311 - no secret
        self._turns = 0

    def next(self) -> Thread | None:
        """Choose who goes on; None where nobody can."""
        able = [each for each in self._cast.threads.values() if each.state is State.READY]
        able += [each for each in self.readiness.ready() if each.state is State.PARKED]
        for thread in sorted(able, key=lambda each: each.index):
            self._queue(thread)
        if not able:
            return None
        if self._random is not None:
            return self._random.choice(sorted(able, key=lambda each: each.turn))
        return min(able, key=lambda each: each.turn)

    def hold(self, thread: Thread, place: Place) -> None:
        """Keep a thread in its stop until its turn comes."""
        thread.state, thread.place, thread.turn = State.READY, place, 0
        self.running.discard(thread)
        self._queue(thread)

    def gather(self, thread: Thread) -> None:
        """Keep one of several threads that are woken at once; the first to come is no sooner ready."""
        thread.state, thread.place, thread.turn = State.READY, Place.OTHER, 0
        self.running.discard(thread)

    def begin(self, thread: Thread) -> None:
        """A thread runs: its next stop is waited for."""
        thread.state, thread.turn = State.RUNNING, 0
        self.running.add(thread)
        self.granted_ns = time.monotonic_ns()

    def grant(self, thread: Thread, number: int = 0, *, to_exit: bool = False) -> None:
        """Let a thread run on, with signal `number`; `to_exit`: up to the exit of the call it is at."""
        self.begin(thread)
        try:
            (ptrace.syscall if to_exit else ptrace.cont)(thread.tid, number)
        except PtraceError as error:
            if error.errno != errno.ESRCH:  # killed inside the stop: its death comes next
                raise

    def park(self, thread: Thread) -> None:
        """Hold a thread at the entry of a call that waits, until what it waits for is there."""
        wait = waiting.read_wait(thread, self._clock)
        if wait.patience_ns == 0:
            self.hold(thread, Place.ENTRY)  # it only looks; the others get their turns before
            return
        thread.state, thread.turn = State.PARKED, 0
        thread.deadline_ns = None if wait.patience_ns is None else self._clock.now_ns + wait.patience_ns
        if thread.interrupted is not None and thread.interrupted[:2] == (thread.number, thread.arguments):
            thread.deadline_ns = thread.interrupted[2]  # it waits for what was left (restart_syscall(2))
        thread.interrupted = None
        self.running.discard(thread)
        thread.in_vain = wait.in_vain
        if wait.word is not None:
            self.readiness.watch_word(thread, wait.word)
        if not self.readiness.watch(thread, wait.wanted):
            self.hold(thread, Place.ENTRY)

    def rest(self, thread: Thread) -> None:
        """Hold a thread where it is until its deadline."""
        thread.state, thread.turn = State.PARKED, 0
        self.running.discard(thread)

    def awake(self, thread: Thread) -> None:
        """A parked thread may go on."""
        self.readiness.forget(thread)
        thread.deadline_ns = None
        thread.state, thread.turn = State.READY, 0

    def expire(self) -> None:
        """Let those go on whose time is over: their calls return in vain."""
        for thread in self._cast.threads.values():
            due = thread.state is State.PARKED and thread.deadline_ns is not None
            if due and (thread.deadline_ns or 0) <= self._clock.now_ns:
                self.awake(thread)
                if thread.place is Place.ENTRY and waiting.is_wait(thread.number):
                    clock.skip(thread.tid, thread.in_vain)

    def deadlines(self) -> list[int]:
        """Return when the parked threads' times are over."""
        parked = [each for each in self._cast.threads.values() if each.state is State.PARKED]
        return [each.deadline_ns for each in parked if each.deadline_ns is not None]

    def remove(self, thread: Thread) -> None:
        """A thread has ended."""
        self.readiness.forget(thread)
        self.running.discard(thread)
        self._cast.remove(thread)

    def stopped_run(self, process: Process) -> None:
        """SIGCONT is on its way to the threads of a stopped process: their stops are waited for."""
        self.running |= {each for each in process.threads.values() if each.state is State.STOPPED}

    def _queue(self, thread: Thread) -> None:
        if not thread.turn:
            self._turns += 1
            thread.turn = self._turns
