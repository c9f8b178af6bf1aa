"""Defects of the cluster that the harness found, each at the point where it was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bstinspect.faults.harness import replay
from bstinspect.faults.invariants import OURS

if TYPE_CHECKING:
    from bstinspect.faults.pool import Pool

FOUR = ("create 10", "create 5", "create 20", "create 15", "exec 15 3 1 2 3", "pingall", "kill 20")
SIX = ("create 1099511627776", "create 60", "create 75", "create -7", "create 30", "create 0")
THREE = ("create 90", "create 60", "create 95")


@pytest.mark.parametrize(
    ("script", "faults", "seed"),
    [
        # A second answer to a create was taken for a late one, and the new node was put down.
        (FOUR, ["10.1:send(create-reply)#1@entry=twice"], 0),
        (FOUR, ["20.1:send(hello)#1@entry=twice"], 0),
        # The node answered probes, so a request or a reply that was lost was waited for without an end.
        (FOUR, ["10.1:send(exec)#1@entry=drop"], 0),
        (FOUR, ["15.1:send(exec-reply)#1@entry=truncate"], 0),
        # The hello of a child that had died before was answered too: two replies to one create.
        (THREE, ["95.1:send(greeting)#1@entry=signal:TERM", "95.2:send(hello)#1@exit=signal:TERM"], 11),
        # libzmq ended the node that had no descriptor left for a child's connection.
        (("create 60", "create 90", "crash 90"), ["60.1:wait#1@entry=no-descriptors"], 0),
        # A create that came twice made two processes in one seat.
        (SIX, ["60.1:send(create)#1@entry=twice"], 22),
        # The word of a SIGCONT was lost, and nothing told the controller that the node runs again.
        (
            ("create 50", "create 90", "stop 90", "pingall"),
            ["50.1:send(ping-reply)#1@entry=twice", "50.1:send(child-continued)#1@entry=truncate"],
            0,
        ),
        # A socket that could not be removed hid the death from the requests that waited for it.
        (
            ("create 10", "create 20", "crash 20", "exec 20 1 1"),
            ["controller:unlink#2@entry=errno:EACCES"],
            0,
        ),
    ],
)
def test_it_is_mended(script: tuple[str, ...], faults: list[str], seed: int, pool: Pool) -> None:
    """What was wrong at this point holds now."""
    outcome = replay(script, faults, seed, pool=pool)
    assert outcome.is_sound, (outcome.violations, outcome.error)


def test_a_parent_that_does_not_reap(pool: Pool) -> None:
    """A kill waited for it without an end. No kernel says so of a dead child: nothing else is demanded."""
    ends = [each for each in OURS if each.name == "every-command-ends"]
    script = ("create 10", "create 20", "create 30", "crash 30", "kill 30")
    outcome = replay(script, ["20.1:wait#1@entry=return:0"], invariants=ends, pool=pool)
    assert outcome.is_sound, outcome.violations
