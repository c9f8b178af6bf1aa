"""A run's replies, each against what the plain model allowed at that time."""

from __future__ import annotations

import functools

import msgspec

from bstinspect.faults.model.belief import Belief, Judgement
from bstinspect.faults.run import Fired, Reply, Run  # noqa: TC001 - msgspec reads the types


class Judged(msgspec.Struct, frozen=True):
    """A reply, and what is to be said of it."""

    index: int
    reply: Reply
    faults: tuple[Fired, ...]
    """Those that took effect while it was waited for."""
    judgement: Judgement

    def __str__(self) -> str:
        allowed = " | ".join(map(str, self.judgement.allowed))
        return f"{self.asked}: {shown(self.reply.line)}, not {allowed}"

    @property
    def asked(self) -> str:
        """The command and which it was, counted from 1."""
        return f"command {self.index + 1}, {self.reply.command[:60]}"


@functools.lru_cache(maxsize=2)  # each invariant asks for the same
def judged(run: Run) -> tuple[Judged, ...]:
    """Return the replies of `run` up to the first that never came."""
    belief, found = Belief(), list[Judged]()
    for index, reply in enumerate(run.replies):
        faults = in_flight(run, index)
        judgement = belief.answered(reply.command, reply.line, faults, reply.sent_ns)
        found.append(Judged(index, reply, faults, judgement))
        if reply.line is None:
            break
    return tuple(found)


def in_flight(run: Run, index: int) -> tuple[Fired, ...]:
    """Return the faults that took effect while the reply `index` was waited for, in their order.

    What happens before the first command belongs to it, and what happens after the last one to none.
    """
    faults = tuple(each for each in run.fired if max(each.command, 0) == index)
    reply = run.replies[index]
    if reply.line is None or index < len(run.replies) - 1:
        return faults
    return tuple(each for each in faults if each.time_ns <= reply.sent_ns + reply.took_ns)


def shown(line: str | None) -> str:
    """Return a reply for a person."""
    return "no reply" if line is None else repr(line[:100])
