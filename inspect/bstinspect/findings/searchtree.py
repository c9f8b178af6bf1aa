"""The search tree of a session: who hung below whom, and what a death cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bstcluster.topology import Tree

if TYPE_CHECKING:
    from bstinspect.findings.log import Log
    from bstinspect.findings.model import ProcessFacts


def parents_before_death(log: Log) -> dict[int, int | None]:
    """Return each node's parent as it was when the first node died, or when most were there if none did.

    Raises nothing: a log that contradicts itself gives the tree of what fits.
    """
    until = log.deaths[0].at if log.deaths else float("inf")
    events = [(each.at, each.node, True) for each in log.created]
    events += [(at, node, False) for at, node in log.removed]
    tree, session = Tree(), 0
    largest: dict[int, int | None] = {}
    for at, node, is_new in sorted(events):
        if at >= until:
            break
        if not is_new or log.session(at) != session:
            largest = max(_parents(tree), largest, key=len)
        if log.session(at) != session:  # another one in the same directory: it begins without nodes
            tree, session = Tree(), log.session(at)
        if is_new and node not in tree:
            tree.add(node)
        elif not is_new and node in tree:
            tree.remove(node)
    return _parents(tree) if log.deaths else max(_parents(tree), largest, key=len)


def _parents(tree: Tree) -> dict[int, int | None]:
    return {node: tree[node].parent for node in tree}


def depths(parents: dict[int, int | None]) -> dict[str, int]:
    """Return how deep each node is, the root 0, by its id as text."""
    found: dict[str, int] = {}
    for node, parent in parents.items():
        depth, above = 0, parent
        while above is not None and depth < len(parents):
            depth, above = depth + 1, parents.get(above)
        found[str(node)] = depth
    return found


def name_nodes(log: Log, processes: list[ProcessFacts]) -> None:
    """Tell the processes which nodes they were, and who forked them as far as the search tree says."""
    by_pid = {each.pid: each for each in log.created}
    pids = {each.node: each.pid for each in log.created}
    for process in processes:
        made = by_pid.get(process.pid)
        if made is not None:
            process.node = made.node
            if process.parent is None and made.parent is not None:
                process.parent = pids.get(made.parent)
