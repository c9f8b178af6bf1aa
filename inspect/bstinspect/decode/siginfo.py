"""The siginfo_t of a signal: as strace prints it, and who sent it (sigaction(2), The siginfo_t argument)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import hexadecimal, pointer, s32, u32
from bstinspect.decode.constants import processes, signals
from bstinspect.decode.names import errno_name
from bstinspect.decode.signal_sets import signal_text
from bstinspect.decode.style import Constants

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.decode.call import Call

SIZE: Final = 128
"""Bytes of a siginfo_t."""
_NEEDED: Final = 48
"""So many of its bytes are looked at."""
_TICKS: Final = 100
"""Clock ticks a second, as every Linux machine here has them (sysconf(3), _SC_CLK_TCK)."""
_CHLD, _IO, _SYS = 17, 29, 31
_CODES: Final = {
    4: signals.SIGILL_CODES,
    5: signals.SIGTRAP_CODES,
    7: signals.SIGBUS_CODES,
    8: signals.SIGFPE_CODES,
    11: signals.SIGSEGV_CODES,
    17: signals.SIGCHLD_CODES,
    29: signals.SIGPOLL_CODES,
    31: signals.SIGSYS_CODES,
}
_CLD_EXITED: Final = 1
_SI_TIMER, _SI_SIGIO = -2, -5


def describe_siginfo(raw: bytes, number: int, call: Call) -> str:
    """Return ``{si_signo=SIGCHLD, si_code=CLD_EXITED, ...}``; only the number where `raw` is short."""
    if len(raw) < _NEEDED:
        return f"{{si_signo={signal_text(call, number)}}}"
    signo, error, code = struct.unpack_from("<iii", raw)
    if not signo:
        return "{}"
    name = signals.SIGINFO_CODES.get(u32(code)) or _CODES.get(signo, {}).get(code)
    parts = [
        f"si_signo={signal_text(call, signo)}",
        f"si_code={call.constant(u32(code), name) if name else hexadecimal(u32(code))}",
    ]
    if error:
        parts.append(f"si_errno={error_text(call, u32(error))}")
    if code <= 0:
        parts += _FROM_USER.get(code, _sent)(call, raw)
    else:
        parts += _FROM_KERNEL.get(signo, _other)(call, raw)
    return f"{{{', '.join(parts)}}}"


def siginfo_at(call: Call, address: int) -> str:
    """Print the siginfo_t behind a pointer."""
    raw = call.fetch(address, SIZE)
    return pointer(address) if raw is None else describe_siginfo(raw, 0, call)


def sender_of(siginfo: bytes) -> tuple[int, int] | None:
    """Return pid and uid of the sender where another process sent it, else None.

    sigaction(2): si_pid and si_uid are set for SI_USER, SI_QUEUE and SI_TKILL, the codes of kill(2),
    sigqueue(3) and tgkill(2); all of them are 0 or less. SIGCHLD's codes are positive: there the field is
    the child.
    """
    if len(siginfo) < 24:
        return None
    _, _, code, _, pid, uid = struct.unpack_from("<iiiiiI", siginfo)
    return (pid, uid) if code in (0, -1, -6) and pid > 0 else None


def error_text(call: Call, number: int, sign: str = "") -> str:
    """Print the number of an error, or its negative with `sign` "-" (strace's print_err)."""
    name = errno_name(number)
    digits = f"{sign}{number}"
    return digits if name == str(number) else call.constant(number, sign + name, lambda _value: digits)


def ticks_text(call: Call, ticks: int) -> str:
    """Print a time in clock ticks: ``12 /* 0.12 s */`` (strace's print_clock_t)."""
    if not ticks or call.style.constants is Constants.RAW:
        return str(ticks)
    return f"{ticks} /* {ticks // _TICKS}.{ticks % _TICKS:02} s */"


def syscall_text(call: Call, number: int, audit: int) -> str:
    """Print the number of a system call of the machine that `audit` (AUDIT_ARCH_*) says."""
    tables = call.tables
    name = tables.names.get(number) if audit == tables.audit else None
    return call.constant(number, f"__NR_{name}", str) if name else str(number)


def _source(call: Call, raw: bytes) -> list[str]:
    pid, uid = struct.unpack_from("<ii", raw, 16)
    return [f"si_pid={call.process(pid)}", f"si_uid={uid if uid == -1 else u32(uid)}"]


def _value(_call: Call, raw: bytes) -> list[str]:
    (value,) = struct.unpack_from("<Q", raw, 24)
    return [f"si_int={s32(value)}", f"si_ptr={pointer(value)}"]


def _sent(call: Call, raw: bytes) -> list[str]:
    return _source(call, raw) + (_value(call, raw) if any(raw[24:32]) else [])


def _timer(call: Call, raw: bytes) -> list[str]:
    timer, overrun = struct.unpack_from("<Ii", raw, 16)
    return [f"si_timerid={hexadecimal(timer)}", f"si_overrun={overrun}", *_value(call, raw)]


def _band(call: Call, raw: bytes) -> list[str]:
    band, descriptor = struct.unpack_from("<qi", raw, 16)
    return [f"si_band={band}", f"si_fd={call.descriptor(descriptor)}"]


def _child(call: Call, raw: bytes) -> list[str]:
    (code,), (status, user, system) = struct.unpack_from("<i", raw, 8), struct.unpack_from("<i4xQQ", raw, 24)
    word = str(status) if code == _CLD_EXITED else signal_text(call, status)
    times = [f"si_utime={ticks_text(call, user)}", f"si_stime={ticks_text(call, system)}"]
    return [*_source(call, raw), f"si_status={word}", *times]


def _fault(_call: Call, raw: bytes) -> list[str]:
    """Print the address that a fault is about, and what some kinds of faults have besides."""
    signo, _, code = struct.unpack_from("<iii", raw)
    (where,) = struct.unpack_from("<Q", raw, 16)
    parts = [f"si_addr={pointer(where)}"]
    name = _CODES[signo].get(code)
    if name in ("BUS_MCEERR_AR", "BUS_MCEERR_AO"):
        (bits,) = struct.unpack_from("<H", raw, 24)
        parts.append(f"si_addr_lsb={hexadecimal(bits)}")
    elif name == "SEGV_BNDERR":
        lower, upper = struct.unpack_from("<QQ", raw, 32)
        parts += [f"si_lower={pointer(lower)}", f"si_upper={pointer(upper)}"]
    elif name == "SEGV_PKUERR":
        (key,) = struct.unpack_from("<I", raw, 32)
        parts.append(f"si_pkey={key}")
    return parts


def _polled(call: Call, raw: bytes) -> list[str]:
    (code,) = struct.unpack_from("<i", raw, 8)
    return _band(call, raw) if code in signals.SIGPOLL_CODES else []


def _syscall(call: Call, raw: bytes) -> list[str]:
    where, number, audit = struct.unpack_from("<QiI", raw, 16)
    return [
        f"si_call_addr={pointer(where)}",
        f"si_syscall={syscall_text(call, u32(number), audit)}",
        f"si_arch={call.choice(audit, processes.AUDIT_ARCH, unknown='AUDIT_ARCH_???')}",
    ]


def _other(call: Call, raw: bytes) -> list[str]:
    return (_source(call, raw) if any(raw[16:24]) else []) + (_value(call, raw) if any(raw[24:32]) else [])


_FROM_USER: Final[dict[int, Callable[[Call, bytes], list[str]]]] = {
    0: _source,
    -6: _source,
    _SI_TIMER: _timer,
    _SI_SIGIO: _band,
}
"""By si_code, where that is 0 or less."""
_FROM_KERNEL: Final[dict[int, Callable[[Call, bytes], list[str]]]] = {
    **dict.fromkeys((4, 5, 7, 8, 11), _fault),
    _CHLD: _child,
    _IO: _polled,
    _SYS: _syscall,
}
"""By si_signo, where si_code is positive."""
