"""One pass over a capture: every record is shown to all who collect facts, in their order, and forgotten."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final, Protocol

from bstinspect.capture.file import CaptureReader
from bstinspect.decode.call import s32
from bstinspect.decode.traced import TracedOnly
from bstinspect.faults.ordinals import EVENTS
from bstinspect.findings import commands, descriptors, excerpts, leaks, searchtree, witnesses
from bstinspect.findings.activity import Activities
from bstinspect.findings.calls import Calls
from bstinspect.findings.descriptors import Descriptors
from bstinspect.findings.environment import environment, told_deaths
from bstinspect.findings.failures import Failures
from bstinspect.findings.fulltrace import FullTrace
from bstinspect.findings.leaks import Leaks
from bstinspect.findings.log import Log
from bstinspect.findings.messages import Messages
from bstinspect.findings.model import Findings, Gap
from bstinspect.findings.peers import Peers
from bstinspect.findings.processes import Processes
from bstinspect.findings.reading import Reading, Source
from bstinspect.findings.requirements import Judge
from bstinspect.findings.traffic import Traffic
from bstinspect.findings.witnesses import Deaths
from bstinspect.records import Exited, Lost, Spawned, SyscallEntry, SyscallExit
from bstinspect.trace.annotating import makes_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import BinaryIO

    from bstinspect.findings.calls import Finished
    from bstinspect.findings.requirements import Requirement
    from bstinspect.records import AnyRecord, CaptureStart

_EVERY: Final = 2000
"""Progress is told after so many records."""


class CallObserver(Protocol):
    """Somebody who wants to see every call."""

    def took(self, call: Finished) -> None:
        """Take a call that has ended."""


class Survey:
    """Collects all facts of one capture."""

    def __init__(
        self,
        source: Source,
        requirements: list[Requirement],
        trace: BinaryIO,
        observers: Iterable[CallObserver],
    ) -> None:
        self._source = source
        self._log = source.log or Log()
        self._observers = tuple(observers)
        self._start: CaptureStart | None = None
        self._calls = Calls()
        nodes = {each.pid: str(each.node) for each in self._log.created}
        self._traffic = Traffic(lambda pid: nodes.get(pid, ""))
        self._trace = FullTrace(trace, self._traffic)
        self._processes = Processes(self._calls.since)
        self._descriptors = Descriptors()
        self._peers = Peers(self._descriptors)
        self._messages = Messages(self._peers)
        self._deaths = Deaths(self._calls.since, lambda: self._start.machine if self._start else "")
        self._activities = Activities()
        self._failures = Failures()
        self._leaks = Leaks()
        self._judge = Judge(requirements)
        self._excerpts = excerpts.Excerpts([])
        self._gaps: list[Gap] = []
        self._takers: dict[str, tuple[Callable[[Finished], None], ...]] = {}
        """By the name of a call whom it concerns; the names are those of the machine's table."""
        self._count = 0
        self._last = 0

    def run(self, progress: Callable[[int], None]) -> Findings:
        """Read all; `progress` is told how many bytes are done. Raises CaptureError, OSError."""
        with closing(CaptureReader(str(self._source.capture))) as reader:
            reading = Reading(reader, str(self._source.capture))
            start, records = reading.start()
            self._begin(start)
            shown: Iterator[AnyRecord] = self._collected(records)
            if start.recorder == "session":
                shown = TracedOnly().of(shown)
            for number, record in enumerate(shown):
                self._trace.take(record)
                if not number % _EVERY:
                    progress(reader.position)
            for call in self._calls.rest(self._last):
                self._called(call)
            self._trace.finish()
            return self._found(start, reading)

    def _begin(self, start: CaptureStart) -> None:
        self._start = start
        self._calls.begin(start.machine, start.when)
        self._trace.take(start)
        self._commands = commands.command_facts(self._log.commands, self._at)
        self._parents = searchtree.parents_before_death(self._log)
        first_death = self._at(self._log.deaths[0].at) if self._log.deaths else None
        windows = excerpts.windows(self._commands, searchtree.depths(self._parents), first_death)
        self._excerpts = excerpts.Excerpts(windows)

    def _at(self, seconds: float) -> int:
        """Return a time of the log since the capture began."""
        return round(seconds * 1e9) - (self._start.realtime if self._start else 0)

    def _collected(self, records: Iterator[AnyRecord]) -> Iterator[AnyRecord]:
        """Yield the records; whoever asks for the next one has written what the last one says."""
        for record in records:
            yield record
            self._take(record)

    def _take(self, record: AnyRecord) -> None:
        self._last = record.when
        if isinstance(record, SyscallEntry):
            self._calls.entered(record, self._trace.current)
            self._processes.entered(record)
            return
        if isinstance(record, SyscallExit):
            done = self._calls.left(record, self._trace.current)
            if done is not None:
                self._called(done)
            return
        for call in self._calls.take(record):
            self._called(call)
        self._processes.take(record)
        self._deaths.take(record, self._trace.line)
        if isinstance(record, Spawned):
            self._spawned(record)
        elif isinstance(record, Lost):
            self._gaps.append(Gap("lost", record.reason, record.count))
        elif isinstance(record, Exited) and record.tid == record.pid:
            self._leaks.ended(record, self._descriptors)
            self._descriptors.ended(record.pid)
            self._peers.ended(record.pid)

    def _spawned(self, record: Spawned) -> None:
        """A process is forked: what it has open is known before the fork returns."""
        making = self._calls.under_way(record.tid)
        if making is not None and makes_process(making.decoded()):
            self._descriptors.forked(record.pid, record.child)
            self._peers.forked(record.pid, record.child)

    def _called(self, call: Finished) -> None:
        self._count += 1
        takers = self._takers.get(call.name)
        if takers is None:
            takers = self._takers[call.name] = tuple(self._takers_of(call.name))
        for take in takers:
            take(call)
        loading = self._processes.called(call)
        if not call.waits:
            self._activities.take(call)
        if call.failed:
            self._failures.take(call)
        self._excerpts.take(call, call.annotation, loading=loading)
        for observer in self._observers:
            observer.took(call)

    def _takers_of(self, name: str) -> Iterator[Callable[[Finished], None]]:
        """Yield those whom calls of that name concern, in the order in which they have to be told."""
        if name in EVENTS:
            yield self._pointed
        if self._traffic.moves(name):
            yield self._moved
        if name in witnesses.CALLS:
            yield self._noticed
        yield self._peers.take
        if name in descriptors.CALLS:
            yield self._descriptors.take
        if name == "connect":
            yield self._peers.connected
        if name in leaks.CALLS:
            yield self._leaks.take
        if name in self._judge.calls:
            yield self._judge.take

    def _pointed(self, call: Finished) -> None:
        call.points = self._traffic.take_points()

    def _moved(self, call: Finished) -> None:
        move = self._traffic.take()
        if move is not None and call.leaving is not None:
            call.annotation = self._traffic.words
            self._messages.take(call, move, is_socket=self._is_of_socket(call))

    def _noticed(self, call: Finished) -> None:
        self._deaths.called(call, self._peers, is_socket=self._is_of_socket(call))

    def _is_of_socket(self, call: Finished) -> bool:
        return self._descriptors.is_socket(call.entry.pid, s32(call.entry.arguments[0]))

    def _found(self, start: CaptureStart, reading: Reading) -> Findings:
        searchtree.name_nodes(self._log, self._processes.all)
        messages = self._messages.all
        commands.assign(messages, self._commands, [self._at(began) for began in self._log.sessions])
        deaths = told_deaths(self._deaths.found(), self._log, self._commands, self._at)
        if start.selected:
            self._gaps.append(Gap("filtered"))
        if self._log.bad_lines:
            self._gaps.append(Gap("log-damaged", count=self._log.bad_lines))
        if self._source.log is None and (self._source.is_session or start.recorder == "session"):
            self._gaps.append(Gap("no-log"))
        where = environment(start, self._source, reading.size, self._log, self._processes.all)
        where.records, where.calls, where.length = (
            reading.count + 1,
            self._count,
            self._calls.since(self._last),
        )
        where.trace_lines, where.trace_sha256 = self._trace.line, self._trace.digest
        findings = Findings(
            where, self._processes.all, self._commands, messages, self._messages.omitted, deaths,
            self._descriptors.lives, self._descriptors.omitted, list(self._descriptors.files.values()),
            self._failures.found(), [], self._activities.found(), [], self._excerpts.found(),
            [*reading.gaps, *self._gaps], self._parents, deaths[0].unreachable if deaths else [],
        )  # fmt: skip
        findings.leaks = self._leaks.found(findings)
        findings.requirements = self._judge.judge(findings)
        return findings
