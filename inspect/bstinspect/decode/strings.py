"""Strings that are printed otherwise than `Call.text` and `Call.buffer` do (strace's printstr_ex)."""

from __future__ import annotations

from typing import Final

from bstinspect.decode.call import Call, pointer
from bstinspect.decode.quote import quote
from bstinspect.decode.style import Hex

_U64: Final = (1 << 64) - 1
_PAGE: Final = 4096


def limited_text(call: Call, address: int, most: int) -> str:
    """Print a C string that the kernel takes only up to `most` bytes, cut as -s says."""
    if not address:
        return "NULL"
    shown = call.style.strings
    data = call.memory.string(address, min(shown + 1, most))
    if data is None:
        return pointer(address)
    ended = data.endswith(b"\0")
    text = data[:-1] if ended else data
    return call.quoted(text[:shown], cut=not ended)


def trimmed_buffer(call: Call, address: int, length: int) -> str:
    """Print a buffer without the NUL that may end it, cut as -s says (QUOTE_OMIT_TRAILING_0).

    A NUL that is the last byte shown counts as the end, whatever follows. It stays where the whole string is
    in hexadecimal.
    """
    if not address:
        return "NULL"
    shown = call.style.strings
    data = call.peek(address, min(length & _U64, shown + 1))
    if data is None:
        return pointer(address)
    data = data[:shown]
    whole = call.style.hexadecimal in {Hex.STRINGS, Hex.ALL}
    if data.endswith(b"\0") and not whole:
        return call.quoted(data[:-1])
    return call.quoted(data, cut=length & _U64 > shown)


def excess_text(call: Call, address: int, known: int, size: int) -> str:
    r"""Print what a structure holds behind the `known` bytes, where that is not all zeros.

    It begins with the separator: ``, /* bytes 24..31 */ "\x01\x00..."`` (strace's print_nonzero_bytes).
    """
    size = min(size, _PAGE)
    if known >= size:
        return ""
    data = call.peek(address + known & _U64, size - known)
    if data is None:
        return ", ???"
    if not any(data):
        return ""
    shown = call.style.strings
    return f", /* bytes {known}..{size - 1} */ {quote(data[:shown], Hex.ALL, cut=len(data) > shown)}"
