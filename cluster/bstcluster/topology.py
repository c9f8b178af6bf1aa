"""The binary search tree of ids. Pure: no processes, no sockets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(slots=True)
class Branch:
    """Where an id hangs in the tree."""

    parent: int | None
    depth: int
    """Levels above it: 0 for the root."""
    left: int | None = None
    right: int | None = None

    def children(self) -> list[int]:
        """Return the ids of the children, the smaller first."""
        return [child for child in (self.left, self.right) if child is not None]


class Tree:
    """Ids in a binary search tree that is never rebalanced: each id stays where it was put.

    Every walk is a loop, not a recursion: a chain of a hundred thousand ids is a legal tree.
    """

    def __init__(self) -> None:
        self._branches: dict[int, Branch] = {}
        self._root: int | None = None
        self._levels = 0  # kept, because every request's deadline asks for it

    @property
    def root(self) -> int | None:
        """The id at the top, or None in an empty tree."""
        return self._root

    @property
    def levels(self) -> int:
        """How many levels the tree has: 0 when it is empty, 1 when it has only a root."""
        return self._levels

    def __contains__(self, node: object) -> bool:
        return node in self._branches

    def __len__(self) -> int:
        return len(self._branches)

    def __iter__(self) -> Iterator[int]:
        """Iterate over the ids in ascending order."""
        return iter(sorted(self._branches))

    def __getitem__(self, node: int) -> Branch:
        return self._branches[node]

    def place(self, node: int) -> int | None:
        """Return the id that would be the parent of `node`, or None where it would be the root.

        Raises ValueError when `node` is in the tree already.
        """
        parent, here = None, self._root
        while here is not None:
            if here == node:
                raise ValueError(f"{node} is in the tree already")
            branch = self._branches[here]
            parent, here = here, branch.left if node < here else branch.right
        return parent

    def add(self, node: int) -> int | None:
        """Put `node` into the tree and return its parent. Raises ValueError when it is there already."""
        parent = self.place(node)
        if parent is None:
            self._root = node
            self._branches[node] = Branch(None, 0)
            self._levels = 1
            return None
        above = self._branches[parent]
        if node < parent:
            above.left = node
        else:
            above.right = node
        self._branches[node] = Branch(parent, above.depth + 1)
        self._levels = max(self._levels, above.depth + 2)
        return parent

    def remove(self, node: int) -> list[int]:
        """Remove `node` and all below it; return the removed ids, parents before their children.

        Raises KeyError when `node` is not in the tree.
        """
        gone = self.subtree(node)
        parent = self._branches[node].parent
        if parent is None:
            self._root = None
        elif self._branches[parent].left == node:
            self._branches[parent].left = None
        else:
            self._branches[parent].right = None
        for each in gone:
            del self._branches[each]
        self._levels = max((branch.depth for branch in self._branches.values()), default=-1) + 1
        return gone

    def path(self, node: int) -> list[int]:
        """Return the ids from the root down to `node`, both included. Raises KeyError."""
        path = [node]
        while (parent := self._branches[path[-1]].parent) is not None:
            path.append(parent)
        path.reverse()
        return path

    def subtree(self, node: int) -> list[int]:
        """Return `node` and all below it, parents before their children. Raises KeyError."""
        found, waiting = [], [node]
        while waiting:
            here = waiting.pop()
            found.append(here)
            waiting.extend(reversed(self._branches[here].children()))
        return found

    def union(self, tops: Iterable[int]) -> set[int]:
        """Return every id of the subtrees under `tops`; tops that are not in the tree count for nothing."""
        covered: set[int] = set()
        for top in tops:
            if top in self._branches and top not in covered:
                covered.update(self.subtree(top))
        return covered
