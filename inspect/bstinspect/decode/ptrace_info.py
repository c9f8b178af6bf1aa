"""The struct ptrace_syscall_info that PTRACE_GET_SYSCALL_INFO fills (ptrace(2))."""

from __future__ import annotations

import struct
from typing import Final

from bstinspect.decode.call import Call, hexadecimal, pointer
from bstinspect.decode.constants.processes import AUDIT_ARCH, PTRACE_SYSCALL_INFO_OP
from bstinspect.decode.lists import local_array
from bstinspect.decode.siginfo import error_text, syscall_text

_ENTRY, _EXIT, _SECCOMP = 1, 2, 3
_WHOLE: Final = 84
_EXIT_WHOLE: Final = 33
_ARGUMENTS: Final = 32
"""Where the system call's arguments stand, after its number."""


def syscall_info(call: Call) -> str:
    """Print as much of the structure as the kernel had to tell and the caller took."""
    size = min(call[2], call.value & (1 << 64) - 1, _WHOLE)
    data = call.fetch(call[3], size) if size else None
    if data is None:
        return pointer(call[3])
    padded = data.ljust(_WHOLE, b"\0")
    operation, audit, instruction, stack = struct.unpack_from("<B3xIQQ", padded)
    parts = [f"op={call.choice(operation, PTRACE_SYSCALL_INFO_OP, unknown='PTRACE_SYSCALL_INFO_???')}"]
    if size >= 8:
        parts.append(f"arch={call.choice(audit, AUDIT_ARCH, unknown='AUDIT_ARCH_???')}")
    if size >= 16:
        parts.append(f"instruction_pointer={pointer(instruction)}")
    if size >= 24:
        parts.append(f"stack_pointer={pointer(stack)}")
    if size >= _ARGUMENTS:
        if operation == _ENTRY:
            parts.append(f"entry={{{', '.join(_call_parts(call, padded, size, audit))}}}")
        elif operation == _SECCOMP:
            fields = _call_parts(call, padded, size, audit)
            if size >= _WHOLE:
                fields.append(f"ret_data={int.from_bytes(padded[80:84], 'little')}")
            parts.append(f"seccomp={{{', '.join(fields)}}}")
        elif operation == _EXIT:
            parts.append(f"exit={{{', '.join(_result_parts(call, padded, size))}}}")
    return f"{{{', '.join(parts)}}}"


def _call_parts(call: Call, data: bytes, size: int, audit: int) -> list[str]:
    number, *arguments = struct.unpack_from("<7Q", data, 24)
    parts = [f"nr={syscall_text(call, number, audit)}"]
    count = (size - _ARGUMENTS) // 8
    if count:
        parts.append(f"args={local_array(call, [hexadecimal(value) for value in arguments[:count]])}")
    return parts


def _result_parts(call: Call, data: bytes, size: int) -> list[str]:
    value, failed = struct.unpack_from("<qB", data, 24)
    if size < _EXIT_WHOLE:
        return [f"rval={value}"]
    shown = error_text(call, -value, "-") if failed and value < 0 else str(value)
    return [f"rval={shown}", f"is_error={failed}"]
