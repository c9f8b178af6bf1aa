"""Ends of processes and what they used: wait4(2), waitid(2), getrusage(2), getrlimit(2)."""

from __future__ import annotations

import struct
from typing import Final

from bstinspect.decode.old import call as show
from bstinspect.decode.old.call import Argument, Call, Shape
from bstinspect.decode.names import signal_name
from bstinspect.decode.old.siginfo import describe_siginfo
from bstinspect.decode.old.spans import timeval_text

_WAIT_FLAGS: Final = {
    1: "WNOHANG", 2: "WSTOPPED", 4: "WEXITED", 8: "WCONTINUED", 0x1000000: "WNOWAIT",
    0x20000000: "__WNOTHREAD", 0x40000000: "__WALL", 0x80000000: "__WCLONE",
}  # fmt: skip
_WAIT4_FLAGS: Final = {**_WAIT_FLAGS, 2: "WSTOPPED"}
_ID_TYPES: Final = {0: "P_ALL", 1: "P_PID", 2: "P_PGID", 3: "P_PIDFD"}
_LIMITS: Final = dict(
    enumerate(
        "CPU FSIZE DATA STACK CORE RSS NPROC NOFILE MEMLOCK AS LOCKS SIGPENDING MSGQUEUE NICE RTPRIO "  # noqa: SIM905
        "RTTIME".split()
    )
)
_USAGE: Final = {0: "RUSAGE_SELF", 0xFFFFFFFF: "RUSAGE_CHILDREN", 1: "RUSAGE_THREAD"}


def status_text(status: int) -> str:
    """Return ``{WIFEXITED(s) && WEXITSTATUS(s) == 0}`` (wait(2))."""
    status &= 0xFFFFFFFF
    low = status & 0x7F
    if status == 0xFFFF:
        return "{WIFCONTINUED(s)}"
    if status & 0xFF == 0x7F:
        signal = status >> 8 & 0xFF
        trap = signal_name(signal & 0x7F) + (" | 0x80" if signal & 0x80 else "")
        event = status >> 16
        tail = f" | {event << 8:#x}" if event else ""
        return f"{{WIFSTOPPED(s) && WSTOPSIG(s) == {trap}}}{tail}"
    if low:
        dumped = " && WCOREDUMP(s)" if status & 0x80 else ""
        return f"{{WIFSIGNALED(s) && WTERMSIG(s) == {signal_name(low)}{dumped}}}"
    return f"{{WIFEXITED(s) && WEXITSTATUS(s) == {status >> 8 & 0xFF}}}"


def _status(call: Call) -> str:
    """Print wait4's status, which is stored only where a child was found."""
    status = None if show.failed(call) or call.value <= 0 else call.memory.integer(call[1], signed=False)
    return show.pointer(call[1]) if status is None else f"[{status_text(status)}]"


def _usage_text(data: bytes) -> str:
    return f"{{ru_utime={timeval_text(data)}, ru_stime={timeval_text(data[16:])}, ...}}"


def _usage(index: int) -> Argument:
    inner = show.filled(index, 144, _usage_text)

    def argument(call: Call) -> str | None:
        if call.name == "wait4" and call.value <= 0:
            return show.pointer(call[index])
        return inner(call)

    return argument


def _waitid_information(call: Call) -> str:
    data = None if show.failed(call) else call.memory.at(call[2])
    if data is None or len(data) < 48:
        return show.pointer(call[2])
    return describe_siginfo(data) if any(data[:4]) else "{}"


def _limit_text(data: bytes) -> str:
    current, most = (_limit(value) for value in struct.unpack_from("<QQ", data))
    return f"{{rlim_cur={current}, rlim_max={most}}}"


def _limit(value: int) -> str:
    if value == (1 << 64) - 1:
        return "RLIM64_INFINITY"
    return f"{value // 1024}*1024" if value > 1024 and value % 1024 == 0 else str(value)


def _resource(index: int) -> Argument:
    return show.choice(index, {key: "RLIMIT_" + name for key, name in _LIMITS.items()}, "RLIMIT_???")


_CAUGHT: Final = (_status, show.flags(2, _WAIT4_FLAGS, "W???"), _usage(3))

SHAPES: Final[dict[str, Shape]] = {
    "wait4": Shape((show.number(0),), _CAUGHT),
    "waitid": Shape(
        (show.choice(0, _ID_TYPES, "P_???"), show.number(1)),
        (_waitid_information, show.flags(3, _WAIT_FLAGS, "W???"), _usage(4)),
    ),
    "getrusage": Shape((show.choice(0, _USAGE, "RUSAGE_???"),), (_usage(1),)),
    "prlimit64": Shape(
        (show.number(0), _resource(1), show.structure(2, 16, _limit_text)), (show.filled(3, 16, _limit_text),)
    ),
    "getrlimit": Shape((_resource(0),), (show.filled(1, 16, _limit_text),)),
    "setrlimit": Shape((_resource(0), show.structure(1, 16, _limit_text))),
}
