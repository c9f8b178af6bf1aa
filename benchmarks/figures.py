"""Figures: collected, compared with their targets, printed as a table and as JSON."""

from __future__ import annotations

import json
import math
import statistics
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

from benchmarks import machine

if TYPE_CHECKING:
    from pathlib import Path


INFINITE: Final = math.inf
"""The target of a figure that is only shown."""


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


def limited(name: str, value: float, unit: str, most: float = INFINITE) -> Figure:
    """Make a figure that is measured by its limit alone."""
    if most == INFINITE:
        return Figure(name, value, value, unit, "", value, most)
    return Figure(name, value, value, unit, f"{most:g} {unit}", value / most, 1.0)


def _shown(value: float) -> str:
    """Return three digits, or all of those before the point."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def report(
    figures: list[Figure],
    results: Path,
    name: str,
    state: dict[str, object] | None = None,
    details: dict[str, object] | None = None,
) -> None:
    """Print the table, and write the same as JSON beside the benchmarks, with `details`.

    `state` is the machine's when the measuring began.
    """
    state = state or machine.state()
    title = f"{state['cpus']} CPUs, Linux {state['kernel']}, Python {state['python']}"
    table = Table(title=title)
    for column in ("figure", "median", "99%", "yardstick", "ratio", "at most", ""):
        table.add_column(column, justify="left" if column in ("figure", "yardstick", "") else "right")
    for each in figures:
        table.add_row(
            each.name,
            f"{_shown(each.median)} {each.unit}",
            f"{_shown(each.p99)} {each.unit}",
            each.yardstick,
            (f"{each.ratio:.2f}" if each.ratio >= 0.1 else f"{each.ratio:.1g}") if each.yardstick else "",
            f"{each.target:.3g}" if each.target < INFINITE else "",
            ("yes" if each.reached else "NO") if each.target < INFINITE else "",
        )
    Console(width=132).print(table)
    results.mkdir(exist_ok=True)
    path = results / f"{name}.json"
    shown = [asdict(each) | {"target": each.target if each.target < INFINITE else None} for each in figures]
    path.write_text(json.dumps({"state": state, "figures": shown, **(details or {})}, indent=2))
    print(f"Wrote {path}")
