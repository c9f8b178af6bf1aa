"""What goes over the tracer's control socket: one msgpack message a SOCK_SEQPACKET datagram.

Towards the tracer go requests; back come `Done`, once for each, and the records of what happens (of the
syscalls only those that send a signal; the capture file has all). Request number 0 is never sent:
``Done(0, True)`` is the tracer's hello.
"""

from __future__ import annotations

import os
from typing import Final, TypeAlias

import msgspec

from bstinspect.faults.address import Address  # noqa: TC001 - msgspec reads the types
from bstinspect.records import (
    Attached,
    Autopsy,
    Detached,
    Executed,
    Exited,
    Exiting,
    GroupContinue,
    GroupStop,
    Lost,
    Record,
    SignalDelivery,
    Spawned,
    SyscallEntry,
)

HELLO: Final = 0
MAX_MESSAGE: Final = 1 << 20
"""No datagram is longer, in bytes."""


SENDS: Final[dict[int, int]] = {
    "x86_64": {62: 1, 200: 1, 234: 2},
    "aarch64": {129: 1, 130: 1, 131: 2},
}.get(os.uname().machine, {})
"""kill, tkill and tgkill, and which argument is the signal; argument 0 is the pid or tgid (tid for tkill)."""


class Request(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Base of the requests; `request` comes back in `Done`."""

    request: int


class Seize(Request, frozen=True):
    """Attach to all threads of a process, and to what they fork later."""

    pid: int


class Release(Request, frozen=True):
    """Let a process go: it runs on, or stays stopped."""

    pid: int


class Trace(Request, frozen=True):
    """Switch the tracing of a process's syscalls on or off while it runs.

    `syscalls` are the numbers to record, None for all. With `follow`, what it forks later is traced as well.
    """

    pid: int
    on: bool
    syscalls: tuple[int, ...] | None = None
    follow: bool = False


class Arm(Request, frozen=True):
    """Have a process killed at a crash point, counted from now on; None: no longer."""

    pid: int
    at: Address | None


class Heartbeat(Request, frozen=True):
    """Ask for a sign of life."""


class Done(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The answer to a request. `errno` is 0 where the failure is none of the kernel's."""

    request: int
    ok: bool
    errno: int = 0
    message: str = ""


class Reached(Record, frozen=True, tag="Reached"):
    """A process is at the point that a crash waited for, and is killed now. It is in no capture."""

    pid: int
    at: str


AnyRequest: TypeAlias = Seize | Release | Trace | Arm | Heartbeat
Event: TypeAlias = (
    Attached
    | Detached
    | SignalDelivery
    | GroupStop
    | GroupContinue
    | Spawned
    | Executed
    | Exiting
    | Exited
    | Autopsy
    | Lost
    | SyscallEntry
    | Reached
)
"""The records that the supervisor gets at once; of the syscalls only those that send a signal."""
Reply: TypeAlias = Done | Event
