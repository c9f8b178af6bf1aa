"""Why a node is unreachable: the message plane and the kernel plane joined into one verdict. No I/O.

The message plane says which subtrees did not answer a pingall; the kernel plane says what became of each
process: its end, its stops, what its main thread sits in, who traces it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from bstinspect.decode.names import describe_status, signal_name

if TYPE_CHECKING:
    from bstcluster.topology import Tree


class Kind(Enum):
    """The kinds of verdict."""

    ALIVE = "alive"
    KILLED = "dead"
    EXITED = "exited"
    STOPPED = "stopped"
    HUNG = "hung"
    TRACED = "unknown"
    ORPHANED = "orphaned"
    CUT_OFF = "cut off"


@dataclass(frozen=True, slots=True)
class Process:
    """A process as far as it could be named."""

    pid: int
    """0 for the kernel itself."""
    name: str = ""
    uid: int | None = None
    ours: str = ""
    """The command of this session that made it act, for example ``crash``; empty for outsiders."""

    def __str__(self) -> str:
        if self.ours:
            return f"this session ({self.ours})"
        if self.pid == 0:
            return self.name
        known = [self.name] if self.name else []
        if self.uid is not None:
            known.append(f"uid {self.uid}")
        return f"pid {self.pid}" + (f" ({', '.join(known)})" if known else "")


@dataclass(slots=True)
class KernelFacts:
    """What the kernel has told of one node's process. Times are CLOCK_MONOTONIC nanoseconds."""

    died_at: int | None = None
    status: int | None = None
    """Wait status; None while it lives, or where nobody could read it."""
    sender: Process | None = None
    """Who sent the signal that killed it, where known."""
    stopped_at: int | None = None
    stop_signal: int = 0
    stopper: Process | None = None
    state: str = "?"
    """Its state letter in /proc/PID/stat (proc(5))."""
    syscall: str = ""
    """The syscall that its main thread sits in; empty when it runs."""
    foreign_tracer: Process | None = None
    silent_since: int | None = None
    """Since when it does not answer."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a node, and the node that is to blame (itself, or an ancestor)."""

    node: int
    kind: Kind
    text: str
    blame: int
    facts: KernelFacts = field(repr=False)

    def __str__(self) -> str:
        return f"{self.node}: {self.text}"


def judge(node: int, tree: Tree, facts: dict[int, KernelFacts], cut: frozenset[int], now: int) -> Verdict:
    """Return the verdict on `node`.

    `cut` holds the tops of the subtrees that did not answer the last pingall. A node's own state comes first;
    then the nearest ancestor that is dead, stopped or silent.
    """
    own = facts[node]
    verdict = _own_verdict(node, own, now, silent=node in cut)
    if verdict is not None:
        return verdict
    for ancestor in reversed(tree.path(node)[:-1]):
        above = _own_verdict(ancestor, facts[ancestor], now, silent=ancestor in cut)
        if above is None:
            continue
        if above.kind in (Kind.KILLED, Kind.EXITED):
            return Verdict(node, Kind.ORPHANED, f"orphaned: ancestor {ancestor} is dead", ancestor, own)
        reason = f"cut off: ancestor {ancestor} is {above.kind.value}"
        return Verdict(node, Kind.CUT_OFF, reason, ancestor, own)
    return Verdict(node, Kind.ALIVE, "alive", node, own)


def _own_verdict(node: int, facts: KernelFacts, now: int, *, silent: bool) -> Verdict | None:
    """Return what is wrong with the node itself, or None."""
    if facts.died_at is not None:
        return _death(node, facts, ago(now - facts.died_at))
    if facts.stopped_at is not None:
        by = f" by {facts.stopper}" if facts.stopper else ""
        text = f"stopped ({signal_name(facts.stop_signal)}){by}, {ago(now - facts.stopped_at)}"
        return Verdict(node, Kind.STOPPED, text, node, facts)
    if facts.foreign_tracer is not None and silent:
        tracer = facts.foreign_tracer
        text = f"unknown: traced by {tracer.name or '?'} (pid {tracer.pid})"
        return Verdict(node, Kind.TRACED, text, node, facts)
    if not silent:
        return None
    if facts.state in ("T", "t"):
        return Verdict(node, Kind.STOPPED, "stopped", node, facts)
    place = f"in {facts.syscall}" if facts.syscall else "running in user space"
    since = f", {_seconds(now - facts.silent_since)}" if facts.silent_since is not None else ""
    return Verdict(node, Kind.HUNG, f"hung: {place}{since}", node, facts)


def _death(node: int, facts: KernelFacts, when: str) -> Verdict:
    if facts.status is None:
        return Verdict(node, Kind.KILLED, f"dead, {when}", node, facts)
    end = describe_status(facts.status)
    if os.WIFEXITED(facts.status):
        return Verdict(node, Kind.EXITED, f"{end}, {when}", node, facts)
    return Verdict(node, Kind.KILLED, f"dead: {end}, {when}, {sender_text(facts)}", node, facts)


def sender_text(facts: KernelFacts) -> str:
    """Say who killed it."""
    return f"by {facts.sender}" if facts.sender else "sender unknown"


def ago(nanoseconds: int) -> str:
    """Say how long ago something was, for example ``3.2 s ago``."""
    return f"{_seconds(nanoseconds)} ago"


def _seconds(nanoseconds: int) -> str:
    seconds = max(0, nanoseconds) / 1e9
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes = int(seconds // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
