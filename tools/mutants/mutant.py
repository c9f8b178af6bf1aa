"""What a mutant is, and all of those of a package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import bstcluster

from .changes import changes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .changes import Change

PACKAGE: Final = Path(bstcluster.__path__[0])
UNPLAYED: Final = frozenset({"__init__.py", "terminal.py", "observer.py", "errors.py"})
"""What a cluster in a pipe never runs, or where there is nothing to change."""


class Mutant(NamedTuple):
    """One change of one file."""

    name: str
    """Where and what: ``node.py:212 _route: dropped send``."""
    file: str
    line: int
    code: str
    """The line of the original, stripped."""
    source: str
    """The file as changed."""

    @property
    def key(self) -> str:
        """The name without the number of the line: it outlives changes elsewhere in the file."""
        return self.name.replace(f":{self.line} ", " ", 1)


def mutants_of(package: Path = PACKAGE) -> list[Mutant]:
    """Return every mutant, by file and line."""
    found: list[Mutant] = []
    for path in sorted(package.glob("*.py")):
        if path.name not in UNPLAYED:
            found += mutants_in(path.name, path.read_text(encoding="utf-8"))
    return found


def mutants_in(file: str, source: str) -> Iterator[Mutant]:
    """Yield the mutants of a file, by line; two that come to the same code are one."""
    lines, seen, names = source.splitlines(), set[tuple[int, int, str]](), dict[str, int]()
    for change in sorted(changes_of(source), key=lambda each: (each.line, each.column)):
        key = (change.line, change.column, change.text)
        if key in seen:
            continue
        seen.add(key)
        name = f"{file}:{change.line} {change.function}: {change.what}"
        names[name] = names.get(name, 0) + 1
        number = f" ({names[name]})" if names[name] > 1 else ""
        text = changed(source, change)
        yield Mutant(name + number, file, change.line, lines[change.line - 1].strip(), text)


def changed(source: str, change: Change) -> str:
    """Return `source` with a change made. Columns are counted in bytes, as in ast."""
    lines = source.encode().splitlines(keepends=True)
    head = b"".join(lines[: change.line - 1]) + lines[change.line - 1][: change.column]
    tail = lines[change.end_line - 1][change.end_column :] + b"".join(lines[change.end_line :])
    return (head + change.text.encode() + tail).decode()
