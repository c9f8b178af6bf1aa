"""The controller's side of the keeper: start it, ask it, notice its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec

from bstcluster.errors import KeeperError
from bstcluster.protocol import (
    ChildContinued,
    ChildExited,
    ChildNotice,
    ChildStopped,
    Failed,
    Forked,
    ForkRoot,
    KeeperRequest,
    Reap,
    Reaped,
    decode_keeper_reply,
    encode,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PACKET = 1 << 20
ANSWER_LIMIT = 5.0
"""Seconds within which a keeper must answer: it only ever forks and reaps."""


class KeeperProcess:
    """A running keeper. `gone` is resolved when it has ended, for whatever reason."""

    def __init__(
        self, directory: Path, tracer_ancestor: int, on_child: Callable[[ChildNotice], None]
    ) -> None:
        """Start the process. `on_child` is told what happens to the keeper's children."""
        self._loop = asyncio.get_running_loop()
        self._on_child = on_child
        self._waiting: dict[int, asyncio.Future[Forked | Reaped | Failed]] = {}
        self._numbers = 0
        self.gone: asyncio.Future[None] = self._loop.create_future()
        try:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        except OSError as error:
            raise KeeperError(f"cannot start the keeper: {error.strerror}") from error
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [
                        sys.executable,
                        "-P",  # the current directory may hold a folder called inspect
                        "-m",
                        "bstcluster.keeper",
                        str(theirs.fileno()),
                        str(os.getpid()),
                        str(directory),
                        str(tracer_ancestor),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    # A group of its own keeps the terminal's signals away. In the controller's session it is
                    # no orphaned group; when both end it becomes one, and the kernel wakes its stopped
                    # members (SIGHUP, SIGCONT; setpgid(2), exit(3p)): a stopped node is not left behind.
                    process_group=0,
                )
            except OSError as error:
                ours.close()
                raise KeeperError(f"cannot start the keeper: {error.strerror}") from error
        self.pid = self._process.pid
        ours.settimeout(0)
        self._socket = ours
        try:
            self._pidfd = os.pidfd_open(self.pid)
        except OSError as error:
            ours.close()
            self._process.kill()
            self._process.wait()
            raise KeeperError(f"cannot watch the keeper: {error.strerror}") from error
        self._loop.add_reader(ours, self._receive)
        self._loop.add_reader(self._pidfd, self._ended)

    async def fork_root(self, node: int, life: int) -> int:
        """Fork the root node; return its pid. Raises KeeperError."""
        answer = await self._ask(ForkRoot(self._next(), node, life))
        if isinstance(answer, Forked):
            return answer.pid
        raise KeeperError(answer.reason if isinstance(answer, Failed) else "the keeper gave a wrong answer")

    async def reap(self, pids: list[int]) -> None:
        """Return when none of `pids` is a child of the keeper, a zombie included. Raises KeeperError."""
        await self._ask(Reap(self._next(), pids))

    async def close(self, limit: float) -> None:
        """Have it kill every node and sweep up; after `limit` seconds it is killed itself."""
        if not self.gone.done():
            self._loop.remove_reader(self._socket)
            self._socket.close()
            signal.pidfd_send_signal(self._pidfd, signal.SIGCONT)  # lest a stopped one leave everything
            await asyncio.wait([self.gone], timeout=limit)
            if not self.gone.done():
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
                await self.gone
        for future in self._waiting.values():
            future.cancel()

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers

    async def _ask(self, request: KeeperRequest) -> Forked | Reaped | Failed:
        if self.gone.done():
            raise KeeperError("the keeper is gone")
        future: asyncio.Future[Forked | Reaped | Failed] = self._loop.create_future()
        self._waiting[request.request] = future
        try:
            async with asyncio.timeout(ANSWER_LIMIT):
                await self._loop.sock_sendall(self._socket, encode(request))
                return await future
        except TimeoutError as error:
            raise KeeperError(f"the keeper (pid {self.pid}) does not answer") from error
        except OSError as error:
            raise KeeperError(f"the keeper is gone: {error.strerror}") from error
        finally:
            del self._waiting[request.request]

    def _receive(self) -> None:
        while True:
            try:
                packet = self._socket.recv(_PACKET)
            except BlockingIOError:
                return
            except ConnectionResetError:
                packet = b""
            if not packet:
                self._loop.remove_reader(self._socket)
                return
            with contextlib.suppress(msgspec.MsgspecError):
                self._dispatch(packet)

    def _dispatch(self, packet: bytes) -> None:
        message = decode_keeper_reply(packet)
        if isinstance(message, ChildExited | ChildStopped | ChildContinued):
            self._on_child(message)
            return
        future = self._waiting.get(message.request)
        if future is not None and not future.done():
            future.set_result(message)

    def _ended(self) -> None:
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        if self._socket.fileno() >= 0:
            self._receive()  # its last words
            self._loop.remove_reader(self._socket)
            self._socket.close()
        self._process.wait()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(KeeperError("the keeper is gone"))
        self.gone.set_result(None)
