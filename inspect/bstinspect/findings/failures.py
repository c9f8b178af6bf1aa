"""Calls that failed: which of that is how such programs work, and which is not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bstinspect.findings.model import ErrorFacts

if TYPE_CHECKING:
    from bstinspect.findings.calls import Finished

_TRY_AGAIN: Final = frozenset({"EAGAIN", "EINTR", "EINPROGRESS", "ERESTARTSYS", "ERESTARTNOHAND",
                               "ERESTARTNOINTR", "ERESTART_RESTARTBLOCK", "ETIMEDOUT"})  # fmt: skip
_LOOKS: Final = frozenset({"open", "openat", "access", "faccessat", "faccessat2", "stat", "lstat",
                           "newfstatat", "statx", "readlink", "readlinkat", "execve", "unlink",
                           "unlinkat"})  # fmt: skip
_PROBES: Final = frozenset({("ioctl", "ENOTTY"), ("lseek", "ESPIPE"), ("getxattr", "ENODATA"),
                            ("wait4", "ECHILD"), ("waitid", "ECHILD"), ("rt_sigreturn", "EINTR"),
                            ("close", "EBADF"), ("fcntl", "EBADF"), ("prctl", "EINVAL"),
                            ("readlink", "EINVAL")})  # fmt: skip
_LIBRARIES: Final = re.compile(rb"\.so|glibc-hwcaps|locale|gconv|\.pyc|site-packages|pyvenv\.cfg")


MOST: Final = 1000
"""So many kinds are kept."""


class Failures:
    """Counts failures by call and error, and keeps the first of each kind."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], ErrorFacts] = {}

    def take(self, call: Finished) -> None:
        """Take a call that failed."""
        name, error = call.name, call.error
        nature = _nature(call, name, error)
        known = self._found.get((name, error, nature))
        if known is None and len(self._found) < MOST:
            self._found[name, error, nature] = ErrorFacts(name, error, 1, call.seen(), nature)
        elif known is not None:
            known.count += 1

    def found(self) -> list[ErrorFacts]:
        """Return all kinds, the real ones first, the frequent before the rare."""
        order = ("real", "normal", "looks", "loader")
        return sorted(self._found.values(), key=lambda each: (order.index(each.nature), -each.count))


def _nature(call: Finished, name: str, error: str) -> str:
    """Judge a failure: ``normal``, ``loader``, ``looks`` (for a file that may be absent), or ``real``."""
    if error in _TRY_AGAIN or (name, error) in _PROBES:
        return "normal"
    if name in _LOOKS and error in ("ENOENT", "ENOTDIR"):
        return "loader" if _LIBRARIES.search(_paths(call)) else "looks"
    return "real"


def _paths(call: Finished) -> bytes:
    """Return what a call names; not the whole line, which is dear, but for an execve with its environment."""
    if call.name == "execve":
        return call.text().encode()
    return b"\n".join(each.data for each in call.entry.memory)
