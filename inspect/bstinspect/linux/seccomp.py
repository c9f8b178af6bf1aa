"""A seccomp filter that stops chosen calls for the tracer; all others run at full speed (seccomp(2)).

A filter cannot be taken off, and without a tracer its calls fail with ENOSYS: so it goes only with
PTRACE_O_EXITKILL.
"""

from __future__ import annotations

import ctypes
import os
import struct
from typing import TYPE_CHECKING, Final

from bstinspect.linux import prctl

if TYPE_CHECKING:
    from collections.abc import Iterable

_INSTRUCTION: Final = struct.Struct("<HBBI")
_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_JUMP_SET: Final = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_AND: Final = 0x54  # BPF_ALU | BPF_AND | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_ALLOW: Final = 0x7FFF0000
_TRACE: Final = 0x7FF00000
_NUMBER: Final = 0
_ARCH: Final = 4
"""Offsets in struct seccomp_data."""
_FUTEX_OPERATION: Final = 24
_FUTEX_TIMEOUT: Final = 40
"""The second and the fourth argument; their lower halves come first."""
FUTEX_WAIT: Final = 0
FUTEX_WAIT_BITSET: Final = 9
FUTEX_COMMANDS: Final = 0x7F
"""Operations of futex(2), and the mask without the flags."""
_ANY: Final = 0xFFFFFFFF
_MOST: Final = 4096
"""BPF_MAXINSNS."""


def program(numbers: Iterable[int], arch: int, futex: int | None = None) -> bytes:
    """Return a filter that stops these calls, and every call of another architecture.

    `futex`: the number of futex(2), to have it stopped where it waits, and not for ever.
    """
    code = [
        (_LOAD, 0, 0, _ARCH),
        (_JUMP_EQUAL, 1, 0, arch),
        (_RETURN, 0, 0, _TRACE),
        (_LOAD, 0, 0, _NUMBER),
    ]
    for number in sorted(numbers):
        code += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _TRACE)]
    if futex is not None:
        code += _timed_wait(futex)
    code.append((_RETURN, 0, 0, _ALLOW))
    if len(code) > _MOST:
        raise ValueError(f"{len(code)} instructions are too many for a filter")
    return b"".join(_INSTRUCTION.pack(*each) for each in code)


def _timed_wait(futex: int) -> list[tuple[int, int, int, int]]:
    """Return the instructions that stop a futex(2) that waits with a timeout; behind them, for all others."""
    return [
        (_JUMP_EQUAL, 0, 9, futex),
        (_LOAD, 0, 0, _FUTEX_OPERATION),
        (_AND, 0, 0, FUTEX_COMMANDS),
        (_JUMP_EQUAL, 1, 0, FUTEX_WAIT),
        (_JUMP_EQUAL, 0, 5, FUTEX_WAIT_BITSET),
        (_LOAD, 0, 0, _FUTEX_TIMEOUT),
        (_JUMP_SET, 2, 0, _ANY),
        (_LOAD, 0, 0, _FUTEX_TIMEOUT + 4),
        (_JUMP_SET, 0, 1, _ANY),
        (_RETURN, 0, 0, _TRACE),
    ]


def install(code: bytes) -> None:
    """Put the filter on the calling thread, for ever. Raises OSError."""
    if os.geteuid():
        prctl.give_up_new_privileges()
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("<H6xQ", len(code) // _INSTRUCTION.size, ctypes.addressof(buffer))
    held = ctypes.create_string_buffer(header, len(header))
    try:
        prctl.set_filter(ctypes.addressof(held))
    except PermissionError:  # root without CAP_SYS_ADMIN, as in a container
        prctl.give_up_new_privileges()
        prctl.set_filter(ctypes.addressof(held))
