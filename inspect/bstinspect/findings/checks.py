"""Requirements that no single line shows: checks over all facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from bstinspect.findings.model import Evidence

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.findings.model import CommandFacts, DeathFacts, Findings

_NO_SUCH_NODE: Final = ": Not found"
Outcome: TypeAlias = tuple[Evidence | None, bool]
"""What shows that it holds, None where it does not; and whether it was tried at all."""


def _search_tree(findings: Findings) -> Outcome:
    """Every node was forked by its parent in the search tree."""
    nodes = findings.nodes_before_death()
    edges = [(node, parent) for node, parent in findings.parents.items() if parent is not None]
    shown: list[str] = []
    for node, parent in edges:
        child, above = nodes.get(node), nodes.get(parent)
        if child is None or above is None or child.parent is None:
            continue
        if child.parent != above.pid:
            return None, True
        shown.append(f"{parent} ({above.pid}) → {node} ({child.pid})")
    return (Evidence("; ".join(shown)), True) if shown else (None, bool(edges))


def _one_process_each(findings: Findings) -> Outcome:
    """Every node is a process with a pid of its own."""
    created = [each for each in findings.commands if each.verb == "create" and each.reply.startswith("Ok: ")]
    pids = [each.reply.removeprefix("Ok: ") for each in created]
    if not pids or len(set(pids)) != len(pids):
        return None, bool(created)
    return Evidence("; ".join(f"{each.line} → {each.reply}" for each in created)), True


def _unreachable(findings: Findings) -> Outcome:
    """The pingall after a death lists exactly the dead ones and what hangs below them."""
    answered = [death for death in findings.deaths if death.answered]
    for death in answered:
        if death.answered != "Ok: " + (";".join(map(str, death.cut_off)) or "-1"):
            return None, True
    if not answered:
        return None, False
    first = answered[0]
    text = f"{_who(first)}: pingall → {first.answered}"
    asked = (each for each in findings.commands if each.verb == "pingall" and each.began >= first.when)
    return _replied(text, next(asked, None), findings), True


def _replied(text: str, command: CommandFacts | None, findings: Findings) -> Evidence:
    """Return evidence with the line where a node sent the reply on to the controller, if that was traced."""
    index = findings.commands.index(command) if command is not None else -1
    for message in findings.messages:
        to_controller = message.receiver.pid is None and message.kind.endswith("-reply")
        if message.command == index and to_controller and message.sent is not None:
            return Evidence(text, message.sent.line, message.sent.name)
    return Evidence(text)


def _survivors(findings: Findings) -> Outcome:
    """After a death, nodes that no death cut off still add up numbers."""
    tried = False
    for command in findings.commands:
        words = command.line.split()
        before = [death for death in findings.deaths if death.when <= command.began]
        cut = {str(node) for death in before for node in death.unreachable}
        if command.verb != "exec" or len(words) < 2 or not before or words[1] in cut:
            continue
        if command.reply.startswith(f"Ok:{words[1]}:"):
            return _replied(f"{command.line} → {command.reply}", command, findings), True
        tried = tried or not command.reply.endswith(_NO_SUCH_NODE)
    return None, tried


def _all_available(findings: Findings) -> Outcome:
    """With no death before it, pingall says that all are available."""
    first = min((death.when for death in findings.deaths), default=None)
    before = [
        each for each in findings.commands
        if each.verb == "pingall" and (first is None or (each.ended or each.began) <= first)
    ]  # fmt: skip
    for each in before:
        if each.reply == "Ok: -1":
            return Evidence(f"{each.line} → {each.reply}"), True
    return None, bool(before)


def _asynchronous(findings: Findings) -> Outcome:
    """Nodes wait in poll or epoll for whatever comes first, never in one peer's answer."""
    nodes = [each for each in findings.processes if each.node is not None and each.counts]
    if not nodes:
        return None, False
    waits = {"poll", "ppoll", "epoll_wait", "epoll_pwait", "select", "pselect6"}
    shown = []
    for process in nodes:
        found = [f"{each.name} x {each.calls}" for each in process.counts if each.name in waits]
        if not found:
            return None, True
        shown.append(f"{process.title}: {', '.join(sorted(found))}")
    return Evidence("; ".join(shown)), True


def _who(death: DeathFacts) -> str:
    return f"node {death.node} (pid {death.pid})" if death.node is not None else f"pid {death.pid}"


CHECKS: Final[dict[str, Callable[[Findings], Outcome]]] = {
    "search-tree": _search_tree,
    "one-process-each": _one_process_each,
    "unreachable": _unreachable,
    "survivors": _survivors,
    "all-available": _all_available,
    "asynchronous": _asynchronous,
}
