"""Co-location: the tracer and the threads that it traces call by call share one CPU.

They never run at the same time, so a second CPU only adds a wake-up across CPUs to each stop. Nobody shall
notice: each thread's own mask is kept, and given back when it is let go, or when they are let go all together
because several compute side by side (see `contention`); children and threads that are not traced get theirs
before they run; a program that asks for a mask is told the thread's own; a program that sets one has it from
then on; and where the tracer is killed, a guardian gives the masks back.

Where one of these cannot be had, a process is not pinned: with a mask that has not our CPU, of another user,
with a real-time policy (it would not let the tracer run), once it makes calls of another architecture (i386)
or clones with CLONE_UNTRACED.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from bstinspect.capture import contention
from bstinspect.capture.affinity_calls import CALLS, AffinityCalls
from bstinspect.capture.guardian import Guardian, Pin
from bstinspect.linux import affinity, proc

if TYPE_CHECKING:
    from bstinspect.capture.tracee import Process, Thread


class Member(msgspec.Struct, eq=False):
    """A thread that is traced call by call."""

    thread: Thread
    own: frozenset[int] | None = None
    """Its own mask, where it is pinned or was."""
    at: frozenset[int] = frozenset()
    """The CPU that it is pinned to, or was."""
    pinned: bool = False
    slot: int = -1
    """Its place in the guardian's table."""
    bound: bool = False
    """It has a mask that a tracee has set; up to its next execve it is not pinned again."""
    waited_ns: int = 0
    """How long it had waited for a CPU at the last look."""


class Colocation:
    """Who shares the tracer's CPU."""

    def __init__(self, statuses: dict[int, int | None], cpu: int = -1) -> None:
        """`statuses` get the wait statuses of the tracer's children; those in it now get the other CPUs.

        `cpu` is taken where everybody may use it; -1 for the one where the tracer is just then.
        """
        self._preferred = cpu
        self._statuses = statuses
        self._helpers = tuple(statuses)
        """Processes that turn records into text, beside the tracer."""
        self._mine = affinity.mask(0) or frozenset()
        self._shared: frozenset[int] = frozenset()
        """The one CPU; empty while nobody is pinned."""
        self.members: dict[int, Member] = {}
        self._pinned = 0
        self._barred: set[int] = set()
        self._guardian: Guardian | None = None
        self._able = len(self._mine) > 1 and bool(CALLS) and contention.waits_are_told()
        """Where not, nothing is ever done."""
        self._together = self._able
        self._over = False
        self._sampler = contention.Sampler()
        self.calls = AffinityCalls(self)

    # -- who comes and goes

    def join(self, thread: Thread, parent: int = 0) -> None:
        """Pin a thread that is traced call by call from now on.

        `parent` is the tid of the tracee, or tracer, that has just started it; 0 where it ran by itself.
        """
        if not self._able or thread.tid in self.members:
            return
        member = self.members[thread.tid] = Member(thread)
        inherited = self._inherited(thread.tid, parent) if parent else None
        if not parent:
            member.waited_ns = affinity.waited_ns(thread.process.pid, thread.tid) or 0
        elif thread.tid == thread.process.pid:
            self._sampler.born(thread.tid)
        self._pin(member, inherited)
        if inherited and not member.pinned:
            affinity.set_mask(thread.tid, inherited)

    def free_child(self, child: int, parent: int) -> None:
        """Give a child that is not traced its own mask, that of its parent, before it runs."""
        own = self._inherited(child, parent) if self._able else None
        if own:
            affinity.set_mask(child, own)

    def leave(self, tid: int) -> None:
        """Give a thread its mask back: it is not traced call by call any more."""
        member = self.members.get(tid)
        if member is not None:
            self._unpin(member)
            self.gone(tid)

    def gone(self, tid: int) -> None:
        """Forget a thread that is dead, or has left."""
        member = self.members.pop(tid, None)
        if member is None:
            return
        self._barred.discard(tid)
        self.calls.forget(tid)
        self._take_out(member)
        self._settle()

    def exiting(self, thread: Thread) -> None:
        """A thread is about to end. Where it is a process's last, what that has used is counted now."""
        member = self.members.get(thread.tid)
        if member is not None and all(other.exiting for other in thread.process.threads.values()):
            self._sampler.ended(member)

    def executed(self, thread: Thread, former: int) -> None:
        """A new program: what the old one did to its mask is over, and the caller has the process's tid."""
        caller, member = self.members.get(former), self.members.get(thread.tid)
        if member is None:
            return
        self._barred.discard(thread.process.pid)
        if caller is not None and caller is not member:
            self._take_out(member)
            member.own, member.at = caller.own, caller.at
            self._pin(member, caller.own if caller.pinned else None)
            self.gone(former)
        member.bound = False
        self._pin(member)
        self._settle()

    def descended(self, child: int, parent: int) -> None:
        """Learn who has started a thread that came before its parent's event; until now that was a guess."""
        member, source = self.members.get(child), self.members.get(parent)
        if member and member.pinned and source and source.own and member.own != source.own:
            self._take_out(member)
            self._pin(member, source.own)

    def end(self) -> None:
        """Give everybody's mask back, the tracer's as well, and pin nobody any more."""
        self._over = True
        self._part()

    def close(self) -> None:
        """End it, and the guardian."""
        self.end()
        guardian, self._guardian = self._guardian, None
        if guardian is not None:
            guardian.dismiss(reaped=self._statuses.get(guardian.pid) is not None)

    def bind(self, member: Member) -> None:
        """Give a thread its mask back: it is about to get another one from a tracee, which it keeps."""
        self._unpin(member)
        member.bound, member.own = True, None
        self._settle()

    def bar(self, process: Process) -> None:
        """Pin no thread of a process before its next execve."""
        if process.pid not in self._barred:
            self._barred.add(process.pid)
            for tid in process.threads:
                if tid in self.members:
                    self._unpin(self.members[tid])
            self._settle()

    # -- together or not

    @property
    def due_ns(self) -> int:
        """When to call `tick` while stops come (CLOCK_MONOTONIC, nanoseconds); 0 for never."""
        return self._sampler.due_ns if self.members and not self._over else 0

    @property
    def patience_ns(self) -> int:
        """How long to wait for a stop before `tick` is due, nanoseconds; -1 for ever."""
        return max(self._sampler.latest_ns - time.monotonic_ns(), 0) if self._pinned else -1

    def tick(self) -> None:
        """Where it is due, see whether to stay together, or to come together again."""
        if not self.members or time.monotonic_ns() < self._sampler.due_ns:
            return
        if self._guardian is not None and self._statuses.get(self._guardian.pid) is not None:
            self.end()  # nobody would undo it for us
        members = self.members.values()
        if self._pinned:
            if self._sampler.crowded(members, len(self._mine)):
                self._part()
        elif not self._over and not self._together and self._sampler.calm(members):
            self._together = True
            for member in members:
                self._pin(member)

    # -- inside

    def _inherited(self, child: int, parent: int) -> frozenset[int] | None:
        """Return the own mask of a child that has inherited a pin; None where it has not."""
        source = self.members.get(parent)
        mask = affinity.mask(child)
        if source is None:  # it is gone, or the tracer itself
            return self._mine if mask == self._shared else None
        if source.own is None or mask != source.at or (not source.pinned and affinity.mask(parent) == mask):
            return None
        return source.own

    def _pin(self, member: Member, own: frozenset[int] | None = None) -> None:
        """Pin a thread, if that is to be; `own` is its own mask where it has inherited a pin."""
        tid, process = member.thread.tid, member.thread.process
        member.own = own or member.own
        if member.pinned or member.bound or not self._together or process.filtered or not process.tracing:
            return
        own = own or affinity.mask(tid)
        if (
            not own
            or process.pid in self._barred
            or affinity.is_real_time(tid)
            or not (self._shared or self._choose(own))
        ):
            return
        if self._shared <= own:
            member.own, member.at = own, self._shared
            if own == self._shared or self._enter(member, own):
                member.pinned = True
                self._pinned += 1
        self._settle()

    def _enter(self, member: Member, own: frozenset[int]) -> bool:
        """Write a thread into the guardian's table, then pin it; say whether it is."""
        facts = proc.stat(member.thread.tid)
        if facts is None or self._guardian is None:
            return False
        (cpu,) = self._shared
        member.slot = self._guardian.table.add(Pin(member.thread.tid, cpu, own, facts.start_ticks))
        if member.slot >= 0 and affinity.set_mask(member.thread.tid, self._shared):
            return True
        self._take_out(member)
        return False

    def _choose(self, own: frozenset[int]) -> bool:
        """Go to a CPU that the tracer and its first member may both use: the preferred, or where it is."""
        both = self._mine & own
        if not both or not self._guarded():
            return False
        here = affinity.here()
        shared = frozenset({next((cpu for cpu in (self._preferred, here) if cpu in both), min(both))})
        if not affinity.set_mask(0, shared):
            return False
        self._shared = shared
        for pid in self._helpers:
            if self._statuses[pid] is None:
                affinity.replace(pid, self._mine, self._mine - shared)
        return True

    def _guarded(self) -> bool:
        """Start the guardian, if there is none; say whether there is one."""
        if self._guardian is None:
            try:
                self._guardian = Guardian()
            except OSError:
                self._over, self._together = True, False
                return False
            self._statuses[self._guardian.pid] = None
        return True

    def _part(self) -> None:
        """Let everybody go."""
        self._together = False
        for member in self.members.values():
            self._unpin(member)
        self._settle()

    def _unpin(self, member: Member) -> None:
        if member.pinned and member.own and member.own != member.at:
            affinity.replace(member.thread.tid, member.at, member.own)
        self._take_out(member)

    def _take_out(self, member: Member) -> None:
        """Count a thread as not pinned any more."""
        if member.slot >= 0 and self._guardian is not None:
            self._guardian.table.remove(member.slot)
            member.slot = -1
        if member.pinned:
            member.pinned = False
            self._pinned -= 1

    def _settle(self) -> None:
        """With nobody pinned any more, give the tracer and its helpers their masks back."""
        if self._shared and not self._pinned:
            affinity.replace(0, self._shared, self._mine)
            for pid in self._helpers:
                if self._statuses[pid] is None:
                    affinity.replace(pid, self._mine - self._shared, self._mine)
            self._shared = frozenset()
