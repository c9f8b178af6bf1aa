"""The help names what the command line takes, and nothing else."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bstinspect.errors import NotSupportedError, UsageError
from bstinspect.trace.options import LETTERS, LIVE, NAMES, OWN, SAME, parse
from bstinspect.trace.usage import replay_text, text

from .conftest import COMMAND, TIMEOUT

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


@pytest.mark.parametrize("command", ["trace", "replay"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_help_that_nobody_takes(command: str, unbuffered: str) -> None:
    """A full disk is one line; a closed pipe ends it as any filter."""

    def run(descriptor: int) -> Any:
        environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
        line = [COMMAND[0], command, "-h"]
        return subprocess.run(
            line, stdout=descriptor, stderr=subprocess.PIPE, env=environment, timeout=TIMEOUT, check=False
        )

    with Path("/dev/full").open("wb") as full:
        done = run(full.fileno())
    assert (done.returncode, done.stderr) == (1, b"bstrace: No space left on device\n")
    reading, writing = os.pipe()
    os.close(reading)
    done = run(writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, b"")


def test_what_a_replay_takes_is_named() -> None:
    """Every option but the tracer's is in the help of replay, by its letter or its name."""
    usage = replay_text()
    named = set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", usage))
    named |= {letter for word in re.findall(r"(?<![\w-])-([A-Za-z]+)\b", usage) for letter in word}
    others = {name for name in LETTERS if SAME.get(name, name) not in LIVE}
    others |= OWN - LIVE
    assert others - named - UNSUPPORTED == set()
