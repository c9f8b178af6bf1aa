"""Which tracees' stops the hot loop takes: those of which every plain stop only has to be recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.capture import reads
from bstinspect.capture.affinity_calls import CALLS
from bstinspect.capture.protocol import SENDS
from bstinspect.capture.syscalls import EXECS, SyscallStops
from bstinspect.decode.architecture import native_numbers

if TYPE_CHECKING:
    from collections.abc import Container

    from bstinspect.capture.loop import Loop
    from bstinspect.capture.tracee import Thread
    from bstinspect.capture.tracees import Tracees

_NEVER: Final = EXECS | frozenset(SENDS) | CALLS
"""Something is to be done at their stops beside recording them."""


class PlainStops:
    """Registers tracees with the loop."""

    def __init__(self, loop: Loop, tracees: Tracees, syscalls: SyscallStops, heard: frozenset[int]) -> None:
        """`heard`: calls of which the outbox is told, so that they are never left to the loop."""
        self._loop = loop
        self._heard = heard
        self._tracees = tracees
        self._syscalls = syscalls
        self._wanted: Container[int] | None = None
        self._ready = False

    def consider(self, thread: Thread) -> None:
        """Register a thread after a stop, where its next ones can be left to the loop; or take it off."""
        process, tid = thread.process, thread.tid
        if (
            not process.tracing
            or process.releasing
            or process.hidden
            or process.first_exec
            or process.armed is not None
            or process.filtered
            or tid not in self._tracees.threads
        ):
            self.forget(thread)
            return
        if not self._ready:
            self._ready = True
            self._wanted = process.syscalls
            self._describe(process.syscalls)
        if process.syscalls is self._wanted:
            self._loop.register(tid, process.pid, inside=thread.entry is not None)

    def _describe(self, syscalls: Container[int] | None) -> None:
        """Tell the loop what is recorded; nothing where there is something to decide at every call."""
        recording, gatherer = self._syscalls.recording, self._syscalls.gatherer
        if recording.selection or recording.tampering or recording.unwinder:
            return
        numbers = set(native_numbers().values()) - _NEVER - self._heard
        passed_over = {number for number in numbers if syscalls is not None and number not in syscalls}
        plans = dict.fromkeys(numbers, reads.Plan()) if gatherer is None else gatherer.plans()
        recorded = {number: plan for number, plan in plans.items() if number in numbers - passed_over}
        limits = reads.DEFAULT_LIMITS if gatherer is None else gatherer.limits
        self._loop.record(recorded, limits, passed_over=passed_over)

    def forget(self, thread: Thread) -> None:
        """Have a thread's next stops looked at here; where it is inside a call, that is ended here."""
        entered = self._loop.forget(thread.tid)
        if entered is not None:
            thread.entry = entered.number, entered.arguments
            thread.own, thread.decoding, thread.tampered = True, None, None
            thread.system_ns = entered.system_ns

    def forget_all(self) -> None:
        """Have every thread's next stops looked at here."""
        for thread in self._tracees.threads.values():
            self.forget(thread)
