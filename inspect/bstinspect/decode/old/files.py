"""Calls that take a path, and what they say about files (open(2), stat(2), statx(2), statfs(2))."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode.old import call as show
from bstinspect.decode.old.call import Argument, Call, Shape
from bstinspect.decode.old.spans import file_times

if TYPE_CHECKING:
    from collections.abc import Mapping

_ACCESS_MODES: Final = {0: "O_RDONLY", 1: "O_WRONLY", 2: "O_RDWR", 3: "O_ACCMODE"}
_OPEN_FLAGS: Final = {
    0o100: "O_CREAT", 0o200: "O_EXCL", 0o400: "O_NOCTTY", 0o1000: "O_TRUNC", 0o2000: "O_APPEND",
    0o4000: "O_NONBLOCK", 0o4010000: "O_SYNC", 0o20000: "O_ASYNC", 0o10000: "O_DSYNC", 0o40000: "O_DIRECT",
    0o100000: "O_LARGEFILE", 0o400000: "O_NOFOLLOW", 0o1000000: "O_NOATIME", 0o2000000: "O_CLOEXEC",
    0o10000000: "O_PATH", 0o20200000: "O_TMPFILE", 0o200000: "O_DIRECTORY",
}  # fmt: skip
"""In the order in which strace prints them; the values are asm-generic's, as on x86-64."""
AT_FLAGS: Final = {
    0x100: "AT_SYMLINK_NOFOLLOW", 0x200: "AT_REMOVEDIR", 0x400: "AT_SYMLINK_FOLLOW", 0x800: "AT_NO_AUTOMOUNT",
    0x1000: "AT_EMPTY_PATH", 0x8000: "AT_RECURSIVE",
}  # fmt: skip
_STAT_FLAGS: Final = {key: name for key, name in AT_FLAGS.items() if key != 0x200}
_FACCESS_FLAGS: Final = {0x100: "AT_SYMLINK_NOFOLLOW", 0x200: "AT_EACCESS", 0x1000: "AT_EMPTY_PATH"}
_RENAME_FLAGS: Final = {1: "RENAME_NOREPLACE", 2: "RENAME_EXCHANGE", 4: "RENAME_WHITEOUT"}
_FILE_TYPES: Final = {
    0o010000: "S_IFIFO", 0o020000: "S_IFCHR", 0o040000: "S_IFDIR", 0o060000: "S_IFBLK", 0o100000: "S_IFREG",
    0o120000: "S_IFLNK", 0o140000: "S_IFSOCK",
}  # fmt: skip
_STATX_MASK: Final = {
    0xFFF: "STATX_ALL", 0x7FF: "STATX_BASIC_STATS", 1: "STATX_TYPE", 2: "STATX_MODE", 4: "STATX_NLINK",
    8: "STATX_UID", 0x10: "STATX_GID", 0x20: "STATX_ATIME", 0x40: "STATX_MTIME", 0x80: "STATX_CTIME",
    0x100: "STATX_INO", 0x200: "STATX_SIZE", 0x400: "STATX_BLOCKS", 0x800: "STATX_BTIME",
    0x1000: "STATX_MNT_ID",
}  # fmt: skip
_STATX_SYNC: Final = {0: "AT_STATX_SYNC_AS_STAT", 0x2000: "AT_STATX_FORCE_SYNC", 0x4000: "AT_STATX_DONT_SYNC"}
_MEMFD_FLAGS: Final = {1: "MFD_CLOEXEC", 2: "MFD_ALLOW_SEALING", 4: "MFD_HUGETLB"}
_INOTIFY_MASK: Final = {
    1: "IN_ACCESS", 2: "IN_MODIFY", 4: "IN_ATTRIB", 8: "IN_CLOSE_WRITE", 0x10: "IN_CLOSE_NOWRITE",
    0x20: "IN_OPEN", 0x40: "IN_MOVED_FROM", 0x80: "IN_MOVED_TO", 0x100: "IN_CREATE", 0x200: "IN_DELETE",
    0x400: "IN_DELETE_SELF", 0x800: "IN_MOVE_SELF", 0x1000000: "IN_ONLYDIR", 0x2000000: "IN_DONT_FOLLOW",
    0x4000000: "IN_EXCL_UNLINK", 0x10000000: "IN_MASK_CREATE", 0x20000000: "IN_MASK_ADD",
    0x40000000: "IN_ISDIR", 0x80000000: "IN_ONESHOT",
}  # fmt: skip
_UMOUNT: Final = {1: "MNT_FORCE", 2: "MNT_DETACH", 4: "MNT_EXPIRE", 8: "UMOUNT_NOFOLLOW"}
_RESOLVE: Final = {
    1: "RESOLVE_NO_XDEV", 2: "RESOLVE_NO_MAGICLINKS", 4: "RESOLVE_NO_SYMLINKS", 8: "RESOLVE_BENEATH",
    0x10: "RESOLVE_IN_ROOT", 0x20: "RESOLVE_CACHED",
}  # fmt: skip
_FILE_SYSTEMS: Final = {
    0x01021994: "TMPFS_MAGIC", 0xEF53: "EXT2_SUPER_MAGIC", 0x9FA0: "PROC_SUPER_MAGIC",
    0x62656572: "SYSFS_MAGIC", 0x58465342: "XFS_SUPER_MAGIC", 0x9123683E: "BTRFS_SUPER_MAGIC",
    0x794C7630: "OVERLAYFS_SUPER_MAGIC", 0x63677270: "CGROUP2_SUPER_MAGIC", 0x6969: "NFS_SUPER_MAGIC",
    0x1CD1: "DEVPTS_SUPER_MAGIC",
}  # fmt: skip
_MOUNT_FLAGS: Final = {
    0x20: "ST_VALID", 1: "ST_RDONLY", 2: "ST_NOSUID", 4: "ST_NODEV", 8: "ST_NOEXEC", 0x10: "ST_SYNCHRONOUS",
    0x40: "ST_MANDLOCK", 0x400: "ST_NOATIME", 0x800: "ST_NODIRATIME", 0x1000: "ST_RELATIME",
}  # fmt: skip
_O_CREAT: Final = 0o100
_O_TMPFILE: Final = 0o20000000


def open_flags_text(value: int) -> str:
    """Return ``O_RDWR|O_CLOEXEC``: the access mode, then the flags."""
    text = _ACCESS_MODES[value & 3]
    return f"{text}|{show.flag_text(value & ~3, _OPEN_FLAGS)}" if value & ~3 else text


def _open_flags(index: int) -> Argument:
    return lambda call: open_flags_text(show.u32(call[index]))


def _open_mode(index: int) -> Argument:
    """Print the mode where the flags before it make a file."""
    return lambda call: (
        show.octal(call[index] & 0xFFFF) if call[index - 1] & (_O_CREAT | _O_TMPFILE) else None
    )


def _how_text(data: bytes) -> str:
    """Print ``struct open_how`` (openat2(2))."""
    flags, mode, resolve = struct.unpack_from("<QQQ", data)
    made = f", mode={show.octal(mode)}" if flags & (_O_CREAT | _O_TMPFILE) or mode else ""
    resolved = show.flag_text(resolve, _RESOLVE, "RESOLVE_???")
    return f"{{flags={open_flags_text(flags)}{made}, resolve={resolved}}}"


def mode_text(mode: int) -> str:
    """Return ``S_IFREG|0644``."""
    kind = mode & 0o170000
    parts = [_FILE_TYPES.get(kind) or f"{kind:#o}"] if kind else []
    special = {0o4000: "S_ISUID", 0o2000: "S_ISGID", 0o1000: "S_ISVTX"}
    parts += [name for bit, name in special.items() if mode & bit]
    return "|".join([*parts, show.octal(mode & 0o777)])


def _device(number: int) -> str:
    return f"makedev({os.major(number):#x}, {_hex(os.minor(number))})"


def _hex(value: int) -> str:
    return f"{value:#x}" if value else "0"


def _stat(index: int) -> Argument:
    """Print ``struct stat`` as strace abbreviates it; its layout depends on the machine."""

    def argument(call: Call) -> str:
        at_mode, at_device = call.tables.stat_offsets
        data = None if show.failed(call) else call.memory.exactly(call[index], 128)
        if data is None:
            return show.pointer(call[index])
        (mode,) = struct.unpack_from("<I", data, at_mode)
        if mode & 0o170000 in (0o020000, 0o060000):
            (device,) = struct.unpack_from("<Q", data, at_device)
            return f"{{st_mode={mode_text(mode)}, st_rdev={_device(device)}, ...}}"
        (size,) = struct.unpack_from("<q", data, 48)
        return f"{{st_mode={mode_text(mode)}, st_size={size}, ...}}"

    return argument


def _statx_text(data: bytes) -> str:
    mask, _, attributes, _, _, _, mode = struct.unpack_from("<IIQIIIH", data)
    (size,) = struct.unpack_from("<Q", data, 40)
    shown = show.flag_text(mask, _STATX_MASK)
    return (
        f"{{stx_mask={shown}, stx_attributes={_hex(attributes)}, stx_mode={mode_text(mode)}, "
        f"stx_size={size}, ...}}"
    )


def _statx_flags(call: Call) -> str:
    value = show.u32(call[2])
    sync = show.choice_text(value & 0x6000, _STATX_SYNC, "")
    return f"{sync}|{show.flag_text(value & ~0x6000, _STAT_FLAGS)}" if value & ~0x6000 else sync


def _statfs_text(data: bytes) -> str:
    kind, block, blocks, free, available, files, left, first, second, name, fragment, flags = (
        struct.unpack_from("<QQQQQQQiiQQQ", data)
    )
    return (
        f"{{f_type={show.choice_text(kind, _FILE_SYSTEMS, '')}, f_bsize={block}, f_blocks={blocks}, "
        f"f_bfree={free}, f_bavail={available}, f_files={files}, f_ffree={left}, "
        f"f_fsid={{val=[{_hex(first & 0xFFFFFFFF)}, {_hex(second & 0xFFFFFFFF)}]}}, "
        f"f_namelen={name}, f_frsize={fragment}, f_flags={show.flag_text(flags, _MOUNT_FLAGS)}}}"
    )


def _access(index: int) -> Argument:
    return show.flags(index, {4: "R_OK", 2: "W_OK", 1: "X_OK"}, "?_OK", "F_OK")


def _octal_result(call: Call) -> str:
    return show.octal(call.value)


def _octal_number(index: int) -> Argument:
    return lambda call: show.octal(show.u32(call[index]))


def _device_mode(index: int) -> tuple[Argument, Argument]:
    """Print mknod's mode, and its device where that counts."""

    def device(call: Call) -> str | None:
        kind = call[index] & 0o170000
        return _device(show.u32(call[index + 1])) if kind in (0o020000, 0o060000) else None

    return (lambda call: mode_text(show.u32(call[index]) & 0xFFFF), device)


def _at_flags(index: int, names: Mapping[int, str] = AT_FLAGS) -> Argument:
    return show.flags(index, names, "AT_???")


def _attribute(index: int) -> Argument:
    return show.choice(index, {0: "0", 1: "XATTR_CREATE", 2: "XATTR_REPLACE"})


_PATH: Final = show.path(0)
_HERE: Final = (show.directory(0), show.path(1))
_TWO: Final = (show.path(0), show.path(1))
_THERE: Final = (*_HERE, show.directory(2), show.path(3))

SHAPES: Final[dict[str, Shape]] = {
    "open": Shape((_PATH, _open_flags(1), _open_mode(2))),
    "openat": Shape((*_HERE, _open_flags(2), _open_mode(3))),
    "creat": Shape((_PATH, show.mode(1))),
    **{name: Shape((_PATH,), (_stat(1),)) for name in ("stat", "lstat")},
    "fstat": Shape((show.fd(0),), (_stat(1),)),
    "newfstatat": Shape(_HERE, (_stat(2), _at_flags(3, _STAT_FLAGS))),
    "statx": Shape(
        (*_HERE, _statx_flags, show.flags(3, _STATX_MASK, "STATX_???")), (show.filled(4, 160, _statx_text),)
    ),
    "statfs": Shape((_PATH,), (show.filled(1, 88, _statfs_text),)),
    "fstatfs": Shape((show.fd(0),), (show.filled(1, 88, _statfs_text),)),
    "access": Shape((_PATH, _access(1))),
    "faccessat": Shape((*_HERE, _access(2))),
    "faccessat2": Shape((*_HERE, _access(2), _at_flags(3, _FACCESS_FLAGS))),
    **{name: Shape((_PATH,)) for name in ("chdir", "rmdir", "unlink", "chroot", "acct", "swapoff")},
    "mkdir": Shape((_PATH, show.mode(1))),
    "mkdirat": Shape((*_HERE, show.mode(2))),
    "chmod": Shape((_PATH, show.mode(1))),
    "fchmod": Shape((show.fd(0), show.mode(1))),
    "fchmodat": Shape((*_HERE, show.mode(2))),
    "fchmodat2": Shape((*_HERE, show.mode(2), _at_flags(3))),
    **{name: Shape((_PATH, show.number(1), show.number(2))) for name in ("chown", "lchown")},
    "fchown": Shape((show.fd(0), show.number(1), show.number(2))),
    "fchownat": Shape((*_HERE, show.number(2), show.number(3), _at_flags(4))),
    "mknod": Shape((_PATH, *_device_mode(1))),
    "mknodat": Shape((*_HERE, *_device_mode(2))),
    "unlinkat": Shape((*_HERE, _at_flags(2))),
    **{name: Shape(_TWO) for name in ("rename", "link", "symlink", "pivot_root")},
    "renameat": Shape(_THERE),
    "renameat2": Shape((*_THERE, show.flags(4, _RENAME_FLAGS, "RENAME_??"))),
    "linkat": Shape((*_THERE, _at_flags(4))),
    "symlinkat": Shape((_PATH, show.directory(1), show.path(2))),
    "readlink": Shape((_PATH,), (show.data_out(1), show.size(2))),
    "readlinkat": Shape(_HERE, (show.data_out(2), show.size(3))),
    "getcwd": Shape(
        (), (lambda call: show.pointer(call[0]) if show.failed(call) else _PATH(call), show.size(1))
    ),
    "truncate": Shape((_PATH, show.size(1))),
    "umask": Shape((_octal_number(0),), (), _octal_result),
    "utimensat": Shape((*_HERE, file_times(2), _at_flags(3))),
    "memfd_create": Shape((show.path(0), show.flags(1, _MEMFD_FLAGS, "MFD_???"))),
    "umount2": Shape((_PATH, show.flags(1, _UMOUNT, "MNT_???"))),
    "openat2": Shape((*_HERE, show.structure(2, 24, _how_text), show.size(3))),
    "inotify_add_watch": Shape((show.fd(0), show.path(1), show.flags(2, _INOTIFY_MASK, "IN_???"))),
    **{
        name: Shape((_PATH, show.text(1)), (show.data_out(2), show.size(3)))
        for name in ("getxattr", "lgetxattr")
    },
    "fgetxattr": Shape((show.fd(0), show.text(1)), (show.data_out(2), show.size(3))),
    **{
        name: Shape((_PATH, show.text(1), show.data_in(2, 3), show.size(3), _attribute(4)))
        for name in ("setxattr", "lsetxattr")
    },
    "fsetxattr": Shape((show.fd(0), show.text(1), show.data_in(2, 3), show.size(3), _attribute(4))),
    **{name: Shape((_PATH,), (show.data_out(1), show.size(2))) for name in ("listxattr", "llistxattr")},
    "flistxattr": Shape((show.fd(0),), (show.data_out(1), show.size(2))),
}
