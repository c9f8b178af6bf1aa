"""Processes and threads by their ids, and what one does to another (getpid(2), kcmp(2), personality(2))."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, hexadecimal, pointer, s32, u32
from bstinspect.decode.chosen import Chosen, Late
from bstinspect.decode.constants.memory import MADVISE_CMDS
from bstinspect.decode.constants.processes import (
    KCMP_TYPES,
    PERSONALITY_FLAGS,
    PERSONALITY_TYPES,
    PIDFD_OPEN_FLAGS,
)
from bstinspect.decode.iovecs import buffer_address, iovecs_text
from bstinspect.decode.shape import Shape, descriptor_result, process_result

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

_ALL_ONES: Final = 0xFFFFFFFF
_PERSONALITY_TYPE: Final = 0xFF
_KCMP_FILE, _KCMP_EPOLL_TFD = 0, 7


def _personality_text(call: Call, value: int) -> str:
    text = call.choice(value & _PERSONALITY_TYPE, PERSONALITY_TYPES, unknown="PER_???")
    flags = value & ~_PERSONALITY_TYPE
    return f"{text}|{call.flags(flags, PERSONALITY_FLAGS, unknown=None)}" if flags else text


def _personality(call: Call) -> str:
    value = u32(call[0])
    return hexadecimal(value) if value == _ALL_ONES else _personality_text(call, value)


def _personality_result(call: Call) -> str:
    call.note = _personality_text(call, u32(call.value))
    return hexadecimal(call.value)


# kcmp: what the last two arguments are.


def _of(call: Call, who: int, number: int) -> str:
    """Print a descriptor of another process: what it is can only be told of the caller's own."""
    return call.descriptor(s32(number)) if s32(call[who]) == call.pid else str(s32(number))


def _slot(call: Call) -> str:
    data = call.fetch(call[4], 12)
    if data is None:
        return pointer(call[4])
    epoll, target, offset = struct.unpack("<III", data)
    return f"{{efd={_of(call, 1, epoll)}, tfd={_of(call, 1, target)}, toff={offset}}}"


_KCMP_OF_FILES: Final = Shape((lambda call: _of(call, 0, call[3]), lambda call: _of(call, 1, call[4])))
_KCMP_OF_SLOTS: Final = Shape((lambda call: _of(call, 0, call[3]), _slot))
_KCMP_OTHER: Final = Shape((show.hex_long(3), show.hex_long(4)))
_NOTHING: Final = Shape(())


def _kcmp(call: Call) -> Shape:
    kind = u32(call[2])
    if kind == _KCMP_FILE:
        return _KCMP_OF_FILES
    if kind == _KCMP_EPOLL_TFD:
        return _KCMP_OF_SLOTS
    return _NOTHING if kind in KCMP_TYPES else _KCMP_OTHER


# Another process's memory.


def _local_filled(call: Call) -> str:
    """Print the buffers that process_vm_readv filled, as far as it did."""
    show_buffer = buffer_address if call.is_error else None
    return iovecs_text(call, call[1], call[2], left=call.value, show=show_buffer)


def _addresses(index: int, count_index: int) -> Argument:
    return lambda call: iovecs_text(call, call[index], call[count_index], show=buffer_address)


_REMOTE: Final = (_addresses(3, 4), show.size(4), show.size(5))


# Pointers to lists of futexes (get_robust_list(2)).


def _pointer_behind(index: int) -> Argument:
    return show.structure(index, 8, lambda _call, data: f"[{pointer(int.from_bytes(data, 'little'))}]")


def _size_behind(index: int) -> Argument:
    return show.structure(index, 8, lambda _call, data: f"[{int.from_bytes(data, 'little')}]")


_OWN: Final = Shape((), (), process_result)
_OF_PROCESS: Final = Shape((show.process(0),))
_EXIT: Final = Shape((show.number(0),))

SHAPES: Final[dict[str, Shape]] = {
    **dict.fromkeys(("getpid", "gettid", "getppid"), _OWN),
    # Groups and sessions have no command name.
    **dict.fromkeys(("getpgrp", "setsid"), _NOTHING),
    **dict.fromkeys(("getpgid", "getsid"), _OF_PROCESS),
    "setpgid": Shape((show.process(0), show.number(1))),
    "exit": _EXIT,
    "exit_group": _EXIT,
    "set_tid_address": Shape((show.hex_long(0),)),
    "set_robust_list": Shape((show.address(0), show.size(1))),
    "get_robust_list": Shape((show.process(0),), (_pointer_behind(1), _size_behind(2))),
    "rseq": Shape(tuple(show.hex_long(index) for index in range(4))),
    "personality": Late((_personality,), (), _personality_result),
    "pidfd_open": Shape(
        (show.process(0), show.flags(1, PIDFD_OPEN_FLAGS, unknown="PIDFD_???")), (), descriptor_result
    ),
    "pidfd_getfd": Shape((show.fd(0), show.number(1), show.hex_int(2)), (), descriptor_result),
    "kcmp": Chosen((show.process(0), show.process(1), show.choice(2, KCMP_TYPES, unknown="KCMP_???")), _kcmp),
    "process_vm_readv": Shape((show.process(0),), (_local_filled, show.size(2), *_REMOTE)),
    "process_vm_writev": Shape(
        (show.process(0), lambda call: iovecs_text(call, call[1], call[2]), show.size(2), *_REMOTE)
    ),
    "process_madvise": Shape(
        (
            show.fd(0),
            _addresses(1, 2),
            show.size(2),
            show.choice(3, MADVISE_CMDS, unknown="MADV_???"),
            show.hex_int(4),
        )
    ),
    "process_mrelease": Shape((show.fd(0), show.hex_int(1))),
}
