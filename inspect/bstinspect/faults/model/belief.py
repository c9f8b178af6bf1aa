"""What may be so, by all that a conversation has told: the worlds of the plain model that are left.

The stage gives a command when everybody has come to rest: so what a fault has changed, everybody knows by the
next command, and only the command in flight may meet both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.faults.model.answers import Answer, Listing, listed_by
from bstinspect.faults.model.effects import effect
from bstinspect.faults.model.language import Command, read
from bstinspect.faults.model.plain import Step, World
from bstinspect.faults.model.striking import SETTLED_NS, concerns, during

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bstinspect.faults.run import Fired

SHORTEST_DEADLINE: Final = 500_000_000
DEADLINE_PER_LEVEL: Final = 5_000_000
HELLO_LIMIT: Final = 20_000_000_000
KEEPER_LIMIT: Final = 5_000_000_000
DEATH_LIMIT: Final = 5_000_000_000
"""The cluster's own limits (bstcluster.controller, .making, .keeping), nanoseconds."""
AT_ONCE_NS: Final = 100_000_000
"""What takes no timeout takes less: the shortest one is a node's part of a pingall's 500 ms."""


_REFUSED: Final = "Error: Parent is unavailable"


class Judgement(msgspec.Struct, frozen=True):
    """A command and its reply, against what was allowed."""

    command: Command
    line: str | None
    allowed: tuple[Answer, ...]
    fits: bool
    limit_ns: int
    """The longest that it may take."""
    waits: bool
    """Whether anything it needs was, or may have been, hit: it may take a timeout."""
    before: tuple[World, ...]
    """What may have been so when it was given."""


class Belief:
    """The worlds that are left. Not one of them fits a wrong answer: then all are kept."""

    def __init__(self) -> None:
        self.worlds: tuple[World, ...] = (World(),)
        self._lives: dict[int, int] = {}
        self._pauses: list[Fired] = []

    def answered(
        self, text: str, line: str | None, faults: Sequence[Fired] = (), sent_ns: int = 0
    ) -> Judgement:
        """Take note that the command `text` was answered with `line` while `faults` took effect."""
        command, before = read(text), tuple(world.at(sent_ns) for world in self.worlds)
        found: list[Step] = []
        for world in before:
            found += during(world, command, faults, self._lives)
        found = list(dict.fromkeys(found))
        allowed = tuple(dict.fromkeys(step.answer for step in found))
        fits = [step for step in found if step.answer.fits(line)]
        limit, waits = self._limit(before, command, faults, sent_ns, line)
        self.worlds = tuple(dict.fromkeys(_learnt(step, line) for step in fits or found))
        self._pauses = [
            *self._pauses,
            *(each for each in faults if each.injection.fault.kind in ("stop", "delay")),
        ]
        made = command.name == "create" and not command.answer and line != "Error: Already exists"
        if made:
            self._lives[command.node] = self._lives.get(command.node, 0) + 1
        return Judgement(command, line, allowed, bool(fits), limit, waits, before)

    def _limit(
        self,
        worlds: Sequence[World],
        command: Command,
        faults: Sequence[Fired],
        sent_ns: int,
        line: str | None,
    ) -> tuple[int, bool]:
        """Return how long the command may take to be answered so, and whether that is a timeout."""
        pauses = sum(
            fired.injection.fault.value
            for fired in [*self._pauses, *faults]
            if fired.injection.fault.kind in ("stop", "delay")
            and sent_ns <= fired.time_ns + fired.injection.fault.value + SETTLED_NS
        )
        if faults:  # what waits because of one goes on waiting when the next comes
            pauses += faults[-1].time_ns - faults[0].time_ns
        waits = any(_waits(world, command, faults) for world in worlds)
        if not waits:
            return AT_ONCE_NS + pauses, False
        levels = max(world.tree.levels for world in worlds) + 1
        deadline = max(SHORTEST_DEADLINE, DEADLINE_PER_LEVEL * levels)
        keeper = KEEPER_LIMIT if any(_keeper_is_slow(world, faults) for world in worlds) else 0
        limit = {
            "pingall": deadline,
            "exec": deadline if _is_lost_alone(worlds, faults) else 2 * deadline,  # a probe's silence too
            "create": 2 * deadline if line == _REFUSED else HELLO_LIMIT + KEEPER_LIMIT,
            "kill": 2 * deadline + keeper,  # SIGKILL takes no time
            "crash": DEATH_LIMIT,
            "stop": DEATH_LIMIT,
            "cont": deadline,
        }.get(command.name, 0)
        return limit + AT_ONCE_NS + pauses, True


def _waits(world: World, command: Command, faults: Sequence[Fired]) -> bool:
    if command.answer or not command.name or world.ended:
        return False
    if any(concerns(world, command, each) and _is_waited_for(world, command, each) for each in faults):
        return True
    unsure = world.cut | {each.node for each in world.doubts}
    at_root = command.name == "kill" or world.tree.root in (None, command.node)
    if at_root and (world.keeper != "up" or "keeper" in world.failing):
        return True
    if command.name == "pingall":
        return bool(unsure)
    if command.name == "create" and world.failing:
        return True
    node: int | None = command.node
    if node not in world.ids:
        node = world.tree.place(command.node) if command.name == "create" else None
    return node is not None and bool(unsure.intersection(world.tree.path(node)))


def _is_lost_alone(worlds: Sequence[World], faults: Sequence[Fired]) -> bool:
    """Tell whether an exec or its reply was lost, and nothing else: who is asked about it says so at once."""
    return bool(faults) and all(
        each.injection.fault.kind == "drop" and each.injection.at.message in ("exec", "exec-reply")
        for each in faults
    ) and not any(world.cut or world.doubts or world.failing for world in worlds)  # fmt: skip


def _keeper_is_slow(world: World, faults: Sequence[Fired]) -> bool:
    is_hit = any(each.who in ("keeper", "controller") for each in faults)
    return is_hit or world.keeper != "up" or bool(world.failing)


def _is_waited_for(world: World, command: Command, fired: Fired) -> bool:
    """Tell whether a fault may cost the command in flight a timeout.

    The kernel tells of a death at once, and all that waits for the dead is answered. Only a pingall is the
    root's to answer; and the news that a child has stopped, or goes on, die with its parent.
    """
    what = effect(fired)
    if what != "death":
        return what != "nothing"
    of_root = fired.who == "keeper" or fired.who.partition(".")[0] == str(world.tree.root)
    return command.name in ("stop", "cont") or (command.name == "pingall" and of_root)


def _learnt(step: Step, line: str | None) -> World:
    listed = listed_by(line)
    return (
        step.world.learnt(listed) if isinstance(step.answer, Listing) and listed is not None else step.world
    )
