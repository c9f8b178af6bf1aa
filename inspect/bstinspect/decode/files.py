"""Calls that take a path, and what goes with it (open(2), access(2), rename(2), chmod(2), utimensat(2))."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, octal, pointer, u32
from bstinspect.decode.constants.files import (
    ACCESS_MODES,
    AT_FLAGS,
    FACCESSAT_FLAGS,
    OPEN_RESOLVE_FLAGS,
    RENAME_FLAGS,
)
from bstinspect.decode.modes import (
    device_text,
    is_creating,
    is_device,
    mode_text,
    open_flags,
    open_flags_text,
)
from bstinspect.decode.shape import Shape, descriptor_result, octal_result
from bstinspect.decode.spans import comment, date_text, file_times, file_timevals
from bstinspect.decode.strings import excess_text

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

_HOW: Final = struct.Struct("<QQQ")
_TIMES: Final = struct.Struct("<qq")


def _new_mode(index: int) -> Argument:
    """Print the mode where the flags before it make a file."""
    mode = show.mode(index)
    return lambda call: mode(call) if is_creating(call[index - 1]) else None


def _how(call: Call) -> str:
    """Print ``struct open_how`` (openat2(2)), which may become longer one day."""
    where, size = call[2], call[3]
    data = call.fetch(where, _HOW.size) if size >= _HOW.size else None
    if data is None:
        return pointer(where)
    flags, mode, resolve = _HOW.unpack(data)
    made = f", mode={octal(mode)}" if is_creating(flags) or mode else ""
    resolved = call.flags(resolve, OPEN_RESOLVE_FLAGS, unknown="RESOLVE_???")
    excess = excess_text(call, where, _HOW.size, size)
    return f"{{flags={open_flags_text(call, flags)}{made}, resolve={resolved}{excess}}}"


def _node(index: int) -> tuple[Argument, Argument]:
    """Print mknod's mode, and its device where that counts."""

    def device(call: Call) -> str | None:
        return device_text(call, u32(call[index + 1])) if is_device(call[index]) else None

    return (lambda call: mode_text(call, call[index] & 0xFFFF), device)


def _time_text(_call: Call, data: bytes) -> str:
    """Print ``struct utimbuf`` (utime(2))."""
    access, change = _TIMES.unpack(data)
    return f"{{actime={access}{comment(date_text(access))}, modtime={change}{comment(date_text(change))}}}"


def _working_directory(call: Call) -> str:
    """Print what getcwd stored: as long as its result says, without the NUL."""
    if call.failed:
        return pointer(call[0])
    return call.path(call[0], min(u32(call.value - 1), 4095))


_PATH: Final = show.path(0)
_HERE: Final = (show.directory(0), show.path(1))
_TWO: Final = (_PATH, show.path(1))
_THERE: Final = (*_HERE, show.directory(2), show.path(3))
_AT: Final = {index: show.flags(index, AT_FLAGS, unknown="AT_???") for index in range(2, 5)}


def _access(index: int) -> Argument:
    return show.flags(index, ACCESS_MODES, unknown="?_OK")


SHAPES: Final[dict[str, Shape]] = {
    "open": Shape((_PATH, open_flags(1), _new_mode(2)), (), descriptor_result),
    "openat": Shape((*_HERE, open_flags(2), _new_mode(3)), (), descriptor_result),
    "openat2": Shape((*_HERE, _how, show.size(3)), (), descriptor_result),
    "creat": Shape((_PATH, show.mode(1)), (), descriptor_result),
    "access": Shape((_PATH, _access(1))),
    "faccessat": Shape((*_HERE, _access(2))),
    "faccessat2": Shape((*_HERE, _access(2), show.flags(3, FACCESSAT_FLAGS, unknown="AT_???"))),
    **dict.fromkeys(("chdir", "rmdir", "unlink", "chroot", "acct", "uselib", "swapoff"), Shape((_PATH,))),
    **dict.fromkeys(("mkdir", "chmod"), Shape((_PATH, show.mode(1)))),
    **dict.fromkeys(("mkdirat", "fchmodat"), Shape((*_HERE, show.mode(2)))),
    "fchmod": Shape((show.fd(0), show.mode(1))),
    "fchmodat2": Shape((*_HERE, show.mode(2), _AT[3])),
    **dict.fromkeys(("chown", "lchown"), Shape((_PATH, show.user(1), show.user(2)))),
    "fchown": Shape((show.fd(0), show.user(1), show.user(2))),
    "fchownat": Shape((*_HERE, show.user(2), show.user(3), _AT[4])),
    "mknod": Shape((_PATH, *_node(1))),
    "mknodat": Shape((*_HERE, *_node(2))),
    **dict.fromkeys(("rename", "link", "symlink", "pivot_root"), Shape(_TWO)),
    "renameat": Shape(_THERE),
    "renameat2": Shape((*_THERE, show.flags(4, RENAME_FLAGS, unknown="RENAME_??"))),
    "linkat": Shape((*_THERE, _AT[4])),
    "symlinkat": Shape((_PATH, show.directory(1), show.path(2))),
    "unlinkat": Shape((*_HERE, _AT[2])),
    "readlink": Shape((_PATH,), (show.data_out(1), show.size(2))),
    "readlinkat": Shape(_HERE, (show.data_out(2), show.size(3))),
    "getcwd": Shape((), (_working_directory, show.size(1))),
    "truncate": Shape((_PATH, show.size(1))),
    "ftruncate": Shape((show.fd(0), show.size(1))),
    "umask": Shape((show.mode(0),), (), octal_result),
    "utime": Shape((_PATH, show.structure(1, _TIMES.size, _time_text))),
    "utimes": Shape((_PATH, file_timevals(1))),
    "futimesat": Shape((*_HERE, file_timevals(2))),
    "utimensat": Shape((*_HERE, file_times(2), _AT[3])),
    "lookup_dcookie": Shape((), (show.size(0), show.data_out(1), show.size(2))),
}
