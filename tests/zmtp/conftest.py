"""Real ZeroMQ sockets with a tap between them: every byte, as the calls of both sides moved it."""

from __future__ import annotations

import itertools
import socket
import threading
from typing import TYPE_CHECKING, NamedTuple

import pytest
import zmq

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Endpoint = str
    Talk = Callable[[zmq.Socket[bytes], zmq.Socket[bytes]], None]

TIMEOUT = 10.0


class Tapped(NamedTuple):
    """What two sockets said to each other, in the pieces in which it came."""

    up: list[bytes]
    """From the socket that connected."""
    down: list[bytes]
    """From the socket that was bound."""


def pump(source: socket.socket, sink: socket.socket, log: list[bytes]) -> None:
    """Pass bytes on, and note them, until either end is gone."""
    try:
        while data := source.recv(65536):
            log.append(data)
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return  # an end closed the connection: that is how these talks end


class Tap:
    """Makes pairs of sockets that talk through it, over ``ipc`` or ``tcp``."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._names = itertools.count()

    def __call__(self, transport: str, up: zmq.Socket[bytes], down: zmq.Socket[bytes], talk: Talk) -> Tapped:
        """Bind `down`, connect `up`, have them `talk`, close them; return what they said."""
        tapped = Tapped([], [])
        with self._listen(transport) as listener:
            address = self._bind(transport, down)
            up.connect(self._endpoint(transport, listener))
            client, _ = listener.accept()
        kind = socket.AF_UNIX if transport == "ipc" else socket.AF_INET
        with client, socket.socket(kind) as server:
            client.settimeout(TIMEOUT)
            server.settimeout(TIMEOUT)
            server.connect(address)
            threads = [
                threading.Thread(target=pump, args=(client, server, tapped.up)),
                threading.Thread(target=pump, args=(server, client, tapped.down)),
            ]
            for thread in threads:
                thread.start()
            talk(up, down)
            up.close(0)
            down.close(0)
            for thread in threads:
                thread.join()
        return tapped

    def _path(self) -> str:
        return str(self._directory / f"s{next(self._names)}")

    def _listen(self, transport: str) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX if transport == "ipc" else socket.AF_INET)
        listener.bind(self._path() if transport == "ipc" else ("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(TIMEOUT)
        return listener

    def _bind(self, transport: str, bound: zmq.Socket[bytes]) -> str | tuple[str, int]:
        if transport == "tcp":
            return "127.0.0.1", bound.bind_to_random_port("tcp://127.0.0.1")
        path = self._path()
        bound.bind(f"ipc://{path}")
        return path

    @staticmethod
    def _endpoint(transport: str, listener: socket.socket) -> Endpoint:
        name = listener.getsockname()
        return f"ipc://{name}" if transport == "ipc" else f"tcp://127.0.0.1:{name[1]}"


@pytest.fixture
def tap(tmp_path: Path) -> Tap:
    """Return a tap whose socket files are in the test's own directory."""
    return Tap(tmp_path)


@pytest.fixture
def sockets() -> Iterator[Callable[[int], zmq.Socket[bytes]]]:
    """Return a function that makes sockets; all of them are closed after the test."""
    context = zmq.Context()

    def make(kind: int) -> zmq.Socket[bytes]:
        made: zmq.Socket[bytes] = context.socket(kind)
        made.setsockopt(zmq.LINGER, 0)
        made.setsockopt(zmq.RCVTIMEO, int(TIMEOUT * 1000))
        made.setsockopt(zmq.SNDTIMEO, int(TIMEOUT * 1000))
        return made

    yield make
    context.destroy(0)


@pytest.fixture
def speak(tmp_path: Path) -> Callable[[zmq.Socket[bytes]], socket.socket]:
    """Return a function that binds a ZeroMQ socket and connects a plain one to it: the caller closes that."""
    tap = Tap(tmp_path)

    def connect(bound: zmq.Socket[bytes]) -> socket.socket:
        plain = socket.socket(socket.AF_UNIX)
        plain.settimeout(TIMEOUT)
        plain.connect(tap._bind("ipc", bound))
        return plain

    return connect
