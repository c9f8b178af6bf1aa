"""Requests and their replies in a run's transcript, matched by number."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from bstinspect.faults.model.effects import effect
from bstinspect.faults.model.language import read
from bstinspect.faults.model.striking import SETTLED_NS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bstinspect.faults.run import Run, Sent

_REQUESTS: Final = frozenset({"create", "exec", "ping", "forget", "probe"})
_REPLIES: Final = frozenset(
    {"create-reply", "exec-reply", "ping-reply", "forget-reply", "probe-reply", "failed", "unavailable"}
)
_NUMBER: Final = re.compile("#([0-9]+)", re.ASCII)


def check(run: Run) -> Iterator[str]:
    """Yield the requests of the controller that have two replies, or none although nothing was in flight.

    One reply too many may be the fault itself, where it sends a message twice. One too few may be the fault's
    doing in the command in flight; and later, where it may have broken a connection for good.
    """
    asked = _by_number(
        each for each in run.messages if each.sender == "controller" and each.name in _REQUESTS
    )
    replies = _by_number(
        each for each in run.messages
        if each.receiver == "controller" and each.received_ns is not None and each.name in _REPLIES
    )  # fmt: skip
    doubled = {each.command for each in run.fired if each.injection.fault.kind == "twice"}
    streams = set(_by_number(each for each in run.messages if each.name == "numbers"))
    hit = {each.command for each in run.fired if effect(each) != "nothing"}
    broken = min((each.command for each in run.fired if effect(each) in ("any", "pause")), default=None)
    for number, sent in asked.items():
        request = sent[0]
        got = replies.get(number, [])
        # A stream's chunks may each be refused; the first of these ends it, the others are dropped.
        if len(got) > 1 and request.command not in doubled and number not in streams:
            counted = Counter(each.name for each in got)
            told = ", ".join(f"{count} {name}" for name, count in sorted(counted.items()))
            yield f"{request.text}: {told}"
        excused = request.command in hit or (broken is not None and request.command >= broken)
        if not got and not excused and _is_answered(run, request.command):
            yield f"{request.text}: no reply, and nothing happened to its command"


def unwanted(run: Run) -> Iterator[str]:
    """Yield the processes that answer requests after the create that made them was answered with an error.

    Where a fault has broken a message or a call, nobody may know that there is such a process. Nor does the
    controller before a late reply to the create has come, after which the process is killed.
    """
    if any(effect(each) in ("passing", "any") for each in run.fired):
        return
    for index, who in created(run):
        reply = run.replies[index]
        if not (reply.line or "").startswith("Error"):
            continue
        known_ns = _known_ns(run, index)
        late = [
            each for each in run.messages
            if each.sender == who and each.command > index and each.time_ns > known_ns
            and each.name in _REPLIES
        ]  # fmt: skip
        if late:
            yield f"command {index + 1}, {reply.command}: {reply.line}, but {who} sends {late[0].text} later"


def created(run: Run) -> Iterator[tuple[int, str]]:
    """Yield each create that was tried: which command it was, and its process's name, whatever came of it."""
    lives: Counter[int] = Counter()
    for index, reply in enumerate(run.replies):
        command = read(reply.command)
        if command.name == "create" and not command.answer and reply.line != "Error: Already exists":
            lives[command.node] += 1
            yield index, f"{command.node}.{lives[command.node]}"


def _known_ns(run: Run, command: int) -> int:
    """Return when the process was known of a create whose reply came late; 0 where it never did."""
    asked = _by_number(
        each for each in run.messages
        if each.sender == "controller" and each.name == "create" and each.command == command
    )  # fmt: skip
    came = _by_number(
        each for each in run.messages if each.receiver == "controller" and each.name == "create-reply"
    )
    late = [each.received_ns for number in asked for each in came.get(number, ()) if each.received_ns]
    return max(late) + SETTLED_NS if late else 0


def _by_number(messages: Iterator[Sent]) -> dict[int, list[Sent]]:
    found: dict[int, list[Sent]] = defaultdict(list)
    for each in messages:
        number = _NUMBER.search(each.text)
        if number is not None:
            found[int(number[1])].append(each)
    return found


def _is_answered(run: Run, command: int) -> bool:
    """Tell whether the command has a reply: one that has none is told of elsewhere."""
    return 0 <= command < len(run.replies) and run.replies[command].line is not None
