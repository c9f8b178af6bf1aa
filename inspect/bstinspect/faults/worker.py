"""A process that plays one run after the other, and tells of each: a line of JSON in, a line of JSON out.

It is pinned to one CPU: tracer and tracees never run at the same time, and switch fastest there. It runs
without the vDSO, as then do all its forks: so their clocks are ours to show.

    python -P -m bstinspect.faults.worker CPU
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Final

import msgspec

from bstinspect.errors import InspectError
from bstinspect.faults.conversation import Conversation, Lines
from bstinspect.faults.run import Run, Scenario
from bstinspect.linux import prctl, ptrace

_READY: Final = "--without-vdso"


class Task(msgspec.Struct, frozen=True):
    """A run that is asked for."""

    scenario: Scenario
    examine: bool = True
    """Whether an examination follows the script (`bstinspect.faults.examination`)."""


class Answer(msgspec.Struct, frozen=True):
    """What came of a task."""

    run: Run | None
    error: str = ""
    """Why there was none, in one line."""


def main(arguments: list[str]) -> int:
    """Serve until standard input ends; return the exit status."""
    if _READY not in arguments:
        return _start_again(arguments)
    from bstinspect.faults.stage.cluster import warm_up
    from bstinspect.faults.stage.player import play

    while _reap():
        pass
    cpu = int(arguments[0])
    if cpu >= 0:
        os.sched_setaffinity(0, {cpu})
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started us says when it is over
    prctl.become_subreaper()
    decoder, encoder = msgspec.json.Decoder(Task), msgspec.json.Encoder()
    warm_up()
    for line in sys.stdin.buffer:
        task = decoder.decode(line)
        try:
            answer = Answer(play(task.scenario, _conversation(task)))
        except (OSError, InspectError) as error:
            answer = Answer(None, f"{type(error).__name__}: {error}")
        sys.stdout.buffer.write(encoder.encode(answer) + b"\n")
        sys.stdout.buffer.flush()
    return 0


def _conversation(task: Task) -> Conversation:
    if not task.examine:
        return Lines(task.scenario.script)
    from bstinspect.faults.examination import Examination

    return Examination(task.scenario.script)


def _start_again(arguments: list[str]) -> int:
    """Become the same program, without the vDSO: a child attaches, waits for the exec, and hides it."""
    go, ready = os.pipe()
    parent = os.getpid()
    prctl.allow_any_tracer()
    child = os.fork()
    if not child:
        status = 1
        try:
            os.close(go)
            _hide_vdso_of(parent, ready)
            status = 0
        finally:
            os._exit(status)
    os.close(ready)
    if not os.read(go, 1):
        print("bstrace: the faults' stage needs ptrace, and it is refused here", file=sys.stderr)
        return 1
    module = "bstinspect.faults.worker"
    os.execv(sys.executable, [sys.executable, "-P", "-m", module, *arguments, _READY])  # noqa: S606 - ourselves


def _hide_vdso_of(pid: int, ready: int) -> None:
    from bstinspect.faults.stage.clock import hide_vdso

    ptrace.seize(pid, ptrace.PTRACE_O_TRACEEXEC)
    os.write(ready, b"g")
    os.close(ready)
    while True:
        _, status = os.waitpid(pid, 0x40000000)
        if status >> 16 == ptrace.PTRACE_EVENT_EXEC:
            hide_vdso(pid)
            ptrace.detach(pid)
            return
        ptrace.cont(pid, status >> 8 & 0xFF)


def _reap() -> bool:
    try:
        return os.waitpid(-1, 0)[0] > 0
    except ChildProcessError:
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
