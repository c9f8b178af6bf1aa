"""The cluster with real processes, real sockets and real signals."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
import zmq

from bstcluster import (
    AlreadyExistsError,
    Cluster,
    ClusterError,
    CreateError,
    ExecError,
    Member,
    NotFoundError,
    Observer,
    ParentUnavailableError,
    State,
    UnavailableError,
)
from bstcluster.protocol import Alive, Cancel, Exec, Numbers, Ping, Pong, Sum, decode_request, encode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

BALANCED = [40, 20, 60, 10, 30, 50, 70]


class Diary(Observer):
    """An observer that writes down what it is told, and wakes who waits for it."""

    def __init__(self) -> None:
        self.events: list[tuple[str, object]] = []
        self._changed = asyncio.Event()

    async def created(self, member: Member) -> None:
        """Note it."""
        self._note("created", member.node)

    def died(self, member: Member) -> None:
        """Note it."""
        self._note("died", member.node)

    def reaped(self, member: Member) -> None:
        """Note the status too."""
        self._note("reaped", (member.node, member.status))

    def stopped(self, member: Member) -> None:
        """Note it."""
        self._note("stopped", member.node)

    def continued(self, member: Member) -> None:
        """Note it."""
        self._note("continued", member.node)

    def forgotten(self, members: list[Member]) -> None:
        """Note all of them."""
        self._note("forgotten", [member.node for member in members])

    def notice(self, text: str) -> None:
        """Note it."""
        self._note("notice", text)

    def notices(self) -> list[str]:
        """Return the notices so far."""
        return [str(what) for kind, what in self.events if kind == "notice"]

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait until `reached` holds; it is looked at after each event."""
        async with asyncio.timeout(10):
            while not reached():
                self._changed.clear()
                await self._changed.wait()

    def _note(self, kind: str, what: object) -> None:
        self.events.append((kind, what))
        self._changed.set()


@contextlib.asynccontextmanager
async def grown(ids: list[int], observer: Observer | None = None) -> AsyncIterator[Cluster]:
    """Open a cluster of `ids`, created in that order."""
    async with Cluster(observer=observer) as cluster:
        for node in ids:
            await cluster.create(node)
        yield cluster


async def until(reached: Callable[[], bool]) -> None:
    """Wait until `reached` holds, where nothing tells when."""
    async with asyncio.timeout(10):
        while not reached():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.002)


def open_files(pid: int) -> list[str]:
    """Return what a process has open."""
    return [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]


def endless() -> Iterator[int]:
    """Yield numbers for ever."""
    return itertools.count()


class Tap:
    """A long list of numbers that stops in the middle until it is let go on."""

    def __init__(self, rest: list[bytes]) -> None:
        self.flowing = asyncio.Event()
        self.open = asyncio.Event()
        self._rest = rest

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield some chunks, wait until the tap is opened, yield the rest."""
        for _ in range(3):
            yield b"1 1 "
        self.flowing.set()
        await self.open.wait()
        for chunk in self._rest:
            yield chunk


# The tree of processes.


async def test_the_process_tree_is_the_search_tree() -> None:
    """Each node's process is a child of its parent's process; the root's parent is the keeper."""
    async with grown(BALANCED) as cluster:
        pids = {place.node: place.pid for place in cluster.tree()}
        for place in cluster.tree():
            process = psutil.Process(place.pid)
            assert process.ppid() == (cluster.keeper_pid if place.parent is None else pids[place.parent])
            assert " ".join(process.cmdline()).strip() == f"bstrace: node {place.node}"
            assert place.state is State.RUNNING
        assert [place.node for place in cluster.tree()] == [40, 20, 10, 30, 60, 50, 70]
        assert len(set(pids.values())) == len(BALANCED)


async def test_a_node_holds_nothing_it_inherited() -> None:
    """A deep node has no more descriptors open than the root, and no descriptor of the controller's."""
    with open("/dev/zero", "rb") as ours:  # noqa: PTH123, ASYNC230 - a descriptor that must not get down
        os.set_inheritable(ours.fileno(), True)  # noqa: FBT003
        async with grown([1, 2, 3, 4, 5]) as cluster:
            counts = [psutil.Process(place.pid).num_fds() for place in cluster.tree()]
            assert max(counts) <= min(counts) + 2
            for place in cluster.tree():
                links = open_files(place.pid)
                assert "/dev/zero" not in links


async def test_the_directory_is_private() -> None:
    """Nobody else gets in, and the sockets' paths fit unix(7)."""
    async with grown([2**63 - 1, -(2**63)]) as cluster:
        assert os.stat(cluster.socket_directory).st_mode & 0o777 == 0o700  # noqa: PTH116
        assert all(
            len(os.path.join(cluster.socket_directory, name)) < 107  # noqa: PTH118
            for name in os.listdir(cluster.socket_directory)  # noqa: PTH208
        )
        assert await cluster.exec(-(2**63), [1]) == 1


# What the commands answer.


async def test_create_exec_pingall() -> None:
    """Every node adds up exactly, and all are available."""
    async with grown(BALANCED) as cluster:
        assert cluster.member(40).pid == cluster.tree()[0].pid
        for node in BALANCED:
            assert await cluster.exec(node, [node, -1, 2**200]) == node - 1 + 2**200
            assert await cluster.exec(node, [-(2**64)]) == -(2**64)
        assert await cluster.exec(10, []) == 0
        assert await cluster.pingall() == []


async def test_ids_that_need_care() -> None:
    """0, negative ids and both ends of 64 bits are ids; -1 is reserved, more does not fit."""
    async with grown([0, -2, 2**63 - 1, -(2**63)]) as cluster:
        assert await cluster.pingall() == []
        with pytest.raises(CreateError, match="-1 is reserved"):
            await cluster.create(-1)
        with pytest.raises(CreateError, match="does not fit 64 bits"):
            await cluster.create(2**63)
        await cluster.crash(-2)
        assert await cluster.pingall() == [-(2**63), -2]


async def test_errors() -> None:
    """Every error of the assignment, each about its node."""
    async with grown([10, 5, 3]) as cluster:
        with pytest.raises(AlreadyExistsError):
            await cluster.create(5)
        for method in (cluster.kill, cluster.crash, cluster.stop, cluster.cont):
            with pytest.raises(NotFoundError, match="Not found") as caught:
                await method(7)
            assert caught.value.node == 7
        with pytest.raises(NotFoundError):
            await cluster.exec(7, [1])
        await cluster.crash(5)
        for node in (5, 3):
            with pytest.raises(UnavailableError, match="Node is unavailable"):
                await cluster.exec(node, [1])
        with pytest.raises(UnavailableError):
            await cluster.crash(5)
        with pytest.raises(UnavailableError):
            await cluster.cont(5)
        with pytest.raises(UnavailableError):
            await cluster.stop(3)
        with pytest.raises(AlreadyExistsError):
            await cluster.create(5)
        with pytest.raises(AlreadyExistsError):
            await cluster.create(3)
        for node in (4, 1, 7):
            with pytest.raises(ParentUnavailableError, match="Parent is unavailable"):
                await cluster.create(node)
        assert await cluster.pingall() == [3, 5]
        assert await cluster.create(12) > 0


@pytest.mark.parametrize(
    ("text", "count", "reason"),
    [
        (b"1 2", 3, "expected 3 numbers, got 2"),
        (b"1 2 3 4", 3, "expected 3 numbers, got 4"),
        (b"5 abc", 2, '"abc" is not an integer'),
        (b"1_000", 1, '"1_000" is not an integer'),
        (b"9" * 4301, 1, "has more than 4300 digits"),
        (b"", 1, "expected 1 numbers, got 0"),
    ],
)
async def test_wrong_numbers(text: bytes, count: int, reason: str) -> None:
    """They are an ExecError that says what is wrong, in one chunk or in many, and the node lives on."""

    async def chunks(*each: bytes) -> AsyncIterator[bytes]:
        for chunk in each:
            yield chunk

    async with grown([1]) as cluster:
        for source in (chunks(text), chunks(b" ", text), chunks(b"", b"", text, b"", b"")):
            with pytest.raises(ExecError, match=reason):
                await cluster.exec_text(1, count, source)
        assert await cluster.exec(1, [1]) == 1


async def test_a_million_numbers() -> None:
    """They stream through three nodes, and the sum is exact."""
    async with grown([3, 2, 1]) as cluster:
        assert await cluster.exec(1, range(10**6)) == 499_999_500_000


async def test_numbers_too_long_to_be_read_end_no_node() -> None:
    """An int of over a million digits, too big for any message, is an ExecError and harms nothing."""
    async with grown([2, 1]) as cluster:
        with pytest.raises(ExecError, match="4300 digits"):
            await cluster.exec(1, [1, 1 << 4_000_000])
        with pytest.raises(ExecError, match="4300 digits"):
            await cluster.exec(1, itertools.chain(range(50_000), [1 << 4_000_000]))
        assert await cluster.exec(1, [1 << 14_000]) == 1 << 14_000
        assert await cluster.pingall() == []


async def test_before_and_after() -> None:
    """A cluster that is not open says so; closing twice is harmless."""
    cluster = Cluster()
    with pytest.raises(ClusterError, match="not open"):
        await cluster.create(1)
    with pytest.raises(ClusterError, match="not open"):
        _ = cluster.socket_directory
    async with cluster:
        await cluster.create(1)
    await cluster.close()
    assert cluster.tree() == []


async def test_two_clusters_side_by_side() -> None:
    """They share nothing."""
    async with grown([1, 2]) as one, grown([2, 3]) as other:
        await one.crash(1)
        assert (await one.pingall(), await other.pingall()) == ([1, 2], [])


# kill, crash, and death from outside.


async def test_kill_frees_ids_and_reaps(zombies_below: Callable[[int], list[str]]) -> None:
    """A killed subtree is gone at once: no process, no zombie, no id; the ids can be created again."""
    async with grown(BALANCED) as cluster:
        pids = [cluster.member(node).pid for node in (20, 10, 30)]
        await cluster.kill(20)
        assert not any(psutil.pid_exists(pid) for pid in pids)
        assert cluster.keeper_pid is not None
        assert zombies_below(cluster.keeper_pid) == []
        assert await cluster.pingall() == []
        with pytest.raises(NotFoundError):
            await cluster.exec(10, [1])
        await cluster.create(10)
        await cluster.create(20)
        assert cluster.topology[20].parent == 10
        assert await cluster.exec(20, [1, 2]) == 3


async def test_kill_waits_for_the_reaper() -> None:
    """`kill` replies when its zombies are gone, and not before: here the keeper, which reaps, is stopped."""
    async with grown([40, 20, 10]) as cluster:
        assert cluster.keeper_pid is not None
        os.kill(cluster.keeper_pid, signal.SIGSTOP)
        task = asyncio.ensure_future(cluster.kill(20))
        await asyncio.wait([task], timeout=0.3)
        assert not task.done()
        os.kill(cluster.keeper_pid, signal.SIGCONT)
        await task


async def test_kill_of_a_tree_with_every_kind_of_node(zombies_below: Callable[[int], list[str]]) -> None:
    """Dead, stopped and orphaned nodes: `kill` removes them all."""
    async with grown([50, 20, 10, 30, 5, 25, 60]) as cluster:
        await cluster.stop(25)
        await cluster.crash(10)
        await cluster.stop(30)
        assert await cluster.pingall() == [5, 10, 25, 30]
        await cluster.kill(20)
        assert await cluster.pingall() == []
        assert [place.node for place in cluster.tree()] == [50, 60]
        assert cluster.keeper_pid is not None
        assert zombies_below(cluster.keeper_pid) == []
        await cluster.create(30)
        assert await cluster.exec(30, [5]) == 5


async def test_kill_below_the_dead(zombies_below: Callable[[int], list[str]]) -> None:
    """An orphan can be killed before its dead ancestor, and the dead one after."""
    async with grown([10, 5, 3, 1]) as cluster:
        await cluster.crash(5)
        await cluster.kill(1)
        assert await cluster.pingall() == [3, 5]
        await cluster.kill(5)
        assert await cluster.pingall() == []
        assert cluster.keeper_pid is not None
        assert zombies_below(cluster.keeper_pid) == []


async def test_a_new_root() -> None:
    """After `kill` of the root the next create makes a new one, dead root or living."""
    async with grown([10, 5]) as cluster:
        await cluster.kill(10)
        assert (await cluster.pingall(), cluster.tree()) == ([], [])
        await cluster.create(5)
        await cluster.create(10)
        assert cluster.topology.root == 5
        assert await cluster.exec(10, [1]) == 1
        await cluster.crash(5)
        assert await cluster.pingall() == [5, 10]
        with pytest.raises(ParentUnavailableError):
            await cluster.create(7)
        await cluster.kill(5)
        await cluster.create(7)
        assert await cluster.exec(7, [7]) == 7


async def test_death_from_outside() -> None:
    """After SIGKILL the subtree is unavailable, everything else stays; the observer hears of it."""
    diary = Diary()
    async with grown(BALANCED, diary) as cluster:
        os.kill(cluster.member(20).pid, signal.SIGKILL)
        await diary.until(lambda: ("reaped", (20, signal.SIGKILL)) in diary.events)
        assert ("died", 20) in diary.events
        assert cluster.member(20).state is State.DEAD
        assert await cluster.pingall() == [10, 20, 30]
        assert await cluster.exec(70, [1]) == 1
        assert await cluster.create(55) > 0
        with pytest.raises(AlreadyExistsError):
            await cluster.create(20)


async def test_orphans_stay_alive() -> None:
    """The living below a dead one are unavailable, and alive, under the keeper."""
    async with grown([10, 5, 3, 1]) as cluster:
        await cluster.crash(5)
        assert await cluster.pingall() == [1, 3, 5]
        orphan = psutil.Process(cluster.member(3).pid)
        await until(lambda: orphan.ppid() == cluster.keeper_pid)
        assert orphan.status() in (psutil.STATUS_SLEEPING, psutil.STATUS_RUNNING)
        assert psutil.Process(cluster.member(1).pid).ppid() == orphan.pid
        assert {place.node: place.state for place in cluster.tree()}[3] is State.RUNNING


@pytest.mark.parametrize("victim", [10, 5, 3])
async def test_exec_in_flight_when_somebody_on_its_way_is_killed(victim: int) -> None:
    """It fails at once, not after a deadline; and the numbers are not asked for any more."""
    async with grown([10, 5, 3]) as cluster:
        tap = Tap([])
        task = asyncio.ensure_future(cluster.exec_text(3, None, tap.chunks()))
        await tap.flowing.wait()
        busy = asyncio.ensure_future(cluster.exec(3, endless()))
        await asyncio.sleep(0)
        begun = time.monotonic()
        os.kill(cluster.member(victim).pid, signal.SIGKILL)
        with pytest.raises(UnavailableError):
            await busy
        tap.open.set()
        with pytest.raises(UnavailableError):
            await task
        assert time.monotonic() - begun < 0.3
        assert await cluster.pingall() == [node for node in (3, 5, 10) if node <= victim]


async def test_kill_while_an_exec_is_in_flight() -> None:
    """Its exec ends with an error; the rest of the tree goes on."""
    async with grown([10, 5, 3]) as cluster:
        busy = asyncio.ensure_future(cluster.exec(3, endless()))
        other = asyncio.ensure_future(cluster.exec(10, range(300_000)))
        await asyncio.sleep(0.01)
        await cluster.kill(5)
        with pytest.raises((UnavailableError, NotFoundError)):
            await busy
        assert await other == sum(range(300_000))


# Busy is not unavailable.


async def test_hundreds_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of exec at once, more than one controller sends at a time, each with its own answer."""
    monkeypatch.setattr("bstcluster.controller.SHORTEST_DEADLINE", 60.0)  # no probe helps a node along
    async with grown(BALANCED) as cluster, asyncio.timeout(30):
        tasks = [cluster.exec(BALANCED[i % 7], [i, i * i]) for i in range(1500)]
        assert await asyncio.gather(*tasks) == [i + i * i for i in range(1500)]


async def test_create_and_exec_side_by_side() -> None:
    """Methods may run side by side, on a tree that grows meanwhile."""
    async with grown([50]) as cluster:
        pids = await asyncio.gather(*(cluster.create(node) for node in (20, 80, 10, 30, 70, 90)))
        assert len(set(pids)) == 6
        found = await asyncio.gather(*(cluster.exec(node, [node]) for node in cluster.topology))
        assert found == list(cluster.topology)


async def test_busy_is_available() -> None:
    """While the root adds up a stream without end, it answers for itself and for all below it."""
    async with grown([20, 10, 30]) as cluster:
        busy = asyncio.ensure_future(cluster.exec(20, endless()))
        for _ in range(20):
            assert await cluster.pingall() == []
            assert await cluster.exec(10, [1, 2]) == 3
            assert await cluster.exec(20, [3, 4]) == 7
        await cluster.create(25)
        assert not busy.done()
        busy.cancel()
        await asyncio.wait([busy])


async def test_patience() -> None:
    """An exec whose numbers come slower than any deadline is not given up: its node answers probes."""
    async with grown([2, 1]) as cluster:
        tap = Tap([b"1", b"1"])
        task = asyncio.ensure_future(cluster.exec_text(1, 8, tap.chunks()))
        await asyncio.wait([task], timeout=1.3)
        tap.open.set()
        assert await task == 8


async def test_cancel_leaves_the_node_usable() -> None:
    """A cancelled exec ends in the node too; its late answers go nowhere."""
    async with grown([2, 1]) as cluster:
        for _ in range(5):
            tap = Tap([])
            tasks = [
                asyncio.ensure_future(cluster.exec(1, endless())),
                asyncio.ensure_future(cluster.exec_text(1, None, tap.chunks())),
                asyncio.ensure_future(cluster.exec(1, range(2000))),
            ]
            await tap.flowing.wait()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            assert all(task.cancelled() for task in tasks[:2])  # the third may have been quick enough
            assert await cluster.exec(1, [4, 5]) == 9
        process = psutil.Process(cluster.member(1).pid)
        before = process.cpu_times()
        await asyncio.sleep(0.2)
        after = process.cpu_times()
        assert after.user + after.system - before.user - before.system < 0.1  # it is idle: no job was left


async def test_a_cancelled_exec_is_over_in_its_node(monkeypatch: pytest.MonkeyPatch) -> None:
    """The controller says Cancel, and the node forgets the job: later numbers find none."""
    async with grown([2, 1]) as cluster:
        channel = cluster._open_channel()
        sent: list[bytes] = []
        send = channel._send

        def recording(frame: bytes) -> bool:
            sent.append(frame)
            return send(frame)

        monkeypatch.setattr(channel, "_send", recording)
        tap = Tap([])
        task = asyncio.ensure_future(cluster.exec_text(1, None, tap.chunks()))
        await tap.flowing.wait()
        task.cancel()
        await asyncio.wait([task])
        number = channel._numbers
        assert decode_request(sent[-1]) == Cancel(number, 1)
        heard: list[object] = []
        monkeypatch.setattr(channel, "_dispatch", heard.append)
        send(encode(Numbers(number, 1, b"5", last=True)))
        send(encode(Exec(9001, 1, None, b"7", last=True)))
        await until(lambda: Sum(9001, b"\7") in heard)
        assert not [reply for reply in heard if isinstance(reply, Sum) and reply.request == number]


async def test_an_iterator_that_fails() -> None:
    """An exception of the caller's numbers reaches the caller, and the node drops the job."""

    def broken() -> Iterator[int]:
        yield from range(100_000)
        raise RuntimeError("no more numbers")

    async with grown([1]) as cluster:
        with pytest.raises(RuntimeError, match="no more numbers"):
            await cluster.exec(1, broken())
        assert await cluster.exec(1, [1]) == 1


@pytest.mark.parametrize("turns", range(0, 40, 3))
async def test_a_cancelled_create_leaves_nothing(turns: int) -> None:
    """Whenever a create is cancelled, either the node is in the tree, or its process goes."""
    async with grown([10]) as cluster:
        task = asyncio.ensure_future(cluster.create(5))
        for _ in range(turns):
            await asyncio.sleep(0.0004)
        task.cancel()
        await asyncio.wait([task])
        root = psutil.Process(cluster.member(10).pid)
        expected = int(5 in cluster.topology)
        await until(lambda: len(root.children()) == expected)
        if not expected:
            await cluster.create(5)
        assert await cluster.exec(5, [5]) == 5
        assert len(root.children()) == 1


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8])
async def test_a_cancelled_root_leaves_nothing(turns: int) -> None:
    """The same for the root, which the keeper forks."""
    async with Cluster() as cluster:
        task = asyncio.ensure_future(cluster.create(5))
        for _ in range(turns):
            await asyncio.sleep(0.0004)
        task.cancel()
        await asyncio.wait([task])
        assert cluster.keeper_pid is not None
        keeper = psutil.Process(cluster.keeper_pid)
        if 5 not in cluster.topology:
            await cluster.create(5)
        await until(lambda: len(keeper.children()) == 1)
        assert await cluster.exec(5, [5]) == 5


# Stopped nodes.


async def test_a_stopped_node() -> None:
    """Pingall lists exactly its subtree, at once; after `cont` all answer."""
    diary = Diary()
    async with grown(BALANCED, diary) as cluster:
        await cluster.stop(20)
        assert psutil.Process(cluster.member(20).pid).status() == psutil.STATUS_STOPPED
        begun = time.monotonic()
        assert await cluster.pingall() == [10, 20, 30]
        assert time.monotonic() - begun < 0.3  # the kernel has said it: nobody waits for a deadline
        with pytest.raises(UnavailableError):
            await cluster.exec(10, [1])
        with pytest.raises(ParentUnavailableError):
            await cluster.create(5)
        assert await cluster.exec(60, [1]) == 1
        await cluster.cont(20)
        assert await cluster.pingall() == []
        assert await cluster.exec(10, [1]) == 1
        assert [event for event in diary.events if event[0] in ("stopped", "continued")] == [
            ("stopped", 20),
            ("continued", 20),
        ]


async def test_stop_and_cont_from_outside() -> None:
    """Signals that others send are noticed too, the root's as well."""
    diary = Diary()
    async with grown([2, 1], diary) as cluster:
        for node, listed in ((1, [1]), (2, [1, 2])):
            os.kill(cluster.member(node).pid, signal.SIGSTOP)
            await diary.until(lambda node=node: ("stopped", node) in diary.events)  # type: ignore[misc]
            assert await cluster.pingall() == listed
            os.kill(cluster.member(node).pid, signal.SIGCONT)
            await diary.until(lambda node=node: ("continued", node) in diary.events)  # type: ignore[misc]
            assert await cluster.pingall() == []


async def test_stopped_inside_stopped() -> None:
    """A node below a stopped one that is continued first is reachable as soon as its parent is continued."""
    async with grown([30, 20, 10]) as cluster:
        for _ in range(10):
            await cluster.stop(10)
            await cluster.stop(20)
            assert await cluster.pingall() == [10, 20]
            await cluster.cont(10)
            await cluster.cont(20)
            assert await cluster.exec(10, [1]) == 1
            assert await cluster.pingall() == []


async def test_a_late_reply_is_never_matched_to_a_new_request() -> None:
    """Requests that a stopped node answers after `cont` go nowhere; new ones get their own answers."""
    async with grown([30, 20, 10]) as cluster:
        for turn in range(5):
            late = [asyncio.ensure_future(cluster.exec(10, [1000 + i])) for i in range(20)]
            await asyncio.sleep(0)
            await cluster.stop(20)
            for task in late:
                task.cancel()
            await asyncio.wait(late)
            await cluster.cont(20)
            sums = await asyncio.gather(*(cluster.exec(10, [turn, i]) for i in range(50)))
            assert sums == [turn + i for i in range(50)]
            assert await cluster.pingall() == []


async def test_a_node_that_hangs_without_a_sign() -> None:
    """A node that does not answer, for no reason that its parent is told, is found by the deadline."""
    async with grown([30, 20, 10, 40]) as cluster:
        os.kill(cluster.member(20).pid, signal.SIGSTOP)
        # As if the parent had not been told: then only silence speaks.
        assert set(await cluster.pingall()) <= {10, 20}
        cluster.member(20).become(State.RUNNING)
        begun = time.monotonic()
        with pytest.raises(UnavailableError):
            await cluster.exec(10, [1])
        assert time.monotonic() - begun < 2.5
        assert await cluster.pingall() == [10, 20]
        assert await cluster.exec(40, [1]) == 1


# Many levels.


async def test_a_chain_of_150() -> None:
    """Deep trees work: the deepest node adds up, all answer, a cut in the middle is exact."""
    async with grown(list(range(150))) as cluster:
        assert await cluster.exec(149, range(20_000)) == sum(range(20_000))
        assert await cluster.pingall() == []
        assert cluster.topology.levels == 150
        await cluster.crash(75)
        assert await cluster.pingall() == list(range(75, 150))
        assert await cluster.exec(74, [1]) == 1
        await cluster.kill(75)
        assert await cluster.pingall() == []


# Strangers.

GARBAGE = [
    [b""],
    [b"garbage"],
    [b"\x91\xa7\x00\x00\x00\x00\x00\x00\x80"],  # a text that is no UTF-8
    [b"\x91" * 50_000],
    [b"\xdd\xff\xff\xff\xff"],
    [os.urandom(100)],
    [b"two", b"frames"],
    [encode(Sum(1, b"\x7f"))],
    [encode(Alive(1))],
    [encode(Ping(1, 0, 0))],
    [b"", encode(Sum(1, b"\x7f"))],
    *[[encode(Sum(number, b"\x7f"))] for number in range(2, 7)],
]  # 16 in all: the last one makes the fifth notice


@contextlib.contextmanager
def stranger(path: Path | str, identity: bytes = b"") -> Iterator[zmq.Socket[bytes]]:
    """Connect a peer that is no node to the socket at `path`."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.setsockopt(zmq.LINGER, 1000)
        if identity:
            socket.setsockopt(zmq.ROUTING_ID, identity)
        socket.connect(f"ipc://{path}")
        yield socket


async def test_garbage_to_a_node() -> None:
    """What is no message is counted and dropped, somebody is told, and the node lives on."""
    diary = Diary()
    async with grown([20, 10, 5], diary) as cluster:
        before = [place.pid for place in cluster.tree()]
        with stranger(f"{cluster.socket_directory}/10.1") as socket:
            for frames in GARBAGE:
                socket.send_multipart(frames)
            await diary.until(lambda: any(text.endswith(" 16 so far") for text in diary.notices()))
        assert diary.notices()[0] == "node 10 dropped malformed messages: 1 so far"
        assert len(diary.notices()) == 5  # the 1st, 2nd, 4th, 8th, 16th: a log, not a flood
        assert await cluster.exec(5, [1, 2]) == 3
        assert await cluster.pingall() == []
        assert [place.pid for place in cluster.tree()] == before


async def test_garbage_from_above() -> None:
    """A node that gets nonsense from its parent's socket drops it too."""
    diary = Diary()
    async with grown([20, 10], diary) as cluster:
        channel = cluster._open_channel()
        for frames in GARBAGE[:5]:
            assert channel._send(frames[0])
        await diary.until(lambda: any(text.endswith(" 4 so far") for text in diary.notices()))
        assert diary.notices()[0] == "node 20 dropped malformed messages: 1 so far"
        assert await cluster.exec(10, [1, 2]) == 3


async def test_garbage_to_the_controller() -> None:
    """The controller counts and drops it too, and tells the observer."""
    diary = Diary()
    async with grown([20, 10], diary) as cluster:
        channel = cluster._open_channel()
        with stranger(f"{cluster.socket_directory}/controller") as socket:
            for frames in GARBAGE:
                socket.send_multipart(frames)
            await until(lambda: channel.malformed == len(GARBAGE))
        assert diary.notices()[0] == "the controller dropped malformed messages: 1 so far"
        assert len(diary.notices()) == 5
        assert await cluster.exec(10, [1, 2]) == 3
        assert await cluster.pingall() == []


async def test_too_long_a_message() -> None:
    """A peer that sends more than a message may have is disconnected; nobody else notices."""
    async with grown([20, 10]) as cluster:
        for name in ("controller", "20.1"):
            with (
                stranger(f"{cluster.socket_directory}/{name}") as socket,
                socket.get_monitor_socket() as monitor,
            ):
                socket.send(b"x" * (2 << 20))
                await until(lambda monitor=monitor: _disconnected(monitor))  # type: ignore[misc]
                socket.disable_monitor()
        assert await cluster.exec(10, [1, 2]) == 3
        assert await cluster.pingall() == []


def _disconnected(monitor: zmq.Socket[bytes]) -> bool:
    while monitor.poll(0):
        event, _ = monitor.recv_multipart()
        if int.from_bytes(event[:2], "little") == zmq.EVENT_DISCONNECTED:
            return True
    return False


@pytest.mark.parametrize(("name", "taken"), [("controller", b"20.1"), ("20.1", b"10.1")])
async def test_a_taken_identity(name: str, taken: bytes) -> None:
    """A peer that calls itself as a node does gets no word in, and takes none away."""
    async with grown([20, 10]) as cluster:
        request = cluster._open_channel()._numbers
        with stranger(f"{cluster.socket_directory}/{name}", taken) as socket:
            for number in range(request, request + 50):
                socket.send(encode(Sum(number, b"\x7f")))
                socket.send(encode(Pong(number, [10])))
            for i in range(20):
                assert await cluster.exec(10, [i]) == i
                assert await cluster.pingall() == []
            assert not socket.poll(0)
