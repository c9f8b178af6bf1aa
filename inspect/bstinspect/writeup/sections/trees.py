"""Section 3: the search tree and the process tree, before and after a death."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from bstinspect.writeup.document import Figure, Paragraph, Section, Tree, Twig

if TYPE_CHECKING:
    from bstinspect.findings.model import Findings, ProcessFacts
    from bstinspect.writeup.document import Block, Tone
    from bstinspect.writeup.language import Language
    from bstinspect.writeup.names import Names

MOST: Final = 48
"""A tree of more nodes is not drawn."""
_NARROW: Final = 9
"""Two trees of so many nodes stand side by side."""


def section(findings: Findings, words: Language, names: Names) -> Section | None:
    """Return the section, None where there is nothing to draw."""
    if findings.parents:
        blocks = _search_trees(findings, words) + _process_trees(findings, words)
    else:
        blocks = _plain_tree(findings, words, names)
    title = words.say("Trees" if findings.parents else "Process tree")
    return Section("trees", title, tuple(blocks)) if blocks else None


def _search_trees(findings: Findings, words: Language) -> list[Block]:
    count = len(findings.parents)
    if count > MOST:
        return [
            Paragraph(
                words.text("The search tree has {nodes}: too many to draw.", nodes=words.count(count, "node"))
            )
        ]
    pids = _pids(findings)
    before = _below(None, findings, pids, {}, words)
    root = next((node for node, parent in findings.parents.items() if parent is None), "")
    shape = words.say(
        "Binary search tree of {nodes}, the root is {root}.", nodes=words.count(count, "node"), root=root
    )
    if not findings.deaths or findings.deaths[0].node is None:
        return [Figure(words.say("Search tree"), Tree(before), shape, anchor="search-tree")]
    dead = findings.deaths[0].node
    tones: dict[int, Tone] = dict.fromkeys(findings.lost_nodes, "warn")
    tones[dead] = "bad"
    orphans = ", ".join(str(node) for node in findings.lost_nodes if node != dead) or "—"
    after = _below(None, findings, pids, tones, words)
    changed = words.say(
        "After the death of node {dead} these cannot be reached: {orphans}.", dead=dead, orphans=orphans
    )
    caption = words.say("Search tree before and after the death of node {dead}", dead=dead)
    figures = _pair(caption, before, after, f"{shape} {changed}", "search-tree")
    told = words.text(
        "Node {dead} is dead (crossed out). What hangs below it lives on and cannot be reached (dashed): "
        "{orphans}. All others can be reached.", dead=str(dead), orphans=orphans,
    )  # fmt: skip
    return [*figures, Paragraph(told)]


def _pair(
    caption: str, before: tuple[Twig, ...], after: tuple[Twig, ...], alternative: str, anchor: str
) -> list[Block]:
    """Draw two trees side by side, or below each other where they are wide."""
    if sum(map(_size, before)) <= _NARROW:
        return [Figure(caption, Tree((*before, *after)), alternative, anchor)]
    return [
        Figure(caption, Tree(each), alternative, f"{anchor}-{at}")
        for at, each in enumerate((before, after), 1)
    ]


def _size(twig: Twig) -> int:
    return 1 + sum(map(_size, twig.below))


def _below(
    parent: int | None, findings: Findings, pids: dict[int, int], tones: dict[int, Tone], words: Language
) -> tuple[Twig, ...]:
    found = []
    for node in sorted(each for each, above in findings.parents.items() if above == parent):
        hand: Literal["", "left", "right"] = "" if parent is None else "left" if node < parent else "right"
        detail = words.say("pid {pid}", pid=pids[node]) if node in pids else ""
        tone = tones.get(node, "")
        found.append(Twig(str(node), detail, tone, _below(node, findings, pids, tones, words), hand))
    return tuple(found)


def _pids(findings: Findings) -> dict[int, int]:
    return {node: process.pid for node, process in findings.nodes_before_death().items()}


def _process_trees(findings: Findings, words: Language) -> list[Block]:
    """Draw which process forked which: the search tree once more, and what became of it."""
    if len(findings.parents) > MOST or not findings.deaths or findings.deaths[0].node is None:
        return []
    pids = _pids(findings)
    dead = findings.deaths[0].node
    keeper = words.say("keeper")

    def forked(parent: int | None, gone: int | None) -> tuple[Twig, ...]:
        twigs = []
        for node in sorted(each for each, above in findings.parents.items() if above == parent):
            if node == gone:
                continue
            title = words.say("node {id}", id=node)
            twigs.append(Twig(title, words.say("pid {pid}", pid=pids.get(node, "?")), "", forked(node, gone)))
        return tuple(twigs)

    orphans = tuple(
        Twig(each.title, each.detail, "warn", each.below) for each in forked(dead, None)
    )  # fmt: skip
    before = (Twig(keeper, "", "muted", forked(None, None)),)
    after = (Twig(keeper, "", "muted", (*forked(None, dead), *orphans)),)
    caption = words.say("Process tree before and after the death of node {dead}", dead=dead)
    alternative = words.say(
        "Each node was forked by its parent in the search tree, the root by the keeper. The children of the "
        "dead node have fallen to the keeper, which reaps them in the end."
    )  # fmt: skip
    return _pair(caption, before, after, alternative, "process-tree")


def _plain_tree(findings: Findings, words: Language, names: Names) -> list[Block]:
    processes = findings.processes
    if len(processes) > MOST:
        return [Paragraph(words.text("There were {processes}: too many to draw.",
                                     processes=words.count(len(processes), "process")))]  # fmt: skip
    known = {each.pid for each in processes}

    def twig(process: ProcessFacts) -> Twig:
        below = tuple(twig(each) for each in processes if each.parent == process.pid and each is not process)
        return Twig(names.of(process), _end(process, words), "bad" if process.killed else "", below)

    roots = tuple(twig(each) for each in processes if each.parent not in known)
    alternative = words.say("{processes}, each below the one that made it.",
                            processes=words.count(len(processes), "process"))  # fmt: skip
    return (
        [Figure(words.say("Process tree"), Tree(roots), alternative, anchor="process-tree")] if roots else []
    )


def _end(process: ProcessFacts, words: Language) -> str:
    from bstinspect.findings.witnesses import killer

    if process.status is None:
        return ""
    if process.killed:
        return words.say("killed by {signal}", signal=killer(process.status))
    return words.say("exited with {status}", status=process.status >> 8 & 0xFF)
