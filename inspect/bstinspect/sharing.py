"""Shares the nodes that are traced call by call out among several tracers, each on a CPU of its own.

Watching costs next to nothing, so that the first tracer watches all; one that traces is as busy as its
tracees. A node that is to be traced where the first has enough of them is handed over to another tracer.
What it forks then is attached by that one as well: whose a node is, the kernel says.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final

from bstinspect.errors import TracerError
from bstinspect.linux import proc
from bstinspect.watching import TracerKeeper, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bstinspect.faults.address import Address
    from bstinspect.records import Record

SHARE: Final = 4
"""So many traced nodes, and a tracer gets no more as long as there is a CPU for another tracer."""


class SharedTracing:
    """One `TracerKeeper` to look at; behind it as many as are needed, at most one for each CPU."""

    def __init__(
        self,
        capture: Path | None,
        on_event: Callable[[Record], None],
        wanted: Callable[[], list[Wanted]],
        on_refused: Callable[[int, str], None],
        notify: Callable[[str], None],
    ) -> None:
        """Take the same as a `TracerKeeper`; the processes are those of all of them."""
        self._capture = capture
        self._on_event = on_event
        self._wanted = wanted
        self._on_refused = on_refused
        self._notify = notify
        self._first = self._keeper(0)
        self._keepers = [self._first]
        self._others: dict[int, TracerKeeper] = {}
        """Whose a process is, where it is not the first's."""
        self._placing = asyncio.Lock()

    @property
    def replacing(self) -> bool:
        """True while a guard stands by to replace the first tracer, should it fail."""
        return self._first.replacing

    @property
    def gave_up(self) -> bool:
        """True when the first tracer kept failing and no further one is started."""
        return self._first.gave_up

    @property
    def pid(self) -> int | None:
        """The first tracer's process, or None."""
        return self._first.pid

    @property
    def pids(self) -> list[int]:
        """The processes of all tracers."""
        return [keeper.pid for keeper in self._keepers if keeper.pid is not None]

    async def start(self) -> None:
        """Start the first tracer if there is none. Raises TracerError."""
        await self._first.start()

    async def seize(self, pid: int) -> str:
        """Attach to a process; return why that was refused, empty where it was not. Raises TracerError."""
        keeper = self._holder(pid)
        self._note(pid, keeper)
        return await keeper.seize(pid)

    async def release(self, pid: int) -> None:
        """Let a process go. Raises TracerError."""
        await self._holder(pid).release(pid)

    async def trace(
        self, pid: int, *, on: bool, syscalls: tuple[int, ...] | None, follow: bool = False
    ) -> None:
        """Switch syscall tracing of a process, and with `follow` of what it forks later.

        It is handed over where its tracer has enough. Raises TracerError when tracing is refused.
        """
        if on:
            async with self._placing:
                await self._place(pid)
        await self.switch(pid, on=on, syscalls=syscalls, follow=follow)

    async def switch(self, pid: int, *, on: bool, syscalls: tuple[int, ...] | None, follow: bool) -> None:
        """Switch syscall tracing of a process where it is: of one that is traced already no call is missed.

        Raises TracerError when that is refused.
        """
        await self._holder(pid).trace(pid, on=on, syscalls=syscalls, follow=follow)

    async def arm(self, pid: int, at: Address | None) -> None:
        """Have a process killed at a crash point; None: no longer. Raises TracerError when refused."""
        await self._holder(pid).arm(pid, at)

    async def close(self) -> None:
        """End the tracers; they let their tracees go first."""
        await asyncio.gather(*(keeper.close() for keeper in self._keepers))

    # -- whose a process is

    def _holder(self, pid: int) -> TracerKeeper:
        """Return whose a process is now; of nobody's, whose it was, or is to be."""
        tracer = proc.tracer(pid)
        for keeper in self._keepers:
            if tracer is not None and keeper.pid == tracer.pid:
                return keeper
        last = self._others.get(pid, self._first)
        return self._first if last.gave_up else last

    def _note(self, pid: int, keeper: TracerKeeper) -> None:
        if keeper is self._first:
            self._others.pop(pid, None)
        else:
            self._others[pid] = keeper

    def _keeper(self, number: int) -> TracerKeeper:
        """Make the keeper of a further tracer, which replaces it for its share only."""

        def is_its(pid: int) -> bool:
            return self._others.get(pid, self._first) is keeper

        def wanted() -> list[Wanted]:
            return [process for process in self._wanted() if is_its(process.pid)]

        def on_refused(pid: int, refusal: str) -> None:
            if is_its(pid):  # else it was handed over meanwhile
                self._on_refused(pid, refusal)

        keeper = TracerKeeper(self._capture, self._on_event, wanted, on_refused, self._notify, number=number)
        return keeper

    # -- handing over

    async def _place(self, pid: int) -> None:
        """Hand a process that is to be traced over, where its tracer has enough already."""
        self._others = {each: keeper for each, keeper in self._others.items() if proc.stat(each) is not None}
        holder = self._holder(pid)
        loads = {keeper: 0 for keeper in self._keepers if not keeper.gave_up}
        for process in self._wanted():
            if process.pid == pid and (process.traced or process.armed is not None):
                return  # with another tracer, its point would be counted anew
            keeper = self._others.get(process.pid, self._first)
            if process.traced and keeper in loads:
                loads[keeper] += 1
        if loads.get(holder, 0) < SHARE:
            return
        least = min(loads, key=loads.__getitem__)
        if loads[least] >= SHARE and len(self._keepers) < len(os.sched_getaffinity(0)):
            least = await self._one_more() or least
            loads.setdefault(least, 0)
        if loads[least] < loads[holder]:
            await self._hand_over(pid, holder, least)

    async def _one_more(self) -> TracerKeeper | None:
        """Start another tracer; None where that fails."""
        keeper = self._keeper(len(self._keepers))
        self._keepers.append(keeper)
        try:
            await keeper.start()
        except TracerError:
            self._keepers.remove(keeper)
            return None
        return keeper

    async def _hand_over(self, pid: int, giver: TracerKeeper, taker: TracerKeeper) -> None:
        """Let a process go and have the other tracer seize it; one that dies in between is missed by both.

        Raises TracerError where nobody can seize it any more.
        """
        await giver.release(pid)
        for keeper in (taker, giver):
            self._note(pid, keeper)  # first: a tracer that fails now is replaced by one that seizes it
            refusal = await keeper.seize(pid)
            if not refusal:
                return
        found = proc.stat(pid)
        if found is not None and found.state not in ("Z", "X"):
            self._on_refused(pid, refusal)
        raise TracerError(refusal)
