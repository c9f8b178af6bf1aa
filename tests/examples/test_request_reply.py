"""The servers and clients: both ends are in one capture, from their first call to their last."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from bstinspect.capture.file import CaptureReader
from bstinspect.decode.architecture import native_numbers
from bstinspect.records import Attached, Exited, Lost, SyscallEntry

if TYPE_CHECKING:
    from bstinspect.records import AnyRecord

BSTRACE: Final = str(Path(sys.executable).with_name("bstrace"))
RUN: Final = Path(__file__).parents[2] / "examples" / "request_reply" / "run.sh"
SAID: Final = ["hello -> HELLO", "how are you -> HOW ARE YOU", "quit -> bye"]


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def run(command: list[str], port: int, kind: str) -> subprocess.CompletedProcess[str]:
    """Run a pair, behind `command`."""
    return subprocess.run(
        [*command, str(RUN), kind, str(port)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHON": sys.executable},
    )


def recorded(path: Path) -> list[AnyRecord]:
    """Read a capture, of which nothing may be missing."""
    reader = CaptureReader(str(path))
    found = list(reader.available())
    assert reader.rest == 0
    reader.close()
    return found


@pytest.mark.parametrize("kind", ["", "plain_"], ids=["zmq", "plain"])
def test_a_pair_in_one_capture(tmp_path: Path, kind: str) -> None:
    """Whoever was attached to has ended; both ends of the connection are there."""
    path, port = tmp_path / "pair.bst", free_port()
    done = run([BSTRACE, "trace", "-f", "--record", str(path), "--"], port, kind)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.removeprefix("client: ") for line in lines if line.startswith("client: ")] == SAID
    assert [line for line in lines if line.startswith("server: ")] == [
        f"server: waiting on port {port}", "server: got hello", "server: got how are you", "server: got quit",
    ]  # fmt: skip
    records = recorded(path)
    assert not [each for each in records if isinstance(each, Lost)]
    begun = {each.pid for each in records if isinstance(each, Attached)}
    assert {each.tid for each in records if isinstance(each, Exited) and each.tid == each.pid} == begun
    address = b"\2\0" + port.to_bytes(2, "big")  # sockaddr_in: AF_INET, and the port
    calls: dict[int, set[int]] = {}
    for each in records:
        if isinstance(each, SyscallEntry) and any(block.data.startswith(address) for block in each.memory):
            calls.setdefault(each.number, set()).add(each.pid)
    number = native_numbers()
    (server,), (client,) = calls[number["bind"]], calls[number["connect"]]
    assert server != client


@pytest.mark.parametrize("kind", ["", "plain_"], ids=["zmq", "plain"])
def test_a_port_that_is_taken(kind: str) -> None:
    """The server fails, and its client does not wait for ever."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run([], int(taken.getsockname()[1]), kind)
    assert done.returncode != 0
    assert "in use" in done.stderr
