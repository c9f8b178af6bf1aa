"""A conversation that gives a script's lines, and then asks what the faults have left of the cluster."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from bstinspect.faults.model.answers import listed_by
from bstinspect.faults.model.belief import Belief
from bstinspect.faults.model.language import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bstinspect.faults.run import Fired

FIRST_NUMBER = 100_001
"""The examination's sums start here, each its own, so that an answer to another exec is a wrong one."""


class Examination:
    """Where no fault has fired by the end of the script, that is the end: there is nothing to examine.

    Else: who is reachable, and does he answer; the stopped are continued and asked again, with new numbers,
    so that a late answer shows; the dead are made anew, and asked.
    """

    def __init__(self, script: tuple[str, ...]) -> None:
        # A blank line and an exit have no reply to wait for.
        self._script = [line for line in script if read(line).name]
        self._belief = Belief()
        self._all: list[Fired] = []
        self._in_flight: list[Fired] = []
        self._asked = ""
        self._listed: set[int] = set()
        """By the last pingall."""
        self._over = False
        self._examines = False
        self._numbers = itertools.count(FIRST_NUMBER)
        self._commands = self._conversation()

    @property
    def is_scripted(self) -> bool:
        """Whether the command given last is of the script, not of the examination."""
        return not self._examines

    def next(self) -> str | None:
        """Return the next command; None at the end, or when nobody answers any more."""
        if self._over:
            return None
        self._asked = next(self._commands, "")
        return self._asked or None

    def replied(self, line: str | None) -> None:
        """Take note of a reply."""
        self._over = line is None
        if self._asked == "pingall":
            self._listed = listed_by(line) or set()
        self._belief.answered(self._asked, line, self._in_flight)
        self._in_flight = []

    def fired(self, fault: Fired) -> None:
        """Take note of a fault."""
        self._all.append(fault)
        self._in_flight.append(fault)

    def _conversation(self) -> Iterator[str]:
        yield from self._script
        self._examines = True
        if not self._all:
            return
        yield "pingall"
        yield from self._sums(self._asked_first())
        stopped = self._stopped()
        if stopped:
            yield from (f"cont {node}" for node in stopped)
            yield "pingall"
            yield from self._sums(self._around(stopped))
        lost, unmade = self._lost(), self._unmade()
        for node in lost:
            yield f"create {node}"
            yield f"kill {node}"
        for node in dict.fromkeys((*lost, *unmade)):
            yield f"create {node}"
        if lost or unmade:
            yield "pingall"
            yield from self._sums(self._around([*lost, *unmade]))

    def _sums(self, nodes: Iterable[int]) -> Iterator[str]:
        return (f"exec {node} 1 {next(self._numbers)}" for node in nodes)

    # What may be so: what is in any of the worlds that are left.

    def _ids(self) -> list[int]:
        return sorted({node for world in self._belief.worlds for node in world.ids})

    def _asked_first(self) -> list[int]:
        """All that may be reachable, and the highest that is not: what is below it says the same."""
        lost = set(self._lost())
        below = {node for world in self._belief.worlds for top in lost for node in world.below(top)}
        return [node for node in self._ids() if node in lost or node not in below]

    def _stopped(self) -> list[int]:
        """Who may still be stopped; one that was only for a while may be over it, and be reachable again."""
        found = {node for world in self._belief.worlds for node in world.stopped}
        resting = {each.node for world in self._belief.worlds for each in world.doubts if each.wakes}
        found |= resting & self._listed
        return sorted(found & set(self._ids()))

    def _lost(self) -> list[int]:
        """Return the highest that are dead, or cut off, in the order in which they were made."""
        for world in self._belief.worlds:
            lost = world.dead | world.cut
            tops = [n for n in world.ids if n in lost and not lost.intersection(world.tree.path(n)[:-1])]
            if tops:
                return tops
        return []

    def _around(self, nodes: list[int]) -> list[int]:
        """Return who is in the subtrees of `nodes`, and their parents."""
        found: set[int] = set()
        for world in self._belief.worlds:
            for node in nodes:
                if node in world.ids:
                    found |= {node, *world.below(node)} | {*world.tree.path(node)[-2:]}
        return sorted(found)

    def _unmade(self) -> list[int]:
        """Return the ids that a create of the script named, and that no world has."""
        wanted = [command.node for command in map(read, self._script)
                  if command.name == "create" and not command.answer]  # fmt: skip
        killed = {command.node for command in map(read, self._script) if command.name == "kill"}
        ids = set(self._ids())
        return [node for node in dict.fromkeys(wanted) if node not in ids and node not in killed]
