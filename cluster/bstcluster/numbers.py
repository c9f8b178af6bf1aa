"""The integers of an `exec`: their form, their sum, and the chunks in which they travel."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

MAX_DIGITS: Final = 4300
"""The longest integer that is read, in digits: Python's own default limit (sys.get_int_max_str_digits)."""
CHUNK_BYTES: Final = 1 << 15
"""About how many bytes of text travel in one message: 2 ms of adding up at most."""
_INTEGER: Final = re.compile(rb"[+-]?[0-9]+")
_SHOWN: Final = 40
_TOO_LONG_FOR_STR: Final = 10**MAX_DIGITS


class BadNumberError(ValueError):
    """A word is no integer of at most `MAX_DIGITS` digits. `str()` is the sentence for a person."""


def quoted(word: bytes) -> str:
    """Return a word of the input in double quotes, printable and short, for an error message."""
    text = word[: _SHOWN * 4].decode("utf-8", "backslashreplace")
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    text = text.replace('"', '\\"')
    return f'"{text}"' if len(text) <= _SHOWN else f'"{text[:_SHOWN]}..."'


def parse_integer(word: bytes) -> int:
    """Read ``[+-]?[0-9]+`` in ASCII. Raises BadNumberError."""
    if not _INTEGER.fullmatch(word):
        raise BadNumberError(f"{quoted(word)} is not an integer")
    if len(word.lstrip(b"+-")) > MAX_DIGITS:
        raise BadNumberError(f"{quoted(word)} has more than {MAX_DIGITS} digits")
    return int(word)


def add_up(text: bytes) -> tuple[int, int]:
    """Return how many integers stand in `text` (separated by white space), and their exact sum.

    Raises BadNumberError for the first word that is not one.
    """
    words = text.split()
    try:
        if b"_" in text:  # int() takes 1_000, the assignment does not
            raise ValueError  # noqa: TRY301 - the slow path below finds the word
        return len(words), sum(map(int, words))
    except ValueError:
        return len(words), sum(map(parse_integer, words))


def decimal(value: int) -> str:
    """Return `value` in decimal, whatever its size (Python's str() stops at `MAX_DIGITS` digits)."""
    if -_TOO_LONG_FOR_STR < value < _TOO_LONG_FOR_STR:
        return str(value)
    high, low = divmod(abs(value), _TOO_LONG_FOR_STR)
    return f"{'-' if value < 0 else ''}{decimal(high)}{low:0{MAX_DIGITS}d}"


def chunks_of(numbers: Iterable[int]) -> Iterator[bytes]:
    """Yield `numbers` as text, in chunks of about `CHUNK_BYTES`, holding no more than one at a time.

    Raises BadNumberError for one of more than `MAX_DIGITS` digits: it would be refused, or fit no message.
    """
    words: list[str] = []
    size = 0
    for number in numbers:
        if not -_TOO_LONG_FOR_STR < number < _TOO_LONG_FOR_STR:
            raise BadNumberError(f"a number has more than {MAX_DIGITS} digits")
        words.append(decimal(number))
        size += len(words[-1]) + 1
        if size >= CHUNK_BYTES:
            yield " ".join(words).encode()
            words, size = [], 0
    yield " ".join(words).encode()


async def whole_words(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Cut a stream of bytes anew, so that no word is split between two chunks of about `CHUNK_BYTES`.

    A "word" longer than any integer may be is passed on in parts: the first part is an error by itself.
    """
    rest = b""
    async for piece in pieces:
        data = rest + piece
        start = 0
        while len(data) - start > CHUNK_BYTES:
            end = _last_space(data, start, start + CHUNK_BYTES)
            yield data[start:end]
            start = end
        rest = data[start:]
    yield rest


def _last_space(data: bytes, start: int, end: int) -> int:
    """Return where to cut `data` in ``start..end``: behind its last white space, or at `end` without one."""
    for position in range(end, max(start, end - 2 * MAX_DIGITS), -1):
        if data[position - 1 : position].isspace():
            return position
    return end
