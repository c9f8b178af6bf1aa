"""Explorations made by hand: a realistic one of any size, and one whose every text is hostile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

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
ANSWERS: Final = ("Ok: PID", "Ok: PID", "Ok: PID", "Ok: PID", "Ok:30: 6", "Ok: -1", "Ok:20: 15", "Ok")
INVARIANTS: Final = (
    "others-answer", "unreachable-exactly", "one-reply-each", "no-effect-after-error", "no-late-reply",
    "id-free-after-kill", "nothing-left", "ends-in-time", "exit-status",
)  # fmt: skip
FAULTS: Final = (Fault("kill"), Fault("stop", 200 * MS))
_WAYS: Final = (
    ("controller", "10.1"), ("10.1", "5.1"), ("10.1", "20.1"), ("20.1", "30.1"),
)  # fmt: skip
_REQUESTS: Final = {"create": "create", "exec": "exec", "pingall": "ping", "kill": "forget"}
WRONG: Final = (
    ("others-answer", "exec 20 was answered after 5000 ms, its bound is 1000 ms"),
    ("unreachable-exactly", "pingall says 20;30, dead are 30"),
)


def golden(points: int = 300) -> Run:
    """Return a run in which nothing goes wrong, with so many points or a few more."""
    replies, messages, passed = [], [], []
    counts: dict[Address, int] = {}
    rounds = -(-points // (len(SCRIPT) * len(_WAYS) * 5))
    now = 0

    def point(who: str, event: str, message: str, when: str, command: int) -> None:
        ordinal = counts.get(key := Address(who, event, message, 0, 1, when), 0) + 1
        counts[key] = ordinal
        passed.append(Passed(msgspec.structs.replace(key, ordinal=ordinal), now, command))

    for index, line in enumerate(SCRIPT):
        begun = now
        if line.startswith("create"):
            point(f"{line.split()[1]}.1", "bind", "", "exit", index)
        for above, below in _WAYS * rounds:
            for sender, receiver, kind in ((above, below, ""), (below, above, "-reply")):
                name = _REQUESTS[line.split()[0]] + kind
                point(sender, "send", name, "entry", index)
                now += 80_000
                messages.append(
                    Sent(sender, receiver, name, f"{name} #{index + 1}", now, now + 90_000, index)
                )
                point(sender, "send", name, "exit", index)
                now += 90_000
                point(receiver, "recv", name, "exit", index)
        replies.append(Reply(line, ANSWERS[index], begun, now - begun))
        now += MS
    return Run(Scenario(SCRIPT, seed=7), tuple(replies), tuple(passed[:points]), tuple(messages), (), (), 0)


def failed(injection: Injection, whole: Run, *, stderr: str = "", script: tuple[str, ...] = SCRIPT) -> Run:
    """Return the run in which a fault takes effect where `whole` passes its point, and goes wrong then."""
    where = next(each for each in whole.points if each.at == injection.at)
    who = injection.at.who
    replies = [
        each if index < where.command
        else msgspec.structs.replace(each, line=_later(each.command), took_ns=each.took_ns + 5000 * MS)
        for index, each in enumerate(whole.replies)
    ]  # fmt: skip
    replies.append(
        Reply("pingall", "Ok: 20;30", whole.replies[-1].sent_ns + 6000 * MS, 2 * MS, scripted=False)
    )
    messages = [
        each if each.time_ns < where.time_ns
        else msgspec.structs.replace(each, received_ns=None) if who in {each.sender, each.receiver} else each
        for each in whole.messages if each.time_ns < where.time_ns or each.sender != who
    ]  # fmt: skip
    return Run(
        Scenario(script, (injection,), seed=7), tuple(replies), (), tuple(messages),
        (Fired(injection, who, 4242, where.time_ns, where.command),), (Left("file", "node-30.sock"),), 0,
        stderr,
    )  # fmt: skip


def _later(command: str) -> str | None:
    verb, *rest = command.split()
    if verb == "pingall":
        return "Ok: 20;30"
    return f"Error:{rest[0]}: Node is unavailable" if verb != "kill" else None


def explored(points: int = 300) -> Exploration:
    """Return an exploration of a kill and a stop at each point, 100 or more. Three fail, in two ways."""
    whole = golden(points)
    outcomes = list(_outcomes(whole))
    return Exploration(
        SCRIPT, 7, "", whole, INVARIANTS, tuple(outcomes), 41.7, 2, len(outcomes) + 12, 12, (smallest(whole),)
    )


def _outcomes(whole: Run) -> Iterator[Outcome]:
    mine = [each.at for each in whole.points if each.at.who == "30.1"]
    bad = {mine[0]: WRONG[:1], mine[5]: WRONG[:1], mine[7]: WRONG}
    for index, each in enumerate(whole.points):
        for fault in FAULTS:
            injection = Injection(each.at, fault)
            if fault.kind == "kill" and each.at in bad:
                violations = tuple(
                    Violation(name, text.replace("5000", str(5000 + index))) for name, text in bad[each.at]
                )
                stderr = "why: node 30 was killed by SIGKILL\nnode 20: no answer within 5 s\n"
                yield Outcome((injection,), violations, failed(injection, whole, stderr=stderr))
            elif fault.kind == "stop" and each.at == mine[9]:
                yield Outcome((injection,), error="the fault did not fire", run=whole)
            elif each.at.event == "recv" and index and each.at not in bad:
                yield Outcome((injection,), like=(Injection(whole.points[index - 1].at, fault),))
            else:
                yield Outcome((injection,))


def smallest(whole: Run) -> Smallest:
    """Return what the first failure was shrunk to."""
    injection = Injection(next(each.at for each in whole.points if each.at.who == "30.1"), FAULTS[0])
    script = ("create 10", "create 20", "create 30", "exec 20 1 1")
    run = failed(injection, whole, stderr="why: node 30 was killed by SIGKILL\n", script=script)
    where = next(each.command for each in whole.points if each.at == injection.at)
    run = msgspec.structs.replace(
        run, messages=tuple(each for each in run.messages if each.command in {where - 1, where, where + 1})
    )
    command = (
        "bstrace faults run --script 'create 10;create 20;create 30;exec 20 1 1' "
        f"--fault-at '{injection}' --fault-seed 7"
    )
    test = (
        f'@pytest.mark.crashpoints(at="{injection.at}", faults=["kill"])\n'
        "def test_others_answer(cluster, script, invariants):\n    ...\n"
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
