"""`supervisor` in a test: a real cluster under supervision, spoken to from a test that does not await."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import threading
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from bstcluster import Cluster
from bstcluster.lines import Line
from bstcluster.shell import Journal, Shell
from bstinspect.commands import InspectCommands
from bstinspect.errors import UsageError
from bstinspect.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence
    from pathlib import Path
    from types import TracebackType

    from bstinspect.faults.address import Address
    from bstinspect.faults.fault import Fault
    from bstinspect.faults.run import Fired, Injection
    from bstinspect.verdicts import Verdict

PATIENCE: Final = 20.0
"""Seconds that anything may take."""
_SIGNALS: Final = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "cont": signal.SIGCONT}
_T = TypeVar("_T")


class _Events(Journal):
    """Keeps events, and wakes who waits for one."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self.arrived = asyncio.Event()

    def record(self, event: str, **facts: object) -> None:
        """Keep an event."""
        self.seen.append((event, facts))
        self.arrived.set()


class Supervised:
    """A cluster, its supervisor and its shell, in an event loop of a thread of its own."""

    def __init__(self, directory: Path) -> None:
        """`directory`: for the tracers' records."""
        self._directory = directory
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="supervised", daemon=True)
        self.fired: Sequence[Fired] = ()

    def __enter__(self) -> Self:
        """Start the cluster; its first node comes with the first create."""
        self._thread.start()
        try:
            self._do(self._open())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every node."""
        try:
            self._do(self._close())
        finally:
            self._stop()

    def say(self, line: str) -> str:
        """Give a command, of the assignment or of the prompt, and return its reply."""
        return self._do(self._say(line))

    def pid(self, node: int) -> int:
        """Return a node's process. Raises NotFoundError."""
        return self._cluster.member(node).pid

    @property
    def notices(self) -> list[str]:
        """What was said of deaths, stops and continues, a line each."""
        return [str(facts["text"]) for event, facts in list(self._events.seen) if event == "notice"]

    @property
    def deaths(self) -> list[int]:
        """The nodes that died of themselves or by somebody's hand, in the order in which it was noticed."""
        return [int(facts["node"]) for event, facts in list(self._events.seen) if event == "death"]

    def notice(self, pattern: str) -> str:
        """Wait for a notice in which `pattern` is found. Raises TimeoutError."""
        return self._do(self._noticed(pattern))

    def verdicts(self) -> list[Verdict]:
        """Ping all, and return the verdict on each node that cannot be reached."""
        return self._do(self._judged())

    def strike(self, who: str, fault: Fault) -> None:
        """Send a node's process a signal. Raises NotFoundError, UsageError."""
        number = _SIGNALS.get(fault.kind, fault.value)
        node = who.partition(".")[0]
        if not node.lstrip("+-").isdigit():
            raise UsageError(f"{who!r} is no node", advice=False)
        os.kill(self.pid(int(node)), number)

    def arm(self, injection: Injection) -> None:
        """Crash points are for the cluster on the stage. Raises UsageError."""
        raise UsageError(f"{injection}: a crash point needs the stage, so the fixture cluster", advice=False)

    def next(self, at: Address) -> Address:
        """As `arm`. Raises UsageError."""
        raise UsageError(f"{at}: a crash point needs the stage, so the fixture cluster", advice=False)

    async def _open(self) -> None:
        self._events = _Events()
        self._supervisor = Supervisor(lambda _: None, self._events, self._directory / "capture.bst")
        self._cluster = Cluster(observer=self._supervisor, tracer_ancestor=os.getpid())
        await self._cluster.__aenter__()
        await self._supervisor.open(self._cluster)
        self._shell = Shell(self._cluster, self._events)
        capture = self._directory / "capture.bst"
        self._commands = InspectCommands(self._cluster, self._supervisor, capture, None, color=False)
        self._commands.join(self._shell)

    async def _close(self) -> None:
        await self._supervisor.close()
        await self._commands.close()
        await self._cluster.__aexit__(None, None, None)

    async def _say(self, line: str) -> str:
        reply = await self._shell.execute(Line(line.encode()))
        return "" if reply is None else reply.line

    async def _judged(self) -> list[Verdict]:
        return self._supervisor.judge_all(await self._cluster.survey())

    async def _noticed(self, pattern: str) -> str:
        async with asyncio.timeout(PATIENCE):
            while True:
                self._events.arrived.clear()
                for text in self.notices:
                    if re.search(pattern, text):
                        return text
                await self._events.arrived.wait()

    def _do(self, what: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(PATIENCE)

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
