"""A command line as the assignment reads it: what it asks for, or the one error that it deserves. Pure."""

from __future__ import annotations

import functools
import re
from typing import Final

import msgspec

from bstcluster.numbers import decimal, quoted

USAGES: Final = {
    "create": ("create ID [PARENT]", 1, 2),
    "exec": ("exec ID N K1 ... KN", 2, 10**9),
    "pingall": ("pingall", 0, 0),
    "kill": ("kill ID", 1, 1),
    "crash": ("crash ID", 1, 1),
    "stop": ("stop ID", 1, 1),
    "cont": ("cont ID", 1, 1),
    "tree": ("tree", 0, 0),
    "help": ("help [COMMAND]", 0, 1),
}
"""Usage, fewest and most words behind the name, of each command that is answered."""
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,4300}", re.ASCII)
_MOST_NUMBERS: Final = 10**9
_WORD: Final = re.compile(r"[^ \t\n\r\v\f]+")


class Command(msgspec.Struct, frozen=True):
    """What a line asks for."""

    name: str
    """Of `USAGES`; empty for a line that has no reply: a blank one, or ``exit``."""
    node: int = 0
    answer: str = ""
    """The reply that is known from the line alone: an error, or an ``Ok``."""
    result: str = ""
    """The reply of an exec whose node can be reached."""


@functools.lru_cache(maxsize=1024)  # the lines of one script are read again for every run of it
def read(line: str) -> Command:
    """Read a line."""
    words = _WORD.findall(line)
    if not words or words[0] == "exit":
        return Command("")
    name, rest = {"exes": "exec"}.get(words[0], words[0]), words[1:]
    if name == "kill" and len(rest) == 2 and rest[0] == "-9":
        name, rest = "crash", rest[1:]
    if name not in USAGES:
        return Command("help", answer=f"Error: unknown command {_quoted(words[0])}")
    return _known(name, rest)


def _known(name: str, rest: list[str]) -> Command:
    """Read the words behind the name of a command."""
    usage, fewest, most = USAGES[name]
    bad_id = next((word for word in rest[: 2 if name == "create" else 1] if not _is_id(word)), None)
    command = Command(name)
    if not fewest <= len(rest) <= most and (name != "exec" or bad_id is None):
        command = Command(name, answer=f"Error: usage: {usage}")
    elif name == "help" and rest and rest[0] not in (*USAGES, "exit"):
        command = Command(name, answer=f"Error: unknown command {_quoted(rest[0])}")
    elif name in ("tree", "help"):
        command = Command(name, answer="Ok")
    elif bad_id is not None:
        command = Command(name, answer=f"Error: {_quoted(bad_id)} is not an id")
    elif name == "create" and int(rest[0]) == -1:
        reserved = "Error: -1 is reserved: pingall says -1 when all nodes are available"
        command = Command(name, -1, answer=reserved)
    elif name == "exec":
        command = _exec(int(rest[0]), rest[1], rest[2:])
    elif rest:
        command = Command(name, int(rest[0]))
    return command


def _exec(node: int, count: str, words: list[str]) -> Command:
    if not _INTEGER.fullmatch(count) or not 1 <= int(count) <= _MOST_NUMBERS:
        bad_count = f"Error: {_quoted(count)} is not a count from 1 to {_MOST_NUMBERS}"
        return Command("exec", node, answer=bad_count)
    bad = next((word for word in words if not _INTEGER.fullmatch(word)), None)
    if bad is not None:
        is_long = re.fullmatch("[+-]?[0-9]+", bad, re.ASCII)
        reason = "has more than 4300 digits" if is_long else "is not an integer"
        return Command("exec", node, result=f"Error:{node}: {_quoted(bad)} {reason}")
    if int(count) != len(words):
        return Command("exec", node, result=f"Error:{node}: expected {int(count)} numbers, got {len(words)}")
    return Command("exec", node, result=f"Ok:{node}: {decimal(sum(map(int, words)))}")


def _is_id(word: str) -> bool:
    return bool(_INTEGER.fullmatch(word)) and -(2**63) <= int(word) < 2**63


def _quoted(word: str) -> str:
    return quoted(word.encode())
