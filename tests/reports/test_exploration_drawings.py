"""A run's diagram, and the trees before and after its fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import pytest

from bstinspect.faults.address import Address
from bstinspect.faults.fault import Fault
from bstinspect.faults.run import Fired, Injection, Reply, Run, Scenario, Sent
from bstinspect.reports.exploration.diagram import MOST_STEPS, diagram
from bstinspect.reports.exploration.trees import trees
from bstinspect.writeup.document import Arrow, Mark

from .explored import MS, SCRIPT, STDERR, failed, golden

if TYPE_CHECKING:
    from bstinspect.writeup.document import Twig

KILL: Final = Fault("kill")


def run(
    replies: list[tuple[str, str | None]], fault: str = "kill", who: str = "20.1", command: int = 3
) -> Run:
    """Return a run with these commands and replies, a millisecond each, and a fault during one of them."""
    injection = Injection(Address(who, "send"), Fault.parse(fault))
    return Run(
        Scenario(tuple(line for line, _ in replies), (injection,)),
        tuple(Reply(line, reply, index * MS, MS) for index, (line, reply) in enumerate(replies)),
        (), (), (Fired(injection, who, 1, command * MS + 900, command),), (), 0,
    )  # fmt: skip


def told(twigs: tuple[Twig, ...]) -> list[str]:
    """Return the nodes of a tree from the top down: title, tone, detail and side."""
    found = []
    for each in twigs:
        found.append(f"{each.hand} {each.title} {each.tone} {each.detail}".strip())
        found += told(each.below)
    return found


GROWN: Final[list[tuple[str, str | None]]] = [
    ("create 10", "Ok: PID"), ("create 20", "Ok: PID"), ("create 30", "Ok: PID"),
]  # fmt: skip


def test_the_killed_and_those_below_it() -> None:
    """The dead is crossed out, those below it are cut off, and pingall agrees."""
    pair = trees(run([*GROWN, ("exec 20 1 1", "Error:20: Node is unavailable"), ("pingall", "Ok: 20;30")]))
    assert pair is not None
    assert pair.before is not None
    assert told(pair.before.roots) == ["10", "right 20", "right 30"]
    assert told(pair.after.roots) == ["10", "right 20 bad kill", "right 30 warn cut off"]
    assert pair.after_caption == "The search tree after it, as the next pingall found it"
    assert pair.after_words == "10 the root, 20 below 10 (kill), 30 below 20 (cut off)"


def test_where_pingall_says_otherwise() -> None:
    """What pingall says too much or too little stands at the nodes."""
    pair = trees(run([*GROWN, ("exec 20 1 1", None), ("create 5", "Ok: PID"), ("pingall", "Ok: 5;20")]))
    assert pair is not None
    assert told(pair.after.roots) == [
        "10", "left 5 warn pingall lists it", "right 20 bad kill", "right 30 warn cut off; not in pingall",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "after"),
    [
        ("stop", ["10", "right 20 warn stop", "right 30 warn cut off"]),
        ("stop:200ms", ["10", "right 20 warn stop:200ms", "right 30"]),
        ("delay:1ms", ["10", "right 20 warn delay:1ms", "right 30"]),
        ("signal:TERM", ["10", "right 20 bad signal:TERM", "right 30 warn cut off"]),
    ],
)
def test_other_faults(fault: str, after: list[str]) -> None:
    """Only a process that is dead or stopped for good cuts off those below it."""
    pair = trees(run([*GROWN, ("exec 20 1 1", "Ok:20: 1")], fault))
    assert pair is not None
    assert told(pair.after.roots) == after
    assert pair.after_caption == "The search tree after it"


def test_commands_that_change_the_tree() -> None:
    """Those that failed change nothing; a killed subtree is gone; a crash, a stop and a cont are seen."""
    script = [
        *GROWN, ("create 30", "Error: Already exists"), ("create 15", "Ok: PID"), ("kill 15", "Ok"),
        ("crash 30", "Ok"), ("create 5", "Ok: PID"), ("stop 5", "Ok"), ("create 3", None), ("x", "Ok"),
        ("create a", "Ok: PID"), ("kill 77", "Ok"), ("cont 5", "Ok"), ("create 12", "Ok: PID"),
        ("kill -9 12", "Ok"), ("exec 10 1 1", "Ok:10: 1"),
    ]  # fmt: skip
    pair = trees(run(script, "delay:1ms", "10.1", len(script) - 1))
    assert pair is not None
    assert told(pair.after.roots) == [
        "10 warn delay:1ms", "left 5 warn stop", "right 20", "left 12 bad crash", "right 30 bad crash",
    ]  # fmt: skip


def test_no_tree() -> None:
    """There is none without a node or a fault, and none too large to be read."""
    assert trees(golden()) is None
    assert trees(run([("pingall", "Ok: -1")], command=0)) is None
    many: list[tuple[str, str | None]] = [(f"create {number}", "Ok: PID") for number in range(60)]
    assert trees(run(many, command=59)) is None
    pair = trees(run(GROWN[:1], who="controller", command=-1))
    assert pair is not None
    assert pair.before is None
    assert told(pair.after.roots) == ["10"]


def test_the_diagram_of_a_failure() -> None:
    """It shows the part around the fault, which ends its lane; what nobody received is lost."""
    whole = golden()
    at = next(each.at for each in whole.points if each.at.who == "30.1" and each.at.message == "exec")
    shown = diagram(failed(at, KILL, whole, STDERR))
    assert shown is not None
    lanes = [lane.title for lane in shown.drawing.lanes]
    assert lanes == ["controller", "node 10", "node 20", "node 30"]
    assert len(shown.drawing.steps) == shown.shown == MOST_STEPS < shown.total
    marks = [step for step in shown.drawing.steps if isinstance(step, Mark)]
    kills = [mark for mark in marks if mark.tone == "bad"]
    assert [(lanes[kill.lane], kill.label, kill.hover) for kill in kills] == [
        ("node 30", "kill", "30.1:recv(exec)#1@exit=kill, pid 4242")
    ]
    lost = [step for step in shown.drawing.steps if isinstance(step, Arrow) and step.arrived is None]
    assert lost
    assert {(lanes[step.receiver], step.tone) for step in lost} == {("node 30", "warn")}
    assert "> exec 30 3 1 2 3" in [mark.label for mark in marks]
    assert "kill at 30.1 at" in shown.alternative


def test_a_fault_late_in_a_long_run() -> None:
    """The diagram begins where it matters."""
    whole = golden()
    at = [each.at for each in whole.points if each.at.who == "30.1"][-1]
    shown = diagram(failed(at, KILL, whole, STDERR))
    assert shown is not None
    assert "> create 10" not in [step.label for step in shown.drawing.steps]
    assert "kill" in [step.label for step in shown.drawing.steps]


def test_the_diagram_of_a_command() -> None:
    """Only what happened while it was answered, its reply below what it was made from."""
    shown = diagram(golden(), SCRIPT.index("kill 5"))
    assert shown is not None
    assert [step.label for step in shown.drawing.steps] == [
        "> kill 5", "forget #8", "forget #8", "forget-reply #8", "forget-reply #8", "Ok",
    ]  # fmt: skip
    assert shown.shown == shown.total


def test_faults_that_are_no_deaths() -> None:
    """A stop is a mark, and so is its end; a receiver that is not known is a question mark."""
    whole = run([("exec 20 1 1", None)], "stop:5ms", command=0)
    sent = (Sent("20.2", "", "x", "x #1", 1000, None, 0), Sent("20.2", "20.2", "y", "y", 2000, 2001, 0))
    shown = diagram(msgspec.structs.replace(whole, messages=sent))
    assert shown is not None
    assert [(lane.title, lane.detail) for lane in shown.drawing.lanes] == [
        ("controller", ""), ("node 20", ""), ("node 20", "life 2"),
    ]  # fmt: skip
    assert [step.label for step in shown.drawing.steps] == [
        "> exec 20 1 1", "stop:5ms", "x #1 → ?", "y → ?", "no reply", "continued",
    ]  # fmt: skip
    assert {step.tone for step in shown.drawing.steps} == {"muted", "warn"}


def test_more_processes_than_fit() -> None:
    """The one that is struck keeps its lane; an empty run has no diagram."""
    sent = tuple(Sent(f"{node}.1", f"{node + 1}.1", "x", "x", node, node, 0) for node in range(40))
    shown = diagram(msgspec.structs.replace(run([("pingall", None)], who="77.1", command=0), messages=sent))
    assert shown is not None
    assert len(shown.drawing.lanes) == 14
    assert "node 77" in [lane.title for lane in shown.drawing.lanes]
    assert diagram(Run(Scenario(()), (), (), (), (), (), 0)) is None
