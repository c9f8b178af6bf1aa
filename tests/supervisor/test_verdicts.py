"""The table of verdicts, on facts made by hand."""

from __future__ import annotations

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bstcluster.topology import Tree
from bstinspect.decode.names import describe_status, signal_name
from bstinspect.verdicts import (
    KernelFacts,
    Kind,
    Process,
    ago,
    judge,
    sender_text,
)

SECOND = 10**9
NOW = 1000 * SECOND
KILLED = int(signal.SIGKILL)
EXITED_3 = 3 << 8
CORE = int(signal.SIGSEGV) | 0x80


def tree_of(*nodes: int) -> Tree:
    """Return the search tree that these ids make."""
    tree = Tree()
    for node in nodes:
        tree.add(node)
    return tree


TABLE = [
    (KernelFacts(state="S"), False, Kind.ALIVE, "alive"),
    (
        KernelFacts(died_at=NOW - 3_200_000_000, status=KILLED, sender=Process(77, "bash", 1000)),
        True,
        Kind.KILLED,
        "dead: killed by SIGKILL, 3.2 s ago, by pid 77 (bash, uid 1000)",
    ),
    (
        KernelFacts(died_at=NOW, status=KILLED),
        True,
        Kind.KILLED,
        "dead: killed by SIGKILL, 0.0 s ago, sender unknown",
    ),
    (
        KernelFacts(died_at=NOW, status=KILLED, sender=Process(1, ours="crash")),
        False,
        Kind.KILLED,
        "dead: killed by SIGKILL, 0.0 s ago, by this session (crash)",
    ),
    (
        KernelFacts(died_at=NOW, status=CORE, sender=Process(8)),
        True,
        Kind.KILLED,
        "dead: killed by SIGSEGV (core dumped), 0.0 s ago, by pid 8",
    ),
    (KernelFacts(died_at=NOW - 99 * SECOND), True, Kind.KILLED, "dead, 99.0 s ago"),
    (
        KernelFacts(died_at=NOW - 600 * SECOND, status=EXITED_3),
        True,
        Kind.EXITED,
        "exited with status 3, 10 min ago",
    ),
    (
        KernelFacts(stopped_at=NOW - SECOND, stop_signal=signal.SIGSTOP, stopper=Process(9, "kill", 0)),
        True,
        Kind.STOPPED,
        "stopped (SIGSTOP) by pid 9 (kill, uid 0), 1.0 s ago",
    ),
    (
        KernelFacts(stopped_at=NOW - SECOND, stop_signal=signal.SIGTTIN, state="t"),
        False,
        Kind.STOPPED,
        "stopped (SIGTTIN), 1.0 s ago",
    ),
    (KernelFacts(state="T"), True, Kind.STOPPED, "stopped"),
    (KernelFacts(state="t"), True, Kind.STOPPED, "stopped"),
    (KernelFacts(state="T"), False, Kind.ALIVE, "alive"),
    (
        KernelFacts(state="S", syscall="futex", silent_since=NOW - 5_100_000_000),
        True,
        Kind.HUNG,
        "hung: in futex, 5.1 s",
    ),
    (KernelFacts(state="R"), True, Kind.HUNG, "hung: running in user space"),
    (
        KernelFacts(state="t", foreign_tracer=Process(77, "gdb")),
        True,
        Kind.TRACED,
        "unknown: traced by gdb (pid 77)",
    ),
    (KernelFacts(foreign_tracer=Process(77)), True, Kind.TRACED, "unknown: traced by ? (pid 77)"),
    (KernelFacts(foreign_tracer=Process(77, "strace")), False, Kind.ALIVE, "alive"),
    (
        KernelFacts(died_at=NOW, status=KILLED, stopped_at=NOW, stop_signal=signal.SIGSTOP),
        True,
        Kind.KILLED,
        "dead: killed by SIGKILL, 0.0 s ago, sender unknown",
    ),
]


@pytest.mark.parametrize(("facts", "silent", "kind", "text"), TABLE, ids=[row[3] for row in TABLE])
def test_a_node_by_itself(facts: KernelFacts, silent: bool, kind: Kind, text: str) -> None:  # noqa: FBT001
    """Each row of the design's table, and what comes first where several are true."""
    cut = frozenset({10} if silent else ())
    verdict = judge(10, tree_of(10), {10: facts}, cut, NOW)
    assert (verdict.kind, verdict.text, verdict.blame) == (kind, text, 10)
    assert str(verdict) == f"10: {text}"
    assert verdict.facts is facts


@pytest.mark.parametrize(
    ("above", "kind", "text"),
    [
        (KernelFacts(died_at=NOW, status=KILLED), Kind.ORPHANED, "orphaned: ancestor 20 is dead"),
        (KernelFacts(died_at=NOW, status=EXITED_3), Kind.ORPHANED, "orphaned: ancestor 20 is dead"),
        (KernelFacts(died_at=NOW), Kind.ORPHANED, "orphaned: ancestor 20 is dead"),
        (
            KernelFacts(stopped_at=NOW, stop_signal=19),
            Kind.CUT_OFF,
            "cut off: ancestor 20 is stopped",
        ),
        (KernelFacts(state="S", syscall="pause"), Kind.CUT_OFF, "cut off: ancestor 20 is hung"),
        (
            KernelFacts(foreign_tracer=Process(7, "gdb")),
            Kind.CUT_OFF,
            "cut off: ancestor 20 is unknown",
        ),
    ],
)
def test_a_node_below(above: KernelFacts, kind: Kind, text: str) -> None:
    """A healthy node below a broken one: the break is to blame, and named."""
    tree = tree_of(30, 20, 10, 5, 25)
    facts = {node: KernelFacts(state="S") for node in (30, 10, 5, 25)} | {20: above}
    cut = frozenset({20})
    for node in (10, 5, 25):
        verdict = judge(node, tree, facts, cut, NOW)
        assert (verdict.kind, verdict.text, verdict.blame) == (kind, text, 20)
    assert judge(30, tree, facts, cut, NOW).kind is Kind.ALIVE


def test_its_own_state_comes_first_and_the_nearest_break_next() -> None:
    """A dead node below a dead one is dead; what is between is orphaned by the nearest."""
    tree = tree_of(50, 40, 30, 20, 10)
    dead = KernelFacts(died_at=NOW, status=KILLED)
    facts = {50: dead, 40: KernelFacts(), 30: dead, 20: KernelFacts(stopped_at=NOW, stop_signal=19)}
    facts[10] = KernelFacts()
    cut = frozenset({50, 30})
    found = {node: judge(node, tree, facts, cut, NOW) for node in facts}
    assert {node: verdict.kind for node, verdict in found.items()} == {
        50: Kind.KILLED,
        40: Kind.ORPHANED,
        30: Kind.KILLED,
        20: Kind.STOPPED,
        10: Kind.CUT_OFF,
    }
    assert (found[40].blame, found[10].blame) == (50, 20)


@given(
    nodes=st.lists(st.integers(0, 20), min_size=1, max_size=12, unique=True),
    states=st.lists(
        st.sampled_from(["alive", "dead", "exited", "stopped", "hung"]), min_size=12, max_size=12
    ),
)
def test_not_alive_is_exactly_the_union_of_the_subtrees(nodes: list[int], states: list[str]) -> None:
    """Whatever the tree and whoever is broken: a verdict other than alive where, and only where, cut off."""
    tree = tree_of(*nodes)
    kinds = {
        "alive": KernelFacts(state="S"),
        "dead": KernelFacts(died_at=NOW, status=KILLED),
        "exited": KernelFacts(died_at=NOW, status=0),
        "stopped": KernelFacts(stopped_at=NOW, stop_signal=19),
        "hung": KernelFacts(state="S", syscall="pause"),
    }
    facts = {node: kinds[state] for node, state in zip(nodes, states, strict=False)}
    broken = {node for node in nodes if facts[node] is not kinds["alive"]}
    bad = {node for node in nodes if broken.intersection(tree.path(node))}
    verdicts = [judge(node, tree, facts, frozenset(broken), NOW) for node in nodes]
    assert {verdict.node for verdict in verdicts if verdict.kind is not Kind.ALIVE} == bad
    assert all(verdict.blame in broken for verdict in verdicts if verdict.node in bad)


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (-5, "0.0 s ago"),
        (49_000_000, "0.0 s ago"),
        (99_900_000_000, "99.9 s ago"),
        (100 * SECOND, "1 min ago"),
        (7199 * SECOND, "119 min ago"),
        (7200 * SECOND, "2 h 0 min ago"),
        (90061 * SECOND, "25 h 1 min ago"),
    ],
)
def test_ago(nanoseconds: int, text: str) -> None:
    """Tenths of a second at first, then minutes, then hours."""
    assert ago(nanoseconds) == text


def test_names_of_signals_and_ends() -> None:
    """The kernel's names; real-time signals have strace's; what is no signal has its number."""
    assert signal_name(9) == "SIGKILL"
    assert signal_name(signal.SIGRTMIN + 1) == f"SIGRT_{signal.SIGRTMIN + 1 - 32}"
    assert signal_name(99) == "99"
    assert describe_status(0) == "exited with status 0"
    assert describe_status(255 << 8) == "exited with status 255"
    assert describe_status(15) == "killed by SIGTERM"
    assert sender_text(KernelFacts()) == "sender unknown"
    assert str(Process(7, "", 0)) == "pid 7 (uid 0)"
