"""prctl(2) and arch_prctl(2): one table with what each option takes and returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.bpf_filter import filter_text, seccomp_operand
from bstinspect.decode.call import Call, hexadecimal, pointer, s32, u32
from bstinspect.decode.chosen import Chosen, Late, note_flags, verbose_constants
from bstinspect.decode.constants import processes as names
from bstinspect.decode.prctl_arm import SME, SVE, TAGGED
from bstinspect.decode.shape import Shape, decimal_result
from bstinspect.decode.signal_sets import signal_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bstinspect.decode.shape import Argument, Result

_NAME_BYTES: Final = 16
"""Of a thread's name, with its NUL (TASK_COMM_LEN)."""
_MOST_SIGNALS: Final = 128


def _rest(first: int) -> tuple[Argument, ...]:
    """Print the arguments from one on as strace prints what it does not know."""
    return tuple(show.hex_long(index) for index in range(first, 5))


# Arguments.


def _name(call: Call, size: int) -> str:
    """Print a thread's name of at most `size` bytes; ``...`` where they hold no NUL."""
    where, shown = call[1], call.style.strings
    data = call.memory.string(where, min(shown + 1, size)) if where else None
    if data is None:
        return pointer(where)
    cut = not data.endswith(b"\0")
    return call.quoted(data[:shown] if cut else data[:-1], cut=cut)


def _name_stored(call: Call) -> str:
    return pointer(call[1]) if call.is_error else _name(call, _NAME_BYTES)


def _behind(text: Callable[[Call, int], str], index: int = 1, size: int = 4) -> Argument:
    """Print ``[...]``, what a pointer points to."""
    return show.structure(index, size, lambda call, data: f"[{text(call, int.from_bytes(data, 'little'))}]")


_unsigned_stored: Final = _behind(lambda _call, value: str(value))
_signal_stored: Final = _behind(lambda call, value: signal_text(call, s32(value)))
_tsc_stored: Final = _behind(lambda call, value: call.choice(value, names.PR_TSC, unknown="PR_TSC_???"))
_unalign_stored: Final = _behind(
    lambda call, value: call.flags(value, names.PR_UNALIGN_FLAGS, unknown="PR_UNALIGN_???")
)
_pointer_stored: Final = _behind(lambda _call, value: pointer(value), size=8)
_cookie_stored: Final = _behind(lambda _call, value: hexadecimal(value), index=4, size=8)


def _death_signal(call: Call) -> str:
    return str(call[1]) if call[1] > _MOST_SIGNALS else signal_text(call, call[1])


def _ptracer(call: Call) -> str:
    pid = s32(call[1])
    return call.constant(pid, "PR_SET_PTRACER_ANY", str) if pid == -1 else call.process(pid)


def _core_target(call: Call) -> str:
    return call.process(s32(call[2])) if u32(call[3]) in (0, 1) else str(s32(call[2]))


def _core_scope(call: Call) -> str:
    with verbose_constants(call):
        return call.choice(u32(call[3]), names.PR_SCHED_CORE_PIDTYPES, unknown="PIDTYPE_???")


def _pac_keys(index: int) -> Argument:
    return show.flags64(index, names.PR_PAC_ENABLED_KEYS, unknown="PR_PAC_???")


# Results.


def _named(table: Mapping[int, str]) -> Result:
    """Print a result and behind it what it means."""

    def result(call: Call) -> str:
        call.note = table.get(call.value, "")
        return str(call.value)

    return result


def _flags(table: Mapping[int, str]) -> Result:
    """Print a result in hexadecimal and behind it the flags that it holds."""

    def result(call: Call) -> str:
        call.note = note_flags(call, call.value & (1 << 64) - 1, table)
        return hexadecimal(call.value)

    return result


def _flags_if_any(table: Mapping[int, str]) -> Result:
    flags = _flags(table)
    return lambda call: flags(call) if call.value else decimal_result(call)


# Options whose second argument says what the others are.

_AMBIENT_WITH: Final = Shape((show.choice64(2, names.CAP, unknown="CAP_???"), *_rest(3)))
_AMBIENT_OTHER: Final = Shape(_rest(2))
_AMBIENT: Final = Chosen(
    (show.choice64(1, names.PR_CAP_AMBIENT, unknown="PR_CAP_AMBIENT_???"),),
    lambda call: _AMBIENT_WITH if call[1] in (1, 2, 3) else _AMBIENT_OTHER,
)
_MCE_SET: Final = Shape((show.choice64(2, names.PR_MCE_KILL_POLICY, unknown="PR_MCE_KILL_???"), *_rest(3)))
_MCE_KILL: Final = Chosen(
    (show.choice64(1, names.PR_MCE_KILL, unknown="PR_MCE_KILL_???"),),
    lambda call: _MCE_SET if call[1] == 1 else _AMBIENT_OTHER,
)
_VMA_NAME: Final = Shape((show.address(2), show.size(3), show.text(4)))
_VMA: Final = Chosen(
    (show.choice64(1, names.PR_SET_VMA, unknown="PR_SET_VMA_???"),),
    lambda call: _AMBIENT_OTHER if call[1] else _VMA_NAME,
)
_SECCOMP_BY_MODE: Final = {
    1: Shape(()),
    2: Shape((lambda call: filter_text(call, call[2], seccomp_operand),)),
}
_SECCOMP: Final = Chosen(
    (show.choice64(1, names.SECCOMP_MODE, unknown="SECCOMP_MODE_???"),),
    lambda call: _SECCOMP_BY_MODE.get(call[1], _AMBIENT_OTHER),
)
_SPECULATION_CHOICE: Final = show.choice64(1, names.PR_SPEC_CMDS, unknown="PR_SPEC_???")
_SPECULATION_KNOWN: Final = Shape(
    (show.choice64(2, names.PR_SPEC_SET_STORE_BYPASS_FLAGS, unknown="PR_SPEC_???"),)
)
_SPECULATION_OTHER: Final = Shape((show.hex_long(2),))
_SPECULATION: Final = Chosen(
    (_SPECULATION_CHOICE,),
    lambda call: _SPECULATION_KNOWN if call[1] in names.PR_SPEC_CMDS else _SPECULATION_OTHER,
)
_speculation_flags: Final = _flags(names.PR_SPEC_GET_STORE_BYPASS_FLAGS)
_CORE_COOKIE: Final = Shape((), (lambda call: pointer(call[4]) if call.is_error else _cookie_stored(call),))
_CORE_OTHER: Final = Shape((show.address(4),))
_CORE: Final = Chosen(
    (show.choice(1, names.PR_SCHED_CORE_CMDS, unknown="PR_SCHED_CORE_???"), _core_target, _core_scope),
    lambda call: _CORE_OTHER if u32(call[1]) else _CORE_COOKIE,
)

_NOTHING: Final = Shape(())
_UNSIGNED: Final = Shape((show.size(1),))
_UNSIGNED_AND_MORE: Final = Shape((show.size(1), *_rest(2)))
_UNSIGNED_STORED: Final = Shape((), (_unsigned_stored,))
_CAPABILITY: Final = Shape((show.choice64(1, names.CAP, unknown="CAP_???"),))
_ALL: Final = Shape(_rest(1))

_OPTIONS: Final[dict[str, Shape]] = {
    **dict.fromkeys(
        (
            "PR_GET_KEEPCAPS",
            "PR_GET_SECCOMP",
            "PR_GET_TIMERSLACK",
            "PR_GET_TIMING",
            "PR_TASK_PERF_EVENTS_DISABLE",
            "PR_TASK_PERF_EVENTS_ENABLE",
        ),
        _NOTHING,
    ),
    **dict.fromkeys(
        ("PR_GET_CHILD_SUBREAPER", "PR_GET_ENDIAN", "PR_GET_FPEMU", "PR_GET_FPEXC"), _UNSIGNED_STORED
    ),
    **dict.fromkeys(
        (
            "PR_SET_CHILD_SUBREAPER",
            "PR_SET_ENDIAN",
            "PR_SET_FPEMU",
            "PR_SET_FPEXC",
            "PR_SET_KEEPCAPS",
            "PR_SET_TIMING",
        ),
        _UNSIGNED,
    ),
    **dict.fromkeys(("PR_SET_NO_NEW_PRIVS", "PR_SET_THP_DISABLE", "PR_SET_IO_FLUSHER"), _UNSIGNED_AND_MORE),
    **dict.fromkeys(("PR_CAPBSET_DROP", "PR_CAPBSET_READ"), _CAPABILITY),
    "PR_CAP_AMBIENT": _AMBIENT,
    "PR_GET_DUMPABLE": Late((), (), _named(names.PR_DUMPABLE)),
    "PR_SET_DUMPABLE": Shape((show.choice64(1, names.PR_DUMPABLE, unknown="SUID_DUMP_???"),)),
    "PR_GET_NAME": Shape((), (_name_stored,)),
    "PR_SET_NAME": Shape((lambda call: _name(call, _NAME_BYTES - 1),)),
    "PR_GET_PDEATHSIG": Shape((), (_signal_stored,)),
    "PR_SET_PDEATHSIG": Shape((_death_signal,)),
    "PR_GET_SECUREBITS": Late((), (), _flags_if_any(names.SECBITS)),
    "PR_SET_SECUREBITS": Shape((show.flags64(1, names.SECBITS, unknown="SECBIT_???"),)),
    "PR_GET_TID_ADDRESS": Shape((), (_pointer_stored,)),
    "PR_GET_TSC": Shape((), (_tsc_stored,)),
    "PR_SET_TSC": Shape((show.choice(1, names.PR_TSC, unknown="PR_TSC_???"),)),
    "PR_GET_UNALIGN": Shape((), (_unalign_stored,)),
    "PR_SET_UNALIGN": Shape((show.flags(1, names.PR_UNALIGN_FLAGS, unknown="PR_UNALIGN_???"),)),
    "PR_GET_FP_MODE": Late((), (), _flags_if_any(names.PR_FP_MODE)),
    "PR_SET_FP_MODE": Shape((show.flags(1, names.PR_FP_MODE, unknown="PR_FP_MODE_???"),)),
    "PR_MCE_KILL": _MCE_KILL,
    "PR_MCE_KILL_GET": Late(_rest(1), (), _named(names.PR_MCE_KILL_POLICY)),
    "PR_SET_MM": Shape((show.choice(1, names.PR_SET_MM, unknown="PR_SET_MM_???"), *_rest(2))),
    "PR_SET_VMA": _VMA,
    "PR_SET_PTRACER": Shape((_ptracer,)),
    "PR_SET_SECCOMP": _SECCOMP,
    "PR_SET_TIMERSLACK": Shape((show.long(1),)),
    "PR_GET_SPECULATION_CTRL": Late(
        (_SPECULATION_CHOICE,),
        (),
        lambda call: _speculation_flags(call) if call[1] in names.PR_SPEC_CMDS else decimal_result(call),
    ),
    "PR_SET_SPECULATION_CTRL": _SPECULATION,
    "PR_PAC_RESET_KEYS": Shape(
        (show.flags64(1, names.PR_PAC_ENABLED_KEYS, names.PR_PAC_KEYS, unknown="PR_PAC_???"), *_rest(2))
    ),
    "PR_PAC_SET_ENABLED_KEYS": Shape((_pac_keys(1), _pac_keys(2), *_rest(3))),
    "PR_PAC_GET_ENABLED_KEYS": Late(_rest(1), (), _flags(names.PR_PAC_ENABLED_KEYS)),
    "PR_SET_SYSCALL_USER_DISPATCH": Shape(
        (
            show.choice64(1, names.PR_SUD_CMDS, unknown="PR_SYS_DISPATCH_???"),
            show.hex_long(2),
            show.hex_long(3),
            show.address(4),
        )
    ),
    "PR_SCHED_CORE": _CORE,
    "PR_SVE_SET_VL": Late((SVE.argument,), (), SVE.result),
    "PR_SVE_GET_VL": Late((), (), SVE.result),
    "PR_SME_SET_VL": Late((SME.argument,), (), SME.result),
    "PR_SME_GET_VL": Late((), (), SME.result),
    "PR_SET_TAGGED_ADDR_CTRL": Shape((TAGGED.argument, *_rest(2))),
    "PR_GET_TAGGED_ADDR_CTRL": Late(_rest(1), (), TAGGED.result),
}
"""By name; the options that are not here print their arguments in hexadecimal."""


def _xfeatures_stored(call: Call, value: int) -> str:
    with verbose_constants(call):
        return call.flags(value, names.X86_XFEATURES, unknown="XFEATURE_MASK_???")


def _xfeature(call: Call) -> str:
    with verbose_constants(call):
        return call.choice(call[1], names.X86_XFEATURE_BITS, unknown="XFEATURE_???")


_xfeature_flags: Final = _flags(names.X86_XFEATURES)
_BASE_STORED: Final = Shape((), (_pointer_stored,))
_XFEATURES_STORED: Final = Shape((), (_behind(_xfeatures_stored, size=8),))
_XFEATURE: Final = Late(
    (_xfeature,), (), lambda call: _xfeature_flags(call) if call.value > 0 else decimal_result(call)
)
_ARCH_OTHER: Final = Shape((show.hex_long(1),))
_ARCH_OPTIONS: Final[dict[str, Shape]] = {
    "ARCH_GET_GS": _BASE_STORED,
    "ARCH_GET_FS": _BASE_STORED,
    "ARCH_GET_CPUID": _NOTHING,
    "ARCH_GET_XCOMP_SUPP": _XFEATURES_STORED,
    "ARCH_GET_XCOMP_PERM": _XFEATURES_STORED,
    "ARCH_GET_XCOMP_GUEST_PERM": _XFEATURES_STORED,
    "ARCH_REQ_XCOMP_PERM": _XFEATURE,
    "ARCH_REQ_XCOMP_GUEST_PERM": _XFEATURE,
}


def _option(call: Call) -> Shape:
    return _OPTIONS.get(names.PRCTL_OPTIONS.get(u32(call[0]), ""), _ALL)


def _arch_option(call: Call) -> Shape:
    return _ARCH_OPTIONS.get(names.ARCHVALS.get(u32(call[0]), ""), _ARCH_OTHER)


SHAPES: Final[dict[str, Shape]] = {
    "prctl": Chosen((show.choice(0, names.PRCTL_OPTIONS, unknown="PR_???"),), _option),
    "arch_prctl": Chosen((show.choice(0, names.ARCHVALS, unknown="ARCH_???"),), _arch_option),
}
