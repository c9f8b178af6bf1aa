"""Signals (kill(2), sigaction(2), sigprocmask(2), sigaltstack(2), signalfd(2), pidfd_send_signal(2))."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, hexadecimal, pointer
from bstinspect.decode.constants.signals import (
    SA_HANDLER_VALUES,
    SFD_FLAGS,
    SIGACT_FLAGS,
    SIGALTSTACK_FLAGS,
    SIGPROCMASKCMDS,
)
from bstinspect.decode.named import ABBREV, constant_text, flags_text
from bstinspect.decode.names import LAST_SIGNAL, signal_name
from bstinspect.decode.remembered import Remembered
from bstinspect.decode.shape import Shape, descriptor_result
from bstinspect.decode.siginfo import siginfo_at
from bstinspect.decode.signal_sets import SET_BYTES, set_at, set_of_bytes, signal, signal_set
from bstinspect.decode.spans import TIMESPEC, timespec_text

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument
    from bstinspect.decode.style import Constants

_SIGACTION_BYTES: Final = 88
"""What strace reads of a struct sigaction: it takes the mask for 64 bytes, of which 8 are used."""
_USED: Final = 32
_SA_RESTORER: Final = 0x04000000
_MASK_IN_FRAME: Final = {"x86_64": 8 + 40 + 256 - 8, "aarch64": 128 + 40}
"""Where a signal frame has the mask, from the stack pointer on: on x86-64 the return address before the
frame's ucontext_t is popped already; there the mask stands behind the registers, elsewhere before them."""


def _action_text(call: Call, data: bytes) -> str:
    data = data[:_USED]
    constants = call.style.constants
    return _ACTIONS[data] if constants is ABBREV else _described(data, constants)


def _described(data: bytes, constants: Constants) -> str:
    """Print ``struct sigaction``: programs set the same few, for one signal after the other."""
    handler, flags, restorer = struct.unpack_from("<3Q", data)
    name = SA_HANDLER_VALUES.get(handler)
    parts = [
        f"sa_handler={constant_text(handler, name, constants, hexadecimal) if name else pointer(handler)}",
        f"sa_mask={set_of_bytes(data[24:32], constants)}",
        f"sa_flags={flags_text(flags, (SIGACT_FLAGS,), constants, 'SA_???', hexadecimal)}",
    ]
    if flags & _SA_RESTORER:
        parts.append(f"sa_restorer={pointer(restorer)}")
    return f"{{{', '.join(parts)}}}"


_ACTIONS: Final[Remembered[bytes]] = Remembered(lambda data: _described(data, ABBREV))


def _action(index: int) -> Argument:
    return show.structure(index, _SIGACTION_BYTES, _action_text)


def _stack_text(call: Call, data: bytes) -> str:
    where, flags, size = struct.unpack("<QI4xQ", data)
    shown = call.flags(flags, SIGALTSTACK_FLAGS, unknown="SS_???")
    return f"{{ss_sp={pointer(where)}, ss_flags={shown}, ss_size={size}}}"


def _stack(index: int) -> Argument:
    return show.structure(index, 24, _stack_text)


def _information(index: int) -> Argument:
    return lambda call: siginfo_at(call, call[index])


def _frame_mask(call: Call) -> str | None:
    """Print the mask that rt_sigreturn puts in force, from the signal frame on the stack."""
    offset = _MASK_IN_FRAME.get(call.tables.machine)
    if not call.stack_pointer or offset is None:
        return None
    return f"{{mask={set_at(call, call.stack_pointer + offset, SET_BYTES)}}}"


class _Return(Shape):
    """rt_sigreturn, which finds what it takes on the stack."""

    from_registers = False


class _TimedWait(Shape):
    """rt_sigtimedwait: all at the entry where no information about the signal is asked for."""

    separator = ""

    def __init__(self) -> None:
        super().__init__((signal_set(0, 3),), (_information(1),), self._result)

    def waits(self, call: Call) -> bool:  # noqa: ARG002
        return True

    @staticmethod
    def _informs(call: Call) -> bool:
        return bool(call[1]) and call.style.verbose(call.name)

    def entry(self, call: Call) -> list[str]:
        data = call.fetch(call[2], TIMESPEC)
        call.kept = pointer(call[2]) if data is None else timespec_text(call, data)
        texts = super().entry(call)
        return [*texts, ""] if self._informs(call) else [*texts, pointer(call[1]), call.kept, str(call[3])]

    def exit(self, call: Call) -> list[str]:
        if not self._informs(call):
            return []
        return [", ".join([*super().exit(call), call.kept or pointer(call[2]), str(call[3])])]

    @staticmethod
    def _result(call: Call) -> str:
        if 0 < call.value <= LAST_SIGNAL:
            call.note = signal_name(call.value)
        return str(call.value)


_SIGNALFD: Final = (show.fd(0), signal_set(1, 2), show.size(2))

SHAPES: Final[dict[str, Shape]] = {
    "kill": Shape((show.process(0), signal(1))),
    "tkill": Shape((show.process(0), signal(1))),
    "tgkill": Shape((show.process(0), show.process(1), signal(2))),
    "rt_sigqueueinfo": Shape((show.process(0), signal(1), _information(2))),
    "rt_tgsigqueueinfo": Shape((show.process(0), show.process(1), signal(2), _information(3))),
    "pidfd_send_signal": Shape((show.fd(0), signal(1), _information(2), show.hex_int(3))),
    "rt_sigaction": Shape((signal(0), _action(1)), (_action(2), show.size(3))),
    "rt_sigprocmask": Shape(
        (show.choice(0, SIGPROCMASKCMDS, unknown="SIG_???"), signal_set(1, 3)),
        (signal_set(2, 3), show.size(3)),
    ),
    "rt_sigpending": Shape((), (signal_set(0, 1, least=1), show.size(1))),
    "rt_sigsuspend": Shape((signal_set(0, 1), show.size(1))),
    "rt_sigtimedwait": _TimedWait(),
    "rt_sigreturn": _Return((_frame_mask,)),
    "sigaltstack": Shape((_stack(0),), (_stack(1),)),
    "signalfd": Shape(_SIGNALFD, (), descriptor_result),
    "signalfd4": Shape((*_SIGNALFD, show.flags(3, SFD_FLAGS, unknown="SFD_???")), (), descriptor_result),
    "pause": Shape(()),
}
