"""Statistics of links (strace's rtnl_stats.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode import attributes as a
from bstinspect.decode import fields, internet
from bstinspect.decode.attributes import Attributes, Message
from bstinspect.decode.constants import rtnetlink as names
from bstinspect.decode.constants.network import ADDRFAMS
from bstinspect.decode.fields import Layout, word
from bstinspect.decode.lists import local_array
from bstinspect.decode.rtnetlink_link import statistics64

if TYPE_CHECKING:
    from bstinspect.decode.call import Call


def _directions(call: Call, data: bytes) -> str:
    """Print what was received and what was sent."""
    table = names.IFSTATS_XSTATS_BRIDGE_MCAST_INDICES
    values = (word(data[:8]), word(data[8:]))
    texts = [f"[{call.choice(index, table, number=str)}]={value}" for index, value in enumerate(values)]
    return local_array(call, texts)


def _both(names_of_fields: str) -> list[fields.Field]:
    return [(name, 16, _directions) for name in names_of_fields.split()]


_VLAN: Final = Layout(
    *fields.unsigned_fields(8, "rx_bytes rx_packets tx_bytes tx_packets"),
    ("vid", 2, fields.unsigned),
    ("flags", 2, fields.flags(names.NL_BRIDGE_VLAN_FLAGS, unknown="BRIDGE_VLAN_INFO_???")),
    ("", 4, fields.optional("pad2", fields.hexa)),
)
_MULTICAST: Final = Layout(
    *_both(
        "igmp_v1queries igmp_v2queries igmp_v3queries igmp_leaves igmp_v1reports igmp_v2reports "
        "igmp_v3reports"
    ),
    ("igmp_parse_errors", 8, fields.unsigned),
    *_both("mld_v1queries mld_v2queries mld_leaves mld_v1reports mld_v2reports"),
    ("mld_parse_errors", 8, fields.unsigned),
    *_both("mcast_bytes mcast_packets"),
)
_SPANNING_TREE: Final = Layout(
    *fields.unsigned_fields(8, "transition_blk transition_fwd rx_bpdu tx_bpdu rx_tcn tx_tcn")
)
_BOND: Final = Attributes(
    names.IFSTATS_XSTATS_BOND_3AD_ATTRS,
    "BOND_XSTATS_???",
    {name: a.u64 for name in names.IFSTATS_XSTATS_BOND_3AD_ATTRS.values() if name != "BOND_3AD_STAT_PAD"},
)
_KINDS: Final = Attributes(
    names.IFSTATS_XSTATS_TYPE_ATTRS,
    "LINK_XSTATS_TYPE_???",
    {
        "LINK_XSTATS_TYPE_BRIDGE": Attributes(
            names.IFSTATS_XSTATS_BRIDGE_ATTRS,
            "BRIDGE_XSTATS_???",
            {
                "BRIDGE_XSTATS_VLAN": a.followed(_VLAN),
                "BRIDGE_XSTATS_MCAST": a.followed(_MULTICAST),
                "BRIDGE_XSTATS_STP": a.followed(_SPANNING_TREE),
            },
        ),
        "LINK_XSTATS_TYPE_BOND": Attributes(
            names.IFSTATS_XSTATS_BOND_ATTRS, "BOND_XSTATS_???", {"BOND_XSTATS_3AD": _BOND}
        ),
    },
)
_MPLS: Final = Attributes(
    names.IFSTATS_AF_SPEC_MPLS_ATTRS,
    "MPLS_STATS_???",
    {
        "MPLS_STATS_LINK": a.followed(
            Layout(
                *fields.unsigned_fields(
                    8,
                    "rx_packets tx_packets rx_bytes tx_bytes rx_errors tx_errors rx_dropped tx_dropped "
                    "rx_noroute",
                )
            )
        )
    },
)

STATISTICS: Final = Message(
    "family",
    ("", 1, fields.optional("pad1", fields.hexa)),
    ("", 2, fields.optional("pad2", fields.hexa)),
    ("ifindex", 4, internet.interface),
    ("filter_mask", 4, fields.flags(names.IFSTATS_ATTR_FLAGS, unknown="1<<IFLA_STATS_???")),
    attributes=Attributes(
        names.IFSTATS_ATTRS,
        "IFLA_STATS_???",
        {
            "IFLA_STATS_LINK_64": statistics64,
            "IFLA_STATS_LINK_XSTATS": _KINDS,
            "IFLA_STATS_LINK_XSTATS_SLAVE": _KINDS,
            "IFLA_STATS_LINK_OFFLOAD_XSTATS": Attributes(
                names.IFSTATS_OFFLOAD_ATTRS,
                "IFLA_OFFLOAD_XSTATS_???",
                {"IFLA_OFFLOAD_XSTATS_CPU_HIT": statistics64},
            ),
            "IFLA_STATS_AF_SPEC": Attributes(ADDRFAMS, "AF_???", every=a.by_family({28: _MPLS})),
        },
    ),
)
