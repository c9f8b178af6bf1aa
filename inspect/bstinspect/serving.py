"""Lets `bstrace trace --node ID` in: a socket in the session's directory, served beside the prompt.

A client sends one line of JSON, `TraceRequest`, and gets one, `TraceReply`. Its node is traced for as long
as the connection stays open; the records are in the session's capture.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING, Final

import msgspec

from bstcluster import ClusterError
from bstinspect.errors import InspectError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bstinspect.supervisor import Supervisor

NAME: Final = "trace.sock"
_MOST_LINE: Final = 65536


@contextlib.contextmanager
def short_path(directory: Path) -> Iterator[str]:
    """Give a directory a name that is short enough for a unix socket's path (107 bytes, unix(7)).

    Raises OSError where there is no such directory.
    """
    descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


class TraceRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a client wants traced: the numbers of the calls, null for all."""

    node: int
    calls: tuple[int, ...] | None = None


class TraceReply(msgspec.Struct, frozen=True):
    """The answer: `error` is empty where the node is traced from now on."""

    error: str = ""
    pid: int = 0
    capture: str = ""
    offset: int = 0
    """How long the capture was before: what is wanted comes behind it."""


class TraceServer:
    """The socket of one session."""

    def __init__(self, supervisor: Supervisor, capture: Path) -> None:
        self._supervisor = supervisor
        self._capture = capture
        self._path = capture.with_name(NAME)
        self._server: asyncio.Server | None = None
        self._directory = contextlib.ExitStack()
        """Holds the short name of the directory for as long as the socket is bound by it."""
        self._nodes: set[int] = set()
        """Those that somebody traces, or is about to."""
        self._clients: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen; where that is not possible, nobody can come in, and the session goes on."""
        with contextlib.suppress(OSError):
            directory = self._directory.enter_context(short_path(self._path.parent))
            self._path.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(
                self._serve, f"{directory}/{NAME}", limit=_MOST_LINE
            )
            self._path.chmod(0o600)

    async def close(self) -> None:
        """Send every client away, and remove the socket."""
        if self._server is None:
            return
        self._server.close()
        for client in list(self._clients):
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        self._directory.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._clients.add(task)
        node = None
        try:
            request = msgspec.json.decode(await reader.readline(), type=TraceRequest)
            reply = await self._begin(request)
            node = request.node if not reply.error else None
            writer.write(msgspec.json.encode(reply) + b"\n")
            await writer.drain()
            if node is not None:
                await reader.read(1)  # the end of the connection
        except (msgspec.MsgspecError, ValueError, OSError, asyncio.CancelledError):
            pass
        finally:
            if node is not None:
                if not self._supervisor.traces_all:
                    with contextlib.suppress(InspectError, ClusterError):  # dead, or the session ends
                        await self._supervisor.trace(node, on=False, syscalls=None)
                self._nodes.discard(node)
            writer.close()
            if task is not None:
                self._clients.discard(task)

    async def _begin(self, request: TraceRequest) -> TraceReply:
        try:
            subject = self._supervisor.subject(request.node)
            if subject.traced or request.node in self._nodes:
                return TraceReply(f"node {request.node} is being traced already")
            self._nodes.add(request.node)
            return await self._trace(request, subject.member.pid)
        except (InspectError, ClusterError) as error:
            return TraceReply(f"node {request.node}: {error}")

    async def _trace(self, request: TraceRequest, pid: int) -> TraceReply:
        try:
            self._capture.touch(0o600)
            offset = self._capture.stat().st_size
            await self._supervisor.trace(request.node, on=True, syscalls=request.calls)
        except (InspectError, ClusterError, OSError) as error:
            self._nodes.discard(request.node)
            words = f"{self._capture}: {error.strerror}" if isinstance(error, OSError) else str(error)
            return TraceReply(f"node {request.node}: {words}")
        return TraceReply("", pid, str(self._capture), offset)
