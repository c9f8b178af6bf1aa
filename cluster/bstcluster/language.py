"""The command language, to the letter: how words are read and how replies are written. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bstcluster.errors import AlreadyExistsError, CreateError, NodeError, ParentUnavailableError
from bstcluster.numbers import BadNumberError, decimal, parse_integer, quoted
from bstcluster.protocol import ID_MAX, ID_MIN

MAX_COUNT: Final = 10**9
"""The most numbers that one exec may announce."""


class LanguageError(Exception):
    """A line that cannot be understood. `str()` is what follows ``Error: ``."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command answers.

    `line` is the one line that belongs on standard output. `detail` is text for a person: standard error in a
    pipe, beside the reply on a terminal, where it takes the place of a plain ``Ok``.
    """

    line: str
    detail: str = ""


def parse_id(word: bytes) -> int:
    """Read an id: an integer of 64 bits with sign. Raises LanguageError."""
    try:
        node = parse_integer(word)
    except BadNumberError:
        node = ID_MAX + 1
    if not ID_MIN <= node <= ID_MAX:
        raise LanguageError(f"{quoted(word)} is not an id")
    return node


def parse_count(word: bytes) -> int:
    """Read the n of an exec, from 1 to `MAX_COUNT`. Raises LanguageError."""
    try:
        count = parse_integer(word)
    except BadNumberError:
        count = 0
    if not 1 <= count <= MAX_COUNT:
        raise LanguageError(f"{quoted(word)} is not a count from 1 to {MAX_COUNT}")
    return count


def created(pid: int) -> Reply:
    """Write the reply to a create."""
    return Reply(f"Ok: {pid}")


def summed(node: int, total: int) -> Reply:
    """Write the reply to an exec."""
    return Reply(f"Ok:{node}: {decimal(total)}")


def pinged(unreachable: list[int], detail: str = "") -> Reply:
    """Write the reply to a pingall."""
    return Reply("Ok: " + (";".join(map(str, unreachable)) or "-1"), detail)


def failed(error: Exception) -> Reply:
    """Write an error. One about a node names its id, except where a create would have made that node."""
    no_such_node_yet = isinstance(error, AlreadyExistsError | ParentUnavailableError | CreateError)
    node = error.node if isinstance(error, NodeError) and not no_such_node_yet else ""
    return Reply(f"Error:{node}{':' if node != '' else ''} {error}")
