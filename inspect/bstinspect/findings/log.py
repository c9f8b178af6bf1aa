"""A session's event log (events.jsonl) as facts: commands and replies, who was made, who died."""

from __future__ import annotations

import contextlib
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST_LINE: Final = 1 << 20


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
    commands: list[LoggedCommand] = []
    created: list[Created] = []
    removed: list[tuple[float, int]] = []
    deaths: list[LoggedDeath] = []
    bad_lines: int = 0


def read_log(path: Path) -> Log | None:
    """Read a log, None where there is none. Lines that make no sense are counted. Raises OSError."""
    log = Log()
    waiting: deque[LoggedCommand] = deque()
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        return None
    with stream:
        while line := stream.readline(_LONGEST_LINE):
            try:
                event = msgspec.json.decode(line)
                _take(log, waiting, event, float(event["time"]))
            except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError, ValueError, OverflowError):
                log.bad_lines += 1
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
        return Created(command.ended, int(words[1]), int(reply[1]), None)
    except ValueError:
        return None


def _take(log: Log, waiting: deque[LoggedCommand], event: dict[str, Any], at: float) -> None:
    match event["event"]:
        case "session":
            log.facts = event
        case "command":
            log.commands.append(LoggedCommand(str(event["line"]), at))
            waiting.append(log.commands[-1])
        case "reply":
            command = _answered(waiting, str(event["line"]))
            if command is not None:
                command.ended, command.reply = at, str(event["line"])
        case "cancelled":
            if waiting:
                waiting.pop().ended = at
        case "created":
            parent = event.get("parent")
            made = Created(at, int(event["node"]), int(event["pid"]), None if parent is None else int(parent))
            log.created.append(made)
        case "removed":
            log.removed += [(at, int(node)) for node in event["nodes"]]
        case "death":
            unreachable = tuple(int(node) for node in event.get("unreachable", ()))
            death = LoggedDeath(
                at, int(event["node"]), int(event["pid"]), str(event.get("sender", "")), unreachable
            )
            log.deaths.append(death)


def _answered(waiting: deque[LoggedCommand], reply: str) -> LoggedCommand | None:
    """Return whose reply this is: on a terminal commands run side by side, and an exec's says its id."""
    _, _, rest = reply.partition(":")
    node, colon, _ = rest.partition(":")
    if colon:
        for command in waiting:
            words = command.line.split()
            if len(words) > 1 and words[1] == node:
                waiting.remove(command)
                return command
    with contextlib.suppress(IndexError):
        return waiting.popleft()
    return None
