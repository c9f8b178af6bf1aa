"""Numbers that have names: constants and sets of flags (strace's print_xlat, printxval and printflags)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode.style import Constants

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ABBREV: Final = Constants.ABBREV


def flags_text(
    value: int,
    tables: Sequence[Mapping[int, str]],
    constants: Constants,
    unknown: str | None,
    number: Callable[[int], str],
) -> str:
    """Return a set of flags in the tables' order (strace's printflags).

    `unknown` is the comment where none is known; with None, 0 prints nothing.
    """
    if constants is Constants.RAW:
        return number(value) if value or unknown is not None else ""
    names: list[str] = []
    left = value
    for table in tables:
        for bits, name in table.items():
            if (left or not names) and (left == bits or (bits and left & bits == bits)):
                names.append(name)
                left &= ~bits
                if not left:
                    break
    if not names:
        if not value:
            return "0" if unknown is not None else ""
        return number(value) + (f" /* {unknown} */" if unknown else "")
    if left:
        names.append(number(left))
    text = "|".join(names)
    return text if constants is ABBREV else f"{number(value)} /* {text} */"


def choice_text(
    value: int,
    tables: Sequence[Mapping[int, str]],
    constants: Constants,
    unknown: str,
    number: Callable[[int], str],
) -> str:
    """Return the one name of a value (strace's printxval)."""
    if constants is Constants.RAW:
        return number(value)
    for table in tables:
        if (name := table.get(value)) is not None:
            return constant_text(value, name, constants, number)
    return number(value) + (f" /* {unknown} */" if unknown else "")


def constant_text(value: int, name: str, constants: Constants, number: Callable[[int], str]) -> str:
    """Return a value whose name is known (strace's print_xlat)."""
    if constants is ABBREV:
        return name
    return number(value) if constants is Constants.RAW else f"{number(value)} /* {name} */"
