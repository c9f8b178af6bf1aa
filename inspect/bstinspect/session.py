"""A session's directory, and its event log: commands, replies, deaths and verdicts as JSON lines."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import TYPE_CHECKING

import msgspec
import platformdirs

from bstcluster.shell import Journal
from bstinspect.errors import SessionError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Session(Journal):
    """The files of one session. Where they cannot be written, the session itself goes on without them."""

    def __init__(self, directory: Path | None, warn: Callable[[str], None]) -> None:
        """Make the directory and start the log.

        `directory` None means a new one below the XDG state directory; where that fails, `warn` gets a line
        and nothing is kept. Raises SessionError when a directory that was asked for cannot be used.
        """
        self._warn = warn
        self._lost = 0
        self._log: int | None = None
        self.directory: Path | None = None
        try:
            self.directory = self._make(directory)
            self._log = os.open(
                self.directory / "events.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
            )
            fcntl.flock(self._log, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SessionError(f"{directory}: another session is writing there") from error
        except OSError as error:
            if directory is not None:
                raise SessionError(f"{directory}: {error.strerror}") from error
            warn(f"no session files: {error.filename}: {error.strerror}")

    def path(self, name: str) -> Path | None:
        """Return where a file of the session belongs, or None when nothing is kept."""
        return None if self.directory is None else self.directory / name

    def record(self, event: str, **facts: object) -> None:
        """Append one event. A disk that is full costs the event and one warning, and never the session."""
        if self._log is None:
            return
        events: list[dict[str, object]] = [{"time": time.time(), "event": event, **facts}]
        if self._lost:
            events.insert(0, {"time": time.time(), "event": "lost", "count": self._lost})
        size = os.fstat(self._log).st_size
        try:
            data = b"".join(msgspec.json.encode(each) + b"\n" for each in events)
            while data:
                data = data[os.write(self._log, data) :]
            self._lost = 0
        except OSError as error:
            with contextlib.suppress(OSError):  # what is no file cannot be cut
                os.ftruncate(self._log, size)  # no half line stays behind
            if not self._lost:
                self._warn(f"the session's log misses events: {error.strerror}")
            self._lost += 1

    def close(self) -> None:
        """Close the log."""
        if self._log is not None:
            os.close(self._log)
            self._log = None

    @staticmethod
    def _make(directory: Path | None) -> Path:
        if directory is not None:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            return directory
        name = f"{time.strftime('%Y-%m-%dT%H-%M-%S')}-{os.getpid()}"
        made = state_directory() / "sessions" / name
        made.mkdir(mode=0o700, parents=True)
        return made


def state_directory() -> Path:
    """Return where bstrace keeps its state: $XDG_STATE_HOME/bstrace."""
    return platformdirs.user_state_path("bstrace", appauthor=False)
