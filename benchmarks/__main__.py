"""``python -m benchmarks [PART]``: measure, print the table, write the JSON.

Without a PART, the cluster's figures; ``memory``: another process's memory, by words and by blocks.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from benchmarks import cluster, memory
from benchmarks.figures import report

RESULTS = Path(__file__).parent / "results"

if __name__ == "__main__":
    part = " ".join(sys.argv[1:])
    if part == "memory":
        report(memory.run(), RESULTS, "memory")
    else:
        name = f"cluster-{part.replace(' ', '-')}" if part else "cluster"
        report(asyncio.run(cluster.run(part)), RESULTS, name)
