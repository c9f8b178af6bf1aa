"""The keeper: the clean process between the controller's program and the nodes.

The controller lives in somebody else's process, with threads and open files of its own, so it never forks
itself. It starts one fresh interpreter, which forks the root node, inherits every orphan (it is the
subreaper), reaps, and at the end kills what is left and sweeps the directory of the sockets.

Run as ``python -m bstcluster.keeper CONTROL CONTROLLER DIRECTORY ANCESTOR``: the number of the inherited
socket to the controller, the controller's pid, the directory, and the pid for PR_SET_PTRACER (0: none).
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import NoReturn

import msgspec

from bstcluster import processes
from bstcluster.node import Seat, live
from bstcluster.protocol import (
    CONTROLLER_SOCKET,
    ChildExited,
    Failed,
    Forked,
    ForkRoot,
    Message,
    Reap,
    Reaped,
    decode_keeper_request,
    encode,
)

_PACKET = 1 << 20


class Keeper:
    """Forks the root, reaps the orphans, sweeps up."""

    def __init__(self, control: socket.socket, directory: Path, tracer_ancestor: int) -> None:
        self._control = control
        self._directory = directory
        self._tracer_ancestor = tracer_ancestor
        self._events = processes.ChildEvents()
        self._reaps: list[Reap] = []

    def run(self) -> Seat | None:
        """Serve until the controller closes or dies; return only in a forked root, with its seat."""
        poller = select.poll()
        for descriptor in (self._control.fileno(), self._events.fileno(), processes.LIFELINE):
            poller.register(descriptor, select.POLLIN)
        while True:
            for ready, _ in poller.poll():
                if ready == self._events.fileno():
                    self._report()
                    continue
                packet = b"" if ready == processes.LIFELINE else self._receive()
                if not packet:
                    self._end()
                seat = self._obey(packet)
                if seat is not None:
                    return seat

    def _receive(self) -> bytes:
        try:
            return self._control.recv(_PACKET)
        except ConnectionResetError:
            return b""

    def _obey(self, packet: bytes) -> Seat | None:
        try:
            request = decode_keeper_request(packet)
        except msgspec.MsgspecError as error:
            sys.stderr.write(f"bstrace: keeper: dropped a malformed request: {error}\n")
            return None
        if isinstance(request, ForkRoot):
            return self._fork_root(request)
        self._reaps.append(request)
        self._answer_reaps()
        return None

    def _fork_root(self, request: ForkRoot) -> Seat | None:
        try:
            pid = processes.fork()
        except OSError as error:
            self._send(Failed(request.request, f"cannot fork: {error.strerror}"))
            return None
        if pid == 0:
            processes.begin_child(self)
            return Seat(self._directory, request.node, request.life, CONTROLLER_SOCKET, self._tracer_ancestor)
        self._send(Forked(request.request, pid))
        return None

    def _report(self) -> None:
        for notice in self._events.take():
            self._send(notice)
        self._answer_reaps()

    def _answer_reaps(self) -> None:
        for reap in list(self._reaps):
            if not any(processes.is_child(pid) for pid in reap.pids):
                self._reaps.remove(reap)
                self._send(Reaped(reap.request))

    def _send(self, message: Message) -> None:
        try:
            self._control.send(encode(message))
        except (BrokenPipeError, ConnectionResetError):
            return  # the end of the controller is seen by its own event

    def _end(self) -> NoReturn:
        """Kill every node, reap it, sweep the directory, leave.

        A node's children become the keeper's when the node dies, so this goes on until there are none.
        """
        while pids := processes.children():
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            while not any(isinstance(notice, ChildExited) for notice in self._events.take()):
                select.select([self._events], [], [])
        processes.end_of_controller(self._directory)
        sys.stderr.flush()
        os._exit(0)


def main(arguments: list[str]) -> NoReturn:
    """Become the keeper, or, in a child, a node."""
    control_number, controller, directory, ancestor = arguments
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the terminal's; the controller says when it is over
    try:
        lifeline = os.pidfd_open(int(controller))
    except ProcessLookupError:
        os._exit(0)
    if os.getppid() != int(controller):
        os._exit(0)  # it died before the pidfd was opened: this one may be a later process's
    processes.become_subreaper()
    control = processes.keep_descriptors(int(control_number), lifeline)
    processes.set_title("keeper")
    if int(ancestor):
        processes.allow_tracer(int(ancestor))
    seat = Keeper(socket.socket(fileno=control), Path(directory), int(ancestor)).run()
    live(seat)


if __name__ == "__main__":
    main(sys.argv[1:])
