"""Each kind of block of a write-up as paragraphs, tables and pictures of a DOCX."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Emu, Mm, Pt, RGBColor

from bstinspect.reports.numbering import Captioned, Captions
from bstinspect.reports.visible import one_line, visible
from bstinspect.reports.word import fields
from bstinspect.reports.word.paper import CODE, SMALL, Paper
from bstinspect.reports.word.pictures import picture
from bstinspect.writeup.document import (
    Code,
    Column,
    Excerpt,
    Figure,
    Listing,
    Note,
    Paragraph,
    Program,
    Strong,
    Table,
)
from bstinspect.writeup.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from docx.document import Document as WordDocument
    from docx.table import Table as WordTable
    from docx.table import _Cell
    from docx.text.paragraph import Paragraph as WordParagraph

    from bstinspect.writeup.document import Block, Cell, Document, ExcerptLine, Text

_TONES: Final = {"good": "166534", "bad": "B3261E", "warn": "855300", "muted": "57606A"}
_SIGNS: Final = {"good": "✓ ", "bad": "✗ ", "warn": "⚠ "}
_EXCERPT: Final = (0.08, 0.64, 0.28)
"""How an excerpt's columns share the page's width."""
_HEAD: Final = "EEF1F5"
_LONGEST_WORD, _WIDEST = 15, 44
"""Characters of a word, and of a cell, by which a column's width is judged."""
_PADDING: Final = 4.5
"""Millimetres around a cell's words."""
_BOLD: Final = 1.35
"""So much wider are letters of a column's title."""
_PIXEL: Final = 25.4 / 96
"""Millimetres of a CSS pixel."""
_TALLEST: Final = 200
"""Millimetres of a picture."""
_ON_PAPER: Final = 0.8


class Blocks:
    """Adds blocks to a document; captions are numbered as they come."""

    def __init__(self, word: WordDocument, document: Document, paper: Paper) -> None:
        self._word = word
        self._words = WORDS[document.language]
        self._paper = paper
        self._captions = Captions(document)
        self._drawn = 0

    def add(self, blocks: Iterable[Block]) -> None:
        """Add blocks. Raises FontsError."""
        for block in blocks:
            match block:
                case Paragraph():
                    self._text(self._word.add_paragraph(style="Body Text"), block.text)
                case Listing():
                    self._listing(block)
                case Note():
                    self._note(block)
                case Table():
                    self._table(block)
                case Excerpt():
                    self._excerpt(block)
                case Program():
                    self._program(block)
                case Figure():
                    self._figure(block)

    def trace(self, words: str, name: str) -> None:
        """Say which file has the full trace."""
        self._text(self._word.add_paragraph(style="Body Text"), (f"{words}: ", Code(name)))

    def _text(self, paragraph: WordParagraph, text: Text, size: float | None = None) -> None:
        for span in text:
            if isinstance(span, Code):
                run = paragraph.add_run(one_line(span.text))
                run.font.name = self._paper.code_font
                run.font.size = Pt((size or self._paper.size) - 1.5)
            elif isinstance(span, str):
                paragraph.add_run(visible(span))
            else:
                paragraph.add_run(visible(span.text)).bold = isinstance(span, Strong)

    def _listing(self, block: Listing) -> None:
        number = fields.new_list(self._word, "List Number") if block.ordered else 0
        for point in block.points:
            paragraph = self._word.add_paragraph(style="List Number" if block.ordered else "List Bullet")
            if block.ordered:
                fields.put_into_list(paragraph, number)
            self._text(paragraph, point)

    def _note(self, block: Note) -> None:
        table = self._word.add_table(rows=1, cols=1)
        table.style = "Table Grid"
        cell = table.rows[0].cells[0]
        fields.shade(cell, _HEAD)
        paragraph = cell.paragraphs[0]
        paragraph.style = self._word.styles[SMALL]
        self._text(paragraph, (_SIGNS.get(block.tone, ""), *block.text), 9.5)
        self._word.add_paragraph(style=SMALL)

    def _caption(self, block: Captioned, *, above: bool) -> None:
        """Add ``Figure 1 — ...``, the number as a field; above its block it keeps with it."""
        label = self._captions.next(block)
        paragraph = self._word.add_paragraph(style="Caption")
        paragraph.paragraph_format.keep_with_next = above
        paragraph.alignment = WD_ALIGN_PARAGRAPH.LEFT if above else WD_ALIGN_PARAGRAPH.CENTER
        paragraph.add_run(f"{label.word} ")
        fields.add_field(paragraph, f"SEQ {label.word} \\* ARABIC", str(label.number))
        paragraph.add_run(f" — {one_line(block.caption)}")

    def _table(self, block: Table) -> None:
        self._caption(block, above=True)
        table = self._word.add_table(rows=1, cols=max(len(block.columns), 1))
        table.style = "Table Grid"
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        table.autofit = False
        widths = self._widths(block)
        for cell, column in zip(table.rows[0].cells, block.columns, strict=False):
            fields.shade(cell, _HEAD)
            paragraph = self._cell(cell, column)
            paragraph.add_run(one_line(column.title)).bold = True
        fields.repeat_header(table.rows[0])
        for row in block.rows:
            added = table.add_row()
            fields.keep_whole(added)
            for cell, column, content in zip(added.cells, block.columns, row, strict=False):
                self._content(self._cell(cell, column), content)
        _set_widths(table, widths)
        self._word.add_paragraph(style=SMALL)

    def _cell(self, cell: _Cell, column: Column) -> WordParagraph:
        paragraph: WordParagraph = cell.paragraphs[0]
        paragraph.style = self._word.styles[SMALL]
        if column.numeric:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        return paragraph

    def _content(self, paragraph: WordParagraph, content: Cell) -> None:
        self._text(paragraph, content.text, 9.5)
        if content.tone in _TONES:
            for run in paragraph.runs:
                run.font.color.rgb = RGBColor.from_string(_TONES[content.tone])

    def _widths(self, block: Table) -> list[float]:
        """Share the page's width out by what the columns hold, millimetres: no word is broken if it fits."""
        least, wished, letter = [], [], self._paper.letter
        for index, column in enumerate(block.columns):
            texts = [column.title, *(_plain(row[index]) for row in block.rows if index < len(row))]
            bold = max((len(word) * _BOLD for word in column.title.split()), default=0)
            longest_word = max((len(word) for text in texts[1:] for word in text.split()), default=0)
            longest = max(map(len, texts))
            least.append(_PADDING + letter * min(max(bold, longest_word), _LONGEST_WORD))
            wished.append(max(least[-1], _PADDING + letter * min(longest, _WIDEST)))
        width, spare = self._paper.width, sum(wished) - sum(least)
        if sum(least) >= width or not spare:
            return [width * each / sum(least) for each in least]
        return [
            small + (width - sum(least)) * (large - small) / spare
            for small, large in zip(least, wished, strict=True)
        ]

    def _excerpt(self, block: Excerpt) -> None:
        self._caption(block, above=True)
        if block.rule:
            rule = self._word.add_paragraph(visible(block.rule), style=SMALL)
            rule.paragraph_format.keep_with_next = True
        table = self._word.add_table(rows=1, cols=3)
        table.style = "Table Grid"
        table.autofit = False
        for cell, title in zip(
            table.rows[0].cells, (self._words.line, self._words.listing, self._words.note), strict=True
        ):
            fields.shade(cell, _HEAD)
            cell.paragraphs[0].style = self._word.styles[SMALL]
            cell.paragraphs[0].add_run(title).bold = True
        fields.repeat_header(table.rows[0])
        for line in block.lines:
            self._line(table.add_row().cells, line)
        for row in table.rows:
            fields.keep_whole(row)
        _set_widths(table, [self._paper.width * share for share in _EXCERPT])
        self._word.add_paragraph(style=SMALL)

    def _line(self, cells: tuple[_Cell, ...], line: ExcerptLine) -> None:
        number, text, note = (cell.paragraphs[0] for cell in cells)
        number.style = note.style = self._word.styles[SMALL]
        number.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        number.add_run(str(line.number) if line.number else "")
        text.style = self._word.styles[SMALL if line.folded else CODE]
        text.add_run(one_line(line.text)).italic = line.folded
        note.add_run(one_line(line.note))

    def _program(self, block: Program) -> None:
        self._caption(block, above=True)
        for line in block.text.rstrip("\n").split("\n"):
            self._word.add_paragraph(visible(line).expandtabs(4), style=CODE)
        self._word.add_paragraph(style=SMALL)

    def _figure(self, block: Figure) -> None:
        self._drawn += 1
        png = picture(block.drawing, f"drawing-{self._drawn}", self._words.point)
        paragraph = self._word.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.paragraph_format.keep_with_next = True
        shape = paragraph.add_run().add_picture(io.BytesIO(png))
        natural = int.from_bytes(png[16:20]) / 2 * _PIXEL, int.from_bytes(png[20:24]) / 2 * _PIXEL
        scale = min(_ON_PAPER, self._paper.width / natural[0], _TALLEST / natural[1])
        shape.width, shape.height = (Emu(round(side * scale * 36000)) for side in natural)
        fields.describe(shape._inline, visible(block.alternative))  # noqa: SLF001 - no call for it
        self._caption(block, above=False)


def _set_widths(table: WordTable, widths: list[float]) -> None:
    """Set the columns' widths, millimetres: of the grid, for LibreOffice, and of the cells, for Word."""
    for column, width in zip(table.columns, widths, strict=False):
        column.width = Mm(width)
    for row in table.rows:
        for cell, width in zip(row.cells, widths, strict=False):
            cell.width = Mm(width)


def _plain(cell: Cell) -> str:
    return "".join(span if isinstance(span, str) else span.text for span in cell.text)
