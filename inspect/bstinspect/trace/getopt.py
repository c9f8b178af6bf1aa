"""getopt_long(3) as strace uses it: bundled letters, long names by any clear prefix, ending at the command.

Python's getopt module has no long options with an optional argument (before 3.14), which strace has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

NONE: Final = "none"
REQUIRED: Final = "required"
OPTIONAL: Final = "optional"


class Option(msgspec.Struct, frozen=True):
    """One option as it was given; `long` says how."""

    name: str
    """The letter, or the long name."""
    value: str | None
    long: bool

    def __str__(self) -> str:
        return f"--{self.name}" if self.long else f"-{self.name}"


def parse(
    arguments: Sequence[str],
    letters: Mapping[str, str],
    names: Mapping[str, str],
    synonyms: Mapping[str, str] | None = None,
    extras: Collection[str] = (),
) -> tuple[list[Option], list[str]]:
    """Return the options, and what follows them: the command.

    `letters` and `names` say of each option whether it takes an argument; `synonyms` which long names mean
    the same: a prefix of only such ones is clear. A name among `extras` has the prefixes that no other has.
    Raises UsageError.
    """
    options: list[Option] = []
    left = list(arguments)
    while left and left[0].startswith("-") and left[0] != "-":
        word = left.pop(0)
        if word == "--":
            break
        if word.startswith("--"):
            options.append(_long(word[2:], left, names, synonyms or {}, extras))
        else:
            options += _short(word[1:], left, letters)
    return options, left


def _short(word: str, left: list[str], letters: Mapping[str, str]) -> list[Option]:
    options = []
    while word:
        letter, word = word[0], word[1:]
        kind = letters.get(letter)
        if kind is None:
            raise UsageError(f"invalid option -- '{letter}'")
        value = None
        if kind == REQUIRED:
            if not word and not left:
                raise UsageError(f"option requires an argument -- '{letter}'")
            value, word = word or left.pop(0), ""
        options.append(Option(letter, value, long=False))
    return options


def _long(
    word: str, left: list[str], names: Mapping[str, str], synonyms: Mapping[str, str], extras: Collection[str]
) -> Option:
    given, equals, text = word.partition("=")
    matching = [given] if given in names else [name for name in names if name.startswith(given)]
    matching = [name for name in matching if name not in extras] or matching
    if not matching:
        raise UsageError(f"unrecognized option '--{word}'")
    if len({(synonyms.get(name, name), names[name]) for name in matching}) > 1:
        possible = " ".join(f"'--{name}'" for name in matching)
        raise UsageError(f"option '--{word}' is ambiguous; possibilities: {possible}")
    name = matching[0]
    kind = names[name]
    if kind == NONE and equals:
        raise UsageError(f"option '--{name}' doesn't allow an argument")
    if kind == REQUIRED and not equals:
        if not left:
            raise UsageError(f"option '--{name}' requires an argument")
        return Option(name, left.pop(0), long=True)
    return Option(name, text if equals else None, long=True)
