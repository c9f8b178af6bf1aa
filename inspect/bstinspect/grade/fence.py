"""The tracer of a program: denies signals to strangers, and puts a fault at a message.

It is a process of its own, that seizes what its parent starts and all that is forked from it. A seccomp
filter cannot be put into a program that has been seized without its help, so the child installs it itself,
before its execve; everything else runs at full speed.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
from typing import TYPE_CHECKING, Final, NoReturn

import msgspec

from bstinspect.errors import InspectError
from bstinspect.grade.orders import Order, Seen
from bstinspect.grade.tracer import Tracer, filter_program
from bstinspect.linux import prctl

if TYPE_CHECKING:
    from bstinspect.faults.address import Address

_MOST: Final = 1 << 16
_DEADLINE_MS: Final = 10_000


class FenceError(InspectError):
    """The tracer does not work."""

    exit_code = 2


class Fence:
    """The tracer, as the process beside it sees it."""

    def __init__(self, *, messages: bool) -> None:
        """Start it. `messages`: it stops at those too. Raises OSError."""
        self.filter = filter_program(messages=messages)
        """What a program installs before its execve."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        parent = os.getpid()
        self.pid = os.fork()
        if not self.pid:
            ours.close()
            _be_tracer(theirs, parent)
        theirs.close()
        self._socket = ours
        self._denied: list[str] = []
        self._passed: list[tuple[int, str, int, int, str]] = []
        self._fired = False
        self._ordinal = 0
        self._has_ended = False

    def seize(self, pid: int) -> None:
        """Trace a process, which waits for that, and all that it forks from now on. Raises FenceError."""
        self._order(Order(seize=pid))

    def arm(self, pid: int, at: Address, number: int) -> Address:
        """Send a process a signal at a crash point, once. Its ordinal is counted from now on.

        Return it with the ordinal counted from the process's start.
        """
        self._fired = False
        point = (at.event, at.connection, at.ordinal, at.when)
        self._order(Order(0, pid, *point, number))
        return msgspec.structs.replace(at, ordinal=self._ordinal)

    def has_fired(self) -> bool:
        """Tell whether the fault that was armed last has taken effect."""
        self._hear()
        return self._fired

    def passed(self) -> list[tuple[int, str, int, int, str]]:
        """Return the points that were passed since the last question: process, event, connection, ..."""
        self._hear()
        passed, self._passed = self._passed, []
        return passed

    def has_ended(self) -> bool:
        """Tell whether it has ended, and with it all that it traced: that was a fork bomb."""
        self._hear()
        return self._has_ended

    def denied(self) -> list[str]:
        """Return the signals to strangers that were denied, a line each."""
        self._hear()
        return self._denied

    def close(self) -> None:
        """End it; what it traces ends with it."""
        self._socket.close()
        with contextlib.suppress(ChildProcessError):  # it has ended before
            os.waitpid(self.pid, 0)

    def _order(self, order: Order) -> None:
        self._socket.send(msgspec.json.encode(order))
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        while poll.poll(_DEADLINE_MS):
            if self._note(self._socket.recv(_MOST)):
                return
        raise FenceError("the tracer does not answer")

    def _hear(self) -> None:
        self._socket.setblocking(False)  # noqa: FBT003 - the name of the method says it
        try:
            while data := self._socket.recv(_MOST):
                self._note(data)
            self._has_ended = True
        except BlockingIOError:
            pass
        except ConnectionResetError:
            self._has_ended = True
        finally:
            self._socket.setblocking(True)  # noqa: FBT003 - as above

    def _note(self, data: bytes) -> bool:
        """Take in what it told; return whether an order is carried out."""
        if not data:
            raise FenceError("the tracer has ended")
        seen = msgspec.json.decode(data, type=Seen)
        if seen.trouble:
            raise FenceError(f"the tracer: {seen.trouble}")
        if seen.denied:
            self._denied.append(seen.denied)
        if seen.passed is not None:
            self._passed.append(seen.passed)
        self._fired |= seen.fired
        self._ordinal = seen.ordinal or self._ordinal
        return seen.done


def _be_tracer(channel: socket.socket, parent: int) -> NoReturn:
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        prctl.die_with_parent(parent)
        Tracer(channel).run()
    except Exception as error:  # noqa: BLE001 - it goes where it can be shown
        channel.send(msgspec.json.encode(Seen(trouble=f"{type(error).__name__}: {error}")))
    finally:
        os._exit(1)
