"""prctl(2): the few settings that this project makes."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from typing import Final

PR_SET_PDEATHSIG: Final = 1
PR_SET_NAME: Final = 15
PR_SET_SECCOMP: Final = 22
_SECCOMP_MODE_FILTER: Final = 2
PR_SET_CHILD_SUBREAPER: Final = 36
PR_SET_NO_NEW_PRIVS: Final = 38
PR_SET_PTRACER: Final = 0x59616D61
PR_SET_PTRACER_ANY: Final = (1 << 64) - 1

_prctl = ctypes.CDLL(None, use_errno=True).prctl
_prctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong]


def _call(option: int, argument: int, second: int = 0) -> None:
    if _prctl(option, argument, second, 0, 0) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def set_name(name: str) -> None:
    """Set the thread's comm; the kernel keeps 15 bytes."""
    buffer = ctypes.create_string_buffer(name.encode()[:15])
    _call(PR_SET_NAME, ctypes.addressof(buffer))


def die_with_parent(parent: int, number: int = signal.SIGKILL) -> bool:
    """Have the kernel send signal `number` when the parent ends; False when `parent` is gone already.

    The "parent" is the thread that started this process (PR_SET_PDEATHSIG(2const)): a process started by a
    short-lived thread dies with that thread.
    """
    _call(PR_SET_PDEATHSIG, number)
    return os.getppid() == parent


def become_subreaper() -> None:
    """Inherit every orphan among the descendants (PR_SET_CHILD_SUBREAPER(2const), Linux 3.4)."""
    _call(PR_SET_CHILD_SUBREAPER, 1)


def allow_any_tracer() -> None:
    """Let any process of this user attach here, where YAMA would not (PR_SET_PTRACER(2const))."""
    with contextlib.suppress(OSError):  # EINVAL: there is no YAMA
        _call(PR_SET_PTRACER, PR_SET_PTRACER_ANY)


def give_up_new_privileges() -> None:
    """Let no execve grant more rights: what an unprivileged user needs for a filter (seccomp(2))."""
    _call(PR_SET_NO_NEW_PRIVS, 1)


def set_filter(program: int) -> None:
    """Install a seccomp filter; `program` is the address of a struct sock_fprog (PR_SET_SECCOMP(2const))."""
    _call(PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, program)
