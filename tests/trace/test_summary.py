"""-c: the tables, from records made by hand; and that real ones come from the right place."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from bstinspect.decode.architecture import architecture
from bstinspect.errors import UsageError
from bstinspect.records import CaptureStart, SyscallEntry, SyscallExit
from bstinspect.reports import columns
from bstinspect.reports.summary import Count, Form, Summary, table

from .programs import TWO_THREADS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bstinspect.records import Record

    from .conftest import Trace

NUMBERS = architecture("x86_64").numbers
MS = 1_000_000
CALLS = (
    # tid, pid, name, entered, left, system time, failed
    (1, 1, "read", 0, 10 * MS, 2 * MS, False),
    (1, 1, "read", 20 * MS, 24 * MS, 4 * MS, True),
    (2, 1, "write", 30 * MS, 31 * MS, 1 * MS, False),
    (3, 3, "close", 40 * MS, 41 * MS, 0, False),
    (3, 3, "read", 50 * MS, 51 * MS, 1 * MS, False),
)
DEFAULT = """\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 87.50    0.007000        2333         3         1 read
 12.50    0.001000        1000         1           write
  0.00    0.000000           0         1           close
------ ----------- ----------- --------- --------- ----------------
100.00    0.008000        1600         5         1 total
"""


def stream(calls: Sequence[tuple[int, int, str, int, int, int, bool]] = CALLS) -> list[Record]:
    """Return the records of some calls."""
    found: list[Record] = [CaptureStart(0, 2, 0, "x86_64")]
    for tid, pid, name, entered, left, spent, failed in calls:
        found.append(SyscallEntry(entered, tid, pid, NUMBERS[name], (0, 0, 0, 0, 0, 0)))
        found.append(SyscallExit(left, tid, pid, -2 if failed else 0, failed, system_ns=spent))
    return found


def report(form: Form, records: Sequence[Record] | None = None) -> str:
    """Return what is written of some records."""
    written: list[str] = []
    summary = Summary(written.append, form)
    summary.feed(records if records is not None else stream())
    summary.finish()
    return "".join(written)


def names(text: str) -> list[str]:
    """Return the calls of a table in their order."""
    return [line.split()[-1] for line in text.splitlines() if line[0] not in "-%" and "total" not in line]


def test_the_table() -> None:
    """strace's, to the last blank."""
    assert report(Form()) == DEFAULT


@pytest.mark.parametrize(
    ("key", "order"),
    [
        ("time", "read write close"),
        ("calls", "read write close"),
        ("errors", "read write close"),
        ("name", "close read write"),
        ("avg-time", "read write close"),
        ("min-time", "write read close"),
        ("max-time", "read write close"),
        ("none", "read write close"),
    ],
)
def test_sorted(key: str, order: str) -> None:
    """By any column, what is most first; names go up; `none` is the order of the calls' numbers."""
    calls = CALLS[:1] + CALLS[2:4] + ((1, 1, "read", 60 * MS, 61 * MS, MS // 2, True),)
    assert names(report(Form(sort=columns.sort_key(key)), stream(calls))) == order.split()


def test_columns() -> None:
    """Those that are asked for, in that order; the name is always there, and last where it is not."""
    text = report(Form(columns.parse("calls,max-time,shortest"), wall_clock=True))
    assert text.splitlines()[0].split() == ["calls", "longest", "shortest", "syscall"]
    assert text.splitlines()[2].split() == ["3", "0.010000", "0.001000", "read"]
    text = report(Form(columns.parse("name,errors")))
    assert text.splitlines()[0] == "syscall             errors"
    assert text.splitlines()[2:4] == ["read                     1", "write                     "]
    with pytest.raises(UsageError, match="unknown column name: 'x'"):
        columns.parse("calls,x")


def test_wall_clock_and_overhead() -> None:
    """-w counts from entry to exit; -O takes something off every call, but never more than there is."""
    wall = report(Form(wall_clock=True)).splitlines()
    assert wall[2].split() == ["88.24", "0.015000", "5000", "3", "1", "read"]
    assert wall[-1].split()[:2] == ["100.00", "0.017000"]
    less = report(Form(overhead_ns=3 * MS)).splitlines()
    assert less[2].split() == ["100.00", "0.001000", "333", "3", "1", "read"]
    assert report(Form(overhead_ns=10**12)).count("0.000000") == 4


def test_by_process_and_thread() -> None:
    """A table each, in the order in which they came."""
    text = report(Form(by="process"))
    assert [line for line in text.splitlines() if ":" in line] == ["Process 1:", "Process 3:"]
    first, second = text.split("Process 3:\n")
    assert names(first.partition("\n")[2]) == ["read", "write"]
    assert sorted(names(second)) == ["close", "read"]
    text = report(Form(by="thread"))
    heads = ["Thread 1 of process 1:", "Thread 2 of process 1:", "Thread 3 of process 3:"]
    assert [line for line in text.splitlines() if ":" in line] == heads


def test_calls_that_never_return_and_calls_without_names() -> None:
    """The first are not counted, the others have strace's names for them."""
    records = [*stream(CALLS[:1]), SyscallEntry(10**9, 1, 1, NUMBERS["pause"], (0,) * 6)]
    assert names(report(Form(), records)) == ["read"]
    lone = SyscallExit(5, 9, 9, 0, is_error=False)
    assert report(Form(), [CaptureStart(0, 2, 0, "x86_64"), lone]) == ""
    odd = [SyscallEntry(1, 1, 1, 9999, (0,) * 6), SyscallExit(2, 1, 1, -38, is_error=True)]
    assert "syscall_0x270f" in report(Form(), odd)


def test_wide_numbers_widen_their_column() -> None:
    """The rule and all lines stay aligned."""
    counts = [Count("a" * 30, 1, 10**12, 0, 10**18, 1, 10**18), Count("b", 2, 1, 0, 1, 1, 1)]
    lines = table(counts, Form()).splitlines()
    spans = [len(part) for part in lines[1].split()]
    assert len(lines[2]) == sum(spans[:-1]) + len(spans) - 1 + 30
    assert spans[-1] == 31
    assert lines[-1].split()[1] == "1000000000.000000"


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="needs wait4")
def test_real_ones(trace: Trace, program: Callable[..., str]) -> None:
    """-C shows both, the table at the end; -c for each thread counts each thread's own calls."""
    done = trace("-C", "-e", "trace=write", "sh", "-c", "echo a; echo b")
    assert len(done.those("write(1")) == 2
    assert done.lines[-1].split()[-2:] == ["2", "total"]
    done = trace("-c", "-f", "--summary-by=thread", "-e", "trace=write", program(TWO_THREADS))
    assert done.text.count("Thread ") == 2
    assert [line.split()[3] for line in done.lines if line.endswith(" write")] == ["4", "4"]
    assert (done.out.count("8"), done.err) == (4, "")
