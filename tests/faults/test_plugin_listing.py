"""Which faults a test gets, on runs made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bstinspect.errors import UsageError
from bstinspect.faults.address import Address
from bstinspect.faults.harness import injection
from bstinspect.faults.plugin.listing import Lister
from bstinspect.faults.plugin.options import Settings
from bstinspect.faults.plugin.targets import Target, name
from bstinspect.faults.run import Fired, Passed, Run, Scenario
from bstinspect.faults.selection import Selection
from bstinspect.faults.worker import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SCRIPT = ("create 20",)


def run_of(points: Sequence[str], injections: Sequence[str] = (), *, fires: bool = True) -> Run:
    """Return a run that passed `points`, a microsecond and a stop each."""
    passed = tuple(Passed(Address.parse(at), index, 0, index) for index, at in enumerate(points))
    faults = tuple(map(injection, injections))
    times = {each.at: each.time_ns for each in passed}
    fired = tuple(Fired(each, each.at.who, 1, times[each.at], 0) for each in faults) if fires else ()
    return Run(Scenario(SCRIPT, faults), (), passed, (), fired, (), 0)


class Prepared:
    """Plays runs that are there already, by what is injected; any other is as without a fault."""

    def __init__(self, golden: Sequence[str], opened: Mapping[str, Sequence[str]] | None = None) -> None:
        self._golden = golden
        self._opened = opened or {}
        self.played: list[str] = []

    def golden(self, *_: object) -> Run:
        """Return the run without a fault."""
        return run_of(self._golden)

    def expect(self, scenarios: Iterable[Scenario]) -> None:
        """Need not know."""

    def play(self, scenario: Scenario) -> Answer:
        """Return a run."""
        injections = [str(each) for each in scenario.injections]
        self.played.append(name(scenario.injections))
        last = injections[-1].partition("=")[0]
        points = self._opened.get(name(scenario.injections), [*self._golden])
        return Answer(run_of(points if last in points else [*points, last], injections[-1:]))


def listed(playing: Any, selection: Selection, **settings: Any) -> list[str]:
    """Return the ids."""
    found = Lister(playing, SCRIPT, 0, selection, Settings({}, {}, **settings)).listed()
    return [name(each) for each in found.faults]


GOLDEN = (
    "controller:send(create)#1@exit",
    "20.1:recv(create)#1@exit",
    "20.1:bind#1@entry",
    "20.1:bind#1@exit",
)
KILL = Selection.parse(faults="kill")


def test_each_fault_at_each_point_that_fits() -> None:
    """In the order of the run; the controller has to be asked for."""
    found = listed(Prepared(GOLDEN), Selection.parse(events="bind", faults="kill,errno:EIO"))
    assert found == ["20.1:bind#1@entry=kill", "20.1:bind#1@entry=errno:EIO", "20.1:bind#1@exit=kill"]
    assert listed(Prepared(GOLDEN), Selection.parse("controller", faults="drop")) == []


def test_points_that_are_alike() -> None:
    """A process that goes from the exit of one call to the entry of the next is killed once."""
    lister = Lister(Prepared(GOLDEN), SCRIPT, 0, KILL, Settings({}, {}))  # type: ignore[arg-type]
    found = lister.listed()
    assert [name(each) for each in found.faults] == ["20.1:bind#1@entry=kill", "20.1:bind#1@exit=kill"]
    assert found.pruned == 1
    assert "20.1:recv(create)#1@exit=kill" in listed(Prepared(GOLDEN), KILL, all=True)
    delay = Selection.parse(faults="delay:1s")
    assert "20.1:recv(create)#1@exit=delay:1s" in listed(Prepared(GOLDEN), delay), "not alike for others"
    only = Selection.parse(events="recv", faults="kill")
    assert listed(Prepared(GOLDEN), only) == ["20.1:recv(create)#1@exit=kill"], "the other is not asked for"


def test_points_by_name() -> None:
    """With the fault that is named, or all that are asked for; nothing is left out."""
    targets = (Target.parse("20:recv(create)#1@exit"), Target.parse("bind#1@entry=stop:1s"))
    found = listed(Prepared(GOLDEN), KILL, targets=targets)
    assert found == ["20.1:recv(create)#1@exit=kill", "20.1:bind#1@entry=stop:1s"]
    assert listed(Prepared(GOLDEN), KILL, targets=(Target.parse("20.2:bind#1@entry"),)) == []
    chain = "20.1:bind#1@exit=kill,20.2:bind#1@exit=stop"
    assert listed(Prepared(GOLDEN), KILL, targets=(Target.parse(chain),)) == [chain], "taken as it is"


def test_points_that_only_a_fault_opens() -> None:
    """To a fixed point, and in the same order whoever is played first."""
    golden = ("20.1:bind#1@exit",)
    opened = {
        "20.1:bind#1@exit=kill": (*golden, "20.2:bind#1@exit"),
        "20.1:bind#1@exit=kill,20.2:bind#1@exit=kill": ("20.2:bind#1@exit", "20.3:bind#1@exit"),
    }
    playing = Prepared(golden, opened)
    found = listed(playing, KILL, follow=True)
    first, second = "20.1:bind#1@exit=kill", "20.2:bind#1@exit=kill"
    assert found == [first, f"{first},{second}", f"{first},{second},20.3:bind#1@exit=kill"]
    assert playing.played == found
    assert listed(Prepared(golden, opened), KILL) == [first]


def test_pairs() -> None:
    """A second fault at every later point."""
    golden = ("20.1:bind#1@exit", "20.1:listen#1@exit")
    found = listed(Prepared(golden), KILL, pairs=True, all=True)
    first, second = (f"{at}=kill" for at in golden)
    assert found == [first, second, f"{first},{second}"]


def test_what_does_not_fire_opens_nothing() -> None:
    """A run whose fault did not fire says nothing."""

    class Unfired(Prepared):
        def play(self, scenario: Scenario) -> Answer:
            return Answer(run_of([*GOLDEN, "20.2:bind#1@exit"], map(str, scenario.injections), fires=False))  # type: ignore[arg-type]

    assert len(listed(Unfired(GOLDEN), KILL, follow=True, all=True)) == 3


def test_shards_are_parts_of_what_is_listed() -> None:
    """Each fault is in one of them, what is left out as alike counted before."""
    parts = [listed(Prepared(GOLDEN), KILL, shard=(number, 2)) for number in (1, 2)]
    assert sorted(parts[0] + parts[1]) == sorted(listed(Prepared(GOLDEN), KILL))


@pytest.mark.parametrize(
    "text", ["20.1:bind#1@exit", "20.1:bind#1@exit=kill", "20.1:bind#1@exit=kill,20.2:bind#1@exit=errno:EIO"]
)
def test_names_that_can_be_read(text: str) -> None:
    """A test's id can be asked for; there an errno takes an entry."""
    if "errno" in text:
        with pytest.raises(UsageError, match="there can be no errno:EIO at this point"):
            Target.parse(text)
    else:
        target = Target.parse(text)
        assert text == f"{target.at}" + (f"={target.fault}" if target.fault else "")
