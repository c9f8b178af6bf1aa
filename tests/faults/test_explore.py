"""What an exploration visits: on runs made by hand, so that every number is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from bstinspect.errors import UsageError
from bstinspect.faults.address import Address
from bstinspect.faults.explore import Explorer, Plan
from bstinspect.faults.invariants import Invariant
from bstinspect.faults.run import Fired, Passed, Run, Scenario
from bstinspect.faults.selection import Selection, equals
from bstinspect.faults.worker import Answer, Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

GOLDEN = (
    "10.1:bind#1@entry", "10.1:bind#1@exit", "10.1:listen#1@entry", "20.1:send(hello)#1@entry",
    "20.1:send(hello)#1@exit", "10.1:recv(hello)#1@exit", "keeper:wait#1@entry",
)  # fmt: skip
OPENED = "10.1:send(child-exited)#1@entry"
SCENARIO = Scenario(("create 10", "create 20"))


class Played:
    """Stands in for a pool: a death of 20 opens a point, and a death there opens nothing."""

    processors = 1

    def __init__(self) -> None:
        self.asked: list[str] = []

    def play(self, task: Task) -> Answer:
        """Play one."""
        injections = task.scenario.injections
        self.asked.append(" ".join(map(str, injections)))
        texts = list(GOLDEN)
        if any(str(each).startswith("20.1") and each.fault.kind == "kill" for each in injections):
            texts.append(OPENED)
        points = tuple(Passed(Address.parse(text), 1000 * at, 0, at) for at, text in enumerate(texts))
        fired = tuple(Fired(each, each.at.who, 1, 500, 0) for each in injections if str(each.at) in texts)
        return Answer(Run(task.scenario, (), points, (), fired, (), 0))

    def play_all(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Answer]]:
        """Play all."""
        for task in tasks:
            yield task, self.play(task)


def explored(plan: Plan, invariants: tuple[Invariant, ...] = ()) -> tuple[Played, Explorer]:
    """Return what was played, and the explorer that is to be asked."""
    played = Played()
    return played, Explorer(played, plan, invariants)  # type: ignore[arg-type] # plays as a pool does


def test_every_point_and_what_it_opens() -> None:
    """All points of the nodes by both faults, and the one that a death opens, with that death before it."""
    played, explorer = explored(Plan(SCENARIO, prunes=False))
    found = explorer.explore()
    assert found.points == 2 * 6 + 2
    assert len(found.outcomes) == 14
    assert "20.1:send(hello)#1@entry=kill 10.1:send(child-exited)#1@entry=stop" in played.asked
    assert not any("keeper" in each for each in played.asked)
    assert all(each.is_sound for each in found.outcomes)


def test_what_is_like_another_is_not_run() -> None:
    """Bound and about to listen, with nobody else in between, is one place for a death."""
    played, explorer = explored(Plan(SCENARIO, follows=False))
    found = explorer.explore()
    like = [each for each in found.outcomes if each.like]
    assert [str(each.injections[0]) for each in like] == ["10.1:bind#1@exit=kill", "10.1:bind#1@exit=stop"]
    assert str(like[0].like[0]) == "10.1:listen#1@entry=kill"
    assert "10.1:bind#1@exit=kill" not in played.asked


def test_shards_are_a_partition() -> None:
    """Each pair belongs to exactly one of the parts."""
    whole = {each.injections for each in explored(Plan(SCENARIO, follows=False))[1].explore().outcomes}
    parts = [
        [
            each.injections
            for each in explored(Plan(SCENARIO, follows=False, shard=(k, 3)))[1].explore().outcomes
        ]
        for k in (1, 2, 3)
    ]
    assert sorted(each for part in parts for each in part) == sorted(whole)


def test_sample_and_budget_say_what_is_left_out() -> None:
    """What was not visited is counted."""
    found = explored(Plan(SCENARIO, follows=False, prunes=False, sample=5))[1].explore()
    assert (len(found.outcomes), found.unvisited) == (5, 7)
    found = explored(Plan(SCENARIO, follows=False, prunes=False, budget=1e-9))[1].explore()
    assert (len(found.outcomes), found.unvisited) == (0, 12)


def test_pairs() -> None:
    """Where asked, a second fault stands at every later point."""
    plan = Plan(SCENARIO, Selection.parse(faults="stop"), pairs=True, prunes=False, follows=False)
    played, explorer = explored(plan)
    explorer.explore()
    assert "20.1:send(hello)#1@exit=stop 10.1:recv(hello)#1@exit=stop" in played.asked
    assert not any(each.count("=") > 2 for each in played.asked)


def test_a_fault_goes_where_it_can_happen() -> None:
    """A message is dropped before it is sent, and a greeting is none."""
    plan = Plan(SCENARIO, Selection.parse(faults="drop"), follows=False)
    assert {
        each.at.message for each in plan.selection.injections(Address.parse("20:send(hello)#1@entry"))
    } == {"hello"}
    assert not plan.selection.injections(Address.parse("20:send(greeting)#1@entry"))
    assert not plan.selection.injections(Address.parse("20:send(hello)#1@exit"))


def test_invariants_of_ones_own() -> None:
    """They are asked, and named."""
    never = Invariant("never", "nothing is sound", lambda _run: ["of course not"])
    found = explored(Plan(SCENARIO, follows=False), (never,))[1].explore()
    assert found.invariants == ("never",)
    assert all(each.violations[0].invariant == "never" for each in found.outcomes if not each.like)


def test_equal_points_end_where_another_process_comes() -> None:
    """Between two points of a process another one has seen something: they are two places."""
    points = [Passed(Address.parse(text), 0, 0, at) for at, text in enumerate(GOLDEN)]
    assert {str(key): str(value) for key, value in equals(points).items()} == {
        "10.1:bind#1@exit": "10.1:listen#1@entry"
    }


@pytest.mark.parametrize(
    "words", [{"events": "sned"}, {"at": "middle"}, {"faults": "kil"}, {"faults": ""}, {"faults": ","}]
)
def test_a_selection_that_makes_no_sense(words: dict[str, str]) -> None:
    """It is refused."""
    with pytest.raises(UsageError):
        Selection.parse(**words)


def test_a_fault_that_does_not_fire_fails() -> None:
    """A point of the golden run that the run with the fault never comes to is no success."""

    class Shy(Played):
        def play(self, task: Task) -> Answer:
            answer = super().play(task)
            assert answer.run is not None
            return Answer(msgspec.structs.replace(answer.run, fired=()))

    found = Explorer(Shy(), Plan(SCENARIO, follows=False), ()).explore()  # type: ignore[arg-type]
    assert {each.error for each in found.outcomes if not each.like} == {
        f"did not fire: {each.injections[0]}" for each in found.outcomes if not each.like
    }
