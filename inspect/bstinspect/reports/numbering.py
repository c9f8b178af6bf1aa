"""Numbers that every format gives: of sections, appendices, figures, tables and listings."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bstinspect.writeup.document import Document, Section

# GOST 7.32-2017 leaves out of the letters of appendices those that are easily taken for others.
_LETTERS: Final = {
    "en": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "ru": "АБВГДЕЖИКЛМНПРСТУФХЦШЩЭЮЯ",
}


class Numbers:
    """Counts figures, tables and listings in the order in which they are asked for."""

    def __init__(self) -> None:
        self._counted: Counter[str] = Counter()

    def following(self, kind: Literal["figure", "table", "listing"]) -> int:
        """Return the next number of a kind, from 1."""
        self._counted[kind] += 1
        return self._counted[kind]


def appendix_letter(index: int, language: Literal["en", "ru"]) -> str:
    """Return the letter of an appendix, from 0: A, B ..., and after the last one A1, B1 ..."""
    letters = _LETTERS[language]
    turn, place = divmod(index, len(letters))
    return letters[place] + (str(turn) if turn else "")


def numbers_of_sections(document: Document) -> dict[int, str]:
    """Return the number (``2``, ``2.1``; an appendix's letter) of each section, by `id` of its object.

    Sections of the main part have none where the document is not numbered.
    """
    found: dict[int, str] = {}
    if document.numbered:
        for index, section in enumerate(document.sections):
            found.update(_below(section, str(index + 1)))
    for index, section in enumerate(document.appendices):
        found.update(_below(section, appendix_letter(index, document.language)))
    return found


def _below(section: Section, number: str) -> Iterator[tuple[int, str]]:
    yield id(section), number
    for index, inside in enumerate(section.inside):
        yield from _below(inside, f"{number}.{index + 1}")
