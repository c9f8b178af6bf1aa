"""Start the command that is to be traced, seized before its first instruction (strace's startup_child)."""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import signal
import stat
from typing import TYPE_CHECKING, Final, NoReturn

import msgspec

from bstinspect.decode.quote import quote
from bstinspect.errors import LaunchError
from bstinspect.linux import prctl, proc
from bstinspect.trace.ending import FATAL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_IGNORED_BY_PYTHON: Final = (signal.SIGPIPE, signal.SIGXFSZ)
"""The interpreter ignores them for itself; the command gets the default back, as in `subprocess`."""


class Command(msgspec.Struct, frozen=True):
    """What to run, and how."""

    path: str
    arguments: tuple[str, ...]
    environment: Mapping[bytes, bytes]
    user: pwd.struct_passwd | None = None
    mask: frozenset[int] = msgspec.field(default_factory=frozenset)
    """The signals that were blocked when bstrace was started."""
    ignores_children: bool = False
    """SIGCHLD was ignored then."""
    filter: bytes = b""
    """A seccomp filter that it gets."""


def find(name: str) -> str:
    """Return the path that a shell would run. Raises LaunchError."""
    path = name if "/" in name else next(filter(_is_program, _candidates(name)), "")
    try:
        os.stat(path)  # noqa: PTH116 - a path as the kernel has it
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
        mode = os.stat(path).st_mode  # noqa: PTH116 - a path as the kernel has it
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
    if variables.get(b"LC_CTYPE") == b"C.UTF-8":  # perhaps set by the interpreter itself (PEP 538)
        before = _started_with(b"LC_CTYPE")
        if before is None:
            del variables[b"LC_CTYPE"]
        else:
            variables[b"LC_CTYPE"] = before
    for change in changes:
        name, equals, value = os.fsencode(change).partition(b"=")
        if equals:
            variables[name] = value
        else:
            variables.pop(name, None)
    return variables


def _started_with(name: bytes) -> bytes | None:
    """Return a variable's value when this process was started (proc(5)); None where there was none."""
    for each in (proc.read_file("/proc/self/environ") or b"").split(b"\0"):
        if each.startswith(name + b"="):
            return each.removeprefix(name + b"=")
    return None


def launch(command: Command, seize: Callable[[int], None]) -> int:
    """Fork, let `seize` attach to the child, and let it run the command; return its pid.

    Raises LaunchError where there can be no process; whatever `seize` raises ends the child.
    """
    waiting, go = os.pipe2(os.O_CLOEXEC)
    pid = _fork()
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


def step_aside(command: Command, kind: int) -> Callable[[Callable[[int], None]], int]:
    """Become the tracer in a grandchild, and leave this very process to the command (-D).

    Returns, in the grandchild only, what attaches to the waiting process and lets it run the command, as
    `launch` does. `kind` 2 gives the tracer a process group, 3 a session of its own.
    """
    waiting, go = os.pipe2(os.O_CLOEXEC)
    prctl.allow_any_tracer()
    target = os.getpid()
    child = _fork()
    if child:
        os.close(go)
        os.waitpid(child, 0)  # the command has no children that it does not know of
        _become(command, waiting)
    if _fork():
        os._exit(0)
    os.close(waiting)
    if kind == 2:
        os.setpgid(0, 0)
    elif kind == 3:
        os.setsid()

    def release(seize: Callable[[int], None]) -> int:
        seize(target)
        os.write(go, b"g")
        os.close(go)
        return target

    return release


def _fork() -> int:
    try:
        return os.fork()
    except OSError as error:
        raise LaunchError(f"fork: {error.strerror}") from error


def _become(command: Command, waiting: int) -> NoReturn:
    """Be the command. Never returns."""
    try:
        for number in _IGNORED_BY_PYTHON:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN if command.ignores_children else signal.SIG_DFL)
        if command.user:
            os.initgroups(command.user.pw_name, command.user.pw_gid)
            os.setregid(command.user.pw_gid, command.user.pw_gid)
            os.setreuid(command.user.pw_uid, command.user.pw_uid)
        arguments = [os.fsencode(each) for each in command.arguments]
        path = os.fsencode(command.path)
        if not os.read(waiting, 1):  # the tracer is gone
            os._exit(1)
        if command.filter:
            from bstinspect.linux import seccomp

            seccomp.install(command.filter)
        signal.pthread_sigmask(signal.SIG_SETMASK, command.mask)
        os.execve(path, arguments, command.environment)  # noqa: S606 - that is the command
    except OSError as error:
        with contextlib.suppress(OSError):
            os.write(2, f"bstrace: exec: {error.strerror}\n".encode())
    finally:
        os._exit(1)


def open_standard_descriptors() -> None:
    """Open /dev/null in the place of standard streams that are closed, lest a file takes their number."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - the command shall find it closed
    os.close(descriptor)


def give_up_standard_streams() -> None:
    """Close our own standard input and output: a pipe that only the command holds ends with it."""
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for descriptor in (0, 1):
        os.dup2(null, descriptor)
    os.close(null)


def mind_signals(interruptible: int) -> None:
    """Do with the signals from the terminal what -I says (1 to 4); mode 2 reads them from a descriptor."""
    for number in (signal.SIGTTOU, signal.SIGTTIN):
        signal.signal(number, signal.SIG_IGN)
    if interruptible == 1:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if interruptible >= 3:
        for number in FATAL:
            signal.signal(number, signal.SIG_IGN)
    if interruptible == 4:
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)


def warn_of_privileges(command: Command, say: Callable[[str], None]) -> None:
    """Say once that a set-uid program will run without its privileges (execve(2): it does when traced)."""
    status = os.stat(command.path)  # noqa: PTH116 - a path as the kernel has it
    other = (status.st_mode & stat.S_ISUID and status.st_uid != os.geteuid()) or (
        status.st_mode & stat.S_ISGID and status.st_mode & stat.S_IXGRP and status.st_gid != os.getegid()
    )
    if other and os.geteuid():
        say(f"{command.path} is set-uid or set-gid: traced by you, it runs without those privileges")


def resolve(paths: Sequence[str], say: Callable[[str], None] | None) -> list[str]:
    """Return the paths of -P, and where they lead to when that is elsewhere; `say` is told of it."""
    found = []
    for path in paths:
        found.append(path)
        real = os.path.realpath(path)
        if real != path and os.path.exists(path):  # noqa: PTH110
            found.append(real)
            if say:
                say(f"Requested path {quote(os.fsencode(path))} resolved into {quote(os.fsencode(real))}")
    return found
