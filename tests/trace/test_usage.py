"""The help names what the command line takes, and nothing else."""

from __future__ import annotations

import re

import pytest

from bstinspect.errors import NotSupportedError, UsageError
from bstinspect.trace.options import LETTERS, NAMES, parse
from bstinspect.trace.usage import text

UNSUPPORTED = {"F", "daemonised", "daemonized", "kvm", "pidns-translation", "secontext", "tips"}
"""Read only to be refused by name, or other spellings."""


def words() -> set[str]:
    """Return the letters and long names that the help mentions."""
    options = text().partition("Examples:")[0]
    long = set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", options))
    return long | set(re.findall(r"(?<![\w-])-([A-Za-z])\b", options))


def test_everything_is_named() -> None:
    """Every option that works is in the help."""
    assert (set(LETTERS) | set(NAMES)) - words() <= UNSUPPORTED


def test_nothing_else_is_named() -> None:
    """Every option of the help is read."""
    assert words() <= set(LETTERS) | set(NAMES)


@pytest.mark.parametrize("name", sorted(UNSUPPORTED - {"daemonised", "daemonized"}))
def test_what_is_not_supported(name: str) -> None:
    """It is refused by its name."""
    word = f"-{name}" if len(name) == 1 else f"--{name}"
    with pytest.raises((NotSupportedError, UsageError), match=name):
        parse([word, "vcpu", "true"] if name == "kvm" else [word, "true"])


def test_colocation_is_on_unless_refused() -> None:
    """The tracer and what it traces share a CPU where nobody says otherwise."""
    assert parse(["true"]).colocate
    assert not parse(["--no-colocate", "true"]).colocate
