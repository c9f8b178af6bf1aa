"""Messages of netlink(7): their framing, types and flags, errors (strace's netlink.c)."""

from __future__ import annotations

import functools
import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode import attributes, fields
from bstinspect.decode.attributes import Attributes
from bstinspect.decode.call import Call, pointer, s32
from bstinspect.decode.constants import netlink as names
from bstinspect.decode.fields import error_text, hex_buffer
from bstinspect.decode.netlink_types import Protocol, flags_text, type_text
from bstinspect.decode.netlink_uevent import uevent_text

if TYPE_CHECKING:
    from bstinspect.decode.call import Source
    from bstinspect.decode.netlink_types import Header, Payload

_HEADER: Final = struct.Struct("<IHHIi")
_ERROR: Final = 4 + _HEADER.size
_NLMSG_ERROR: Final = 2
_NLMSG_DONE: Final = 3
_FIRST_OF_FAMILY: Final = 16
_CAPPED: Final = 0x100
_UEVENT: Final = 15
_ROOM: Final = 1 << 18
"""So much is read at once; of more, each part by itself."""
_DEPTH: Final = 20
"""An error quotes the message that it is about: no error about an error and so on is followed further."""
_UNKNOWN: Final = -1

_ERROR_ATTRIBUTES: Final = Attributes(
    names.NLMSGERR_ATTRS,
    "NLMSGERR_ATTR_???",
    {
        "NLMSGERR_ATTR_MSG": attributes.string,
        "NLMSGERR_ATTR_OFFS": attributes.u32,
        "NLMSGERR_ATTR_COOKIE": attributes.array(1, fields.unsigned),
    },
)


@functools.cache
def _payloads() -> dict[int, Payload]:
    """Return the protocols' own printers of messages."""
    from bstinspect.decode import netlink_others, rtnetlink, sock_diag

    return {0: rtnetlink.payload, 4: sock_diag.payload, **netlink_others.PAYLOADS}


class _Window:
    """Memory that is at hand as a whole: its many small parts need not be read and recorded one by one."""

    def __init__(self, under: Source, address: int, data: bytes) -> None:
        self._address = address
        self._data = data
        self.descriptor = under.descriptor
        self.name = under.name
        self._under = under

    def read(self, address: int, size: int) -> bytes:
        start = address - self._address
        if start >= 0 and start + size <= len(self._data):
            return self._data[start : start + size]
        return self._under.read(address, size)

    def string(self, address: int, most: int) -> bytes | None:
        start = address - self._address
        data = self._data[start : start + most] if start >= 0 else b""
        end = data.find(b"\0")
        if end >= 0:
            return data[: end + 1]
        return data if len(data) == most else self._under.string(address, most)


def _protocol(call: Call, descriptor: int) -> Protocol:
    """Return the protocol of a netlink socket."""
    words = call.protocol(descriptor).removeprefix("NETLINK").split()
    if not words or not words[0].isdigit():
        return Protocol(_UNKNOWN, {})
    pairs = (word.partition("=") for word in words[1:])
    return Protocol(int(words[0]), {int(number): name for number, _, name in pairs if number.isdigit()})


def netlink_text(call: Call, descriptor: int, address: int, length: int) -> str:
    """Print a buffer of netlink messages (decode_netlink)."""
    protocol = _protocol(call, descriptor)
    if protocol.number == _UEVENT:
        return uevent_text(call, address, length)
    memory = call.memory
    data = call.fetch(address, length) if 0 < length <= _ROOM else None
    if data is None:
        return _messages_text(call, protocol, address, length)
    call.memory = _Window(memory, address, data)
    try:
        return _messages_text(call, protocol, address, length)
    finally:
        call.memory = memory


def _messages_text(call: Call, protocol: Protocol, address: int, length: int) -> str:
    parts = []
    several = False
    while True:
        data = call.fetch(address, _HEADER.size) if length >= _HEADER.size else None
        if data is None:
            parts.append(attributes.unreadable(call, address, length, _HEADER.size, several=several))
            break
        if call.abbreviated and len(parts) == call.style.strings:
            parts.append("...")
            break
        header = _HEADER.unpack(data)
        aligned = header[0] + 3 & ~3 & 0xFFFFFFFF
        rest = length - aligned if header[0] >= _HEADER.size and 0 < aligned <= length else 0
        several = several or rest > 0
        parts.append(_message_text(call, protocol, header, address, length, 0))
        if not rest:
            break
        address, length = address + aligned, rest
    text = ", ".join(parts)
    return f"[{text}]" if several else text


def _message_text(  # noqa: PLR0917 - what strace's decode_nlmsghdr_with_payload takes
    call: Call, protocol: Protocol, header: Header, address: int, length: int, depth: int
) -> str:
    size, kind, flags, sequence, port = header
    text = (
        f"{{nlmsg_len={size}, nlmsg_type={type_text(call, protocol, kind)}, "
        f"nlmsg_flags={flags_text(call, protocol.number, kind, flags)}, nlmsg_seq={sequence}, "
        f"nlmsg_pid={call.process(port)}}}"
    )
    there = min(size, length) - _HEADER.size
    if there <= 0:
        return text
    return f"[{text}, {_payload_text(call, protocol, header, address + _HEADER.size, there, depth)}]"


def _payload_text(  # noqa: PLR0917
    call: Call, protocol: Protocol, header: Header, address: int, length: int, depth: int
) -> str:
    _, kind, flags, _, _ = header
    if kind == _NLMSG_ERROR and depth < _DEPTH:
        return _error_text(call, protocol, address, length, capped=bool(flags & _CAPPED), depth=depth)
    payload = _payloads().get(protocol.number) if kind >= _FIRST_OF_FAMILY or kind == _NLMSG_DONE else None
    text = payload(call, header, address, length) if payload else None
    if text is not None:
        return text
    if kind == _NLMSG_DONE and length == 4:
        data = call.fetch(address, 4)
        return pointer(address) if data is None else fields.signed(call, data)
    return hex_buffer(call, address, length)


def _error_text(
    call: Call, protocol: Protocol, address: int, length: int, *, capped: bool, depth: int
) -> str:
    """Print an error with the message that it is about, or only that message's header."""
    if length < _ERROR:
        return hex_buffer(call, address, length)
    data = call.fetch(address, _ERROR)
    if data is None:
        return pointer(address)
    header = _HEADER.unpack(data[4:])
    length -= 4
    quoted = min(length, _HEADER.size if capped else max(_HEADER.size, header[0]))
    message = _message_text(call, protocol, header, address + 4, quoted, depth + 1)
    error = error_text(call, s32(fields.word(data[:4])), negated=True)
    text = f"{{error={error}, msg={message}}}"
    if length <= quoted:
        return text
    return f"[{text}, {_ERROR_ATTRIBUTES(call, address + 4 + quoted, length - quoted)}]"
