"""What is told of the mutants that were tried."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .trying import Tried

_FILE: Final = Path(__file__).with_name("known.toml")


class Known:
    """The survivors that are known, each with a reason. One stays known where its line stays."""

    def __init__(self, reasons: dict[tuple[str, str], str]) -> None:
        self._reasons = reasons

    @classmethod
    def read(cls, path: Path = _FILE) -> Self:
        """Read the file of them."""
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("known", [])
        return cls({(each["mutant"], each["line"]): each["reason"] for each in entries})

    def reason(self, tried: Tried) -> str:
        """Return why a mutant may survive; empty where nobody has said."""
        return self._reasons.get((tried.mutant.key, tried.mutant.code), "")


class Report(NamedTuple):
    """A report, and the share of those caught of all whose change a user can see."""

    text: str
    rate: float


def line_of(tried: Tried) -> str:
    """Return what became of a mutant, in one line."""
    if tried.is_caught:
        return f"{tried.mutant.name}: caught by {tried.invariant} ({tried.where}: {tried.evidence[:120]})"
    if tried.survives:
        return f"{tried.mutant.name}: SURVIVES ({tried.where}: {tried.change})"
    if tried.differs_inside:
        return f"{tried.mutant.name}: another way inside ({tried.where}: {tried.change})"
    return f"{tried.mutant.name}: no change of behaviour seen"


def table(tried: Sequence[Tried], known: Known) -> Report:
    """Return the report on mutants."""
    caught = [each for each in tried if each.is_caught]
    survivors = [each for each in tried if each.survives]
    inside = [each for each in tried if each.differs_inside]
    same = [each for each in tried if not each.is_caught and not each.change]
    rate = len(caught) / max(1, len(caught) + len(survivors))
    strict = len(caught) / max(1, len(caught) + len(survivors) + len(inside))
    counts = f"{len(caught)} caught, {len(survivors)} survive, {len(inside)} differ inside only"
    lines = [
        f"{len(tried)} mutants: {counts}, {len(same)} change nothing",
        f"caught of those whose change a user can see: {rate:.1%}",
        f"caught of those with any other message, point or order: {strict:.1%}",
        "",
        "Caught by",
    ]  # fmt: skip
    lines += [f"{count:5} {name}" for name, count in Counter(each.invariant for each in caught).most_common()]
    for title, group in (("Survivors", survivors), ("Only inside", inside)):
        lines += ["", title]
        for each in group:
            lines += [f"  {each.mutant.name}", f"      {each.mutant.code}",
                      f"      {known.reason(each) or 'no reason is known'}",
                      f"      {each.where}: {each.change}"]  # fmt: skip
    lines += ["", "No change of behaviour seen"]
    lines += [f"  {each.mutant.name}  | {each.mutant.code}" for each in same]
    lines += ["", "Caught", *(f"  {line_of(each)}" for each in caught)]
    return Report("\n".join(lines), rate)
