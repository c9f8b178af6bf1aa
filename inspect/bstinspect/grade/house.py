"""Where one run takes place, seen from its first process: who lives there, who has ended, what is left."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import setproctitle

from bstinspect.grade import processes
from bstinspect.grade.sandbox import TEMPORARY
from bstinspect.linux import prctl, proc

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.grade.fence import Fence
    from bstinspect.grade.processes import Process

_MOST_PROCESSES: Final = 500
_MOST_DESCRIPTORS: Final = 4096
_STATE: Final = f"{TEMPORARY[0]}/.state"
_RUNTIME: Final = f"{TEMPORARY[0]}/.run"
_IPC: Final = ("shm", "sem", "msg")
_CLEARING: Final = 5.0
"""Seconds that killed processes have to be gone."""
_LISTENING: Final = "0A"
"""TCP_LISTEN in /proc/net/tcp (proc_net_tcp.txt)."""


class House:
    """Starts processes, and is the parent of all that lose theirs."""

    def __init__(self, *, sandboxed: bool, fence: Fence | None = None) -> None:
        """`fence`: the tracer of all that is started."""
        self.is_sandboxed = sandboxed
        self.fence = fence
        self._statuses: dict[int, int] = {}
        self._decoys: list[int] = []
        if sandboxed:
            for folder in (_STATE, _RUNTIME):
                Path(folder).mkdir(mode=0o700, exist_ok=True)
        self._files = self._files_now()

    def start(self, become: Callable[[], None]) -> int:
        """Fork a process, which `become` turns into the program; where there is a fence, it is traced."""
        waiting, go = os.pipe2(os.O_CLOEXEC)
        pid = os.fork()
        if not pid:
            os.close(go)
            _be(become, waiting)
        os.close(waiting)
        try:
            if self.fence is not None:
                self.fence.seize(pid)
            os.write(go, b"g")
        finally:
            os.close(go)
        return pid

    def residents(self) -> dict[int, Process]:
        """Return all processes of the program, orphans and zombies too; none of ours."""
        ours = [*self._decoys, *([self.fence.pid] if self.fence else [])]
        return processes.below(os.getpid(), ours)

    def reap(self) -> dict[int, int]:
        """Wait for what has ended, and return all wait statuses so far."""
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                self._statuses[ended[0]] = ended[1]
        return self._statuses

    def decoy(self, like: int) -> int:
        """Start a process that is not the program's, by the same name and title as one that is."""
        name, title = proc.comm(like) or "node", processes.title(like)
        sitting, sits = os.pipe2(os.O_CLOEXEC)
        pid = os.fork()
        if not pid:
            _sit(name, title, sits)
        os.close(sits)
        self._decoys.append(pid)
        os.read(sitting, 1)
        os.close(sitting)
        return pid

    def fate(self, decoy: int) -> int | None:
        """Return the wait status of a decoy; None where nobody has ended it."""
        return self.reap().get(decoy)

    def left(self) -> list[str]:
        """Return what is left of files and shared memory, that was not there before."""
        return sorted(self._files_now() - self._files)

    def ports(self) -> list[int]:
        """Return the TCP ports that are open; empty without a network of our own."""
        if not self.is_sandboxed:
            return []
        lines = []
        for kind in ("tcp", "tcp6"):
            lines += (proc.read_file(f"/proc/net/{kind}") or b"").decode().splitlines()[1:]
        words = [line.split() for line in lines]
        return sorted({int(each[1].rpartition(":")[2], 16) for each in words if each[3] == _LISTENING})

    def limit_processes(self) -> None:
        """In a program to be: bound what a fork bomb can do, where it counts for this user here alone."""
        if self.is_sandboxed and os.geteuid():
            resource.setrlimit(resource.RLIMIT_NPROC, (_MOST_PROCESSES, _MOST_PROCESSES))

    def environment(self) -> dict[str, str]:
        """Return the program's environment: what it keeps for the user goes to the sandbox's /tmp."""
        found = dict(os.environ)
        if self.is_sandboxed:
            found.pop("TMPDIR", None)
            found |= {"XDG_RUNTIME_DIR": _RUNTIME, "XDG_STATE_HOME": _STATE}
        return found

    def clear(self) -> None:
        """Put down whoever is left, decoys and the tracer too. A sandbox would end with its first process."""
        if self.fence is not None:
            self.fence.close()  # all that it traces is killed with it, those being forked too
        until = time.monotonic() + _CLEARING
        for pid in self._decoys:
            if pid not in self.reap():
                os.kill(pid, signal.SIGKILL)
        while (left := self.residents() | self._alive_decoys()) and time.monotonic() < until:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.reap()
            time.sleep(0.001)  # each death may make orphans, which nothing tells of

    def _alive_decoys(self) -> dict[int, Process]:
        known = processes.below(os.getpid())
        return {pid: known[pid] for pid in self._decoys if pid in known}

    def _files_now(self) -> set[str]:
        if not self.is_sandboxed:
            return set()
        found = set()
        for folder in TEMPORARY:
            for parent, folders, names in os.walk(folder):
                folders[:] = [
                    each
                    for each in folders
                    if not os.path.ismount(path := f"{parent}/{each}") and path != _STATE
                ]
                found |= {f"{parent}/{each}" for each in [*folders, *names]}
        for kind in _IPC:
            lines = (proc.read_file(f"/proc/sysvipc/{kind}") or b"").splitlines()[1:]
            found |= {f"System V {kind} {line.split()[1].decode()}" for line in lines}
        return found


def _be(become: Callable[[], None], waiting: int) -> NoReturn:
    try:
        prctl.allow_any_tracer()
        if os.read(waiting, 1):
            become()
    except OSError as error:
        os.write(2, f"bstrace grade: exec: {error.strerror}\n".encode())
    finally:
        os._exit(127)


def _sit(name: str, title: str, ready: int) -> NoReturn:
    """Be a decoy: do nothing, by that name; say so by a byte to `ready`."""
    try:
        prctl.die_with_parent(os.getppid())
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        setproctitle.setproctitle(title)
        prctl.set_name(name)
        os.write(ready, b"s")
        os.closerange(3, _MOST_DESCRIPTORS)  # among them, the ends of the program's pipes
        while True:
            signal.pause()
    finally:
        os._exit(1)
