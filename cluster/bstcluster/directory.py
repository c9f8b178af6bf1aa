"""The private directory of a cluster's sockets: made, locked, and swept when its owner is gone."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

PREFIX: Final = "bstrace-"
_LOCK: Final = "lock"
_LONGEST_BASE: Final = 50
"""A socket's path must stay under 107 bytes (unix(7)); the names below this directory take up to 50."""
_YOUNG: Final = 60.0


class SocketDirectory:
    """A directory of mode 0700. Its lock says that the owner lives, across pid namespaces too."""

    def __init__(self) -> None:
        """Make it below $XDG_RUNTIME_DIR, or the directory for temporary files. Raises OSError."""
        base = _base()
        sweep_stale(base)
        self.path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=base))
        try:
            self._lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            self.path.rmdir()
            raise
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Remove it and all sockets in it, and let the lock go."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def sweep_stale(base: Path) -> None:
    """Remove our directories in `base` whose owners died with all that would have swept them."""
    for path in base.glob(f"{PREFIX}*"):
        try:
            about = path.stat()
            if about.st_uid != os.getuid() or time.time() - about.st_mtime < _YOUNG:
                continue
            lock = os.open(path / _LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
        except OSError:
            continue  # its owner lives
        finally:
            os.close(lock)


def _base() -> Path:
    for candidate in (os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir()):
        if (
            candidate
            and len(os.fsencode(candidate)) <= _LONGEST_BASE
            and os.access(candidate, os.W_OK | os.X_OK)
        ):
            return Path(candidate)
    return Path("/tmp")  # noqa: S108 - mkdtemp makes a private directory in it
