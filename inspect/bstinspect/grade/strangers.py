"""Which signals of a traced program would go to processes that are none of its own."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Final

from bstinspect.linux import proc

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet


def refusal(caller: int, name: str, arguments: tuple[int, ...], own: AbstractSet[int]) -> str:
    """Say what is wrong with a call that sends a signal; empty where it stays among `own` processes.

    Signal 0 only asks whether somebody is there, and is let through.
    """
    position, aim = SIGNALS[name]
    number = _signed(arguments[position])
    if not number:
        return ""
    strangers = aim(caller, arguments, own)
    if not strangers:
        return ""
    return f"{name} of {_signal(number)} to {strangers}"


def _by_pid(_caller: int, arguments: tuple[int, ...], own: AbstractSet[int]) -> str:
    return _stranger(_signed(arguments[0]), own)


def _by_kill(caller: int, arguments: tuple[int, ...], own: AbstractSet[int]) -> str:
    """Judge kill(2): a positive pid is a process, 0 and less are groups, -1 is everybody."""
    pid = _signed(arguments[0])
    if pid > 0:
        return _stranger(pid, own)
    if pid == -1:
        return "every process there is (-1)"
    group = -pid or os.getpgid(caller)
    others = [each for each in proc.pids() if each not in own and _group(each) == group]
    return f"the group {group}, where also {_named(others[0])} is" if others else ""


def _by_pidfd(caller: int, arguments: tuple[int, ...], own: AbstractSet[int]) -> str:
    """Judge pidfd_send_signal(2) by what the descriptor is for: a pidfd, or a folder of /proc.

    The latter is how killall does it. What cannot be told is a stranger.
    """
    descriptor = _signed(arguments[0])
    for line in (proc.read_file(f"/proc/{caller}/fdinfo/{descriptor}") or b"").splitlines():
        if line.startswith(b"Pid:"):
            return _stranger(int(line.split()[1]), own)
    try:
        folder, _, name = os.readlink(f"/proc/{caller}/fd/{descriptor}").rpartition("/")  # noqa: PTH115 - any text
    except OSError:  # there is no such descriptor, and the call will fail
        return ""
    return _stranger(int(name), own) if folder == "/proc" and name.isdecimal() else "somebody"


SIGNALS: Final[dict[str, tuple[int, Callable[[int, tuple[int, ...], AbstractSet[int]], str]]]] = {
    "kill": (1, _by_kill),
    "tkill": (1, _by_pid),
    "tgkill": (2, _by_pid),
    "rt_sigqueueinfo": (1, _by_pid),
    "rt_tgsigqueueinfo": (2, _by_pid),
    "pidfd_send_signal": (1, _by_pidfd),
}
"""The calls that send signals: which argument is the signal, and who says whom it would meet."""


def _stranger(pid: int, own: AbstractSet[int]) -> str:
    if pid <= 0 or pid in own:
        return ""
    status = proc.status(pid)
    if status is None or status.tgid in own:  # nobody, or a thread of its own
        return ""
    return _named(pid)


def _named(pid: int) -> str:
    return f"{proc.comm(pid) or 'a process'} (pid {pid})"


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def _signed(value: int) -> int:
    """Return an int argument: the kernel takes its lower 32 bits."""
    low = value & 0xFFFFFFFF
    return low - (1 << 32) if low >> 31 else low


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
