"""Socket options: their names, and how their values are printed (socket(7), ip(7), tcp(7), ipv6(7))."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode.old import call as show
from bstinspect.decode.names import errno_name
from bstinspect.decode.old.quote import quote_buffer

if TYPE_CHECKING:
    from bstinspect.decode.old.call import Call

LEVELS: Final = {
    0: "SOL_IP",
    1: "SOL_SOCKET",
    6: "SOL_TCP",
    17: "SOL_UDP",
    41: "SOL_IPV6",
    270: "SOL_NETLINK",
}
_SOCKET_OPTIONS: Final = dict(
    enumerate(
        [
            "SO_DEBUG",
            "SO_REUSEADDR",
            "SO_TYPE",
            "SO_ERROR",
            "SO_DONTROUTE",
            "SO_BROADCAST",
            "SO_SNDBUF",
            "SO_RCVBUF",
            "SO_KEEPALIVE",
            "SO_OOBINLINE",
            "SO_NO_CHECK",
            "SO_PRIORITY",
            "SO_LINGER",
            "SO_BSDCOMPAT",
            "SO_REUSEPORT",
            "SO_PASSCRED",
            "SO_PEERCRED",
            "SO_RCVLOWAT",
            "SO_SNDLOWAT",
            "SO_RCVTIMEO_OLD",
            "SO_SNDTIMEO_OLD",
            "SO_SECURITY_AUTHENTICATION",
            "SO_SECURITY_ENCRYPTION_TRANSPORT",
            "SO_SECURITY_ENCRYPTION_NETWORK",
            "SO_BINDTODEVICE",
            "SO_ATTACH_FILTER",
            "SO_DETACH_FILTER",
            "SO_PEERNAME",
            "SO_TIMESTAMP_OLD",
            "SO_ACCEPTCONN",
            "SO_PEERSEC",
            "SO_SNDBUFFORCE",
            "SO_RCVBUFFORCE",
            "SO_PASSSEC",
            "SO_TIMESTAMPNS_OLD",
            "SO_MARK",
            "SO_TIMESTAMPING_OLD",
            "SO_PROTOCOL",
            "SO_DOMAIN",
            "SO_RXQ_OVFL",
            "SO_WIFI_STATUS",
            "SO_PEEK_OFF",
            "SO_NOFCS",
            "SO_LOCK_FILTER",
            "SO_SELECT_ERR_QUEUE",
            "SO_BUSY_POLL",
            "SO_MAX_PACING_RATE",
            "SO_BPF_EXTENSIONS",
            "SO_INCOMING_CPU",
            "SO_ATTACH_BPF",
            "SO_ATTACH_REUSEPORT_CBPF",
            "SO_ATTACH_REUSEPORT_EBPF",
            "SO_CNX_ADVICE",
            "SCM_TIMESTAMPING_OPT_STATS",
            "SO_MEMINFO",
            "SO_INCOMING_NAPI_ID",
            "SO_COOKIE",
            "SCM_TIMESTAMPING_PKTINFO",
            "SO_PEERGROUPS",
            "SO_ZEROCOPY",
        ],
        1,
    )
)
_OPTIONS: Final = {
    0: {
        1: "IP_TOS", 2: "IP_TTL", 3: "IP_HDRINCL", 8: "IP_PKTINFO", 11: "IP_RECVERR",
        24: "IP_BIND_ADDRESS_NO_PORT",
    },
    1: _SOCKET_OPTIONS,
    6: {
        1: "TCP_NODELAY", 2: "TCP_MAXSEG", 3: "TCP_CORK", 4: "TCP_KEEPIDLE", 5: "TCP_KEEPINTVL",
        6: "TCP_KEEPCNT", 7: "TCP_SYNCNT", 8: "TCP_LINGER2", 9: "TCP_DEFER_ACCEPT", 11: "TCP_INFO",
        12: "TCP_QUICKACK",
        13: "TCP_CONGESTION", 18: "TCP_USER_TIMEOUT", 23: "TCP_FASTOPEN",
    },
    41: {25: "IPV6_RECVERR", 26: "IPV6_V6ONLY", 49: "IPV6_RECVPKTINFO", 67: "IPV6_TCLASS"},
}  # fmt: skip
_PREFIXES: Final = {0: "IP_???", 1: "SO_???", 6: "TCP_???", 41: "IPV6_???"}
_CREDENTIALS: Final = 17
_LINGER: Final = 13


def option(call: Call) -> str:
    """Print the option's name, which depends on its level."""
    level = show.u32(call[1])
    if level not in _OPTIONS:
        return str(show.s32(call[2]))
    return show.choice_text(show.u32(call[2]), _OPTIONS[level], _PREFIXES[level])


def _option_text(level: int, name: int, data: bytes) -> str:
    if (level, name) == (1, _CREDENTIALS) and len(data) == 12:
        pid, uid, gid = struct.unpack("<iii", data)
        return f"{{pid={pid}, uid={uid}, gid={gid}}}"
    if (level, name) == (1, _LINGER) and len(data) == 8:
        on, seconds = struct.unpack("<ii", data)
        return f"{{l_onoff={on}, l_linger={seconds}}}"
    if (level, name) == (1, 4) and len(data) == 4:
        error = int.from_bytes(data, "little")
        return f"[{errno_name(error) if error else 0}]"
    if len(data) == 4 and (level, name) != (1, 25):
        return f"[{int.from_bytes(data, 'little', signed=True)}]"
    return quote_buffer(data, len(data))


def option_in(call: Call) -> str:
    """Print a value that setsockopt hands over."""
    length = show.s32(call[4])
    data = call.memory.exactly(call[3], length) if 0 < length <= 128 else None
    return show.pointer(call[3]) if data is None else _option_text(show.u32(call[1]), show.u32(call[2]), data)


def option_out(call: Call) -> str:
    """Print a value that getsockopt stored."""
    length = call.memory.integer(call[4])
    data = None if show.failed(call) or not length else call.memory.at(call[3])
    if data is None or length is None or not 0 < length <= len(data):
        return show.pointer(call[3])
    return _option_text(show.u32(call[1]), show.u32(call[2]), data[:length])
