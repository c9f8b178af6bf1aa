"""A write-up's sections and captions in the order of reading, with the numbers of every format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from bstinspect.reports.numbering import Numbers, numbers_of_sections
from bstinspect.writeup.document import Excerpt, Figure, Program, Table
from bstinspect.writeup.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bstinspect.writeup.document import Document, Section

Captioned: TypeAlias = Figure | Table | Excerpt | Program
Kind: TypeAlias = Literal["figure", "table", "listing"]


class Heading(NamedTuple):
    """A section as it stands in the whole: `level` 1 is one that holds others, `label` its number or letter.

    The label of an appendix is its letter ("A"), that of a section inside it "A.1"; empty where the main
    part is not numbered.
    """

    section: Section
    level: int
    label: str
    appendix: bool

    @property
    def opens_appendix(self) -> bool:
        """Whether an appendix begins here, whose heading has the word before its letter."""
        return self.appendix and self.level == 1


class Label(NamedTuple):
    """The number of a figure, table or listing with the word before it."""

    kind: Kind
    word: str
    number: int

    def __str__(self) -> str:
        return f"{self.word} {self.number}"


class Captions:
    """Counts figures, tables and listings in the order in which they are asked for."""

    def __init__(self, document: Document) -> None:
        words = WORDS[document.language]
        self._words: Final[dict[Kind, str]] = {
            "figure": words.figure,
            "table": words.table,
            "listing": words.listing,
        }
        self._numbers: Final = Numbers()

    def following(self, block: Captioned) -> Label:
        """Return the label of the next block of its kind."""
        kind: Kind = "listing"
        if isinstance(block, Figure):
            kind = "figure"
        elif isinstance(block, Table):
            kind = "table"
        return Label(kind, self._words[kind], self._numbers.following(kind))


def headings(document: Document) -> Iterator[Heading]:
    """Yield every section with its number: the main part, then the appendices, each before those inside."""
    labels = numbers_of_sections(document)
    for section in document.sections:
        yield from _walk(section, 1, labels, appendix=False)
    for section in document.appendices:
        yield from _walk(section, 1, labels, appendix=True)


def _walk(section: Section, level: int, labels: dict[int, str], *, appendix: bool) -> Iterator[Heading]:
    yield Heading(section, level, labels.get(id(section), ""), appendix)
    for inner in section.inside:
        yield from _walk(inner, level + 1, labels, appendix=appendix)
