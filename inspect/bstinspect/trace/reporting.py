"""What turns records into the output that was asked for: `bstrace trace` and `bstrace replay` alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.decode.style import Style, no_calls
from bstinspect.trace import outputs
from bstinspect.trace.rendering import Renderer

if TYPE_CHECKING:
    from bstinspect.trace.annotating import ZmtpAnnotator
    from bstinspect.trace.options import Options
    from bstinspect.trace.rendering import Reporter

JSON_STRING: Final = 4096
"""So many bytes of a string are in --json, and in a capture, where -s does not say."""
DETAILS: Final = frozenset({"path", "socket", "dev", "pidfd"})
"""What is looked up of descriptors for both."""
_WAITING: Final = 2
"""-I: up to here SIGPIPE ends the tracing; beyond, a closed pipe costs the text alone."""


def json_style(options: Options) -> Style:
    """Return the style in which --json records: nothing is cut, and descriptors are looked up."""
    return msgspec.structs.replace(
        options.style,
        strings=options.style.strings if options.strings_given else JSON_STRING,
        abbreviated=no_calls,
        descriptors=options.style.descriptors or DETAILS,
    )


def open_output(options: Options) -> outputs.SharedOutput | outputs.SeparateOutput:
    """Open where the trace goes: -o, or standard error. Raises LaunchError."""
    name = options.output
    output: outputs.SharedOutput
    if not name:
        output = outputs.SharedOutput(2)
    elif name[0] in "|!":
        output = outputs.CommandOutput(name[1:])
    elif options.separate:
        return outputs.SeparateOutput(name, append=options.append)
    else:
        output = outputs.open_file(name, append=options.append)
    output.needs_a_reader = options.interruptible <= _WAITING
    return output


def _reporters(options: Options, output: outputs.SharedOutput | outputs.SeparateOutput) -> list[Reporter]:
    """Make what turns the records into what was asked for."""
    found: list[Reporter] = []
    annotator = _annotator(options)
    if options.json:
        from bstinspect.reports.jsonlines import JsonLines

        style = msgspec.structs.replace(json_style(options), descriptors=options.style.descriptors)
        found.append(JsonLines(output.write, options.wanted, style, annotator))
    elif options.summary != "only":
        from bstinspect.decode.text import StraceText

        if options.last:
            from bstinspect.trace.flight import FlightRecorder, Recorder

            recorder = Recorder(output, options.last)
            text = StraceText(recorder, options.layout, options.wanted, options.style, annotator)
            found.append(FlightRecorder(text, recorder, options.last_on))
        else:
            found.append(StraceText(output, options.layout, options.wanted, options.style, annotator))
    if options.summary:
        from bstinspect.reports.summary import Form, Summary

        form = Form(
            options.columns, options.sort, options.overhead_ns, options.wall_clock, options.summary_by
        )
        found.append(Summary(lambda text: output.write(0, text), form))
    return found


def _annotator(options: Options) -> ZmtpAnnotator | None:
    """Make what has something to say behind the calls; None where it was not asked for."""
    if options.points:
        from bstinspect.trace.pointing import PointAnnotator, PointsAndMessages

        node = "" if options.node is None else str(options.node)
        made = PointsAndMessages if options.zmtp else PointAnnotator
        return made(lambda _pid: node)
    if options.zmtp:
        from bstinspect.trace.annotating import ZmtpAnnotator

        return ZmtpAnnotator()
    return None


def renderer(options: Options, output: outputs.SharedOutput | outputs.SeparateOutput) -> Renderer:
    """Make what feeds the reporters, for a trace or a replay."""
    messages = "attach" not in options.wanted.quiet and not options.replay
    made = Renderer((), output, messages=messages, debug=options.debug)
    made.reporters = tuple(_reporters(options, output))
    if options.record or options.replay:
        from bstinspect.trace.narrowing import NarrowReporter

        made.reporters = tuple(NarrowReporter(options, each, made.complain) for each in made.reporters)
    return made
