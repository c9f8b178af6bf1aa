"""`bstrace trace`: trace a command, or running processes."""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
import traceback
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from bstinspect.capture.syscalls import Recording
from bstinspect.decode.style import Style, all_calls, no_calls
from bstinspect.errors import InspectError, PtraceError, UsageError
from bstinspect.linux import proc
from bstinspect.records import FORMAT_VERSION, CaptureStart
from bstinspect.trace import launching, outputs, rendering
from bstinspect.trace.expressions import EVERYTHING, Traced
from bstinspect.trace.options import Options, parse
from bstinspect.trace.outbox import DirectOutbox, PipeOutbox
from bstinspect.trace.running import FATAL, Run, explain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bstinspect.capture.gather import Gatherer
    from bstinspect.trace.rendering import Reporter

_PIPE_BYTES: Final = 1 << 20
_WAITING: Final = 2
"""-I: up to here SIGPIPE ends the tracing; beyond, a closed pipe costs the text alone."""
_JSON_STRING: Final = 4096
"""So many bytes of a string are in --json where -s does not say."""


def main(arguments: Sequence[str]) -> int:
    """Run `bstrace trace`; return the exit status. A command that a signal killed ends this process alike."""
    options = Options()
    try:
        options = parse(arguments)
        return _do(options)
    except InspectError as error:
        if options.debug:
            traceback.print_exc()
        _say(explain(error) if isinstance(error, PtraceError) else str(error))
        if isinstance(error, UsageError) and error.advice:
            sys.stderr.write("Try 'bstrace trace -h' for more information.\n")
        return error.exit_code
    except OSError as error:
        _say(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror))
        return 1


def _do(options: Options) -> int:
    """Do what the options ask for; return the exit status. Raises InspectError, OSError."""
    if options.help or options.version:
        from bstinspect.trace.usage import text, version

        print(version() if options.version else text(), end="")
        return 0
    for warning in options.warnings:
        _say(warning)
    if options.node is not None:
        from bstinspect.trace.node import trace_node

        return _end(*trace_node(options, lambda: _renderer(options, _open(options))))
    return _end(*_trace(options))


def _say(text: str) -> None:
    sys.stderr.flush()
    os.write(2, f"bstrace: {proc.printable(os.fsencode(text))}\n".encode())


def _trace(options: Options) -> tuple[int, int]:
    """Trace; return the exit status, and the signal that it stands for, or 0."""
    start: Callable[[Callable[[int], None]], int] | None = None
    # Ignored, it would take the stops and the wait statuses away.
    before = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    recording = _recording(options)
    launching.open_standard_descriptors()
    if options.command:
        command = _command(options, ignores_children=before == signal.SIG_IGN)
        start = partial(launching.launch, command)
        if not options.daemonize:
            launching.warn_of_privileges(command, _say)
    output = _open(options)
    if options.daemonize:
        start = launching.step_aside(command, options.daemonize)  # only the tracer comes back
    return _run(options, start, recording, output)


def _command(options: Options, *, ignores_children: bool) -> launching.Command:
    """Look up what is to be run. Raises LaunchError."""
    return launching.Command(
        launching.find(options.command[0]),
        options.command,
        launching.environment(options.environment),
        launching.user(options.user) if options.user else None,
        frozenset(int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        ignores_children,
        _filter(options),
    )


def _filter(options: Options) -> bytes:
    """Return the filter of --seccomp-bpf; empty where there is none to be."""
    if not options.seccomp or (options.calls.inverted and not options.calls.members):
        return b""
    if options.pids:
        _say("--seccomp-bpf is not enabled for processes attached with -p")
    from bstinspect.capture.syscalls import OWN_ARCH
    from bstinspect.decode.architecture import native_numbers
    from bstinspect.linux import seccomp

    return seccomp.program(options.calls.within(frozenset(native_numbers().values())), OWN_ARCH)


def _run(
    options: Options,
    start: Callable[[Callable[[int], None]], int] | None,
    recording: Recording,
    output: outputs.SharedOutput | outputs.SeparateOutput,
) -> tuple[int, int]:
    outbox: DirectOutbox | PipeOutbox
    child = 0
    if output.shared_with_the_command:
        outbox = DirectOutbox(_renderer(options, output))
    else:
        reading, writing = rendering.pipe(_PIPE_BYTES)
        child = rendering.start(_renderer(options, output), reading, writing)
        output.abandon()
        outbox = PipeOutbox(writing, lambda: _nobody_reads(run, child))
    outbox.capture_only(CaptureStart(time.monotonic_ns(), FORMAT_VERSION, time.time_ns(), os.uname().machine))
    run = Run(
        outbox,
        recording,
        follow=options.follow,
        detach_on_exec=options.detach_on_exec,
        syscalls=None if options.calls == EVERYTHING else Traced(options.calls),
        fatal=FATAL if options.interruptible == 2 else (),
        measure=bool(options.summary) and not options.wall_clock,
        filtered=options.seccomp,
        named=options.style.names,
    )
    run.stops.statuses[child] = None
    attached, ended_by = False, 0
    try:
        _attach(options, run)
        if start is not None:
            pid = start(run.take_command)
            if options.daemonize and "attach" not in options.wanted.quiet:
                _say(f"Process {pid} attached")
            launching.give_up_standard_streams()
        launching.mind_signals(options.interruptible)
        attached = bool(run.tracees.threads)
        ended_by = run.loop()
    finally:
        if run.tracees.threads:
            run.let_go(ended_by)
        run.close()
        outbox.close()
        if child and run.stops.statuses[child] is None:
            _, run.stops.statuses[child] = os.waitpid(child, 0)
        if isinstance(output, outputs.CommandOutput):
            output.process.wait()
    if ended_by:
        return 128 + ended_by, ended_by
    status = run.stops.statuses.get(run.command) if run.command else (0 if attached else 1 << 8)
    if status is None:  # let go by -b
        return 0, 0
    return (128 + (status & 0x7F), status & 0x7F) if status & 0x7F else (status >> 8, 0)


def _nobody_reads(run: Run, renderer: int) -> bool:
    """Tell why the process that writes the trace is gone; only for want of a reader does the command end."""
    if run.stops.statuses[renderer] is None:
        _, run.stops.statuses[renderer] = os.waitpid(renderer, 0)
    if run.stops.statuses[renderer] == rendering.NOBODY_READS << 8:
        return True
    _say("the process that writes the trace has ended; the program goes on, and the rest is lost")
    return False


def _renderer(options: Options, output: outputs.SharedOutput | outputs.SeparateOutput) -> rendering.Renderer:
    quiet = "attach" in options.wanted.quiet
    reporters = _reporters(options, output)
    return rendering.Renderer(reporters, output, messages=not quiet, debug=options.debug)


def _attach(options: Options, run: Run) -> None:
    """Attach to the processes of -p; say of each how it went."""
    if options.pids:
        run.stops.syscalls.warm_up()
    for pid in options.pids:
        if pid == os.getpid():
            raise UsageError("I'm sorry, I can't let you do that, Dave.", advice=False)
        try:
            count = run.attach(pid, threads=options.follow)
        except PtraceError as error:
            _say(explain(error))
            continue
        if "attach" not in options.wanted.quiet:
            _say(f"Process {pid} attached" + (f" with {count} threads" if count > 1 else ""))


def _recording(options: Options) -> Recording:
    """Say what is to be recorded, as the options ask for it. Raises NotSupportedError."""
    recording = Recording(_gatherer(options))
    if options.paths or options.descriptors is not None:
        from bstinspect.capture.selection import Selection

        paths = launching.resolve(options.paths, None if "path-resolution" in options.wanted.quiet else _say)
        recording.selection = Selection(paths, options.descriptors)
    if options.rules:
        from bstinspect.capture.tampering import Tampering

        recording.tampering = Tampering(options.rules)
    if options.stacks and options.summary != "only":
        from bstinspect.linux.unwind import Unwinder

        recording.unwinder = Unwinder()
    return recording


def _gatherer(options: Options) -> Callable[[], Gatherer | None]:
    def make() -> Gatherer | None:
        if options.summary == "only":
            return None
        from bstinspect.capture.gather import Gatherer
        from bstinspect.capture.reads import Limits
        from bstinspect.decode.dump import dump
        from bstinspect.decode.layout import no_numbers

        style = _json_style(options) if options.json else options.style
        dumped = options.wanted.reads is not no_numbers or options.wanted.writes is not no_numbers
        whole = style.abbreviated is not all_calls
        plain = style.strings + 1
        most = max(plain, 1 << 16) if options.zmtp else plain
        return Gatherer(
            style, Limits(most, most), partial(dump, wanted=options.wanted) if dumped else None, whole=whole
        )

    return make


def _json_style(options: Options) -> Style:
    """Return the style in which --json records: nothing is cut, and descriptors are looked up."""
    return replace(
        options.style,
        strings=options.style.strings if options.strings_given else _JSON_STRING,
        abbreviated=no_calls,
        descriptors=options.style.descriptors or frozenset({"path", "socket", "dev", "pidfd"}),
    )


def _open(options: Options) -> outputs.SharedOutput | outputs.SeparateOutput:
    """Open where the trace goes. Raises LaunchError."""
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
    reporters: list[Reporter] = []
    annotator = None
    if options.zmtp:
        from bstinspect.trace.annotating import ZmtpAnnotator

        annotator = ZmtpAnnotator()
    if options.json:
        from bstinspect.reports.jsonlines import JsonLines

        style = replace(_json_style(options), descriptors=options.style.descriptors)
        reporters.append(JsonLines(output.write, options.wanted, style, annotator))
    elif options.summary != "only":
        from bstinspect.decode.text import StraceText
        from bstinspect.trace.flight import FlightRecorder, Recorder

        if options.last:
            recorder = Recorder(output, options.last)
            text = StraceText(recorder, options.layout, options.wanted, options.style, annotator)
            reporters.append(FlightRecorder(text, recorder, options.last_on))
        else:
            reporters.append(StraceText(output, options.layout, options.wanted, options.style, annotator))
    if options.summary:
        from bstinspect.reports.summary import Form, Summary

        form = Form(
            options.columns, options.sort, options.overhead_ns, options.wall_clock, options.summary_by
        )
        reporters.append(Summary(lambda text: output.write(0, text), form))
    return reporters


def _end(status: int, number: int) -> int:
    """Die as the command did, where a signal killed it (strace's terminate)."""
    if not number:
        return status
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no core file of ours over the command's
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    os.kill(os.getpid(), number)
    return status
