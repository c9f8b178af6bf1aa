"""Messages of NETLINK_ROUTE: addresses, rules, neighbours and others (rtnetlink(7), strace's rtnl_*.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bstinspect.decode import attributes as a
from bstinspect.decode import fields, internet
from bstinspect.decode.attributes import Attributes, Message
from bstinspect.decode.call import Call, pointer
from bstinspect.decode.constants import rtnetlink as names
from bstinspect.decode.constants.network import ADDRFAMS
from bstinspect.decode.fields import Layout
from bstinspect.decode.rtnetlink_link import LINK
from bstinspect.decode.rtnetlink_mdb import MULTICAST_DATABASE
from bstinspect.decode.rtnetlink_nexthop import NEXTHOP
from bstinspect.decode.rtnetlink_route import ROUTE, route_protocol, table_number
from bstinspect.decode.rtnetlink_stats import STATISTICS
from bstinspect.decode.rtnetlink_traffic import ACTION, TRAFFIC

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.decode.netlink_types import Header

_NLMSG_DONE: Final = 3
_BRIDGE: Final = 7

ADDRESS: Final = Message(
    "ifa_family",
    ("ifa_prefixlen", 1, fields.unsigned),
    ("ifa_flags", 1, fields.flags(names.IFADDRFLAGS, unknown="IFA_F_???")),
    ("ifa_scope", 1, fields.choice(names.ROUTING_SCOPES)),
    ("ifa_index", 4, internet.interface),
    attributes=Attributes(
        names.RTNL_ADDR_ATTRS,
        "IFA_???",
        {
            **dict.fromkeys(
                ("IFA_ADDRESS", "IFA_LOCAL", "IFA_BROADCAST", "IFA_ANYCAST", "IFA_MULTICAST"),
                a.family_address,
            ),
            "IFA_LABEL": a.string,
            "IFA_CACHEINFO": a.structure(
                Layout(*fields.unsigned_fields(4, "ifa_prefered ifa_valid cstamp tstamp"))
            ),
            "IFA_FLAGS": a.fixed(4, fields.flags(names.IFADDRFLAGS, unknown="IFA_F_???")),
            "IFA_RT_PRIORITY": a.u32,
            "IFA_TARGET_NETNSID": a.s32,
        },
    ),
)
_RANGE16: Final = a.structure(Layout(*fields.unsigned_fields(2, "start end")))
RULE: Final = Message(
    "family",
    ("dst_len", 1, fields.unsigned),
    ("src_len", 1, fields.unsigned),
    ("tos", 1, fields.flags(names.IP_TYPE_OF_SERVICES, unknown="IPTOS_TOS_???")),
    ("table", 1, fields.choice(names.ROUTING_TABLE_IDS, unknown="RT_TABLE_???")),
    ("", 2, None),
    ("action", 1, fields.choice(names.FIB_RULE_ACTIONS, unknown="FR_ACT_???")),
    ("flags", 4, fields.flags(names.FIB_RULE_FLAGS, unknown="FIB_RULE_???")),
    attributes=Attributes(
        names.RTNL_RULE_ATTRS,
        "FRA_???",
        {
            **dict.fromkeys(("FRA_DST", "FRA_SRC"), a.family_address),
            **dict.fromkeys(("FRA_IIFNAME", "FRA_OIFNAME"), a.string),
            **dict.fromkeys(("FRA_GOTO", "FRA_PRIORITY", "FRA_FWMARK", "FRA_FLOW", "FRA_FWMASK"), a.u32),
            **dict.fromkeys(("FRA_SUPPRESS_IFGROUP", "FRA_SUPPRESS_PREFIXLEN"), a.u32),
            "FRA_TUN_ID": a.network64,
            "FRA_TABLE": table_number,
            "FRA_L3MDEV": a.u8,
            "FRA_UID_RANGE": a.structure(Layout(*fields.unsigned_fields(4, "start end"))),
            "FRA_PROTOCOL": route_protocol,
            "FRA_IP_PROTO": a.internet_protocol,
            **dict.fromkeys(("FRA_SPORT_RANGE", "FRA_DPORT_RANGE"), _RANGE16),
        },
    ),
)
_STATES: Final = names.NEIGHBOR_CACHE_ENTRY_STATES
_NEIGHBOUR_FLAGS: Final = names.NEIGHBOR_CACHE_ENTRY_FLAGS
NEIGHBOUR: Final = Message(
    "ndm_family",
    ("", 3, None),
    ("ndm_ifindex", 4, internet.interface),
    ("ndm_state", 2, fields.flags(_STATES, unknown="NUD_???")),
    ("ndm_flags", 1, fields.flags(_NEIGHBOUR_FLAGS, unknown="NTF_???")),
    ("ndm_type", 1, fields.choice(names.ROUTING_TYPES, unknown="RTN_???")),
    attributes=Attributes(
        names.RTNL_NEIGH_ATTRS,
        "NDA_???",
        {
            "NDA_DST": a.family_address,
            "NDA_LLADDR": a.hardware_address,
            "NDA_CACHEINFO": a.structure(
                Layout(*fields.unsigned_fields(4, "ndm_confirmed ndm_used ndm_updated ndm_refcnt"))
            ),
            **dict.fromkeys(("NDA_PROBES", "NDA_VNI", "NDA_LINK_NETNSID", "NDA_SRC_VNI", "NDA_NH_ID"), a.u32),
            "NDA_VLAN": a.u16,
            "NDA_PORT": a.network16,
            "NDA_IFINDEX": a.interface,
            "NDA_MASTER": a.interface,
            "NDA_PROTOCOL": a.internet_protocol,
            "NDA_FDB_EXT_ATTRS": Attributes(
                names.RTNL_NEIGH_FDB_EXT_ATTRS,
                "NFEA_???",
                {"NFEA_ACTIVITY_NOTIFY": a.flags(names.FDB_NOTIFY_FLAGS, "FDB_NOTIFY_???", 1)},
            ),
            "NDA_FLAGS_EXT": a.flags(names.NEIGHBOR_CACHE_ENTRY_EXT_FLAGS, "NTF_EXT_???", 4),
            "NDA_NDM_STATE_MASK": a.flags(_STATES, "NUD_???", 2),
            "NDA_NDM_FLAGS_MASK": a.flags(_NEIGHBOUR_FLAGS, "NTF_???", 1),
        },
    ),
)
_TABLE_TIMES: Final = (
    "NDTPA_REACHABLE_TIME",
    "NDTPA_BASE_REACHABLE_TIME",
    "NDTPA_RETRANS_TIME",
    "NDTPA_GC_STALETIME",
    "NDTPA_DELAY_PROBE_TIME",
    "NDTPA_ANYCAST_DELAY",
    "NDTPA_PROXY_DELAY",
    "NDTPA_LOCKTIME",
    "NDTPA_INTERVAL_PROBE_TIME_MS",
)
_TABLE_NUMBERS: Final = (
    "NDTPA_REFCNT",
    "NDTPA_QUEUE_LEN",
    "NDTPA_APP_PROBES",
    "NDTPA_UCAST_PROBES",
    "NDTPA_MCAST_PROBES",
    "NDTPA_PROXY_QLEN",
    "NDTPA_QUEUE_LENBYTES",
    "NDTPA_MCAST_REPROBES",
)
_TABLE_STATISTICS: Final = Layout(
    *fields.unsigned_fields(
        8,
        "ndts_allocs ndts_destroys ndts_hash_grows ndts_res_failed ndts_lookups ndts_hits "
        "ndts_rcv_probes_mcast ndts_rcv_probes_ucast ndts_periodic_gc_runs ndts_forced_gc_runs "
        "ndts_table_fulls",
    )
)
NEIGHBOUR_TABLE: Final = Message(
    "ndtm_family",
    attributes=Attributes(
        names.RTNL_NEIGHTBL_ATTRS,
        "NDTA_???",
        {
            "NDTA_NAME": a.string,
            **dict.fromkeys(("NDTA_THRESH1", "NDTA_THRESH2", "NDTA_THRESH3"), a.u32),
            "NDTA_CONFIG": a.structure(
                Layout(
                    *fields.unsigned_fields(2, "ndtc_key_len ndtc_entry_size"),
                    *fields.unsigned_fields(4, "ndtc_entries ndtc_last_flush ndtc_last_rand ndtc_hash_rnd"),
                    ("ndtc_hash_mask", 4, fields.padded_hexa),
                    *fields.unsigned_fields(4, "ndtc_hash_chain_gc ndtc_proxy_qlen"),
                )
            ),
            "NDTA_PARMS": Attributes(
                names.RTNL_NEIGHTBL_PARMS_ATTRS,
                "NDTPA_???",
                {
                    "NDTPA_IFINDEX": a.interface,
                    **dict.fromkeys(_TABLE_TIMES, a.u64),
                    **dict.fromkeys(_TABLE_NUMBERS, a.u32),
                },
            ),
            "NDTA_STATS": a.structure(_TABLE_STATISTICS, _TABLE_STATISTICS.size - 8),
            "NDTA_GC_INTERVAL": a.u64,
        },
    ),
)
LABEL: Final = Message(
    "ifal_family",
    ("", 1, None),
    *fields.unsigned_fields(1, "ifal_prefixlen ifal_flags"),
    ("ifal_index", 4, internet.interface),
    ("ifal_seq", 4, fields.unsigned),
    attributes=Attributes(
        names.RTNL_ADDRLABEL_ATTRS, "IFAL_???", {"IFAL_ADDRESS": a.family_address, "IFAL_LABEL": a.u32}
    ),
)
BRIDGING: Final = Message(
    "dcb_family",
    ("cmd", 1, fields.choice(names.DCB_COMMANDS, unknown="DCB_CMD_???")),
    ("", 2, None),
    attributes=Attributes(names.RTNL_DCB_ATTRS, "DCB_ATTR_???"),
)
CONFIGURATION: Final = Message(
    "ncm_family",
    attributes=Attributes(
        names.RTNL_NETCONF_ATTRS,
        "NETCONFA_???",
        {
            "NETCONFA_IFINDEX": a.interface,
            **dict.fromkeys(("NETCONFA_FORWARDING", "NETCONFA_RP_FILTER", "NETCONFA_MC_FORWARDING"), a.s32),
            **dict.fromkeys(("NETCONFA_PROXY_NEIGH", "NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN"), a.s32),
            **dict.fromkeys(("NETCONFA_INPUT", "NETCONFA_BC_FORWARDING"), a.s32),
        },
    ),
)
NAMESPACE: Final = Message(
    "rtgen_family",
    attributes=Attributes(
        names.RTNL_NSID_ATTRS,
        "NETNSA_???",
        {
            **dict.fromkeys(("NETNSA_NSID", "NETNSA_TARGET_NSID", "NETNSA_CURRENT_NSID"), a.s32),
            "NETNSA_PID": a.u32,
            "NETNSA_FD": a.descriptor,
        },
    ),
)
_CACHE_REPORTS: Final = {
    128: Attributes(
        names.RTNL_IPMRA_CREPORT_ATTR,
        "IPMRA_CREPORT_???",
        {
            "IPMRA_CREPORT_MSGTYPE": a.choice(names.RTNL_IPMRA_MSG_TYPES, "IGMPMSG_???", 1),
            "IPMRA_CREPORT_VIF_ID": a.u32,
            "IPMRA_CREPORT_SRC_ADDR": a.internet4,
            "IPMRA_CREPORT_DST_ADDR": a.internet4,
            "IPMRA_CREPORT_TABLE": a.u32,
        },
    ),
    129: Attributes(
        names.RTNL_IP6MRA_CREPORT_ATTR,
        "IP6MRA_CREPORT_???",
        {
            "IP6MRA_CREPORT_MSGTYPE": a.choice(names.RTNL_IP6MRA_MSG_TYPES, "MRT6MSG_???", 1),
            "IP6MRA_CREPORT_MIF_ID": a.u32,
            "IP6MRA_CREPORT_SRC_ADDR": a.internet6,
            "IP6MRA_CREPORT_DST_ADDR": a.internet6,
        },
    ),
}
CACHE_REPORT: Final = Message(
    "rtgen_family",
    attributes=a.by_family(_CACHE_REPORTS),
    families=(names.RTNL_FAMILY, ADDRFAMS),
    unknown="RTNL_FAMILY_???",
)


def _asked_neighbour(call: Call, address: int, length: int, family: int) -> str:
    """Print a question about neighbours: of bridges it has the form of a link."""
    return (LINK if family == _BRIDGE else NEIGHBOUR)(call, address, length, family)


def _each(kinds: str, message: Callable[[Call, int, int, int], str]) -> dict[str, Any]:
    return {f"RTM_{kind}": message for kind in kinds.split()}


_MESSAGES: Final[dict[str, Callable[[Call, int, int, int], str]]] = {
    **_each("NEWLINK DELLINK GETLINK SETLINK", LINK),
    **_each("NEWADDR DELADDR GETADDR GETMULTICAST GETANYCAST", ADDRESS),
    **_each("NEWROUTE DELROUTE GETROUTE", ROUTE),
    **_each("NEWNEIGH DELNEIGH", NEIGHBOUR),
    **_each("GETNEIGH", _asked_neighbour),
    **_each("NEWRULE DELRULE GETRULE", RULE),
    **_each("NEWQDISC DELQDISC GETQDISC NEWTCLASS DELTCLASS GETTCLASS", TRAFFIC),
    **_each("NEWTFILTER DELTFILTER GETTFILTER NEWCHAIN DELCHAIN GETCHAIN", TRAFFIC),
    **_each("NEWACTION DELACTION GETACTION", ACTION),
    **_each("NEWNEIGHTBL GETNEIGHTBL SETNEIGHTBL", NEIGHBOUR_TABLE),
    **_each("NEWADDRLABEL DELADDRLABEL GETADDRLABEL", LABEL),
    **_each("GETDCB SETDCB", BRIDGING),
    **_each("NEWNETCONF DELNETCONF GETNETCONF", CONFIGURATION),
    **_each("NEWMDB DELMDB GETMDB", MULTICAST_DATABASE),
    **_each("NEWNSID DELNSID GETNSID", NAMESPACE),
    **_each("NEWSTATS GETSTATS", STATISTICS),
    **_each("NEWCACHEREPORT", CACHE_REPORT),
    **_each("NEWNEXTHOP DELNEXTHOP GETNEXTHOP", NEXTHOP),
}


def payload(call: Call, header: Header, address: int, length: int) -> str | None:
    """Print what follows the header of a message (decode_netlink_route)."""
    kind = header[1]
    if kind == _NLMSG_DONE:
        return None
    data = call.fetch(address, 1)
    if data is None:
        return pointer(address)
    message = _MESSAGES.get(names.NL_ROUTE_TYPES.get(kind, ""), a.unknown_family)
    return message(call, address, length, data[0])
