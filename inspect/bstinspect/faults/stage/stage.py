"""Plays a scenario: a program under ptrace of which one thread runs at a time, and faults where they belong.

Whose turn it is, is decided here; a thread keeps its turn until it waits, ends, or sleeps in the kernel. So a
run is decided by its scenario alone. ptrace(2): a stop for the filter (PTRACE_EVENT_SECCOMP) is the entry of
a call; PTRACE_SYSCALL from there leads to its exit-stop.
"""

from __future__ import annotations

import errno
import os
import random
import signal
import time
from typing import TYPE_CHECKING, Final

from bstinspect.decode.architecture import architecture, native_numbers
from bstinspect.errors import PtraceError
from bstinspect.faults.address import Address
from bstinspect.faults.run import Fired, Injection
from bstinspect.faults.stage import acting, clock, signalling, waiting
from bstinspect.faults.stage.acting import Effect
from bstinspect.faults.stage.points import CALLS as POINT_CALLS
from bstinspect.faults.stage.points import Points
from bstinspect.faults.stage.subject import Subject, start
from bstinspect.faults.stage.tracee import Place, Process, State, Thread
from bstinspect.linux import proc, ptrace
from bstinspect.linux.waitstatus import StoppedBy, classify, is_kill

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import NoReturn

    from bstinspect.faults.fault import Fault
    from bstinspect.faults.run import Scenario

WALL: Final = 0x40000000
OUTSIDE: Final = "outside"
"""The event of a fault that comes between two commands, at no crash point."""
_STOPS: Final = frozenset({signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU})
_SIGNALS: Final = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}
_NAP: Final = 0.001
"""Seconds without a stop after which the thread whose turn it is may be asleep in the kernel."""
_REAL_LIMIT_NS: Final = 10_000_000_000
"""A thread that runs for so long of real time is given up."""
_STEPS: Final = 200_000
_EXIT_GROUP: Final = native_numbers()["exit_group"]


class StageError(Exception):
    """The run cannot go on: `str()` says why in a few words."""


class Stage:
    """The threads of one run, and the turns they take."""

    def __init__(self, scenario: Scenario, on_fired: Callable[[Fired], None]) -> None:
        self.clock = clock.Clock()
        self.points = Points()
        self.processes: list[Process] = []
        """In the order in which they were made; the dead too."""
        self._scenario = scenario
        self._on_fired = on_fired
        self._random = random.Random(scenario.seed) if scenario.seed else None  # noqa: S311 - no secret
        self._threads: dict[int, Thread] = {}
        self._readiness = waiting.Readiness()
        self._running: set[Thread] = set()
        self._turns = 0
        self._made = 0
        self._steps = 0
        self._due: dict[Injection, None] = dict.fromkeys(scenario.injections)
        self._continues: list[tuple[int, Process]] = []
        self._disk_is_full = False
        self._signals = False
        """A signal may be on its way to a parked thread."""
        self._granted_ns = 0

    def begin(self, run: Callable[[], NoReturn], environment: Mapping[str, str], home: Path) -> Subject:
        """Start the program. Raises OSError, PtraceError."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        calls = {*clock.CALLS, *waiting.CALLS, *POINT_CALLS, *signalling.CALLS}
        if any(each.fault.kind == "disk-full" for each in self._scenario.injections):
            calls |= acting.DISK_CALLS
        audit = architecture(os.uname().machine).audit
        subject = start(run, calls, audit, environment, home)
        process = Process(subject.pid, name="controller")
        self.processes.append(process)
        thread = self._threads[subject.pid] = process.threads[subject.pid] = Thread(subject.pid, process, 0)
        self._grant(thread)
        return subject

    @property
    def is_over(self) -> bool:
        """Whether nobody is left."""
        return not self._threads

    @property
    def is_stuck(self) -> bool:
        """Whether nobody will ever go on by itself."""
        return not any(each.deadline_ns is not None for each in self._threads.values())

    def step(self) -> bool:
        """Let one thread have its turn, to its end; False where nobody can go on at this time.

        Raises StageError where there is no end of it.
        """
        self._settle()
        thread = self._next()
        if thread is None and self._signals:
            self._wake_signalled()
            thread = self._next()
        if thread is None:
            return False
        self._steps += 1
        if self._steps > _STEPS:
            raise StageError("no end")
        self._release(thread)
        self._settle()
        return True

    def pass_time(self, until_ns: int) -> bool:
        """Nobody can go on: go to the next moment at which somebody can; False where there is none before."""
        parked = [each for each in self._threads.values() if each.state is State.PARKED]
        due = [each.deadline_ns for each in parked if each.deadline_ns is not None]
        due += [when for when, _ in self._continues]
        if not due or min(due) > until_ns:
            return self._await_sleeper()
        self.clock.advance_to(min(due))
        for entry in [each for each in self._continues if each[0] <= self.clock.now_ns]:
            self._continues.remove(entry)
            self._continue(entry[1])
        for thread in parked:
            if thread.deadline_ns is not None and thread.deadline_ns <= self.clock.now_ns:
                self._expire(thread)
        return True

    def arm(self, injection: Injection) -> None:
        """Put up a fault while the run is under way."""
        self._due[injection] = None

    def strike(self, who: str, fault: Fault) -> bool:
        """Do a fault to a process while nobody is under way; False where there is no such process.

        It is ``kill``, ``stop``, ``signal``, or ``cont``, and noted as one `OUTSIDE` of every crash point.
        """
        process = self._living(who)
        if process is None:
            return False
        injection = Injection(Address(process.name, OUTSIDE), fault)
        command = self.points.command
        self._on_fired(Fired(injection, process.name, process.pid, self.clock.now_ns, command))
        leader = process.threads[process.pid]
        if fault.kind != "cont":
            os.kill(process.pid, _SIGNALS.get(fault.kind, fault.value))
        if fault.kind == "cont":
            self._continue(process)
        elif fault.kind == "kill":
            self._dies(process)
        elif leader.state is not State.STOPPED:
            self._deliver(leader)
        if fault.kind == "stop" and fault.value:
            self._continues.append((self.clock.now_ns + fault.value, process))
        return True

    def _living(self, who: str) -> Process | None:
        """Return the living process of that name; without a life, the one that node has now."""
        for each in reversed(self.processes):
            if each.status is None and who in (each.name, each.name.partition(".")[0]):
                return each
        return None

    def end(self) -> None:
        """Kill whoever is left, and take every wait status."""
        for process in self.processes:
            if process.status is None:
                with_suppressed(os.kill, process.pid, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while self._threads and time.monotonic() < deadline:
            for thread in list(self._threads.values()):
                if thread.state is not State.RUNNING:
                    self._grant(thread)
            self._take_all(0.02)
        self._readiness.close()

    # Turns.

    def _next(self) -> Thread | None:
        """Choose who goes on."""
        able = [each for each in self._threads.values() if each.state is State.READY]
        for thread in self._readiness.ready():
            if thread.state is State.PARKED:
                able.append(thread)
        for thread in sorted(able, key=lambda each: each.index):
            self._queue(thread)
        if not able:
            return None
        if self._random is not None:
            return self._random.choice(sorted(able, key=lambda each: each.turn))
        return min(able, key=lambda each: each.turn)

    def _queue(self, thread: Thread) -> None:
        if not thread.turn:
            self._turns += 1
            thread.turn = self._turns

    def _hold(self, thread: Thread, place: Place) -> None:
        """Keep a thread in its stop until its turn comes."""
        thread.state, thread.place, thread.turn = State.READY, place, 0
        self._running.discard(thread)
        self._queue(thread)

    def _grant(self, thread: Thread, number: int = 0, *, to_exit: bool = False) -> None:
        """Let a thread run on."""
        thread.state, thread.turn = State.RUNNING, 0
        self._running.add(thread)
        self._granted_ns = time.monotonic_ns()
        try:
            (ptrace.syscall if to_exit else ptrace.cont)(thread.tid, number)
        except PtraceError as error:
            if error.errno != errno.ESRCH:  # killed inside the stop: its death comes next
                raise

    def _release(self, thread: Thread) -> None:
        """Give a thread its turn."""
        self._readiness.forget(thread)
        if thread.place is Place.ENTRY and not thread.is_judged:
            self._enter(thread)
        elif thread.place is Place.EXIT and not thread.is_judged:
            self._leave(thread)
        else:
            self._grant(thread, to_exit=thread.place is Place.ENTRY and thread.number in POINT_CALLS)

    def _expire(self, thread: Thread) -> None:
        """The time of a parked thread is over."""
        thread.deadline_ns = None
        self._readiness.forget(thread)
        if thread.place is Place.ENTRY and thread.number in waiting.CALLS:
            clock.skip(thread.tid, 0)
        thread.state, thread.turn = State.READY, 0

    # Waiting for stops.

    def _settle(self) -> None:
        """Wait until nobody runs: each has stopped, ended, or sleeps in the kernel."""
        self._take_all(0)
        while self._running:
            if not self._take_all(_NAP):
                self._look_for_sleepers()

    def _take_all(self, patience: float) -> bool:
        """Take the stops that are there, waiting for the first; False where none came."""
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

    def _look_for_sleepers(self) -> None:
        for thread in list(self._running):
            if thread.process.is_dying:
                continue
            found = proc.stat(thread.tid)
            if found is not None and found.state in ("S", "D"):
                thread.state = State.ASLEEP
                self._running.discard(thread)
        if self._running and time.monotonic_ns() - self._granted_ns > _REAL_LIMIT_NS:
            raise StageError("a thread does not stop running")

    def _await_sleeper(self) -> bool:
        """Wait a while for somebody who sleeps in the kernel, in real time; False where nobody comes."""
        if not any(each.state is State.ASLEEP for each in self._threads.values()):
            return False
        return self._take_all(0.2)

    def _take(self, tid: int, status: int) -> None:
        thread = self._threads.get(tid)
        what = classify(status)
        if not isinstance(what, StoppedBy):
            self._ended(tid, thread, status)
            return
        if thread is None:
            thread = self._adopt(tid)
            if thread is None:
                return
        try:
            self._stopped(thread, what)
        except PtraceError as error:
            if error.errno != errno.ESRCH:
                raise

    def _stopped(self, thread: Thread, what: StoppedBy) -> None:
        had_turn = thread in self._running
        if what.event == ptrace.PTRACE_EVENT_EXIT:
            if thread.number == _EXIT_GROUP or is_kill(ptrace.event_message(thread.tid)):
                self._dies(thread.process)
            self._grant(thread)
        elif thread.process.is_dying:
            self._grant(thread)
        elif what.event == ptrace.PTRACE_EVENT_SECCOMP:
            info = ptrace.raw_syscall_info(thread.tid)
            thread.number, thread.arguments, thread.is_judged = info[4], info[5:], False
            thread.place, thread.result = Place.ENTRY, None
            if had_turn:
                self._enter(thread)
            else:
                self._hold(thread, Place.ENTRY)
        elif what.signal == signal.SIGTRAP | ptrace.SYSCALL_STOP:
            thread.is_judged, thread.place = False, Place.EXIT
            if had_turn:
                self._leave(thread)
            else:
                self._hold(thread, Place.EXIT)
        elif what.event == ptrace.PTRACE_EVENT_STOP and what.signal in _STOPS:
            thread.state, thread.place = State.STOPPED, Place.OTHER
            self._running.discard(thread)
            self._signals = True  # once all of its threads stand, its parent has a SIGCHLD
            ptrace.listen(thread.tid)
            self._stop_others(thread.process)
        elif what.event == ptrace.PTRACE_EVENT_STOP:
            self._hold(thread, Place.OTHER if thread.state is State.STOPPED else thread.place)
        elif what.event == ptrace.PTRACE_EVENT_EXEC:
            self._executed(thread)
        elif what.event:
            child = ptrace.event_message(thread.tid)
            if child not in self._threads:
                self._take(*os.waitpid(child, WALL))  # now, so that it is always the same moment
            self._grant(thread, to_exit=True)
        elif what.signal == signal.SIGSEGV and self.clock.answer_counter(thread.tid):
            self._grant(thread)
        else:
            self._grant(thread, what.signal)

    def _adopt(self, tid: int) -> Thread | None:
        """Take in a new thread at its first stop."""
        facts = proc.status(tid)
        if facts is None:
            return None
        process = next(
            (each for each in self.processes if each.pid == facts.tgid and each.status is None), None
        )
        if process is None:
            parent = next((each for each in reversed(self.processes) if each.pid == facts.parent), None)
            process = Process(facts.tgid, parent)
            if parent is not None and parent.name == "controller":
                process.name = "keeper"
            self.processes.append(process)
        self._made += 1
        thread = self._threads[tid] = process.threads[tid] = Thread(tid, process, self._made)
        return thread

    def _executed(self, thread: Thread) -> None:
        for each in [other for other in thread.process.threads.values() if other is not thread]:
            self._remove(each)
        clock.hide_vdso(thread.tid)
        self._hold(thread, Place.OTHER)

    def _ended(self, tid: int, thread: Thread | None, status: int) -> None:
        if thread is None:
            return
        self._remove(thread)
        if tid == thread.process.pid:
            thread.process.status = status
            self._readiness.forget_process(tid)
            self._signals = True

    def _remove(self, thread: Thread) -> None:
        self._readiness.forget(thread)
        self._running.discard(thread)
        self._threads.pop(thread.tid, None)
        thread.process.threads.pop(thread.tid, None)

    # Calls.

    def _enter(self, thread: Thread) -> None:
        """Decide about a call at its entry."""
        thread.is_judged = True
        if thread.number in clock.CALLS:
            self.clock.answer(thread)
            self._grant(thread)
        elif thread.number in waiting.CALLS:
            self._park(thread)
        elif self._disk_is_full and acting.is_refused(thread):
            self._grant(thread)
        elif thread.number in POINT_CALLS and self.points.is_point(thread):
            self._face(thread, self.points.entered(thread, self.clock.now_ns))
        else:
            self._grant(thread, to_exit=thread.number in signalling.CALLS)

    def _park(self, thread: Thread) -> None:
        wait = waiting.read_wait(thread, self.clock)
        if wait.patience_ns == 0:
            self._hold(thread, Place.ENTRY)  # it only looks; the others get their turns before
            return
        thread.state, thread.turn = State.PARKED, 0
        thread.deadline_ns = None if wait.patience_ns is None else self.clock.now_ns + wait.patience_ns
        self._running.discard(thread)
        if not self._readiness.watch(thread, wait.wanted):
            self._hold(thread, Place.ENTRY)

    def _leave(self, thread: Thread) -> None:
        """Decide about a call at its exit."""
        thread.is_judged = True
        value = ptrace.raw_syscall_info(thread.tid)[4]
        if thread.result is not None:
            clock.skip(thread.tid, thread.result)
            value = thread.result
        if thread.number in signalling.CALLS:
            self._signalled(thread)
            self._hold(thread, Place.EXIT)  # whom it has killed is dead before it goes on
            return
        if thread.number not in POINT_CALLS:
            self._grant(thread)
            return
        self._face(thread, self.points.left(thread, value, self.clock.now_ns))

    def _face(self, thread: Thread, addresses: list[Address]) -> None:
        """Let what was asked for happen at the points that a thread is at, and let it go on."""
        to_exit = thread.place is Place.ENTRY
        for index, at in enumerate(addresses):
            for injection in [each for each in self._due if each.at.fits(at)]:
                nth = sum(each.message == at.message for each in addresses[:index])
                effect = acting.act(thread, injection.fault, at, nth, self.clock.now_ns)
                if effect is None:
                    continue
                self._note(injection, at, thread)
                if effect is not Effect.GOES_ON:
                    self._affect(thread, effect, injection)
                    return
                self._disk_is_full = self._disk_is_full or injection.fault.kind == "disk-full"
        self._grant(thread, to_exit=to_exit)

    def _note(self, injection: Injection, at: Address, thread: Thread) -> None:
        del self._due[injection]
        fired = Fired(injection, at.who, thread.process.pid, self.clock.now_ns, self.points.command)
        self._on_fired(fired)

    def _affect(self, thread: Thread, effect: Effect, injection: Injection) -> None:
        process = thread.process
        if effect is Effect.DROPPED:
            thread.place = Place.EXIT
            self.points.left(thread, thread.arguments[2], self.clock.now_ns)
            self._grant(thread)
        elif effect is Effect.CALL_REPLACED:
            self._grant(thread)
        elif effect is Effect.HELD:
            thread.state = State.PARKED
            self._running.discard(thread)
        elif injection.fault.kind == "kill":
            self._dies(process)
        else:
            self._deliver(thread)
            if injection.fault.kind == "stop" and injection.fault.value:
                self._continues.append((self.clock.now_ns + injection.fault.value, process))

    # Signals.

    def _dies(self, process: Process) -> None:
        """SIGKILL, or its like, is on its way to every thread, and wakes each from its stop."""
        process.is_dying = True
        for thread in process.threads.values():
            self._readiness.forget(thread)
            self._grant(thread)

    def _deliver(self, thread: Thread) -> None:
        """Let the main thread take a signal before the thread goes on that a fault happened to."""
        self._signals = True
        leader = thread.process.threads.get(thread.process.pid, thread)
        self._take_back(thread)
        if leader is not thread:
            self._hold(thread, thread.place)
        if leader.state is not State.ASLEEP:
            self._take_back(leader)
            self._grant(leader)

    def _stop_others(self, process: Process) -> None:
        """Let every thread of a process go on into the group-stop; calls not made yet come again after it."""
        for thread in process.threads.values():
            if thread.state in (State.READY, State.PARKED):
                self._take_back(thread)
                self._grant(thread)

    def _take_back(self, thread: Thread) -> None:
        self._readiness.forget(thread)
        thread.deadline_ns = None
        if thread.place is Place.ENTRY:
            clock.again(thread.tid)
            thread.place = Place.OTHER

    def _signalled(self, thread: Thread) -> None:
        """A process of ours has sent a signal."""
        self._signals = True
        pid, number = signalling.target(thread)
        process = next((each for each in self.processes if each.pid == pid and each.status is None), None)
        if process is None or process is thread.process:
            return
        if number == signal.SIGKILL:
            self._dies(process)
        elif number == signal.SIGCONT:
            self._running |= {each for each in process.threads.values() if each.state is State.STOPPED}

    def _continue(self, process: Process) -> None:
        if process.status is None:
            os.kill(process.pid, signal.SIGCONT)
            self._running |= {each for each in process.threads.values() if each.state is State.STOPPED}
            self._signals = True

    def _wake_signalled(self) -> None:
        """Let parked threads go on that have a signal to take."""
        self._signals = False
        for thread in self._threads.values():
            if thread.state is State.PARKED and _has_signal(thread.tid):
                self._readiness.forget(thread)
                thread.deadline_ns = None
                thread.state, thread.turn = State.READY, 0


def _has_signal(tid: int) -> bool:
    """Tell whether a signal is pending that the thread does not block (proc(5), /proc/PID/status)."""
    fields = dict(
        line.split(b":\t", 1)
        for line in (proc.read_file(f"/proc/{tid}/status") or b"").splitlines()
        if line.startswith((b"SigPnd", b"ShdPnd", b"SigBlk"))
    )
    if len(fields) < 3:
        return False
    pending = int(fields[b"SigPnd"], 16) | int(fields[b"ShdPnd"], 16)
    return bool(pending & ~int(fields[b"SigBlk"], 16))


def with_suppressed(call: Callable[..., object], *arguments: object) -> None:
    """Call, and let it be where the process is gone."""
    try:
        call(*arguments)
    except ProcessLookupError:
        return
