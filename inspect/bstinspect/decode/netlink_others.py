"""What messages of netfilter, SELinux and the kernel's cryptography hold (strace's netlink_*.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bstinspect.decode import attributes as a
from bstinspect.decode import fields
from bstinspect.decode.attributes import Attribute, Attributes
from bstinspect.decode.call import Call, pointer
from bstinspect.decode.constants import netlink as names
from bstinspect.decode.constants.network import ADDRFAMS
from bstinspect.decode.fields import Layout, hex_buffer, word

if TYPE_CHECKING:
    from bstinspect.decode.netlink_types import Header, Payload

_NLMSG_DONE: Final = 3
_FIRST_OF_FAMILY: Final = 16

# SELinux.

_SELINUX: Final = {
    "SELNL_MSG_SETENFORCE": Layout(("val", 4, fields.signed)),
    "SELNL_MSG_POLICYLOAD": Layout(("seqno", 4, fields.unsigned)),
}


def _selinux(call: Call, header: Header, address: int, length: int) -> str | None:
    layout = _SELINUX.get(names.NL_SELINUX_TYPES.get(header[1], ""))
    if layout is None:
        return None
    return hex_buffer(call, address, length) if length < layout.size else layout.behind(call, address)


# Netfilter.

_NFTABLES: Final = 10
_BATCHES: Final = (16, 17)
_NETFILTER: Final = Layout(
    ("nfgen_family", 1, fields.choice(ADDRFAMS, unknown="AF_???")),
    ("version", 1, fields.choice(names.NETFILTER_VERSIONS, unknown="NFNETLINK_???")),
)
_NO_NAMES: Final = Attributes({}, "")


def _resource(call: Call, kind: int, data: bytes) -> str:
    """Print a number in network order, which old kernels took in the machine's own order for nftables."""
    swapped = int.from_bytes(data, "big")
    if kind >> 8 == _NFTABLES and swapped == _NFTABLES:
        return call.constant(word(data), "htons(NFNL_SUBSYS_NFTABLES)")
    if kind >> 8 == _NFTABLES and word(data) == _NFTABLES:
        return call.constant(word(data), "NFNL_SUBSYS_NFTABLES")
    return f"htons({swapped})"


def _netfilter(call: Call, header: Header, address: int, length: int) -> str | None:
    kind = header[1]
    if kind == _NLMSG_DONE:
        return None
    if length < 4:
        return hex_buffer(call, address, length)
    data = call.fetch(address, 4)
    if data is None:
        return pointer(address)
    text = f"{{{_NETFILTER.inner(call, data)}, res_id={_resource(call, kind, data[2:])}}}"
    if length == 4:
        return text
    plain = kind in _BATCHES or kind < _FIRST_OF_FAMILY
    more = (hex_buffer if plain else _NO_NAMES)(call, address + 4, length - 4)
    return f"{text}, {more}"


# Cryptography.


def _or_string(layout: Layout) -> Attribute:
    """Make a printer of a structure; what is too short for one is printed as a string."""

    def attribute(call: Call, address: int, length: int, _context: Any) -> str:
        return call.buffer(address, length) if length < layout.size else layout.behind(call, address)

    return attribute


def _named(call: Call, address: int, length: int, _context: Any) -> str:
    return f"{{type={a.terminated(call, address, length, None)}}}"


def _report(*others: str, driver: bool = False) -> Attribute:
    kinds = ("type", "geniv") if driver else ("type",)
    return _or_string(
        Layout(
            *((kind, 64, fields.cstring) for kind in kinds), *((each, 4, fields.unsigned) for each in others)
        )
    )


_ALGORITHM: Final = Layout(
    *((name, 64, fields.cstring) for name in ("cru_name", "cru_driver_name", "cru_module_name")),
    ("cru_type", 4, fields.hexa),
    ("cru_mask", 4, fields.hexa),
    ("cru_refcnt", 4, fields.unsigned),
    ("cru_flags", 4, fields.hexa),
)
_ALGORITHM_ATTRIBUTES: Final = Attributes(
    names.CRYPTO_NL_ATTRS,
    "CRYPTOCFGA_???",
    {
        "CRYPTOCFGA_PRIORITY_VAL": a.u32,
        **{
            f"CRYPTOCFGA_REPORT_{kind}": _named for kind in ("LARVAL", "COMPRESS", "AKCIPHER", "KPP", "ACOMP")
        },
        "CRYPTOCFGA_REPORT_HASH": _report("blocksize", "digestsize"),
        "CRYPTOCFGA_REPORT_BLKCIPHER": _report(
            "blocksize", "min_keysize", "max_keysize", "ivsize", driver=True
        ),
        "CRYPTOCFGA_REPORT_AEAD": _report("blocksize", "maxauthsize", "ivsize", driver=True),
        "CRYPTOCFGA_REPORT_RNG": _report("seedsize"),
        "CRYPTOCFGA_REPORT_CIPHER": _report("blocksize", "min_keysize", "max_keysize"),
    },
)
_ALGORITHM_MESSAGES: Final = frozenset(
    {"CRYPTO_MSG_NEWALG", "CRYPTO_MSG_DELALG", "CRYPTO_MSG_UPDATEALG", "CRYPTO_MSG_GETALG"}
)


def _crypto(call: Call, header: Header, address: int, length: int) -> str | None:
    if names.NL_CRYPTO_TYPES.get(header[1]) not in _ALGORITHM_MESSAGES:
        return None
    if length < _ALGORITHM.size:
        return call.buffer(address, length)
    data = call.fetch(address, _ALGORITHM.size)
    if data is None:
        return pointer(address)
    text = _ALGORITHM(call, data)
    rest = length - _ALGORITHM.size
    return f"{text}, {_ALGORITHM_ATTRIBUTES(call, address + _ALGORITHM.size, rest)}" if rest else text


PAYLOADS: Final[dict[int, Payload]] = {7: _selinux, 12: _netfilter, 21: _crypto}
