"""Says things in English or Russian. The English sentence is the key of its translation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from bstinspect.writeup.document import Span, Text

Code: TypeAlias = Literal["en", "ru"]
_FIELD: Final = re.compile(r"\{(\w+)\}")
_MICROSECOND: Final = 1_000
_MILLISECOND: Final = 1_000_000
_SECOND: Final = 1_000_000_000


class Language:
    """One language: its sentences, its numbers and its plurals."""

    def __init__(self, code: Code) -> None:
        self.code: Code = code
        self._sentences: dict[str, str] = {}
        self._plurals: dict[str, tuple[str, str, str]] = {}
        self._units = ("µs", "ms", "s")
        if code == "ru":
            from bstinspect.writeup.russian import PLURALS, SENTENCES

            self._sentences, self._plurals = SENTENCES, PLURALS
            self._units = ("мкс", "мс", "с")

    def say(self, english: str, /, **values: object) -> str:
        """Return a sentence with its values filled in, as plain words."""
        return "".join(str(each) for each in self._parts(english, values))

    def text(self, english: str, /, **values: Span) -> Text:
        """Return a sentence whose values may be code, strong words or links."""
        return tuple(part for part in self._parts(english, values) if part != "")

    def count(self, number: int, thing: str) -> str:
        """Return ``3 calls``: a number with its noun (given in English, singular)."""
        if self.code == "en":
            plural = (
                thing[:-1] + "ies" if thing.endswith("ry") else thing + ("es" if thing.endswith("s") else "s")
            )
            return f"{self.number(number)} {thing if number == 1 else plural}"
        one, few, many = self._plurals[thing]
        last, teens = number % 10, 10 < number % 100 < 20
        word = one if last == 1 and not teens else few if 1 < last < 5 and not teens else many
        return f"{self.number(number)} {word}"

    def number(self, value: int) -> str:
        """Return a whole number with its thousands apart."""
        text = f"{value:,}"
        return text if self.code == "en" else text.replace(",", "\u00a0")

    def decimal(self, value: float, digits: int) -> str:
        """Return a number with so many digits behind the point, a comma in Russian."""
        text = f"{value:,.{digits}f}"
        return text if self.code == "en" else text.replace(",", "\u00a0").replace(".", ",")

    def milliseconds(self, nanoseconds: int, digits: int = 2) -> str:
        """Return nanoseconds as a number of milliseconds, without the unit."""
        return self.decimal(nanoseconds / _MILLISECOND, digits)

    def duration(self, nanoseconds: int) -> str:
        """Return a span of time with the unit that suits it."""
        small, middle, large = self._units
        if nanoseconds < _MILLISECOND:
            return f"{self.decimal(nanoseconds / _MICROSECOND, 0)}\u00a0{small}"
        if nanoseconds < _SECOND:
            return f"{self.decimal(nanoseconds / _MILLISECOND, 2)}\u00a0{middle}"
        return f"{self.decimal(nanoseconds / _SECOND, 2)}\u00a0{large}"

    def _parts(self, english: str, values: dict[str, object] | dict[str, Span]) -> list[Span]:
        sentence = self._sentences.get(english, english)
        parts: list[Span] = []
        for index, piece in enumerate(_FIELD.split(sentence)):
            parts.append(values[piece] if index % 2 else piece)  # type: ignore[arg-type]
        return parts
