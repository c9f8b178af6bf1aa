"""`bstrace report`: of a session, and of a capture of a million records: time, memory, size.

The yardstick is `bstrace replay --zmtp` of the same capture: it decodes the same, and finds nothing out.
"""

from __future__ import annotations

import filecmp
import statistics
from typing import TYPE_CHECKING, Final

from benchmarks import machine, tracers
from benchmarks.errors import BenchmarkError, Mismatch
from benchmarks.figures import INFINITE, Figure, limited
from benchmarks.progress import Stages
from benchmarks.runs import PROGRAMS, Shop
from bstinspect.capture.file import CaptureReader

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.runs import Run

BSTRACE: Final = tracers.OURS[0]
RECORDS: Final = 1_000_000
_A_VISIT: Final = 8
"""Records of one round of visits.c: four calls, each with its entry and its exit."""
_ROUNDS: Final = 3
COMMANDS: Final = """
trace all on
create 10
create 5
create 15
create 3
create 7
create 12
create 20
pingall
exec 10 3 1 2 3
exec 3 2 40 2
exec 7 2 1 2
exec 12 4 100 -1 50 1
exec 20 1 7
crash 5
pingall
exec 3 1 1
why 5
exec 15 1 4
pingall
""".strip()
"""Twenty commands, seven of which create a node; one asks a node below the dead one."""
_DONE: Final = 19
"""So many of them are answered with Ok."""
_SESSION: Final = "7 nodes, 20 commands"
_SESSION_SECONDS: Final = 5.0
_SESSION_MEGABYTES: Final = 1.0
_CAPTURE_SECONDS: Final = 60.0
_CAPTURE_MEGABYTES: Final = 5.0
_MEMORY: Final = 500.0
"""Megabytes."""


def run(*, quick: bool) -> tuple[list[Figure], dict[str, object]]:
    """Make both reports, several times over; return figures and details.

    Raises Mismatch where a capture has fewer records than calls were made, or the full trace beside a report
    is not what `bstrace replay` writes.
    """
    machine.need("cc")
    rounds = 1 if quick else _ROUNDS
    with Shop() as shop, Stages() as stages:
        stages.stage(f"a session: {_SESSION}", rounds)
        session, session_details = _session(shop, stages, rounds)
        capture, capture_details = _capture(shop, stages, RECORDS // 10 if quick else RECORDS, rounds)
        return [*session, *capture], {"session": session_details, "capture": capture_details}


def _session(shop: Shop, stages: Stages, rounds: int) -> tuple[list[Figure], dict[str, object]]:
    directory, commands = shop.folder / "session", shop.folder / "commands.txt"
    commands.write_text(f"{COMMANDS}\n")
    told = shop.run((BSTRACE, "--session", str(directory), "-f", str(commands))).out
    if told.count("Ok") != _DONE:
        raise BenchmarkError(f"the session went wrong: {' | '.join(told.splitlines())}")
    runs = [_report(shop, directory, stages, number) for number in range(rounds)]
    size = _html_megabytes(shop, "report")
    return [
        limited(f"{_SESSION}: report", _seconds(runs), "s", _SESSION_SECONDS),
        limited(f"{_SESSION}: HTML", size, "MB", _SESSION_MEGABYTES),
    ], {"records": _count(directory / "capture.bst"), "runs": _details(runs), "HTML, MB": size}


def _capture(shop: Shop, stages: Stages, records: int, rounds: int) -> tuple[list[Figure], dict[str, object]]:
    """Record a program that makes half as many calls; report and replay its capture in turns."""
    capture, text, visits = shop.folder / "visits.bst", shop.folder / "replayed", records // _A_VISIT
    stages.stage(f"recording {records:,} records", 0)
    program = shop.program(PROGRAMS / "visits.c")
    shop.run((*tracers.OURS, "--record", str(capture), "-f", program, str(visits), "/proc/self/comm"))
    recorded = _count(capture)
    if recorded < records:
        raise Mismatch(f"reporting: {records:,} records were to be made, {recorded:,} are in the capture")
    reports, replays = [], []
    stages.stage(f"reporting {recorded:,} records", rounds)
    for number in range(rounds):
        reports.append(_report(shop, capture, stages, number))
        replays.append(
            shop.run((BSTRACE, "replay", str(capture), "-f", "-tt", "-T", "--zmtp", "-o", str(text)))
        )
    if not filecmp.cmp(text, shop.folder / "visits.trace.txt", shallow=False):
        raise Mismatch("reporting: the full trace is not what replay --zmtp writes")
    size, peak = _html_megabytes(shop, "visits"), max(each.peak for each in reports)
    name = f"{records:,} records"
    seconds, cpu, replayed = _seconds(reports), _cpu(reports), _cpu(replays)
    return [
        limited(f"{name}: report", seconds, "s", _CAPTURE_SECONDS),
        limited(f"{name}: peak memory", peak, "MB", _MEMORY),
        limited(f"{name}: HTML", size, "MB", _CAPTURE_MEGABYTES),
        Figure(
            f"{name}: CPU time", cpu, max(each.cpu for each in reports), "s",
            f"replay --zmtp {replayed:.3g} s", cpu / replayed, INFINITE,
        ),
    ], {
        "records": recorded, "runs": _details(reports), "replays": _details(replays), "HTML, MB": size,
    }  # fmt: skip


def _report(shop: Shop, source: Path, stages: Stages, number: int) -> Run:
    """Make a report in the usual formats; the files go into the shop's folder."""
    done = shop.run((BSTRACE, "report", str(source), "-o", str(shop.folder), "--force"))
    stages.at(number + 1)
    return done


def _html_megabytes(shop: Shop, name: str) -> float:
    return (shop.folder / f"{name}.html").stat().st_size / 1e6


def _count(capture: Path) -> int:
    """Return the number of records in a capture."""
    reader = CaptureReader(str(capture))
    try:
        return sum(1 for _ in reader.available())
    finally:
        reader.close()


def _seconds(runs: list[Run]) -> float:
    return statistics.median(each.seconds for each in runs)


def _cpu(runs: list[Run]) -> float:
    return statistics.median(each.cpu for each in runs)


def _details(runs: list[Run]) -> list[dict[str, float]]:
    return [{"seconds": each.seconds, "cpu": each.cpu, "peak, MB": each.peak} for each in runs]
