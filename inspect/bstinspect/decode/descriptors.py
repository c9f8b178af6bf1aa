"""Calls on open descriptors: read, write, fcntl, ioctl, dup, pipe (read(2), readv(2), fcntl(2), ioctl(2))."""

from __future__ import annotations

import struct
from typing import Final

from bstinspect.decode import call as show
from bstinspect.decode.call import Argument, Call, Shape
from bstinspect.decode.files import open_flags_text
from bstinspect.decode.quote import SHOWN

_FCNTL: Final = {
    0: "F_DUPFD", 1: "F_GETFD", 2: "F_SETFD", 3: "F_GETFL", 4: "F_SETFL", 5: "F_GETLK", 6: "F_SETLK", 7: "F_SETLKW",
    8: "F_SETOWN", 9: "F_GETOWN", 10: "F_SETSIG", 11: "F_GETSIG", 15: "F_SETOWN_EX", 16: "F_GETOWN_EX",
    36: "F_OFD_GETLK", 37: "F_OFD_SETLK", 38: "F_OFD_SETLKW", 1024: "F_SETLEASE", 1025: "F_GETLEASE",
    1026: "F_NOTIFY", 1030: "F_DUPFD_CLOEXEC", 1031: "F_SETPIPE_SZ", 1032: "F_GETPIPE_SZ", 1033: "F_ADD_SEALS",
    1034: "F_GET_SEALS",
}  # fmt: skip
_SEALS: Final = {
    1: "F_SEAL_SEAL", 2: "F_SEAL_SHRINK", 4: "F_SEAL_GROW", 8: "F_SEAL_WRITE", 16: "F_SEAL_FUTURE_WRITE",
}  # fmt: skip
_WHENCE: Final = {0: "SEEK_SET", 1: "SEEK_CUR", 2: "SEEK_END", 3: "SEEK_DATA", 4: "SEEK_HOLE"}
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
_IOCTL: Final = {
    0x5401: "TCGETS", 0x5402: "SNDCTL_TMR_START or TCSETS", 0x5403: "SNDCTL_TMR_STOP or TCSETSW",
    0x5404: "SNDCTL_TMR_CONTINUE or TCSETSF", 0x540F: "TIOCGPGRP", 0x5410: "TIOCSPGRP", 0x5411: "TIOCOUTQ",
    0x5413: "TIOCGWINSZ", 0x5414: "TIOCSWINSZ", 0x540E: "TIOCSCTTY", 0x541B: "FIONREAD", 0x5421: "FIONBIO",
    0x5422: "TIOCNOTTY", 0x5429: "TIOCGSID", 0x5450: "FIONCLEX", 0x5451: "FIOCLEX", 0x5452: "FIOASYNC",
    0x80045430: "TIOCGPTN", 0x40045431: "TIOCSPTLCK", 0x5441: "TIOCGPTPEER", 0x40049409: "BTRFS_IOC_CLONE or FICLONE",
}  # fmt: skip
_WITHOUT_ARGUMENT: Final = (0x5450, 0x5451, 0x5422)
_INT_IN: Final = (0x5421, 0x5452, 0x5410, 0x40045431)
_INT_OUT: Final = (0x541B, 0x540F, 0x5429, 0x5411, 0x80045430)
_DIRECTIONS: Final = {0: "_IOC_NONE", 1: "_IOC_WRITE", 2: "_IOC_READ", 3: "_IOC_READ|_IOC_WRITE"}


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


def _fcntl_shape() -> Shape:
    def command(call: Call) -> int:
        return show.u32(call[1])

    def last(call: Call) -> str | None:
        value = call[2]
        match command(call):
            case 1 | 3 | 9 | 11 | 1025 | 1032 | 1034:
                return None
            case 2:
                return show.flag_text(show.u32(value), {1: "FD_CLOEXEC"})
            case 4:
                return open_flags_text(show.u32(value))
            case 5 | 36:
                return _lock_text(call, value) if call.leaving else None
            case 6 | 7 | 37 | 38:
                return _lock_text(call, value)
            case 10:
                from bstinspect.decode.names import signal_name

                return signal_name(show.u32(value))
            case 1033:
                return show.flag_text(show.u32(value), _SEALS, "F_SEAL_???")
            case 0 | 8 | 1030 | 1031:
                return str(show.s32(value))
            case _:
                return show.pointer(value) if value else "0"

    def before(call: Call) -> str | None:
        return None if command(call) in (5, 36) else last(call)

    def after(call: Call) -> str | None:
        return last(call) if command(call) in (5, 36) else None

    def result(call: Call) -> str:
        if command(call) == 1 and call.value:
            call.note = "flags " + show.flag_text(call.value, {1: "FD_CLOEXEC"})
        elif command(call) == 3:
            call.note = "flags " + open_flags_text(call.value)
        elif command(call) == 1034 and call.value:
            call.note = "seals " + show.flag_text(call.value, _SEALS)
        return f"{call.value:#x}" if call.note else str(call.value)

    return _Optional((show.fd(0), show.choice(1, _FCNTL, "F_???"), before), (after,), result)


class _Optional(Shape):
    """A shape whose last part is there for some calls only; no comma is left hanging for the others."""

    def waits(self, call: Call) -> bool:
        return _waits(call)


def _waits(call: Call) -> bool:
    """Tell whether something of this fcntl or ioctl is printed at its exit."""
    if call.name == "fcntl":
        return show.u32(call[1]) in (5, 36)
    return show.u32(call[1]) in (*_INT_OUT, 0x5401, 0x5413)


def _lock_text(call: Call, where: int) -> str:
    data = call.memory.exactly(where, 32)
    if data is None:
        return show.pointer(where)
    kind, whence, start, length, pid = struct.unpack_from("<hh4xqqi", data)
    owner = f", l_pid={pid}" if call.leaving and not call.is_error else ""
    return (
        f"{{l_type={_LOCKS.get(kind, str(kind))}, l_whence={_WHENCE.get(whence, str(whence))}, l_start={start}, "
        f"l_len={length}{owner}}}"
    )


def _ioctl_request(call: Call) -> str:
    request = show.u32(call[1])
    if name := _IOCTL.get(request):
        return name
    direction, length = request >> 30, request >> 16 & 0x3FFF
    return (
        f"_IOC({_DIRECTIONS[direction]}, {_hex(request >> 8 & 0xFF)}, {_hex(request & 0xFF)}, {_hex(length)})"
    )


def _hex(value: int) -> str:
    return f"{value:#x}" if value else "0"


def _ioctl_before(call: Call) -> str | None:
    request = show.u32(call[1])
    if request in _WITHOUT_ARGUMENT or _waits(call):
        return None
    if request in _INT_IN:
        return show.int_in(2)(call)
    if request == 0x5414:
        return show.structure(2, 8, _window_text)(call)
    return f"{call[2]:#x}" if call[2] else "0"


def _ioctl_after(call: Call) -> str | None:
    request = show.u32(call[1])
    if request in _INT_OUT:
        return show.int_out(2)(call)
    if request == 0x5413:
        return show.filled(2, 8, _window_text)(call)
    return show.filled(2, 36, _termios_text)(call) if request == 0x5401 else None


def _window_text(data: bytes) -> str:
    rows, columns, width, height = struct.unpack_from("<HHHH", data)
    return f"{{ws_row={rows}, ws_col={columns}, ws_xpixel={width}, ws_ypixel={height}}}"


def _termios_text(data: bytes) -> str:
    """Return a terminal's settings as strace abbreviates them (termios(3))."""
    _, output, control, local = struct.unpack_from("<IIII", data)
    speeds = {13: "B9600", 14: "B19200", 15: "B38400", 0o10001: "B57600", 0o10002: "B115200", 0: "B0"}
    speed = speeds.get(control & 0o10017, f"{control & 0o10017:#x}")
    names = [(output & 1, "opost"), (local & 1, "isig"), (local & 2, "icanon"), (local & 8, "echo")]
    return "{" + " ".join([speed, *(("" if on else "-") + name for on, name in names)]) + " ...}"


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
    "fcntl": _fcntl_shape(),
    "ioctl": _Optional((show.fd(0), _ioctl_request, _ioctl_before), (_ioctl_after,)),
    "pipe": Shape((), (show.filled(0, 8, _pair_text),)),
    "pipe2": Shape((), (show.filled(0, 8, _pair_text), show.flags(1, _PIPE_FLAGS, "O_???"))),
    "getdents64": Shape((show.fd(0),), (_entries, show.size(2))),
    "getdents": Shape((show.fd(0),), (_entries, show.unsigned(2))),
    "ftruncate": Shape((show.fd(0), show.long(1))),
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
