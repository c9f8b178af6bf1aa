"""Syscall-stops: what is recorded of them, and what -e inject= changes at them.

PTRACE_GET_SYSCALL_INFO tells an entry from an exit, where counting stops would go wrong (ptrace(2)).
"""

from __future__ import annotations

import os
import time
from functools import cached_property
from typing import TYPE_CHECKING, Final

from bstinspect.capture.affinity_calls import CALLS
from bstinspect.capture.protocol import SENDS
from bstinspect.linux import ptrace
from bstinspect.records import Lost, SignalDelivery, Stack, SyscallEntry, SyscallExit

if TYPE_CHECKING:
    from bstinspect.capture.arming import Armed
    from bstinspect.capture.gather import Gathered, Gatherer
    from bstinspect.capture.outbox import Sink
    from bstinspect.capture.recording import Recording
    from bstinspect.capture.tracee import Thread
    from bstinspect.capture.tracees import Tracees

EXECS: Final = {"x86_64": frozenset({59, 322}), "aarch64": frozenset({221, 281})}.get(
    os.uname().machine, frozenset()
)
"""execve and execveat."""
_LAST_CALLS: Final = EXECS | {"x86_64": frozenset({60, 231}), "aarch64": frozenset({93, 94})}.get(
    os.uname().machine, frozenset()
)
"""Also exit and exit_group: what a program does last."""
_MACHINE_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "riscv64": 0xC00000F3}
OWN_ARCH: Final = _MACHINE_ARCH.get(os.uname().machine, 0)
"""AUDIT_ARCH_* of this machine's own calls; 0 where that is not known."""


def _native(info: ptrace.SyscallEntryInfo) -> int:
    """Return a call's number on this machine, also of an i386 call, by its name; -1 where there is none."""
    if info.arch == OWN_ARCH:
        return info.number
    from bstinspect.decode.architecture import foreign, native_numbers

    return native_numbers().get(foreign(info.arch).name(info.number), -1)


class SyscallStops:
    """Handles one syscall-stop after the other."""

    def __init__(self, tracees: Tracees, outbox: Sink, recording: Recording) -> None:
        self._tracees = tracees
        self._outbox = outbox
        self.recording = recording

    @cached_property
    def gatherer(self) -> Gatherer | None:
        """What copies memory; made with the first syscall-stop."""
        return self.recording.gatherer()

    def warm_up(self) -> None:
        """Load what the first stop needs, while nobody waits in it."""
        _ = self.gatherer

    def stop(self, thread: Thread) -> None:
        """Take a syscall-stop, and let the thread run on (or hold it, where a rule says so)."""
        process = thread.process
        info = ptrace.syscall_info(thread.tid) if process.stops_at_calls and not process.releasing else None
        if process.armed is not None and info is not None:
            self._aim(thread, process.armed, info)
        if not process.tracing:
            thread.entry = None
            self._tracees.resume(thread)
            return
        colocation = self._tracees.colocation
        if isinstance(info, ptrace.SyscallEntryInfo):
            if colocation is not None and (info.number in CALLS or info.arch != OWN_ARCH):
                colocation.calls.entered(thread, info, native=info.arch == OWN_ARCH)
            if process.hidden and info.number in EXECS:
                process.hidden = False
            if (
                process.hidden
                or (process.syscalls is not None and _native(info) not in process.syscalls)
                or (
                    self.recording.selection is not None
                    and not self.recording.selection.lets_through(thread, info.number, info.arguments)
                )
            ):
                thread.entry = None
                self._tell_of_entry(thread, info)
            else:
                self._enter(thread, info)
                return
        elif isinstance(info, ptrace.SyscallExitInfo):
            if colocation is not None:
                colocation.calls.left(thread, info)
            if thread.entry is not None:
                self._leave(thread, info)
                return
        self._tracees.resume(thread)

    @staticmethod
    def _aim(thread: Thread, armed: Armed, info: ptrace.SyscallEntryInfo | ptrace.SyscallExitInfo) -> None:
        """Doom the process where its crash point is here."""
        if isinstance(info, ptrace.SyscallEntryInfo) and info.arch != OWN_ARCH:
            return
        if armed.is_at(thread, info):
            thread.process.doomed = True
            armed.on_reached()

    def ended(self, thread: Thread) -> None:
        """Record the stack of a thread's last call, which never returned."""
        if self.recording.unwinder is not None:
            if thread.stack:
                self.stack(thread, thread.stack)
            self.recording.unwinder.forget(thread.tid)
        if self.recording.tampering is not None:
            self.recording.tampering.forget(thread.tid)

    def signal(self, thread: Thread, number: int) -> SignalDelivery:
        """Return the record of a signal-delivery-stop."""
        now = time.monotonic_ns()
        siginfo, pointer = ptrace.siginfo(thread.tid), ptrace.instruction_pointer(thread.tid)
        gatherer = self.gatherer if thread.process.tracing else None
        found = gatherer.signal(thread, siginfo, number) if gatherer else None
        return SignalDelivery(
            now,
            thread.tid,
            thread.process.pid,
            number,
            siginfo,
            pointer,
            found.descriptors if found else (),
            found.names if found else (),
        )

    def expire(self, *, everything: bool = False) -> None:
        """Let the held threads go on whose time has come."""
        for thread, number in self.recording.delays.expired(everything=everything):
            self._tracees.resume(thread, number)

    def stack(self, thread: Thread, frames: tuple[bytes, ...] | None = None) -> None:
        """Record a thread's call stack, where that is wanted."""
        if self.recording.unwinder is not None:
            found = self.recording.unwinder.frames(thread.tid) if frames is None else frames
            self._outbox.capture_only(Stack(time.monotonic_ns(), thread.tid, thread.process.pid, found))

    def _enter(self, thread: Thread, info: ptrace.SyscallEntryInfo) -> None:
        """Record a syscall-entry-stop."""
        now = time.monotonic_ns()
        recording, number, arguments = self.recording, info.number, info.arguments
        thread.entry = number, arguments
        own = info.arch == OWN_ARCH
        tampered = None
        if recording.tampering is not None and own and not thread.process.first_exec:
            tampered = recording.tampering.enter(thread, number, arguments)
        thread.tampered = tampered
        thread.own = own
        found = self._gather_entry(thread, number, arguments, info.stack_pointer) if own else None
        record = SyscallEntry(
            now,
            thread.tid,
            thread.process.pid,
            number,
            arguments,
            found[0] if found else (),
            info.instruction_pointer,
            info.stack_pointer,
            0 if own else info.arch,
            found[1] if found else (),
            found[2] if found else (),
        )
        if own and number in SENDS:
            self._outbox.tell(record)
        else:
            self._outbox.capture_only(record)
        self._tell_of_entry(thread, info)
        if recording.unwinder is not None and number in _LAST_CALLS and own and not thread.process.first_exec:
            thread.stack = recording.unwinder.frames(thread.tid, at_entry=True)  # afterwards it is gone
        if recording.system_ns is not None:
            thread.system_ns = recording.system_ns()
        if tampered is None:
            self._tracees.resume(thread)
        elif tampered.rule.delay_enter_ns:
            recording.delays.hold(thread, tampered.rule.delay_enter_ns, tampered.rule.signal)
        else:
            self._tracees.resume(thread, tampered.rule.signal)

    def _tell_of_entry(self, thread: Thread, info: ptrace.SyscallEntryInfo) -> None:
        """Tell the outbox of a call that it wants to hear of, before the tracee goes on."""
        if info.arch != OWN_ARCH:
            self._outbox.entered(thread.tid, -1, info.arguments)
        elif info.number in self._outbox.heard:
            self._outbox.entered(thread.tid, info.number, info.arguments)

    def _gather_entry(
        self, thread: Thread, number: int, arguments: tuple[int, ...], stack_pointer: int
    ) -> Gathered | None:
        gatherer = self.gatherer
        if gatherer is None:
            return None
        try:
            return gatherer.entry(thread, number, arguments, stack_pointer)
        except Exception as error:  # noqa: BLE001 - a decoder's fault must not end the tracee
            self._decoder_failed(number, error)
            return None

    def _gather_exit(
        self,
        thread: Thread,
        number: int,
        arguments: tuple[int, ...],
        value: int,
        is_error: bool,  # noqa: FBT001
    ) -> Gathered | None:
        gatherer = self.gatherer
        if gatherer is None:
            return None
        try:
            return gatherer.exit(thread, number, arguments, value, is_error)
        except Exception as error:  # noqa: BLE001 - as at the entry
            self._decoder_failed(number, error)
            return None

    def _decoder_failed(self, number: int, error: Exception) -> None:
        """Note that memory is missing in a record."""
        reason = f"the decoder of call {number} failed ({type(error).__name__}: {error})"
        self._outbox.capture_only(Lost(time.monotonic_ns(), 0, reason))

    def _leave(self, thread: Thread, info: ptrace.SyscallExitInfo) -> None:
        """Record a syscall-exit-stop."""
        now = time.monotonic_ns()
        recording, value, is_error = self.recording, info.value, info.is_error
        number, arguments = thread.entry or (0, (0, 0, 0, 0, 0, 0))
        tampered, thread.tampered = thread.tampered, None
        delay_ns = 0
        if tampered is not None and recording.tampering is not None:
            value = recording.tampering.leave(thread, tampered, arguments, value)
            if tampered.made_up:
                is_error = bool(tampered.rule.error)
            delay_ns = tampered.rule.delay_exit_ns
        thread.entry = None
        found = self._gather_exit(thread, number, arguments, value, is_error) if thread.own else None
        spent = recording.system_ns() - thread.system_ns if recording.system_ns is not None else 0
        self._outbox.capture_only(
            SyscallExit(
                now,
                thread.tid,
                thread.process.pid,
                value,
                is_error,
                found[0] if found else (),
                found[1] if found else (),
                found[2] if found else (),
                str(tampered) if tampered else "",
                spent,
            )
        )
        if thread.own and number in EXECS and is_error and thread.process.first_exec:
            thread.process.hidden = True  # it is bstrace's own code that goes on
        if recording.unwinder is not None:
            frames, thread.stack = thread.stack, None
            self.stack(thread, frames)
        if delay_ns:
            recording.delays.hold(thread, delay_ns, 0)
        else:
            self._tracees.resume(thread)
