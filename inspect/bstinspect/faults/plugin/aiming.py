"""`faults` in a test: strike a process now, or put a fault at a crash point that is still to come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bstinspect.errors import UsageError
from bstinspect.faults.address import Address
from bstinspect.faults.fault import Fault
from bstinspect.faults.run import Injection
from bstinspect.faults.selection import can_happen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bstinspect.faults.run import Fired


class Struck(Protocol):
    """What faults can be put into: a cluster on the stage, or a real one."""

    @property
    def fired(self) -> Sequence[Fired]:
        """What took effect."""

    def strike(self, who: str, fault: Fault) -> None:
        """Do a fault to a process now."""

    def arm(self, injection: Injection) -> None:
        """Put a fault at a crash point."""

    def next(self, at: Address) -> Address:
        """Return the point that `at` is when it is counted from now on."""


class Faults:
    """The faults of one test. `who` is a node's id, with its life (``20.1``) or without; or a name."""

    def __init__(self, struck: Struck) -> None:
        self._struck = struck

    @property
    def fired(self) -> list[Fired]:
        """What took effect so far."""
        return list(self._struck.fired)

    def kill(self, who: int | str) -> None:
        """SIGKILL a process, as an outsider would."""
        self._struck.strike(str(who), Fault("kill"))

    def stop(self, who: int | str) -> None:
        """SIGSTOP a process."""
        self._struck.strike(str(who), Fault("stop"))

    def cont(self, who: int | str) -> None:
        """SIGCONT a process."""
        self._struck.strike(str(who), Fault("cont"))

    def signal(self, who: int | str, name: str) -> None:
        """Send a process another signal, as ``TERM``. Raises UsageError."""
        self._struck.strike(str(who), Fault.parse(f"signal:{name}"))

    def at(self, address: str) -> Aim:
        """Choose a crash point: ``20:send(exec-reply)#1@exit``. Raises UsageError."""
        return Aim(self._struck, Address.parse(address))

    def next(self, address: str) -> Aim:
        """Choose a crash point that is counted from now on, of a process as it lives now. Raises UsageError.

        Raises DirectorError where no process is named.
        """
        return Aim(self._struck, self._struck.next(Address.parse(address)))


class Aim:
    """A crash point, for a fault to be put there. A fault that does not fire fails the test."""

    def __init__(self, struck: Struck, at: Address) -> None:
        self._struck = struck
        self._at = at

    def fault(self, text: str) -> Armed:
        """Put any fault there, as ``stop:200ms``. Raises UsageError where it cannot happen there."""
        injection = Injection(self._at, Fault.parse(text))
        if not can_happen(injection.fault, self._at):
            raise UsageError(f"there can be no {text} at {self._at}", advice=False)
        self._struck.arm(injection)
        return Armed(self._struck, injection)

    def kill(self) -> Armed:
        """SIGKILL."""
        return self.fault("kill")

    def stop(self, duration: str = "") -> Armed:
        """SIGSTOP, and with a duration such as ``200ms`` SIGCONT after it."""
        return self.fault(f"stop:{duration}" if duration else "stop")

    def signal(self, name: str) -> Armed:
        """Send another signal, as ``TERM``."""
        return self.fault(f"signal:{name}")

    def errno(self, name: str) -> Armed:
        """Have the call fail, as with ``ECONNRESET``."""
        return self.fault(f"errno:{name}")

    def returns(self, number: int) -> Armed:
        """Have the call return a number, and do nothing."""
        return self.fault(f"return:{number}")

    def delay(self, duration: str) -> Armed:
        """Have the call wait, as for ``100ms``."""
        return self.fault(f"delay:{duration}")

    def drop(self) -> Armed:
        """Have the message never sent."""
        return self.fault("drop")

    def twice(self) -> Armed:
        """Have the message sent twice."""
        return self.fault("twice")

    def truncate(self) -> Armed:
        """Have the message sent without the second half of its body."""
        return self.fault("truncate")

    def disk_full(self) -> Armed:
        """Have no file made from there on."""
        return self.fault("disk-full")

    def no_descriptors(self) -> Armed:
        """Have the process open nothing more from there on."""
        return self.fault("no-descriptors")


class Armed:
    """A fault that was put up."""

    def __init__(self, struck: Struck, injection: Injection) -> None:
        self._struck = struck
        self.injection = injection

    @property
    def fired(self) -> bool:
        """Whether it has taken effect."""
        return any(each.injection == self.injection for each in self._struck.fired)
