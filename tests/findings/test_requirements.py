"""Tables of requirements: read, refused with one clear line, and judged by what a capture shows."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from bstinspect.findings.checks import CHECKS
from bstinspect.findings.model import (
    CallCount,
    CommandFacts,
    DeathFacts,
    End,
    Environment,
    Findings,
    MessageFacts,
    ProcessFacts,
    SeenCall,
)
from bstinspect.findings.patterns import PatternError, matches
from bstinspect.findings.requirements import ASSIGNMENT, Judge, RequirementsError, read_requirements

from .tape import Tape, internet

if TYPE_CHECKING:
    from pathlib import Path

    from bstinspect.findings.model import RequirementFacts
    from bstinspect.findings.requirements import Requirement

START = '[[requirement]]\nkey = "x"\ntitle.en = "X"\nevidence = '


def table(where: Path, text: str) -> list[Requirement]:
    """Read a table of this text."""
    path = where / "table.toml"
    path.write_text(text)
    return read_requirements(path)


def facts(**some: Any) -> Findings:
    """Return findings that hold only these."""
    empty: dict[str, Any] = {name: [] for name in Findings.__struct_fields__}
    empty |= {"environment": Environment(0.0), "messages_omitted": 0, "descriptors_omitted": 0, "parents": {}}
    return Findings(**(empty | some))


def judged(where: Path, evidence: str, found: Findings) -> RequirementFacts:
    """Return what one requirement comes to, of findings without calls."""
    (facts_of_it,) = Judge(table(where, START + evidence)).judge(found)
    return facts_of_it


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("key = ", "is no TOML"),
        ("[[requirement]]\nkey = 'x'\nkey = 'y'", "is no TOML"),
        ("a = " + "[" * 20_000, "is no TOML"),
        ("", "requirement"),
        ("requirement = 3", "requirement"),
        ("[[requirement]]\nkey = 'x'\ntitle.en = 'X'", "evidence"),
        ("[[requirement]]\nkey = 'x'\nevidence = []", "title"),
        ("[[requirement]]\nkey = 3\ntitle.en = 'X'\nevidence = []", "requirement[0].key"),
        (START + "[]\nwieght = 3", "wieght"),
        (START + "[]\n[other]\nx = 1", "other"),
        (START + '[{ call = ["bind"], txt = "x" }]', "txt"),
        (START + '[{ call = ["bind"], message = "exec" }]', "one of call, message"),
        (START + '[{ text = "x" }]', "one of call, message"),
        (START + "[{}]", "one of call, message"),
        (START + '[{ call = "bind" }]', "call"),
        (START + '[{ call = ["bind"], text = "(" }]', "'(' is no regular expression"),
        (START + '[{ command = "[", reply = "x" }]', "'[' is no regular expression"),
        (START + '[{ command = "x", reply = "*" }]', "'*' is no regular expression"),
        (START + '[{ check = "serach-tree" }]', "there is no check 'serach-tree'; there are: all-"),
    ],
)  # fmt: skip
def test_a_table_that_is_refused(text: str, words: str, tmp_path: Path) -> None:
    """One line, with the file's name and what is wrong."""
    with pytest.raises(RequirementsError) as caught:
        table(tmp_path, text)
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "table.toml"))
    assert words in message
    assert "\n" not in message
    assert caught.value.exit_code == 2


def test_a_table_that_is_no_text(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are no TOML either; a file that is not there is the system's error."""
    (tmp_path / "x").write_bytes(b"\xff\xfe")
    with pytest.raises(RequirementsError, match="is no TOML"):
        read_requirements(tmp_path / "x")
    with pytest.raises(FileNotFoundError):
        read_requirements(tmp_path / "none")


def test_the_table_of_the_assignment() -> None:
    """It can be read; each requirement has a title in both languages and evidence."""
    for requirement in read_requirements(ASSIGNMENT):
        assert set(requirement.title) == {"en", "ru"}
        assert requirement.evidence


def test_a_table_for_a_plain_capture(tmp_path: Path) -> None:
    """Calls by name and text: the first that succeeded counts, with its line."""
    tape = Tape()
    tape.begin(10)
    tape.address(10, "bind", 3, internet("127.0.0.1", 80), value=-13)
    tape.listen(10, 3, internet("127.0.0.1", 8080))
    tape.listen(10, 4, internet("127.0.0.1", 8081))
    tape.enter(10, "listen", 9)
    tape.end(10, 9)
    requirements = table(
        tmp_path,
        START + '[{ call = ["bind", "connect"], text = "AF_INET" }, { call = ["listen"] }]\n'
        '[[requirement]]\nkey = "y"\ntitle.en = "Y"\nevidence = [{ call = ["bind"], text = "8081" }]\n'
        '[[requirement]]\nkey = "z"\ntitle.en = "Z"\n'
        'evidence = [{ call = ["bind"] }, { call = ["accept"] }]\n'
        '[[requirement]]\nkey = "o"\ntitle.en = "O"\n'
        'evidence = [{ call = ["accept"], text = "x", optional = true }]\n'
        '[[requirement]]\nkey = "d"\ntitle.en = "D"\n'
        'evidence = [{ death = "SIGKILL" }, { death = "SIGSEGV" }]\n',
    )  # fmt: skip
    found, lines = tape.survey(tmp_path, requirements)
    by_key = {each.key: each for each in found.requirements}
    assert {key: each.status for key, each in by_key.items()} == {
        "x": "met", "y": "met", "z": "unmet", "o": "untried", "d": "untried",
    }  # fmt: skip
    for each in (*by_key["x"].evidence, *by_key["y"].evidence):
        assert each.text.removesuffix(" = 0") in lines[each.line - 1]
        assert each.text.endswith(" = 0")
    assert "8080" in by_key["x"].evidence[0].text
    assert "8081" in by_key["y"].evidence[0].text
    assert by_key["z"].missing == ["accept"]
    assert by_key["z"].syscalls == ["bind", "accept"]
    assert by_key["o"].missing == ["accept ~ x"]
    assert by_key["d"].missing == ["SIGSEGV"]
    assert [each.text for each in by_key["d"].evidence] == ["pid 10: SIGKILL"]


def test_calls_of_a_capture_without_calls(tmp_path: Path) -> None:
    """Where nothing was traced, nothing was tried."""
    tape = Tape()
    tape.begin(10)
    found, _ = tape.survey(tmp_path, table(tmp_path, START + '[{ call = ["bind"] }]'))
    assert found.requirements[0].status == "untried"


def test_commands_and_replies(tmp_path: Path) -> None:
    """Met by one that was answered so; untried where no such command was given."""
    evidence = '[{ command = "^exec ", reply = "^Ok:" }]'
    given = [
        CommandFacts("exec 5 1 1", 0, 1, "Error:5: Not found"),
        CommandFacts("exec 7 1 1", 2, 3, "Ok:7: 1"),
    ]
    met = judged(tmp_path, evidence, facts(commands=given))
    assert (met.status, met.evidence[0].text) == ("met", "exec 7 1 1 → Ok:7: 1")
    unmet = judged(tmp_path, evidence, facts(commands=given[:1]))
    assert (unmet.status, unmet.missing) == ("unmet", ["^exec  → ^Ok:"])
    assert judged(tmp_path, evidence, facts(commands=[CommandFacts("create 5", 0)])).status == "untried"
    optional = '[{ command = "^exec ", reply = "^Ok:", optional = true }]'
    assert judged(tmp_path, optional, facts(commands=given[:1])).status == "untried"


def test_messages(tmp_path: Path) -> None:
    """Met by one that arrived, or could not be seen to; its absence means something where one was due."""
    call = SeenCall(5, 20, 20, "recvfrom", 'recvfrom(3, "x", 1)', 17)
    arrived = MessageFacts("exec #1 to 5", "exec", 3, End(10), End(20), None, call)
    lost = MessageFacts("exec #1 to 5", "exec", 3, End(10), End(20), call)
    evidence = '[{ message = "exec" }]'
    met = judged(tmp_path, evidence, facts(messages=[lost, arrived]))
    assert (met.status, met.evidence[0].line) == ("met", 17)
    receiver = ProcessFacts(20, traced=True)
    assert judged(tmp_path, evidence, facts(messages=[lost], processes=[receiver])).status == "unmet"
    assert (
        judged(tmp_path, evidence, facts(messages=[lost]))
        .evidence[0]
        .text.startswith("exec #1 to 5: recvfrom")
    )
    due = [CommandFacts("pingall", 5, 6, "Ok: -1")]
    pings = '[{ message = "ping" }]'
    assert judged(tmp_path, pings, facts(messages=[arrived], commands=due)).status == "unmet"
    others = [CommandFacts("exec 5 1 1", 5, 6, "Ok:5: 1")]
    assert judged(tmp_path, pings, facts(messages=[arrived], commands=others)).status == "untried"
    other = MessageFacts("send #1", "send", 3, End(10), End(20), call)
    assert judged(tmp_path, evidence, facts(messages=[other])).status == "untried"


def node(number: int, pid: int, parent: int | None, *waits: str) -> ProcessFacts:
    """Return a node's process, which waited in these calls."""
    counts = [CallCount(name, 3) for name in ("read", *waits)]
    return ProcessFacts(pid, number, parent, counts=counts, traced=True)


def create(number: int, reply: str) -> CommandFacts:
    """Return a create and its reply."""
    return CommandFacts(f"create {number}", 0, 1, reply)


def death(number: int, *cut: int, when: int = 10, answered: str = "") -> DeathFacts:
    """Return a node's death, and what was cut off in all when pingall was asked."""
    return DeathFacts(
        100 + number, when, 9, number, unreachable=list(cut), cut_off=list(cut), answered=answered
    )


TREE: dict[int, int | None] = {5: 10, 10: None}
AFTER = 20
UNAVAILABLE = "Error: Node is unavailable"


def exec_of(number: int, reply: str, began: int = AFTER) -> CommandFacts:
    """Return an exec and its reply."""
    return CommandFacts(f"exec {number} 1 1", began, began + 1, reply)


CASES: dict[str, dict[str, list[Findings]]] = {
    "search-tree": {
        "met": [facts(parents=TREE, processes=[node(10, 110, 1), node(5, 105, 110)])],
        "unmet": [
            facts(parents=TREE, processes=[node(10, 110, 1), node(5, 105, 1)]),
            facts(parents=TREE, processes=[node(10, 110, 1)]),
        ],
        "untried": [facts(), facts(parents={10: None}, processes=[node(10, 110, 1)])],
    },
    "one-process-each": {
        "met": [facts(commands=[create(10, "Ok: 110"), create(5, "Ok: 105"), create(5, "Error: x")])],
        "unmet": [facts(commands=[create(10, "Ok: 110"), create(5, "Ok: 110")])],
        "untried": [facts(), facts(commands=[create(10, "Error: x")])],
    },
    "unreachable": {
        "met": [
            facts(deaths=[death(5, 3, 5, 7, answered="Ok: 3;5;7")]),
            facts(deaths=[death(5, answered="Ok: -1")]),
        ],
        "unmet": [
            facts(deaths=[death(5, 3, 5, 7, answered="Ok: 3;5")]),
            facts(deaths=[death(5, 5, answered="Ok: 5"), death(7, 5, 7, answered="Ok: 7")]),
        ],
        "untried": [facts(), facts(deaths=[death(5, 5)])],
    },
    "survivors": {
        "met": [
            facts(deaths=[death(5, 5)], commands=[exec_of(5, UNAVAILABLE), exec_of(7, "Ok:7: 1")])
        ],
        "unmet": [facts(deaths=[death(5, 5)], commands=[exec_of(7, "Error:7: Node is unavailable")])],
        "untried": [
            facts(),
            facts(commands=[exec_of(7, "Ok:7: 1")]),
            facts(deaths=[death(5, 5)], commands=[exec_of(7, "Ok:7: 1", began=1)]),
            facts(deaths=[death(5, 5)], commands=[exec_of(5, "Error:5: Node is unavailable")]),
            facts(deaths=[death(5, 5), death(7, 7)], commands=[exec_of(7, "Error:7: Node is unavailable")]),
            facts(deaths=[death(5, 5)], commands=[exec_of(99, "Error:99: Not found")]),
            facts(deaths=[death(5, 5)], commands=[CommandFacts("exec", AFTER, AFTER + 1, "Error: usage")]),
        ],
    },
    "all-available": {
        "met": [facts(commands=[CommandFacts("pingall", 0, 1, "Ok: -1")])],
        "unmet": [facts(commands=[CommandFacts("pingall", 0, 1, "Ok: 5")])],
        "untried": [facts(), facts(deaths=[death(5)], commands=[CommandFacts("pingall", 20, 21, "Ok: 5")])],
    },
    "asynchronous": {
        "met": [facts(processes=[node(10, 110, 1, "poll"), node(5, 105, 110, "epoll_wait", "poll")])],
        "unmet": [facts(processes=[node(10, 110, 1, "poll"), node(5, 105, 110)])],
        "untried": [facts(), facts(processes=[ProcessFacts(110, 10)])],
    },
}  # fmt: skip


@pytest.mark.parametrize("check", sorted(CHECKS))
@pytest.mark.parametrize("status", ["met", "unmet", "untried"])
def test_a_check(check: str, status: str, tmp_path: Path) -> None:
    """Each of its outcomes; only what is met has evidence."""
    for found in CASES[check][status]:
        result = judged(tmp_path, f'[{{ check = "{check}" }}]', found)
        assert result.status == status, found
        assert bool(result.evidence) == (status == "met")
        assert result.missing == ([] if status == "met" else [check])


def test_a_pattern_that_takes_for_ever() -> None:
    """It is given up, with a line that names it; the signal is as it was before."""
    before = signal.getsignal(signal.SIGVTALRM)
    with pytest.raises(PatternError, match=r"takes too long"):
        matches("^(a+)+$", "a" * 60 + "b")
    assert signal.getsignal(signal.SIGVTALRM) is before
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0, 0)
    assert matches("^(a+)+$", "a" * 60)
    assert not matches("b$", "a")
