"""Where and how a capture was made: from its first record, and from the session's log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bstinspect.findings.model import DeathFacts, Environment
from bstinspect.findings.reading import sha256

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.findings.log import Log
    from bstinspect.findings.model import CommandFacts, ProcessFacts
    from bstinspect.findings.reading import Source
    from bstinspect.records import CaptureStart


def environment(
    start: CaptureStart, source: Source, size: int, log: Log, processes: list[ProcessFacts]
) -> Environment:
    """Return what is known before anything is counted; `size` bytes were read. Raises OSError."""
    facts = log.facts
    cpus = facts.get("cpus")
    arguments = facts.get("arguments", "")
    lines = [str(arguments)] if arguments else []
    lines += [each.arguments for each in processes if each.arguments][:1] if not lines else []
    return Environment(
        started=start.realtime / 1e9,
        machine=start.machine,
        kernel=str(facts.get("kernel") or start.kernel),
        cpus=cpus if isinstance(cpus, int) and cpus > 0 else start.cpus,
        bstrace=str(facts.get("bstrace", "")),
        python=str(facts.get("python", "")),
        libzmq=str(facts.get("libzmq", "")),
        recorder=start.recorder,
        arguments=lines,
        capture=source.capture.name,
        capture_bytes=size,
        capture_sha256=sha256(source.capture, size),
    )


def told_deaths(
    seen: list[DeathFacts], log: Log, commands: list[CommandFacts], at: Callable[[float], int]
) -> list[DeathFacts]:
    """Return the deaths that a session told of, or those of processes that are none of its nodes."""
    if not log.deaths:
        nodes = {each.pid for each in log.created}
        return [each for each in seen if each.pid not in nodes]
    by_pid = {each.pid: each for each in seen}
    found = []
    for told in log.deaths:
        death = by_pid.get(told.pid) or DeathFacts(told.pid, at(told.at), 9)
        death.node, death.sender = told.node, told.sender
        death.unreachable = sorted(told.unreachable)
        end = min((at(began) for began in log.sessions if began > told.at), default=None)
        answer = next(
            (each for each in commands if each.verb == "pingall" and each.began >= death.when), None
        )
        if answer is not None and (end is None or answer.began < end):
            death.answered, death.answered_at = answer.reply, answer.ended
            death.cut_off = _cut_off(log, told.at, answer.began, at)
        found.append(death)
    return found


def _cut_off(log: Log, told: float, until: int, at: Callable[[float], int]) -> list[int]:
    """Return what the deaths of a session have made unreachable until then, and nobody brought back."""
    back = [*((each.at, each.node) for each in log.created), *log.removed]
    found: set[int] = set()
    for death in log.deaths:
        if log.session(death.at) == log.session(told) and at(death.at) <= until:
            found.update(death.unreachable)
            found -= {node for when, node in back if death.at < when and at(when) <= until}
    return sorted(found)
