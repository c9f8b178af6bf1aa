"""The plain model says what a sound cluster may answer, and no more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bstcluster.controller import Cluster
from bstcluster.errors import NotFoundError
from bstcluster.lines import Line
from bstcluster.numbers import add_up
from bstcluster.shell import Shell
from bstinspect.faults.model.belief import AT_ONCE_NS, Belief
from bstinspect.faults.model.language import read
from bstinspect.faults.model.plain import World

from .naive import Naive, fired

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TREE = ("create 10", "create 5", "create 20", "create 30")
ID = st.integers(1, 6).map(str)
COMMAND = st.one_of(
    st.builds("create {}".format, ID),
    st.builds("create {} {}".format, ID, ID),
    st.builds("{} {}".format, st.sampled_from(["kill", "crash", "kill -9", "stop", "cont"]), ID),
    st.builds("exec {} 2 {} 7".format, ID, st.integers(-9, 9)),
    st.just("pingall"),
)


def believed(*lines: str) -> Belief:
    """Return what is believed after some commands that were answered rightly."""
    belief, cluster = Belief(), Naive()
    for line in lines:
        assert belief.answered(line, cluster.reply(line)).fits
    return belief


def allowed(belief: Belief, line: str, *faults: str) -> list[str]:
    """Return what `line` may be answered while faults take effect, in words."""
    struck = [fired(each) for each in faults]
    return sorted(map(str, belief.answered(line, None, struck).allowed))


@given(st.lists(COMMAND, max_size=25))
@example(["create 2", "create 1", "create 3", "kill 2", "create 3", "stop 3", "create 1", "pingall"])
def test_without_faults_there_is_one_answer_and_it_is_the_naive_clusters(lines: list[str]) -> None:
    """A second implementation, of objects that point at each other, answers the same to every command."""
    belief, cluster = Belief(), Naive()
    for line in lines:
        answer = cluster.reply(line.replace("kill -9", "crash"))
        judgement = belief.answered(line, answer)
        assert judgement.fits, (line, answer, list(map(str, judgement.allowed)))
        assert len(judgement.allowed) == len(belief.worlds) == 1
        assert not judgement.allowed[0].fits(None)
        assert not judgement.allowed[0].fits(answer + " ")
        assert judgement.limit_ns == AT_ONCE_NS


class NoCluster:
    """The shell's cluster, where every exec is answered and nothing else exists."""

    async def exec_text(self, _node: int, count: int, chunks: AsyncIterator[bytes]) -> int:
        """Add up, as a node does."""
        text = b"".join([chunk async for chunk in chunks])
        seen, total = add_up(text)
        return total if seen == count else -1

    async def crash(self, node: int) -> None:
        """Know nobody."""
        raise NotFoundError(node)

    async def create(self, node: int) -> int:
        """Make nobody."""
        return await Cluster().create(node)


@pytest.mark.parametrize(
    "line",
    [
        "frobnicate 1", "create", "create 7x", "create 1 2x", "create 1 2 3", "create -1", "create 1.5",
        "create _", f"create {2**63}", f"crash {-(2**63) - 1}", "exec", "exec 7x", "exec 7", "exec 7x 1 1",
        "exec 7 0", "exec 7 x", "exec 7 1000000001 1", "pingall now", "kill", "kill 1 2", "kill -9 1 2",
        "kill -9 x", "crash", "crash a", "stop 1 2", "crash x",
        "tree x", "help", "help exec", "help me", "help a b", 'create "',
        "crash 7",
        f"{'long' * 30}", "tree", "ps", "exec 1 1 5", "exes +1 2 007 -3", "exec 1 1 \u0663", "exec 1\u00a01",
    ],
)  # fmt: skip
def test_a_line_is_read_as_the_shell_reads_it(line: str) -> None:
    """What is wrong with a line is said to the letter as the cluster's own shell says it."""
    if line == "tree":
        assert read(line).answer == "Ok"
        return
    shell = Shell(cast("Cluster", NoCluster()))
    reply = asyncio.run(shell.execute(Line(line.encode())))
    assert reply is not None
    command = read(line)
    ours = command.answer or command.result or f"Error:{command.node}: Not found"
    if reply.line.startswith("Error: internal: BadNumberError: "):  # the node says it, with its id
        assert ours == reply.line.replace(" internal: BadNumberError", f"{command.node}").split(" (")[0]
    else:
        assert ours == reply.line


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("exec 10 3 1 2", "Error:10: expected 3 numbers, got 2"),
        ("exec 10 1 1 2", "Error:10: expected 1 numbers, got 2"),
        ("exec 10 2 1 1_0", 'Error:10: "1_0" is not an integer'),
        (f"exec 10 1 {'9' * 4301}", f'Error:10: "{"9" * 40}..." has more than 4300 digits'),
        (f"exec 10 2 {'9' * 4300} 1", f"Ok:10: 1{'0' * 4300}"),
    ],
)
def test_numbers_are_judged_last(line: str, answer: str) -> None:
    """What a node says of its numbers is part of the model, and comes after who can be reached."""
    assert believed(*TREE).answered(line, answer).fits
    assert believed(*TREE, "crash 10").answered(line, "Error:10: Node is unavailable").fits
    assert Belief().answered(line, "Error:10: Not found").fits


@pytest.mark.parametrize(
    ("faults", "line", "answers"),
    [
        # As if before, as if after.
        (["20.1:send(exec-reply)#1@exit=kill"], "exec 20 1 5", ["Error:20: Node is unavailable", "Ok:20: 5"]),
        (["20.1:send(exec-reply)#1@exit=stop"], "exec 20 1 5", ["Error:20: Node is unavailable", "Ok:20: 5"]),
        (["20.1:send(exec)#1@exit=kill"], "exec 30 1 5", ["Error:30: Node is unavailable", "Ok:30: 5"]),
        (["20.1:send(ping-reply)#1@entry=kill"], "pingall", ["Ok: -1", "Ok: 20;30"]),
        (["20.1:wait#1@entry=kill"], "kill 30", ["Ok"]),
        (["20.1:wait#1@entry=kill"], "crash 30", ["Ok"]),
        (["20.1:wait#1@entry=kill"], "stop 30", ["Error:30: Node is unavailable", "Ok"]),
        # Nobody else is concerned.
        (["20.1:send(ping-reply)#1@entry=kill"], "exec 5 1 5", ["Ok:5: 5"]),
        (["30.1:wait#1@entry=kill"], "create 15", ["Ok: PID"]),
        (["20.1:send(greeting)#1@entry=errno:EPIPE"], "exec 5 1 5", ["Ok:5: 5"]),
        (["30.1:send#1@entry=drop"], "exec 20 1 5", ["Ok:20: 5"]),
        # One that is just being made, or whose maker was hit.
        (["15.1:send(hello)#1@entry=kill"], "create 15", ["Error: [some reason]", "Ok: PID"]),
        (["20.1:fork#1@exit=kill"], "create 15", ["Error: Parent is unavailable", "Ok: PID"]),
        (["10.1:fork#1@exit=stop"], "create 15", ["Error: Parent is unavailable", "Ok: PID"]),
        # Nothing to be seen.
        (["20.1:wait#1@entry=delay:20ms"], "exec 20 1 5", ["Ok:20: 5"]),
        (["20.1:wait#1@entry=signal:HUP"], "exec 20 1 5", ["Ok:20: 5"]),
        (["20.2:wait#1@entry=kill"], "exec 20 1 5", ["Ok:20: 5"]),
        (["20.1:wait#1@entry=delay:1s"], "exec 20 1 5", ["Error:20: Node is unavailable", "Ok:20: 5"]),
        (["20.1:wait#1@entry=signal:TERM"], "pingall", ["Ok: -1", "Ok: 20;30"]),
        (["20.1:wait#1@entry=signal:TSTP"], "pingall", ["Ok: -1", "Ok: 20;30"]),
        # The keeper and the controller.
        (["keeper:wait#1@entry=kill"], "pingall", ["Ok: -1", "Ok: 5;10;20;30"]),
        (["keeper:wait#1@entry=stop"], "kill 20", ["Error: [some reason]", "Error:20: [some reason]", "Ok"]),
        (["keeper:wait#1@entry=stop"], "exec 20 1 5", ["Ok:20: 5"]),
        (["controller:wait#1@entry=kill"], "exec 20 1 5", ["Ok:20: 5", "no reply"]),
        # The undecidable: the right sum, or an error, and no other sum.
        (["20.1:send(exec-reply)#1@entry=truncate"], "exec 20 1 5",
         ["Error:20: Node is unavailable", "Error:20: [some reason]", "Ok:20: 5"]),
        (["20.1:send(ping-reply)#1@entry=drop"], "pingall", ["Ok: -1", "Ok: -1 or more of 20;30"]),
        (["20.1:fork#1@exit=no-descriptors"], "create 15",
         ["Error: Parent is unavailable", "Error: [some reason]", "Ok: PID"]),
        (["20.1:wait#1@exit=no-descriptors"], "create 7", ["Ok: PID"]),
        # Two at once.
        (["15.1:bind#1@entry=stop:1s", "controller:recv#1@exit=signal:TERM"], "create 15",
         ["Ok: PID", "no reply"]),
        (["15.1:bind#1@entry=delay:30s"], "create 15", ["Error: [some reason]", "Ok: PID"]),
        (["20.1:wait#1@entry=kill", "5.1:wait#1@entry=kill"], "pingall",
         ["Ok: -1", "Ok: 20;30", "Ok: 5;20;30"]),
    ],
)  # fmt: skip
def test_what_a_command_may_be_answered_when_hit(faults: list[str], line: str, answers: list[str]) -> None:
    """The command in flight may be answered as if the fault had come before it, or after it, or torn."""
    assert allowed(believed(*TREE), line, *faults) == answers


@pytest.mark.parametrize(
    ("fault", "answer", "line", "next_answer"),
    [
        ("20.1:wait#1@exit=kill", "Ok:20: 5", "pingall", "Ok: 20;30"),
        ("20.1:wait#1@exit=stop", "Ok:20: 5", "pingall", "Ok: 20;30"),
        ("20.1:wait#1@exit=stop", "Ok:20: 5", "stop 20", "Error:20: Node is unavailable"),
        ("20.1:wait#1@exit=kill", "Ok:20: 5", "create 15", "Error: Parent is unavailable"),
        ("20.1:wait#1@exit=kill", "Ok:20: 5", "create 20", "Error: Already exists"),
        (
            "20.1:wait#1@exit=signal:SEGV",
            "Ok:20: 5",
            "cont 20",
            "Error:20: Node is unavailable",
        ),
        ("20.1:send(exec-reply)#1@entry=drop", "Error:20: Node is unavailable", "pingall", "Ok: -1"),
        ("keeper:wait#1@entry=kill", "Ok:20: 5", "pingall", "Ok: 5;10;20;30"),
        ("keeper:wait#1@entry=kill", "Ok:20: 5", "kill 10", "Ok"),
        ("keeper:wait#1@entry=stop", "Ok:20: 5", "exec 5 1 1", "Ok:5: 1"),
    ],
)
def test_the_command_after_it_is_exact_again(fault: str, answer: str, line: str, next_answer: str) -> None:
    """By the next command everybody knows: it has one answer, and takes no timeout."""
    belief = believed(*TREE)
    assert belief.answered("exec 20 1 5", answer, [fired(fault)]).fits
    judgement = belief.answered(line, next_answer, sent_ns=1_000_000)
    assert list(map(str, judgement.allowed)) == [next_answer]
    assert judgement.limit_ns == AT_ONCE_NS


def test_a_pause_is_over_when_it_is_over() -> None:
    """While a process rests it may be reachable or not; after that it is, unless it was continued before."""
    fault = fired("20.1:wait#1@exit=stop:1s")
    belief = believed(*TREE)
    belief.answered("exec 20 1 5", "Ok:20: 5", [fault])
    assert [each.node for world in belief.worlds for each in world.doubts] == [20]
    assert (
        len(belief.answered("exec 30 1 5", "Error:30: Node is unavailable", sent_ns=500_000_000).allowed) == 2
    )
    late = belief.answered("exec 30 1 5", "Error:30: Node is unavailable", sent_ns=2_000_000_000)
    assert (late.fits, late.limit_ns) == (False, AT_ONCE_NS)
    belief.answered("cont 20", "Ok", sent_ns=600_000_000)
    assert not any(world.doubts for world in belief.worlds)


def test_a_pingall_tells_what_was_in_doubt() -> None:
    """After an error of a socket nobody knows who is cut off: the next pingall does, and must be kept to."""
    fault = fired("10.1:send(exec)#1@entry=errno:EPIPE")
    belief = believed(*TREE)
    belief.answered("exec 20 1 5", "Error:20: Node is unavailable", [fault])
    assert not belief.answered("pingall", "Ok: 20").fits  # 30 is below it
    belief = believed(*TREE)
    belief.answered("exec 20 1 5", "Error:20: Node is unavailable", [fault])
    assert belief.answered("pingall", "Ok: 20;30").fits
    assert list(map(str, belief.answered("pingall", "Ok: 20;30").allowed)) == ["Ok: 20;30"]
    assert list(map(str, belief.answered("exec 5 1 1", "Ok:5: 1").allowed)) == ["Ok:5: 1"]


def test_a_pingall_tells_nothing_of_what_it_could_not_ask() -> None:
    """Whoever is stopped anyway is not cut off by what happened to another."""
    belief = believed(*TREE, "stop 20")
    belief.answered("exec 5 1 1", "Ok:5: 1", [fired("10.1:send(exec)#1@entry=errno:EINTR")])
    assert belief.answered("pingall", "Ok: 20;30").fits
    assert belief.answered("cont 20", "Ok").fits
    assert belief.answered("pingall", "Ok: -1").fits


@pytest.mark.parametrize(
    ("fault", "line", "answers"),
    [
        ("20.1:wait#1@exit=no-descriptors", "create 15", ["Error: [some reason]", "Ok: PID"]),
        ("20.1:wait#1@exit=no-descriptors", "create 7", ["Ok: PID"]),
        ("20.1:wait#1@exit=no-descriptors", "exec 30 1 5", ["Ok:30: 5"]),
        ("20.1:wait#1@exit=disk-full", "create 7", ["Error: [some reason]", "Ok: PID"]),
        ("controller:wait#1@exit=disk-full", "pingall", ["Ok: -1"]),
    ],
)
def test_who_is_in_want_makes_nothing_new(fault: str, line: str, answers: list[str]) -> None:
    """A process without descriptors makes no children; everybody else goes on as before."""
    belief = believed(*TREE)
    belief.answered("pingall", "Ok: -1", [fired(fault)])
    assert allowed(belief, line) == answers


def test_a_create_that_failed_made_nothing() -> None:
    """Its error is believed: the id is free, and the place is its parent's."""
    fault = fired("15.1:send(hello)#1@entry=kill")
    belief = believed(*TREE)
    assert belief.answered("create 15", "Error: the new process ended before it said hello", [fault]).fits
    assert list(map(str, belief.answered("pingall", "Ok: -1").allowed)) == ["Ok: -1"]
    assert belief.answered("create 15", "Ok: PID").fits
    assert allowed(belief, "exec 15 1 5", "15.1:wait#1@entry=kill") == ["Ok:15: 5"]  # its second life lives
    belief.worlds = tuple(world for world in belief.worlds if not world.dead)
    assert len(allowed(belief, "exec 15 1 5", "15.2:wait#1@entry=kill")) == 2


def test_a_wrong_answer_leaves_all_that_was_possible() -> None:
    """The model goes on after a wrong reply, and does not call the next ones wrong too."""
    belief = believed(*TREE)
    assert not belief.answered("exec 20 1 5", "Ok:20: 6").fits
    assert belief.worlds == (World((10, 5, 20, 30)),)
    assert belief.answered("exec 20 1 5", "Ok:20: 5").fits
