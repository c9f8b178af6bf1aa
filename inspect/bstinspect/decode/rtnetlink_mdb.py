"""Multicast groups of bridges (strace's rtnl_mdb.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bstinspect.decode import attributes as a
from bstinspect.decode import fields, internet
from bstinspect.decode.attributes import Attribute, Attributes, Message
from bstinspect.decode.constants import rtnetlink as names
from bstinspect.decode.constants.network import ADDRFAMS
from bstinspect.decode.fields import Layout

if TYPE_CHECKING:
    from bstinspect.decode.call import Call


def _group_address(call: Call, data: bytes) -> str:
    """Print an address of the family that stands behind it."""
    family = int.from_bytes(data[16:18], "big")
    address = internet.internet_address(call, family, data[:16], "u")
    return f"{{{address}, proto=htons({call.choice(family, ADDRFAMS, unknown='AF_???')})}}"


_GROUP: Final = Layout(
    ("ifindex", 4, internet.interface),
    ("state", 1, fields.choice(names.MDB_STATES, unknown="MDB_???")),
    ("flags", 1, fields.flags(names.MDB_FLAGS, unknown="MDB_FLAGS_???")),
    ("vid", 2, fields.unsigned),
    ("addr", 18, _group_address),
    ("", 2, None),
)
_GROUP_ATTRIBUTES: Final = Attributes(
    names.RTNL_MDBA_MDB_EATTR_ATTRS, "MDBA_MDB_EATTR_???", {"MDBA_MDB_EATTR_TIMER": a.ticks}
)
_PORT_ATTRIBUTES: Final = Attributes(
    names.RTNL_MDBA_ROUTER_PATTR_ATTRS,
    "MDBA_ROUTER_PATTR_???",
    {
        "MDBA_ROUTER_PATTR_TIMER": a.ticks,
        "MDBA_ROUTER_PATTR_TYPE": a.fixed(
            1, fields.choice(names.MULTICAST_ROUTER_TYPES, unknown="MDB_RTR_TYPE_???")
        ),
        "MDBA_ROUTER_PATTR_INET_TIMER": a.ticks,
        "MDBA_ROUTER_PATTR_INET6_TIMER": a.ticks,
    },
)


def _with_attributes(size: int, value: Attribute, attributes: Attributes) -> Attribute:
    """Make a printer of a value of fixed size that attributes follow."""

    def attribute(call: Call, address: int, length: int, context: Any) -> str | None:
        text = value(call, address, length, context)
        if text is None or length <= size:
            return text
        return f"{text}, {attributes(call, address + size, length - size)}"

    return attribute


MULTICAST_DATABASE: Final = Message(
    "family",
    ("", 3, None),
    ("ifindex", 4, internet.interface),
    attributes=Attributes(
        names.RTNL_MDB_ATTRS,
        "MDBA_???",
        {
            "MDBA_MDB": Attributes(
                names.RTNL_MDBA_MDB_ATTRS,
                "MDBA_MDB_???",
                {
                    "MDBA_MDB_ENTRY": Attributes(
                        names.RTNL_MDBA_MDB_ENTRY_ATTRS,
                        "MDBA_MDB_ENTRY_???",
                        {
                            "MDBA_MDB_ENTRY_INFO": _with_attributes(
                                _GROUP.size, a.structure(_GROUP), _GROUP_ATTRIBUTES
                            )
                        },
                    )
                },
            ),
            "MDBA_ROUTER": Attributes(
                names.RTNL_MDBA_ROUTER_ATTRS,
                "MDBA_ROUTER_???",
                {"MDBA_ROUTER_PORT": _with_attributes(4, a.interface, _PORT_ATTRIBUTES)},
            ),
        },
    ),
)
