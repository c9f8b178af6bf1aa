"""Plays the scenarios of a session, each on a cluster of its own, some ahead of the tests that want them."""

from __future__ import annotations

import os
import time
from collections import deque
from typing import TYPE_CHECKING

from bstinspect.faults.director import Director
from bstinspect.faults.explore import ExploreError
from bstinspect.faults.pool import Pool
from bstinspect.faults.run import Scenario
from bstinspect.faults.worker import Answer, Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bstinspect.faults.run import Run


class Playing:
    """The workers of one session. One below xdist keeps to one CPU: it has a process for each test."""

    def __init__(self, xdist_worker: str = "") -> None:
        """`xdist_worker`: ``gw3``, or empty."""
        cpus = sorted(os.sched_getaffinity(0))
        if xdist_worker:
            number = int("0" + "".join(filter(str.isdigit, xdist_worker)))
            cpus = [cpus[number % len(cpus)]]
        self._cpus = cpus
        self._pool = Pool(cpus=cpus)
        self._director = Director(cpus[0])
        self._golden: dict[tuple[tuple[str, ...], int], Run] = {}
        self._expected: deque[Scenario] = deque()
        self._under_way: set[Scenario] = set()
        self._answers: dict[Scenario, Answer] = {}
        self._results: Iterator[tuple[Task, Answer]] | None = None
        self._began: float | None = None

    @property
    def seconds(self) -> float:
        """How long ago the first test was played."""
        now = time.monotonic()
        if self._began is None:
            self._began = now
        return now - self._began

    @property
    def pids(self) -> set[int]:
        """Our own processes."""
        return {*self._pool.pids, *self._director.pids}

    @property
    def descriptors(self) -> set[int]:
        """What they are spoken to with."""
        return {*self._pool.descriptors, *self._director.descriptors}

    def golden(self, script: tuple[str, ...], seed: int) -> Run:
        """Return the run without a fault. Raises PoolError, ExploreError."""
        if (script, seed) not in self._golden:
            answer = self.play(Scenario(script, (), seed))
            if answer.run is None:
                raise ExploreError(f"the run without a fault: {answer.error}")
            self._golden[script, seed] = answer.run
        return self._golden[script, seed]

    def expect(self, scenarios: Iterable[Scenario]) -> None:
        """Say which scenarios will be asked for from now on, in this order."""
        self._expected.clear()
        self._expected.extend(scenarios)

    def play(self, scenario: Scenario) -> Answer:
        """Play a scenario, and on all other CPUs those that come next. Raises PoolError."""
        if scenario not in self._answers and scenario not in self._under_way:
            if scenario in self._expected:
                self._expected.remove(scenario)
            self._expected.appendleft(scenario)
        while scenario not in self._answers:
            if self._results is None:
                self._results = self._pool.play_all(self._tasks())
            task, answer = next(self._results, (None, None))
            if task is None or answer is None:
                self._results = None
                continue
            self._under_way.discard(task.scenario)
            self._answers[task.scenario] = answer
        return self._answers.pop(scenario)

    def _tasks(self) -> Iterator[Task]:
        while self._expected:
            scenario = self._expected.popleft()
            self._under_way.add(scenario)
            yield Task(scenario)

    def director(self) -> Director:
        """Return what leads a conversation step by step: one, for one test after the other."""
        return self._director

    def close(self) -> None:
        """End everything."""
        self._pool.close()
        self._director.close()
