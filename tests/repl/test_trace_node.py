"""`bstrace trace --node ID`: a node of a running session, through the session's own tracer."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from .conftest import COMMAND, TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .conftest import Piped


class Tracing:
    """A running `bstrace trace`, whose standard error is read line by line."""

    def __init__(self, *arguments: str, env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [COMMAND, "trace", *arguments],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(env or {})},
        )

    def line(self, word: str) -> str:
        """Wait for a line with `word` in it."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if word in line:
                return line.rstrip("\n")
        raise AssertionError(f"no line with {word!r}")

    def end(self) -> int:
        """Wait for its end; return its status."""
        return self.process.wait(TIMEOUT)


@pytest.fixture
def tracing() -> Iterator[Callable[..., Tracing]]:
    """Return what starts a tracing; each is put down in the end."""
    begun: list[Tracing] = []

    def begin(*arguments: str, env: dict[str, str] | None = None) -> Tracing:
        begun.append(Tracing(*arguments, env=env))
        return begun[-1]

    yield begin
    for each in begun:
        each.process.kill()
        each.process.wait()
        if each.process.stderr is not None:
            each.process.stderr.close()


def test_messages_of_a_node(
    piped: Callable[..., Piped], tracing: Callable[..., Tracing], tmp_path: Path
) -> None:
    """Its calls are shown while it is watched, with the cluster's messages behind them."""
    session = piped("--session", str(tmp_path))
    pid = int(session.type("create 10").split()[1])
    trace = tracing("--node", "10", "--session", str(tmp_path), "--zmtp", "-e", "trace=sendto,recvfrom")
    assert trace.line("attached") == f"bstrace: Process {pid} (node 10) attached"
    assert session.type("exec 10 2 1 2") == "Ok:10: 3"
    assert "/* zmtp: exec #" in trace.line("zmtp: exec ")
    assert "/* zmtp: exec-reply #" in trace.line("zmtp: exec-reply")
    trace.process.send_signal(signal.SIGINT)
    assert trace.line("detached") == f"bstrace: Process {pid} detached"
    assert trace.end() == -signal.SIGINT
    assert session.type("exec 10 1 7") == "Ok:10: 7"
    assert session.end() == 0


def test_the_death_of_the_node_ends_it(
    piped: Callable[..., Piped], tracing: Callable[..., Tracing], tmp_path: Path
) -> None:
    """Kill -9 shows as strace shows it, and the session says so as ever."""
    session = piped("--session", str(tmp_path))
    pid = int(session.type("create 10").split()[1])
    trace = tracing("--node", "10", "--session", str(tmp_path), "-f")
    trace.line("attached")
    os.kill(pid, signal.SIGKILL)
    assert trace.line("+++ killed by SIGKILL +++")
    assert trace.end() == 0
    assert "killed by SIGKILL" in session.error("node 10")
    assert session.end() == 0


def test_two_at_once_and_the_end_of_the_session(
    piped: Callable[..., Piped], tracing: Callable[..., Tracing], tmp_path: Path
) -> None:
    """A node is traced once; a session that ends ends its clients."""
    session = piped("--session", str(tmp_path))
    session.type("create 10")
    first = tracing("--node", "10", "--session", str(tmp_path))
    first.line("attached")
    second = tracing("--node", "10", "--session", str(tmp_path))
    assert second.line("traced") == "bstrace: node 10 is being traced already"
    assert second.end() == 1
    assert session.end() == 0
    assert first.end() == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--node", "11"], "11"),
        (["--node", "10", "-k"], "-k/--stack-traces cannot be used with --node"),
        (["--node", "10", "-e", "inject=read:error=EIO"], "-e inject= cannot be used with --node"),
    ],
)
def test_what_cannot_be(
    piped: Callable[..., Piped],
    tracing: Callable[..., Tracing],
    tmp_path: Path,
    options: list[str],
    words: str,
) -> None:
    """No such node; what needs the stop itself."""
    session = piped("--session", str(tmp_path))
    session.type("create 10")
    trace = tracing(*options, "--session", str(tmp_path))
    assert words in trace.line("bstrace: ")
    assert trace.end() in (1, 2)
    assert session.end() == 0


def test_no_session(tracing: Callable[..., Tracing], tmp_path: Path) -> None:
    """Where no session is running, one line says where it was looked for."""
    trace = tracing("--node", "10", env={"XDG_STATE_HOME": str(tmp_path)})
    assert f"no session is running below {tmp_path}" in trace.line("no session")
    assert trace.end() == 1


def test_the_newest_session(
    piped: Callable[..., Piped],
    tracing: Callable[..., Tracing],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Without --session it is the newest one that runs."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    session = piped()
    session.type("create 10")
    trace = tracing("--node", "10", "-e", "trace=sendto")
    trace.line("attached")
    assert session.type("exec 10 1 5") == "Ok:10: 5"
    assert trace.line("sendto(")
    assert session.end() == 0
    assert trace.end() == 0


def test_all_are_traced_beside_it(
    piped: Callable[..., Piped], tracing: Callable[..., Tracing], tmp_path: Path
) -> None:
    """A client that leaves takes nothing from `trace all`; replay shows what a node did from its birth on."""
    session = piped("--session", str(tmp_path))
    session.type("create 10")
    trace = tracing("--node", "10", "--session", str(tmp_path))
    trace.line("attached")
    assert session.type("trace all on") == "Ok"
    trace.process.send_signal(signal.SIGINT)
    assert trace.end() == -signal.SIGINT
    pid = int(session.type("create 5").split()[1])
    assert session.type("ps") == "Ok"
    assert session.error("10 ").split()[-2] == "traced"
    assert session.end() == 0
    shown = subprocess.run(
        [COMMAND, "replay", str(tmp_path), "-e", "trace=bind"], capture_output=True, text=True, check=True
    ).stdout
    assert f"[pid {pid}] bind(" in shown.replace("  ", " ")
