"""Where a trace is written: standard error, a file, a file a thread (-ff), a command's input ('|command')."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from bstinspect.errors import LaunchError

if TYPE_CHECKING:
    import subprocess

_LARGE: Final = 1 << 16


class SharedOutput:
    """One descriptor for everything. `flush` is due whenever nothing more comes for the moment."""

    def __init__(self, descriptor: int, name: str = "standard error") -> None:
        self.descriptor = descriptor
        self._name = name
        self.failed = False
        """Text was lost."""
        self.needs_a_reader = True
        """Where nobody reads any more, `flush` raises; else that costs the text alone."""
        self.shared_with_the_command = descriptor == 2
        """The traced program writes there as well."""
        self._buffer: list[str] = []
        self._size = 0

    def write(self, _tid: int, text: str) -> None:
        """Take a piece of text."""
        self._buffer.append(text)
        self._size += len(text)
        if self._size > _LARGE:
            self.flush()

    def flush(self) -> None:
        """Write what is buffered; a full disk costs text and one complaint, not the traced program.

        Raises BrokenPipeError where `needs_a_reader` says so.
        """
        if not self._buffer:
            return
        text, self._buffer, self._size = "".join(self._buffer), [], 0
        try:
            write_all(self.descriptor, text.encode(errors="surrogateescape"))
        except OSError as error:
            if isinstance(error, BrokenPipeError) and self.needs_a_reader:
                raise
            if not self.failed and self.descriptor != 2:
                write_all(2, f"bstrace: {self._name}: {error.strerror}\n".encode())
            self.failed = True

    def abandon(self) -> None:
        """Close it here, unwritten: another process writes it."""
        if self.descriptor > 2:
            os.close(self.descriptor)

    def close(self) -> None:
        """Write what is buffered; close."""
        self.flush()
        if self.descriptor > 2:
            os.close(self.descriptor)


class SeparateOutput:
    """A file for each thread: NAME.TID."""

    shared_with_the_command = False

    def __init__(self, name: str, *, append: bool) -> None:
        self._name = name
        self._append = append
        self._files: dict[int, SharedOutput] = {}
        self.failed = False
        """Text was lost."""

    def write(self, tid: int, text: str) -> None:
        """Take a piece of text. Raises OSError where its file cannot be made."""
        if not tid:  # of no thread
            return
        file = self._files.get(tid)
        if file is None:
            file = self._files[tid] = open_file(f"{self._name}.{tid}", append=self._append)
        file.write(tid, text)

    def flush(self) -> None:
        """Write what is buffered. Raises OSError."""
        for file in self._files.values():
            file.flush()
            self.failed = self.failed or file.failed

    def end(self, tid: int) -> None:
        """Close the file of a thread that has ended."""
        file = self._files.pop(tid, None)
        if file:
            file.close()
            self.failed = self.failed or file.failed

    def abandon(self) -> None:
        """Nothing is open here yet."""

    def close(self) -> None:
        """Write what is buffered, and close the files."""
        for tid in list(self._files):
            self.end(tid)


def open_file(path: str, *, append: bool) -> SharedOutput:
    """Open the file of -o, which is overwritten unless -A is given. Raises LaunchError."""
    mode = os.O_APPEND if append else os.O_TRUNC
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | mode, 0o666)
    except OSError as error:
        raise LaunchError(f"Can't fopen '{path}': {error.strerror}") from error
    return SharedOutput(descriptor, path)


class CommandOutput(SharedOutput):
    """The input of a shell command (-o '|command')."""

    def __init__(self, command: str) -> None:
        """Start the command. Raises LaunchError."""
        import subprocess

        reading, writing = os.pipe2(os.O_CLOEXEC)
        try:
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                ["/bin/sh", "-c", command], stdin=reading
            )
        except OSError as error:
            raise LaunchError(f"Can't execute '/bin/sh': {error.strerror}") from error
        finally:
            os.close(reading)
        super().__init__(writing, f"|{command}")


def write_all(descriptor: int, data: bytes) -> None:
    """Write everything. Raises OSError."""
    pending = memoryview(data)
    while pending:
        pending = pending[os.write(descriptor, pending) :]
