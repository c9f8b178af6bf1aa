"""`bstrace trace`: trace a command, or running processes."""

from __future__ import annotations

import os
import signal
from functools import partial
from typing import TYPE_CHECKING

from bstinspect.errors import PtraceError, UsageError
from bstinspect.trace import ending, launching, recording, reporting
from bstinspect.trace.display import Display
from bstinspect.trace.ending import FATAL, say
from bstinspect.trace.expressions import EVERYTHING, Traced
from bstinspect.trace.options import Options, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bstinspect.capture.file import CaptureWriter
    from bstinspect.capture.recording import Recording
    from bstinspect.trace import outputs
    from bstinspect.trace.running import Run


def main(arguments: Sequence[str]) -> int:
    """Run `bstrace trace`; return the exit status. A command that a signal killed ends this process alike."""
    return ending.run("trace", lambda: parse(arguments), _do)


def _do(options: Options) -> int:
    """Do what the options ask for; return the exit status. Raises InspectError, OSError."""
    if options.help or options.version:
        from bstinspect.trace.usage import text, version

        print(version() if options.version else text(), end="", flush=True)
        return 0
    for warning in options.warnings:
        say(warning)
    if options.node is not None:
        from bstinspect.trace.node import trace_node

        return ending.end(
            *trace_node(options, lambda: reporting.renderer(options, reporting.open_output(options)))
        )
    return ending.end(*_trace(options))


def _trace(options: Options) -> tuple[int, int]:
    """Trace; return the exit status, and the signal that it stands for, or 0."""
    start: Callable[[Callable[[int], None]], int] | None = None
    # Ignored, it would take the stops and the wait statuses away.
    before = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    recorded = recording.recording(options, say)
    launching.open_standard_descriptors()
    if options.command:
        command = _command(options, ignores_children=before == signal.SIG_IGN)
        start = partial(launching.launch, command)
        if not options.daemonize:
            launching.warn_of_privileges(command, say)
    capture = recording.open_capture(options) if options.record else None
    output = reporting.open_output(options) if options.output or not options.record else None
    if options.daemonize:
        start = launching.step_aside(command, options.daemonize)  # only the tracer comes back
    return _run(options, start, recorded, output, capture)


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
        say("--seccomp-bpf is not enabled for processes attached with -p")
    from bstinspect.capture.syscalls import OWN_ARCH
    from bstinspect.decode.architecture import native_numbers
    from bstinspect.linux import seccomp

    return seccomp.program(options.calls.within(frozenset(native_numbers().values())), OWN_ARCH)


def _run(
    options: Options,
    start: Callable[[Callable[[int], None]], int] | None,
    made: Recording,
    output: outputs.SharedOutput | outputs.SeparateOutput | None,
    capture: CaptureWriter | None,
) -> tuple[int, int]:
    statuses: dict[int, int | None] = {}
    first = recording.capture_start(options) if capture is None else capture.start
    display = None if output is None else Display(options, output, statuses, first)
    # Loaded only now: the process that makes the text loads its part meanwhile.
    from bstinspect.capture.colocation import Colocation
    from bstinspect.trace.running import Run

    outbox = recording.outbox(options.record, capture, display.outbox if display else None, say)
    run = Run(
        outbox,
        made,
        follow=options.follow,
        detach_on_exec=options.detach_on_exec,
        syscalls=None if options.calls == EVERYTHING else Traced(options.calls),
        fatal=FATAL if options.interruptible == 2 else (),
        measure=bool(options.record) or (bool(options.summary) and not options.wall_clock),
        filtered=options.seccomp,
        named=options.style.names,
        # Behind a filter few calls stop, so there is little to gain.
        colocation=Colocation(statuses) if options.colocate and not options.seccomp else None,
    )
    run.stops.statuses = statuses
    attached, ended_by = False, 0
    try:
        _attach(options, run)
        if start is not None:
            pid = start(run.take_command)
            if options.daemonize and "attach" not in options.wanted.quiet:
                say(f"Process {pid} attached")
            launching.give_up_standard_streams()
        launching.mind_signals(options.interruptible)
        attached = bool(run.tracees.threads)
        ended_by = run.loop()
    finally:
        if run.tracees.threads:
            run.let_go(ended_by)
        outbox.close()  # first: the text is finished while what is left here ends
        run.close()
        if display is not None:
            display.wait()
        if capture is not None and options.announce:
            recording.announce(options.record, capture, say)
    if ended_by:
        return 128 + ended_by, ended_by
    return _status(run, attached=attached)


def _status(run: Run, *, attached: bool) -> tuple[int, int]:
    """Return the exit status of the command (without one, whether there was a process), and its signal."""
    status = run.stops.statuses.get(run.command) if run.command else (0 if attached else 1 << 8)
    if status is None:  # let go by -b
        return 0, 0
    return (128 + (status & 0x7F), status & 0x7F) if status & 0x7F else (status >> 8, 0)


def _attach(options: Options, run: Run) -> None:
    """Attach to the processes of -p; say of each how it went."""
    from bstinspect.trace.running import explain

    if options.pids:
        run.stops.syscalls.warm_up()
    for pid in options.pids:
        if pid == os.getpid():
            raise UsageError("I'm sorry, I can't let you do that, Dave.", advice=False)
        try:
            count = run.attach(pid, threads=options.follow)
        except PtraceError as error:
            say(explain(error))
            continue
        if "attach" not in options.wanted.quiet:
            say(f"Process {pid} attached" + (f" with {count} threads" if count > 1 else ""))
