"""What may stand on the line that answers a command: to the letter, or a list told in part."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

import msgspec

from bstcluster.topology import Tree

_ID: Final = r"(?:0|-?[1-9][0-9]{0,18})"
_LISTED: Final = re.compile(rf"Ok: (-1|{_ID}(?:;{_ID})*)", re.ASCII)
_TEXT: Final = re.compile(r"[^\s](?:.*[^\s])?")


class Exactly(msgspec.Struct, frozen=True):
    """This line and no other. A pid is ``PID``."""

    line: str

    def fits(self, line: str | None) -> bool:
        """Tell whether `line` is a reply of this kind."""
        return line == self.line

    def __str__(self) -> str:
        return self.line


class Reason(msgspec.Struct, frozen=True):
    """An error in words of the program's own: the assignment's ``[Custom error]``."""

    start: str
    """``Error: ``, with the id where the command is told to one."""

    def fits(self, line: str | None) -> bool:
        """Tell whether `line` is a reply of this kind."""
        if line is None or not line.startswith(self.start):
            return False
        text = line[len(self.start) :]
        return bool(_TEXT.fullmatch(text)) and text.isprintable()

    def __str__(self) -> str:
        return f"{self.start}[some reason]"


class Listing(msgspec.Struct, frozen=True):
    """A pingall's list: all of `must`, of `may` whole subtrees, and nothing else of the tree."""

    ids: tuple[int, ...]
    """The tree, parents before their children."""
    must: frozenset[int] = frozenset()
    may: frozenset[int] = frozenset()

    def fits(self, line: str | None) -> bool:
        """Tell whether `line` is a reply of this kind."""
        listed = listed_by(line)
        if listed is None or not self.must <= listed <= self.must | self.may:
            return False
        return tree_of(self.ids).union(listed) == listed

    def __str__(self) -> str:
        must, may = ("Ok: " + (";".join(map(str, sorted(ids))) or "-1") for ids in (self.must, self.may))
        return must if not self.may else f"{must} or more of {may.removeprefix('Ok: ')}"


class Never(msgspec.Struct, frozen=True):
    """No reply at all."""

    def fits(self, line: str | None) -> bool:
        """Tell whether `line` is a reply of this kind."""
        return line is None

    def __str__(self) -> str:
        return "no reply"


Answer: TypeAlias = Exactly | Reason | Listing | Never


def listed_by(line: str | None) -> set[int] | None:
    """Return the ids that a pingall's reply lists, None where it is none to the letter."""
    found = _LISTED.fullmatch(line or "")
    if found is None:
        return None
    if found[1] == "-1":
        return set()
    ids = [int(word) for word in found[1].split(";")]
    return set(ids) if ids == sorted(set(ids)) and -1 not in ids else None


def tree_of(ids: tuple[int, ...]) -> Tree:
    """Return the search tree in which `ids` were put, in this order."""
    tree = Tree()
    for node in ids:
        tree.add(node)
    return tree
