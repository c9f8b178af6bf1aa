"""Explorations made by hand: a realistic one of any size, and one whose every text is hostile."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

import msgspec

from bstcluster.topology import Tree
from bstinspect.faults.address import Address
from bstinspect.faults.fault import Fault
from bstinspect.faults.run import (
    Exploration,
    Fired,
    Injection,
    Left,
    Outcome,
    Passed,
    Reply,
    Run,
    Scenario,
    Sent,
    Smallest,
    Violation,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MS: Final = 1_000_000
SCRIPT: Final = (
    "create 10", "create 5", "create 20", "create 30", "exec 30 3 1 2 3", "pingall",
    "exec 20 2 7 8", "kill 5",
)  # fmt: skip
STDERR: Final = "why: node 30 was killed by SIGKILL\nnode 20: no answer within 1 s\n"
INVARIANTS: Final = (
    "others-answer", "unreachable-exactly", "one-reply-each", "no-effect-after-error", "no-late-reply",
    "id-free-after-kill", "nothing-left", "ends-in-time", "exit-status",
)  # fmt: skip
FAULTS: Final = (Fault("kill"), Fault("stop", 200 * MS))
_REQUESTS: Final = {"create": "create", "exec": "exec", "pingall": "ping", "kill": "forget"}
WRONG: Final = (
    ("others-answer", "exec 20 was answered after 5000 ms, its bound is 1000 ms"),
    ("unreachable-exactly", "pingall says 20;30, dead are 30"),
)


class _Golden:
    """Plays a script without a fault: requests go down the tree, replies come up."""

    def __init__(self, script: tuple[str, ...], rounds: int) -> None:
        self.tree = Tree()
        self.messages: list[Sent] = []
        self.passed: list[Passed] = []
        self.replies: list[Reply] = []
        self._counts: dict[Address, int] = {}
        self._now = 0
        for command, line in enumerate(script):
            begun = self._now
            self._play(command, line.split(), rounds)
            self.replies.append(Reply(line, _answer(line.split()), begun, self._now - begun))
            self._now += MS

    def _play(self, command: int, words: list[str], rounds: int) -> None:
        if words[0] == "pingall":
            for node in self.tree:
                self._there_and_back(command, node, "ping")
            return
        node = int(words[1])
        if words[0] == "create":
            parent = self.tree.add(node)
            if parent is not None:
                self._there_and_back(command, parent, "create")
            self._point(f"{node}.1", "bind", "", "exit", command)
        else:
            for _ in range(rounds if words[0] == "exec" else 1):
                self._there_and_back(command, node, _REQUESTS[words[0]])
        if words[0] == "kill":
            self.tree.remove(node)

    def _there_and_back(self, command: int, node: int, name: str) -> None:
        way = ["controller", *(f"{each}.1" for each in self.tree.path(node))]
        for sender, receiver in itertools.pairwise(way):
            self._send(command, sender, receiver, name)
        for sender, receiver in itertools.pairwise(reversed(way)):
            self._send(command, sender, receiver, f"{name}-reply")

    def _send(self, command: int, sender: str, receiver: str, name: str) -> None:
        self._point(sender, "send", name, "entry", command)
        self._now += 80_000
        sent = self._now
        self._point(sender, "send", name, "exit", command)
        self._now += 90_000
        self.messages.append(Sent(sender, receiver, name, f"{name} #{command + 1}", sent, self._now, command))
        self._point(receiver, "recv", name, "exit", command)

    def _point(self, who: str, event: str, message: str, when: str, command: int) -> None:
        key = Address(who, event, message, 0, 1, when)
        self._counts[key] = self._counts.get(key, 0) + 1
        self.passed.append(
            Passed(msgspec.structs.replace(key, ordinal=self._counts[key]), self._now, command)
        )


def _answer(words: list[str]) -> str:
    if words[0] == "exec":
        return f"Ok:{words[1]}: {sum(map(int, words[3:]))}"
    return {"create": "Ok: PID", "pingall": "Ok: -1", "kill": "Ok"}[words[0]]


def golden(points: int = 300, script: tuple[str, ...] = SCRIPT) -> Run:
    """Return a run in which nothing goes wrong, with so many points where the script has an exec."""
    played = _Golden(script, rounds=max(points // 30 + 1, 1))
    return Run(
        Scenario(script, seed=7), tuple(played.replies), tuple(played.passed[:points]),
        tuple(played.messages), (), (), 0,
    )  # fmt: skip


def failed(at: Address, fault: Fault, whole: Run, stderr: str) -> Run:
    """Return `whole` with a fault at one of its points, and as a cluster does that gets it wrong."""
    where = next(each for each in whole.points if each.at == at)
    injection = Injection(at, fault)
    replies = []
    later = 0
    for index, each in enumerate(whole.replies):
        sent = each.sent_ns + later
        if index < where.command:
            replies.append(each)
            continue
        later += 1000 * MS
        line = "Ok: 20;30" if each.command == "pingall" else _refused(each.command.split())
        replies.append(Reply(each.command, line, sent, each.took_ns + 1000 * MS))
    replies.append(Reply("pingall", "Ok: 20;30", replies[-1].sent_ns + 6000 * MS, 2 * MS, scripted=False))
    messages = [
        msgspec.structs.replace(each, received_ns=None)
        if at.who == each.receiver and (each.received_ns or 0) > where.time_ns
        else each
        for each in whole.messages
        if each.time_ns <= where.time_ns or (each.command == where.command and each.sender != at.who)
    ]
    fired = (Fired(injection, at.who, 4242, where.time_ns, where.command),)
    left = (Left("file", "node-30.sock"),)
    scenario = msgspec.structs.replace(whole.scenario, injections=(injection,))
    return Run(scenario, tuple(replies), (), tuple(messages), fired, left, 0, stderr)


def _refused(words: list[str]) -> str | None:
    return f"Error:{words[1]}: Node is unavailable" if words[0] != "kill" else None


def explored(points: int = 300) -> Exploration:
    """Return an exploration of a kill and a stop at each point, 100 or more. Three fail, in two ways."""
    whole = golden(points)
    outcomes = list(_outcomes(whole))
    return Exploration(
        SCRIPT, 7, "", whole, INVARIANTS, tuple(outcomes), 41.7, 2, len(outcomes) + 12, 12, (smallest(whole),)
    )


def _outcomes(whole: Run) -> Iterator[Outcome]:
    mine = [each.at for each in whole.points if each.at.message.startswith("exec") and each.at.who == "30.1"]
    bad = {mine[0]: WRONG[:1], mine[1]: WRONG[:1], mine[4]: WRONG}
    for index, each in enumerate(whole.points):
        for fault in FAULTS:
            injection = Injection(each.at, fault)
            if fault.kind == "kill" and each.at in bad:
                violations = tuple(
                    Violation(name, text.replace("5000", str(5000 + index))) for name, text in bad[each.at]
                )
                yield Outcome((injection,), violations, failed(each.at, fault, whole, STDERR))
            elif fault.kind == "stop" and each.at == mine[5]:
                yield Outcome((injection,), error="the fault did not fire", run=whole)
            elif each.at.event == "recv" and index and each.at not in bad:
                yield Outcome((injection,), like=(Injection(whole.points[index - 1].at, fault),))
            else:
                yield Outcome((injection,))


def smallest(whole: Run) -> Smallest:
    """Return what the first failure was shrunk to."""
    script = ("create 10", "create 20", "create 30", "exec 30 1 1", "exec 20 1 1")
    at = next(each.at for each in whole.points if each.at.who == "30.1" and each.at.message == "exec")
    run = failed(at, FAULTS[0], golden(60, script), STDERR)
    injection = run.scenario.injections[0]
    command = f"bstrace faults run --script '{';'.join(script)}' --fault-at '{injection}' --fault-seed 7"
    test = (
        "@pytest.fixture\n"
        "def script():\n"
        f"    return {list(script)}\n\n\n"
        "def test_others_answer(cluster, faults, script, invariants):\n"
        f'    faults.at("{at}").kill()\n'
        "    invariants.check(cluster.play(script))\n"
    )
    return Smallest(
        Outcome((injection,), (Violation(*WRONG[0]),), run), run.scenario, command, test, steps=17
    )


def hostile(text: str) -> Exploration:
    """Return an exploration in which everything that can be a text is `text`."""
    at = Address(text, "send", text, 0, 1, "entry")
    injection = Injection(at, Fault("kill"))
    pair = (injection, Injection(Address("20", "send"), Fault("errno", 104)))
    script = ("create 10", "create 20", text)
    run = Run(
        Scenario(script, (injection,)),
        (Reply("create 10", "Ok: PID", 0, MS), Reply("create 20", "Ok: PID", MS, MS),
         Reply(text, text, 2 * MS, MS), Reply(text, None, 4 * MS, MS, scripted=False)),
        (Passed(at, 3, 2),),
        (Sent(text, "20.1", text, text, 3, 4, 2), Sent("20.1", "", text, text, 5, None, 2)),
        (Fired(injection, text, 1, 3, 2), Fired(pair[1], "20.1", 2, 4, 2)),
        (Left(text, text),), None, text, text,
    )  # fmt: skip
    wrong = Outcome((injection,), (Violation(text, text), Violation("nothing-left", text)), run, (), text)
    outcomes = (wrong, Outcome(pair, error=text), Outcome(pair[1:], like=(injection,)), Outcome(()))
    small = Smallest(wrong, run.scenario, text, text, 1)
    return Exploration(script, 0, text, run, (text, "nothing-left"), outcomes, 0.5, 1, 9, 5, (small,))
