"""Figures: collected, compared with their targets, printed as a table and as JSON."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure. `ratio` is the median over the yardstick; `target` is the most that may be."""

    name: str
    median: float
    p99: float
    unit: str
    yardstick: str
    ratio: float
    target: float

    @property
    def reached(self) -> bool:
        """True when the target is met."""
        return self.ratio <= self.target


def summary(values: list[float]) -> tuple[float, float]:
    """Return the median and the 99th percentile."""
    ordered = sorted(values)
    return statistics.median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]


def timed(name: str, seconds: list[float], yardstick: str, per: float, target: float) -> Figure:
    """Make a figure of times; `per` is the yardstick's time in seconds."""
    median, p99 = summary(seconds)
    return Figure(name, median * 1e3, p99 * 1e3, "ms", yardstick, median / per, target)


def report(figures: list[Figure], results: Path, name: str) -> None:
    """Print the table, and write the same as JSON beside the benchmarks."""
    state = {
        "machine": platform.machine(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "load": os.getloadavg(),
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }
    table = Table(title=f"{state['cpus']} CPUs, Linux {state['kernel']}, Python {state['python']}")
    for column in ("figure", "median", "99%", "yardstick", "ratio", "at most", ""):
        table.add_column(column, justify="left" if column in ("figure", "yardstick", "") else "right")
    for each in figures:
        table.add_row(
            each.name,
            f"{each.median:.3g} {each.unit}",
            f"{each.p99:.3g} {each.unit}",
            each.yardstick,
            f"{each.ratio:.2f}" if each.ratio >= 0.1 else f"{each.ratio:.1g}",
            f"{each.target:g}",
            "yes" if each.reached else "NO",
        )
    Console(width=132).print(table)
    results.mkdir(exist_ok=True)
    path = results / f"{name}.json"
    path.write_text(json.dumps({"state": state, "figures": [asdict(each) for each in figures]}, indent=2))
    print(f"Wrote {path}")
