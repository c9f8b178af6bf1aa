"""A program that speaks another language, with a conversation and invariants of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import pytest

from bstinspect.faults.custom import DriverError, conversation_class
from bstinspect.faults.harness import replay

ROOT: Final = Path(__file__).parents[2]
PLACE: Final = ROOT / "examples" / "faults"
FAULT: Final = "keeper:send#1@entry=kill"


def test_the_store_of_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its keeper is killed: nobody has forgotten a word, but the dead is not reaped at once."""
    monkeypatch.chdir(PLACE)
    monkeypatch.delitem(sys.modules, "words", raising=False)
    program = (sys.executable, "-S", "store.py")
    outcome = replay(["set a 1", "get a"], [FAULT], command=program, driver="words:Words")
    assert outcome.run is not None
    assert [each.line for each in outcome.run.replies] == ["gone", "gone", "gone"]
    assert [each.scripted for each in outcome.run.replies] == [True, True, False]
    assert [each.invariant for each in outcome.violations] == ["nothing-left"]


def test_it_is_in_the_documentation() -> None:
    """As it is."""
    assert (PLACE / "words.py").read_text().partition("class")[2] in (
        ROOT / "docs" / "fault-testing.md"
    ).read_text()


@pytest.mark.parametrize("name", ["no.such:Words", "json:Words", "json", ":Words", ""])
def test_a_driver_that_is_not_there(name: str) -> None:
    """It is said in one line."""
    with pytest.raises(DriverError, match="no driver"):
        conversation_class(name)
