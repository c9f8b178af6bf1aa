"""Where the text of a trace is made: in the tracer itself, or in a process of its own beside it."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Final

from bstinspect.trace import outputs, rendering
from bstinspect.trace.ending import say
from bstinspect.trace.outbox import DirectOutbox, OrderedOutbox, PipeOutbox
from bstinspect.trace.reporting import renderer

if TYPE_CHECKING:
    from bstinspect.records import CaptureStart
    from bstinspect.trace.options import Options

_PIPE_BYTES: Final = 1 << 20


class Display:
    """The way of the records to the text; `statuses` are the ends of children, which a tracer collects."""

    def __init__(
        self,
        options: Options,
        output: outputs.SharedOutput | outputs.SeparateOutput,
        statuses: dict[int, int | None],
        start: CaptureStart,
    ) -> None:
        self._output = output
        self._statuses = statuses
        self._child = 0
        self.outbox: DirectOutbox | PipeOutbox
        if output.shared_with_the_command and options.seccomp:
            self.outbox = DirectOutbox(renderer(options, output))
        else:
            reading, writing = rendering.pipe(_PIPE_BYTES)
            shown, showing = os.pipe2(os.O_CLOEXEC)
            self._child = rendering.start(partial(renderer, options, output), reading, writing, showing)
            from bstinspect.capture import compiled  # while the other process loads its part

            output.abandon()
            statuses[self._child] = None
            buffer = compiled.record_buffer()
            if output.shared_with_the_command:
                from bstinspect.trace.ordering import Order

                order = Order(follow=options.follow)
                self.outbox = OrderedOutbox(writing, self._nobody_reads, buffer, shown, order)
            else:
                os.close(shown)
                self.outbox = PipeOutbox(writing, self._nobody_reads, buffer)
        self.outbox.capture_only(start)

    def wait(self) -> None:
        """Wait until everything is written; the outbox is closed already."""
        if self._child:
            self._end()
        if isinstance(self._output, outputs.CommandOutput):
            self._output.process.wait()

    def _end(self) -> int | None:
        """Wait for the process that writes the text; return its status."""
        if self._statuses[self._child] is None:
            _, self._statuses[self._child] = os.waitpid(self._child, 0)
        return self._statuses[self._child]

    def _nobody_reads(self) -> bool:
        """Tell why that process is gone; only for want of a reader does the command end."""
        if self._end() == rendering.NOBODY_READS << 8:
            return True
        say("the process that writes the trace has ended; the program goes on, and the rest is lost")
        return False
