"""Makes a failing scenario smaller, a confirmed step at a time, and writes down how to see it again.

A step leaves out faults, commands, or a node with all its commands, or makes a duration or an exec shorter.
It counts only where a run of it breaks an invariant that the first one broke. Where it leaves a crash point
with another number, the fault is aimed anew.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.faults.fault import Fault
from bstinspect.faults.model.language import read
from bstinspect.faults.run import Injection, Smallest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bstinspect.faults.address import Address
    from bstinspect.faults.run import Outcome, Scenario

BUDGET: Final = 200
"""Runs that a shrinking takes at most."""
_MOST_AIMS: Final = 4
_SHORTEST_NS: Final = 1_000_000
_replace = msgspec.structs.replace


def shrink(
    scenario: Scenario, fails: Callable[[Scenario], Outcome | None], budget: int = BUDGET
) -> Smallest | None:
    """Return the smallest scenario found that fails like `scenario`; None where it does not fail.

    `fails` runs one: its outcome, or None where all is well. One that only has an `error`, as where a fault
    did not fire, is no failure; its run, if there is one, says where else the fault may be put. No more than
    `budget` runs are made. The same `fails` leads to the same result.
    """
    shrinking = _Shrinking(fails, budget)
    outcome = shrinking.run(scenario)
    if outcome is None or not outcome.violations:
        return None
    shrinking.begin(scenario, outcome)
    while shrinking.take_a_step():
        pass
    best, outcome = shrinking.best, shrinking.outcome
    return Smallest(outcome, best, one_line(best), as_test(best, outcome), shrinking.steps)


class _Shrinking:
    """The smallest failure so far."""

    def __init__(self, fails: Callable[[Scenario], Outcome | None], budget: int) -> None:
        self._fails = fails
        self._left = budget
        self._known: dict[Scenario, Outcome | None] = {}
        self.steps = 0

    def begin(self, scenario: Scenario, outcome: Outcome) -> None:
        """Take the first failure."""
        self.best, self.outcome = scenario, outcome
        self._broken = {each.invariant for each in outcome.violations}

    def run(self, scenario: Scenario) -> Outcome | None:
        """Run a scenario, unless that was done, or the budget is used up."""
        if scenario not in self._known:
            if not self._left:
                return None
            self._left -= 1
            self._known[scenario] = self._fails(scenario)
        return self._known[scenario]

    def take_a_step(self) -> bool:
        """Find something smaller that fails in the same way; False where there is nothing."""
        for candidate in _smaller(self.best):
            tried = self.run(candidate)
            if self._is_step(candidate, tried):
                return True
            if len(candidate.script) < len(self.best.script):
                for aimed in _aimed_anew(candidate, tried):
                    if self._is_step(aimed, self.run(aimed)):
                        return True
        return False

    def _is_step(self, scenario: Scenario, outcome: Outcome | None) -> bool:
        if outcome is None or not self._broken.intersection(each.invariant for each in outcome.violations):
            return False
        self.best, self.outcome = scenario, outcome
        self.steps += 1
        return True


def _smaller(scenario: Scenario) -> Iterator[Scenario]:
    """Yield what is a step smaller, the greatest steps first."""
    for left in _with_one_left_out(scenario.injections):
        yield _replace(scenario, injections=left)
    yield from (_replace(scenario, script=script) for script in _shorter_scripts(scenario.script) if script)
    for index, each in enumerate(scenario.injections):
        for fault in _shorter_faults(each.fault):
            yield _with_injection(scenario, index, Injection(each.at, fault))
    for index, line in enumerate(scenario.script):
        command = read(line)
        plainest = f"exec {command.node} 1 1"
        if command.name == "exec" and command.result.startswith("Ok:") and line != plainest:
            script = (*scenario.script[:index], plainest, *scenario.script[index + 1 :])
            yield _replace(scenario, script=script)
    if scenario.seed:
        yield _replace(scenario, seed=0)


def _shorter_scripts(script: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the script without each of its halves, its quarters ..., without each node, each line."""
    size = len(script) // 2
    while size > 1:
        for start in range(
            len(script) - size, -1, -size
        ):  # the last commands are the likeliest not to matter
            yield script[:start] + script[start + size :]
        size //= 2
    nodes = dict.fromkeys(read(line).node for line in script if read(line).name == "create")
    for node in reversed(nodes):
        yield tuple(line for line in script if not _is_to(line, node))
    for index in range(len(script) - 1, -1, -1):
        yield script[:index] + script[index + 1 :]


def _is_to(line: str, node: int) -> bool:
    command = read(line)
    return command.name in ("create", "exec", "kill", "crash", "stop", "cont") and command.node == node


def _shorter_faults(fault: Fault) -> Iterator[Fault]:
    if fault.kind not in ("stop", "delay") or fault.value <= _SHORTEST_NS:
        return
    for divisor in (100, 10, 2):
        value = fault.value // divisor // _SHORTEST_NS * _SHORTEST_NS
        if value:
            yield Fault(fault.kind, value)


def _with_one_left_out(injections: tuple[Injection, ...]) -> Iterator[tuple[Injection, ...]]:
    for index in range(len(injections)):
        yield injections[:index] + injections[index + 1 :]


def _with_injection(scenario: Scenario, index: int, injection: Injection) -> Scenario:
    changed = (*scenario.injections[:index], injection, *scenario.injections[index + 1 :])
    return _replace(scenario, injections=changed)


# Aiming anew: with fewer commands the same message has a smaller number.


def _aimed_anew(scenario: Scenario, tried: Outcome | None) -> Iterator[Scenario]:
    """Yield `scenario` with one fault after the other at the points nearest to its own."""
    run = tried.run if tried is not None else None
    passed = list(dict.fromkeys(each.at for each in run.points)) if run is not None else []
    for index, each in enumerate(scenario.injections):
        for at in _near(each.at, passed)[:_MOST_AIMS]:
            yield _with_injection(scenario, index, Injection(at, each.fault))


def _near(at: Address, passed: Sequence[Address]) -> list[Address]:
    """Return the points nearest to `at`: of smaller numbers; where `passed` are known, one of those."""
    node, _, life = at.who.partition(".")
    near = [_replace(at, who=f"{node}.{int(life) - 1}")] if life not in ("", "1") else []
    near += [_replace(at, ordinal=ordinal) for ordinal in range(at.ordinal - 1, 0, -1)]
    if not passed:
        return near
    kin = [
        each for each in passed if (each.event, each.when) == (at.event, at.when) and _is_same_who(at, each)
    ]
    near = [each for each in near if any(each.fits(point) for point in kin)]
    others = [_replace(each, who=at.who) for each in kin if each.message == at.message]
    others.sort(key=lambda each: (abs(each.ordinal - at.ordinal), each))
    return list(dict.fromkeys(each for each in (*near, *others) if each != at))


def _is_same_who(at: Address, other: Address) -> bool:
    return at.who in ("", other.who, other.who.partition(".")[0])


# What a person does with it.


def one_line(scenario: Scenario) -> str:
    """Return the command that runs `scenario`, quoted for a shell."""
    words = ["bstrace", "faults", "run", "--script", "; ".join(scenario.script)]
    for each in scenario.injections:
        words += ["--fault", str(each)]
    if scenario.seed:
        words += ["--seed", str(scenario.seed)]
    if scenario.driver:
        words += ["--driver", scenario.driver]
    if scenario.command:
        words += ["--", *scenario.command]
    return shlex.join(words)


def as_test(scenario: Scenario, outcome: Outcome) -> str:
    """Return a test for pytest that fails as long as `scenario` does."""
    first = outcome.violations[0].invariant if outcome.violations else "scenario"
    name = re.sub("[^a-z0-9]+", "_", first.lower()).strip("_") or "scenario"
    evidence = [f"    # {_printable(f'{each.invariant}: {each.text}')}" for each in outcome.violations[:5]]
    faults = [str(each) for each in scenario.injections]
    return "\n".join([
        "from bstinspect.faults.harness import replay",
        "",
        "",
        f"def test_{name}() -> None:",
        *evidence,
        "    outcome = replay(",
        *_listed("script", scenario.script),
        *_listed("faults", faults),
        f"        seed={scenario.seed},",
        *(_listed("command", scenario.command) if scenario.command else []),
        *([f"        driver={json.dumps(scenario.driver)},"] if scenario.driver else []),
        "    )",
        "    assert outcome.is_sound, outcome",
        "",
    ])  # fmt: skip


def _listed(name: str, words: Sequence[str]) -> list[str]:
    """Return a keyword argument that is a list, in the lines of a test."""
    quoted = [json.dumps(word) for word in words]
    line = f"        {name}=[{', '.join(quoted)}],"
    if len(line) <= 100:
        return [line]
    return [f"        {name}=[", *(f"            {word}," for word in quoted), "        ],"]


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)[:100].rstrip()
