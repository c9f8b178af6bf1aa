"""Deaths, and who noticed them: the ends of connections, what wait4 and SIGCHLD told."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING, Final

from bstinspect.decode.brief import describe_call
from bstinspect.decode.call import s32
from bstinspect.decode.names import signal_name
from bstinspect.findings.model import AutopsyThread, DeathFacts, SeenCall, Witness
from bstinspect.records import Autopsy, Exited, Exiting, SignalDelivery

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.findings.calls import Finished
    from bstinspect.findings.peers import Peers
    from bstinspect.records import AnyRecord

MOST: Final = 1000
"""So many ends of connections, and so many deaths, are kept."""
_RECEIVES: Final = frozenset({"read", "recvfrom", "recvmsg"})
_BROKEN: Final = frozenset({"ECONNRESET", "EPIPE"})
WAITS: Final = frozenset({"wait4", "waitid"})
"""What tells a parent how a child ended."""
CALLS: Final = _RECEIVES | WAITS
"""What `Deaths.called` takes."""
_PID: Final = re.compile(r"si_pid=(\d+)")
_SHOWN_DESCRIPTORS: Final = 40


class _Noticed:
    """Somebody was told of the end of a process."""

    def __init__(self, pid: int, of: int, at: int, how: str, call: SeenCall) -> None:
        self.pid, self.of, self.at, self.how, self.call = pid, of, at, how, call


class Deaths:
    """Processes that a signal ended, each with an autopsy where there was one."""

    def __init__(self, since: Callable[[int], int], machine: Callable[[], str]) -> None:
        self._since = since
        self._machine = machine
        self._dying: dict[int, int] = {}
        """When a process was first seen to die of a signal, by pid."""
        self._autopsies: dict[int, Autopsy] = {}
        self._deaths: list[DeathFacts] = []
        self._noticed: list[_Noticed] = []
        self._dead: set[int] = set()
        """Who was killed: only their ends are kept of what others noticed."""

    def take(self, record: AnyRecord, line: int) -> None:
        """Take what is no call; `line` is where the full trace has come to."""
        if isinstance(record, Exiting) and record.status & 0x7F:
            self._dying.setdefault(record.pid, self._since(record.when))
            self._dead.add(record.pid)
        elif isinstance(record, Autopsy):
            if len(self._autopsies) < MOST:
                self._autopsies[record.pid] = record
        elif isinstance(record, Exited) and record.tid == record.pid:
            began = self._dying.pop(record.pid, self._since(record.when))
            autopsy = self._autopsies.pop(record.pid, None)
            if record.status & 0x7F and len(self._deaths) < MOST:
                self._dead.add(record.pid)
                self._deaths.append(self._death(record, began, autopsy))
        elif isinstance(record, SignalDelivery) and record.signal == signal.SIGCHLD:
            self._signalled(record, line)

    def called(self, call: Finished, peers: Peers, *, is_socket: bool) -> None:
        """Take one of `CALLS`, before `peers` does so."""
        if len(self._noticed) >= MOST or call.leaving is None:
            return
        pid = call.entry.pid
        if call.name in _RECEIVES and is_socket and (call.value == 0 or call.error in _BROKEN):
            of = peers.pid((pid, s32(call.entry.arguments[0])))
            if of in self._dead:
                how = "end-of-connection" if call.value == 0 else "reset"
                self._noticed.append(_Noticed(pid, of, call.end, how, call.seen()))
        elif call.name in WAITS and not call.failed:
            of = waited_for(call)
            if of in self._dead:
                self._noticed.append(_Noticed(pid, of, call.end, "wait", call.seen()))

    def found(self) -> list[DeathFacts]:
        """Return the deaths, each with those who noticed: once in each way."""
        for death in self._deaths:
            told: dict[tuple[int, str], Witness] = {}
            for each in self._noticed:
                if each.of == death.pid and each.at >= death.when and (each.pid, each.how) not in told:
                    told[each.pid, each.how] = Witness(each.pid, each.at - death.when, each.how, each.call)
            death.witnesses = sorted(told.values(), key=lambda witness: witness.delay)
        return self._deaths

    def _signalled(self, record: SignalDelivery, line: int) -> None:
        if len(record.siginfo) >= 20 and len(self._noticed) < MOST:
            of = int.from_bytes(record.siginfo[16:20], "little")
            if of not in self._dead:
                return
            at = self._since(record.when)
            text = f"--- SIGCHLD {{si_signo=SIGCHLD, si_pid={of}, ...}} ---"
            call = SeenCall(at, record.pid, record.tid, "SIGCHLD", text, line, 0)
            self._noticed.append(_Noticed(record.pid, of, at, "signal", call))

    def _death(self, record: Exited, began: int, autopsy: Autopsy | None) -> DeathFacts:
        death = DeathFacts(record.pid, began, record.status)
        if autopsy is None:
            return death
        machine = self._machine()
        for thread in autopsy.threads:
            call = describe_call(thread.syscall, thread.arguments, machine)
            death.threads.append(AutopsyThread(thread.tid, thread.name, call))
        for each in autopsy.descriptors[:_SHOWN_DESCRIPTORS]:
            death.descriptors.append(f"{each.number}: {each.target} {each.endpoint}".rstrip())
        death.resident_kib, death.age_ns = autopsy.resident_kib, autopsy.age_ns
        return death


def killer(status: int) -> str:
    """Return the name of the signal in a wait status, empty for an exit."""
    return signal_name(status & 0x7F) if status & 0x7F else ""


def waited_for(call: Finished) -> int:
    """Return the child that a wait4 or waitid told of; 0 where it told of none."""
    if call.name == "wait4":
        return max(call.value, 0)
    found = _PID.search(call.text())
    return int(found[1]) if found else 0
