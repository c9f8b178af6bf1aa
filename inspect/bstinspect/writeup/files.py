"""The files of a report: none is overwritten unasked, and none is there by half."""

from __future__ import annotations

import contextlib
import os
import tempfile
from typing import TYPE_CHECKING

from bstinspect.errors import InspectError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO


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

        Raises OSError, FileExistsAlreadyError.
        """
        path = self._directory / name
        descriptor, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=self._directory)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                yield stream
            os.chmod(temporary, 0o666 & ~_umask())  # noqa: PTH101 - what any new file has
            if self._force:
                os.replace(temporary, path)  # noqa: PTH105
            else:
                self._link(temporary, path)
        except OSError as error:
            error.filename = error.filename or str(path)
            raise
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)  # noqa: PTH108

    def _link(self, temporary: str, path: Path) -> None:
        """Give the file its name, unless that is taken meanwhile."""
        try:
            os.link(temporary, path)
        except FileExistsError as error:
            raise FileExistsAlreadyError(f"{path} is there already; --force overwrites it") from error
        except PermissionError:  # a file system without hard links
            self.check([path.name])
            os.replace(temporary, path)  # noqa: PTH105


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
