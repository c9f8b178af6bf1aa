"""ZMTP as it goes over a connection, written from RFC 23: a handshake, and messages in frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from bstcluster import protocol


def frame(body: bytes, flags: int = 0) -> bytes:
    """Return a frame, long where it has to be."""
    if len(body) > 255:
        return bytes([flags | 2]) + len(body).to_bytes(8) + body
    return bytes([flags, len(body)]) + body


def handshake(socket_type: bytes, identity: bytes = b"") -> bytes:
    """Return the greeting of 64 bytes and a READY."""
    greeting = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"NULL".ljust(20, b"\0") + bytes(32)
    ready = b"\x05READY"
    for name, value in ((b"Socket-Type", socket_type), (b"Identity", identity)):
        ready += bytes([len(name)]) + name + len(value).to_bytes(4) + value
    return greeting + frame(ready, 4)


def encoded(message: protocol.Message) -> bytes:
    """Return a message of the cluster."""
    return frame(msgspec.msgpack.encode(message))
