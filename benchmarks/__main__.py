"""``python -m benchmarks [PART] [OPTIONS]``: measure, print the table, write the JSON.

Without a PART, the cluster's figures; ``--help`` names the others.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from typing import Final

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
  all        tracing, idle, seccomp, decoding, recording and reporting, the machine's state with each
"""


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
    if part == "memory":
        from benchmarks import memory

        report(memory.run(), RESULTS, "memory", state)
    elif part == "tracing":
        from benchmarks import tracing

        figures, details = tracing.run(quick=quick)
        report(figures, RESULTS, "tracing", state, details)
    elif part == "idle":
        from benchmarks import idle

        report(idle.run(quick=quick), RESULTS, "idle", state)
    elif part == "seccomp":
        from benchmarks import filtering

        report(filtering.run(quick=quick), RESULTS, "seccomp", state)
    elif part == "recording":
        from benchmarks import recording

        figures, details = recording.run(quick=quick, calls=calls)
        report(figures, RESULTS, "recording", state, details)
    elif part == "reporting":
        from benchmarks import reporting

        figures, details = reporting.run(quick=quick)
        report(figures, RESULTS, "reporting", state, details)
    elif part == "decoding":
        from benchmarks import decoding

        report(decoding.run(quick=quick), RESULTS, "decoding", state)
    elif part == "all":
        for each in ("tracing", "idle", "seccomp", "decoding", "recording", "reporting"):
            _measure(each, quick=quick, calls=calls)
    else:
        from benchmarks import cluster

        report(
            asyncio.run(cluster.run(part)), RESULTS, f"cluster-{part}".replace(" ", "-").rstrip("-"), state
        )


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # nothing is left behind then
    sys.exit(main(sys.argv[1:]))
