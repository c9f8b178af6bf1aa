"""`bstrace replay`: show a capture as `bstrace trace` would have shown it, or in any other manner."""

from __future__ import annotations

import os
import re
import signal
from contextlib import closing
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.capture.file import CaptureReader
from bstinspect.errors import CaptureError, DamagedCaptureError
from bstinspect.records import CaptureStart
from bstinspect.trace import ending
from bstinspect.trace.ending import say
from bstinspect.trace.options import Options, parse_replay
from bstinspect.trace.outputs import SharedOutput
from bstinspect.trace.progress import Progress
from bstinspect.trace.reporting import JSON_STRING, open_output, renderer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bstinspect.records import AnyRecord

_SESSION_FILE: Final = "capture.bst"
_BATCH: Final = 1000
"""Records that are shown at once,"""
_BATCH_BYTES: Final = 1 << 20
"""or as many as take this much of the file."""
_CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")


class _StandardOutput(SharedOutput):
    """Standard output; a file that somebody sent cannot move the cursor."""

    def __init__(self) -> None:
        super().__init__(1, "standard output")

    def write(self, tid: int, text: str) -> None:
        """Take a piece of text."""
        if _CONTROL.search(text):
            text = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
        super().write(tid, text)


def main(arguments: Sequence[str]) -> int:
    """Run `bstrace replay`; return the exit status."""
    for number in (signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)  # it ends as any filter does
    return ending.run("replay", lambda: parse_replay(arguments), _do)


def _do(options: Options) -> int:
    """Do what the options ask for; return the exit status. Raises InspectError, OSError."""
    if options.help or options.version:
        from bstinspect.trace.usage import replay_text, version

        print(version() if options.version else replay_text(), end="", flush=True)
        return 0
    path = _path(options.replay)
    with closing(CaptureReader(path)) as reader:
        records = reader.available()
        start = next(records, None)
        if not isinstance(start, CaptureStart):
            raise CaptureError(f"{path} is empty, or cut before its first record")
        _suit(options, start)
        for warning in options.warnings:
            say(warning)
        return _show(options, reader, start, records)


def _path(name: str) -> str:
    """Return the file that holds the capture: of a session's directory the one in it."""
    if name == "-":
        return "/dev/stdin"
    return os.path.join(name, _SESSION_FILE) if os.path.isdir(name) else name  # noqa: PTH112, PTH118


def _show(options: Options, reader: CaptureReader, start: CaptureStart, records: Iterator[AnyRecord]) -> int:
    """Show all whole records; return the exit status."""
    output = open_output(options) if options.output else _StandardOutput()
    shown = renderer(options, output)
    progress = Progress(reader.size, visible=os.isatty(2) and (bool(options.output) or not os.isatty(1)))
    shown.take([start])
    damage = ""
    try:
        for batch in _batches(reader, _of_interest(start, records)):
            shown.take(batch)
            progress.show(reader.position)
    except DamagedCaptureError as error:
        damage = str(error)
    shown.end()
    progress.close()
    shown.wait()
    if damage:
        say(f"{damage}; all before it is shown")
    elif reader.rest:
        say(f"{options.replay} ends within a record, at byte {reader.position}; all before it is shown")
    return 1 if damage or shown.complained or output.failed else 0


def _of_interest(start: CaptureStart, records: Iterator[AnyRecord]) -> Iterator[AnyRecord]:
    """Leave out the processes of a session that were watched, and not traced."""
    if start.recorder == "trace":
        return records
    from bstinspect.decode.traced import TracedOnly

    return TracedOnly().of(records)


def _batches(reader: CaptureReader, records: Iterator[AnyRecord]) -> Iterator[list[AnyRecord]]:
    """Yield some records at a time. Raises DamagedCaptureError behind the last whole one."""
    batch: list[AnyRecord] = []
    begin = reader.position
    try:
        for record in records:
            batch.append(record)
            if len(batch) >= _BATCH or reader.position - begin > _BATCH_BYTES:
                yield batch
                batch, begin = [], reader.position
    except DamagedCaptureError:
        yield batch
        raise
    yield batch


def _suit(options: Options, start: CaptureStart) -> None:
    """Settle what depends on what was recorded; warn of what was not."""
    has = start.options
    wanted = options.style.descriptors
    for name, given, letter in (
        ("-k/--stack-traces", options.stacks, "k"),
        ("-yyy", "peer" in wanted, "yyy"),
        ("-yy", bool(wanted & {"socket", "dev", "pidfd"}), "yy"),
        ("-y/--decode-fds", "path" in wanted, "y"),
        ("-Y/--decode-pids", options.style.names, "Y"),
    ):
        if given and letter not in has:
            options.warnings.append(f"{name} has no effect: that was not recorded")
    if options.summary and not options.wall_clock and "c" not in has:
        options.warnings.append("system times were not recorded: the summary counts as -w does")
        options.wall_clock = True
    strings = JSON_STRING if options.json and not options.strings_given else options.style.strings
    if options.strings_given and strings > start.strings:
        options.warnings.append(f"-s {strings}: only {start.strings} bytes of a string were recorded")
    options.strings_given = True
    options.style = msgspec.structs.replace(options.style, strings=max(min(strings, start.strings), 0))
    pids = options.layout.pids
    if start.recorder == "session" and pids == "several":  # nobody says there when a second one comes
        pids = "brackets"
    elif start.recorder == "trace" and pids == "always" and "f" not in has:
        pids = "never"
    options.layout = msgspec.structs.replace(options.layout, pids=pids)
