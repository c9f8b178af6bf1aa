"""The messages between the controller, the keeper and the nodes: their shapes, limits and version.

Every message is one frame: msgpack of a `msgspec.Struct` as an array that starts with its name. Requests go
down the tree to `target`; replies go up with the request's number. Deadlines are CLOCK_MONOTONIC nanoseconds,
one clock for all processes of a machine.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

import msgspec

VERSION: Final = 2
"""Grows when a message changes shape. A child says it in `Hello`; its parent refuses another one."""
MAX_MESSAGE: Final = 1 << 20
"""Longest message, bytes (ZMQ_MAXMSGSIZE): a peer that sends a longer one is disconnected."""
QUEUE_LIMIT: Final = 20_000
"""ZMQ_SNDHWM and ZMQ_RCVHWM, messages: above what `MAX_IN_FLIGHT` requests with `WINDOW` chunks can queue."""
MAX_IN_FLIGHT: Final = 1000
"""Requests that a controller has under way at once; more wait their turn."""
WINDOW: Final = 4
"""Chunks of an exec under way between the controller and the node."""
CONTROLLER_SOCKET: Final = b"controller"
"""File name of the controller's ROUTER, to which the root connects."""
ID_MIN: Final = -(2**63)
ID_MAX: Final = 2**63 - 1

Id: TypeAlias = Annotated[int, msgspec.Meta(ge=ID_MIN, le=ID_MAX)]
Number: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=ID_MAX)]
Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=1000)]


class Message(msgspec.Struct, frozen=True, tag=True, array_like=True, forbid_unknown_fields=True):
    """Base of all messages."""


# Requests: down the tree.


class Create(Message, frozen=True):
    """Fork `child` (in its `life`-th life) as a child of `target`, unless `deadline` is over."""

    request: Number
    target: Id
    deadline: Number
    child: Id
    life: Number


class Exec(Message, frozen=True):
    """Add up `count` numbers (None: as many as come). `numbers` is the first chunk; `last` says it is all."""

    request: Number
    target: Id
    count: Number | None
    numbers: bytes
    last: bool


class Numbers(Message, frozen=True):
    """A further chunk of an `Exec`."""

    request: Number
    target: Id
    numbers: bytes
    last: bool


class Cancel(Message, frozen=True):
    """Nobody waits for this `Exec` any more."""

    request: Number
    target: Id


class Forget(Message, frozen=True):
    """Reap the dead `child` of `target` and free its place."""

    request: Number
    target: Id
    child: Id
    life: Number


class Probe(Message, frozen=True):
    """Are you there, and at work on request `about`? A node that computes answers between two chunks."""

    request: Number
    target: Id
    about: Number = 0


class Ping(Message, frozen=True):
    """Flood: answer for your whole subtree by `deadline`; your children have `step` less (nanoseconds)."""

    request: Number
    deadline: Number
    step: Number


# Replies: up the tree.


class Hello(Message, frozen=True):
    """A child's first message to its parent."""

    version: Number
    pid: Number
    born: Number
    """Start time in clock ticks (field 22 of /proc/PID/stat, proc(5)): tells the pid from a later owner."""


class Created(Message, frozen=True):
    """The node of a `Create` runs and has said hello."""

    request: Number
    pid: Number
    born: Number


class Sum(Message, frozen=True):
    """The result of an `Exec`: signed, big-endian, as many bytes as it takes."""

    request: Number
    value: bytes


class Credit(Message, frozen=True):
    """One chunk of an `Exec` is used up; another may be sent."""

    request: Number


class Forgotten(Message, frozen=True):
    """Answer to `Forget`."""

    request: Number


class Alive(Message, frozen=True):
    """Answer to `Probe`. Not `working`: of all that has come of the request, nothing is left to do."""

    request: Number
    working: bool = True


class Pong(Message, frozen=True):
    """Answer to `Ping`: the tops of the subtrees that did not answer; all others did."""

    request: Number
    cut: list[Id]


class Failed(Message, frozen=True):
    """The node refuses the request; `reason` is a sentence for a person."""

    request: Number
    reason: Text


class Unavailable(Message, frozen=True):
    """The request met a node that is dead, stopped or gone on its way down."""

    request: Number


# Notices: up the tree, unasked.


class ChildExited(Message, frozen=True):
    """A child has ended and is reaped; `status` is its wait status (wait(2))."""

    pid: Number
    status: Number


class ChildStopped(Message, frozen=True):
    """A child was stopped by `signal`."""

    pid: Number
    signal: Number


class ChildContinued(Message, frozen=True):
    """A stopped child runs again."""

    pid: Number


class Malformed(Message, frozen=True):
    """Frames that were no messages of this protocol have been dropped by `node`, `count` so far."""

    node: Id
    count: Number


Request: TypeAlias = Create | Exec | Numbers | Cancel | Forget | Probe | Ping
Answer: TypeAlias = Created | Sum | Credit | Forgotten | Alive | Pong | Failed | Unavailable
ChildNotice: TypeAlias = ChildExited | ChildStopped | ChildContinued
Reply: TypeAlias = Answer | ChildNotice | Malformed | Hello


# Between the controller and the keeper (a SOCK_SEQPACKET socket pair: one message a packet).


class ForkRoot(Message, frozen=True):
    """Fork the root node."""

    request: Number
    node: Id
    life: Number


class Forked(Message, frozen=True):
    """The root's process exists; it has yet to say hello to the controller."""

    request: Number
    pid: Number


class Reap(Message, frozen=True):
    """Answer `Reaped` as soon as none of these pids is a child (a zombie included)."""

    request: Number
    pids: list[Number]


class Reaped(Message, frozen=True):
    """Answer to `Reap`."""

    request: Number


KeeperRequest: TypeAlias = ForkRoot | Reap
KeeperReply: TypeAlias = Forked | Reaped | Failed | ChildNotice

encode = msgspec.msgpack.Encoder().encode
_request: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_reply: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)
_keeper_request: msgspec.msgpack.Decoder[KeeperRequest] = msgspec.msgpack.Decoder(KeeperRequest)
_keeper_reply: msgspec.msgpack.Decoder[KeeperReply] = msgspec.msgpack.Decoder(KeeperReply)


def decode_request(frame: bytes) -> Request:
    """Return the request in `frame`. Raises msgspec.MsgspecError, and nothing else, where there is none."""
    try:
        return _request.decode(frame)
    except UnicodeDecodeError as error:  # msgspec lets it through
        raise msgspec.DecodeError(str(error)) from error


def decode_reply(frame: bytes) -> Reply:
    """Return the reply in `frame`. Raises msgspec.MsgspecError, and nothing else, where there is none."""
    try:
        return _reply.decode(frame)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(str(error)) from error


def decode_keeper_request(frame: bytes) -> KeeperRequest:
    """Return the request to the keeper in `frame`. Raises msgspec.MsgspecError where there is none."""
    try:
        return _keeper_request.decode(frame)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(str(error)) from error


def decode_keeper_reply(frame: bytes) -> KeeperReply:
    """Return the keeper's reply in `frame`. Raises msgspec.MsgspecError where there is none."""
    try:
        return _keeper_reply.decode(frame)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(str(error)) from error


def identity(node: int, life: int) -> bytes:
    """Return the ROUTER identity of a node's life, for example ``b"20.1"``; also its socket's file name."""
    return b"%d.%d" % (node, life)
