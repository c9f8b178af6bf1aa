"""DOCX: read again by python-docx, and its XML looked at."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING

import docx
import pytest
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from hypothesis import given, settings
from hypothesis import strategies as st

from bstinspect.reports.numbering import headings
from bstinspect.reports.visible import one_line
from bstinspect.reports.word import pictures, write_docx
from bstinspect.reports.word.pictures import FontsError
from bstinspect.writeup.document import Bars, Document, Figure, Listing, Paragraph, Section, TitlePage

from .sample import Language, hostile_document, sample_document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docx.document import Document as WordDocument


def read(data: bytes) -> WordDocument:
    """Return a DOCX as python-docx reads it."""
    return docx.Document(io.BytesIO(data))


def xml(data: bytes, part: str = "word/document.xml") -> str:
    """Return a part of a DOCX."""
    return zipfile.ZipFile(io.BytesIO(data)).read(part).decode()


def texts(word: WordDocument, style: str) -> list[str]:
    """Return the paragraphs of a style."""
    return [each.text for each in word.paragraphs if each.style is not None and each.style.name == style]


def instructions(data: bytes) -> Iterator[str]:
    """Yield the fields of a DOCX."""
    for found in re.finditer(r"<w:instrText[^>]*>(.*?)</w:instrText>", xml(data)):
        yield found[1].strip()


@pytest.mark.parametrize("language", ["en", "ru"])
def test_headings_captions_and_contents(language: Language) -> None:
    """Each section has a real heading, each figure, table and listing a caption with a field."""
    document = sample_document(language)
    data = write_docx(document)
    word = read(data)
    wanted = [one_line(each.section.title) for each in headings(document)]
    shown = [
        each.text
        for each in word.paragraphs
        if each.style is not None and str(each.style.name).startswith("Heading")
    ]
    assert len(shown) == len(wanted)
    assert all(title in text for title, text in zip(wanted, shown, strict=True))
    captions = texts(word, "Caption")
    first = {"en": ("Figure 1 — ", "Table 1 — ", "Listing 1 — "),
             "ru": ("Рисунок 1 — ", "Таблица 1 — ", "Листинг 1 — ")}[language]  # fmt: skip
    for beginning in first:
        assert any(each.startswith(beginning) for each in captions), captions
    fields = list(instructions(data))
    assert sum(each.startswith("SEQ ") for each in fields) == len(captions)
    assert sum(each.startswith("TOC ") for each in fields) == 1
    links = re.findall(r'<w:hyperlink w:anchor="(\w+)"', xml(data))
    marks = re.findall(r'<w:bookmarkStart [^>]*w:name="(\w+)"', xml(data))
    assert links == marks
    assert len(links) == len(wanted)
    assert xml(data).count('w:fldCharType="begin"') == xml(data).count('w:fldCharType="end"')
    assert "PAGE" in "".join(
        xml(data, name) for name in zipfile.ZipFile(io.BytesIO(data)).namelist() if "footer" in name
    )


def test_the_layout_of_gost() -> None:
    """GOST 7.32: A4, margins 30, 15, 20 and 20 mm, Times New Roman, one and a half lines, indent 12.5 mm."""
    word = read(write_docx(sample_document("ru")))
    section = word.sections[0]
    sizes = (
        section.page_width, section.page_height,
        section.left_margin, section.right_margin, section.top_margin, section.bottom_margin,
    )  # fmt: skip
    assert [each.mm for each in sizes if each is not None] == pytest.approx(
        [210, 297, 30, 15, 20, 20], abs=0.1
    )
    normal, body = word.styles["Normal"], word.styles["Body Text"]
    assert normal.font.name == "Times New Roman"
    assert normal.font.size == Pt(14)
    assert normal.paragraph_format.line_spacing == 1.5
    assert abs(body.paragraph_format.first_line_indent - Mm(12.5)) < Mm(0.1)
    assert "СОДЕРЖАНИЕ" in texts(word, "Contents title")
    assert any(each.text.startswith("ПРИЛОЖЕНИЕ А\n") for each in word.paragraphs)
    assert section.different_first_page_header_footer
    assert "ru-RU" in xml(write_docx(sample_document("ru")), "word/styles.xml")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_tables_fit_the_page(language: Language) -> None:
    """No table is wider than the text; headers are repeated, rows are kept whole."""
    word = read(write_docx(sample_document(language)))
    section = word.sections[0]
    assert section.page_width is not None
    assert section.left_margin is not None
    assert section.right_margin is not None
    room = section.page_width - section.left_margin - section.right_margin
    with_header = 0
    for table in word.tables:
        widths = [cell.width or 0 for cell in table.rows[0].cells]
        assert sum(widths) <= room + Mm(1)
        with_header += table.rows[0]._tr.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None
    assert with_header >= 2
    for shape in word.inline_shapes:
        assert shape.width <= room
        description = shape._inline.docPr.get("descr")
        assert description


def test_each_list_begins_anew() -> None:
    """Two ordered lists: each paragraph counts in its own."""
    lists = tuple(Listing((("a",), ("b",)), ordered=True) for _ in range(2))
    data = write_docx(Document("en", TitlePage((), "t", "", ()), (), (Section("s", "s", lists),), ()))
    numbers = re.findall(r'<w:numId w:val="(\d+)"/>', xml(data))
    assert len(numbers) == 4
    assert numbers[0] == numbers[1] != numbers[2] == numbers[3]
    assert xml(data, "word/numbering.xml").count("<w:startOverride") >= 2


def test_the_order_of_the_settings() -> None:
    """The schema wants updateFields before compat."""
    settings = xml(write_docx(sample_document("en")), "word/settings.xml")
    assert settings.index("<w:updateFields") < settings.index("<w:compat>")


def test_pictures_have_words() -> None:
    """The picture of a chart is dark somewhere: its bars and its words are drawn."""
    drawing = sample_document("ru")
    figure = next(block for each in drawing.sections for block in each.blocks if isinstance(block, Figure))
    data = pictures.picture(figure.drawing, "one", ",")
    assert data.startswith(b"\x89PNG")
    assert len(data) > 2000


def test_without_fonts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One line that names what to install."""
    monkeypatch.setattr(pictures, "_FONTS", (str(tmp_path),))
    pictures._font.cache_clear()
    try:
        with pytest.raises(FontsError, match="fonts-dejavu-core"):
            pictures.picture(Bars("a", "b", ()), "one", ".")
    finally:
        pictures._font.cache_clear()


@settings(max_examples=15)
@given(text=st.text(max_size=40))
def test_any_text(text: str) -> None:
    """Whatever is in a trace: the file can be read, and the words are there."""
    section = Section("s", text, (Paragraph((text,)),))
    data = write_docx(Document("en", TitlePage((), text, "", ((text, text),)), (), (section,), ()))
    word = read(data)
    (body,) = texts(word, "Body Text")
    assert (body == "") == (text == "")
    (heading,) = texts(word, "Heading 1")
    assert heading.endswith(one_line(text))


def test_hostile_words_everywhere() -> None:
    """In every block."""
    nasty = "</w:t><script>\x00\x1b\ud800\u202e]]>&amp;" + "x" * 5000
    assert read(write_docx(hostile_document(nasty))).paragraphs
