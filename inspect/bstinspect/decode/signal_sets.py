"""Signals and sets of signals, as arguments and in structures (signal(7), sigprocmask(2))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import pointer, s32
from bstinspect.decode.named import ABBREV
from bstinspect.decode.names import LAST_SIGNAL, signal_name
from bstinspect.decode.remembered import Remembered
from bstinspect.decode.style import Constants

if TYPE_CHECKING:
    from bstinspect.decode.call import Call
    from bstinspect.decode.shape import Argument

SET_BYTES: Final = 8
"""Size of the kernel's sigset_t."""


def signal_text(call: Call, number: int) -> str:
    """Print a signal (strace's printsignal)."""
    if 0 < number <= LAST_SIGNAL:
        return call.constant(number, signal_name(number), str)
    return str(number)


def signal(index: int) -> Argument:
    """Print an argument that is a signal."""
    return lambda call: signal_text(call, s32(call[index]))


def set_text(call: Call, data: bytes) -> str:
    """Print a set of signals: ``[INT TERM]``; ``~[...]`` where two thirds of all are in it."""
    data = data[:SET_BYTES]
    constants = call.style.constants
    return _SETS[data] if constants is ABBREV else set_of_bytes(data, constants)


def set_of_bytes(data: bytes, constants: Constants) -> str:
    """Print a set of no more than `SET_BYTES`."""
    bits = (len(data) + 3) // 4 * 32
    mask = int.from_bytes(data, "little")
    inverted = mask.bit_count() >= bits * 2 // 3
    if inverted:
        mask = ~mask
    members = [_member(number, constants) for number in range(1, bits + 1) if mask >> (number - 1) & 1]
    return f"{'~' if inverted else ''}[{' '.join(members)}]"


_SETS: Final[Remembered[bytes]] = Remembered(lambda data: set_of_bytes(data, ABBREV))


def set_at(call: Call, address: int, size: int, least: int = SET_BYTES) -> str:
    """Print the set behind a pointer; only the pointer where `size` is not what the kernel takes."""
    if not least <= size <= SET_BYTES:
        return pointer(address)
    data = call.fetch(address, size)
    return pointer(address) if data is None else set_text(call, data)


def signal_set(index: int, size_index: int, least: int = SET_BYTES) -> Argument:
    """Print an argument that is a set of signals, with the index of its size (print_sigset_addr_len)."""
    return lambda call: set_at(call, call[index], call[size_index], least)


def _member(number: int, constants: Constants) -> str:
    name = signal_name(number).removeprefix("SIG")
    if constants is ABBREV:
        return name
    return str(number) if constants is Constants.RAW else f"{number} /* {name} */"
