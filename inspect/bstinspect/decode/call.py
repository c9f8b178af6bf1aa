"""A call while it is decoded: its registers, what was read at its stops, and the manner of printing.

Everything that strace's options change (how flags look, how long strings may be, what stands behind a
descriptor) is asked of the `Call`, so that a decoder says only what there is to print.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from bstinspect.decode.named import ABBREV, choice_text, constant_text, flags_text
from bstinspect.decode.quote import quote, quote_name
from bstinspect.decode.style import PLAIN, Style, all_calls
from bstinspect.decode.subclassed import mypyc_attr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bstinspect.decode.architecture import Architecture
    from bstinspect.records import OpenFile

AT_FDCWD: Final = -100
PATH_MAX: Final = 4096
REGISTERS: Final = 6
"""So many arguments a call can have."""
_NO_ARGUMENTS: Final = (0,) * REGISTERS
_U64: Final = (1 << 64) - 1


class Source(Protocol):
    """Where a call's memory comes from: what was recorded at its stops, or the tracee itself."""

    def read(self, address: int, size: int) -> bytes:
        """Return up to `size` bytes, fewer where the memory ends."""

    def string(self, address: int, most: int) -> bytes | None:
        """Return a C string with its NUL, or `most` bytes without one; None where the memory ends before."""

    def descriptor(self, number: int) -> OpenFile | None:
        """Return what a descriptor is (AT_FDCWD: the working directory), where that is known."""

    def name(self, pid: int) -> bytes:
        """Return a process's command name; empty where that is not known."""


def s32(value: int) -> int:
    """Return the low 32 bits, signed: an int."""
    return (value & 0xFFFFFFFF ^ 0x80000000) - 0x80000000


def u32(value: int) -> int:
    """Return the low 32 bits: an unsigned int."""
    return value & 0xFFFFFFFF


def s64(value: int) -> int:
    """Return 64 bits, signed: a long."""
    return (value & _U64 ^ 1 << 63) - (1 << 63)


def hexadecimal(value: int) -> str:
    """Return a number as C's ``%#x`` prints it: 0 has no prefix."""
    return f"{value & _U64:#x}" if value else "0"


def pointer(value: int) -> str:
    """Return an address as strace prints it."""
    return f"{value & _U64:#x}" if value else "NULL"


def octal(value: int) -> str:
    """Return permissions as strace prints them: at least three digits, the first one 0."""
    return "000" if not value else f"0{value:02o}"


@mypyc_attr(allow_interpreted_subclasses=True)
class Call:
    """One system call, at its entry (`leaving` is False) or at its exit."""

    # A call is made for every line: what most calls leave as it is costs nothing here.
    given = REGISTERS
    """How many arguments were recorded."""
    pid = 0
    """The thread that made the call; 0 where nobody says."""
    stack_pointer = 0
    """The thread's stack pointer; 0 where nobody says."""
    leaving = False
    value = 0
    is_error = False
    note = ""
    """What is printed in brackets behind the result."""
    kept: Any = None
    """What a decoder wants to remember from the entry to the exit."""

    def __init__(
        self,
        name: str,
        arguments: tuple[int, ...],
        memory: Source,
        tables: Architecture,
        style: Style = PLAIN,
    ) -> None:
        self.name = name
        self.arguments = arguments
        """The raw registers, always six: 0 where one was not recorded."""
        if len(arguments) != REGISTERS:
            self.given = len(arguments)
            self.arguments = (*arguments, *_NO_ARGUMENTS)[:REGISTERS]
        self.memory = memory
        self.before = memory
        """What was there at the entry."""
        self.tables = tables
        self.style = style

    def leave(self, value: int, memory: Source, *, is_error: bool) -> None:
        """Take the exit stop."""
        self.leaving = True
        self.value = value
        self.is_error = is_error
        self.memory = memory

    def __getitem__(self, index: int) -> int:
        """Return a raw argument; 0 where it was not recorded."""
        return self.arguments[index]

    @property
    def abbreviated(self) -> bool:
        """Whether long structures of this call are cut short (-e abbrev=)."""
        abbreviated = self.style.abbreviated
        return abbreviated is all_calls or abbreviated(self.name)

    @property
    def failed(self) -> bool:
        """Whether what the call would have filled is not there."""
        return self.is_error or not self.leaving

    # Memory.

    def peek(self, address: int, size: int) -> bytes | None:
        """Read exactly `size` bytes, or None where not all of them can be read (strace's umoven)."""
        if not address:
            return None
        data = self.memory.read(address, size)
        return data if len(data) == size else None

    def fetch(self, address: int, size: int) -> bytes | None:
        """Read a structure; None where its address is to be printed instead (strace's umove_or_printaddr).

        That is so where it cannot be read, where the call failed, and for the calls that -e verbose= leaves
        out.
        """
        if not address or (self.is_error and self.leaving):
            return None
        verbose = self.style.verbose
        if verbose is not all_calls and not verbose(self.name):
            return None
        data = self.memory.read(address, size)
        return data if len(data) == size else None

    def fetch_anyway(self, address: int, size: int) -> bytes | None:
        """Read a structure even where the call failed (strace's umove_or_printaddr_ignore_syserror)."""
        return self.peek(address, size) if self.style.verbose(self.name) else None

    def integer(self, address: int, size: int = 4, *, signed: bool = True) -> int | None:
        """Return the integer at `address`, without conditions; None where it cannot be read."""
        data = self.peek(address, size)
        return None if data is None else int.from_bytes(data, "little", signed=signed)

    # Text behind a pointer.

    def path(self, address: int, most: int = PATH_MAX - 1) -> str:
        """Print a path, whole (strace's printpathn)."""
        if not address:
            return "NULL"
        data = self.memory.string(address, most + 1)
        if data is None:
            return pointer(address)
        if data.endswith(b"\0"):
            return quote(data[:-1], self.style.hexadecimal)
        return quote(data[:most], self.style.hexadecimal, cut=True)

    def text(self, address: int) -> str:
        """Print a C string, cut as -s says (strace's printstr)."""
        if not address:
            return "NULL"
        shown = self.style.strings
        data = self.memory.string(address, shown + 1)
        if data is None:
            return pointer(address)
        text = data.removesuffix(b"\0") if data.endswith(b"\0") else data
        return self.quoted(text[:shown], cut=len(text) > shown)

    def buffer(self, address: int, length: int) -> str:
        """Print `length` bytes, cut as -s says (strace's printstrn)."""
        if not address:
            return "NULL"
        style = self.style
        shown = style.strings
        length &= _U64
        size = length if length <= shown else shown + 1
        data = self.memory.read(address, size) if size else b""
        if len(data) != size:
            return pointer(address)
        return quote(data[:shown], style.hexadecimal, cut=length > shown)

    def cstring(self, data: bytes) -> str:
        """Quote a field that holds a C string: up to its NUL, with ``...`` where there is none."""
        end = data.find(b"\0")
        return self.quoted(data if end < 0 else data[:end], cut=end < 0)

    def quoted(self, data: bytes, *, cut: bool = False) -> str:
        """Quote bytes, as -x and -xx say."""
        return quote(data, self.style.hexadecimal, cut=cut)

    # Constants.

    def flags(
        self,
        value: int,
        *tables: Mapping[int, str],
        unknown: str | None = "",
        number: Callable[[int], str] = hexadecimal,
    ) -> str:
        """Print a set of flags in the tables' order (strace's printflags).

        `unknown` is the comment where none is known; with None, 0 prints nothing.
        """
        return flags_text(value, tables, self.style.constants, unknown, number)

    def choice(
        self,
        value: int,
        *tables: Mapping[int, str],
        unknown: str = "",
        number: Callable[[int], str] = hexadecimal,
    ) -> str:
        """Print the one name of a value (strace's printxval)."""
        return choice_text(value, tables, self.style.constants, unknown, number)

    def constant(self, value: int, name: str, number: Callable[[int], str] = hexadecimal) -> str:
        """Print a value whose name is known (strace's print_xlat)."""
        constants = self.style.constants
        return name if constants is ABBREV else constant_text(value, name, constants, number)

    # What numbers stand for.

    def descriptor(self, number: int) -> str:
        """Print a descriptor, with what it is where -y says so."""
        if number < 0 or not self.style.descriptors:
            return str(number)
        return str(number) + self._details(number)

    def directory(self, number: int) -> str:
        """Print the directory descriptor of an ...at() call."""
        if number == AT_FDCWD:
            return self.constant(number, "AT_FDCWD", str) + self._details(number)
        return self.descriptor(number)

    def protocol(self, number: int) -> str:
        """Return the protocol of a socket, as `OpenFile.protocol` has it; empty where it is not known."""
        found = self.memory.descriptor(number)
        return found.protocol if found else ""

    def process(self, pid: int) -> str:
        """Print a pid or tid, with its command name where -Y says so."""
        if not self.style.names or pid <= 0 or not (name := self.memory.name(pid)):
            return str(pid)
        return f"{pid}<{quote_name(name, self.style.hexadecimal)}>"

    def _details(self, number: int) -> str:
        wanted = self.style.descriptors
        if not wanted:
            return ""
        found = self.memory.descriptor(number)
        if found is None:
            return ""
        from bstinspect.decode.objects import details

        return details(found, wanted, self.style.hexadecimal)
