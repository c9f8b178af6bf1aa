"""Calls that send a signal: to whom, and which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode.architecture import native_numbers
from bstinspect.linux import proc

if TYPE_CHECKING:
    from bstinspect.faults.stage.tracee import Thread

_NUMBERS: Final = native_numbers()
_KILL: Final = _NUMBERS["kill"]
_PIDFD_SEND_SIGNAL: Final = _NUMBERS["pidfd_send_signal"]
CALLS: Final = frozenset({_KILL, _PIDFD_SEND_SIGNAL})


def target(thread: Thread) -> tuple[int, int]:
    """Return the pid and the signal of a call; the pid is 0 or less where it is no single process."""
    first, number = thread.arguments[0] & 0xFFFFFFFF, thread.arguments[1] & 0xFFFFFFFF
    if thread.number == _KILL:
        return first - (1 << 32 if first >> 31 else 0), number
    about = proc.read_file(f"/proc/{thread.process.pid}/fdinfo/{first}") or b""
    for line in about.splitlines():
        if line.startswith(b"Pid:"):
            return int(line.split()[1]), number
    return 0, number
