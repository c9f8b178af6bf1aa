"""Which options exclude each other, which are without effect, and what goes without saying."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bstinspect.errors import UsageError
from bstinspect.trace.options import Options, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

REFUSED = (
    "-c", "-t", "-f", "-D", "-DDDD true", "-DDDDD true", "-c -C true", "-C -c true",
    "--summary-only --summary true", "-c -ff true", "-C -ff -o x true", "-w true", "-U name true",
    "-w -U name true", "-D --daemonize true", "-q -e quiet=all true", "-q --quiet true",
    "-qq --silent=all true", "-t --timestamps true", "-x --strings-in-hex true", "-y --decode-fds true",
    "-y -e decode-fds=all true", "-ff --output-separately -o x true", "-ff --output-separately true",
    "-f --follow-forks true", "-ff -o |cat true", "-ff -o !cat true", "-D -p 1", "-p 1 -D",
    "--daemonize -p 1", "-u root",
)  # fmt: skip
WARNED = (
    "-A true", "-c -i true", "-c -k true", "-c -n true", "-c -r true", "-c -t true", "-c -T true",
    "-c -y true", "-c -iknrtTy true", "-S name true", "-z -Z true", "-Z -z true", "-Z true",
    "--output-separately true", "--seccomp-bpf -b execve true", "-ff true", "--summary-sort-by=calls true",
    "-C -t true", "-A -S name -z -Z true",
)  # fmt: skip
OURS = {
    "--json -c true": "--json and -c/--summary-only are mutually exclusive",
    "--last 3 --json true": "--last keeps lines of text in one output",
    "--last 3 -ff -o x true": "--last keeps lines of text in one output",
    "--last 3 -c true": "--last keeps lines of text in one output",
    "--node 3 true": "--node and PROG [ARGS] or -p PID are mutually exclusive",
    "--node 3 -p 1": "--node and PROG [ARGS] or -p PID are mutually exclusive",
    "--last 0 true": "invalid --last argument: '0'",
    "--last x true": "invalid --last argument: 'x'",
    "--last-on x true": "invalid --last-on argument: 'x'",
    "--last-on 9 true": "invalid --last-on argument: '9'",
    "--last-on death,x true": "invalid --last-on argument: 'death,x'",
    "--summary-by x true": "invalid --summary-by argument: 'x'",
    "--node x": "invalid --node argument: 'x'",
    "-e errno=x true": "invalid errno 'x'",
    "-e duration=x true": "invalid duration 'x'",
    "--trace-fds=x true": "invalid descriptor 'x'",
}


def test_the_lines_are_straces(alike: Callable[[Iterable[str]], None]) -> None:
    """Who errs reads the same here as there, and gets the same status."""
    alike(REFUSED)


def test_the_warnings_are_straces(
    said: Callable[..., tuple[int, list[str]]], strace_says: Callable[..., tuple[int, list[str]]]
) -> None:
    """What has no effect is said before the first line of the trace, in the same order."""
    ours, theirs = {}, {}
    for words in WARNED:
        line = [*words.split()[:-1], "-e", "trace=none", "-e", "quiet=exit", "true"]
        status, lines = strace_says(*line)
        theirs[words] = status, [each for each in lines if "% time" not in each and "---" not in each]
        theirs[words] = status, [each for each in theirs[words][1] if not each.endswith(" total")]
        ours[words] = said(*line)
    assert ours == theirs


@pytest.mark.parametrize(("words", "message"), OURS.items())
def test_our_own_options(words: str, message: str) -> None:
    """They have their lines too."""
    with pytest.raises(UsageError) as caught:
        parse(words.split())
    assert str(caught.value) == message


def read(words: str) -> Options:
    """Read a command line for true(1)."""
    return parse([*words.split(), "true"])


@pytest.mark.parametrize(
    ("words", "quiet"),
    [
        ("", set()),
        ("-q", {"attach", "personality"}),
        ("-qq", {"attach", "personality", "exit"}),
        ("-qqq", {"attach", "personality", "exit", "path-resolution", "thread-execve"}),
        ("-qqqq", {"attach", "personality", "exit", "path-resolution", "thread-execve"}),
        ("-o x", {"attach", "personality"}),
        ("-o x -qq", {"attach", "personality", "exit"}),
        ("-o x -e quiet=none", set()),
        ("--quiet", {"attach", "personality"}),
        ("-e q=exits", {"exit"}),
    ],
)
def test_quiet(words: str, quiet: set[str]) -> None:
    """How often the letter is given; and a command whose trace goes to a file has no messages."""
    assert read(words).wanted.quiet == quiet


@pytest.mark.parametrize(
    ("words", "pids"),
    [
        ("", "several"),
        ("-f", "several"),
        ("-o x", "never"),
        ("-f -o x", "always"),
        ("-ff -o x", "never"),
        ("-ff", "several"),
    ],
)
def test_pids(words: str, pids: str) -> None:
    """Before the lines, where there can be several processes in one output."""
    assert read(words).layout.pids == pids


@pytest.mark.parametrize(
    ("words", "stamp"),
    [
        ("", ("", 0)),
        ("-t", ("time", 0)),
        ("-tt", ("time", 6)),
        ("-ttt", ("unix", 6)),
        ("-tttt", ("unix", 6)),
        ("--timestamps", ("time", 0)),
        ("--timestamps=ns", ("time", 9)),
        ("--timestamps=unix,ms", ("unix", 3)),
        ("--timestamps=precision:ms,format:unix", ("unix", 3)),
        ("--timestamps=unix --timestamps=none", ("", 0)),
    ],
)
def test_stamps(words: str, stamp: tuple[str, int]) -> None:
    """Letters and words for the same."""
    layout = read(words).layout
    assert (layout.stamp, layout.stamp_digits) == stamp


@pytest.mark.parametrize(
    ("words", "mode"),
    [
        ("", 2),
        ("-o x", 3),
        ("-D", 4),
        ("-DD -o x", 4),
        ("-I1 -o x", 1),
        ("-I never_tstp", 4),
        ("-I anywhere", 1),
    ],
)
def test_interruptible(words: str, mode: int) -> None:
    """When signals from the terminal may end the tracing."""
    assert read(words).interruptible == mode


def test_following() -> None:
    """-ff is -f with a file for each, which needs -o."""
    assert not read("").follow
    assert read("-f").follow
    assert read("--follow-forks").follow
    assert (read("-ff").follow, read("-ff").separate) == (True, False)
    assert (read("-ff -o x").follow, read("-ff -o x").separate) == (True, True)
    assert read("--output-separately --follow-forks -o x").separate
    assert parse(["-p", "1,2", "-p", "3 4", "-p5"]).pids == [1, 2, 3, 4, 5]
