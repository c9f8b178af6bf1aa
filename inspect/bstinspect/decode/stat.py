"""What the kernel says about a file or a file system (stat(2), statx(2), statfs(2))."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, hexadecimal, pointer, u32
from bstinspect.decode.constants.files import (
    AT_FLAGS,
    AT_STATX_SYNC_TYPES,
    STATX_ATTRS,
    STATX_MASKS,
)
from bstinspect.decode.constants.mounts import FSMAGIC, STATFS_FLAGS
from bstinspect.decode.lists import local_array
from bstinspect.decode.modes import device_text, is_device, mode_text
from bstinspect.decode.shape import Shape
from bstinspect.decode.spans import comment, date_text

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

_X86_64: Final = struct.Struct("<QQQIII4xQQQQqQqQqQ24x")
"""device, inode, links, mode, user, group, device it is, size, block size, blocks, three times."""
_AARCH64: Final = struct.Struct("<QQIIIIQ8xQI4xQqQqQqQ8x")
"""The same, with the mode before the links (the kernel's include/uapi/asm-generic/stat.h)."""
_X86_64_SHORT: Final = struct.Struct("<24xI12xQq")
_AARCH64_SHORT: Final = struct.Struct("<16xI12xQ8xq")
"""Of these only mode, device that it is, size."""
_STATX: Final = struct.Struct("<IIQIIIH2xQQQQqI4xqI4xqI4xqI4xIIIIQII96x")
_STATFS: Final = struct.Struct("<7Q2I3Q32x")
_VALID: Final = 0x20
"""ST_VALID in f_flags: the kernel fills f_flags at all."""


def _short_text(call: Call, data: bytes) -> str:
    """Print ``struct stat`` abbreviated: only mode and size, or the device."""
    if call.tables.machine == "aarch64":
        mode, number, size = _AARCH64_SHORT.unpack_from(data)
    else:
        mode, number, size = _X86_64_SHORT.unpack_from(data)
    if is_device(mode):
        return f"{{st_mode={mode_text(call, mode)}, st_rdev={device_text(call, number)}, ...}}"
    return f"{{st_mode={mode_text(call, mode)}, st_size={size}, ...}}"


def _stat_text(call: Call, data: bytes) -> str:
    """Print ``struct stat``."""
    if call.abbreviated:
        return _short_text(call, data)
    if call.tables.machine == "aarch64":
        device, inode, mode, links, *rest = _AARCH64.unpack(data)
    else:
        device, inode, links, mode, *rest = _X86_64.unpack(data)
    user, group, is_number, size, block, blocks, *times = rest
    fields = [
        f"st_dev={device_text(call, device)}, st_ino={inode}, st_mode={mode_text(call, mode)}",
        f"st_nlink={links}, st_uid={user}, st_gid={group}, st_blksize={block}, st_blocks={blocks}",
        f"st_rdev={device_text(call, is_number)}" if is_device(mode) else f"st_size={size}",
    ]
    for index, letter in enumerate("amc"):
        seconds, part = times[2 * index : 2 * index + 2]
        date = comment(date_text(seconds, part, 9))
        fields.append(f"st_{letter}time={seconds}{date}, st_{letter}time_nsec={part}")
    return f"{{{', '.join(fields)}}}"


def _stat(index: int) -> Argument:
    """Print ``struct stat``; its layout depends on the machine."""

    def argument(call: Call) -> str:
        where = call.arguments[index]
        data = call.fetch(where, _AARCH64.size if call.tables.machine == "aarch64" else _X86_64.size)
        return pointer(where) if data is None else _stat_text(call, data)

    return argument


def _statx_flags(call: Call) -> str:
    value = u32(call[2])
    sync = call.flags(value & 0x6000, AT_STATX_SYNC_TYPES, unknown=None)
    left = value & ~0x6000
    return f"{sync}|{call.flags(left, AT_FLAGS, unknown=None)}" if left else sync


def _statx_text(call: Call, data: bytes) -> str:
    """Print ``struct statx``: what its mask says is there, most of it only with -v."""
    (mask, block, attributes, links, user, group, mode, inode, size, blocks, known, *rest) = _STATX.unpack(
        data
    )
    times, numbers, (mount, memory_align, offset_align) = rest[:8], rest[8:12], rest[12:]
    whole = not call.abbreviated
    fields = [
        (True, f"stx_mask={call.flags(mask, STATX_MASKS, unknown='STATX_???')}"),
        (whole, f"stx_blksize={block}"),
        (True, f"stx_attributes={call.flags(attributes, STATX_ATTRS, unknown='STATX_ATTR_???')}"),
        (whole and mask & 0x4, f"stx_nlink={links}"),
        (whole and mask & 0x8, f"stx_uid={_identity(user)}"),
        (whole and mask & 0x10, f"stx_gid={_identity(group)}"),
        (mask & 0x3, f"stx_mode={mode_text(call, mode)}"),
        (whole and mask & 0x100, f"stx_ino={inode}"),
        (mask & 0x200, f"stx_size={size}"),
        (whole and mask & 0x400, f"stx_blocks={blocks}"),
        (whole, f"stx_attributes_mask={call.flags(known, STATX_ATTRS, unknown='STATX_ATTR_???')}"),
        *[
            (whole and mask & bit, f"stx_{name}={_moment(*times[2 * index : 2 * index + 2])}")
            for index, (bit, name) in enumerate(
                ((0x20, "atime"), (0x800, "btime"), (0x80, "ctime"), (0x40, "mtime"))
            )
        ],
        (whole, "stx_rdev_major={}, stx_rdev_minor={}, stx_dev_major={}, stx_dev_minor={}".format(*numbers)),
        (whole and mask & 0x1000, f"stx_mnt_id={hexadecimal(mount)}"),
        (
            whole and mask & 0x2000,
            f"stx_dio_mem_align={memory_align}, stx_dio_offset_align={offset_align}",
        ),
        (not whole, "..."),
    ]
    return f"{{{', '.join(text for wanted, text in fields if wanted)}}}"


def _identity(number: int) -> str:
    """Print a uid or gid: -1 is none."""
    return "-1" if number == 0xFFFFFFFF else str(number)


def _moment(seconds: int, part: int) -> str:
    return f"{{tv_sec={seconds}, tv_nsec={part}}}{comment(date_text(seconds, part, 9))}"


def _statfs_text(call: Call, data: bytes) -> str:
    """Print ``struct statfs``."""
    kind, block, blocks, free, available, files, left, *identity, name, fragment, flags = _STATFS.unpack(data)
    shown = ""
    if flags & _VALID:
        shown = f", f_flags={call.flags(flags, STATFS_FLAGS, unknown='ST_???')}"
    return (
        f"{{f_type={call.choice(kind, FSMAGIC)}, f_bsize={block}, f_blocks={blocks}, f_bfree={free}, "
        f"f_bavail={available}, f_files={files}, f_ffree={left}, "
        f"f_fsid={{val={local_array(call, [hexadecimal(each) for each in identity])}}}, "
        f"f_namelen={name}, f_frsize={fragment}{shown}}}"
    )


_HERE: Final = (show.directory(0), show.path(1))

SHAPES: Final[dict[str, Shape]] = {
    **dict.fromkeys(("stat", "lstat"), Shape((show.path(0),), (_stat(1),))),
    "fstat": Shape((show.fd(0),), (_stat(1),)),
    "newfstatat": Shape(_HERE, (_stat(2), show.flags(3, AT_FLAGS, unknown="AT_???"))),
    "statx": Shape(
        (*_HERE, _statx_flags, show.flags(3, STATX_MASKS, unknown="STATX_???")),
        (show.structure(4, _STATX.size, _statx_text),),
    ),
    "statfs": Shape((show.path(0),), (show.structure(1, _STATFS.size, _statfs_text),)),
    "fstatfs": Shape((show.fd(0),), (show.structure(1, _STATFS.size, _statfs_text),)),
    # Built without <ustat.h>, which the C library has no longer.
    "ustat": Shape((lambda call: device_text(call, u32(call[0])),), (show.address(1),)),
}
