"""Another process's memory: word by word with PEEKDATA, against whole blocks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.figures import Figure, summary, timed
from bstinspect.linux import memory, ptrace
from bstinspect.process import Process

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (4 << 10, 64 << 10, 1 << 20)
ROUNDS = 7
_HOLDER = """
import ctypes, sys
block = ctypes.create_string_buffer(bytes(range(256)) * 4096, 1 << 20)
print(ctypes.addressof(block), flush=True)
sys.stdin.read()
"""
_FRACTION = 0.25
"""The chapter's claim, put as a target: a block costs at most a quarter of the words."""


def run() -> list[Figure]:
    """Measure reading and writing, the ways in turns."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        try:
            if holder.stdout is None:
                raise RuntimeError("the holder has no output")
            address = int(holder.stdout.readline())
            with Process.attach(holder.pid):
                return [figure for size in SIZES for figure in _sizes(holder.pid, address, size)]
        finally:
            os.kill(holder.pid, signal.SIGKILL)


def _sizes(pid: int, address: int, size: int) -> list[Figure]:
    data = memory.read_exactly(pid, address, size)
    descriptor = os.open(f"/proc/{pid}/mem", os.O_RDWR)
    words = [int.from_bytes(data[at : at + 8], "little") for at in range(0, size, 8)]
    try:
        read = _in_turns(
            {
                "PEEKDATA": lambda: [ptrace.peek(pid, address + at) for at in range(0, size, 8)],
                "process_vm_readv": lambda: memory.read_exactly(pid, address, size),
                "/proc/PID/mem": lambda: os.pread(descriptor, size, address),
            }
        )
        written = _in_turns(
            {
                "POKEDATA": lambda: _poke(pid, address, words),
                "process_vm_writev": lambda: memory.write_exactly(pid, address, data),
                "/proc/PID/mem": lambda: os.pwrite(descriptor, data, address),
            }
        )
    finally:
        os.close(descriptor)
    return [*_figures("read", size, read), *_figures("write", size, written)]


def _poke(pid: int, address: int, words: list[int]) -> None:
    for index, word in enumerate(words):
        ptrace.poke(pid, address + index * 8, word)


def _in_turns(ways: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            before = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - before)
    return times


def _figures(what: str, size: int, times: dict[str, list[float]]) -> list[Figure]:
    words, *blocks = times
    per = summary(times[words])[0]
    beside = f"{words}, {per * 1e3:.3g} ms"
    return [timed(f"{what} {size >> 10} KiB, {name}", times[name], beside, per, _FRACTION) for name in blocks]
