"""ioctl requests of sockets and network interfaces (netdevice(7), socket(7))."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode.addresses import address_text
from bstinspect.decode.call import Call, pointer
from bstinspect.decode.constants.network import ARP_HARDWARE_TYPES, IFFFLAGS
from bstinspect.decode.internet import hardware_address, interface
from bstinspect.decode.requests import exchanged, filled, given, named
from bstinspect.decode.show import array
from bstinspect.decode.structures import (
    Structure,
    behind,
    bits,
    braced,
    hexa,
    one_of,
    text,
    text_at,
    value_behind,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.decode.requests import Request

_NAME: Final = 16
_IFREQ: Final = 40
_CONFIGURATION: Final = struct.Struct("@iQ")

_ADDRESS_SIZES: Final = {
    "NETROM": 7, "ETHER": 6, "AX25": 7, "IEEE802": 6, "ARCNET": 1, "DLCI": 2, "IEEE1394": 16, "EUI64": 8,
    "INFINIBAND": 20, "SLIP": 0, "ROSE": 5, "X25": 0, "CAN": 0, "MCTP": 1, "PPP": 0, "RAWHDLC": 0, "RAWIP": 0,
    "TUNNEL": 4, "TUNNEL6": 16, "LOOPBACK": 6, "LOCALTLK": 1, "FDDI": 6, "SIT": 4, "IPDDP": 0, "IPGRE": 4,
    "PIMREG": 0, "HIPPI": 6, "IRDA": 4, "IEEE80211": 6, "IEEE80211_PRISM": 6, "IEEE80211_RADIOTAP": 6,
    "IEEE802154": 8, "IEEE802154_MONITOR": 8, "PHONET": 1, "PHONET_PIPE": 1, "CAIF": 0, "IP6GRE": 16,
    "NETLINK": 0, "6LOWPAN": 8, "VSOCKMON": 0,
}  # fmt: skip
"""How many bytes of an address mean something, by the kind of hardware; of others, all do."""

_MAP: Final = Structure(
    ("mem_start", "Q", hexa),
    ("mem_end", "Q", hexa),
    ("base_addr", "H", hexa),
    ("irq", "B", hexa),
    ("dma", "B", hexa),
    ("port", "B", hexa),
)
_kind: Final = one_of(ARP_HARDWARE_TYPES, unknown="ARPHRD_???")
_flags: Final = bits(IFFFLAGS, unknown="IFF_???")


def _hardware(call: Call, data: bytes) -> str:
    number = int.from_bytes(data[:2], "little")
    length = _ADDRESS_SIZES.get(ARP_HARDWARE_TYPES.get(number, "").removeprefix("ARPHRD_"))
    return braced(f"sa_family={_kind(call, number)}", f"sa_data={hardware_address(call, data[2:16], length)}")


def _number(_call: Call, data: bytes) -> str:
    return str(int.from_bytes(data[:4], "little", signed=True))


def _interface_flags(call: Call, data: bytes) -> str:
    return _flags(call, int.from_bytes(data[:2], "little"))


def _address(call: Call, data: bytes) -> str:
    return address_text(call, data[:16])


def _name(call: Call, data: bytes) -> str:
    return text(call, data[:_NAME])


_FIELDS: Final[dict[str, tuple[str, Callable[[Call, bytes], str]]]] = {
    "ADDR": ("ifr_addr", _address),
    "DSTADDR": ("ifr_dstaddr", _address),
    "BRDADDR": ("ifr_broadaddr", _address),
    "NETMASK": ("ifr_netmask", _address),
    "HWADDR": ("ifr_hwaddr", _hardware),
    "HWBROADCAST": ("ifr_hwaddr", _hardware),
    "FLAGS": ("ifr_flags", _interface_flags),
    "INDEX": ("ifr_ifindex", _number),
    "METRIC": ("ifr_metric", _number),
    "MTU": ("ifr_mtu", _number),
    "SLAVE": ("ifr_slave", _name),
    "NAME": ("ifr_newname", _name),
    "TXQLEN": ("ifr_qlen", _number),
    "MAP": ("ifr_map", _MAP),
}
"""What SIOCGIF... and SIOCSIF... are about: the field behind the interface's name."""


def _setting(what: str) -> Request:
    field, show = _FIELDS[what]

    def both(call: Call, data: bytes) -> str:
        return braced(f"ifr_name={_name(call, data)}", f"{field}={show(call, data[_NAME:])}")

    return given(behind(2, _IFREQ, both))


def _getting(what: str) -> Request:
    field, show = _FIELDS[what]
    by_number = what == "NAME"

    def before(call: Call) -> str:
        data = call.fetch(call[2], _IFREQ)
        if data is None:
            return pointer(call[2])
        call.kept = True
        return (
            f"{{ifr_ifindex={_number(call, data[_NAME:])}" if by_number else f"{{ifr_name={_name(call, data)}"
        )

    def after(call: Call) -> str:
        data = None if call.failed else call.peek(call[2], _IFREQ)
        if data is None:
            return "}"
        found = f"ifr_name={_name(call, data)}" if by_number else f"{field}={show(call, data[_NAME:])}"
        return f", {found}}}"

    return exchanged(before, after)


def _bridge_interface(call: Call, data: bytes) -> str:
    return braced(f"ifr_ifindex={interface(call, data[_NAME : _NAME + 4])}")


# The list of all interfaces: without a buffer, only its length is asked for.


def _length(length: int) -> str:
    count, rest = divmod(length, _IFREQ)
    return str(length) + (f" /* {count} * sizeof(struct ifreq) */" if length > 0 and not rest else "")


def _list_wanted(call: Call) -> str:
    data = call.peek(call[2], _CONFIGURATION.size)
    if data is None:
        return pointer(call[2])
    call.kept = length, buffer = _CONFIGURATION.unpack(data)
    return "{ifc_len=" + (_length(length) if buffer else "")


def _list(call: Call) -> str:
    length_before, buffer_before = call.kept
    data = call.peek(call[2], _CONFIGURATION.size)
    if data is None:
        unsaid = "" if buffer_before else _length(length_before)
        return f"{unsaid}, ifc_buf={pointer(buffer_before)}}}"
    length, buffer = _CONFIGURATION.unpack(data)
    parts = ""
    if buffer_before and length != length_before:
        parts = " => "
    if not buffer_before or length != length_before:
        parts += _length(length)
    if not buffer_before or call.failed:
        changed = f" => {pointer(buffer)}" if buffer != buffer_before else ""
        return f"{parts}, ifc_buf={pointer(buffer_before)}{changed}}}"
    count = (length & (1 << 64) - 1) // _IFREQ
    return f"{parts}, ifc_buf={array(call, buffer, count, _IFREQ, _listed)}}}"


def _listed(call: Call, data: bytes) -> str:
    return braced(f"ifr_name={_name(call, data)}", f"ifr_addr={_address(call, data[_NAME:])}")


def _bridge_name(call: Call) -> str:
    return text_at(call, call[2], _NAME)


def _pointer(call: Call) -> str:
    return pointer(call[2])


_INT: Final = value_behind("i")
_BOTH: Final = (
    "ADDR", "BRDADDR", "DSTADDR", "FLAGS", "HWADDR", "MAP", "METRIC", "MTU", "NAME", "NETMASK", "SLAVE",
    "TXQLEN",
)  # fmt: skip

REQUESTS: Final[dict[int, Request]] = named(
    {
        "SIOCGIFCONF": exchanged(_list_wanted, _list),
        "SIOCBRADDBR SIOCBRDELBR": given(_bridge_name),
        "FIOGETOWN SIOCATMARK SIOCGIFENCAP SIOCGPGRP SIOCOUTQNSD": filled(_INT),
        "FIOSETOWN SIOCSIFENCAP SIOCSPGRP": given(_INT),
        "SIOCBRADDIF SIOCBRDELIF": given(behind(2, _IFREQ, _bridge_interface)),
        "SIOCADDMULTI SIOCDELMULTI": _setting("HWADDR"),
        **{f"SIOCSIF{what}": _setting(what) for what in (*_BOTH, "HWBROADCAST")},
        **{f"SIOCGIF{what}": _getting(what) for what in (*_BOTH, "INDEX")},
        "SIOCADDDLCI SIOCADDRT SIOCBONDCHANGEACTIVE SIOCBONDENSLAVE SIOCBONDINFOQUERY": given(_pointer),
        "SIOCBONDRELEASE SIOCBONDSETHWADDR SIOCBONDSLAVEINFOQUERY SIOCDARP SIOCDELDLCI": given(_pointer),
        "SIOCDELRT SIOCDIFADDR SIOCDRARP SIOCETHTOOL SIOCGARP SIOCGHWTSTAMP SIOCGIFBR": given(_pointer),
        "SIOCGIFCOUNT SIOCGIFMEM SIOCGIFPFLAGS SIOCGIFVLAN SIOCGMIIPHY SIOCGMIIREG": given(_pointer),
        "SIOCGRARP SIOCGSKNS SIOCGSTAMP_OLD SIOCGSTAMP_NEW SIOCGSTAMPNS_OLD": given(_pointer),
        "SIOCGSTAMPNS_NEW SIOCRTMSG SIOCSARP SIOCSHWTSTAMP SIOCSIFBR SIOCSIFLINK": given(_pointer),
        "SIOCSIFMEM SIOCSIFPFLAGS SIOCSIFVLAN SIOCSMIIREG SIOCSRARP SIOCWANDEV": given(_pointer),
    }
)
