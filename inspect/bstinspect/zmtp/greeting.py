"""The greeting that each direction of a ZMTP connection begins with: RFC 37 (3.1), 23 (3.0), 15 (2.0).

A libzmq sends its signature first, then decides by what it receives how to go on: the rest of the 64
bytes, the socket type and identity of ZMTP 2.0, or the frames of 1.0. So its own can be of any version too.
"""

from __future__ import annotations

import string
from typing import Final

from bstinspect.zmtp.events import Greeting

SIGNATURE: Final = 10
"""Bytes: 0xFF, eight that do not matter, 0x7F."""
WHOLE: Final = 64
"""Bytes of a ZMTP 3 greeting."""
OLDEST: Final = b"\x01\x00"
"""The whole greeting of a ZMTP 1.0 peer that has no identity (RFC 13)."""
NEWEST_MAJOR: Final = 15
_HEAD: Final = 12
"""Bytes up to the minor version or, in ZMTP 2.0, the socket type."""
_SOCKET_TYPES: Final = (
    "PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB", "STREAM",
)  # fmt: skip
_LETTERS: Final = string.ascii_uppercase.encode()
_MECHANISM: Final = frozenset(string.ascii_uppercase + string.digits + "-_.+")  # RFC 37


class GreetingError(ValueError):
    """These bytes are no greeting."""


def needed(data: bytes) -> int:
    """Return how long the greeting that begins with `data` is, as far as `data` tells: ask again then.

    It is whole when this returns its length. Raises GreetingError where `data` is no greeting.
    """
    if data[:1] not in {b"", b"\xff"} or data[9:SIGNATURE] not in {b"", b"\x7f"}:
        raise GreetingError("no signature")
    if len(data) <= SIGNATURE:
        return SIGNATURE if len(data) < SIGNATURE else SIGNATURE + 1
    major = data[SIGNATURE]
    if major != 1 and not 3 <= major <= NEWEST_MAJOR:
        return SIGNATURE + 1  # the first frame of ZMTP 1.0
    if len(data) <= _HEAD:
        return _HEAD + 1
    if major >= 3 and data[_HEAD] in _LETTERS:
        return WHOLE
    if data[_HEAD] != 0 or data[_HEAD - 1] >= len(_SOCKET_TYPES):
        raise GreetingError("neither a mechanism nor a socket type")
    return _HEAD + 2 + (data[_HEAD + 1] if len(data) > _HEAD + 1 else 0)


def parse(data: bytes, *, continued: bool) -> Greeting:
    """Return the greeting that `data` is, whole as `needed` says. Raises GreetingError where it is none."""
    if len(data) == SIGNATURE + 1:
        return Greeting((1, 0), continued=continued)
    if len(data) < WHOLE or data[_HEAD] == 0:
        identity = data[_HEAD + 2 :]
        return Greeting((2, 0), "", False, _SOCKET_TYPES[data[_HEAD - 1]], identity, continued)  # noqa: FBT003
    name = data[_HEAD:32].rstrip(b"\0").decode("latin-1")
    if not _MECHANISM.issuperset(name) or data[32] > 1:
        raise GreetingError("no mechanism")
    return Greeting((data[10], data[11]), name, data[32] == 1, continued=continued)
