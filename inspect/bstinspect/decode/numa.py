"""Where memory lies on machines with several nodes (set_mempolicy(2), mbind(2), move_pages(2))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, pointer, u32
from bstinspect.decode.constants.memory import (
    GET_MEMPOLICY_FLAGS,
    MBIND_FLAGS,
    MOVE_PAGES_FLAGS,
    MPOL_MODE_FLAGS,
    MPOL_MODES,
)
from bstinspect.decode.memory import abbreviating
from bstinspect.decode.names import errno_name
from bstinspect.decode.shape import Shape

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

_MODE_FLAGS: Final = 0xE000
"""The bits of a policy that are flags: MPOL_F_STATIC_NODES and the others."""
_WORD: Final = 8
_POLICY: Final = "MPOL_???"


def _node(_call: Call, data: bytes) -> str:
    """Print a word of a set of nodes as C's ``%#016llx`` does."""
    value = int.from_bytes(data, "little")
    return f"{value:#016x}" if value else "0" * 16


def _nodes(index: int, count_index: int) -> Argument:
    """Print a set of nodes; the kernel takes one bit less than it is told."""

    def argument(call: Call) -> str:
        words = (call[count_index] + 62 & (1 << 64) - 1) // 64
        if words < call[count_index] // 64 or (call[count_index] and not words):
            return pointer(call[index])
        return show.array(call, call[index], words, _WORD, _node)

    return argument


def _mode(call: Call, value: int) -> str:
    """Print a policy with its flags."""
    mode, flags = value & ~_MODE_FLAGS, value & _MODE_FLAGS
    if not flags:
        return call.choice(mode, MPOL_MODES, unknown=_POLICY)
    if mode not in MPOL_MODES:
        return call.flags(value, MPOL_MODE_FLAGS, unknown=_POLICY)
    return call.constant(value, f"{MPOL_MODES[mode]}|{abbreviating(call).flags(flags, MPOL_MODE_FLAGS)}")


def _policy(call: Call, data: bytes) -> str:
    return f"[{call.choice(int.from_bytes(data, 'little'), MPOL_MODES, unknown=_POLICY)}]"


def _status(call: Call, data: bytes) -> str:
    """Print which node a page is on now, or the error."""
    status = int.from_bytes(data, "little", signed=True)
    name = errno_name(-status)
    return str(status) if status >= 0 or name.isdigit() else call.constant(status, f"-{name}", str)


def _pages(index: int, item: int, text: show.Show) -> Argument:
    return lambda call: show.array(call, call[index], call[1], item, text)


def _int(_call: Call, data: bytes) -> str:
    return str(int.from_bytes(data, "little", signed=True))


def _page(_call: Call, data: bytes) -> str:
    return pointer(int.from_bytes(data, "little"))


_RANGE: Final = (show.address(0), show.size(1))

SHAPES: Final[dict[str, Shape]] = {
    "migrate_pages": Shape((show.process(0), show.size(1), _nodes(2, 1), _nodes(3, 1))),
    "mbind": Shape(
        (
            *_RANGE,
            lambda call: _mode(call, call[2]),
            _nodes(3, 4),
            show.size(4),
            show.flags(5, MBIND_FLAGS, unknown=_POLICY),
        )
    ),
    "set_mempolicy": Shape((lambda call: _mode(call, u32(call[0])), _nodes(1, 2), show.size(2))),
    "get_mempolicy": Shape(
        (),
        (
            show.structure(0, 4, _policy),
            _nodes(1, 2),
            show.size(2),
            show.address(3),
            show.flags64(4, GET_MEMPOLICY_FLAGS, unknown=_POLICY),
        ),
    ),
    "set_mempolicy_home_node": Shape((*_RANGE, show.size(2), show.hex_long(3))),
    "move_pages": Shape(
        (show.process(0), show.size(1), _pages(2, 8, _page), _pages(3, 4, _int)),
        (_pages(4, 4, _status), show.flags(5, MOVE_PAGES_FLAGS, unknown=_POLICY)),
    ),
}
