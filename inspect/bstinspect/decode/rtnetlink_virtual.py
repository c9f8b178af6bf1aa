"""Virtual functions of network cards, and their ports (strace's rtnl_link.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bstinspect.decode import attributes as a
from bstinspect.decode import fields, internet
from bstinspect.decode.attributes import Attributes
from bstinspect.decode.constants import rtnetlink as names
from bstinspect.decode.constants.network import ETHERNET_PROTOCOLS
from bstinspect.decode.fields import Layout

if TYPE_CHECKING:
    from bstinspect.decode.call import Call


def _numbers(names_of_fields: str) -> a.Attribute:
    return a.structure(Layout(*fields.unsigned_fields(4, names_of_fields)))


def _ethernet_protocol(call: Call, data: bytes) -> str:
    return f"htons({call.choice(int.from_bytes(data, 'big'), ETHERNET_PROTOCOLS, unknown='ETH_P_???')})"


_LINK_STATE: Final = fields.choice(names.RTNL_IFLA_VF_LINK_STATES, unknown="IFLA_VF_LINK_STATE_???")
_IDENTITY: Final = {
    12: Layout(("vf", 4, fields.unsigned), ("guid", 8, fields.hexa)),
    16: Layout(("vf", 4, fields.unsigned), ("", 4, None), ("guid", 8, fields.hexa)),
}


def _identity(call: Call, address: int, length: int, _context: Any) -> str | None:
    """Print a GUID, which kernels for several machines align otherwise."""
    layout = _IDENTITY.get(length)
    return layout.behind(call, address) if layout else None


_STATISTICS: Final = Attributes(
    names.RTNL_IFLA_VF_STATS_ATTRS,
    "IFLA_VF_STATS_???",
    {
        f"IFLA_VF_STATS_{name}": a.u64
        for name in (
            "RX_PACKETS",
            "TX_PACKETS",
            "RX_BYTES",
            "TX_BYTES",
            "BROADCAST",
            "MULTICAST",
            "RX_DROPPED",
            "TX_DROPPED",
        )
    },
)
_VLANS: Final = Attributes(
    names.RTNL_IFLA_VF_VLAN_LIST_ATTRS,
    "IFLA_VF_VLAN_INFO_???",
    {
        "IFLA_VF_VLAN_INFO": a.structure(
            Layout(
                *fields.unsigned_fields(4, "vf vlan qos"),
                ("vlan_proto", 2, _ethernet_protocol),
                ("", 2, None),
            )
        )
    },
)
_FUNCTION: Final = Attributes(
    names.RTNL_IFLA_VF_INFO_ATTRS,
    "IFLA_VF_???",
    {
        "IFLA_VF_MAC": a.structure(
            Layout(("vf", 4, fields.unsigned), ("mac", 32, internet.hardware_address))
        ),
        "IFLA_VF_VLAN": _numbers("vf vlan qos"),
        "IFLA_VF_TX_RATE": _numbers("vf rate"),
        **dict.fromkeys(
            ("IFLA_VF_SPOOFCHK", "IFLA_VF_RSS_QUERY_EN", "IFLA_VF_TRUST"), _numbers("vf setting")
        ),
        "IFLA_VF_LINK_STATE": a.structure(Layout(("vf", 4, fields.unsigned), ("link_state", 4, _LINK_STATE))),
        "IFLA_VF_RATE": _numbers("vf min_tx_rate max_tx_rate"),
        "IFLA_VF_STATS": _STATISTICS,
        **dict.fromkeys(("IFLA_VF_IB_NODE_GUID", "IFLA_VF_IB_PORT_GUID"), _identity),
        "IFLA_VF_VLAN_LIST": _VLANS,
        "IFLA_VF_BROADCAST": a.structure(Layout(("broadcast", 32, internet.hardware_address))),
    },
)
VIRTUAL_FUNCTIONS: Final = Attributes(
    names.RTNL_IFLA_VFINFO_LIST_ATTRS, "IFLA_VF_INFO_???", {"IFLA_VF_INFO": _FUNCTION}
)

PORT: Final = Attributes(
    names.RTNL_IFLA_PORT_ATTRS,
    "IFLA_VF_PORT_???",
    {
        "IFLA_PORT_VF": a.u32,
        "IFLA_PORT_PROFILE": a.string,
        "IFLA_PORT_VSI_TYPE": a.structure(
            Layout(
                ("vsi_mgr_id", 1, fields.unsigned),
                ("vsi_type_id", 3, fields.hex_bytes),
                ("vsi_type_version", 1, fields.unsigned),
                ("", 3, fields.optional("pad", fields.hex_bytes)),
            )
        ),
        "IFLA_PORT_REQUEST": a.u8,
        "IFLA_PORT_RESPONSE": a.u16,
    },
)
VIRTUAL_PORTS: Final = Attributes(names.RTNL_IFLA_VF_PORT_ATTRS, "IFLA_VF_PORT_???", {"IFLA_VF_PORT": PORT})
