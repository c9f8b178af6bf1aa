"""A write-up as GitHub-flavoured Markdown: readable raw, drawings as Mermaid, long texts bounded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bstinspect.reports import markup, mermaid
from bstinspect.reports.numbering import Captions, Heading, headings
from bstinspect.reports.visible import one_line
from bstinspect.writeup.document import (
    Bars,
    Excerpt,
    ExcerptLine,
    Figure,
    Listing,
    Note,
    Paragraph,
    Program,
    Table,
)
from bstinspect.writeup.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bstinspect.writeup.document import Block, Document, TitlePage

_WIDE: Final = 120
"""Characters of an excerpt's line up to which notes stand beside it."""
_LONGEST_LINE: Final = 400
_SIGNS: Final = {"bad": "⚠ ", "warn": "⚠ "}
_BLOCKS: Final = "▏▎▍▌▋▊▉█"
_BAR_LENGTH: Final = 24


def write_markdown(document: Document) -> str:
    """Return the document as Markdown, with a newline at its end."""
    return _Writer(document).write()


class _Writer:
    """Lays out one document; figures, tables and listings are numbered as they come."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._words = WORDS[document.language]
        self._captions = Captions(document)
        self._headings = list(headings(document))
        self._anchors = _anchors(self._headings, document)
        self._lines: list[str] = []

    def write(self) -> str:
        """Return the whole."""
        self._title(self._document.title_page)
        if self._document.summary:
            self._add(f"## {self._words.summary}")
            self._blocks(self._document.summary)
        if self._headings:
            self._contents()
        for heading in self._headings:
            self._add(f'<a id="{self._anchors[heading.section.anchor]}"></a>')
            self._add(f"{'#' * min(heading.level + 1, 6)} {self._heading(heading)}")
            self._blocks(heading.section.blocks)
        return "\n".join(self._lines).rstrip("\n") + "\n"

    def _add(self, *lines: str) -> None:
        """Add a block, with an empty line behind it."""
        self._lines += [*lines, ""]

    def _title(self, page: TitlePage) -> None:
        for line in page.top:
            self._add(markup.opening(markup.escaped(line)))
        self._add(f"# {markup.escaped(page.title)}")
        if page.subtitle:
            self._add(markup.opening(markup.escaped(page.subtitle)))
        for name, value in page.fields:
            self._add(f"- {markup.opening(markup.escaped(name))}: {markup.escaped(value)}")
            self._lines.pop()
        if page.fields:
            self._add()
        if page.bottom:
            self._add(markup.opening(markup.escaped(page.bottom)))
        if self._document.trace:
            self._add(f"{self._words.full_trace}: {markup.code(self._document.trace)}")

    def _contents(self) -> None:
        self._add(f"## {self._words.contents}")
        for heading in self._headings:
            link = f"[{self._heading(heading)}](#{self._anchors[heading.section.anchor]})"
            self._lines.append(f"{'  ' * (heading.level - 1)}- {link}")
        self._add()

    def _heading(self, heading: Heading) -> str:
        title = markup.escaped(heading.section.title)
        if heading.opens_appendix:
            return f"{self._words.appendix} {heading.label}. {title}"
        return f"{heading.label} {title}" if heading.label else markup.opening(title)

    def _blocks(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            match block:
                case Paragraph():
                    self._add(markup.paragraph(block.text, self._anchors))
                case Listing():
                    self._listing(block)
                case Note():
                    self._add(f"> {_SIGNS.get(block.tone, '')}{markup.paragraph(block.text, self._anchors)}")
                case Table():
                    self._table(block)
                case Excerpt():
                    self._excerpt(block)
                case Program():
                    self._caption(block)
                    self._add(*markup.fenced(block.text, ""))
                case Figure():
                    self._figure(block)

    def _caption(self, block: Table | Excerpt | Program | Figure) -> None:
        label = self._captions.next(block)
        anchor = getattr(block, "anchor", "")
        place = f'<a id="{self._anchors[anchor]}"></a>' if anchor else ""
        self._add(f"{place}**{label}** — {markup.escaped(block.caption)}")

    def _listing(self, listing: Listing) -> None:
        for number, point in enumerate(listing.points, start=1):
            sign = f"{number}." if listing.ordered else "-"
            self._lines.append(f"{sign} {markup.paragraph(point, self._anchors)}")
        self._add()

    def _table(self, table: Table) -> None:
        self._caption(table)
        rows = [[markup.escaped(column.title) for column in table.columns]]
        rows += [[markup.inline(cell.text, self._anchors) for cell in row] for row in table.rows]
        self._add(*markup.table(rows, (column.numeric for column in table.columns)))

    def _excerpt(self, excerpt: Excerpt) -> None:
        self._caption(excerpt)
        beside = [line for line in excerpt.lines if line.note and _width(line) <= _WIDE]
        edge = max((len(_shown(line)) for line in beside), default=0)
        digits = max((len(str(line.number)) for line in excerpt.lines if line.number), default=0)
        below: list[str] = []
        lines = []
        for line in excerpt.lines:
            text = _shown(line)
            if line in beside:
                text = f"{text.ljust(edge)}  # {one_line(line.note)}"
            elif line.note:
                below.append(line.note)
                text = f"{text}  # ({len(below)})"
            lines.append(f"{line.number or '':>{digits}}  {text}" if digits else text)
        self._add(*markup.fenced("\n".join(lines)))
        if below:
            self._add(
                *(
                    f"{index}. {markup.opening(markup.escaped(note))}"
                    for index, note in enumerate(below, start=1)
                )
            )
        if excerpt.rule:
            self._add(markup.opening(markup.escaped(excerpt.rule)))

    def _figure(self, figure: Figure) -> None:
        drawing = figure.drawing
        if isinstance(drawing, Bars):
            self._add(*_bars(drawing))
        else:
            text = mermaid.mermaid(drawing, figure.alternative, self._words.point)
            self._add(*markup.fenced(text, "mermaid"))
        self._caption(figure)


def _shown(line: ExcerptLine) -> str:
    """Return an excerpt's line in one; what was left out stands in brackets."""
    text = markup.bounded(one_line(line.text), _LONGEST_LINE)
    return f"[… {text}]" if line.folded else text


def _width(line: ExcerptLine) -> int:
    return len(_shown(line)) + len(one_line(line.note))


def _bars(bars: Bars) -> list[str]:
    """Return a chart of bars as a table, with bars of block characters."""
    longest = max((point.value for point in bars.points), default=0)
    rows = [[markup.escaped(bars.across), markup.escaped(bars.axis), " "]]
    for point in bars.points:
        eighths = round(max(point.value, 0) / longest * _BAR_LENGTH * 8) if longest > 0 else 0
        bar = "█" * (eighths // 8) + (_BLOCKS[eighths % 8 - 1] if eighths % 8 else "")
        rows.append([markup.escaped(point.title), markup.escaped(point.label), bar])
    return markup.table(rows, (False, True, False))


def _anchors(sections: list[Heading], document: Document) -> dict[str, str]:
    """Return for each anchor of the document one that is fit for a link and has no twin."""
    blocks = [*document.summary, *(block for heading in sections for block in heading.section.blocks)]
    wanted = [heading.section.anchor for heading in sections]
    wanted += [block.anchor for block in blocks if isinstance(block, Table | Figure) and block.anchor]
    anchors: dict[str, str] = {}
    for anchor in wanted:
        plain = re.sub(r"[^0-9A-Za-z_-]+", "-", anchor)[:40].strip("-")
        taken = anchors.values()
        if anchor not in anchors:
            anchors[anchor] = plain if plain and plain not in taken else f"{plain or 'place'}-{len(anchors)}"
    return anchors
