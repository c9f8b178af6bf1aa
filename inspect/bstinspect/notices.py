"""The lines that a person is shown when something happens to a node. No I/O."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from bstinspect.decode.names import describe_status, signal_name
from bstinspect.verdicts import KernelFacts, sender_text

if TYPE_CHECKING:
    from bstcluster import Member

_LISTED: Final = 20


def death(member: Member, facts: KernelFacts, below: list[int]) -> str:
    """Say that a node is dead; `below` are the ids that it cut off."""
    text = f"{_named(member)} "
    if facts.status is None:
        text += "is dead"
    elif os.WIFSIGNALED(facts.status):
        text += f"was {describe_status(facts.status)}, {sender_text(facts)}"
    else:
        text += describe_status(facts.status)
    return text + (f"; unreachable below it: {_joined(sorted(below))}" if below else "")


def stop(member: Member, facts: KernelFacts) -> str:
    """Say that a node was stopped."""
    by = f" by {facts.stopper}" if facts.stopper else ""
    return f"{_named(member)} was stopped by {signal_name(facts.stop_signal)}{by}"


def again(member: Member) -> str:
    """Say that a stopped node runs again."""
    return f"{_named(member)} runs again"


def _named(member: Member) -> str:
    return f"node {member.node} (pid {member.pid})"


def _joined(nodes: list[int]) -> str:
    """Join ids; a long list is cut, for a notice is one line."""
    shown = ";".join(map(str, nodes[:_LISTED]))
    return shown if len(nodes) <= _LISTED else f"{shown};... ({len(nodes)} in all)"
