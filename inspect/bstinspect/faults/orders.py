"""What a conversation that is led step by step is told, and what it answers: one line of JSON each.

An order has one answer, whatever becomes of the cluster. The last order is `End`: its answer is the worker's
(`bstinspect.faults.worker.Answer`), with the whole run.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from bstinspect.faults.fault import Fault  # noqa: TC001 - msgspec reads the types
from bstinspect.faults.run import Fired, Injection, Passed, Reply  # noqa: TC001


class Say(msgspec.Struct, frozen=True, tag=True):
    """Give a command, and wait for its reply."""

    line: str


class Strike(msgspec.Struct, frozen=True, tag=True):
    """Do a fault to a process now, between two commands: ``kill``, ``stop``, ``signal``; or ``cont``."""

    who: str
    """``20``, ``20.1``, ``controller``, ``keeper``."""
    fault: Fault


class Arm(msgspec.Struct, frozen=True, tag=True):
    """Put a fault at a crash point that is still to come."""

    injection: Injection


class Rest(msgspec.Struct, frozen=True, tag=True):
    """Let time pass."""

    nanoseconds: int


class End(msgspec.Struct, frozen=True, tag=True):
    """Close the controller's input, and see how all ends."""


Order: TypeAlias = Say | Strike | Arm | Rest | End


class Told(msgspec.Struct, frozen=True):
    """What came of an order."""

    reply: Reply | None = None
    """Of a `Say`."""
    fired: tuple[Fired, ...] = ()
    """What took effect since the answer before."""
    points: tuple[Passed, ...] = ()
    """Crash points that were passed since the answer before."""
    error: str = ""
    """Why it could not be done."""
