"""`bstrace trace`: trace a command, or running processes."""

from __future__ import annotations

import os
import resource
import signal
import sys
from typing import TYPE_CHECKING

from bstinspect.decode.layout import Layout
from bstinspect.decode.style import Style
from bstinspect.decode.text import StraceText
from bstinspect.records import FORMAT_VERSION, CaptureStart
from bstinspect.trace import launching, outputs, rendering
from bstinspect.trace.outbox import PipeOutbox
from bstinspect.trace.running import Run

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run `bstrace trace`; return the exit status."""
    import time

    from bstinspect.trace.getopt import NONE, REQUIRED, parse

    options, words = parse(arguments, {**dict.fromkeys("ftTvyxi", NONE), **dict.fromkeys("oseaX", REQUIRED)}, {})
    style, layout, output, follow, syscalls = Style(), Layout(pids="several"), outputs.SharedOutput(2), False, None
    from dataclasses import replace

    from bstinspect.decode.classes import parse_filter
    from bstinspect.decode.style import Constants, Hex, no_calls

    for option in options:
        if option.name == "f":
            follow = True
        elif option.name == "o":
            output = outputs.SharedOutput(outputs.open_file(option.value, append=False))
            layout = replace(layout, pids="always" if follow else "never")
        elif option.name == "v":
            style = replace(style, abbreviated=no_calls)
        elif option.name == "x":
            style = replace(style, hexadecimal=Hex.ALL if style.hexadecimal is Hex.STRINGS else Hex.STRINGS)
        elif option.name == "X":
            style = replace(style, constants=Constants(option.value))
        elif option.name == "y":
            style = replace(style, descriptors=frozenset({"path"}))
        elif option.name == "s":
            style = replace(style, strings=int(option.value))
        elif option.name == "e":
            syscalls = parse_filter(option.value)
    command = launching.Command(launching.find(words[0]), tuple(words), launching.environment([]))

    def gatherer():
        from bstinspect.capture.gather import Gatherer
        from bstinspect.capture.reads import Limits

        return Gatherer(style, Limits(style.strings + 1, style.strings + 1))

    reading, writing = os.pipe2(os.O_CLOEXEC)
    renderer = rendering.Renderer([StraceText(output, layout, style=style)], output, messages=False)
    child = rendering.start(renderer, reading, writing)
    outbox = PipeOutbox(writing)
    outbox.capture_only(CaptureStart(time.monotonic_ns(), FORMAT_VERSION, time.time_ns(), os.uname().machine))
    run = Run(outbox, gatherer, follow=follow, syscalls=syscalls)
    run.stops.statuses[child] = None
    launching.launch(command, run.take_command)
    ended_by = run.loop()
    if ended_by:
        run.let_go(ended_by)
    outbox.close()
    if run.stops.statuses[child] is None:
        os.waitpid(child, 0)
    status = run.stops.statuses.get(run.command)
    if status is None:
        return 1
    number = ended_by or status & 0x7F
    if number:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        os.kill(os.getpid(), number)
        return 128 + number
    return status >> 8


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
