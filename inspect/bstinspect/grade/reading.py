"""What replies mean, to the letter (strict) or in the sense (lenient). Pure.

Lenient takes a line for the reply to a command when it looks like one: it has an ``Ok``, an error's word, or
is made of numbers as the command's reply is. All else is a banner, a menu or a log, and is passed over. What
stands before ``Ok`` or ``Error`` (a prompt, a time) is cut off, and so are escape sequences.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

import msgspec

_ESCAPES: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-Z\\-_]|[\x00-\x08\x0b-\x1f\x7f]")
_PROMPT: Final = re.compile(r"^[^\d>$#»]{0,40}[>$#»]+\s*")
_WORD: Final = re.compile(r"\b(?:ok|err(?:or)?)\b", re.IGNORECASE)
_OK: Final = re.compile(r"\bok\b", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[+-]?\d+", re.ASCII)
_MOST_DIGITS: Final = 100
"""What is longer is none of the numbers that are waited for."""
_FAILURE: Final = re.compile(
    r"\berr(?:or)?\b|fail|not found|no such|unknown|unavailable|not available|unreachable|already|exist"
    r"|invalid|incorrect|wrong|\bbad\b|expected|usage|must be|not an? |cannot|can't|dead",
    re.IGNORECASE,
)
_NUMBERS_ONLY: Final = re.compile(
    r"(?:(?:pid|id|node|result|sum|res|answer|the|is|of|unavailable|available|nodes)\b|[\s\[\](){}:;,=.+-]|\d)+",
    re.IGNORECASE | re.ASCII,
)


class Want(Protocol):
    """What a reply has to be."""

    @property
    def shown(self) -> str:
        """What it is to be, for the evidence."""

    def fits(self, line: str, *, strict: bool) -> bool:
        """Tell whether a reply is it; lenient ones are tidied already."""


class Pid(msgspec.Struct, frozen=True):
    """``Ok: pid``."""

    shown: str = "Ok: PID"

    def fits(self, line: str, *, strict: bool) -> bool:
        """Any positive number will do: which process it names is another question."""
        return printed_pid(line, strict=strict) is not None


class Sum(msgspec.Struct, frozen=True):
    """``Ok:id: sum``."""

    id: int
    total: int

    @property
    def shown(self) -> str:
        """The reply itself."""
        return f"Ok:{self.id}: {self.total}"

    def fits(self, line: str, *, strict: bool) -> bool:
        """In the sense: no error, and the last number is the sum; before it at most the id."""
        if strict:
            return line == self.shown
        if is_failure(line):
            return False
        numbers = _integers(line)[-3:]
        return numbers in ([self.total], [self.id, self.total])


class Failure(msgspec.Struct, frozen=True):
    """An error: ``Error:id: text``, or without the id; an empty text is any."""

    text: str
    id: int | None = None

    @property
    def shown(self) -> str:
        """The reply itself."""
        return f"{self._head()} {self.text or '...'}"

    def fits(self, line: str, *, strict: bool) -> bool:
        """In the sense any error will do, in any words."""
        if not strict:
            return is_failure(line)
        if self.text:
            return line == self.shown
        return re.fullmatch(r"Error:(?:[+-]?\d+:)? \S.*", line) is not None

    def _head(self) -> str:
        return "Error:" if self.id is None else f"Error:{self.id}:"


def is_failure(line: str) -> bool:
    """Tell whether a line says that something went wrong."""
    if _OK.match(line):
        return False
    return _FAILURE.search(line) is not None


def tidy(line: str, command: str) -> str:
    """Return a line without escapes, prompts and the echo of the command; empty where nothing is left."""
    line = _ESCAPES.sub("", line).strip()
    while (cut := _PROMPT.match(line)) and cut.end():
        line = line[cut.end() :].strip()
    if line.startswith(command):
        line = line[len(command) :].strip()
    word = _WORD.search(line)
    return line[word.start() :] if word else line


def looks_like_a_reply(line: str) -> bool:
    """Tell whether a tidied line may be the reply to a command."""
    if not line:
        return False
    if _WORD.search(line) or _FAILURE.search(line):
        return True
    return _NUMBERS_ONLY.fullmatch(line) is not None and _NUMBER.search(line) is not None


def printed_pid(line: str, *, strict: bool) -> int | None:
    """Return the pid that a reply to `create` names; None where it names none."""
    if strict:
        found = re.fullmatch(r"Ok: ([0-9]+)", line, re.ASCII)
        return int(found[1]) if found and len(found[1]) < _MOST_DIGITS else None
    numbers = _integers(line)
    if is_failure(line) or not numbers:
        return None
    return numbers[-1] if numbers[-1] > 0 else None


def unavailable(line: str, *, strict: bool) -> frozenset[int] | None:
    """Return the ids that a reply to `pingall` lists, none for ``Ok: -1``; None: it is no such reply.

    Strict wants them ascending, with ``;`` between them; lenient takes any order and separator.
    """
    if line in ("Ok: -1", "Ok:-1"):
        return frozenset() if line == "Ok: -1" or not strict else None
    if strict:
        found = re.fullmatch(r"Ok: (-?[0-9]+(?:;-?[0-9]+)*)", line, re.ASCII)
        if found is None:
            return None
        ids = _integers(found[1].replace(";", " "))
        return frozenset(ids) if ids == sorted(set(ids)) else None
    if re.search(r"\berr", line, re.IGNORECASE):
        return None
    numbers = frozenset(_integers(line))
    if not numbers and not _OK.match(line):
        return None
    return numbers - {-1}


def _integers(line: str) -> list[int]:
    return [int(each) if len(each) < _MOST_DIGITS else 0 for each in _NUMBER.findall(line)]
