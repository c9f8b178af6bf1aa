"""PDF: its pages as weasyprint lays them out, its objects as they stand in the file."""

from __future__ import annotations

import re
import socket
import sys
import zlib
from typing import TYPE_CHECKING, Final

import pytest
import weasyprint
from hypothesis import given, settings
from hypothesis import strategies as st

from bstinspect.reports import pdf
from bstinspect.reports.drawing import PRINT
from bstinspect.reports.html import write_html
from bstinspect.reports.numbering import headings
from bstinspect.reports.visible import one_line, visible
from bstinspect.writeup.document import (
    Cell,
    Code,
    Column,
    Document,
    Excerpt,
    ExcerptLine,
    Paragraph,
    Section,
    Table,
    TitlePage,
)

from .sample import sample_document

if TYPE_CHECKING:
    from bstinspect.writeup.document import Block

A4: Final = (595.3, 841.9)
"""Points."""


def objects(data: bytes) -> str:
    """Return all of a PDF's objects, those in compressed streams too (ISO 32000-1, 7.5.7)."""
    parts = [data]
    for found in re.finditer(rb"/FlateDecode.*?stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL):
        try:
            parts.append(zlib.decompress(found[1]))
        except zlib.error:
            continue
    return b"\n".join(parts).decode("latin-1")


def titles(data: bytes) -> list[str]:
    """Return the document's title and those of its outline."""
    found = re.findall(r"/Title\s*(?:<([0-9a-fA-F]+)>|\(((?:[^\\)]|\\.)*)\))", objects(data), re.DOTALL)
    return [
        bytes.fromhex(coded).decode("utf-16") if coded else re.sub(r"\\(.)", r"\1", plain)
        for coded, plain in found
    ]


def pages(document: Document) -> list[str]:
    """Return the words of each page as they are laid out, without blanks."""
    laid_out = weasyprint.HTML(string=write_html(document, PRINT)).render()
    return [
        "".join("".join(getattr(box, "text", "") for box in page._page_box.descendants()).split())
        for page in laid_out.pages
    ]


def of_blocks(*blocks: Block) -> Document:
    """Return a document of these blocks."""
    return Document("en", TitlePage((), "Title", "", ()), (), (Section("here", "Here", blocks),), ())


def test_a_file_with_an_outline_on_a4(sample: Document) -> None:
    """Each section is in the outline; title and language are said; each page has the size of paper."""
    data = pdf.write_pdf(sample)
    assert data.startswith(b"%PDF-1.")
    text = objects(data)
    sizes = re.findall(r"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", text)
    assert len(sizes) > 4
    assert {(round(float(wide), 1), round(float(high), 1)) for wide, high in sizes} == {A4}
    found = titles(data)
    assert found.count(sample.title_page.title) >= 2
    for heading in headings(sample):
        assert any(title.endswith(heading.section.title) for title in found), heading.section.title
    assert re.search(rf"/Lang\s*\({sample.language}\)", text)
    assert "/MarkInfo" in text


def test_a_report_is_the_same_each_time() -> None:
    """Nothing of the moment or the machine is in it."""
    document = of_blocks(Paragraph(("Words, ", Code("code"))))
    assert pdf.write_pdf(document) == pdf.write_pdf(document)


def test_the_title_page_has_no_number() -> None:
    """It is counted all the same."""
    laid_out = weasyprint.HTML(string=write_html(sample_document(), PRINT)).render()
    margins = [
        "".join(
            getattr(box, "text", "")
            for margin in page._page_box.children[1:]
            for box in (margin.descendants() if hasattr(margin, "descendants") else [])
        )
        for page in laid_out.pages
    ]
    assert margins == ["", *map(str, range(2, len(margins) + 1))]


def test_a_long_table_repeats_its_header_and_keeps_rows_whole() -> None:
    """However many pages it takes; no row is lost."""
    rows = tuple((Cell((f"<{number}>",)), Cell(("word " * 40,))) for number in range(60))
    shown = pages(of_blocks(Table("Long", (Column("Number"), Column("Heading")), rows)))
    whole = re.compile(r"<\d+>" + "word" * 40)
    assert len([page for page in shown if "Heading" in page]) > 2
    assert all("Heading" in page for page in shown if "word" in page)
    assert sum(len(whole.findall(page)) for page in shown) == 60


@given(st.text(st.characters(exclude_categories=()), min_size=1, max_size=40))
@settings(max_examples=5, deadline=None)
def test_any_text_survives(text: str) -> None:
    """As words, as code and in an excerpt."""
    blocks = (Paragraph(("^", text, "^")), Paragraph((Code(f"%{text}%"),)))
    excerpt = Excerpt(text, (ExcerptLine(f"[{text}]", text, 1),))
    shown = "".join(pages(of_blocks(*blocks, excerpt)))
    assert "".join(f"^{visible(text)}^".split()) in shown
    assert "".join(f"%{one_line(text)}%".split()) in shown
    assert "".join(f"[{one_line(text)}]".split()) in shown


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither from the network nor from files, whatever the page should ask for."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        page = (
            f"<html><head><title>t</title><link rel=stylesheet href='{address}/a.css'>"
            f"<style>@import url('{address}/b.css'); p {{ background: url('{address}/c.png') }}</style>"
            f"</head><body><p>x</p><img src='{address}/d.png'><img src='file:///etc/hostname'></body></html>"
        )
        monkeypatch.setattr(pdf, "write_html", lambda *_: page)
        assert pdf.write_pdf(of_blocks()).startswith(b"%PDF")
        with pytest.raises(BlockingIOError):
            server.accept()


def test_without_pango_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weasyprint loads its libraries when it is imported."""

    class _Missing:
        @staticmethod
        def find_spec(name: str, *_: object) -> None:
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.delitem(sys.modules, "weasyprint")
    monkeypatch.setattr(sys, "meta_path", [_Missing, *sys.meta_path])
    with pytest.raises(pdf.PdfError) as error:
        pdf.write_pdf(of_blocks())
    assert error.value.exit_code == 1
    assert "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0" in str(error.value)
    assert "\n" not in str(error.value)
