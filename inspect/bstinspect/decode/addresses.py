"""Socket addresses (unix(7), ip(7), ipv6(7), netlink(7), packet(7), vsock(7)); more: `addresses_rare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode import fields
from bstinspect.decode.addresses_rare import RARE_FAMILIES, Printer, plain
from bstinspect.decode.call import Call, pointer, s32
from bstinspect.decode.constants.network import (
    ADDRFAMS,
    AF_PACKET_TYPES,
    ARP_HARDWARE_TYPES,
    ETHERNET_PROTOCOLS,
    VSOCK_CIDS,
    VSOCK_FLAGS,
    VSOCK_PORTS,
)
from bstinspect.decode.fields import Layout
from bstinspect.decode.internet import INTERNET, SHORTEST_INTERNET6, interface, internet6_text
from bstinspect.decode.style import Constants

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

STORAGE: Final = 128
"""The size of ``struct sockaddr_storage``: nothing of a longer address is looked at."""
_UNIX: Final = 110


def _unix(call: Call, data: bytes, length: int) -> str:
    path = data[2 : min(length, _UNIX)]
    if path.startswith(b"\0"):
        return f"sun_path=@{call.quoted(path[1:])}"
    return f"sun_path={call.quoted(path.partition(bytes(1))[0])}"


def _hardware_protocol(call: Call, data: bytes) -> str:
    number = int.from_bytes(data, "big")
    words = fields.in_style(
        call, Constants.ABBREV, lambda: call.choice(number, ETHERNET_PROTOCOLS, unknown="ETH_P_???")
    )
    return fields.both(call, data, f"htons({words})")


_PACKET: Final = Layout(
    ("", 2, None),
    ("sll_protocol", 2, _hardware_protocol),
    ("sll_ifindex", 4, interface),
    ("sll_hatype", 2, fields.choice(ARP_HARDWARE_TYPES, unknown="ARPHRD_???")),
    ("sll_pkttype", 1, fields.choice(AF_PACKET_TYPES, unknown="PACKET_???")),
    ("sll_halen", 1, fields.unsigned),
)


def _packet(call: Call, data: bytes, length: int) -> str:
    text = _PACKET.inner(call, data)
    count = data[_PACKET.size - 1]
    if not count:
        return text
    there = min(count, length - _PACKET.size)
    parts = [fields.padded_hexa(call, bytes((each,))) for each in data[_PACKET.size :][:there]]
    if there < count:
        parts.append("...")
    return f"{text}, sll_addr=[{', '.join(parts)}]"


_NETLINK: Final = Layout(
    ("", 2, None),
    ("", 2, fields.optional("nl_pad", fields.hexa)),
    ("nl_pid", 4, fields.process),
    ("nl_groups", 4, fields.padded_hexa),
)


def _vsock(call: Call, data: bytes, _length: int) -> str:
    parts = [
        fields.optional("svm_reserved1", fields.hexa)(call, data[2:4]),
        f"svm_cid={fields.choice(VSOCK_CIDS)(call, data[8:12])}",
        f"svm_port={fields.choice(VSOCK_PORTS)(call, data[4:8])}",
        f"svm_flags={fields.flags(VSOCK_FLAGS, unknown='VMADDR_FLAG_???')(call, data[12:13])}",
        fields.optional("svm_zero", fields.hex_bytes)(call, data[13:16]),
    ]
    return ", ".join(filter(None, parts))


def _unknown(call: Call, data: bytes, length: int) -> str:
    return f"sa_data={call.quoted(data[2:length])}"


_FAMILIES: Final[dict[int, tuple[int, Printer]]] = {
    **RARE_FAMILIES,
    1: (3, _unix),
    2: (16, plain(INTERNET)),
    10: (SHORTEST_INTERNET6, internet6_text),
    16: (12, plain(_NETLINK)),
    17: (20, _packet),
    40: (16, _vsock),
}
"""A family's number to the least length of its addresses, and how they are printed."""


def address_text(call: Call, data: bytes) -> str:
    """Print a ``struct sockaddr`` (strace's print_sockaddr)."""
    length = min(len(data), STORAGE)
    padded = data[:length].ljust(STORAGE + 1, b"\0")
    family = fields.word(padded[:2])
    text = f"sa_family={call.choice(family, ADDRFAMS, unknown='AF_???')}"
    if length > 2:
        least, show = _FAMILIES.get(family, (0, _unknown))
        text += ", " + (show if length >= least else _unknown)(call, padded, length)
    return f"{{{text}}}"


def address_buffer(call: Call, address: int, length: int) -> tuple[str, int]:
    """Print an address in memory, and return its family too, -1 if unknown (strace's decode_sockaddr)."""
    size = s32(length)
    data = call.fetch(address, min(size, STORAGE)) if size >= 2 else None
    if data is None:
        return pointer(address), -1
    return address_text(call, data), fields.word(data[:2])


def address_in(index: int, length_index: int) -> Argument:
    """Print an address that the call hands over."""
    return lambda call: address_buffer(call, call[index], call[length_index])[0]
