"""The integers of an exec: their form, their sum, their decimal form, the chunks in which they travel."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bstcluster.numbers import (
    CHUNK_BYTES,
    MAX_DIGITS,
    BadNumberError,
    add_up,
    chunks_of,
    decimal,
    parse_integer,
    quoted,
    whole_words,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LONGEST = b"9" * MAX_DIGITS

GOOD = [
    (b"0", 0),
    (b"-0", 0),
    (b"+0", 0),
    (b"+5", 5),
    (b"-5", -5),
    (b"007", 7),
    (b"9223372036854775808", 2**63),
    (b"-170141183460469231731687303715884105728", -(2**127)),
    (LONGEST, 10**MAX_DIGITS - 1),
    (b"-" + LONGEST, 1 - 10**MAX_DIGITS),
    (b"+" + LONGEST, 10**MAX_DIGITS - 1),
]

BAD = [
    b"",
    b"+",
    b"-",
    b"--5",
    b"+-5",
    b"5-",
    b"1_000",
    b"_1",
    b"1.5",
    b"1e3",
    b"0x10",
    b"0b1",
    b"abc",
    b"7x",
    b"NaN",
    b"inf",
    b"5\x00",
    b"\x005",
    b"\xff",
    "\N{ARABIC-INDIC DIGIT ONE}".encode(),
    "\N{FULLWIDTH DIGIT FIVE}".encode(),
    "\N{SUPERSCRIPT TWO}".encode(),
    "\N{MINUS SIGN}5".encode(),
    b"\xa05",
    b"\x1c5",
    LONGEST + b"9",
    b"-" + LONGEST + b"9",
    b"0" * (MAX_DIGITS + 1),
]


@pytest.mark.parametrize(("word", "value"), GOOD)
def test_integers(word: bytes, value: int) -> None:
    """These are integers, alone and among others."""
    assert parse_integer(word) == value
    assert add_up(b" 1 " + word + b" ") == (2, value + 1)


@pytest.mark.parametrize("word", BAD)
def test_no_integers(word: bytes) -> None:
    """These are none: parse_integer and add_up agree, and say so with the word in quotes."""
    with pytest.raises(BadNumberError, match=r'^".*" (is not an integer|has more than 4300 digits)$'):
        parse_integer(word)
    if word:
        with pytest.raises(BadNumberError):
            add_up(b"1 " + word + b" 2")


@given(st.binary(max_size=12))
@example(b"1_0")
def test_one_word_has_one_reading(word: bytes) -> None:
    """For any word, the fast path of add_up and parse_integer accept the same, with the same value."""
    try:
        expected: tuple[int, int] | None = (1, parse_integer(word))
    except BadNumberError:
        expected = None
    if len(word.split()) != 1 or word.split()[0] != word:
        assert expected is None
        return
    if expected is None:
        with pytest.raises(BadNumberError):
            add_up(word)
    else:
        assert add_up(word) == expected


@given(st.lists(st.integers()), st.sampled_from([b" ", b"\t", b"\r\n", b"  ", b"\x0b", b"\x0c"]))
def test_sums_are_exact(numbers: list[int], space: bytes) -> None:
    """Any integers, between any white space."""
    assert add_up(space.join(b"%d" % number for number in numbers)) == (len(numbers), sum(numbers))


@pytest.mark.parametrize("digits", [1, 4299, 4300, 4301, 8600, 8601, 12_901, 50_000])
@pytest.mark.parametrize("sign", [1, -1])
def test_decimal_of_any_size(digits: int, sign: int) -> None:
    """`decimal` writes what str() would if it were allowed to, zeros in the middle included."""
    for value in (10 ** (digits - 1), 10**digits - 1, 10**digits + 7):
        assert decimal(sign * value) == unlimited(sign * value)


@given(st.integers(), st.integers(0, 5))
def test_decimal(value: int, power: int) -> None:
    """`decimal` of any integer, around the powers where its pieces meet."""
    shifted = value + 10 ** (MAX_DIGITS * power)
    assert decimal(shifted) == unlimited(shifted)


def unlimited(value: int) -> str:
    """Return str(value) with Python's own limit out of the way."""
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        return str(value)
    finally:
        sys.set_int_max_str_digits(limit)


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        (b"7x", '"7x"'),
        (b'a"b', '"a\\"b"'),
        (b"\x1b[31m", '"\\x1b[31m"'),
        (b"\xff", '"\\xff"'),
        ("дом".encode(), '"дом"'),
        (b"9" * 41, '"' + "9" * 40 + '..."'),
        (b"", '""'),
    ],
)
def test_quoted(word: bytes, shown: str) -> None:
    """Words of the input in error messages are short and printable, and end where they end."""
    assert quoted(word) == shown


@given(st.binary(max_size=300))
def test_quoted_is_always_one_short_printable_line(word: bytes) -> None:
    """Whatever the input holds, an error about it is one line without control characters."""
    shown = quoted(word)
    assert shown.isprintable()
    assert '"' not in shown[1:-1].replace('\\"', "")
    assert len(shown) <= 45


@settings(max_examples=30)
@given(
    st.lists(st.one_of(st.integers(), st.integers(-(10**4000), 10**4000)), max_size=50), st.integers(1, 200)
)
def test_chunks_hold_the_same_numbers(numbers: list[int], times: int) -> None:
    """`chunks_of` keeps every number, in order, and no chunk is much longer than it should be."""
    many = numbers * times
    chunks = list(chunks_of(many))
    assert [word for chunk in chunks for word in chunk.split()] == [b"%d" % number for number in many]
    assert all(len(chunk) <= CHUNK_BYTES + MAX_DIGITS + 2 for chunk in chunks)


def cut_anew(pieces: list[bytes]) -> list[bytes]:
    """Return the chunks that `whole_words` makes of `pieces`."""

    async def source() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    async def collect() -> list[bytes]:
        return [chunk async for chunk in whole_words(source())]

    return asyncio.run(collect())


@settings(max_examples=60)
@given(
    words=st.lists(st.binary(min_size=1, max_size=8).filter(lambda word: not word.split()[1:]), max_size=20),
    times=st.integers(1, 2000),
    space=st.sampled_from([b" ", b"\t", b"   ", b"\r", b"\x0b"]),
    cuts=st.lists(st.integers(1, 70_000), max_size=10),
)
def test_whole_words(words: list[bytes], times: int, space: bytes, cuts: list[int]) -> None:
    """However the text arrives, the same words come out, none of them split between two chunks."""
    text = space.join(words * times)
    chunks = cut_anew(pieces_of(text, cuts))
    assert b"".join(chunks) == text
    assert [word for chunk in chunks for word in chunk.split()] == text.split()
    assert all(len(chunk) <= CHUNK_BYTES for chunk in chunks)


@given(st.integers(0, 3 * MAX_DIGITS), st.integers(1, 5))
@settings(max_examples=30)
def test_the_longest_integers_stay_whole(before: int, width: int) -> None:
    """Integers of 4300 digits with a sign are never cut, wherever the chunks' ends fall."""
    text = b"1" * before + b" " + b" ".join([b"-" + LONGEST] * 40)
    pieces = pieces_of(text, [CHUNK_BYTES // width] * 10)
    words = [word for chunk in cut_anew(pieces) for word in chunk.split()]
    assert words[-40:] == [b"-" + LONGEST] * 40


def test_an_endless_word_is_an_error_and_not_held() -> None:
    """A word longer than any integer is passed on in parts, of which the first is refused by itself."""
    chunks = cut_anew([b"1 2 ", *[b"9" * 65_536] * 20])
    assert max(map(len, chunks)) <= CHUNK_BYTES
    with pytest.raises(BadNumberError, match="more than 4300 digits"):
        add_up(chunks[0])


def pieces_of(text: bytes, cuts: list[int]) -> list[bytes]:
    """Cut `text` into pieces of the lengths `cuts`, and what is left."""
    pieces = []
    for length in cuts:
        pieces.append(text[:length])
        text = text[length:]
    return [*pieces, text]
