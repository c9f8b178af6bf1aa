"""Workers on all CPUs, each with one run at a time."""

from __future__ import annotations

import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Final, Self

import msgspec

from bstinspect.errors import InspectError
from bstinspect.faults.worker import NO_TRACING, Answer, Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

_LIMIT: Final = 60.0
"""Seconds of real time after which a worker is killed, and its run given up."""
_LONGEST_BASE: Final = 16
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Answer).decode


class PoolError(InspectError):
    """No worker can be had."""


class NoTracingError(PoolError):
    """No worker will ever be able to work here."""


class Worker:
    """One worker, and the run that it plays."""

    def __init__(self, cpu: int, environment: Mapping[str, str] | None = None, home: str = "") -> None:
        """`home`: where its runs have their files; empty: with all other temporary files."""
        self.cpu = cpu
        self.task: Task | None = None
        self.since = 0.0
        self._data = b""
        command = [sys.executable, "-P", "-m", "bstinspect.faults.worker", str(cpu), home]
        # Sets are walked in the same order in every worker.
        seeded = {**(os.environ if environment is None else environment), "PYTHONHASHSEED": "0"}
        if home:
            seeded["TMPDIR"] = home
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=None if sys.stderr else subprocess.DEVNULL,
                bufsize=0,
                env=seeded,
                process_group=0,  # the signals of our terminal are ours: we end it
            )
        except OSError as error:
            raise PoolError(f"cannot start a worker: {error.strerror}") from error

    def give(self, task: Task) -> None:
        """Have it play a run."""
        self.task, self.since = task, time.monotonic()
        self.tell(task)

    def tell(self, message: msgspec.Struct) -> None:
        """Send it a line. Raises PoolError when it is gone."""
        assert self.process.stdin is not None  # noqa: S101 - it was asked for
        data = memoryview(_encode(message) + b"\n")
        try:
            while data:
                data = data[self.process.stdin.write(data) or 0 :]
        except BrokenPipeError as error:
            raise PoolError(f"a worker ended with status {self.process.wait()}") from error

    def take(self) -> Answer | None:
        """Read what it says; None as long as that is not whole. Raises PoolError at its end."""
        line = self.read()
        if line is None:
            return None
        self.task = None
        return _decode(line)

    def read(self) -> bytes | None:
        """Read a part of a line, waiting for it; None as long as the line is not whole. Raises PoolError."""
        assert self.process.stdout is not None  # noqa: S101 - it was asked for
        part = os.read(self.process.stdout.fileno(), 1 << 20)
        if not part and self.process.wait() == NO_TRACING:
            raise NoTracingError("faults need ptrace(2), and it is refused here")
        if not part:
            raise PoolError(f"a worker ended with status {self.process.wait()}")
        self._data += part
        if not self._data.endswith(b"\n"):
            return None
        data, self._data = self._data, b""
        return data

    @property
    def descriptors(self) -> list[int]:
        """Our ends of its pipes."""
        streams = (self.process.stdin, self.process.stdout)
        return [each.fileno() for each in streams if each is not None]

    def end(self, *, kill: bool) -> None:
        """End it; what it plays dies with it."""
        if kill:
            self.process.kill()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        self.process.wait()


class Pool:
    """Plays runs side by side. Use it as ``with Pool() as pool``."""

    def __init__(
        self, processors: int = 0, environment: Mapping[str, str] | None = None, cpus: Sequence[int] = ()
    ) -> None:
        """`processors`: how many CPUs to use; 0 for all of `cpus`, by default all that we may run on.

        `environment`: the workers'; ours where there is none.
        """
        self._environment = environment
        self._home = ""
        """Where the workers' runs have their files; what a worker that was killed leaves goes with it."""
        cpus = cpus or sorted(os.sched_getaffinity(0))
        self.processors = min(processors or len(cpus), len(cpus))
        self._cpus = cpus[: self.processors]
        self._workers: list[Worker] = []
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> Self:
        """Nothing is started before it is needed."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every worker."""
        self.close()

    @property
    def pids(self) -> list[int]:
        """The processes of the workers."""
        return [worker.process.pid for worker in self._workers]

    @property
    def descriptors(self) -> list[int]:
        """What it has open."""
        pipes = [descriptor for worker in self._workers for descriptor in worker.descriptors]
        return [self._selector.fileno(), *pipes]

    def close(self) -> None:
        """End every worker, and every run with it."""
        for worker in self._workers:
            worker.end(kill=worker.task is not None)
        self._workers.clear()
        self._selector.close()
        if self._home:
            shutil.rmtree(self._home, ignore_errors=True)
            self._home = ""

    def play(self, task: Task) -> Answer:
        """Play one run."""
        ((_, answer),) = self.play_all([task])
        return answer

    def play_all(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Answer]]:
        """Play runs, and yield each with what came of it as soon as that is known, in any order.

        `tasks` is read as workers are free, so it may depend on what was yielded before. Raises PoolError.
        """
        waiting = iter(tasks)
        while True:
            self._hand_out(waiting)
            if not any(worker.task for worker in self._workers):
                return
            for key, _ in self._selector.select(1.0):
                worker: Worker = key.data
                task = worker.task
                answer = self._listen(worker)
                if answer is not None and task is not None:
                    yield task, answer
            for worker in list(self._workers):
                if worker.task is not None and time.monotonic() - worker.since > _LIMIT:
                    task = worker.task
                    self._drop(worker)
                    yield task, Answer(None, f"no end after {_LIMIT:.0f} s")

    def lend(self, task: Task) -> Worker:
        """Have a worker begin what the caller goes on with, up to its `take`. Raises PoolError."""
        worker = self._idle()
        if worker is None:
            raise PoolError("every worker is busy")
        worker.give(task)
        return worker

    def _listen(self, worker: Worker) -> Answer | None:
        try:
            return worker.take()
        except NoTracingError:
            raise
        except PoolError as error:
            self._drop(worker)
            return Answer(None, str(error))

    def _hand_out(self, waiting: Iterator[Task]) -> None:
        while (worker := self._idle()) is not None:
            task = next(waiting, None)
            if task is None:
                return
            worker.give(task)

    def _idle(self) -> Worker | None:
        for worker in self._workers:
            if worker.task is None:
                return worker
        if len(self._workers) == self.processors:
            return None
        self._home = self._home or _home()
        busy = {worker.cpu for worker in self._workers}
        worker = Worker(next(cpu for cpu in self._cpus if cpu not in busy), self._environment, self._home)
        self._workers.append(worker)
        self._selector.register(worker.process.stdout, selectors.EVENT_READ, worker)  # type: ignore[arg-type]
        return worker

    def _drop(self, worker: Worker) -> None:
        """Let a worker go that is no good any more; another takes its place."""
        self._selector.unregister(worker.process.stdout)  # type: ignore[arg-type]
        worker.end(kill=True)
        self._workers.remove(worker)


def _home() -> str:
    """Make a directory with a short name: sockets' paths have 107 bytes (unix(7))."""
    base = tempfile.gettempdir()
    return tempfile.mkdtemp(prefix="faults-", dir=base if len(base) <= _LONGEST_BASE else "/tmp")  # noqa: S108
