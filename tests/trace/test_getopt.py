"""The words of the command line: bundled letters, long names, where the options end; as in getopt_long(3)."""

from __future__ import annotations

import getopt as standard
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bstinspect.errors import NotSupportedError, UsageError
from bstinspect.trace.getopt import NONE, OPTIONAL, REQUIRED, parse
from bstinspect.trace.options import LETTERS, NAMES, OWN
from bstinspect.trace.options import parse as parse_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SHORT = {"a": REQUIRED, "b": REQUIRED, "c": NONE, "t": NONE, "f": NONE}
LONG = {"columns": REQUIRED, "summary": NONE, "summary-only": NONE, "tips": OPTIONAL, "output": REQUIRED}
REFUSED = (
    "-Q true", "-tQ true", "-ttTfQ", "-s", "-tto", "--output", "--string-limit", "--nosuch",
    "--nosuch=3 true", "--summ true", "--summ=1 true", "--s true", "--s=3 true", "--summary=1 true",
    "--follow-forks=x true", "--col=x true", "--daem", "--daem=x true", "--fail", "--sil", "--trac", "--",
)  # fmt: skip
UNSUPPORTED = (
    "--tips", "--tips=full", "--kvm=vcpu", "-e kvm=vcpu", "--secontext",
    "--decode-pids=pidns",
)  # fmt: skip


def shown(
    words: str,
    names: dict[str, str] = LONG,
    synonyms: dict[str, str] | None = None,
    extras: tuple[str, ...] = (),
) -> tuple[str, list[str]]:
    """Return the options as they would be written one by one, and the rest."""
    options, rest = parse(words.split(), SHORT, names, synonyms, extras)
    return " ".join(f"{each}{'' if each.value is None else '=' + each.value}" for each in options), rest


@pytest.mark.parametrize(
    ("words", "options", "rest"),
    [
        ("-ttfc ls -l", "-t -t -f -c", ["ls", "-l"]),
        ("-tafile x", "-t -a=file", ["x"]),
        ("-ta file x", "-t -a=file", ["x"]),
        ("-a -t x", "-a=-t", ["x"]),
        ("-a -- -- x", "-a=--", ["x"]),
        ("-t -- -f", "-t", ["-f"]),
        ("-t - -f", "-t", ["-", "-f"]),
        ("--columns 5 -t", "--columns=5 -t", []),
        ("--columns=5=6 x -t", "--columns=5=6", ["x", "-t"]),
        ("--col= x", "--columns=", ["x"]),
        ("--tips x", "--tips", ["x"]),
        ("--tips=x x", "--tips=x", ["x"]),
        ("--summary x", "--summary", ["x"]),
        ("--summary-o x", "--summary-only", ["x"]),
        ("", "", []),
    ],
)
def test_forms(words: str, options: str, rest: list[str]) -> None:
    """Values stand in the same word or in the next; the first word that is no option is the command's."""
    assert shown(words) == (options, rest)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("-x", "invalid option -- 'x'"),
        ("-ta", "option requires an argument -- 'a'"),
        ("--columns", "option '--columns' requires an argument"),
        ("--summary=x", "option '--summary' doesn't allow an argument"),
        ("--x=y", "unrecognized option '--x=y'"),
        ("--summ", "option '--summ' is ambiguous; possibilities: '--summary' '--summary-only'"),
    ],
)
def test_refusals(words: str, message: str) -> None:
    """The lines are those of glibc."""
    with pytest.raises(UsageError) as caught:
        shown(words)
    assert str(caught.value) == message


def test_a_prefix_of_names_for_the_same_is_clear() -> None:
    """--fail is --failed-only and --failing-only alike; a name of ours takes no prefix from strace's."""
    names = {"silent": OPTIONAL, "silence": OPTIONAL, "session": REQUIRED, "status": REQUIRED}
    synonyms = {"silent": "quiet", "silence": "quiet"}
    assert shown("--sil=x", names, synonyms) == ("--silent=x", [])
    with pytest.raises(UsageError, match="ambiguous"):
        shown("--sil=x", names)
    with pytest.raises(UsageError, match="ambiguous"):
        shown("--s=x", names, synonyms, ("session",))
    two = {"session": REQUIRED, "secontext": OPTIONAL}
    assert shown("--se x", two, None, ("session",)) == ("--secontext", ["x"])
    assert shown("--ses x", two, None, ("session",)) == ("--session=x", [])


def test_every_option_of_strace_is_known() -> None:
    """What its help names is supported, or refused by name."""
    assert set("aAbcCdDeEfFhiIknoOpPqrsStTuUvVwxXyYzZ") == set(LETTERS)
    assert set(NAMES) >= OWN
    assert parse_options(["--no", "true"]).command == ("true",)  # --no-abbrev, whatever else begins so


@pytest.mark.parametrize("words", UNSUPPORTED)
def test_what_is_not_supported_says_so(words: str) -> None:
    """By its name, with status 2."""
    with pytest.raises(
        NotSupportedError, match=r"is an option of strace that bstrace does not support"
    ) as caught:
        parse_options([*words.split(), "true"])
    assert caught.value.exit_code == 2
    assert words.partition("=")[0].rpartition(" ")[2].lstrip("-") in str(caught.value)


def test_the_lines_are_straces(alike: Callable[[Iterable[str]], None]) -> None:
    """Who errs reads the same here as there, and gets the same status."""
    alike(REFUSED)


PIECES = st.sampled_from(
    ["-a", "-c", "-ct", "-tax", "-b", "x", "--", "-", "--summary", "--columns", "--columns=1", "--out"]
)


@given(st.lists(PIECES, max_size=6))
def test_the_standard_librarys_getopt_reads_the_same(words: list[str]) -> None:
    """On what that knows, which is all but optional arguments."""
    names = [f"{name}=" if kind == REQUIRED else name for name, kind in LONG.items() if kind != OPTIONAL]
    try:
        expected = standard.getopt(words, "a:b:ctf", names)
    except standard.GetoptError:
        with pytest.raises(UsageError):
            parse(words, SHORT, {name: kind for name, kind in LONG.items() if kind != OPTIONAL})
        return
    options, rest = parse(words, SHORT, {name: kind for name, kind in LONG.items() if kind != OPTIONAL})
    assert ([(str(each), each.value or "") for each in options], rest) == expected
