"""The facts of a real session: seven nodes, a node's death, and what everybody noticed of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from bstinspect.faults.address import Address
from bstinspect.findings.reading import find
from bstinspect.findings.requirements import ASSIGNMENT, read_requirements

from .tape import survey

if TYPE_CHECKING:
    from bstinspect.findings.model import Findings

BSTRACE: Final = str(Path(sys.executable).with_name("bstrace"))
COMMANDS: Final = (
    "trace all on; create 10; create 5; create 15; create 3; create 7; create 20; create 5; pingall;"
    " exec 7 3 1 2 3; exes 20 2 4 5; exec 99 1 1; crash 5; pingall; exec 20 1 9; exec 7 1 1"
)
PARENTS: Final = {3: 5, 5: 10, 7: 5, 10: None, 15: 10, 20: 15}
LEADER: Final = re.compile(r"^(?:\d+(?:<[^>]*>)? +|\[pid +\d+(?:<[^>]*>)?\] )(?=\d\d:)")
PADDING: Final = re.compile(r" {2,}= ")
COMMENT: Final = re.compile(r" /\* zmtp: .* \*/$")


class Real(NamedTuple):
    """A session that was, and what is found of it."""

    directory: Path
    found: Findings
    lines: list[str]

    def node(self, number: int) -> int:
        """Return the pid of a node before the first death."""
        return self.found.nodes_before_death()[number].pid

    def path(self, number: int) -> list[int]:
        """Return the pids from the root down to a node."""
        above = PARENTS[number]
        return [*([] if above is None else self.path(above)), self.node(number)]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Real:
    """Return the session."""
    directory = tmp_path_factory.mktemp("session") / "s"
    subprocess.run(
        [BSTRACE, "--session", str(directory), "-c", COMMANDS],
        stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    found, lines = survey(find(directory), read_requirements(ASSIGNMENT))
    return Real(directory, found, lines)


def test_the_nodes(real: Real) -> None:
    """Each is a process that its parent in the search tree forked; its threads have their roles."""
    assert real.found.parents == PARENTS
    nodes = real.found.nodes_before_death()
    assert sorted(nodes) == sorted(PARENTS)
    for number, process in nodes.items():
        above = PARENTS[number]
        assert above is None or process.parent == nodes[above].pid
        assert sorted(each.role for each in process.threads) == ["main", "zmq-io", "zmq-reaper"]
        assert process.traced
        assert process.command == f"node {number}"
    assert [each.node for each in real.found.processes if each.killed] == [5]


def test_commands_and_replies(real: Real) -> None:
    """All of them in their order, each with its reply."""
    commands = [each.strip() for each in COMMANDS.split(";")]
    assert [each.line for each in real.found.commands] == commands
    replies = {each.line: each.reply for each in real.found.commands}
    assert replies["exec 7 3 1 2 3"] == "Ok:7: 6"
    assert replies["pingall"] == "Ok: 3;5;7"
    assert all(each.duration is not None and each.duration > 0 for each in real.found.commands)


@pytest.mark.parametrize(
    ("line", "target"), [("exec 7 3 1 2 3", 7), ("exes 20 2 4 5", 20), ("exec 20 1 9", 20)]
)
def test_an_exec_goes_hop_by_hop(real: Real, line: str, target: int) -> None:
    """From the controller down the path of the search tree, and its reply up again: nothing else."""
    index = next(number for number, each in enumerate(real.found.commands) if each.line == line)
    of_it = [each for each in real.found.messages if each.command == index]
    path = real.path(target)
    down = [each for each in of_it if each.kind == "exec"]
    up = [each for each in of_it if each.kind == "exec-reply"]
    assert len(of_it) == len(down) + len(up)
    assert [(each.sender.pid, each.receiver.pid) for each in down] == list(
        zip([None, *path[:-1]], path, strict=True)
    )
    back = path[::-1]
    assert [(each.sender.pid, each.receiver.pid) for each in up] == list(
        zip(back, [*back[1:], None], strict=True)
    )
    assert all(each.received for each in down)
    assert all(each.sent for each in up)
    assert all(each.sent for each in down[1:])
    assert all(each.received for each in up[:-1])
    assert all(each.label == f"exec #{each.request} to {target}" for each in down)
    command = real.found.commands[index]
    assert all(command.began <= each.when <= (command.ended or 0) for each in of_it)


def test_every_message_between_nodes_is_matched(real: Real) -> None:
    """What was sent by a traced node to another before the death was seen to arrive, on its trace's line."""
    pids = {each.pid for each in real.found.processes if each.node is not None}
    until = real.found.deaths[0].when
    between = [
        each for each in real.found.messages
        if {each.sender.pid, each.receiver.pid} <= pids and each.when < until
    ]  # fmt: skip
    assert len(between) > 20
    for each in between:
        assert each.sent
        assert each.received
        assert each.label in real.lines[each.sent.line - 1]
        assert each.label in real.lines[each.received.line - 1]
        assert each.sent.when <= each.received.when + (each.received.duration or 0)
    pings = [
        each for each in real.found.messages if each.kind == "ping" and each.request == between[-1].request
    ]
    assert len({(each.sender.pid, each.receiver.pid) for each in pings}) == len(pings)


def test_the_death(real: Real) -> None:
    """Who noticed: the parent, by its connection, a signal and a wait, and both children."""
    (death,) = real.found.deaths
    assert death.node == 5
    assert death.status == 9
    assert death.unreachable == death.cut_off == real.found.lost_nodes == [3, 5, 7]
    assert death.answered == "Ok: 3;5;7"
    assert "crash" in death.sender
    parent, children = real.node(10), {real.node(3), real.node(7)}
    assert {each.pid for each in death.witnesses} == {parent} | children
    assert {each.how for each in death.witnesses if each.pid in children} <= {"end-of-connection", "reset"}
    assert {"signal", "wait"} <= {each.how for each in death.witnesses if each.pid == parent}
    for each in death.witnesses:
        assert 0 <= each.delay < 10 * 10**9
        assert each.call.name in real.lines[each.call.line - 1]
    assert {each.name for each in death.threads} == {"node 5", "ZMQbg/Reaper", "ZMQbg/IO/0"}


def test_the_requirements(real: Real) -> None:
    """All are met; evidence that is a call stands on its line of the trace."""
    assert {each.key: each.status for each in real.found.requirements} == {
        each.key: "met" for each in real.found.requirements
    }
    lines = [each for requirement in real.found.requirements for each in requirement.evidence if each.line]
    assert lines
    for each in lines:
        assert each.call in real.lines[each.line - 1]


def test_nothing_is_missing_and_nothing_left(real: Real) -> None:
    """No gap; no process that ran on, no zombie."""
    assert real.found.gaps == []
    assert [each for each in real.found.leaks if each.kind in ("process", "zombie")] == []


def test_activity_is_the_working_time(real: Real) -> None:
    """For each process that was traced."""
    by_pid = {each.pid: each for each in real.found.activity}
    for process in real.found.processes:
        worked = sum(each.working_ns for each in process.threads)
        slices = by_pid[process.pid].slices if process.pid in by_pid else []
        assert abs(sum(sum(each.families.values()) for each in slices) - worked) <= 1000


def test_the_full_trace_is_what_replay_prints(real: Real) -> None:
    """Line for line, apart from how threads are named and from what is said of ZeroMQ."""
    done = subprocess.run(
        [BSTRACE, "replay", "-f", "-tt", "-T", str(real.directory)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    replayed = [PADDING.sub(" = ", LEADER.sub("", line)) for line in done.stdout.splitlines()]
    ours = [PADDING.sub(" = ", LEADER.sub("", COMMENT.sub("", line))) for line in real.lines]
    assert len(ours) > 1000
    assert ours == replayed


def test_what_a_death_showed_has_its_lines(real: Real) -> None:
    """The wait for the dead node, and the replies that came after it."""
    evidence = {each.key: each.evidence for each in real.found.requirements}
    waited, answered = evidence["kill"]
    assert "CLD_KILLED" in real.lines[waited.line - 1]
    assert "ping-reply" in real.lines[answered.line - 1]
    (summed,) = evidence["survivors"]
    assert "exec-reply" in real.lines[summed.line - 1]


def test_every_message_between_nodes_has_both_ends(real: Real) -> None:
    """Children are forked while connections are open, and close them before the fork returns."""
    within = [each for each in real.found.messages if each.sender.pid and each.receiver.pid]
    assert within
    assert all(each.sent and each.received for each in within)
    assert not any("broken" in line for line in real.lines)


def test_excerpts(real: Real) -> None:
    """A create, the deepest exec and the death are shown, each in few lines that stand in the trace."""
    assert {each.topic for each in real.found.excerpts} >= {"create", "exec", "death"}
    assert all(each.folded for each in real.found.excerpts if each.topic in ("create", "exec"))
    for excerpt in real.found.excerpts:
        assert 0 < len(excerpt.calls) <= 15
        assert all(at < len(excerpt.calls) and count > 0 for at, count in excerpt.folded.items())
        for call in excerpt.calls:
            assert call.name in real.lines[call.line - 1]


def test_the_addresses_of_the_messages(real: Real) -> None:
    """A node is named with its life, and its messages are counted by their names."""
    (reply,) = [
        each for each in real.found.messages if each.kind == "exec-reply" and each.sender.pid == real.node(7)
    ]
    assert reply.sent_at == "7.1:send(exec-reply)#1"
    assert re.fullmatch(r"5\.1:recv\(exec-reply\)#\d+@exit", reply.received_at)
    for each in real.found.messages:
        for point in (each.sent_at, each.received_at):
            assert not point or Address.parse(point if "@" in point else f"{point}@exit").who
    assert real.found.excerpts
    assert any(call.points for each in real.found.excerpts for call in each.calls)
