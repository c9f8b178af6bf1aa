"""Links, which are network interfaces (strace's rtnl_link.c)."""

from __future__ import annotations

from typing import Any, Final

from bstinspect.decode import attributes as a
from bstinspect.decode import fields, internet
from bstinspect.decode.attributes import Attribute, Attributes, Message
from bstinspect.decode.call import Call, pointer
from bstinspect.decode.constants import rtnetlink as names
from bstinspect.decode.constants.network import ADDRFAMS, ARP_HARDWARE_TYPES, IFFFLAGS
from bstinspect.decode.fields import Layout
from bstinspect.decode.rtnetlink_bridge import BRIDGE, BRIDGE_DATA, BRIDGE_PORT
from bstinspect.decode.rtnetlink_virtual import PORT, VIRTUAL_FUNCTIONS, VIRTUAL_PORTS

_IFLA_ALT_IFNAME: Final = 53
_BRIDGE_FAMILY: Final = 7
_COUNTERS: Final = (
    "rx_packets tx_packets rx_bytes tx_bytes rx_errors tx_errors rx_dropped tx_dropped multicast collisions "
    "rx_length_errors rx_over_errors rx_crc_errors rx_frame_errors rx_fifo_errors rx_missed_errors "
    "tx_aborted_errors tx_carrier_errors tx_fifo_errors tx_heartbeat_errors tx_window_errors "
    "rx_compressed tx_compressed rx_nohandler"
)
_STATISTICS32: Final = Layout(*fields.unsigned_fields(4, _COUNTERS))
_STATISTICS64: Final = Layout(*fields.unsigned_fields(8, f"{_COUNTERS} rx_otherhost_dropped"))
statistics64: Final = a.structure(_STATISTICS64, _STATISTICS64.size - 8, _STATISTICS64.size - 16)
_MAP: Final = Layout(
    ("mem_start", 8, fields.hexa),
    ("mem_end", 8, fields.hexa),
    ("base_addr", 8, fields.hexa),
    ("irq", 2, fields.unsigned),
    ("dma", 1, fields.unsigned),
    ("port", 1, fields.unsigned),
)
_HARDWARE_SIZES: Final = {0: 7, 1: 6, 3: 7, 6: 6, 7: 1, 15: 2, 24: 16, 27: 8, 32: 20}
"""How long addresses of the link layers (ARPHRD_*) are that have numbers below 256."""


def _hardware_address(call: Call, address: int, length: int, family: int) -> str | None:
    """Print an address; strace takes the message's family for the kind of link layer that it is of."""
    if length > internet.LONGEST_HARDWARE_ADDRESS:
        return None
    data = call.fetch(address, length)
    if data is None:
        return pointer(address)
    return internet.hardware_address(call, data, _HARDWARE_SIZES.get(family))


# What addresses' families have to say of a link.

_INET: Final = Attributes(
    names.RTNL_IFLA_AF_SPEC_INET_ATTRS,
    "IFLA_INET_???",
    {"IFLA_INET_CONF": a.indexed(4, fields.signed, names.INET_DEVCONF_INDICES, "IPV4_DEVCONF_???")},
)
_INET6: Final = Attributes(
    names.RTNL_IFLA_AF_SPEC_INET6_ATTRS,
    "IFLA_INET6_???",
    {
        "IFLA_INET6_FLAGS": a.flags(names.INET6_IF_FLAGS, "IF_???", 4),
        "IFLA_INET6_CONF": a.indexed(4, fields.signed, names.INET6_DEVCONF_INDICES, "DEVCONF_???"),
        "IFLA_INET6_STATS": a.indexed(8, fields.unsigned, names.SNMP_IP_STATS, "IPSTATS_MIB_???"),
        "IFLA_INET6_CACHEINFO": a.structure(
            Layout(*fields.unsigned_fields(4, "max_reasm_len tstamp reachable_time retrans_time"))
        ),
        "IFLA_INET6_ICMP6STATS": a.indexed(8, fields.unsigned, names.SNMP_ICMP6_STATS, "ICMP6_MIB_???"),
        "IFLA_INET6_TOKEN": a.internet6,
        "IFLA_INET6_ADDR_GEN_MODE": a.choice(names.IN6_ADDR_GEN_MODE, "IN6_ADDR_GEN_MODE_???", 1),
        "IFLA_INET6_RA_MTU": a.u32,
    },
)
_MCTP: Final = Attributes(names.RTNL_IFLA_AF_SPEC_MCTP_ATTRS, "IFLA_MCTP_???", {"IFLA_MCTP_NET": a.u32})
_FAMILIES: Final = Attributes(ADDRFAMS, "AF_???", every=a.by_family({2: _INET, 10: _INET6, 45: _MCTP}))
_protocol_information: Final = a.by_family({7: BRIDGE_PORT, 10: _INET6})


def _family_specific(call: Call, address: int, length: int, family: int) -> str:
    """Print what families say of a link: of bridges it has another form."""
    return (BRIDGE if family == _BRIDGE_FAMILY else _FAMILIES)(call, address, length)


# What kind of link it is: what else there is depends on it.


def _kind(which: str) -> Attribute:
    """Make a printer of a kind, which is remembered in the context."""

    def attribute(call: Call, address: int, length: int, kinds: dict[str, bytes]) -> str:
        data = call.peek(address, length) if length < 64 else None
        kinds[which] = (data or b"").partition(b"\0")[0]
        return a.terminated(call, address, length, None)

    return attribute


def _of_kind(which: str, tables: dict[bytes, Attribute]) -> Attribute:
    """Make a printer of what depends on the kind."""

    def attribute(call: Call, address: int, length: int, kinds: dict[str, bytes]) -> str | None:
        table = tables.get(kinds.get(which, b""))
        return table(call, address, length, None) if table else None

    return attribute


_TUNNEL: Final = Attributes(
    names.RTNL_IFLA_INFO_DATA_TUN_ATTRS,
    "IFLA_TUN_???",
    {
        "IFLA_TUN_OWNER": a.user,
        "IFLA_TUN_GROUP": a.user,
        "IFLA_TUN_TYPE": a.choice(names.TUN_DEVICE_TYPES, "IFF_???", 1),
        **dict.fromkeys(
            ("IFLA_TUN_PI", "IFLA_TUN_VNET_HDR", "IFLA_TUN_PERSIST", "IFLA_TUN_MULTI_QUEUE"), a.u8
        ),
        **dict.fromkeys(("IFLA_TUN_NUM_QUEUES", "IFLA_TUN_NUM_DISABLED_QUEUES"), a.u32),
    },
)
_CAN: Final = Layout(
    *fields.unsigned_fields(4, "bus_error error_warning error_passive bus_off arbitration_lost restarts")
)
_INFORMATION: Final = Attributes(
    names.RTNL_IFLA_INFO_ATTRS,
    "IFLA_INFO_???",
    {
        "IFLA_INFO_KIND": _kind("kind"),
        "IFLA_INFO_DATA": _of_kind("kind", {b"bridge": BRIDGE_DATA, b"tun": _TUNNEL}),
        "IFLA_INFO_XSTATS": _of_kind("kind", {b"can": a.structure(_CAN)}),
        "IFLA_INFO_SLAVE_KIND": _kind("slave"),
        "IFLA_INFO_SLAVE_DATA": _of_kind("slave", {b"bridge": BRIDGE_PORT}),
    },
)


def _information(call: Call, address: int, length: int, _family: int) -> str:
    return _INFORMATION(call, address, length, {})


def _other_name(call: Call, address: int, length: int, kind: int) -> str | None:
    return a.string(call, address, length, None) if kind == _IFLA_ALT_IFNAME else None


def _each(attributes: str, value: Attribute) -> dict[str, Any]:
    return {f"IFLA_{name}": value for name in attributes.split()}


_FEATURES: Final = Attributes(
    names.RTNL_IFLA_XDP_ATTRS,
    "IFLA_XDP_???",
    {
        **_each("XDP_FD XDP_EXPECTED_FD", a.descriptor),
        "IFLA_XDP_ATTACHED": a.choice(names.RTNL_IFLA_XDP_ATTACHED_MODE, "XDP_ATTACHED_???", 1),
        "IFLA_XDP_FLAGS": a.fixed(4, fields.flags(names.XDP_FLAGS, unknown="XDP_FLAGS_???")),
        **_each("XDP_PROG_ID XDP_DRV_PROG_ID XDP_SKB_PROG_ID XDP_HW_PROG_ID", a.u32),
    },
)
_DOWN: Final = Attributes(
    names.RTNL_IFLA_PROTO_DOWN_REASON_ATTRS,
    "IFLA_PROTO_DOWN_REASON_???",
    _each("PROTO_DOWN_REASON_MASK PROTO_DOWN_REASON_VALUE", a.x32),
)

LINK: Final = Message(
    "ifi_family",
    ("", 1, None),
    ("ifi_type", 2, fields.choice(ARP_HARDWARE_TYPES, unknown="ARPHRD_???")),
    ("ifi_index", 4, internet.interface),
    ("ifi_flags", 4, fields.flags(IFFFLAGS, unknown="IFF_???")),
    ("ifi_change", 4, fields.hexa),
    attributes=Attributes(
        names.RTNL_LINK_ATTRS,
        "IFLA_???",
        {
            **_each("ADDRESS BROADCAST PERM_ADDRESS", _hardware_address),
            **_each(
                "IFNAME QDISC IFALIAS PHYS_PORT_NAME ALT_IFNAME PARENT_DEV_NAME PARENT_DEV_BUS_NAME", a.string
            ),
            **_each("MTU LINK MASTER TXQLEN WEIGHT NET_NS_PID NUM_VF GROUP PROMISCUITY", a.u32),
            **_each("NUM_TX_QUEUES NUM_RX_QUEUES CARRIER_CHANGES GSO_MAX_SEGS GSO_MAX_SIZE", a.u32),
            **_each("CARRIER_UP_COUNT CARRIER_DOWN_COUNT MIN_MTU MAX_MTU GRO_MAX_SIZE", a.u32),
            **_each("TSO_MAX_SIZE TSO_MAX_SEGS ALLMULTI", a.u32),
            **_each("OPERSTATE LINKMODE CARRIER PROTO_DOWN", a.u8),
            **_each("LINK_NETNSID NEW_NETNSID IF_NETNSID", a.s32),
            "IFLA_STATS": a.structure(_STATISTICS32, _STATISTICS32.size - 4),
            "IFLA_STATS64": statistics64,
            "IFLA_PROTINFO": _protocol_information,
            "IFLA_MAP": a.structure(_MAP),
            "IFLA_LINKINFO": _information,
            "IFLA_VFINFO_LIST": VIRTUAL_FUNCTIONS,
            "IFLA_VF_PORTS": VIRTUAL_PORTS,
            "IFLA_PORT_SELF": PORT,
            "IFLA_AF_SPEC": _family_specific,
            "IFLA_NET_NS_FD": a.descriptor,
            "IFLA_EXT_MASK": a.flags(names.RTNL_IFLA_EXT_FILTER_FLAGS, "RTEXT_FILTER_???", 4),
            "IFLA_XDP": _FEATURES,
            "IFLA_EVENT": a.fixed(4, fields.choice(names.RTNL_IFLA_EVENTS, unknown="IFLA_EVENT_???")),
            "IFLA_NEW_IFINDEX": a.interface,
            "IFLA_PROP_LIST": Attributes(names.RTNL_LINK_ATTRS, "IFLA_???", every=_other_name),
            "IFLA_PROTO_DOWN_REASON": _DOWN,
        },
    ),
)
