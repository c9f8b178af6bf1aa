"""What is reported on: the assignment's demonstration, run once; and the command that reports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final, Protocol

import pytest

BSTRACE: Final = str(Path(sys.executable).with_name("bstrace"))
EXAMPLES: Final = Path(__file__).parents[2] / "examples"
TIMEOUT: Final = 100


class Report(Protocol):
    """The fixture `report`."""

    def __call__(
        self, *arguments: str | Path, status: int = 0, before: tuple[str, ...] = (), cwd: Path | None = None
    ) -> tuple[list[str], str]:
        """Run `bstrace report`; return the lines of standard output, and standard error."""


@pytest.fixture
def report() -> Report:
    """Return what runs the command to its end, with `before` in front of it."""

    def run(
        *arguments: str | Path, status: int = 0, before: tuple[str, ...] = (), cwd: Path | None = None
    ) -> tuple[list[str], str]:
        command = [*before, BSTRACE, "report", *map(str, arguments)]
        environment = {**os.environ, "COLUMNS": "100"}
        done = subprocess.run(
            command, capture_output=True, timeout=TIMEOUT, check=False, cwd=cwd, env=environment,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == status, (done.stdout, done.stderr)
        assert b"Traceback" not in done.stderr
        return done.stdout.decode().splitlines(), done.stderr.decode()

    return run


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a session that was the demonstration."""
    directory = tmp_path_factory.mktemp("demonstration") / "session"
    command = [BSTRACE, "--session", str(directory), "-f", str(EXAMPLES / "demonstration.txt")]
    subprocess.run(command, capture_output=True, timeout=TIMEOUT, check=True)
    return directory


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a capture of a program that is none of ours."""
    capture = tmp_path_factory.mktemp("recorded") / "echo.bst"
    command = [BSTRACE, "trace", "-f", "--record", str(capture), "sh", "-c", "echo hello; ls / >/dev/null"]
    subprocess.run(command, capture_output=True, timeout=TIMEOUT, check=True)
    return capture
