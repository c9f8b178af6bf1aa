"""getsockopt(2) and setsockopt(2): options' names, and those values that are no plain numbers."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Final, TypeAlias

from bstinspect.decode import fields, show
from bstinspect.decode.addresses import address_text
from bstinspect.decode.bpf_filter import PROGRAM, filter_text, socket_operand, statements_text
from bstinspect.decode.call import Call, pointer, s32, u32
from bstinspect.decode.constants import network as names
from bstinspect.decode.fields import Layout, error_text, hex_buffer
from bstinspect.decode.internet import hardware_address, interface, internet_field
from bstinspect.decode.shape import Shape

Option: TypeAlias = Callable[[Call, int, int], str]
"""(call, address, length) -> the text of a value."""
Tables: TypeAlias = tuple[str, dict[int, str], dict[int, str], dict[int, str]]
"""What stands for an unknown option; the names of options, of those that can only be got, only be set."""

_LEVELS: Final[dict[int, Tables]] = {
    0: ("IP_???", names.SOCK_IP_OPTIONS, names.GETSOCK_IP_OPTIONS, names.SETSOCK_IP_OPTIONS),
    1: ("SO_???", names.SOCK_OPTIONS, names.GETSOCK_OPTIONS, names.SETSOCK_OPTIONS),
    6: ("TCP_???", names.SOCK_TCP_OPTIONS, {}, {}),
    17: ("UDP_???", names.SOCK_UDP_OPTIONS, {}, {}),
    40: ("SO_VM_???", names.SOCK_VSOCK_OPTIONS, {}, {}),
    41: ("IPV6_???", names.SOCK_IPV6_OPTIONS, names.GETSOCK_IPV6_OPTIONS, names.SETSOCK_IPV6_OPTIONS),
    101: ("CAN_RAW_???", names.SOCK_CAN_RAW_OPTIONS, {}, {}),
    132: ("SCTP_???", names.SOCK_SCTP_OPTIONS, {}, {}),
    255: ("RAW_???", names.SOCK_RAW_OPTIONS, {}, {}),
    256: ("IPX_???", names.SOCK_IPX_OPTIONS, {}, {}),
    257: ("AX25_???", names.SOCK_AX25_OPTIONS, {}, {}),
    263: ("PACKET_???", names.SOCK_PACKET_OPTIONS, {}, {}),
    266: ("IRLMP_???", names.SOCK_IRDA_OPTIONS, {}, {}),
    268: ("LLC_OPT_???", names.SOCK_LLC_OPTIONS, {}, {}),
    269: ("DCCP_SOCKOPT_???", names.SOCK_DCCP_OPTIONS, {}, {}),
    270: ("NETLINK_???", names.SOCK_NETLINK_OPTIONS, {}, {}),
    271: ("TIPC_???", names.SOCK_TIPC_OPTIONS, {}, {}),
    272: ("RXRPC_???", names.SOCK_RXRPC_OPTIONS, {}, {}),
    273: ("PPPOL2TP_SO_???", names.SOCK_PPPOL2TP_OPTIONS, {}, {}),
    274: ("BT_???", names.SOCK_BLUETOOTH_OPTIONS, {}, {}),
    275: ("PNPIPE_???", names.SOCK_PNP_OPTIONS, {}, {}),
    276: ("RDS_???", names.SOCK_RDS_OPTIONS, {}, {}),
    277: ("SO_???", names.SOCK_IUCV_OPTIONS, {}, {}),
    278: ("CAIFSO_???", names.SOCK_CAIF_OPTIONS, {}, {}),
    279: ("ALG_???", names.SOCK_ALG_OPTIONS, {}, {}),
    280: ("NFC_LLCP_???", names.SOCK_NFCLLCP_OPTIONS, {}, {}),
    281: ("KCM_???", names.SOCK_KCM_OPTIONS, {}, {}),
    282: ("TLS_???", names.SOCK_TLS_OPTIONS, {}, {}),
    283: ("XDP_???", names.SOCK_XDP_OPTIONS, {}, {}),
}
_SOL_NETLINK: Final = 270


def _tables(level: int, *, getting: bool) -> tuple[str, dict[int, str], dict[int, str]]:
    unknown, both, only_got, only_set = _LEVELS[level]
    return unknown, both, only_got if getting else only_set


def _option(*, getting: bool) -> Callable[[Call], str]:
    """Make a printer of an option's name."""

    def argument(call: Call) -> str:
        level, option = u32(call[1]), u32(call[2])
        if level not in _LEVELS:
            return str(option)
        unknown, *tables = _tables(level, getting=getting)
        return call.choice(option, *tables, unknown=unknown)

    return argument


# Values, as they are printed where the option is got or set.


def _number(call: Call, address: int, _length: int = 0) -> str:
    data = call.fetch(address, 4)
    return pointer(address) if data is None else f"[{fields.signed(call, data)}]"


def _got_number(call: Call, address: int, length: int) -> str:
    return _number(call, address) if length >= 4 else hex_buffer(call, address, length)


def _set_number(call: Call, address: int, length: int) -> str:
    return _number(call, address) if length >= 4 else pointer(address)


def _any(call: Call, address: int, length: int) -> str:
    return _number(call, address) if length == 4 else call.buffer(address, length)


def _got(layout: Layout) -> Option:
    """Make a printer of a structure, as much of it as the kernel returned."""

    def option(call: Call, address: int, length: int) -> str:
        data = call.fetch(address, min(length, layout.size))
        return pointer(address) if data is None else layout(call, data)

    return option


def _set(layout: Layout) -> Option:
    """Make a printer of a structure that has to be given whole."""
    return lambda call, address, length: (
        layout.behind(call, address) if length >= layout.size else pointer(address)
    )


def _exact(layout: Layout) -> Option:
    """Make a printer of a structure that has to be given whole, and nothing more."""

    def option(call: Call, address: int, length: int) -> str:
        data = call.peek(address, layout.size) if length == layout.size else None
        return pointer(address) if data is None else layout(call, data)

    return option


def _error(call: Call, address: int, length: int) -> str:
    if length < 4:
        return hex_buffer(call, address, length)
    data = call.fetch(address, 4)
    return pointer(address) if data is None else f"[{error_text(call, fields.word(data))}]"


def _rehash(call: Call, address: int, length: int) -> str:
    if length < 4:
        return hex_buffer(call, address, length) if call.leaving else pointer(address)
    data = call.fetch(address, 4)
    if data is None:
        return pointer(address)
    value = int.from_bytes(data, "little", signed=True)
    return f"[{call.choice(value, names.SOCKOPT_TXREHASH_VALS, unknown='SOCK_TXREHASH_???', number=str)}]"


def _got_filter(call: Call, address: int, length: int) -> str:
    """Print a filter: what the kernel returns as its length are statements."""
    return statements_text(call, address, length, socket_operand) if length < 1 << 16 else pointer(address)


def _set_filter(call: Call, address: int, length: int) -> str:
    return filter_text(call, address) if length == PROGRAM else pointer(address)


def _icmp_filter(call: Call, address: int, length: int) -> str:
    data = call.fetch(address, min(length, 4)) if length > 0 else None
    if data is None:
        return pointer(address)
    bits = fields.word(data.ljust(4, b"\xff"))
    inverted = bits.bit_count() > 16
    if inverted:
        bits ^= 0xFFFFFFFF
    kinds = [
        call.choice(each, names.ICMP_FILTER_FLAGS, unknown="ICMP_???")
        for each in range(32)
        if bits >> each & 1
    ]
    return f"{'~' if inverted else ''}[{' '.join(kinds)}]"


def _memberships(call: Call, address: int, length: int) -> str:
    return show.array(call, address, min(length, call.kept) // 4, 4, fields.unsigned)


def _packet_address(call: Call, data: bytes) -> str:
    """Print the length of an address and the address."""
    length = fields.word(data[:2])
    return f"mr_alen={length}, mr_address={hardware_address(call, data[2:][:length])}"


_LINGER: Final = Layout(("l_onoff", 4, fields.signed), ("l_linger", 4, fields.signed))
_CREDENTIALS: Final = Layout(
    ("pid", 4, fields.process), ("uid", 4, fields.identity), ("gid", 4, fields.identity)
)
_STATISTICS: Final = Layout(*fields.unsigned_fields(4, "tp_packets tp_drops tp_freeze_q_cnt"))
_RING: Final = Layout(*fields.unsigned_fields(4, "tp_block_size tp_block_nr tp_frame_size tp_frame_nr"))
_PACKET_MEMBERSHIP: Final = Layout(
    ("mr_ifindex", 4, interface),
    ("mr_type", 2, fields.choice(names.PACKET_MREQ_TYPE, unknown="PACKET_MR_???")),
    ("", 10, _packet_address),
)
_MEMBERSHIP: Final = Layout(
    ("", 4, internet_field(socket.AF_INET, "imr_multiaddr")),
    ("", 4, internet_field(socket.AF_INET, "imr_interface")),
)
_MEMBERSHIP6: Final = Layout(
    ("", 16, internet_field(socket.AF_INET6, "ipv6mr_multiaddr")), ("ipv6mr_interface", 4, interface)
)
_GROUP: Final = Layout(("gr_interface", 4, interface), ("", 4, None), ("gr_group", 128, address_text))
_NUMBERS: Final = """
    SO_DEBUG SO_REUSEADDR SO_DONTROUTE SO_BROADCAST SO_SNDBUF SO_RCVBUF SO_KEEPALIVE SO_OOBINLINE SO_NO_CHECK
    SO_PRIORITY SO_BSDCOMPAT SO_REUSEPORT SO_PASSCRED SO_RCVLOWAT SO_SNDLOWAT SO_DETACH_FILTER SO_ACCEPTCONN
    SO_TIMESTAMP_OLD SO_SNDBUFFORCE SO_RCVBUFFORCE SO_PASSSEC SO_TIMESTAMPNS_OLD SO_MARK SO_TIMESTAMPING_OLD
    SO_RXQ_OVFL SO_WIFI_STATUS SO_PEEK_OFF SO_NOFCS SO_LOCK_FILTER SO_SELECT_ERR_QUEUE SO_BUSY_POLL
    SO_INCOMING_CPU SO_CNX_ADVICE SO_INCOMING_NAPI_ID SO_ZEROCOPY SO_TIMESTAMP_NEW SO_TIMESTAMPNS_NEW
    SO_TIMESTAMPING_NEW SO_DETACH_REUSEPORT_BPF SO_PREFER_BUSY_POLL SO_BUSY_POLL_BUDGET SO_RESERVE_MEM
    SO_RCVMARK
"""
"""The options whose value is an int."""


def _each(options: str, value: Option) -> dict[str, Option]:
    return dict.fromkeys(options.split(), value)


_GET: Final[dict[int, dict[str, Option]]] = {
    1: {
        **_each(_NUMBERS, _got_number),
        "SO_LINGER": _got(_LINGER),
        "SO_PEERCRED": _got(_CREDENTIALS),
        "SO_GET_FILTER": _got_filter,
        "SO_ERROR": _error,
        "SO_TXREHASH": _rehash,
    },
    255: {"ICMP_FILTER": _icmp_filter},
    263: {"PACKET_STATISTICS": _got(_STATISTICS)},
    270: {"NETLINK_LIST_MEMBERSHIPS": _memberships},
}
_SET: Final[dict[int, dict[str, Option]]] = {
    0: {
        **_each("IP_ADD_MEMBERSHIP IP_DROP_MEMBERSHIP", _set(_MEMBERSHIP)),
        **_each("MCAST_JOIN_GROUP MCAST_LEAVE_GROUP", _set(_GROUP)),
    },
    1: {
        **_each(_NUMBERS, _set_number),
        "SO_LINGER": _set(_LINGER),
        "SO_ATTACH_FILTER": _set_filter,
        "SO_ATTACH_REUSEPORT_CBPF": _set_filter,
        "SO_TXREHASH": _rehash,
    },
    41: {
        **_each("IPV6_ADD_MEMBERSHIP IPV6_DROP_MEMBERSHIP", _set(_MEMBERSHIP6)),
        **_each("IPV6_JOIN_ANYCAST IPV6_LEAVE_ANYCAST", _set(_MEMBERSHIP6)),
        **_each("MCAST_JOIN_GROUP MCAST_LEAVE_GROUP", _set(_GROUP)),
    },
    255: {"ICMP_FILTER": _icmp_filter},
    263: {
        **_each("PACKET_RX_RING PACKET_TX_RING", _exact(_RING)),
        **_each("PACKET_ADD_MEMBERSHIP PACKET_DROP_MEMBERSHIP", _exact(_PACKET_MEMBERSHIP)),
    },
}


def _value(call: Call, length: int, *, getting: bool) -> str:
    """Print the value of an option that is `length` bytes long."""
    level, option, address = u32(call[1]), u32(call[2]), call[3]
    if not call.style.verbose(call.name):
        return pointer(address)
    printer: Option = _any
    if address and level in _LEVELS:
        if level == _SOL_NETLINK:
            printer = _number if getting else _set_number
        _, both, more = _tables(level, getting=getting)
        name = both.get(option) or more.get(option, "")
        printer = (_GET if getting else _SET).get(level, {}).get(name, printer)
    return printer(call, address, length)


class _Get(Shape):
    """getsockopt(2): the room for the value stands in memory before the call."""

    def waits(self, call: Call) -> bool:
        return call.kept is not None

    def entry(self, call: Call) -> list[str]:
        call.kept = call.integer(call[4]) if call.style.verbose(call.name) else None
        texts = super().entry(call)
        return texts if self.waits(call) else [*texts, pointer(call[3]), pointer(call[4])]

    def exit(self, call: Call) -> list[str]:
        if not self.waits(call):
            return []
        there = None if call.is_error else call.integer(call[4])
        if there is None:
            return [pointer(call[3]), f"[{call.kept}]"]
        unchanged = there == call.kept
        value = _value(call, there, getting=True) if call.kept > 0 and there > 0 else pointer(call[3])
        return [value, f"[{there}]" if unchanged else f"[{call.kept} => {there}]"]


_LEVEL: Final = show.choice(1, names.SOCKETLAYERS, unknown="SOL_??")

SHAPES: Final[dict[str, Shape]] = {
    "getsockopt": _Get((show.fd(0), _LEVEL, _option(getting=True))),
    "setsockopt": Shape(
        (
            show.fd(0),
            _LEVEL,
            _option(getting=False),
            lambda call: _value(call, s32(call[4]), getting=False),
            show.number(4),
        )
    ),
}
