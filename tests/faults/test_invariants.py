"""Each invariant holds in sound runs, and has a run made by hand that breaks it and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bstinspect.faults.invariants import OURS, Invariant, judge
from bstinspect.faults.run import Run, Violation

from .naive import killed, left, message, passed, played

TREE = ["create 10", "create 5", "create 20", "create 30"]
KILL_20 = ["20.1:send(exec-reply)#1@exit=kill"]
STOP_20 = ["20.1:send(exec-reply)#1@entry=stop"]
UNAVAILABLE = "Error:20: Node is unavailable"
SECOND = 1_000_000_000


def names(run: Run) -> list[str]:
    """Return the invariants that a run breaks, each once."""
    return list(dict.fromkeys(each.invariant for each in judge(run)))


def asked(text: str, *replies: str, command: int = 4) -> tuple[object, ...]:
    """Return a request of the controller's, and replies that reached it."""
    return (
        message(text, command, "controller", "10.1"),
        *(message(each, command, "10.1", "controller") for each in replies),
    )


LATE = (
    message("create #4 of 15 to 20", 4, "controller", "10.1"),
    message("create-reply #4", 5, "10.1", "controller"),
)

BROKEN = {
    "one that nothing happened to waits for a timeout": (
        "others-answer-in-time", played([*TREE, "exec 5 1 7"], took={4: SECOND})),
    "another subtree's answer takes a timeout": (
        "others-answer-in-time",
        played([*TREE, "exec 20 1 7", "exec 5 1 7"], KILL_20, 4, change=killed(20), took={5: SECOND})),
    "the dead are known, and waited for all the same": (
        "others-answer-in-time",
        played([*TREE, "exec 20 1 7", "pingall"], KILL_20, 4, change=killed(20), took={5: SECOND // 2})),
    "a slow one is given up": (
        "nobody-is-given-up-early",
        played([*TREE, "exec 20 1 7"], ["20.1:send(exec-reply)#1@entry=delay:2s"], 4,
               answers={4: UNAVAILABLE}, took={4: SECOND // 2})),
    "a list leaves out the slow too early": (
        "nobody-is-given-up-early",
        played([*TREE, "pingall"], ["20.1:send(ping-reply)#1@entry=delay:2s"], 4,
               answers={4: "Ok: 20;30"}, took={4: SECOND // 4})),
    "a slow one's child is not continued": (
        "nobody-is-given-up-early",
        played([*TREE, "stop 30", "cont 30"], ["20.1:send(child-continued)#1@entry=delay:2s"], 5,
               answers={5: "Error:30: Node is unavailable"}, took={5: SECOND // 4})),
    "a slow parent is given up": (
        "nobody-is-given-up-early",
        played([*TREE, "create 15"], ["20.1:fork#1@exit=delay:2s"], 4,
               answers={4: "Error: Parent is unavailable"}, took={4: SECOND // 4})),
    "the command in flight never ends": (
        "every-command-ends",
        played([*TREE, "exec 20 1 7"], KILL_20, 4, answers={4: None}, trouble="no answer", status=None)),
    "the command in flight ends too late": (
        "every-command-ends",
        played([*TREE, "exec 20 1 7"], STOP_20, 4, answers={4: UNAVAILABLE}, took={4: 2 * SECOND})),
    "who is asked about a lost reply says so at once": (
        "every-command-ends",
        played([*TREE, "exec 20 1 7"], ["20.1:send(exec-reply)#1@entry=drop"], 4,
               answers={4: UNAVAILABLE}, took={4: SECOND})),
    "a death is waited for": (
        "others-answer-in-time",
        played([*TREE, "exec 20 1 7"], KILL_20, 4, change=killed(20), took={4: SECOND // 2})),
    "one below the dead is not listed": (
        "unreachable-is-exact",
        played([*TREE, "exec 20 1 7", "pingall"], KILL_20, 4, change=killed(20), answers={5: "Ok: 20"})),
    "one beside the dead is listed": (
        "unreachable-is-exact",
        played([*TREE, "exec 20 1 7", "pingall"], KILL_20, 4, change=killed(20), answers={5: "Ok: 5;20;30"})),
    "one that is alive is unavailable": (
        "unreachable-is-exact", played([*TREE, "exec 5 1 7"], answers={4: "Error:5: Node is unavailable"})),
    "a dead one is a parent": (
        "unreachable-is-exact",
        played([*TREE, "exec 20 1 7", "create 15"], KILL_20, 4, change=killed(20), answers={5: "Ok: PID"})),
    "a wrong sum": ("replies-to-the-letter", played([*TREE, "exec 5 1 7"], answers={4: "Ok:5: 8"})),
    "a space too many": ("replies-to-the-letter", played(["pingall"], answers={0: "Ok: -1 "})),
    "a list out of order": (
        "replies-to-the-letter",
        played([*TREE, "crash 20", "pingall"], answers={5: "Ok: 30;20"})),
    "a word of one's own": (
        "replies-to-the-letter", played(["exec 5 1 7"], answers={0: "Error:5: not found"})),
    "two replies": (
        "one-reply-per-request",
        played([*TREE, "exec 5 1 7"], messages=asked("exec #4 to 5", "exec-reply #4", "unavailable #4"))),
    "the same reply again": (
        "one-reply-per-request",
        played([*TREE, "pingall"], messages=asked("ping #4", "ping-reply #4", "ping-reply #4"))),
    "no reply": ("one-reply-per-request", played([*TREE, "pingall"], messages=asked("ping #4"))),
    "an unwanted node is listed": (
        "nothing-after-error",
        played([*TREE, "create 40", "pingall"], ["40.1:send(hello)#1@entry=kill"], 4,
               answers={4: "Error: the new process ended before it said hello", 5: "Ok: 40"})),
    "an unwanted node exists": (
        "nothing-after-error",
        played([*TREE, "create 40", "create 40"], ["40.1:send(hello)#1@entry=kill"], 4,
               answers={4: "Error: the new process ended before it said hello"})),
    "an unwanted node answers": (
        "nothing-after-error",
        played([*TREE, "create 15", "pingall"], ["20.1:fork#1@exit=delay:2s"], 4,
               answers={4: "Error: Parent is unavailable"}, took={4: SECOND},
               messages=(message("ping-reply #5", 5, "15.1", "20.1"),))),
    "an unwanted node answers after its create's late reply": (
        "nothing-after-error",
        played([*TREE, "create 15", "pingall"], ["20.1:send(create-reply)#1@entry=delay:2s"], 4,
               answers={4: "Error: Parent is unavailable"}, took={4: SECOND},
               messages=(*LATE, replace(message("ping-reply #5", 5, "15.1", "20.1"), time_ns=SECOND)))),
    "a late sum meets another exec": (
        "no-late-reply",
        played([*TREE, "exec 20 1 7", "cont 20", "exec 20 1 8"], STOP_20, 4,
               answers={4: UNAVAILABLE, 6: "Ok:20: 7"})),
    "an id is kept": (
        "id-is-free-again",
        played([*TREE, "crash 20", "kill 20", "create 20"], answers={6: "Error: Already exists"})),
    "the id of one below the removed is kept": (
        "id-is-free-again", played([*TREE, "kill 20", "create 30"], answers={5: "Error: Already exists"})),
    "a process stays": ("nothing-left-behind", played(TREE, left=left("process", "20.1"))),
    "the socket of a killed node stays": (
        "nothing-left-behind", played([*TREE, "kill 20"], left=left("socket", "20.1 after kill 20"))),
    "a file stays": (
        "nothing-left-behind",
        played(TREE, ["controller:wait#1@exit=kill"], 3, answers={3: None}, status=9,
               points=(passed("keeper:fork#1@entry", 0, 0),), left=left("file", "bstrace-PID"))),
    "an exit status": ("ends-well", played(TREE, status=256)),
    "a hang at the end": ("ends-well", played(TREE, status=None, trouble="no answer")),
    "a long end": (
        "ends-well", played(TREE, points=(passed("controller:exit#1@entry", 5 * SECOND, 3),))),
    "a traceback": ("ends-well", played(TREE, stderr="Traceback (most recent call last):\n  ...\nE: no\n")),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_run_breaks_its_invariant_alone(case: str) -> None:
    """What is wrong has one name."""
    name, run = BROKEN[case]
    assert names(run) == [name], judge(run)


def test_every_invariant_has_a_run_that_breaks_it() -> None:
    """An invariant that nothing breaks would say nothing."""
    assert {name for name, _ in BROKEN.values()} == {each.name for each in OURS}
    assert len({each.name for each in OURS}) == len(OURS)


@pytest.mark.parametrize(
    "run",
    [
        played([]),
        played([*TREE, "exec 20 1 7", "pingall"], KILL_20, 4, change=killed(20)),
        played([*TREE, "exec 20 1 7"], STOP_20, 4, answers={4: UNAVAILABLE}, took={4: SECOND}),
        played([*TREE, "pingall"], ["10.1:wait#1@exit=kill"], 4, change=killed(10), took={4: SECOND // 2}),
        # It was answered, and is dead only then.
        played([*TREE, "exec 20 1 7", "crash 20", "pingall"], KILL_20, 4,
               answers={5: UNAVAILABLE}),
        # Nobody can sweep up behind a controller that is killed before it has a keeper.
        played(["create 1"], ["controller:listen#1@entry=kill"], answers={0: None}, status=9,
               left=left("file", "bstrace-PID")),
        played(["create 1"], ["controller:fork#1@entry=return:0"], answers={0: None}, status=6,
               left=left("file", "bstrace-PID")),
        # A controller that was stopped for good has to be killed by the stage.
        played(["create 1"], ["controller:wait#1@entry=stop"], answers={0: None}, status=None,
               trouble="deadlock", left=left("process", "controller")),
        played([*TREE, "exec 20 1 7"], ["20.1:send(exec-reply)#1@entry=twice"], 4,
               messages=asked("exec #4 to 20", "exec-reply #4", "exec-reply #4")),
        played([*TREE, "exec 20 1 7"], ["20.1:send(exec-reply)#1@entry=kill"], 4, change=killed(20),
               messages=asked("exec #4 to 20")),
        # A stream's chunks may each be refused.
        played([*TREE, "exec 20 1 7"], KILL_20, 4, change=killed(20), messages=(
            *asked("exec #4 to 20", "unavailable #4", "unavailable #4"),
            message("numbers #4 to 20", 4, "controller", "10.1"))),
        played([*TREE, "exec 5 1 7"], ["20.1:wait#1@entry=delay:300ms"], 4, took={4: SECOND // 4}),
        # A keeper that is stopped while it clears up is killed after five seconds.
        played(TREE, ["keeper:wait#9@entry=stop"], 3,
               points=(passed("controller:exit#1@entry", 5 * SECOND, 3),)),
        # Where a message was lost, nobody knows of the process that it told of.
        played([*TREE, "create 15", "pingall"], ["20.1:send(create-reply)#1@entry=drop"], 4,
               answers={4: "Error: the new process does not say hello"}, took={4: 20 * SECOND},
               messages=(message("ping-reply #5", 5, "15.1", "20.1"),)),
        # Before a create's late reply has come, nobody knows of the process, and it answers.
        played([*TREE, "create 15", "pingall"], ["20.1:send(create-reply)#1@entry=delay:2s"], 4,
               answers={4: "Error: Parent is unavailable"}, took={4: SECOND},
               messages=(*LATE, message("ping-reply #5", 5, "15.1", "20.1"))),
        played([*TREE, "exec 20 1 7"], ["20.1:send(exec-reply)#1@entry=drop"], 4,
               answers={4: UNAVAILABLE}, took={4: SECOND // 2}),
        # A socket that cannot be removed goes with its directory.
        played([*TREE, "kill 20"], ["controller:unlink#1@entry=errno:EACCES"], 4,
               left=left("socket", "20.1 after kill 20")),
        # So does that of a process which died before it was a node.
        played([*TREE, "create 40", "kill 30"], ["40.1:send(hello)#1@entry=kill"], 4,
               answers={4: "Error: the new process ended before it said hello"},
               left=left("socket", "40.1 after kill 30")),
        # What the kernel never does to a wait excuses a traceback.
        played(TREE, ["controller:wait#1@entry=errno:EAGAIN"], 3, status=256,
               stderr="Traceback (most recent call last):\nOSError\n"),
    ],
)  # fmt: skip
def test_a_sound_run_breaks_nothing(run: Run) -> None:
    """What a fault excuses is no false alarm."""
    assert judge(run) == ()


@given(
    st.lists(st.sampled_from(["pingall", "exec 1 1 2", "create 1", "create 2", "stop 1", "cont 1", "kill 1",
                              "crash 2", "create 3", "exec 2 2 3 4", "kill 3"]), min_size=1, max_size=12),
    st.data(),
)  # fmt: skip
def test_the_naive_cluster_is_sound_whoever_is_killed(lines: list[str], data: st.DataObject) -> None:
    """A kill before any command, of any node that there is, breaks nothing."""
    at = data.draw(st.integers(0, len(lines) - 1))
    node = data.draw(st.integers(1, 3))
    living = played(lines[:at], at=-1)
    made = [each.command for each in living.replies if each.line == "Ok: PID"].count(f"create {node}")
    removed = played([*lines[:at], f"exec {node} 1 1"], at=-1).replies[-1].line == f"Error:{node}: Not found"
    if removed:
        assert judge(played(lines, at=-1)) == ()
    else:
        fault = f"{node}.{made}:wait#1@entry=kill"
        assert judge(played(lines, [fault], at, change=killed(node))) == ()


def test_a_users_own_invariant_stands_beside_ours() -> None:
    """An invariant is a name and a function."""
    mine = Invariant("few-commands", "no more than three", lambda run: ["too many"] * (len(run.replies) > 3))
    assert judge(played(TREE), [*OURS, mine]) == (Violation("few-commands", "too many"),)
    assert judge(played(TREE[:3]), [*OURS, mine]) == ()
