"""execve(2) and execveat(2): the arguments, the environment or how large it is."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, pointer
from bstinspect.decode.constants.files import AT_FLAGS
from bstinspect.decode.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bstinspect.decode.shape import Argument

_PAGE: Final = 4096
_FIRST: Final = 256


def _words(call: Call, address: int) -> Iterator[int | None]:
    """Yield the pointers of an array, one after the other; None where it cannot be read.

    They are read many at a time, never over the edge of a page that may not be needed.
    """
    size = _FIRST
    while True:
        wanted = min(size, _PAGE - address % _PAGE) // 8 * 8 or 8
        data = call.memory.read(address, wanted)
        for (word,) in struct.iter_unpack("<Q", data[: len(data) // 8 * 8]):
            yield word
        if len(data) < wanted:
            yield None
            return
        address += wanted
        size = _PAGE


def _strings(call: Call, address: int) -> str:
    """Print an array of strings that ends with NULL (strace's printargv)."""
    if not address or not call.style.verbose(call.name):
        return pointer(address)
    parts: list[str] = []
    for number, word in enumerate(_words(call, address)):
        if word is None:
            if not number:
                return pointer(address)
            parts.append(f"... /* {pointer(address + 8 * number)} */")
            break
        if not word:
            break
        if call.abbreviated and number >= call.style.strings:
            parts.append("...")
            break
        parts.append(call.text(word))
    return f"[{', '.join(parts)}]"


def _environment(call: Call, address: int) -> str:
    """Print the environment: only its size where the call is abbreviated (strace's printargc)."""
    if not call.abbreviated:
        return _strings(call, address)
    if not address or not call.style.verbose(call.name):
        return pointer(address)
    count = 0
    ended = True
    for word in _words(call, address):
        if not word:
            ended = word is not None
            break
        count += 1
    if not ended and not count:
        return pointer(address)
    plural = "var" if count == 1 else "vars"
    return f"{pointer(address)} /* {count} {plural}{'' if ended else ', unterminated'} */"


def _program(index: int) -> tuple[Argument, ...]:
    """Print the path, the arguments and the environment, from an argument on."""
    return (
        show.path(index),
        lambda call: _strings(call, call[index + 1]),
        lambda call: _environment(call, call[index + 2]),
    )


SHAPES: Final[dict[str, Shape]] = {
    "execve": Shape(_program(0)),
    "execveat": Shape((show.directory(0), *_program(1), show.flags(4, AT_FLAGS, unknown="AT_???"))),
}
