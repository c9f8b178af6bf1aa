"""The syscall that a process sits in, by name."""

from __future__ import annotations

from typing import Final

from bstinspect.decode.architecture import native_name
from bstinspect.linux import proc

_RESTARTED: Final = {"poll": "poll", "nanosleep": "clock_nanosleep", "futex": "futex"}
"""What restart_syscall(2) goes on with, by a word in the kernel function that the thread sleeps in."""


def current_call(pid: int) -> str | None:
    """Return the name of the syscall that a process's main thread is in, empty when it runs in user space.

    None where /proc does not tell. A call that a stop has interrupted goes on as restart_syscall(2); then
    /proc/PID/wchan says which one it was (proc(5)).
    """
    state = proc.syscall(pid)
    if state is None:
        return None
    if state.number < 0:
        return ""
    name = native_name(state.number)
    if name != "restart_syscall":
        return name
    sleeps_in = (proc.read_file(f"/proc/{pid}/wchan") or b"").decode("ascii", "replace")
    return next((call for word, call in _RESTARTED.items() if word in sleeps_in), name)
