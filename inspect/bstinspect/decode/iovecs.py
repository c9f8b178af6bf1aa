"""Vectors of buffers, as readv, sendmsg, process_vm_readv and others take them (strace's print_iov_upto)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, TypeAlias

from bstinspect.decode.call import Call, pointer
from bstinspect.decode.show import array

Buffer: TypeAlias = Callable[[Call, int, int], str]
"""Prints what is at an address, of a given length."""
_IOVEC: Final = struct.Struct("<QQ")
_UNLIMITED: Final = (1 << 64) - 1


def buffer_text(call: Call, address: int, length: int) -> str:
    """Print a buffer as a string (strace's iov_decode_str)."""
    return call.buffer(address, length)


def buffer_address(_call: Call, address: int, _length: int) -> str:
    """Print only where a buffer is (strace's iov_decode_addr)."""
    return pointer(address)


def iovecs_text(
    call: Call, address: int, count: int, *, left: int | None = None, show: Buffer | None = None
) -> str:
    """Print an array of ``struct iovec``, with what its elements point to.

    No more than `left` bytes of all buffers together are printed, where that many were transferred; None is
    without a limit. `show` prints the buffers otherwise than as strings.
    """
    print_buffer = show or buffer_text
    remaining = _UNLIMITED if left is None else left & _UNLIMITED

    def element(call: Call, data: bytes) -> str:
        nonlocal remaining
        base, length = _IOVEC.unpack(data)
        printed = min(length, remaining)
        if remaining != _UNLIMITED:
            remaining -= printed
        return f"{{iov_base={print_buffer(call, base, printed)}, iov_len={length}}}"

    return array(call, address, count, _IOVEC.size, element, call.fetch_anyway)
