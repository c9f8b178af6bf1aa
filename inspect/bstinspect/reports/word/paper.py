"""How the pages look: sizes, fonts, margins and styles; GOST 7.32-2017 for Russian, a plain one otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import msgspec
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.shared import Mm, Pt, RGBColor

from bstinspect.reports.word import fields

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.styles.style import ParagraphStyle

PAGE: Final = (210, 297)
"""A4, millimetres."""
CODE: Final = "Code"
SMALL: Final = "Table text"
LEVELS: Final = 4
"""Levels of headings that are styled."""


class Paper(msgspec.Struct, frozen=True):
    """A layout."""

    margins: tuple[float, float, float, float]
    """Top, right, bottom, left, millimetres."""
    font: str
    size: float
    """Points."""
    spacing: float
    """Lines."""
    indent: float
    """Of a paragraph's first line, millimetres."""
    letter: float
    """Millimetres of a letter in a table, about."""
    justified: bool
    code_font: str
    headings: tuple[float, ...]
    """Points, by level."""
    formal: bool
    """Contents and appendices in capitals and centred, as GOST has them."""
    language: str

    @property
    def width(self) -> float:
        """Return the width of the text, millimetres."""
        return PAGE[0] - self.margins[1] - self.margins[3]


GOST: Final = Paper(
    margins=(20, 15, 20, 30),
    font="Times New Roman",
    size=14,
    spacing=1.5,
    indent=12.5,
    letter=1.65,
    justified=True,
    code_font="Courier New",
    headings=(14, 14, 14, 14),
    formal=True,
    language="ru-RU",
)
"""GOST 7.32-2017, 6.1: 12 points or more, one and a half lines, margins 30, 15, 20, 20 mm, indent 12.5 mm."""
PLAIN: Final = Paper(
    margins=(20, 20, 20, 25),
    font="Calibri",
    size=11,
    spacing=1.15,
    indent=0,
    letter=1.85,
    justified=False,
    code_font="Consolas",
    headings=(16, 13, 11.5, 11),
    formal=False,
    language="en-US",
)


def set_up(document: WordDocument, paper: Paper) -> None:
    """Give the document its page, its fonts and its styles."""
    section = document.sections[0]
    section.page_width, section.page_height = Mm(PAGE[0]), Mm(PAGE[1])
    top, right, bottom, left = paper.margins
    section.top_margin, section.right_margin = Mm(top), Mm(right)
    section.bottom_margin, section.left_margin = Mm(bottom), Mm(left)
    section.different_first_page_header_footer = True
    fields.set_language(document, paper.language)
    _body(document, paper)
    _headings(document, paper)
    _others(document, paper)


def _style(document: WordDocument, name: str) -> ParagraphStyle:
    if name not in document.styles:
        made = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        cast("ParagraphStyle", made).base_style = document.styles["Normal"]
    return cast("ParagraphStyle", document.styles[name])


def _body(document: WordDocument, paper: Paper) -> None:
    normal = _style(document, "Normal")
    fields.set_font(normal, paper.font)
    normal.font.size = Pt(paper.size)
    form = normal.paragraph_format
    form.line_spacing = paper.spacing
    form.space_before, form.space_after = Pt(0), Pt(0 if paper.formal else 6)
    form.widow_control = True
    text = _style(document, "Body Text")
    text.paragraph_format.first_line_indent = Mm(paper.indent)
    text.paragraph_format.space_after = Pt(0 if paper.formal else 6)
    if paper.justified:
        text.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
    for name in ("List Bullet", "List Number"):
        style = _style(document, name)
        fields.set_font(style, paper.font)
        style.font.size = Pt(paper.size)


def _headings(document: WordDocument, paper: Paper) -> None:
    for level in range(1, LEVELS + 1):
        style = _style(document, f"Heading {level}")
        fields.set_font(style, paper.font)
        style.font.size, style.font.bold, style.font.italic = Pt(paper.headings[level - 1]), True, False
        style.font.color.rgb = RGBColor(0, 0, 0)
        form = style.paragraph_format
        form.space_before, form.space_after = Pt(12), Pt(6)
        form.keep_with_next = True
        form.line_spacing = paper.spacing
        form.first_line_indent = Mm(paper.indent)
    title = _style(document, "Contents title")
    title.font.bold, title.font.size = True, Pt(paper.headings[0])
    title.paragraph_format.space_after = Pt(6)
    if paper.formal:
        title.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER


def _others(document: WordDocument, paper: Paper) -> None:
    caption = _style(document, "Caption")
    fields.set_font(caption, paper.font)
    caption.font.size = Pt(min(paper.size, 12))
    caption.font.bold, caption.font.italic = False, False
    caption.font.color.rgb = RGBColor(0, 0, 0)
    caption.paragraph_format.space_before, caption.paragraph_format.space_after = Pt(6), Pt(4)
    caption.paragraph_format.line_spacing = 1.0
    for name, font, size in ((CODE, paper.code_font, 8.5), (SMALL, paper.font, 9.5)):
        style = _style(document, name)
        fields.set_font(style, font)
        style.font.size = Pt(size)
        form = style.paragraph_format
        form.line_spacing_rule = WD_LINE_SPACING.SINGLE
        form.space_before = form.space_after = Pt(0 if name == CODE else 1)
    for level in range(1, LEVELS + 1):
        entry = _style(document, f"toc {level}")
        entry.paragraph_format.left_indent = Mm(5 * (level - 1))
        entry.paragraph_format.space_after = Pt(0)
        entry.paragraph_format.tab_stops.add_tab_stop(Mm(paper.width))
