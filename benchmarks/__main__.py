"""``python -m benchmarks [PART]``: measure, print the table, write the JSON."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from benchmarks.cluster import run
from benchmarks.figures import report

if __name__ == "__main__":
    part = " ".join(sys.argv[1:])
    name = f"cluster-{part.replace(' ', '-')}" if part else "cluster"
    report(asyncio.run(run(part)), Path(__file__).parent / "results", name)
