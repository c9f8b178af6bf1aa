"""Who is only slow is given the whole of the time that the cluster promises, before it is given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.faults.invariants.judging import Judged, judged
from bstinspect.faults.model.answers import listed_by
from bstinspect.faults.model.belief import DEATH_LIMIT, HELLO_LIMIT, KEEPER_LIMIT, SHORTEST_DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bstinspect.faults.model.plain import World
    from bstinspect.faults.run import Run

_ROUNDED_NS: Final = 2_000_000
"""Waits are counted in milliseconds."""
_PROMISED: Final = {"exec": 2 * SHORTEST_DEADLINE, "stop": DEATH_LIMIT, "cont": SHORTEST_DEADLINE}
"""An exec has silence, and a probe's silence."""
_UNAVAILABLE: Final = (": Node is unavailable", "Error: Parent is unavailable")


def check(run: Run) -> Iterator[str]:
    """Yield the replies that gave somebody up too early, where nothing but delays happened to anybody.

    Of a death or a stop the kernel tells, and then nobody has to wait: so this ends where a stop or a cont
    has failed. What the controller's own delay holds up is nobody else's.
    """
    if any(each.injection.fault.kind != "delay" or each.who == "controller" for each in run.fired):
        return
    for each in judged(run):
        least = min((_least(each, world) for world in each.judgement.before), default=0)
        if each.judgement.fits and each.reply.took_ns < least - _ROUNDED_NS:
            took, promised = each.reply.took_ns // 1_000_000, least // 1_000_000
            yield f"{each.asked}: given up after {took} ms, {promised} ms are promised"
        if each.judgement.command.name in ("stop", "cont") and each.reply.line != "Ok":
            return


def _least(each: Judged, world: World) -> int:
    """Return how long the reply had to take, where it gives up somebody who may answer; else 0."""
    line, command = each.reply.line or "", each.judgement.command
    if command.answer or world.ended:
        return 0
    if command.name == "pingall":
        return _least_of_pingall(listed_by(line) or set(), world)
    if command.name == "create":
        return _least_of_create(line, command.node, world)
    if command.name == "kill":
        return KEEPER_LIMIT if line.startswith("Error: ") else 0
    is_known = command.node in world.dead or (command.name != "cont" and not _may_answer(command.node, world))
    return 0 if is_known or not line.endswith(_UNAVAILABLE) else _PROMISED.get(command.name, 0)


def _least_of_create(line: str, node: int, world: World) -> int:
    if node in world.ids or not line.startswith("Error: "):
        return 0
    parent = world.tree.place(node)
    if parent is None:
        return KEEPER_LIMIT
    if not line.endswith(_UNAVAILABLE):
        return HELLO_LIMIT
    return SHORTEST_DEADLINE if _may_answer(parent, world) else 0


def _least_of_pingall(listed: set[int], world: World) -> int:
    """Each level has one step less than the one above it (bstcluster.controller.Cluster.survey)."""
    late = [node for node in listed & set(world.ids) if _may_answer(node, world)]
    step = SHORTEST_DEADLINE // (2 * world.tree.levels + 2)
    return min((SHORTEST_DEADLINE - world.tree[node].depth * step for node in late), default=0)


def _may_answer(node: int, world: World) -> bool:
    return node in world.ids and node not in world.unreachable
