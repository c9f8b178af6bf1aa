"""Scheduling (sched(7), sched_setattr(2), sched_setaffinity(2), setpriority(2), ioprio_set(2), getcpu(2))."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, pointer, s32, u32
from bstinspect.decode.chosen import Late
from bstinspect.decode.constants.processes import (
    IOPRIO_CLASS,
    IOPRIO_WHO,
    PRIORITIES,
    SCHED_FLAGS,
    SCHEDULERS,
)
from bstinspect.decode.shape import Shape
from bstinspect.decode.spans import timespec
from bstinspect.decode.style import Constants

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

_CPUSET_BYTES: Final = 128
"""So much of a set of CPUs is looked at: strace asks the kernel, which here takes no more."""
_ATTRIBUTES: Final = struct.Struct("<IIQiIQQQII")
_ATTRIBUTES_LEAST: Final = 48
_KEEP_POLICY: Final = 0x08
_KEEP_PARAMETERS: Final = 0x10
_E2BIG: Final = 7
_IO_DATA_BITS: Final = 13


def _policy(index: int) -> Argument:
    return show.choice(index, SCHEDULERS, unknown="SCHED_???")


def _policy_result(call: Call) -> str:
    call.note = SCHEDULERS.get(call.value, "")
    return str(call.value)


def _cpus(call: Call, length: int) -> str:
    """Print a set of CPUs, of which the call says or returned that it has so many bytes."""
    length = u32(length)
    read = min(length, _CPUSET_BYTES)
    if not call.style.verbose(call.name) or (call.leaving and call.is_error) or not call[2]:
        return pointer(call[2])
    if not length:
        return "[]"
    data = call.fetch(call[2], read)
    if data is None:
        return pointer(call[2])
    mask = int.from_bytes(data, "little")
    members = [str(bit) for bit in range(8 * read) if mask >> bit & 1]
    if (read + 7) // 8 * 8 < length:
        members.append("...")
    return f"[{' '.join(members)}]"


# struct sched_attr.


def _attributes_set(call: Call) -> str:
    """Print what sched_setattr is given: as much as its size says."""
    head = call.fetch(call[1], 4)
    if head is None:
        return pointer(call[1])
    given = int.from_bytes(head, "little") or _ATTRIBUTES_LEAST
    size = min(given, _ATTRIBUTES.size)
    data: bytes | None = head
    if size >= _ATTRIBUTES_LEAST:
        data = call.fetch(call[1], size)
    if data is None:
        return pointer(call[1])
    return _attributes_text(call, data, size, given, setting=True)


def _attributes_got(call: Call) -> str:
    """Print what sched_getattr stored: as much as the kernel says."""
    given = u32(call[2])
    data = call.fetch(call[1], min(given, _ATTRIBUTES.size)) if given else None
    if data is None:
        return pointer(call[1])
    size = int.from_bytes(data[:4], "little")
    return _attributes_text(call, data, size, size, setting=False)


def _attributes_text(call: Call, data: bytes, size: int, given: int, *, setting: bool) -> str:
    own_size, policy, flags, nice, priority, *times, least, most = _ATTRIBUTES.unpack(
        data.ljust(_ATTRIBUTES.size, b"\0")
    )
    parts = [f"size={own_size}"]
    if size >= _ATTRIBUTES_LEAST:
        if not setting or policy >= 1 << 31 or not flags & (_KEEP_POLICY | _KEEP_PARAMETERS):
            parts.append(f"sched_policy={call.choice(policy, SCHEDULERS, unknown='SCHED_???')}")
        parts.append(f"sched_flags={call.flags(flags, SCHED_FLAGS, unknown='SCHED_FLAG_???')}")
        if not setting or not flags & _KEEP_PARAMETERS:
            parts += [f"sched_nice={nice}", f"sched_priority={priority}"]
            names = ("runtime", "deadline", "period")
            parts += [f"sched_{name}={value}" for name, value in zip(names, times, strict=True)]
        if size >= _ATTRIBUTES.size:
            parts += [f"sched_util_min={least}", f"sched_util_max={most}"]
    if given > size:
        parts.append("...")
    return f"{{{', '.join(parts)}}}"


class _SetAttributes(Shape):
    """sched_setattr: the kernel stores the size it knows where that of the caller is too large."""

    separator = ""

    def __init__(self) -> None:
        super().__init__((show.process(0), _attributes_set), (self._size_wanted, show.unsigned(2)))

    def exit(self, call: Call) -> list[str]:
        return [", ".join(super().exit(call))]

    @staticmethod
    def _size_wanted(call: Call) -> str:
        if not call.is_error or call.value != -_E2BIG or not call.style.verbose(call.name):
            return ""
        size = call.integer(call[1], 4, signed=False)
        return "" if size is None else f" => {{size={size}}}"


# Priorities.


def _whom(kind: int) -> Argument:
    """Print an argument that is a process where the first is of this kind."""
    return lambda call: call.process(s32(call[1])) if s32(call[0]) == kind else str(s32(call[1]))


def _io_text(call: Call, value: int) -> str:
    kind, level = u32(value) >> _IO_DATA_BITS, value & (1 << _IO_DATA_BITS) - 1
    return f"IOPRIO_PRIO_VALUE({call.choice(kind, IOPRIO_CLASS, unknown='IOPRIO_CLASS_???')}, {level})"


def _io_priority(call: Call) -> str:
    constants, digits = call.style.constants, str(s32(call[2]))
    if constants is Constants.RAW:
        return digits
    text = _io_text(call, call[2])
    return text if constants is Constants.ABBREV else f"{digits} /* {text} */"


def _io_result(call: Call) -> str:
    if call.style.constants is not Constants.RAW:
        call.note = _io_text(call, call.value)
    return str(call.value)


_PRIORITY: Final = (show.choice(0, PRIORITIES, unknown="PRIO_???"), _whom(0))
_IO_PRIORITY: Final = (show.choice(0, IOPRIO_WHO, unknown="IOPRIO_WHO_???"), _whom(1))
_RANGE: Final = Shape((_policy(0),))


def _unsigned_behind(index: int) -> Argument:
    return show.structure(index, 4, lambda _call, data: f"[{int.from_bytes(data, 'little')}]")


SHAPES: Final[dict[str, Shape]] = {
    "sched_yield": Shape(()),
    "sched_getscheduler": Late((show.process(0),), (), _policy_result),
    "sched_setscheduler": Shape((show.process(0), _policy(1), show.int_in(2))),
    "sched_getparam": Shape((show.process(0),), (show.int_out(1),)),
    "sched_setparam": Shape((show.process(0), show.int_in(1))),
    "sched_get_priority_min": _RANGE,
    "sched_get_priority_max": _RANGE,
    "sched_rr_get_interval": Shape((show.process(0),), (timespec(1),)),
    "sched_getaffinity": Shape((show.process(0), show.unsigned(1)), (lambda call: _cpus(call, call.value),)),
    "sched_setaffinity": Shape((show.process(0), show.unsigned(1), lambda call: _cpus(call, call[1]))),
    "sched_setattr": _SetAttributes(),
    "sched_getattr": Shape((show.process(0),), (_attributes_got, show.unsigned(2), show.unsigned(3))),
    "getpriority": Shape(_PRIORITY),
    "setpriority": Shape((*_PRIORITY, show.number(2))),
    "ioprio_get": Late(_IO_PRIORITY, (), _io_result),
    "ioprio_set": Shape((*_IO_PRIORITY, _io_priority)),
    "getcpu": Shape((), (_unsigned_behind(0), _unsigned_behind(1), show.address(2))),
}
