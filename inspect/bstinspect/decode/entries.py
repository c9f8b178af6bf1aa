"""Directory entries (getdents(2)): counted, or printed one by one with -v."""

from __future__ import annotations

import struct
from typing import Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, pointer, u32
from bstinspect.decode.constants.files import DIRENT_TYPES
from bstinspect.decode.fields import hex_buffer
from bstinspect.decode.shape import Shape

_OLD: Final = struct.Struct("<QQH")
_NEW: Final = struct.Struct("<QQHB")
_LONGEST_NAME: Final = 256
_U64: Final = (1 << 64) - 1


class _Entries(Shape):
    """getdents or getdents64; in the old entries the type stands behind the name."""

    def __init__(self, head: struct.Struct) -> None:
        super().__init__((show.fd(0),), (self._buffer, show.unsigned(2)))
        self._head = head

    def _buffer(self, call: Call) -> str:
        where, size = call[1], call.value
        if call.failed or not call.style.verbose(call.name) or not 0 <= size <= u32(call[2]):
            return pointer(where)
        if not size:
            return f"{pointer(where)} /* 0 entries */" if call.abbreviated else "[]"
        return self._counted(call, where, size) if call.abbreviated else self._printed(call, where, size)

    def _counted(self, call: Call, where: int, size: int) -> str:
        """Walk from entry to entry, as far as they make sense."""
        count = self._count(call.peek(where, size) or b"")
        if count:
            return f"{pointer(where)} /* {count} entries */"
        text = pointer(where)
        at: int | None = where
        while at is not None and size >= self._head.size:
            head = call.fetch(at, self._head.size)
            if head is None:
                break
            count += 1
            at, size, comment = self._next(at, size, self._head.unpack(head)[2], "d_reclen ")
            text += comment
        return f"{text} /* {count}{'+' if size else ''} entries */"

    def _count(self, data: bytes) -> int:
        """Count the entries where nothing is wrong with them; else return 0."""
        count = at = 0
        size, least = len(data), self._head.size
        while size - at >= least:
            length = data[at + 16] | data[at + 17] << 8
            if not least <= length <= size - at:
                break
            at += length
            count += 1
        return count if at == size else 0

    def _printed(self, call: Call, where: int, size: int) -> str:
        texts = []
        at: int | None = where
        while at is not None:
            if size < self._head.size:
                texts.append(hex_buffer(call, at, size))
                break
            head = call.fetch(at, self._head.size)
            if head is None:
                texts.append(f"... /* {pointer(at)} */" if texts else pointer(at))
                break
            following, left, comment = self._next(at, size, self._head.unpack(head)[2], "")
            length = min(max(self._head.unpack(head)[2], self._head.size), size)
            rest, readable = self._rest(call, at, head, length)
            texts.append(f"{{{self._first(head)}{comment}{rest}}}")
            if following is not None and not readable:
                texts.append("...")
                break
            at, size = following, left
        # What is no entry at all begins no list.
        return f"[{', '.join(texts)}]" if texts[0].startswith("{") else texts[0]

    def _next(self, at: int, size: int, length: int, name: str) -> tuple[int | None, int, str]:
        """Return where the next entry is, how many bytes are left from there, and what is wrong here."""
        if length > size:
            return None, 0, f" /* {name}{length - size} bytes overflow */"
        if length < self._head.size:
            left = size - self._head.size
            return None, left, f" /* {name}{self._head.size - length} bytes underflow */"
        left = size - length
        if left and at + length > _U64:
            return None, left, " /* address overflow */"
        return (at + length if left else None), left, ""

    def _first(self, head: bytes) -> str:
        inode, offset, length, *_ = self._head.unpack(head)
        return f"d_ino={inode}, d_off={offset}, d_reclen={length}"

    def _rest(self, call: Call, at: int, head: bytes, length: int) -> tuple[str, bool]:
        """Print type and name, and tell whether the memory was there."""
        name_at = at + self._head.size
        left = length - self._head.size
        if self._head is _NEW:
            kind = f", d_type={call.choice(head[-1], DIRENT_TYPES, unknown='DT_???')}"
            name, readable = _name(call, name_at, left)
            return kind + name, readable
        if not left:
            return "", True
        name, readable = _name(call, name_at, left - 1)
        data = call.fetch(name_at + left - 1, 1)
        if data is None:
            return f"{name}, d_type={pointer(name_at + left - 1)}", False
        return f"{name}, d_type={call.choice(data[0], DIRENT_TYPES, unknown='DT_???')}", readable


def _name(call: Call, address: int, length: int) -> tuple[str, bool]:
    if not length:
        return "", True
    text = call.path(address, min(length, _LONGEST_NAME) - 1)
    return f", d_name={text}", text.startswith('"')


SHAPES: Final[dict[str, Shape]] = {"getdents": _Entries(_OLD), "getdents64": _Entries(_NEW)}
