"""The tracers that are measured, and how each is asked for the same."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from benchmarks.runs import Shop

OPTIONS: Final = ("-f", "-tt", "-T", "-o")
OURS: Final = (str(Path(sys.executable).parent / "bstrace"), "trace")
_LOOP: Final = Path(__file__).parent / "ptrace_loop.c"

Output = Literal["text", "cheap", "count", "nothing"]
"""What is compared of an output: all of its text, the number of getppid calls, that of all calls, nothing."""


@dataclass(frozen=True, slots=True)
class Tracer:
    """A command that traces others: `words`, the output file's name, `end`, the traced command.

    Where nothing is compared: the traced command alone, or `words` alone.
    """

    name: str
    words: tuple[str, ...]
    output: Output = "text"
    end: tuple[str, ...] = ()
    most: int = 0
    """The most calls that it is given, the rest being reckoned; 0 for as many as the others."""

    def command(self, to: Path, command: tuple[str, ...]) -> tuple[str, ...]:
        """Return the command that traces `command` and writes to the file `to`."""
        if self.output == "nothing":
            return self.words or command
        return (*self.words, str(to), *self.end, *command)


BARE: Final = Tracer("not traced", (), "nothing")
PYTHON: Final = Tracer("python -c pass", (sys.executable, "-c", "pass"), "nothing")
STRACE: Final = Tracer("strace, as run", ("strace", *OPTIONS))
BSTRACE: Final = Tracer("bstrace", (*OURS, *OPTIONS))
LOOSE: Final = Tracer("bstrace --no-colocate", (*OURS, "--no-colocate", *OPTIONS))
BOTH: Final = (BSTRACE, LOOSE)


def pinned(*words: str) -> tuple[str, ...]:
    """Return a command that runs on one CPU: the last one that may be used here."""
    return ("taskset", "-c", str(max(os.sched_getaffinity(0))), *words)


def pinned_strace() -> Tracer:
    """Return strace on one CPU: the yardstick."""
    return Tracer("strace, one CPU", pinned("strace", *OPTIONS))


def loops(shop: Shop) -> tuple[Tracer, Tracer]:
    """Return the bare C loop, on one CPU and as it comes."""
    loop = shop.program(_LOOP)
    return (
        Tracer("C loop, one CPU", pinned(loop), "count", most=50_000),
        Tracer("C loop", (loop,), "count", most=50_000),
    )


def python_ptrace() -> Tracer:
    """Return python-ptrace's own strace.py; it has no -tt and no -T, and is slow."""
    script = str(Path(sys.executable).parent / "strace.py")
    return Tracer("python-ptrace strace.py", (sys.executable, script, "-f", "-o"), "cheap", ("--",), 5000)
