"""A call while it is decoded: its registers, the memory read at its stops, and how to print an argument.

An *argument* is a function from the `Call` to text, or to None where the call does not take it after all.
A `Shape` says which arguments strace prints at the entry and which at the exit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from bstinspect.decode.old.quote import SHOWN, quote_buffer, quote_text

if TYPE_CHECKING:
    from bstinspect.decode.architecture import Architecture
    from bstinspect.records import Block

AT_FDCWD: Final = -100
_U64: Final = (1 << 64) - 1


def s32(value: int) -> int:
    """Return the low 32 bits, signed: an int."""
    return (value & 0xFFFFFFFF ^ 0x80000000) - 0x80000000


def u32(value: int) -> int:
    """Return the low 32 bits: an unsigned int."""
    return value & 0xFFFFFFFF


def s64(value: int) -> int:
    """Return 64 bits, signed: a long."""
    return (value & _U64 ^ 1 << 63) - (1 << 63)


def pointer(value: int) -> str:
    """Return an address as strace prints it."""
    return f"{value & _U64:#x}" if value else "NULL"


class Memory:
    """The blocks of one stop, over those of the stop before."""

    def __init__(self, blocks: Iterable[Block], under: Memory | None = None) -> None:
        self._blocks: dict[int, bytes] = {}
        self._under = under
        for block in blocks:
            if block.data and len(block.data) >= len(self._blocks.get(block.address, b"")):
                self._blocks[block.address] = block.data

    def at(self, address: int) -> bytes | None:
        """Return what was read from `address` on, however short; None where nothing was."""
        if not address:
            return None
        found = self._blocks.get(address)
        if found is None:
            for start, data in self._blocks.items():
                if start < address < start + len(data):
                    found = data[address - start :]
                    break
        if found:
            return found
        return self._under.at(address) if self._under else found

    def exactly(self, address: int, size: int) -> bytes | None:
        """Return `size` bytes from `address`, or None where not all of them were read."""
        data = self.at(address)
        return data[:size] if data is not None and len(data) >= size else None

    def integer(self, address: int, size: int = 4, *, signed: bool = True) -> int | None:
        """Return the little-endian integer at `address`."""
        data = self.exactly(address, size)
        return None if data is None else int.from_bytes(data, "little", signed=signed)


class Call:
    """One system call, at its entry (`leaving` is False) or at its exit."""

    def __init__(self, name: str, arguments: tuple[int, ...], memory: Memory, tables: Architecture) -> None:
        self.name = name
        self.arguments = arguments
        self.given = len(arguments)
        self.memory = memory
        self.before = memory
        self.tables = tables
        self.leaving = False
        self.value = 0
        self.is_error = False
        self.note = ""
        """What is printed in brackets behind the result."""

    def leave(self, value: int, blocks: Iterable[Block], *, is_error: bool) -> None:
        """Take the exit stop."""
        self.leaving = True
        self.value = value
        self.is_error = is_error
        self.memory = Memory(blocks, self.before)

    def __getitem__(self, index: int) -> int:
        """Return a raw argument; 0 where it was not recorded."""
        return self.arguments[index] if index < self.given else 0


Argument: TypeAlias = Callable[[Call], str | None]
Result: TypeAlias = Callable[[Call], str]


def decimal_result(call: Call) -> str:
    """Print a result as most calls do."""
    return str(call.value)


def address_result(call: Call) -> str:
    """Print a result that is an address."""
    return f"{call.value & _U64:#x}" if call.value else "0"


class Shape:
    """How one call is printed."""

    separator = ", "
    """What stands between the arguments of the entry and those of the exit."""

    def __init__(
        self, before: tuple[Argument, ...], after: tuple[Argument, ...] = (), result: Result = decimal_result
    ) -> None:
        self.before = before
        self.after = after
        self.result = result

    def waits(self, call: Call) -> bool:  # noqa: ARG002 - some shapes ask it
        """Tell whether some arguments are printed at the exit only."""
        return bool(self.after)

    def entry(self, call: Call) -> list[str]:
        """Return the arguments that are printed at the entry."""
        return [text for each in self.before if (text := each(call)) is not None]

    def exit(self, call: Call) -> list[str]:
        """Return the arguments that are printed at the exit."""
        return [text for each in self.after if (text := each(call)) is not None]

    def all_arguments(self, call: Call) -> list[str]:
        """Return every argument, as far as the call was recorded."""
        return (self.entry(call) + self.exit(call))[: call.given]


# Arguments that need no memory.


def number(index: int) -> Argument:
    """Print an int."""
    return lambda call: str(s32(call[index]))


fd = number


def unsigned(index: int) -> Argument:
    """Print an unsigned int."""
    return lambda call: str(u32(call[index]))


def size(index: int) -> Argument:
    """Print a size_t."""
    return lambda call: str(call[index])


def long(index: int) -> Argument:
    """Print a long."""
    return lambda call: str(s64(call[index]))


def hexadecimal(index: int) -> Argument:
    """Print a number as strace prints flags without names: 0 or 0x..."""
    return lambda call: f"{call[index]:#x}" if call[index] else "0"


def address(index: int) -> Argument:
    """Print an address."""
    return lambda call: pointer(call[index])


def mode(index: int) -> Argument:
    """Print permissions."""
    return lambda call: octal(u32(call[index]) & 0xFFFF)


def octal(value: int) -> str:
    """Return permissions as strace prints them: at least three digits, the first one 0."""
    return "000" if not value else f"0{value:02o}"


def directory(index: int) -> Argument:
    """Print the directory descriptor of an ...at() call."""
    return lambda call: "AT_FDCWD" if s32(call[index]) == AT_FDCWD else str(s32(call[index]))


def flag_text(value: int, names: Mapping[int, str], unknown: str = "", zero: str = "0") -> str:
    """Return flags joined by ``|``; what has no name is in hexadecimal at the end."""
    if not value:
        return names.get(0, zero)
    parts = []
    left = value
    for bit, name in names.items():
        if bit and left & bit == bit:
            parts.append(name)
            left &= ~bit
    if left:
        parts.append(f"{left:#x}" if parts or not unknown else f"{left:#x} /* {unknown} */")
    return "|".join(parts)


def flags(index: int, names: Mapping[int, str], unknown: str = "", zero: str = "0") -> Argument:
    """Print a set of flags."""
    return lambda call: flag_text(u32(call[index]), names, unknown, zero)


def choice_text(value: int, names: Mapping[int, str], unknown: str) -> str:
    """Return the one name of a value."""
    return names.get(value) or (f"{value & _U64:#x} /* {unknown} */" if unknown else f"{value & _U64:#x}")


def choice(index: int, names: Mapping[int, str], unknown: str = "") -> Argument:
    """Print one of several constants."""
    return lambda call: choice_text(u32(call[index]), names, unknown)


def constants(module: object, names: str) -> dict[int, str]:
    """Return value to name, for those of `names` that a module of the standard library has."""
    return {int(getattr(module, name)): name for name in reversed(names.split()) if hasattr(module, name)}


def ordered(module: object, names: str) -> dict[int, str]:
    """Return value to name in the given order, which is the order in which flags are printed."""
    return {int(getattr(module, name)): name for name in names.split() if hasattr(module, name)}


# Arguments behind a pointer.


def path(index: int) -> Argument:
    """Print a path, whole."""
    return lambda call: text_at(call, call[index], None)


def text(index: int) -> Argument:
    """Print a C string, cut as strace cuts."""
    return lambda call: text_at(call, call[index], SHOWN)


def text_at(call: Call, where: int, shown: int | None) -> str:
    """Print the C string at an address."""
    data = call.memory.at(where)
    return quote_text(data, shown) if data else pointer(where)


def buffer_at(call: Call, where: int, length: int) -> str:
    """Print a buffer of known length."""
    if length <= 0:
        return '""' if where and length == 0 else pointer(where)
    data = call.memory.at(where)
    if data is None or len(data) < min(length, SHOWN):
        return pointer(where)
    return quote_buffer(data, length)


def data_in(index: int, length_index: int) -> Argument:
    """Print a buffer that the call hands over."""
    return lambda call: buffer_at(call, call[index], call[length_index])


def data_out(index: int) -> Argument:
    """Print a buffer that the kernel filled, as long as the result says."""
    return lambda call: pointer(call[index]) if failed(call) else buffer_at(call, call[index], call.value)


def failed(call: Call) -> bool:
    """Tell whether what the call would have filled is not there."""
    return call.is_error or not call.leaving


def structure(index: int, length: int, show: Callable[[bytes], str]) -> Argument:
    """Print a structure of fixed size that the call reads."""

    def argument(call: Call) -> str:
        data = call.memory.exactly(call[index], length)
        return pointer(call[index]) if data is None else show(data)

    return argument


def filled(index: int, length: int, show: Callable[[bytes], str]) -> Argument:
    """Print a structure of fixed size that the kernel fills."""
    inner = structure(index, length, show)
    return lambda call: pointer(call[index]) if failed(call) else inner(call)


def int_in(index: int) -> Argument:
    """Print ``[N]``, an int behind a pointer."""
    return structure(index, 4, lambda data: f"[{int.from_bytes(data, 'little', signed=True)}]")


def int_out(index: int) -> Argument:
    """Print ``[N]``, an int that the kernel stores."""
    return filled(index, 4, lambda data: f"[{int.from_bytes(data, 'little', signed=True)}]")
