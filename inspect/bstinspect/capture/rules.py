"""A rule of -e inject=: what to do to which calls (strace(1), Tampering)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Container

FOREVER: Final = 0xFFFF
"""A `last` that never comes."""


class Rule(msgspec.Struct, frozen=True):
    """What to do to which calls."""

    calls: Container[int]
    """Their numbers."""
    error: int = 0
    """The errno that the call is to fail with."""
    value: int | None = None
    """What it is to return instead."""
    signal: int = 0
    """Delivered at its entry."""
    call: int = -1
    """The call that is made in its place; -1 for none at all."""
    delay_enter_ns: int = 0
    delay_exit_ns: int = 0
    poke_enter: tuple[tuple[int, bytes], ...] = ()
    """What is written to where an argument points (counted from 0), before and after the call."""
    poke_exit: tuple[tuple[int, bytes], ...] = ()
    first: int = 1
    last: int = FOREVER
    step: int = 1
    descriptor: int | None = None
    path: str = ""
    arguments: tuple[tuple[int, int], ...] = ()
    """Values that arguments must have, by index from 0."""

    @property
    def replaces_result(self) -> bool:
        """Whether the call is not made, and its result made up."""
        return bool(self.error) or self.value is not None
