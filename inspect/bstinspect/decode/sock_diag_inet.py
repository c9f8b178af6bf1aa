"""Questions about TCP, UDP and other internet sockets, and their answers (strace's netlink_inet_diag.c)."""

from __future__ import annotations

import socket
from typing import Any, Final

from bstinspect.decode import attributes as a
from bstinspect.decode import fields, internet
from bstinspect.decode.addresses import STORAGE, address_text
from bstinspect.decode.attributes import Attributes, Message
from bstinspect.decode.call import Call, pointer
from bstinspect.decode.constants import netlink as names
from bstinspect.decode.constants.network import ADDRFAMS, INET_PROTOCOLS
from bstinspect.decode.fields import Layout, Value, hex_buffer, word

cookie: Final = fields.list_of(4, fields.unsigned)
_PAGE: Final = 4096


def socket_identity(family: int) -> Value:
    """Make a printer of the ends of a connection."""
    return Layout(
        ("idiag_sport", 2, internet.port),
        ("idiag_dport", 2, internet.port),
        ("", 16, internet.internet_field(family, "idiag_src")),
        ("", 16, internet.internet_field(family, "idiag_dst")),
        ("idiag_if", 4, internet.interface),
        ("idiag_cookie", 8, cookie),
    )


# Filters: an operation, and what it needs.

_OPERATION: Final = Layout(
    ("code", 1, fields.choice(names.INET_DIAG_BYTECODES, unknown="INET_DIAG_BC_???")),
    ("yes", 1, fields.unsigned),
    ("no", 2, fields.unsigned),
)
_HOST: Final = Layout(
    ("family", 1, fields.choice(ADDRFAMS, unknown="AF_???")),
    ("prefix_len", 1, fields.unsigned),
    ("", 2, None),
    ("port", 4, fields.unsigned),
)


def _host(call: Call, address: int, length: int, _context: Any) -> str | None:
    if length < _HOST.size:
        return None
    data = call.fetch(address, _HOST.size)
    if data is None:
        return pointer(address)
    text = _HOST.inner(call, data)
    if length > _HOST.size:
        where, rest = address + _HOST.size, length - _HOST.size
        text += ", " + internet.internet_buffer(call, where, rest, data[0], "addr")
    return f"{{{text}}}"


_OPERANDS: Final[dict[int, a.Attribute]] = {
    **dict.fromkeys((2, 3, 4, 5), a.structure(_OPERATION)),
    **dict.fromkeys((7, 8), _host),
    9: a.interface,
    10: a.structure(Layout(*fields.unsigned_fields(4, "mark mask"))),
}


def _bytecode(call: Call, address: int, length: int, _context: Any) -> str | None:
    if length < _OPERATION.size:
        return None
    data = call.fetch(address, _OPERATION.size)
    if data is None:
        return pointer(address)
    text = _OPERATION(call, data)
    where, rest = address + _OPERATION.size, length - _OPERATION.size
    if not rest:
        return text
    operand = _OPERANDS.get(data[0])
    more = operand(call, where, rest, None) if operand else None
    return f"{text}, {hex_buffer(call, where, rest) if more is None else more}"


_QUESTION_ATTRIBUTES: Final = Attributes(
    names.INET_DIAG_REQ_ATTRS,
    "INET_DIAG_REQ_???",
    {"INET_DIAG_REQ_BYTECODE": _bytecode, "INET_DIAG_REQ_PROTOCOL": a.internet_protocol},
)
_EXTENSIONS: Final = fields.flags(names.INET_DIAG_EXTENDED_FLAGS, unknown="1<<INET_DIAG_???-1")
_STATES: Final = fields.flags(names.TCP_STATE_FLAGS, unknown="1<<TCP_???")


def _old_question(family: int) -> Message:
    return Message(
        "idiag_family",
        ("idiag_src_len", 1, fields.unsigned),
        ("idiag_dst_len", 1, fields.unsigned),
        ("idiag_ext", 1, _EXTENSIONS),
        ("id", 48, socket_identity(family)),
        ("idiag_states", 4, _STATES),
        ("idiag_dbs", 4, fields.unsigned),
        attributes=_QUESTION_ATTRIBUTES,
    )


def _question(family: int) -> Message:
    return Message(
        "sdiag_family",
        ("sdiag_protocol", 1, fields.choice(INET_PROTOCOLS, unknown="IPPROTO_???")),
        ("idiag_ext", 1, _EXTENSIONS),
        ("", 1, None),
        ("idiag_states", 4, _STATES),
        ("id", 48, socket_identity(family)),
        attributes=_QUESTION_ATTRIBUTES,
    )


# Answers.


def _key(call: Call, data: bytes) -> str:
    """Print a key of TCP's MD5 signatures (RFC 2385)."""
    family, prefix, length = data[0], data[1], word(data[2:4])
    parts = [
        f"tcpm_family={call.choice(family, ADDRFAMS, unknown='AF_???')}",
        f"tcpm_prefixlen={prefix}",
        f"tcpm_keylen={length}",
        internet.internet_address(call, family, data[4:20], "tcpm_addr"),
        f"tcpm_key={fields.hex_string(data[20:100][:length])}",
    ]
    return f"{{{', '.join(parts)}}}"


_FLAG_NAMES: Final = (
    "recverr is_icsk freebind hdrincl mc_loop transparent mc_all nodefrag "
    "bind_address_no_port recverr_rfc4884 defer_connect"
)


def _socket_flags(call: Call, address: int, length: int, _context: Any) -> str | None:
    """Print options that are one bit each; with abbreviation only those that are on."""
    if length < 2:
        return None
    data = call.fetch(address, 2)
    if data is None:
        return pointer(address)
    bits = word(data)
    parts = []
    for place, name in enumerate(_FLAG_NAMES.split()):
        if not call.abbreviated or bits >> place & 1:
            parts.append(f"{name}={bits >> place & 1}")
    if not call.abbreviated or bits >> 11:
        parts.append(f"unused={fields.hexa(call, bytes((bits >> 11,)))} /* bits 3..8 */")
    return f"{{{', '.join(parts)}}}{_nonzero(call, address + 2, min(length, _PAGE))}"


def _nonzero(call: Call, address: int, end: int) -> str:
    """Print the bytes from the third on, if there are any that are not zero (print_nonzero_bytes)."""
    if end <= 2:
        return ""
    data = call.peek(address, end - 2)
    if data is None:
        return ", ???"
    if not any(data):
        return ""
    shown = call.style.strings
    dots = "..." if len(data) > shown else ""
    return f", /* bytes 2..{end - 1} */ {fields.hex_string(data[:shown])}{dots}"


_TLS: Final = Attributes(
    names.INET_DIAG_ULP_INFO_TLS_ATTRS,
    "TLS_INFO_???",
    {
        "TLS_INFO_VERSION": a.choice(names.TLS_INFO_VERSIONS, "TLS_???_VERSION", 2),
        "TLS_INFO_CIPHER": a.choice(names.TLS_INFO_CIPHERS, "TLS_CIPHER_???", 2),
        "TLS_INFO_TXCONF": a.choice(names.TLS_INFO_CONFIGS, "TLS_CONF_???", 2),
        "TLS_INFO_RXCONF": a.choice(names.TLS_INFO_CONFIGS, "TLS_CONF_???", 2),
    },
)
_MPTCP: Final = Attributes(
    names.INET_DIAG_ULP_INFO_MPTCP_ATTRS,
    "MPTCP_SUBFLOW_ATTR_???",
    {
        f"MPTCP_SUBFLOW_ATTR_{name}": value
        for name, value in (
            ("TOKEN_REM", a.x32),
            ("TOKEN_LOC", a.x32),
            ("RELWRITE_SEQ", a.u32),
            ("MAP_SEQ", a.u64),
            ("MAP_SFSEQ", a.u32),
            ("SSN_OFFSET", a.u32),
            ("MAP_DATALEN", a.u16),
            ("FLAGS", a.flags(names.MPTCP_SUBFLOW_FLAGS, "MPTCP_SUBFLOW_FLAG_???", 4)),
            ("ID_REM", a.u8),
            ("ID_LOC", a.u8),
        )
    },
)
_PROTOCOLS_ABOVE: Final = Attributes(
    names.INET_DIAG_ULP_INFO_ATTRS,
    "INET_ULP_INFO_???",
    {"INET_ULP_INFO_NAME": a.string, "INET_ULP_INFO_TLS": _TLS, "INET_ULP_INFO_MPTCP": _MPTCP},
)
_STORAGE: Final = Attributes(
    names.INET_DIAG_BPF_STORAGE_ATTRS,
    "SK_DIAG_BPF_STORAGE_???",
    {"SK_DIAG_BPF_STORAGE_MAP_ID": a.u32, "SK_DIAG_BPF_STORAGE_MAP_VALUE": a.any_hexa},
)
_STORAGES: Final = Attributes(
    names.INET_DIAG_BPF_STORAGES_ATTRS, "SK_DIAG_BPF_STORAGE_???", {"SK_DIAG_BPF_STORAGE": _STORAGE}
)
_SHUTDOWN: Final = fields.verbose_flags(names.INET_DIAG_SHUTDOWN_FLAGS, unknown="???_SHUTDOWN")


def _shutdown(call: Call, address: int, length: int, _context: Any) -> str | None:
    if not 1 <= length <= 8:
        return None
    data = call.fetch_anyway(address, 1)
    return pointer(address) if data is None else _SHUTDOWN(call, data)


_ADDRESSES: Final = a.array(STORAGE, address_text)
_ANSWER_ATTRIBUTES: Final = Attributes(
    names.INET_DIAG_ATTRS,
    "INET_DIAG_???",
    {
        "INET_DIAG_MEMINFO": a.structure(
            Layout(*fields.unsigned_fields(4, "idiag_rmem idiag_wmem idiag_fmem idiag_tmem"))
        ),
        "INET_DIAG_VEGASINFO": a.structure(
            Layout(*fields.unsigned_fields(4, "tcpv_enabled tcpv_rttcnt tcpv_rtt tcpv_minrtt"))
        ),
        "INET_DIAG_CONG": a.string,
        **dict.fromkeys(("INET_DIAG_TOS", "INET_DIAG_TCLASS", "INET_DIAG_SKV6ONLY"), a.u8),
        "INET_DIAG_SKMEMINFO": a.memory_information,
        "INET_DIAG_SHUTDOWN": _shutdown,
        "INET_DIAG_DCTCPINFO": a.structure(
            Layout(
                *fields.unsigned_fields(2, "dctcp_enabled dctcp_ce_state"),
                *fields.unsigned_fields(4, "dctcp_alpha dctcp_ab_ecn dctcp_ab_tot"),
            )
        ),
        "INET_DIAG_PROTOCOL": a.internet_protocol,
        **dict.fromkeys(("INET_DIAG_LOCALS", "INET_DIAG_PEERS"), _ADDRESSES),
        **dict.fromkeys(("INET_DIAG_MARK", "INET_DIAG_CLASS_ID"), a.u32),
        "INET_DIAG_BBRINFO": a.structure(
            Layout(
                ("bbr_bw_lo", 4, fields.hexa),
                ("bbr_bw_hi", 4, fields.hexa),
                *fields.unsigned_fields(4, "bbr_min_rtt bbr_pacing_gain bbr_cwnd_gain"),
            )
        ),
        "INET_DIAG_MD5SIG": a.array(100, _key),
        "INET_DIAG_ULP_INFO": _PROTOCOLS_ABOVE,
        "INET_DIAG_SK_BPF_STORAGES": _STORAGES,
        "INET_DIAG_CGROUP_ID": a.u64,
        "INET_DIAG_SOCKOPT": _socket_flags,
    },
)


def _answer(family: int) -> Message:
    return Message(
        "idiag_family",
        ("idiag_state", 1, fields.choice(names.TCP_STATES, unknown="TCP_???")),
        ("idiag_timer", 1, fields.unsigned),
        ("idiag_retrans", 1, fields.unsigned),
        ("id", 48, socket_identity(family)),
        *fields.unsigned_fields(4, "idiag_expires idiag_rqueue idiag_wqueue idiag_uid idiag_inode"),
        attributes=_ANSWER_ATTRIBUTES,
    )


_FAMILIES: Final = (int(socket.AF_INET), int(socket.AF_INET6))
INTERNET_QUESTIONS: Final = {
    True: {family: _old_question(family) for family in _FAMILIES},
    False: {family: _question(family) for family in _FAMILIES},
}
"""Questions in the old form (Linux 2.6) and in the new one."""
INTERNET_ANSWERS: Final = {family: _answer(family) for family in _FAMILIES}
