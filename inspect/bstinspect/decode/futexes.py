"""Waiting for a word of memory to change (futex(2), futex_waitv(2), get_robust_list(2))."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, hexadecimal, pointer, u32
from bstinspect.decode.constants.futexes import (
    FUTEX_WAITER_FLAGS,
    FUTEXBITSET,
    FUTEXOPS,
    FUTEXWAKECMPS,
    FUTEXWAKEOPS,
)
from bstinspect.decode.constants.time import CLOCKNAMES
from bstinspect.decode.shape import Shape
from bstinspect.decode.spans import comment, timespec
from bstinspect.decode.style import Constants

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

_WAITER: Final = struct.Struct("<QQII")
_MOST_WAITERS: Final = 128
"""FUTEX_WAITV_MAX."""
_SHIFTED_ARGUMENT: Final = 8
"""FUTEX_OP_OPARG_SHIFT: the operation's argument is the number of a bit."""

_VALUE: Final = show.unsigned(2)
_TIMEOUT: Final = timespec(3)
_VALUE2: Final = show.unsigned(3)
_SECOND: Final = show.address(4)
_VALUE3: Final = show.unsigned(5)
_BITS: Final = show.choice(5, FUTEXBITSET)


def _wake_operation(call: Call) -> str:
    """Print what FUTEX_WAKE_OP does to the second word, and compares it with."""
    value = u32(call[5])
    operation, comparison = value >> 28 & 7, value >> 24 & 0xF
    shifted = call.constant(_SHIFTED_ARGUMENT, "FUTEX_OP_OPARG_SHIFT") + "<<28|" if value >> 31 else ""
    done = call.choice(operation, FUTEXWAKEOPS) + "<<28"
    compared = call.choice(comparison, FUTEXWAKECMPS) + "<<24"
    # With -X raw strace calls every number unknown: it has not looked for names.
    raw = call.style.constants is Constants.RAW
    done += comment("" if operation in FUTEXWAKEOPS and not raw else "FUTEX_OP_???")
    compared += comment("" if comparison in FUTEXWAKECMPS and not raw else "FUTEX_OP_CMP_???")
    return f"{shifted}{done}|{hexadecimal(value >> 12 & 0xFFF)}<<12|{compared}|{hexadecimal(value & 0xFFF)}"


_BY_OPERATION: Final[dict[int, tuple[Argument, ...]]] = {
    0: (_VALUE, _TIMEOUT),  # FUTEX_WAIT
    1: (_VALUE,),  # FUTEX_WAKE
    2: (_VALUE,),  # FUTEX_FD
    3: (_VALUE, _VALUE2, _SECOND),  # FUTEX_REQUEUE
    4: (_VALUE, _VALUE2, _SECOND, _VALUE3),  # FUTEX_CMP_REQUEUE
    5: (_VALUE, _VALUE2, _SECOND, _wake_operation),  # FUTEX_WAKE_OP
    6: (_TIMEOUT,),  # FUTEX_LOCK_PI
    7: (),  # FUTEX_UNLOCK_PI
    8: (),  # FUTEX_TRYLOCK_PI
    9: (_VALUE, _TIMEOUT, _BITS),  # FUTEX_WAIT_BITSET
    10: (_VALUE, _BITS),  # FUTEX_WAKE_BITSET
    11: (_VALUE, _TIMEOUT, _SECOND),  # FUTEX_WAIT_REQUEUE_PI
    12: (_VALUE, _VALUE2, _SECOND, _VALUE3),  # FUTEX_CMP_REQUEUE_PI
    13: (_TIMEOUT,),  # FUTEX_LOCK_PI2
}
_ANY: Final[tuple[Argument, ...]] = (_VALUE, show.address(3), _SECOND, show.hex_int(5))


class _Futex(Shape):
    """Arguments by operation, all of them printed at the entry."""

    def entry(self, call: Call) -> list[str]:
        rest = _BY_OPERATION.get(call[1] & 0x7F, _ANY)
        return super().entry(call) + [each(call) or "" for each in rest]


def _waiters(call: Call) -> str:
    """Print the array of ``struct futex_waitv``, which the kernel reads no more than 128 of."""
    printed = 0

    def waiter(call: Call, data: bytes) -> str:
        nonlocal printed
        printed += 1
        if printed > _MOST_WAITERS:
            return "..."
        value, address, flags, reserved = _WAITER.unpack(data)
        fields = f"val={hexadecimal(value)}, uaddr={pointer(address)}"
        fields += f", flags={call.flags(flags, FUTEX_WAITER_FLAGS, unknown='FUTEX_???')}"
        return f"{{{fields}{f', __reserved={reserved:#x}' if reserved else ''}}}"

    return show.array(call, call[0], min(u32(call[1]), _MOST_WAITERS + 1), _WAITER.size, waiter)


SHAPES: Final[dict[str, Shape]] = {
    "futex": _Futex((show.address(0), show.choice(1, FUTEXOPS, unknown="FUTEX_???"))),
    "futex_waitv": Shape(
        (
            _waiters,
            show.unsigned(1),
            show.hex_int(2),
            timespec(3),
            show.choice(4, CLOCKNAMES, unknown="CLOCK_???"),
        )
    ),
}
