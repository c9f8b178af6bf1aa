"""How `bstrace trace` and `bstrace replay` end: a line for what went wrong, an exit status, or a signal."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
from typing import TYPE_CHECKING, Final

from bstinspect.errors import InspectError, PtraceError, UsageError
from bstinspect.linux import proc

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.trace.options import Options

FATAL: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGTERM)
"""What ends strace; -I says when it may."""


def run(name: str, parse: Callable[[], Options], do: Callable[[Options], int]) -> int:
    """Parse and do; return the exit status. `name` is the command whose -h has more."""
    debug = False
    try:
        options = parse()
        debug = options.debug
        return do(options)
    except InspectError as error:
        if debug:
            _show_traceback()
        say(_explanation(error))
        if isinstance(error, UsageError) and error.advice:
            sys.stderr.write(f"Try 'bstrace {name} -h' for more information.\n")
        return error.exit_code
    except BrokenPipeError:  # as any filter ends
        return end(128 + signal.SIGPIPE, signal.SIGPIPE)
    except OSError as error:
        if debug:
            _show_traceback()
        say(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror))
        return 1


def say(text: str) -> None:
    """Say one line on standard error; where that takes none, the exit status has to do."""
    line = f"bstrace: {proc.printable(text.encode('utf-8', 'surrogateescape'))}\n"
    with contextlib.suppress(OSError):
        if sys.stderr is not None:
            sys.stderr.flush()
        os.write(2, line.encode())


def end(status: int, number: int) -> int:
    """Die of a signal as the command did (strace's terminate), or return the exit status."""
    if not number:
        return status
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no core file of ours over the command's
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    os.kill(os.getpid(), number)
    return status


def _explanation(error: InspectError) -> str:
    if isinstance(error, PtraceError):
        from bstinspect.trace.running import explain

        return explain(error)
    return str(error)


def _show_traceback() -> None:
    import traceback

    traceback.print_exc()
