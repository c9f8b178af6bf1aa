"""Watches, rules and handles of files (inotify(7), fanotify(7), landlock(7), name_to_handle_at(2))."""

from __future__ import annotations

import struct
from typing import Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, pointer, s32, u32
from bstinspect.decode.constants.files import (
    FAN_CLASSES,
    FAN_EVENT_FLAGS,
    FAN_INIT_FLAGS,
    FAN_MARK_FLAGS,
    INOTIFY_FLAGS,
    INOTIFY_INIT_FLAGS,
    LANDLOCK_CREATE_RULESET_FLAGS,
    LANDLOCK_RULE_TYPES,
    LANDLOCK_RULESET_ACCESS_FS,
    NAME_TO_HANDLE_AT_FLAGS,
)
from bstinspect.decode.modes import open_flags
from bstinspect.decode.quote import quote
from bstinspect.decode.shape import Shape, descriptor_result
from bstinspect.decode.style import Hex

# fanotify.

_CLASSES: Final = 0xC


def _fanotify_flags(call: Call) -> str:
    """Print the class of the group, then its flags."""
    value = u32(call[0])
    text = call.choice(value & _CLASSES, FAN_CLASSES, unknown="FAN_CLASS_???")
    left = value & ~_CLASSES
    return f"{text}|{call.flags(left, FAN_INIT_FLAGS, unknown='FAN_???')}" if left else text


def _marked_directory(call: Call) -> str:
    number = s32(call[3])
    return call.constant(-1, "FAN_NOFD", str) if number == -1 else call.directory(number)


# landlock.

_RULE: Final = struct.Struct("<Qi")
_PATH_BENEATH: Final = 1
_VERSION_ASKED: Final = 1
_ACCESS: Final = "LANDLOCK_ACCESS_FS_???"


def _ruleset(call: Call) -> str:
    """Print ``struct landlock_ruleset_attr`` as far as it was known to strace 6.1."""
    data = call.fetch(call[0], 8) if call[1] >= 8 else None
    if data is None:
        return pointer(call[0])
    handled = call.flags(int.from_bytes(data, "little"), LANDLOCK_RULESET_ACCESS_FS, unknown=_ACCESS)
    return f"{{handled_access_fs={handled}{', ...' if call[1] > 8 else ''}}}"


def _rule(call: Call) -> str:
    """Print ``struct landlock_path_beneath_attr``."""
    data = call.fetch(call[2], _RULE.size) if u32(call[1]) == _PATH_BENEATH else None
    if data is None:
        return pointer(call[2])
    allowed, parent = _RULE.unpack(data)
    shown = call.flags(allowed, LANDLOCK_RULESET_ACCESS_FS, unknown=_ACCESS)
    return f"{{allowed_access={shown}, parent_fd={call.descriptor(parent)}}}"


def _ruleset_result(call: Call) -> str:
    """Print a descriptor, or the version that was asked for."""
    return str(call.value) if call[2] & _VERSION_ASKED else descriptor_result(call)


# Handles.

_HANDLE: Final = struct.Struct("<Ii")
_LONGEST_HANDLE: Final = 128
_OVERFLOW: Final = -75
"""-EOVERFLOW: the handle is longer than the caller thought, and its length is told."""


def _handle_bytes(call: Call, address: int, length: int) -> str:
    """Print the opaque part of a handle."""
    data = call.peek(address + _HANDLE.size, min(length, _LONGEST_HANDLE))
    return "???" if data is None else quote(data, Hex.ALL, cut=length > _LONGEST_HANDLE)


def _handle(call: Call) -> str:
    """Print ``struct file_handle``."""
    data = call.fetch(call[1], _HANDLE.size)
    if data is None:
        return pointer(call[1])
    length, kind = _HANDLE.unpack(data)
    shown = _handle_bytes(call, call[1], length)
    return f"{{handle_bytes={length}, handle_type={kind}, f_handle={shown}}}"


def _handle_flags(call: Call) -> str:
    return call.flags(u32(call[4]), NAME_TO_HANDLE_AT_FLAGS, unknown="AT_???")


class _NameToHandle(Shape):
    """name_to_handle_at: the length is printed at the entry, and the rest of the handle at the exit."""

    separator = ""

    def waits(self, call: Call) -> bool:
        return call.kept is not None

    def entry(self, call: Call) -> list[str]:
        texts = super().entry(call)
        data = call.fetch(call[2], _HANDLE.size)
        if data is None:
            return [*texts, pointer(call[2]), pointer(call[3]), _handle_flags(call)]
        call.kept, _ = _HANDLE.unpack(data)
        return [*texts, f"{{handle_bytes={call.kept}"]

    def exit(self, call: Call) -> list[str]:
        if call.kept is None:
            return []
        return [f"{self._rest(call)}}}, {_mount(call)}, {_handle_flags(call)}"]

    @staticmethod
    def _rest(call: Call) -> str:
        """Print the length where it changed, and the handle where there is one."""
        if call.failed and call.value != _OVERFLOW:
            return ""
        data = call.peek(call[2], _HANDLE.size)
        if data is None:
            return ""
        length, kind = _HANDLE.unpack(data)
        changed = "" if length == call.kept else f" => {length}"
        if call.failed:
            return changed
        return f"{changed}, handle_type={kind}, f_handle={_handle_bytes(call, call[2], length)}"


_mount: Final = show.int_in(3)
_FD: Final = show.fd(0)

SHAPES: Final[dict[str, Shape]] = {
    "inotify_init": Shape((), (), descriptor_result),
    "inotify_init1": Shape((show.flags(0, INOTIFY_INIT_FLAGS, unknown="IN_???"),), (), descriptor_result),
    "inotify_add_watch": Shape((_FD, show.path(1), show.flags(2, INOTIFY_FLAGS, unknown="IN_???"))),
    "inotify_rm_watch": Shape((_FD, show.number(1))),
    "fanotify_init": Shape((_fanotify_flags, open_flags(1)), (), descriptor_result),
    "fanotify_mark": Shape(
        (
            _FD,
            show.flags(1, FAN_MARK_FLAGS, unknown="FAN_MARK_???"),
            show.flags64(2, FAN_EVENT_FLAGS, unknown="FAN_???"),
            _marked_directory,
            show.path(4),
        )
    ),
    "landlock_create_ruleset": Shape(
        (
            _ruleset,
            show.size(1),
            show.flags(2, LANDLOCK_CREATE_RULESET_FLAGS, unknown="LANDLOCK_CREATE_RULESET_???"),
        ),
        (),
        _ruleset_result,
    ),
    "landlock_add_rule": Shape(
        (_FD, show.choice(1, LANDLOCK_RULE_TYPES, unknown="LANDLOCK_RULE_???"), _rule, show.hex_int(3))
    ),
    "landlock_restrict_self": Shape((_FD, show.hex_int(1))),
    "name_to_handle_at": _NameToHandle((show.directory(0), show.path(1))),
    "open_by_handle_at": Shape((_FD, _handle, open_flags(2))),
}
