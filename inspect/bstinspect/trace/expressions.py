"""The expressions behind -e: sets of calls, signals, statuses, descriptors, errors (strace(1), Filtering)."""

from __future__ import annotations

import ctypes
import os
import re
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.decode.architecture import X32_BIT, architecture
from bstinspect.decode.names import ERRORS, signal_number
from bstinspect.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

_FRACTIONS: Final = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_DIGITS: Final = {"s": 0, "ms": 3, "us": 6, "ns": 9}
_LIKENESS: Final = 0.7
"""How like a call's name a word must be for it to be mentioned (difflib)."""
_REG_EXTENDED: Final = 1
_REG_NOSUB: Final = 8
_REGEX_BYTES: Final = 256
"""More than any C library's regex_t has."""
_DESIGNATORS: Final = {"64": True, "32": False, "x32": False}
"""The personalities of ``NAME@64``: only the machine's own has calls that can be selected."""


class NumberSet(msgspec.Struct, frozen=True):
    """Numbers, or all but these."""

    members: frozenset[int]
    inverted: bool = False

    def __contains__(self, number: object) -> bool:
        return (number in self.members) != self.inverted

    def __call__(self, number: int) -> bool:
        """Tell whether a number is in it."""
        return (number in self.members) != self.inverted

    def within(self, universe: frozenset[int]) -> frozenset[int]:
        """Return the members of a finite universe."""
        return universe - self.members if self.inverted else self.members & universe


class Traced:
    """The numbers of -e trace=; as in strace, calls that nobody knows are always among them."""

    def __init__(self, calls: NumberSet) -> None:
        self._calls = calls
        self._known = architecture(os.uname().machine).names

    def __contains__(self, number: object) -> bool:
        if isinstance(number, int) and number >> 9 == X32_BIT >> 9:
            number &= ~X32_BIT  # an x32 program's; the sets hold for its calls by name
        return number in self._calls or number not in self._known


EVERYTHING: Final = NumberSet(frozenset(), inverted=True)


class NameSet(msgspec.Struct, frozen=True):
    """A `NumberSet` of calls, asked by name; decoders only know names."""

    names: frozenset[str]
    inverted: bool

    def holds(self, name: str) -> bool:
        """Tell whether a call is in it."""
        return (name in self.names) != self.inverted


def _tokens(text: str) -> tuple[list[str], bool]:
    """Return the words of a set and whether it is inverted; ``all`` is the inverse of no word."""
    words = text.lstrip("!")
    inverted = (len(text) - len(words)) % 2 == 1
    if words == "none":
        return [], inverted
    if words == "all":
        return [], not inverted
    return [word for word in words.split(",") if word], inverted


def number_set(text: str, read: Callable[[str], int], kind: str) -> NumberSet:
    """Read a set; `read` returns the number of a word, or -1. Raises UsageError."""
    words, inverted = _tokens(text)
    if not words and text.lstrip("!") not in ("all", "none"):
        raise UsageError(f"invalid {kind} '{text}'", advice=False)
    numbers = set()
    for word in words:
        number = read(word)
        if number < 0:
            raise UsageError(f"invalid {kind} '{word}'", advice=False)
        numbers.add(number)
    return NumberSet(frozenset(numbers), inverted)


def syscall_set(text: str) -> NumberSet:
    """Read a set of calls by names, numbers, classes and regular expressions. Raises UsageError."""
    words, inverted = _tokens(text)
    if not words and text.lstrip("!") not in ("all", "none"):
        raise UsageError(f"invalid system call '{text}'", advice=False)
    numbers: set[int] = set()
    for word in words:
        numbers |= _calls(word)
    return NumberSet(frozenset(numbers), inverted)


def name_set(calls: NumberSet) -> NameSet:
    """Return the same set by names."""
    names = architecture(os.uname().machine).names
    return NameSet(frozenset(names[each] for each in calls.members if each in names), calls.inverted)


def _calls(word: str) -> set[int]:
    tables = architecture(os.uname().machine)
    name = word.lstrip("?")
    optional = name != word
    name, at, designator = name.rpartition("@") if "@" in name else (name, "", "")
    if at and designator not in _DESIGNATORS:
        raise UsageError(f"incorrect personality designator '{designator}' in qualification '{word}'")
    own = not at or _DESIGNATORS[designator]
    found: set[int] | None
    if name[:1].isdecimal():
        found = {int(name)} if name.isdecimal() and int(name) in tables.names else None
    elif name.startswith("/"):
        found = _matching(name[1:])
    elif name in ("all", "%all"):
        found = set(tables.names)
    else:
        from bstinspect.decode.classes import calls_of_class

        members = calls_of_class(name)
        if members is None and name in tables.numbers:
            members = frozenset({name})
        found = (
            None if members is None else {tables.numbers[each] for each in members if each in tables.numbers}
        )
    if not found and not optional and found != set():
        import difflib

        close = difflib.get_close_matches(name, tables.numbers, 1, _LIKENESS)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise UsageError(f"invalid system call '{word}'{hint}", advice=False)
    return (found or set()) if own else set()


def _matching(pattern: str) -> set[int] | None:
    """Return the calls that an extended regular expression of regcomp(3) matches. Raises UsageError."""
    numbers = architecture(os.uname().machine).numbers
    libc = ctypes.CDLL(None)
    compiled = ctypes.create_string_buffer(_REGEX_BYTES)
    error = libc.regcomp(compiled, os.fsencode(pattern), _REG_EXTENDED | _REG_NOSUB)
    if error:
        message = ctypes.create_string_buffer(256)
        libc.regerror(error, compiled, message, len(message))
        raise UsageError(f"regcomp: {pattern}: {message.value.decode(errors='replace')}", advice=False)
    try:
        found = {
            number
            for name, number in numbers.items()
            if not libc.regexec(compiled, name.encode(), 0, None, 0)
        }
    finally:
        libc.regfree(compiled)
    return found or None


def signal_word(word: str) -> int:
    """Return a signal's number from ``SIGTERM``, ``term`` or ``15``; -1 for none."""
    if word.isdecimal():
        return int(word) if int(word) <= 255 else -1
    return signal_number(word)


def error_word(word: str) -> int:
    """Return an error's number from ``ENOENT``, ``enoent`` or ``2``; -1 for none."""
    if word.isdecimal():
        return int(word) if int(word) <= 4095 else -1
    return ERRORS.get(word.upper(), -1)


def decimal(word: str) -> int:
    """Return a number that fits into an int; -1 for anything else."""
    return int(word) if word.isascii() and word.isdecimal() and int(word) < 1 << 31 else -1


def words_of(text: str, known: dict[str, str], kind: str) -> frozenset[str]:
    """Read a set of words out of a few; `known` says which word stands for which. Raises UsageError."""
    values = sorted(set(known.values()))
    numbers = number_set(text, lambda word: values.index(known[word]) if word in known else -1, kind)
    return frozenset(value for index, value in enumerate(values) if index in numbers)


def digits_of(precision: str | None) -> int:
    """Return how many digits ``ms`` stands for; 6 without. Raises ValueError."""
    if precision is None:
        return 6
    if precision not in _DIGITS:
        raise ValueError(precision)
    return _DIGITS[precision]


def nanoseconds(text: str) -> int:
    """Read a time: microseconds, or a number with a unit: ``3ms``. Raises ValueError."""
    match = re.fullmatch(r"(\d*\.?\d+|\d+\.)(s|ms|us|ns|)", text, re.ASCII)
    if not match:
        raise ValueError(text)
    whole, _, fraction = match[1].partition(".")
    scale = _FRACTIONS[match[2] or "us"]
    return int(whole or "0") * scale + int((fraction + "0" * 9)[:9]) * scale // 1_000_000_000
