"""Users, groups and capabilities (credentials(7), getresuid(2), setgroups(2), capget(2))."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, pointer, s32, u32
from bstinspect.decode.constants.processes import CAP_MASK0, CAP_MASK1, CAP_VERSION
from bstinspect.decode.shape import Shape

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

_MOST_GROUPS: Final = 65536
"""NGROUPS_MAX: of more groups strace prints only where they are."""
_TWO_WORDS: Final = (0x20071026, 0x20080522)
"""The versions of capabilities with 64 bits in each set."""


def _id_text(_call: Call, data: bytes) -> str:
    value = int.from_bytes(data, "little")
    return "-1" if value == 0xFFFFFFFF else str(value)


def _id_behind(index: int) -> Argument:
    return show.structure(index, 4, lambda call, data: f"[{_id_text(call, data)}]")


def _groups(call: Call, count: int) -> str:
    count = u32(count)
    return pointer(call[1]) if count > _MOST_GROUPS else show.array(call, call[1], count, 4, _id_text)


def _header(call: Call) -> bytes | None:
    return call.fetch(call[0], 8)


def _header_text(call: Call) -> str:
    data = _header(call)
    if data is None:
        return pointer(call[0])
    version, pid = struct.unpack("<Ii", data)
    name = call.choice(version, CAP_VERSION, unknown="_LINUX_CAPABILITY_VERSION_???")
    return f"{{version={name}, pid={call.process(pid)}}}"


def _bits(call: Call, low: int, high: int) -> str:
    parts = []
    if low or not high:
        parts.append(call.flags(low, CAP_MASK0, unknown="CAP_???"))
    if high:
        parts.append(call.flags(high, CAP_MASK1, unknown="CAP_???"))
    return "|".join(parts)


def _capabilities(call: Call) -> str:
    header = _header(call)
    if not call[1] or header is None:
        return pointer(call[1])
    count = 2 if int.from_bytes(header[:4], "little") in _TWO_WORDS else 1
    data = call.fetch(call[1], 12 * count)
    if data is None:
        return pointer(call[1])
    values = struct.unpack("<6I", data.ljust(24, b"\0"))
    names = ("effective", "permitted", "inheritable")
    parts = [f"{name}={_bits(call, values[at], values[at + 3])}" for at, name in enumerate(names)]
    return f"{{{', '.join(parts)}}}"


_NOTHING: Final = Shape(())
_ONE: Final = Shape((show.user(0),))
_TWO: Final = Shape((show.user(0), show.user(1)))
_THREE: Final = Shape((show.user(0), show.user(1), show.user(2)))
_THREE_BEHIND: Final = Shape((), (_id_behind(0), _id_behind(1), _id_behind(2)))

SHAPES: Final[dict[str, Shape]] = {
    **dict.fromkeys(("getuid", "getgid", "geteuid", "getegid"), _NOTHING),
    **dict.fromkeys(("setuid", "setgid", "setfsuid", "setfsgid"), _ONE),
    **dict.fromkeys(("setreuid", "setregid"), _TWO),
    **dict.fromkeys(("setresuid", "setresgid"), _THREE),
    **dict.fromkeys(("getresuid", "getresgid"), _THREE_BEHIND),
    "getgroups": Shape((show.number(0),), (lambda call: _groups(call, call.value),)),
    "setgroups": Shape((show.number(0), lambda call: _groups(call, s32(call[0])))),
    "capget": Shape((_header_text,), (_capabilities,)),
    "capset": Shape((_header_text, _capabilities)),
}
