"""The marks as a table: with colours on a terminal, as plain lines elsewhere."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bstinspect.grade.marks import Verdict
    from bstinspect.grade.subject import Subject

_STYLES: Final = {"ok": "green", "not judged": "yellow", "missed": "bold red"}
_PLAIN_STATE: Final = 10
_PLAIN_NAME: Final = 34


def show(subject: Subject, verdicts: list[Verdict], about_points: str) -> None:
    """Print the marks, and what sums them up."""
    if os.isatty(1):
        _show_colored(verdicts)
    else:
        for each in verdicts:
            print(f"{each.state:<{_PLAIN_STATE}}  {each.mark.name:<{_PLAIN_NAME}}  {_remark(each)}")
    if about_points:
        print(about_points)
    print(summary(subject, verdicts), flush=True)


def summary(subject: Subject, verdicts: list[Verdict]) -> str:
    """Return the line that sums up."""
    missed = [each for each in verdicts if each.state == "missed"]
    essential = sum(each.fails for each in missed)
    unjudged = sum(each.state == "not judged" for each in verdicts)
    where = "in a sandbox" if subject.sandboxed else "without a sandbox"
    counts = f"{len(verdicts)} marks: {len(missed)} missed, {essential} of them essential"
    if unjudged:
        counts += f", {unjudged} not judged"
    manner = f"profile {subject.profile}, through a {subject.through}, {where}"
    return f"{shlex.join(subject.arguments)}: {counts} ({manner})"


def _show_colored(verdicts: list[Verdict]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_edge=False, pad_edge=False)
    for title in ("mark", "", "evidence"):
        table.add_column(title, overflow="fold")
    group = ""
    for each in verdicts:
        if group and each.mark.group != group:
            table.add_section()
        group = each.mark.group
        style = _STYLES[each.state] if each.essential or each.state != "missed" else "red"
        table.add_row(each.mark.name, Text(each.state, style), Text(_remark(each)))
    Console().print(table)  # it minds NO_COLOR


def _remark(verdict: Verdict) -> str:
    if verdict.state != "missed":
        return verdict.evidence
    weight = "" if verdict.essential else "(not essential) "
    return f"{weight}{verdict.mark.what}; {verdict.evidence}"
