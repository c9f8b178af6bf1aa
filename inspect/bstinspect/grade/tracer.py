"""The loop of the tracer: seccomp stops at calls that send signals or messages, in real time."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import socket
from typing import Final

import msgspec

from bstinspect.decode.architecture import X32_BIT, architecture, foreign, native_numbers
from bstinspect.errors import PtraceError
from bstinspect.grade.orders import Order, Seen
from bstinspect.grade.strangers import SIGNALS, refusal
from bstinspect.linux import proc, ptrace, registers, seccomp
from bstinspect.linux.signalfd import SignalDescriptor
from bstinspect.linux.waitstatus import WALL, StoppedBy, classify

_OPTIONS: Final = (
    ptrace.PTRACE_O_TRACEFORK
    | ptrace.PTRACE_O_TRACEVFORK
    | ptrace.PTRACE_O_TRACECLONE
    | ptrace.PTRACE_O_TRACEEXEC
    | ptrace.PTRACE_O_TRACESECCOMP
    | ptrace.PTRACE_O_TRACESYSGOOD
    | ptrace.PTRACE_O_EXITKILL
)
_FORKS: Final = (ptrace.PTRACE_EVENT_FORK, ptrace.PTRACE_EVENT_VFORK, ptrace.PTRACE_EVENT_CLONE)
_GROUP_STOPS: Final = (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
MESSAGES: Final = {
    "sendto": "send", "sendmsg": "send", "sendmmsg": "send", "write": "send", "writev": "send",
    "recvfrom": "recv", "recvmsg": "recv", "recvmmsg": "recv", "read": "recv", "readv": "recv",
}  # fmt: skip
"""The event of a crash point that a call is, on a socket or pipe."""
_MOST: Final = 1 << 16
_AT_ONCE: Final = 100
MOST_PROCESSES: Final = 300
"""More are a fork bomb: the trees that are made here have six nodes."""


def filter_program(*, messages: bool) -> bytes:
    """Return the seccomp filter that a traced program gets."""
    known = native_numbers()
    numbers = {known[name] for name in (*SIGNALS, *(MESSAGES if messages else ())) if name in known}
    if os.uname().machine == "x86_64":
        numbers |= {number | X32_BIT for number in numbers}
    return seccomp.program(numbers, architecture(os.uname().machine).audit)


class Tracer:
    """Traces; carries out orders between stops."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._children = SignalDescriptor([signal.SIGCHLD])
        self._machine = architecture(os.uname().machine)
        self._threads: dict[int, int] = {}
        """The process of each thread that is traced."""
        self._connections: dict[int, dict[str, int]] = {}
        self._counts: dict[tuple[int, str, int], int] = {}
        self._leaving: dict[int, tuple[int, str, int]] = {}
        """Threads on their way to the exit of a call."""
        self._armed: Order | None = None

    def run(self) -> None:
        """Trace until whoever gave orders is gone, or there are too many processes."""
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        poll.register(self._children, select.POLLIN)
        is_busy = False
        while True:
            for descriptor, _ in poll.poll(0 if is_busy else None):
                if descriptor == self._children.fileno():
                    self._children.read()
                elif not self._obey():
                    return
            is_busy = self._wait_for_many()
            if len(self._threads) > MOST_PROCESSES and len({*self._threads.values()}) > MOST_PROCESSES:
                return  # a fork bomb: all of them are killed with us (PTRACE_O_EXITKILL)

    def _obey(self) -> bool:
        data = self._channel.recv(_MOST)
        if not data:
            return False
        order = msgspec.json.decode(data, type=Order)
        if order.seize:
            ptrace.seize(order.seize, _OPTIONS)
            self._threads[order.seize] = order.seize
            self._tell(Seen(done=True))
        else:
            ordinal = order.ordinal + self._counts.get((order.arm, order.event, order.connection), 0)
            self._armed = msgspec.structs.replace(order, ordinal=ordinal)
            self._tell(Seen(done=True, ordinal=ordinal))
        return True

    def _wait_for_many(self) -> bool:
        """Handle the stops and ends that are there; tell whether there may be more."""
        with contextlib.suppress(ChildProcessError):
            for _ in range(_AT_ONCE):
                tid, status = os.waitpid(-1, os.WNOHANG | WALL)
                if not tid:
                    return False
                what = classify(status)
                if isinstance(what, StoppedBy):
                    try:
                        self._stopped(tid, what)
                    except PtraceError as error:
                        if error.errno != errno.ESRCH:  # killed meanwhile
                            raise
                else:
                    self._threads.pop(tid, None)
                    self._leaving.pop(tid, None)
            return True
        return False

    def _stopped(self, tid: int, what: StoppedBy) -> None:
        if tid not in self._threads:  # its first stop may come before its parent's event
            self._threads[tid] = _process(tid)
        if what.event == ptrace.PTRACE_EVENT_SECCOMP:
            self._at_call(tid)
        elif what.event in _FORKS:
            new = ptrace.event_message(tid)
            self._threads.setdefault(new, _process(new))
            ptrace.cont(tid)
        elif what.event == ptrace.PTRACE_EVENT_STOP and what.signal in _GROUP_STOPS:
            ptrace.listen(tid)
        elif what.signal == signal.SIGTRAP | ptrace.SYSCALL_STOP:
            self._after_call(tid)
        else:
            ptrace.cont(tid, 0 if what.event else what.signal)

    def _at_call(self, tid: int) -> None:
        info = ptrace.syscall_info(tid)
        assert isinstance(info, ptrace.SyscallEntryInfo)  # noqa: S101 - the kind of stop says so
        kind = self._machine if info.arch == self._machine.audit else foreign(info.arch)
        name = kind.name(info.number & ~X32_BIT if kind is self._machine else info.number)
        if name in SIGNALS:
            self._judge(tid, name, info.arguments)
        elif name in MESSAGES:
            self._at_message(tid, MESSAGES[name], info.arguments[0])
        else:
            ptrace.cont(tid)

    def _judge(self, tid: int, name: str, arguments: tuple[int, ...]) -> None:
        process = self._threads[tid]
        reason = refusal(process, name, arguments, {*self._threads, *self._threads.values()})
        if reason:
            self._tell(Seen(denied=f"{reason}, by {proc.comm(process)} (pid {process})"))
            # Skipped by a number of -1, the call has the result that is set here (seccomp(2), RET_TRACE).
            registers.set_syscall_number(tid, -1)
            registers.set_return_value(tid, -errno.EPERM)
        ptrace.cont(tid)

    def _at_message(self, tid: int, event: str, descriptor: int) -> None:
        process = self._threads[tid]
        connection = self._connection(process, descriptor)
        if not connection:
            ptrace.cont(tid)
            return
        ordinal = self._counts.get((process, event, connection), 0) + 1
        if event == "send":  # of a receive, the entry says nothing: it may be one of many that bring nothing
            self._pass(process, event, connection, ordinal, "entry")
        self._leaving[tid] = (process, event, connection)
        ptrace.syscall(tid)

    def _after_call(self, tid: int) -> None:
        info = ptrace.syscall_info(tid)
        leaving = self._leaving.pop(tid, None)
        if leaving and isinstance(info, ptrace.SyscallExitInfo) and info.value > 0:  # it has moved bytes
            self._counts[leaving] = ordinal = self._counts.get(leaving, 0) + 1
            self._pass(*leaving, ordinal, "exit")
        ptrace.cont(tid)

    def _pass(self, process: int, event: str, connection: int, ordinal: int, when: str) -> None:
        """A point is passed: tell of it, and do there what was armed."""
        with contextlib.suppress(BlockingIOError):  # nobody listens: it is no point that anybody chose
            passed = Seen(passed=(process, event, connection, ordinal, when))
            self._channel.send(msgspec.json.encode(passed), socket.MSG_DONTWAIT)
        armed = self._armed
        if armed is None or (process, event, connection, ordinal, when) != (
            armed.arm, armed.event, armed.connection, armed.ordinal, armed.when,
        ):  # fmt: skip
            return
        self._armed = None
        os.kill(process, armed.signal)
        self._tell(Seen(fired=True))

    def _connection(self, process: int, descriptor: int) -> int:
        """Return the number of a socket or pipe, in the order in which the process used them; 0 for none.

        Standard input, output and error are none.
        """
        if descriptor <= 2:
            return 0
        try:
            what = os.readlink(f"/proc/{process}/fd/{descriptor}")  # noqa: PTH115 - it is no path
        except OSError:
            return 0
        if not what.startswith(("socket:", "pipe:")):
            return 0
        known = self._connections.setdefault(process, {})
        return known.setdefault(what, len(known) + 1)

    def _tell(self, seen: Seen) -> None:
        self._channel.send(msgspec.json.encode(seen))


def _process(tid: int) -> int:
    status = proc.status(tid)
    return status.tgid if status else tid
