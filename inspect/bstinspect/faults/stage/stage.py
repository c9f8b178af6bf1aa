"""Plays a scenario: a program under ptrace of which one thread runs at a time, and faults where they belong.

A thread keeps its turn until it waits, ends, or sleeps in the kernel; when nobody can go on, time is moved.
So a run is decided by its scenario alone.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING, Final

from bstinspect.decode.architecture import architecture
from bstinspect.faults.address import Address
from bstinspect.faults.run import Fired, Injection
from bstinspect.faults.stage import acting, clock, signalling, waiting
from bstinspect.faults.stage.acting import Effect
from bstinspect.faults.stage.cast import Cast
from bstinspect.faults.stage.points import CALLS as POINT_CALLS
from bstinspect.faults.stage.points import Points
from bstinspect.faults.stage.signals import Signals
from bstinspect.faults.stage.stops import StageError, Stops
from bstinspect.faults.stage.subject import Subject, start
from bstinspect.faults.stage.tracee import Place, State, Thread
from bstinspect.faults.stage.turns import Turns
from bstinspect.linux import seccomp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import NoReturn

    from bstinspect.faults.fault import Fault
    from bstinspect.faults.run import Scenario
    from bstinspect.faults.stage.tracee import Process

OUTSIDE: Final = "outside"
"""The event of a fault that comes between two commands, at no crash point."""
_SIGNALS: Final = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}
_STEPS: Final = 200_000
_SLEEP: Final = 0.2
_DOZE: Final = 0.005
"""Seconds of real time that somebody asleep in the kernel has to come to a stop: before nobody is left who
could go on, and before time is moved."""
_FAREWELL: Final = 5.0
"""Seconds of real time that whoever is left has to die in."""


class Stage:
    """The threads of one run, the turns they take, and the faults that happen to them."""

    def __init__(self, scenario: Scenario, on_fired: Callable[[Fired], None]) -> None:
        self.clock = clock.Clock()
        self.points = Points()
        self.cast = Cast()
        self._scenario = scenario
        self._on_fired = on_fired
        self._turns = Turns(self.cast, self.clock, scenario.seed)
        self._signals = Signals(self.cast, self._turns, self.clock)
        self._stops = Stops(self.cast, self._turns, self._signals, self.clock, self._decide)
        self._due: dict[Injection, None] = dict.fromkeys(scenario.injections)
        self._disk_is_full = False
        self._steps = 0

    def begin(self, run: Callable[[], NoReturn], environment: Mapping[str, str], home: Path) -> Subject:
        """Start the program. Raises OSError, PtraceError."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        calls = {*clock.CALLS, *waiting.CALLS, *POINT_CALLS, *signalling.CALLS}
        if any(each.fault.kind == "disk-full" for each in self._scenario.injections):
            calls |= acting.DISK_CALLS
        filtered = seccomp.program(calls, architecture(os.uname().machine).audit, waiting.FUTEX)
        subject = start(run, filtered, environment, home)
        self._turns.begin(self.cast.begin(subject.pid))
        return subject

    @property
    def is_over(self) -> bool:
        """Whether nobody is left."""
        return not self.cast.threads

    @property
    def is_stuck(self) -> bool:
        """Whether nobody will ever go on by itself."""
        return not self._turns.deadlines()

    def step(self) -> bool:
        """Let one thread have its turn, to its end; False where nobody can go on at this time.

        Raises StageError where there is no end of it.
        """
        self._stops.settle()
        thread = self._turns.next()
        if thread is None and self._signals.pending:
            self._signals.wake()
            thread = self._turns.next()
        if thread is None:
            return False
        self._steps += 1
        if self._steps > _STEPS:
            raise StageError("no end")
        self.clock.tick()
        self._turns.readiness.forget(thread)
        if thread.place in (Place.ENTRY, Place.EXIT) and not thread.is_judged:
            self._decide(thread)
        else:
            self._turns.grant(thread, to_exit=thread.place is Place.ENTRY and thread.number in POINT_CALLS)
        self._stops.settle()
        return True

    def pass_time(self, until_ns: int) -> bool:
        """Nobody can go on: go to the next moment at which somebody can; False where there is none before."""
        due = self._turns.deadlines() + self._signals.deadlines()
        in_vain = not due or min(due) > until_ns
        if self._stops.await_sleepers(_SLEEP if in_vain else _DOZE):
            return True
        if in_vain:
            return False
        self.clock.advance_to(min(due))
        self._signals.continue_due()
        self._turns.expire()
        return True

    def arm(self, injection: Injection) -> None:
        """Put up a fault while the run is under way."""
        self._due[injection] = None

    def strike(self, who: str, fault: Fault) -> bool:
        """Do a fault to a process while nobody is under way; False where there is no such process.

        It is ``kill``, ``stop``, ``signal``, or ``cont``, and noted as one `OUTSIDE` of every crash point.
        """
        process = self.cast.named(who)
        if process is None:
            return False
        self._note(Injection(Address(process.name, OUTSIDE), fault), process)
        leader = process.threads[process.pid]
        if fault.kind == "cont":
            self._signals.continue_now(process)
            return True
        os.kill(process.pid, _SIGNALS.get(fault.kind, fault.value))
        if fault.kind == "kill":
            self._signals.dies(process)
        elif leader.state is not State.STOPPED:
            self._signals.deliver(leader)
        if fault.kind == "stop" and fault.value:
            self._signals.continue_later(process, fault.value)
        return True

    def end(self) -> None:
        """Kill whoever is left, and take every wait status."""
        for process in self.cast.processes:
            if process.status is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
        deadline = time.monotonic() + _FAREWELL
        while self.cast.threads and time.monotonic() < deadline:
            for thread in list(self.cast.threads.values()):
                if thread.state is not State.RUNNING:
                    self._turns.grant(thread)
            self._stops.take_all(0.02)
        self._turns.readiness.close()

    # Calls.

    def _decide(self, thread: Thread) -> None:
        """Decide about a call, at its entry or at its exit."""
        thread.is_judged = True
        if thread.place is Place.ENTRY:
            self._enter(thread)
        else:
            self._leave(thread)

    def _enter(self, thread: Thread) -> None:
        if waiting.is_wait(thread.number):
            self._turns.park(thread)
        elif thread.number in clock.CALLS:
            self.clock.answer(thread)
            self._turns.grant(thread)
        elif thread.number in POINT_CALLS and self.points.is_point(thread):
            self._face(thread, self.points.entered(thread, self.clock.now_ns))
        elif self._disk_is_full and acting.is_refused(thread):
            self._turns.grant(thread)
        else:
            self._turns.grant(thread, to_exit=thread.number in signalling.CALLS)

    def _leave(self, thread: Thread) -> None:
        if thread.number in signalling.CALLS:
            self._signals.sent(thread)
            self._turns.hold(thread, Place.EXIT)  # whom it has killed is dead before it goes on
        elif thread.number in POINT_CALLS:
            value = acting.result(thread)
            self._face(thread, self.points.left(thread, value, self.clock.now_ns))
        else:
            self._turns.grant(thread)

    # Faults.

    def _face(self, thread: Thread, addresses: list[Address]) -> None:
        """Let what was asked for happen at the points that a thread is at, and let it go on."""
        self.clock.tick()
        for index, at in enumerate(addresses):
            for injection in [each for each in self._due if each.at.fits(at)]:
                nth = sum(each.message == at.message for each in addresses[:index])
                effect = acting.act(thread, injection.fault, at, nth, self.clock.now_ns)
                if effect is None:
                    continue
                self._note(injection, thread.process)
                self._disk_is_full = self._disk_is_full or injection.fault.kind == "disk-full"
                if effect is not Effect.GOES_ON:
                    self._affect(thread, effect, injection.fault)
                    return
        if thread.place is Place.ENTRY and self._disk_is_full and acting.is_refused(thread):
            self._turns.grant(thread)
            return
        self._turns.grant(thread, to_exit=thread.place is Place.ENTRY)

    def _note(self, injection: Injection, process: Process) -> None:
        self._due.pop(injection, None)
        now, command = self.clock.now_ns, self.points.command
        self._on_fired(Fired(injection, process.name, process.pid, now, command))

    def _affect(self, thread: Thread, effect: Effect, fault: Fault) -> None:
        """Let a thread be what a fault has made of it."""
        if effect is Effect.HELD:
            self._turns.rest(thread)
        elif effect is Effect.CALL_REPLACED:
            self._turns.grant(thread)
        elif effect is Effect.DROPPED:
            thread.place = Place.EXIT
            self.points.left(thread, thread.arguments[2], self.clock.now_ns)
            self._turns.grant(thread)
        elif fault.kind == "kill":
            self._signals.dies(thread.process)
        else:
            self._signals.deliver(thread)
            if fault.kind == "stop" and fault.value:
                self._signals.continue_later(thread.process, fault.value)
