"""The two calls whose arguments depend on their operation: futex(2) and prctl(2)."""

from __future__ import annotations

from typing import Final

from bstinspect.decode.old import call as show
from bstinspect.decode.old.call import Argument, Call, Shape
from bstinspect.decode.names import signal_name
from bstinspect.decode.old.quote import quote_text
from bstinspect.decode.old.spans import timespec_in

_FUTEX: Final = {
    0: "FUTEX_WAIT", 1: "FUTEX_WAKE", 2: "FUTEX_FD", 3: "FUTEX_REQUEUE", 4: "FUTEX_CMP_REQUEUE",
    5: "FUTEX_WAKE_OP", 6: "FUTEX_LOCK_PI", 7: "FUTEX_UNLOCK_PI", 8: "FUTEX_TRYLOCK_PI",
    9: "FUTEX_WAIT_BITSET", 10: "FUTEX_WAKE_BITSET", 11: "FUTEX_WAIT_REQUEUE_PI",
    12: "FUTEX_CMP_REQUEUE_PI", 13: "FUTEX_LOCK_PI2",
}  # fmt: skip
_WAKE_OPERATIONS: Final = ("SET", "ADD", "OR", "ANDN", "XOR")
_WAKE_COMPARISONS: Final = ("EQ", "NE", "LT", "LE", "GT", "GE")
_PRCTL: Final = {
    1: "PR_SET_PDEATHSIG", 2: "PR_GET_PDEATHSIG", 3: "PR_GET_DUMPABLE", 4: "PR_SET_DUMPABLE",
    7: "PR_GET_KEEPCAPS", 8: "PR_SET_KEEPCAPS", 15: "PR_SET_NAME", 16: "PR_GET_NAME", 21: "PR_GET_SECCOMP",
    22: "PR_SET_SECCOMP", 23: "PR_CAPBSET_READ", 24: "PR_CAPBSET_DROP", 29: "PR_SET_TIMERSLACK",
    30: "PR_GET_TIMERSLACK", 35: "PR_SET_MM", 36: "PR_SET_CHILD_SUBREAPER", 37: "PR_GET_CHILD_SUBREAPER",
    38: "PR_SET_NO_NEW_PRIVS", 39: "PR_GET_NO_NEW_PRIVS", 40: "PR_GET_TID_ADDRESS", 41: "PR_SET_THP_DISABLE",
    42: "PR_GET_THP_DISABLE", 0x59616D61: "PR_SET_PTRACER", 0x53564D41: "PR_SET_VMA",
}  # fmt: skip
_DUMPABLE: Final = {0: "SUID_DUMP_DISABLE", 1: "SUID_DUMP_USER", 2: "SUID_DUMP_ROOT"}
_STORES: Final = {2, 16, 37, 40}
"""The prctl options that store their answer behind the second argument."""


def _hex(value: int) -> str:
    return f"{value:#x}" if value else "0"


# How one argument of futex is printed, by a word.
_address: Final = show.address(0)
_second: Final = show.address(4)
_value: Final = show.unsigned(2)
_count: Final = show.number(2)
_more: Final = show.number(3)
_more_unsigned: Final = show.unsigned(3)
_timeout: Final = timespec_in(3)
_compared: Final = show.unsigned(5)


def _operation(call: Call) -> str:
    value = show.u32(call[1])
    text = show.choice_text(value & 0x7F, _FUTEX, "FUTEX_???")
    text += "_PRIVATE" if value & 0x80 else ""
    return text + ("|FUTEX_CLOCK_REALTIME" if value & 0x100 else "")


def _bits(call: Call) -> str:
    value = show.u32(call[5])
    return "FUTEX_BITSET_MATCH_ANY" if value == 0xFFFFFFFF else _hex(value)


def _wake_operation(call: Call) -> str:
    """Print what FUTEX_WAKE_OP does to the second word, and compares it with."""
    value = show.u32(call[5])
    operation, comparison = value >> 28 & 7, value >> 24 & 0xF
    shifted = "FUTEX_OP_OPARG_SHIFT<<28|" if value >> 31 else ""
    done = f"FUTEX_OP_{_WAKE_OPERATIONS[operation]}" if operation < 5 else _hex(operation)
    compared = f"FUTEX_OP_CMP_{_WAKE_COMPARISONS[comparison]}" if comparison < 6 else _hex(comparison)
    return f"{shifted}{done}<<28|{_hex(value >> 12 & 0xFFF)}<<12|{compared}<<24|{_hex(value & 0xFFF)}"


_BY_OPERATION: Final[dict[int, tuple[Argument, ...]]] = {
    0: (_value, _timeout),
    1: (_count,),
    2: (_count,),
    3: (_count, _more, _second),
    4: (_count, _more, _second, _compared),
    5: (_count, _more_unsigned, _second, _wake_operation),
    6: (_timeout,),
    7: (),
    8: (),
    9: (_value, _timeout, _bits),
    10: (_count, _bits),
    11: (_value, _timeout, _second),
    12: (_count, _more, _second, _compared),
    13: (_timeout,),
}
_ANY: Final[tuple[Argument, ...]] = (_value, show.address(3), _second, lambda call: _hex(show.u32(call[5])))


class _Futex(Shape):
    """Arguments by operation, all of them printed at the entry."""

    def entry(self, call: Call) -> list[str]:
        rest = _BY_OPERATION.get(call[1] & 0x7F, _ANY)
        return [each(call) or "" for each in (_address, _operation, *rest)]


def _ptracer(call: Call) -> str:
    return "PR_SET_PTRACER_ANY" if show.s32(call[1]) == -1 else str(show.s32(call[1]))


def _death_signal(call: Call) -> str:
    return signal_name(show.u32(call[1])) if call[1] else "0"


def _hexadecimals(first: int, last: int) -> tuple[Argument, ...]:
    return tuple(show.hexadecimal(index) for index in range(first, last + 1))


_BY_OPTION: Final[dict[int, tuple[Argument, ...]]] = {
    **dict.fromkeys((*_STORES, 3, 7, 21, 30), ()),
    1: (_death_signal,),
    4: (show.choice(1, _DUMPABLE, "SUID_DUMP_???"),),
    **dict.fromkeys((8, 23, 24, 29, 36), (show.size(1),)),
    15: (show.path(1),),
    38: (show.size(1), *_hexadecimals(2, 4)),
    41: (show.size(1), *_hexadecimals(2, 4)),
    0x59616D61: (_ptracer,),
}


def _answer(call: Call) -> str:
    """Note what the number that prctl returned means."""
    if show.u32(call[0]) == 3:
        call.note = _DUMPABLE.get(call.value, "")
    return str(call.value)


class _Prctl(Shape):
    """Arguments by option; those that store an answer are finished at the exit."""

    def waits(self, call: Call) -> bool:
        return show.u32(call[0]) in _STORES

    def entry(self, call: Call) -> list[str]:
        option = show.u32(call[0])
        rest = _BY_OPTION.get(option, _hexadecimals(1, 4))
        return [show.choice_text(option, _PRCTL, "PR_???"), *(each(call) or "" for each in rest)]

    def exit(self, call: Call) -> list[str]:
        if not self.waits(call):
            return []
        data = None if show.failed(call) else call.memory.at(call[1])
        if data is None or len(data) < 4:
            return [show.pointer(call[1])]
        if show.u32(call[0]) == 16:
            return [quote_text(data[:16])]
        number = int.from_bytes(data[:4], "little")
        return [f"[{signal_name(number) if show.u32(call[0]) == 2 and number else number}]"]


SHAPES: Final[dict[str, Shape]] = {"futex": _Futex(()), "prctl": _Prctl((), (), _answer)}
