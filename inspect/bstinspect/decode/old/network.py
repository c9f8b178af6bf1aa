"""Sockets (socket(2), sendmsg(2), recvmsg(2), getsockopt(2), socket(7), tcp(7))."""

from __future__ import annotations

import socket
import struct
from typing import Final

from bstinspect.decode.old import call as show
from bstinspect.decode.old.addresses import FAMILIES, sockaddr_text
from bstinspect.decode.old.call import Argument, Call, Shape
from bstinspect.decode.old.descriptors import iovecs_text
from bstinspect.decode.old.options import LEVELS, option, option_in, option_out
from bstinspect.decode.old.quote import quote_buffer

_TYPES: Final = {
    1: "SOCK_STREAM", 2: "SOCK_DGRAM", 3: "SOCK_RAW", 4: "SOCK_RDM", 5: "SOCK_SEQPACKET", 10: "SOCK_PACKET",
}  # fmt: skip
_TYPE_FLAGS: Final = {0o2000000: "SOCK_CLOEXEC", 0o4000: "SOCK_NONBLOCK"}
_PROTOCOLS: Final = {
    0: "IPPROTO_IP", 1: "IPPROTO_ICMP", 6: "IPPROTO_TCP", 17: "IPPROTO_UDP", 41: "IPPROTO_IPV6",
    58: "IPPROTO_ICMPV6", 132: "IPPROTO_SCTP", 136: "IPPROTO_UDPLITE", 255: "IPPROTO_RAW",
    262: "IPPROTO_MPTCP",
}  # fmt: skip
_NETLINK: Final = {
    0: "NETLINK_ROUTE", 4: "NETLINK_SOCK_DIAG", 9: "NETLINK_AUDIT", 12: "NETLINK_NETFILTER",
    15: "NETLINK_KOBJECT_UEVENT", 16: "NETLINK_GENERIC",
}  # fmt: skip
_ETHERNET: Final = {
    1: "ETH_P_LOOP",
    3: "ETH_P_ALL",
    0x800: "ETH_P_IP",
    0x806: "ETH_P_ARP",
    0x86DD: "ETH_P_IPV6",
}
_MESSAGE_FLAGS: Final = {
    1: "MSG_OOB", 2: "MSG_PEEK", 4: "MSG_DONTROUTE", 8: "MSG_CTRUNC", 0x10: "MSG_PROBE",
    0x20: "MSG_TRUNC", 0x40: "MSG_DONTWAIT", 0x80: "MSG_EOR", 0x100: "MSG_WAITALL", 0x200: "MSG_FIN",
    0x400: "MSG_SYN", 0x800: "MSG_CONFIRM", 0x1000: "MSG_RST", 0x2000: "MSG_ERRQUEUE",
    0x4000: "MSG_NOSIGNAL", 0x8000: "MSG_MORE", 0x10000: "MSG_WAITFORONE", 0x40000: "MSG_BATCH",
    0x4000000: "MSG_ZEROCOPY", 0x20000000: "MSG_FASTOPEN", 0x40000000: "MSG_CMSG_CLOEXEC",
}  # fmt: skip
_SHUTDOWN: Final = {0: "SHUT_RD", 1: "SHUT_WR", 2: "SHUT_RDWR"}


def _type_text(value: int) -> str:
    flags = value & (0o2000000 | 0o4000) if value & 0xF in _TYPES else 0
    text = show.choice_text(value & ~flags, _TYPES, "SOCK_???")
    return f"{text}|{show.flag_text(flags, _TYPE_FLAGS)}" if flags else text


def _ethernet(value: int) -> str:
    """Print a packet socket's protocol, which is in network byte order (packet(7))."""
    number = socket.ntohs(value & 0xFFFF)
    return f"htons({show.choice_text(number, _ETHERNET, 'ETH_P_???')})"


def _protocol(call: Call) -> str:
    family = show.u32(call[0])
    names = {socket.AF_INET: _PROTOCOLS, socket.AF_INET6: _PROTOCOLS, 16: _NETLINK}.get(family)
    value = show.u32(call[2])
    if names is None:
        return _ethernet(value) if family == 17 and value else str(show.s32(value))
    return show.choice_text(value, names, "NETLINK_???" if family == 16 else "IPPROTO_???")


_SOCKET: Final = (
    show.choice(0, FAMILIES, "AF_???"),
    lambda call: _type_text(show.u32(call[1])),
    _protocol,
)


def _address_in(index: int) -> Argument:
    """Print an address whose length is the next argument."""

    def argument(call: Call) -> str:
        length = show.u32(call[index + 1])
        data = call.memory.exactly(call[index], min(length, 128)) if length else None
        return show.pointer(call[index]) if data is None else sockaddr_text(data, length)

    return argument


def _address_out(index: int) -> Argument:
    """Print an address that the kernel wrote."""

    def argument(call: Call) -> str:
        if show.failed(call):
            return show.pointer(call[index])
        given = call.before.integer(call[index + 1])
        length = call.memory.integer(call[index + 1])
        if length is None or (data := call.memory.at(call[index])) is None:
            return show.pointer(call[index])
        return sockaddr_text(data, length if given is None else min(length, given))

    return argument


def _length_out(index: int) -> Argument:
    """Print ``[128 => 16]``, a length before and after."""

    def argument(call: Call) -> str:
        old, new = call.before.integer(call[index]), call.memory.integer(call[index])
        if call.is_error or new is None:
            return show.pointer(call[index]) if old is None else f"[{old}]"
        return f"[{new}]" if old in (None, new) else f"[{old} => {new}]"

    return argument


def _control_text(data: bytes) -> str:
    """Return the control messages of a msghdr (cmsg(3), unix(7))."""
    parts = []
    position = 0
    while position + 16 <= len(data):
        length, level, kind = struct.unpack_from("<Qii", data, position)
        if length < 16 or position + length > len(data):
            break
        body = data[position + 16 : position + length]
        name = {1: "SCM_RIGHTS", 2: "SCM_CREDENTIALS"}.get(kind, f"{kind:#x}") if level == 1 else f"{kind:#x}"
        head = (
            f"{{cmsg_len={length}, cmsg_level={show.choice_text(level, LEVELS, 'SOL_??')}, cmsg_type={name}"
        )
        if level == 1 and kind == 1:
            numbers = [str(each) for (each,) in struct.iter_unpack("<i", body[: len(body) // 4 * 4])]
            head += f", cmsg_data=[{', '.join(numbers)}]"
        elif level == 1 and kind == 2 and len(body) >= 12:
            pid, uid, gid = struct.unpack_from("<iii", body)
            head += f", cmsg_data={{pid={pid}, uid={uid}, gid={gid}}}"
        elif body:
            head += f", cmsg_data={quote_buffer(body, len(body))}"
        parts.append(head + "}")
        position += (length + 7) // 8 * 8
    return f"[{', '.join(parts)}]"


def _header_text(call: Call, where: int, filled: int) -> str:
    data = call.memory.exactly(where, 56)
    if data is None:
        return show.pointer(where)
    name, given, vector, count, control, space, flags = struct.unpack_from("<QI4xQQQQI", data)
    address = call.memory.at(name) if given else None
    parts = ["msg_name=" + (show.pointer(name) if address is None else sockaddr_text(address, given))]
    old = call.before.exactly(where, 56) if call.leaving else None
    parts.append(f"msg_namelen={_change(struct.unpack_from('<I', old, 8)[0] if old else given, given)}")
    parts.append("msg_iov=" + iovecs_text(call, vector, count, filled))
    parts.append(f"msg_iovlen={count}")
    if control and space:
        body = call.memory.at(control)
        parts.append(
            "msg_control=" + (show.pointer(control) if body is None else _control_text(body[:space]))
        )
    parts.append(f"msg_controllen={space}")
    parts.append("msg_flags=" + show.flag_text(flags, _MESSAGE_FLAGS))
    return "{" + ", ".join(parts) + "}"


def _change(old: int, new: int) -> str:
    return f"{old} => {new}" if old != new else str(new)


def _sent(call: Call) -> str:
    return _header_text(call, call[1], 1 << 62)


def _received(call: Call) -> str:
    if not show.failed(call):
        return _header_text(call, call[1], call.value)
    length = call.before.integer(call[1] + 8) if call.leaving else None
    return show.pointer(call[1]) if length is None else f"{{msg_namelen={length}}}"


_FLAGS: Final = show.flags
_NAMES: Final = (_address_out(1), _length_out(2))

SHAPES: Final[dict[str, Shape]] = {
    "socket": Shape(_SOCKET),
    "socketpair": Shape(
        (*_SOCKET[:2], show.number(2)),
        (show.filled(3, 8, lambda data: "[{}, {}]".format(*struct.unpack("<ii", data))),),
    ),
    "bind": Shape((show.fd(0), _address_in(1), show.number(2))),
    "connect": Shape((show.fd(0), _address_in(1), show.number(2))),
    "listen": Shape((show.fd(0), show.number(1))),
    "accept": Shape((show.fd(0),), _NAMES),
    "accept4": Shape((show.fd(0),), (*_NAMES, _FLAGS(3, _TYPE_FLAGS, "SOCK_???"))),
    "getsockname": Shape((show.fd(0),), _NAMES),
    "getpeername": Shape((show.fd(0),), _NAMES),
    "shutdown": Shape((show.fd(0), show.choice(1, _SHUTDOWN, "SHUT_???"))),
    "sendto": Shape(
        (
            show.fd(0),
            show.data_in(1, 2),
            show.size(2),
            _FLAGS(3, _MESSAGE_FLAGS, "MSG_???"),
            _address_in(4),
            show.number(5),
        )
    ),
    "recvfrom": Shape(
        (show.fd(0),),
        (
            show.data_out(1),
            show.size(2),
            _FLAGS(3, _MESSAGE_FLAGS, "MSG_???"),
            _address_out(4),
            _length_out(5),
        ),
    ),
    "sendmsg": Shape((show.fd(0), _sent, _FLAGS(2, _MESSAGE_FLAGS, "MSG_???"))),
    "recvmsg": Shape((show.fd(0),), (_received, _FLAGS(2, _MESSAGE_FLAGS, "MSG_???"))),
    "setsockopt": Shape((show.fd(0), show.choice(1, LEVELS, "SOL_??"), option, option_in, show.number(4))),
    "getsockopt": Shape((show.fd(0), show.choice(1, LEVELS, "SOL_??"), option), (option_out, _length_out(4))),
}
