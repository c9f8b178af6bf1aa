"""Failures that say the same are one; each gets its smallest form."""

from __future__ import annotations

from typing import Final

import msgspec

from bstinspect.faults.address import Address
from bstinspect.faults.fault import Fault
from bstinspect.faults.run import Injection, Outcome, Scenario, Smallest, Violation
from bstinspect.reports.exploration.failures import failures

from .explored import explored, golden

KILL: Final = Fault("kill")


def wrong(ordinal: int, *violations: tuple[str, str], error: str = "") -> Outcome:
    """Return an outcome at a point of its own."""
    injection = Injection(Address("20.1", "send", "", 1, ordinal), KILL)
    return Outcome((injection,), tuple(Violation(*each) for each in violations), error=error)


def small(*violations: tuple[str, str]) -> Smallest:
    """Return a smallest failure with these violations."""
    return Smallest(wrong(99, *violations), Scenario(()), "again", "test", 1)


def groups(outcomes: list[Outcome], *smallest: Smallest) -> list[tuple[str, int, str]]:
    """Return of each failure its text, how many points it has, and what its smallest form violates."""
    whole = msgspec.structs.replace(explored(100), outcomes=tuple(outcomes), smallest=smallest)
    return [
        (each.text, len(each.outcomes), each.smallest.outcome.violations[0].text if each.smallest else "")
        for each in failures(whole)
    ]


def test_numbers_and_addresses_do_not_matter() -> None:
    """The same words are one failure; the most frequent come first, those without a verdict last."""
    outcomes = [
        wrong(9, error="did not fire: 20.1:send#9@entry=kill"),
        wrong(8, error="did not fire: 20.1:send#8@entry=kill"),
        wrong(1, ("a", "late")),
        wrong(2, ("a", "exec 20 2 7 8: 5000 ms")),
        wrong(3, ("a", "exec 30 1 1: 21 ms")),
        wrong(4, ("b", "exec 30 1 1: 21 ms")),
        wrong(5),
    ]
    assert groups(outcomes) == [
        ("exec 20 2 7 8: 5000 ms", 2, ""), ("late", 1, ""), ("exec 30 1 1: 21 ms", 1, ""),
        ("did not fire: 20.1:send#9@entry=kill", 2, ""),
    ]  # fmt: skip


def test_the_smallest_finds_its_failure() -> None:
    """By its words, else by its invariants; one that is like none stands for itself."""
    outcomes = [
        wrong(1, ("a", "x 1")),
        wrong(2, ("a", "y")),
        wrong(3, ("a", "y")),
        wrong(4, ("a", "z"), ("b", "z")),
    ]
    assert groups(outcomes, small(("a", "x 2"))) == [("y", 2, ""), ("x 1", 1, "x 2"), ("z", 1, "")]
    assert groups(outcomes, small(("a", "new"))) == [("y", 2, "new"), ("x 1", 1, ""), ("z", 1, "")]
    assert groups(outcomes, small(("b", "new"), ("a", "z"))) == [
        ("y", 2, ""),
        ("x 1", 1, ""),
        ("z", 1, "new"),
    ]
    assert groups(outcomes, small(("c", "new")))[-1] == ("new", 0, "new")


def test_the_one_to_look_at_was_run() -> None:
    """It is the first that has a run; its run is shown unless the smallest has one."""
    run = golden(100)
    whole = msgspec.structs.replace(
        explored(100),
        outcomes=(wrong(1, ("a", "x")), msgspec.structs.replace(wrong(2, ("a", "x")), run=run)),
        smallest=(small(("a", "x")),),
    )
    (found,) = failures(whole)
    assert found.first_name == "20.1:send#2@entry=kill"
    assert found.run is run
    assert found.invariants == ("a",)
