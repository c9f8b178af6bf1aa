"""The benchmarks of tracing: that they run, and that an output with less in it is not taken for the same."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from benchmarks import __main__ as command
from benchmarks import equality, filtering, idle, recording, reporting, tracers, tracing
from benchmarks.errors import BenchmarkError, Mismatch
from benchmarks.machine import need
from benchmarks.measuring import Measuring
from benchmarks.progress import Stages
from benchmarks.runs import PROGRAMS, Run, Shop, found
from benchmarks.workloads import Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measuring import Timing
    from benchmarks.tracers import Tracer

CALLS = 100

pytestmark = pytest.mark.skipif(
    None in {shutil.which("strace"), shutil.which("taskset"), shutil.which("cc")},
    reason="strace, taskset and cc are measured with",
)


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A folder with programs."""
    with Shop() as shop:
        yield shop


def measured(shop: Shop, *which: Tracer) -> list[Timing]:
    """Measure a hundred calls, once under each tracer."""
    calls = shop.program(PROGRAMS / "calls.c")
    with Stages() as stages:
        return Measuring(shop, Workload("calls", (calls,), which, 1, CALLS), stages).run()


def doctored(edit: str) -> Tracer:
    """Return strace, with its output changed by sed afterwards."""
    script = f"""to=$1; shift; env -u PWD strace -f -tt -T -o "$to" "$@"; sed -i '{edit}' "$to" """
    return tracers.Tracer("doctored", ("sh", "-c", script, "sh"))


def test_all_tracers_are_measured(shop: Shop) -> None:
    """Each has its time, and all agree about what was called."""
    which = (
        tracers.BARE,
        tracers.STRACE,
        tracers.pinned_strace(),
        *tracers.BOTH,
        *tracers.loops(shop),
        tracers.python_ptrace(),
    )
    timings = measured(shop, *which)
    assert [each.tracer for each in timings] == list(which)
    assert all(len(each.seconds) == 1 and each.median > 0 and each.calls > CALLS for each in timings)


def test_a_slow_tracer_is_given_less(shop: Shop) -> None:
    """What it would take for all calls is reckoned from fewer; those are compared all the same."""
    slow = replace(tracers.STRACE, most=50)
    timings = measured(shop, slow, tracers.STRACE)
    assert [each.given for each in timings] == [50, 0]
    assert timings[0].calls == timings[1].calls > CALLS


def test_idle_tracees_and_filters() -> None:
    """The other parts run, and have a figure for each target."""
    figures = [*idle.measure(threads=5, calls=20, rounds=1), *filtering.measure(reads=5, calls=50, rounds=1)]
    assert len(figures) == 5 + 4
    assert sum(math.isfinite(each.target) for each in figures) == 3 + 1


def test_several_processes_agree(shop: Shop) -> None:
    """Four processes side by side: calls in two halves, in any order."""
    four = (shop.program(PROGRAMS / "four.c"), "5")
    which = (tracers.STRACE, *tracers.BOTH, *tracers.loops(shop))
    with Stages() as stages:
        timings = Measuring(shop, Workload("four", four, which, 1), stages).run()
    assert timings[0].calls > 4 * 5


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ("60d", "getppid 99 times, strace has 100"),
        ("$d", "'nothing', strace has '.*exited with 0"),
        ("s/exit_group(0)/exit_group(1)/", r"'exit_group\(1\).*strace has 'exit_group\(0\)"),
        ("60s/getppid/gettid/", "getppid 99 times, strace has 100"),
    ],
)
def test_less_or_other_output_fails(shop: Shop, edit: str, said: str) -> None:
    """A line missing, the last one missing, another argument, another call: each is named."""
    with pytest.raises(Mismatch, match=said):
        measured(shop, doctored(edit))


def test_a_loop_that_skips_calls_fails(shop: Shop) -> None:
    """So does a tracer of which the number of calls alone is known."""
    loop = tracers.loops(shop)[1]
    script = 'to=$1; shift; "$0" "$to" "$@"; echo $(($(cat "$to") - 1)) >"$to"'
    skipping = tracers.Tracer("skipping", ("sh", "-c", script, *loop.words), "count")
    with pytest.raises(Mismatch, match=r"skipping: \d+ calls, strace has \d+"):
        measured(shop, skipping)


def test_what_is_masked() -> None:
    """Pids, times, addresses and where a call was cut in two make no difference; anything else does."""
    one = (
        b"7  10:00:00.000001 read(3,  <unfinished ...>\n"
        b"8  10:00:00.000002 getppid()           = 7 <0.000003>\n"
        b'7  10:00:00.000003 <... read resumed>"a", 9) = 1 <0.000009>\n'
        b"7  10:00:00.000004 brk(NULL) = 0x55cba2d52000 <0.000002>\n"
    )
    other = (
        b'71 23:00:00.000001 read(3, "a", 9)     = 1 <0.000019>\n'
        b"71 23:00:00.000004 brk(NULL) = 0x55fffffff000 <0.000012>\n"
        b"83 23:00:00.000002 getppid() = 71 <0.000113>\n"
    )
    assert equality.difference(one, other) == ""
    assert equality.names(one) == equality.names(other) == {"read": 1, "getppid": 1, "brk": 1}
    assert equality.lines(one) == equality.lines(other) == 3
    found = equality.difference(one, other.replace(b'"a"', b'"b"'))
    assert found == """process 1, line 1: 'read(3, "b", 9) = 1', strace has 'read(3, "a", 9) = 1'"""


def test_a_missing_record_fails(shop: Shop) -> None:
    """A capture has each call's entry and exit, or it is said what is missing."""
    capture = shop.folder / "capture"
    program = shop.program(PROGRAMS / "calls.c")
    run = shop.run((*tracers.OURS, "--record", str(capture), "-f", program, str(CALLS)))
    with Stages() as stages:
        assert recording.count(capture, CALLS, run, stages) > 2 * CALLS
        with pytest.raises(Mismatch, match="101 calls made, 100 entries and 100 exits recorded"):
            recording.count(capture, CALLS, Run(1.0, 1.0, f"{CALLS + 1} 0.1"), stages)
        capture.write_bytes(capture.read_bytes()[:-3])
        with pytest.raises(Mismatch, match="bytes are no whole record"):
            recording.count(capture, CALLS, run, stages)


def test_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """The session and the capture are reported, each figure within its limit but for the machine's speed."""
    monkeypatch.setattr(reporting, "RECORDS", 20_000)
    figures, details = reporting.run(quick=True)
    assert [each.name.partition(": ")[2] for each in figures] == [
        "report", "HTML", "report", "peak memory", "HTML", "CPU time",
    ]  # fmt: skip
    assert all(each.median > 0 for each in figures)
    assert details["capture"]["records"] >= 2_000  # type: ignore[index]


def test_a_report_of_too_little_fails(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A capture with fewer records than were to be made is not reported on."""
    monkeypatch.setattr(reporting, "_A_VISIT", 80)
    with Stages() as stages, pytest.raises(Mismatch, match=r"2,000 records were to be made, \d{3} are"):
        reporting._capture(shop, stages, 2_000, 1)


def test_a_mismatch_is_status_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says what, and the exit status is 1."""

    def differs(*, quick: bool) -> None:
        assert quick
        raise Mismatch("find, bstrace: one line less")

    monkeypatch.setattr(tracing, "run", differs)
    assert command.main(["tracing", "--quick"]) == 1
    assert capsys.readouterr().err == "benchmarks: find, bstrace: one line less\n"


def test_what_is_missing_is_named(shop: Shop) -> None:
    """Tools that are not installed, and a command that fails."""
    with pytest.raises(BenchmarkError, match=r"^not installed: no-such-tool, nor-this$"):
        need("sh", "no-such-tool", "nor-this")
    with pytest.raises(BenchmarkError, match="status 3: oh dear"):
        shop.run((found("sh"), "-c", "echo oh dear >&2; exit 3"))
