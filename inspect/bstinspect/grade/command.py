"""`bstrace grade`: any program that speaks the assignment's language, driven and marked."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

from bstinspect.errors import InspectError
from bstinspect.grade.options import Options, parse
from bstinspect.grade.progress import Progress
from bstinspect.linux import proc
from bstinspect.trace.ending import end, say
from bstinspect.trace.launching import open_standard_descriptors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bstinspect.grade.running import Grading


def main(arguments: Sequence[str]) -> int:
    """Run `bstrace grade`; return the exit status."""
    try:
        open_standard_descriptors()
        if sys.stdout is not None:
            sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # for foreign names
        return _grade(parse(arguments))
    except BrokenPipeError:  # as any filter ends
        return end(128 + signal.SIGPIPE, signal.SIGPIPE)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except SystemExit as done:  # --help
        return done.code if isinstance(done.code, int) else 0
    except Exception as error:  # noqa: BLE001 - a defect of ours is one line too
        if "--debug" in arguments:
            import traceback

            traceback.print_exc(file=sys.stderr)
        return _complain(error)


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


def _complain(error: Exception) -> int:
    """Say in one line what went wrong; return the exit status."""
    if isinstance(error, InspectError):
        say(str(error))
        return error.exit_code
    if isinstance(error, OSError):
        say(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error))
    else:
        say(f"internal: {type(error).__name__}: {error} (--debug says where)")
    return 1
