"""Turns what the tracer and the parents report into facts about the nodes, and says when one changed.

The same stop or end may be reported twice, by the tracer and by the node's parent: the first report counts,
and the supervisor asks /proc before it believes a parent, whose report may be late.
"""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from bstinspect.capture.protocol import SENDS, Reached
from bstinspect.decode.siginfo import sender_of
from bstinspect.linux import proc
from bstinspect.linux.tracefs import SignalWatch
from bstinspect.records import (
    Autopsy,
    Exited,
    Exiting,
    GroupContinue,
    GroupStop,
    Record,
    SignalDelivery,
    SyscallEntry,
)
from bstinspect.subjects import Subjects
from bstinspect.verdicts import Process

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.subjects import Subject


class Witness:
    """Knows the subjects by pid. The callbacks are told of a death, an autopsy, a stop and a continue."""

    def __init__(
        self,
        *,
        on_death: Callable[[Subject], None],
        on_autopsy: Callable[[Subject], None],
        on_stop: Callable[[Subject], None],
        on_continue: Callable[[Subject], None],
    ) -> None:
        self.subjects = Subjects()
        self._signals: SignalWatch | None = None
        self._on_death = on_death
        self._on_autopsy = on_autopsy
        self._on_stop = on_stop
        self._on_continue = on_continue

    def watch_signals(self) -> None:
        """Ask the kernel who sends SIGKILLs, where it tells (as root)."""
        self._signals, _ = SignalWatch.open()

    def close(self) -> None:
        """Ask the kernel no more."""
        if self._signals is not None:
            self._signals.close()
            self._signals = None

    def happened(self, record: Record) -> None:
        """Take a record of the tracer's."""
        if isinstance(record, SyscallEntry):
            self._note_sending(record)
            return
        subject = self.subjects.at(getattr(record, "pid", 0))
        if subject is None:
            return
        match record:
            case Exiting(status=status) if os.WIFSIGNALED(status):
                self.died(subject, record.when, status)
            case Exited(pid=pid, tid=tid, status=status) if tid == pid:
                self.died(subject, record.when, status)
            case Reached(at=at):
                subject.armed = None
                subject.ours[signal.SIGKILL] = f"crash at {at}"
            case Autopsy():
                subject.autopsy = record
                self._on_autopsy(subject)
            case SignalDelivery():
                self._note_delivery(subject, record)
            case GroupStop():
                self.stopped(subject, record.signal)
            case GroupContinue():
                self.continued(subject)

    def died(self, subject: Subject, when: int, status: int) -> None:
        """Note how a node ended."""
        facts = subject.facts
        facts.died_at, facts.status = facts.died_at or when, status
        if os.WIFSIGNALED(status) and facts.sender is None:
            facts.sender = self._killer(subject, os.WTERMSIG(status))
        self._on_death(subject)

    def stopped(self, subject: Subject, number: int) -> None:
        """Note that a node was stopped by a signal, and by whom."""
        facts = subject.facts
        if facts.stopped_at is not None:
            return
        facts.stopped_at, facts.stop_signal = time.monotonic_ns(), number
        if number in subject.ours:
            facts.stopper = _ours(subject, number)
        elif subject.last_signal is not None and subject.last_signal[0] == number:
            facts.stopper = subject.last_signal[1]
        self._on_stop(subject)
        subject.ours.pop(number, None)

    def continued(self, subject: Subject) -> None:
        """Note that a stopped node runs again."""
        facts = subject.facts
        if facts.stopped_at is None:
            return
        facts.stopped_at, facts.stopper, subject.last_signal = None, None, None
        facts.silent_since = None  # what it did not answer, it could not
        self._on_continue(subject)
        subject.ours.pop(int(signal.SIGCONT), None)

    def _killer(self, subject: Subject, number: int) -> Process | None:
        if subject.removing and number == signal.SIGKILL:
            return Process(os.getpid(), ours="kill")
        if number in subject.ours:
            return _ours(subject, number)
        if self._signals is not None and number == signal.SIGKILL:
            sender = self._signals.sender_of(subject.member.pid)
            if sender is not None:
                return Process(sender.pid, sender.comm, sender.uid)
        if subject.last_signal is not None and subject.last_signal[0] == number:
            return subject.last_signal[1]
        return None

    def _note_sending(self, entry: SyscallEntry) -> None:
        """A traced process is about to send a signal."""
        target = self.subjects.at(entry.arguments[0])
        number = entry.arguments[SENDS[entry.number]] & 0xFFFFFFFF
        if target is not None and number:  # signal 0 only asks whether there is such a process
            target.last_signal = (number, Process(entry.pid, proc.comm(entry.pid) or ""))

    @staticmethod
    def _note_delivery(subject: Subject, record: SignalDelivery) -> None:
        sender = _ours(subject, record.signal) if record.signal in subject.ours else None
        if sender is None and (found := sender_of(record.siginfo)) is not None:
            pid, uid = found
            sender = Process(pid, proc.comm(pid) or "", uid)
        subject.last_signal = None if sender is None else (record.signal, sender)


def _ours(subject: Subject, number: int) -> Process:
    return Process(os.getpid(), ours=subject.ours[number])
