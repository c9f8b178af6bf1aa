"""Structures as tables of their fields: what each is called, how long it is, how it is printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import msgspec

from bstinspect.decode.call import Call, hexadecimal, pointer
from bstinspect.decode.names import errno_name
from bstinspect.decode.quote import quote
from bstinspect.decode.style import Constants, Hex

Value: TypeAlias = Callable[[Call, bytes], str]
"""Prints the bytes of one field."""
Field: TypeAlias = tuple[str, int, Value | None]
"""Name, size and printer. Without a name the printer prints the name too; without a printer it is padding."""


class Layout:
    """A structure whose fields have fixed places. Called with its bytes it prints ``{a=1, b=2}``."""

    def __init__(self, *fields: Field) -> None:
        self.size = sum(size for _, size, _ in fields)
        self._fields = fields

    def __call__(self, call: Call, data: bytes) -> str:
        """Print the structure, as far as there are bytes of it."""
        return f"{{{self.inner(call, data)}}}"

    def inner(self, call: Call, data: bytes) -> str:
        """Print the fields without braces; one that is there in part is printed in hexadecimal."""
        texts = []
        start = 0
        for name, size, show in self._fields:
            part = data[start : start + size]
            start += size
            if show is None or not part:
                continue
            text = show(call, part) if len(part) == size else hex_string(part)
            if name:
                texts.append(f"{name}={text}")
            elif text:
                texts.append(text)
        return ", ".join(texts)

    def behind(self, call: Call, address: int) -> str:
        """Print a structure behind a pointer (strace's umove_or_printaddr)."""
        data = call.fetch(address, self.size)
        return pointer(address) if data is None else self(call, data)


def word(data: bytes) -> int:
    """Return a field as an unsigned number."""
    return int.from_bytes(data, "little")


# Printers of numbers.


def unsigned(_call: Call, data: bytes) -> str:
    """Print an unsigned number (strace's PRINT_VAL_U)."""
    return str(word(data))


def signed(_call: Call, data: bytes) -> str:
    """Print a signed number (PRINT_VAL_D)."""
    return str(int.from_bytes(data, "little", signed=True))


def hexa(_call: Call, data: bytes) -> str:
    """Print a number in hexadecimal (PRINT_VAL_X)."""
    return hexadecimal(word(data))


def padded_hexa(_call: Call, data: bytes) -> str:
    """Print a number in hexadecimal with all its digits (PRINT_VAL_0X): C puts no prefix before 0."""
    width = 2 * len(data)
    return f"{word(data):#0{width}x}" if word(data) else "0" * width


def identity(_call: Call, data: bytes) -> str:
    """Print a uid or gid: -1 means that none is given (PRINT_VAL_ID)."""
    number = word(data)
    return "-1" if number == (1 << 8 * len(data)) - 1 else str(number)


def process(call: Call, data: bytes) -> str:
    """Print a pid (PRINT_FIELD_TGID)."""
    return call.process(int.from_bytes(data, "little", signed=True))


def descriptor(call: Call, data: bytes) -> str:
    """Print a descriptor."""
    return call.descriptor(int.from_bytes(data, "little", signed=True))


def choice(
    *tables: Mapping[int, str], unknown: str = "", number: Callable[[int], str] = hexadecimal
) -> Value:
    """Make a printer of one of several constants."""
    return lambda call, data: call.choice(word(data), *tables, unknown=unknown, number=number)


def flags(*tables: Mapping[int, str], unknown: str | None = "") -> Value:
    """Make a printer of a set of flags."""
    return lambda call, data: call.flags(word(data), *tables, unknown=unknown)


def verbose_choice(*tables: Mapping[int, str], unknown: str = "") -> Value:
    """Make a printer of a constant that is shown as a number too (PRINT_FIELD_XVAL_VERBOSE)."""
    return _at_least_verbose(choice(*tables, unknown=unknown))


def verbose_flags(*tables: Mapping[int, str], unknown: str | None = "") -> Value:
    """Make a printer of flags that are shown as a number too (PRINT_FIELD_FLAGS_VERBOSE)."""
    return _at_least_verbose(flags(*tables, unknown=unknown))


def _at_least_verbose(show: Value) -> Value:
    def value(call: Call, data: bytes) -> str:
        raw = call.style.constants is Constants.RAW
        return show(call, data) if raw else in_style(call, Constants.VERBOSE, lambda: show(call, data))

    return value


def in_style(call: Call, constants: Constants, show: Callable[[], str]) -> str:
    """Print something whose constants look otherwise than -X says."""
    style = call.style
    call.style = msgspec.structs.replace(style, constants=constants)
    try:
        return show()
    finally:
        call.style = style


def unsigned_fields(size: int, names: str) -> Iterable[Field]:
    """Return a row of unsigned numbers of one size."""
    return ((name, size, unsigned) for name in names.split())


def list_of(size: int, show: Value) -> Value:
    """Make a printer of an array within a structure, printed whole (PRINT_FIELD_VAL_ARRAY)."""
    return lambda call, data: (
        f"[{', '.join(show(call, data[at : at + size]) for at in range(0, len(data), size))}]"
    )


def error_text(call: Call, number: int, *, negated: bool = False) -> str:
    """Print an error; `negated` where it is a negative number (strace's print_err)."""
    name = errno_name(-number if negated else number)
    if not name.startswith("E"):
        return str(number)
    return call.constant(number, f"-{name}" if negated else name, str)


# Printers of strings.


def hex_string(data: bytes) -> str:
    """Return bytes in quotes, all of them in hexadecimal (QUOTE_FORCE_HEX)."""
    return quote(data, Hex.ALL)


def hex_bytes(_call: Call, data: bytes) -> str:
    """Print a field in hexadecimal (PRINT_FIELD_HEX_ARRAY)."""
    return hex_string(data)


def cstring(call: Call, data: bytes) -> str:
    """Print a C string; ``...`` stands behind it where it fills the field (PRINT_FIELD_CSTRING)."""
    head = data[:-1]
    return call.cstring(head) if b"\0" in head else call.quoted(head, cut=not data.endswith(b"\0"))


def hex_buffer(call: Call, address: int, length: int) -> str:
    """Print memory in hexadecimal, as much as -s says (strace's printstr_ex with QUOTE_FORCE_HEX)."""
    if not address:
        return "NULL"
    shown = call.style.strings
    size = min(length, shown + 1)
    data = call.peek(address, size) if size else b""
    if data is None:
        return pointer(address)
    return hex_string(data[:shown]) + ("..." if length > shown else "")


# Printers of what is shown in raw bytes or in words, as -X says.


def both(call: Call, data: bytes, words: str) -> str:
    """Print raw bytes (-X raw), words (-X abbrev), or both."""
    constants = call.style.constants
    if constants is Constants.ABBREV:
        return words
    raw = hex_string(data)
    return raw if constants is Constants.RAW else f"{raw} /* {words} */"


def optional(name: str, show: Value) -> Value:
    """Make a printer for a field without a name of its own that is left out where it is zero."""
    return lambda call, data: f"{name}={show(call, data)}" if any(data) else ""
