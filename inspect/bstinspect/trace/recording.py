"""What is recorded of the tracees, as the options ask for it; and --record, which keeps it in a file."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.capture.recording import Recording
from bstinspect.errors import LaunchError, UsageError
from bstinspect.trace import launching
from bstinspect.trace.expressions import EVERYTHING
from bstinspect.trace.outbox import Answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.capture.file import CaptureWriter
    from bstinspect.capture.gather import Gatherer
    from bstinspect.decode.style import Style
    from bstinspect.records import CaptureStart, Record
    from bstinspect.trace.options import Options
    from bstinspect.trace.outbox import DirectOutbox, PipeOutbox

_STRING: Final = 1024
"""So many bytes of a string are in a capture where -s does not say; more, and its files get large."""
_ZMTP_STRING: Final = 1 << 16
"""So many bytes of a string are copied for --zmtp and --points."""


def recording(options: Options, say: Callable[[str], None]) -> Recording:
    """Say what is to be recorded. Raises NotSupportedError."""
    made = Recording(partial(_gatherer, options))
    if options.paths or options.descriptors is not None:
        from bstinspect.capture.selection import Selection

        paths = launching.resolve(options.paths, None if "path-resolution" in options.wanted.quiet else say)
        made.selection = Selection(paths, options.descriptors)
    if options.rules:
        from bstinspect.capture.tampering import Tampering

        made.tampering = Tampering(options.rules)
    if options.stacks and (options.record or options.summary != "only"):
        from bstinspect.linux.unwind import Unwinder

        made.unwinder = Unwinder()
    return made


def _gatherer(options: Options) -> Gatherer | None:
    """Make what copies memory; None where only calls are counted."""
    if options.summary == "only" and not options.record:
        return None
    from bstinspect.capture.gather import Gatherer
    from bstinspect.capture.reads import Limits
    from bstinspect.decode.dump import dump
    from bstinspect.decode.layout import no_numbers
    from bstinspect.decode.style import all_calls

    style = _style(options)
    dumped = options.wanted.reads is not no_numbers or options.wanted.writes is not no_numbers
    whole = options.style if options.record else style
    most = max(style.strings + 1, _ZMTP_STRING) if options.zmtp or options.points else style.strings + 1
    return Gatherer(
        style,
        Limits(most, most),
        partial(dump, wanted=options.wanted) if dumped else None,
        whole=whole.abbreviated is not all_calls,
    )


def _style(options: Options) -> Style:
    """Return the style whose text needs everything that is to be recorded."""
    if options.record:
        from bstinspect.decode.style import Style, no_calls

        asked = options.style
        return Style(
            _strings(options), abbreviated=no_calls, descriptors=asked.descriptors, names=asked.names
        )
    if options.json:
        from bstinspect.trace.reporting import json_style

        return json_style(options)
    return options.style


def _strings(options: Options) -> int:
    """Return how many bytes of a string a capture has."""
    if options.strings_given:
        return options.style.strings
    return _ZMTP_STRING if options.zmtp or options.points else _STRING


def capture_start(options: Options) -> CaptureStart:
    """Return the first record: of a stream to be shown at once, or of a capture that says what is in it."""
    from bstinspect.capture import file

    if not options.record:
        return file.capture_start("trace", options.style.strings)
    details = options.style.descriptors
    letters = {
        "c": True,
        "f": options.follow or len(options.pids) > 1,
        "k": options.stacks,
        "y": bool(details),
        "yy": {"socket", "dev", "pidfd"} <= details,
        "yyy": "peer" in details,
        "Y": options.style.names,
    }
    start = file.capture_start(
        "trace", _strings(options), tuple(each for each, has in letters.items() if has)
    )
    selected = options.calls != EVERYTHING or bool(options.paths) or options.descriptors is not None
    return msgspec.structs.replace(start, selected=selected)


class FileOutbox(Answers):
    """Writes records to the file of --record; where text is wanted as well, they go to its outbox too.

    A disk that is full costs records, and one line on standard error; the traced program goes on.
    """

    def __init__(
        self,
        path: str,
        writer: CaptureWriter,
        beside: DirectOutbox | PipeOutbox | None,
        say: Callable[[str], None],
    ) -> None:
        self._path = path
        self._writer = writer
        self._beside = beside
        self._say = say
        self._complained = False
        self.buffer = None if beside is not None else writer.buffer  # the compiled loop serves one outbox
        writer.flush()
        self._empty = writer.size

        self.heard = beside.heard if beside is not None else frozenset()

    def entered(self, tid: int, number: int, arguments: tuple[int, ...]) -> None:
        """Have the text shown, where the call may write to the same place."""
        if self._beside is not None:
            self._beside.entered(tid, number, arguments)

    @property
    def broken(self) -> bool:
        """Whether nobody reads the text any more."""
        return self._beside is not None and self._beside.broken

    def capture_only(self, record: Record) -> None:
        """Take a record."""
        self._writer.append(record)
        if self._beside is not None:
            self._beside.capture_only(record)

    tell = capture_only

    def flush(self) -> None:
        """Write what is buffered, so that whoever kills this process finds all of it."""
        self._writer.flush()
        if self._writer.reason and not self._complained:
            self._complained = True
            self._say(f"{self._path}: {self._writer.reason}: the trace goes on, the capture has a gap")
        if self._beside is not None:
            self._beside.flush()

    def close(self) -> None:
        """Write what is buffered; a capture of nothing is not left behind."""
        self.flush()
        if self._writer.size == self._empty and not self._writer.reason:
            self._writer.discard()
        self._writer.close()
        if self._beside is not None:
            self._beside.close()


def outbox(
    path: str,
    writer: CaptureWriter | None,
    text: DirectOutbox | PipeOutbox | None,
    say: Callable[[str], None],
) -> DirectOutbox | PipeOutbox | FileOutbox:
    """Return where records go: to the text, to the file, or to both. Raises UsageError for neither."""
    if writer is not None:
        return FileOutbox(path, writer, text, say)
    if text is None:
        raise UsageError("nothing is to be shown or recorded")
    return text


def announce(path: str, writer: CaptureWriter, say: Callable[[str], None]) -> None:
    """Say what there is to replay now."""
    if writer.size:
        lost = f", without {writer.lost_in_all} records" if writer.lost_in_all else ""
        say(f"Wrote {path} ({_bytes(writer.size)}{lost}); next: bstrace replay {path}")


def open_capture(options: Options) -> CaptureWriter:
    """Open the file of --record; one that is there is only overwritten with --force. Raises LaunchError."""
    from bstinspect.capture import compiled
    from bstinspect.capture.file import CaptureWriter

    path = options.record
    flags = os.O_TRUNC if options.force else os.O_EXCL
    buffer = None if options.output else compiled.record_buffer()
    try:
        return CaptureWriter(path, flags, capture_start(options), buffer)
    except FileExistsError:
        raise LaunchError(f"'{path}' is there already: --force overwrites it") from None
    except OSError as error:
        raise LaunchError(f"Can't open '{path}': {error.strerror}") from error


def _bytes(size: int) -> str:
    return (
        f"{size} bytes" if size < 10_240 else f"{size >> 10} KiB" if size < 10 << 20 else f"{size >> 20} MiB"
    )
