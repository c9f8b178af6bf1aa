"""The search tree before a fault, and as the next pingall found it: grown from the replies of a run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from bstcluster.topology import Tree as SearchTree
from bstinspect.writeup.document import Tree, Twig

if TYPE_CHECKING:
    from bstinspect.faults.run import Fired, Reply, Run
    from bstinspect.writeup.document import Tone

_MOST: Final = 48
"""A tree of more nodes is not drawn."""
_ID: Final = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_DEADLY: Final = frozenset({"kill", "signal"})
_LISTED: Final = "pingall lists it"
_UNLISTED: Final = "not in pingall"


class Pair(msgspec.Struct, frozen=True):
    """Two trees, each with a caption and with its nodes in words."""

    before: Tree | None
    """None: there was no node yet."""
    before_caption: str
    before_words: str
    after: Tree
    after_caption: str
    after_words: str


class _Nodes:
    """The tree as the replies tell it, and what befell its nodes."""

    def __init__(self) -> None:
        self.tree = SearchTree()
        self.faults: dict[int, str] = {}
        self.dead: set[int] = set()
        self.stopped: set[int] = set()

    def take(self, reply: Reply) -> None:
        """Follow a command that succeeded."""
        words = reply.command.split()
        if reply.line is None or not reply.line.startswith("Ok") or len(words) < 2:
            return
        verb, word = ("crash", words[-1]) if words[:2] == ["kill", "-9"] else (words[0], words[1])
        node = _node(word)
        if node is None:
            return
        if verb == "create" and node not in self.tree:
            self.tree.add(node)
        elif node in self.tree:
            self._change(verb, node)

    def strike(self, fired: Fired) -> None:
        """Note a fault at a node, in whichever life."""
        node = _node(fired.who.partition(".")[0])
        if node is None:
            return
        fault = fired.injection.fault
        self.faults[node] = str(fault)
        if fault.kind in _DEADLY:
            self.dead.add(node)
        elif fault.kind == "stop" and not fault.value:
            self.stopped.add(node)

    def cut_off(self) -> set[int]:
        """Return who cannot be reached: the dead, the stopped, and all below them."""
        return self.tree.union(self.dead | self.stopped)

    def _change(self, verb: str, node: int) -> None:
        if verb == "kill":
            for gone in self.tree.remove(node):
                self.faults.pop(gone, None)
                self.dead.discard(gone)
                self.stopped.discard(gone)
        elif verb == "crash":
            self.dead.add(node)
            self.faults.setdefault(node, "crash")
        elif verb == "stop":
            self.stopped.add(node)
            self.faults.setdefault(node, "stop")
        elif verb == "cont":
            self.stopped.discard(node)


def trees(run: Run) -> Pair | None:
    """Return the trees of a run in which a fault took effect; None where there is none to draw."""
    if not run.fired:
        return None
    struck = max(min(each.command for each in run.fired), 0)
    found = next(
        (index for index, each in enumerate(run.replies) if index >= struck and each.command == "pingall"),
        None,
    )
    until = struck if found is None else found
    before, after = _grown(run, struck, ()), _grown(run, until + 1, run.fired)
    if not len(after.tree) or max(len(before.tree), len(after.tree)) > _MOST:
        return None
    listed = None if found is None else _listed(run.replies[found])
    first = run.fired[0]
    return Pair(
        Tree(_twigs(before, None)) if len(before.tree) else None,
        f"The search tree before {first.injection.fault} of {first.who}",
        _words(before, None),
        Tree(_twigs(after, listed)),
        "The search tree after it" + ("" if found is None else ", as the next pingall found it"),
        _words(after, listed),
    )


def _grown(run: Run, until: int, fired: tuple[Fired, ...]) -> _Nodes:
    """Return the nodes after so many replies, with those faults that had taken effect until then."""
    nodes = _Nodes()
    for index, reply in enumerate(run.replies[:until]):
        for each in fired:
            if max(each.command, 0) == index:
                nodes.strike(each)
        nodes.take(reply)
    return nodes


def _listed(reply: Reply) -> set[int] | None:
    """Return whom a pingall lists; None where it is no such reply."""
    if reply.line is None or not reply.line.startswith("Ok: "):
        return None
    nodes = {_node(word) for word in reply.line.removeprefix("Ok: ").split(";")}
    return None if None in nodes else {node for node in nodes if node not in (None, -1)}


def _twigs(nodes: _Nodes, listed: set[int] | None) -> tuple[Twig, ...]:
    lost = nodes.cut_off()

    def twig(node: int) -> Twig:
        branch = nodes.tree[node]
        below = []
        if branch.left is not None:
            below.append(msgspec.structs.replace(twig(branch.left), hand="left"))
        if branch.right is not None:
            below.append(msgspec.structs.replace(twig(branch.right), hand="right"))
        tone, detail = _looks(nodes, node, lost, listed)
        return Twig(str(node), detail, tone, tuple(below))

    return () if nodes.tree.root is None else (twig(nodes.tree.root),)


def _looks(nodes: _Nodes, node: int, lost: set[int], listed: set[int] | None) -> tuple[Tone, str]:
    """Return a node's tone, and what befell it; a pingall that says otherwise has the last word."""
    detail = nodes.faults.get(node, "cut off" if node in lost else "")
    tone: Tone = "bad" if node in nodes.dead else "warn" if detail else ""
    if listed is not None and (node in listed) is not (node in lost):
        said = _LISTED if node in listed else _UNLISTED
        return tone or "warn", f"{detail}; {said}" if detail else said
    return tone, detail


def _words(nodes: _Nodes, listed: set[int] | None) -> str:
    lost = nodes.cut_off()
    told = []
    for node in nodes.tree:
        detail = _looks(nodes, node, lost, listed)[1]
        parent = nodes.tree[node].parent
        place = "the root" if parent is None else f"below {parent}"
        told.append(f"{node} {place}" + (f" ({detail})" if detail else ""))
    return ", ".join(told) or "no node"


def _node(word: str) -> int | None:
    return int(word) if _ID.fullmatch(word) else None
