"""How one call is printed: which arguments at its entry, which at its exit, and its result."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

from bstinspect.decode.call import Call, hexadecimal, octal
from bstinspect.decode.subclassed import mypyc_attr

if TYPE_CHECKING:
    from bstinspect.decode.style import Style

Argument: TypeAlias = Callable[[Call], str | None]
"""Text of an argument; None where the call does not take it after all."""
Result: TypeAlias = Callable[[Call], str]
_U64: Final = (1 << 64) - 1


def decimal(value: int) -> str:
    """Return a register in decimal: unsigned."""
    return str(value & _U64)


def decimal_result(call: Call) -> str:
    """Print a result as most calls do: unsigned."""
    return decimal(call.value)


def address_result(call: Call) -> str:
    """Print a result that is an address, or another number in hexadecimal."""
    return hexadecimal(call.value)


def octal_result(call: Call) -> str:
    """Print a result that is a file mode."""
    return octal(call.value)


def descriptor_result(call: Call) -> str:
    """Print a result that is a descriptor."""
    return call.descriptor(call.value) if 0 <= call.value < 1 << 31 else str(call.value)


def process_result(call: Call) -> str:
    """Print a result that is a pid or tid."""
    return call.process(call.value)


def value_text(result: Result, style: Style) -> Callable[[int], str] | None:
    """Return a function of the value alone that prints the same; None where a result takes more than that."""
    if (result is descriptor_result and not style.descriptors) or (
        result is process_result and not style.names
    ):
        return str
    return _OF_VALUES.get(result)


_OF_VALUES: Final[dict[Result, Callable[[int], str]]] = {
    decimal_result: decimal,
    address_result: hexadecimal,
    octal_result: octal,
}


@mypyc_attr(allow_interpreted_subclasses=True)
class Shape:
    """How one call is printed."""

    separator: ClassVar[str] = ", "
    """What stands between the arguments of the entry and those of the exit."""
    from_registers: ClassVar[bool] = True
    """Where the entry read no memory, its arguments say alone what is printed of them."""

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
