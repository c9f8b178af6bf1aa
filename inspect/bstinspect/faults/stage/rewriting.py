"""A message left out of the bytes of a send, put in twice, or cut short: always in whole frames (ZMTP 3)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from bstinspect.zmtp import words
from bstinspect.zmtp.events import Message, Part
from bstinspect.zmtp.frames import COMMAND, LONG, MORE, FrameError, read_header

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Frame(NamedTuple):
    """A whole frame."""

    flags: int
    body: bytes

    def encode(self) -> bytes:
        """Return it as it goes over the wire."""
        if len(self.body) > 255:
            return struct.pack(">BQ", self.flags | LONG, len(self.body)) + self.body
        return struct.pack(">BB", self.flags & ~LONG, len(self.body)) + self.body


def rewritten(data: bytes, kind: str, name: str, nth: int = 0) -> bytes | None:
    """Return `data` with a message called `name` dropped, sent ``twice`` or ``truncate``d.

    It is the one before which there are `nth` others of that name. None where `data` is not made of whole
    frames, or has no such message.
    """
    frames = list(_frames(data))
    if b"".join(frame.encode() for frame in frames) != data:
        return None
    out: list[_Frame] = []
    passed = 0
    for message in _messages(frames):
        if not _is_called(message, name):
            out += message
            continue
        out += _changed(message, kind) if passed == nth else message
        passed += 1
    return b"".join(frame.encode() for frame in out) if passed > nth else None


def _changed(message: list[_Frame], kind: str) -> list[_Frame]:
    if kind == "drop":
        return []
    if kind == "twice":
        return message + message
    last = message[-1]
    return [*message[:-1], _Frame(last.flags, last.body[: len(last.body) // 2])]


def _frames(data: bytes) -> Iterator[_Frame]:
    at = 0
    while at < len(data):
        try:
            header = read_header(data[at:])
        except FrameError:
            return
        if header is None or at + header.length + header.size > len(data):
            return
        start = at + header.length
        yield _Frame(data[at], data[start : start + header.size])
        at = start + header.size


def _messages(frames: list[_Frame]) -> Iterator[list[_Frame]]:
    """Group frames into messages; a command stands alone."""
    message: list[_Frame] = []
    for frame in frames:
        message.append(frame)
        if frame.flags & COMMAND or not frame.flags & MORE:
            yield message
            message = []
    if message:
        yield message


def _is_called(message: list[_Frame], name: str) -> bool:
    if any(frame.flags & COMMAND for frame in message) or message[-1].flags & MORE:
        return False
    parts = tuple(Part(frame.body, len(frame.body)) for frame in message)
    return words.name(Message(parts, len(parts), sum(part.size for part in parts))) == name
