"""The two calls whose arguments depend on their operation: futex(2) and prctl(2)."""

from __future__ import annotations

from typing import Final

from bstinspect.decode import call as show
from bstinspect.decode.call import Argument, Call, Shape
from bstinspect.decode.names import signal_name
from bstinspect.decode.spans import timespec_in

_FUTEX: Final = {
    0: "FUTEX_WAIT", 1: "FUTEX_WAKE", 2: "FUTEX_FD", 3: "FUTEX_REQUEUE", 4: "FUTEX_CMP_REQUEUE", 5: "FUTEX_WAKE_OP",
    6: "FUTEX_LOCK_PI", 7: "FUTEX_UNLOCK_PI", 8: "FUTEX_TRYLOCK_PI", 9: "FUTEX_WAIT_BITSET",
    10: "FUTEX_WAKE_BITSET", 11: "FUTEX_WAIT_REQUEUE_PI", 12: "FUTEX_CMP_REQUEUE_PI", 13: "FUTEX_LOCK_PI2",
}  # fmt: skip
_PRCTL: Final = {
    1: "PR_SET_PDEATHSIG", 2: "PR_GET_PDEATHSIG", 3: "PR_GET_DUMPABLE", 4: "PR_SET_DUMPABLE", 7: "PR_GET_KEEPCAPS",
    8: "PR_SET_KEEPCAPS", 15: "PR_SET_NAME", 16: "PR_GET_NAME", 21: "PR_GET_SECCOMP", 22: "PR_SET_SECCOMP",
    23: "PR_CAPBSET_READ", 24: "PR_CAPBSET_DROP", 29: "PR_SET_TIMERSLACK", 30: "PR_GET_TIMERSLACK", 35: "PR_SET_MM",
    36: "PR_SET_CHILD_SUBREAPER", 37: "PR_GET_CHILD_SUBREAPER", 38: "PR_SET_NO_NEW_PRIVS",
    39: "PR_GET_NO_NEW_PRIVS", 40: "PR_GET_TID_ADDRESS", 41: "PR_SET_THP_DISABLE", 42: "PR_GET_THP_DISABLE",
    0x59616D61: "PR_SET_PTRACER", 0x53564D41: "PR_SET_VMA",
}  # fmt: skip
_DUMPABLE: Final = {0: "SUID_DUMP_DISABLE", 1: "SUID_DUMP_USER", 2: "SUID_DUMP_ROOT"}


def _operation(call: Call) -> str:
    value = show.u32(call[1])
    text = show.choice_text(value & 0x7F, _FUTEX, "FUTEX_???")
    text += "_PRIVATE" if value & 0x80 else ""
    return text + ("|FUTEX_CLOCK_REALTIME" if value & 0x100 else "")


def _bits(value: int) -> str:
    return "FUTEX_BITSET_MATCH_ANY" if show.u32(value) == 0xFFFFFFFF else f"{show.u32(value):#x}"


_UNSIGNED_VALUE: Final = (0, 3, 4, 9, 10, 11, 12)
"""The operations whose third argument is compared or is a bit set; the others count waiters."""


def _futex(call: Call) -> list[str]:
    operation = call[1] & 0x7F
    value, second = str(show.u32(call[2])), str(show.u32(call[3]))
    start = [show.pointer(call[0]), _operation(call)]
    other = show.pointer(call[4])
    timeout = timespec_in(3)(call) or ""
    count = str(show.s32(call[2]))
    match operation:
        case 0:
            return [*start, value, timeout]
        case 1 | 2:
            return [*start, count]
        case 3:
            return [*start, count, str(show.s32(call[3])), other]
        case 4 | 12:
            return [*start, count, str(show.s32(call[3])), other, str(show.u32(call[5]))]
        case 5:
            return [*start, count, second, other, f"{show.u32(call[5]):#x}"]
        case 6 | 13:
            return [*start, timeout]
        case 7 | 8:
            return start
        case 9:
            return (
                [*start, value, timeout, "NULL", _bits(call[5])]
                if False
                else [*start, value, timeout, other, _bits(call[5])]
            )
        case 10:
            return (
                [*start, count, "NULL", "NULL", _bits(call[5])] if False else [*start, count, _bits(call[5])]
            )
        case 11:
            return [*start, value, timeout, other]
        case _:
            return [*start, value, show.pointer(call[3]), other, f"{show.u32(call[5]):#x}"]


class _Futex(Shape):
    """Arguments by operation, all of them printed at the entry."""

    def entry(self, call: Call) -> list[str]:
        return _futex(call)


def _name(value: int, text: str) -> str:
    return text if value else text


def _prctl_before(call: Call) -> list[str]:
    option, value = show.u32(call[0]), call[1]
    start = [show.choice_text(option, _PRCTL, "PR_???")]
    match option:
        case 1:
            return [*start, signal_name(show.u32(value)) if value else "0"]
        case 4:
            return [*start, show.choice_text(value, _DUMPABLE, "SUID_DUMP_???")]
        case 15:
            return [*start, show.text_at(call, value, None)]
        case 0x59616D61:
            return [*start, "PR_SET_PTRACER_ANY" if show.s64(value) == -1 else str(show.s32(value))]
        case 8 | 36 | 29:
            return [*start, str(value)]
        case 38 | 41:
            return [*start, *(str(each) if number == 1 else _hex(each) for number, each in _rest(call))]
        case 39 | 42:
            return [*start, *(_hex(each) for _, each in _rest(call))]
        case 2 | 16 | 37 | 40:
            return start
        case 3 | 7 | 30 | 21:
            return start
        case _:
            return [*start, *(_hex(each) for _, each in _rest(call))]


def _rest(call: Call) -> list[tuple[int, int]]:
    return [(index, call[index]) for index in range(1, 5)]


def _hex(value: int) -> str:
    return f"{value:#x}" if value else "0"


class _Prctl(Shape):
    """Options that store a result are finished at the exit."""

    def waits(self, call: Call) -> bool:
        return show.u32(call[0]) in (2, 16, 37, 40)

    def entry(self, call: Call) -> list[str]:
        return _prctl_before(call)

    def exit(self, call: Call) -> list[str]:
        if not self.waits(call):
            return []
        data = None if show.failed(call) else call.memory.at(call[1])
        if data is None or len(data) < 4:
            return [show.pointer(call[1])]
        if show.u32(call[0]) == 16:
            return [show.quote_text(data[:16])]
        number = int.from_bytes(data[:4], "little")
        return [f"[{signal_name(number) if show.u32(call[0]) == 2 and number else number}]"]


_NONE: Final[tuple[Argument, ...]] = ()
SHAPES: Final[dict[str, Shape]] = {"futex": _Futex(_NONE), "prctl": _Prctl(_NONE)}
