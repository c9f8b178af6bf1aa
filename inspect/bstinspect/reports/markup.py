"""Texts of a write-up as GitHub-flavoured Markdown: escaped no more than has to be, so that it reads raw.

The grammar: https://github.github.com/gfm/, 2.4 (backslash escapes), 4.5 (fences), 4.10 (tables),
6.3 (code spans), 6.6 (links).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bstinspect.reports.visible import one_line, visible
from bstinspect.writeup.document import Code, Link, Strong

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bstinspect.writeup.document import Text

LONGEST: Final = 300
"""Characters of a text from a trace that are kept."""
_BACKSLASH: Final = re.compile(r"\\(?=[!-/:-@\[-`{-~]|$)")
_SPECIAL: Final = re.compile(r"[`*\[\]<~$]|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])|!$")
_BLOCK_START: Final = re.compile(r"(#{1,6}(?=\s|$)|[-+>])")
_ORDERED_START: Final = re.compile(r"(\d{1,9})([.)])(?=\s|$)")
_TICKS: Final = re.compile("`+")


def escaped(text: str) -> str:
    """Return words so that none of them is taken for markup, on one line."""
    text = _BACKSLASH.sub(r"\\\\", bounded(one_line(text)))
    return _SPECIAL.sub(lambda found: "\\" + found[0], text)


def bounded(text: str, limit: int = LONGEST) -> str:
    """Return `text` with an ellipsis for what is beyond `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def code(text: str) -> str:
    """Return a code span; its fence is longer than any run of backticks inside.

    A backslash before a bar is HTML: no code span with it can stand in a table (4.10, example 200).
    """
    text = bounded(one_line(text))
    if "\\|" in text:
        return f"<code>{escaped(text).replace('|', '&#124;')}</code>"
    if not text.strip():
        return text
    ticks = "`" * (_longest_run(text) + 1 if "`" in text else 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def inline(text: Text, anchors: Mapping[str, str]) -> str:
    """Return spans as Markdown on one line. A link to nothing is its words."""
    parts = []
    for span in text:
        if isinstance(span, Code):
            parts.append(code(span.text))
        elif isinstance(span, Strong):
            parts.append(_strong(span.text))
        elif isinstance(span, Link):
            words = escaped(span.text)
            parts.append(f"[{words}](#{anchors[span.anchor]})" if span.anchor in anchors else words)
        else:
            parts.append(escaped(span))
    return "".join(parts)


def paragraph(text: Text, anchors: Mapping[str, str]) -> str:
    """Return spans as a paragraph of one line, which does not begin as a heading, a list or a quote."""
    return opening(inline(text, anchors).strip())


def opening(line: str) -> str:
    """Return a line of Markdown so that its beginning is not taken for another kind of block."""
    line = _BLOCK_START.sub(r"\\\1", line, count=1) if _BLOCK_START.match(line) else line
    return _ORDERED_START.sub(r"\1\\\2", line, count=1) if _ORDERED_START.match(line) else line


def table(rows: Iterable[Iterable[str]], numeric: Iterable[bool]) -> list[str]:
    """Return the lines of a table, columns aligned raw where narrow; the first row is its head."""
    cells = [[cell.replace("|", "\\|") or " " for cell in row] for row in rows]
    right = list(numeric)
    widths = [
        min(40, max([3, *(len(row[column]) for row in cells if column < len(row))]))
        for column in range(len(right))
    ]
    rule = [
        "-" * (width - 1) + ":" if number else "-" * width
        for width, number in zip(widths, right, strict=True)
    ]
    return [
        "| "
        + " | ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, right, strict=False)
        )
        + " |"
        for row in [*cells[:1], rule, *cells[1:]]
    ]


def fenced(text: str, language: str = "text") -> list[str]:
    """Return a block of code, whose fence is longer than any run of backticks inside."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return [f"{fence}{language}", *visible(text).split("\n"), fence]


def _strong(text: str) -> str:
    """Return strong words; blanks at the ends would keep asterisks from being markup."""
    words = escaped(text)
    inner = words.strip()
    if not inner:
        return words
    begin, end = ("**", "**") if inner[0].isalnum() and inner[-1].isalnum() else ("<strong>", "</strong>")
    return words.replace(inner, f"{begin}{inner}{end}", 1)


def _longest_run(text: str) -> int:
    return max((len(ticks) for ticks in _TICKS.findall(text)), default=0)
