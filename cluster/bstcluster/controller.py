"""The cluster, as a program sees it: an asynchronous client of the tree of nodes."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self, TypeVar

import zmq

from bstcluster.background import Background
from bstcluster.channel import Channel
from bstcluster.directory import SocketDirectory
from bstcluster.errors import (
    AlreadyExistsError,
    ClusterError,
    CreateError,
    ExecError,
    KeeperError,
    NodeError,
    NotFoundError,
    ParentUnavailableError,
    UnavailableError,
)
from bstcluster.keeping import KeeperProcess
from bstcluster.making import Maker
from bstcluster.member import Member, State
from bstcluster.observer import Observer
from bstcluster.protocol import (
    CONTROLLER_SOCKET,
    ID_MAX,
    ID_MIN,
    Answer,
    ChildContinued,
    ChildExited,
    ChildNotice,
    ChildStopped,
    Exec,
    Failed,
    Malformed,
    Ping,
    Pong,
    Sum,
    identity,
)
from bstcluster.streams import chain, chunks_for, in_turn
from bstcluster.topology import Tree

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from types import TracebackType

T = TypeVar("T")
RESERVED: Final = -1
"""No node may have this id: ``Ok: -1`` is pingall's word for "all available"."""
SHORTEST_DEADLINE: Final = 0.5
DEADLINE_PER_LEVEL: Final = 0.005
"""Seconds: what does not answer within the larger of the two is unavailable."""
DEATH_LIMIT: Final = 5.0
"""Seconds within which a process must be dead after SIGKILL, and reaped."""


@dataclass(frozen=True, slots=True)
class Place:
    """One node in the tree, as `Cluster.tree` lists it."""

    node: int
    parent: int | None
    depth: int
    pid: int
    state: State
    status: int | None
    """Wait status of a dead node, where known."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What a pingall found."""

    cut: frozenset[int]
    """The tops of the subtrees that did not answer."""
    unreachable: list[int]
    """Every id that cannot be reached: the union of those subtrees, ascending."""


class Cluster:
    """A binary search tree of compute nodes, each a process of its own.

    Use it as ``async with Cluster() as cluster``. Methods may run side by side; each raises a
    `bstcluster.errors.ClusterError` that says in one line what is wrong. Leaving the
    block ends all processes.
    """

    def __init__(self, *, observer: Observer | None = None, tracer_ancestor: int = 0) -> None:
        """`tracer_ancestor`: a process whose descendants may ptrace the nodes under YAMA (0: none)."""
        self._observer = observer or Observer()
        self._tracer_ancestor = tracer_ancestor
        self._topology = Tree()
        self._members: dict[int, Member] = {}
        self._by_pid: dict[int, Member] = {}
        self._lives: dict[int, int] = {}
        self._shape = asyncio.Lock()  # held by whoever changes the tree
        self._background = Background()
        self._keeper: KeeperProcess | None = None
        self._directory: SocketDirectory | None = None
        self._channel: Channel | None = None
        self._maker: Maker | None = None

    async def __aenter__(self) -> Self:
        """Make the directory and the socket, and start the keeper. Raises ClusterError."""
        try:
            self._directory = SocketDirectory()
        except OSError as error:
            raise ClusterError(f"cannot make a directory for the sockets: {error}") from error
        path = self._directory.path / CONTROLLER_SOCKET.decode()
        try:
            self._channel = Channel(
                path, self._noticed, lambda answer: self._open_maker().came_late(answer), self._dropped
            )
            self._maker = Maker(self._channel, self._background, self._adopt)
            self._start_keeper()
        except KeeperError:
            await self.close()
            raise
        except (OSError, zmq.ZMQError) as error:
            await self.close()
            raise ClusterError(f"cannot open a socket for the nodes: {error.strerror}") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every process of the cluster."""
        await self.close()

    async def close(self) -> None:
        """End every process and remove every socket; harmless when done twice."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            await keeper.close(DEATH_LIMIT)
        self._background.cancel()
        for member in self._members.values():
            member.signal(signal.SIGKILL)  # the keeper has done it, unless it had to be killed itself
            member.close()
        self._members.clear()
        self._by_pid.clear()
        self._topology = Tree()
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._directory is not None:
            self._directory.remove()
            self._directory = None

    # What the assignment asks for.

    async def create(self, node: int) -> int:
        """Put `node` into the tree and start its process; return its pid.

        Raises AlreadyExistsError, ParentUnavailableError, CreateError, KeeperError.
        """
        if node == RESERVED:
            raise CreateError(node, "-1 is reserved: pingall says -1 when all nodes are available")
        if not ID_MIN <= node <= ID_MAX:
            raise CreateError(node, f"{node} does not fit 64 bits")
        async with self._shape:
            if node in self._topology:
                raise AlreadyExistsError(node)
            parent = self._topology.place(node)
            life = self._lives[node] = self._lives.get(node, 0) + 1
            if parent is None:
                member = await self._open_maker().root(self._keeper or self._start_keeper(), node, life)
            elif self._blocked(parent) is None:
                member = await self._open_maker().below(parent, node, life, self._deadline())
            else:
                raise ParentUnavailableError(node)
            self._topology.add(node)
            self._members[node] = member
            # The node is there, whether or not anybody still waits: the observer gets to know it.
            await asyncio.shield(self._background.start(self._observer.created(member)))
            return member.pid

    async def exec(self, node: int, numbers: Iterable[int]) -> int:
        """Have `node` add up `numbers`; return the exact sum. They are never all in memory at once.

        Raises NotFoundError, UnavailableError, and ExecError when a number is too long to be read.
        """
        self._require_reachable(node)
        chunks = chunks_for(node, numbers)
        first, second = next(chunks), next(chunks, None)
        if second is None:
            return await self._exec_once(node, None, first)
        return await self._exec_stream(node, None, first, in_turn([second], chunks))

    async def exec_text(self, node: int, count: int | None, chunks: AsyncIterator[bytes]) -> int:
        """Have `node` add up the integers in `chunks`: text, whole words in each, `count` in all.

        Raises NotFoundError, UnavailableError, and ExecError when the numbers are wrong.
        """
        self._require_reachable(node)
        first, second = await anext(chunks, b""), await anext(chunks, None)
        if second is None:
            return await self._exec_once(node, count, first)
        return await self._exec_stream(node, count, first, chain(second, chunks))

    async def pingall(self) -> list[int]:
        """Return the ids that cannot be reached, ascending; an empty list when all are available."""
        return (await self.survey()).unreachable

    async def survey(self) -> Survey:
        """Ask the whole tree, once; return what did not answer within one deadline."""
        root = self._topology.root
        if root is None:
            return Survey(frozenset(), [])
        channel, limit = self._open_channel(), self._deadline()
        answer: Answer | None = None
        if self._members[root].state is State.RUNNING:
            # Each level has one step less than the one above it; half of the time is left to the deepest.
            step = int(limit * 1e9) // (2 * self._topology.levels + 2)
            ping = Ping(channel.number(), time.monotonic_ns() + int(limit * 1e9) - step, step)
            answer = await channel.ask_by(ping, limit)
        cut = set(answer.cut if isinstance(answer, Pong) else [root])
        cut |= {node for node, member in self._members.items() if member.state is State.DEAD}
        cut &= self._members.keys()
        unreachable = self._topology.union(cut)
        if isinstance(answer, Pong):
            self._believe_all_but(unreachable)
        return Survey(frozenset(cut), sorted(unreachable))

    async def kill(self, node: int) -> None:
        """Remove `node` and all below it: end the processes, reap them, free the ids.

        Once begun it is carried through, even where the caller is cancelled. Raises NotFoundError, and
        NodeError when a process would not die.
        """
        await asyncio.shield(self._background.start(self._remove(node)))

    # What an outsider could do with kill(1).

    async def crash(self, node: int) -> None:
        """SIGKILL the node's process, and nothing else; return when it is dead. The tree keeps the id.

        Raises NotFoundError, UnavailableError when it is dead already, NodeError when it would not die.
        """
        member = self._living(node)
        self._observer.signalling(member, signal.SIGKILL)
        member.signal(signal.SIGKILL)
        if not await member.until(_is_dead, DEATH_LIMIT):
            raise NodeError(node, f"process {member.pid} does not die")

    async def stop(self, node: int) -> None:
        """SIGSTOP the node's process; return when it is stopped. Raises NotFoundError, UnavailableError."""
        self._require_reachable(node)
        member = self._members[node]
        self._observer.signalling(member, signal.SIGSTOP)
        member.signal(signal.SIGSTOP)
        if not await member.until(_is_stopped, DEATH_LIMIT) or member.state is State.DEAD:
            raise UnavailableError(node)

    async def cont(self, node: int) -> None:
        """SIGCONT the node's process; return when it runs.

        Below a dead or stopped node nobody reports that, and the signal has to do. Raises NotFoundError, and
        UnavailableError when it is dead or goes on being stopped.
        """
        member = self._living(node)
        self._observer.signalling(member, signal.SIGCONT)
        member.signal(signal.SIGCONT)
        # Its parent reports it; where the parent cannot be reached, nobody does until it can be.
        if self._blocked(node) == node:
            if not await member.until(_is_running, self._deadline()) or member.state is State.DEAD:
                raise UnavailableError(node)
        else:
            member.become(State.RUNNING)

    def tree(self) -> list[Place]:
        """Return every node, parents before their children, the smaller child first."""
        root = self._topology.root
        places = []
        for node in self._topology.subtree(root) if root is not None else ():
            branch, member = self._topology[node], self._members[node]
            places.append(Place(node, branch.parent, branch.depth, member.pid, member.state, member.status))
        return places

    def member(self, node: int) -> Member:
        """Return the process behind `node`. Raises NotFoundError."""
        if node not in self._members:
            raise NotFoundError(node)
        return self._members[node]

    @property
    def topology(self) -> Tree:
        """The tree of ids. Read it; do not change it."""
        return self._topology

    @property
    def observer(self) -> Observer:
        """Who is told what happens."""
        return self._observer

    @property
    def keeper_pid(self) -> int | None:
        """The keeper's process, or None when there is none."""
        return None if self._keeper is None else self._keeper.pid

    @property
    def socket_directory(self) -> str:
        """Where the sockets are. Raises ClusterError before the cluster is entered."""
        if self._directory is None:
            raise ClusterError("the cluster is not open")
        return str(self._directory.path)

    # How.

    async def _remove(self, node: int) -> None:
        async with self._shape:
            if node not in self._topology:
                raise NotFoundError(node)
            gone = [self._members[each] for each in self._topology.subtree(node)]
            self._observer.removing(gone)
            for member in gone:
                member.signal(signal.SIGKILL)
            for member in gone:
                if not await member.until(_is_dead, DEATH_LIMIT):
                    raise NodeError(node, f"process {member.pid} does not die")
            await self._reap(self._topology[node].parent, gone)
            self._topology.remove(node)
            for member in gone:
                del self._members[member.node]
                if self._by_pid.get(member.pid) is member:
                    del self._by_pid[member.pid]
            self._open_channel().fail(lambda target: target not in self._topology)
            self._observer.forgotten(gone)

    def _believe_all_but(self, unreachable: set[int]) -> None:
        """Who has answered runs, even where the word of its SIGCONT was lost."""
        for node, member in self._members.items():
            if member.state is State.STOPPED and node not in unreachable:
                member.become(State.RUNNING)

    async def _exec_once(self, node: int, count: int | None, text: bytes) -> int:
        """Send numbers that fit one message; return their sum."""
        channel = self._open_channel()
        request = Exec(channel.number(), node, count, text, last=True)
        return self._total(node, await channel.ask(request, self._deadline()))

    async def _exec_stream(
        self, node: int, count: int | None, first: bytes, rest: AsyncIterator[bytes]
    ) -> int:
        """Send `first`, then the chunks of `rest` as the node asks for them; return the sum."""
        channel = self._open_channel()
        request = Exec(channel.number(), node, count, first, last=False)
        return self._total(node, await channel.stream(request, rest, self._deadline()))

    def _total(self, node: int, answer: Answer) -> int:
        if isinstance(answer, Sum):
            return int.from_bytes(answer.value, signed=True)
        if isinstance(answer, Failed):
            raise ExecError(node, answer.reason)
        if node not in self._topology:
            raise NotFoundError(node)  # killed meanwhile
        raise UnavailableError(node)

    def _start_keeper(self) -> KeeperProcess:
        if self._directory is None:
            raise KeeperError("the cluster is not open")
        keeper = KeeperProcess(self._directory.path, self._tracer_ancestor, self._noticed)
        keeper.gone.add_done_callback(lambda _: self._keeper_gone(keeper))
        self._keeper = keeper
        return keeper

    def _keeper_gone(self, keeper: KeeperProcess) -> None:
        """Without the keeper nobody would reap or sweep: the cluster ends, and can be made anew."""
        if self._keeper is not keeper:
            return  # that is what `close` asked for
        self._keeper = None
        self._observer.removing(list(self._members.values()))
        for member in self._members.values():
            member.signal(signal.SIGKILL)
        self._observer.notice(
            f"the keeper (pid {keeper.pid}) is gone, so every node was ended; kill the root"
        )

    def _open_channel(self) -> Channel:
        if self._channel is None:
            raise ClusterError("the cluster is not open")
        return self._channel

    def _open_maker(self) -> Maker:
        if self._maker is None:
            raise ClusterError("the cluster is not open")
        return self._maker

    def _deadline(self) -> float:
        return max(SHORTEST_DEADLINE, DEADLINE_PER_LEVEL * self._topology.levels)

    def _blocked(self, node: int) -> int | None:
        """Return the highest node on the way to `node` that is known to be dead or stopped."""
        for each in self._topology.path(node):
            if self._members[each].state is not State.RUNNING:
                return each
        return None

    def _require_reachable(self, node: int) -> None:
        if node not in self._topology:
            raise NotFoundError(node)
        if self._blocked(node) is not None:
            raise UnavailableError(node)

    def _living(self, node: int) -> Member:
        member = self.member(node)
        if member.state is State.DEAD:
            raise UnavailableError(node)
        return member

    def _adopt(self, member: Member) -> None:
        """Listen to what happens to a new process from now on."""
        self._by_pid[member.pid] = member
        member.watch(self._died)

    async def _reap(self, parent: int | None, gone: list[Member]) -> None:
        """Return when `gone` (all dead, the top first) are no zombies any more.

        The top is reaped by its parent, all others by the keeper, which inherited them.
        """
        top = gone[0]
        if parent is not None and self._blocked(parent) is None:
            try:
                async with asyncio.timeout(DEATH_LIMIT):
                    await self._open_maker().forget(parent, top.node, top.life, self._deadline())
            except TimeoutError as error:
                raise NodeError(top.node, f"process {top.pid} is not reaped by its parent") from error
        if parent is None:
            self._open_channel().root = None
        if self._keeper is not None:
            keeper = self._keeper
            try:
                await keeper.reap([member.pid for member in gone])
            except KeeperError:
                if not keeper.gone.done():
                    raise  # else whoever inherits from it reaps them

    # What comes unasked.

    def _died(self, member: Member) -> None:
        if self._directory is not None:
            name = identity(member.node, member.life).decode()
            with contextlib.suppress(OSError):  # it goes with the directory at the latest
                self._directory.path.joinpath(name).unlink(missing_ok=True)
        if self._channel is not None:
            self._channel.fail(self._is_cut_off)
        self._observer.died(member)

    def _is_cut_off(self, target: int) -> bool:
        """Say whether a dead node is on the way to `target`, or is it."""
        if target not in self._topology:
            return False
        return any(self._members[each].state is State.DEAD for each in self._topology.path(target))

    def _noticed(self, notice: ChildNotice | Malformed) -> None:
        if isinstance(notice, Malformed):
            self._observer.notice(f"node {notice.node} dropped malformed messages: {notice.count} so far")
            return
        member = self._by_pid.get(notice.pid)
        if member is None:
            return
        match notice:
            case ChildExited():
                member.reaped(notice.status)
                self._observer.reaped(member)
            case ChildStopped():
                member.stop_signal = notice.signal
                member.become(State.STOPPED)
                self._observer.stopped(member)
            case ChildContinued():
                member.become(State.RUNNING)
                self._observer.continued(member)

    def _dropped(self, count: int) -> None:
        self._observer.notice(f"the controller dropped malformed messages: {count} so far")


def _is_dead(member: Member) -> bool:
    return member.state is State.DEAD


def _is_stopped(member: Member) -> bool:
    return member.state is not State.RUNNING


def _is_running(member: Member) -> bool:
    return member.state is not State.STOPPED
