"""Every sentence has its Russian, and numbers are written as each language writes them."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bstinspect.findings.requirements import ASSIGNMENT
from bstinspect.writeup import russian
from bstinspect.writeup.document import Code
from bstinspect.writeup.language import Language
from bstinspect.writeup.russian import PLURALS, SENTENCES
from bstinspect.writeup.words import WORDS

from .sayings import Sayings, find, read

_FIELD: Final = re.compile(r"\{(\w+)\}")
_CYRILLIC: Final = re.compile("[а-яё]", re.IGNORECASE)
_MIXED: Final = re.compile(r"[a-z][а-яё]|[а-яё][a-z]", re.IGNORECASE)
"""A letter of one alphabet beside one of the other: a slip of the keyboard that nobody sees."""
_SAME: Final = {"pid {pid}", "{calls} of {processes}", "{command}: {messages}"}
"""What has no word in Russian."""
_MANY: Final = st.integers(min_value=0, max_value=10**15)


@pytest.fixture(scope="module")
def sayings() -> Sayings:
    """All that the modules of the write-up can say."""
    return find()


def test_every_sentence_is_known(sayings: Sayings) -> None:
    """What is said can be told from the source: literals, and constants of the same module."""
    assert sayings.unknown == []
    assert len(sayings.sentences) > 250


def test_every_sentence_has_its_russian(sayings: Sayings) -> None:
    """No sentence would be left in English."""
    assert {text: places for text, places in sayings.sentences.items() if text not in SENTENCES} == {}


def test_every_noun_has_its_russian(sayings: Sayings) -> None:
    """No noun that is counted would raise, and none is translated for nothing."""
    assert {noun: places for noun, places in sayings.nouns.items() if noun not in PLURALS} == {}
    assert set(PLURALS) - set(sayings.nouns) == set()


def test_no_translation_is_stale(sayings: Sayings) -> None:
    """A sentence that was reworded leaves no translation behind; none is translated twice."""
    assert set(SENTENCES) - set(sayings.sentences) == set()
    parts = (russian.frame, russian.margin, russian.measures, russian.outcome, russian.subject)
    dicts = [each for part in parts for each in vars(part).values() if isinstance(each, dict)]
    keys = [key for each in dicts for key in each if isinstance(key, str) and not key.startswith("__")]
    assert sorted(key for key in SENTENCES if keys.count(key) != 1) == []


@pytest.mark.parametrize("english", SENTENCES)
def test_translations_fit(english: str) -> None:
    """Both sides have the same fields, begin and end alike; the other is in Russian letters."""
    translated = SENTENCES[english]
    assert sorted(_FIELD.findall(translated)) == sorted(_FIELD.findall(english))
    assert translated[:1].isspace() == english[:1].isspace()
    for mark in ".:;":
        assert translated.endswith(mark) == english.endswith(mark)
    assert bool(_CYRILLIC.search(translated)) != (english in _SAME)
    assert not _MIXED.search(translated)
    assert "  " not in translated


def test_words_and_requirements_are_in_russian() -> None:
    """So are the few words of the formats, and the titles of the assignment's requirements."""
    titles = [each["title"]["ru"] for each in tomllib.loads(ASSIGNMENT.read_text("utf-8"))["requirement"]]
    words = set(msgspec.structs.astuple(WORDS["ru"])) - {"№", ","}
    for text in (*words, *titles):
        assert _CYRILLIC.search(text), text
        assert not _MIXED.search(text), text


SOURCE: Final = """
KINDS: Final = {"a": "first", "b": ("second", "good")}
ALL: Final = ("third", "fourth")
ONE: Final = "fifth"
MADE: Final = {"a": make()}

def f(words, kind):
    title = KINDS[kind] if kind else "sixth"
    words.say("seventh" if kind else title, kind="not said")
    words.text(ONE)
    [words.say(title) for title in ALL]
    judgement, tone = KINDS[kind]
    words.say(judgement)
    words.count(3, "noun")
    words.say(f"eighth {kind}")
    words.say(kind)
    words.say(MADE["a"])
    "".count("not a noun")
"""


def test_finding_what_is_said() -> None:
    """The finder follows names to what they are bound to, and says where it cannot."""
    found = Sayings()
    read("m.py", SOURCE, found)
    assert {text: len(places) for text, places in found.sentences.items()} == {
        "first": 2, "second": 2, "third": 1, "fourth": 1, "fifth": 1, "sixth": 1, "seventh": 1,
    }  # fmt: skip
    assert found.nouns == {"noun": ["m.py:14"]}
    assert found.unknown == ["m.py:15", "m.py:16", "m.py:17"]


@pytest.mark.parametrize(
    ("number", "calls", "errors"),
    [
        (0, "вызовов", "ошибок"),
        (1, "вызов", "ошибка"),
        (2, "вызова", "ошибки"),
        (5, "вызовов", "ошибок"),
        (11, "вызовов", "ошибок"),
        (21, "вызов", "ошибка"),
        (101, "вызов", "ошибка"),
        (111, "вызовов", "ошибок"),
    ],
)
def test_russian_plurals(number: int, calls: str, errors: str) -> None:
    """One, few and many, as Russian grammar has it."""
    assert Language("ru").count(number, "call") == f"{number} {calls}"
    assert Language("ru").count(number, "error") == f"{number} {errors}"


@given(number=_MANY, noun=st.sampled_from(sorted(PLURALS)))
def test_plurals_follow_the_rule(number: int, noun: str) -> None:
    """The form is that of the rule in Unicode's CLDR for Russian, for every noun and number."""
    one, few, many = PLURALS[noun]
    if number % 10 == 1 and number % 100 != 11:
        form = one
    elif number % 10 in {2, 3, 4} and number % 100 not in {12, 13, 14}:
        form = few
    else:
        form = many
    assert Language("ru").count(number, noun) == f"{Language('ru').number(number)} {form}"


@pytest.mark.parametrize("noun", sorted(PLURALS))
def test_english_plurals(noun: str) -> None:
    """One is singular, all else plural."""
    words = Language("en")
    assert words.count(1, noun) == f"1 {noun}"
    assert words.count(0, noun) == f"0 {'processes' if noun == 'process' else noun + 's'}"
    assert words.count(1000, noun).startswith("1,000 ")


@given(number=_MANY)
def test_whole_numbers(number: int) -> None:
    """Thousands stand apart: by commas in English, by spaces that do not break in Russian."""
    english, translated = Language("en").number(number), Language("ru").number(number)
    assert int(english.replace(",", "")) == number
    assert translated == english.replace(",", "\u00a0")
    assert re.fullmatch(r"\d{1,3}(?:,\d{3})*", english)


@given(value=st.floats(min_value=0, max_value=1e12), digits=st.integers(min_value=0, max_value=6))
def test_decimals(value: float, digits: int) -> None:
    """The same number, with a point in English and a comma in Russian."""
    english, translated = (Language(code).decimal(value, digits) for code in ("en", "ru"))
    assert Decimal(english.replace(",", "")) == Decimal(f"{value:.{digits}f}")
    assert "." not in translated
    assert translated.count(",") == (digits > 0)
    assert translated.replace("\u00a0", "").replace(",", ".") == english.replace(",", "")


@pytest.mark.parametrize(
    ("nanoseconds", "english", "translated"),
    [
        (0, "0 µs", "0 мкс"),
        (12_300, "12 µs", "12 мкс"),
        (1_000_000, "1.00 ms", "1,00 мс"),
        (395_240_000, "395.24 ms", "395,24 мс"),
        (1_500_000_000, "1.50 s", "1,50 с"),
        (4_000_000_000_000, "4,000.00 s", "4 000,00 с"),
    ],
)
def test_durations(nanoseconds: int, english: str, translated: str) -> None:
    """A span of time has the unit that suits it."""
    assert Language("en").duration(nanoseconds).replace("\u00a0", " ") == english
    assert Language("ru").duration(nanoseconds).replace("\u00a0", " ") == translated


def test_values_are_taken_as_they_are() -> None:
    """What comes from a trace may look like a field; code stays code in a text."""
    odd = "{id} {0} %s"
    assert Language("en").say("node {id}", id=odd) == f"node {odd}"
    assert Language("ru").say("node {id}", id=odd) == f"узел {odd}"
    text = Language("ru").text("node {id}", id=Code("5"))
    assert text == ("узел ", Code("5"))
