"""What the cluster and its supervisor cost, watched: hops, creates, pingalls, notices, memory."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import Progress

from benchmarks.figures import Figure, summary, timed
from benchmarks.yardsticks import Holder, Hop, Killer, pidfd_poll
from bstcluster import Cluster
from bstcluster.protocol import Exec, encode
from bstcluster.shell import Journal
from bstinspect.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

TREE_OF_30 = 2.6 / 0.053
TREE_OF_300 = 52 / 0.053
"""In hops: what a sketch needed, unwatched, on a machine whose hop was 0.053 ms."""


@contextlib.asynccontextmanager
async def watched(notify: Callable[[str], None], *, watch: bool = True) -> AsyncIterator[Cluster]:
    """Yield a cluster with a supervisor, as `bstrace` has it."""
    with tempfile.TemporaryDirectory() as directory:
        supervisor = Supervisor(notify, Journal(), Path(directory) / "capture.bst", watch=watch)
        async with Cluster(observer=supervisor, tracer_ancestor=os.getpid()) as cluster:
            await supervisor.open(cluster)
            try:
                yield cluster
            finally:
                await supervisor.close()


def quiet(_text: str) -> None:
    """Show nothing."""


def balanced(count: int) -> list[int]:
    """Return the ids 1..count in an order that gives a balanced tree."""
    order, spans = [], [(1, count)]
    while spans:
        low, high = spans.pop(0)
        if low <= high:
            middle = (low + high) // 2
            order.append(middle)
            spans += [(low, middle - 1), (middle + 1, high)]
    return order


async def build(cluster: Cluster, nodes: list[int], tick: Callable[[], None]) -> list[float]:
    """Create `nodes`; return the seconds that each took."""
    seconds = []
    for node in nodes:
        before = time.perf_counter()
        await cluster.create(node)
        seconds.append(time.perf_counter() - before)
        tick()
    return seconds


async def repeat(times: int, action: Callable[[], Awaitable[object]], hop: Hop) -> tuple[list[float], float]:
    """Return the seconds of each run of `action`, and the median hop, measured in turns with it.

    In turns, because a process that was just asleep is slower to answer, in the tree as in the yardstick.
    """
    seconds, hops = [], []
    for _ in range(times):
        hops.append(hop.measure())
        before = time.perf_counter()
        await action()
        seconds.append(time.perf_counter() - before)
    return seconds, summary(hops)[0]


async def hops_of(cluster: Cluster, node: int, name: str, *, most: float, hop: Hop, times: int) -> Figure:
    """Measure an exec of `node` in hops."""
    seconds, one = await repeat(times, lambda: cluster.exec(node, (1, 2, 3)), hop)
    return timed(name, seconds, f"hop {one * 1e6:.0f} us", one, most)


def plain_exec(cluster: Cluster, node: int, hop: Hop, times: int) -> Figure:
    """The same messages over the same socket with plain sends and receives: what asyncio adds is the rest."""
    channel = cluster._open_channel()  # noqa: SLF001 - a look below the public face
    socket, root = channel._socket, channel.root or b""  # noqa: SLF001
    seconds, hops = [], []
    for _ in range(times):
        hops.append(hop.measure())
        request = encode(Exec(channel.number(), node, 3, b"1 2 3", last=True))
        before = time.perf_counter()
        socket.send_multipart([root, request])
        socket.recv_multipart()
        seconds.append(time.perf_counter() - before)
    one, _ = summary(hops)
    return timed("the same without asyncio", seconds, f"hop {one * 1e6:.0f} us", one, 3)


async def pings_of(cluster: Cluster, name: str, most: float, hop: Hop, times: int) -> Figure:
    """Measure a pingall in hops."""
    seconds, one = await repeat(times, cluster.pingall, hop)
    return timed(name, seconds, f"hop {one * 1e6:.0f} us", one, most)


def memory_of(cluster: Cluster) -> list[float]:
    """Return each node's proportional set size, MB (smaps_rollup, proc(5))."""
    sizes = []
    for place in cluster.tree():
        lines = Path(f"/proc/{place.pid}/smaps_rollup").read_text().splitlines()
        sizes.append(next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024)
    return sizes


async def small_tree(hop: Hop, tick: Callable[[], None]) -> list[Figure]:
    """A balanced tree of 30, watched."""
    async with watched(quiet) as cluster:
        order = balanced(30)
        creates = await build(cluster, order, tick)
        figures = [
            timed("create, balanced tree of 30", creates, "8 ms", 0.008, 1),
            await hops_of(cluster, order[0], "exec at the root", most=3, hop=hop, times=1000),
            plain_exec(cluster, order[0], hop, 1000),
            await pings_of(cluster, "pingall, balanced tree of 30", TREE_OF_30, hop, 300),
        ]
        sizes = memory_of(cluster)
        median, largest = summary(sizes)
        figures.append(Figure("memory of a node (PSS)", median, largest, "MB", "2.5 MB", median / 2.5, 1))
        before, _ = await repeat(200, cluster.pingall, hop)
        for node in (order[-1], order[-2], order[5]):
            await cluster.crash(node)
        after, _ = await repeat(200, cluster.pingall, hop)
        figures.append(timed("pingall after 3 kills", after, "before", summary(before)[0], 1.1))
        tick()
        return figures


async def silent_nodes(hop: Hop, tick: Callable[[], None]) -> list[Figure]:
    """Two nodes that are silent, and neither dead nor stopped as far as anybody is told: one deadline."""
    async with watched(quiet, watch=False) as cluster:
        order = balanced(30)
        await build(cluster, order, tick)
        with Holder(cluster.member(order[3]).pid), Holder(cluster.member(order[6]).pid):
            seconds, _ = await repeat(10, cluster.pingall, hop)
        await cluster.stop(order[2])
        stopped, one = await repeat(50, cluster.pingall, hop)
        return [
            timed("pingall, two hung nodes", seconds, "one deadline", 0.5, 1.1),
            timed("pingall, a stopped node", stopped, f"hop {one * 1e6:.0f} us", one, TREE_OF_30),
        ]


def streaming(tick: Callable[[], None]) -> list[Figure]:
    """The most memory that the controller and the node have needed for 10^5 numbers, and for 10^7."""
    few, many = peak_memory(10**5), peak_memory(10**7)
    tick()
    return [Figure("memory for 10^7 numbers", many, many, "MB", f"10^5: {few:.0f} MB", many / few, 1.1)]


def peak_memory(count: int) -> float:
    """Return VmHWM of a controller and its node after an exec of `count` numbers from a pipe, MB, summed."""
    with subprocess.Popen(
        [sys.executable, "-m", "bstcluster"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("no pipes")
        process.stdin.write(b"create 1\n")
        process.stdin.flush()
        node = int(process.stdout.readline().split()[1])
        process.stdin.write(b"exec 1 %d" % count)
        for _ in range(count // 1000):
            process.stdin.write(b" 1234567" * 1000)
        process.stdin.write(b"\n")
        process.stdin.flush()
        if process.stdout.readline() != b"Ok:1: %d\n" % (1234567 * count):
            raise RuntimeError("a wrong sum")
        peaks = [Path(f"/proc/{pid}/status").read_text() for pid in (process.pid, node)]
    lines = [line for peak in peaks for line in peak.splitlines() if line.startswith("VmHWM:")]
    return sum(int(line.split()[1]) for line in lines) / 1024


def verdicts_of(cluster: Cluster) -> Callable[[], Awaitable[object]]:
    """Return what the prompt's pingall does: the survey, and the verdict on each unreachable node."""
    supervisor = cluster.observer
    if not isinstance(supervisor, Supervisor):
        raise TypeError("the cluster is not supervised")

    async def ping() -> object:
        return supervisor.judge_all(await cluster.survey())

    return ping


async def chain(length: int, hop: Hop, tick: Callable[[], None]) -> list[Figure]:
    """A chain, watched: the exec and the pingall that go through all of it."""
    async with watched(quiet) as cluster:
        await build(cluster, list(range(1, length + 1)), tick)
        most = 1.5 * 2 * length
        if length == 30:
            return [
                await hops_of(cluster, length, "exec through a chain of 30", most=most, hop=hop, times=300)
            ]
        figures = [await pings_of(cluster, f"pingall, chain of {length}", most, hop, 100)]
        before, _ = await repeat(30, verdicts_of(cluster), hop)
        await cluster.crash(length // 2)
        after, _ = await repeat(30, verdicts_of(cluster), hop)
        name = f"pingall and verdicts, half of {length} dead"
        return [*figures, timed(name, after, "before", summary(before)[0], 1.1)]


async def large_tree(hop: Hop, tick: Callable[[], None]) -> list[Figure]:
    """A balanced tree of 300, watched."""
    async with watched(quiet) as cluster:
        await build(cluster, balanced(300), tick)
        return [await pings_of(cluster, "pingall, balanced tree of 300", TREE_OF_300, hop, 50)]


async def notices(killer: Killer, tick: Callable[[], None], rounds: int = 100) -> list[Figure]:
    """From kill -9 by another process to the notice's line written, against a bare pidfd poll."""
    written: asyncio.Queue[int] = asyncio.Queue()
    sink = os.open(os.devnull, os.O_WRONLY)

    def notify(text: str) -> None:
        os.write(sink, f"{text}\n".encode())
        written.put_nowait(time.monotonic_ns())

    bare, ours = [], []
    async with watched(notify) as cluster, watched(quiet, watch=False) as unwatched:
        await cluster.create(50)
        await unwatched.create(50)
        for _ in range(rounds):
            bare.append(pidfd_poll(killer, await unwatched.create(20)))
            await unwatched.kill(20)
            pid = await cluster.create(20)
            killer.fire(pid)
            seen = await written.get()
            ours.append((seen - killer.fired_at()) / 1e9)
            await cluster.kill(20)
            tick()
    os.close(sink)
    median, _ = summary(bare)
    return [timed("kill -9 to the notice written", ours, f"pidfd poll {median * 1e3:.2f} ms", median, 5)]


async def cost_of_watching(tick: Callable[[], None], rounds: int = 60) -> list[Figure]:
    """The same execs, in turns, in a watched and an unwatched cluster: the median of the rounds' ratios."""
    seconds: dict[bool, list[float]] = {True: [], False: []}
    async with watched(quiet) as one, watched(quiet, watch=False) as other:
        for cluster in (one, other):
            for node in (50, 20, 80):
                await cluster.create(node)
        for turn in range(rounds):
            for cluster in (one, other) if turn % 2 else (other, one):
                before = time.perf_counter()
                for _ in range(200):
                    await cluster.exec(20, (1, 2, 3))
                seconds[cluster is one].append((time.perf_counter() - before) / 200)
            tick()
    bare, _ = summary(seconds[False])
    median, p99 = summary(seconds[True])
    ratio, _ = summary([ours / theirs for ours, theirs in zip(seconds[True], seconds[False], strict=True)])
    yardstick = f"unwatched {bare * 1e3:.3f} ms"
    return [Figure("exec, watched", median * 1e3, p99 * 1e3, "ms", yardstick, ratio, 1.02)]


def start_busy_loop() -> subprocess.Popen[bytes]:
    """Start a process that only burns its CPU."""
    return subprocess.Popen([sys.executable, "-c", "while True: pass"])


async def under_load(tick: Callable[[], None], rounds: int = 1000) -> list[Figure]:
    """1000 pingalls over 30 nodes beside four busy loops: how many list a node wrongly."""
    loops = [start_busy_loop() for _ in range(4)]
    wrong = 0
    seconds = []
    try:
        async with watched(quiet) as cluster:
            await build(cluster, balanced(30), quiet_tick)
            for _ in range(rounds):
                before = time.perf_counter()
                wrong += bool(await cluster.pingall())
                seconds.append(time.perf_counter() - before)
                tick()
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
    slowest = max(seconds)
    return [
        Figure("wrong pingalls of 1000, 4 busy loops", wrong, wrong, "", "none", float(wrong), 0),
        Figure("slowest of them", slowest * 1e3, slowest * 1e3, "ms", "500 ms deadline", slowest / 0.5, 1),
    ]


def quiet_tick() -> None:
    """Count nothing."""


async def run(only: str) -> list[Figure]:
    """Run every part whose name contains `only`; return the figures."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as directory, Progress(transient=True) as progress:
        hop, killer = Hop(Path(directory)), Killer()
        parts: dict[str, tuple[int, Callable[[Callable[[], None]], Awaitable[list[Figure]]]]] = {
            "notices": (100, lambda tick: notices(killer, tick)),
            "small tree": (31, lambda tick: small_tree(hop, tick)),
            "chain of 30": (30, lambda tick: chain(30, hop, tick)),
            "chain of 100": (100, lambda tick: chain(100, hop, tick)),
            "tree of 300": (300, lambda tick: large_tree(hop, tick)),
            "hung": (30, lambda tick: silent_nodes(hop, tick)),
            "streaming": (1, lambda tick: asyncio.to_thread(streaming, tick)),
            "watching": (60, cost_of_watching),
            "load": (1000, under_load),
        }
        try:
            for name, (ticks, part) in parts.items():
                if only in name:
                    bar = progress.add_task(name, total=ticks)
                    figures += await part(functools.partial(progress.advance, bar))
                    progress.remove_task(bar)
        finally:
            hop.close()
            killer.close()
    return figures
