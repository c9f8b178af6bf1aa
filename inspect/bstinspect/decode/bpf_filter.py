"""Classic BPF programs, statement by statement: socket filters and seccomp's (strace's bpf_filter.c)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, TypeAlias

from bstinspect.decode.call import Call, hexadecimal, pointer
from bstinspect.decode.constants.bpf import (
    BPF_CLASS,
    BPF_MISCOP,
    BPF_MODE,
    BPF_OP_ALU,
    BPF_OP_JMP,
    BPF_RVAL,
    BPF_SIZE,
    BPF_SRC,
    SKF_AD,
)
from bstinspect.decode.constants.processes import SECCOMP_RET_ACTION
from bstinspect.decode.show import array

Operand: TypeAlias = Callable[[Call, int, int], str | None]
"""(call, code, k) -> the text of a statement's operand; None for a plain number."""
PROGRAM: Final = 16
"""The size of ``struct sock_fprog``."""
_MOST: Final = 4096
_STATEMENT: Final = struct.Struct("<HBBI")
_UNKNOWN: Final = "BPF_???"
_LD, _LDX, _ST, _STX, _ALU, _JMP, _RET, _MISC = range(8)
_ABSOLUTE: Final = 0x20
_AREAS: Final = (("SKF_NET_OFF", 0xFFF00000), ("SKF_LL_OFF", 0xFFE00000))
_ANCILLARY: Final = 0xFFFFF000


def _rest(bits: int) -> str:
    return f"{hexadecimal(bits)} /* {_UNKNOWN} */"


def code_text(call: Call, code: int) -> str:
    """Print the code of a statement: ``BPF_LD|BPF_W|BPF_ABS``."""

    def known(value: int, table: dict[int, str]) -> str:
        return call.choice(value, table, unknown=_UNKNOWN)

    kind = code & 7
    rest = code & ~7
    parts = [known(kind, BPF_CLASS)]
    if kind in (_LD, _LDX):
        parts += [known(code & 0x18, BPF_SIZE), known(code & 0xE0, BPF_MODE)]
        rest = 0
    elif kind in (_ALU, _JMP):
        parts += [known(code & 8, BPF_SRC), known(code & 0xF0, BPF_OP_ALU if kind == _ALU else BPF_OP_JMP)]
        rest = 0
    elif kind == _RET:
        parts.append(known(code & 0x18, BPF_RVAL))
        rest &= ~0x18
    elif kind == _MISC:
        parts.append(known(code & 0xF8, BPF_MISCOP))
        rest &= ~0xF8
    if rest:
        parts.append(_rest(rest))
    return "|".join(parts)


def socket_operand(call: Call, code: int, k: int) -> str | None:
    """Print what a socket filter loads: a negative place is in the packet's headers, or about the packet."""
    if code & 7 != _LD or code & 0xE0 != _ABSOLUTE:
        return None
    if k >= _ANCILLARY:
        known = call.choice(k - _ANCILLARY, SKF_AD, unknown="SKF_AD_???")
        return f"{call.constant(_ANCILLARY, 'SKF_AD_OFF')}+{known}"
    for name, start in _AREAS:
        if k >= start:
            return f"{call.constant(start, name)}+{k - start}"
    return None


def seccomp_operand(call: Call, code: int, k: int) -> str | None:
    """Print what a seccomp filter returns: an action and its data."""
    if code & 7 != _RET:
        return None
    data = k & 0xFFFF
    action = call.choice(k & ~0xFFFF, SECCOMP_RET_ACTION, unknown="SECCOMP_RET_???")
    return f"{action}|{hexadecimal(data)}" if data else action


def statements_text(call: Call, address: int, count: int, operand: Operand) -> str:
    """Print an array of statements (strace's print_bpf_fprog)."""
    if call.abbreviated:
        return pointer(address)
    printed = 0

    def statement(call: Call, data: bytes) -> str:
        nonlocal printed
        printed += 1
        if printed > _MOST:
            return "..."
        code, if_true, if_false, k = _STATEMENT.unpack(data)
        text = code_text(call, code)
        if if_true or if_false:
            return f"BPF_JUMP({text}, {hexadecimal(k)}, {hexadecimal(if_true)}, {hexadecimal(if_false)})"
        return f"BPF_STMT({text}, {operand(call, code, k) or hexadecimal(k)})"

    return array(call, address, min(count & 0xFFFF, _MOST + 1), _STATEMENT.size, statement)


def filter_text(call: Call, address: int, operand: Operand = socket_operand) -> str:
    """Print a ``struct sock_fprog`` behind a pointer (strace's decode_bpf_fprog)."""
    data = call.fetch(address, PROGRAM)
    if data is None:
        return pointer(address)
    length = int.from_bytes(data[:2], "little")
    statements = statements_text(call, int.from_bytes(data[8:16], "little"), length, operand)
    return f"{{len={length}, filter={statements}}}"
