"""A cluster of objects, without processes: the plain model is compared with it, and runs are made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bstinspect.faults.address import Address
from bstinspect.faults.fault import Fault
from bstinspect.faults.run import Fired, Injection, Left, Passed, Reply, Run, Scenario, Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Branch:
    """A node, with its subtrees."""

    def __init__(self, node: int) -> None:
        self.node = node
        self.state = "running"
        self.left: Branch | None = None
        self.right: Branch | None = None

    def all(self) -> list[Branch]:
        """Return this node and all below it."""
        below = [each.all() for each in (self.left, self.right) if each is not None]
        return [self, *(each for branches in below for each in branches)]


class Naive:
    """The commands, done to a tree of objects."""

    def __init__(self) -> None:
        self.root: Branch | None = None

    def reply(self, line: str) -> str:
        """Answer a line that is to the letter."""
        name, *words = line.split()
        if name == "pingall":
            return "Ok: " + (";".join(map(str, sorted(self.lost(self.root)))) or "-1")
        node = int(words[0])
        way = self.way(node)
        is_there = bool(way) and way[-1].node == node
        if name == "create":
            return self.create(node, way, is_there=is_there)
        if not is_there:
            return f"Error:{node}: Not found"
        return self.to_node(name, way, words)

    def create(self, node: int, way: list[Branch], *, is_there: bool) -> str:
        """Create a node at the end of the way to it."""
        if is_there:
            return "Error: Already exists"
        if any(each.state != "running" for each in way):
            return "Error: Parent is unavailable"
        if not way:
            self.root = Branch(node)
        elif node < way[-1].node:
            way[-1].left = Branch(node)
        else:
            way[-1].right = Branch(node)
        return "Ok: PID"

    def to_node(self, name: str, way: list[Branch], words: list[str]) -> str:
        """Answer a command to a node that there is."""
        target, is_blocked = way[-1], any(each.state != "running" for each in way)
        unavailable = f"Error:{target.node}: Node is unavailable"
        if name == "kill":
            self.remove(way)
        elif name == "exec":
            return unavailable if is_blocked else f"Ok:{target.node}: {sum(map(int, words[2:]))}"
        elif name == "crash":
            if target.state == "dead":
                return unavailable
            target.state = "dead"
        elif name == "stop":
            if is_blocked:
                return unavailable
            target.state = "stopped"
        elif name == "cont":
            if target.state == "dead":
                return unavailable
            target.state = "running"
        return "Ok"

    def remove(self, way: list[Branch]) -> None:
        """Take the last of a way, and all below it, out of the tree."""
        if len(way) == 1:
            self.root = None
        elif way[-2].left is way[-1]:
            way[-2].left = None
        else:
            way[-2].right = None

    def way(self, node: int) -> list[Branch]:
        """Return the nodes on the way to `node`, as far as there are any."""
        found, here = [], self.root
        while here is not None:
            found.append(here)
            if here.node == node:
                break
            here = here.left if node < here.node else here.right
        return found

    def lost(self, branch: Branch | None) -> set[int]:
        """Return who is below `branch` and cannot be reached."""
        if branch is None:
            return set()
        if branch.state != "running":
            return {each.node for each in branch.all()}
        return self.lost(branch.left) | self.lost(branch.right)


def fired(fault: str, command: int = 0, time_ns: int = 0, who: str = "") -> Fired:
    """Return a fault that took effect: ``20.1:send(exec-reply)#1@exit=kill``."""
    at, _, word = fault.partition("=")
    injection = Injection(Address.parse(at), Fault.parse(word))
    return Fired(injection, who or injection.at.who, 4242, time_ns, command)


STEP_NS = 1_000_000
"""Between two commands of a run made by hand."""


def played(
    lines: Sequence[str],
    faults: Sequence[str] = (),
    at: int = 0,
    *,
    change: Callable[[Naive], object] = bool,
    answers: dict[int, str | None] | None = None,
    took: dict[int, int] | None = None,
    **facts: object,
) -> Run:
    """Return the run of `lines` on the naive cluster.

    The faults take effect in command number `at`, and `change` before it; `answers` and `took` (ns) stand in
    the place of the naive ones, and `facts` in that of the other fields of the run.
    """
    cluster, replies, now = Naive(), list[Reply](), 0
    for index, line in enumerate(lines):
        if index == at:
            change(cluster)
        answer: str | None = cluster.reply(line)
        if answers and index in answers:
            answer = answers[index]
        took_ns = (took or {}).get(index, 1000)
        replies.append(Reply(line, answer, now, took_ns))
        now += took_ns + STEP_NS
    struck = tuple(fired(each, at, replies[at].sent_ns) for each in faults)
    injections = tuple(each.injection for each in struck)
    fields: dict[str, object] = {
        "points": (), "messages": (), "fired": struck, "left": (), "status": 0, **facts,
    }  # fmt: skip
    return Run(Scenario(tuple(lines), injections), tuple(replies), **fields)  # type: ignore[arg-type]


def killed(*nodes: int) -> Callable[[Naive], None]:
    """Return what kills nodes of a naive cluster."""

    def kill(cluster: Naive) -> None:
        for node in nodes:
            cluster.way(node)[-1].state = "dead"

    return kill


def message(text: str, command: int, sender: str, receiver: str) -> Sent:
    """Return a message that arrived."""
    return Sent(sender, receiver, text.partition(" ")[0], text, command, command + 10, command)


def left(kind: str, what: str) -> tuple[Left, ...]:
    """Return one thing left behind."""
    return (Left(kind, what),)


def passed(address: str, time_ns: int, command: int) -> Passed:
    """Return a point that was passed."""
    return Passed(Address.parse(address), time_ns, command)
