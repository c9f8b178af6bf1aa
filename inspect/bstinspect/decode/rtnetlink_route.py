"""Routes (strace's rtnl_route.c)."""

from __future__ import annotations

from typing import Any, Final

from bstinspect.decode import attributes as a
from bstinspect.decode import fields, internet
from bstinspect.decode.attributes import Attribute, Attributes, Message
from bstinspect.decode.call import Call, pointer
from bstinspect.decode.constants import rtnetlink as names
from bstinspect.decode.constants.network import ADDRFAMS
from bstinspect.decode.fields import Layout, word

table_number: Final = a.fixed(4, fields.choice(names.ROUTING_TABLE_IDS))
route_protocol: Final = a.fixed(1, fields.choice(names.ROUTING_PROTOCOLS, unknown="RTPROT_???"))
encapsulation: Final = a.fixed(2, fields.choice(names.LWTUNNEL_ENCAP_TYPES, unknown="LWTUNNEL_ENCAP_???"))

_RTAX_CC_ALGO: Final = 16
_METRICS: Final = Attributes(
    names.RTNL_RTA_METRICS_ATTRS,
    "RTAX_???",
    {
        **dict.fromkeys(
            (name for number, name in names.RTNL_RTA_METRICS_ATTRS.items() if 0 < number < _RTAX_CC_ALGO),
            a.u32,
        ),
        "RTAX_CC_ALGO": a.string,
    },
)
_CACHE: Final = Layout(
    *fields.unsigned_fields(4, "rta_clntref rta_lastuse rta_expires rta_error rta_used"),
    ("rta_id", 4, fields.hexa),
    *fields.unsigned_fields(4, "rta_ts rta_tsage"),
)
_NEXT_HOP: Final = Layout(
    ("rtnh_len", 2, fields.unsigned),
    ("rtnh_flags", 1, fields.flags(names.ROUTE_NEXTHOP_FLAGS, unknown="RTNH_F_???")),
    ("rtnh_hops", 1, fields.unsigned),
    ("rtnh_ifindex", 4, internet.interface),
)


def _via(call: Call, address: int, length: int, _context: Any) -> str | None:
    """Print an address of another family than the route's."""
    if length < 2:
        return None
    data = call.fetch(address, 2)
    if data is None:
        return pointer(address)
    family = word(data)
    text = f"rtvia_family={call.choice(family, ADDRFAMS, unknown='AF_???')}"
    if length > 2:
        text += ", " + internet.internet_buffer(call, address + 2, length - 2, family, "rtvia_addr")
    return f"{{{text}}}"


def _multipath(call: Call, address: int, length: int, family: int) -> str | None:
    """Print the hops of a route over several interfaces, each with attributes of its own."""
    if length < _NEXT_HOP.size:
        return None
    parts: list[str] = []
    several = False
    while True:
        data = call.fetch(address, _NEXT_HOP.size)
        if data is None:
            parts.append(f"{parts.pop() if parts else ''}{pointer(address)}")
            break
        size = word(data[:2])
        several = several or (not parts and size < length)
        there = min(size, length)
        text = _NEXT_HOP(call, data)
        if there > _NEXT_HOP.size:
            more = _ROUTE_ATTRIBUTES(call, address + _NEXT_HOP.size, there - _NEXT_HOP.size, family)
            text = f"[{text}, {more}]"
        parts.append(text)
        aligned = there + 3 & ~3
        if not aligned or aligned >= length:
            break
        address, length = address + aligned, length - aligned
    text = ", ".join(parts)
    return f"[{text}]" if several else text


_VALUES: Final[dict[str, Attribute]] = {
    **dict.fromkeys(("RTA_DST", "RTA_SRC", "RTA_GATEWAY", "RTA_PREFSRC", "RTA_NEWDST"), a.family_address),
    **dict.fromkeys(("RTA_IIF", "RTA_OIF"), a.interface),
    **dict.fromkeys(
        ("RTA_PRIORITY", "RTA_PROTOINFO", "RTA_FLOW", "RTA_MP_ALGO", "RTA_MARK", "RTA_UID"), a.u32
    ),
    **dict.fromkeys(("RTA_PREF", "RTA_TTL_PROPAGATE", "RTA_IP_PROTO"), a.u8),
    **dict.fromkeys(("RTA_SPORT", "RTA_DPORT"), a.u16),
    "RTA_METRICS": _METRICS,
    "RTA_MULTIPATH": _multipath,
    "RTA_CACHEINFO": a.structure(_CACHE),
    "RTA_TABLE": table_number,
    "RTA_MFC_STATS": a.structure(Layout(*fields.unsigned_fields(8, "mfcs_packets mfcs_bytes mfcs_wrong_if"))),
    "RTA_VIA": _via,
    "RTA_ENCAP_TYPE": encapsulation,
    "RTA_EXPIRES": a.u64,
}
_ROUTE_ATTRIBUTES: Final = Attributes(names.RTNL_ROUTE_ATTRS, "RTA_???", _VALUES)

ROUTE: Final = Message(
    "rtm_family",
    ("rtm_dst_len", 1, fields.unsigned),
    ("rtm_src_len", 1, fields.unsigned),
    ("rtm_tos", 1, fields.flags(names.IP_TYPE_OF_SERVICES, unknown="IPTOS_TOS_???")),
    ("rtm_table", 1, fields.choice(names.ROUTING_TABLE_IDS)),
    ("rtm_protocol", 1, fields.choice(names.ROUTING_PROTOCOLS, unknown="RTPROT_???")),
    ("rtm_scope", 1, fields.choice(names.ROUTING_SCOPES)),
    ("rtm_type", 1, fields.choice(names.ROUTING_TYPES, unknown="RTN_???")),
    ("rtm_flags", 4, fields.flags(names.ROUTING_FLAGS, unknown="RTM_F_???")),
    attributes=_ROUTE_ATTRIBUTES,
)
