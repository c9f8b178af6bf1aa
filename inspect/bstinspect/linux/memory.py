"""Another process's memory, by process_vm_readv(2) (Linux 3.2)."""

from __future__ import annotations

import ctypes
import mmap
from typing import Final

PAGE: Final = mmap.PAGESIZE
_TOP: Final = 1 << 64

_libc = ctypes.CDLL(None, use_errno=True)


class _IoVec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_uint64), ("length", ctypes.c_size_t))


_readv = _libc.process_vm_readv
_readv.argtypes = [
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_ulong,
    ctypes.c_void_p,
    ctypes.c_ulong,
    ctypes.c_ulong,
]
_readv.restype = ctypes.c_ssize_t

_local, _remote = _IoVec(), _IoVec()
_local_address, _remote_address = ctypes.addressof(_local), ctypes.addressof(_remote)


def read(pid: int, address: int, length: int) -> bytes:
    """Return up to `length` bytes at `address`: fewer where readable memory ends, none where there is none.

    A transfer never ends inside one iovec (process_vm_readv(2), NOTES), though the kernel does return what it
    copied before a bad page; where it does not, the read is tried again up to the end of the first page, and
    page after page from there.
    """
    length = min(length, _TOP - address) if 0 <= address < _TOP else 0
    if length <= 0 or address == 0:
        return b""
    data = _read_at_once(pid, address, length)
    if data or address // PAGE == (address + length - 1) // PAGE:
        return data
    parts = []
    while length:
        part = min(length, PAGE - address % PAGE)
        data = _read_at_once(pid, address, part)
        parts.append(data)
        if len(data) < part:
            break
        address += part
        length -= part
    return b"".join(parts)


def _read_at_once(pid: int, address: int, length: int) -> bytes:
    buffer = ctypes.create_string_buffer(length)
    _local.base, _local.length = ctypes.addressof(buffer), length
    _remote.base, _remote.length = address, length
    copied: int = _readv(pid, _local_address, 1, _remote_address, 1, 0)
    if copied == length:
        return buffer.raw
    return buffer.raw[:copied] if copied > 0 else b""
