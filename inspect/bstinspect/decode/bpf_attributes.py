"""Structures that grew from one kernel to the next: how much of one there is, its caller says (bpf(2))."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from bstinspect.decode import internet
from bstinspect.decode.call import Call, hexadecimal, pointer
from bstinspect.decode.constants import bpf as names
from bstinspect.decode.quote import quote
from bstinspect.decode.structures import Structure, braced, listed, one_of, plain
from bstinspect.decode.style import Hex

if TYPE_CHECKING:
    from bstinspect.decode.structures import Printer

Values: TypeAlias = Mapping[str, Any]
MOST_INSTRUCTIONS: Final = 4096


class Depends(NamedTuple):
    """A printer that needs other fields too; None for a field that is left out."""

    show: Callable[[Call, Values], str | None]


class Field(NamedTuple):
    """A field of an attribute."""

    name: str
    letter: str
    show: Printer | Depends | None = plain
    later: bool = False
    """Whether this field, and those behind it, are missing from what older programs pass."""


class Attribute:
    """A table of such fields."""

    def __init__(self, *fields: Field, size: int = 0) -> None:
        """`size`: what is known of the structure, where the last field is not its end."""
        letters = ""
        self._fields: list[tuple[Field, int]] = []
        for field in fields:
            self._fields.append((field, struct.calcsize(f"@{letters}0{field.letter[-1]}")))
            letters += field.letter
        self._layout = struct.Struct(f"@{letters}")
        largest = max((each for each in letters if each.isalpha() and each != "s"), key=struct.calcsize)
        self.size: Final = size or struct.calcsize(f"@{letters}0{largest}")

    def values(self, data: bytes) -> dict[str, Any]:
        """Return all fields; those that are missing are 0."""
        padded = data[: self.size].ljust(self._layout.size, b"\0")
        found = self._layout.unpack_from(padded)
        return {field.name: value for (field, _), value in zip(self._fields, found, strict=True)}

    def texts(self, call: Call, data: bytes, more: Values | None = None) -> tuple[list[str], bool]:
        """Print the fields that are there, and tell whether those are all; `more` is for `Depends`."""
        length = min(len(data), self.size)
        values = {**self.values(data), **(more or {}), "length": length}
        found: list[str] = []
        for field, offset in self._fields:
            if field.later and length <= offset:
                return found, False
            show = field.show
            if isinstance(show, Depends):
                text = show.show(call, {**values, "offset": offset})
            else:
                text = show(call, values[field.name]) if show else None
            if text is not None:
                found.append(f"{field.name}={text}")
        return found, True


def extra(call: Call, data: bytes, known: int) -> list[str]:
    """Print what is behind the structure, where that is not all zeros."""
    rest = data[known:]
    if not any(rest):
        return []
    if call.abbreviated:
        return ["..."]
    return [f"extra_data={quote(rest, Hex.ALL)} /* bytes {known}..{len(data) - 1} */"]


# Printers.


def interface(call: Call, number: int) -> str:
    """Print the number of a network interface."""
    return internet.interface(call, number.to_bytes(4, "little"))


def largest(call: Call, value: int) -> str:
    """Print a number whose largest value means that there is none."""
    return call.constant(value, "UINT64_MAX", str) if value == (1 << 64) - 1 else str(value)


def version(call: Call, value: int) -> str:
    """Print ``KERNEL_VERSION(6, 1, 0)``."""
    return call.constant(value, f"KERNEL_VERSION({value >> 16}, {value >> 8 & 0xFF}, {value & 0xFF})")


def numbers(call: Call, where: int, count: int) -> str:
    """Print an array of unsigned ints."""
    return listed(call, where, count, 4, lambda _call, data: str(int.from_bytes(data, "little"))).text


# Programs.

_REGISTER: Final = one_of(names.EBPF_REGS, unknown="BPF_REG_???")
_UNKNOWN: Final = "BPF_???"
_ALU, _JMP, _JMP32, _ALU64 = 4, 5, 6, 7


def _code(call: Call, code: int) -> str:
    kind = code & 7

    def known(value: int, *tables: Mapping[int, str]) -> str:
        return call.choice(value, *tables, unknown=_UNKNOWN)

    parts = [known(kind, names.EBPF_CLASS)]
    if kind in (_ALU, _ALU64):
        parts += [known(code & 8, names.BPF_SRC), known(code & 0xF0, names.BPF_OP_ALU, names.EBPF_OP_ALU)]
    elif kind == _JMP:
        parts += [known(code & 8, names.BPF_SRC), known(code & 0xF0, names.BPF_OP_JMP, names.EBPF_OP_JMP)]
    elif kind == _JMP32:
        parts += [f"{hexadecimal(code & ~7)} /* {_UNKNOWN} */"] if code & ~7 else []
    else:
        parts += [known(code & 0x18, names.BPF_SIZE, names.EBPF_SIZE), known(code & 0xE0, names.EBPF_MODE)]
    return "|".join(parts)


_INSTRUCTION: Final = Structure(
    ("code", "B", _code),
    ("dst_reg", "B", lambda call, value: _REGISTER(call, value & 0xF)),
    ("off", "h"),
    ("imm", "I", lambda _call, value: hexadecimal(value)),
)


def _instruction(call: Call, data: bytes) -> str:
    code, target, offset, operand = _INSTRUCTION.texts(call, data)
    source = f"src_reg={_REGISTER(call, data[1] >> 4)}"
    return braced(code, target, source, offset, operand)


def program(call: Call, where: int, count: int) -> str:
    """Print the instructions of a program; its address with abbreviation."""
    if call.abbreviated:
        return pointer(where)
    return listed(call, where, count, _INSTRUCTION.size, _instruction, most=MOST_INSTRUCTIONS).text
