"""One node as the controller knows it: its process, its state, and what can be done to it by signal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from enum import Enum
from typing import TYPE_CHECKING, Any

from bstcluster import processes

if TYPE_CHECKING:
    from collections.abc import Callable


class State(Enum):
    """What the kernel has told of a node's process."""

    RUNNING = "running"
    STOPPED = "stopped"
    DEAD = "dead"


class Member:
    """A node of the tree. It holds a pidfd, so a signal can never reach a later owner of the pid."""

    def __init__(self, node: int, life: int, pid: int, born: int) -> None:
        """Open the process. Raises ProcessLookupError when it is gone, OSError when it cannot be seen."""
        self.node = node
        self.life = life
        self.pid = pid
        self.state = State.RUNNING
        self.status: int | None = None
        """Wait status (wait(2)) once its parent has reaped it; None while alive or unknown."""
        self.stop_signal = 0
        """The signal that stopped it last."""
        self.died_at: int | None = None
        """CLOCK_MONOTONIC nanoseconds."""
        self.changed = asyncio.Event()
        """Set, and replaced by a new one, at every change of `state` or `status`."""
        self._on_end: list[Callable[[], None]] = []
        self._pidfd: int | None = os.pidfd_open(pid)
        try:
            same = processes.start_ticks(pid) == born
        except (FileNotFoundError, ProcessLookupError):
            same = False
        except OSError:  # no descriptor left to look: it may well be alive
            self.close()
            raise
        if not same:
            self.close()
            raise ProcessLookupError(f"process {pid} is gone")

    def watch(self, on_death: Callable[[Member], None]) -> None:
        """Call `on_death` in the running event loop as soon as the process is dead."""
        asyncio.get_running_loop().add_reader(self._descriptor(), self._died, on_death)

    def until_dead(self, future: asyncio.Future[Any]) -> None:
        """Fail `future` with ProcessLookupError should the process die before it is done."""

        def check() -> None:
            if not future.done():
                future.set_exception(ProcessLookupError(f"process {self.pid} is gone"))

        self._on_end.append(check)

    def signal(self, number: signal.Signals) -> None:
        """Signal the process; a dead one needs none. Raises PermissionError as kill(2) does."""
        if self.state is not State.DEAD:
            with contextlib.suppress(ProcessLookupError):  # its pidfd is about to say so
                signal.pidfd_send_signal(self._descriptor(), number)

    def become(self, state: State) -> None:
        """Record a new state and wake who waits for it."""
        if self.state is not State.DEAD:
            self.state = state
        self._wake()

    def reaped(self, status: int) -> None:
        """Record the wait status."""
        self.status = status
        self._wake()

    async def until(self, reached: Callable[[Member], bool], limit: float) -> bool:
        """Wait until `reached` holds, at most `limit` seconds; return whether it does."""
        try:
            async with asyncio.timeout(limit):
                while not reached(self):
                    await self.changed.wait()
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        """Let the pidfd go."""
        if self._pidfd is not None:
            if self.state is not State.DEAD:
                with contextlib.suppress(RuntimeError):  # no loop runs, so none watches
                    asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = None

    def _descriptor(self) -> int:
        if self._pidfd is None:
            raise ProcessLookupError(f"process {self.pid} is gone")
        return self._pidfd

    def _died(self, on_death: Callable[[Member], None]) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor())
        self.died_at = time.monotonic_ns()
        self.become(State.DEAD)
        self.close()
        for callback in self._on_end:
            callback()
        on_death(self)

    def _wake(self) -> None:
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()
