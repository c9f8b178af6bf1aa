"""The JUnit XML of an exploration: valid, and whatever a text holds."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree  # type: ignore[import-untyped]

from bstinspect.reports.exploration.junit import write_junit
from bstinspect.reports.visible import visible

from .explored import INVARIANTS, SCRIPT, explored, hostile
from .sample import NASTY

if TYPE_CHECKING:
    from bstinspect.faults.run import Exploration

SCHEMA: Final = etree.XMLSchema(etree.parse(Path(__file__).with_name("junit.xsd")))
BEGAN: Final = datetime(2026, 11, 22, 8, 5, 0, 999, UTC)


def suite(exploration: Exploration) -> Any:
    """Return the suite of a valid file."""
    root = etree.fromstring(write_junit(exploration, BEGAN))
    SCHEMA.assertValid(root)
    return root[0]


def test_each_point_and_fault_is_a_case() -> None:
    """Failures, errors and those pruned are counted, named, and say why."""
    found = suite(explored())
    cases = found.findall("testcase")
    assert len(cases) == 600
    assert dict(found.attrib) | {"tests": "600", "failures": "3", "errors": "1", "skipped": "194"} == dict(
        found.attrib
    )
    assert found.get("timestamp") == "2026-11-22T08:05:00"
    for kind, number in ("failure", 3), ("error", 1), ("skipped", 194):
        assert len(found.findall(f"testcase/{kind}")) == number
    properties = {each.get("name"): each.get("value") for each in found.iter("property")}
    assert properties["script"] == "; ".join(SCRIPT)
    assert properties["invariants"] == ", ".join(INVARIANTS)
    assert properties["unvisited"] == "12"
    assert "--fault-at '30.1:recv(exec)#1@exit=kill'" in found.findtext("system-out")


def test_what_a_failure_says() -> None:
    """All of its violations, the conversation, what was printed, the smallest command."""
    found = suite(explored())
    first, _, both = found.findall("testcase/failure")
    case = first.getparent()
    assert case.get("classname") == "bstrace.faults.30.1"
    assert case.get("name") == "30.1:recv(exec)#1@exit=kill"
    assert first.get("type") == "others-answer"
    assert first.get("message") == "others-answer: exec 20 was answered after 5036 ms, its bound is 1000 ms"
    assert "exec 30 3 1 2 3 -> Error:30: Node is unavailable\n" in first.text
    assert "kill 5 -> no reply\n" in first.text
    assert "why: node 30 was killed by SIGKILL" in first.text
    assert "smallest:\nbstrace faults run" in first.text
    assert "unreachable-exactly: pingall says 20;30, dead are 30" in both.text
    assert found.find("testcase/error").get("message") == "the fault did not fire"
    assert found.find("testcase/skipped").get("message").startswith("like controller:send(create)#1@exit")


@pytest.mark.parametrize("text", [NASTY, "", "]]><x/>", "\r\n\t"])
def test_hostile_texts(text: str) -> None:
    """They are escaped, none is lost."""
    found = suite(hostile(text))
    assert visible(text) in found.findtext("testcase/failure").replace("\r", "")
    assert len(found) == 4 + 3
    assert found.findall("testcase")[3].get("name") == "without a fault"


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_any_text(text: str) -> None:
    """Whatever it is, the file is valid."""
    suite(hostile(text))
