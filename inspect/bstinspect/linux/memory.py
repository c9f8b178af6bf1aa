"""Another process's memory, by process_vm_readv(2) and process_vm_writev(2) (Linux 3.2), and /proc/PID/mem.

All of it needs the right to ptrace the process (PTRACE_MODE_ATTACH_REALCREDS, ptrace(2) "Ptrace access mode
checking"), but not that it is attached to or stops.

`read` is for the tracer's one thread, and returns what is there; the other functions are for anybody, and
move everything or raise MemoryAccessError. A pid may be any living thread's tid.
"""

from __future__ import annotations

import ctypes
import errno
import itertools
import mmap
import os
from typing import TYPE_CHECKING, Final

from bstinspect.errors import MemoryAccessError

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE: Final = mmap.PAGESIZE
_TOP: Final = 1 << 64
_HIGHEST_OFFSET: Final = (1 << 63) - 1
_IOV_MAX: Final = os.sysconf("SC_IOV_MAX")

_libc = ctypes.CDLL(None, use_errno=True)


class _IoVec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_uint64), ("length", ctypes.c_size_t))


_readv, _writev = _libc.process_vm_readv, _libc.process_vm_writev
for _function in (_readv, _writev):
    _function.argtypes = [
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_ulong,
        ctypes.c_void_p,
        ctypes.c_ulong,
        ctypes.c_ulong,
    ]
    _function.restype = ctypes.c_ssize_t

_small = ctypes.create_string_buffer(1 << 16)
"""For the tracer's one thread, which reads little pieces often."""
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
    if length > len(_small):
        return _read_into(ctypes.create_string_buffer(length), pid, address, length)
    return _read_into(_small, pid, address, length)


def _read_into(buffer: ctypes.Array[ctypes.c_char], pid: int, address: int, length: int) -> bytes:
    _local.base, _local.length = ctypes.addressof(buffer), length
    _remote.base, _remote.length = address, length
    copied: int = _readv(pid, _local_address, 1, _remote_address, 1, 0)
    return ctypes.string_at(buffer, copied) if copied > 0 else b""


def read_exactly(pid: int, address: int, length: int) -> bytes:
    """Return the `length` bytes at `address`.

    Where the process itself may not read, /proc/PID/mem may. The MemoryAccessError has the first address that
    cannot be read, and EFAULT for no memory there, EPERM for no right to ptrace the process, ESRCH for none.
    """
    buffer = bytearray(length)
    _move(pid, address, buffer, write=False)
    return bytes(buffer)


def write_exactly(pid: int, address: int, data: bytes | bytearray | memoryview) -> None:
    """Write `data` at `address`. After a MemoryAccessError, what comes before its address is written.

    Pages that the process may not write, its text for example, are written through /proc/PID/mem. A kernel
    can allow that to the process's tracer only, or to nobody (proc_mem.force_override, Linux 6.12).
    """
    _move(pid, address, bytearray(data), write=True)


def read_many(pid: int, blocks: Sequence[tuple[int, int]]) -> list[bytes]:
    """Return the bytes of each (address, length), up to IOV_MAX of them by one call of process_vm_readv.

    Raises MemoryAccessError as `read_exactly` does, and then returns none.
    """
    found = []
    for start in range(0, len(blocks), _IOV_MAX):
        found += _read_vector(pid, blocks[start : start + _IOV_MAX])
    return found


def _read_vector(pid: int, blocks: Sequence[tuple[int, int]]) -> list[bytes]:
    for address, length in blocks:
        _check(pid, address, length)
    total = sum(length for _, length in blocks)
    buffer = ctypes.create_string_buffer(total)
    local = _IoVec(ctypes.addressof(buffer), total)
    remote = (_IoVec * len(blocks))(*itertools.starmap(_IoVec, blocks))
    if _readv(pid, ctypes.byref(local), 1, remote, len(blocks), 0) != total:
        return [read_exactly(pid, address, length) for address, length in blocks]
    data, found = memoryview(buffer), []
    for _, length in blocks:
        found.append(bytes(data[:length]))
        data = data[length:]
    return found


def _check(pid: int, address: int, length: int) -> None:
    """Refuse what is no 64-bit address, which ctypes would cut to one."""
    if not 0 <= address <= _TOP - length:
        raise MemoryAccessError(pid, address, errno.EFAULT)


def _move(pid: int, address: int, buffer: bytearray, *, write: bool) -> None:
    """Move all of `buffer`, each time as much as the kernel takes, or raise MemoryAccessError."""
    _check(pid, address, len(buffer))
    call = _writev if write else _readv
    done, length = 0, len(buffer)
    while done < length:
        own = ctypes.c_char.from_buffer(buffer, done)
        local = _IoVec(ctypes.addressof(own), length - done)
        remote = _IoVec(address + done, length - done)
        moved: int = call(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
        number = ctypes.get_errno() if moved < 0 else errno.EFAULT
        if moved <= 0:
            moved = _move_by_file(pid, address + done, memoryview(buffer)[done:], write=write)
        if moved <= 0:
            raise MemoryAccessError(pid, address + done, number)
        done += moved


def _move_by_file(pid: int, address: int, part: memoryview, *, write: bool) -> int:
    """Move the first bytes of `part` through /proc/PID/mem. Return how many: 0 where that cannot be."""
    if address > _HIGHEST_OFFSET:
        return 0
    try:
        descriptor = os.open(f"/proc/{pid}/mem", (os.O_WRONLY if write else os.O_RDONLY) | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        return os.pwrite(descriptor, part, address) if write else os.preadv(descriptor, [part], address)
    except OSError:
        return 0
    finally:
        os.close(descriptor)
