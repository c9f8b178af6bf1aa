"""Everybody on the stage: the processes and threads of one run."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bstinspect.faults.stage.tracee import Process, Thread
from bstinspect.linux import proc

if TYPE_CHECKING:
    from collections.abc import Callable

CONTROLLER = "controller"
KEEPER = "keeper"


class Cast:
    """Who there is, and who there was."""

    def __init__(self) -> None:
        self.processes: list[Process] = []
        """In the order in which they were made; the dead too."""
        self.threads: dict[int, Thread] = {}
        """The living, by tid."""
        self.expected: int | None = None
        """The node that is being created, of a program that is not ours: the next process is it."""
        self._made = 0
        self._lives: Counter[int] = Counter()

    def begin(self, pid: int) -> Thread:
        """Take in the first thread of all."""
        process = Process(pid, name=CONTROLLER)
        self.processes.append(process)
        return self._take_in(pid, process)

    def adopt(self, tid: int) -> Thread | None:
        """Take in a new thread; None where it is gone already."""
        facts = proc.status(tid)
        if facts is None:
            return None
        process = self.at(facts.tgid)
        if process is None:
            parent = self._last(lambda each: each.pid == facts.parent)
            process = Process(facts.tgid, parent, self._name(parent))
            self.processes.append(process)
        return self._take_in(tid, process)

    def at(self, pid: int) -> Process | None:
        """Return the living process of that pid."""
        return self._last(lambda each: each.pid == pid and each.status is None)

    def named(self, who: str) -> Process | None:
        """Return the living process of that name; without a life, the one that the node has now."""
        return self._last(
            lambda each: each.status is None and who in (each.name, each.name.partition(".")[0])
        )

    def remove(self, thread: Thread) -> None:
        """A thread has ended."""
        self.threads.pop(thread.tid, None)
        thread.process.threads.pop(thread.tid, None)

    def _name(self, parent: Process | None) -> str:
        if self.expected is not None:
            node, self.expected = self.expected, None
            self._lives[node] += 1
            return f"{node}.{self._lives[node]}"
        return KEEPER if parent is not None and parent.name == CONTROLLER else ""

    def _last(self, fits: Callable[[Process], bool]) -> Process | None:
        return next((each for each in reversed(self.processes) if fits(each)), None)

    def _take_in(self, tid: int, process: Process) -> Thread:
        thread = self.threads[tid] = process.threads[tid] = Thread(tid, process, self._made)
        self._made += 1
        return thread
