"""The program under examination, started: its streams, its end, its family of processes."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
from typing import TYPE_CHECKING

from bstinspect.grade.dialogue import Dialogue, open_streams
from bstinspect.grade.subject import TERMINAL
from bstinspect.linux import seccomp

if TYPE_CHECKING:
    from bstinspect.grade.house import House
    from bstinspect.grade.processes import Process
    from bstinspect.grade.subject import Subject


class Program:
    """One start of the command."""

    def __init__(self, subject: Subject, house: House) -> None:
        """Start it. Raises OSError."""
        self._house = house
        self.streams = open_streams(terminal=subject.through == TERMINAL)
        self.pid = house.start(lambda: self._become(subject, house))
        self.streams.close_theirs()
        self._pidfd = os.pidfd_open(self.pid)
        self.dialogue = Dialogue(self.streams, self._pidfd)
        self._status: int | None = None
        self._is_closed = False

    def family(self) -> dict[int, Process]:
        """Return the processes that the command has made, and that are not waited for."""
        self._reap()
        found = self._house.residents()
        found.pop(self.pid, None)
        return found

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send the controller a signal, and nobody else."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, number)

    def status(self) -> int | None:
        """Return the wait status; None while it runs."""
        self._reap()
        return self._status

    def how_it_ended(self) -> str:
        """Say how it ended, for the evidence."""
        status = self.status()
        if status is None:
            return "it closed its output"
        if os.WIFSIGNALED(status):
            return f"it was ended by {signal.Signals(os.WTERMSIG(status)).name}"
        return f"it ended with status {os.waitstatus_to_exitcode(status)}"

    def close(self) -> None:
        """Close our ends of its streams. Once is enough."""
        if not self._is_closed:
            self._is_closed = True
            self.dialogue.close()
            os.close(self._pidfd)

    def _reap(self) -> None:
        statuses = self._house.reap()
        self._status = statuses.get(self.pid, self._status)

    def _become(self, subject: Subject, house: House) -> None:
        """Be the command, in the child. Only returns by an error."""
        os.setsid()
        theirs = self.streams.theirs
        if self.streams.is_terminal:
            # The first terminal that a session's leader opens becomes its own (credentials(7)).
            os.close(os.open(os.ttyname(theirs[0]), os.O_RDWR))
        for number, descriptor in enumerate(theirs):
            os.dup2(descriptor, number)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        house.limit_processes()
        for each in (signal.SIGPIPE, signal.SIGXFSZ):  # ignored by the interpreter
            signal.signal(each, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        environment = house.environment()
        if house.fence is not None:
            seccomp.install(house.fence.filter)
        os.execve(subject.path, subject.arguments, environment)  # noqa: S606 - that is the command
