"""One compute node: it routes what is for its subtree, adds up what is for itself, forks its children."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NoReturn

import msgspec
import zmq

from bstcluster import processes
from bstcluster.numbers import MAX_DIGITS, BadNumberError, add_up
from bstcluster.protocol import (
    MAX_MESSAGE,
    QUEUE_LIMIT,
    VERSION,
    Alive,
    Cancel,
    ChildContinued,
    ChildExited,
    ChildStopped,
    Create,
    Created,
    Credit,
    Exec,
    Failed,
    Forget,
    Forgotten,
    Hello,
    Malformed,
    Message,
    Numbers,
    Ping,
    Pong,
    Probe,
    Request,
    Sum,
    Unavailable,
    decode_reply,
    decode_request,
    encode,
    identity,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BATCH: Final = 64
"""Messages taken from one socket before the others get their turn."""
_MORE: Final = int(zmq.NOBLOCK | zmq.SNDMORE)  # as plain ints: an enum's | costs a microsecond
_POLLIN: Final = int(zmq.POLLIN)


@dataclass(frozen=True, slots=True)
class Seat:
    """Who a node is, and whom it answers to."""

    directory: Path
    node: int
    life: int
    parent: bytes
    """File name of the parent's socket."""
    tracer_ancestor: int
    """Process whose descendants may attach with ptrace; 0 for none."""


@dataclass(slots=True)
class Child:
    """A child node, from its fork until it is forgotten."""

    node: int
    life: int
    pid: int
    create: int
    """Request number of its `Create`."""
    said_hello: bool = False
    stopped: bool = False
    dead: bool = False

    @property
    def serves(self) -> bool:
        """True while a message to it can be answered, as far as the kernel tells."""
        return self.said_hello and not self.stopped and not self.dead


@dataclass(slots=True)
class Gathering:
    """A `Ping` whose answers are coming in."""

    deadline: int
    waiting: set[bytes]
    cut: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Job:
    """An `Exec` being added up."""

    count: int | None
    chunks: deque[tuple[bytes, bool]] = field(default_factory=deque)
    seen: int = 0
    total: int = 0


class Node:
    """A node's sockets and state. `run` is its life.

    Upwards: one DEALER, connected to the parent's ROUTER. Downwards: one ROUTER, for the children.
    """

    def __init__(self, seat: Seat) -> None:
        self.seat = seat
        self._context = zmq.Context()
        self._up = self._socket(zmq.DEALER)
        self._up.setsockopt(zmq.ROUTING_ID, identity(seat.node, seat.life))
        self._up.setsockopt(zmq.RECONNECT_IVL, -1)  # a dead parent never comes back
        self._down = self._socket(zmq.ROUTER)
        self._down.setsockopt(zmq.ROUTER_MANDATORY, 1)  # a child that is gone fails the send at once
        self._children: dict[bytes, Child] = {}
        self._left: bytes | None = None
        self._right: bytes | None = None
        self._creates: deque[Create] = deque()
        self._forgets: dict[int, int] = {}  # pid -> request
        self._gatherings: dict[int, Gathering] = {}
        self._jobs: dict[int, Job] = {}
        self._malformed = 0

    def run(self) -> Seat | None:
        """Serve for ever; return only in a freshly forked child, with the seat that it is to take.

        So a child unwinds its parent's stack before it becomes a node: chains may be as deep as they like.
        """
        seat = self.seat
        processes.set_title(f"node {seat.node}")
        if seat.tracer_ancestor:
            processes.allow_tracer(seat.tracer_ancestor)
        events = processes.ChildEvents()
        self._down.bind(f"ipc://{seat.directory}/{identity(seat.node, seat.life).decode()}")
        self._up.connect(f"ipc://{seat.directory}/{seat.parent.decode()}")
        self._answer(Hello(VERSION, os.getpid(), processes.start_ticks(os.getpid())))
        watched: list[tuple[Any, int]] = [
            (processes.LIFELINE, zmq.POLLIN),
            (events.fileno(), zmq.POLLIN),  # before the messages, which are judged by what it says
            (self._up, zmq.POLLIN),
            (self._down, zmq.POLLIN),
        ]
        while True:
            for ready, _ in zmq.zmq_poll(watched, self._patience()):
                if ready is self._up:
                    self._take_requests()
                elif ready is self._down:
                    self._take_replies()
                elif ready == processes.LIFELINE:
                    self._end()
                else:
                    for notice in events.take():
                        self._child_changed(notice)
            self._close_gatherings(time.monotonic_ns())
            self._work()
            while self._creates:
                child_seat = self._fork(self._creates.popleft())
                if child_seat is not None:
                    return child_seat

    def _socket(self, kind: int) -> zmq.Socket[bytes]:
        socket: zmq.Socket[bytes] = self._context.socket(kind)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE)
        socket.setsockopt(zmq.SNDHWM, QUEUE_LIMIT)
        socket.setsockopt(zmq.RCVHWM, QUEUE_LIMIT)
        return socket

    def _patience(self) -> int:
        """How long poll may wait, in ms: not at all with work at hand, for ever with nothing due (-1)."""
        if any(job.chunks for job in self._jobs.values()):
            return 0
        if not self._gatherings:
            return -1
        due = min(gathering.deadline for gathering in self._gatherings.values())
        return max(0, due - time.monotonic_ns()) // 1_000_000 + 1

    def _end(self) -> NoReturn:
        processes.end_of_controller(self.seat.directory)
        os._exit(0)

    # Requests, from above.

    def _take_requests(self) -> None:
        for _ in range(BATCH):
            try:
                self._route(self._up.recv(zmq.NOBLOCK))
            except zmq.Again:
                return
            except msgspec.MsgspecError:
                self._count_malformed()
            if not int(self._up.getsockopt(zmq.EVENTS)) & _POLLIN:  # cheaper than to run into Again
                return

    def _route(self, frame: bytes) -> None:
        """Serve a request, or pass it down. Raises MsgspecError where it is none."""
        request = decode_request(frame)
        if isinstance(request, Ping):
            self._flood(request)
        elif request.target == self.seat.node:
            self._serve(request)
        else:
            side = self._left if request.target < self.seat.node else self._right
            if side is None or not self._children[side].serves or not self._forward(side, frame):
                self._answer(Unavailable(request.request))

    def _forward(self, child: bytes, frame: bytes) -> bool:
        try:
            self._down.send(child, _MORE)
            self._down.send(frame, zmq.NOBLOCK)
        except zmq.ZMQError:  # EHOSTUNREACH: gone; EAGAIN: takes nothing any more
            return False
        return True

    def _serve(self, request: Request) -> None:
        match request:
            case Exec():
                job = self._jobs[request.request] = Job(request.count)
                job.chunks.append((request.numbers, request.last))
            case Numbers():
                if request.request in self._jobs:
                    self._jobs[request.request].chunks.append((request.numbers, request.last))
            case Cancel():
                self._jobs.pop(request.request, None)
            case Probe():
                self._answer(Alive(request.request, self._is_working(request.about)))
            case Create():
                self._creates.append(request)
            case Forget():
                self._forget(request)

    def _is_working(self, number: int) -> bool:
        """Say whether a request is here, and not all done that could be done by now."""
        job = self._jobs.get(number)
        if job is not None:
            return bool(job.chunks)
        creating = {create.request for create in self._creates}
        creating |= {child.create for child in self._children.values() if not child.said_hello}
        return number in creating or number in self._forgets.values()

    def _answer(self, reply: Message) -> None:
        self._pass_up(encode(reply))

    def _pass_up(self, frame: bytes) -> None:
        try:
            self._up.send(frame, zmq.NOBLOCK)
        except zmq.Again:
            return  # the parent is gone, or takes nothing any more: then nobody waits for this

    def _count_malformed(self) -> None:
        self._malformed += 1
        if self._malformed & (self._malformed - 1) == 0:  # the 1st, 2nd, 4th, 8th ...: a log, not a flood
            self._answer(Malformed(self.seat.node, self._malformed))

    # Adding up.

    def _work(self) -> None:
        """Add up one chunk of the job whose turn it is."""
        number = next((number for number, job in self._jobs.items() if job.chunks), None)
        if number is None:
            return
        job = self._jobs.pop(number)
        reply, more = self._add_chunk(number, job)
        if more:
            self._jobs[number] = job  # behind the others
        self._answer(reply)

    @staticmethod
    def _add_chunk(number: int, job: Job) -> tuple[Message, bool]:
        text, last = job.chunks.popleft()
        try:
            count, total = add_up(text)
        except BadNumberError as error:
            return Failed(number, str(error)), False
        job.seen += count
        job.total += total
        if not last:
            return Credit(number), True
        if job.count is not None and job.seen != job.count:
            return Failed(number, f"expected {job.count} numbers, got {job.seen}"), False
        return Sum(number, job.total.to_bytes(job.total.bit_length() // 8 + 1, signed=True)), False

    # Children.

    def _fork(self, create: Create) -> Seat | None:
        """Fork the child of `create`; return its seat in the child, None in the parent."""
        if time.monotonic_ns() > create.deadline:
            self._answer(Unavailable(create.request))
            return None
        name = identity(create.child, create.life)
        if name in self._children:  # the same request once more: no second process in the same seat
            return None
        seat = Seat(
            self.seat.directory,
            create.child,
            create.life,
            identity(self.seat.node, self.seat.life),
            self.seat.tracer_ancestor,
        )
        try:
            processes.ensure_descriptors(1)  # for its connection
            pid = processes.fork()
        except OSError as error:
            self._answer(Failed(create.request, f"cannot fork: {error.strerror}"))
            return None
        if pid == 0:
            processes.begin_child(self)
            return seat
        if create.child < self.seat.node:
            self._left = name
        else:
            self._right = name
        self._children[name] = Child(create.child, create.life, pid, create.request)
        return None

    def _take_replies(self) -> None:
        for _ in range(BATCH):
            try:
                self._take_reply(*self._down.recv_multipart(zmq.NOBLOCK))
            except zmq.Again:
                return
            except msgspec.MsgspecError:
                self._count_malformed()
            if not int(self._down.getsockopt(zmq.EVENTS)) & _POLLIN:
                return

    def _take_reply(self, name: bytes, *frames: bytes) -> None:
        """Take in what a child says, or pass it up. Raises MsgspecError where it is no reply of a child's."""
        child = self._children.get(name)
        if child is None or len(frames) != 1:
            raise msgspec.DecodeError
        reply = decode_reply(frames[0])
        if isinstance(reply, Pong):
            self._gather(reply.request, name, reply.cut)
        elif isinstance(reply, Hello):
            self._greet(child, reply)
        else:
            self._pass_up(frames[0])

    def _greet(self, child: Child, hello: Hello) -> None:
        if hello.version != VERSION or hello.pid != child.pid:
            self._count_malformed()
            return
        if child.dead:  # and its create is answered
            return
        child.said_hello = True
        self._answer(Created(child.create, hello.pid, hello.born))

    def _child_changed(self, notice: ChildExited | ChildStopped | ChildContinued) -> None:
        alive = {child.pid: name for name, child in self._children.items() if not child.dead}
        name = alive.get(notice.pid)
        if name is None:
            return
        child = self._children[name]
        child.stopped = isinstance(notice, ChildStopped)
        child.dead = isinstance(notice, ChildExited)
        self._answer(notice)
        if child.serves:
            return
        for number in [number for number, each in self._gatherings.items() if name in each.waiting]:
            self._gather(number, name, [child.node])
        if isinstance(notice, ChildExited):
            if not child.said_hello:
                self._answer(Failed(child.create, "the new process ended before it said hello"))
            forget = self._forgets.pop(child.pid, None)
            if forget is not None:
                self._vacate(name)
                self._answer(Forgotten(forget))

    def _forget(self, request: Forget) -> None:
        name = identity(request.child, request.life)
        child = self._children.get(name)
        if child is not None and not child.dead:
            self._forgets[child.pid] = request.request  # answered when it is reaped
            return
        self._vacate(name)
        self._answer(Forgotten(request.request))

    def _vacate(self, name: bytes) -> None:
        self._children.pop(name, None)
        if self._left == name:
            self._left = None
        if self._right == name:
            self._right = None

    # pingall.

    def _flood(self, ping: Ping) -> None:
        further = encode(Ping(ping.request, max(0, ping.deadline - ping.step), ping.step))
        gathering = Gathering(ping.deadline, set())
        for name in self._sides():
            child = self._children[name]
            if child.serves and self._forward(name, further):
                gathering.waiting.add(name)
            else:
                gathering.cut.append(child.node)
        if gathering.waiting:
            self._gatherings[ping.request] = gathering
        else:
            self._answer(Pong(ping.request, gathering.cut))

    def _sides(self) -> Iterator[bytes]:
        if self._left is not None:
            yield self._left
        if self._right is not None:
            yield self._right

    def _gather(self, number: int, name: bytes, cut: list[int]) -> None:
        gathering = self._gatherings.get(number)
        if gathering is None or name not in gathering.waiting:
            return  # it comes after its deadline
        gathering.waiting.discard(name)
        gathering.cut += cut
        if not gathering.waiting:
            del self._gatherings[number]
            self._answer(Pong(number, gathering.cut))

    def _close_gatherings(self, now: int) -> None:
        for number in [number for number, each in self._gatherings.items() if each.deadline <= now]:
            gathering = self._gatherings.pop(number)
            late = [self._children[name].node for name in gathering.waiting]
            self._answer(Pong(number, gathering.cut + late))


def live(seat: Seat | None) -> NoReturn:
    """Be the node of `seat`, and, after each fork, the child's next one. Ends the process."""
    status = 0
    try:
        sys.set_int_max_str_digits(MAX_DIGITS)  # whatever $PYTHONINTMAXSTRDIGITS says
        # SIGHUP stays ignored, as in the keeper: the kernel sends it, before a SIGCONT, to a group that has
        # lost its keeper and has a stopped member. Who died of it could not sweep the directory any more.
        while seat is not None:
            seat = Node(seat).run()
    except Exception as error:  # noqa: BLE001 - the last words of a process; the parent sees the status
        name = seat.node if seat else "?"
        sys.stderr.write(f"bstrace: node {name}: {type(error).__name__}: {error}\n")
        status = 1
    sys.stderr.flush()
    os._exit(status)
