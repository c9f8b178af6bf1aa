"""Failing faults as files, one each, to be played again with ``--fault-replay``."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.errors import UsageError
from bstinspect.faults.run import Scenario, Violation  # noqa: TC001 - msgspec reads the types

if TYPE_CHECKING:
    from pathlib import Path

_MOST: Final = 1 << 24


class Kept(msgspec.Struct, frozen=True):
    """What is in such a file."""

    test: str
    """Which test failed."""
    scenario: Scenario
    violations: tuple[Violation, ...] = ()
    error: str = ""
    command: str = ""
    """A command line that plays the same."""


def keep(directory: Path, kept: Kept) -> Path:
    """Write a file into `directory`, in place of an earlier one of the same fault. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    name = re.sub("[^A-Za-z0-9.@=-]+", "_", ",".join(map(str, kept.scenario.injections)))[:80] or "none"
    digest = hashlib.sha256(msgspec.json.encode((kept.test, kept.scenario))).hexdigest()[:8]
    path = directory / f"{name}-{digest}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(kept)) + b"\n")
    return path


def read_kept(path: Path) -> Kept:
    """Read such a file. Raises UsageError."""
    try:
        with path.open("rb") as stream:
            data = stream.read(_MOST)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", advice=False) from error
    try:
        return msgspec.json.decode(data, type=Kept)
    except msgspec.DecodeError as error:
        raise UsageError(f"{path} keeps no fault: {error}", advice=False) from error
