"""The nodes under supervision: what is known of each, and how it is followed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from bstinspect.verdicts import KernelFacts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bstcluster import Member
    from bstinspect.faults.address import Address
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
    armed: Address | None = None
    """The crash point at which it is to be killed."""
    removing: bool = False
    ours: dict[int, str] = field(default_factory=dict)
    """Signals that this session itself has sent, and by which command."""
    last_signal: tuple[int, Process] | None = None
    """The last signal seen on its way to the node, and its sender."""


class Subjects:
    """All subjects: by the node's life, and by pid.

    A dead node stays in the tree while its pid may be given to somebody else: the latest owner of a pid is
    the one that a tracer's record means.
    """

    def __init__(self) -> None:
        self._by_life: dict[tuple[int, int], Subject] = {}
        self._by_pid: dict[int, Subject] = {}

    def __iter__(self) -> Iterator[Subject]:
        return iter(self._by_life.values())

    def of(self, member: Member) -> Subject:
        """Return what is known of a node; a new one is taken in."""
        subject = self._by_life.get((member.node, member.life))
        if subject is None:
            subject = Subject(member)
            self._by_life[member.node, member.life] = self._by_pid[member.pid] = subject
        return subject

    def known(self, member: Member) -> Subject | None:
        """Return what is known of a node, or None."""
        return self._by_life.get((member.node, member.life))

    def at(self, pid: int) -> Subject | None:
        """Return whose pid this is."""
        return self._by_pid.get(pid)

    def remove(self, member: Member) -> None:
        """Forget a node."""
        subject = self._by_life.pop((member.node, member.life), None)
        if subject is not None and self._by_pid.get(member.pid) is subject:
            del self._by_pid[member.pid]
