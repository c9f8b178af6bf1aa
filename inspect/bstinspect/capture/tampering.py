"""Make calls fail, return something else, get a signal, or wait: -e inject= (strace(1), Tampering).

At a syscall-entry-stop the call's number can be replaced (-1: no call is made), at its exit-stop the result
(ptrace(2)). The counting of ``when=`` is each thread's own, as in strace.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import msgspec

from bstinspect.capture.objects import Objects
from bstinspect.capture.rules import FOREVER
from bstinspect.capture.selection import Touched
from bstinspect.errors import InspectError
from bstinspect.linux import memory, registers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bstinspect.capture.rules import Rule
    from bstinspect.capture.tracee import Thread


class _Counter(msgspec.Struct):
    """How many more calls pass before a rule is applied, and how many are left that it counts at all."""

    first: int
    last: int


class Tampered(msgspec.Struct):
    """What is being done to the call that a thread is inside of."""

    rule: Rule
    made_up: bool = False
    """The call is not the one that was asked for: its result is replaced."""
    poked: bool = False
    delayed: bool = False

    def __str__(self) -> str:
        words = (("result", self.made_up), ("arguments", self.poked), ("delay", self.delayed))
        return ",".join(word for word, true in words if true)


class Tampering:
    """Applies the rules."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._counters: dict[tuple[int, int, int], _Counter] = {}
        self._objects = Objects(frozenset())

    def enter(self, thread: Thread, number: int, arguments: tuple[int, ...]) -> Tampered | None:
        """Apply at an entry-stop what is due; None for nothing. Signal and delay are the caller's."""
        chosen: Rule | None = None
        touched = Touched(thread, number, arguments, self._objects)
        for index, rule in enumerate(self._rules):
            if (
                number in rule.calls
                and _fits(rule, touched, arguments)
                and self._due(index, rule, thread.tid, number)
            ):
                chosen = chosen or rule
        if chosen is None:
            return None
        tampered = Tampered(chosen)
        if chosen.replaces_result:
            registers.set_syscall_number(thread.tid, chosen.call)
            tampered.made_up = True
        tampered.poked = self._poke(thread.tid, arguments, chosen.poke_enter)
        tampered.delayed = bool(chosen.delay_enter_ns)
        return tampered

    def leave(self, thread: Thread, tampered: Tampered, arguments: tuple[int, ...], value: int) -> int:
        """Apply at the exit-stop what is due; return the result that the call has now."""
        rule = tampered.rule
        if self._poke(thread.tid, arguments, rule.poke_exit):
            tampered.poked = True
        if rule.delay_exit_ns:
            tampered.delayed = True
        if not tampered.made_up:
            return value
        result = -rule.error if rule.error else rule.value or 0
        registers.set_return_value(thread.tid, result)
        return result if result < 1 << 63 else result - (1 << 64)

    def forget(self, tid: int) -> None:
        """A thread has ended: another with its tid is counted anew."""
        for key in [key for key in self._counters if key[1] == tid]:
            del self._counters[key]

    def _due(self, index: int, rule: Rule, tid: int, number: int) -> bool:
        """Count a call that fits; tell whether the rule is to be applied (strace's first, last, step)."""
        counter = self._counters.get((index, tid, number))
        if counter is None:
            counter = self._counters[index, tid, number] = _Counter(rule.first, rule.last)
        if not counter.first or not counter.last:
            return False
        if rule.last != FOREVER:
            counter.last -= 1
        counter.first -= 1
        if counter.first:
            return False
        counter.first = rule.step
        return True

    def _poke(self, tid: int, arguments: tuple[int, ...], pokes: Sequence[tuple[int, bytes]]) -> bool:
        done = False
        for index, data in pokes:
            if index < len(arguments):
                with contextlib.suppress(InspectError):  # a pointer that leads nowhere
                    memory.write_exactly(tid, arguments[index], data)
                    done = True
        return done


def _fits(rule: Rule, touched: Touched, arguments: tuple[int, ...]) -> bool:
    """Tell whether a call is one that the rule asks for."""
    if any(arguments[index] != value for index, value in rule.arguments):
        return False
    if rule.descriptor is not None and not touched.descriptor(lambda number: number == rule.descriptor):
        return False
    return not rule.path or touched.path(frozenset({os.fsencode(rule.path)}))
