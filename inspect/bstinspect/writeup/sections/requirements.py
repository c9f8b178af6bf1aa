"""Section 2: the task's requirements, each with what shows that it is met."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.writeup.document import Cell, Code, Column, Paragraph, Section, Table
from bstinspect.writeup.names import plain

if TYPE_CHECKING:
    from bstinspect.findings.model import Findings, RequirementFacts
    from bstinspect.writeup.document import Span, Tone
    from bstinspect.writeup.language import Language

_STATUS: Final[dict[str, tuple[str, Tone]]] = {
    "met": ("met", "good"),
    "unmet": ("not met", "bad"),
    "untried": ("not tried", "muted"),
}
_LONGEST: Final = 64
"""Characters of a piece of evidence; all of it shows on hover."""
_MOST_EVIDENCE: Final = 2


def section(findings: Findings, words: Language) -> Section | None:
    """Return the section, None where no table was given that could apply."""
    found = findings.requirements
    if not found:
        return None
    met = sum(each.status == "met" for each in found)
    intro = words.text(
        "{met} of {all} requirements are met, as the trace shows. Lines are those of the full trace.",
        met=str(met), all=str(len(found)),
    )  # fmt: skip
    table = Table(
        words.say("Requirements and their evidence"),
        (
            Column(words.say("Requirement")), Column(words.say("System calls")),
            Column(words.say("Evidence")), Column(words.say("Line"), numeric=True),
            Column(words.say("Result")),
        ),
        tuple(_row(each, words) for each in found),
        anchor="requirements-table",
    )  # fmt: skip
    return Section("requirements", words.say("Requirements"), (Paragraph(intro), table))


def _row(each: RequirementFacts, words: Language) -> tuple[Cell, ...]:
    title = each.title.get(words.code) or each.title.get("en") or each.key
    evidence: list[Span] = []
    for found in each.evidence[:_MOST_EVIDENCE]:
        if evidence:
            evidence.append("; ")
        evidence.append(Code(_short(found.text), found.text))
    if each.missing:
        if evidence:
            evidence.append("; ")
        evidence += words.text("not found: {what}", what=Code(", ".join(each.missing)))
    lines = [found.line for found in each.evidence if found.line]
    status, tone = _STATUS[each.status]
    calls = ", ".join(dict.fromkeys(each.syscalls))
    return (
        plain(title),
        Cell((Code(calls),) if calls else ("—",)),
        Cell(tuple(evidence)),
        Cell((", ".join(map(str, lines)) or "—",), lines[0] if lines else None),
        Cell((words.say(status),), None, tone),
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
