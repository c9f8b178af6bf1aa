"""Our own cluster's messages in words: ``exec #7 to 20``.

The names are stable: who greps a trace, or says where a node shall crash, may rely on them.
"""

from __future__ import annotations

import functools
import re
import struct
from typing import TYPE_CHECKING, Final, get_args

import msgspec

if TYPE_CHECKING:
    from bstcluster import protocol
    from bstinspect.zmtp.events import Message, Part

NAMES: Final = {
    "Create": "create",
    "Exec": "exec",
    "Numbers": "numbers",
    "Cancel": "cancel",
    "Forget": "forget",
    "Probe": "probe",
    "Ping": "ping",
    "Hello": "hello",
    "Created": "create-reply",
    "Sum": "exec-reply",
    "Credit": "credit",
    "Forgotten": "forget-reply",
    "Alive": "probe-reply",
    "Pong": "ping-reply",
    "Failed": "failed",
    "Unavailable": "unavailable",
    "ChildExited": "child-exited",
    "ChildStopped": "child-stopped",
    "ChildContinued": "child-continued",
    "Malformed": "malformed",
}
"""The name of each message of `bstcluster.protocol` that goes over ZeroMQ, by its class's."""

_IDENTITY: Final = re.compile(rb"-?\d{1,19}\.\d{1,19}")
_ARRAYS: Final = range(0x92, 0xA0)
"""First bytes of a msgpack array of 2 to 15 elements; each of ours is one."""
_TEXTS: Final = range(0xA1, 0xC0)
"""First bytes of a msgpack text of 1 to 31 bytes."""
_INTEGERS: Final = {
    code: struct.Struct(">" + letter)
    for code, letter in zip(range(0xCC, 0xD4), "BHIQbhiq", strict=True)
}  # fmt: skip


def name(message: Message) -> str | None:
    """Return the stable name of `message`, for example ``exec-reply``; None where it is none of ours."""
    read = _read(message)
    return None if read is None else NAMES.get(read[0], read[0])


def describe(message: Message) -> str | None:
    """Return what `message` is in our cluster, None where it is none of ours. Never raises."""
    read = _read(message)
    if read is None:
        return None
    kind, values = read
    text = NAMES.get(kind, kind)
    if kind == "Hello" and _IDENTITY.fullmatch(message.identity):
        text += f" from {message.identity.decode('ascii')}"
    if "request" in values:
        text += f" #{values['request']}"
    if "target" in values:
        text += f" to {values['target']}"
    return text


def _read(message: Message) -> tuple[str, dict[str, int]] | None:
    """Return the class and the numbers of `message`, None where it is none of ours."""
    if message.count != 1:
        return None
    part = message.parts[0]
    if len(part.data) < 2 or part.data[0] not in _ARRAYS or part.data[1] not in _TEXTS:
        return None
    return _whole(part) if len(part.data) == part.size else _beginning(part.data)


def _whole(part: Part) -> tuple[str, dict[str, int]] | None:
    from bstcluster.protocol import decode_reply, decode_request

    for decode in (decode_request, decode_reply):
        try:
            found = decode(part.data)
        except msgspec.MsgspecError:
            continue
        names = ("request", "target")
        return type(found).__name__, {name: getattr(found, name) for name in names if hasattr(found, name)}
    return None


def _beginning(data: bytes) -> tuple[str, dict[str, int]] | None:
    """Read the class and the request and target, which come first, of a message whose end is not there."""
    end = 2 + data[1] - _TEXTS.start + 1
    kind = data[2:end].decode("latin-1")
    fields = _fields().get(kind)
    if fields is None or data[0] != _ARRAYS.start - 2 + 1 + len(fields):
        return None
    values = {}
    for name in fields:
        if name not in {"request", "target"}:
            break
        value, end = _integer(data, end)
        if value is None or (name == "request" and value < 0):
            return None
        values[name] = value
    return kind, values


def _integer(data: bytes, at: int) -> tuple[int | None, int]:
    """Return the msgpack integer at `at`, None where there is none, and where it ends."""
    code = data[at] if at < len(data) else 0xC0
    if code < 0x80 or code >= 0xE0:
        return code - (0x100 if code >= 0xE0 else 0), at + 1
    layout = _INTEGERS.get(code)
    if layout is None or len(data) < at + 1 + layout.size:
        return None, at
    return int(layout.unpack_from(data, at + 1)[0]), at + 1 + layout.size


@functools.cache
def _fields() -> dict[str, tuple[str, ...]]:
    """Return the fields of each message that goes over ZeroMQ, by its class's name."""
    from bstcluster import protocol

    kinds: tuple[type[protocol.Message], ...] = (*get_args(protocol.Request), *get_args(protocol.Reply))
    return {kind.__name__: kind.__struct_fields__ for kind in kinds}
