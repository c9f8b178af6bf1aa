"""What a fault does to the plain model's worlds, and to the command in the midst of which it takes effect.

That command may be answered as if the fault had come before it, or after it; and where something of the
command's own was hit, in one more way. The next one is answered as the world is by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.faults.model.answers import Exactly, Never, Reason
from bstinspect.faults.model.effects import effect
from bstinspect.faults.model.plain import Doubt, Step, World, steps, unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bstinspect.faults.model.language import Command
    from bstinspect.faults.run import Fired

HELLO_NS: Final = 19_000_000_000
"""A pause that a new process may have: it is waited for 20 s."""
SETTLED_NS: Final = 10_000_000
"""So long after the end of a pause everybody knows of it: the stage's time only moves when all have rest."""


def struck(world: World, fired: Fired, lives: Mapping[int, int]) -> list[World]:
    """Return what `world` may be after the fault. `lives`: which life each node is in."""
    what = effect(fired)
    if world.ended or what in ("nothing", "passing"):
        return [world]
    if what == "want":
        # The disk is full for everybody.
        who = "controller" if fired.injection.fault.kind == "disk-full" else fired.who.partition(".")[0]
        return [msgspec.structs.replace(world, failing=world.failing | {who})]
    if what == "halt":
        return [world, *_struck(world, fired, "stop", lives)]
    return _struck(world, fired, what, lives)


def _struck(world: World, fired: Fired, what: str, lives: Mapping[int, int]) -> list[World]:
    if fired.who == "controller":
        return _controller(world, fired, what)
    if fired.who == "keeper":
        return _keeper(world, what)
    node, _, life = fired.who.partition(".")
    if int(node) not in world.ids or (life and int(life) != lives.get(int(node), 1)):
        return [world]  # one that nobody has in his tree
    return [_node(world, fired, what, int(node))]


def _node(world: World, fired: Fired, what: str, node: int) -> World:
    if what == "death":
        return world.with_dead([node])
    if what == "stop":
        return world.with_stopped(node)
    if what == "wake":
        return world.continued(node)
    if what == "pause":
        return _doubted(world, [node], fired)
    doubted = _doubted(world, world.below(node), fired)
    return msgspec.structs.replace(doubted, failing=world.failing | {str(node)})


def _controller(world: World, fired: Fired, what: str) -> list[World]:
    gone = msgspec.structs.replace(world, ended=True)
    if what in ("death", "stop"):
        return [gone]
    if what == "wake":
        return [world]
    doubted = _doubted(world, world.ids, fired)
    if what == "pause":
        return [doubted]
    failing = world.failing | {"controller"}
    return [msgspec.structs.replace(doubted, failing=failing), gone]


def _keeper(world: World, what: str) -> list[World]:
    """Without a keeper the controller ends every node; the next root has a new one."""
    ended = world.with_dead(world.ids)
    if what == "death":
        return [ended]
    if what in ("stop", "wake"):
        return [msgspec.structs.replace(world, keeper="stopped" if what == "stop" else "up")]
    doubtful = msgspec.structs.replace(world, keeper="doubtful", failing=world.failing | {"keeper"})
    return [doubtful] if what == "pause" else [doubtful, ended]


def _doubted(world: World, nodes: Sequence[int] | frozenset[int], fired: Fired) -> World:
    """Doubt `nodes`: until the pause is over, or until a pingall tells."""
    fault = fired.injection.fault
    pauses = fault.kind in ("stop", "delay")
    until = fired.time_ns + fault.value + SETTLED_NS if pauses else None
    wakes = fault.kind == "stop"
    doubts = {Doubt(node, until, wakes) for node in nodes if node not in world.dead}
    return msgspec.structs.replace(world, doubts=world.doubts | doubts)


def during(world: World, command: Command, faults: Sequence[Fired], lives: Mapping[int, int]) -> list[Step]:
    """Return what `command` may be answered while `faults` take effect, in this order."""
    if not faults:
        return steps(world, command)
    first, rest = faults[0], faults[1:]
    found: list[Step] = []
    if _is_new(world, command, first, lives):  # it cannot be hit before there is one
        for step in during(world, command, rest, lives):
            after = struck(step.world, first, _after(lives, step, command))
            found += [Step(step.answer, each) for each in after]
    else:
        for world_before in struck(world, first, lives):
            found += during(world_before, command, rest, lives)
    for step in steps(world, command) + torn(world, command, first, lives):
        after = [step.world]
        for fired in faults:
            after = [each for one in after for each in struck(one, fired, _after(lives, step, command))]
        found += [Step(step.answer, each) for each in after]
    return list(dict.fromkeys(found))


def torn(world: World, command: Command, fired: Fired, lives: Mapping[int, int]) -> list[Step]:
    """Return what `command` may be answered, besides, when the fault hits something of its own."""
    what = effect(fired)
    if what == "nothing" or world.ended or command.answer or not command.name:
        return []
    node, found = command.node, list[Step]()
    if what in ("passing", "any"):
        found += _in_doubt(world, command, fired)
    if not concerns(world, command, fired):
        return found
    if command.name == "create" and (
        what in ("passing", "want", "any") or _makes(world, command, fired, lives)
    ):
        # Something of the making was hit, so the controller may have to give up and say why.
        found.append(Step(Reason("Error: "), world))
    if command.name == "create" and fired.injection.fault.kind == "no-descriptors":
        found += _aborted(world, command, fired)
    if command.name == "kill" and (fired.who in ("keeper", "controller") or what in ("passing", "any")):
        dead = world.with_dead(world.below(node))
        found += [Step(Reason("Error: "), dead), Step(Reason(f"Error:{node}: "), dead)]
    if command.name in ("stop", "cont") and node in world.ids:
        # The signal is sent, and nobody is left to tell of its effect.
        signalled = world.with_stopped(node) if command.name == "stop" else world.continued(node)
        found.append(Step(unavailable(node), signalled))
    if command.name == "exec" and what in ("passing", "any") and node in world.ids:
        found.append(Step(Reason(f"Error:{node}: "), world))
    return found


def _aborted(world: World, command: Command, fired: Fired) -> list[Step]:
    """Return what becomes of a process that has made another, and now cannot accept its connection.

    libzmq ends such a process (4.3, ipc_listener.cpp): nobody can do anything about it from the outside.
    """
    parent = None if command.node in world.ids else world.tree.place(command.node)
    if fired.who == "controller" and parent is None:
        return [Step(Never(), msgspec.structs.replace(world, ended=True))]
    if parent is None or fired.who.partition(".")[0] != str(parent):
        return []
    return [Step(Exactly("Error: Parent is unavailable"), world.with_dead([parent]))]


def _in_doubt(world: World, command: Command, fired: Fired) -> list[Step]:
    """Doubt the answers of the sender's subtree, for this command alone."""
    name = fired.who.partition(".")[0]
    nodes = world.ids if name in ("controller", "keeper") else world.below(int(name))
    doubted = msgspec.structs.replace(
        world, doubts=world.doubts | {Doubt(node) for node in nodes if node not in world.dead}
    )
    gone = doubted.doubts - world.doubts
    return [
        Step(step.answer, msgspec.structs.replace(step.world, doubts=step.world.doubts - gone))
        for step in steps(doubted, command)
    ]


def concerns(world: World, command: Command, fired: Fired) -> bool:
    """Tell whether the process is one that `command` needs: on the way to its node, or that node."""
    if fired.who in ("controller", "keeper"):
        return True
    if command.name == "pingall":
        return True
    node = int(fired.who.partition(".")[0])
    if node == command.node:
        return True
    if command.node in world.ids:
        return node in world.tree.path(command.node)
    parent = world.tree.place(command.node)
    return parent is not None and node in world.tree.path(parent)


def _makes(world: World, command: Command, fired: Fired, lives: Mapping[int, int]) -> bool:
    """Tell whether the fault may keep the process from being made, or from saying hello in time."""
    what = effect(fired)
    if fired.who == "controller":
        return what == "pause" and world.tree.root is None  # it asks its keeper, with a limit
    if fired.who == "keeper":
        return world.tree.root is None or what == "death"
    lasts = what != "pause" or fired.injection.fault.value >= HELLO_NS
    return lasts and _is_new(world, command, fired, lives)


def _is_new(world: World, command: Command, fired: Fired, lives: Mapping[int, int]) -> bool:
    """Tell whether the process is the one that `command` makes."""
    if command.name != "create" or command.answer or command.node in world.ids:
        return False
    return fired.who in (f"{command.node}.{lives.get(command.node, 0) + 1}", str(command.node))


def _after(lives: Mapping[int, int], step: Step, command: Command) -> dict[int, int]:
    """Return the lives as they are after a step."""
    after = dict(lives)
    if command.name == "create" and isinstance(step.answer, Exactly) and step.answer.line == "Ok: PID":
        after[command.node] = after.get(command.node, 0) + 1
    return after
