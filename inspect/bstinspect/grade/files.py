"""The marks as CSV and JSON."""

from __future__ import annotations

import csv
import io
import os
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.errors import InspectError

if TYPE_CHECKING:
    from pathlib import Path

    from bstinspect.grade.marks import Verdict
    from bstinspect.grade.subject import Subject

COLUMNS: Final = ("mark", "group", "essential", "state", "evidence", "command")


class ThereAlreadyError(InspectError):
    """A file that is to be written exists."""


def check(paths: list[Path], *, force: bool) -> None:
    """See, before anything takes long, that the files can be made. Raises InspectError and OSError."""
    for path in paths:
        if os.path.lexists(path) and not force:
            raise ThereAlreadyError(f"{path} is there already; --force overwrites it")
        if not path.parent.is_dir():
            raise ThereAlreadyError(f"{path.parent} is no directory")


def as_csv(subject: Subject, verdicts: list[Verdict]) -> str:
    """Return one row a mark, below the names of the columns."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    command = " ".join(subject.arguments)
    for each in verdicts:
        essential = "yes" if each.essential else "no"
        writer.writerow([each.mark.name, each.mark.group, essential, each.state, each.evidence, command])
    return text.getvalue()


def as_json(subject: Subject, verdicts: list[Verdict]) -> str:
    """Return one object: the command, the manner, the marks."""
    marks = [
        {
            "mark": each.mark.name,
            "group": each.mark.group,
            "essential": each.essential,
            "state": each.state,
            "what": each.mark.what,
            "evidence": each.evidence,
        }
        for each in verdicts
    ]
    found = {
        "format": 1,
        "command": list(subject.arguments),
        "profile": subject.profile,
        "through": subject.through,
        "sandboxed": subject.sandboxed,
        "deadline": subject.deadline,
        "passed": not any(each.fails for each in verdicts),
        "marks": marks,
    }
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"


def write(path: Path, text: str) -> None:
    """Write a file. Raises OSError, which names it."""
    data = text.encode("utf-8", "backslashreplace")
    path.write_bytes(data)
