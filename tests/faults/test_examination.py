"""After a fault the examination asks what matters, with numbers that tell one answer from another."""

from __future__ import annotations

import pytest

from bstinspect.faults.examination import Examination

from .naive import Naive, fired, killed

TREE = ("create 10", "create 5", "create 20", "create 30")


def stop_20(cluster: Naive) -> None:
    """Stop a node."""
    cluster.way(20)[-1].state = "stopped"


def kill_everybody(cluster: Naive) -> None:
    """Kill every node, as the controller does when its keeper is gone."""
    assert cluster.root is not None
    killed(*(each.node for each in cluster.root.all()))(cluster)


def converse(
    script: tuple[str, ...], fault: str = "", change: object = None, answers: dict[str, str] | None = None
) -> list[str]:
    """Play `script` on the naive cluster; the fault takes effect in its last command. Return what follows."""
    examination, cluster, given = Examination(script), Naive(), list[str]()
    while (command := examination.next()) is not None:
        given.append(command)
        assert examination.is_scripted == (len(given) <= len(script))
        if fault and len(given) == len(script):
            examination.fired(fired(fault))
            if callable(change):
                change(cluster)
        line = (answers or {}).pop(command, None) or cluster.reply(command)
        examination.replied(line)
        assert len(given) < 100
    return given[len(script) :]


def test_nothing_is_examined_where_nothing_happened() -> None:
    """A run without a fault is the script, and its end."""
    assert converse((*TREE, "pingall")) == []


def test_a_dead_node_is_made_anew() -> None:
    """Its id is taken until it is killed; then it answers again, and its parent does."""
    assert converse((*TREE, "exec 20 1 5"), "20.1:wait#1@exit=kill", killed(20)) == [
        "pingall", "exec 5 1 100001", "exec 10 1 100002", "exec 20 1 100003",
        "create 20", "kill 20", "create 20", "pingall", "exec 10 1 100004", "exec 20 1 100005",
    ]  # fmt: skip


def test_a_stopped_node_is_continued_and_asked_again() -> None:
    """Whoever was below it is asked too, with numbers of his own: a late reply would be a wrong one."""
    asked = converse((*TREE, "exec 20 1 5"), "20.1:wait#1@exit=stop", stop_20)
    assert asked == [
        "pingall", "exec 5 1 100001", "exec 10 1 100002", "exec 20 1 100003", "exec 30 1 100004",
        "cont 20", "pingall", "exec 10 1 100005", "exec 20 1 100006", "exec 30 1 100007",
    ]  # fmt: skip
    sums = [line.split()[-1] for line in asked if line.startswith("exec")]
    assert len(set(sums)) == len(sums)


def test_without_its_keeper_the_cluster_is_made_anew() -> None:
    """The root is killed and created; nobody else is there any more."""
    assert converse((*TREE, "pingall"), "keeper:wait#1@exit=kill", kill_everybody) == [
        "pingall", "exec 10 1 100001", "create 10", "kill 10", "create 10", "pingall", "exec 10 1 100002",
    ]  # fmt: skip


def test_a_create_that_failed_is_tried_again() -> None:
    """Whatever became of the process, the id is free."""
    script = (*TREE, "create 15")
    error = {"create 15": "Error: the new process ended before it said hello"}
    asked = converse(script, "15.1:send(hello)#1@entry=kill", None, error)
    assert asked[0] == "pingall"
    assert asked[-4:] == ["create 15", "pingall", "exec 15 1 100005", "exec 20 1 100006"]


@pytest.mark.parametrize("last", ["exec 20 1 5", "pingall", "kill 20", "create 40"])
def test_a_controller_that_is_gone_is_asked_nothing(last: str) -> None:
    """No reply ends the conversation."""
    examination = Examination((*TREE, last))
    cluster = Naive()
    for line in (*TREE, last):
        assert examination.next() == line
        if line == last:
            examination.fired(fired("controller:wait#1@entry=kill"))
        examination.replied(None if line == last else cluster.reply(line))
    assert examination.next() is None


def test_lines_without_a_reply_are_not_given() -> None:
    """Nobody waits for the answer to a blank line; an exit would keep the rest from being asked."""
    examination = Examination(("", "create 1", "  ", "exit", "pingall"))
    assert examination.next() == "create 1"
    examination.replied("Ok: PID")
    assert examination.next() == "pingall"
