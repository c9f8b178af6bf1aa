"""What the bytes of one call meant: the events of a stream, in the order of its bytes.

`continued` says that the item began in an earlier call. Sizes are bytes of payload, without frame headers.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class Greeting(msgspec.Struct, frozen=True):
    """The greeting is whole: 64 bytes in ZMTP 3, signature to identity in ZMTP 2.0."""

    version: tuple[int, int]
    """What the sender says it speaks; (1, 0) where the two fall back to it: nothing is read after that."""
    mechanism: str = ""
    """``NULL``, ``PLAIN``, ``CURVE`` ...; empty before ZMTP 3."""
    as_server: bool = False
    socket_type: str = ""
    """``DEALER``, ``ROUTER`` ...: in the greeting of ZMTP 2.0 only; ZMTP 3 says it in READY."""
    identity: bytes = b""
    """In the greeting of ZMTP 2.0 only."""
    continued: bool = False


class Command(msgspec.Struct, frozen=True):
    """A command frame, for example READY. An encrypted message is the command MESSAGE (RFC 26)."""

    name: str
    size: int
    """Bytes of its body, the name included."""
    body: bytes = b""
    """What follows the name, as much of it as is kept."""
    properties: tuple[tuple[str, bytes], ...] = ()
    """Of READY and INITIATE, where they are not encrypted."""
    continued: bool = False


class Part(msgspec.Struct, frozen=True):
    """One frame of a message: `data` is as much of its `size` bytes as is kept."""

    data: bytes
    size: int


class Message(msgspec.Struct, frozen=True):
    """A message: its first parts, how many there are, and how long all of them are together."""

    parts: tuple[Part, ...]
    count: int
    size: int
    socket_type: str = ""
    """The sender's, for example ``DEALER``; empty where the handshake was not seen."""
    identity: bytes = b""
    """The sender's, from its READY; empty where it has none or the handshake was not seen."""
    continued: bool = False


class GreetingBegun(msgspec.Struct, frozen=True):
    """A greeting begins in this call, and goes on in another."""


class Begun(msgspec.Struct, frozen=True):
    """A message or a command begins in this call, and goes on in another."""

    item: Message | Command | None
    """As far as it is known; None: not even its header is whole."""
    have: int
    """How many of its bytes were seen so far."""
    size: int
    """How many bytes were announced."""
    more: bool
    """A further part will follow: `size` is not all."""


class Continued(msgspec.Struct, frozen=True):
    """What began in an earlier call goes on in this one and in another. `size` 0: of a greeting."""

    have: int
    size: int
    more: bool


class Missing(msgspec.Struct, frozen=True):
    """`count` bytes of this call were not captured. `in_step`: all of them belong to one frame's body."""

    count: int
    in_step: bool


class Broken(msgspec.Struct, frozen=True):
    """The stream stops to be ZMTP here; nothing further is told of it."""

    reason: str


Event: TypeAlias = Greeting | Command | Message | GreetingBegun | Begun | Continued | Missing | Broken
