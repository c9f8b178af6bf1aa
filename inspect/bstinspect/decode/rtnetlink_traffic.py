"""Traffic control: queues, classes, filters and actions (strace's rtnl_tc.c, rtnl_tc_action.c)."""

from __future__ import annotations

from typing import Final

from bstinspect.decode import attributes as a
from bstinspect.decode import fields, internet
from bstinspect.decode.attributes import Attributes, Message
from bstinspect.decode.constants import rtnetlink as names
from bstinspect.decode.fields import Layout

_COUNTERS: Final = a.structure(
    Layout(
        ("bytes", 8, fields.unsigned),
        *fields.unsigned_fields(4, "packets drops overlimits bps pps qlen backlog"),
    )
)
_BASIC: Final = a.structure(Layout(("bytes", 8, fields.unsigned), ("packets", 4, fields.unsigned)))
_STATISTICS: Final = Attributes(
    names.RTNL_TCA_STATS_ATTRS,
    "TCA_STATS_???",
    {
        "TCA_STATS_BASIC": _BASIC,
        "TCA_STATS_RATE_EST": a.structure(Layout(*fields.unsigned_fields(4, "bps pps"))),
        "TCA_STATS_QUEUE": a.structure(
            Layout(*fields.unsigned_fields(4, "qlen backlog drops requeues overlimits"))
        ),
        "TCA_STATS_RATE_EST64": a.structure(Layout(*fields.unsigned_fields(8, "bps pps"))),
        "TCA_STATS_BASIC_HW": _BASIC,
        "TCA_STATS_PKT64": a.u64,
    },
)
_SIZES: Final = Layout(
    *fields.unsigned_fields(1, "cell_log size_log"),
    ("cell_align", 2, fields.signed),
    ("overhead", 4, fields.signed),
    *fields.unsigned_fields(4, "linklayer mpu mtu tsize"),
)
_SIZE_TABLE: Final = Attributes(
    names.RTNL_TCA_STAB_ATTRS,
    "TCA_STAB_???",
    {"TCA_STAB_BASE": a.structure(_SIZES), "TCA_STAB_DATA": a.array(2, fields.unsigned)},
)

TRAFFIC: Final = Message(
    "tcm_family",
    ("", 3, None),
    ("tcm_ifindex", 4, internet.interface),
    *fields.unsigned_fields(4, "tcm_handle tcm_parent tcm_info"),
    attributes=Attributes(
        names.RTNL_TC_ATTRS,
        "TCA_???",
        {
            "TCA_KIND": a.string,
            "TCA_STATS": _COUNTERS,
            "TCA_RATE": a.structure(Layout(("interval", 1, fields.signed), ("ewma_log", 1, fields.unsigned))),
            **dict.fromkeys(("TCA_FCNT", "TCA_CHAIN", "TCA_INGRESS_BLOCK", "TCA_EGRESS_BLOCK"), a.u32),
            "TCA_STATS2": _STATISTICS,
            "TCA_STAB": _SIZE_TABLE,
            "TCA_HW_OFFLOAD": a.u8,
            "TCA_DUMP_FLAGS": a.u32,
        },
    ),
)
_HARDWARE: Final = a.flags(names.RTNL_TCA_ACT_HW_STATS, "TCA_ACT_HW_STATS_???", 4)
ACTION: Final = Message(
    "tca_family",
    attributes=Attributes(
        names.RTNL_TC_ACTION_ATTRS,
        "TCA_ACT_???",
        {
            "TCA_ACT_KIND": a.string,
            "TCA_ACT_INDEX": a.u32,
            "TCA_ACT_STATS": _STATISTICS,
            "TCA_ACT_FLAGS": a.flags(names.RTNL_TCA_ACT_FLAGS, "TCA_ACT_FLAGS_???", 4),
            "TCA_ACT_HW_STATS": _HARDWARE,
            "TCA_ACT_USED_HW_STATS": _HARDWARE,
            "TCA_ACT_IN_HW_COUNT": a.u32,
        },
    ),
)
