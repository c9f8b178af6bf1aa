"""What is played on each mutant: a few conversations, and for each the faults that show most."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Final, NamedTuple

from bstinspect.faults.address import Address
from bstinspect.faults.fault import Fault
from bstinspect.faults.run import Injection, Scenario
from bstinspect.faults.selection import can_happen, equals

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.faults.run import Passed, Run

_LONG: Final = "exec 30 60000 " + " ".join(["7"] * 60_000)
"""Four chunks, of which the node asks for the last."""
_LONGER: Final = "exec 20 100000 " + " ".join(["-3"] * 100_000)
_BROKEN: Final = "exec 30 90001 " + " ".join([*["7"] * 30_000, "seven", *["7"] * 60_000])

TREE: Final = (
    "create 50", "create 20", "create 80", "create 10", "create 30", "exec 10 3 1 2 -4", "exec 80 1 x",
    "exes 20 2 5 6", "exec 30 2 1", "pingall", "create 20", "exec 99 1 1", "kill 99",
    "stop 20", "pingall", "exec 10 1 1", "create 5", "stop 20", "cont 20", "pingall", "exec 10 1 7",
    "cont 20", "crash 80", "crash 80", "stop 80", "pingall", "exec 80 1 1", "create 90", "kill 80", "pingall",
    "create 80", "exec 80 1 4", "kill 20", "pingall", "create 20", "exec 20 1 9", "create 10", "exec 10 1 3",
    "kill 50", "pingall", "create 7", "exec 7 1 1", "pingall", "exit",
)  # fmt: skip
"""Everything that a tree of five nodes can be asked for."""
STREAMS: Final = (
    "create 50", "create 20", "create 30", _LONGER, _BROKEN, "exec 30 3 1 2 3", "pingall", _LONG,
    "exec 30 2 4 5",
)  # fmt: skip
"""Sums that take several messages."""
DEEP: Final = (
    "create 10", "create 20", "create 30", "create 40", "create 5", "create 35", "pingall", "exec 35 1 12",
    "crash 30", "pingall", "exec 40 1 1", "create 50", "exec 20 2 1 1", "create 36", "stop 20", "pingall",
    "cont 20", "kill 30", "pingall", "create 40", "create 30", "exec 30 1 5", "stop 10", "pingall",
    "exec 5 1 1", "cont 10", "exec 5 1 2", "stop 5", "crash 5", "create 3", "kill 20", "create 30",
    "pingall", "kill 10", "create 10", "exec 10 1 1", "kill 10",
)  # fmt: skip
"""A long branch: what is below the dead is unreachable, and what is beside them is not."""
WORDS: Final = (
    "", "create", "create 1 2 3", "create x", "create -1", "create 9223372036854775808", "pingall",
    "exec 1 1 1", "create -5", "create +7", "create -7 -5", "exec -5 2 +1 -1", "exec 7 1 1_0", "exec -7 0",
    "exec -7 1000000001 1", "exec -7", "exec x 1 1", "exec", "exec -7 2 " + "9" * 4300 + " 1",
    "exec -7 1 " + "9" * 4301, "exec -7 1 1 2", "exec -7 2 1", "exec  -7\t3  1 2   3 ", "pingall now", "kill",
    "kill 1 2", "kill -9 7", "pingall", "kill 7", "stop", "stop 99", "cont 99", "crash 99", "bogus words",
    "help", "help kill", "help me", "tree", "cont -7", "stop -7", "stop -7", "cont -7", "kill -5", "tree",
    "pingall", "create 3", "exec 3 1 -2", "EXEC 3 1 1", "  create   4 3 ",
)  # fmt: skip
"""The language, to the letter."""
WHOLE: Final = {"tree": TREE, "streams": STREAMS, "deep": DEEP, "words": WORDS}
"""Played without faults, by each of these orders too:"""
SEEDS: Final = {"tree": (0, 1), "streams": (0,), "deep": (0, 2), "words": (0,)}

LIVES: Final = (
    "create 50", "create 20", "create 80", "create 10", "exec 10 2 1 2", "pingall", "kill 20", "create 20",
    "exec 20 1 4", "pingall",
)  # fmt: skip
DOWNS: Final = (
    "create 50", "create 20", "stop 20", "exec 20 1 1", "cont 20", "exec 20 1 2", "crash 20", "create 10",
    "kill 20", "create 20", "pingall", "kill 50", "create 7",
)  # fmt: skip
SUMS: Final = (
    "create 50",
    "create 30",
    "exec 30 90000 " + " ".join(["7"] * 90_000),
    "exec 30 1 5",
    "exec 50 1 x",
)
STRUCK: Final = {"lives": LIVES, "downs": DOWNS, "sums": SUMS}
"""Played with one fault each: short, as there are many."""
FAULTS: Final = {
    "kill": 16, "drop": 19, "stop": 10, "delay:30s": 8, "twice": 10, "stop:200ms": 6, "delay:400ms": 8,
    "stop:3s": 3, "signal:TERM": 3,
}  # fmt: skip
"""How many runs there are with each."""
_LONGEST_WAIT_NS: Final = 20_000_000_000


DECISIVE: Final = (
    ("lives", "10.1:send(ping-reply)#1@entry", "delay:30s"),
    ("lives", "80.1:send(ping-reply)#1@entry", "delay:30s"),
    ("lives", "keeper:wait#1@entry", "stop:200ms"),
    ("lives", "50.1:wait#1@entry", "delay:400ms"),
    ("lives", "50.1:send(exec)#1@entry", "drop"),
    ("downs", "50.1:send(child-stopped)#1@exit", "delay:30s"),
)
"""Runs that showed most: they come first."""


class Kind(NamedTuple):
    """What makes two points alike enough for one of them to do."""

    who: str
    event: str
    message: str
    when: str
    command: str


def without_faults() -> list[Scenario]:
    """Return the runs that come first."""
    return [Scenario(script, (), seed) for name, script in WHOLE.items() for seed in SEEDS[name]]


def with_faults(golden: Callable[[Scenario], Run]) -> list[Scenario]:
    """Return runs with one fault each, no two of a kind. `golden` gives the original's run without one."""
    first = [
        Scenario(STRUCK[name], (Injection(Address.parse(at), Fault.parse(fault)),))
        for name, at, fault in DECISIVE
    ]
    columns = [_with_fault(Fault.parse(word), golden)[:count] for word, count in FAULTS.items()]
    rows = itertools.zip_longest(*columns)
    others = (each for row in rows for each in row if each is not None)
    return list(dict.fromkeys([*first, *others]))


def _with_fault(fault: Fault, golden: Callable[[Scenario], Run]) -> list[Scenario]:
    found: dict[Kind, Scenario] = {}
    for script in STRUCK.values():
        run = golden(Scenario(script))
        like = equals(run.points)
        for passed in run.points:
            if passed.at not in like and _is_played(fault, passed.at):
                scenario = Scenario(script, (Injection(passed.at, fault),))
                found.setdefault(_kind(passed, run), scenario)
    scenarios = list(found.values())
    random.Random(str(fault)).shuffle(scenarios)  # noqa: S311 - no secret
    return scenarios


def _is_played(fault: Fault, at: Address) -> bool:
    """Leave out what is no use: who is controlled by nobody for 30 s can be held to nothing."""
    is_long = fault.kind == "delay" and fault.value > _LONGEST_WAIT_NS
    return can_happen(fault, at) and not (is_long and (at.who == "controller" or at.event == "wait"))


def _kind(passed: Passed, run: Run) -> Kind:
    at = passed.at
    who = at.who if at.who in ("controller", "keeper") else "node"
    command = run.replies[max(passed.command, 0)].command.split()[0] if run.replies else ""
    return Kind(who, at.event, at.message, at.when, command)
