"""`cluster` in a test: one that plays the script with the test's fault, or one to be led step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bstinspect.errors import InspectError, UsageError
from bstinspect.faults.explore import verdict
from bstinspect.faults.plugin.targets import name
from bstinspect.faults.run import Outcome, Run, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bstinspect.faults.address import Address
    from bstinspect.faults.director import Director
    from bstinspect.faults.fault import Fault
    from bstinspect.faults.invariants import Invariant
    from bstinspect.faults.run import Fired, Injection, Reply
    from bstinspect.faults.worker import Answer


class PlayedCluster:
    """A cluster that plays the script with the fault of the test's crash point.

    It is played when something is asked of it, or at the end of the test; and then judged.
    """

    def __init__(
        self, scenario: Scenario, play: Callable[[Scenario], Answer], invariants: Sequence[Invariant]
    ) -> None:
        self._scenario = scenario
        self._play = play
        self.invariants = invariants
        self._outcome: Outcome | None = None

    @property
    def scenario(self) -> Scenario:
        """Script, faults and seed."""
        return self._scenario

    def play(self) -> Outcome:
        """Play the script, with an examination behind it, and judge the run; once. Raises PoolError.

        The outcome keeps the run, unless there is none.
        """
        if self._outcome is None:
            answer = self._play(self._scenario)
            self._outcome = judged(self._scenario, answer, self.invariants)
        return self._outcome

    @property
    def run(self) -> Run:
        """All that came of it: replies, crash points, messages, what was left.

        Raises UsageError where there was none, PoolError.
        """
        run = self.play().run
        if run is None:
            raise UsageError(f"there was no run: {self.play().error}", advice=False)
        return run

    @property
    def replies(self) -> list[Reply]:
        """The replies to the script's commands."""
        return [each for each in self.run.replies if each.scripted]

    @property
    def fired(self) -> Sequence[Fired]:
        """The faults that took effect."""
        return () if self._outcome is None else self.run.fired

    def arm(self, injection: Injection) -> None:
        """Put up one more fault. Raises UsageError once it is played."""
        if self._outcome is not None:
            raise UsageError("the script is played already", advice=False)
        injections = (*self._scenario.injections, injection)
        self._scenario = msgspec.structs.replace(self._scenario, injections=injections)

    def strike(self, who: str, fault: Fault) -> None:
        """Nobody leads this conversation, so there is no now. Raises UsageError."""
        raise UsageError(
            f"{fault.kind} {who} when? In a test with crash points the script is played as a whole: "
            "faults.at(ADDRESS), or a test without the marker",
            advice=False,
        )

    def next(self, at: Address) -> Address:
        """Nobody leads this conversation. Raises UsageError."""
        raise UsageError(f"{at} from when on? Here faults.at(ADDRESS) counts from the start", advice=False)

    def __repr__(self) -> str:
        return f"<cluster with {name(self._scenario.injections) or 'no fault'}>"


class DirectedCluster:
    """A cluster on the stage that the test leads step by step; its time is the stage's."""

    def __init__(self, director: Director, seed: int) -> None:
        self._director = director
        director.begin(seed)
        self._run: Run | None = None

    def say(self, line: str) -> str | None:
        """Give a command and return its reply, pids in it as ``PID``; None: it never had one.

        Raises DirectorError, PoolError.
        """
        return self._director.say(line).line

    def rest(self, seconds: float) -> None:
        """Let the stage's time pass. Raises DirectorError, PoolError."""
        self._director.rest(int(seconds * 1e9))

    @property
    def replies(self) -> list[Reply]:
        """The replies so far, each with its command and how long it took."""
        return self._director.replies

    @property
    def points(self) -> list[str]:
        """The crash points that were passed so far."""
        return [str(each.at) for each in self._director.points]

    @property
    def fired(self) -> Sequence[Fired]:
        """The faults that took effect so far."""
        return self._director.fired

    @property
    def unfired(self) -> list[Injection]:
        """The faults that were put up and have not taken effect."""
        return self._director.unfired

    def strike(self, who: str, fault: Fault) -> None:
        """Do a fault to a process now. Raises DirectorError, PoolError."""
        self._director.strike(who, fault)

    def arm(self, injection: Injection) -> None:
        """Put up a fault. Raises DirectorError, PoolError."""
        self._director.arm(injection)

    def next(self, at: Address) -> Address:
        """Return the point that `at` is when it is counted from now on. Raises DirectorError."""
        return self._director.next(at)

    def end(self) -> Run | None:
        """End the cluster, and return what came of it; None where nothing was ever asked of it.

        Raises DirectorError, PoolError.
        """
        self._run = self._director.end() or self._run
        return self._run

    def close(self) -> list[str]:
        """End the cluster whatever the test has come to; return what it has left behind."""
        try:
            run = self.end()
        except InspectError as error:
            return [f"a cluster that cannot be ended ({error})"]
        return [] if run is None else [f"{each.kind} {each.what}" for each in run.left]


def judged(scenario: Scenario, answer: Answer, invariants: Sequence[Invariant]) -> Outcome:
    """Judge a run; the outcome keeps it."""
    if answer.run is None:
        return Outcome(scenario.injections, error=answer.error)
    found = verdict(answer.run, invariants)
    violations = found.violations if invariants else ()
    return Outcome(scenario.injections, violations, answer.run, error=found.error)
