"""How a run ends, and what it leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.faults.fault import ON_CALLS
from bstinspect.faults.invariants.judging import judged
from bstinspect.faults.invariants.requests import created
from bstinspect.faults.model.belief import AT_ONCE_NS, KEEPER_LIMIT
from bstinspect.faults.model.effects import effect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bstinspect.faults.run import Run

_TRACEBACK: Final = "Traceback (most recent call last)"


def left_behind(run: Run) -> Iterator[str]:
    """Yield what was left behind, by a run that came to its end.

    One that was given up while a command was waiting leaves everything: its evidence is that command.
    """
    if run.trouble and (_is_waiting(run) or _is_frozen(run)):
        return
    alone = _died_alone(run)
    for left in run.left:
        if left.kind == "socket" and not _is_removed(run, left.what.partition(" ")[0]):
            continue
        if left.kind != "file" or not alone:
            yield f"{left.kind} {left.what}"


def ends_well(run: Run) -> Iterator[str]:
    """Yield how the controller's end was not as it should be, where nothing was done to it."""
    if _TRACEBACK in run.stderr and not _was_told_the_impossible(run):
        last = run.stderr.strip().splitlines()[-1]
        yield f"a traceback on standard error: {last[:200]}"
    if any(
        each.who == "controller" and effect(each) not in ("nothing", "passing", "pause") for each in run.fired
    ):
        return
    if run.trouble and not _is_waiting(run):
        yield f"after the last command: {run.trouble}"
    elif not run.trouble and run.status != 0:
        yield f"the controller's wait status is {run.status}"
    took, limit = _time_to_end(run)
    if not run.trouble and took > limit:
        yield f"the end took {took // 1_000_000} ms, {limit // 1_000_000} ms allowed"


def _time_to_end(run: Run) -> tuple[int, int]:
    """Return how long it took from the last reply to the last crash point, and may take, nanoseconds."""
    if not run.replies or not run.points or any(effect(each) == "any" for each in run.fired):
        return 0, 0
    took = run.points[-1].time_ns - run.replies[-1].sent_ns - run.replies[-1].took_ns
    pauses = sum(each.injection.fault.value for each in run.fired if effect(each) in ("pause", "nothing"))
    # A keeper that does not end is killed after a while.
    silent = any(each.who == "keeper" and effect(each) in ("stop", "halt", "pause") for each in run.fired)
    return took, AT_ONCE_NS + pauses + silent * KEEPER_LIMIT


def _was_told_the_impossible(run: Run) -> bool:
    """Tell whether a wait or an exit was made to fail: the kernel never does that (wait(2), _exit(2))."""
    return any(
        each.injection.fault.kind in ON_CALLS and each.injection.at.event in ("wait", "exit")
        for each in run.fired
    )


def _is_waiting(run: Run) -> bool:
    return any(each.reply.line is None for each in judged(run))


def _died_alone(run: Run) -> bool:
    """Tell whether the controller died of a fault when it had no keeper yet, or none any more.

    Then nobody is there to sweep; the next session does it (bstcluster.directory.sweep_stale).
    """
    for fired in run.fired:
        is_end = effect(fired) == "death" or (effect(fired) in ("want", "any") and bool(run.status))
        if fired.who == "controller" and is_end:
            keeper = [
                each for each in run.points if each.at.who == "keeper" and each.time_ns <= fired.time_ns
            ]
            ended = any(each.at.event == "exit" for each in keeper)
            return not keeper or ended or _keeper_is_struck(run)
    return False


def _is_removed(run: Run, who: str) -> bool:
    """Tell whether a process's socket goes with its death, and not with the directory at the end.

    The latter where it never was a node, or a fault has kept its socket from being removed.
    """
    was_node = any(each == who and (run.replies[at].line or "").startswith("Ok") for at, each in created(run))
    return was_node and not any(
        each.injection.at.event == "unlink" and each.injection.fault.kind in ON_CALLS for each in run.fired
    )


def _keeper_is_struck(run: Run) -> bool:
    return any(each.who == "keeper" and effect(each) not in ("nothing", "passing") for each in run.fired)


def _is_frozen(run: Run) -> bool:
    """Tell whether the controller was stopped for good: then nobody can be asked to end."""
    return any(each.who == "controller" and effect(each) in ("stop", "halt") for each in run.fired)
