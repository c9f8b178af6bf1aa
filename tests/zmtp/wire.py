"""ZMTP written by hand, from the RFCs and not with the code under test, and streams fed with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bstinspect.zmtp.events import Begun, Command, Continued, Event, Greeting, GreetingBegun, Message
from bstinspect.zmtp.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Iterable

SIGNATURE = b"\xff" + bytes(8) + b"\x7f"


def greeting(mechanism: bytes = b"NULL", minor: int = 1, *, server: bool = False) -> bytes:
    """Return the 64 bytes of ZMTP 3."""
    return SIGNATURE + bytes([3, minor]) + mechanism.ljust(20, b"\0") + bytes([server]) + bytes(31)


def frame(body: bytes, *, more: bool = False, command: bool = False, long: bool = False) -> bytes:
    """Return a frame; the long form where the body needs it or `long` wants it."""
    long = long or len(body) > 255
    flags = more * 1 + long * 2 + command * 4
    return bytes([flags]) + len(body).to_bytes(8 if long else 1) + body


def message(*parts: bytes) -> bytes:
    """Return the frames of a message."""
    return b"".join(frame(part, more=True) for part in parts[:-1]) + frame(parts[-1])


def command(name: bytes, body: bytes = b"") -> bytes:
    """Return a command frame."""
    return frame(bytes([len(name)]) + name + body, command=True)


def ready(**properties: bytes) -> bytes:
    """Return a READY with metadata; ``_`` in a name stands for ``-``."""
    body = b""
    for key, value in properties.items():
        name = key.replace("_", "-").encode()
        body += bytes([len(name)]) + name + len(value).to_bytes(4) + value
    return command(b"READY", body)


def handshake(socket_type: bytes = b"DEALER", identity: bytes = b"") -> bytes:
    """Return a greeting and a READY."""
    return greeting() + ready(Socket_Type=socket_type, Identity=identity)


def in_step(*, late: bool = False, socket_type: bytes = b"DEALER", identity: bytes = b"") -> Stream:
    """Return a stream whose handshake is over; a late one has seen one small message instead."""
    stream = Stream(late=late)
    start = frame(b"x") if late else handshake(socket_type, identity)
    assert stream.feed(start, len(start))
    return stream


def feed(stream: Stream, calls: Iterable[bytes]) -> list[Event]:
    """Feed whole calls; return all events."""
    return [event for call in calls for event in stream.feed(call, len(call))]


def wholes(events: Iterable[Event]) -> list[Event]:
    """Return what is the same however the bytes are cut: what ended, without whether it was continued."""
    found: list[Event] = []
    for event in events:
        if isinstance(event, Greeting | Command | Message):
            found.append(msgspec.structs.replace(event, continued=False))
        elif not isinstance(event, GreetingBegun | Begun | Continued):
            found.append(event)
    return found
