"""Sets of registers of a tracee, as ptrace(2) hands them over."""

from __future__ import annotations

import struct
from typing import Final

from bstinspect.decode.call import Call, hexadecimal, pointer
from bstinspect.decode.lists import local_array

_X86_64: Final = (
    "r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi",
    "orig_rax", "rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs",
)  # fmt: skip
_AARCH64_NUMBERED: Final = 31
_AARCH64: Final = ("sp", "pc", "pstate")
_GENERAL_BYTES: Final = {"x86_64": 8 * len(_X86_64), "aarch64": 8 * (_AARCH64_NUMBERED + len(_AARCH64))}

_FLOATING: Final = (
    ("cwd", 0, "<H"), ("swd", 2, "<H"), ("ftw", 4, "<H"), ("fop", 6, "<H"), ("rip", 8, "<Q"),
    ("rdp", 16, "<Q"), ("mxcsr", 24, "<I"), ("mxcr_mask", 28, "<I"),
)  # fmt: skip
_FLOATING_ARRAYS: Final = (("st_space", 32, 32), ("xmm_space", 160, 64), ("padding", 416, 24))
"""Name, offset and number of 32-bit words."""
_FLOATING_BYTES: Final = 512


def general(call: Call, address: int, size: int | None = None) -> str:
    """Print the general registers, as many as are in `size` bytes; None is all."""
    whole = _GENERAL_BYTES.get(call.tables.machine, 0)
    size = whole if size is None else size
    data = _fetch(call, address, size, whole)
    if data is None:
        return pointer(address)
    values = [hexadecimal(value) for (value,) in struct.iter_unpack("<Q", data)]
    if call.tables.machine == "aarch64":
        parts = [f"regs={local_array(call, values[:_AARCH64_NUMBERED])}"]
        parts += [
            f"{name}={value}" for name, value in zip(_AARCH64, values[_AARCH64_NUMBERED:], strict=False)
        ]
    else:
        parts = [f"{name}={value}" for name, value in zip(_X86_64, values, strict=False)]
    return _closed(parts, size > whole)


def floating(call: Call, address: int, size: int = _FLOATING_BYTES) -> str:
    """Print the floating-point registers, as many as are in `size` bytes."""
    data = _fetch(call, address, size, _FLOATING_BYTES) if call.tables.machine == "x86_64" else None
    if data is None:
        return pointer(address)
    parts = []
    for name, offset, layout in _FLOATING:
        if offset < len(data):
            parts.append(f"{name}={hexadecimal(struct.unpack_from(layout, data, offset)[0])}")
    for name, offset, count in _FLOATING_ARRAYS:
        words = data[offset : offset + 4 * count]
        if words:
            values = [hexadecimal(value) for (value,) in struct.iter_unpack("<I", words)]
            parts.append(f"{name}={local_array(call, values)}")
    return _closed(parts, size > _FLOATING_BYTES)


def _fetch(call: Call, address: int, size: int, whole: int) -> bytes | None:
    return None if not size or size % 8 else call.fetch(address, min(size, whole))


def _closed(parts: list[str], more: bool) -> str:  # noqa: FBT001
    return f"{{{', '.join([*parts, '...'] if more else parts)}}}"
