"""Types and flags of netlink messages: what they are called depends on the protocol (strace's netlink.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from bstinspect.decode.constants import netlink as names
from bstinspect.decode.constants.rtnetlink import NL_ROUTE_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.decode.call import Call


class Protocol(NamedTuple):
    """A netlink protocol."""

    number: int
    """For example 0 (NETLINK_ROUTE); -1 where it is not known."""
    families: dict[int, str]
    """Of NETLINK_GENERIC: the families that are its types."""


Header: TypeAlias = tuple[int, int, int, int, int]
"""Length, type, flags, sequence number and port of a message."""
Payload: TypeAlias = "Callable[[Call, Header, int, int], str | None]"
"""(call, header, address, length) -> what follows a header; None where it is not known."""
_FIRST_OF_FAMILY: Final = 16
_NLMSG_ERROR: Final = 2
_ROUTE, _SOCK_DIAG, _XFRM, _NETFILTER, _GENERIC, _CRYPTO = 0, 4, 6, 12, 16, 21
_RTM_DELACTION: Final = 49

_TYPES: Final[dict[int, tuple[dict[int, str], str]]] = {
    _ROUTE: (NL_ROUTE_TYPES, "RTM_???"),
    _SOCK_DIAG: (names.NL_SOCK_DIAG_TYPES, "SOCK_DIAG_???"),
    _XFRM: (names.NL_XFRM_TYPES, "XFRM_MSG_???"),
    7: (names.NL_SELINUX_TYPES, "SELNL_MSG_???"),
    9: (names.NL_AUDIT_TYPES, "AUDIT_???"),
    _CRYPTO: (names.NL_CRYPTO_TYPES, "CRYPTO_MSG_???"),
}
"""A protocol's types. Those of the generic one only the running kernel knows."""
_NETFILTER_TYPES: Final[dict[int, tuple[dict[int, str], str]]] = {
    1: (names.NF_CTNETLINK_MSG_TYPES, "IPCTNL_MSG_CT_???"),
    2: (names.NF_CTNETLINK_EXP_MSG_TYPES, "IPCTNL_MSG_EXP_???"),
    3: (names.NF_QUEUE_MSG_TYPES, "NFQNL_MSG_???"),
    4: (names.NF_ULOG_MSG_TYPES, "NFULNL_MSG_???"),
    5: (names.NF_OSF_MSG_TYPES, "OSF_MSG_???"),
    6: (names.NF_IPSET_MSG_TYPES, "IPSET_CMD_???"),
    7: (names.NF_ACCT_MSG_TYPES, "NFNL_MSG_ACCT_???"),
    8: (names.NF_CTTIMEOUT_MSG_TYPES, "IPCTNL_MSG_TIMEOUT_???"),
    9: (names.NF_CTHELPER_MSG_TYPES, "NFNL_MSG_CTHELPER_???"),
    10: (names.NF_NFTABLES_MSG_TYPES, "NFT_MSG_???"),
    11: (names.NF_NFT_COMPAT_MSG_TYPES, "NFNL_MSG_COMPAT_???"),
    12: (names.NF_HOOK_MSG_TYPES, "NFT_MSG_HOOK_???"),
}
"""A netfilter subsystem's types."""


def type_text(call: Call, protocol: Protocol, kind: int) -> str:
    """Print the type of a message of a protocol."""
    if kind >= _FIRST_OF_FAMILY:
        if protocol.number == _NETFILTER:
            return _netfilter_type(call, kind)
        if protocol.number == _GENERIC:
            return call.choice(kind, protocol.families, unknown="GENERIC_FAMILY_???")
        if protocol.number in _TYPES:
            table, unknown = _TYPES[protocol.number]
            return call.choice(kind, table, unknown=unknown)
    return call.choice(kind, names.NETLINK_TYPES, unknown="NLMSG_???")


def _netfilter_type(call: Call, kind: int) -> str:
    """Print a type that is put together of a subsystem and its message."""
    if kind in names.NL_NETFILTER_MSG_TYPES:
        return call.constant(kind, names.NL_NETFILTER_MSG_TYPES[kind])
    subsystem, message = kind >> 8, kind & 0xFF
    table, unknown = _NETFILTER_TYPES.get(subsystem, ({}, ""))
    name = call.choice(subsystem, names.NL_NETFILTER_SUBSYS_IDS, unknown="NFNL_SUBSYS_???")
    return f"{name}<<8|{call.choice(message, table, unknown=unknown)}"


# Flags: some bits mean one thing in a message that makes something, another in one that asks.

_NEW, _DELETE, _GET = names.NETLINK_NEW_FLAGS, names.NETLINK_DELETE_FLAGS, names.NETLINK_GET_FLAGS
_ROUTE_FLAGS: Final[tuple[dict[int, str], ...]] = (_NEW, _DELETE, _GET, {})
_XFRM_FLAGS: Final = {
    **dict.fromkeys(("NEWSA", "NEWPOLICY", "NEWAE", "NEWSADINFO", "NEWSPDINFO"), _NEW),
    **dict.fromkeys(("DELSA", "DELPOLICY"), _DELETE),
    **dict.fromkeys(("GETSA", "GETPOLICY", "GETAE", "GETSADINFO", "GETSPDINFO"), _GET),
}
_CRYPTO_FLAGS: Final = {"NEWALG": _NEW, "DELALG": _DELETE, "DELRNG": _DELETE, "GETALG": _GET}
_NETFILTER_PREFIXES: Final = {
    1: "IPCTNL_MSG_CT_",
    2: "IPCTNL_MSG_EXP_",
    7: "NFNL_MSG_ACCT_",
    8: "IPCTNL_MSG_TIMEOUT_",
    9: "NFNL_MSG_CTHELPER_",
    10: "NFT_MSG_",
    11: "NFNL_MSG_COMPAT_",
    12: "NFNL_MSG_HOOK_",
}
"""The subsystems of netfilter whose types say what they do: what stands before the verb."""
_VERBS: Final = (("NEW", _NEW), ("GET", _GET), ("DEL", _DELETE))


def _netfilter_flags(kind: int) -> dict[int, str]:
    subsystem = kind >> 8
    prefix = _NETFILTER_PREFIXES.get(subsystem)
    if prefix is None:
        return {}
    name = _NETFILTER_TYPES[subsystem][0].get(kind & 0xFF, "")
    return next((table for verb, table in _VERBS if name.startswith(prefix + verb)), {})


def _special_flags(family: int, kind: int) -> dict[int, str]:
    """Return the flags that only some messages have."""
    if kind < _FIRST_OF_FAMILY:
        return names.NETLINK_ACK_FLAGS if kind == _NLMSG_ERROR else {}
    if family == _ROUTE:
        return _GET if kind == _RTM_DELACTION else _ROUTE_FLAGS[kind & 3]
    if family == _SOCK_DIAG:
        return _GET
    if family == _XFRM:
        return _XFRM_FLAGS.get(names.NL_XFRM_TYPES.get(kind, "").removeprefix("XFRM_MSG_"), {})
    if family == _CRYPTO:
        return _CRYPTO_FLAGS.get(names.NL_CRYPTO_TYPES.get(kind, "").removeprefix("CRYPTO_MSG_"), {})
    return _netfilter_flags(kind) if family == _NETFILTER else {}


def flags_text(call: Call, family: int, kind: int, flags: int) -> str:
    """Print the flags of a message."""
    return call.flags(flags, names.NETLINK_FLAGS, _special_flags(family, kind), unknown="NLM_F_???")
