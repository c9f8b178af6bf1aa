"""Next hops of routes, which several routes may share (strace's rtnl_nh.c)."""

from __future__ import annotations

from typing import Final

from bstinspect.decode import attributes as a
from bstinspect.decode import fields
from bstinspect.decode.attributes import Attributes, Message
from bstinspect.decode.constants import rtnetlink as names
from bstinspect.decode.fields import Layout
from bstinspect.decode.rtnetlink_route import encapsulation

_MEMBER: Final = Layout(
    ("id", 4, fields.unsigned),
    ("weight", 1, fields.unsigned),
    ("", 1, fields.optional("resvd1", fields.hexa)),
    ("", 2, fields.optional("resvd2", fields.hexa)),
)
_RESILIENT_GROUP: Final = Attributes(
    names.RTNL_NHA_RES_GROUP_ATTRS,
    "NHA_RES_GROUP_???",
    {
        "NHA_RES_GROUP_BUCKETS": a.u16,
        "NHA_RES_GROUP_IDLE_TIMER": a.ticks,
        "NHA_RES_GROUP_UNBALANCED_TIMER": a.ticks,
        "NHA_RES_GROUP_UNBALANCED_TIME": a.ticks,
    },
)
_RESILIENT_BUCKET: Final = Attributes(
    names.RTNL_NHA_RES_BUCKET_ATTRS,
    "NHA_RES_BUCKET_???",
    {
        "NHA_RES_BUCKET_INDEX": a.u16,
        "NHA_RES_BUCKET_IDLE_TIME": a.ticks,
        "NHA_RES_BUCKET_NH_ID": a.u32,
    },
)

NEXTHOP: Final = Message(
    "nh_family",
    ("nh_scope", 1, fields.choice(names.ROUTING_SCOPES)),
    ("nh_protocol", 1, fields.choice(names.ROUTING_PROTOCOLS, unknown="RTPROT_???")),
    ("", 1, fields.optional("resvd", fields.hexa)),
    ("nh_flags", 4, fields.flags(names.ROUTE_NEXTHOP_FLAGS, unknown="RTNH_F_???")),
    attributes=Attributes(
        names.RTNL_NEXTHOP_ATTRS,
        "NHA_???",
        {
            **dict.fromkeys(("NHA_ID", "NHA_BLACKHOLE", "NHA_GROUPS", "NHA_FDB"), a.u32),
            "NHA_GROUP": a.array(_MEMBER.size, _MEMBER),
            "NHA_GROUP_TYPE": a.choice(names.RTNL_NEXTHOP_GRP_TYPES, "NEXTHOP_GRP_TYPE_???", 2),
            "NHA_OIF": a.interface,
            "NHA_MASTER": a.interface,
            "NHA_GATEWAY": a.family_address,
            "NHA_ENCAP_TYPE": encapsulation,
            "NHA_RES_GROUP": _RESILIENT_GROUP,
            "NHA_RES_BUCKET": _RESILIENT_BUCKET,
        },
    ),
)
