"""Plays runs on a copy of bstcluster, in place of the one that is installed."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING, Final, Self

import msgspec

from bstinspect.faults.explore import verdict
from bstinspect.faults.invariants import OURS
from bstinspect.faults.pool import Pool
from bstinspect.faults.run import Outcome, Run  # noqa: TC001 - msgspec reads the types
from bstinspect.faults.worker import Task

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from bstinspect.faults.run import Scenario

_START: Final = '''\
"""Read at the start of a worker (site): what judges is the sound code, what is judged is the copy."""
import sys

if "--without-vdso" in sys.orig_argv:
    import bstinspect.faults.examination

    for name in [name for name in sys.modules if name.partition(".")[0] == "bstcluster"]:
        del sys.modules[name]
    sys.path.insert(0, {!r})
'''
_MS: Final = 1_000_000
_PID: Final = re.compile(r"\b(?:pid|process) \d+")


class Copy:
    """A copy of the package with one file changed, and a worker that plays it."""

    def __init__(self, package: Path, home: Path, file: str = "", source: str = "") -> None:
        """Copy `package` below `home`, a directory that is ours."""
        self._home = home
        self.package = home / "copy" / package.name
        shutil.copytree(package, self.package, ignore=shutil.ignore_patterns("__pycache__"))
        if file:
            (self.package / file).write_text(source, encoding="utf-8")
        (home / "sitecustomize.py").write_text(_START.format(str(home / "copy")), encoding="utf-8")
        path = os.pathsep.join(filter(None, (str(home), os.environ.get("PYTHONPATH"))))
        environment = {**os.environ, "PYTHONPATH": path}
        self._pool = Pool(1, environment)

    def __enter__(self) -> Self:
        """Start nothing before it is needed."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the worker, and remove the copy."""
        self._pool.close()
        shutil.rmtree(self._home, ignore_errors=True)

    def play(self, scenario: Scenario) -> Played:
        """Play a scenario, and judge it."""
        answer = self._pool.play(Task(scenario))
        if answer.run is None:
            return Played(None, None, answer.error)
        return Played(answer.run, verdict(answer.run, OURS), "")


class Played(msgspec.Struct, frozen=True):
    """What came of a scenario."""

    run: Run | None
    outcome: Outcome | None
    error: str
    """Why there is no run."""

    @property
    def violated(self) -> tuple[str, str] | None:
        """The first invariant that does not hold, and the evidence; None where all do.

        A crash point that is named, and never comes, fails as well (`Outcome.is_sound`): ``fault-fires``.
        """
        if self.outcome is None:
            return "harness", self.error
        if self.outcome.violations:
            return self.outcome.violations[0].invariant, self.outcome.violations[0].text
        return ("fault-fires", self.outcome.error) if self.outcome.error else None

    @property
    def outside(self) -> list[str]:
        """What a user can see, a line each: replies and their times, the end, and what is left behind."""
        if self.run is None:
            return [self.error]
        lines = [f"{each.command[:80]} -> {each.line} {each.took_ns // _MS} ms" for each in self.run.replies]
        lines += [f"left: {each.kind} {each.what}" for each in self.run.left]
        lines += [f"the end: {self.run.status} {self.run.trouble}", *self.run.stderr.splitlines()]
        return [_PID.sub("PID", line) for line in lines]

    @property
    def inside(self) -> list[str]:
        """What only the cluster sees, a line each: crash points in their order, and messages."""
        if self.run is None:
            return [self.error]
        messages = [
            f"{each.sender} to {each.receiver}: {each.text}{'' if each.received_ns is None else ', received'}"
            for each in self.run.messages
        ]
        return [*(str(each.at) for each in self.run.points), *messages]
