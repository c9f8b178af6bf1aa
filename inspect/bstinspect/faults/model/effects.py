"""What a fault does to its process, in a word."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Final

from bstinspect.faults.fault import ON_MESSAGES

if TYPE_CHECKING:
    from bstinspect.faults.run import Fired

SHORT_NS: Final = 200_000_000
"""A delay that no deadline of the cluster notices: even the deepest node has 250 ms for its part."""
_HARMLESS: Final = frozenset({
    signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH,
})  # fmt: skip
"""Ignored by Python, or by default (signal(7))."""
_OF_TERMINALS: Final = frozenset({signal.SIGHUP, signal.SIGINT})
"""The keeper and the nodes leave these to the controller."""
_STOPPING: Final = frozenset({signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU})
"""They stop nobody whose process group is orphaned (exit(3p)): so they may, or may not."""
_PASSING: Final = frozenset({
    "ping", "ping-reply", "exec", "exec-reply", "numbers", "credit", "cancel", "probe", "probe-reply",
    "failed", "unavailable", "malformed", "create", "create-reply", "forget", "forget-reply", "child-exited",
    "hello",
})  # fmt: skip
"""Messages whose loss concerns nothing but the request that they belong to."""


_EFFECTS: Final = {"kill": "death", "cont": "wake", "disk-full": "want", "no-descriptors": "want"}


def effect(fired: Fired) -> str:
    """Return what a fault does to its process.

    ``death``, ``stop``, ``halt`` (a stop, or nothing), ``pause``, ``nothing``, ``passing`` (only the request
    suffers to which the message belongs), ``want`` (it makes nothing new any more), or ``any``.
    """
    fault, at = fired.injection.fault, fired.injection.at
    if fault.kind == "signal":
        return _effect_of_signal(fault.value, fired.who)
    if fault.kind in ON_MESSAGES and at.message in _PASSING:
        return "passing"
    if fault.kind == "delay":
        return "pause" if fault.value >= SHORT_NS else "nothing"
    if fault.kind == "stop":
        return "pause" if fault.value else "stop"
    return _EFFECTS.get(fault.kind, "any")


def _effect_of_signal(number: int, who: str) -> str:
    if number in _HARMLESS or (number in _OF_TERMINALS and who != "controller"):
        return "nothing"
    return "halt" if number in _STOPPING else "death"
