"""What every format numbers alike: sections, appendices, figures, tables and listings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from bstinspect.writeup.document import Document, Excerpt, Figure, Program, Section, Table
from bstinspect.writeup.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

Captioned: TypeAlias = Figure | Table | Excerpt | Program
Kind: TypeAlias = Literal["figure", "table", "listing"]
_LETTERS: Final = {"en": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "ru": "АБВГДЕЖИКЛМНПРСТУФХЦШЩЭЮЯ"}
"""Letters of appendices; GOST 7.32-2017 (6.17.4) leaves out Ё, З, Й, О, Ч, Ъ, Ы, Ь."""


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
        self._counts: Final[dict[Kind, int]] = dict.fromkeys(self._words, 0)

    def next(self, block: Captioned) -> Label:
        """Return the label of the next block of its kind."""
        kind: Kind = (
            "figure" if isinstance(block, Figure) else "table" if isinstance(block, Table) else "listing"
        )
        self._counts[kind] += 1
        return Label(kind, self._words[kind], self._counts[kind])


def headings(document: Document) -> Iterator[Heading]:
    """Yield every section with its number: the main part, then the appendices, each before those inside."""
    for number, section in enumerate(document.sections, start=1):
        yield from _walk(section, 1, str(number) if document.numbered else "", appendix=False)
    for number, section in enumerate(document.appendices):
        yield from _walk(section, 1, _letter(number, _LETTERS[document.language]), appendix=True)


def _walk(section: Section, level: int, label: str, *, appendix: bool) -> Iterator[Heading]:
    yield Heading(section, level, label, appendix)
    for number, inner in enumerate(section.inside, start=1):
        yield from _walk(inner, level + 1, f"{label}.{number}" if label else "", appendix=appendix)


def _letter(index: int, letters: str) -> str:
    return letters[index] if index < len(letters) else str(index + 1)
