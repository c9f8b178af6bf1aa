"""What a run of a scripted conversation is asked to be, and what came of it. Only data, JSON both ways.

Times are nanoseconds of the stage's clock, from the start of the run. Processes have logical names: ``20.1``
(node 20 in its first life), ``controller``, ``keeper``; a pid stands nowhere but in `Fired`.
"""

from __future__ import annotations

import msgspec

from bstinspect.faults.address import Address  # noqa: TC001 - msgspec reads the types
from bstinspect.faults.fault import Fault  # noqa: TC001


class Injection(msgspec.Struct, frozen=True, order=True):
    """A fault at a crash point."""

    at: Address
    fault: Fault

    def __str__(self) -> str:
        return f"{self.at}={self.fault}"


class Scenario(msgspec.Struct, frozen=True):
    """All that decides how a run goes."""

    script: tuple[str, ...]
    """Lines of the assignment's command language."""
    injections: tuple[Injection, ...] = ()
    seed: int = 0
    """Decides in which order what could happen happens; 0: in the order in which it became possible."""
    command: tuple[str, ...] = ()
    """The program that is played with, and its arguments; empty: our own cluster."""
    driver: str = ""
    """``module:Class`` of a conversation that takes the place of ours: made with the script."""


class Reply(msgspec.Struct, frozen=True):
    """A command and what it answered."""

    command: str
    line: str | None
    """Pids in it are written ``PID``. None: no reply ever came."""
    sent_ns: int
    took_ns: int
    scripted: bool = True
    """False: not of the script, but of the examination that follows it."""


class Passed(msgspec.Struct, frozen=True):
    """A crash point that was passed."""

    at: Address
    time_ns: int
    command: int
    """Index of the reply that was being waited for; -1 before the first command."""
    stop: int = 0
    """Points of one call, as of a send that carries two messages, share the stop that they were seen at."""


class Sent(msgspec.Struct, frozen=True):
    """A message on its way."""

    sender: str
    receiver: str
    """Empty where nobody is known to have received it."""
    name: str
    """For example ``exec-reply``."""
    text: str
    """With its numbers: ``exec #7 to 20``."""
    time_ns: int
    received_ns: int | None
    """None: it was never received."""
    command: int


class Fired(msgspec.Struct, frozen=True):
    """An injection that took effect."""

    injection: Injection
    who: str
    pid: int
    time_ns: int
    command: int


class Left(msgspec.Struct, frozen=True):
    """Something that a run left behind."""

    kind: str
    """``process``, ``zombie``, ``file``, ``socket`` (of the dead), ``descriptor`` or ``port``."""
    what: str


class Run(msgspec.Struct, frozen=True):
    """What came of a scenario."""

    scenario: Scenario
    replies: tuple[Reply, ...]
    points: tuple[Passed, ...]
    messages: tuple[Sent, ...]
    fired: tuple[Fired, ...]
    left: tuple[Left, ...]
    status: int | None
    """Wait status of the controller; None where it had to be killed."""
    stderr: str = ""
    trouble: str = ""
    """Why the run was given up: ``deadlock``, ``no end`` ...; empty for one that ended by itself."""

    @property
    def unfired(self) -> list[Injection]:
        """The injections that never took effect."""
        fired = {each.injection for each in self.fired}
        return [each for each in self.scenario.injections if each not in fired]


class Violation(msgspec.Struct, frozen=True):
    """An invariant that does not hold, and the evidence in one line."""

    invariant: str
    text: str


class Outcome(msgspec.Struct, frozen=True):
    """The verdict on one scenario."""

    injections: tuple[Injection, ...]
    violations: tuple[Violation, ...] = ()
    run: Run | None = None
    """Kept of failures only."""
    like: tuple[Injection, ...] = ()
    """It was not run: nothing observable lies between it and these, which were."""
    error: str = ""
    """The fault did not fire, or the harness itself failed: in one line."""

    @property
    def is_sound(self) -> bool:
        """Whether it fired, and every invariant holds."""
        return not self.violations and not self.error


class Smallest(msgspec.Struct, frozen=True):
    """What a failure was shrunk to."""

    outcome: Outcome
    scenario: Scenario
    command: str
    """A command line that reproduces it."""
    test: str
    """A test to paste."""
    steps: int


class Exploration(msgspec.Struct, frozen=True):
    """All outcomes of one conversation."""

    script: tuple[str, ...]
    seed: int
    shard: str
    """``2/8``; empty for all."""
    golden: Run
    """The run without a fault."""
    invariants: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    seconds: float
    processors: int
    points: int
    """Pairs of point and fault that were asked for, those pruned included."""
    unvisited: int = 0
    """Left out because the budget, or the sample, was used up."""
    smallest: tuple[Smallest, ...] = ()
