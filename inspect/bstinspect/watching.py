"""Keeps a tracer alive: one that dies, is stopped or hangs is replaced, and its nodes seized again.

A tracer that hangs makes its tracees unkillable (their exit stops wait for it), so it is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bstinspect.capture.client import RefusedError, Tracer
from bstinspect.errors import InspectError, TracerError
from bstinspect.linux import proc

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bstinspect.faults.address import Address
    from bstinspect.records import Record

LOOK_EVERY: Final = 0.2
"""Seconds between two looks at the tracer."""
ANSWER_WITHIN: Final = 0.3
"""Seconds within which a tracer must give a sign of life."""
REPLACEMENTS: Final = 5
REPLACEMENT_SPAN: Final = 20.0
"""So many replacements within so many seconds, and no further tracer is started."""
SURRENDER: Final = "tracers keep failing"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A process that the tracer has to follow, and how."""

    pid: int
    traced: bool
    syscalls: tuple[int, ...] | None
    follow: bool = False
    """What it forks is traced as well, from birth."""
    armed: Address | None = None
    """The crash point at which it is to be killed."""


class TracerKeeper:
    """Starts the tracer when it is first needed, and another one when it fails."""

    def __init__(
        self,
        capture: Path | None,
        on_event: Callable[[Record], None],
        wanted: Callable[[], list[Wanted]],
        on_refused: Callable[[int, str], None],
        notify: Callable[[str], None],
        *,
        number: int = 0,
    ) -> None:
        """`wanted` lists what a new tracer has to follow; `on_refused` is told which it cannot, and why.

        Keepers with different `number` have their tracers trace on different CPUs, as far as there are.
        """
        self._capture = os.devnull if capture is None else str(capture)
        self._on_event = on_event
        self._wanted = wanted
        self._on_refused = on_refused
        self._notify = notify
        self._number = number
        self._tracer: Tracer | None = None
        self._starting = asyncio.Lock()
        self._guard: asyncio.Task[None] | None = None
        self._losses: deque[float] = deque(maxlen=REPLACEMENTS)
        self.gave_up = False
        """True when tracers kept failing and no further one is started."""

    @property
    def replacing(self) -> bool:
        """True while a guard stands by to replace a tracer that fails."""
        return self._guard is not None and not self._guard.done() and not self.gave_up

    @property
    def pid(self) -> int | None:
        """The tracer's process, or None."""
        return None if self._tracer is None else self._tracer.pid

    async def start(self) -> Tracer:
        """Start the tracer if there is none. Raises TracerError."""
        async with self._starting:
            if self.gave_up:
                raise TracerError(SURRENDER)
            if self._tracer is None:
                self._tracer = await Tracer.start(self._capture, self._on_event, self._cpu())
                if self._guard is None:
                    self._guard = asyncio.get_running_loop().create_task(self._look())
            return self._tracer

    async def seize(self, pid: int) -> str:
        """Attach to a process; return why that was refused, empty where it was not. Raises TracerError."""
        tracer = await self.start()
        try:
            await tracer.seize(pid)
        except RefusedError as error:
            return str(error)
        return ""

    async def release(self, pid: int) -> None:
        """Let a process go. Raises TracerError."""
        if self._tracer is not None:
            await self._tracer.release(pid)

    async def trace(self, pid: int, *, on: bool, syscalls: tuple[int, ...] | None, follow: bool) -> None:
        """Switch syscall tracing of a process. Raises TracerError when that is refused."""
        tracer = await self.start()
        await tracer.trace(pid, on=on, syscalls=syscalls, follow=follow)

    async def arm(self, pid: int, at: Address | None) -> None:
        """Have a process killed at a crash point; None: no longer. Raises TracerError when refused."""
        tracer = await self.start()
        await tracer.arm(pid, at)

    async def close(self) -> None:
        """End the tracer; it lets its tracees go first."""
        if self._guard is not None:
            self._guard.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._guard
        tracer, self._tracer = self._tracer, None
        if tracer is not None:
            await tracer.close()

    async def _look(self) -> None:
        """Watch the tracer for ever; it is replaced where it fails."""
        while True:
            tracer = self._tracer
            if tracer is None:
                return
            await asyncio.wait([tracer.closed], timeout=LOOK_EVERY)
            trouble = await self._trouble(tracer)
            if trouble:
                await self._replace(tracer, trouble)

    def _cpu(self) -> int:
        """Return on which CPU to trace; other sessions, with other pids, begin to count elsewhere."""
        allowed = sorted(os.sched_getaffinity(0))
        return allowed[(os.getpid() + self._number) % len(allowed)]

    @staticmethod
    async def _trouble(tracer: Tracer) -> str:
        """Say what is wrong with the tracer; empty where nothing is."""
        if tracer.closed.done():
            return "died"
        state = proc.stat(tracer.pid)
        if state is not None and state.state == "T":
            return "was stopped"
        for _ in range(2):  # once may be our own event loop that was busy
            if await tracer.heartbeat(ANSWER_WITHIN):
                return ""
        return "does not answer"

    async def _replace(self, tracer: Tracer, trouble: str) -> None:
        """Put the tracer down and start others until one works, or until there were too many."""
        await self._put_down(tracer)
        self._notify(f"the tracer (pid {tracer.pid}) {trouble}; the cluster goes on without it")
        failed = False
        while not self._too_many_losses():
            try:
                fresh = await self.start()
                seized = await self._seize_again()
            except InspectError as error:
                if not failed:
                    self._notify(f"a new tracer failed as well: {error}; trying again")
                failed = True
                if self._tracer is not None:
                    await self._put_down(self._tracer)
                await asyncio.sleep(LOOK_EVERY)
                continue
            self._notify(f"a new tracer (pid {fresh.pid}) watches {seized} nodes again")
            return
        self.gave_up = True
        for process in self._wanted():
            self._on_refused(process.pid, SURRENDER)
        self._notify(f"{SURRENDER}: following the nodes by pidfd and /proc from here on")

    async def _put_down(self, tracer: Tracer) -> None:
        tracer.kill()
        await tracer.closed
        self._tracer = None

    def _too_many_losses(self) -> bool:
        """Count one more loss, unless there were too many of them."""
        now = time.monotonic()
        if len(self._losses) == REPLACEMENTS and now - self._losses[0] < REPLACEMENT_SPAN:
            return True
        self._losses.append(now)
        return False

    async def _seize_again(self) -> int:
        """Have the new tracer follow what the last one did; return how many it does."""
        seized = 0
        for process in self._wanted():
            refusal = await self.seize(process.pid)
            if refusal:
                self._on_refused(process.pid, refusal)
                continue
            seized += 1
            with contextlib.suppress(RefusedError):  # it has died since
                if process.traced:
                    await self.trace(process.pid, on=True, syscalls=process.syscalls, follow=process.follow)
                if process.armed is not None:
                    await self.arm(process.pid, process.armed)
        return seized
