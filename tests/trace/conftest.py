"""`bstrace trace` as a person starts it, strace beside it, and programs to trace."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import pytest

from bstinspect.errors import InspectError, UsageError
from bstinspect.linux import proc
from bstinspect.trace.options import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import TypeAlias

    class Orphanage(Protocol):
        """The fixture `orphanage`, of all tests."""

        def gone(self, pids: Iterable[int], within: float) -> list[str]:
            """Wait until processes are gone; describe those that are not."""

    Process: TypeAlias = subprocess.Popen[bytes]
    Starter: TypeAlias = Callable[..., Process]

COMMAND: Final = (str(Path(sys.executable).with_name("bstrace")), "trace")
TIMEOUT: Final = 30.0
NOBODY: Final = 65534
ADVICE: Final = "(see -h)"
"""Stands for the line that points to the help."""
_popen: Any = subprocess.Popen


@dataclass(frozen=True)
class Done:
    """What one run left."""

    status: int
    """The exit status; negative for a signal."""
    out: str
    err: str
    text: str
    """The trace, where it went to a file."""

    @property
    def lines(self) -> list[str]:
        """The lines of the trace."""
        return self.text.splitlines()

    def those(self, word: str) -> list[str]:
        """Return the lines of the trace with `word` in them."""
        return [line for line in self.lines if word in line]


class Trace(Protocol):
    """The fixture `trace`."""

    def __call__(self, *words: str, file: bool = True, before: Sequence[str] = (), **options: Any) -> Done:
        """Run `bstrace trace` with these words; with `file` the trace goes to a file of its own."""


class Waiter:
    """Waits for what gives no sign but /proc."""

    @staticmethod
    def until(true: Callable[[], object], what: str) -> None:
        """Wait until something is true."""
        pause = select.poll()
        limit = time.monotonic() + TIMEOUT
        while not true():
            assert time.monotonic() < limit, what
            pause.poll(5)

    def state(self, pid: int, wanted: str) -> None:
        """Wait until a process is in one of these states of /proc/PID/stat."""

        def there() -> bool:
            found = proc.stat(pid)
            return found is not None and found.state in wanted

        self.until(there, f"{pid} does not get into state {wanted}")

    def traced(self, pid: int) -> int:
        """Wait until a process is traced; return its tracer's pid."""
        self.until(lambda: proc.tracer(pid) is not None, f"nobody traces {pid}")
        tracer = proc.tracer(pid)
        assert tracer is not None
        return tracer.pid

    def untraced(self, pid: int) -> None:
        """Wait until nobody traces a process, which must live on."""
        self.until(lambda: proc.tracer(pid) is None, f"{pid} is still traced")
        assert proc.stat(pid) is not None


@pytest.fixture
def wait() -> Waiter:
    """Return what waits for states."""
    return Waiter()


@pytest.fixture
def trace(tmp_path: Path) -> Trace:
    """Return what runs `bstrace trace` to its end."""

    def run(*words: str, file: bool = True, before: Sequence[str] = (), **options: Any) -> Done:
        to = tmp_path / "trace"
        to.unlink(missing_ok=True)
        line = [*before, *COMMAND, *(("-o", str(to)) if file else ()), *words]
        options = {"stdin": subprocess.DEVNULL} | options if "input" not in options else options
        done: Any = subprocess.run(line, capture_output=True, timeout=TIMEOUT, check=False, **options)
        out, err = (data.decode(errors="surrogateescape") for data in (done.stdout, done.stderr))
        assert "Traceback" not in err, err
        text = to.read_bytes().decode(errors="surrogateescape") if to.exists() else ""
        return Done(done.returncode, out, err, text)

    return run


@pytest.fixture
def started() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Return what starts a command with pipes; all are put down in the end."""
    with contextlib.ExitStack() as stack:

        def start(*words: str, **options: Any) -> subprocess.Popen[bytes]:
            pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
            process: subprocess.Popen[bytes] = _popen(words, **(pipes | options))
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start


@pytest.fixture
def sleeper(started: Callable[..., subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    """A program that says ``ready``, waits for a line and says it again."""
    process = started("sh", "-c", "echo ready; read line; echo $line")
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


@pytest.fixture(scope="session")
def program() -> Iterator[Callable[..., str]]:
    """Return what compiles a C program, each once."""
    if shutil.which("cc") is None:
        pytest.skip("cc is not installed")
    made: dict[tuple[str, ...], str] = {}
    with tempfile.TemporaryDirectory(prefix="tracep-", dir="/tmp") as folder:

        def build(source: str, *options: str) -> str:
            key = source, *options
            if key not in made:
                path = f"{folder}/p{len(made)}"
                command = ["cc", "-pthread", "-w", "-D_GNU_SOURCE", *options, "-o", path, "-x", "c", "-"]
                subprocess.run(command, input=source, text=True, check=True, capture_output=True)
                made[key] = path
            return made[key]

        Path(folder).chmod(0o755)
        yield build


@pytest.fixture
def nobody() -> tuple[str, ...]:
    """Return a command in front that drops to another user."""
    if os.getuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can become another user, with setpriv")
    drop = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    begun = subprocess.run([*drop, *COMMAND, "-V"], capture_output=True, check=False)
    if begun.returncode:
        pytest.skip("another user may not read this checkout")
    return drop


@pytest.fixture
def said() -> Callable[..., tuple[int, list[str]]]:
    """Return what reads a command line: the exit status and the lines that it ends with, or its warnings."""

    def read(*words: str) -> tuple[int, list[str]]:
        try:
            return 0, parse(words).warnings
        except UsageError as error:
            return error.exit_code, [str(error)] + [ADVICE] * error.advice
        except InspectError as error:
            return error.exit_code, [str(error)]

    return read


@pytest.fixture
def strace_says() -> Callable[..., tuple[int, list[str]]]:
    """Return what has strace 6.1 read a command line that it refuses, or only warns of."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    shown = subprocess.run(["strace", "-V"], check=False, capture_output=True, text=True).stdout
    if not shown.splitlines()[0].endswith(" 6.1"):
        pytest.skip("strace is not 6.1")

    def run(*words: str) -> tuple[int, list[str]]:
        done: Any = subprocess.run(
            ["strace", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        lines = [line.removeprefix("strace: ") for line in done.stderr.splitlines()]
        return done.returncode, [ADVICE if line.startswith("Try 'strace -h'") else line for line in lines]

    return run


@pytest.fixture
def alike(
    said: Callable[..., tuple[int, list[str]]], strace_says: Callable[..., tuple[int, list[str]]]
) -> Callable[[Iterable[str]], None]:
    """Return what compares the refusals of many command lines with strace's."""

    def compare(lines: Iterable[str]) -> None:
        ours = {line: said(*line.split()) for line in lines}
        assert {line for line, (status, _) in ours.items() if status != 1} == set()
        assert ours == {line: strace_says(*line.split()) for line in ours}

    return compare
