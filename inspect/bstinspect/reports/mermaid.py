"""Drawings as Mermaid, which GitHub and GitLab draw: https://mermaid.js.org/syntax/.

Characters with a meaning in Mermaid are written as its entities (``#59;`` for a semicolon). Drawings are
cut where they would be beyond Mermaid's own limits (`maxTextSize`, `maxEdges`) or a reader's patience.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bstinspect.reports.visible import one_line
from bstinspect.writeup.document import Arrow, Gantt, Sequence, Tree

if TYPE_CHECKING:
    from bstinspect.writeup.document import Mark, Twig

_LONGEST: Final = 60
"""Characters of a label that are kept."""
_MILLISECOND: Final = 1e6
_MOST: Final = 150
"""Arrows, nodes or bars of a drawing at most."""
_MEANINGFUL: Final = re.compile(
    r"[\"#;<>&`%{}]|-(?=[->])|\\(?=n)|^(?:no)?wrap:|^[-+*](?=\s)|(?<=^\d)\.(?=\s)", re.IGNORECASE
)
"""Includes what flowcharts take for lists in Markdown and for ends of lines, and a prefix of messages."""
_TASK: Final = re.compile(
    r":|^(?:acc|axis|click|date|exclu|gantt|inclu|section|tick|title|todayM|topA|week)", re.IGNORECASE
)
"""What a task of a Gantt chart must not hold, or not begin with."""
_CLASSES: Final = (
    "classDef bad stroke:#b3261e,stroke-width:3px,stroke-dasharray:6 3",
    "classDef warn stroke:#855300,stroke-width:2px,stroke-dasharray:2 3",
    "classDef good stroke:#166534,stroke-width:2px",
    "classDef none fill:none,stroke:none",
)
_SIDES: Final = {"left": 0, "": 1, "right": 2}


def mermaid(drawing: Sequence | Tree | Gantt, alternative: str, point: str = ".") -> str:
    """Return the drawing in Mermaid's language; `alternative` says in words what it shows.

    `point` is what stands before decimals.
    """
    if isinstance(drawing, Sequence):
        lines = _sequence(drawing, alternative, point)
    elif isinstance(drawing, Tree):
        lines = _tree(drawing, alternative)
    else:
        lines = _gantt(drawing, alternative)
    return "\n".join(lines)


def _label(text: str, longest: int = _LONGEST) -> str:
    """Return `text` so that nothing in it has a meaning, never empty."""
    text = one_line(text).strip()
    text = text if len(text) <= longest else text[: longest - 1] + "…"
    return _MEANINGFUL.sub(_entity, text) or "#160;"


def _task(text: str) -> str:
    return _TASK.sub(_entity, _label(text))


def _entity(found: re.Match[str]) -> str:
    return f"#{ord(found[0][0])};{found[0][1:]}"


def _description(alternative: str) -> str:
    return f"    accDescr: {_label(alternative, 300)}"


def _sequence(drawing: Sequence, alternative: str, point: str) -> list[str]:
    lines = ["sequenceDiagram", _description(alternative)]
    lanes = len(drawing.lanes)
    for number, lane in enumerate(drawing.lanes):
        detail = f"<br/>{_label(lane.detail)}" if lane.detail else ""
        lines.append(f"    participant p{number} as {_label(lane.title)}{detail}")
    for step in drawing.steps[:_MOST]:
        time = f"{(step.sent if isinstance(step, Arrow) else step.when) / _MILLISECOND:.3f}".replace(
            ".", point
        )
        lines += _step(step, lanes, f"{time} {_label(drawing.axis)}")
    rest = len(drawing.steps) - _MOST
    if rest > 0 and lanes:
        lines.append(f"    Note over p0: … +{rest}")
    return lines


def _step(step: Arrow | Mark, lanes: int, time: str) -> list[str]:
    if isinstance(step, Arrow):
        if not (0 <= step.sender < lanes and 0 <= step.receiver < lanes):
            return []
        arrow = "-x" if step.arrived is None else "->>"
        return [f"    p{step.sender}{arrow}p{step.receiver}: {_label(step.label)} ({time})"]
    return [f"    Note over p{step.lane}: {_label(step.label)} ({time})"] if 0 <= step.lane < lanes else []


def _tree(drawing: Tree, alternative: str) -> list[str]:
    """Return nodes, each followed by what hangs below it; a left child stands before a right one."""
    lines = ["flowchart TD", _description(alternative)]
    count = 0
    waiting: list[tuple[Twig, str]] = [(root, "") for root in reversed(drawing.roots)]
    while waiting and count < _MOST:
        twig, parent = waiting.pop()
        name = f"n{count}"
        count += 1
        detail = f"<br/>{_label(twig.detail)}" if twig.detail else ""
        tone = f":::{twig.tone}" if twig.tone in {"bad", "warn", "good"} else ""
        node = f'{name}["{_label(twig.title)}{detail}"]{tone}'
        below = sorted(twig.below, key=lambda each: _SIDES[each.hand])
        edge = f"    {parent} --> " if parent else "    "
        lines.append(f"{edge}{node}")
        waiting += [(each, name) for each in reversed(below)]
    if waiting:
        lines.append(f'    more["… +{_size(waiting)}"]:::none')
    return lines + [f"    {each}" for each in _CLASSES if f":::{each.split()[1]}" in "\n".join(lines)]


def _size(waiting: list[tuple[Twig, str]]) -> int:
    count = 0
    twigs = [twig for twig, _ in waiting]
    while twigs:
        twigs += twigs.pop().below
        count += 1
    return count


def _gantt(drawing: Gantt, alternative: str) -> list[str]:
    """Return a chart whose axis counts the drawing's units (`%Q`), with thousandths where it is short."""
    fine = drawing.length < 60 * drawing.unit_ns
    step = max(drawing.unit_ns // 1000 if fine else drawing.unit_ns, 1)
    lines = [
        "gantt",
        _description(alternative),
        f"    title {_task(drawing.axis)}",
        "    dateFormat x",
        f"    axisFormat {'%S.%L' if fine else '%Q'}",
    ]
    kinds = dict(drawing.kinds)
    for row in drawing.rows:
        lines.append(f"    section {_task(row.title)}")
        most = max(_MOST // len(drawing.rows), 1)
        longest = sorted(row.bars, key=lambda bar: bar.begin - bar.end)[:most]
        for bar in sorted(longest, key=lambda bar: bar.begin):
            begin = bar.begin // step
            end = max(bar.end // step, begin + 1)
            lines.append(f"    {_task(kinds.get(bar.kind, bar.kind))} :{begin}, {end}")
        lines += [f"    {_task(words)} :milestone, {when // step}, 0ms" for when, words in row.moments[:most]]
        if len(row.bars) > most:
            lines.append(f"    … +{len(row.bars) - most} :milestone, 0, 0ms")
    return lines
