"""Sound programs miss nothing."""

from __future__ import annotations

import shutil
import sys

import pytest

from bstinspect.grade.checks.all import CHECKS
from bstinspect.grade.subject import TERMINAL

from .conftest import SOUND, Graded, missed

ALL = tuple(check.name for check in CHECKS)
OURS = (sys.executable, "-m", "bstcluster")


def test_a_tiny_one_to_the_letter(graded: Graded) -> None:
    """All checks; every mark is judged."""
    found = graded(SOUND, *ALL, profile="strict", deadline=10, points=6)
    assert missed(found) == set()
    assert {name for name, each in found.items() if each.state != "ok"} == set()


def test_a_tiny_one_in_the_sense(graded: Graded) -> None:
    """What is right to the letter is right in the sense."""
    checks = ("replies", "no numbers", "bad ids", "an inner node killed", "an inner node stopped")
    assert missed(graded(SOUND, *checks, deadline=10)) == set()


def test_ours(graded: Graded) -> None:
    """Our cluster, to the letter, killed and stopped at its messages too."""
    checks = ("replies", "too few numbers", "an inner node killed", "an inner node stopped", "end of input")
    found = graded(OURS, *checks, profile="strict", deadline=20, points=2)
    assert missed(found) == set()
    assert found["hangs-at-a-point"].state == found["lost-at-a-point"].state == "ok"


def test_ours_with_its_supervisor(graded: Graded) -> None:
    """Its tracer, its files and its sockets too are gone in the end."""
    bstrace = shutil.which("bstrace", path=str(sys.prefix) + "/bin")
    if bstrace is None:
        pytest.skip("the command is not installed")
    found = graded((bstrace,), "exit", "the controller killed", profile="strict", deadline=20)
    assert missed(found) == set()
    assert found["files-left"].state == found["orphans-after-kill-of-controller"].state == "ok"


def test_through_a_terminal(graded: Graded) -> None:
    """The same through a pseudo-terminal, where it is asked for."""
    found = graded(SOUND, "replies", "sums", "exit", "end of input", through=TERMINAL, deadline=10)
    assert missed(found) == set()
    assert found["sum-of-many"].state == "ok"


def test_without_a_sandbox(graded: Graded) -> None:
    """The tracer is in nobody's way: signals among its own processes are let through."""
    found = graded(SOUND, "replies", "exit", "a leaf killed", "a leaf stopped", sandboxed=False, deadline=10)
    assert missed(found) == set()
    assert found["lost-after-cont"].state == "ok"
