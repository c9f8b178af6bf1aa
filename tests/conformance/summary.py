"""The normal form of the table that -c prints: times are masked, widths, counts and names are kept. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

KEPT: Final = frozenset({"calls", "errors", "syscall"})
"""The columns that are the same in every run."""

_RULE: Final = re.compile(r"-{4,}(?: -{4,})*$")


def without_times(lines: Sequence[str]) -> list[str]:
    """Return the lines with the times of each table masked, and its rows in the order of their names.

    Which rows come first depends on times; that rows are in the order of their names or numbers is noted.
    """
    found: list[str] = []
    at = 0
    while at < len(lines):
        if at + 1 < len(lines) and _RULE.fullmatch(lines[at + 1]):
            end = at + 2
            while end < len(lines) and not _RULE.fullmatch(lines[end]):
                end += 1
            found += _table(lines[at], lines[at + 1], lines[at + 2 : end])
            found += [
                *lines[end : end + 1],
                *(_masked(each, *_columns(lines[at], lines[at + 1])) for each in lines[end + 1 : end + 2]),
            ]
            at = end + 2
        else:
            found.append(lines[at])
            at += 1
    return found


def _table(header: str, rule: str, rows: Sequence[str]) -> list[str]:
    columns = _columns(header, rule)
    masked = [_masked(row, *columns) for row in rows]
    names = [_cell(row, "syscall", *columns) for row in rows]
    shown = [row for _, row in sorted(zip(names, masked, strict=True))]
    order = ["(in the order of their names)"] if len(rows) > 3 and names == sorted(names) else []
    return [header, rule, *shown, *order]


def _columns(header: str, rule: str) -> tuple[list[str], list[tuple[int, int]]]:
    spans = [found.span() for found in re.finditer(r"-+", rule)]
    return [header[begin:end].strip() for begin, end in spans], spans


def _cell(row: str, name: str, names: Sequence[str], spans: Sequence[tuple[int, int]]) -> str:
    at = names.index(name) if name in names else len(names) - 1
    begin, end = spans[at]
    return row[begin:] if at == len(names) - 1 else row[begin:end]


def _masked(row: str, names: Sequence[str], spans: Sequence[tuple[int, int]]) -> str:
    """Mask the digits of times; how wide each cell is stays."""
    cells = []
    for at, (name, (begin, end)) in enumerate(zip(names, spans, strict=True)):
        cell = row[begin:] if at == len(names) - 1 else row[begin:end]
        if name not in KEPT:
            point = re.search(r"\.\d+", cell)
            cell = ("9" + re.sub(r"\d", "9", point[0]) if point else "9").rjust(len(cell))
        cells.append(cell)
    return " ".join(cells)
