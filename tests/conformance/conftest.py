"""What the conformance tests share: programs compiled once, a place to run in, and the scores at the end.

CONFORMANCE_OURS names another command to compare with strace; CONFORMANCE_REPORT a file for all that differs.
"""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .cases import Case, Outcome, compile_program, judge
from .compare import Comparison
from .tracers import OURS, Tracer, strace_missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENOUGH = 0.99
"""The share of lines that must be the same, overall and for each system call."""
SHOWN = 60
"""How many differences a failing test shows."""

PROPERTY = "conformance"
"""The name that a score has in its test's report, which comes from other processes too."""


@pytest.fixture(scope="session")
def ours() -> Tracer:
    """Our command."""
    given = os.environ.get("CONFORMANCE_OURS")
    return Tracer(Path(shlex.split(given)[0]).name, tuple(shlex.split(given))) if given else OURS


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """A short path for the runs, the same for all."""
    with tempfile.TemporaryDirectory(prefix="conf-", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture(scope="session")
def _strace() -> None:
    if why := strace_missing():
        pytest.skip(why)


@pytest.fixture
def check(
    _strace: None, ours: Tracer, place: Path, request: pytest.FixtureRequest
) -> Callable[[Case], Outcome]:
    """Return a function that compares a case, keeps its score, and fails where it is too low."""

    def check(case: Case) -> Outcome:
        outcome = judge(case, ours, place / "run")
        found = outcome.found
        kept = (dict(found.same), dict(found.total), found.differences, outcome.floor)
        request.node.user_properties.append((PROPERTY, kept))
        report = f"{case}\n{found.report(SHOWN)}"
        assert not outcome.unsteady, f"{case}: strace disagrees with itself:\n" + "\n".join(outcome.unsteady)
        if case.mode == "multiset":
            assert found.score >= outcome.floor, (
                f"two runs of strace are alike by {outcome.floor:.2%}; {report}"
            )
        else:
            assert found.score >= ENOUGH, report
            assert found.worst >= ENOUGH, report
        return outcome

    return check


@pytest.fixture(scope="session")
def program(_strace: None) -> Iterator[Callable[[Path], Path]]:
    """Return a function that compiles a program once."""
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    with tempfile.TemporaryDirectory(prefix="confp-", dir="/tmp") as name:
        made: dict[Path, Path] = {}

        def compiled(source: Path) -> Path:
            if source not in made:
                made[source] = compile_program(source, Path(name))
            return made[source]

        yield compiled


def scores_of(terminalreporter: pytest.TerminalReporter) -> list[tuple[str, Outcome]]:
    """Return the scores that the tests' reports have, each with its test's name."""
    reports = [each for kind in ("passed", "failed") for each in terminalreporter.stats.get(kind, ())]
    return [
        (report.location[2], Outcome(Comparison(Counter(same), Counter(total), differences), floor))
        for report in reports
        if report.when == "call"
        for name, (same, total, differences, floor) in report.user_properties
        if name == PROPERTY
    ]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print each case's score, and the score of each system call that has differences."""
    scores = scores_of(terminalreporter)
    if not scores:
        return
    same: Counter[str] = Counter()
    total: Counter[str] = Counter()
    perfect = 0
    if file := os.environ.get("CONFORMANCE_REPORT"):
        Path(file).write_text("".join(f"== {name}\n{each.found.report(1000)}\n" for name, each in scores))
    terminalreporter.section("conformance with strace")
    for name, outcome in scores:
        found = outcome.found
        same.update(found.same)
        total.update(found.total)
        if found.score == 1:
            perfect += 1
            continue
        floor = f" (strace with itself: {outcome.floor:.2%})" if outcome.floor < 1 else ""
        terminalreporter.line(f"{found.score:8.2%}{floor} {name}: {', '.join(found.failing()[:6])}")
    for name in sorted(total):
        if same[name] < total[name]:
            terminalreporter.line(f"{same[name] / total[name]:8.2%} {name} {same[name]}/{total[name]}")
    without = sum(same[name] == total[name] for name in total)
    share = same.total() / max(1, total.total())
    terminalreporter.line(
        f"{perfect} of {len(scores)} cases alike in every line; {share:.3%} of {total.total()} lines, "
        f"{without} of {len(total)} system calls without a difference"
    )
