"""The nodes under supervision: what is known of each, and how it is followed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from bstinspect.verdicts import KernelFacts

if TYPE_CHECKING:
    from bstcluster import Member
    from bstinspect.records import Autopsy
    from bstinspect.verdicts import Process


class Watch(Enum):
    """How a node is followed."""

    PTRACE = "ptrace"
    PIDFD = "pidfd"
    OFF = "off"


@dataclass(slots=True)
class Subject:
    """A node under supervision."""

    member: Member
    watch: Watch = Watch.OFF
    refusal: str = ""
    """Why ptrace could not be had; empty where it was not refused."""
    facts: KernelFacts = field(default_factory=KernelFacts)
    autopsy: Autopsy | None = None
    traced: bool = False
    syscalls: tuple[int, ...] | None = None
    announced: bool = False
    removing: bool = False
    ours: dict[int, str] = field(default_factory=dict)
    """Signals that this session itself has sent, and by which command."""
    last_signal: tuple[int, Process] | None = None
    """The last signal seen on its way to the node, and its sender."""
