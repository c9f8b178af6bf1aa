"""Each fault of the solutions out there is caught by the name of its mark; so is what hostile programs do."""

from __future__ import annotations

import os
import re

import pytest

from .conftest import Graded, missed, wrong


@pytest.mark.parametrize(
    ("name", "checks"),
    [
        (
            "TimeoutsNeverTakeEffect",
            {"an inner node killed": "hangs-after-kill", "a leaf killed": "exec-of-dead-hangs"},
        ),
        ("AStopFreezesAll", {"a leaf stopped": "freezes-after-stop"}),
        (
            "NeverRecovers",
            {"an inner node killed": "never-recovers", "an inner node stopped": "lost-after-cont"},
        ),
        ("LateReplies", {"the root stopped": "late-reply"}),
        (
            "ListsTheAvailable",
            {"replies": "pingall-lists-available", "a leaf killed": "pingall-wrong-after-kill"},
        ),
        ("ExecOfDeadHangs", {"a leaf killed": "exec-of-dead-hangs"}),
        ("KillsStrangers", {"exit": "kills-strangers"}),
        ("KillsEverybody", {"end of input": "kills-strangers"}),
        (
            "OrphansStay",
            {
                "end of input": "orphans-after-exit",
                "the controller killed": "orphans-after-kill-of-controller",
            },
        ),
        ("PortsStay", {"the controller killed": "next-session-fails", "exit": "ports-left"}),
        ("FilesStay", {"exit": "files-left"}),
        ("ZombiesStay", {"a leaf killed": "zombies"}),
        ("EndOfInputHangs", {"end of input": "end-of-input-loop"}),
        ("ExitHangs", {"exit": "exit-hangs"}),
        ("LinesAreEaten", {"too few numbers": "line-eaten"}),
        ("Daemons", {"exit": "orphans-after-exit", "the root killed": "false-pid"}),
        ("NoProcess", {"replies": "node-without-process"}),
    ],
)
def test_caught_by_name(graded: Graded, name: str, checks: dict[str, str]) -> None:
    """The mark of each check is missed; what else is missed is its consequence."""
    found = graded(wrong(name), *checks)
    assert missed(found) >= set(checks.values())


@pytest.mark.parametrize(
    ("name", "checks", "marks"),
    [
        ("FloodOfErrors", ("a bad number",), {"input-flood"}),
        ("EndOfInputLoop", ("end of input",), {"end-of-input-loop"}),
        ("SumsWrap", ("sums", "wide sums"), {"sum-overflow", "sum-past-64-bits"}),
        ("NoNumbersAbort", ("no numbers",), {"exec-of-no-numbers"}),
        ("PortArithmetic", ("ids", "wide ids"), {"ids-above-60485", "ids-of-64-bits"}),
        ("FalsePid", ("replies",), {"false-pid"}),
        ("EndsAtOnce", ("replies",), {"create-without-pid"}),
        ("Endless", ("replies",), {"input-flood"}),
        ("ForkBomb", ("replies",), {"fork-bomb"}),
        ("Binary", ("replies",), set()),
        ("Chatty", ("replies", "a bad number", "an inner node killed"), set()),
    ],
)
def test_nothing_else_is_missed(graded: Graded, name: str, checks: tuple[str, ...], marks: set[str]) -> None:
    """What does not depend on time is missed alone."""
    assert missed(graded(wrong(name), *checks, deadline=10)) == marks


def test_what_is_no_reply_to_the_letter(graded: Graded) -> None:
    """A banner and a prompt are all right in the sense, and not to the letter."""
    found = graded(wrong("Chatty"), "replies", profile="strict")
    assert missed(found) == {"create-without-pid"}
    assert "Cluster v1.0" in found["create-without-pid"].evidence
    assert found["wrong-sum"].evidence == "ended before it: create-without-pid"


def test_a_program_that_does_not_flush(graded: Graded) -> None:
    """It is graded through a pseudo-terminal, and that is said."""
    found = graded(wrong("SilentInAPipe"), "replies", "sums", "end of input")
    assert missed(found) == {"silent-in-a-pipe"}
    assert found["wrong-sum"].state == found["end-of-input-loop"].state == found["sum-of-many"].state == "ok"
    assert "through a pseudo-terminal it answers" in found["silent-in-a-pipe"].evidence


def test_faults_at_messages(graded: Graded) -> None:
    """Who waits for the dead and the stopped without end is caught at the points too."""
    found = graded(wrong("TimeoutsNeverTakeEffect"), points=4)
    assert missed(found) == {"hangs-at-a-point", "freezes-at-a-point"}
    assert "=kill, " in found["hangs-at-a-point"].evidence
    assert "=stop, " in found["freezes-at-a-point"].evidence


def test_strangers_are_protected_without_a_sandbox(graded: Graded) -> None:
    """The signal is denied, and the evidence says whose and whom."""
    found = graded(wrong("KillsStrangers"), "exit", sandboxed=False, deadline=5)
    assert missed(found) == {"kills-strangers"}
    assert "denied: kill of SIGKILL to " in found["kills-strangers"].evidence


def test_a_fork_bomb_without_a_sandbox(graded: Graded) -> None:
    """The tracer counts, and takes all of them with it."""
    assert missed(graded(wrong("ForkBomb"), "replies", sandboxed=False, deadline=20)) == {"fork-bomb"}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="calls are made by their numbers")
def test_no_call_reaches_a_stranger(graded: Graded) -> None:
    """Each way to send a signal is denied, killall's by a folder of /proc too; to itself it may."""
    found = graded(wrong("KillsByAllMeans"), "exit", sandboxed=False, deadline=10)
    assert missed(found) == {"kills-strangers"}
    evidence = found["kills-strangers"].evidence
    denied = re.findall(r"(\w+) of SIGKILL to", evidence)
    calls = ["kill", "kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"]
    assert denied == [*calls, "pidfd_send_signal", "pidfd_send_signal"]
    assert "was ended by" not in evidence
