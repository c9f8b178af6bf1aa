"""Questions about SMC sockets and their answers (strace's netlink_smc_diag.c)."""

from __future__ import annotations

import socket
from typing import Final

from bstinspect.decode import attributes as a
from bstinspect.decode import fields
from bstinspect.decode.attributes import Attributes, Message
from bstinspect.decode.constants import netlink as names
from bstinspect.decode.fields import Layout
from bstinspect.decode.sock_diag_inet import socket_identity

_IDENTITY: Final = socket_identity(socket.AF_INET)
_CURSOR: Final = Layout(*fields.unsigned_fields(2, "reserved wrap"), ("count", 4, fields.unsigned))
_CONNECTION: Final = Layout(
    *fields.unsigned_fields(4, "token sndbuf_size rmbe_size peer_rmbe_size"),
    *((name, 8, _CURSOR) for name in ("rx_prod", "rx_cons", "tx_prod", "tx_cons")),
    *(
        (name, 1, fields.padded_hexa)
        for name in ("rx_prod_flags", "rx_conn_state_flags", "tx_prod_flags", "tx_conn_state_flags")
    ),
    *((name, 8, _CURSOR) for name in ("tx_prep", "tx_sent", "tx_fin")),
)
_LINK: Final = Layout(
    ("link_id", 1, fields.unsigned),
    ("ibname", 64, fields.cstring),
    ("ibport", 1, fields.unsigned),
    ("gid", 40, fields.cstring),
    ("peer_gid", 40, fields.cstring),
)
_CODE: Final = fields.verbose_choice(names.SMC_DECL_CODES, unknown="SMC_CLC_DECL_???")

SMC_QUESTION: Final = Message(
    "diag_family",
    ("", 2, None),
    ("diag_ext", 1, fields.flags(names.SMC_DIAG_EXTENDED_FLAGS, unknown="1<<SMC_DIAG_???-1")),
    ("id", 48, _IDENTITY),
)
SMC_ANSWER: Final = Message(
    "diag_family",
    ("diag_state", 1, fields.choice(names.SMC_STATES, unknown="SMC_???")),
    ("diag_fallback", 1, fields.choice(names.SMC_DIAG_MODE, unknown="SMC_DIAG_MODE_???")),
    ("diag_shutdown", 1, fields.unsigned),
    ("id", 48, _IDENTITY),
    ("diag_uid", 4, fields.unsigned),
    ("diag_inode", 8, fields.unsigned),
    attributes=Attributes(
        names.SMC_DIAG_ATTRS,
        "SMC_DIAG_???",
        {
            "SMC_DIAG_CONNINFO": a.structure(_CONNECTION),
            "SMC_DIAG_LGRINFO": a.structure(
                Layout(
                    ("lnk", _LINK.size, fields.list_of(_LINK.size, _LINK)),
                    ("role", 1, fields.choice(names.SMC_LINK_GROUP_ROLES, unknown="SMC_???")),
                )
            ),
            "SMC_DIAG_SHUTDOWN": a.flags(names.SOCK_SHUTDOWN_FLAGS, "???_SHUTDOWN", 1),
            "SMC_DIAG_DMBINFO": a.structure(
                Layout(
                    ("linkid", 4, fields.unsigned),
                    ("", 4, None),
                    *((name, 8, fields.hexa) for name in ("peer_gid", "my_gid", "token", "peer_token")),
                )
            ),
            "SMC_DIAG_FALLBACK": a.structure(Layout(("reason", 4, _CODE), ("peer_diagnosis", 4, _CODE))),
        },
    ),
)
