"""The yardsticks: what the bare mechanism costs on this machine, now."""

from __future__ import annotations

import multiprocessing
import os
import select
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Self

import zmq

if TYPE_CHECKING:
    from pathlib import Path

_KILLER = """
import os, sys, time
for line in sys.stdin:
    pid = int(line)
    before = time.monotonic_ns()
    os.kill(pid, 9)
    print(before, flush=True)
"""


class Killer:
    """A process of its own that sends SIGKILL, and says when it did (CLOCK_MONOTONIC, nanoseconds)."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _KILLER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def fire(self, pid: int) -> None:
        """Have it kill `pid`."""
        if self._process.stdin is None:
            raise RuntimeError("the killer has no input")
        self._process.stdin.write(f"{pid}\n")
        self._process.stdin.flush()

    def fired_at(self) -> int:
        """Return when it did."""
        if self._process.stdout is None:
            raise RuntimeError("the killer has no output")
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.communicate()


_HOLDER = """
import sys
from bstinspect.linux import ptrace
ptrace.seize(int(sys.argv[1]), 0)
ptrace.interrupt(int(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


class Holder:
    """Makes a node silent: another process stops its main thread with ptrace, of which no parent is told."""

    def __init__(self, pid: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _HOLDER, str(pid)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        if self._process.stdout is None or not self._process.stdout.readline():
            raise RuntimeError(f"process {pid} cannot be held")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.communicate()


def pidfd_poll(killer: Killer, victim: int) -> float:
    """Return seconds from the kill of an unwatched node until a bare poll of its pidfd has returned."""
    pidfd = os.pidfd_open(victim)
    poller = select.poll()
    poller.register(pidfd, select.POLLIN)
    killer.fire(victim)
    poller.poll()
    seen = time.monotonic_ns()
    os.close(pidfd)
    return (seen - killer.fired_at()) / 1e9


def _echo(address: str) -> None:
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.connect(address)
        socket.send(b"hello")
        while (message := socket.recv()) != b"end":
            socket.send(message)


class Hop:
    """Two pyzmq processes, a ROUTER and a DEALER over ipc: half a round trip of theirs is one hop."""

    def __init__(self, directory: Path) -> None:
        """Start the other process."""
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.ROUTER)
        address = f"ipc://{directory}/hop"
        self._socket.bind(address)
        self._process = multiprocessing.get_context("spawn").Process(
            target=_echo, args=(address,), daemon=True
        )
        self._process.start()
        self._peer: bytes = self._socket.recv_multipart()[0]

    def measure(self) -> float:
        """Return the seconds of one hop."""
        before = time.perf_counter()
        self._socket.send_multipart([self._peer, b"x" * 30])
        self._socket.recv_multipart()
        return (time.perf_counter() - before) / 2

    def close(self) -> None:
        """End the other process."""
        self._socket.send_multipart([self._peer, b"end"])
        self._process.join()
        self._socket.close(0)
