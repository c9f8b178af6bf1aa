"""Defects of the cluster that the harness found, each at the point where it was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bstinspect.faults.harness import replay

if TYPE_CHECKING:
    from bstinspect.faults.pool import Pool

SCRIPT = (
    "create 10", "create 5", "create 20", "create 15", "exec 15 3 1 2 3", "pingall", "exec 5 2 1 1", "kill 20",
)  # fmt: skip


@pytest.mark.parametrize(
    "fault",
    [
        # A second answer to a create was taken for a late one, and the new node was put down.
        "10.1:send(create-reply)#1@entry=twice",
        "20.1:send(hello)#1@entry=twice",
        # The node answered probes, so a request or reply that was lost was waited for without an end.
        "10.1:send(exec)#1@entry=drop",
        "15.1:send(exec-reply)#1@entry=truncate",
    ],
)
def test_it_is_mended(fault: str, pool: Pool) -> None:
    """What was wrong at this point holds now."""
    outcome = replay(SCRIPT, [fault], pool=pool)
    assert outcome.is_sound, (outcome.violations, outcome.error)
