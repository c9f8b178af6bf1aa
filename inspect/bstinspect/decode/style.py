"""How the text of a trace is to look: strace's options that change what is printed of an argument."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final, TypeAlias

import msgspec


class Hex(Enum):
    """strace's -x and -xx: which strings are printed in hexadecimal."""

    NONE = "none"
    CHARACTERS = "non-ascii-chars"
    """Single characters, where others would be octal."""
    STRINGS = "non-ascii"
    """Whole strings that hold a character which is not ASCII or is a control character (-x)."""
    ALL = "all"
    """Every string (-xx)."""


class Constants(Enum):
    """strace's -X: how named constants and flags are printed."""

    RAW = "raw"
    ABBREV = "abbrev"
    VERBOSE = "verbose"


Calls: TypeAlias = Callable[[str], bool]
"""A set of calls, asked by name."""


def all_calls(_name: str) -> bool:
    """Contain every call."""
    return True


def no_calls(_name: str) -> bool:
    """Contain no call."""
    return False


class Style(msgspec.Struct, frozen=True):
    """The options; the defaults are strace's."""

    strings: int = 32
    """-s: so many bytes of a string are shown."""
    hexadecimal: Hex = Hex.NONE
    constants: Constants = Constants.ABBREV
    abbreviated: Calls = all_calls
    """-e abbrev=, -v: the calls whose long structures are cut short."""
    verbose: Calls = all_calls
    """-e verbose=: the calls whose structures are printed, and not only their addresses."""
    raw: Calls = no_calls
    """-e raw=: the calls whose arguments are all printed as hexadecimal numbers."""
    descriptors: frozenset[str] = frozenset()
    """-y, --decode-fds: of ``path``, ``socket``, ``dev``, ``pidfd``, and our own ``peer``."""
    names: bool = False
    """-Y: print the command name behind a pid."""


PLAIN: Final = Style()
"""strace's defaults."""
