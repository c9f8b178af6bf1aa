"""What the commands `report`, `faults` and `grade` share: how their lines are parsed, and how they end.

`trace` and `replay` end as strace does (`bstinspect.trace.ending`).
"""

from __future__ import annotations

import argparse
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from bstinspect.errors import InspectError, UsageError
from bstinspect.trace.ending import end, say
from bstinspect.trace.launching import open_standard_descriptors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class BadLineError(UsageError):
    """A command line that makes no sense; the exit status is 2 here."""

    exit_code = 2


class Parser(argparse.ArgumentParser):
    """Says what is wrong by an exception."""

    def error(self, message: str) -> NoReturn:
        """Raise BadLineError."""
        raise BadLineError(message)


def run(do: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> int:
    """Do what the arguments ask for; return the exit status. What goes wrong is told in one line."""
    try:
        open_standard_descriptors()
        if sys.stdout is not None:
            sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # for foreign names
        return do(arguments)
    except BrokenPipeError:  # as any filter ends
        return end(128 + signal.SIGPIPE, signal.SIGPIPE)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except SystemExit as done:  # --help
        return done.code if isinstance(done.code, int) else 0
    except Exception as error:  # noqa: BLE001 - a defect of ours is one line too
        if "--debug" in arguments:
            import traceback

            traceback.print_exc()
        say(_explanation(error))
        return error.exit_code if isinstance(error, InspectError) else 1


def _explanation(error: Exception) -> str:
    if isinstance(error, InspectError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    return f"internal: {type(error).__name__}: {error} (--debug says where)"
