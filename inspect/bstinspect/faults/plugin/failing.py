"""What is said of a test whose fault is not survived."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from bstinspect.faults.plugin.targets import name
from bstinspect.faults.shrink import one_line
from bstinspect.reports.exploration.conversation import write_conversation

if TYPE_CHECKING:
    from pathlib import Path

    from bstinspect.faults.run import Outcome, Scenario, Smallest

_MOST_SAID = 60


def told(
    scenario: Scenario,
    outcome: Outcome,
    test: str,
    *,
    kept: Path | None = None,
    smallest: Smallest | None = None,
    golden: Outcome | None = None,
) -> str:
    """Return the message: what does not hold, the conversation, and how to see it again."""
    lines = [f"with {name(scenario.injections) or 'no fault'}:", ""]
    said = write_conversation(outcome, color=False).splitlines()
    if len(said) > _MOST_SAID:
        half = _MOST_SAID // 2
        said = [*said[:half], f"... {len(said) - 2 * half} lines more ...", *said[-half:]]
    lines += [f"  {line}" for line in said]
    if golden is not None and not golden.is_sound:
        first = golden.violations[0] if golden.violations else None
        lines += ["", f"without a fault too: {first.text if first is not None else golden.error}"]
    lines += ["", f"again:  pytest {shlex.quote(test)}", f"or:     {one_line(scenario)}"]
    if kept is not None:
        lines.append(f"kept:   pytest --fault-replay {shlex.quote(str(kept))}")
    if smallest is not None and smallest.steps:
        lines += ["", f"smallest: {smallest.command}", ""]
        lines += [f"  {line}" for line in smallest.test.splitlines()]
    return "\n".join(lines)
