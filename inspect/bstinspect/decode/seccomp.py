"""seccomp(2)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.bpf_filter import filter_text, seccomp_operand
from bstinspect.decode.call import Call, u32
from bstinspect.decode.chosen import Chosen
from bstinspect.decode.constants.processes import SECCOMP_FILTER_FLAGS, SECCOMP_OPS, SECCOMP_RET_ACTION
from bstinspect.decode.shape import Shape

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument


def _action_text(call: Call, data: bytes) -> str:
    value = int.from_bytes(data, "little")
    return f"[{call.choice(value, SECCOMP_RET_ACTION, unknown='SECCOMP_RET_???')}]"


def _sizes_text(_call: Call, data: bytes) -> str:
    names = ("seccomp_notif", "seccomp_notif_resp", "seccomp_data")
    values = zip(names, struct.unpack("<3H", data), strict=True)
    return f"{{{', '.join(f'{name}={value}' for name, value in values)}}}"


def _filter(call: Call) -> str:
    return filter_text(call, call[2], seccomp_operand)


_FLAGS: Final[Argument] = show.hex_int(1)
_OPERATIONS: Final = {
    1: Shape((show.flags(1, SECCOMP_FILTER_FLAGS, unknown="SECCOMP_FILTER_FLAG_???"), _filter)),
    2: Shape((_FLAGS, show.structure(2, 4, _action_text))),
    3: Shape((_FLAGS,), (show.structure(2, 6, _sizes_text),)),
}
_OTHER: Final = Shape((_FLAGS, show.address(2)))

SHAPES: Final[dict[str, Shape]] = {
    "seccomp": Chosen(
        (show.choice(0, SECCOMP_OPS, unknown="SECCOMP_SET_MODE_???"),),
        lambda call: _OPERATIONS.get(u32(call[0]), _OTHER),
    ),
}
