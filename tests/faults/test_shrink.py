"""A failure is made smaller until nothing can be left out, each step by a run; and is written down."""

from __future__ import annotations

import shlex
import types
from typing import TYPE_CHECKING

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from bstinspect.faults.address import Address
from bstinspect.faults.fault import Fault
from bstinspect.faults.run import Injection, Outcome, Passed, Run, Scenario, Violation
from bstinspect.faults.shrink import as_test, one_line, shrink

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

WRONG = (Violation("unreachable-is-exact", "command 3, pingall: 'Ok: -1', not Ok: 20"),)
SCRIPT = ("create 10", "create 5", "create 20", "exec 5 2 1 2", "exec 20 1 7", "pingall", "kill 5", "pingall")


def scenario(*faults: str, script: tuple[str, ...] = SCRIPT, seed: int = 0) -> Scenario:
    """Return a scenario with faults such as ``20.1:wait#1@exit=kill``."""
    pairs = [each.split("=") for each in faults]
    return Scenario(
        script, tuple(Injection(Address.parse(at), Fault.parse(word)) for at, word in pairs), seed
    )


class Fails:
    """Fails where `condition` holds, and counts the runs."""

    def __init__(self, condition: Callable[[Scenario], bool]) -> None:
        self.condition = condition
        self.asked: list[Scenario] = []

    def __call__(self, given: Scenario) -> Outcome | None:
        """Run a scenario."""
        self.asked.append(given)
        return Outcome(given.injections, WRONG) if self.condition(given) else None


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=14),
    st.sets(st.integers(0, 9), max_size=3),
    st.integers(0, 5),
)
def test_what_remains_is_what_it_takes(ids: list[int], needed: set[int], seed: int) -> None:
    """Of the commands those are left that the failure needs, or any one; twice the same."""
    script = tuple(f"create {each}" for each in ids)
    wanted = {f"create {each}" for each in needed & set(ids)}
    fails = Fails(lambda given: wanted <= set(given.script))
    found = shrink(scenario("controller:wait#1@exit=kill", script=script, seed=seed), fails, 1000)
    assert found is not None
    left = set(found.scenario.script)
    assert len(found.scenario.script) == max(1, len(wanted))
    assert wanted <= left <= set(script)
    assert (found.scenario.injections, found.scenario.seed) == ((), 0)
    assert found.outcome.violations == WRONG
    assert len(set(fails.asked)) == len(fails.asked)
    again = shrink(scenario("controller:wait#1@exit=kill", script=script, seed=seed), fails, 1000)
    assert again == found


@given(st.integers(1, 30))
def test_it_keeps_to_its_budget(budget: int) -> None:
    """No more runs are made than allowed, and the smallest failure so far is what comes out."""
    fails = Fails(lambda given: "pingall" in given.script)
    found = shrink(scenario("20.1:wait#1@exit=kill"), fails, budget)
    assert found is not None
    assert len(fails.asked) <= budget
    assert fails.condition(found.scenario)


def test_what_does_not_fail_is_not_shrunk() -> None:
    """Neither a sound scenario nor one whose fault did not fire has a smallest failure."""
    assert shrink(scenario("20.1:wait#1@exit=kill"), lambda _: None) is None
    unfired = Outcome((), error="did not fire")
    assert shrink(scenario("20.1:wait#1@exit=kill"), lambda _: unfired) is None


def test_another_failure_is_not_a_step() -> None:
    """A smaller scenario that breaks something else is not the same failure."""

    def fails(given: Scenario) -> Outcome | None:
        other = (Violation("ends-well", "the controller's wait status is 9"),)
        return Outcome(given.injections, WRONG if len(given.script) == len(SCRIPT) else other)

    found = shrink(scenario("20.1:wait#1@exit=kill"), fails)
    assert found is not None
    assert found.scenario.script == tuple(
        "exec 5 1 1" if line == "exec 5 2 1 2" else "exec 20 1 1" if line == "exec 20 1 7" else line
        for line in SCRIPT
    )


def test_faults_that_do_not_matter_go() -> None:
    """Of two faults the one that does it is left, and its duration is the shortest that does it."""

    def condition(given: Scenario) -> bool:
        return any(each.fault.kind == "stop" and each.fault.value >= 30_000_000 for each in given.injections)

    found = shrink(scenario("5.1:wait#1@exit=delay:1s", "20.1:wait#1@exit=stop:2s"), Fails(condition))
    assert found is not None
    (left,) = found.scenario.injections
    assert (str(left.at), left.fault.kind) == ("20.1:wait#1@exit", "stop")
    assert 30_000_000 <= left.fault.value < 60_000_000


def test_a_node_goes_with_all_its_commands() -> None:
    """A smaller tree: where neither line may go alone, both may together."""

    def condition(given: Scenario) -> bool:
        return ("create 5" in given.script) == ("kill 5" in given.script) and "create 20" in given.script

    script = ("create 5", "create 20", "kill 5")
    found = shrink(scenario(script=script), Fails(condition))
    assert found is not None
    assert found.scenario.script == ("create 20",)


def test_a_fault_is_aimed_anew_when_the_count_has_changed() -> None:
    """The third exec is the first when the two before it are gone; the second life is the first."""

    def fails(given: Scenario) -> Outcome | None:
        if not given.injections:
            return None
        (each,) = given.injections
        execs = [index for index, line in enumerate(given.script) if line.startswith("exec")]
        lives = sum(line == "create 20" for line in given.script)
        if each.at.ordinal > len(execs) or each.at.who != f"20.{lives}":
            return Outcome(given.injections, error="did not fire")
        return (
            Outcome(given.injections, WRONG) if execs[each.at.ordinal - 1] == len(given.script) - 1 else None
        )

    script = ("create 20", "exec 20 1 1", "kill 20", "create 20", "exec 20 1 1", "exec 20 1 1")
    found = shrink(scenario("20.2:recv(exec)#3@exit=kill", script=script), fails)
    assert found is not None
    assert found.scenario.script == ("create 20", "exec 20 1 1")
    assert list(map(str, found.scenario.injections)) == ["20.1:recv(exec)#1@exit=kill"]


def test_a_fault_is_aimed_at_a_point_that_there_is() -> None:
    """Where the run tells its points, the nearest of the same process and event is taken."""
    there = Address.parse("20.1:send/1#2@exit")

    def fails(given: Scenario) -> Outcome | None:
        if len(given.script) == len(SCRIPT) or given.injections[0].at == there:
            return Outcome(given.injections, WRONG)
        points = (Passed(Address.parse("5.1:send#9@exit"), 0, 0), Passed(there, 0, 0))
        run = Run(given, (), points, (), (), (), 0)
        return Outcome(given.injections, run=run, error="did not fire")

    found = shrink(
        scenario("20.1:send/2#1@exit=kill"), lambda given: fails(given) if given.injections else None
    )
    assert found is not None
    assert len(found.scenario.script) == 1  # a command line without a command would not be one
    assert found.scenario.injections[0].at == there


def test_the_command_line_can_be_pasted() -> None:
    """A shell gives back the words, quotes and all."""
    words = shlex.split(
        one_line(scenario("20.1:send(exec-reply)#1@exit=kill", script=("create '", "x"), seed=3))
    )
    assert words == [
        "bstrace", "faults", "run", "--script", "create '; x", "--fault", "20.1:send(exec-reply)#1@exit=kill",
        "--seed", "3",
    ]  # fmt: skip
    assert "--seed" not in one_line(scenario())


def test_the_test_can_be_pasted(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is Python, calls the harness with the same scenario, and fails while the outcome is not sound."""
    given = scenario("20.1:send(exec-reply)#1@exit=kill", script=(*SCRIPT, 'exec 1 1 "\\'), seed=3)
    nasty = (Violation("unreachable-is-exact", "command 3\n: '\x1b'"), *WRONG)
    outcome = Outcome(given.injections, nasty)
    text = as_test(given, outcome)
    called: list[dict[str, object]] = []

    def replay(**arguments: object) -> Outcome:
        called.append(arguments)
        return msgspec.structs.replace(outcome, violations=())

    harness = types.ModuleType("bstinspect.faults.harness")
    harness.replay = replay  # type: ignore[attr-defined]
    monkeypatch.setitem(__import__("sys").modules, "bstinspect.faults.harness", harness)
    space: dict[str, Callable[[], None]] = {}
    exec(compile(text, "pasted", "exec"), space)  # noqa: S102 - that is what pasting it does
    space["test_unreachable_is_exact"]()
    asked = {"script": list(given.script), "faults": [str(given.injections[0])], "seed": 3}
    assert called == [asked]
    assert all(len(line) <= 110 for line in text.splitlines())
    of_another = msgspec.structs.replace(given, command=("./server", "-v"), driver="words:Words")
    exec(compile(as_test(of_another, outcome), "pasted", "exec"), space)  # noqa: S102 - as before
    space["test_unreachable_is_exact"]()
    assert called[1] == {**asked, "command": ["./server", "-v"], "driver": "words:Words"}
