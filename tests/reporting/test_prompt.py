"""`report` at the prompt: a report of the session that is running."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from .conftest import BSTRACE, TIMEOUT

if TYPE_CHECKING:
    from pathlib import Path


def session(directory: Path, *commands: str) -> tuple[list[str], str]:
    """Run a session in a pipe; return its replies, and standard error."""
    done = subprocess.run(
        [BSTRACE, "--session", str(directory)],
        input="\n".join(commands), capture_output=True, text=True, timeout=TIMEOUT, check=True,
    )  # fmt: skip
    return done.stdout.splitlines(), done.stderr


def test_a_report_of_the_session_so_far(tmp_path: Path) -> None:
    """In the session's directory, or where it is asked for; the reply says what became of it."""
    own, other = tmp_path / "own", tmp_path / "other"
    replies, told = session(
        own, "trace all on", "create 10", "create 5", "exec 5 2 1 2", "report", "report", "crash 5",
        f"report {other} --format md --lang ru", "report --force", "report --format odt",
    )  # fmt: skip
    assert replies[4] == "Ok"
    assert replies[5] == f"Error: {own}/report.trace.txt is there already; --force overwrites it"
    assert replies[7:9] == ["Ok", "Ok"]
    assert replies[9].startswith("Error: there is no format 'odt'")
    for name in ("own/report.html", "own/report.md", "other/report.md", "own/report.trace.txt"):
        assert f"Wrote {tmp_path}/{name}" in told
    assert "crash 5" in (own / "report.md").read_text("utf-8")
    assert "SIGKILL" in (other / "report.md").read_text("utf-8")


def test_a_session_that_traces_nothing(tmp_path: Path) -> None:
    """There is no call to tell of; what the log has is told all the same."""
    replies, _ = session(tmp_path, "create 10", "exec 10 1 5", "report")
    assert replies[2] == "Ok"
    text = (tmp_path / "report.md").read_text("utf-8")
    assert "exec 10 1 5" in text
