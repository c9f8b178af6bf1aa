"""One run of the program under examination: what a check says to it, learns of it, and judges."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Final, NoReturn

import msgspec

from bstinspect.grade import processes, reading
from bstinspect.grade.dialogue import FloodError, GoneError
from bstinspect.grade.evidence import last_line, printable, quoted
from bstinspect.grade.marks import BY_NAME, Judgement
from bstinspect.grade.program import Program
from bstinspect.grade.tracer import MOST_PROCESSES

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.grade.house import House
    from bstinspect.grade.processes import Process
    from bstinspect.grade.reading import Want
    from bstinspect.grade.runs import Point
    from bstinspect.grade.subject import Subject

_LOOK: Final = 0.5
"""Seconds of silence after which the processes are counted."""
_MOMENT: Final = 0.2
"""Seconds in which a flood shows."""
_MOST_OF_A_LINE: Final = 10_000
"""Characters in which there is a reply, if any."""
_APPEARING: Final = 1.0
"""Seconds that a node's process has to appear after the reply to `create`."""


class EndOfRunError(Exception):
    """This run of the program can tell no more."""


class Examination:
    """Asks, and judges what comes. A check ends early where the program hangs, dies or floods."""

    def __init__(self, subject: Subject, house: House, judge: Callable[[Judgement], None]) -> None:
        """`judge` is told each judgement as it is made."""
        self.subject = subject
        self.house = house
        self.nodes: dict[int, Process] = {}
        """The processes of the nodes, by id, as they appeared below the program."""
        self.suspicion = ""
        """The mark that a flood misses, where it is not `input-flood`."""
        self.through = ""
        """Found by the first contact: the streams that the program is to be talked to through."""
        self.points: list[Point] = []
        """Found by a run without a fault: the crash points that were passed."""
        self.fired: bool | None = None
        """Whether the fault at a point took effect; None where there is to be none."""
        self._judge = judge
        self._before: dict[int, frozenset[int]] = {}
        """The processes that were there before each node was created."""
        self.program = Program(subject, house)

    def again(self, through: str = "") -> None:
        """Start the program anew, in the same place; what is left of the last run stays."""
        self.processes()
        self.program.close()
        if through:
            self.subject = msgspec.structs.replace(self.subject, through=through)
        self.nodes = {}
        self.program = Program(self.subject, self.house)

    def passed(self, mark: str, evidence: str = "") -> None:
        """What this run has seen of a mark is right."""
        self._judge(Judgement(BY_NAME[mark].name, missed=False, evidence=evidence))

    def missed(self, mark: str, evidence: str) -> None:
        """Something is wrong."""
        self._judge(Judgement(BY_NAME[mark].name, missed=True, evidence=printable(evidence)))

    def give_up(self, mark: str, evidence: str) -> NoReturn:
        """Something is wrong, and there is no use in going on."""
        self._judge(Judgement(BY_NAME[mark].name, missed=True, evidence=printable(evidence), is_last=True))
        raise EndOfRunError

    def clock(self) -> float:
        """Return when (time.monotonic) a command that is said now has to be answered."""
        return time.monotonic() + self.subject.deadline

    def is_past(self, clock: float) -> bool:
        """Tell whether a moment from `clock` has come."""
        return time.monotonic() > clock

    def ask(self, command: str, mark: str, *, context: str = "") -> str:
        """Say a command and return its reply; where there is none, `mark` is missed and the run ends.

        `context` stands before the evidence.
        """
        self._drop_strays()
        self.program.dialogue.say(command)
        return self._reply(command, mark, context)

    def expect(self, mark: str, command: str, want: Want, *, hangs: str = "", context: str = "") -> bool:
        """Ask, and judge the reply by `mark`, silence by `hangs`; `context` stands before the evidence."""
        reply = self.ask(command, hangs or mark, context=context)
        fits = want.fits(reply, strict=self.subject.strict)
        evidence = f"{context}{quoted(command)}: {quoted(reply)}"
        if fits:
            self.passed(mark, evidence)
        else:
            self.missed(mark, f"{evidence}, expected {quoted(want.shown)}")
        return fits

    def create(
        self, id_: int, *, mark: str = "create-without-pid", parent: int | None = None, context: str = ""
    ) -> None:
        """Create a node, and find its process. The run ends where it cannot be had."""
        before = self.processes()
        command = f"create {id_}" if parent is None else f"create {id_} {parent}"
        reply = self.ask(command, mark, context=context)
        pid = reading.printed_pid(reply, strict=self.subject.strict)
        if pid is None:
            self.give_up(mark, f"{context}{quoted(command)}: {quoted(reply)}, expected 'Ok: PID'")
        self.passed(mark, f"{context}{quoted(command)}: {quoted(reply)}")
        self._find(id_, command, before, pid)

    def grow(self, *ids: int) -> None:
        """Create nodes in this order."""
        for id_ in ids:
            self.create(id_)

    def send_signal(self, id_: int, number: int) -> None:
        """Send a signal to a node's process and nothing else, as an outsider would."""
        self._drop_strays()
        process = self.process_of(id_)
        processes.send_signal(process, number)
        states = "TtZX" if number == signal.SIGSTOP else "RSDZX"
        self.wait_until(lambda: processes.state(process) in states)

    def processes(self) -> dict[int, Process]:
        """Return what is below the program now, orphans too. A fork bomb ends the run."""
        found = self.program.family()
        if len(found) > MOST_PROCESSES or (self.house.fence and self.house.fence.has_ended()):
            self.give_up("fork-bomb", f"more than {MOST_PROCESSES} processes")
        return found

    def stay_quiet(self) -> None:
        """Listen for a moment to what comes beside the replies; a flood ends the run."""
        try:
            self._judge_strays(self.program.dialogue.during(_MOMENT))
        except FloodError:
            self._flooded("after the last reply")

    def wait_until(self, done: Callable[[], bool], seconds: float | None = None) -> bool:
        """Wait for something that nothing tells of, looking again and again; tell whether it came."""
        until = time.monotonic() + (self.subject.deadline if seconds is None else seconds)
        pause = 0.001
        while not done():
            if time.monotonic() > until:
                return False
            time.sleep(pause)  # there is nothing to poll
            pause = min(2 * pause, 0.05)
        return True

    def close(self) -> None:
        """Let go of the program; who started us puts it down."""
        self.program.close()

    def process_of(self, id_: int) -> Process:
        """Return a node's process; where it has forked and ended since, as a daemon does, that which came."""
        if processes.is_there(self.nodes[id_]):
            return self.nodes[id_]
        node = processes.successor(id_, self.nodes, self._before, self.processes())
        if node is None:
            self.give_up("node-without-process", f"the process of node {id_} is gone before all else")
        evidence = f"the process of node {id_}, {self.nodes[id_].pid}, has ended; {node.pid} came instead"
        self.missed("false-pid", evidence)
        self.nodes[id_] = node
        return node

    def _find(self, id_: int, command: str, before: dict[int, Process], pid: int) -> None:
        """Find the node's process: one that is below the program now, and was not before."""

        def fresh() -> dict[int, Process]:
            return {each: found for each, found in self.processes().items() if each not in before}

        node = processes.newest(fresh(), pid)
        if node is None and self.wait_until(lambda: processes.newest(fresh(), pid) is not None, _APPEARING):
            node = processes.newest(fresh(), pid)
        if node is None:
            self.give_up("node-without-process", f"{quoted(command)}: no new process below the program")
        self.nodes[id_] = node
        self._before[id_] = frozenset(before)
        self.passed("node-without-process", f"{quoted(command)}: {node.name} (pid {node.pid})")
        evidence = f"{quoted(command)} printed {pid}; the process that appeared is {node.pid} ({node.name})"
        if pid == node.pid:
            self.passed("false-pid", evidence)
        else:
            self.missed("false-pid", evidence)

    def _drop_strays(self) -> None:
        """Take what came after the last reply."""
        try:
            self._judge_strays(self.program.dialogue.heard())
        except FloodError:
            self._flooded("before the next command")

    def _judge_strays(self, lines: list[str]) -> None:
        """To the letter, lines beside the replies are wrong; in the sense, they are banners and logs."""
        if lines and self.subject.strict:
            self.missed("extra-output", f"beside the replies: {quoted(lines[0])}")

    def line(self, until: float) -> str | None:
        """Return the next line; None at `until` (time.monotonic). A silent fork bomb ends the run.

        Raises GoneError and FloodError.
        """
        while (left := until - time.monotonic()) > 0:
            line = self.program.dialogue.line(until - max(0.0, left - _LOOK), lenient=not self.subject.strict)
            if line is not None:
                return line
            self.processes()
        return None

    def understands(self, line: str, command: str) -> str | None:
        """Return a line as the reply to a command; None where it is none, but a banner, an echo or a log."""
        if self.subject.strict:
            return None if self.program.streams.is_terminal and line == command else line
        tidied = reading.tidy(line[:_MOST_OF_A_LINE], command)
        return tidied if reading.looks_like_a_reply(tidied) else None

    def _reply(self, command: str, mark: str, context: str) -> str:
        until, passed_over, dialogue = self.clock(), "", self.program.dialogue
        shown = f"{context}{quoted(command)}"
        reply = None
        try:
            while reply is None and (line := self.line(until)) is not None:
                if (reply := self.understands(line, command)) is None:
                    passed_over = line.strip() or passed_over
        except GoneError:
            self.processes()
            self.give_up(mark, f"{shown}: {self.program.how_it_ended()}{last_line(dialogue.complaints)}")
        except FloodError:
            self._flooded(shown)
        if reply is None:
            said = f"; it said {quoted(passed_over)}" if passed_over else ""
            self.give_up(mark, f"{shown}: no reply within {self.subject.deadline:g} s{said}")
        return reply

    def _flooded(self, shown: str) -> NoReturn:
        self.give_up(self.suspicion or "input-flood", f"{shown}: output without end")
