"""Sets of calls, signals, errors, descriptors and statuses; times; and what strace says of wrong ones."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bstinspect.decode.architecture import architecture
from bstinspect.errors import UsageError
from bstinspect.trace import expressions
from bstinspect.trace.options import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

TABLES = architecture(os.uname().machine)
NUMBERS = TABLES.numbers
EVERY = frozenset(TABLES.names)
REFUSED = (
    "trace=", "trace=,,", "trace=!", "trace=!!", "trace=none,read", "trace=read,,write,x",
    "trace=read@64,nosuch@32", "trace=read@65", "trace=read@", "trace=%nosuch", "trace=/nosuch", "trace=/(",
    r"trace=/a\{", "trace=/[[:nosuch:]]", "trace=/[z-a]", "trace=?/nosuch,x", "trace=??nosuch,x",
    "trace=-1", "trace=1x", "trace=99999999999", "!nosuch", "=x", "nosuch=x", "signal=", "signal=!",
    "signal=SIGNOSUCH", "signal=TERM,x", "signal=256", "signal=255,x", "signal=SIGRT_1,x", "signal=rtmin,x",
    "signal=RT_40,x", "signal=0,x", "status=", "status=succ", "status=all,failed", "quiet=",
    "quiet=exits,superseded,x", "quiet=pathx", "read=", "read=2147483648", "read=2147483647,x",
    "read=!3,4,x", "write=a", "raw=nosuch", "verbose=!", "decode-fds=", "decode-fds=pathx", "decode-pids=",
    "decode-pids=comm,x",
)  # fmt: skip
OTHERS = (
    "-s 1073741824", "-s 4294967296", "-s 0x10", "-a -1", "-I 0", "-I 5", "-I x", "-O -1", "-O 1x",
    "-S nosuch", "-U name,nosuch -c", "-U name,name -c", "-X x", "-b execve,x", "-p 1,x", "-p 0x1", "-p -1",
    "--quiet=x", "--silent=x", "-p 1000000000000", "--relative-timestamps=x", "--syscall-times=x",
    "--timestamps=x", "--absolute-timestamps=format:x", "--absolute-timestamps=precision:time",
    "--absolute-timestamps=format:us", "--strings-in-hex=x", "--const-print-style=x", "--interruptible=x",
    "--daemonize=x", "--detach-on=x", "--summary-sort-by=x", "--summary-columns=x", "--decode-pids=x",
    "--decode-fds=x", "--trace=nosuch",
)  # fmt: skip


def names(text: str) -> frozenset[str]:
    """Return the names of the calls of a set."""
    return frozenset(TABLES.names[each] for each in expressions.syscall_set(text).within(EVERY))


def test_the_lines_are_straces(alike: Callable[[Iterable[str]], None]) -> None:
    """Who errs reads the same here as there, and gets the same status."""
    alike([*(f"-e {each} true" for each in REFUSED), *(f"{each} true" for each in OTHERS)])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("read", {"read"}),
        ("read,write", {"read", "write"}),
        (",read,,", {"read"}),
        ("?nosuch,read", {"read"}),
        ("?nosuch", set()),
        ("read@64", {"read"}),
        ("read@32", set()),
        (str(NUMBERS["close"]), {"close"}),
        ("/^pread", {"pread64", "preadv", "preadv2"}),
        ("/^p?read$", {"read"}),
        ("none", set()),
        ("!all", set()),
        ("!!read", {"read"}),
    ],
)
def test_calls(text: str, expected: set[str]) -> None:
    """By names, numbers and regular expressions; what is marked with ? need not be there."""
    assert names(text) == expected


def test_all_but() -> None:
    """An inverted set has everything else, and so has `all` among others."""
    assert names("!read,write") == names("all") - {"read", "write"}
    assert names("all,read") == names("!none") == names("all") == frozenset(NUMBERS)
    assert 100_000 in expressions.syscall_set("!read")  # also a call that has no name
    assert 100_000 not in expressions.syscall_set("read")


def test_a_like_name_is_mentioned() -> None:
    """Who mistypes is helped, who types nonsense is not."""
    for word, hint in (("opnat", " (did you mean openat?)"), ("xyzzy", ""), ("none,read", "")):
        with pytest.raises(UsageError) as caught:
            expressions.syscall_set(word)
        assert str(caught.value) == f"invalid system call '{word.partition(',')[0]}'{hint}"


SETS = st.lists(st.sampled_from(sorted(NUMBERS)), min_size=1, max_size=5)


@given(SETS, SETS)
def test_sets_are_sets(first: list[str], second: list[str]) -> None:
    """A comma unites, an exclamation mark complements, twice is nothing; order and repeats do not matter."""
    one, two = ",".join(first), ",".join(second)
    assert names(f"{one},{two}") == names(one) | names(two) == names(f"{two},{one},{one}")
    assert names(f"!{one}") == names("all") - names(one)
    assert names(f"!!{one}") == names(one) == set(first)
    chosen = expressions.name_set(expressions.syscall_set(f"!{one}"))
    assert {name for name in NUMBERS if chosen.holds(name)} == names(f"!{one}")


@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("SIGTERM", 15), ("term", 15), ("15", 15), ("0", 0), ("255", 255), ("256", -1), ("x", -1), ("-1", -1),
        ("SIGRTMIN", 32), ("RT_2", 34), ("SIG", -1), ("", -1),
    ],
)  # fmt: skip
def test_signals(word: str, number: int) -> None:
    """By name, with or without SIG, in any case, or by number."""
    assert expressions.signal_word(word) == number


@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("ENOENT", 2),
        ("enoent", 2),
        ("2", 2),
        ("4095", 4095),
        ("4096", -1),
        ("EWOULDBLOCK", 11),
        ("E", -1),
        ("", -1),
    ],
)
def test_errors(word: str, number: int) -> None:
    """By name or by number."""
    assert expressions.error_word(word) == number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1_000), ("1us", 1_000), ("2ms", 2_000_000), ("1.5s", 1_500_000_000), ("3ns", 3),
        (".5ms", 500_000),
        ("1.s", 1_000_000_000), ("0", 0), ("0.0000000019s", 1),
    ],
)  # fmt: skip
def test_times(text: str, expected: int) -> None:
    """Microseconds where no unit is given."""
    assert expressions.nanoseconds(text) == expected


@pytest.mark.parametrize("text", ["", "x", "-1", "1h", "1 ms", ".", "1e3", "ms", "1.2.3", "\u0661"])
def test_no_times(text: str) -> None:
    """Whatever is no decimal number with a unit is refused."""
    with pytest.raises(ValueError, match=r".*"):
        expressions.nanoseconds(text)


@given(st.integers(0, 10**12))
def test_times_lose_nothing(nanoseconds: int) -> None:
    """Nanoseconds, and seconds with nine digits, are read back as they are."""
    assert expressions.nanoseconds(f"{nanoseconds}ns") == nanoseconds
    assert expressions.nanoseconds(f"{nanoseconds // 10**9}.{nanoseconds % 10**9:09}s") == nanoseconds


def refusal(text: str) -> str:
    """Return why an expression is refused; empty where it is not."""
    try:
        parse(["-e", text, "true"])
    except UsageError as error:
        return str(error)
    return ""


@given(st.text(alphabet="!,/?@%=:.+0123456789ealrdSIGTM_", max_size=12))
def test_any_text_is_a_set_or_one_line(text: str) -> None:
    """No expression makes anything else than a set or a usage error of one line."""
    for name in ("trace", "signal", "status", "errno", "read", "duration", "decode-fds", "trace-fds"):
        assert "\n" not in refusal(f"{name}={text}")


@pytest.mark.parametrize(
    "words",
    ["--no-abbrev", "-v", "--summary-wall-clock -c", "--syscall-times", "--relative-timestamps", "-x"],
)
def test_long_names_are_their_letters(words: str) -> None:
    """What has a letter that is also a short word for a set is not taken for that set."""
    options = parse([*words.split(), "true"])
    assert options.wanted.writes(1) is options.wanted.reads(1) is False
    assert options.calls == expressions.EVERYTHING
    assert options.style.verbose("read")
    assert options.style.abbreviated("read") is (words not in ("--no-abbrev", "-v"))
    assert options.wall_clock is ("wall-clock" in words)
