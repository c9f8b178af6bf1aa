"""Extended attributes (setxattr(2), getxattr(2), listxattr(2))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, pointer
from bstinspect.decode.constants.files import XATTRFLAGS
from bstinspect.decode.shape import Shape
from bstinspect.decode.strings import trimmed_buffer

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

_LONGEST: Final = 65536
"""XATTR_SIZE_MAX."""


def _value(call: Call, address: int, length: int) -> str:
    return trimmed_buffer(call, address, length) if 0 <= length <= _LONGEST else pointer(address)


def _value_in(call: Call) -> str:
    """Print the value to be set."""
    return _value(call, call[2], call[3])


def _value_out(call: Call) -> str:
    """Print the value as long as the result says, even where only its length was asked for."""
    return pointer(call[2]) if call.failed else _value(call, call[2], call.value)


def _names(call: Call) -> str:
    """Print the list of names."""
    return pointer(call[1]) if call.failed or not call[2] else call.buffer(call[1], call.value)


def _shapes(prefix: str, subject: Argument) -> dict[str, Shape]:
    """Return the calls for one way to say which file is meant."""
    named = (subject, show.text(1))
    flags = show.flags(4, XATTRFLAGS, unknown="XATTR_???")
    return {
        f"{prefix}setxattr": Shape((*named, _value_in, show.size(3), flags)),
        f"{prefix}getxattr": Shape(named, (_value_out, show.size(3))),
        f"{prefix}listxattr": Shape((subject,), (_names, show.size(2))),
        f"{prefix}removexattr": Shape(named),
    }


SHAPES: Final[dict[str, Shape]] = {
    **_shapes("", show.path(0)),
    **_shapes("l", show.path(0)),
    **_shapes("f", show.fd(0)),
}
