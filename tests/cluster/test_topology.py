"""The search tree of ids, against a plain recursive one."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bstcluster.protocol import ID_MAX, ID_MIN
from bstcluster.topology import Tree

IDS = st.one_of(st.integers(-20, 20), st.integers(ID_MIN, ID_MAX))
UNIQUE = st.lists(IDS, unique=True, max_size=60)


@dataclass
class Plain:
    """A binary search tree as a textbook has it."""

    node: int
    left: Plain | None = None
    right: Plain | None = None

    def add(self, node: int) -> int:
        """Add `node` and return its parent."""
        below = self.left if node < self.node else self.right
        if below is not None:
            return below.add(node)
        if node < self.node:
            self.left = Plain(node)
        else:
            self.right = Plain(node)
        return self.node

    def path(self, node: int) -> list[int]:
        """Return the ids from here down to `node`."""
        if node == self.node:
            return [node]
        below = self.left if node < self.node else self.right
        assert below is not None
        return [self.node, *below.path(node)]

    def preorder(self) -> list[int]:
        """Return this id and all below it, parents first."""
        below = [each.preorder() for each in (self.left, self.right) if each is not None]
        return [self.node, *(node for part in below for node in part)]

    def find(self, node: int) -> Plain:
        """Return the tree under `node`."""
        if node == self.node:
            return self
        below = self.left if node < self.node else self.right
        assert below is not None
        return below.find(node)

    def levels(self) -> int:
        """Return how many levels there are."""
        return 1 + max(each.levels() if each is not None else 0 for each in (self.left, self.right))


def grown(ids: list[int]) -> tuple[Tree, Plain | None]:
    """Return the tree of `ids` and its plain twin; every parent is compared on the way."""
    tree, plain = Tree(), None
    for node in ids:
        expected = plain.add(node) if plain is not None else None
        plain = plain or Plain(node)
        assert tree.place(node) == expected
        assert tree.add(node) == expected
    return tree, plain


@given(UNIQUE)
def test_same_tree_as_the_textbook(ids: list[int]) -> None:
    """Root, order, length, levels, paths and subtrees are those of the plain tree."""
    tree, plain = grown(ids)
    assert len(tree) == len(ids)
    assert list(tree) == sorted(ids)
    if plain is None:
        assert (tree.root, tree.levels) == (None, 0)
        return
    assert (tree.root, tree.levels) == (ids[0], plain.levels())
    for node in ids:
        assert node in tree
        assert tree.path(node) == plain.path(node)
        assert tree.subtree(node) == plain.find(node).preorder()
        assert tree[node].depth == len(plain.path(node)) - 1
        children = [each.node for each in (plain.find(node).left, plain.find(node).right) if each is not None]
        assert tree[node].children() == children


@given(UNIQUE.filter(bool), st.data())
def test_remove_takes_the_subtree_and_nothing_else(ids: list[int], data: st.DataObject) -> None:
    """What is left is the tree that the ids outside of the subtree make; removed ids can be added again."""
    tree, plain = grown(ids)
    assert plain is not None
    top = data.draw(st.sampled_from(ids))
    gone = plain.find(top).preorder()
    assert tree.remove(top) == gone
    left = [node for node in ids if node not in gone]
    again, _ = grown(left)
    assert list(tree) == list(again)
    assert all(tree[node] == again[node] for node in left)
    assert tree.root == again.root
    tree.add(top)
    assert tree.subtree(top) == [top]


@given(UNIQUE, st.lists(IDS, max_size=8))
def test_union_of_subtrees(ids: list[int], others: list[int]) -> None:
    """The union of the subtrees under some tops; tops that are no ids of the tree add nothing."""
    tree, plain = grown(ids)
    tops = ids[::3] + others
    expected = {below for top in tops if top in ids and plain for below in plain.find(top).preorder()}
    assert tree.union(tops) == expected


def test_an_id_is_there_once() -> None:
    """A second `add` of an id is refused, and changes nothing."""
    tree, _ = grown([5, 3, 8])
    for attempt in (tree.add, tree.place):
        with pytest.raises(ValueError, match="3 is in the tree already"):
            attempt(3)
    assert list(tree) == [3, 5, 8]


@pytest.mark.parametrize("ask", [Tree.path, Tree.subtree, Tree.remove, Tree.__getitem__])
def test_unknown_ids(ask: object) -> None:
    """What is asked about an id that is not there raises KeyError, and changes nothing."""
    tree, _ = grown([5, 3])
    assert callable(ask)
    with pytest.raises(KeyError):
        ask(tree, 4)
    assert list(tree) == [3, 5]


def test_a_very_long_chain() -> None:
    """A chain of 100,000 ids recurses nowhere."""
    tree, length = Tree(), 100_000
    # `add` walks down from the root: n²/2 steps. The chain is tied by hand, as `add` would tie it.
    tree.add(0)
    for node in range(1, length):
        tree._branches[node - 1].right = node
        tree._branches[node] = type(tree[0])(node - 1, node)
    assert tree.add(length) == length - 1
    assert tree.levels == length + 1
    assert len(tree.path(length)) == length + 1
    assert len(tree.subtree(0)) == length + 1
    assert len(tree.union([1, 2, 3])) == length
    assert len(tree.remove(1)) == length
    assert list(tree) == [0]
