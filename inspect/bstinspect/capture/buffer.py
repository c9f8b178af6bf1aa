"""Records that wait to be written: each a 4-byte little-endian length and so many bytes of msgpack."""

from __future__ import annotations

import struct
from typing import Final, Protocol

LENGTH: Final = struct.Struct("<I")
FLUSH_BYTES: Final = 1 << 15
"""With so many bytes a buffer is to be written out."""


class RecordBuffer(Protocol):
    """What the tracer puts its records into."""

    def append(self, payload: bytes) -> int:
        """Take an encoded record; return how many bytes are waiting."""

    def contents(self) -> memoryview:
        """Return what is waiting. To be released before the next `append` or `clear`."""

    def clear(self) -> None:
        """Forget what was waiting."""


class PlainBuffer:
    """The buffer of the pure tracer."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def __len__(self) -> int:
        """Return how many bytes are waiting."""
        return len(self._bytes)

    def append(self, payload: bytes) -> int:
        """Take an encoded record; return how many bytes are waiting."""
        self._bytes += LENGTH.pack(len(payload))
        self._bytes += payload
        return len(self._bytes)

    def contents(self) -> memoryview:
        """Return what is waiting. To be released before the next `append` or `clear`."""
        return memoryview(self._bytes)

    def clear(self) -> None:
        """Forget what was waiting."""
        self._bytes.clear()


def count(contents: memoryview) -> int:
    """Return how many records a buffer holds."""
    found = position = 0
    while position < len(contents):
        position += LENGTH.size + LENGTH.unpack_from(contents, position)[0]
        found += 1
    return found
