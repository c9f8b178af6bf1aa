"""signalfd(2): signals as something to poll, with the sender's or child's pid."""

from __future__ import annotations

import ctypes
import os
import signal
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_SIZE: Final = 128
"""sizeof(struct signalfd_siginfo)."""
_BATCH: Final = 64
_FIELDS: Final = struct.Struct("<IiiI112x")  # ssi_signo, ssi_errno, ssi_code, ssi_pid

_libc = ctypes.CDLL(None, use_errno=True)
_signalfd = _libc.signalfd
_signalfd.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]


class Arrival(NamedTuple):
    """A signal that arrived: its number and, for SIGCHLD, whose state changed."""

    signal: int
    pid: int


class SignalDescriptor:
    """Takes the signals given; they are blocked in the calling thread from now on."""

    def __init__(self, signals: Iterable[int]) -> None:
        """Open it, close-on-exec and non-blocking. Raises OSError."""
        wanted = set(signals)
        signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
        mask = 0
        for number in wanted:
            mask |= 1 << (number - 1)
        # glibc's sigset_t is 1024 bits, of which the kernel reads the first 64.
        buffer = ctypes.create_string_buffer(mask.to_bytes(8, "little"), 128)
        self._descriptor: int = _signalfd(-1, ctypes.addressof(buffer), os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor == -1:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    def fileno(self) -> int:
        """Return the descriptor, to be polled."""
        return self._descriptor

    def read(self) -> list[Arrival]:
        """Return what has arrived, up to 64 signals; empty when there is nothing more."""
        try:
            data = os.read(self._descriptor, _SIZE * _BATCH)
        except BlockingIOError:
            return []
        return [Arrival(number, pid) for number, _, _, pid in _FIELDS.iter_unpack(data)]

    def close(self) -> None:
        """Close the descriptor; the signals stay blocked."""
        os.close(self._descriptor)
