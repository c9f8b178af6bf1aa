"""Other ways to trace: tables, a file for each process, standard error; and what is said to those who err."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .cases import Case
from .summary import without_times
from .test_corpus import files

if TYPE_CHECKING:
    from collections.abc import Callable

    from .cases import Outcome

SUMMARIES = (
    "-c",
    "-c -f",
    "-c -S name",
    "-c -S calls",
    "-c -S errors",
    "-c -S none",
    "-c -w",
    "-c -U name,calls,errors",
    "-c -U max-time,min-time,avg-time,name",
    "-c -U time-percent,total-time,name,calls",
    "-c -e trace=%file",
    "-c -e status=failed",
    "-c -z",
    "-c -O 5",
    "-C",
    "-C -e trace=read,write",
    "-C -f -tt",
)
ERRORS = (
    "",
    "-o",
    "-Z",
    "-e",
    "-e trace=nosuch",
    "-e trace=/[",
    "-e trace=%nosuch",
    "-e trace=9999 true",
    "-e trace=?9999 true",
    "-e nosuch=1 true",
    "-e raw=x true",
    "-e signal=NO true",
    "-e status=x true",
    "-e quiet=x true",
    "-e read=x true",
    "-e read=5x true",
    "-e write=-1 true",
    "-e decode-fds=x true",
    "-e inject=read true",
    "-e inject=read:error=X true",
    "-e inject=read:when=0 true",
    "-e fault=9999 true",
    "-s x true",
    "-s -1 true",
    "-a x true",
    "-I 9 true",
    "-O x true",
    "-S x true",
    "-S name -c -w -U x true",
    "-U x true",
    "-X x true",
    "-b fork true",
    "-u nosuch true",
    "-E",
    "-P",
    "-p",
    "-p 0",
    "-p x",
    "-p 1x",
    "-p 99999999999",
    "-p 4194305",
    "-w true",
    "-c -ff -o x true",
    "-c -C true",
    "-D -p 1",
    "-o /nonexistent/x true",
    "-A -o /nonexistent/x true",
    "--nosuch true",
    "--trac=nosuch true",
    "nosuchprogram",
    "/nonexistent/program",
    "./nosuch",
    "/etc",
    "/etc/passwd",
    "-q -e trace=!all true",
    "-e trace=none false",
    "-e trace=none -e quiet=exit false",
    "-e trace=none -e signal=none sh -c 'kill -9 $$'",
    "-t -e trace=close true",
    "-r -e trace=close -i true",
    "-k -e trace=none true",
    "-e trace=close -- true",
    "-e trace=close true -- -x",
    "-o x -e trace=close true",
    "-o '|cat' -e trace=close true",
    "-o '!cat' -e trace=close -y true",
    "-ff -o '|cat' true",
)


@pytest.mark.parametrize("options", SUMMARIES)
def test_summary(options: str, check: Callable[[Case], Outcome]) -> None:
    """The table has the same columns, widths, rows and counts."""
    check(Case(("cat", "text", "nowhere"), options, prepare=files))


@pytest.mark.parametrize("options", SUMMARIES[:1])
def test_summary_on_standard_error(options: str, check: Callable[[Case], Outcome]) -> None:
    """The table goes where the trace goes."""
    check(Case(("cat", "text", "nowhere"), options, prepare=files, output="stderr"))


@pytest.mark.parametrize("options", ERRORS)
def test_messages(options: str, check: Callable[[Case], Outcome]) -> None:
    """What a tracer without -o says, and its exit status."""
    check(Case((), options, output="stderr"))


@pytest.mark.parametrize("options", ["-ff", "-f -ff -tt", "-ff -y -e trace=%file"])
def test_a_file_for_each_process(options: str, check: Callable[[Case], Outcome]) -> None:
    """FILE.PID for each process, without pids before the lines."""
    check(Case(("sh", "-c", "cat text; true & wait"), options, "thread", prepare=files))


@pytest.mark.parametrize("options", ["-f", "-q", "-v -y", "-tt -T -i", "-e trace=%file -e signal=none"])
def test_standard_error(options: str, check: Callable[[Case], Outcome]) -> None:
    """The trace between what the program itself says."""
    check(
        Case(
            ("sh", "-c", "echo out; echo err >&2; test -f text; exit 3"),
            options,
            prepare=files,
            output="stderr",
        )
    )


@pytest.mark.parametrize(
    ("script", "options"),
    [
        ("exit 3", ""),
        ("kill -TERM $$", ""),
        ("kill -KILL $$", ""),
        ("kill -SEGV $$", ""),
        ("exit 3", "-c"),
        ("exit 3", "-q"),
    ],
)
def test_status(script: str, options: str, check: Callable[[Case], Outcome]) -> None:
    """The tracer ends as the program does: by its status, by its signal."""
    check(Case(("sh", "-c", script), options))


def test_the_tables_normal_form() -> None:
    """Times and the order they make do not count; calls, errors, names and widths do."""
    table = [
        "% time     seconds  usecs/call     calls    errors syscall",
        "------ ----------- ----------- --------- --------- ----------------",
        " 60.71    0.000051           1        31        13 openat",
        " 39.29    0.000033          11        19           newfstatat",
        "------ ----------- ----------- --------- --------- ----------------",
        "100.00    0.000084           1        50        13 total",
    ]
    other = [
        *table[:2],
        " 52.00    0.000059          13        19           newfstatat",
        table[2],
        *table[4:],
    ]
    assert without_times(table) == without_times(other)
    for good, bad in (("13 openat", "12 openat"), ("31 ", "32 "), ("newfstatat", "fstatat")):
        assert without_times([line.replace(good, bad) for line in table]) != without_times(table)
    assert without_times([*table[:3], table[3].replace("0.000033", "0.00033"), *table[4:]]) != without_times(
        table
    )
    assert without_times([*table[:2], *table[3:]]) != without_times(table)
