"""Our own cluster as a subject: `python -m bstcluster` in a fork of a process that has it loaded already.

The keeper is a fork too, where the cluster starts a fresh interpreter: so a run costs a tenth of a second of
loading less, and is the same in all that is observed.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from typing import TYPE_CHECKING, NoReturn

import bstcluster.__main__
import bstcluster.keeper
import bstcluster.keeping

if TYPE_CHECKING:
    from collections.abc import Sequence


class ForkedKeeper:
    """What `KeeperProcess` uses of `subprocess.Popen`, without the exec."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        stdin: int,
        stdout: int,
        pass_fds: Sequence[int],
        process_group: int,
    ) -> None:
        del stdin, stdout  # the keeper puts /dev/null there itself
        self._status: int | None = None
        self.pid = os.fork()
        if not self.pid:
            self._become(arguments, pass_fds, process_group)

    @staticmethod
    def _become(arguments: Sequence[str], kept: Sequence[int], group: int) -> NoReturn:
        os.setpgid(0, group)
        low = 3
        for descriptor in sorted(kept):
            os.closerange(low, descriptor)
            low = descriptor + 1
        os.closerange(low, os.sysconf("SC_OPEN_MAX"))
        try:
            bstcluster.keeper.main(list(arguments[arguments.index("bstcluster.keeper") + 1 :]))
        finally:
            os._exit(1)

    def wait(self) -> int:
        """Wait for its end, once."""
        if self._status is None:
            self._status = os.waitpid(self.pid, 0)[1]
        return self._status

    def kill(self) -> None:
        """Kill it."""
        os.kill(self.pid, 9)


class _Processes:
    """Stands in for the module `subprocess` in bstcluster.keeping."""

    DEVNULL = subprocess.DEVNULL
    Popen = ForkedKeeper


def controller() -> NoReturn:
    """Be the controller. Never returns."""
    setattr(bstcluster.keeping, "subprocess", _Processes)  # noqa: B010 - mypy sees a module there
    status = 1
    try:
        status = bstcluster.__main__.main()
    finally:
        sys.stderr.flush()
        os._exit(status)


def warm_up() -> None:
    """Load what every run needs, and leave it out of the collector's work."""
    gc.collect()
    gc.freeze()
