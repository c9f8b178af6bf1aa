"""The raw siginfo_t: as strace prints it, and who sent it (sigaction(2), The siginfo_t argument)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode.names import errno_name, signal_name

if TYPE_CHECKING:
    from bstinspect.decode.call import Call

_GENERAL: Final = {
    0: "SI_USER", 0x80: "SI_KERNEL", -1: "SI_QUEUE", -2: "SI_TIMER", -3: "SI_MESGQ", -4: "SI_ASYNCIO",
    -5: "SI_SIGIO", -6: "SI_TKILL", -7: "SI_DETHREAD", -60: "SI_ASYNCNL",
}  # fmt: skip
_BY_SIGNAL: Final = {
    4: ("ILL_", "ILLOPC ILLOPN ILLADR ILLTRP PRVOPC PRVREG COPROC BADSTK"),
    5: ("TRAP_", "BRKPT TRACE BRANCH HWBKPT UNK"),
    7: ("BUS_", "ADRALN ADRERR OBJERR MCEERR_AR MCEERR_AO"),
    8: ("FPE_", "INTDIV INTOVF FLTDIV FLTOVF FLTUND FLTRES FLTINV FLTSUB"),
    11: ("SEGV_", "MAPERR ACCERR BNDERR PKUERR ACCADI ADIDERR ADIPERR"),
    17: ("CLD_", "EXITED KILLED DUMPED TRAPPED STOPPED CONTINUED"),
    29: ("POLL_", "IN OUT MSG ERR PRI HUP"),
    31: ("SYS_", "SECCOMP USER_DISPATCH"),
}
_CODES: Final = {
    number: {index + 1: prefix + name for index, name in enumerate(names.split())}
    for number, (prefix, names) in _BY_SIGNAL.items()
}
_CHILD_STATUS_IS_SIGNAL: Final = (2, 3, 4, 5, 6)
_ADDRESSES: Final = (4, 5, 7, 8, 11)


def describe_siginfo(raw: bytes, number: int = 0, _call: Call | None = None) -> str:
    """Return ``{si_signo=SIGCHLD, si_code=CLD_EXITED, ...}``; only the number where it is short."""
    if len(raw) < 48:
        return "{si_signo=" + signal_name(number) + "}"
    signo, error, code = struct.unpack_from("<iii", raw)
    parts = [f"si_signo={signal_name(signo)}"]
    if error:
        parts.append(f"si_errno={errno_name(error)}")
    names = _CODES.get(signo, {})
    parts.append(f"si_code={_GENERAL.get(code) or names.get(code) or f'{code & 0xFFFFFFFF:#x}'}")
    parts += _fields(raw, signo, code)
    return "{" + ", ".join(parts) + "}"


def sender_of(siginfo: bytes) -> tuple[int, int] | None:
    """Return pid and uid of the sender where another process sent it, else None.

    sigaction(2): si_pid and si_uid are set for SI_USER, SI_QUEUE and SI_TKILL, the codes of kill(2),
    sigqueue(3) and tgkill(2); all of them are 0 or less. SIGCHLD's codes are positive: there the field is
    the child.
    """
    if len(siginfo) < 24:
        return None
    _, _, code, _, pid, uid = struct.unpack_from("<iiiiiI", siginfo)
    return (pid, uid) if _GENERAL.get(code) in ("SI_USER", "SI_QUEUE", "SI_TKILL") and pid > 0 else None


def _fields(raw: bytes, signo: int, code: int) -> list[str]:  # noqa: PLR0911 - one a kind of signal
    first, second = struct.unpack_from("<iI", raw, 16)
    sender = [f"si_pid={first}", f"si_uid={second}"]
    (value,) = struct.unpack_from("<Q", raw, 24)
    pointer = f"{value:#x}" if value else "NULL"
    as_value = f"si_int={(value & 0xFFFFFFFF ^ 0x80000000) - 0x80000000}, si_ptr={pointer}"
    if code in (0, -6):
        return sender if code == 0 or not value else [*sender, as_value]
    if code == -2:
        timer, overrun = struct.unpack_from("<ii", raw, 16)
        return [f"si_timerid={timer:#x}", f"si_overrun={overrun}", as_value]
    if code < 0:
        return [*sender, as_value]
    if code == 0x80:
        return _address(raw) if signo in _ADDRESSES else []
    if signo == 17:
        (status,) = struct.unpack_from("<i", raw, 24)
        user, system = struct.unpack_from("<qq", raw, 32)
        word = signal_name(status) if code in _CHILD_STATUS_IS_SIGNAL else str(status)
        return [*sender, f"si_status={word}", f"si_utime={user}", f"si_stime={system}"]
    if signo in _ADDRESSES:
        return _address(raw)
    if signo == 29:
        band, descriptor = struct.unpack_from("<qi", raw, 16)
        return [f"si_band={band:#x}", f"si_fd={descriptor}"]
    if signo == 31:
        where, call = struct.unpack_from("<Qi", raw, 16)
        return [f"si_call_addr={where:#x}", f"si_syscall={call:#x}"]
    return sender if first or second else []


def _address(raw: bytes) -> list[str]:
    (where,) = struct.unpack_from("<Q", raw, 16)
    return [f"si_addr={where:#x}" if where else "si_addr=NULL"]
