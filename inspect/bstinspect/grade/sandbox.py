"""Namespaces of its own for one run: processes, network, System V IPC, mounts (namespaces(7)).

What the program does to other processes, ports and /tmp, it does in here, and all of it ends at once with the
first process, which is ours. It is no wall against an attacker: files elsewhere are the user's own.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bstinspect.errors import InspectError
from bstinspect.linux import namespaces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bstinspect.grade.subject import Subject

TEMPORARY: Final = ("/tmp", "/dev/shm")  # noqa: S108 - they are replaced
_SIZE: Final = "size=128m,mode=1777"
_MOST_PIDS: Final = 1000
_OWN_PID_MAX: Final = (6, 14)
"""From this kernel on a pid namespace has its own pid_max; before, it is everybody's."""


class SandboxError(InspectError):
    """There can be no sandbox."""

    exit_code = 2


def leave() -> None:
    """Leave the namespaces of the caller; its next child is the first process in the new ones."""
    flags = (
        namespaces.CLONE_NEWPID | namespaces.CLONE_NEWNET | namespaces.CLONE_NEWNS | namespaces.CLONE_NEWIPC
    )
    uid, gid = os.geteuid(), os.getegid()
    with _explained():
        if not uid:
            with contextlib.suppress(PermissionError):  # root of a container, perhaps: then as any other user
                namespaces.unshare(flags)
                return
        namespaces.unshare(flags | namespaces.CLONE_NEWUSER)
        namespaces.map_user(uid, gid)


def furnish(subject: Subject) -> None:
    """In the first process of the new namespaces: a /tmp and /proc of its own, and a loopback device."""
    with _explained():
        namespaces.mount("none", "/", "", namespaces.MS_REC | namespaces.MS_SLAVE)
        namespaces.bring_up_loopback()
        here = os.getcwd()  # noqa: PTH109
        kept = _kept(subject, here)
        for folder in TEMPORARY:
            if folder not in kept and os.path.isdir(folder):  # noqa: PTH112
                _replace(folder, [each for each in kept if each.startswith(f"{folder}/")])
        os.chdir(here)  # the same folder, by way of the new mounts
        flags = namespaces.MS_NOSUID | namespaces.MS_NODEV | namespaces.MS_NOEXEC
        namespaces.mount("proc", "/proc", "proc", flags)
    _limit_processes()


def _kept(subject: Subject, here: str) -> list[str]:
    """Return what is needed of /tmp: the entries there that the program, its surroundings or we are in."""
    named = [here, subject.path, *subject.arguments, sys.prefix, sys.base_prefix, __file__]
    for name, value in os.environ.items():
        if name not in ("TMPDIR", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "OLDPWD"):
            named += value.split(":")
    kept: set[str] = set()
    for path in named:
        for folder in TEMPORARY:
            if path == folder and path == here:
                kept.add(folder)
            elif path.startswith(f"{folder}/"):
                entry = "/".join([folder, path.removeprefix(f"{folder}/").partition("/")[0]])
                if os.path.lexists(entry):
                    kept.add(entry)
    return sorted(kept)


def _replace(folder: str, kept: list[str]) -> None:
    """Mount an empty file system over `folder`, and in it what is kept."""
    held = [(path, os.open(path, os.O_PATH | os.O_CLOEXEC)) for path in kept]
    namespaces.mount("tmpfs", folder, "tmpfs", namespaces.MS_NOSUID | namespaces.MS_NODEV, _SIZE)
    for path, descriptor in held:
        source = f"/proc/self/fd/{descriptor}"
        if os.path.isdir(source):  # noqa: PTH112
            Path(path).mkdir()
        else:
            Path(path).touch()
        namespaces.mount(source, path, "", namespaces.MS_BIND | namespaces.MS_REC)
        os.close(descriptor)


def _limit_processes() -> None:
    """Let there be no more than a fork bomb needs to be known as one. For root no rlimit counts."""
    release = os.uname().release.split(".")
    with contextlib.suppress(OSError, ValueError, IndexError):
        if (int(release[0]), int(release[1])) >= _OWN_PID_MAX:
            Path("/proc/sys/kernel/pid_max").write_bytes(b"%d" % _MOST_PIDS)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""
        raise SandboxError(
            f"there can be no sandbox here ({what}{error.strerror}); --no-sandbox grades without one, and "
            "denies the program signals to strangers"
        ) from error
