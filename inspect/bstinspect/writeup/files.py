"""The files of a report: none is overwritten unasked, and none is there by half."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from typing import TYPE_CHECKING, Final

from bstinspect.errors import InspectError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

_NEW: Final = os.O_WRONLY | os.O_CLOEXEC
_NO_NAMELESS: Final = frozenset({errno.EOPNOTSUPP, errno.EISDIR})
"""How open(2) says that a file system, or a kernel, has no O_TMPFILE."""


class FileExistsAlreadyError(InspectError):
    """A file would be overwritten, and nobody asked for that."""


class Files:
    """Writes into one directory."""

    def __init__(self, directory: Path, *, force: bool) -> None:
        """Make the directory where it is missing. Raises OSError."""
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._force = force

    def check(self, names: list[str]) -> None:
        """Raise FileExistsAlreadyError where one of these would be overwritten unasked."""
        for name in names:
            path = self._directory / name
            if path.is_dir() or (not self._force and os.path.lexists(path)):
                raise FileExistsAlreadyError(f"{path} is there already; --force overwrites it")

    @contextlib.contextmanager
    def write(self, name: str) -> Iterator[BinaryIO]:
        """Give a stream; what was written is there under its name when all of it is.

        Until then it has no name where the file system can do that, and nothing of it stays however this
        process ends. Raises OSError, FileExistsAlreadyError.
        """
        path = self._directory / name
        hidden = self._directory / f".bstrace-{secrets.token_hex(8)}"
        try:
            descriptor, is_named = self._new(hidden)
            with os.fdopen(descriptor, "wb") as stream:
                yield stream
                stream.flush()
                if self._force and not is_named:
                    _link(descriptor, hidden)
                if self._force:
                    hidden.replace(path)
                else:
                    self._name(hidden if is_named else descriptor, path)
        except OSError as error:
            ours = {None, str(self._directory), str(hidden)}
            if error.filename in ours or error.filename2:
                error.filename, error.filename2 = str(path), None
            raise
        finally:
            with contextlib.suppress(FileNotFoundError):
                hidden.unlink()

    def _new(self, hidden: Path) -> tuple[int, bool]:
        """Return a descriptor of a new file, and whether that has the hidden name: else it has none."""
        try:
            return os.open(self._directory, _NEW | os.O_TMPFILE, 0o666), False
        except OSError as error:
            if error.errno not in _NO_NAMELESS:
                raise
            return os.open(hidden, _NEW | os.O_CREAT | os.O_EXCL, 0o666), True

    def _name(self, source: Path | int, path: Path) -> None:
        """Give the file its name, unless that is taken meanwhile."""
        try:
            _link(source, path)
        except FileExistsError as error:
            raise FileExistsAlreadyError(f"{path} is there already; --force overwrites it") from error
        except PermissionError:  # a file system without hard links
            if isinstance(source, int):
                raise
            self.check([path.name])
            source.replace(path)


def _link(source: Path | int, path: Path) -> None:
    """Give a file a name: one that has another one, or that behind a descriptor (open(2), O_TMPFILE)."""
    if isinstance(source, int):  # with a descriptor os.link is linkat(2), which follows the link in /proc
        os.link(f"/proc/self/fd/{source}", path, src_dir_fd=source)
    else:
        os.link(source, path)
