"""A cluster with its supervisor, and all that the two say."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from bstcluster import Cluster
from bstcluster.shell import Journal, Shell
from bstinspect.commands import InspectCommands
from bstinspect.linux import proc
from bstinspect.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from pathlib import Path

    from bstcluster.language import Reply

TIMEOUT = 10.0


class Events(Journal):
    """Keeps events, and wakes who waits for one."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self.arrived = asyncio.Event()

    def record(self, event: str, **facts: object) -> None:
        """Keep an event."""
        self.seen.append((event, facts))
        self.arrived.set()


class Stage:
    """One cluster under supervision, with a shell to type into."""

    def __init__(self, cluster: Cluster, supervisor: Supervisor, events: Events, directory: Path) -> None:
        self.cluster = cluster
        self.supervisor = supervisor
        self.events = events
        self.text = directory / "trace.txt"
        self.commands = InspectCommands(cluster, supervisor, directory / "capture.bst", None, color=False)
        self.shell = Shell(cluster, events)
        self.commands.join(self.shell)
        self.read = 0

    @property
    def notices(self) -> list[str]:
        """Every notice so far."""
        return [str(facts["text"]) for event, facts in self.events.seen if event == "notice"]

    def pid(self, node: int) -> int:
        """Return a node's pid."""
        return self.cluster.member(node).pid

    async def create(self, *nodes: int) -> None:
        """Make nodes."""
        for node in nodes:
            await self.cluster.create(node)

    async def until(self, reached: Callable[[], Any], within: float = TIMEOUT) -> Any:
        """Wait until `reached` returns something true, and return that; looks again at every event."""
        async with asyncio.timeout(within):
            while not (found := reached()):
                self.events.arrived.clear()
                await self.events.arrived.wait()
        return found

    async def notice(self, pattern: str, within: float = TIMEOUT) -> str:
        """Wait for a notice that matches `pattern` as a whole, among those not waited for yet."""

        def look() -> str:
            for i, text in enumerate(self.notices[self.read :], self.read + 1):
                if re.fullmatch(pattern, text):
                    self.read = i
                    return text
            return ""

        try:
            return str(await self.until(look, within))
        except TimeoutError:
            raise AssertionError(f"no notice like {pattern!r} in {self.notices}") from None

    async def reaped(self, node: int) -> None:
        """Wait until a dead node's parent has reaped it, so that its tracer has as well."""
        assert await self.cluster.member(node).until(lambda member: member.status is not None, TIMEOUT)

    async def type(self, line: str) -> Reply:
        """Run a command line."""
        from bstcluster.lines import Line

        reply = await self.shell.execute(Line(line.encode()))
        assert reply is not None
        return reply

    async def why(self) -> dict[int, str]:
        """Ping all, and return the verdict's text of each unreachable node."""
        survey = await self.cluster.survey()
        verdicts = self.supervisor.judge_all(survey)
        assert [verdict.node for verdict in verdicts] == survey.unreachable
        return {verdict.node: verdict.text for verdict in verdicts}


@pytest.fixture
def stage(tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[Stage]]:
    """Return what opens a stage."""

    @contextlib.asynccontextmanager
    async def opened(*nodes: int, watch: bool = True) -> AsyncIterator[Stage]:
        events = Events()
        supervisor = Supervisor(lambda _: None, events, tmp_path / "capture.bst", watch=watch)
        cluster = Cluster(observer=supervisor, tracer_ancestor=os.getpid())
        async with cluster:
            scene = Stage(cluster, supervisor, events, tmp_path)
            await supervisor.open(cluster)
            try:
                await scene.create(*nodes)
                yield scene
            finally:
                await supervisor.close()
                await scene.commands.close()

    return opened


@pytest.fixture
def outsider() -> Callable[[str, int], AbstractContextManager[subprocess.Popen[bytes]]]:
    """Return what sends a signal from a process of its own, which stays until the block ends."""

    @contextlib.contextmanager
    def send(signal: str, pid: int) -> Iterator[subprocess.Popen[bytes]]:
        program = 'kill -"$1" "$2"; read nothing'
        command = ["sh", "-c", program, "sh", signal, str(pid)]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
            yield process
            assert process.stdin is not None
            process.stdin.close()

    return send


@pytest.fixture
def strace() -> Callable[[int], AbstractContextManager[subprocess.Popen[str]]]:
    """Return what attaches a strace to a process, for as long as the block lasts."""

    @contextlib.contextmanager
    def attach(pid: int) -> Iterator[subprocess.Popen[str]]:
        command = ["strace", "-f", "-o", "/dev/null", "-p", str(pid)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stderr is not None
                line = process.stderr.readline()
                assert "attached" in line, line
                assert wait_for(lambda: (found := proc.tracer(pid)) and found.pid == process.pid)
                yield process
            finally:
                process.terminate()

    return attach


def wait_for(reached: Callable[[], object], within: float = TIMEOUT) -> bool:
    """Look until `reached` returns something true: for what the kernel announces to nobody but a parent."""
    import select
    import time

    limit = time.monotonic() + within
    while not reached():
        if time.monotonic() > limit:
            return False
        select.select([], [], [], 0.005)
    return True
