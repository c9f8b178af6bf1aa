"""Calls without a decoder of their own, printed by the types of their prototypes (python-ptrace has them)."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from bstinspect.decode.old import call as show
from bstinspect.decode.old.call import Argument, Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_KINDS: Final[dict[str, Callable[[int], Argument]]] = {
    "const char *": show.path, "key_t": show.hexadecimal,
    "unsigned int": show.unsigned, "unsigned": show.unsigned, "u32": show.unsigned, "__u32": show.unsigned,
    "uid_t": show.number, "gid_t": show.number, "qid_t": show.unsigned,
    "umode_t": show.mode,
    "size_t": show.size, "u64": show.size,
    "unsigned long": show.hexadecimal,
    "long": show.long, "loff_t": show.long, "off_t": show.long, "s64": show.long,
    "aio_context_t": show.address, "cap_user_header_t": show.address, "cap_user_data_t": show.address,
}  # fmt: skip


@functools.cache
def _by_prototype(name: str) -> Shape | None:
    from ptrace.syscall.prototypes import SYSCALL_PROTOTYPES

    prototype = SYSCALL_PROTOTYPES.get(name)
    if prototype is None:
        return None
    arguments: list[Argument] = []
    for index, (kind, title) in enumerate(prototype[1]):
        if title == "fd":
            arguments.append(show.fd(index))
        elif kind in _KINDS:
            arguments.append(_KINDS[kind](index))
        elif "*" in kind or kind.endswith("handler_t"):
            arguments.append(show.address(index))
        elif title in ("dfd", "dirfd", "olddirfd", "newdirfd", "olddfd", "newdfd"):
            arguments.append(show.directory(index))
        else:
            arguments.append(show.number(index))
    return Shape(tuple(arguments))


@functools.cache
def _raw(count: int) -> Shape:
    return Shape(tuple(show.hexadecimal(index) for index in range(count)))


def shape(name: str, numbers: Mapping[str, int], counts: Mapping[int, int]) -> Shape:
    """Return how to print a call; without a prototype its arguments are in hexadecimal."""
    count = counts.get(numbers.get(name, -1), 6)
    known = _by_prototype(name)
    return known if known is not None and len(known.before) == count else _raw(count)
