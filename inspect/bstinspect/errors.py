"""The errors of the inspector: one small family, each ending as one clear line for a person."""

from __future__ import annotations

import os


class InspectError(Exception):
    """Base of the inspector's errors. `exit_code` is the process's exit status where it ends the program."""

    exit_code = 1


class CaptureError(InspectError):
    """A file is no capture, or is damaged."""

    exit_code = 2


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


class SessionError(InspectError):
    """The directory asked for with --session cannot be used."""

    exit_code = 2
