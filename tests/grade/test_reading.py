"""What replies mean, to the letter and in the sense."""

from __future__ import annotations

import pytest

from bstinspect.grade.reading import (
    Failure,
    Pid,
    Sum,
    looks_like_a_reply,
    printed_pid,
    tidy,
    unavailable,
)


@pytest.mark.parametrize(
    ("line", "strict", "lenient"),
    [
        ("Ok: -1", set(), set()),
        ("Ok: 7;10;15", {7, 10, 15}, {7, 10, 15}),
        ("Ok: 15;7;10", None, {7, 10, 15}),
        ("Ok: 7;7", None, {7}),
        ("Ok: 7;10;", None, {7, 10}),
        ("OK : 7, 10", None, {7, 10}),
        ("7 10", None, {7, 10}),
        ("-1", None, set()),
        ("Ok:", None, set()),
        ("Ok: -5;-2", {-5, -2}, {-5, -2}),
        ("Error: 7", None, None),
        ("nothing", None, None),
        ("Ok: ٧", None, set()),
        ("Ok: " + "9" * 5000, {0}, {0}),
    ],
)
def test_pingall(line: str, strict: set[int] | None, lenient: set[int] | None) -> None:
    """Ids, ascending and with semicolons, or in any order."""
    assert unavailable(line, strict=True) == strict
    assert unavailable(line, strict=False) == lenient


@pytest.mark.parametrize(
    ("line", "strict", "lenient"),
    [
        ("Ok:10: 6", True, True),
        ("Ok:10:6", False, True),
        ("ok 6", False, True),
        ("6", False, True),
        ("[10] = 6", False, True),
        ("Ok:11: 6", False, False),
        ("Ok:10: 16", False, False),
        ("Ok:10: -6", False, False),
        ("Error:10: 6", False, False),
        ("Ok:10:", False, False),
    ],
)
def test_sum(line: str, *, strict: bool, lenient: bool) -> None:
    """The sum of node 10."""
    assert Sum(10, 6).fits(line, strict=True) == strict
    assert Sum(10, 6).fits(line, strict=False) == lenient


@pytest.mark.parametrize(
    ("line", "strict", "lenient"),
    [
        ("Error:10: Not found", True, True),
        ("Error: 10: Not found", False, True),
        ("error: no such node", False, True),
        ("Node 10 is unavailable", False, True),
        ("Ok:10: 3", False, False),
        ("Ok: Node exists", False, False),
    ],
)
def test_failure(line: str, *, strict: bool, lenient: bool) -> None:
    """An error to the letter, or any."""
    assert Failure("Not found", 10).fits(line, strict=True) == strict
    assert Failure("Not found", 10).fits(line, strict=False) == lenient


def test_any_failure() -> None:
    """An error without a text that was agreed upon."""
    assert Failure("").fits("Error: whatever", strict=True)
    assert Failure("").fits("Error:10: whatever", strict=True)
    assert not Failure("").fits("Error:", strict=True)
    assert not Failure("").fits("error: whatever", strict=True)


def test_pid() -> None:
    """A positive number."""
    assert printed_pid("Ok: 4711", strict=True) == 4711
    assert printed_pid("ok: pid=4711", strict=False) == 4711
    assert printed_pid("Ok: pid=4711", strict=True) is None
    assert printed_pid("Error: 4711", strict=False) is None
    assert printed_pid("Ok: 0", strict=False) is None
    assert printed_pid("Ok: " + "9" * 5000, strict=True) is None
    assert Pid().fits("Ok: 4711", strict=True)


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("> Ok: 5", "Ok: 5"),
        ("> > Ok: 5\r", "Ok: 5"),
        ("cluster> pingall", ""),
        ("\x1b[1;32mOk: 5\x1b[0m", "Ok: 5"),
        ("12:30:01 [info] Error: bad", "Error: bad"),
        ("pingall Ok: -1", "Ok: -1"),
        ("Enter command: Ok: 5", "Ok: 5"),
        ("-1", "-1"),
        (">", ""),
    ],
)
def test_tidied(line: str, left: str) -> None:
    """Escapes, prompts and the echo go."""
    assert tidy(line, "pingall") == left


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("Ok: 5", True),
        ("6", True),
        ("pid: 77", True),
        ("7;10", True),
        ("unknown command", True),
        ("", False),
        ("Commands:", False),
        ("1. create id [parent]", False),
        ("Welcome to version 2 of the cluster", False),
        ("Broker", False),
        ("***", False),
    ],
)
def test_looks_like_a_reply(line: str, *, is_one: bool) -> None:
    """A banner, a menu, a log: these are passed over."""
    assert looks_like_a_reply(line) == is_one
