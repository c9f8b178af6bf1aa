"""Runs commands and times them; a folder that holds what they leave, and is gone at the end."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from benchmarks.errors import BenchmarkError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PROGRAMS: Final = Path(__file__).parent / "programs"
LIMIT: Final = 1800.0
"""Seconds after which a command is taken for hung."""
_ENVIRONMENT: Final = {
    "LC_ALL": "C",
    "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
    "PYTHONHASHSEED": "0",
    "TZ": "UTC0",
}


_ASK: Final = 0xFFFFFFFF  # personality(2)
_NO_RANDOMIZE: Final = 0x0040000


def found(name: str) -> str:
    """Return the path of an installed program. Raises BenchmarkError where there is none."""
    path = shutil.which(name, path=_ENVIRONMENT["PATH"])
    if path is None:
        raise BenchmarkError(f"not installed: {name}")
    return path


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command."""

    seconds: float
    cpu: float
    """Seconds of CPU time, of it and of all its descendants that were waited for."""
    out: str
    peak: float = 0.0
    """The most memory that it, or one of those, had (ru_maxrss, getrusage(2)), in megabytes."""


class Shop:
    """A temporary folder with the compiled programs, in which every command runs. A context manager.

    Commands run without address randomisation, where that may be switched off: an allocator's calls can
    depend on where its memory is.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bstrace-bench-"))
        self.work = self.folder / "work"
        """Where commands run: apart from what they are measured with, whose names they may read."""
        self.work.mkdir()
        self._personality = _personality(_ASK)
        _personality(self._personality | _NO_RANDOMIZE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        _personality(self._personality)
        shutil.rmtree(self.folder, ignore_errors=True)

    def program(self, source: Path) -> str:
        """Compile a C program, once, and return its path. Raises BenchmarkError where that fails."""
        binary = self.folder / source.stem
        if not binary.exists():
            command = ["cc", "-O2", "-pthread", "-o", str(binary), str(source)]
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if done.returncode != 0:
                raise BenchmarkError(f"{source.name} does not compile: {done.stderr.strip()}")
        return str(binary)

    def tree(self, folders: int, files: int) -> str:
        """Make a tree of folders, ten in each, with files in each of them; return its path."""
        top = self.work / "tree"
        for number in range(folders):
            folder = top.joinpath(*(f"folder-{digit}" for digit in str(number)))
            folder.mkdir(parents=True, exist_ok=True)
            for name in range(files):
                (folder / f"file-{name}").touch()
        return str(top)

    def run(self, command: Sequence[str], while_running: Callable[[int], None] | None = None) -> Run:
        """Run a command to its end, and time it; `while_running` is given its pid every 50 ms.

        Raises BenchmarkError where it fails. Interrupted, it kills the command and all of its session.
        """
        env = _ENVIRONMENT | {"HOME": str(self.folder), "TMPDIR": str(self.folder)}
        with (self.folder / "out").open("wb") as out, (self.folder / "err").open("wb") as err:
            start = time.perf_counter()
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=self.work,
                env=env,
                start_new_session=True,
            )
            try:
                status, cpu, peak = _wait(process, while_running)
            finally:
                if process.returncode is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            seconds = time.perf_counter() - start
        if status != 0:
            said = (self.folder / "err").read_text(errors="replace").strip().rpartition("\n")[2]
            raise BenchmarkError(f"{' '.join(command)}: status {status}: {said}")
        return Run(seconds, cpu, (self.folder / "out").read_text(errors="replace"), peak)


def _wait(
    process: subprocess.Popen[bytes], while_running: Callable[[int], None] | None
) -> tuple[int, float, float]:
    """Wait for a process; return its exit status, CPU time and peak memory."""
    pidfd = os.pidfd_open(process.pid)
    try:
        ended = select.poll()
        ended.register(pidfd, select.POLLIN)
        limit = time.monotonic() + LIMIT
        while not ended.poll(50 if while_running else LIMIT * 1000):
            if time.monotonic() > limit:
                raise BenchmarkError(f"{process.args!r} still runs after {LIMIT:.0f} s")
            if while_running:
                while_running(process.pid)
    finally:
        os.close(pidfd)
    _pid, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6


def _personality(value: int) -> int:
    """Set this process's personality, which those that it starts inherit; return the one before."""
    return int(ctypes.CDLL(None).personality(ctypes.c_ulong(value)))
