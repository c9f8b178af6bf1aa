"""Socket addresses of the families that few programs use: strace's sockaddr.c, one function or table each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from bstinspect.decode import fields
from bstinspect.decode.call import Call, hexadecimal
from bstinspect.decode.constants.network import (
    ADDRFAMS,
    ALG_SOCKADDR_FLAGS,
    BDADDR_TYPES,
    BLUETOOTH_L2_CID,
    BLUETOOTH_L2_PSM,
    HCI_CHANNELS,
    IEEE802154_ADDR_TYPES,
    IEEE802154_ADDRS,
    IEEE802154_PAN_IDS,
    MCTP_ADDRS,
    MCTP_NETS,
    NFC_SAPS,
    NFC_SOCKADDR_PROTOCOLS,
    QIPCRTR_NODES,
    QIPCRTR_PORTS,
    RXRPC_SERVICES,
    SOCKTYPES,
    XDP_SOCKADDR_FLAGS,
)
from bstinspect.decode.fields import Layout, word
from bstinspect.decode.internet import (
    INTERNET,
    SHORTEST_INTERNET6,
    hardware_address,
    interface,
    internet6_text,
    port,
)
from bstinspect.decode.lists import local_array
from bstinspect.decode.style import Constants

Printer: TypeAlias = Callable[[Call, bytes, int], str]
"""Prints what follows the family: the address, with zeros behind it, and its length."""


def plain(layout: Layout) -> Printer:
    """Make a printer of an address whose length changes nothing."""
    return lambda call, data, _length: layout.inner(call, data)


# AX.25: seven bytes, each letter moved left by one bit, the last byte a station number.

_AX25: Final = 7
_AX25_LETTERS: Final = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ ")
_DIGIPEATERS: Final = 8


def _ax25_style(call: Call, data: bytes) -> Constants:
    """Return how much to show: what is no sane address is shown in raw bytes too, or only so."""
    letters = [each >> 1 for each in data[:6]]
    if any(not 0x20 <= each <= 0x7E or each in b"*/" for each in letters):
        return Constants.RAW
    spaces_end = bytes(letters).rstrip(b" ")
    odd = any(each & 1 for each in data[:6]) or b" " in spaces_end or not set(letters) <= _AX25_LETTERS
    if odd or data[6] & ~0x1E or (not spaces_end and data[6]):
        return Constants.VERBOSE
    return call.style.constants


def _ax25_words(data: bytes) -> str:
    letters = bytes(each >> 1 for each in data[:6]).rstrip(b" ").decode("latin-1")
    words = f"{letters}-{data[6] >> 1 & 0xF}"
    return "*" if words.startswith("-0") else words


def ax25_address(call: Call, data: bytes) -> str:
    """Print an AX.25 address."""
    style = _ax25_style(call, data)
    raw = f"{{ax25_call={fields.hex_string(data)}}}"
    if style is Constants.RAW:
        return raw
    words = _ax25_words(data)
    return words if style is Constants.ABBREV else f"{raw} /* {words} */"


def _ax25(call: Call, data: bytes, length: int) -> str:
    size = 16
    count = int.from_bytes(data[12:16], "little", signed=True)
    text = f"sax25_call={ax25_address(call, data[2:9])}, sax25_ndigis={count}"
    if not count and length <= size:
        return text
    there = min((length - size) // _AX25, _DIGIPEATERS)
    wanted = min(max(count, 0), _DIGIPEATERS)
    parts = [f"fsa_ax25={{{text}}}"]
    if wanted:
        shown = [
            ax25_address(call, data[size + _AX25 * index :][:_AX25]) for index in range(min(there, wanted))
        ]
        array = local_array(call, shown)
        if wanted > there and not array.endswith("...]"):
            array = array.removesuffix("]") + (", ...]" if shown else "...]")
        parts.append(f"fsa_digipeater={array}")
    if length > there * _AX25 + size:
        parts.append("...")
    return ", ".join(parts)


# IPX and X.25.


def _ipx_network(_call: Call, data: bytes) -> str:
    return f"htonl({hexadecimal(int.from_bytes(data, 'big'))})"


_IPX: Final = Layout(
    ("", 2, None),
    ("sipx_port", 2, port),
    ("sipx_network", 4, _ipx_network),
    ("sipx_node", 6, fields.list_of(1, fields.padded_hexa)),
    ("sipx_type", 1, fields.padded_hexa),
    ("", 1, fields.optional("sipx_zero", fields.hexa)),
)
_X25: Final = Layout(("", 2, None), ("sx25_addr", 16, Layout(("x25_addr", 16, fields.cstring))))


# Bluetooth: which of its addresses it is only the length tells.


def _bluetooth_number(
    table: dict[int, str], dynamic: tuple[tuple[str, int, int], ...], unknown: str
) -> fields.Value:
    """Make a printer of a number that has a name, or is so many beyond the first of a range."""

    def value(call: Call, data: bytes) -> str:
        number = word(data)
        words = table.get(number, "")
        for name, first, last in dynamic:
            if not words and first <= number <= last:
                words = f"{call.constant(first, name)}+{number - first}"
        constants = call.style.constants
        if words and constants is Constants.ABBREV:
            return f"htobs({words})"
        comment = "" if constants is Constants.RAW else f" /* {words or unknown} */"
        return f"htobs({hexadecimal(number)}{comment})"

    return value


_PSM_RANGES: Final = (("L2CAP_PSM_LE_DYN_START", 0x80, 0xFF), ("L2CAP_PSM_DYN_START", 0x1001, 0xFFFF))
_CID_RANGES: Final = (("L2CAP_CID_DYN_START", 0x40, 0xFFFF),)


def _bluetooth_device(_call: Call, data: bytes) -> str:
    return f"htobs({word(data)})"


_HCI: Final = Layout(
    ("", 2, None),
    ("hci_dev", 2, _bluetooth_device),
    ("hci_channel", 2, fields.choice(HCI_CHANNELS, unknown="HCI_CHANNEL_???")),
)
_SCO: Final = Layout(("", 2, None), ("sco_bdaddr", 6, hardware_address))
_RFCOMM: Final = Layout(
    ("", 2, None), ("rc_bdaddr", 6, hardware_address), ("rc_channel", 1, fields.unsigned), ("", 1, None)
)
_L2CAP: Final = Layout(
    ("", 2, None),
    ("l2_psm", 2, _bluetooth_number(BLUETOOTH_L2_PSM, _PSM_RANGES, "L2CAP_PSM_???")),
    ("l2_bdaddr", 6, hardware_address),
    ("l2_cid", 2, _bluetooth_number(BLUETOOTH_L2_CID, _CID_RANGES, "L2CAP_CID_???")),
    ("l2_bdaddr_type", 1, fields.choice(BDADDR_TYPES, unknown="BDADDR_???")),
    ("", 1, None),
)
_BLUETOOTH: Final = {4: _HCI, 6: _HCI, 8: _SCO, 10: _RFCOMM, 12: _L2CAP, 14: _L2CAP}


def _bluetooth(call: Call, data: bytes, length: int) -> str:
    layout = _BLUETOOTH.get(length)
    return f"sa_data={call.quoted(data[2:length])}" if layout is None else layout.inner(call, data[:length])


# RxRPC: an internet address inside.

_RXRPC: Final = Layout(
    ("", 2, None),
    ("srx_service", 2, fields.verbose_choice(RXRPC_SERVICES, unknown="???_SERVICE")),
    ("transport_type", 2, fields.choice(SOCKTYPES, unknown="SOCK_???")),
    ("transport_len", 2, fields.unsigned),
)
_TRANSPORTS: Final = {2: ("sin", 16), 10: ("sin6", SHORTEST_INTERNET6)}


def _rxrpc(call: Call, data: bytes, length: int) -> str:
    claimed = word(data[6:8])
    inner = data[8:]
    there = min(claimed, length - 8)
    family = word(inner[:2])
    name, least = _TRANSPORTS.get(family, ("", 1 << 16))
    text = f"{name and name + '_'}family={call.choice(family, ADDRFAMS, unknown='AF_???')}"
    if claimed >= least:
        text += ", " + (INTERNET.inner(call, inner) if family == 2 else internet6_text(call, inner, there))
    elif there > 2:
        text += f", {call.quoted(inner[2:there])}"
    transport = f"{name}={{{text}}}" if name else text
    return f"{_RXRPC.inner(call, data)}, transport={{{transport}}}"


# IEEE 802.15.4.


_IEEE802154: Final = Layout(
    ("", 4, None),
    ("addr_type", 4, fields.verbose_choice(IEEE802154_ADDR_TYPES, unknown="IEEE802154_ADDR_???")),
    ("pan_id", 2, fields.verbose_choice(IEEE802154_PAN_IDS)),
)


def _ieee802154(call: Call, data: bytes, _length: int) -> str:
    kind = word(data[4:8])
    parts = [_IEEE802154.inner(call, data)]
    if kind == 2:
        parts.append(f"short_addr={fields.verbose_choice(IEEE802154_ADDRS)(call, data[10:12])}")
    elif kind:
        parts.append(f"hwaddr={hardware_address(call, data[10:18])}")
    return f"addr={{{', '.join(parts)}}}"


# The kernel's cryptography.


def _crypto_name(call: Call, data: bytes) -> str:
    """Print a C string that has to end before its field does."""
    head = data[:-1]
    return call.quoted(head.partition(b"\0")[0], cut=b"\0" not in head and not data.endswith(b"\0"))


_ALG: Final = Layout(
    ("", 2, None),
    ("salg_type", 14, _crypto_name),
    ("salg_feat", 4, fields.verbose_flags(ALG_SOCKADDR_FLAGS, unknown="CRYPTO_ALG_???")),
    ("salg_mask", 4, fields.verbose_flags(ALG_SOCKADDR_FLAGS, unknown="CRYPTO_ALG_???")),
)


def _alg(call: Call, data: bytes, length: int) -> str:
    return f"{_ALG.inner(call, data)}, salg_name={_crypto_name(call, data[_ALG.size : length])}"


# Near field communication.

_NFC: Final = Layout(
    ("", 4, None),
    ("dev_idx", 4, interface),
    ("target_idx", 4, fields.hexa),
    ("nfc_protocol", 4, fields.choice(NFC_SOCKADDR_PROTOCOLS, unknown="NFC_PROTO_???")),
)
_NFC_POINT: Final = Layout(
    ("", 16, None), ("dsap", 1, fields.verbose_choice(NFC_SAPS)), ("ssap", 1, fields.verbose_choice(NFC_SAPS))
)
_NFC_NAME: Final = slice(18, 81)
_NFC_LONG: Final = 96


def _nfc(call: Call, data: bytes, length: int) -> str:
    text = _NFC.inner(call, data)
    if length < _NFC_LONG:
        return text + (", ..." if length > _NFC.size else "")
    size = word(data[88:96])
    name = call.quoted(data[_NFC_NAME][:size])
    return f"{text}, {_NFC_POINT.inner(call, data)}, service_name={name}, service_name_len={size}"


# Qualcomm's router, XDP and MCTP.

_QRTR: Final = Layout(
    ("", 4, None), ("sq_node", 4, fields.choice(QIPCRTR_NODES)), ("sq_port", 4, fields.choice(QIPCRTR_PORTS))
)
_XDP: Final = Layout(
    ("", 2, None),
    ("sxdp_flags", 2, fields.flags(XDP_SOCKADDR_FLAGS, unknown="XDP_???")),
    ("sxdp_ifindex", 4, interface),
    ("sxdp_queue_id", 4, fields.unsigned),
)


def _xdp(call: Call, data: bytes, _length: int) -> str:
    shares = word(data[2:4]) & 1
    other = data[12:16]
    text = _XDP.inner(call, data)
    if not shares and not any(other):
        return text
    return f"{text}, sxdp_shared_umem_fd={(fields.descriptor if shares else fields.hexa)(call, other)}"


_MCTP: Final = Layout(
    ("", 2, None),
    ("", 2, fields.optional("__smctp_pad0", fields.hexa)),
    ("smctp_network", 4, fields.choice(MCTP_NETS)),
    ("smctp_addr", 1, Layout(("s_addr", 1, fields.choice(MCTP_ADDRS)))),
    ("smctp_type", 1, fields.hexa),
    ("smctp_tag", 1, fields.hexa),
    ("", 1, fields.optional("__smctp_pad1", fields.hexa)),
)

RARE_FAMILIES: Final[dict[int, tuple[int, Printer]]] = {
    3: (16, _ax25),
    4: (16, plain(_IPX)),
    9: (18, plain(_X25)),
    31: (3, _bluetooth),
    33: (36, _rxrpc),
    36: (20, _ieee802154),
    38: (25, _alg),
    39: (16, _nfc),
    42: (12, plain(_QRTR)),
    44: (16, _xdp),
    45: (12, plain(_MCTP)),
}
"""A family's number to the least length of its addresses, and how they are printed."""
