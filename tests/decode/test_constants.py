"""The tables of constants: they say what Python's standard library says, and keep strace's order."""

from __future__ import annotations

import fcntl
import importlib
import mmap
import os
import pkgutil
import platform
import resource
import select
import signal
import socket
import stat
import termios
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from bstinspect.decode import constants
from bstinspect.decode.constants.files import OPEN_MODE_FLAGS
from bstinspect.decode.constants.ioctls import IOCTLS
from bstinspect.decode.constants.memory import MMAP_FLAGS
from bstinspect.decode.constants.processes import USAGEWHO

if TYPE_CHECKING:
    from types import ModuleType

MODULES = [
    importlib.import_module(f"{constants.__name__}.{found.name}")
    for found in pkgutil.iter_modules(constants.__path__)
]
TABLES: list[tuple[str, dict[int, str]]] = [
    (name, table) for module in MODULES for name, table in vars(module).items() if isinstance(table, dict)
    if not name.startswith("_")
]  # fmt: skip

OTHERWISE = {
    "O_LARGEFILE": "the C library says 0: what is 64 bits wide always sets it",
    "F_GETLK64": "the C library's is F_GETLK; the kernel of 64 bits gives the number no meaning",
    "F_SETLK64": "as F_GETLK64",
    "F_SETLKW64": "as F_GETLK64",
}
"""Names whose value in the C library, and so in Python, is not the kernel's."""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the tables are those of x86-64")
@pytest.mark.parametrize("library", [fcntl, mmap, os, resource, select, signal, socket, stat, termios])
def test_as_the_standard_library(library: ModuleType) -> None:
    """A name that the standard library knows has its value there (errno is missing: no table has errors)."""
    known = {name: value for name, value in vars(library).items() if isinstance(value, int)}
    compared = 0
    wrong = []
    for table_name, table in TABLES:
        for value, names in table.items():
            for name in names.split(" or "):
                if name in known and name not in OTHERWISE:
                    compared += 1
                    if (known[name] - value) % 2**32:
                        wrong.append((table_name, name, value, known[name]))
    assert wrong == []
    assert compared


def test_exceptions_are_exceptions() -> None:
    """What is excepted above does stand in a table."""
    assert OTHERWISE.keys() <= {name for _, table in TABLES for name in table.values()}


def test_every_table_says_something() -> None:
    """No table is empty, no name is, no value is negative; no two modules have a table of one name."""
    assert len(TABLES) > 600
    for name, table in TABLES:
        assert table, name
        assert all(table.values()), name
        assert all(0 <= value < 2**64 for value in table), name
    assert max(Counter(name for module in MODULES for name in _own(module)).values()) == 1


def _own(module: ModuleType) -> set[str]:
    """Return the tables that a module has of itself, without what `ioctls` imports."""
    names = set(module.__annotations__)
    assert all(isinstance(getattr(module, name), dict) for name in names)
    return names


@pytest.mark.parametrize(
    ("table", "whole", "part"),
    [
        (OPEN_MODE_FLAGS, "O_SYNC", "O_DSYNC"),
        (OPEN_MODE_FLAGS, "O_TMPFILE", "O_DIRECTORY"),
        (MMAP_FLAGS, "MAP_FIXED", "MAP_GROWSDOWN"),
    ],
)
def test_order(table: dict[int, str], whole: str, part: str) -> None:
    """A flag that holds others stands before them; strace's order, not that of the numbers."""
    names = list(table.values())
    assert names.index(whole) < names.index(part)


def test_values_are_unsigned() -> None:
    """-1 is 32 ones."""
    assert USAGEWHO[0xFFFFFFFF] == "RUSAGE_CHILDREN"


def test_ioctls() -> None:
    """By all 32 bits; of several names all."""
    assert IOCTLS[0x5401] == "TCGETS"
    assert IOCTLS[0x5413] == "TIOCGWINSZ"
    assert IOCTLS[0xAE80] == "KVM_RUN"
    assert IOCTLS[0x6442] == "DRM_IOCTL_I915_FLIP or DRM_IOCTL_MGA_RESET"
