"""Messages of sock_diag(7): questions about sockets and their answers (strace's netlink_*_diag.c)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from bstinspect.decode import attributes as a
from bstinspect.decode import fields, internet
from bstinspect.decode.attributes import Attributes, Message
from bstinspect.decode.bpf_filter import socket_operand, statements_text
from bstinspect.decode.call import Call, pointer
from bstinspect.decode.constants import netlink as names
from bstinspect.decode.constants.network import ETHERNET_PROTOCOLS, SOCKTYPES
from bstinspect.decode.fields import Layout, word
from bstinspect.decode.sock_diag_inet import INTERNET_ANSWERS, INTERNET_QUESTIONS, cookie
from bstinspect.decode.sock_diag_smc import SMC_ANSWER, SMC_QUESTION
from bstinspect.decode.structures import device

if TYPE_CHECKING:
    from bstinspect.decode.netlink_types import Header

Diagnosis: TypeAlias = Callable[[Call, int, int, int], str]
_NLMSG_DONE: Final = 3
_REQUEST: Final = 1
_OLD_QUESTIONS: Final = (18, 19)
"""TCPDIAG_GETSOCK, DCCPDIAG_GETSOCK."""
_TYPE: Final = fields.choice(SOCKTYPES, unknown="SOCK_???")

# unix(7).

_UNIX_QUESTION: Final = Message(
    "sdiag_family",
    ("sdiag_protocol", 1, fields.unsigned),
    ("", 2, None),
    ("udiag_states", 4, fields.flags(names.TCP_STATE_FLAGS, unknown="1<<TCP_???")),
    ("udiag_ino", 4, fields.unsigned),
    ("udiag_show", 4, fields.flags(names.UNIX_DIAG_SHOW, unknown="UDIAG_SHOW_???")),
    ("udiag_cookie", 8, cookie),
)


def _file(call: Call, data: bytes) -> str:
    """Print the file that a socket is bound to."""
    return f"{{udiag_vfs_dev={device(call, word(data[4:]))}, udiag_vfs_ino={word(data[:4])}}}"


_UNIX_ANSWER: Final = Message(
    "udiag_family",
    ("udiag_type", 1, _TYPE),
    ("udiag_state", 1, fields.choice(names.TCP_STATES, unknown="TCP_???")),
    ("", 1, None),
    ("udiag_ino", 4, fields.unsigned),
    ("udiag_cookie", 8, cookie),
    attributes=Attributes(
        names.UNIX_DIAG_ATTRS,
        "UNIX_DIAG_???",
        {
            "UNIX_DIAG_NAME": a.string,
            "UNIX_DIAG_VFS": a.fixed(8, _file),
            "UNIX_DIAG_PEER": a.u32,
            "UNIX_DIAG_ICONS": a.array(4, fields.unsigned),
            "UNIX_DIAG_RQLEN": a.structure(Layout(*fields.unsigned_fields(4, "udiag_rqueue udiag_wqueue"))),
            "UNIX_DIAG_MEMINFO": a.memory_information,
            "UNIX_DIAG_SHUTDOWN": a.u8,
            "UNIX_DIAG_UID": a.user,
        },
    ),
)

# netlink(7).

_ALL_PROTOCOLS: Final = 0xFF
_RING: Final = a.structure(
    Layout(*fields.unsigned_fields(4, "ndr_block_size ndr_block_nr ndr_frame_size ndr_frame_nr"))
)
_NETLINK_QUESTION: Final = Message(
    "sdiag_family",
    (
        "sdiag_protocol",
        1,
        fields.choice({_ALL_PROTOCOLS: "NDIAG_PROTO_ALL"}, names.NETLINK_PROTOCOLS, unknown="NETLINK_???"),
    ),
    ("", 2, None),
    ("ndiag_ino", 4, fields.unsigned),
    ("ndiag_show", 4, fields.flags(names.NETLINK_DIAG_SHOW, unknown="NDIAG_SHOW_???")),
    ("ndiag_cookie", 8, cookie),
)
_NETLINK_ANSWER: Final = Message(
    "ndiag_family",
    ("ndiag_type", 1, _TYPE),
    ("ndiag_protocol", 1, fields.choice(names.NETLINK_PROTOCOLS, unknown="NETLINK_???")),
    ("ndiag_state", 1, fields.choice(names.NETLINK_STATES, unknown="NETLINK_???")),
    *fields.unsigned_fields(4, "ndiag_portid ndiag_dst_portid ndiag_dst_group ndiag_ino"),
    ("ndiag_cookie", 8, cookie),
    attributes=Attributes(
        names.NETLINK_DIAG_ATTRS,
        "NETLINK_DIAG_???",
        {
            "NETLINK_DIAG_MEMINFO": a.memory_information,
            "NETLINK_DIAG_GROUPS": a.array(8, fields.padded_hexa),
            "NETLINK_DIAG_RX_RING": _RING,
            "NETLINK_DIAG_TX_RING": _RING,
            "NETLINK_DIAG_FLAGS": a.fixed(
                4, fields.flags(names.NETLINK_SOCKET_FLAGS, unknown="NDIAG_FLAG_???")
            ),
        },
    ),
)

# packet(7).


def _packet_group(call: Call, data: bytes) -> str:
    length = min(word(data[10:12]), 32)
    return f"{{{_PACKET_GROUP.inner(call, data)}, pdmc_addr={fields.hex_string(data[12 : 12 + length])}}}"


_PACKET_GROUP: Final = Layout(
    ("pdmc_index", 4, internet.interface),
    ("pdmc_count", 4, fields.unsigned),
    ("pdmc_type", 2, fields.unsigned),
    ("pdmc_alen", 2, fields.unsigned),
)
_PACKET_RING: Final = a.structure(
    Layout(
        *fields.unsigned_fields(
            4,
            "pdr_block_size pdr_block_nr pdr_frame_size pdr_frame_nr pdr_retire_tmo pdr_sizeof_priv "
            "pdr_features",
        )
    )
)


def _packet_filter(call: Call, address: int, length: int, _context: Any) -> str | None:
    count = length // 8
    return statements_text(call, address, count, socket_operand) if 0 < count < 1 << 16 else None


_PACKET_QUESTION: Final = Message(
    "sdiag_family",
    ("sdiag_protocol", 1, fields.hexa),
    ("", 2, None),
    ("pdiag_ino", 4, fields.unsigned),
    ("pdiag_show", 4, fields.flags(names.PACKET_DIAG_SHOW, unknown="PACKET_SHOW_???")),
    ("pdiag_cookie", 8, cookie),
)
_PACKET_ANSWER: Final = Message(
    "pdiag_family",
    ("pdiag_type", 1, _TYPE),
    ("pdiag_num", 2, fields.choice(ETHERNET_PROTOCOLS, unknown="ETH_P_???")),
    ("pdiag_ino", 4, fields.unsigned),
    ("pdiag_cookie", 8, cookie),
    attributes=Attributes(
        names.PACKET_DIAG_ATTRS,
        "PACKET_DIAG_???",
        {
            "PACKET_DIAG_INFO": a.structure(
                Layout(
                    ("pdi_index", 4, internet.interface),
                    ("pdi_version", 4, fields.choice(names.AF_PACKET_VERSIONS, unknown="TPACKET_???")),
                    *fields.unsigned_fields(4, "pdi_reserve pdi_copy_thresh pdi_tstamp"),
                    ("pdi_flags", 4, fields.flags(names.PACKET_DIAG_INFO_FLAGS, unknown="PDI_???")),
                )
            ),
            "PACKET_DIAG_MCLIST": a.array(44, _packet_group),
            "PACKET_DIAG_RX_RING": _PACKET_RING,
            "PACKET_DIAG_TX_RING": _PACKET_RING,
            "PACKET_DIAG_FANOUT": a.u32,
            "PACKET_DIAG_UID": a.user,
            "PACKET_DIAG_MEMINFO": a.memory_information,
            "PACKET_DIAG_FILTER": _packet_filter,
        },
    ),
)

_QUESTIONS: Final[dict[int, Diagnosis]] = {
    1: _UNIX_QUESTION,
    16: _NETLINK_QUESTION,
    17: _PACKET_QUESTION,
    43: SMC_QUESTION,
}
_ANSWERS: Final[dict[int, Diagnosis]] = {
    1: _UNIX_ANSWER,
    **INTERNET_ANSWERS,
    16: _NETLINK_ANSWER,
    17: _PACKET_ANSWER,
    43: SMC_ANSWER,
}


def payload(call: Call, header: Header, address: int, length: int) -> str | None:
    """Print what follows the header of a message (decode_netlink_sock_diag)."""
    _, kind, flags, _, _ = header
    if kind == _NLMSG_DONE:
        return None
    data = call.fetch(address, 1)
    if data is None:
        return pointer(address)
    family = data[0]
    table = _ANSWERS
    if flags & _REQUEST:
        table = {**_QUESTIONS, **INTERNET_QUESTIONS[kind in _OLD_QUESTIONS]}
    message = table.get(family, a.unknown_family) if length > 1 else a.unknown_family
    return message(call, address, length, family)
