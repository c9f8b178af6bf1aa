"""Plays a conversation on a stage, from the start of the controller to its end, and tells what came of it."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from bstinspect.errors import InspectError
from bstinspect.faults.conversation import ConversationError
from bstinspect.faults.run import Fired, Reply, Run
from bstinspect.faults.stage.cluster import controller
from bstinspect.faults.stage.leftovers import (
    files_left,
    processes_left,
    sockets_left,
    unreaped,
    while_it_lives,
)
from bstinspect.faults.stage.stage import Stage
from bstinspect.faults.stage.stops import StageError
from bstinspect.faults.stage.subject import NOT_STARTED

if TYPE_CHECKING:
    from bstinspect.faults.conversation import Conversation
    from bstinspect.faults.run import Left, Scenario
    from bstinspect.faults.stage.subject import Subject

LIMIT_NS: Final = 60_000_000_000
"""A command without an answer for so long of the stage's time never ends."""
_KILL: Final = re.compile(r"\s*kill\s+\S+\s*")
_CREATED: Final = re.compile(r"Ok: ([0-9]+)")
_ID: Final = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_MOST_ERRORS: Final = 1 << 16
_MOST_HEARD: Final = 1 << 20
"""Bytes between two commands; a program that says more says it for ever."""


class NotStartedError(InspectError):
    """There is no such program."""


class Player:
    """One run."""

    def __init__(self, scenario: Scenario, conversation: Conversation) -> None:
        self._scenario = scenario
        self._conversation = conversation
        self.stage = Stage(scenario, self._fired)
        self._faults: list[Fired] = []
        self._replies: list[Reply] = []
        self._out = b""
        self._errors = b""
        self._heard = 0
        self._asked: str | None = None
        self._asked_ns = 0
        self._left: list[Left] = []
        self._home = Path()

    def play(self, home: Path) -> Run:
        """Run it, with its sockets below `home`. Raises OSError, PtraceError."""
        self._home = home
        environment = {
            **os.environ,
            "XDG_RUNTIME_DIR": str(home),
            "TMPDIR": str(home),
            "PYTHONUNBUFFERED": "1",
        }
        stage = self.stage
        run = partial(_program, self._scenario.command) if self._scenario.command else controller
        place = Path.cwd() if self._scenario.command else home  # a program may name files of its own
        subject = stage.begin(run, environment, place)
        trouble = ""
        try:
            self._go_on(subject)
        except StageError as error:
            trouble = str(error)
        finally:
            self._left += processes_left(stage.cast.processes)
            stage.end()
            self._read(subject)
            subject.close()
        self._left += files_left(home, stage.cast.processes)
        self._take_reply()
        self._end_command(None)
        if self._errors.startswith(NOT_STARTED):
            raise NotStartedError(self._errors.decode("utf-8", "backslashreplace").strip())
        points = stage.points
        return Run(
            self._scenario,
            tuple(self._replies),
            tuple(points.passed),
            tuple(points.messages),
            tuple(self._faults),
            tuple(self._left),
            stage.cast.processes[0].status if not trouble else None,
            self._errors.decode("utf-8", "backslashreplace"),
            trouble,
        )

    def _go_on(self, subject: Subject) -> None:
        stage = self.stage
        while not stage.is_over:
            if stage.step() or stage.is_over:
                continue
            self._read(subject)
            if self._heard > _MOST_HEARD:
                raise StageError("no end of its output")
            if self._speak(subject):
                continue
            if not stage.pass_time(self._asked_ns + LIMIT_NS) and not self._read(subject):
                raise StageError("deadlock" if stage.is_stuck else "no answer")

    def _speak(self, subject: Subject) -> bool:
        """Take the reply that has come, and give the next command; False where it is not our turn."""
        self._take_reply()
        if self._asked is not None:
            return False
        if subject.stdin < 0:
            return False
        command = self._conversation.next()
        if command is None:
            self._left += while_it_lives(self.stage.cast.processes)
            subject.close_input()
            self._asked_ns = self.stage.clock.now_ns
            return True
        if not isinstance(command, str) or "\n" in command:
            raise ConversationError(f"{command!r} is no command: one line is")
        self._heard = 0
        self._asked, self._asked_ns = command, self.stage.clock.now_ns
        if self._scenario.command:
            self.stage.cast.expected = _created(command)
        self.stage.points.command = len(self._replies)
        try:
            os.write(subject.stdin, f"{command}\n".encode("utf-8", "surrogateescape"))
        except BrokenPipeError:
            subject.close_input()
        return True

    def _take_reply(self) -> None:
        line, newline, rest = self._out.partition(b"\n")
        if newline and self._asked is not None:
            self._out = rest
            self._end_command(line.decode("utf-8", "backslashreplace"))

    def _end_command(self, line: str | None) -> None:
        """Note what a command was answered; None: nothing, and nothing will come."""
        if self._asked is None:
            return
        if line is not None and self._asked.split()[:1] == ["create"]:
            found = _CREATED.fullmatch(line)
            if found and int(found[1]) in {each.pid for each in self.stage.cast.processes}:
                line = "Ok: PID"
        took = self.stage.clock.now_ns - self._asked_ns
        scripted = self._conversation.is_scripted
        self._replies.append(Reply(self._asked, line, self._asked_ns, took, scripted))
        if line == "Ok" and _KILL.fullmatch(self._asked):
            processes = self.stage.cast.processes
            self._left += unreaped(processes, self._asked, took)
            self._left += sockets_left(self._home, processes, self._asked)
        self._asked = None
        self._conversation.replied(line)

    def _fired(self, fault: Fired) -> None:
        self._faults.append(fault)
        self._conversation.fired(fault)

    def _read(self, subject: Subject) -> bool:
        """Read what was written; say whether that was anything. Who writes sleeps where there is no room."""
        out, errors = _read(subject.stdout), _read(subject.stderr)
        self._out += out
        self._heard += len(out) + len(errors)
        self._errors = (self._errors + errors)[:_MOST_ERRORS]
        return bool(out or errors)


def play(scenario: Scenario, conversation: Conversation) -> Run:
    """Play `scenario` in a directory of its own, which is removed. Raises OSError, PtraceError."""
    return played(Player(scenario, conversation))


def played(player: Player) -> Run:
    """Let a player play in a directory of its own, which is removed. Raises OSError, PtraceError."""
    home = Path(tempfile.mkdtemp(prefix="stage-"))
    try:
        return player.play(home)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _program(command: tuple[str, ...]) -> NoReturn:
    os.execvp(command[0], command)  # noqa: S606 - the subject


def _created(command: str) -> int | None:
    """Return the node that a command creates; None for another command."""
    words = command.split()
    found = len(words) > 1 and words[0] == "create" and _ID.fullmatch(words[1])
    return int(words[1]) if found else None


def _read(descriptor: int) -> bytes:
    data = b""
    try:
        while len(data) <= _MOST_HEARD and (part := os.read(descriptor, 1 << 16)):
            data += part
    except BlockingIOError:
        pass
    return data
