"""The session's log: what is understood becomes facts, whatever else stands there is counted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bstinspect.findings.commands import command_facts
from bstinspect.findings.log import Log, read_log
from bstinspect.findings.reading import find
from bstinspect.findings.searchtree import depths, parents_before_death

from .tape import REALTIME, STEP, ZERO, Tape, survey
from .tape import session as session_of

if TYPE_CHECKING:
    from pathlib import Path

    from bstinspect.findings.reading import Source

T = REALTIME // 10**9
KINDS = ("session", "command", "reply", "cancelled", "created", "removed", "death", "notice", "x")
FIELDS = ("line", "node", "pid", "parent", "nodes", "unreachable", "sender", "cpus", "arguments", "kernel")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**40), 10**40) | st.text(max_size=5)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
SENSE = {
    "line": st.sampled_from(["exec 5 1 1", "exec", "create 5", "pingall", "Ok", "Ok: 7", "Ok:5: 1", ""]),
    "node": st.integers(-3, 9), "pid": st.integers(1, 50), "parent": st.none() | st.integers(-3, 9),
    "nodes": st.lists(st.integers(-3, 9), max_size=3),
    "unreachable": st.lists(st.integers(-3, 9), max_size=3),
}  # fmt: skip
EVENTS = st.fixed_dictionaries(
    {"time": st.just(T) | st.integers(T - 5, T + 5) | JSON, "event": st.sampled_from(KINDS) | JSON},
    optional={name: SENSE.get(name, JSON) | JSON for name in FIELDS},
)


def written(path: Path, *lines: bytes | dict[str, Any]) -> Log:
    """Write a log of events, whose times count from `T`, and of raw lines; return what is read."""
    with path.open("wb") as stream:
        for number, line in enumerate(lines):
            if isinstance(line, bytes):
                stream.write(line)
            else:
                stream.write(json.dumps({"time": T + number, **line}).encode() + b"\n")
    log = read_log(path)
    assert log is not None
    return log


def event(name: str, **facts: Any) -> dict[str, Any]:
    """Return an event."""
    return {"event": name, **facts}


def answers(log: Log) -> dict[str, str]:
    """Return each command's reply."""
    return {each.line: each.reply for each in log.commands}


def test_a_log(tmp_path: Path) -> None:
    """Commands with replies and times, nodes, deaths."""
    log = written(
        tmp_path / "log",
        event("session", bstrace="1", cpus=2),
        event("command", line="create 5"),
        event("created", node=5, pid=100, parent=None),
        event("reply", line="Ok: 100"),
        event("notice", text="hello"),
        event("death", node=5, pid=100, status=9, sender="pid 7", unreachable=[5, 7]),
        event("removed", nodes=[5, 7]),
    )
    assert log.facts["bstrace"] == "1"
    (command,) = log.commands
    assert (command.began, command.ended, command.reply) == (T + 1, T + 3, "Ok: 100")
    assert [(each.node, each.pid, each.parent) for each in log.created] == [(5, 100, None)]
    assert [(each.node, each.sender, each.unreachable) for each in log.deaths] == [(5, "pid 7", (5, 7))]
    assert log.removed == [(T + 6, 5), (T + 6, 7)]
    assert log.bad_lines == 0


def test_there_is_no_log(tmp_path: Path) -> None:
    """That is no error."""
    assert read_log(tmp_path / "none") is None


@pytest.mark.parametrize("size", range(1, 40, 6))
def test_half_a_last_line(size: int, tmp_path: Path) -> None:
    """What is before it counts; it is one bad line. A last line that lacks only its end is whole."""
    last = b'{"time":1700000000,"event":"command","line":"pingall"}'
    log = written(tmp_path / "log", event("command", line="create 5"), last[:size])
    assert (len(log.commands), log.bad_lines) == (1, 1)
    log = written(tmp_path / "log", event("command", line="create 5"), last)
    assert (len(log.commands), log.bad_lines) == (2, 0)


@pytest.mark.parametrize(
    "line",
    [
        b"\n", b"garbage\n", b"\xff\xfe\n", b"[]\n", b"3\n", b'"x"\n', b"null\n", b"{}\n",
        b"[" * 200_000 + b"\n", b'{"time":1700000000,"event":"session","a":' + b"[" * 200_000 + b"\n",
        b'{"time":"nan","event":"command","line":"x"}\n', b'{"time":NaN,"event":"command","line":"x"}\n',
        b'{"time":1e308,"event":"command","line":"x"}\n', b'{"time":-1,"event":"command","line":"x"}\n',
        b'{"time":1e999,"event":"command","line":"x"}\n', b'{"time":true,"event":"command","line":"x"}\n',
        b'{"time":1700000000,"event":["command"],"line":"x"}\n',
        b'{"time":1700000000,"event":"command","line":["x"]}\n',
        b'{"time":1700000000,"event":"command"}\n',
        b'{"time":1700000000,"event":"reply","line":{}}\n',
        b'{"time":1700000000,"event":"created","node":"5","pid":1}\n',
        b'{"time":1700000000,"event":"created","node":1.5,"pid":1}\n',
        b'{"time":1700000000,"event":"created","node":' + b"9" * 400 + b',"pid":1}\n',
        b'{"time":1700000000,"event":"removed","nodes":"57"}\n',
        b'{"time":1700000000,"event":"removed","nodes":[5,"x"]}\n',
        b'{"time":1700000000,"event":"death","node":5,"pid":1,"unreachable":null}\n',
        b'{"time":1700000000,"event":"death","node":5,"pid":1,"sender":[1]}\n',
        b'{"time":1700000000,"event":"command","line":"\xff"}\n',
    ],
    ids=lambda line: line[:70].decode(errors="replace").strip(),
)  # fmt: skip
def test_a_line_that_makes_no_sense(line: bytes, tmp_path: Path) -> None:
    """It is counted, and says nothing; the lines around it are read."""
    log = written(tmp_path / "log", event("command", line="a"), line, event("reply", line="Ok"))
    assert log.bad_lines == 1
    assert answers(log) == {"a": "Ok"}
    assert [log.created, log.removed, log.deaths] == [[], [], []]


def test_an_endless_line(tmp_path: Path) -> None:
    """It is read in pieces, none of which is kept."""
    log = written(tmp_path / "log", b"x" * (5 << 20) + b"\n", event("command", line="a"))
    assert log.bad_lines >= 5
    assert [each.line for each in log.commands] == ["a"]


def test_an_event_that_comes_twice(tmp_path: Path) -> None:
    """A second reply is nobody's; a node that is made twice has its place once."""
    created = event("created", node=5, pid=100, parent=None)
    log = written(
        tmp_path / "log",
        event("command", line="create 5"), created, created, event("reply", line="Ok: 100"),
        event("reply", line="Ok: 100"),
        event("death", node=5, pid=100), event("death", node=5, pid=100),
        event("command", line="pingall"),
    )  # fmt: skip
    assert answers(log) == {"create 5": "Ok: 100", "pingall": ""}
    assert parents_before_death(log) == {5: None}


def test_replies_out_of_order(tmp_path: Path) -> None:
    """On a terminal commands run side by side: an exec's reply names its node, others keep their order."""
    log = written(
        tmp_path / "log",
        event("command", line="exec 10 2 1 2"), event("command", line="exes 20 1 5"),
        event("command", line="create 7"), event("command", line="exec 10 1 3"),
        event("command", line="pingall"), event("command", line="exec nonsense"),
        event("reply", line="Ok: 4711"), event("reply", line="Ok:20: 5"), event("reply", line="Ok: -1"),
        event("reply", line="Error:10: Not found"), event("reply", line="Ok:10: 3"),
        event("reply", line="Error: usage: exec ID N K1 ... KN"), event("reply", line="Ok"),
    )  # fmt: skip
    assert answers(log) == {
        "exec 10 2 1 2": "Error:10: Not found", "exes 20 1 5": "Ok:20: 5", "create 7": "Ok: 4711",
        "exec 10 1 3": "Ok:10: 3", "pingall": "Ok: -1", "exec nonsense": "Error: usage: exec ID N K1 ... KN",
    }  # fmt: skip


def test_a_command_that_is_cancelled(tmp_path: Path) -> None:
    """It ends without a reply, and the next reply is not its."""
    log = written(
        tmp_path / "log",
        event("command", line="pingall"), event("cancelled"), event("command", line="tree"),
        event("reply", line="Ok"),
    )  # fmt: skip
    assert answers(log) == {"pingall": "", "tree": "Ok"}
    assert log.commands[0].ended == T + 1


def test_a_log_without_nodes(tmp_path: Path) -> None:
    """Who was made is known from the replies then."""
    log = written(
        tmp_path / "log",
        event("command", line="create 5"), event("reply", line="Ok: 100"),
        event("command", line="create x"), event("reply", line="Ok: 101"),
        event("command", line="create 6"), event("reply", line="Error: Already exists"),
        event("command", line="create " + "9" * 5000), event("reply", line="Ok: 102"),
    )  # fmt: skip
    assert [(each.node, each.pid) for each in log.created] == [(5, 100)]


def test_the_search_tree(tmp_path: Path) -> None:
    """It is that before the first death; without one that of most nodes, and of several such the last."""
    made = [event("created", node=node, pid=100 + node) for node in (10, 5, 15, 7)]
    log = written(tmp_path / "log", *made)
    assert parents_before_death(log) == {5: 10, 7: 5, 10: None, 15: 10}
    assert depths(parents_before_death(log)) == {"5": 1, "7": 2, "10": 0, "15": 1}
    again = [event("removed", nodes=[5, 7]), event("created", node=7, pid=200)]
    more = [event("created", node=8, pid=201)]
    for later in ([], again, [event("removed", nodes=[10, 5, 15, 7])]):
        log = written(tmp_path / "log", *made, *later)
        assert parents_before_death(log) == {5: 10, 7: 5, 10: None, 15: 10}
    log = written(tmp_path / "log", *made, *again, *more)
    assert parents_before_death(log) == {7: 10, 8: 7, 10: None, 15: 10}
    death = event("death", node=5, pid=105, unreachable=[5, 7])
    log = written(tmp_path / "log", *made, death, *again)
    assert parents_before_death(log) == {5: 10, 7: 5, 10: None, 15: 10}


def test_two_sessions_in_one_directory(tmp_path: Path) -> None:
    """The second begins with no node and no command that waits; all commands of both are told."""
    log = written(
        tmp_path / "log",
        event("session", bstrace="1"), event("command", line="create 10"),
        event("created", node=10, pid=100), event("reply", line="Ok: 100"), event("command", line="pingall"),
        event("session", bstrace="2"), event("command", line="create 20"),
        event("created", node=20, pid=200), event("reply", line="Ok: 200"),
    )  # fmt: skip
    assert log.facts["bstrace"] == "2"
    assert log.sessions == [T, T + 5]
    assert answers(log) == {"create 10": "Ok: 100", "pingall": "", "create 20": "Ok: 200"}
    assert parents_before_death(log) == {20: None}
    assert [log.session(at) for at in (T - 1, T, T + 4, T + 5, T + 9)] == [0, 1, 1, 2, 2]


@given(st.lists(EVENTS, max_size=8))
def test_any_events(tmp_path_factory: pytest.TempPathFactory, events: list[dict[str, Any]]) -> None:
    """Nothing raises, in the log or in the survey of a capture beside it; each line is used or counted."""
    where = tmp_path_factory.mktemp("log")
    text = b"".join(json.dumps(each).encode() + b"\n" for each in events)
    (where / "events.jsonl").write_bytes(text)
    tape = Tape("session")
    tape.call(20, "getpid", value=20)
    tape.end(20, 9)
    tape.write(where / "capture.bst")
    log = read_log(where / "events.jsonl")
    assert log is not None
    assert log.bad_lines <= len(events)
    tree = parents_before_death(log)
    assert set(depths(tree)) == {str(node) for node in tree}
    assert len(command_facts(log.commands, round)) == len(log.commands)
    found, _ = survey(find(where))
    assert sum(gap.count for gap in found.gaps if gap.kind == "log-damaged") == log.bad_lines


@given(st.lists(st.binary(max_size=40), max_size=5).map(b"\n".join))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """A log of anything has at most as many bad lines as it has lines."""
    path = tmp_path_factory.mktemp("log") / "events.jsonl"
    path.write_bytes(data)
    log = read_log(path)
    assert log is not None
    assert log.bad_lines <= data.count(b"\n") + 1


def with_log(where: Path, *events: dict[str, Any]) -> Source:
    """Return a session whose capture shows nothing but one call."""
    tape = Tape("session")
    tape.call(1, "getpid")
    timed = [{"time": ZERO + number * STEP, **each} for number, each in enumerate(events)]
    return session_of(where, tape, timed)


def test_two_sessions_in_the_facts(tmp_path: Path) -> None:
    """A death's pingall is one of its own session."""
    found, _ = survey(
        with_log(
            tmp_path,
            event("session"), event("created", node=1, pid=5), event("death", node=1, pid=5, unreachable=[1]),
            event("session"), event("command", line="pingall"), event("reply", line="Ok: -1"),
        )
    )  # fmt: skip
    assert found.deaths[0].answered == ""


def test_hostile_facts_of_a_session(tmp_path: Path) -> None:
    """What a session says of itself is shown as text; a number that is none is not believed."""
    for cpus in ("many", [2], {"a": 1}, -3, 1.5, None):
        found, _ = survey(with_log(tmp_path, event("session", cpus=cpus, kernel=["x"], arguments={"a": 1})))
        assert found.environment.cpus == 2
        assert isinstance(found.environment.kernel, str)
