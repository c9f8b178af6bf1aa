"""Sockets: making and naming them, and messages without a header (strace's net.c)."""

from __future__ import annotations

from typing import Final

from bstinspect.decode import show
from bstinspect.decode.addresses import address_buffer, address_in
from bstinspect.decode.call import Call, hexadecimal, pointer, s32, u32
from bstinspect.decode.constants.netlink import NETLINK_PROTOCOLS
from bstinspect.decode.constants.network import (
    ADDRFAMS,
    AX25_PROTOCOLS,
    BT_PROTOCOLS,
    CAIF_PROTOCOLS,
    CAN_PROTOCOLS,
    ETHERNET_PROTOCOLS,
    INET_PROTOCOLS,
    ISDN_PROTOCOLS,
    KCM_PROTOCOLS,
    MSG_FLAGS,
    NFC_PROTOCOLS,
    PHONET_PROTOCOLS,
    SHUTDOWN_MODES,
    SMC_PROTOCOLS,
    SOCK_TYPE_FLAGS,
    SOCKTYPES,
)
from bstinspect.decode.netlink import netlink_text
from bstinspect.decode.shape import Argument, Result, Shape, decimal_result, descriptor_result

_TYPE_MASK: Final = 0xF
_AX25: Final = 3
_PACKET: Final = 17
_PROTOCOLS: Final[dict[int, tuple[dict[int, str], str]]] = {
    2: (INET_PROTOCOLS, "IPPROTO_???"),
    10: (INET_PROTOCOLS, "IPPROTO_???"),
    16: (NETLINK_PROTOCOLS, "NETLINK_???"),
    23: (CAN_PROTOCOLS, "IRDAPROTO_???"),  # strace takes CAN's table for IrDA's
    29: (CAN_PROTOCOLS, "CAN_???"),
    31: (BT_PROTOCOLS, "BTPROTO_???"),
    33: (ADDRFAMS, "AF_???"),
    34: (ISDN_PROTOCOLS, "ISDN_P_???"),
    35: (PHONET_PROTOCOLS, "PN_PROTO_???"),
    37: (CAIF_PROTOCOLS, "CAIFPROTO_???"),
    39: (NFC_PROTOCOLS, "NFC_SOCKPROTO_???"),
    41: (KCM_PROTOCOLS, "KCMPROTO_???"),
    43: (SMC_PROTOCOLS, "SMCPROTO_???"),
}
"""Address families to the names of their protocols."""


def _type(call: Call) -> str:
    kind = u32(call[1])
    name = SOCKTYPES.get(kind & _TYPE_MASK)
    if name is None:
        return call.flags(kind, SOCK_TYPE_FLAGS, unknown="SOCK_???")
    text = call.constant(kind & _TYPE_MASK, name)
    rest = kind & ~_TYPE_MASK
    return f"{text}|{call.flags(rest, SOCK_TYPE_FLAGS, unknown='SOCK_???')}" if rest else text


def _protocol(call: Call) -> str:
    family, protocol = call[0], call[2]
    if family == _AX25:
        return f"{hexadecimal(protocol)} /* {AX25_PROTOCOLS.get(protocol, 'AX25_P_???')} */"
    if family == _PACKET:
        number = int.from_bytes((protocol & 0xFFFF).to_bytes(2, "little"), "big")
        return f"htons({call.choice(number, ETHERNET_PROTOCOLS, unknown='ETH_P_???')})"
    if family in _PROTOCOLS:
        table, unknown = _PROTOCOLS[family]
        return call.choice(u32(protocol), table, unknown=unknown)
    return str(protocol)


def _pair(call: Call) -> str:
    return show.array(
        call, call[3], 2, 4, lambda call, data: call.descriptor(int.from_bytes(data, "little", signed=True))
    )


def _length(call: Call, address: int, length: int) -> int | None:
    """Return the length that stands before a call where both pointers are given."""
    if not call.style.verbose(call.name) or not address or not length:
        return None
    return call.integer(length)


class _Named(Shape):
    """accept(2) and others that tell an address: the room for it stands in memory before the call."""

    def __init__(self, *more: Argument, result: Result = decimal_result) -> None:
        super().__init__((show.fd(0),), more, result)

    def waits(self, call: Call) -> bool:
        return call.kept is not None

    def entry(self, call: Call) -> list[str]:
        call.kept = _length(call, call[1], call[2])
        texts = super().entry(call)
        if call.kept is None:
            texts += [pointer(call[1]), pointer(call[2]), *super().exit(call)]
        return texts

    def exit(self, call: Call) -> list[str]:
        if call.kept is None:
            return []
        there = None if call.is_error else call.integer(call[2])
        return [*_told(call, call[1], call.kept, there), *super().exit(call)]


def _told(call: Call, address: int, room: int, there: int | None) -> tuple[str, str]:
    """Return an address and its length, where that is known."""
    if there is None:
        return pointer(address), f"[{room}]"
    text = address_buffer(call, address, min(room, there))[0]
    return text, f"[{room} => {there}]" if room != there else f"[{there}]"


def _data(call: Call, address: int, length: int) -> str:
    """Print what is sent or received."""
    verbose = call.style.verbose(call.name)
    if verbose and call.protocol(s32(call[0])).startswith("NETLINK"):
        return netlink_text(call, s32(call[0]), address, length)
    return call.buffer(address, length)


def _sent(call: Call) -> str:
    return _data(call, call[1], call[2])


class _Received(Shape):
    """recvfrom(2)."""

    def entry(self, call: Call) -> list[str]:
        call.kept = _length(call, call[4], call[5]) or 0
        return super().entry(call)

    def exit(self, call: Call) -> list[str]:
        size = min(call.value, call[2]) if call.value >= 0 else call[2]
        data = pointer(call[1]) if call.is_error else _data(call, call[1], size)
        there = _length(call, call[4], call[5])
        if there is None:
            told = pointer(call[4]), pointer(call[5])
        else:
            told = _told(call, call[4], call.kept or 0, None if call.is_error else there)
        return [data, *super().exit(call), *told]


_MESSAGE_FLAGS: Final = show.flags(3, MSG_FLAGS, unknown="MSG_???")
_ADDRESS: Final = (show.fd(0), address_in(1, 2), show.number(2))

SHAPES: Final[dict[str, Shape]] = {
    "socket": Shape((show.choice(0, ADDRFAMS, unknown="AF_???"), _type, _protocol), (), descriptor_result),
    "socketpair": Shape((show.choice(0, ADDRFAMS, unknown="AF_???"), _type, show.size(2)), (_pair,)),
    "bind": Shape(_ADDRESS),
    "connect": Shape(_ADDRESS),
    "listen": Shape((show.fd(0), show.number(1))),
    "shutdown": Shape((show.fd(0), show.choice(1, SHUTDOWN_MODES, unknown="SHUT_???"))),
    "accept": _Named(result=descriptor_result),
    "accept4": _Named(show.flags(3, SOCK_TYPE_FLAGS, unknown="SOCK_???"), result=descriptor_result),
    "getsockname": _Named(),
    "getpeername": _Named(),
    "sendto": Shape((show.fd(0), _sent, show.size(2), _MESSAGE_FLAGS, address_in(4, 5), show.number(5))),
    "recvfrom": _Received((show.fd(0),), (show.size(2), _MESSAGE_FLAGS)),
}
