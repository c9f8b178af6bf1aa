"""How a node comes into being: forked by the keeper or by its parent, undone when nobody wants it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING, Final

from bstcluster import processes
from bstcluster.errors import CreateError, ParentUnavailableError
from bstcluster.member import Member
from bstcluster.protocol import Answer, Create, Created, Failed, Forget, identity

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstcluster.background import Background
    from bstcluster.channel import Channel
    from bstcluster.keeping import KeeperProcess

HELLO_LIMIT: Final = 20.0
"""Seconds within which a new process must say hello, on however slow a machine."""
_ROOT_DESCRIPTORS: Final = 3
"""What a root takes of the controller: its connection, its pidfd, and a look into /proc."""


class Maker:
    """Makes nodes. `adopt` is told of each new process as soon as there is one."""

    def __init__(self, channel: Channel, background: Background, adopt: Callable[[Member], None]) -> None:
        self._channel = channel
        self._background = background
        self._adopt = adopt
        self._abandoned: dict[int, Create] = {}

    async def root(self, keeper: KeeperProcess, node: int, life: int) -> Member:
        """Have `keeper` fork the root; return it when it has said hello. Raises CreateError, KeeperError."""
        channel = self._channel
        try:
            processes.ensure_descriptors(_ROOT_DESCRIPTORS)
        except OSError as error:
            raise CreateError(node, f"cannot watch a process: {error.strerror}") from error
        greeting = channel.expect(identity(node, life))
        pid = await self._fork_root(keeper, node, life)
        try:
            member = Member(node, life, pid, processes.start_ticks(pid))
        except (ProcessLookupError, FileNotFoundError) as error:
            raise CreateError(node, "the new process ended before it said hello") from error
        except OSError as error:
            channel.root = None
            os.kill(pid, signal.SIGKILL)
            raise CreateError(node, f"cannot watch process {pid}: {error.strerror}") from error
        self._adopt(member)
        member.until_dead(greeting)
        try:
            async with asyncio.timeout(HELLO_LIMIT):
                await greeting
        except BaseException as error:
            member.signal(signal.SIGKILL)
            channel.root = None
            if isinstance(error, TimeoutError):
                raise CreateError(node, "the new process does not say hello") from error
            if isinstance(error, ProcessLookupError):
                raise CreateError(node, "the new process ended before it said hello") from error
            raise
        return member

    async def _fork_root(self, keeper: KeeperProcess, node: int, life: int) -> int:
        """Have the keeper fork; whoever is cancelled while it does leaves no process behind."""
        forking = self._background.start(keeper.fork_root(node, life))
        try:
            return await asyncio.shield(forking)
        except asyncio.CancelledError:
            self._channel.root = None
            forking.add_done_callback(_put_down)
            raise

    async def below(self, parent: int, node: int, life: int, limit: float) -> Member:
        """Have the node `parent` fork a child; return it when it has said hello.

        `limit`: seconds of silence after which `parent` is doubted. Raises CreateError,
        ParentUnavailableError.
        """
        channel = self._channel
        accept_by = time.monotonic_ns() + int(limit * 1e9)
        request = Create(channel.number(), parent, accept_by, node, life)
        self._abandoned[request.request] = request  # until it is answered: this task may be cancelled
        try:
            async with asyncio.timeout(HELLO_LIMIT):
                answer = await channel.ask(request, limit)
        except TimeoutError as error:
            raise CreateError(node, "the new process does not say hello") from error
        if isinstance(answer, Created | Failed):
            self._abandoned.pop(request.request, None)
        if isinstance(answer, Failed):
            raise CreateError(node, answer.reason)
        if not isinstance(answer, Created):
            raise ParentUnavailableError(node)
        try:
            member = Member(node, life, answer.pid, answer.born)
        except ProcessLookupError as error:
            await self.forget(parent, node, life, limit)
            raise CreateError(node, "the new process ended at once") from error
        except OSError as error:  # no descriptor left for its pidfd
            os.kill(answer.pid, signal.SIGKILL)
            await self.forget(parent, node, life, limit)
            raise CreateError(node, f"cannot watch process {answer.pid}: {error.strerror}") from error
        self._adopt(member)
        return member

    async def forget(self, parent: int, node: int, life: int, limit: float) -> None:
        """Have `parent` reap its dead child, and free the place."""
        await self._channel.ask(Forget(self._channel.number(), parent, node, life), limit)

    def came_late(self, answer: Answer) -> None:
        """Undo a node that came to life after its `create` was answered with an error."""
        create = self._abandoned.pop(answer.request, None)
        if create is None or not isinstance(answer, Created):
            return
        try:
            member = Member(create.child, create.life, answer.pid, answer.born)
            member.signal(signal.SIGKILL)
            member.close()
        except ProcessLookupError:
            return
        except OSError:  # no descriptor left for its pidfd
            os.kill(answer.pid, signal.SIGKILL)
        self._background.start(self.forget(create.target, create.child, create.life, HELLO_LIMIT))


def _put_down(forking: asyncio.Task[int]) -> None:
    """End a root that nobody waits for any more."""
    if not forking.cancelled() and forking.exception() is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(forking.result(), signal.SIGKILL)
