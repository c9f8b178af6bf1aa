"""ptrace(2): one table with what each request takes."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.bpf_filter import seccomp_operand, statements_text
from bstinspect.decode.call import Call, pointer
from bstinspect.decode.chosen import Chosen
from bstinspect.decode.constants import processes as names
from bstinspect.decode.ptrace_info import syscall_info
from bstinspect.decode.registers import floating, general
from bstinspect.decode.shape import Shape
from bstinspect.decode.siginfo import SIZE, describe_siginfo, siginfo_at
from bstinspect.decode.signal_sets import set_at, signal
from bstinspect.decode.style import Constants

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

_LAST_OFFSET: Final = max(names.STRUCT_USER_OFFSETS)
_NT_PRSTATUS, _NT_FPREGSET = 1, 2
_IOVEC: Final = struct.Struct("<QQ")


def _user_offset(call: Call) -> str:
    """Print an offset in struct user: the name of the field that is there or before."""
    address = call[2]
    base = max(offset for offset in names.STRUCT_USER_OFFSETS if offset <= address)
    constants = call.style.constants
    if constants is Constants.RAW or (address > base and base == _LAST_OFFSET):
        return pointer(address)
    text = names.STRUCT_USER_OFFSETS[base] + (f"+{address - base}" if address > base else "")
    return text if constants is Constants.ABBREV else f"{pointer(address)} /* {text} */"


def _peeking_text(call: Call, data: bytes) -> str:
    offset, flags, count = struct.unpack("<QII", data)
    shown = call.flags(flags, names.PTRACE_PEEKSIGINFO_FLAGS, unknown="PTRACE_PEEKSIGINFO_???")
    return f"{{off={offset}, flags={shown}, nr={count}}}"


def _word_behind(call: Call) -> str:
    data = call.fetch(call[3], 8)
    return pointer(call[3]) if data is None else f"[{pointer(int.from_bytes(data, 'little'))}]"


def _number_behind(call: Call) -> str:
    data = call.fetch(call[3], 8)
    return pointer(call[3]) if data is None else f"[{int.from_bytes(data, 'little')}]"


def _signals_pending(call: Call) -> str:
    count = call.value & (1 << 64) - 1
    return show.array(call, call[3], count, SIZE, lambda call, data: describe_siginfo(data, 0, call))


# Sets of registers, which a struct iovec tells the size of.


def _register_set(call: Call, base: int, length: int) -> str:
    kind = call[2] & 0xFFFFFFFF
    if kind == _NT_PRSTATUS:
        return general(call, base, length)
    return floating(call, base, length) if kind == _NT_FPREGSET else pointer(base)


class _GetSet(Shape):
    """PTRACE_GETREGSET: all at the exit, if the iovec could be read at the entry."""

    def waits(self, call: Call) -> bool:
        return call.kept is not None

    def entry(self, call: Call) -> list[str]:
        data = call.fetch_anyway(call[3], _IOVEC.size)
        call.kept = None if data is None else _IOVEC.unpack(data)[1]
        return super().entry(call) + ([pointer(call[3])] if data is None else [])

    def exit(self, call: Call) -> list[str]:
        if call.kept is None:
            return []
        data = call.fetch_anyway(call[3], _IOVEC.size)
        if data is None:
            return [pointer(call[3])]
        base, length = _IOVEC.unpack(data)
        size = str(length) if call.kept == length else f"{call.kept} => {length}"
        return [f"{{iov_base={_register_set(call, base, length)}, iov_len={size}}}"]


class _SetSet(Shape):
    """PTRACE_SETREGSET: the structure is closed at the exit, with the size if that has changed."""

    separator = ""

    def waits(self, call: Call) -> bool:
        return call.kept is not None

    def entry(self, call: Call) -> list[str]:
        data = call.fetch_anyway(call[3], _IOVEC.size)
        texts = super().entry(call)
        if data is None:
            call.kept = None
            return [*texts, pointer(call[3])]
        base, length = _IOVEC.unpack(data)
        call.kept = length
        return [*texts, f"{{iov_base={_register_set(call, base, length)}, iov_len={length}"]

    def exit(self, call: Call) -> list[str]:
        if call.kept is None:
            return []
        data = call.fetch_anyway(call[3], _IOVEC.size)
        length = None if data is None else _IOVEC.unpack(data)[1]
        return ["}" if length in (None, call.kept) else f" => {length}}}"]


class _Metadata(Shape):
    """PTRACE_SECCOMP_GET_METADATA: the offset goes in, the flags come out of the same structure."""

    separator = ""

    def waits(self, call: Call) -> bool:
        return call.kept is not None

    def entry(self, call: Call) -> list[str]:
        data = call.fetch(call[3], 8) if call[2] >= 8 else None
        call.kept = None if data is None else int.from_bytes(data, "little")
        return [*super().entry(call), pointer(call[3]) if data is None else f"{{filter_off={call.kept}"]

    def exit(self, call: Call) -> list[str]:
        if call.kept is None:
            return []
        size = call.value
        if call.is_error or 0 <= size <= 8:
            return ["}"]
        data = call.fetch(call[3] + 8, 8) if not 0 <= size < 16 else None
        if data is None:
            return [", ???}"]
        flags = call.flags(
            int.from_bytes(data, "little"), names.SECCOMP_FILTER_FLAGS, unknown="SECCOMP_FILTER_FLAG_???"
        )
        return [f", flags={flags}" + ("}" if size == 16 else ", ...}")]


_PID: Final = show.process(1)
_ADDRESS: Final = (_PID, show.address(2))
_SIZE: Final = (_PID, show.size(2))
_NOTE: Final = (_PID, show.choice(2, names.NT_DESCRIPTOR_TYPES, unknown="NT_???"))
_OPTIONS: Final = show.flags64(3, names.PTRACE_SETOPTIONS_FLAGS, unknown="PTRACE_O_???")
_ONLY_PID: Final = Shape((_PID,))
_WITH_SIGNAL: Final = Shape((*_ADDRESS, signal(3)))
_WITH_OPTIONS: Final = Shape((*_ADDRESS, _OPTIONS))
_OTHER: Final = Shape((*_ADDRESS, show.address(3)))

_REQUESTS: Final[dict[str, Shape]] = {
    "PTRACE_TRACEME": Shape(()),
    **dict.fromkeys(("PTRACE_ATTACH", "PTRACE_INTERRUPT", "PTRACE_KILL", "PTRACE_LISTEN"), _ONLY_PID),
    **dict.fromkeys(
        (
            "PTRACE_CONT",
            "PTRACE_DETACH",
            "PTRACE_SYSCALL",
            "PTRACE_SINGLESTEP",
            "PTRACE_SINGLEBLOCK",
            "PTRACE_SYSEMU",
            "PTRACE_SYSEMU_SINGLESTEP",
        ),
        _WITH_SIGNAL,
    ),
    **dict.fromkeys(("PTRACE_SEIZE", "PTRACE_SETOPTIONS", "PTRACE_OLDSETOPTIONS"), _WITH_OPTIONS),
    "PTRACE_POKEUSER": Shape((_PID, _user_offset, show.address(3))),
    "PTRACE_SETSIGINFO": Shape((*_ADDRESS, lambda call: siginfo_at(call, call[3]))),
    "PTRACE_SETSIGMASK": Shape((*_SIZE, lambda call: set_at(call, call[3], call[2]))),
    "PTRACE_GETREGSET": _GetSet(_NOTE),
    "PTRACE_SETREGSET": _SetSet(_NOTE),
    "PTRACE_SECCOMP_GET_METADATA": _Metadata(_SIZE),
    "PTRACE_GETREGS": Shape((_PID,), (lambda call: general(call, call[3]),)),
    "PTRACE_SETREGS": Shape((_PID, lambda call: general(call, call[3]))),
    "PTRACE_GETFPREGS": Shape((_PID,), (lambda call: floating(call, call[3]),)),
    "PTRACE_SETFPREGS": Shape((_PID, lambda call: floating(call, call[3]))),
}
"""By name; those that are in none of the two tables print two addresses."""


def _filled(before: tuple[Argument, ...], after: Argument) -> tuple[Shape, Shape]:
    """Print what is stored at the exit; with -e verbose=none only where it is, at the entry."""
    return Shape(before, (after,)), Shape((*before, show.address(3)))


_FILLED: Final[dict[str, tuple[Shape, Shape]]] = {
    "PTRACE_PEEKDATA": _filled(_ADDRESS, _word_behind),
    "PTRACE_PEEKTEXT": _filled(_ADDRESS, _word_behind),
    "PTRACE_PEEKUSER": _filled((_PID, _user_offset), _word_behind),
    "PTRACE_GETEVENTMSG": _filled(_ADDRESS, _number_behind),
    "PTRACE_GETSIGINFO": _filled(_ADDRESS, lambda call: siginfo_at(call, call[3])),
    "PTRACE_GETSIGMASK": _filled(_SIZE, lambda call: set_at(call, call[3], call[2])),
    "PTRACE_PEEKSIGINFO": _filled((_PID, show.structure(2, 16, _peeking_text)), _signals_pending),
    "PTRACE_SECCOMP_GET_FILTER": _filled(
        _SIZE, lambda call: statements_text(call, call[3], call.value, seccomp_operand)
    ),
    "PTRACE_GET_SYSCALL_INFO": _filled(_SIZE, syscall_info),
}


def _request(call: Call) -> Shape:
    name = names.PTRACE_CMDS.get(call[0], "")
    if name in _FILLED:
        shown, bare = _FILLED[name]
        return shown if call.style.verbose(call.name) else bare
    return _REQUESTS.get(name, _OTHER)


SHAPES: Final[dict[str, Shape]] = {
    "ptrace": Chosen((show.choice64(0, names.PTRACE_CMDS, unknown="PTRACE_???"),), _request),
}
