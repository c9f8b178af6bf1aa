"""A process that plays one run after the other, and tells of each: a line of JSON in, a line of JSON out.

It is pinned to one CPU: tracer and tracees never run at the same time, and switch fastest there. It runs
without the vDSO, as then do all its forks: so their clocks are ours to show.

    python -P -m bstinspect.faults.worker CPU HOME

HOME is the directory that all workers of a pool have their files in: the last to end takes it away.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, NoReturn

import msgspec

from bstinspect.errors import InspectError, PtraceError
from bstinspect.faults.conversation import Conversation, Lines
from bstinspect.faults.custom import conversation_class
from bstinspect.faults.run import Run, Scenario  # noqa: TC001 - msgspec reads the types
from bstinspect.linux import prctl, ptrace
from bstinspect.linux.waitstatus import WALL

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO


NO_TRACING: Final = 77
"""Our exit status where ptrace(2) is refused."""
_READY: Final = "--without-vdso"


class Task(msgspec.Struct, frozen=True):
    """A run that is asked for."""

    scenario: Scenario
    conversation: Literal["examined", "plain", "directed"] = "examined"
    """``examined``: an examination follows the script (`bstinspect.faults.examination`). ``plain``: none
    does. ``directed``: there is no script, and orders follow (`bstinspect.faults.orders`).
    """


class Answer(msgspec.Struct, frozen=True):
    """What came of a task."""

    run: Run | None
    error: str = ""
    """Why there was none, in one line."""


def main(arguments: list[str]) -> int:
    """Serve until standard input ends; return the exit status."""
    if _READY not in arguments:
        _start_again(arguments)
    from bstinspect.faults.stage.cluster import warm_up

    while _reap():
        pass
    tasks, answers = _pipes()
    cpu = int(arguments[0])
    if cpu >= 0:
        os.sched_setaffinity(0, {cpu})
    prctl.become_subreaper()
    decoder = msgspec.json.Decoder(Task)
    warm_up()
    with contextlib.suppress(BrokenPipeError):  # who started us was killed meanwhile
        for line in tasks:
            task = decoder.decode(line)
            if task.conversation == "directed":
                _direct(task, tasks, answers)
            else:
                _tell(answers, _play(task))
    if arguments[1]:
        with contextlib.suppress(OSError):  # not empty: other workers go on with it
            os.rmdir(arguments[1])  # noqa: PTH106 - as it is
    return 0


def _pipes() -> tuple[BinaryIO, int]:
    """Return our standard input and output; a driver that reads or prints finds others in their place."""
    tasks, answers = os.fdopen(os.dup(0), "rb"), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return tasks, answers


def _play(task: Task) -> Answer:
    from bstinspect.faults.stage.player import play

    return _answer(lambda: play(task.scenario, _conversation(task)))


def _conversation(task: Task) -> Conversation:
    """Return who leads the run. Raises DriverError."""
    script = task.scenario.script
    if task.scenario.driver:
        return conversation_class(task.scenario.driver)(script)
    if task.conversation == "examined":
        from bstinspect.faults.examination import Examination

        return Examination(script)
    return Lines(script)


def _direct(task: Task, orders: BinaryIO, answers: int) -> None:
    from bstinspect.faults.stage.directed import Directed, play_directed

    conversation = Directed(orders, partial(_tell, answers))
    answer = _answer(lambda: play_directed(task.scenario, conversation))
    conversation.finish()
    _tell(answers, answer)


def _answer(play: Callable[[], Run]) -> Answer:
    try:
        return Answer(play())
    except InspectError as error:
        return Answer(None, str(error))
    except OSError as error:
        what = error.strerror or str(error)
        return Answer(None, f"{error.filename}: {what}" if error.filename else what)
    except Exception as error:  # noqa: BLE001 - a driver's defect, or ours, is one line too
        return Answer(None, _described(error))


def _described(error: Exception) -> str:
    """Return what an unexpected exception is, and where it was raised."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({frame.filename}:{frame.lineno})"


def _tell(answers: int, message: msgspec.Struct) -> None:
    data = memoryview(msgspec.json.encode(message) + b"\n")
    while data:  # unbuffered: nothing is left to say when nobody listens any more
        data = data[os.write(answers, data) :]


def _start_again(arguments: list[str]) -> NoReturn:
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
        except PtraceError:
            status = NO_TRACING
        finally:
            os._exit(status)
    os.close(ready)
    if not os.read(go, 1):
        sys.exit(NO_TRACING)
    module = "bstinspect.faults.worker"
    os.execv(sys.executable, [sys.executable, "-P", "-m", module, *arguments, _READY])  # noqa: S606 - ourselves


def _hide_vdso_of(pid: int, ready: int) -> None:
    from bstinspect.faults.stage.clock import hide_vdso

    ptrace.seize(pid, ptrace.PTRACE_O_TRACEEXEC)
    os.write(ready, b"g")
    os.close(ready)
    while True:
        _, status = os.waitpid(pid, WALL)
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
