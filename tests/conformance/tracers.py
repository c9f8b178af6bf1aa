"""Runs a command under a tracer: a fresh directory, a small environment, no address randomisation."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Output = Literal["file", "stderr", "each"]
"""Where the trace goes: `-o FILE`, standard error, or with -ff a file for each process."""

GRACE: Final = 3.0
"""Seconds that those whom a tracer leaves behind have to end by themselves."""
PR_SET_CHILD_SUBREAPER: Final = 36  # prctl(2)

ENVIRONMENT: Final = {
    "LC_ALL": "C",
    "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "TZ": "UTC0",
}


@dataclass(frozen=True, slots=True)
class Tracer:
    """A command that traces others, and what it calls itself in its messages."""

    name: str
    command: tuple[str, ...]


STRACE: Final = Tracer("strace", ("strace",))
OURS: Final = Tracer("bstrace", (str(Path(sys.executable).parent / "bstrace"), "trace"))


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a tracer left."""

    status: int
    """The exit status; negative for a signal."""
    trace: str
    out: str
    err: str
    seconds: float
    started: float
    late: bool
    """It had to be killed."""


@functools.cache
def fixed_addresses() -> bool:
    """Say whether programs can be started here without address randomisation."""
    with contextlib.suppress(OSError):
        return subprocess.run(["setarch", "-R", "true"], check=False, capture_output=True).returncode == 0
    return False


def strace_missing() -> str:
    """Say why there is nothing to compare with, or nothing."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    shown = subprocess.run(["strace", "-V"], check=False, capture_output=True, text=True).stdout
    version = shown.partition("\n")[0].rpartition(" ")[2]
    return "" if version == "6.1" else f"strace is {version or 'of no known version'}, not 6.1"


def run(
    tracer: Tracer,
    options: Sequence[str],
    command: Sequence[str],
    base: Path,
    *,
    output: Output = "file",
    timeout: float = 30,
    prepare: Callable[[Path], None] | None = None,
    stdin: bytes = b"",
) -> Run:
    """Run `command` under `tracer`, below `base`, whose contents are made anew."""
    work, to = base / "work", base / "trace"
    shutil.rmtree(base, ignore_errors=True)
    if base.exists():  # a program has taken the right to look into a folder from itself
        subprocess.run(["chmod", "-R", "u+rwx", str(base)], check=True)
        shutil.rmtree(base)
    for folder in (work, to):
        folder.mkdir(parents=True)
    if prepare is not None:
        prepare(work)
    (base / "in").write_bytes(stdin)
    where = [] if output == "stderr" else ["-o", str(to / "trace")]
    line = [*tracer.command, *options, *where, *command]
    if fixed_addresses():
        line = ["setarch", "-R", *line]
    others = _children()
    started = time.time()
    with (base / "in").open("rb") as in_, (base / "out").open("wb") as out, (base / "err").open("wb") as err:
        process = subprocess.Popen(
            line,
            stdin=in_,
            stdout=out,
            stderr=err,
            cwd=work,
            env=ENVIRONMENT | {"HOME": str(work)},
            start_new_session=True,
        )
        late = _wait(process, timeout, others)
    shown = read(base / "err")
    return Run(
        process.returncode,
        shown if output == "stderr" else _collect(to),
        read(base / "out"),
        "" if output == "stderr" else shown,
        time.time() - started,
        started,
        late,
    )


def read(path: Path) -> str:
    """Return a file's text, each byte a character: a tracer's output need not be UTF-8."""
    return path.read_bytes().decode("latin-1") if path.exists() else ""


def become_subreaper() -> None:
    """Have what the tracers leave behind fall to this process, as it does to pytest."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")


def _children() -> set[int]:
    """Return the pids of this process's children, zombies and adopted ones included."""
    return {
        int(pid)
        for task in Path("/proc/self/task").iterdir()
        for pid in (task / "children").read_text().split()
    }


def _wait(process: subprocess.Popen[bytes], timeout: float, others: set[int]) -> bool:
    """Wait for a process, and a little for those it left behind; say whether it had to be killed."""
    late = False
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        late = True
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    limit = time.monotonic() + GRACE
    while (
        left := _children() - others
    ):  # with -D the tracer itself is left behind, and writes its last lines now
        for pid in left:
            if late or time.monotonic() > limit:
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.002)
    return late


def _collect(folder: Path) -> str:
    """Return the trace; that of several files in the order of their pids, each below its pid."""
    files = sorted(folder.iterdir(), key=lambda path: int(path.suffix[1:] or "0"))
    if [path.name for path in files] == ["trace"]:
        return read(files[0])
    return "".join(
        "".join(f"{path.suffix[1:]:<5} {line}" for line in read(path).splitlines(keepends=True))
        for path in files
    )
