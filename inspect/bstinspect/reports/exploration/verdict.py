"""What an outcome is called, how an exploration is counted, and its verdict in words."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from bstinspect.faults.run import Exploration, Injection, Outcome

NO_FAULT: Final = "without a fault"


class State(Enum):
    """What came of a fault at a point, as its symbol."""

    SOUND = "✓"
    VIOLATED = "✗"
    UNJUDGED = "!"
    """The fault did not fire, or the harness itself failed."""
    PRUNED = "≈"
    """Not run: like one that was, and as sound."""
    UNVISITED = "○"
    IMPOSSIBLE = "·"
    """There is no such fault at this point."""


class Counts(msgspec.Struct, frozen=True):
    """How many pairs of point and fault there are of each kind."""

    asked: int
    run: int
    pruned: int
    unvisited: int
    violated: int
    """Those taken over included."""
    unjudged: int

    @property
    def pruned_percent(self) -> float:
        """How many of those asked for were not run because they are like others."""
        return 100.0 * self.pruned / self.asked if self.asked else 0.0

    @property
    def is_sound(self) -> bool:
        """Whether nothing that was looked at is wrong."""
        return not self.violated and not self.unjudged


def state(outcome: Outcome) -> State:
    """Return what came of one outcome. A violation outweighs everything."""
    if outcome.violations:
        return State.VIOLATED
    if outcome.error:
        return State.UNJUDGED
    return State.PRUNED if outcome.like else State.SOUND


def count(exploration: Exploration) -> Counts:
    """Count the outcomes. What is like a point that was not visited was not visited either."""
    states = [state(outcome) for outcome in exploration.outcomes]
    pruned = [outcome for outcome in exploration.outcomes if outcome.like]
    alone = unvisited_like(exploration)
    return Counts(
        asked=exploration.points,
        run=len(states) - len(pruned),
        pruned=len(pruned) - len(alone),
        unvisited=exploration.unvisited + len(alone),
        violated=states.count(State.VIOLATED),
        unjudged=states.count(State.UNJUDGED),
    )


def unvisited_like(exploration: Exploration) -> frozenset[tuple[Injection, ...]]:
    """Return what was not run because it is like something that the budget did not suffice for."""
    if not exploration.unvisited:
        return frozenset()
    run = {each.injections for each in exploration.outcomes if not each.like}
    return frozenset(each.injections for each in exploration.outcomes if each.like and each.like not in run)


def headline(counts: Counts) -> str:
    """Return the verdict in one line: sound, or how many violate an invariant."""
    wrong = []
    if counts.violated and not counts.asked:
        wrong.append("the run without a fault violates an invariant")
    elif counts.violated:
        wrong.append(f"{counts.violated} of {counts.asked} violate an invariant")
    if counts.unjudged:
        wrong.append(f"{counts.unjudged} without a verdict")
    if wrong:
        return ", ".join(wrong)
    if not counts.run:
        return "nothing was run"
    return "sound" if not counts.unvisited else f"sound, but {counts.unvisited} were not visited"


def address(injections: tuple[Injection, ...]) -> str:
    """Return the point; behind other faults with their points, where it is one that they open."""
    if not injections:
        return NO_FAULT
    return " + ".join((*map(str, injections[:-1]), str(injections[-1].at)))


def fault(injections: tuple[Injection, ...]) -> str:
    """Return the fault at the point; empty where there is none."""
    return str(injections[-1].fault) if injections else ""


def faults(exploration: Exploration) -> tuple[str, ...]:
    """Return what `fault` says of the outcomes, each once, in the order in which they come."""
    return tuple(dict.fromkeys(fault(each.injections) for each in exploration.outcomes if each.injections))


def some(words: tuple[str, ...], most: int) -> str:
    """Return the first words joined, and how many more there are."""
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more


def name(injections: tuple[Injection, ...]) -> str:
    """Return points and faults: ``20.1:bind#1@exit=kill``."""
    return " + ".join(map(str, injections)) or NO_FAULT


def like(outcome: Outcome) -> str:
    """Return the point that the one of a pruned outcome is like."""
    same = outcome.like[:-1] == outcome.injections[:-1]
    return address(outcome.like[-1:] if same else outcome.like)


def process(injections: tuple[Injection, ...]) -> str:
    """Return whom the fault strikes; empty where there is none, or where it may strike any."""
    return injections[-1].at.who if injections else ""


def rank(who: str) -> tuple[int, int, str]:
    """Return what to sort processes by: controller, keeper, nodes by id and life, then all others."""
    if who in ("controller", "keeper"):
        return (0 if who == "controller" else 1), 0, ""
    node, _, life = who.partition(".")
    try:
        return 2, int(node), life.zfill(9)
    except ValueError:
        return 3, 0, who
