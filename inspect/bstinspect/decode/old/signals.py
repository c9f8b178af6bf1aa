"""Signals (kill(2), sigaction(2), sigprocmask(2), sigaltstack(2), signalfd(2), pidfd_send_signal(2))."""

from __future__ import annotations

import struct
from typing import Final

from bstinspect.decode.old import call as show
from bstinspect.decode.old.call import Argument, Call, Shape
from bstinspect.decode.names import FIRST_REALTIME, LAST_SIGNAL, signal_name
from bstinspect.decode.old.siginfo import describe_siginfo
from bstinspect.decode.old.spans import timespec_in

_ACTION_FLAGS: Final = {
    0x04000000: "SA_RESTORER", 0x08000000: "SA_ONSTACK", 0x10000000: "SA_RESTART",
    0x20000000: "SA_INTERRUPT", 0x40000000: "SA_NODEFER", 0x80000000: "SA_RESETHAND", 1: "SA_NOCLDSTOP",
    2: "SA_NOCLDWAIT", 4: "SA_SIGINFO", 0x800: "SA_EXPOSE_TAGBITS",
}  # fmt: skip
_HANDLERS: Final = {0: "SIG_DFL", 1: "SIG_IGN", (1 << 64) - 1: "SIG_ERR"}
_HOW: Final = {0: "SIG_BLOCK", 1: "SIG_UNBLOCK", 2: "SIG_SETMASK"}
_STACK_FLAGS: Final = {1: "SS_ONSTACK", 2: "SS_DISABLE", 0x80000000: "SS_AUTODISARM"}
_SIGNALFD: Final = {0o2000000: "SFD_CLOEXEC", 0o4000: "SFD_NONBLOCK"}
_RESTORER: Final = 0x04000000


def set_text(mask: int) -> str:
    """Return ``[INT TERM]``, or ``~[...]`` where more signals are in than out."""
    members = [number for number in range(1, LAST_SIGNAL + 1) if mask >> (number - 1) & 1]
    if len(members) >= LAST_SIGNAL * 2 // 3:
        others = set(range(1, LAST_SIGNAL + 1)) - set(members)
        return f"~[{' '.join(_short(number) for number in sorted(others))}]"
    return f"[{' '.join(_short(number) for number in members)}]"


def _short(number: int) -> str:
    return "RTMIN" if number == FIRST_REALTIME else signal_name(number).removeprefix("SIG")


def _set_of(data: bytes) -> str:
    return set_text(int.from_bytes(data[:8], "little"))


def signal_set(index: int) -> Argument:
    """Print a set of signals that the call reads."""
    return show.structure(index, 8, _set_of)


def _set_out(index: int) -> Argument:
    return show.filled(index, 8, _set_of)


def signal_number(index: int) -> Argument:
    """Print a signal."""
    return lambda call: signal_name(show.s32(call[index]))


def _action_text(data: bytes) -> str:
    handler, flags, restorer, mask = struct.unpack_from("<QQQQ", data)
    name = _HANDLERS.get(handler, f"{handler:#x}")
    shown = show.flag_text(flags, _ACTION_FLAGS, "SA_???")
    text = f"{{sa_handler={name}, sa_mask={set_text(mask)}, sa_flags={shown}"
    return text + (f", sa_restorer={restorer:#x}}}" if flags & _RESTORER else "}")


def _stack_text(data: bytes) -> str:
    where, flags, length = struct.unpack_from("<QI4xQ", data)
    return (
        f"{{ss_sp={show.pointer(where)}, ss_flags={show.flag_text(flags, _STACK_FLAGS)}, ss_size={length}}}"
    )


def _information(index: int, *, out: bool) -> Argument:
    """Print a siginfo_t."""

    def argument(call: Call) -> str:
        data = None if out and show.failed(call) else call.memory.at(call[index])
        return show.pointer(call[index]) if data is None or len(data) < 48 else describe_siginfo(data)

    return argument


def _waited(call: Call) -> str:
    if call.value > 0:
        call.note = signal_name(call.value)
    return str(call.value)


_TARGET: Final = (show.number(0), signal_number(1))
_THREAD: Final = (show.number(0), show.number(1), signal_number(2))

SHAPES: Final[dict[str, Shape]] = {
    "kill": Shape(_TARGET),
    "tkill": Shape(_TARGET),
    "tgkill": Shape(_THREAD),
    "pidfd_send_signal": Shape((*_TARGET, _information(2, out=False), show.hexadecimal(3))),
    "rt_sigqueueinfo": Shape((*_TARGET, _information(2, out=False))),
    "rt_tgsigqueueinfo": Shape((*_THREAD, _information(3, out=False))),
    "rt_sigaction": Shape(
        (signal_number(0), show.structure(1, 32, _action_text)),
        (show.filled(2, 32, _action_text), show.size(3)),
    ),
    "rt_sigprocmask": Shape((show.choice(0, _HOW, "SIG_???"), signal_set(1)), (_set_out(2), show.size(3))),
    "rt_sigpending": Shape((), (_set_out(0), show.size(1))),
    "rt_sigsuspend": Shape((signal_set(0), show.size(1))),
    "rt_sigtimedwait": Shape(
        (signal_set(0),), (_information(1, out=True), timespec_in(2), show.size(3)), _waited
    ),
    "rt_sigreturn": Shape(()),
    "sigaltstack": Shape((show.structure(0, 24, _stack_text),), (show.filled(1, 24, _stack_text),)),
    "signalfd": Shape((show.fd(0), signal_set(1), show.size(2))),
    "signalfd4": Shape((show.fd(0), signal_set(1), show.size(2), show.flags(3, _SIGNALFD, "SFD_???"))),
    "pause": Shape(()),
}
