"""``python -m benchmarks [PART] [OPTIONS]``: measure, print the table, write the JSON.

Without a PART, the cluster's figures; ``--help`` names the others.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import signal
import sys
from pathlib import Path
from typing import Any, Final

from benchmarks import machine
from benchmarks.errors import BenchmarkError
from benchmarks.figures import report
from bstinspect.errors import InspectError

RESULTS: Final = Path(__file__).parent / "results"
PARTS: Final = """parts:
  (none)     the cluster; followed by a word, one part of it
  memory     another process's memory, by words and by blocks
  tracing    bstrace, strace, python-ptrace and a bare C loop on the same programs
  idle       a thousand idle tracees and a busy one
  seccomp    --seccomp-bpf on programs without the calls asked for
  decoding   records to text, without any tracing
  recording  five million calls recorded: memory, completeness, size
  reporting  reports of a session and of a million records: time, memory, size
  faults     every point of a script killed and stopped, and runs played again
  all        tracing, idle, seccomp, decoding, recording, reporting and faults, the machine's state with each
"""
_MODULES: Final = {
    "memory": "memory", "tracing": "tracing", "idle": "idle", "seccomp": "filtering", "decoding": "decoding",
    "recording": "recording", "reporting": "reporting", "faults": "faults",
}  # fmt: skip
"""The module of each part but the cluster's: its `run` returns figures, and perhaps details with them."""
_ALL: Final = ("tracing", "idle", "seccomp", "decoding", "recording", "reporting", "faults")


def main(arguments: list[str]) -> int:
    """Measure what the arguments ask for; return the exit status: 1 where outputs differ."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks",
        description="Measure, each figure against a yardstick in the same run.",
        epilog=PARTS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("part", nargs="*", help="what to measure")
    parser.add_argument("--quick", action="store_true", help="less of everything: to see that it works")
    parser.add_argument("--calls", type=int, default=0, metavar="N", help="recording: so many calls")
    asked = parser.parse_args(arguments)
    try:
        _measure(" ".join(asked.part), quick=asked.quick, calls=asked.calls)
    except (BenchmarkError, InspectError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _measure(part: str, *, quick: bool, calls: int) -> None:
    state = machine.state()
    if part == "all":
        for each in _ALL:
            _measure(each, quick=quick, calls=calls)
    elif part in _MODULES:
        made = importlib.import_module(f"benchmarks.{_MODULES[part]}").run(**_options(part, quick, calls))
        figures, details = made if isinstance(made, tuple) else (made, {})
        report(figures, RESULTS, part, state, details)
    else:
        from benchmarks import cluster

        report(
            asyncio.run(cluster.run(part)), RESULTS, f"cluster-{part}".replace(" ", "-").rstrip("-"), state
        )


def _options(part: str, quick: bool, calls: int) -> dict[str, Any]:  # noqa: FBT001 - the command line's own
    if part == "memory":
        return {}
    return {"quick": quick, "calls": calls} if part == "recording" else {"quick": quick}


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # nothing is left behind then
    sys.exit(main(sys.argv[1:]))
