"""A cluster on the stage that is led step by step: what `bstinspect.faults.orders` says, from our side."""

from __future__ import annotations

import os
import selectors
import time
from typing import TYPE_CHECKING, Final, Self

import msgspec

from bstinspect.errors import InspectError
from bstinspect.faults.model.language import read
from bstinspect.faults.orders import Arm, End, Rest, Say, Strike, Told
from bstinspect.faults.pool import Pool, PoolError
from bstinspect.faults.run import Run, Scenario
from bstinspect.faults.worker import Answer, Task

if TYPE_CHECKING:
    from types import TracebackType

    from bstinspect.faults.address import Address
    from bstinspect.faults.fault import Fault
    from bstinspect.faults.orders import Order
    from bstinspect.faults.pool import Worker
    from bstinspect.faults.run import Fired, Injection, Passed, Reply

_LIMIT: Final = 60.0
"""Seconds of real time that one order may take."""
_decode_told = msgspec.json.Decoder(Told).decode
_decode_answer = msgspec.json.Decoder(Answer).decode


class DirectorError(InspectError):
    """An order cannot be carried out."""


class Director:
    """One conversation after the other, each with a fresh cluster. Use it as ``with Director() as director``.

    A cluster begins with the first order and ends with `end`.
    """

    def __init__(self, cpu: int | None = None) -> None:
        """`cpu`: where everything runs; by default on the first that this process may use."""
        self._cpu = min(os.sched_getaffinity(0)) if cpu is None else cpu
        self._pool: Pool | None = None
        self._worker: Worker | None = None
        """The one that has a conversation under way."""
        self._forget(0)

    def _forget(self, seed: int) -> None:
        self._seed = seed
        self.replies: list[Reply] = []
        self.fired: list[Fired] = []
        self.points: list[Passed] = []
        """Crash points that were passed in this conversation."""
        self.armed: list[Injection] = []

    def __enter__(self) -> Self:
        """Nothing is started before it is needed."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End everything."""
        self.close()

    def close(self) -> None:
        """End the process that plays, and the cluster with it."""
        self._worker = None
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    @property
    def pids(self) -> list[int]:
        """The process that plays, if there is one."""
        return [] if self._pool is None else self._pool.pids

    @property
    def descriptors(self) -> list[int]:
        """What it has open."""
        return [] if self._pool is None else self._pool.descriptors

    @property
    def is_open(self) -> bool:
        """Whether a conversation is under way."""
        return self._worker is not None

    def begin(self, seed: int = 0) -> None:
        """Begin another conversation: forget the one before. Raises DirectorError, PoolError."""
        self.end()
        self._forget(seed)

    def say(self, line: str) -> Reply:
        """Give a command and return its reply. Raises DirectorError, PoolError."""
        if not read(line).name or "\n" in line:
            raise DirectorError(f"{line!r} is no command that has a reply")
        told = self._order(Say(line))
        if told.reply is None:
            raise DirectorError(told.error)
        self.replies.append(told.reply)
        return told.reply

    def strike(self, who: str, fault: Fault) -> None:
        """Kill, stop or continue a process, or send it a signal, now. Raises DirectorError, PoolError."""
        self._order(Strike(who, fault))

    def rest(self, nanoseconds: int) -> None:
        """Let the stage's time pass. Raises DirectorError, PoolError."""
        self._order(Rest(nanoseconds))

    def arm(self, injection: Injection) -> None:
        """Put a fault at a crash point that is still to come. Raises DirectorError, PoolError."""
        if self.is_open:
            self._order(Arm(injection))
        self.armed.append(injection)

    def next(self, at: Address) -> Address:
        """Return the point that `at` is when it is counted from now on.

        Raises DirectorError where it names no process.
        """
        if not at.who:
            raise DirectorError(f"{at}: whose?")
        kin = [each.at for each in self.points if at.who in (each.at.who, each.at.who.partition(".")[0])]
        first = msgspec.structs.replace(at, who=kin[-1].who if kin else at.who, ordinal=1)
        passed = (each.ordinal for each in kin if msgspec.structs.replace(each, ordinal=1) == first)
        return msgspec.structs.replace(first, ordinal=max(passed, default=0) + at.ordinal)

    @property
    def unfired(self) -> list[Injection]:
        """What was put up and has not taken effect."""
        fired = {each.injection for each in self.fired}
        return [each for each in self.armed if each not in fired]

    def end(self) -> Run | None:
        """End the cluster and return what came of it; None where there was none.

        Raises DirectorError, PoolError.
        """
        if self._worker is None:
            return None
        worker = self._worker
        worker.tell(End())
        answer = _decode_answer(self._line(worker))
        self._worker = worker.task = None
        if answer.run is None:
            raise DirectorError(answer.error)
        return answer.run

    def _order(self, order: Order) -> Told:
        worker = self._worker or self._open()
        worker.tell(order)
        told = _decode_told(self._line(worker))
        self.fired += told.fired
        self.points += told.points
        if told.error:
            raise DirectorError(told.error)
        return told

    def _open(self) -> Worker:
        if self._pool is None:
            self._pool = Pool(1, cpus=[self._cpu])
        task = Task(Scenario((), tuple(self.armed), self._seed), "directed")
        self._worker = self._pool.lend(task)
        return self._worker

    def _line(self, worker: Worker) -> bytes:
        """Return the line that answers an order."""
        limit = time.monotonic() + _LIMIT
        with selectors.DefaultSelector() as selector:
            selector.register(worker.process.stdout, selectors.EVENT_READ)  # type: ignore[arg-type]
            while selector.select(max(0.0, limit - time.monotonic())):
                try:
                    line = worker.read()
                except PoolError:
                    self.close()
                    raise
                if line is not None:
                    return line
        self.close()
        raise PoolError(f"no answer after {_LIMIT:.0f} s")
