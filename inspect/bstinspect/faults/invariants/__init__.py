"""What must hold in every run. Pure.

`judging` compares a run's replies with the plain model; `ours` lists the invariants, with `requests`, `ends`
and `patience`. A user's own is an `Invariant` too.
"""

from bstinspect.faults.invariants.ours import OURS, Invariant, judge

__all__ = ["OURS", "Invariant", "judge"]
