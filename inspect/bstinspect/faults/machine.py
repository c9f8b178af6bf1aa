"""A state machine for Hypothesis: commands in any order, faults among them, checked by the plain model.

    from bstinspect.faults.machine import FaultMachine

    class MyMachine(FaultMachine):
        nodes = (20, 10, 30)
        kinds = ("kill", "stop:300ms", "drop")

    TestCluster = MyMachine.TestCase

Each example is a fresh cluster on the stage. A failure is shrunk by Hypothesis, and comes with a command that
plays the same.
"""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec

from bstinspect.faults.address import Address
from bstinspect.faults.director import Director
from bstinspect.faults.fault import Fault
from bstinspect.faults.invariants import OURS, judge
from bstinspect.faults.model.belief import Belief
from bstinspect.faults.model.language import read
from bstinspect.faults.run import Injection, Outcome, Violation
from bstinspect.faults.selection import can_happen
from bstinspect.faults.shrink import one_line
from bstinspect.reports.exploration.conversation import write_conversation

try:
    from hypothesis import strategies
    from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
except ModuleNotFoundError as error:
    raise ImportError(f"{__name__} needs hypothesis, and it is not installed") from error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bstinspect.faults.invariants import Invariant
    from bstinspect.faults.run import Run

__all__ = ["FaultMachine", "close"]

_OTHERS: Final = ("controller", "keeper")
_director: Final = Director()
atexit.register(_director.close)


def close() -> None:
    """End the process that all machines share; the next example starts another."""
    _director.close()


def _mine(name: str) -> strategies.SearchStrategy[Any]:
    """Draw from what the machine, or its subclass, has under a name."""
    return strategies.runner().flatmap(lambda machine: strategies.sampled_from(getattr(machine, name)))


class FaultMachine(RuleBasedStateMachine):
    """Commands and faults. Subclass it, with other nodes, faults, invariants or more rules that `say`."""

    nodes: ClassVar[Sequence[int]] = (20, 10, 30, 25)
    """The ids that commands name."""
    kinds: ClassVar[Sequence[str]] = ("kill", "stop", "stop:300ms", "delay:300ms", "drop", "twice")
    """The faults, as words."""
    others: ClassVar[Sequence[str]] = ()
    """Whom they may strike beside the nodes: ``keeper``, ``controller``."""
    held: ClassVar[Sequence[Invariant]] = OURS
    """What is checked when a conversation is over; after each reply the plain model is."""

    def __init__(self) -> None:
        super().__init__()
        _director.begin()
        self._belief = Belief()
        self._told = 0
        self._has_failed = False

    @initialize(order=strategies.runner().flatmap(lambda machine: strategies.permutations(machine.nodes)))
    def begin(self, order: Sequence[int]) -> None:
        """Make most of the nodes, in any order."""
        for node in order[: max(1, len(order) - 1)]:
            self.say(f"create {node}")

    @rule(node=_mine("unknown"))
    def create(self, node: int) -> None:
        """Make a node."""
        self.say(f"create {node}")

    @rule(
        node=_mine("known"), numbers=strategies.lists(strategies.integers(-999, 999), min_size=1, max_size=3)
    )
    def exec(self, node: int, numbers: list[int]) -> None:
        """Have a node add up."""
        self.say(f"exec {node} {len(numbers)} {' '.join(map(str, numbers))}")

    @rule()
    def pingall(self) -> None:
        """Ask who cannot be reached."""
        self.say("pingall")

    @rule(node=_mine("known"))
    def kill(self, node: int) -> None:
        """Remove a subtree."""
        self.say(f"kill {node}")

    @rule(node=_mine("known"))
    def crash(self, node: int) -> None:
        """SIGKILL a node."""
        self.say(f"crash {node}")

    @rule(node=_mine("known"))
    def stop(self, node: int) -> None:
        """SIGSTOP a node."""
        self.say(f"stop {node}")

    @rule(node=_mine("known"))
    def cont(self, node: int) -> None:
        """SIGCONT a node."""
        self.say(f"cont {node}")

    @precondition(lambda self: self.places)
    @rule(place=_mine("places"), kind=_mine("kinds"), node=_mine("nodes"))
    def arm(self, place: tuple[str, str], kind: str, node: int) -> None:
        """Put a fault at a point that may come, whichever command follows."""
        name, text = place
        fault, given = Fault.parse(kind), Address.parse(text)
        at = msgspec.structs.replace(given, who=given.who or str(node))
        if given.who or name != "create":  # else it is that of a node to be made
            at = _director.next(at)
        if can_happen(fault, at) and fault.kind != "disk-full":
            _director.arm(Injection(at, fault))

    @precondition(lambda self: self.places)
    @rule(place=_mine("places"), kind=_mine("kinds"), node=_mine("nodes"))
    def strike(self, place: tuple[str, str], kind: str, node: int) -> None:
        """Put a fault at a point that came in a command, and give another command of that name."""
        self.arm(place, kind, node)
        name, _ = place
        self.say({"exec": f"exec {node} 2 1 {node}", "pingall": "pingall"}.get(name, f"{name} {node}"))

    @property
    def known(self) -> list[int]:
        """The ids of the tree, and one that is not there."""
        ids = {node for world in self._belief.worlds for node in world.ids}
        return [*sorted(ids), next((node for node in self.nodes if node not in ids), self.nodes[0])]

    @property
    def unknown(self) -> list[int]:
        """The ids that are not in the tree, and one that is there."""
        ids = {node for world in self._belief.worlds for node in world.ids}
        return [*(node for node in self.nodes if node not in ids), min(ids, default=self.nodes[0])]

    @property
    def places(self) -> list[tuple[str, str]]:
        """Crash points that were passed, each behind the name of the command in which it was.

        One of the node that the command names has no process.
        """
        if _director.replies and _director.replies[-1].line is None:  # nobody is there any more
            return []
        commands = [read(each.command) for each in _director.replies]
        found = dict[tuple[str, str], None]()
        for each in _director.points:
            who = each.at.who.partition(".")[0]
            if 0 <= each.command < len(commands) and (who not in _OTHERS or who in self.others):
                command = commands[each.command]
                at = msgspec.structs.replace(each.at, who="" if who == str(command.node) else who, ordinal=1)
                found[command.name, str(at)] = None
        return list(found)

    def say(self, line: str) -> str | None:
        """Give a command, check its reply, and return it. Raises AssertionError, DirectorError, PoolError."""
        try:
            reply = _director.say(line)
        except BaseException:
            self._has_failed = True
            raise
        fired, self._told = _director.fired[self._told :], len(_director.fired)
        judgement = self._belief.answered(line, reply.line, fired, reply.sent_ns)
        late = reply.line is not None and reply.took_ns > judgement.limit_ns
        if not judgement.fits or late:
            allowed = " | ".join(map(str, judgement.allowed))
            took, limit = reply.took_ns // 1_000_000, judgement.limit_ns // 1_000_000
            text = f"{took} ms, {limit} ms allowed" if late else f"{reply.line!r}, not {allowed}"
            self._fail(_director.end(), (Violation("plain-model", f"{line}: {text}"),))
        return reply.line

    def teardown(self) -> None:
        """End the conversation; everything is judged once more, as a whole. Raises AssertionError."""
        run = _director.end()
        if run is not None and not self._has_failed and self.held:
            found = judge(run, tuple(self.held))
            if found:
                self._fail(run, found)

    def _fail(self, run: Run | None, violations: tuple[Violation, ...]) -> None:
        self._has_failed = True
        said = write_conversation(Outcome((), violations, run), color=False)
        again = f"\nagain: {one_line(run.scenario)}" if run is not None else ""
        raise AssertionError(f"{violations[0].invariant} does not hold\n\n{said}{again}")
