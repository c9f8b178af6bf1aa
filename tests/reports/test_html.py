"""The HTML page as a parser reads it: structure, words, and nothing that any text could break out of."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import itertools
import re
from typing import Any, Final, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html  # type: ignore[import-untyped]

from bstinspect.reports.drawing import PRINT
from bstinspect.reports.html import write_html
from bstinspect.reports.visible import one_line, visible
from bstinspect.writeup.document import Cell, Column, Document, Paragraph, Section, Table, TitlePage
from bstinspect.writeup.words import WORDS

from .sample import HOSTILE, NASTY, hostile_document, sample_document

ANY_TEXT: Final = st.text(st.characters(exclude_categories=()), max_size=60)
MARKUP: Final = st.sampled_from(
    ["</script>", "<!--", "-->", "]]>", "</style>", "</title>", '"', "'", "&amp;", "<svg onload=alert(1)>",
     "{{ 1 }}", "javascript:alert(1)", "</svg>", "<![CDATA[", "\x00", "\udc80", "\u202e", "</code></pre>"]
)  # fmt: skip
HOSTILE_TEXT: Final = st.lists(st.one_of(ANY_TEXT, MARKUP), max_size=4).map("".join)


class Reader(html.parser.HTMLParser):
    """Collects elements, attributes and words as a browser would read them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        """Words between elements."""
        self.words.append(data)


def tree(document: Document) -> Any:
    """Return the page's elements."""
    return lxml_html.document_fromstring(write_html(document))


def of_class(name: str) -> str:
    """Return the XPath condition for a class."""
    return f"contains(concat(' ', @class, ' '), ' {name} ')"


def test_one_file_with_a_policy_that_allows_only_its_own_style_and_script(sample: Document) -> None:
    """Nothing is loaded; the hashes are those of what stands there; no attribute is a handler."""
    page = write_html(sample)
    root = lxml_html.document_fromstring(page)
    policy = root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        found = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert len(found) == 1
        digest = base64.b64encode(hashlib.sha256(found[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    for name, value in Reader(page).attributes:
        assert not name.startswith("on")
        assert name not in {"style", "src", "srcset", "action", "background"}
        if name == "href":
            assert re.match(r"#|\./|data:,$", value or "")
    assert "@import" not in page
    assert "url(" not in page


def test_structure_of_the_page(sample: Document) -> None:
    """One h1, no level left out, a language, a skip link, contents whose links lead somewhere."""
    root = tree(sample)
    words = WORDS[sample.language]
    assert root.get("lang") == sample.language
    levels = [int(element.tag[1]) for element in root.iter("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))
    names = root.xpath("//@id")
    assert len(names) == len(set(names))
    for address in root.xpath("//a/@href[starts-with(., '#')]"):
        assert address[1:] in names
    assert root.xpath("string(//a[@class='skip'])") == words.skip
    contents = [each.text_content() for each in root.xpath("//nav//a")]
    assert len(contents) == 8
    assert contents[0] == "1 " + sample.sections[0].title
    letter = "A" if sample.language == "en" else "А"
    assert f"{words.appendix} {letter}. {sample.appendices[0].title}" in contents


def test_figures_tables_and_listings_are_numbered_and_described(sample: Document) -> None:
    """In the order of the page; each drawing is labelled by its caption and its alternative text."""
    root = tree(sample)
    words = WORDS[sample.language]
    captions = [each.text_content() for each in root.xpath("//caption|//figcaption")]
    for word, count in ((words.figure, 9), (words.table, 2), (words.listing, 3)):
        numbered = [caption for caption in captions if caption.startswith(word + " ")]
        assert [caption.partition(" — ")[0] for caption in numbered] == [
            f"{word} {n + 1}" for n in range(count)
        ]
    for picture in root.xpath("//svg"):
        for name in picture.get("aria-labelledby").split():
            assert root.get_element_by_id(name).text_content().strip()


def test_tables_can_be_sorted_and_read(sample: Document) -> None:
    """Heads have a scope and a button, numbers stand to the right, cells keep what they are sorted by."""
    table = tree(sample).get_element_by_id("requirements")
    heads = table.xpath("thead/tr/th")
    assert [head.get("scope") for head in heads] == ["col"] * 5
    assert [head.get("aria-sort") for head in heads] == ["none"] * 5
    assert [head[0].tag for head in heads] == ["button"] * 5
    assert ["numeric" in (head.get("class") or "") for head in heads] == [False, False, True, True, False]
    assert [float(value) for value in table.xpath("tbody/tr/td[2]/@data-value")] == [1204, 98, 31007]
    assert table.xpath("tbody/tr/th/@scope") == ["row"] * 3


def test_a_call_shows_its_full_line(sample: Document) -> None:
    """On hover, and to those who come with the keyboard."""
    code = tree(sample).get_element_by_id("requirements").xpath(".//code")[0]
    assert code.text == "clone3"
    assert code.get("title").startswith("clone3({flags=")
    assert code.get("tabindex") == "0"


def test_excerpts_have_numbers_notes_and_folded_lines(sample: Document) -> None:
    """A folded line is another class and no code."""
    rows = tree(sample).xpath(f"(//table[{of_class('excerpt')}])[1]/tbody/tr")
    assert [row.get("class") for row in rows] == ["folded", None, None, None]
    assert [row[0].text_content() for row in rows] == ["", "1204", "1205", "1310"]
    assert not rows[0].xpath(".//code")
    assert rows[1][1].text_content().startswith('4202 sendto(9, "\\1')
    assert rows[1][2].text_content().endswith(".")


def test_all_words_are_of_one_language() -> None:
    """No English word of the page's own in a Russian report."""
    plain = Document("ru", TitlePage((), "а", "", ()), (), (Section("one", "б"),), (Section("two", "в"),))
    shown = tree(plain).xpath("//body")[0].text_content()
    assert not re.search(r"[A-Za-z]", re.sub(r'"use strict".*', "", shown, flags=re.DOTALL))


def test_a_title_page_only_where_it_is_asked_for() -> None:
    """The sheet knows it by a class."""
    assert tree(sample_document(formal=True)).xpath("//body/@class") == ["formal"]
    assert tree(sample_document(formal=False)).xpath("//body/@class") == []


def test_a_page_for_paper_has_fixed_colours_in_its_drawings() -> None:
    """For weasyprint, which knows no variables inside SVG."""
    drawn = re.findall(r"<svg.*?</svg>", write_html(sample_document(), PRINT), re.DOTALL)
    assert len(drawn) == 9
    assert not any("var(" in each for each in drawn)
    assert "var(--ink)" in re.findall(r"<svg.*?</svg>", write_html(sample_document()), re.DOTALL)[0]


@given(HOSTILE_TEXT, st.sampled_from(["en", "ru"]))
@settings(max_examples=40)
def test_no_text_breaks_out(text: str, language: Literal["en", "ru"]) -> None:
    """Whatever a text is, the page has the elements that it has for a harmless one, and all of the text."""
    page = write_html(hostile_document(text, language))
    page.encode()
    reader, harmless = Reader(page), Reader(write_html(hostile_document("word" if text else "", language)))
    allowed = {
        "g",
        "title",
        "text",
        "tspan",
        "span",
        "a",
    }  # shortened or not; lines of a program; a link or none
    assert [tag for tag in reader.tags if tag not in allowed] == [
        tag for tag in harmless.tags if tag not in allowed
    ]
    assert {name for name, _ in reader.attributes} <= {name for name, _ in harmless.attributes} | {"title"}
    shown = lxml_html.document_fromstring(page)
    assert shown.xpath("//h1")[0].text_content().split() == visible(text).split()
    code = shown.xpath(f"//p/code[{of_class('whole')}]") if text else shown.xpath("//p/code")
    assert code[0].text_content() == one_line(text)
    if text:
        assert code[0].get("title").split() == visible(text).split()
    assert shown.xpath("//pre/code")[0].text_content().split() == visible(text).split()


@pytest.mark.parametrize(
    "name", [HOSTILE, NASTY, "javascript:alert(1)", "//example.org/x", "../../etc/passwd", "\ud800"]
)
def test_the_trace_is_a_file_beside_the_page(name: str) -> None:
    """Its address leads nowhere else, whatever it is called."""
    for summary, place in (((Paragraph(("w",)),), "section[{}]"), ((), "nav[{}]")):
        document = Document("en", TitlePage((), "t", "", ()), summary, (), (), trace=name)
        where = place.format(of_class("summary" if summary else "contents"))
        (address,) = tree(document).xpath(f"//{where}//a/@href")
        assert re.fullmatch(r"\./[A-Za-z0-9_.%~-]+", address)
        assert "/" not in address[2:]


def test_anchors_that_are_alike_stay_apart() -> None:
    """Those of the page itself included; a link to nothing is plain words."""
    table = Table("t", (Column("c"),), ((Cell(("x",)),),), anchor="contents")
    sections = tuple(
        Section(anchor, "s", (table,)) for anchor in ("a b", "a-b", "contents", "", "drawing-1", "part-a-b-2")
    )
    root = tree(Document("en", TitlePage((), "t", "", ()), (Paragraph(("w",)),), sections, ()))
    assert len(root.xpath("//section[@aria-labelledby]")) == 7
    names = root.xpath("//h2/@id")
    assert len(names) == len(set(names)) == 8
