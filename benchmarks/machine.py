"""The machine's state: without it no figure means anything."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.errors import BenchmarkError

if TYPE_CHECKING:
    from collections.abc import Sequence

_STEAL: Final = 7
"""The field of a `cpu` line in /proc/stat that counts stolen time: proc_stat(5)."""


def need(*tools: str) -> None:
    """Raise BenchmarkError, naming all of `tools` that are not installed."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        raise BenchmarkError(f"not installed: {', '.join(missing)}")


def state() -> dict[str, object]:
    """Return what is known of the machine now."""
    return {
        "machine": platform.machine(),
        "cpu": cpu_model(),
        "cpus": os.cpu_count(),
        "usable cpus": sorted(os.sched_getaffinity(0)),
        "frequency": frequency(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "strace": strace_version(),
        "python-ptrace": importlib.metadata.version("python-ptrace"),
        "load": os.getloadavg(),
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def cpu_model() -> str:
    """Return the CPU's name, and whether it is a virtual machine's."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    fields = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    name = fields.get("model name", "unknown")
    return f"{name} (virtual)" if "hypervisor" in fields.get("flags", "").split() else name


def frequency() -> str:
    """Return the governor of the CPU's frequency, or that it is not known: as a rule in a virtual machine."""
    try:
        return Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").read_text().strip()
    except OSError:
        return "unknown"


def strace_version() -> str:
    """Return strace's version, or that there is none."""
    if shutil.which("strace") is None:
        return "not installed"
    return first_line(["strace", "-V"]).rpartition(" ")[2]


def first_line(command: Sequence[str]) -> str:
    """Return the first line that a command prints."""
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.partition("\n")[0]


def ticks() -> tuple[int, int]:
    """Return the stolen and all CPU time so far, in ticks; steal stays 0 where the host does not tell."""
    values = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return values[_STEAL], sum(values[: _STEAL + 1])


def stolen(before: tuple[int, int]) -> float:
    """Return the share of CPU time stolen since `before`."""
    now = ticks()
    return (now[0] - before[0]) / max(1, now[1] - before[1])
