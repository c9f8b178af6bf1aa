"""The command language, to the letter: words, replies, and the shell that turns the ones into the others."""

from __future__ import annotations

import pytest

from bstcluster import Cluster
from bstcluster.controller import Place
from bstcluster.errors import (
    AlreadyExistsError,
    CreateError,
    ExecError,
    KeeperError,
    NotFoundError,
    ParentUnavailableError,
    UnavailableError,
)
from bstcluster.language import (
    LanguageError,
    Reply,
    created,
    failed,
    parse_count,
    parse_id,
    pinged,
    summed,
)
from bstcluster.lines import Line
from bstcluster.member import State
from bstcluster.shell import Shell, draw


@pytest.mark.parametrize(
    ("word", "node"),
    [
        (b"0", 0),
        (b"-0", 0),
        (b"+5", 5),
        (b"-7", -7),
        (b"-1", -1),
        (b"9223372036854775807", 2**63 - 1),
        (b"-9223372036854775808", -(2**63)),
        (b"00000000000000000000000007", 7),
    ],
)
def test_ids(word: bytes, node: int) -> None:
    """An id is an integer that fits 64 bits with sign; -1 is one too, though create refuses it."""
    assert parse_id(word) == node


@pytest.mark.parametrize(
    "word",
    [
        b"7x",
        b"1.5",
        b"",
        b"-",
        b"1_0",
        "\N{ARABIC-INDIC DIGIT ONE}".encode(),
        b"9223372036854775808",
        b"-9223372036854775809",
        b"9" * 5000,
    ],
)
def test_no_ids(word: bytes) -> None:
    """One sentence for all that is none, the word in quotes."""
    with pytest.raises(LanguageError, match=r'^".*" is not an id$'):
        parse_id(word)


@pytest.mark.parametrize(("word", "count"), [(b"1", 1), (b"+3", 3), (b"1000000000", 10**9), (b"01", 1)])
def test_counts(word: bytes, count: int) -> None:
    """N is from 1 to 10^9."""
    assert parse_count(word) == count


@pytest.mark.parametrize("word", [b"0", b"-1", b"1000000001", b"x", b"1.0", b"9" * 5000])
def test_no_counts(word: bytes) -> None:
    """Every other n is refused."""
    with pytest.raises(LanguageError, match=r'^".*" is not a count from 1 to 1000000000$'):
        parse_count(word)


@pytest.mark.parametrize(
    ("reply", "line"),
    [
        (created(4711), "Ok: 4711"),
        (summed(10, 6), "Ok:10: 6"),
        (summed(-10, -(2**64)), "Ok:-10: -18446744073709551616"),
        (summed(1, 10**4400), "Ok:1: 1" + "0" * 4400),
        (pinged([]), "Ok: -1"),
        (pinged([7]), "Ok: 7"),
        (pinged([7, 10, 15]), "Ok: 7;10;15"),
        (failed(AlreadyExistsError(5)), "Error: Already exists"),
        (failed(ParentUnavailableError(5)), "Error: Parent is unavailable"),
        (failed(CreateError(5, "cannot fork: no memory")), "Error: cannot fork: no memory"),
        (failed(NotFoundError(5)), "Error:5: Not found"),
        (failed(NotFoundError(0)), "Error:0: Not found"),
        (failed(UnavailableError(-5)), "Error:-5: Node is unavailable"),
        (failed(ExecError(10, "expected 3 numbers, got 2")), "Error:10: expected 3 numbers, got 2"),
        (failed(KeeperError("the keeper is gone")), "Error: the keeper is gone"),
        (failed(LanguageError('"7x" is not an id')), 'Error: "7x" is not an id'),
    ],
)
def test_replies(reply: Reply, line: str) -> None:
    """Each reply as the assignment writes it: no space behind the first colon where an id follows."""
    assert reply.line == line


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        # what is judged before any node is asked
        (b"create", "Error: usage: create ID [PARENT]"),
        (b"create 7x", 'Error: "7x" is not an id'),
        (b"create 5 7x", 'Error: "7x" is not an id'),
        (b"create 1 2 3", "Error: usage: create ID [PARENT]"),
        (b"create 9223372036854775808", 'Error: "9223372036854775808" is not an id'),
        (b"create -1", "Error: -1 is reserved: pingall says -1 when all nodes are available"),
        (b"exec", "Error: usage: exec ID N K1 ... KN"),
        (b"exec 7x", 'Error: "7x" is not an id'),
        (b"exec 7", "Error: usage: exec ID N K1 ... KN"),
        (b"exec 7x y", 'Error: "7x" is not an id'),
        (b"exec 7 y", 'Error: "y" is not a count from 1 to 1000000000'),
        (b"exec 7 0 1", 'Error: "0" is not a count from 1 to 1000000000'),
        (b"exec 7 1 abc", "Error:7: Not found"),
        (b"exes 7 1 1", "Error:7: Not found"),
        (b"exec -1 1 1", "Error:-1: Not found"),
        (b"kill 7", "Error:7: Not found"),
        (b"kill -9 7", "Error:7: Not found"),
        (b"kill -9", "Error:-9: Not found"),
        (b"kill 7 9", "Error: usage: kill ID"),
        (b"kill 1.5", 'Error: "1.5" is not an id'),
        (b"crash 7", "Error:7: Not found"),
        (b"stop 7", "Error:7: Not found"),
        (b"cont 7", "Error:7: Not found"),
        (b"stop 7x", 'Error: "7x" is not an id'),
        (b"pingall", "Ok: -1"),
        (b"  pingall \r", "Ok: -1"),
        (b"\tpingall\t", "Ok: -1"),
        (b"pingall now", "Error: usage: pingall"),
        (b"PINGALL", 'Error: unknown command "PINGALL"'),
        (b"pingal", 'Error: unknown command "pingal"'),
        (b"\xff\xfe", 'Error: unknown command "\\xff\\xfe"'),
        (b"tree", "Ok"),
        (b"help", "Ok"),
        (b"help exec", "Ok"),
        (b"help nothing", 'Error: unknown command "nothing"'),
    ],
)
async def test_lines_on_an_empty_tree(line: bytes, reply: str) -> None:
    """One line in, one reply out; -1 is an id like any other, except for create."""
    found = await Shell(Cluster()).execute(Line(line))
    assert found is not None
    assert found.line == reply


@pytest.mark.parametrize("line", [b"", b" ", b"\t \r", b"\x0b\x0c"])
async def test_blank_lines(line: bytes) -> None:
    """Blank lines have no reply."""
    assert await Shell(Cluster()).execute(Line(line)) is None


async def test_a_hint_for_a_misspelt_command() -> None:
    """The hint is a detail: it never stands on standard output."""
    reply = await Shell(Cluster()).execute(Line(b"pngall"))
    assert reply is not None
    assert reply.detail == "Did you mean pingall? help lists the commands."


def test_drawing_a_tree() -> None:
    """Each node stands below its parent."""
    rows = [(10, None, 0), (5, 10, 1), (3, 5, 2), (20, 10, 1), (15, 20, 2), (30, 20, 2)]
    places = [Place(node, parent, depth, 1, State.RUNNING, None) for node, parent, depth in rows]
    drawn = draw(places, {place.node: str(place.node) for place in places})
    assert drawn.splitlines() == ["10", "├─ 5", "│  └─ 3", "└─ 20", "   ├─ 15", "   └─ 30"]
    assert draw([], {}) == "(no nodes)"
