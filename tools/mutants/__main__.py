"""``python -m tools.mutants``: try a sample of the mutants; exit 1 where less than 90 % are caught."""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from pathlib import Path
from typing import Final

from .mutant import PACKAGE, Mutant, mutants_of
from .telling import Known, line_of, table
from .trying import Trial, Tried

_INSIDE: Final = "BSTRACE_MUTANTS_ARE_ALONE"


def main() -> int:
    """Try mutants, and tell."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=60, help="how many mutants (0: all of them)")
    parser.add_argument("--seed", type=int, default=1, help="decides which")
    parser.add_argument("--only", default="", metavar="TEXT", help="only those whose name has TEXT in it")
    parser.add_argument("--faults", type=int, default=100, help="how many runs with a fault each has to pass")
    parser.add_argument("--shard", default="1/1", metavar="I/N", help="the I-th of N parts of them")
    parser.add_argument("--list", action="store_true", help="list them, and try none")
    parser.add_argument("--output", type=Path, help="write the report here too, as it grows")
    options = parser.parse_args()
    part, parts = map(int, options.shard.split("/"))
    mutants = chosen(mutants_of(), options.only, options.sample, options.seed)[part - 1 :: parts]
    if options.list:
        print("\n".join(each.name for each in mutants))
        return 0
    if _INSIDE not in os.environ and os.geteuid() == 0:
        # Nobody knows whom a mutant may signal: here it can only reach its own.
        command = ["unshare", "--pid", "--mount-proc", "--kill-child", sys.executable, "-m", "tools.mutants"]
        os.execvpe("unshare", [*command, *sys.argv[1:]], {**os.environ, _INSIDE: "1"})  # noqa: S606
    return _try_all(mutants, options.faults, options.output)


def chosen(mutants: list[Mutant], only: str, sample: int, seed: int) -> list[Mutant]:
    """Return those whose names hold `only`; of these a sample, in their order."""
    found = [each for each in mutants if only in each.name]
    if not 0 < sample < len(found):
        return found
    return sorted(random.Random(seed).sample(found, sample))  # noqa: S311 - no secret


def _try_all(mutants: list[Mutant], faults: int, output: Path | None) -> int:
    tried: list[Tried] = []
    began = time.monotonic()
    with Trial(PACKAGE, faults) as trial:
        for text in trial.unsound():
            print(f"the original: {text}", file=sys.stderr)
        print(f"the original: {time.monotonic() - began:.0f} s", file=sys.stderr)
        for number, mutant in enumerate(mutants, 1):
            start = time.monotonic()
            tried.append(trial.trying(mutant))
            took = time.monotonic() - start
            print(f"{number}/{len(mutants)} {took:4.1f} s  {line_of(tried[-1])}", file=sys.stderr)
            if output is not None:
                output.write_text(table(tried, Known.read()).text + "\n", encoding="utf-8")
    report = table(tried, Known.read())
    print(report.text)
    return 0 if report.rate >= 0.9 else 1


if __name__ == "__main__":
    sys.exit(main())
