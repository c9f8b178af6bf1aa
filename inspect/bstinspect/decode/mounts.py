"""Mounts, old and new (mount(2), fsopen(2), fsconfig(2), mount_setattr(2)), and swap (swapon(2))."""

from __future__ import annotations

import struct
from typing import Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, pointer, s32, u32
from bstinspect.decode.constants.mounts import (
    FSCONFIG_CMDS,
    FSMOUNT_ATTR_FLAGS,
    FSMOUNT_FLAGS,
    FSOPEN_FLAGS,
    FSPICK_FLAGS,
    MOUNT_ATTR_ATTR,
    MOUNT_ATTR_PROPAGATION,
    MOUNT_FLAGS,
    MOUNT_SETATTR_FLAGS,
    MOVE_MOUNT_FLAGS,
    OPEN_TREE_FLAGS,
    SWAP_FLAGS,
    UMOUNT_FLAGS,
)
from bstinspect.decode.fields import hex_buffer
from bstinspect.decode.shape import Shape, descriptor_result
from bstinspect.decode.strings import excess_text, limited_text

_MAGIC: Final = 0xC0ED0000
"""What old programs put into the upper half of mount's flags."""
_MAGIC_MASK: Final = 0xFFFF0000
_REMOUNT: Final = 0x20
_WITHOUT_TYPE: Final = 0x1000 | 0x2000 | 0x20000 | 0x40000 | 0x80000 | 0x100000
"""MS_BIND, MS_MOVE and the four that change how a mount propagates: type and data are ignored."""


class _Mount(Shape):
    """mount: its flags say which strings mean something."""

    def entry(self, call: Call) -> list[str]:
        flags = call[3]
        magic = flags & _MAGIC_MASK == _MAGIC
        if magic:
            flags &= 0xFFFF
        typeless = not flags & _REMOUNT and bool(flags & _WITHOUT_TYPE)
        parts = [call.constant(_MAGIC, "MS_MGC_VAL")] if magic else []
        if flags or not magic:
            parts.append(call.flags(flags, MOUNT_FLAGS, unknown="MS_???"))
        return [
            *super().entry(call),
            pointer(call[2]) if typeless or flags & _REMOUNT else call.text(call[2]),
            "|".join(parts),
            pointer(call[4]) if typeless else call.text(call[4]),
        ]


# fsconfig: what its key, value and last number are depends on the command.

_SET_STRING: Final = 1
_SET_BINARY: Final = 2
_SET_PATH: Final = 3
_SET_PATH_EMPTY: Final = 4
_SET_FD: Final = 5
_LONGEST_TEXT: Final = 256
_LONGEST_BINARY: Final = 1 << 20


def _key(call: Call) -> str:
    return limited_text(call, call[2], _LONGEST_TEXT) if u32(call[1]) <= _SET_FD else pointer(call[2])


def _key_value(call: Call) -> str:
    command, where, length = u32(call[1]), call[3], s32(call[4])
    if command == _SET_STRING:
        return limited_text(call, where, _LONGEST_TEXT)
    if command in {_SET_PATH, _SET_PATH_EMPTY}:
        return call.path(where)
    if command == _SET_BINARY and 0 <= length <= _LONGEST_BINARY:
        return hex_buffer(call, where, length)
    return pointer(where)


def _auxiliary(call: Call) -> str:
    command, number = u32(call[1]), s32(call[4])
    if command in {_SET_PATH, _SET_PATH_EMPTY}:
        return call.directory(number)
    return call.descriptor(number) if command == _SET_FD else str(number)


# mount_setattr.

_ATTRIBUTES: Final = struct.Struct("<QQQQ")
_IDMAP: Final = 0x100000
_LARGEST_FD: Final = (1 << 31) - 1


def _mount_attributes(call: Call) -> str:
    """Print ``struct mount_attr``, which may become longer one day."""
    where, size = call[3], call[4]
    data = call.fetch(where, _ATTRIBUTES.size) if size >= _ATTRIBUTES.size else None
    if data is None:
        return pointer(where)
    added, removed, propagation, user = _ATTRIBUTES.unpack(data)
    is_descriptor = user <= _LARGEST_FD and (added | removed) & _IDMAP
    return (
        f"{{attr_set={call.flags(added, MOUNT_ATTR_ATTR, unknown='MOUNT_ATTR_???')}, "
        f"attr_clr={call.flags(removed, MOUNT_ATTR_ATTR, unknown='MOUNT_ATTR_???')}, "
        f"propagation={call.choice(propagation, MOUNT_ATTR_PROPAGATION, unknown='MS_???')}, "
        f"userns_fd={call.descriptor(user) if is_descriptor else user}"
        f"{excess_text(call, where, _ATTRIBUTES.size, size)}}}"
    )


_PRIORITY: Final = 0x7FFF


def _swap_flags(call: Call) -> str:
    """Print the flags, and the priority that is in their lower bits."""
    flags, priority = u32(call[1]) & ~_PRIORITY, call[1] & _PRIORITY
    return f"{call.flags(flags, SWAP_FLAGS, unknown='SWAP_FLAG_???')}|{priority}" if flags else str(priority)


_HERE: Final = (show.directory(0), show.path(1))

SHAPES: Final[dict[str, Shape]] = {
    "mount": _Mount((show.path(0), show.path(1))),
    "umount2": Shape((show.path(0), show.flags(1, UMOUNT_FLAGS, unknown="MNT_???"))),
    "fsopen": Shape((show.text(0), show.flags(1, FSOPEN_FLAGS, unknown="FSOPEN_???")), (), descriptor_result),
    "fsconfig": Shape(
        (show.fd(0), show.choice(1, FSCONFIG_CMDS, unknown="FSCONFIG_???"), _key, _key_value, _auxiliary)
    ),
    "fsmount": Shape(
        (
            show.fd(0),
            show.flags(1, FSMOUNT_FLAGS, unknown="FSMOUNT_???"),
            show.flags(2, FSMOUNT_ATTR_FLAGS, unknown="MOUNT_ATTR_???"),
        ),
        (),
        descriptor_result,
    ),
    "fspick": Shape((*_HERE, show.flags(2, FSPICK_FLAGS, unknown="FSPICK_???")), (), descriptor_result),
    "move_mount": Shape(
        (
            *_HERE,
            show.directory(2),
            show.path(3),
            show.flags(4, MOVE_MOUNT_FLAGS, unknown="MOVE_MOUNT_???"),
        )
    ),
    "open_tree": Shape(
        (*_HERE, show.flags(2, OPEN_TREE_FLAGS, unknown="OPEN_TREE_???")), (), descriptor_result
    ),
    "mount_setattr": Shape(
        (
            *_HERE,
            show.flags(2, MOUNT_SETATTR_FLAGS, unknown="AT_???"),
            _mount_attributes,
            show.size(4),
        ),
        (),
        descriptor_result,
    ),
    "swapon": Shape((show.path(0), _swap_flags)),
}
