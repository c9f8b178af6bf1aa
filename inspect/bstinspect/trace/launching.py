"""Start the command that is to be traced, seized before its first instruction (strace's startup_child)."""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import signal
import stat
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn

from bstinspect.errors import LaunchError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_IGNORED_BY_PYTHON: Final = (signal.SIGPIPE, signal.SIGXFSZ)
"""The interpreter ignores them for itself; the command gets the default back, as in `subprocess`."""


@dataclass(frozen=True)
class Command:
    """What to run, and how."""

    path: str
    arguments: tuple[str, ...]
    environment: Mapping[bytes, bytes]
    user: pwd.struct_passwd | None = None
    mask: frozenset[int] = field(default_factory=frozenset)
    """The signals that were blocked when bstrace was started."""


def find(name: str) -> str:
    """Return the path that a shell would run. Raises LaunchError."""
    if "/" in name:
        path = name
    else:
        path = next(filter(_is_program, _candidates(name)), "")
    try:
        os.stat(path)
    except OSError as error:
        raise LaunchError(f"Can't stat '{name}': {error.strerror}") from error
    except ValueError as error:  # a NUL in the name
        raise LaunchError(f"Can't stat '{name!a}': {os.strerror(errno.EINVAL)}") from error
    return path


def _candidates(name: str) -> list[str]:
    return [
        os.path.join(folder or os.getcwd(), name)  # noqa: PTH109, PTH118 - a path as the kernel gets it
        for folder in os.environ.get("PATH", "").split(":")
    ]


def _is_program(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(mode) and bool(mode & 0o111)


def user(name: str) -> pwd.struct_passwd:
    """Look up the user of -u. Raises LaunchError."""
    if os.getuid() or os.geteuid():
        raise LaunchError("You must be root to use the -u/--username option")
    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise LaunchError(f"Cannot find user '{name}'") from None


def environment(changes: Sequence[str]) -> dict[bytes, bytes]:
    """Return our own environment with the changes of -E: ``NAME=VALUE`` sets, ``NAME`` removes."""
    variables = dict(os.environb)
    if not _was_started_with(b"LC_CTYPE") and variables.get(b"LC_CTYPE") == b"C.UTF-8":
        del variables[b"LC_CTYPE"]  # set by the interpreter itself (PEP 538)
    for change in changes:
        name, equals, value = os.fsencode(change).partition(b"=")
        if equals:
            variables[name] = value
        else:
            variables.pop(name, None)
    return variables


def _was_started_with(name: bytes) -> bool:
    """Say whether a variable was there when this process was started (proc(5))."""
    try:
        with open("/proc/self/environ", "rb") as file:  # noqa: PTH123 - bytes of a /proc file
            return any(each.startswith(name + b"=") for each in file.read().split(b"\0"))
    except OSError:
        return True


def launch(command: Command, seize: Callable[[int], None]) -> int:
    """Fork, let `seize` attach to the child, and let it run the command; return its pid.

    Raises LaunchError where there can be no process; whatever `seize` raises ends the child.
    """
    waiting, go = os.pipe2(os.O_CLOEXEC)
    try:
        pid = os.fork()
    except OSError as error:
        raise LaunchError(f"fork: {error.strerror}") from error
    if not pid:
        os.close(go)
        _become(command, waiting)
    os.close(waiting)
    try:
        seize(pid)
        os.write(go, b"g")
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    finally:
        os.close(go)
    return pid


def _become(command: Command, waiting: int) -> NoReturn:
    """Be the command. Runs in the child, and never returns."""
    try:
        for number in _IGNORED_BY_PYTHON:
            signal.signal(number, signal.SIG_DFL)
        if command.user:
            os.initgroups(command.user.pw_name, command.user.pw_gid)
            os.setregid(command.user.pw_gid, command.user.pw_gid)
            os.setreuid(command.user.pw_uid, command.user.pw_uid)
        arguments = [os.fsencode(each) for each in command.arguments]
        path = os.fsencode(command.path)
        if not os.read(waiting, 1):  # the tracer is gone
            os._exit(1)
        signal.pthread_sigmask(signal.SIG_SETMASK, command.mask)
        os.execve(path, arguments, command.environment)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.write(2, f"bstrace: exec: {error.strerror}\n".encode())
    finally:
        os._exit(1)
    sys.exit(1)
