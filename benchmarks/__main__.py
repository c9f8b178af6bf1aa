"""``python -m benchmarks [PART]``: measure, print the table, write the JSON."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from benchmarks.cluster import run
from benchmarks.figures import report

if __name__ == "__main__":
    report(asyncio.run(run(sys.argv[1] if len(sys.argv) > 1 else "")), Path(__file__).parent / "results")
