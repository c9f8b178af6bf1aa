"""Compares two runs line by line, and says what differs: a score, one by system call, and the lines."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final, Literal

from .lines import joined
from .normalise import Form, Normaliser
from .summary import without_times
from .tracers import Run, fixed_addresses

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Mode = Literal["order", "thread", "multiset"]
"""All lines in order; each thread's lines in order; or how often each thread has each line."""

_ATTACHED: Final = re.compile(r"TRACER: Process \d+ attached\n")


@dataclass
class Comparison:
    """How many lines are the same, by system call, and which differ."""

    same: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    @property
    def score(self) -> float:
        """The share of lines that are the same."""
        return self.same.total() / self.total.total() if self.total else 1.0

    @property
    def worst(self) -> float:
        """The score of the system call that fares worst."""
        return min((self.same[name] / count for name, count in self.total.items()), default=1.0)

    def failing(self) -> list[str]:
        """Return the system calls with differences, worst first, each with its figures."""
        rows = sorted((self.same[name] / count, name) for name, count in self.total.items())
        return [f"{name} {self.same[name]}/{self.total[name]}" for score, name in rows if score < 1]

    def report(self, limit: int = 80) -> str:
        """Return everything for a person to read, with at most `limit` differences."""
        head = f"{self.score:.2%} of {self.total.total()} lines"
        more = [f"... and {len(self.differences) - limit} more"] if len(self.differences) > limit else []
        return "\n".join([head, *(f"  {each}" for each in self.failing()), *self.differences[:limit], *more])


def forms(trace: Run, mode: Mode = "order", masks: Sequence[str] = (), name: str = "strace") -> list[Form]:
    """Return the normal forms of the trace that the tracer `name` made."""
    raw = without_times(without_attached(anonymous(trace.trace, name)).split("\n"))
    raw = [line for line in raw if line]
    normaliser = Normaliser(
        "exact" if fixed_addresses() else "named",
        tuple(masks),
        since=int(trace.started) - 600,
        columns=mode == "order",
        loose=mode == "multiset",
    )
    return normaliser.lines(raw if mode == "order" else joined(raw))


def without_attached(text: str) -> str:
    """Put what a tracer says of new processes at the end: it may come in the midst of a call."""
    said = [found[0] for found in _ATTACHED.finditer(text)]
    return _ATTACHED.sub("", text) + "".join(said)


def compare_forms(theirs: Sequence[Form], ours: Sequence[Form], mode: Mode = "order") -> Comparison:
    """Compare two lists of normal forms."""
    found = Comparison()
    if mode == "order":
        _in_order(theirs, ours, found)
        return found
    a, b = _by_thread(theirs), _by_thread(ours)
    pairs = _pairs(a, b) if mode == "multiset" else [(name, name) for name in {**a, **b}]
    for one, other in pairs:
        (_as_multiset if mode == "multiset" else _in_order)(a.get(one, []), b.get(other, []), found)
    return found


def compare_runs(
    theirs: Run,
    ours: Run,
    mode: Mode = "order",
    masks: Sequence[str] = (),
    names: Sequence[str] = ("strace", "bstrace"),
) -> Comparison:
    """Compare two runs: their traces, and how they ended and what else they wrote."""
    found = compare_forms(forms(theirs, mode, masks, names[0]), forms(ours, mode, masks, names[1]), mode)
    found.total["(end)"] += 1
    said = []
    if theirs.late or ours.late:
        said.append(f"killed after {max(theirs.seconds, ours.seconds):.0f} s: {theirs.late}, {ours.late}")
    if theirs.status != ours.status:
        said.append(f"exit status {theirs.status}, {ours.status}")
    if theirs.out != ours.out and mode == "order":
        said.append(f"standard output {theirs.out[-300:]!r}, {ours.out[-300:]!r}")
    a, b = messages(theirs.err, names[0]), messages(ours.err, names[1])
    if a != b and mode == "order":
        said.append(f"standard error {a[-600:]!r}, {b[-600:]!r}")
    found.same["(end)"] += not said
    found.differences += [f"! {each}" for each in said]
    return found


def messages(text: str, name: str) -> str:
    """Return what a tracer wrote on standard error, with its name the same for all.

    What strace says of its own reads of memory that broke off, to those who debug it, is left out.
    """
    normaliser = Normaliser()
    lines = [line for line in anonymous(text, name).splitlines() if ": short read (" not in line]
    return "\n".join(normaliser.line(line).text for line in lines)


def anonymous(text: str, name: str) -> str:
    """Return what a tracer wrote with what it calls itself the same for all."""
    text = re.sub(rf"{name}(?: trace)?(?=: Process \d+ attached\n)", "TRACER", text)  # in the midst of a call
    text = text.replace(f"<{name}> execve(", "<TRACER> execve(")  # -Y: the first execve is the tracer's
    return re.sub(rf"(?<![\w/]){name}(?: trace)?(?=: | -h')", "TRACER", text)


def _in_order(theirs: Sequence[Form], ours: Sequence[Form], found: Comparison) -> None:
    a, b = [form.text for form in theirs], [form.text for form in ours]
    for kind, a1, a2, b1, b2 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        left, right = theirs[a1:a2], ours[b1:b2]
        if kind == "equal":
            same = Counter(form.name for form in left)
            found.same += same
            found.total += same
        else:
            found.total += Counter(form.name for form in left) | Counter(form.name for form in right)
            found.differences += _side_by_side([f.text for f in left], [f.text for f in right])


def _as_multiset(theirs: Sequence[Form], ours: Sequence[Form], found: Comparison) -> None:
    a, b = (Counter((form.name, form.text) for form in each) for each in (theirs, ours))
    for counter, each in ((found.same, a & b), (found.total, a | b)):
        for (name, _), count in each.items():
            counter[name] += count
    found.differences += [f"- {count} x {text}" for (_, text), count in sorted((a - b).items())]
    found.differences += [f"+ {count} x {text}" for (_, text), count in sorted((b - a).items())]


def _side_by_side(left: Sequence[str], right: Sequence[str]) -> list[str]:
    shown = []
    for index in range(max(len(left), len(right))):
        shown += [f"- {left[index]}"] if index < len(left) else []
        shown += [f"+ {right[index]}"] if index < len(right) else []
    return shown


def _by_thread(lines: Iterable[Form]) -> dict[str, list[Form]]:
    found: dict[str, list[Form]] = {}
    for form in lines:
        found.setdefault(form.thread, []).append(form)
    return found


def _pairs(a: dict[str, list[Form]], b: dict[str, list[Form]]) -> list[tuple[str, str]]:
    """Pair the threads of two runs, those most alike first."""
    counted = [{name: Counter(form.text for form in each) for name, each in side.items()} for side in (a, b)]
    alike = sorted(
        ((x & y).total() / max(x.total(), y.total()), one, other)
        for one, x in counted[0].items()
        for other, y in counted[1].items()
    )
    left, right = dict.fromkeys(a), dict.fromkeys(b)
    pairs = []
    for _, one, other in reversed(alike):
        if one in left and other in right:
            pairs.append((one, other))
            del left[one], right[other]
    return [*pairs, *((one, "") for one in left), *(("", other) for other in right)]


if __name__ == "__main__":
    from .__main__ import main

    raise SystemExit(main())
