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
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_ALLOW: Final = 0x7FFF0000
_TRACE: Final = 0x7FF00000
_NUMBER: Final = 0
_ARCH: Final = 4
"""Offsets in struct seccomp_data."""
_MOST: Final = 4096
"""BPF_MAXINSNS."""


def program(numbers: Iterable[int], arch: int) -> bytes:
    """Return a filter that stops these calls, and every call of another architecture."""
    code = [
        (_LOAD, 0, 0, _ARCH),
        (_JUMP_EQUAL, 1, 0, arch),
        (_RETURN, 0, 0, _TRACE),
        (_LOAD, 0, 0, _NUMBER),
    ]
    for number in sorted(numbers):
        code += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _TRACE)]
    code.append((_RETURN, 0, 0, _ALLOW))
    if len(code) > _MOST:
        raise ValueError(f"{len(code)} instructions are too many for a filter")
    return b"".join(_INSTRUCTION.pack(*each) for each in code)


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
