"""The crash points that `crash ID --at` takes: read, and refused where a node can never come there."""

from __future__ import annotations

import difflib
from typing import Final

from bstinspect.errors import UsageError
from bstinspect.faults.address import Address
from bstinspect.faults.ordinals import GREETING
from bstinspect.zmtp.words import NAMES

_MESSAGES: Final = frozenset({*NAMES.values(), GREETING, "ready"})
EXAMPLES: Final = ("send(exec-reply)#1@entry", "recv(exec)#1@exit", "send(ping-reply)#1@exit")


def crash_point(word: bytes, node: int, life: int) -> Address:
    """Read the address of a point of a node in its `life`, with or without quotes.

    Raises UsageError, which says in a line what is wrong with it.
    """
    text = _unquoted(word.decode("utf-8", "backslashreplace"))
    address = Address.parse(text)
    name = f"{node}.{life}"
    if address.who not in ("", name, str(node)):
        raise UsageError(f"{text!r} is a point of {address.who}, and this is {name}", advice=False)
    if (address.event, address.when) == ("recv", "entry"):
        raise UsageError(f"{text!r}: what is received is known at the exit only", advice=False)
    if (address.event, address.when) == ("exit", "exit"):
        raise UsageError(f"{text!r}: nobody comes back from an exit", advice=False)
    if address.message and address.message not in _MESSAGES:
        near = difflib.get_close_matches(address.message, _MESSAGES, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(f"{text!r}: no message is called {address.message}{hint}", advice=False)
    return Address(name, address.event, address.message, address.connection, address.ordinal, address.when)


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text
