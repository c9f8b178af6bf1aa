"""The supervisor: pairs the cluster with a tracer. It sees every death, says why, and what it cut off.

It fills the cluster's `Observer`. Where ptrace is allowed, every node is seized as it is made; where it is
not, node by node, the pidfd and /proc tell what they can.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from typing import TYPE_CHECKING, Final

from bstcluster import Cluster, Member, NotFoundError, Observer, State, UnavailableError
from bstinspect import notices
from bstinspect.calls import current_call
from bstinspect.decode.names import signal_name
from bstinspect.errors import InspectError, TracerError
from bstinspect.linux import proc
from bstinspect.sharing import SharedTracing
from bstinspect.subjects import Subject, Watch
from bstinspect.tracing import CallTracing
from bstinspect.verdicts import Process, Verdict, judge
from bstinspect.watching import Wanted
from bstinspect.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from bstcluster import Survey
    from bstcluster.shell import Journal
    from bstinspect.faults.address import Address

STATUS_PATIENCE: Final = 0.05
"""Seconds that a notice waits for the wait status of a node that is not watched."""


class Supervisor(Observer):
    """Watches the nodes of one cluster.

    `notify` gets each notice, a line; `journal` gets the events.
    """

    def __init__(
        self,
        notify: Callable[[str], None],
        journal: Journal,
        capture: Path | None,
        *,
        watch: bool = True,
    ) -> None:
        """`capture`: file for the records of the tracers; `watch` False attaches to nothing by itself."""
        self._notify = notify
        self._journal = journal
        self._watch_all = watch
        self._witness = Witness(
            on_death=self._announce,
            on_autopsy=self._note_autopsy,
            on_stop=self._note_stop,
            on_continue=self._note_continue,
        )
        self._subjects = self._witness.subjects
        self._cluster: Cluster | None = None
        self._refusals: set[str] = set()
        self._closing = False
        self._tracing = SharedTracing(
            capture, self._witness.happened, self._wanted, self._not_seized_again, self._say
        )
        self._calls = CallTracing(
            self._tracing, self._subjects, lambda subject: self._attach(subject, explain=False)
        )

    async def open(self, cluster: Cluster) -> None:
        """Begin to watch `cluster`: before its first node is made."""
        self._cluster = cluster
        if self._watch_all:
            self._witness.watch_signals()
            try:
                await self._tracing.start()
            except InspectError as error:
                self._say(f"not watching with ptrace: {error}")
                self._watch_all = False

    async def close(self) -> None:
        """Let every node go. The cluster is closed after this."""
        for subject in self._subjects:
            if subject.facts.died_at is not None:
                self._announce(subject)  # its status has not come yet; nobody would wait for it now
        self._closing = True
        await self._tracing.close()
        self._witness.close()

    # The cluster's side.

    async def created(self, member: Member) -> None:
        """Watch a new node."""
        subject = self._subjects.of(member)
        parent = self._open().topology[member.node].parent
        self._journal.record("created", node=member.node, pid=member.pid, parent=parent)
        if member.state is State.DEAD:  # killed before anybody could look
            self.died(member)
        elif self._watch_all or self._calls.every:
            await self._attach(subject)
            await self._calls.settle(subject)
        else:
            await self._release(subject)  # it may be followed from its parent

    def died(self, member: Member) -> None:
        """Its pidfd says that it is dead; the tracer has said so before, unless it was not watched."""
        subject = self._subjects.known(member)
        if subject is None:
            return
        subject.facts.died_at = subject.facts.died_at or time.monotonic_ns()
        if not subject.announced:
            asyncio.get_running_loop().call_later(STATUS_PATIENCE, self._announce, subject)

    def reaped(self, member: Member) -> None:
        """Its parent says with what status it ended."""
        subject = self._subjects.known(member)
        if subject is not None and member.status is not None:
            self._witness.died(subject, member.died_at or time.monotonic_ns(), member.status)

    def stopped(self, member: Member) -> None:
        """Its parent says that it is stopped; the tracer knew before, and knows by whom."""
        subject = self._subjects.known(member)
        if subject is not None and _is_stopped(member):
            self._witness.stopped(subject, member.stop_signal)

    def continued(self, member: Member) -> None:
        """Its parent says that it runs again."""
        subject = self._subjects.known(member)
        if subject is not None and not _is_stopped(member):
            self._witness.continued(subject)

    def signalling(self, member: Member, number: int) -> None:
        """Remember which signals are our own; a SIGCONT that changes nothing is not to be remembered."""
        subject = self._subjects.known(member)
        if subject is not None and (number != signal.SIGCONT or subject.facts.stopped_at is not None):
            names = {signal.SIGKILL: "crash", signal.SIGSTOP: "stop", signal.SIGCONT: "cont"}
            subject.ours[number] = names.get(signal.Signals(number), "signal")

    def removing(self, members: list[Member]) -> None:
        """A kill ends them: no notice."""
        for member in members:
            self._subjects.of(member).removing = True

    def forgotten(self, members: list[Member]) -> None:
        """Forget them too."""
        for member in members:
            self._subjects.remove(member)
        self._journal.record("removed", nodes=sorted(member.node for member in members))

    def notice(self, text: str) -> None:
        """Pass on what the cluster has to say."""
        self._say(text)

    # What a person asks for.

    async def watch(self, node: int, *, on: bool) -> None:
        """Attach to a node, or let it go.

        Raises NotFoundError, UnavailableError when it is dead, TracerError when it cannot be attached to.
        """
        subject = self._living(node)
        if not on:
            await self._release(subject)
            return
        await self._attach(subject, explain=False)
        if subject.refusal:
            raise TracerError(subject.refusal)

    async def trace(self, node: int, *, on: bool, syscalls: Iterable[int] | None) -> None:
        """Switch the tracing of a node's syscalls; `syscalls` are their numbers, None for all.

        Raises NotFoundError, UnavailableError when it is dead, TracerError when ptrace cannot be had.
        """
        await self._calls.switch(self._living(node), on=on, syscalls=syscalls)

    async def trace_all(self, *, on: bool, syscalls: Iterable[int] | None) -> list[str]:
        """Switch the tracing of all nodes, and of those to come; return a line for each that refused.

        A node that is made later is traced from its fork on, the root from its hello. Raises TracerError
        where there are nodes, and not one of them can be traced.
        """
        return await self._calls.switch_all(on=on, syscalls=syscalls)

    async def arm(self, node: int, at: Address | None) -> None:
        """Have a node killed at a crash point, counted from now on; None: no longer.

        Raises NotFoundError, UnavailableError when it is dead, TracerError when it is not watched.
        """
        subject = self._living(node)
        if subject.watch is not Watch.PTRACE:
            if at is None:
                return
            raise TracerError(f"the node is not watched{subject.refusal and ': '}{subject.refusal}")
        await self._tracing.arm(subject.member.pid, at)
        subject.armed = at
        self._journal.record("armed", node=node, at="" if at is None else str(at))

    @property
    def traces_all(self) -> bool:
        """Whether all nodes are traced, and those to come."""
        return self._calls.every

    def judge_all(self, survey: Survey) -> list[Verdict]:
        """Return the verdict on each unreachable node, ascending."""
        self._journal.record("pingall", unreachable=survey.unreachable)
        now = time.monotonic_ns()
        for subject in self._subjects:
            silent = subject.member.node in survey.cut
            subject.facts.silent_since = (subject.facts.silent_since or now) if silent else None
        topology = self._open().topology
        verdicts = self.verdicts(node for node in survey.unreachable if node in topology)
        for verdict in verdicts:
            self._journal.record("verdict", node=verdict.node, kind=verdict.kind.value, text=verdict.text)
        return verdicts

    def verdict(self, node: int) -> Verdict:
        """Return the verdict on one node, as of the last pingall and now. Raises NotFoundError."""
        subject = self.subject(node)
        (verdict,) = self.verdicts([node])
        self._look(subject)
        return verdict

    def verdicts(self, nodes: Iterable[int]) -> list[Verdict]:
        """Return the verdicts on `nodes`; each silent node is looked at once."""
        cluster = self._open()
        facts, cut = {}, set()
        for node in cluster.topology:
            subject = self._subjects.of(cluster.member(node))
            if subject.facts.stopped_at is not None and not _is_stopped(subject.member):
                self._witness.continued(subject)  # whose word of it is still on its way
            if subject.facts.silent_since is not None:
                self._look(subject)
            if subject.facts.silent_since is not None:
                cut.add(node)
            facts[node] = subject.facts
        now = time.monotonic_ns()
        return [judge(node, cluster.topology, facts, frozenset(cut), now) for node in nodes]

    def unreachable(self) -> set[int]:
        """Return the ids that are unreachable as far as is known without asking."""
        cluster = self._open()
        broken = {
            subject.member.node
            for subject in self._subjects
            if subject.facts.died_at is not None or subject.facts.stopped_at is not None
        }
        return cluster.topology.union(broken)

    def watched(self) -> int:
        """Return how many living nodes are watched with ptrace."""
        return sum(each.watch is Watch.PTRACE and each.facts.died_at is None for each in self._subjects)

    def subject(self, node: int) -> Subject:
        """Return what is known of a node. Raises NotFoundError."""
        return self._subjects.of(self._open().member(node))

    @property
    def tracer_pid(self) -> int | None:
        """The process of the first tracer, or None."""
        return self._tracing.pid

    @property
    def tracer_pids(self) -> list[int]:
        """The processes of all tracers."""
        return self._tracing.pids

    # Attaching.

    async def _attach(self, subject: Subject, *, explain: bool = True) -> None:
        try:
            refusal = await self._tracing.seize(subject.member.pid)
        except InspectError as error:
            # A tracer that fails is replaced, and the next one seizes whatever is wanted.
            refusal = "" if self._tracing.replacing else str(error)
        subject.refusal = refusal
        subject.watch = Watch.PIDFD if refusal else Watch.PTRACE
        if refusal and explain and subject.facts.died_at is None and not self._tracing.gave_up:
            self._explain(subject)

    async def _release(self, subject: Subject) -> None:
        subject.traced, subject.refusal, subject.armed = False, "", None
        subject.watch = Watch.PIDFD if self._tracing.gave_up else Watch.OFF
        with contextlib.suppress(InspectError):  # not attached; or no tracer, which lets go as well
            await self._tracing.release(subject.member.pid)

    def _explain(self, subject: Subject) -> None:
        """Say once for each reason why nodes are not watched with ptrace."""
        reason = subject.refusal
        general = reason.replace(str(subject.member.pid), "PID")
        if general not in self._refusals:
            self._refusals.add(general)
            self._say(f"node {subject.member.node}: {reason}; following it by pidfd and /proc")

    def _wanted(self) -> list[Wanted]:
        """Return which processes a new tracer has to seize and trace."""
        return [
            Wanted(subject.member.pid, subject.traced, subject.syscalls, self._calls.every, subject.armed)
            for subject in self._subjects
            if subject.watch is Watch.PTRACE and subject.facts.died_at is None
        ]

    def _not_seized_again(self, pid: int, refusal: str) -> None:
        """A new tracer cannot follow this process, or there is none any more."""
        subject = self._subjects.at(pid)
        if subject is not None:
            subject.watch, subject.traced, subject.refusal = Watch.PIDFD, False, refusal
            subject.armed = None
            if subject.facts.died_at is None and not self._tracing.gave_up:
                self._explain(subject)

    # What the witness says.

    def _announce(self, subject: Subject) -> None:
        """Say that a node is dead: once, as early as it is known."""
        if subject.announced or subject.removing or self._closing:
            return
        subject.announced = True
        member, facts = subject.member, subject.facts
        below = self._open().topology.subtree(member.node)[1:] if member.node in self._open().topology else []
        self._say(notices.death(member, facts, below))
        self._journal.record(
            "death", node=member.node, pid=member.pid, status=facts.status, sender=str(facts.sender or ""),
            unreachable=sorted([member.node, *below]),
        )  # fmt: skip

    def _note_autopsy(self, subject: Subject) -> None:
        if not subject.removing:
            self._journal.record("autopsy", node=subject.member.node, autopsy=subject.autopsy)

    def _note_stop(self, subject: Subject) -> None:
        facts, name = subject.facts, signal_name(subject.facts.stop_signal)
        self._journal.record("stop", node=subject.member.node, signal=name, sender=str(facts.stopper or ""))
        if facts.stop_signal not in subject.ours:
            self._say(notices.stop(subject.member, facts))

    def _note_continue(self, subject: Subject) -> None:
        self._journal.record("continue", node=subject.member.node)
        if int(signal.SIGCONT) not in subject.ours:
            self._say(notices.again(subject.member))

    # Looking.

    def _look(self, subject: Subject) -> None:
        """Bring what /proc says of a living node up to date."""
        facts, pid = subject.facts, subject.member.pid
        if facts.died_at is None and subject.member.state is State.DEAD:
            facts.died_at = subject.member.died_at
        if facts.died_at is not None:
            return
        found = proc.stat(pid)
        facts.state = found.state if found else "?"
        facts.syscall = current_call(pid) or ""
        tracer = proc.tracer(pid)
        foreign = tracer is not None and tracer.pid not in self._tracing.pids
        if facts.foreign_tracer is not None and not foreign:
            facts.silent_since = None  # it let go; whether the node answers now is for the next pingall
        facts.foreign_tracer = Process(tracer.pid, tracer.name) if tracer and foreign else None

    def _living(self, node: int) -> Subject:
        subject = self.subject(node)
        if subject.facts.died_at is not None or subject.member.state is State.DEAD:
            raise UnavailableError(node)
        return subject

    def _open(self) -> Cluster:
        if self._cluster is None:
            raise NotFoundError(0)
        return self._cluster

    def _say(self, text: str) -> None:
        if not self._closing:
            with contextlib.suppress(OSError):  # a terminal that is gone
                self._notify(text)
            self._journal.record("notice", text=text)


def _is_stopped(member: Member) -> bool:
    """Say whether a process is in a group-stop now: ``T``, or ``t`` where it is seized (proc(5))."""
    found = proc.stat(member.pid)
    return found is not None and found.state in ("T", "t")
