"""Bridges among links: their settings, their ports, their VLANs (strace's rtnl_link.c)."""

from __future__ import annotations

from typing import Final

from bstinspect.decode import attributes as a
from bstinspect.decode import fields, internet
from bstinspect.decode.attributes import Attribute, Attributes
from bstinspect.decode.constants import rtnetlink as names
from bstinspect.decode.fields import Layout
from bstinspect.decode.lists import local_array


def _each(attributes: str, value: Attribute) -> dict[str, Attribute]:
    return {f"IFLA_{name}": value for name in attributes.split()}


_IDENTITY: Final = a.structure(
    Layout(
        ("prio", 2, lambda call, data: local_array(call, [str(each) for each in data])),
        ("addr", 6, internet.hardware_address),
    )
)

BRIDGE_PORT: Final = Attributes(
    names.RTNL_IFLA_BRPORT_ATTRS,
    "IFLA_BRPORT_???",
    {
        **_each(
            "BRPORT_STATE BRPORT_MODE BRPORT_GUARD BRPORT_PROTECT BRPORT_FAST_LEAVE BRPORT_LEARNING", a.u8
        ),
        **_each("BRPORT_UNICAST_FLOOD BRPORT_PROXYARP BRPORT_LEARNING_SYNC BRPORT_PROXYARP_WIFI", a.u8),
        **_each("BRPORT_TOPOLOGY_CHANGE_ACK BRPORT_CONFIG_PENDING BRPORT_MULTICAST_ROUTER", a.u8),
        **_each("BRPORT_MCAST_FLOOD BRPORT_MCAST_TO_UCAST BRPORT_VLAN_TUNNEL BRPORT_BCAST_FLOOD", a.u8),
        **_each("BRPORT_NEIGH_SUPPRESS BRPORT_ISOLATED BRPORT_MRP_RING_OPEN BRPORT_MRP_IN_OPEN", a.u8),
        **_each("BRPORT_LOCKED", a.u8),
        **_each("BRPORT_PRIORITY BRPORT_DESIGNATED_PORT BRPORT_DESIGNATED_COST BRPORT_ID BRPORT_NO", a.u16),
        **_each("BRPORT_COST BRPORT_MCAST_EHT_HOSTS_LIMIT BRPORT_MCAST_EHT_HOSTS_CNT", a.u32),
        **_each("BRPORT_ROOT_ID BRPORT_BRIDGE_ID", _IDENTITY),
        **_each("BRPORT_MESSAGE_AGE_TIMER BRPORT_FORWARD_DELAY_TIMER BRPORT_HOLD_TIMER", a.ticks),
        "IFLA_BRPORT_GROUP_FWD_MASK": a.x16,
        "IFLA_BRPORT_BACKUP_PORT": a.interface,
    },
)

_OPTIONS: Final = fields.flags(names.RTNL_IFLA_BR_BOOLOPT_FLAGS, unknown="1<<BR_BOOLOPT_???")
BRIDGE_DATA: Final = Attributes(
    names.RTNL_IFLA_INFO_DATA_BRIDGE_ATTRS,
    "IFLA_BR_???",
    {
        **_each(
            "BR_FORWARD_DELAY BR_HELLO_TIME BR_MAX_AGE BR_AGEING_TIME BR_HELLO_TIMER BR_TCN_TIMER", a.ticks
        ),
        **_each("BR_TOPOLOGY_CHANGE_TIMER BR_GC_TIMER BR_MCAST_LAST_MEMBER_INTVL", a.ticks),
        **_each("BR_MCAST_MEMBERSHIP_INTVL BR_MCAST_QUERIER_INTVL BR_MCAST_QUERY_INTVL", a.ticks),
        **_each("BR_MCAST_QUERY_RESPONSE_INTVL BR_MCAST_STARTUP_QUERY_INTVL", a.ticks),
        **_each("BR_STP_STATE BR_ROOT_PATH_COST BR_MCAST_HASH_ELASTICITY BR_MCAST_HASH_MAX", a.u32),
        **_each("BR_MCAST_LAST_MEMBER_CNT BR_MCAST_STARTUP_QUERY_CNT", a.u32),
        **_each("BR_PRIORITY BR_ROOT_PORT BR_VLAN_DEFAULT_PVID", a.u16),
        **_each("BR_VLAN_FILTERING BR_TOPOLOGY_CHANGE BR_TOPOLOGY_CHANGE_DETECTED BR_MCAST_ROUTER", a.u8),
        **_each("BR_MCAST_SNOOPING BR_MCAST_QUERY_USE_IFADDR BR_MCAST_QUERIER BR_NF_CALL_IPTABLES", a.u8),
        **_each("BR_NF_CALL_IP6TABLES BR_NF_CALL_ARPTABLES BR_VLAN_STATS_ENABLED", a.u8),
        **_each("BR_MCAST_STATS_ENABLED BR_MCAST_IGMP_VERSION BR_MCAST_MLD_VERSION", a.u8),
        **_each("BR_VLAN_STATS_PER_PORT", a.u8),
        **_each("BR_ROOT_ID BR_BRIDGE_ID", _IDENTITY),
        "IFLA_BR_VLAN_PROTOCOL": a.ethernet_protocol,
        "IFLA_BR_GROUP_FWD_MASK": a.x16,
        "IFLA_BR_GROUP_ADDR": a.hardware_address,
        "IFLA_BR_MULTI_BOOLOPT": a.structure(Layout(("optval", 4, _OPTIONS), ("optmask", 4, _OPTIONS))),
        "IFLA_BR_MCAST_QUERIER_STATE": Attributes(
            names.RTNL_IFLA_BR_MCAST_QUERIER_ATTRS,
            "BRIDGE_QUERIER_???",
            {
                "BRIDGE_QUERIER_IP_ADDRESS": a.internet4,
                "BRIDGE_QUERIER_IPV6_ADDRESS": a.internet6,
                **dict.fromkeys(("BRIDGE_QUERIER_IP_PORT", "BRIDGE_QUERIER_IPV6_PORT"), a.interface),
                **dict.fromkeys(
                    ("BRIDGE_QUERIER_IP_OTHER_TIMER", "BRIDGE_QUERIER_IPV6_OTHER_TIMER"), a.ticks
                ),
            },
        ),
    },
)

_VLAN_FLAGS: Final = fields.flags(names.NL_BRIDGE_VLAN_FLAGS, unknown="BRIDGE_VLAN_INFO_???")
BRIDGE: Final = Attributes(
    names.RTNL_IFLA_AF_SPEC_BRIDGE_ATTRS,
    "IFLA_BRIDGE_???",
    {
        "IFLA_BRIDGE_FLAGS": a.flags(names.RTNL_IFLA_BRIDGE_FLAGS, "BRIDGE_FLAGS_???", 2),
        "IFLA_BRIDGE_MODE": a.choice(names.RTNL_IFLA_BRIDGE_MODES, "BRIDGE_MODE_???", 2),
        "IFLA_BRIDGE_VLAN_INFO": a.followed(Layout(("flags", 2, _VLAN_FLAGS), ("vid", 2, fields.unsigned))),
        "IFLA_BRIDGE_VLAN_TUNNEL_INFO": Attributes(
            names.RTNL_IFLA_AF_SPEC_BRIDGE_VLAN_TUNNEL_INFO_ATTRS,
            "IFLA_BRIDGE_VLAN_TUNNEL_???",
            {
                "IFLA_BRIDGE_VLAN_TUNNEL_ID": a.u32,
                "IFLA_BRIDGE_VLAN_TUNNEL_VID": a.u16,
                "IFLA_BRIDGE_VLAN_TUNNEL_FLAGS": a.flags(
                    names.NL_BRIDGE_VLAN_FLAGS, "BRIDGE_VLAN_INFO_???", 2
                ),
            },
        ),
    },
)
