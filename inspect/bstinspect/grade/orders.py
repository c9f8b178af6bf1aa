"""What is said between a run and its tracer. Only data, JSON on a socket."""

from __future__ import annotations

import msgspec


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the tracer is told: to seize a process, or to arm a point of one; it answers each order."""

    seize: int = 0
    arm: int = 0
    event: str = ""
    connection: int = 0
    ordinal: int = 0
    """Counted from now on."""
    when: str = ""
    signal: int = 0


class Seen(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the tracer tells: a call at a message, one that was denied, or that an order is carried out."""

    done: bool = False
    ordinal: int = 0
    """Of the point that was armed, counted from the process's start."""
    denied: str = ""
    passed: tuple[int, str, int, int, str] | None = None
    """Process, event, connection, ordinal, entry or exit."""
    fired: bool = False
    trouble: str = ""
