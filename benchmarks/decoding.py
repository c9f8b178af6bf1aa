"""Decoding by itself: records to the text of ``-f -tt -T -o FILE``, CPU time a line, without any tracing.

Each workload is traced once; what came through the pipe is then decoded again and again, in this process.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Final

from benchmarks import machine
from benchmarks.figures import Figure, summary
from benchmarks.runs import PROGRAMS, Shop
from benchmarks.workloads import FULL, QUICK, Sizes, workloads
from bstinspect.decode import text as decoders
from bstinspect.decode.layout import Layout
from bstinspect.trace.outputs import SharedOutput
from bstinspect.trace.rendering import Renderer, collect_rarely

_MOST: Final = 8e-6
"""Seconds a line, at most."""
_ROUNDS: Final = 15
_CALLS: Final = 20_000
_ORDINARY: Final = 4
"""The first workloads are those of one busy program."""
_LAYOUT: Final = Layout(stamp="time", stamp_digits=6, durations=6)


def run(*, quick: bool) -> list[Figure]:
    """Measure all workloads in turns, and print how many lines a second that is. Raises BenchmarkError."""
    machine.need("cc", "find", "python3")
    with Shop() as shop:
        captures = _captures(shop, QUICK if quick else FULL)
        lines = {name: _lines(path, shop.folder / "text") for name, path in captures.items()}
        seconds: dict[str, list[float]] = {name: [] for name in captures}
        collect_rarely()
        for _ in range(3 if quick else _ROUNDS):
            for name, path in captures.items():
                seconds[name].append(_decode(path, Path(os.devnull)) / lines[name])
    figures = []
    form = "in pure Python" if decoders.__file__.endswith(".py") else "compiled"
    print(f"The decoders are {form}.")
    for name, each in seconds.items():
        median, p99 = summary(each)
        print(f"{name}: {lines[name]:,} lines, {1 / median:,.0f} a second")
        figures.append(
            Figure(
                f"decoding, {form}: {name}", median * 1e6, p99 * 1e6, "µs a line", "8 µs", median / _MOST, 1.0
            )
        )
    return figures


def _captures(shop: Shop, sizes: Sizes) -> dict[str, Path]:
    """Trace each workload once; return where its records are."""
    found = {}
    for index, work in enumerate(workloads(shop, sizes)[:_ORDINARY]):
        path = found[work.name] = shop.folder / f"records-{index}"
        command = work.with_calls(min(sizes.calls, _CALLS))
        shop.run([sys.executable, str(PROGRAMS / "keep_records.py"), str(path), *command])
    return found


def _lines(records: Path, text: Path) -> int:
    _decode(records, text)
    return text.read_bytes().count(b"\n")


def _decode(records: Path, text: Path) -> float:
    """Decode a capture into a file; return the seconds of CPU time that it took."""
    reading = os.open(records, os.O_RDONLY)
    output = SharedOutput(os.open(text, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    start = time.process_time()
    Renderer([decoders.StraceText(output, _LAYOUT)], output, messages=False).run(reading, shown=-1)
    taken = time.process_time() - start
    os.close(reading)
    return taken
