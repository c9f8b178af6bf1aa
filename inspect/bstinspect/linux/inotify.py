"""inotify(7): to wait until a file grows."""

from __future__ import annotations

import ctypes
import os
from typing import Final

_IN_MODIFY: Final = 2

_libc = ctypes.CDLL(None, use_errno=True)


def growth_of(path: str) -> int:
    """Return a descriptor that is readable when the file grows. Raises OSError."""
    descriptor: int = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if descriptor < 0 or _libc.inotify_add_watch(descriptor, os.fsencode(path), _IN_MODIFY) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
    return descriptor
