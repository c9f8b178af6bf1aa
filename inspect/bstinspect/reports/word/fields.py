"""Word's fields and what else python-docx has no calls for, as WordprocessingML (ECMA-376, part 1, 17)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docx.oxml import OxmlElement
from docx.oxml.ns import qn

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.oxml.xmlchemy import BaseOxmlElement
    from docx.styles.style import ParagraphStyle
    from docx.table import _Cell, _Row
    from docx.text.paragraph import Paragraph


def element(tag: str, /, **attributes: str) -> BaseOxmlElement:
    """Return an element of the namespace w, with attributes of it."""
    made = OxmlElement(f"w:{tag}")
    for key, value in attributes.items():
        made.set(qn(f"w:{key}"), value)
    return made


def add_field(paragraph: Paragraph, instruction: str, result: str) -> None:
    """Add a field with the result that it has until somebody updates it."""
    open_field(paragraph, instruction)
    paragraph.add_run(result)
    close_field(paragraph)


def open_field(paragraph: Paragraph, instruction: str) -> None:
    """Begin a field; what follows is its result."""
    paragraph.add_run()._r.append(element("fldChar", fldCharType="begin"))  # noqa: SLF001 - no call for it
    text = element("instrText")
    text.set(qn("xml:space"), "preserve")
    text.text = f" {instruction} "
    paragraph.add_run()._r.append(text)  # noqa: SLF001
    paragraph.add_run()._r.append(element("fldChar", fldCharType="separate"))  # noqa: SLF001


def close_field(paragraph: Paragraph) -> None:
    """End a field."""
    paragraph.add_run()._r.append(element("fldChar", fldCharType="end"))  # noqa: SLF001


def bookmark(paragraph: Paragraph, name: str, number: int) -> None:
    """Put a bookmark around all of a paragraph."""
    begin = element("bookmarkStart", id=str(number), name=name)
    properties = paragraph._p.pPr  # noqa: SLF001
    if properties is None:
        paragraph._p.insert(0, begin)  # noqa: SLF001
    else:
        properties.addnext(begin)
    paragraph._p.append(element("bookmarkEnd", id=str(number)))  # noqa: SLF001


def link(paragraph: Paragraph, to: str, text: str) -> None:
    """Add words that lead to a bookmark."""
    made = element("hyperlink", anchor=to)
    run = paragraph.add_run(text)._r  # noqa: SLF001
    made.append(run)
    paragraph._p.append(made)  # noqa: SLF001


def repeat_header(row: _Row) -> None:
    """Have a table's row stand at the top of each page that the table goes on to."""
    row._tr.get_or_add_trPr().append(element("tblHeader"))  # noqa: SLF001


def keep_whole(row: _Row) -> None:
    """Have a row stand on one page."""
    row._tr.get_or_add_trPr().append(element("cantSplit"))  # noqa: SLF001


def shade(cell: _Cell, fill: str) -> None:
    """Colour a cell's ground."""
    cell._tc.get_or_add_tcPr().append(element("shd", val="clear", color="auto", fill=fill))  # noqa: SLF001


def describe(shape: BaseOxmlElement, text: str) -> None:
    """Give a picture words for those who cannot see it."""
    properties = shape.find(qn("wp:docPr"))
    if properties is not None:
        properties.set("descr", text)


def set_font(style: ParagraphStyle, name: str) -> None:
    """Set a style's font for letters of every script."""
    style.font.name = name
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for key in ("ascii", "hAnsi", "cs", "eastAsia"):
        fonts.set(qn(f"w:{key}"), name)
    for key in ("asciiTheme", "hAnsiTheme", "cstheme", "eastAsiaTheme"):
        fonts.attrib.pop(qn(f"w:{key}"), None)


def set_language(document: WordDocument, code: str) -> None:
    """Say in which language the document is, for whoever checks its spelling or reads it aloud."""
    for properties in document.styles.element.iter(qn("w:rPrDefault")):
        for each in properties.iter(qn("w:lang")):
            each.set(qn("w:val"), code)


_BEHIND_UPDATE: Final = ("hdrShapeDefaults", "footnotePr", "endnotePr", "compat", "docVars", "rsids")
"""What has to stand behind updateFields (CT_Settings is a sequence); templates have one of them."""


def update_when_opened(document: WordDocument) -> None:
    """Have page numbers in the contents filled in: nobody but the program that opens it knows them."""
    settings = document.settings.element
    made = element("updateFields", val="true")
    for name in _BEHIND_UPDATE:
        found = settings.find(qn(f"w:{name}"))
        if found is not None:
            found.addprevious(made)
            return
    settings.append(made)


def new_list(document: WordDocument, style: str) -> int:
    """Return the number of a list in a style of its own counting: it begins at 1 (17.9.27, startOverride)."""
    properties = document.styles[style].element.pPr
    numbering = document.part.numbering_part.element
    of_style = properties.numPr.numId.val
    abstract = next(
        each.abstractNumId.val for each in numbering.findall(qn("w:num")) if each.numId == of_style
    )
    made = numbering.add_num(abstract)
    made.add_lvlOverride(ilvl=0).add_startOverride(1)
    number: int = made.numId
    return number


def put_into_list(paragraph: Paragraph, number: int) -> None:
    """Have a paragraph count in a list."""
    properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()  # noqa: SLF001
    properties.get_or_add_ilvl().val = 0
    properties.get_or_add_numId().val = number
