"""`bstrace grade`: any program that speaks the assignment's language, driven and marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bstinspect.commandline import run
from bstinspect.grade.options import Options, parse
from bstinspect.grade.progress import Progress
from bstinspect.linux import proc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bstinspect.grade.running import Grading


def main(arguments: Sequence[str]) -> int:
    """Run `bstrace grade`; return the exit status."""
    return run(lambda words: _grade(parse(words)), arguments)


def _grade(options: Options) -> int:
    from bstinspect.grade import files, table
    from bstinspect.grade.checks.all import CHECKS
    from bstinspect.grade.marks import verdicts
    from bstinspect.grade.running import Grading

    written = {
        path: form for path, form in ((options.csv, files.as_csv), (options.json, files.as_json)) if path
    }
    files.check(list(written), force=options.force)
    checks = [check for check in CHECKS if check.group in options.groups]
    grading = Grading(options.subject, checks, options.jobs, at_points="points" in options.groups)
    progress = Progress()
    try:
        grading.run(progress.show)
    finally:
        progress.close()
    found = verdicts(grading.judgements, options.groups, options.subject)
    table.show(grading.subject, found, _about_points(grading))
    for path, form in written.items():
        files.write(path, form(grading.subject, found))
        print(f"Wrote {proc.printable(bytes(path))}", flush=True)
    return int(any(each.fails for each in found))


def _about_points(grading: Grading) -> str:
    if not grading.fired:
        return ""
    chosen, came = len(grading.fired), sum(grading.fired)
    return f"faults at messages: {chosen}, of {grading.passed} points; {came} took effect"
