"""Calls of which one argument says what the others are: prctl, seccomp, ptrace and the like."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from bstinspect.decode.shape import Shape
from bstinspect.decode.style import Constants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bstinspect.decode.call import Call
    from bstinspect.decode.shape import Argument


class Chosen(Shape):
    """Prints an argument that chooses, then what the `Shape` chosen by it prints."""

    separator = ""
    """The chosen shapes have their own."""

    def __init__(self, head: tuple[Argument, ...], choose: Callable[[Call], Shape]) -> None:
        super().__init__(head, (), lambda call: choose(call).result(call))
        self._choose = choose

    def waits(self, call: Call) -> bool:
        """Ask the chosen shape."""
        return self._choose(call).waits(call)

    def entry(self, call: Call) -> list[str]:
        """Print the head and what the chosen shape prints, all in one."""
        chosen = self._choose(call)
        text = ", ".join(super().entry(call) + chosen.entry(call))
        return [text + chosen.separator if chosen.waits(call) else text]

    def exit(self, call: Call) -> list[str]:
        """Print what the chosen shape prints, all in one."""
        chosen = self._choose(call)
        text = (", " if chosen.separator else "").join(chosen.exit(call))
        return [text] if text else []


class Late(Shape):
    """A call that is finished at its exit only, although it prints all at its entry (strace returns 0)."""

    separator = ""

    def waits(self, call: Call) -> bool:  # noqa: ARG002
        """Wait always."""
        return True


def note_flags(call: Call, value: int, table: Mapping[int, str]) -> str:
    """Return the text behind a result that is a set of flags (strace's SPFF_AUXSTR_MODE)."""
    if call.style.constants is Constants.RAW:
        return ""
    if not value:
        return table.get(0, "")
    names = []
    for bits, name in table.items():
        if bits and value & bits == bits:
            names.append(name)
            value &= ~bits
    if value and names:
        names.append(f"{value & (1 << 64) - 1:#x}")
    return "|".join(names)


@contextmanager
def verbose_constants(call: Call) -> Iterator[None]:
    """Print names in comments, as -X verbose does, whatever -X says but for -X raw."""
    style = call.style
    if style.constants is not Constants.RAW:
        call.style = msgspec.structs.replace(style, constants=Constants.VERBOSE)
    try:
        yield
    finally:
        call.style = style
