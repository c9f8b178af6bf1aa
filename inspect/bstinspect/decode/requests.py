"""What the families of ioctl requests make their tables of: when an argument is printed, and how.

A request's third argument is printed at the entry or at the exit; the comma before it can stand at the entry
although the argument itself follows at the exit, which shows where another thread comes in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeAlias

from bstinspect.decode.call import Call, hexadecimal
from bstinspect.decode.constants.ioctls import IOCTLS
from bstinspect.decode.shape import Argument, Result, decimal_result

Text: TypeAlias = Callable[[Call], str]


class Request(NamedTuple):
    """How a request is printed behind its name."""

    before: Text | None = None
    """At the entry, with the comma."""
    after: Text | None = None
    """At the exit, with what parts it from the entry."""
    asks: bool = False
    """Whether there is something to print at the exit only if the entry kept something (`Call.kept`)."""
    result: Result = decimal_result


def _text(argument: Argument, call: Call) -> str:
    return argument(call) or ""


NOTHING: Final = Request()
"""The argument is not used."""


def given(argument: Argument) -> Request:
    """Print at the entry what the call hands over."""
    return Request(lambda call: f", {_text(argument, call)}")


def filled(argument: Argument) -> Request:
    """Print at the exit what the kernel filled."""
    return Request(None, lambda call: f", {_text(argument, call)}")


def filled_late(argument: Argument) -> Request:
    """Print at the exit what the kernel filled, but the comma at the entry."""
    return Request(lambda _: ", ", lambda call: _text(argument, call))


def exchanged(before: Argument, after: Argument, result: Result = decimal_result) -> Request:
    """Print something at the entry; where that sets `Call.kept`, more at the exit."""
    return Request(
        lambda call: f", {_text(before, call)}", lambda call: _text(after, call), asks=True, result=result
    )


# Arguments by value.


def signed(call: Call) -> str:
    """Print the argument as an int."""
    return str((call[2] & 0xFFFFFFFF ^ 0x80000000) - 0x80000000)


def unsigned(call: Call) -> str:
    """Print the argument as an unsigned long."""
    return str(call[2])


def hexa_long(call: Call) -> str:
    """Print the argument as a hexadecimal number."""
    return hexadecimal(call[2])


def descriptor(call: Call) -> str:
    """Print the argument as a descriptor."""
    return call.descriptor((call[2] & 0xFFFFFFFF ^ 0x80000000) - 0x80000000)


RAW: Final = given(hexa_long)
"""A request that nobody decodes, of a family that somebody does."""
RAW_LATE: Final = filled(hexa_long)
"""A request of a family that nobody decodes: strace waits for the exit to see that."""

NUMBERS: Final[Mapping[str, int]] = {
    name: number for number, names in IOCTLS.items() for name in names.split(" or ")
}


def named(requests: Mapping[str, Request]) -> dict[int, Request]:
    """Turn a table by names (several of them parted by spaces) into one by numbers."""
    return {NUMBERS[name]: request for names, request in requests.items() for name in names.split()}
