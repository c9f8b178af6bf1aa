"""What a terminal is told of an exploration."""

from __future__ import annotations

import re
from typing import Final

import msgspec
import pytest

from bstinspect.faults.run import Outcome, Violation
from bstinspect.reports.exploration.text import write_text
from bstinspect.reports.visible import one_line

from .explored import explored, hostile
from .sample import NASTY

ANSI: Final = re.compile(r"\x1b\[\d+m")
FILES: Final = ("faults.html", "faults.xml", "faults.json")


def test_failures() -> None:
    """The verdict first, then counts, each invariant with its points, the command, the files."""
    text = write_text(explored(), FILES, width=100, color=False)
    assert text == (
        "3 of 612 violate an invariant, 1 without a verdict\n"
        "\n"
        "asked for  612  kill, stop:200ms\n"
        "run        406  in 41.7 s, 2 at a time, seed 7\n"
        "pruned     194  32%, each like one that was run\n"
        "unvisited   12  the budget, or the sample, was used up\n"
        "\n"
        "others-answer        3  30.1:recv(exec)#1@exit=kill, 30.1:send(exec-reply)#1@entry=kill and 1 more\n"
        "                        exec 20 was answered after 5036 ms, its bound is 1000 ms\n"
        "unreachable-exactly  1  30.1:send(exec-reply)#2@entry=kill\n"
        "                        pingall says 20;30, dead are 30\n"
        "no verdict           1  30.1:send(exec-reply)#2@exit=stop:200ms\n"
        "                        the fault did not fire\n"
        "\n"
        "the smallest that violates others-answer (shrunk in 17 steps):\n"
        "bstrace faults run --script 'create 10;create 20;create 30;exec 30 1 1;exec 20 1 1' "
        "--fault-at '30.1:recv(exec)#1@exit=kill' --fault-seed 7\n"
        "\n"
        "wrote faults.html, faults.xml, faults.json\n"
    )


def test_all_sound() -> None:
    """A sound exploration takes a few lines; one that was cut short says so."""
    whole = msgspec.structs.replace(explored(), smallest=())
    sound = tuple(msgspec.structs.replace(each, violations=(), error="") for each in whole.outcomes)
    whole = msgspec.structs.replace(whole, outcomes=sound)
    assert write_text(whole, (), width=80, color=False).startswith("sound, but 12 were not visited\n\n")
    text = write_text(msgspec.structs.replace(whole, unvisited=0), (), width=80, color=False)
    assert text.startswith("sound\n\nasked for")
    assert text.count("\n") == 5
    nothing = msgspec.structs.replace(whole, unvisited=0, outcomes=(), points=0)
    assert write_text(nothing, (), width=80, color=False).startswith("nothing was run\n")


def test_colour_adds_nothing_but_colour() -> None:
    """With colour it is the same text."""
    colored = write_text(explored(), FILES, width=80, color=True)
    assert colored.startswith("\x1b[31m3 of 612")
    assert ANSI.sub("", colored) == write_text(explored(), FILES, width=80, color=False)


def test_no_more_than_a_screen() -> None:
    """However much is wrong, 24 lines hold it, none too long but the command."""
    wrong = tuple(Violation(f"invariant-{number}-{'x' * 50}", "x") for number in range(40))
    outcomes = tuple(msgspec.structs.replace(each, violations=wrong) for each in explored().outcomes)
    outcomes += tuple(Outcome(each.injections, error="x") for each in outcomes)
    whole = msgspec.structs.replace(explored(), outcomes=outcomes)
    lines = write_text(whole, FILES, width=60, color=False).splitlines()
    assert len(lines) <= 24
    assert [line for line in lines if len(line) > 60] == [whole.smallest[0].command]


@pytest.mark.parametrize("color", [True, False])
def test_hostile_texts(color: bool) -> None:  # noqa: FBT001 - a parameter
    """Nothing in them reaches the terminal as more than text."""
    text = write_text(hostile(NASTY), (NASTY,), width=200, color=color)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", ANSI.sub("", text))
    assert one_line(NASTY) in text
