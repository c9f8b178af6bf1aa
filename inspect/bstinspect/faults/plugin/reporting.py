"""The last line about faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bstinspect.faults.plugin.session import FaultSession

BUDGET = "the faults' budget of "
"""How the reason of a test begins that the budget left out."""


def final_line(reporter: Any, session: FaultSession) -> str:
    """Return how many faults there were; empty where no test has crash points."""
    line = session.summary() or session.told
    skipped = reporter.stats.get("skipped", [])
    left = sum(BUDGET in str(each.longrepr) for each in skipped)
    return f"{line}; {left} not played: the budget is used up" if line and left else line
