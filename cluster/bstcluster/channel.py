"""The controller's socket: many requests in flight, each answer matched to its request by number.

No thread: the socket's descriptor is watched by the event loop. It is edge-triggered (zmq_getsockopt(3),
ZMQ_FD), so after every send and every wake-up the socket is read until it has nothing more.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import zmq

from bstcluster.protocol import (
    MAX_IN_FLIGHT,
    MAX_MESSAGE,
    QUEUE_LIMIT,
    VERSION,
    WINDOW,
    Alive,
    Answer,
    Cancel,
    ChildContinued,
    ChildExited,
    ChildNotice,
    ChildStopped,
    Credit,
    Exec,
    Hello,
    Malformed,
    Numbers,
    Ping,
    Probe,
    Request,
    Unavailable,
    decode_reply,
    encode,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

BATCH: Final = 256
"""Messages taken before the event loop's other work gets its turn."""
_MORE: Final = int(zmq.NOBLOCK | zmq.SNDMORE)  # as plain ints: an enum's | costs a microsecond
_POLLIN: Final = int(zmq.POLLIN)


@dataclass(slots=True)
class Pending:
    """A request on its way."""

    target: int | None
    """None: the whole tree (a `Ping`)."""
    answer: asyncio.Future[Answer]
    patience: float
    """Seconds of silence after which the target is probed, and again until the probe is given up."""
    timer: asyncio.TimerHandle | None = None
    credit: int = WINDOW - 1
    """Chunks that may be sent before the node asks for more; the first went with the request."""
    credited: int = 0
    """Chunks that the node has asked for so far."""
    moved: asyncio.Event | None = None
    """For a stream: set when credit or the answer has come."""

    def move(self) -> None:
        """Wake the stream, if it waits."""
        if self.moved is not None:
            self.moved.set()


class Doubt(NamedTuple):
    """What is being probed for."""

    request: int
    credit: int
    credited: int
    """Of the request, when the probe was sent."""


class Channel:
    """The ROUTER that the root node connects to."""

    def __init__(
        self,
        path: Path,
        on_notice: Callable[[ChildNotice | Malformed], None],
        on_late: Callable[[Answer], None],
        on_malformed: Callable[[int], None],
    ) -> None:
        """Bind at `path`. `on_late` gets the answers that nobody waits for any more.

        `on_malformed` is told how many malformed frames were dropped, at the 1st, 2nd, 4th, 8th ...
        """
        self._loop = asyncio.get_running_loop()
        self._on_notice = on_notice
        self._on_late = on_late
        self._on_malformed = on_malformed
        self._context = zmq.Context()
        try:
            self._socket: zmq.Socket[bytes] = self._context.socket(zmq.ROUTER)
            self._open(path)
        except zmq.ZMQError:
            self._context.destroy()
            raise
        self._pending: dict[int, Pending] = {}
        self._probes: dict[int, Doubt] = {}
        self._greetings: dict[bytes, asyncio.Future[Hello]] = {}
        self._in_flight = asyncio.Semaphore(MAX_IN_FLIGHT)
        self._numbers = 0
        self.root: bytes | None = None
        """Identity of the root node: everything goes to it."""
        self.malformed = 0
        """Frames dropped because they were no messages."""
        self._descriptor = int(self._socket.getsockopt(zmq.FD))
        self._loop.add_reader(self._descriptor, self._drain)

    def _open(self, path: Path) -> None:
        for option, value in (
            (zmq.LINGER, 0),
            (zmq.MAXMSGSIZE, MAX_MESSAGE),
            (zmq.SNDHWM, QUEUE_LIMIT),
            (zmq.RCVHWM, QUEUE_LIMIT),
            (zmq.ROUTER_MANDATORY, 1),
        ):
            self._socket.setsockopt(option, value)
        self._socket.bind(f"ipc://{path}")

    def close(self) -> None:
        """Close the socket; who still waits is cancelled."""
        self._loop.remove_reader(self._descriptor)
        for pending in self._pending.values():
            pending.answer.cancel()
            if pending.timer is not None:
                pending.timer.cancel()
        self._socket.close()
        self._context.term()

    def number(self) -> int:
        """Return a request number that was never used before."""
        self._numbers += 1
        return self._numbers

    def expect(self, root: bytes) -> asyncio.Future[Hello]:
        """Return a future of the hello of `root`, which becomes the one that everything goes to."""
        self.root = root
        greeting: asyncio.Future[Hello] = self._loop.create_future()
        self._greetings[root] = greeting
        return greeting

    async def ask(self, request: Request, patience: float) -> Answer:
        """Send `request`, return its answer: `Unavailable` where the tree cannot deliver it.

        It waits as long as the target answers probes: busy is not unavailable.
        """
        async with self._in_flight:
            pending = self._begin(request, patience)
            try:
                return await pending.answer
            except asyncio.CancelledError:
                if pending.answer.done() and not pending.answer.cancelled():
                    self._on_late(pending.answer.result())  # it came, and nobody will see it
                raise
            finally:
                self._finish(request.request, pending)

    async def ask_by(self, request: Ping, limit: float) -> Answer | None:
        """Send `request`, return its answer, or None after `limit` seconds."""
        async with self._in_flight:
            pending = self._begin(request, limit)
            try:
                return await pending.answer
            except TimeoutError:
                return None
            finally:
                self._finish(request.request, pending)

    async def stream(self, first: Exec, rest: AsyncIterator[bytes], patience: float) -> Answer:
        """Send `first`, then the chunks of `rest` as the node asks for them; return the answer."""
        async with self._in_flight:
            pending = self._begin(first, patience)
            answered = False
            try:
                await self._feed(first, rest, pending)
                answer = await pending.answer
                answered = not isinstance(answer, Unavailable)
                return answer
            finally:
                if not answered:
                    self._send(encode(Cancel(first.request, first.target)))
                self._finish(first.request, pending)

    def fail(self, concerned: Callable[[int], bool]) -> None:
        """Answer every pending request whose target is `concerned` with `Unavailable`."""
        for number, pending in list(self._pending.items()):
            if pending.target is not None and concerned(pending.target):
                self._settle(number, Unavailable(number))

    async def _feed(self, first: Exec, rest: AsyncIterator[bytes], pending: Pending) -> None:
        """Send the chunks; the last is sent as such, so one is always held back."""
        held: bytes | None = None
        async for chunk in rest:
            if held is not None and not await self._feed_one(first, held, pending, last=False):
                return
            held = chunk
        await self._feed_one(first, held or b"", pending, last=True)

    async def _feed_one(self, first: Exec, chunk: bytes, pending: Pending, *, last: bool) -> bool:
        """Send one chunk as soon as there is credit; return False when the answer has come instead."""
        while pending.credit == 0 and not pending.answer.done():
            pending.moved = asyncio.Event()
            await pending.moved.wait()
        if pending.answer.done():
            return False
        pending.credit -= 1
        self._send(encode(Numbers(first.request, first.target, chunk, last)))
        return True

    def _begin(self, request: Request, patience: float) -> Pending:
        target = None if isinstance(request, Ping) else request.target
        pending = Pending(target, self._loop.create_future(), patience)
        self._pending[request.request] = pending
        pending.timer = self._loop.call_later(patience, self._doubt, request.request)
        if not self._send(encode(request)):
            self._settle(request.request, Unavailable(request.request))
        return pending

    def _finish(self, number: int, pending: Pending) -> None:
        if pending.timer is not None:
            pending.timer.cancel()
        self._pending.pop(number, None)

    def _settle(self, number: int, answer: Answer) -> bool:
        pending = self._pending.get(number)
        if pending is None or pending.answer.done():
            return False
        pending.answer.set_result(answer)
        pending.move()
        return True

    def _doubt(self, number: int) -> None:
        """Nothing was heard of a request for a while: probe its target."""
        pending = self._pending.get(number)
        if pending is None or pending.answer.done():
            return
        if pending.target is None:
            pending.answer.set_exception(TimeoutError())
            return
        probe = self.number()
        self._probes[probe] = Doubt(number, pending.credit, pending.credited)
        pending.timer = self._loop.call_later(pending.patience, self._give_up, probe)
        if not self._send(encode(Probe(probe, pending.target, number))):
            self._give_up(probe)

    def _give_up(self, probe: int) -> None:
        doubt = self._probes.pop(probe, None)
        if doubt is not None:
            self._settle(doubt.request, Unavailable(doubt.request))

    def _believe(self, alive: Alive) -> None:
        """The target of a doubted request answered: wait on, unless the request, or its answer, was lost.

        All that was sent before the probe has arrived before it. So where the node has nothing left to do,
        and nothing has come back since, something is missing that will never come.
        """
        doubt = self._probes.pop(alive.request, None)
        pending = self._pending.get(doubt.request) if doubt is not None else None
        if pending is None or doubt is None:
            return
        if pending.timer is not None:
            pending.timer.cancel()
        if not alive.working and doubt.credit < WINDOW and pending.credited == doubt.credited:
            self._settle(doubt.request, Unavailable(doubt.request))
            return
        pending.timer = self._loop.call_later(pending.patience, self._doubt, doubt.request)

    def _send(self, frame: bytes) -> bool:
        if self.root is None:
            return False
        try:
            self._socket.send(self.root, _MORE)
            self._socket.send(frame, zmq.NOBLOCK)
        except zmq.ZMQError:  # EHOSTUNREACH: the root is gone; EAGAIN: it takes nothing any more
            return False
        if self._readable():  # of these the descriptor does not tell
            self._loop.call_soon(self._drain)
        return True

    def _readable(self) -> bool:
        return int(self._socket.getsockopt(zmq.EVENTS)) & _POLLIN != 0

    def _drain(self) -> None:
        if self._socket.closed:
            return
        for _ in range(BATCH):
            try:
                self._take(self._socket.recv(zmq.NOBLOCK), self._socket.recv(zmq.NOBLOCK))
            except zmq.Again:
                return
            except msgspec.MsgspecError:
                self._count_malformed()
            except BaseException:
                self._loop.call_soon(self._drain)  # the descriptor does not tell of the rest again
                raise
            if not self._readable():  # cheaper than to run into Again
                return
        self._loop.call_soon(self._drain)

    def _take(self, sender: bytes, frame: bytes) -> None:
        """Take in a message. Raises MsgspecError where it is none that belongs here."""
        if self._socket.getsockopt(zmq.RCVMORE):
            self._socket.recv_multipart(zmq.NOBLOCK)
            raise msgspec.DecodeError
        reply = decode_reply(frame)
        if isinstance(reply, Hello):
            self._greet(sender, reply)
        elif sender == self.root:
            self._dispatch(reply)
        else:
            raise msgspec.DecodeError

    def _count_malformed(self) -> None:
        self.malformed += 1
        if self.malformed & (self.malformed - 1) == 0:
            self._on_malformed(self.malformed)

    def _greet(self, sender: bytes, hello: Hello) -> None:
        greeting = self._greetings.pop(sender, None)
        if greeting is None or hello.version != VERSION:
            self._count_malformed()
        elif not greeting.done():
            greeting.set_result(hello)

    def _dispatch(self, reply: Answer | ChildNotice | Malformed) -> None:
        match reply:
            case ChildExited() | ChildStopped() | ChildContinued() | Malformed():
                self._on_notice(reply)
            case Credit():
                pending = self._pending.get(reply.request)
                if pending is not None:
                    pending.credit += 1
                    pending.credited += 1
                    pending.move()
            case Alive():
                self._believe(reply)
            case Unavailable() if reply.request in self._probes:
                self._give_up(reply.request)
            case _:
                if not self._settle(reply.request, reply) and not self._is_answered(reply.request):
                    self._on_late(reply)

    def _is_answered(self, number: int) -> bool:
        """Say whether a request has an answer that its asker has not seen yet: a second one is no news."""
        pending = self._pending.get(number)
        return pending is not None and pending.answer.done() and not pending.answer.cancelled()
