"""Recording: five million system calls, none of them missing, in little memory; and how long a record is."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, Final

from benchmarks import equality, machine, tracers
from benchmarks.errors import BenchmarkError, Mismatch
from benchmarks.figures import Figure, limited
from benchmarks.peaks import Peaks
from benchmarks.progress import Stages
from benchmarks.runs import PROGRAMS, Shop, found
from bstinspect.capture.file import CaptureReader
from bstinspect.records import Lost, SyscallEntry, SyscallExit

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.runs import Run

CALLS: Final = 5_000_000
_QUICK: Final = 100_000
_GETPPID: Final = 110  # x86-64
_MEGABYTES: Final = 100.0
_BYTES: Final = 150.0
_ROOM: Final = 2 * _BYTES
"""Bytes of disk that a call may need."""


def run(*, quick: bool, calls: int = 0) -> tuple[list[Figure], dict[str, object]]:
    """Record `calls` system calls, or as many as are asked for; return figures and details.

    Raises Mismatch where a record is missing, or a replay is not strace's output.
    """
    machine.need("cc", "strace", "taskset", "find", "python3")
    with Shop() as shop, Stages() as stages:
        program = shop.program(PROGRAMS / "calls.c")
        commands = {
            "getppid": (program, "20000"),
            "find": (found("find"), shop.tree(300, 5)),
            "python3": (found("python3"), "-c", "import asyncio, json"),
        }
        long, details = _long(shop, stages, program, calls or (_QUICK if quick else CALLS))
        stages.stage("how long a record is", len(commands))
        sizes = [figure for name, command in commands.items() for figure in _sizes(shop, name, command)]
        return [*long, *sizes], details


def _long(shop: Shop, stages: Stages, program: str, calls: int) -> tuple[list[Figure], dict[str, object]]:
    """Record so many calls, and look at memory while that goes on."""
    capture, counter = shop.folder / "capture", shop.folder / "counter"
    if shutil.disk_usage(shop.folder).free < calls * _ROOM:
        raise BenchmarkError(f"{shop.folder}: no room for a capture of {calls:,} calls")
    counter.write_bytes(bytes(8))
    peaks = Peaks(program)

    def look(pid: int) -> None:
        peaks.look(pid)
        stages.at(int.from_bytes(counter.read_bytes(), "little"))

    stages.stage(f"recording {calls:,} calls", calls)
    done = shop.run((*tracers.OURS, "--record", str(capture), "-f", program, str(calls), str(counter)), look)
    stages.stage("counting its records", capture.stat().st_size)
    start = time.perf_counter()
    records = count(capture, calls, done, stages)
    counted = time.perf_counter() - start
    tracer, others = peaks.tracer, peaks.others
    size = capture.stat().st_size
    capture.unlink()
    name = f"{calls:,} calls recorded"
    return [
        limited(f"{name}: tracer's memory", tracer, "MB", _MEGABYTES),
        limited(f"{name}: any other's", max(others.values(), default=0.0), "MB", _MEGABYTES),
        Figure(f"{name}: missing", 0, 0, "records", "", 0, 0),
        limited(f"{name}: time", done.seconds, "s"),
        limited(f"{name}: a call", done.seconds / calls * 1e6, "µs"),
        limited(f"{name}: size", size / 1e6, "MB"),
    ], {
        "calls": calls,
        "records": records,
        "bytes": size,
        "seconds": done.seconds,
        "seconds to count": counted,
        "peak memory of the tracer, MB": tracer,
        "peak memory of the others, MB": others,
    }


def count(capture: Path, calls: int, done: Run, stages: Stages) -> int:
    """Return the number of records. Raises Mismatch unless each call has its entry and its exit."""
    made = int(done.out.split()[0])
    entered = left = records = 0
    waiting = False
    reader = CaptureReader(str(capture))
    try:
        for record in reader.available():
            records += 1
            if records % 100_000 == 0:
                stages.at(reader.position)
            if isinstance(record, SyscallEntry):
                waiting = record.number == _GETPPID
                entered += waiting
            elif isinstance(record, SyscallExit):
                left += waiting
                waiting = False
            elif isinstance(record, Lost):
                raise Mismatch(f"recording: the capture says that {record.count} records are lost")
        if reader.rest:
            raise Mismatch(f"recording: the last {reader.rest} bytes are no whole record")
    finally:
        reader.close()
    if not made == entered == left == calls:
        raise Mismatch(f"recording: {made} calls made, {entered} entries and {left} exits recorded")
    return records


def _sizes(shop: Shop, name: str, command: tuple[str, ...]) -> list[Figure]:
    """Record a command; compare what is replayed with strace's output; return the sizes."""
    capture, ours, theirs = (shop.folder / each for each in ("capture", "ours", "theirs"))
    shop.run(tracers.STRACE.command(theirs, command))
    shop.run((*tracers.OURS, "--record", str(capture), "-f", *command))
    shop.run((tracers.OURS[0], "replay", str(capture), *tracers.OPTIONS, str(ours)))
    if difference := equality.difference(theirs.read_bytes(), ours.read_bytes()):
        raise Mismatch(f"recording, {name} replayed: {difference}")
    reader = CaptureReader(str(capture))
    try:
        records = sum(1 for _ in reader.available())
    finally:
        reader.close()
    size, calls = capture.stat().st_size, equality.lines(theirs.read_bytes())
    capture.unlink()
    return [
        limited(f"{name}: a record", size / records, "bytes", _BYTES),
        limited(f"{name}: a call, entry and exit", size / calls, "bytes"),
    ]
