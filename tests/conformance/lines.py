"""The parts of one line of strace output: what stands before the event, and the event itself. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind = Literal["call", "unfinished", "resumed", "signal", "exit", "other"]

_PID: Final = re.compile(r"\[pid +(?P<bracketed>\d+)(?P<a><[^>]*>)?\] |(?P<plain>\d+)(?P<b><[^>]*>)? ")
_TIMES: Final = (
    re.compile(r"\d\d:\d\d:\d\d(?:\.\d{1,9})? "),  # -t, -tt
    re.compile(r"\d{9,11}(?:\.\d{1,9})? "),  # -ttt
)
_RELATIVE: Final = re.compile(r" *\d+(?:\.\d{1,9})? ")  # -r
_BOTH: Final = re.compile(r"\(\+ *\d+(?:\.\d{1,9})?\) ")  # -r after -t
_NUMBER: Final = re.compile(r"\[ *\d+\] ")  # -n
_POINTER: Final = re.compile(r"\[([0-9a-f]{16}|\?{16})\] ")  # -i
_NAME: Final = re.compile(r"(\w+)\(")
_RESUMED: Final = re.compile(r"<\.\.\. (\w+) resumed>")
_RESULT: Final = re.compile(r"\)( +)= ")
_SPENT: Final = re.compile(r" <\d+\.\d+>$")  # -T
UNFINISHED: Final = " <unfinished ...>"
_OPEN, _CLOSE = "([{<", ")]}>"


@dataclass(frozen=True, slots=True)
class Parts:
    """A line's prefix, in order, and its event."""

    raw: str
    pid: str
    """The number in the leading column or in `[pid N]`; empty where there is none."""
    lead: str
    """The leading column or bracket as it stands."""
    time: str
    number: str
    pointer: str
    body: str
    kind: Kind
    name: str
    """The system call; for what is none, `signal`, `exit` or `other`."""


def parse(raw: str) -> Parts:
    """Split a line of strace output into its prefix and its event."""
    rest, pid, lead, time = raw, "", "", ""
    found = _PID.match(rest)
    if found and not _TIMES[1].match(rest):
        pid = found["bracketed"] or found["plain"]
        end = found.end()
        if found["plain"]:  # the column is five wide
            end += len(rest[end:]) - len(rest[end:].removeprefix(" " * max(0, 5 - len(pid))))
        lead, rest = rest[:end], rest[end:]
    for pattern in (*_TIMES, _RELATIVE):
        if found := pattern.match(rest):
            time, rest = rest[: found.end()], rest[found.end() :]
            break
    if time and (found := _BOTH.match(rest)):
        time, rest = time + rest[: found.end()], rest[found.end() :]
    number, rest = _take(_NUMBER, rest)
    pointer, rest = _take(_POINTER, rest)
    kind, name = _kind(rest)
    return Parts(raw, pid, lead, time, number, pointer, rest, kind, name)


def _take(pattern: re.Pattern[str], text: str) -> tuple[str, str]:
    found = pattern.match(text)
    return (text[: found.end()], text[found.end() :]) if found else ("", text)


def _kind(body: str) -> tuple[Kind, str]:
    if body.startswith("--- "):
        return "signal", "signal"
    if body.startswith("+++ "):
        return "exit", "exit"
    if found := _RESUMED.match(body):
        return "resumed", found[1]
    if found := _NAME.match(body):
        return ("unfinished" if body.endswith("<unfinished ...>") else "call"), found[1]
    return "other", "other"


def joined(raw: Iterable[str]) -> list[str]:
    """Return the lines with each broken-off call put together again, where it began."""
    found: list[str] = []
    begun: dict[tuple[str, str], int] = {}
    for line in raw:
        parts = parse(line)
        if parts.kind == "unfinished":
            begun[parts.pid, parts.name] = len(found)
            found.append(line.removesuffix(UNFINISHED))
        elif parts.kind == "resumed" and (parts.pid, parts.name) in begun:
            found[begun.pop((parts.pid, parts.name))] += parts.body.partition(" resumed>")[2]
        else:
            found.append(line)
    return found


def arguments(body: str) -> tuple[list[str], str]:
    """Split `name(a, b) = 0` into `["a", "b"]` and `") = 0"`; a call's text that breaks off has an empty end.

    Commas in strings, brackets and comments part nothing.
    """
    start = body.index("(") + 1
    found: list[str] = []
    depth, at, begin = 0, start, start
    while at < len(body):
        char = body[at]
        if char == '"':
            at = end_of_string(body, at)
            continue
        if body.startswith("/*", at):
            at = body.find("*/", at) + 2 if "*/" in body[at:] else len(body)
            continue
        if body.startswith(("->", "=>", "<<", ">>", "<unf"), at):
            at += 2
            continue
        if depth == 0 and char == ")":
            found.append(body[begin:at])
            return found, body[at:]
        if depth == 0 and body.startswith(", ", at):
            found.append(body[begin:at])
            begin = at = at + 2
            continue
        depth = max(0, depth + (char in _OPEN) - (char in _CLOSE))
        at += 1
    found.append(body[begin:])
    return found, ""


def end_of_string(text: str, at: int) -> int:
    """Return where the string that begins with the quote at `at` ends, its closing quote included."""
    at += 1
    while at < len(text) and text[at] != '"':
        at += 2 if text[at] == "\\" else 1
    return min(at + 1, len(text))


def outside_strings(text: str) -> list[tuple[str, bool]]:
    """Split text into pieces, each with whether it is a quoted string."""
    pieces, at, begin = [], 0, 0
    while at < len(text):
        if text[at] == '"':
            end = end_of_string(text, at)
            pieces += [(text[begin:at], False), (text[at:end], True)]
            begin = at = end
        else:
            at += 1
    return [*pieces, (text[begin:], False)]


def result(parts: Parts) -> int | None:
    """Return where the result's `=` stands in the event's text, for a line that has one."""
    if parts.kind not in {"call", "resumed"}:
        return None
    ends = [found.end() for found in _RESULT.finditer(parts.body)]
    return ends[-1] - 2 if ends else None


def spent(body: str) -> str:
    """Return the time spent in a call as -T shows it, or nothing."""
    found = _SPENT.search(body)
    return found[0] if found else ""
