"""A plain model of the cluster: which replies to a command are allowed, and what they tell.

A `World` is one way things may be. A command in a world allows some answers, each with the world that it
leads to; the answer that comes tells which of them is so. Where nothing is in doubt there is exactly one.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import msgspec

from bstinspect.faults.model.answers import Answer, Exactly, Listing, Never, Reason, tree_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bstcluster.topology import Tree
    from bstinspect.faults.model.language import Command

_cached_tree = functools.lru_cache(maxsize=64)(tree_of)


class Doubt(msgspec.Struct, frozen=True):
    """A node that may answer or not."""

    node: int
    until_ns: int | None = None
    """From then on it answers; None: the next pingall tells."""
    wakes: bool = False
    """A SIGCONT ends it."""


class World(msgspec.Struct, frozen=True):
    """What there is, in one of the ways that it may be."""

    ids: tuple[int, ...] = ()
    """The nodes of the tree, in the order in which they were put there."""
    dead: frozenset[int] = frozenset()
    stopped: frozenset[int] = frozenset()
    cut: frozenset[int] = frozenset()
    """They do not answer any more, dead or alive."""
    doubts: frozenset[Doubt] = frozenset()
    keeper: str = "up"
    """``up`` (or it can be made anew), ``stopped``, or ``doubtful``."""
    failing: frozenset[str] = frozenset()
    """Processes that may be unable to make another: ids, ``keeper``, ``controller``."""
    ended: bool = False
    """The controller is gone."""

    @property
    def tree(self) -> Tree:
        """The search tree. Not to be changed."""
        return _cached_tree(self.ids)

    @property
    def unreachable(self) -> set[int]:
        """What certainly does not answer: everything below the dead, the stopped and the cut off too."""
        return self.tree.union(self.dead | self.stopped | self.cut)

    @property
    def doubtful(self) -> set[int]:
        """What may answer or not."""
        return self.tree.union(doubt.node for doubt in self.doubts) - self.unreachable

    def below(self, node: int) -> frozenset[int]:
        """Return `node` and all below it; nothing where it is not in the tree."""
        return frozenset(self.tree.union([node]))

    def without(self, gone: Iterable[int]) -> World:
        """Return the world in which `gone`, whole subtrees, are no nodes any more."""
        left = frozenset(self.ids) - frozenset(gone)
        return msgspec.structs.replace(
            self, ids=tuple(node for node in self.ids if node in left), dead=self.dead & left,
            stopped=self.stopped & left, cut=self.cut & left,
            doubts=frozenset(doubt for doubt in self.doubts if doubt.node in left),
        )  # fmt: skip

    def with_dead(self, nodes: Iterable[int]) -> World:
        """Return the world in which `nodes` are dead."""
        dead = frozenset(nodes) & frozenset(self.ids)
        return msgspec.structs.replace(
            self, dead=self.dead | dead, stopped=self.stopped - dead, cut=self.cut - dead,
            doubts=frozenset(doubt for doubt in self.doubts if doubt.node not in dead),
        )  # fmt: skip

    def with_stopped(self, node: int) -> World:
        """Return the world in which `node` is stopped, where it can be."""
        if node not in self.ids or node in self.dead:
            return self
        return msgspec.structs.replace(self, stopped=self.stopped | {node})

    def continued(self, node: int) -> World:
        """Return the world in which `node` was sent a SIGCONT."""
        doubts = frozenset(doubt for doubt in self.doubts if doubt.node != node or not doubt.wakes)
        return msgspec.structs.replace(self, stopped=self.stopped - {node}, doubts=doubts)

    def at(self, now_ns: int) -> World:
        """Return the world without the doubts that are over by `now_ns`."""
        left = frozenset(each for each in self.doubts if each.until_ns is None or each.until_ns > now_ns)
        return self if left == self.doubts else msgspec.structs.replace(self, doubts=left)

    def learnt(self, listed: set[int]) -> World:
        """Return the world as a pingall shows it.

        It tells nothing of what is below a listed node, and nothing new of what could not be reached anyway.
        """
        cut, left, unreachable = set(self.cut), set(), self.unreachable
        for doubt in self.doubts:
            above = self.tree.path(doubt.node)[:-1]
            if doubt.until_ns is not None or doubt.node in unreachable or listed.intersection(above):
                left.add(doubt)
            elif doubt.node in listed:
                cut.add(doubt.node)
        return msgspec.structs.replace(self, cut=frozenset(cut), doubts=frozenset(left))


class Step(msgspec.Struct, frozen=True):
    """An answer that is allowed, and the world it leads to."""

    answer: Answer
    world: World


def steps(world: World, command: Command) -> list[Step]:
    """Return what `command` may be answered in `world`, while nothing happens to anybody."""
    if world.ended or not command.name:
        return [Step(Never(), world)]
    if command.answer:
        return [Step(Exactly(command.answer), world)]
    if command.name == "pingall":
        return [Step(Listing(world.ids, frozenset(world.unreachable), frozenset(world.doubtful)), world)]
    if command.name == "create":
        return _create(world, command.node)
    if command.node not in world.ids:
        return [Step(Exactly(f"Error:{command.node}: Not found"), world)]
    return _TO_NODES[command.name](world, command)


def unavailable(node: int) -> Exactly:
    """Return the answer to a command whose node cannot be reached."""
    return Exactly(f"Error:{node}: Node is unavailable")


def _create(world: World, node: int) -> list[Step]:
    if node in world.ids:
        return [Step(Exactly("Error: Already exists"), world)]
    parent = world.tree.place(node)
    made = Step(Exactly("Ok: PID"), msgspec.structs.replace(world, ids=(*world.ids, node)))
    failed = Step(Reason("Error: "), world)
    refused = Step(Exactly("Error: Parent is unavailable"), world)
    maker = "keeper" if parent is None else str(parent)
    may_fail = bool(world.failing & {maker, "controller"})
    if parent is None:
        if world.keeper == "stopped":
            return [failed]
        return [made, failed] if may_fail or world.keeper != "up" else [made]
    if parent in world.unreachable:
        return [refused]
    return [made, *[refused] * (parent in world.doubtful), *[failed] * may_fail]


def _exec(world: World, command: Command) -> list[Step]:
    node = command.node
    answered, refused = Step(Exactly(command.result), world), Step(unavailable(node), world)
    if node in world.unreachable:
        return [refused]
    return [answered, refused] if node in world.doubtful else [answered]


def _kill(world: World, command: Command) -> list[Step]:
    """The keeper reaps, and so has a word in it; where it does not, the dead stay in the tree."""
    gone = world.below(command.node)
    removed = Step(Exactly("Ok"), world.without(gone))
    failed = Step(Reason("Error: "), world.with_dead(gone))
    return {"up": [removed], "stopped": [failed]}.get(world.keeper, [removed, failed])


def _crash(world: World, command: Command) -> list[Step]:
    node = command.node
    killed = world.with_dead([node])
    if node in world.dead:
        return [Step(unavailable(node), world)]
    may_be_dead = node in world.cut or any(each.node == node and not each.wakes for each in world.doubts)
    return [Step(Exactly("Ok"), killed), *[Step(unavailable(node), killed)] * may_be_dead]


def _stop(world: World, command: Command) -> list[Step]:
    """It is answered when the node's parent, the keeper for the root, has seen it stop."""
    node = command.node
    refused, stopped = Step(unavailable(node), world), world.with_stopped(node)
    if node in world.unreachable:
        return [refused]
    if node in world.doubtful or (world.keeper != "up" and node == world.tree.root):
        return [Step(Exactly("Ok"), stopped), Step(unavailable(node), stopped), refused]
    return [Step(Exactly("Ok"), stopped)]


def _cont(world: World, command: Command) -> list[Step]:
    node = command.node
    if node in world.dead:
        return [Step(unavailable(node), world)]
    runs = world.continued(node)
    unsure = frozenset(world.tree.path(node)) & (world.cut | {each.node for each in world.doubts})
    if world.keeper != "up" and node == world.tree.root:
        # It runs, but nobody tells the controller, who goes on taking it for stopped.
        return [Step(Exactly("Ok"), runs), Step(unavailable(node), runs), Step(unavailable(node), world)]
    return [Step(Exactly("Ok"), runs), *[Step(unavailable(node), runs)] * bool(unsure)]


_TO_NODES = {"exec": _exec, "kill": _kill, "crash": _crash, "stop": _stop, "cont": _cont}
