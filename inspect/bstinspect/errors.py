"""The errors of the inspector: one small family, each ending as one clear line for a person."""

from __future__ import annotations

import os


class InspectError(Exception):
    """Base of the inspector's errors. `exit_code` is the process's exit status where it ends the program."""

    exit_code = 1


class CaptureError(InspectError):
    """A file is no capture that can be read."""

    exit_code = 2


class DamagedCaptureError(CaptureError):
    """A capture cannot be read any further."""

    exit_code = 1


class FilterError(InspectError):
    """A filter of system calls names something unknown."""

    exit_code = 2


class TracerError(InspectError):
    """The tracer process failed or does not answer."""


class PtraceError(InspectError):
    """A ptrace request failed. Carries the request's name, the tid and the errno."""

    def __init__(self, request: str, tid: int, errno: int) -> None:
        super().__init__(f"ptrace {request} of {tid}: {os.strerror(errno)}")
        self.request = request
        self.tid = tid
        self.errno = errno


class ProcessError(InspectError):
    """A process cannot be looked at or attached to. Carries pid and errno, ESRCH for one that is gone."""

    def __init__(self, pid: int, errno: int, message: str = "") -> None:
        super().__init__(f"process {pid}: {message or os.strerror(errno)}")
        self.pid = pid
        self.errno = errno


class MemoryAccessError(ProcessError):
    """Memory of a process cannot be read or written. Carries pid, errno and the first such address."""

    def __init__(self, pid: int, address: int, errno: int) -> None:
        super().__init__(pid, errno, f"no access to memory at {address:#x}: {os.strerror(errno)}")
        self.address = address


class UsageError(InspectError):
    """A command line that makes no sense. `advice` asks for a second line that points to -h."""

    def __init__(self, message: str, *, advice: bool = True) -> None:
        super().__init__(message)
        self.advice = advice


class NotSupportedError(InspectError):
    """An option of strace that bstrace does not have."""

    exit_code = 2


class LaunchError(InspectError):
    """A command cannot be started."""


class SessionError(InspectError):
    """The directory asked for with --session cannot be used."""

    exit_code = 2
