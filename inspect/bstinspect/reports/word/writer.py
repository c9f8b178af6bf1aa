"""The whole DOCX: title page, contents, sections, appendices."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.shared import Mm, Pt

from bstinspect.reports.numbering import Heading, headings
from bstinspect.reports.visible import one_line
from bstinspect.reports.word import fields
from bstinspect.reports.word.blocks import Blocks
from bstinspect.reports.word.paper import GOST, LEVELS, PLAIN, set_up
from bstinspect.writeup.words import WORDS

if TYPE_CHECKING:
    from docx.text.paragraph import Paragraph as WordParagraph

    from bstinspect.writeup.document import Document, TitlePage

_LONGEST_PROPERTY: Final = 255
"""So many characters a property of the file may have."""


def write_docx(document: Document) -> bytes:
    """Return the document as the bytes of a DOCX. Raises FontsError where a drawing cannot be made."""
    return _Writer(document).write()


class _Writer:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._words = WORDS[document.language]
        self._paper = GOST if document.language == "ru" else PLAIN
        self._word = docx.Document()
        set_up(self._word, self._paper)
        self._headings = list(headings(document))
        self._blocks = Blocks(self._word, document, self._paper)

    def write(self) -> bytes:
        """Return the whole."""
        page = self._document.title_page
        self._properties(page)
        self._title(page)
        self._footers(page)
        if self._document.summary:
            self._plain_title(self._words.summary)
            self._blocks.add(self._document.summary)
        self._contents()
        if self._document.trace:
            self._blocks.trace(self._words.full_trace, self._document.trace)
        if self._document.formal:
            self._word.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
        for number, heading in enumerate(self._headings):
            self._heading(heading, number)
            self._blocks.add(heading.section.blocks)
        fields.update_when_opened(self._word)
        stream = io.BytesIO()
        self._word.save(stream)
        return stream.getvalue()

    def _properties(self, page: TitlePage) -> None:
        properties = self._word.core_properties
        properties.title = one_line(page.title)[:_LONGEST_PROPERTY]
        properties.author = "bstrace"
        properties.language = self._paper.language
        properties.comments = ""
        properties.created = properties.modified = datetime.now(UTC).replace(tzinfo=None)

    def _title(self, page: TitlePage) -> None:
        """Make the title page; where it is a formal one it has a page of its own."""
        formal = self._document.formal
        for line in page.top:
            self._centred(line, 12)
        title = self._centred(page.title, 18, before=110 if formal else 0)
        title.runs[0].bold = True
        if page.subtitle:
            self._centred(page.subtitle, 13)
        for index, (name, value) in enumerate(page.fields):
            paragraph = self._word.add_paragraph()
            paragraph.paragraph_format.left_indent = Mm(self._paper.width * 0.5 if formal else 0)
            paragraph.paragraph_format.space_before = Pt(70 if formal and not index else 0)
            paragraph.add_run(f"{one_line(name)}: {one_line(value)}")
        if formal:
            self._word.add_paragraph().add_run().add_break(WD_BREAK.PAGE)

    def _centred(self, text: str, size: float, before: float = 0) -> WordParagraph:
        paragraph = self._word.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.paragraph_format.space_before = Pt(before)
        paragraph.add_run(one_line(text)).font.size = Pt(size)
        return paragraph

    def _footers(self, page: TitlePage) -> None:
        """Number the pages at the bottom; on the first one the place and the year stand there."""
        section = self._word.sections[0]
        number = section.footer.paragraphs[0]
        number.alignment = WD_ALIGN_PARAGRAPH.CENTER
        fields.add_field(number, "PAGE", "2")
        first = section.first_page_footer.paragraphs[0]
        first.alignment = WD_ALIGN_PARAGRAPH.CENTER
        first.add_run(one_line(page.bottom))

    def _plain_title(self, text: str) -> None:
        title = text.upper() if self._paper.formal else text
        self._word.add_paragraph(title, style="Contents title").paragraph_format.keep_with_next = True

    def _contents(self) -> None:
        """Add the table of contents, filled in but for the numbers of pages."""
        if not self._headings:
            return
        self._plain_title(self._words.contents)
        for number, heading in enumerate(self._headings):
            entry = self._word.add_paragraph(style=f"toc {min(heading.level, LEVELS)}")
            if not number:
                fields.open_field(entry, f'TOC \\o "1-{LEVELS}" \\h \\z \\u')
            fields.link(entry, _bookmark(number), self._label(heading, " "))
        fields.close_field(entry)

    def _heading(self, heading: Heading, number: int) -> None:
        paragraph = self._word.add_heading(level=min(heading.level, LEVELS))
        separator = "\n" if heading.opens_appendix and self._paper.formal else " "
        paragraph.add_run(self._label(heading, separator))
        if heading.opens_appendix:
            paragraph.paragraph_format.page_break_before = True
            if self._paper.formal:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
                paragraph.paragraph_format.first_line_indent = Mm(0)
        fields.bookmark(paragraph, _bookmark(number), number)

    def _label(self, heading: Heading, separator: str) -> str:
        title = one_line(heading.section.title)
        if heading.opens_appendix:
            word = self._words.appendix.upper() if self._paper.formal else self._words.appendix
            return f"{word} {heading.label}{separator}{title}"
        return f"{heading.label} {title}" if heading.label else title


def _bookmark(number: int) -> str:
    """Return the name of a heading's bookmark, in the form that Word gives them."""
    return f"_Toc{number + 1:08}"
