"""A session's event log (events.jsonl) as facts: commands and replies, who was made, who died."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST_LINE: Final = 1 << 20
_EXECS: Final = (["exec"], ["exes"])

Time: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1 << 33)]
"""Seconds since the epoch: as nanoseconds they still fit into 64 bits, and are finite."""
Id: TypeAlias = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]


class LoggedCommand(msgspec.Struct):
    """A command; times are seconds since the epoch."""

    line: str
    began: float
    ended: float | None = None
    reply: str = ""


class Created(msgspec.Struct, frozen=True):
    """A node was made."""

    at: float
    node: int
    pid: int
    parent: int | None


class LoggedDeath(msgspec.Struct, frozen=True):
    """A node was found dead."""

    at: float
    node: int
    pid: int
    sender: str
    unreachable: tuple[int, ...]


class Log(msgspec.Struct):
    """All of a log that is understood."""

    facts: dict[str, Any] = {}
    """What the session said of itself: ``bstrace``, ``python``, ``kernel``, ``arguments`` ..."""
    sessions: list[float] = []
    """When each session began: in one directory there may be several, one after the other."""
    commands: list[LoggedCommand] = []
    created: list[Created] = []
    removed: list[tuple[float, int]] = []
    deaths: list[LoggedDeath] = []
    bad_lines: int = 0

    def session(self, at: float) -> int:
        """Return the number of the session that ran at a time."""
        return sum(began <= at for began in self.sessions)


class _Event(msgspec.Struct):
    """What every event has; those of another kind than is read here are passed over."""

    time: Time
    event: str


class _Line(msgspec.Struct):
    line: str


class _Made(msgspec.Struct):
    node: Id
    pid: Id
    parent: Id | None = None


class _Removed(msgspec.Struct):
    nodes: list[Id]


class _Died(msgspec.Struct):
    node: Id
    pid: Id
    sender: str = ""
    unreachable: tuple[Id, ...] = ()


class _Reader:
    """Takes a log line by line."""

    def __init__(self) -> None:
        self.log = Log()
        self._waiting: deque[LoggedCommand] = deque()
        """Commands without a reply."""

    def take(self, line: bytes) -> None:
        """Take a line; one that makes no sense is counted."""
        try:
            event = msgspec.json.decode(line, type=_Event)
            self._take(line, event.event, event.time)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self.log.bad_lines += 1

    def _take(self, line: bytes, event: str, at: float) -> None:
        log = self.log
        match event:
            case "session":
                log.facts = msgspec.json.decode(line, type=dict[str, Any])
                log.sessions.append(at)
                self._waiting.clear()  # nobody answers the commands of a session that is over
            case "command":
                log.commands.append(LoggedCommand(msgspec.json.decode(line, type=_Line).line, at))
                self._waiting.append(log.commands[-1])
            case "reply":
                reply = msgspec.json.decode(line, type=_Line).line
                command = _answered(self._waiting, reply)
                if command is not None:
                    command.ended, command.reply = at, reply
            case "cancelled":
                if self._waiting:
                    self._waiting.pop().ended = at
            case "created":
                made = msgspec.json.decode(line, type=_Made)
                log.created.append(Created(at, made.node, made.pid, made.parent))
            case "removed":
                log.removed += [(at, node) for node in msgspec.json.decode(line, type=_Removed).nodes]
            case "death":
                died = msgspec.json.decode(line, type=_Died)
                log.deaths.append(LoggedDeath(at, died.node, died.pid, died.sender, died.unreachable))


def read_log(path: Path) -> Log | None:
    """Read a log, None where there is none. Lines that make no sense are counted. Raises OSError."""
    reader = _Reader()
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        return None
    with stream:
        while line := stream.readline(_LONGEST_LINE):
            reader.take(line)
    log = reader.log
    if not log.created:
        log.created = [made for command in log.commands if (made := _made_by(command)) is not None]
    return log


def _made_by(command: LoggedCommand) -> Created | None:
    """Return what a create did, of a session that did not log that itself."""
    words, reply = command.line.split(), command.reply.split()
    if (
        len(words) < 2
        or words[0] != "create"
        or len(reply) != 2
        or reply[0] != "Ok:"
        or command.ended is None
    ):
        return None
    try:
        node, pid = msgspec.convert([int(words[1]), int(reply[1])], tuple[Id, Id])
    except ValueError:  # msgspec.ValidationError is one
        return None
    return Created(command.ended, node, pid, None)


def _answered(waiting: deque[LoggedCommand], reply: str) -> LoggedCommand | None:
    """Return whose reply this is: on a terminal commands run side by side, and an exec's says its id.

    A reply without an id is an exec's only where nothing else waits for one.
    """
    _, _, rest = reply.partition(":")
    node, colon, _ = rest.partition(":")
    found = None
    if colon:
        found = next((each for each in waiting if each.line.split()[1:2] == [node]), None)
    if found is None:
        found = next((each for each in waiting if each.line.split()[:1] not in _EXECS), None)
    if found is None and waiting:
        found = waiting[0]
    if found is not None:
        waiting.remove(found)
    return found
