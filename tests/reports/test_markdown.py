"""Markdown: parsed as CommonMark with tables, so that what is hostile is seen as a reader sees it."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bstinspect.reports.html import write_html
from bstinspect.reports.markdown import write_markdown
from bstinspect.reports.mermaid import mermaid
from bstinspect.reports.visible import one_line, visible
from bstinspect.writeup.document import (
    Cell,
    Code,
    Column,
    Document,
    Excerpt,
    ExcerptLine,
    Figure,
    Gantt,
    Link,
    Note,
    Paragraph,
    Program,
    Section,
    Sequence,
    Strong,
    Table,
    TitlePage,
    Tree,
    Twig,
)

from .sample import HOSTILE, MS, NASTY, Language, drawings, hostile_document, sample_document

if TYPE_CHECKING:
    from markdown_it.token import Token

    from bstinspect.writeup.document import Block

PARSER: Final = MarkdownIt("commonmark").enable(["table", "strikethrough"])
ANY_TEXT: Final = st.text(st.characters(exclude_categories=()), max_size=60)
MARKUP: Final = st.text(st.sampled_from("`*_[]()<>#|\\~!&$;-+=.: \t\nab1"), max_size=25)
OWN_HTML: Final = re.compile(r'<a id="[\w-]+">|</a>|</?strong>|</?code>')


def of_blocks(*blocks: Block) -> str:
    """Return a document of these blocks as Markdown."""
    page = TitlePage((), "Title", "", ())
    return write_markdown(Document("en", page, (), (Section("here", "Here", blocks),), ()))


def parsed(markdown: str) -> list[Token]:
    """Return all tokens, those of text on a line included."""
    return [token for each in PARSER.parse(markdown) for token in (each, *(each.children or ()))]


def inner(markdown: str, kind: str) -> list[str]:
    """Return the words of every element of a kind (``td``, ``paragraph``) as a reader sees them."""
    tokens = PARSER.parse(markdown)
    return [
        "".join(
            re.sub(r"&#124;", "|", child.content)
            for child in after.children or ()
            if child.type in {"text", "text_special", "code_inline"}
        )
        for token, after in itertools.pairwise(tokens)
        if token.type == f"{kind}_open"
    ]


def fences(markdown: str) -> list[tuple[str, str]]:
    """Return the language and the text of each fenced block."""
    return [(token.info, token.content) for token in parsed(markdown) if token.type == "fence"]


def test_contents_and_links_lead_somewhere(sample: Document) -> None:
    """Every section is in the contents; every link of the document has its place."""
    text = write_markdown(sample)
    places = re.findall(r'<a id="([\w-]+)"></a>', text)
    links = [str(token.attrGet("href")) for token in parsed(text) if token.type == "link_open"]
    assert len(set(places)) == len(places)
    assert {link.removeprefix("#") for link in links} <= set(places)
    assert {"#environment", "#hash", "#names", "#inner", "#requirements"} <= set(links)


def test_numbers_are_those_of_the_page(sample: Document) -> None:
    """A figure has the same number in each format, and so has a section."""
    page = re.findall(r'<span class="number">(\D+ \d+)</span>', write_html(sample))
    text = write_markdown(sample)
    assert re.findall(r"\*\*(\D+ \d+)\*\* — ", text) == [each for each in page if not each[-1].isalpha()]
    assert len(page) > 9
    assert re.search(r"^### (Б|B)\.1 ", text, re.MULTILINE)


def test_nothing_hostile_is_markup(sample: Document) -> None:
    """The only HTML is our own."""
    tokens = parsed(write_markdown(sample))
    html = [token.content for token in tokens if token.type in {"html_inline", "html_block"}]
    assert all(OWN_HTML.fullmatch(each) for each in html)
    assert one_line(NASTY) in "".join(inner(write_markdown(sample), "paragraph"))
    assert HOSTILE in inner(write_markdown(sample), "td")


@given(st.one_of(ANY_TEXT, MARKUP))
def test_any_text_survives_in_a_paragraph_and_a_table(text: str) -> None:
    """Blanks at the ends are all that is lost."""
    before, after = Paragraph(("a", text, "z")), Paragraph((text,))
    table = Table(
        text,
        (Column("Words"), Column(text)),
        ((Cell((text,)), Cell((Code(f"a{text}z"),))), (Cell(("-", Code(text), Strong(text))), Cell(("x",)))),
    )
    markdown = of_blocks(before, after, table)
    shown, words = one_line(text), one_line(text).strip()
    paragraphs = inner(markdown, "paragraph")
    assert f"a{shown}z" in paragraphs
    assert words in paragraphs or not words
    assert inner(markdown, "td")[:2] == [words, f"a{shown}z"]
    assert inner(markdown, "td")[3] == "x"
    assert inner(markdown, "th")[1] == words
    html = [token.content for token in parsed(markdown) if token.type.startswith("html")]
    assert all(OWN_HTML.fullmatch(each) for each in html)


@given(st.one_of(ANY_TEXT, MARKUP))
@example("# x")
@example("+ x")
@example("1) x")
def test_any_document_is_written(text: str) -> None:
    """Wherever a text stands; what comes after it still is what it was."""
    markdown = write_markdown(hostile_document(text))
    markdown.encode()
    blocks = fences(markdown)
    assert [language for language, _ in blocks] == ["text", "", "mermaid", "mermaid", "mermaid"]
    assert blocks[1][1] == visible(text) + "\n"
    levels = [token.tag for token in parsed(markdown) if token.type == "heading_open"]
    assert levels == ["h1", "h2", "h2", "h2", "h3", "h2"]


def test_a_link_to_nothing_is_its_words() -> None:
    """A hostile anchor leads nowhere either."""
    markdown = of_blocks(Paragraph((Link("there", "javascript:alert(1)"), " and ", Link("here", "here"))))
    assert "there and [here](#here)" in markdown


def test_notes_stand_beside_a_line_or_below_the_excerpt() -> None:
    """Beside where there is room, aligned; below with a number otherwise."""
    lines = (
        ExcerptLine("close(3) = 0", "Closed.", 9),
        ExcerptLine("getpid() = 7", "", 10),
        ExcerptLine("kill(7, SIGKILL) = 0", "The shot.", 11),
        ExcerptLine("x" * 110, "# What is too wide.", 12),
        ExcerptLine("4 reads", folded=True),
    )
    markdown = of_blocks(Excerpt("Lines", lines, "By hand."))
    assert fences(markdown)[0][1].splitlines() == [
        " 9  close(3) = 0          # Closed.",
        "10  getpid() = 7",
        "11  kill(7, SIGKILL) = 0  # The shot.",
        f"12  {'x' * 110}  # (1)",
        "    [… 4 reads]",
    ]
    assert inner(markdown, "paragraph")[-2:] == ["# What is too wide.", "By hand."]


def test_long_texts_are_bounded() -> None:
    """A megabyte in a cell or a line does not make a file of megabytes; a program is whole."""
    long = "y" * 1_000_000
    table = Table("T", (Column("C"),), ((Cell((Code(long),)),),))
    assert len(of_blocks(table, Excerpt("E", (ExcerptLine(long),)), Paragraph((long,)))) < 5000
    assert long in of_blocks(Program("P", long))


def test_a_warning_has_a_sign() -> None:
    """Colours there are none."""
    assert "> ⚠ Cut." in of_blocks(Note(("Cut.",), "warn"))
    assert "> \\- Fine." in of_blocks(Note(("- Fine.",)))


def test_mermaid_of_the_sample() -> None:
    """Arrows, losses, deaths; trees with their tones; bars in the axis's unit."""
    text = "\n".join(block for language, block in fences(write_markdown(sample_document())) if language)
    for line in (
        "participant p2 as node 3<br/>pid 4202",
        "p0->>p1: exec 4 +x 12 (0.120 ms)",
        "p1-xp2: ping 4 (6.000 ms)",
        "Note over p2: SIGKILL (5.000 ms)",
        'n0["5<br/>pid 4201"]:::good',
        'n0 --> n1["3<br/>pid 4202"]:::bad',
        "axisFormat %Q",
        "in the kernel :2, 6",
        "SIGKILL :milestone, 55, 0ms",
        "accDescr: Node 3 is dead#59; 1, 2 and 4 below it cannot be reached.",
    ):
        assert f"    {line}\n" in text


@given(
    st.one_of(ANY_TEXT, MARKUP, st.sampled_from(["click", "title", "wrap: x", "1. x", "- x", "end", "%%"]))
)
def test_no_text_has_a_meaning_in_mermaid(text: str) -> None:
    """As many lines as for plain words; nothing in them begins or ends something."""
    for plain, drawing in zip(drawings("plain"), drawings(text), strict=True):
        if not isinstance(drawing, Sequence | Tree | Gantt) or not isinstance(plain, type(drawing)):
            continue
        lines = mermaid(drawing, text).split("\n")
        wanted = mermaid(plain, "plain").split("\n")
        assert len(lines) == len(wanted)
        for line, like in zip(lines, wanted, strict=True):
            begin, _, end = like.partition("plain")
            assert line.startswith(begin)
            assert line.endswith(end.rpartition("plain")[2])
            said = line.replace("<br/>", "") if "<br/>" in like else line
            said = re.sub(r"#\d+;", "", said.removeprefix(begin))
            assert like == line or not re.search(r"[<>`{}]|%%|-->|->>", said)
            if isinstance(drawing, Gantt) and " :" in like:
                assert line.count(":") == 1
                assert not re.match(r"\s+(?:click|title|section)\b", line)


@pytest.mark.parametrize("count", [150, 1000])
def test_large_drawings_are_cut(count: int) -> None:
    """However deep; what is left out is counted."""
    twig = Twig("leaf")
    for _ in range(count - 1):
        twig = Twig("node", below=(twig,))
    lines = mermaid(Tree((twig,)), "deep").split("\n")
    assert sum("-->" in line for line in lines) == 149
    assert (f'    more["… +{count - 150}"]:::none' in lines) is (count > 150)


def test_a_short_gantt_has_thousandths() -> None:
    """Five milliseconds are not five ticks."""
    gantt = drawings("x")[2]
    assert isinstance(gantt, Gantt)
    assert gantt.length == 10 * MS
    lines = mermaid(gantt, "short").split("\n")
    assert "    axisFormat %S.%L" in lines
    assert "    x :0, 1000" in lines


@pytest.mark.parametrize("language", ["en", "ru"])
def test_bars_are_a_table(language: Language) -> None:
    """Readable raw: the longest has the longest bar."""
    bars = next(each for each in drawings("b") if not isinstance(each, Sequence | Tree | Gantt))
    page = TitlePage((), "T", "", ())
    section = Section("s", "S", (Figure("Caption", bars, "words"),))
    rows = [
        line
        for line in write_markdown(Document(language, page, (), (section,), ())).split("\n")
        if line.startswith("| b")
    ]
    assert [row.count("█") for row in rows] == [0, 24, 0]
