"""The tracer process: one thread that owns every ptrace request, and never waits for anybody but the kernel.

The supervisor starts it (see `client`) with a SOCK_SEQPACKET socket. It ends, letting every tracee go, when
that socket closes, when the supervisor's process ends (a pidfd), or on SIGTERM. Should it hang, the kernel
kills it with its parent (PR_SET_PDEATHSIG): a tracer that hangs makes its tracees unkillable.

    python -P -c 'from bstinspect.capture.tracer import main; main()' SOCKET-FD PARENT-PID CAPTURE-FILE CPU
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING, Final, NoReturn

import msgspec

from bstinspect.capture import compiled
from bstinspect.capture.colocation import Colocation
from bstinspect.capture.file import CaptureWriter
from bstinspect.capture.loop import Reason
from bstinspect.capture.outbox import Outbox
from bstinspect.capture.protocol import (
    HELLO,
    MAX_MESSAGE,
    AnyRequest,
    Arm,
    Heartbeat,
    Release,
    Seize,
    Trace,
)
from bstinspect.capture.stops import Stops
from bstinspect.capture.syscalls import OWN_ARCH
from bstinspect.capture.tracees import Tracees
from bstinspect.linux import prctl
from bstinspect.linux.signalfd import SignalDescriptor

if TYPE_CHECKING:
    from bstinspect.capture.arming import Armed

NAME: Final = "bstrace-tracer"
_BUSY_NS: Final = 500_000
"""While something is traced, the next stop is waited for so long before anything else is looked at."""
_FLUSH_NS: Final = 2_000_000
"""The capture is written out this often under load, and at once when nothing happens."""
_FAREWELL_NS: Final = 1_000_000_000
"""How long the end waits for tracees to stop and be let go."""


class Loop:
    """The tracer's loop."""

    def __init__(self, control: socket.socket, lifeline: int, capture_path: str, cpu: int) -> None:
        self._control = control
        self._lifeline = lifeline
        self._capture = CaptureWriter(capture_path, buffer=compiled.record_buffer())
        self._outbox = Outbox(control, self._capture)
        statuses: dict[int, int | None] = {}
        self._colocation = Colocation(statuses, cpu)
        self._tracees = Tracees(self._outbox, self._colocation, named=True)
        self._stops = Stops(
            self._tracees, self._outbox, compiled.stop_loop(OWN_ARCH, (signal.SIGTERM,), self._capture.buffer)
        )
        self._stops.statuses = statuses
        self._signals = SignalDescriptor((signal.SIGCHLD, signal.SIGTERM))  # only polled: the stops take them
        self._decoder = msgspec.msgpack.Decoder(AnyRequest)
        self._poll = select.epoll()
        self._poll.register(self._signals.fileno(), select.EPOLLIN)
        self._poll.register(control.fileno(), select.EPOLLIN)
        self._poll.register(lifeline, select.EPOLLIN)
        self._writable_wanted = False
        self._flushed = 0
        self._more = True  # stops may be there already
        self._unflushed = True
        self._ended = False

    def run(self) -> None:
        """Serve until the supervisor goes or SIGTERM comes."""
        self._outbox.done(HELLO)
        self._stops.warm_up()
        while not self._ended:
            ready = dict(self._poll.poll(self._patience()))
            if self._more or self._signals.fileno() in ready:
                self._take_stops()
            self._colocation.tick()
            if self._control.fileno() in ready:
                self._take_requests()
            if self._stops.holding:
                self._stops.expire()
            if self._lifeline in ready or self._outbox.broken:
                self._ended = True
            self._write_out(idle=not ready)

    def _patience(self) -> float:
        """How long to wait for something to happen, seconds; -1 for ever."""
        if self._more:
            return 0
        if self._unflushed:
            return 0.001
        if self._stops.holding:
            return 0.005
        patience_ns = self._colocation.patience_ns
        return patience_ns / 1_000_000_000 if patience_ns >= 0 else -1

    def let_go(self) -> None:
        """Let every tracee go, as far as they stop in time, and write the capture out."""
        self._stops.reconsider()
        self._colocation.end()
        self._tracees.release_all()
        deadline = time.monotonic_ns() + _FAREWELL_NS
        while any(not thread.exiting for thread in self._tracees.threads.values()):
            left_ns = deadline - time.monotonic_ns()
            if left_ns <= 0:
                break
            self._stops.take(left_ns)
        self._colocation.close()
        self._outbox.flush()
        self._capture.close()

    def _take_stops(self) -> None:
        self._unflushed = True
        if not (self._tracees.threads or self._tracees.strays):
            self._ended = any(number == signal.SIGTERM for number, _ in self._signals.read())
            self._more = False
            return
        tracing = any(process.stops_at_calls for process in self._tracees.processes.values())
        reason = self._stops.take(_BUSY_NS if tracing else 0)
        self._more = reason == Reason.TICK
        if reason == Reason.SIGNALLED:
            self._ended = True

    def _take_requests(self) -> None:
        self._unflushed = True
        self._stops.reconsider()
        while True:
            try:
                data = self._control.recv(MAX_MESSAGE, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except ConnectionError:
                data = b""
            if not data:
                self._ended = True
                return
            self._answer(self._decoder.decode(data))

    def _answer(self, request: AnyRequest) -> None:
        match request:
            case Seize():
                self._tracees.seize(request.request, request.pid)
            case Release():
                self._tracees.release(request.request, request.pid)
            case Trace():
                self._tracees.trace(request)
            case Arm():
                self._tracees.arm(request, self._armed(request))
            case Heartbeat():
                self._outbox.done(request.request)

    def _armed(self, request: Arm) -> Armed | None:
        from bstinspect.capture.arming import Armed  # few sessions want it

        pid, at = request.pid, request.at
        return None if at is None else Armed(at, lambda: self._outbox.reached(pid, str(at)))

    def _write_out(self, *, idle: bool) -> None:
        if self._outbox.waiting:
            self._outbox.flush()
        if self._outbox.waiting != self._writable_wanted:
            self._writable_wanted = self._outbox.waiting
            events = select.EPOLLIN | (select.EPOLLOUT if self._writable_wanted else 0)
            self._poll.modify(self._control.fileno(), events)
        if self._unflushed:
            now = time.monotonic_ns()
            if idle or now - self._flushed > _FLUSH_NS:
                self._capture.flush()
                self._flushed = now
                self._unflushed = False


def main() -> NoReturn:
    """Run the tracer.

    Arguments are the control socket's descriptor, the parent's pid, the capture's path, and the CPU that it
    would rather trace on, or -1.
    """
    descriptor, parent, capture_path, cpu = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prctl.set_name(NAME)
    if not prctl.die_with_parent(int(parent)):
        sys.exit(1)
    control = socket.socket(fileno=int(descriptor))
    control.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MAX_MESSAGE)
    try:
        loop = Loop(control, os.pidfd_open(int(parent)), capture_path, int(cpu))
    except OSError as error:
        sys.exit(f"bstrace: the tracer cannot start: {error}")
    try:
        loop.run()
    except Exception as error:  # noqa: BLE001 - whatever it is, no tracee may stay stopped
        print(f"bstrace: the tracer failed: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        loop.let_go()
        sys.exit(1)
    loop.let_go()
    control.close()
    sys.exit(0)
