"""A run as a sequence diagram: its commands, its messages, and the faults at their places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.reports.exploration.verdict import rank
from bstinspect.writeup.document import Arrow, Lane, Mark, Sequence

if TYPE_CHECKING:
    from bstinspect.faults.run import Fired, Reply, Run, Sent
    from bstinspect.writeup.document import Tone

MOST_STEPS: Final = 44
"""A diagram has no more; which part of the whole it is, is told."""
_BEFORE: Final = 0.4
"""So much of a diagram stands before the first fault."""
_MOST_LANES: Final = 14
_CONTROLLER: Final = "controller"
_DEADLY: Final = frozenset({"kill", "signal"})


class Diagram(msgspec.Struct, frozen=True):
    """A drawing, and what it shows in words."""

    drawing: Sequence
    alternative: str
    shown: int
    """Steps that it shows."""
    total: int


class _Step(msgspec.Struct, frozen=True):
    """A step, before it is known on which lanes it goes."""

    when: int
    sender: str
    receiver: str
    """Empty for a mark."""
    label: str
    hover: str = ""
    arrived: int | None = None
    tone: Tone = ""
    is_fault: bool = False


def diagram(run: Run, command: int | None = None) -> Diagram | None:
    """Draw the run around its first fault; with `command`, what happened while that one was answered.

    None where there is nothing to draw.
    """
    steps = [*_said(run, command), *_moved(run, command), *_struck(run, command)]
    steps.sort(key=lambda step: step.when)
    shown = _around(steps)
    lanes = {name: index for index, name in enumerate(sorted(_present(shown), key=rank))}
    shown = [step for step in shown if step.sender in lanes and step.receiver in {"", *lanes}]
    if not shown:
        return None
    drawing = Sequence(tuple(map(_lane, lanes)), tuple(_drawn(step, lanes) for step in shown))
    return Diagram(drawing, "; ".join(map(_told, shown)), len(shown), len(steps))


def _said(run: Run, command: int | None) -> list[_Step]:
    """Return the commands and their replies, at the controller."""
    steps = []
    for reply in _chosen(run.replies, command):
        line, tone = _answer(reply)
        # a reply is drawn below what came at the same moment, and above the command that came then
        begin, end = reply.sent_ns + 2, reply.sent_ns + reply.took_ns + 1
        steps.append(_Step(begin, _CONTROLLER, "", f"> {reply.command}", tone="muted"))
        steps.append(_Step(max(begin, end), _CONTROLLER, "", line, reply.command, tone=tone))
    return steps


def _chosen(replies: tuple[Reply, ...], command: int | None) -> tuple[Reply, ...]:
    return replies if command is None else replies[command : command + 1]


def _answer(reply: Reply) -> tuple[str, Tone]:
    if reply.line is None:
        return "no reply", "warn"
    return reply.line, "good" if reply.line.startswith("Ok") else "warn"


def _moved(run: Run, command: int | None) -> list[_Step]:
    """Return the messages. One whose receiver is not known is a mark at its sender."""
    steps = []
    for each in run.messages:
        if command not in (None, each.command):
            continue
        lost = each.received_ns is None
        label = each.text or each.name
        if not each.receiver or each.receiver == each.sender:
            label = f"{label} → ?"
        receiver = each.receiver if each.receiver != each.sender else ""
        steps.append(
            _Step(
                each.time_ns,
                each.sender,
                receiver,
                label,
                _way(each),
                each.received_ns,
                "warn" if lost or not receiver else "",
            )
        )
    return steps


def _way(message: Sent) -> str:
    lost = ", never received" if message.received_ns is None else ""
    return f"{message.name} from {message.sender} to {message.receiver or '?'}{lost}"


def _struck(run: Run, command: int | None) -> list[_Step]:
    """Return the faults that took effect; for a stop that ends, its end too."""
    steps = []
    for each in run.fired:
        if command not in (None, each.command):
            continue
        fault = each.injection.fault
        tone: Tone = "bad" if fault.kind in _DEADLY else "warn"
        steps.append(_Step(each.time_ns, each.who, "", str(fault), _place(each), tone=tone, is_fault=True))
        if fault.kind == "stop" and fault.value:
            steps.append(_Step(each.time_ns + fault.value, each.who, "", "continued", tone="muted"))
    return steps


def _place(fired: Fired) -> str:
    return f"{fired.injection}, pid {fired.pid}"


def _around(steps: list[_Step]) -> list[_Step]:
    """Return the part around the first fault, or the beginning."""
    first = next((index for index, step in enumerate(steps) if step.is_fault), 0)
    begin = max(min(first - int(MOST_STEPS * _BEFORE), len(steps) - MOST_STEPS), 0)
    return steps[begin : begin + MOST_STEPS]


def _present(steps: list[_Step]) -> list[str]:
    """Return the processes that have a lane; whom a fault strikes is among them."""
    first = sorted(steps, key=lambda step: not step.is_fault)
    names = dict.fromkeys(who for step in first for who in (step.sender, step.receiver) if who)
    return list(names)[:_MOST_LANES]


def _lane(name: str) -> Lane:
    node, _, life = name.partition(".")
    if rank(name)[0] != 2:
        return Lane(name)
    return Lane(f"node {node}", f"life {life}" if life not in ("", "1") else "")


def _drawn(step: _Step, lanes: dict[str, int]) -> Arrow | Mark:
    if not step.receiver:
        return Mark(lanes[step.sender], step.label, step.when, step.hover, step.tone)
    return Arrow(
        lanes[step.sender], lanes[step.receiver], step.label, step.when, step.arrived, step.hover, step.tone
    )


def _told(step: _Step) -> str:
    where = f"from {step.sender} to {step.receiver}" if step.receiver else f"at {step.sender}"
    return f"{step.label} {where} at {step.when / 1e6:.3f} ms"
