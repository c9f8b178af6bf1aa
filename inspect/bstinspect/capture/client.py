"""The supervisor's handle of a tracer process, for asyncio.

The tracer is started by posix_spawn or vfork (never a plain fork: the host may have threads), watched by its
pidfd, and reaped by its exact pid: nothing here touches SIGCHLD or other children of the host.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.capture.protocol import (
    HELLO,
    MAX_MESSAGE,
    Arm,
    Done,
    Heartbeat,
    Release,
    Reply,
    Request,
    Seize,
    Trace,
)
from bstinspect.errors import TracerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bstinspect.faults.address import Address
    from bstinspect.records import Record

_PROGRAM: Final = "from bstinspect.capture.tracer import main; main()"
_START_TIMEOUT: Final = 10.0
_POLITE: Final = 1.0
"""Seconds that `close` gives the tracer to let everything go."""


class RefusedError(TracerError):
    """The tracer answered that a request failed; `errno` is the kernel's, or 0."""

    def __init__(self, message: str, errno: int) -> None:
        super().__init__(message)
        self.errno = errno


class Tracer:
    """A running tracer process. Use `start`; every method belongs to the loop that started it."""

    def __init__(
        self, process: subprocess.Popen[bytes], control: socket.socket, on_event: Callable[[Record], None]
    ) -> None:
        self._process = process
        self._control = control
        self._on_event = on_event
        self._loop = asyncio.get_running_loop()
        self._decoder = msgspec.msgpack.Decoder(Reply)
        self._encode = msgspec.msgpack.Encoder().encode
        self._pending: dict[int, asyncio.Future[Done]] = {}
        self._number = HELLO
        self.closed: asyncio.Future[int] = self._loop.create_future()
        """Resolves to the tracer's return code (as `subprocess` has it) when its process is gone."""
        self._pidfd = os.pidfd_open(process.pid)
        self._loop.add_reader(self._pidfd, self._ended)
        self._loop.add_reader(control, self._readable)

    @classmethod
    async def start(cls, capture_path: str, on_event: Callable[[Record], None], cpu: int = -1) -> Tracer:
        """Start a tracer that writes `capture_path`; `on_event` gets each record but the syscalls'.

        `cpu`: where it would rather trace; -1 for any. The tracer dies with the thread that calls this.
        Raises TracerError.
        """
        try:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        except OSError as error:
            raise TracerError(f"the tracer cannot be started: {error.strerror}") from error
        ours.setblocking(False)  # noqa: FBT003 - the name of the parameter is not to be given
        with theirs:
            descriptor = theirs.fileno()
            arguments = [str(descriptor), str(os.getpid()), capture_path, str(cpu)]
            try:
                process = subprocess.Popen(  # noqa: ASYNC220 - a vfork; it returns at once
                    [sys.executable, "-P", "-c", _PROGRAM, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,  # nobody shall wait for the end of our host's output
                    pass_fds=(descriptor,),
                    start_new_session=True,
                )
            except OSError as error:
                ours.close()
                raise TracerError(f"the tracer cannot be started: {error}") from error
        try:
            tracer = cls(process, ours, on_event)
        except OSError as error:  # no descriptor for its pidfd
            ours.close()
            process.kill()
            process.wait()
            raise TracerError(f"the tracer cannot be watched: {error.strerror}") from error
        hello = tracer._expect(HELLO)
        try:
            async with asyncio.timeout(_START_TIMEOUT):
                await hello
        except TimeoutError:
            await tracer.close()
            raise TracerError("the tracer does not start") from None
        except BaseException:
            await tracer.close()
            raise
        return tracer

    @property
    def pid(self) -> int:
        """The tracer's process id."""
        return self._process.pid

    async def seize(self, pid: int) -> None:
        """Attach to a process. Raises RefusedError (EPERM: the message says who traces it), TracerError."""
        await self._ask(Seize(self._next(), pid))

    async def release(self, pid: int) -> None:
        """Let a process go; it runs on, or stays stopped. Raises RefusedError, TracerError."""
        await self._ask(Release(self._next(), pid))

    async def trace(
        self, pid: int, *, on: bool, syscalls: Iterable[int] | None = None, follow: bool = False
    ) -> None:
        """Switch a process's syscall tracing; `syscalls` are the numbers to record, None for all.

        Raises RefusedError, TracerError.
        """
        numbers = None if syscalls is None else tuple(syscalls)
        await self._ask(Trace(self._next(), pid, on, numbers, follow))

    async def arm(self, pid: int, at: Address | None) -> None:
        """Have a process killed at a crash point, counted from now on; None: no longer.

        Raises RefusedError, TracerError.
        """
        await self._ask(Arm(self._next(), pid, at))

    async def heartbeat(self, timeout: float) -> bool:  # noqa: ASYNC109 - a plain answer, not an exception
        """Say whether the tracer answers within `timeout` seconds."""
        try:
            # Not wait_for, which swallows a cancellation that comes together with the answer (Python 3.11).
            async with asyncio.timeout(timeout):
                await self._ask(Heartbeat(self._next()))
        except (TimeoutError, TracerError):
            return False
        return True

    def kill(self) -> None:
        """Send SIGKILL; `closed` tells when it is gone. Its tracees run on."""
        if self._pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    async def close(self) -> None:
        """Have the tracer let everything go and end; SIGKILL after a second."""
        self._hang_up()
        with contextlib.suppress(ProcessLookupError):
            if self._pidfd >= 0:
                signal.pidfd_send_signal(self._pidfd, signal.SIGCONT)  # a stopped one could not be polite
        try:
            async with asyncio.timeout(_POLITE):
                await asyncio.shield(self.closed)
        except TimeoutError:
            self.kill()
            await asyncio.shield(self.closed)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _expect(self, number: int) -> asyncio.Future[Done]:
        future: asyncio.Future[Done] = self._loop.create_future()
        self._pending[number] = future
        return future

    async def _ask(self, request: Request) -> None:
        if self.closed.done() or self._control.fileno() < 0:
            raise TracerError("the tracer is gone")
        answer = self._expect(request.request)
        try:
            self._control.send(self._encode(request))
            done = await answer
        except OSError as error:  # full: it hangs; broken: it is gone
            raise TracerError(f"the tracer does not listen: {error.strerror}") from error
        finally:
            self._pending.pop(request.request, None)
        if not done.ok:
            raise RefusedError(done.message, done.errno)

    def _readable(self) -> None:
        for _ in range(256):
            try:
                data = self._control.recv(MAX_MESSAGE)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._hang_up()
                return
            message = self._decoder.decode(data)
            if isinstance(message, Done):
                future = self._pending.pop(message.request, None)
                if future is not None and not future.done():
                    future.set_result(message)
            else:
                self._on_event(message)

    def _hang_up(self) -> None:
        if self._control.fileno() >= 0:
            self._loop.remove_reader(self._control)
            self._control.close()

    def _ended(self) -> None:
        """The pidfd is readable: take what the tracer still said, reap it, and fail whoever waits."""
        if self._control.fileno() >= 0:
            self._readable()
        self._hang_up()
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._pidfd = -1
        code = self._process.wait()
        pending, self._pending = self._pending, {}
        for future in pending.values():
            if not future.done():
                future.set_exception(TracerError("the tracer is gone"))
        if not self.closed.done():
            self.closed.set_result(code)
