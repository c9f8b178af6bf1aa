"""The frames of ZMTP 2.0 to 3.1 (RFC 15, 23, 37): their headers; the names and metadata of commands."""

from __future__ import annotations

from typing import Final, NamedTuple

from bstinspect.zmtp.events import Command

MORE: Final = 1
LONG: Final = 2
COMMAND: Final = 4
LONGEST_HEADER: Final = 9
LONGEST_BODY: Final = 2**63 - 1
"""RFC 37: a length is at most 2^63 - 1."""
ENCRYPTED: Final = b"\x07MESSAGE"
"""What the body of an encrypted message begins with (RFC 26); libzmq sends it without the command flag."""
_ENCRYPTED_LEAST: Final = 33
_WITH_METADATA: Final = frozenset({"READY", "INITIATE"})


class FrameError(ValueError):
    """These bytes are no frame of ZMTP."""


class Header(NamedTuple):
    """The header of a frame, itself `length` bytes long, of a body of `size` bytes."""

    more: bool
    command: bool
    size: int
    length: int


def read_header(data: bytes) -> Header | None:
    """Return the header at the start of `data`, None where it goes on. Raises FrameError where it is none."""
    if not data:
        return None
    flags = data[0]
    if flags & ~(MORE | LONG | COMMAND):
        raise FrameError(f"reserved flags 0x{flags:02x}")
    if flags & MORE and flags & COMMAND:
        raise FrameError("a command with more to follow")
    length = LONGEST_HEADER if flags & LONG else 2
    if len(data) < length:
        return None
    size = int.from_bytes(data[1:length])
    if size > LONGEST_BODY:
        raise FrameError("a length above 2^63 - 1")
    return Header(flags & MORE != 0, flags & COMMAND != 0, size, length)


def command_name(body: bytes, size: int) -> str | None:
    """Return the name that a command's `body` of `size` bytes begins with; None where not all of it is there.

    Raises FrameError where it has no name.
    """
    if not body and size:
        return None
    end = 1 + body[0] if body else 0
    name = body[1:end]
    if not 1 < end <= size or (name and not name.isalpha()):
        raise FrameError("a command without a name")
    return name.decode("ascii") if len(body) >= end else None


def read_command(body: bytes, size: int, *, plain: bool, continued: bool) -> Command | None:
    """Return the command of a body of `size` bytes, of which `body` is kept; None before its name is whole.

    `plain` says that metadata is not encrypted. Raises FrameError where the body has no name.
    """
    name = command_name(body, size)
    if name is None:
        return None
    rest = body[1 + len(name) :]
    properties = metadata(rest) if plain and name in _WITH_METADATA else ()
    return Command(name, size, rest, properties, continued)


def is_encrypted(body: bytes, size: int) -> bool:
    """Tell whether a message frame of `size` bytes that begins with `body` is an encrypted message."""
    return size >= _ENCRYPTED_LEAST and body.startswith(ENCRYPTED)


def metadata(data: bytes) -> tuple[tuple[str, bytes], ...]:
    """Return the properties in `data` up to the first that is not whole. Never raises."""
    found = []
    at = 0
    while at < len(data):
        middle = at + 1 + data[at]
        start = middle + 4
        end = start + int.from_bytes(data[middle:start])
        if len(data) < start or len(data) < end:
            break
        found.append((data[at + 1 : middle].decode("latin-1"), data[start:end]))
        at = end
    return tuple(found)


def tiles(data: bytes, length: int) -> bool:
    """Tell whether a call of `length` bytes, of which `data` is captured, may be nothing but whole frames.

    The frames follow each other from the first byte and end exactly with the call, and the last one has none
    to follow. Empty messages are not believed: a row of zeros would be one after the other.
    """
    at = filled = 0
    more = False
    try:
        while at < length:
            header = read_header(data[at : at + LONGEST_HEADER])
            if header is None or not (header.size or header.more or more):
                return False
            start = at + header.length
            if header.command:
                command_name(data[start : start + 256], header.size)
            at, more = start + header.size, header.more
            filled += header.size
    except FrameError:
        return False
    return at == length and filled > 0 and not more
