"""Section 6: the few lines of the trace that show how it works, with notes in the margin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.writeup.document import Excerpt, ExcerptLine, Paragraph, Section
from bstinspect.writeup.margin import note

if TYPE_CHECKING:
    from bstinspect.findings.model import ExcerptFacts, Findings, SeenCall
    from bstinspect.writeup.language import Language
    from bstinspect.writeup.names import Names

_TITLES: Final = {
    "create": "A node is made: {subject}",
    "exec": "Numbers are added up: {subject}",
    "death": "A node is killed: {subject}",
    "start": "The beginning of the program",
    "network": "The conversation over the network",
    "processes": "Processes come and go",
    "end": "The end of the program",
}
_RULES: Final = {
    "create": "messages, and calls that make processes and sockets",
    "exec": "messages, and calls that make processes and sockets",
    "death": "messages, ends of connections, and calls about processes",
    "start": "the first calls of the first process",
    "network": "the first messages, and calls that make and connect sockets",
    "processes": "the first calls that make and end processes",
    "end": "the last calls of the first process that do not wait",
}
_LONGEST: Final = 76


def section(findings: Findings, words: Language, names: Names) -> Section | None:
    """Return the section, None where there is nothing to show."""
    if not findings.excerpts:
        return None
    intro = words.text(
        "Of the full trace these lines show the work; the number before a line is its line there, and all "
        "lines between two of them are left out."
    )  # fmt: skip
    excerpts = [_excerpt(each, words, names) for each in findings.excerpts]
    return Section("excerpts", words.say("Key excerpts of the trace"), (Paragraph(intro), *excerpts))


def _excerpt(each: ExcerptFacts, words: Language, names: Names) -> Excerpt:
    title = _TITLES[each.topic] if each.subject or "{" not in _TITLES[each.topic] else "A process is killed"
    lines: list[ExcerptLine] = []
    for index, call in enumerate(each.calls):
        if each.loader and index == 1:
            loaded = words.say("… {calls} of the dynamic loader", calls=words.count(each.loader, "call"))
            lines.append(ExcerptLine(loaded, folded=True))
        lines.append(_line(call, words, names))
    folded = words.count(sum(each.folded.values()), "call")
    rule = words.say("Chosen by a rule: {rule}; at most 15 lines.", rule=words.say(_RULES[each.topic]))
    if each.folded:
        rule += " " + words.say("Left out in between: {calls}.", calls=folded)
    return Excerpt(words.say(title, subject=each.subject), tuple(lines), rule)


def _line(call: SeenCall, words: Language, names: Names) -> ExcerptLine:
    whole = f"[{names.process(call.pid)}] {call.text}"
    text = whole if len(whole) <= _LONGEST else whole[: _LONGEST - 1] + "…"
    points = f" /* {', '.join(call.points)} */" if call.points else ""
    return ExcerptLine(text, note(call, words), call.line, whole=whole + points)
