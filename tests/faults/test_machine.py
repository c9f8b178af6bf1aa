"""The state machine for Hypothesis: a few examples, and that it finds what is wrong."""

from __future__ import annotations

import importlib
import re
import sys
from typing import TYPE_CHECKING

import hypothesis
import msgspec
import pytest
from hypothesis.stateful import run_state_machine_as_test

from bstinspect.faults import machine
from bstinspect.faults.invariants import Invariant
from bstinspect.faults.machine import FaultMachine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bstinspect.faults.run import Reply, Run

SETTINGS = hypothesis.settings(
    max_examples=6,
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[hypothesis.Phase.generate],
    suppress_health_check=list(hypothesis.HealthCheck),
)


@pytest.fixture(scope="module", autouse=True)
def worker() -> Iterator[None]:
    """Start the machines' process before the first test, and end it after the last."""
    machine._director.say("pingall")
    yield
    machine.close()


def test_the_cluster_stands_it() -> None:
    """Commands and faults in any order; some faults take effect."""
    fired = []

    class Counting(FaultMachine):
        def teardown(self) -> None:
            fired.extend(machine._director.fired)
            super().teardown()

    run_state_machine_as_test(Counting, settings=SETTINGS)
    assert fired


def crashes(run: Run) -> list[str]:
    """Return the commands that kill a process."""
    return [each.command for each in run.replies if each.command.startswith("crash")]


class Forbidding(FaultMachine):
    """Takes every crash for a defect."""

    nodes = (20,)
    held = (Invariant("no-crash", "nobody is killed", crashes),)


def test_a_failure_is_told() -> None:
    """What does not hold, the conversation, the steps, and a command that plays the same."""
    settings = hypothesis.settings(SETTINGS, max_examples=20, stateful_step_count=4)
    with pytest.raises(AssertionError) as caught:
        run_state_machine_as_test(Forbidding, settings=settings)
    assert "no-crash does not hold" in str(caught.value)
    again = str(caught.value).rpartition("\n")[2]
    assert re.fullmatch("again: bstrace faults run --script 'create 20; .*crash 20.*'", again)
    assert "state.crash(node=20)" in "\n".join(caught.value.__notes__)


def test_the_plain_model_is_asked_after_each_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply that it does not allow ends the conversation."""
    real = machine._director.say
    replace = msgspec.structs.replace

    def lie(line: str) -> Reply:
        reply = real(line)
        return replace(reply, line="Ok: 77") if line == "pingall" else reply

    monkeypatch.setattr(machine._director, "say", lie)
    one = FaultMachine()
    one.create(20)
    with pytest.raises(AssertionError, match="pingall: 'Ok: 77', not Ok: -1"):
        one.pingall()
    one.teardown()
    late = FaultMachine()
    monkeypatch.setattr(machine._director, "say", lambda line: replace(real(line), took_ns=10**9))
    with pytest.raises(AssertionError, match="pingall: 1000 ms, 100 ms allowed"):
        late.pingall()
    late.teardown()


def test_without_hypothesis(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what it needs."""
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    monkeypatch.delitem(sys.modules, "bstinspect.faults.machine")
    with pytest.raises(
        ImportError, match=r"bstinspect\.faults\.machine needs hypothesis, and it is not installed"
    ):
        importlib.import_module("bstinspect.faults.machine")
