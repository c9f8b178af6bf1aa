"""The marks: each is the name of something that goes wrong in such programs. Only data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from bstinspect.grade.subject import Subject

GROUPS: Final = ("replies", "numbers", "input", "ends", "kills", "stops", "points")
"""In the order in which they are examined and shown."""
ESSENTIAL: Final = "essential"
STRICT: Final = "strict"
"""Essential to the strict profile only."""
MINOR: Final = "minor"


class Mark(msgspec.Struct, frozen=True):
    """One thing that may be wrong."""

    name: str
    group: str
    weight: str
    """ESSENTIAL, STRICT or MINOR."""
    what: str
    """What is wrong where the mark is missed."""

    def is_essential(self, profile: str) -> bool:
        """Tell whether a program fails by it, in the profile ``strict`` or ``lenient``."""
        return self.weight == ESSENTIAL or (self.weight == STRICT and profile == "strict")


class Judgement(msgspec.Struct, frozen=True):
    """What one run of the program says of a mark."""

    mark: str
    missed: bool
    evidence: str
    """One line: what was asked, what was expected, what came."""
    is_last: bool = False
    """The run ended with it."""
    group: str = ""
    """That of the run."""


class Verdict(msgspec.Struct, frozen=True):
    """What all runs together say of a mark."""

    mark: Mark
    state: str
    """``ok``, ``missed`` or ``not judged``."""
    evidence: str
    essential: bool

    @property
    def fails(self) -> bool:
        """Whether the program fails by it."""
        return self.essential and self.state == "missed"


MARKS: Final = tuple(
    Mark(*each)
    for each in (
        ("create-without-pid", "replies", ESSENTIAL, "`create` is not answered by `Ok: pid`"),
        ("false-pid", "replies", ESSENTIAL, "the pid that `create` prints is not that of a new process"),
        ("node-without-process", "replies", ESSENTIAL, "no process appears for a new node"),
        ("create-twice", "replies", ESSENTIAL, "an id that exists can be created, or the error differs"),
        ("create-with-parent", "replies", ESSENTIAL, "`create id parent` fails"),
        ("wrong-sum", "replies", ESSENTIAL, "`exec` of a few numbers is wrong, or written otherwise"),
        ("exes-unknown", "replies", MINOR, "`exes`, as the assignment's example has it, is not understood"),
        ("exec-of-unknown-id", "replies", ESSENTIAL, "`exec` of an id that was never created"),
        ("pingall-of-available", "replies", ESSENTIAL, "not `Ok: -1` though all nodes are available"),
        ("pingall-lists-available", "replies", ESSENTIAL, "`pingall` lists the nodes that can be reached"),
        ("silent-in-a-pipe", "replies", MINOR, "nothing is shown in a pipe before the program ends"),
        ("extra-output", "replies", STRICT, "more lines on standard output than one for each command"),
        ("sum-overflow", "numbers", ESSENTIAL, "a sum past 2^31 wraps"),
        ("sum-past-64-bits", "numbers", MINOR, "a sum past 2^63 wraps"),
        ("sum-of-many", "numbers", ESSENTIAL, "an `exec` of 5,000 numbers"),
        ("ids-above-60485", "numbers", ESSENTIAL, "an id that makes no port, or another's: 60486, 65546"),
        ("ids-of-64-bits", "numbers", MINOR, "an id past 2^32"),
        ("negative-ids", "numbers", MINOR, "an id below 0"),
        ("input-flood", "input", ESSENTIAL, "a bad line is answered without end"),
        ("bad-number", "input", ESSENTIAL, "`exec 10 2 5 abc` is no error, or kills the program"),
        ("exec-of-no-numbers", "input", ESSENTIAL, "`exec 10 0` is no error, or kills the program"),
        ("bad-id", "input", STRICT, "`create 7x`, `create` or `create -1` is no error"),
        ("bad-command", "input", MINOR, "an unknown command is no error, or kills the program"),
        ("line-eaten", "input", STRICT, "a line with too few numbers takes them from the next one"),
        ("end-of-input-loop", "ends", ESSENTIAL, "it does not end with its input"),
        ("exit-hangs", "ends", ESSENTIAL, "it does not end on `exit`"),
        ("exit-status", "ends", MINOR, "it ends on `exit` with another status than 0"),
        ("kills-strangers", "ends", ESSENTIAL, "it sends signals to processes that are not its own"),
        ("orphans-after-exit", "ends", ESSENTIAL, "processes are left after its end"),
        ("orphans-after-kill-of-controller", "ends", ESSENTIAL, "kill -9 of the controller leaves nodes"),
        ("next-session-fails", "ends", ESSENTIAL, "after that, the next session in the same place fails"),
        ("files-left", "ends", MINOR, "files or shared memory are left after its end"),
        ("ports-left", "ends", ESSENTIAL, "a port is still open after its end"),
        ("fork-bomb", "ends", ESSENTIAL, "hundreds of processes for a handful of nodes"),
        ("hangs-after-kill", "kills", ESSENTIAL, "after kill -9 of a node a command is never answered"),
        ("exec-of-dead-hangs", "kills", ESSENTIAL, "`exec` of the killed node is never answered"),
        ("exec-of-dead", "kills", ESSENTIAL, "`exec` of the killed node is not the error"),
        ("pingall-wrong-after-kill", "kills", ESSENTIAL, "`pingall` does not list what cannot be reached"),
        ("survivors-lost", "kills", ESSENTIAL, "a node that is not below the killed one does not answer"),
        ("never-recovers", "kills", ESSENTIAL, "after one lost reply, nodes that live do not answer"),
        ("create-below-dead", "kills", ESSENTIAL, "`create` below the killed node is not the error"),
        ("zombies", "kills", ESSENTIAL, "the killed node stays as a zombie"),
        ("freezes-after-stop", "stops", STRICT, "while a node is stopped, a command is never answered"),
        ("exec-of-stopped", "stops", STRICT, "`exec` of the stopped node is not the error"),
        ("pingall-wrong-after-stop", "stops", STRICT, "`pingall` does not list what a stop cuts off"),
        ("survivors-lost-after-stop", "stops", STRICT, "a node beside the stopped one does not answer"),
        ("lost-after-cont", "stops", STRICT, "after SIGCONT the node is not found again"),
        ("late-reply", "stops", STRICT, "the reply to a command that was given up answers another"),
        ("hangs-at-a-point", "points", ESSENTIAL, "killed at a message, a command is never answered"),
        ("wrong-at-a-point", "points", ESSENTIAL, "killed at a message, what lives does not answer right"),
        ("freezes-at-a-point", "points", STRICT, "stopped at a message, a command is never answered"),
        ("lost-at-a-point", "points", STRICT, "stopped at a message, it is not found again after SIGCONT"),
    )
)  # fmt: skip
LETTER_ONLY: Final = frozenset({"extra-output"})
"""Marks that mean nothing where replies are read in the sense."""
SANDBOX_ONLY: Final = frozenset({"files-left", "ports-left"})
"""Marks that mean nothing where others use the same files and ports."""
BY_NAME: Final = {each.name: each for each in MARKS}


def verdicts(judgements: list[Judgement], groups: tuple[str, ...], subject: Subject) -> list[Verdict]:
    """Sum up: one run that misses a mark decides; what no run came to judge is not judged."""
    found = []
    for mark in MARKS:
        if (mark.name in LETTER_ONLY and not subject.strict) or (
            mark.name in SANDBOX_ONLY and not subject.sandboxed
        ):
            continue
        if mark.group not in groups and not any(each.mark == mark.name for each in judgements):
            continue
        said = [each for each in judgements if each.mark == mark.name]
        missed = [each for each in said if each.missed]
        state = "missed" if missed else "ok" if said else "not judged"
        evidence = _evidence(missed) if missed else said[0].evidence if said else _reason(mark, judgements)
        found.append(Verdict(mark, state, evidence, mark.is_essential(subject.profile)))
    return found


def _reason(mark: Mark, judgements: list[Judgement]) -> str:
    """Say why a mark was not judged: runs of its group ended before."""
    last = [each.mark for each in judgements if each.is_last and each.group == mark.group]
    return "ended before it: " + ", ".join(dict.fromkeys(last)) if last else "nothing got that far"


def _evidence(missed: list[Judgement]) -> str:
    others = len({each.evidence for each in missed}) - 1
    return missed[0].evidence + (f" (and {others} more)" if others else "")
