"""Nothing is left within a second, however a cluster ends. The pytest process reaps what falls to it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final, Protocol

import psutil
import pytest

from bstcluster import Cluster, Observer, ParentUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

WITHIN: Final = 1.0
"""Seconds until all is gone."""

PROGRAM: Final = """
import asyncio, sys
from bstcluster import Cluster

async def main():
    async with Cluster() as cluster:
        for node in (40, 20, 60, 10, 30, 50, 70, 5):
            await cluster.create(node)
        for word in sys.argv[1:]:
            action, node = word.split("=")
            if action == "busy":
                asyncio.ensure_future(cluster.exec(int(node), iter(lambda: 1, 0)))
            else:
                await getattr(cluster, action)(int(node))
        pids = [place.pid for place in cluster.tree() if place.state.value != "dead"]
        print(cluster.keeper_pid, *pids, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

asyncio.run(main())
"""


FEW_DESCRIPTORS: Final = """
import asyncio, resource, sys
from bstcluster import Cluster, ClusterError

async def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[1])))
    try:
        async with Cluster() as cluster:
            refused = 0
            for node in range(12):
                try:
                    await asyncio.wait_for(cluster.create(node), 10)
                except ClusterError as error:
                    assert "Too many open files" in str(error), error
                    refused += 1
            assert len(cluster.tree()) == 12 - refused
            assert await cluster.pingall() == []
            for place in cluster.tree():
                assert await cluster.exec(place.node, [1, 2]) == 3
            print("refused", refused)
    except ClusterError as error:
        assert "Too many open files" in str(error), error
        print("refused")

asyncio.run(main())
"""


class Orphans(Protocol):
    """The fixture `orphanage`."""

    def gone(self, pids: Iterable[int], within: float) -> list[str]:
        """Wait until `pids` are dead and reaped; describe those that are not."""


class Program:
    """A program with a cluster, in a session of its own as in a terminal of its own."""

    def __init__(self, *actions: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *actions],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        assert select.select([self.process.stdout], [], [], 30)[0]
        self.keeper, *self.nodes = (int(word) for word in self.process.stdout.readline().split())

    @property
    def everybody(self) -> list[int]:
        """The keeper's pid and those of all living nodes."""
        return [self.keeper, *self.nodes]

    def close(self) -> None:
        """Reap the program itself and close its pipes."""
        with self.process:
            self.process.kill()


@pytest.fixture
def start(orphanage: Orphans) -> Iterator[Callable[..., Program]]:
    """Return a function that starts a program; each is killed in the end, if it is still there."""
    assert orphanage
    programs = []

    def begin(*actions: str) -> Program:
        programs.append(Program(*actions))
        return programs[-1]

    yield begin
    for program in programs:
        program.close()


STATES = [
    [],
    ["stop=20"],
    ["stop=40"],
    ["crash=20"],
    ["busy=5", "busy=40"],
    ["crash=20", "stop=60", "busy=40"],
    ["stop=5", "stop=10", "stop=20", "stop=40"],
]


@pytest.mark.parametrize("actions", [*STATES, ["kill=40"]], ids=" ".join)
def test_kill_9_of_the_controller(
    start: Callable[..., Program], orphanage: Orphans, runtime_directory: Path, actions: list[str]
) -> None:
    """Keeper, nodes and sockets are gone; the keeper reaped what it could."""
    program = start(*actions)
    assert list(runtime_directory.glob("bstrace-*"))
    program.process.kill()
    assert orphanage.gone(program.everybody, WITHIN) == []
    assert not list(runtime_directory.glob("bstrace-*"))


@pytest.mark.parametrize("actions", STATES, ids=" ".join)
def test_kill_9_of_controller_and_keeper(
    start: Callable[..., Program], orphanage: Orphans, runtime_directory: Path, actions: list[str]
) -> None:
    """The nodes end by themselves, stopped ones too, and sweep.

    Both are stopped first: neither does anything between the other's death and its own.
    """
    program = start(*actions)
    for pid in (program.process.pid, program.keeper):
        os.kill(pid, signal.SIGSTOP)
    os.waitid(os.P_PID, program.process.pid, os.WSTOPPED | os.WNOWAIT)
    while psutil.Process(program.keeper).status() != psutil.STATUS_STOPPED:
        time.sleep(0.001)  # only its parent would be told
    os.kill(program.keeper, signal.SIGKILL)
    program.process.kill()
    assert orphanage.gone(program.everybody, WITHIN) == []
    assert not list(runtime_directory.glob("bstrace-*"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGABRT])
def test_other_signals_to_the_controller(
    start: Callable[..., Program], orphanage: Orphans, runtime_directory: Path, number: signal.Signals
) -> None:
    """A signal that ends the program ends the cluster."""
    program = start("stop=20")
    program.process.send_signal(number)
    if number == signal.SIGINT:
        assert program.process.stdin is not None
        program.process.stdin.close()  # its thread waits for it
    assert orphanage.gone(program.everybody, WITHIN) == []
    assert not list(runtime_directory.glob("bstrace-*"))


def test_the_end_of_the_program(
    start: Callable[..., Program], orphanage: Orphans, runtime_directory: Path
) -> None:
    """A program that leaves the block and ends leaves nothing."""
    program = start("stop=20", "crash=60")
    assert program.process.stdin is not None
    program.process.stdin.close()
    assert program.process.wait(10) == 0
    assert orphanage.gone(program.everybody, WITHIN) == []
    assert not list(runtime_directory.glob("bstrace-*"))


@pytest.mark.parametrize("actions", STATES, ids=" ".join)
def test_kill_9_of_the_keeper(start: Callable[..., Program], orphanage: Orphans, actions: list[str]) -> None:
    """Without the keeper every node ends, while the controller lives on."""
    program = start(*actions)
    os.kill(program.keeper, signal.SIGKILL)
    assert orphanage.gone(program.nodes, WITHIN) == []
    assert program.process.poll() is None
    assert program.process.stdin is not None
    program.process.stdin.close()
    assert program.process.wait(10) == 0


class Notices(Observer):
    """Keeps the notices."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def notice(self, text: str) -> None:
        """Keep it."""
        self.texts.append(text)


async def test_a_new_keeper_after_the_old_one_was_killed(orphanage: Orphans) -> None:
    """The controller says so, pingall lists all, `kill` of the root frees all, and a new tree grows."""
    notices = Notices()
    async with Cluster(observer=notices) as cluster:
        for node in (10, 5, 15):
            await cluster.create(node)
        members = [cluster.member(node) for node in (10, 5, 15)]
        assert cluster.keeper_pid is not None
        os.kill(cluster.keeper_pid, signal.SIGKILL)
        for member in members:
            assert await member.until(lambda member: member.state.value == "dead", 5)
        assert notices.texts
        assert "kill the root" in notices.texts[0]
        assert await cluster.pingall() == [5, 10, 15]
        with pytest.raises(ParentUnavailableError):
            await cluster.create(20)
        await cluster.kill(10)
        assert orphanage.gone([member.pid for member in members], WITHIN) == []
        await cluster.create(10)
        await cluster.create(5)
        assert await cluster.exec(5, [1, 2]) == 3


async def test_close() -> None:
    """Leaving the block returns when every process is dead and reaped, and every socket is gone."""
    async with Cluster() as cluster:
        for node in (40, 20, 60, 10, 30, 50, 70):
            await cluster.create(node)
        await cluster.stop(20)
        await cluster.crash(60)
        pids = [place.pid for place in cluster.tree()]
        assert cluster.keeper_pid is not None
        pids.append(cluster.keeper_pid)
        directory = cluster.socket_directory
        begun = time.monotonic()
    assert time.monotonic() - begun < WITHIN
    assert not [pid for pid in pids if psutil.pid_exists(pid)]
    assert not os.path.exists(directory)  # noqa: ASYNC240, PTH110 - at once


async def test_a_keeper_that_does_not_obey(monkeypatch: pytest.MonkeyPatch, orphanage: Orphans) -> None:
    """A stopped keeper is killed after a while; `close` does not wait for ever."""
    monkeypatch.setattr("bstcluster.controller.DEATH_LIMIT", 0.2)
    async with Cluster() as cluster:
        for node in (2, 1):
            await cluster.create(node)
        pids = [place.pid for place in cluster.tree()]
        assert cluster.keeper_pid is not None
        os.kill(cluster.keeper_pid, signal.SIGSTOP)
    assert orphanage.gone(pids, WITHIN) == []


def test_strangers_directories_are_left_alone(
    start: Callable[..., Program], orphanage: Orphans, runtime_directory: Path
) -> None:
    """A directory whose owner lives is not swept; one whose owner and all others died at once is, later."""
    abandoned = runtime_directory / "bstrace-1-abandoned"
    abandoned.mkdir(mode=0o700)
    (abandoned / "lock").touch()
    (abandoned / "20.1").touch()
    os.utime(abandoned, (0, 0))
    first = start()
    (living,) = runtime_directory.glob("bstrace-*")  # the abandoned one was swept on the way
    os.utime(living, (0, 0))
    second = start()
    assert living.exists()
    for program in (first, second):
        program.process.kill()
        assert orphanage.gone(program.everybody, WITHIN) == []


@pytest.mark.parametrize("limit", [14, 15, 17, 19, 20, 21, 24, 28])
def test_too_few_descriptors(limit: int, runtime_directory: Path) -> None:
    """Wherever they run out, it is one clear error; what there is works, and nothing is left."""
    done = subprocess.run(
        [sys.executable, "-c", FEW_DESCRIPTORS, str(limit)],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout[:7], done.stderr) == (0, b"refused", b"")
    assert not list(runtime_directory.glob("bstrace-*"))
