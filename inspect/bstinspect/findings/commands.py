"""Which message belongs to which command."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from bstinspect.findings.model import CommandFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bstinspect.findings.log import LoggedCommand
    from bstinspect.findings.model import MessageFacts

VERBS: Final = {
    "create": "create", "create-reply": "create", "hello": "create", "exec": "exec", "numbers": "exec",
    "credit": "exec", "exec-reply": "exec", "cancel": "exec", "forget": "kill", "forget-reply": "kill",
    "ping": "pingall", "ping-reply": "pingall",
}  # fmt: skip
"""By a message's kind the command that sends it."""


def command_facts(logged: Iterable[LoggedCommand], at: Callable[[float], int]) -> list[CommandFacts]:
    """Return commands with their times since the capture began; `at` converts seconds since the epoch."""
    return [
        CommandFacts(each.line, at(each.began), None if each.ended is None else at(each.ended), each.reply)
        for each in logged
    ]


def assign(messages: list[MessageFacts], commands: list[CommandFacts], sessions: list[int]) -> None:
    """Say of each message which command it belongs to; `sessions` says when each session began.

    A request's number is first seen while its command runs, and belongs to it from then on; each session
    counts them anew. What has no number belongs to the command that runs, if there is one.
    """
    by_request: dict[int, int] = {}
    taken: set[int] = set()
    later = deque(sessions)
    for message in sorted(messages, key=lambda each: each.when):
        while later and later[0] <= message.when:
            later.popleft()
            by_request.clear()
        verb = VERBS.get(message.kind, "")
        if message.request is None:
            message.command = _running(commands, message.when, verb if message.kind == "hello" else "")
            continue
        if message.request not in by_request:
            index = _running(commands, message.when, verb, taken)
            if index is None:
                continue
            by_request[message.request] = index
            if verb:
                taken.add(index)
        message.command = by_request[message.request]


def _running(commands: list[CommandFacts], when: int, verb: str, taken: set[int] | None = None) -> int | None:
    """Return the first command that was running, of the kind that is asked for, and is not taken."""
    for index, command in enumerate(commands):
        if command.began > when:
            break  # they are in the order of their beginnings
        over = command.ended is not None and command.ended < when
        if over or (verb and command.verb != verb):
            continue
        if taken is None or index not in taken:
            return index
    return None
