"""`bstrace trace --node ID`: trace a node of a running session, through the session's own tracer.

A process has one tracer, and a watched node has it already; so its session is asked (see `serving`), and the
records are read from its capture.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import platformdirs

from bstinspect.capture.file import CaptureReader
from bstinspect.decode.layout import no_numbers
from bstinspect.decode.style import Style
from bstinspect.decode.traced import TracedOnly
from bstinspect.errors import InspectError, NotSupportedError
from bstinspect.linux.inotify import growth_of
from bstinspect.linux.signalfd import SignalDescriptor
from bstinspect.records import CaptureStart, Detached, Exited
from bstinspect.serving import NAME, TraceReply, TraceRequest, short_path
from bstinspect.trace.ending import FATAL
from bstinspect.trace.expressions import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.trace.options import Options
    from bstinspect.trace.rendering import Renderer

_NEEDS_THE_STOP: Final = "the session's tracer does not do that"


def trace_node(options: Options, renderer: Callable[[], Renderer]) -> tuple[int, int]:
    """Trace a node until it ends or a signal comes; return the exit status, and the signal or 0.

    Raises InspectError where there is no such session or node.
    """
    _check(options)
    signals = SignalDescriptor(FATAL)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        reply = _ask(connection, options)
        if "attach" not in options.wanted.quiet:
            os.write(2, f"bstrace: Process {reply.pid} (node {options.node}) attached\n".encode())
        shown = renderer()
        ended_by = _follow(reply, shown, signals, connection)
        shown.wait()
    return (128 + ended_by, ended_by) if ended_by else (0, 0)


def _check(options: Options) -> None:
    """Refuse what only the tracer itself could do. Raises NotSupportedError."""
    for name, given in (
        ("-P/--trace-path", bool(options.paths)),
        ("--trace-fds", options.descriptors is not None),
        ("-e inject=", bool(options.rules)),
        ("--record", bool(options.record)),
        ("-k/--stack-traces", options.stacks),
        ("-y/--decode-fds", bool(options.style.descriptors)),
        ("-Y/--decode-pids", options.style.names),
        ("--seccomp-bpf", options.seccomp),
        ("-c without -w", bool(options.summary) and not options.wall_clock),
        ("-s above 32", options.style.strings > Style().strings),
        ("-e read=", options.wanted.reads is not no_numbers),
        ("-e write=", options.wanted.writes is not no_numbers),
        ("-E/--env", bool(options.environment)),
        ("-u/--user", bool(options.user)),
        ("-D/--daemonize", bool(options.daemonize)),
        ("-b/--detach-on", options.detach_on_exec),
    ):
        if given:
            raise NotSupportedError(f"{name} cannot be used with --node: {_NEEDS_THE_STOP}")


def _ask(connection: socket.socket, options: Options) -> TraceReply:
    directory = Path(options.session) if options.session else _newest()
    try:
        with short_path(directory) as short:
            connection.connect(f"{short}/{NAME}")
    except OSError as error:
        raise InspectError(f"no session is running in {directory}: {error.strerror}") from error
    calls = None if options.calls == EVERYTHING else _numbers(options)
    request = TraceRequest(options.node or 0, calls)
    with connection.makefile("rwb") as stream:
        stream.write(msgspec.json.encode(request) + b"\n")
        stream.flush()
        line = stream.readline()
    if not line:
        raise InspectError(f"the session in {directory} does not answer")
    reply = msgspec.json.decode(line, type=TraceReply)
    if reply.error:
        raise InspectError(reply.error)
    return reply


def _numbers(options: Options) -> tuple[int, ...]:
    from bstinspect.decode.architecture import native_numbers

    return tuple(sorted(options.calls.within(frozenset(native_numbers().values()))))


def _newest() -> Path:
    """Return the directory of the newest session that has a socket. Raises InspectError."""
    sessions = platformdirs.user_state_path("bstrace", appauthor=False) / "sessions"
    sockets = sorted(sessions.glob(f"*/{NAME}"), key=lambda path: path.stat().st_mtime)
    if not sockets:
        raise InspectError(f"no session is running below {sessions}; --session DIR names one elsewhere")
    return sockets[-1].parent


def _follow(
    reply: TraceReply, renderer: Renderer, signals: SignalDescriptor, connection: socket.socket
) -> int:
    """Show the node's records as they come; return the signal that ended it, or 0."""
    poll = select.poll()
    growth = growth_of(reply.capture)  # before the first reading, so that no growth is missed
    reader = CaptureReader(reply.capture)
    for source in (growth, signals.fileno(), connection.fileno()):
        poll.register(source, select.POLLIN)
    traced = TracedOnly()
    ended_by, ended = 0, False
    while not (ended or ended_by):
        batch = [
            record
            for record in traced.of(reader.available())
            if isinstance(record, CaptureStart)
            or (getattr(record, "pid", 0) == reply.pid and reader.position > reply.offset)
        ]
        renderer.take(batch)
        ended = any(isinstance(record, Exited) and record.tid == reply.pid for record in batch)
        if ended:
            break
        for source, _ in poll.poll():
            if source == growth:
                os.read(growth, 65536)
            elif source == connection.fileno():
                ended = True  # the session is over
            else:
                ended_by = next((number for number, _ in signals.read() if number != signal.SIGCHLD), 0)
    if ended_by:
        renderer.take([Detached(time.monotonic_ns(), reply.pid, reply.pid)])
    renderer.end()
    os.close(growth)
    reader.close()
    return ended_by
