"""The page of an exploration as a parser reads it: it works without its script, and nothing breaks out."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html  # type: ignore[import-untyped]

from bstinspect.faults.address import Address
from bstinspect.faults.fault import Fault
from bstinspect.faults.run import Injection, Outcome, Violation
from bstinspect.reports.exploration.html import write_html
from bstinspect.reports.visible import one_line, visible

from .explored import INVARIANTS, SCRIPT, explored, hostile
from .sample import NASTY

if TYPE_CHECKING:
    from bstinspect.faults.run import Exploration

HOSTILE: Final = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=()), max_size=20),
        st.sampled_from(["</script>", "<!--", "</style>", "</title>", '"', "'", "&amp;", "</pre>",
                         "{{ 1 }}", "]]>"]),
    ),
    max_size=3,
).map("".join)  # fmt: skip


def page(exploration: Exploration) -> Any:
    """Return the page's elements."""
    return lxml_html.document_fromstring(write_html(exploration))


def marks(row: Any) -> list[str]:
    """Return the marks of a row, cell by cell."""
    return [cell.text_content().strip() for cell in row.xpath("td")[1:-1]]


def row(root: Any, address: str) -> Any:
    """Return the row of a point."""
    return next(each for each in root.xpath("//tr[@data-e]") if each.xpath("th")[0].text.strip() == address)


def test_the_head() -> None:
    """The verdict, all counts, the script, the seed, the time."""
    root = page(explored())
    assert root.xpath("//h1")[0].text == "Faults at many points"
    assert root.xpath("//p[contains(@class, 'verdict')]")[0].text == (
        "✗ 3 of 612 violate an invariant, 1 without a verdict"
    )
    fields = {each.xpath("dt")[0].text: each.xpath("dd")[0].text_content() for each in root.xpath("//dl/div")}
    assert fields["Run"] == "406, in 41.7 s, on 2 processors"
    assert fields["Pruned"].startswith("194 (32%)")
    assert fields["Not visited"].startswith("12: ")
    assert fields["No verdict"].startswith("1: ")
    assert fields["Seed"] == "7"
    assert fields["Script"] == "".join(SCRIPT)
    tallies = {each.xpath("th")[0].text[2:]: each.xpath("td")[0].text
               for each in root.xpath("//table[contains(@class, 'sortable')]/tbody/tr")}  # fmt: skip
    assert tallies == dict.fromkeys(INVARIANTS, "–") | {"others-answer": "3", "unreachable-exactly": "1"}


def test_all_sound() -> None:
    """No failure, no section of failures."""
    whole = msgspec.structs.replace(explored(), unvisited=0, smallest=())
    sound = tuple(each for each in whole.outcomes if each.is_sound)
    root = page(msgspec.structs.replace(whole, outcomes=sound))
    assert root.xpath("//h1")[0].text == "Faults at every point"
    assert root.xpath("//p[contains(@class, 'good')]")[0].text == "✓ sound"
    assert not root.xpath("//*[@id='failures']")
    assert not root.xpath("//*[contains(@class, 'failure')]")


def test_the_matrix() -> None:
    """A row for each point, by process; in its cells a mark for each fault, links to the failures."""
    root = page(explored())
    assert len(root.xpath("//tr[@data-e]")) == 300
    names = [each.text for each in root.xpath("//details[contains(@class, 'block')]//h3")]
    assert names == ["controller", "5.1", "10.1", "20.1", "30.1"]
    head = root.xpath("//table[@class='matrix']")[0].xpath("thead/tr/th")
    assert [each.text_content() for each in head] == ["Point", "During", *INVARIANTS, "Remarks"]
    sound = row(root, "10.1:bind#1@exit")
    assert marks(sound) == ["✓✓"] * 9
    assert sound.xpath("td")[0].text == "create 10"
    pruned = row(root, "10.1:recv(create)#1@exit")
    assert marks(pruned) == ["≈≈"] * 9
    assert pruned.xpath("td")[-1].text.strip() == "like controller:send(create)#1@exit"
    wrong = row(root, "30.1:send(exec-reply)#2@entry")
    assert marks(wrong) == ["✗✓"] * 2 + ["✓✓"] * 7
    links = wrong.xpath(".//a")
    assert [link.get("href") for link in links] == ["#failure-2"] * 2
    assert links[1].get("title") == "kill: pingall says 20;30, dead are 30"
    assert wrong.get("data-w") == " 0 "
    unjudged = row(root, "30.1:send(exec-reply)#2@exit")
    assert marks(unjudged) == ["✓!"] * 9
    assert unjudged.xpath("td")[-1].text.strip() == "stop:200ms: the fault did not fire"


def test_faults_that_are_missing_at_a_point() -> None:
    """One that cannot be there differs from one that was not visited; a point that a fault opens is a row."""
    send, other = Address("10.1", "send", "x", 0, 1, "entry"), Address("10.1", "recv", "x", 0, 1, "exit")
    second = msgspec.structs.replace(send, ordinal=2)
    drop, kill = Fault("drop"), Fault("kill")
    outcomes = (
        Outcome((Injection(send, kill),)),
        Outcome((Injection(send, drop),)),
        Outcome((Injection(other, kill),)),
        Outcome((Injection(send, drop), Injection(other, kill))),
        Outcome((Injection(second, drop),), (Violation("mine", "w"),)),
        Outcome(
            (Injection(send, drop), Injection(second, kill)),
            like=(Injection(send, drop), Injection(other, kill)),
        ),
        Outcome((), (Violation("mine", "w"),)),
    )
    whole = msgspec.structs.replace(explored(), outcomes=outcomes, invariants=("one",), smallest=())
    root = page(whole)
    assert root.xpath("//p[contains(., 'in this order')]")[0].text.endswith("kill, drop.")
    assert marks(row(root, "10.1:send(x)#1@entry")) == ["✓✓"] * 2
    assert marks(row(root, "10.1:recv(x)#1@exit")) == ["✓·"] * 2
    assert marks(row(root, "10.1:send(x)#2@entry")) == ["○✓", "○✗"]
    assert marks(row(root, "10.1:send(x)#1@entry=drop + 10.1:recv(x)#1@exit")) == ["✓·"] * 2
    opened = row(root, "10.1:send(x)#1@entry=drop + 10.1:send(x)#2@entry")
    assert marks(opened) == ["≈○"] * 2
    assert opened.xpath("td")[-1].text.strip() == "like 10.1:recv(x)#1@exit"
    assert marks(row(root, "without a fault")) == ["✓✓", "✗✗"]
    root = page(msgspec.structs.replace(whole, unvisited=0))
    assert marks(row(root, "10.1:send(x)#2@entry")) == ["·✓", "·✗"]


def test_like_one_that_fails() -> None:
    """What was not run because it is like a failure leads to that failure, and is not counted."""
    whole = explored()
    bad = next(each for each in whole.outcomes if each.violations)
    twin = Injection(Address("30.1", "wait"), bad.injections[0].fault)
    outcomes = (*whole.outcomes, Outcome((twin,), like=bad.injections))
    root = page(msgspec.structs.replace(whole, outcomes=outcomes))
    found = row(root, "30.1:wait#1@entry")
    assert marks(found)[:2] == ["≈○", "≈○"]
    assert [each.get("href") for each in found.xpath(".//a")] == ["#failure-1"]
    assert found.get("data-w") == " 0 "
    assert "3 of 612" in root.xpath("//p[contains(@class, 'verdict')]")[0].text


def test_a_failure() -> None:
    """All that is known: points, evidence, script, command, test, drawings, conversation, stderr."""
    whole = explored()
    root = page(whole)
    failures = root.xpath("//article")
    assert len(failures) == 3
    first = failures[0]
    assert (
        first.xpath("h3")[0].text_content() == "1. exec 20 was answered after 5036 ms, its bound is 1000 ms"
    )
    points = first.xpath(".//ul[@class='points']//a")
    assert [each.text for each in points] == [
        "30.1:recv(exec)#1@exit=kill", "30.1:send(exec-reply)#1@entry=kill",
    ]  # fmt: skip
    for each in points:
        assert root.xpath(f"//tr[@id='{each.get('href')[1:]}']")
    small = whole.smallest[0]
    assert first.xpath(".//pre[@id='failure-1-command']")[0].text == small.command
    assert first.xpath(".//pre[@id='failure-1-test']")[0].text == small.test
    assert len(first.xpath(".//*[name()='svg']")) == 3
    lines = [
        [cell.text_content() for cell in each.xpath("td")]
        for each in first.xpath(".//table")[-1].xpath("tbody/tr")
    ]
    assert lines[3][1:3] == ["exec 30 1 1", "Error:30: Node is unavailable"]
    assert lines[4] == ["✗", lines[4][1]]
    assert lines[4][1].startswith("kill at 30.1:recv(exec)#1@exit, pid 4242, ")
    assert lines[6][1] == "pingall (examination)"
    assert "file node-30.sock" in first.text_content()
    assert "why: node 30 was killed by SIGKILL" in first.text_content()
    assert "the fault did not fire" in failures[2].text_content()
    assert len(root.xpath("//section[@aria-labelledby='golden']//figure")) == len(SCRIPT)


def test_many_failures() -> None:
    """Those beyond the first are named only."""
    outcomes = tuple(
        Outcome(each.injections, (Violation("mine", f"all is wrong {'x' * index}"),))
        for index, each in enumerate(explored().outcomes)
    )
    text = write_html(msgspec.structs.replace(explored(), outcomes=outcomes, smallest=()))
    root = lxml_html.document_fromstring(text)
    assert len(root.xpath("//article")) == 20
    assert root.xpath("//h3[@id='others']")[0].text == "580 more"
    anchors = set(root.xpath("//@id"))
    assert {link[1:] for link in root.xpath("//a/@href")} <= anchors


def test_thousands_of_points() -> None:
    """The page stays small."""
    text = write_html(explored(3000))
    assert text.count("<tr data-e=") + text.count("data-w=") == 3000
    assert len(text.encode()) < 3_000_000


def test_the_policy_allows_only_the_page_s_own() -> None:
    """Style and script are there once each, by their hashes."""
    text = write_html(hostile(NASTY))
    policy = re.search(r'Policy" content="([^"]*)"', text)
    assert policy is not None
    for kind in "style", "script":
        (own,) = re.findall(rf"<{kind}>(.*?)</{kind}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
        assert f"{kind}-src &#39;sha256-{digest}&#39;" in policy[1]
    assert policy[1].startswith("default-src &#39;none&#39;")


@pytest.mark.parametrize("text", [NASTY, "", "\n\t<b>", "9" * 5000])
def test_hostile_texts(text: str) -> None:
    """They are shown, and are nothing but text."""
    root = page(hostile(text))
    assert not root.xpath("//img | //iframe | //b | //object")
    assert len(root.xpath("//script")) == 1
    assert root.xpath("//pre[@id='failure-1-command']")[0].text_content().strip("\n") == visible(text).strip(
        "\n"
    )
    assert one_line(text)[:200] in root.xpath("//article/h3")[0].text_content()


@settings(max_examples=15, deadline=None)
@given(HOSTILE)
def test_any_text(text: str) -> None:
    """Whatever a text is, the page has the same elements and attributes."""
    one, other = page(hostile(text or "y")), page(hostile("x"))
    plain = "//*[not(ancestor-or-self::*[name()='svg'])]"
    assert [each.tag for each in one.xpath(plain)] == [each.tag for each in other.xpath(plain)]
    assert [sorted(each.attrib) for each in one.xpath(plain)] == [
        sorted(each.attrib) for each in other.xpath(plain)
    ]


def test_like_one_that_was_not_visited() -> None:
    """It was not visited either, and is counted so."""
    whole = explored()
    twins = [each for each in whole.outcomes if each.like]
    gone = twins[0].like
    outcomes = tuple(each for each in whole.outcomes if each.injections != gone)
    root = page(msgspec.structs.replace(whole, outcomes=outcomes))
    assert marks(row(root, str(twins[0].injections[0].at))) == ["○≈"] * 9
    fields = {each.xpath("dt")[0].text: each.xpath("dd")[0].text_content() for each in root.xpath("//dl/div")}
    assert fields["Not visited"].startswith("13: ")
    assert fields["Pruned"].startswith("193 ")
