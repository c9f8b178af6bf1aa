"""Calls on open descriptors: read, write, fcntl, ioctl, dup, pipe (read(2), readv(2), fcntl(2), ioctl(2))."""

from __future__ import annotations

import struct
from typing import Final

from bstinspect.decode.old import call as show
from bstinspect.decode.old.call import Argument, Call, Shape
from bstinspect.decode.old.files import open_flags_text
from bstinspect.decode.names import signal_name
from bstinspect.decode.old.quote import SHOWN

_FCNTL: Final = {
    0: "F_DUPFD", 1: "F_GETFD", 2: "F_SETFD", 3: "F_GETFL", 4: "F_SETFL", 5: "F_GETLK", 6: "F_SETLK",
    7: "F_SETLKW", 8: "F_SETOWN", 9: "F_GETOWN", 10: "F_SETSIG", 11: "F_GETSIG", 15: "F_SETOWN_EX",
    16: "F_GETOWN_EX", 36: "F_OFD_GETLK", 37: "F_OFD_SETLK", 38: "F_OFD_SETLKW", 1024: "F_SETLEASE",
    1025: "F_GETLEASE", 1026: "F_NOTIFY", 1030: "F_DUPFD_CLOEXEC", 1031: "F_SETPIPE_SZ",
    1032: "F_GETPIPE_SZ", 1033: "F_ADD_SEALS", 1034: "F_GET_SEALS",
}  # fmt: skip
_SEALS: Final = {
    1: "F_SEAL_SEAL", 2: "F_SEAL_SHRINK", 4: "F_SEAL_GROW", 8: "F_SEAL_WRITE", 16: "F_SEAL_FUTURE_WRITE",
}  # fmt: skip
_WHENCE: Final = {0: "SEEK_SET", 1: "SEEK_CUR", 2: "SEEK_END", 3: "SEEK_DATA", 4: "SEEK_HOLE"}
_FD_FLAGS: Final = {1: "FD_CLOEXEC"}
_LOCKS: Final = {0: "F_RDLCK", 1: "F_WRLCK", 2: "F_UNLCK"}
_FLOCK: Final = {1: "LOCK_SH", 2: "LOCK_EX", 8: "LOCK_UN", 4: "LOCK_NB"}
_PIPE_FLAGS: Final = {0o4000: "O_NONBLOCK", 0o40000: "O_DIRECT", 0o2000000: "O_CLOEXEC"}
_CLOSE_RANGE: Final = {2: "CLOSE_RANGE_UNSHARE", 4: "CLOSE_RANGE_CLOEXEC"}
_EVENTFD: Final = {1: "EFD_SEMAPHORE", 0o2000000: "EFD_CLOEXEC", 0o4000: "EFD_NONBLOCK"}
_INOTIFY: Final = {0o4000: "IN_NONBLOCK", 0o2000000: "IN_CLOEXEC"}
_ADVICE: Final = {
    0: "POSIX_FADV_NORMAL", 1: "POSIX_FADV_RANDOM", 2: "POSIX_FADV_SEQUENTIAL", 3: "POSIX_FADV_WILLNEED",
    4: "POSIX_FADV_DONTNEED", 5: "POSIX_FADV_NOREUSE",
}  # fmt: skip
_FALLOCATE: Final = {1: "FALLOC_FL_KEEP_SIZE", 2: "FALLOC_FL_PUNCH_HOLE", 0x10: "FALLOC_FL_ZERO_RANGE"}


def iovecs_text(call: Call, where: int, count: int, left: int) -> str:
    """Return ``[{iov_base="abc", iov_len=3}]``; `left` is how many bytes of the buffers are filled."""
    if not count:
        return "[]" if where else "NULL"
    data = call.memory.at(where)
    if data is None or len(data) < 16:
        return show.pointer(where)
    parts = []
    for base, length in list(struct.iter_unpack("<QQ", data[: len(data) // 16 * 16]))[: min(count, SHOWN)]:
        filled = min(length, max(left, 0))
        left -= filled
        parts.append(
            f"{{iov_base={show.buffer_at(call, base, filled) if base else 'NULL'}, iov_len={length}}}"
        )
    if count > len(parts):
        parts.append("...")
    return f"[{', '.join(parts)}]"


def _iovecs(index: int, *, out: bool) -> Argument:
    """Print an iovec array, whose length is the next argument."""

    def argument(call: Call) -> str:
        if out and show.failed(call):
            return show.pointer(call[index])
        return iovecs_text(call, call[index], call[index + 1], call.value if out else 1 << 62)

    return argument


_GET_LOCK: Final = (5, 36)


def _number(call: Call) -> str:
    return str(show.s32(call[2]))


def _signal(call: Call) -> str:
    return signal_name(show.s32(call[2]))


def _lock(call: Call) -> str:
    return _lock_text(call, call[2])


def _other(call: Call) -> str:
    return show.pointer(call[2]) if call[2] else "0"


_FCNTL_ARGUMENTS: Final[dict[int, Argument]] = {
    **dict.fromkeys((1, 3, 9, 11, 1025, 1032, 1034, *_GET_LOCK), lambda _call: None),
    **dict.fromkeys((0, 8, 1030, 1031), _number),
    **dict.fromkeys((6, 7, 37, 38), _lock),
    2: show.flags(2, _FD_FLAGS),
    4: lambda call: open_flags_text(show.u32(call[2])),
    10: _signal,
    1033: show.flags(2, _SEALS, "F_SEAL_???"),
}


def _fcntl_result(call: Call) -> str:
    """Note the flags that a number stands for."""
    command = show.u32(call[1])
    if command == 11:
        call.note = signal_name(call.value) if call.value else ""
    elif command == 3:
        call.note = "flags " + open_flags_text(call.value)
    elif command in (1, 1034) and call.value:
        words = ("flags", _FD_FLAGS) if command == 1 else ("seals", _SEALS)
        call.note = f"{words[0]} {show.flag_text(call.value, words[1])}"
    return f"{call.value:#x}" if call.note and command != 11 and call.value else str(call.value)


class _Fcntl(Shape):
    """Commands that fill a lock are finished at the exit."""

    def waits(self, call: Call) -> bool:
        return show.u32(call[1]) in _GET_LOCK


def _lock_text(call: Call, where: int) -> str:
    data = call.memory.exactly(where, 32)
    if data is None:
        return show.pointer(where)
    kind, whence, start, length, pid = struct.unpack_from("<hh4xqqi", data)
    owner = f", l_pid={pid}" if call.leaving and not call.is_error else ""
    return (
        f"{{l_type={_LOCKS.get(kind, str(kind))}, l_whence={_WHENCE.get(whence, str(whence))}, "
        f"l_start={start}, l_len={length}{owner}}}"
    )


def _entries(call: Call) -> str:
    """Print ``0x... /* 5 entries */`` for getdents64(2)."""
    where = show.pointer(call[1])
    data = None if show.failed(call) else call.memory.at(call[1])
    if call.leaving and not call.is_error and not call.value:
        return f"{where} /* 0 entries */"
    if data is None:
        return where
    count = position = 0
    while position + 18 <= min(len(data), call.value):
        (length,) = struct.unpack_from("<H", data, position + 16)
        if length < 18:
            break
        count += 1
        position += length
    return f"{where} /* {count} entries */"


def _pair_text(data: bytes) -> str:
    first, second = struct.unpack_from("<ii", data)
    return f"[{first}, {second}]"


def _offset(index: int) -> Argument:
    """Print a loff_t behind a pointer."""

    def text(data: bytes) -> str:
        return f"[{int.from_bytes(data, 'little', signed=True)}]"

    return show.structure(index, 8, text)


def _sent_offset(index: int) -> Argument:
    """Print sendfile's offset, before and after."""

    def argument(call: Call) -> str:
        old, new = call.before.integer(call[index], 8), call.memory.integer(call[index], 8)
        if old is None:
            return show.pointer(call[index])
        return f"[{old}]" if call.is_error or new in (None, old) else f"[{old} => {new}]"

    return argument


_READ: Final = (show.data_out(1), show.size(2))
_WRITE: Final = (show.fd(0), show.data_in(1, 2), show.size(2))

SHAPES: Final[dict[str, Shape]] = {
    "read": Shape((show.fd(0),), _READ),
    "pread64": Shape((show.fd(0),), (*_READ, show.long(3))),
    "write": Shape(_WRITE),
    "pwrite64": Shape((*_WRITE, show.long(3))),
    "readv": Shape((show.fd(0),), (_iovecs(1, out=True), show.size(2))),
    "preadv": Shape((show.fd(0),), (_iovecs(1, out=True), show.size(2), show.long(3))),
    "preadv2": Shape((show.fd(0),), (_iovecs(1, out=True), show.size(2), show.long(3), show.hexadecimal(5))),
    "writev": Shape((show.fd(0), _iovecs(1, out=False), show.size(2))),
    "pwritev": Shape((show.fd(0), _iovecs(1, out=False), show.size(2), show.long(3))),
    "pwritev2": Shape((show.fd(0), _iovecs(1, out=False), show.size(2), show.long(3), show.hexadecimal(5))),
    "close": Shape((show.fd(0),)),
    "close_range": Shape(
        (show.unsigned(0), show.unsigned(1), show.flags(2, _CLOSE_RANGE, "CLOSE_RANGE_???"))
    ),
    "dup": Shape((show.fd(0),)),
    "dup2": Shape((show.fd(0), show.fd(1))),
    "dup3": Shape((show.fd(0), show.fd(1), show.flags(2, _PIPE_FLAGS, "O_???"))),
    "lseek": Shape((show.fd(0), show.long(1), show.choice(2, _WHENCE, "SEEK_???"))),
    "fcntl": _Fcntl(
        (
            show.fd(0),
            show.choice(1, _FCNTL, "F_???"),
            lambda call: _FCNTL_ARGUMENTS.get(show.u32(call[1]), _other)(call),
        ),
        (lambda call: _lock(call) if show.u32(call[1]) in _GET_LOCK else None,),
        _fcntl_result,
    ),
    "pipe": Shape((), (show.filled(0, 8, _pair_text),)),
    "pipe2": Shape((), (show.filled(0, 8, _pair_text), show.flags(1, _PIPE_FLAGS, "O_???"))),
    "getdents64": Shape((show.fd(0),), (_entries, show.size(2))),
    "getdents": Shape((show.fd(0),), (_entries, show.unsigned(2))),
    "ftruncate": Shape((show.fd(0), show.size(1))),
    "fallocate": Shape((show.fd(0), show.flags(1, _FALLOCATE), show.long(2), show.long(3))),
    "fadvise64": Shape((show.fd(0), show.long(1), show.size(2), show.choice(3, _ADVICE, "POSIX_FADV_???"))),
    "flock": Shape((show.fd(0), show.flags(1, _FLOCK, "LOCK_???"))),
    "sendfile": Shape((show.fd(0), show.fd(1)), (_sent_offset(2), show.size(3))),
    "copy_file_range": Shape(
        (show.fd(0), _offset(1), show.fd(2), _offset(3), show.size(4), show.hexadecimal(5))
    ),
    "eventfd": Shape((show.unsigned(0),)),
    "eventfd2": Shape((show.unsigned(0), show.flags(1, _EVENTFD, "EFD_???"))),
    "inotify_init1": Shape((show.flags(0, _INOTIFY, "IN_???"),)),
    **{name: Shape((show.fd(0),)) for name in ("fsync", "fdatasync", "fchdir", "syncfs")},
}
