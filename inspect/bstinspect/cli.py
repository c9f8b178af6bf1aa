"""The `bstrace` command.

One command line, one way in: a terminal gets the prompt, a pipe gets plain replies.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import os
import platform
import resource
import shlex
import signal
import sys
import traceback
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import zmq

from bstcluster import Cluster, ClusterError
from bstcluster.lines import DescriptorLines, Lines, TextLines
from bstcluster.numbers import MAX_DIGITS
from bstcluster.script import check_streams, run_script, write_error
from bstcluster.shell import Shell
from bstinspect.commands import InspectCommands
from bstinspect.errors import InspectError
from bstinspect.linux.proc import printable
from bstinspect.serving import TraceServer
from bstinspect.session import Session, state_directory
from bstinspect.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_DESCRIPTORS = 65536
MOST_ARGUMENTS = 1000
"""So many characters of the command line are logged."""
_EXAMPLES = """\
examples:
  bstrace                             the prompt; help lists its commands
  bstrace -c 'create 10; pingall'     a few commands
  bstrace -f commands.txt             commands from a file
  bstrace trace -f -- COMMAND         the system calls of any program, as strace shows them
  bstrace replay FILE                 what trace --record has recorded, in any manner
  bstrace faults run SCENARIO         nodes killed and stopped at every message of a script
  bstrace report                      a report of the newest session, as HTML and Markdown
  bstrace grade -- COMMAND            marks for any program that speaks the assignment's language
  printf 'create 10\\nexec 10 3 1 2 3\\n' | bstrace
                                      in a pipe: one line of standard output a command

In another terminal, kill -9 a node, and see what the prompt says at once; then pingall, why ID, tree.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `bstrace`; return its exit status."""
    try:
        return _main(arguments)
    finally:
        try:
            if sys.__stdout__ is not None:
                sys.__stdout__.flush()
        except OSError:  # the terminal is gone; at exit Python would try once more, and end with 120
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _main(arguments: Sequence[str] | None) -> int:
    sys.set_int_max_str_digits(MAX_DIGITS)  # whatever $PYTHONINTMAXSTRDIGITS says
    debug = "--debug" in (sys.argv if arguments is None else arguments)
    try:
        options = _parser().parse_args(arguments)
        if options.command:
            write_error(
                f"bstrace: {options.command} is the first word: bstrace {options.command} [OPTIONS] ..."
            )
            return 2
        if options.file or options.commands is not None:
            _do_without_standard_input()
        check_streams()
        return asyncio.run(_session(options))
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        write_error("bstrace: nobody reads standard output any more")
        return 128 + signal.SIGPIPE
    except (ClusterError, InspectError) as error:
        if debug:
            traceback.print_exc()
        write_error(_one_line(str(error)))
        return error.exit_code
    except OSError as error:
        if debug:
            traceback.print_exc()
        name = f"{error.filename}: " if error.filename else ""
        write_error(_one_line(f"{name}{error.strerror}"))
        return 1


def _parser() -> argparse.ArgumentParser:
    from rich_argparse import RawDescriptionRichHelpFormatter

    parser = argparse.ArgumentParser(
        prog="bstrace",
        description="Processes in a binary search tree, and a supervisor that sees every kill -9.",
        epilog=_EXAMPLES,
        formatter_class=RawDescriptionRichHelpFormatter,
    )
    RawDescriptionRichHelpFormatter.group_name_formatter = str
    source = parser.add_mutually_exclusive_group()
    source.add_argument("-f", "--file", metavar="FILE", type=Path, help="run the commands in FILE, and end")
    source.add_argument("-c", "--commands", metavar="COMMANDS", help="run COMMANDS (; between them), and end")
    parser.add_argument("--no-watch", action="store_true", help="never attach to the nodes with ptrace")
    parser.add_argument(
        "--session",
        metavar="DIR",
        type=Path,
        help="keep the session's files in DIR (default: a new one below $XDG_STATE_HOME/bstrace/sessions)",
    )
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    parser.add_argument("--version", action="version", version=f"bstrace {version('bstrace')}")
    import shtab

    shtab.add_argument_to(parser, "--print-completion", help="print a completion script for a shell, and end")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="", prog=parser.prog)
    trace = commands.add_parser(
        "trace", help="show the system calls of any program, as strace does (trace -h)", add_help=False
    )
    replay = commands.add_parser(
        "replay", help="show a capture of trace --record, or of a session (replay -h)", add_help=False
    )
    report = commands.add_parser(
        "report", help="make a report of a session, or of a capture (report -h)", add_help=False
    )
    faults = commands.add_parser(
        "faults",
        help="kill and stop nodes at every message, and see who survives (faults -h)",
        add_help=False,
    )
    grade = commands.add_parser(
        "grade", help="mark any program that speaks the assignment's language (grade -h)", add_help=False
    )
    if "--print-completion" in sys.argv:
        from bstinspect.faults.options import add_options as add_fault_options
        from bstinspect.grade.options import add_options as add_grade_options
        from bstinspect.writeup.options import add_options

        add_options(report)
        add_grade_options(grade)
        add_fault_options(faults)
        _add_options(trace, replay)
    return parser


def _add_options(trace: argparse.ArgumentParser, replay: argparse.ArgumentParser) -> None:
    """Name the options of both commands, for the completion script alone: they are read elsewhere."""
    import shtab

    from bstinspect.trace.getopt import NONE
    from bstinspect.trace.options import LETTERS, LIVE, NAMES, SAME

    for name, kind in (*NAMES.items(), *LETTERS.items()):
        flag = f"--{name}" if len(name) > 1 else f"-{name}"
        for parser in (trace,) if SAME.get(name, name) in LIVE else (trace, replay):
            if kind == NONE:
                parser.add_argument(flag, action="store_true")
                continue
            option = parser.add_argument(flag)
            if SAME.get(name, name) in ("o", "record"):
                option.complete = shtab.FILE  # type: ignore[attr-defined]
    replay.add_argument("file").complete = shtab.FILE  # type: ignore[attr-defined]


async def _session(options: argparse.Namespace) -> int:
    """Run one session, on a terminal or in a pipe; return the exit status."""
    _raise_descriptor_limit()
    ended_by: list[signal.Signals] = []
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def end(number: signal.Signals) -> None:
        ended_by.append(number)
        if task is not None:
            task.cancel()

    # SIGINT too: asyncio's own handler cancels from within whatever callback happens to run, and breaks it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end, number)
    try:
        await _run(options)
    except asyncio.CancelledError:
        if not ended_by:
            raise
        return 128 + ended_by[0]
    return 0


async def _run(options: argparse.Namespace) -> None:
    plain = options.file or options.commands is not None or not (os.isatty(0) and os.isatty(1))
    show: Callable[[str], None] = write_error

    def notify(text: str) -> None:
        show(text)  # where notices go changes when the terminal is there

    session = Session(options.session, lambda text: notify(_one_line(text)))
    supervisor = Supervisor(notify, session, session.path("capture.bst"), watch=not options.no_watch)
    cluster = Cluster(observer=supervisor, tracer_ancestor=os.getpid())
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(session.close)
        await stack.enter_async_context(cluster)
        session.record("session", **_about(cluster))
        shell = Shell(cluster, session, debug=options.debug)
        color = not plain and "NO_COLOR" not in os.environ
        commands = InspectCommands(
            cluster,
            supervisor,
            session.path("capture.bst"),
            None if plain else notify,
            color=color,
        )
        commands.join(shell)
        stack.push_async_callback(commands.close)  # after the tracer: it decodes what was captured last
        stack.push_async_callback(supervisor.close)
        await supervisor.open(cluster)
        if (capture := session.path("capture.bst")) is not None:
            server = TraceServer(supervisor, capture)
            stack.push_async_callback(server.close)
            await server.open()
        stack.push(lambda kind, _error, _trace: commands.hurry() if kind else None)
        if plain:
            await run_script(shell, _lines(options))
            return
        from bstcluster.terminal import Terminal

        terminal = Terminal(shell, lambda: _toolbar(cluster, supervisor), state_directory() / "history")
        show = terminal.show
        terminal.show(f"bstrace {version('bstrace')}: help lists the commands, Ctrl-D ends.")
        await terminal.run()
        show = write_error


def _lines(options: argparse.Namespace) -> Lines:
    if options.commands is not None:
        return TextLines(os.fsencode(options.commands))
    if options.file is not None:
        if options.file.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(options.file))
        return DescriptorLines(os.open(options.file, os.O_RDONLY | os.O_CLOEXEC))
    return DescriptorLines(0)


def _about(cluster: Cluster) -> dict[str, object]:
    """Return what a session's log begins with: which program this is, and what it runs on."""
    words = [os.path.basename(sys.argv[0]), *sys.argv[1:]]  # noqa: PTH119 - whatever it is, also no path
    return {
        "bstrace": version("bstrace"),
        "python": platform.python_version(),
        "kernel": os.uname().release,
        "cpus": os.cpu_count() or 0,
        "libzmq": zmq.zmq_version(),
        "arguments": printable(os.fsencode(shlex.join(words)))[:MOST_ARGUMENTS],
        "controller": os.getpid(),
        "keeper": cluster.keeper_pid,
    }


def _toolbar(cluster: Cluster, supervisor: Supervisor) -> str:
    nodes, unreachable = len(cluster.topology), len(supervisor.unreachable())
    return f" nodes {nodes} | unreachable {unreachable} | watched {supervisor.watched()} "


def _one_line(text: str) -> str:
    """Return a complaint as a line; a file's name in it cannot move the cursor."""
    return f"bstrace: {printable(os.fsencode(text))}"


def _do_without_standard_input() -> None:
    """Open /dev/null where standard input is closed, lest a socket take its place."""
    try:
        os.fstat(0)
    except OSError:
        os.open(os.devnull, os.O_RDWR)


def _raise_descriptor_limit() -> None:
    """Allow as many descriptors as the hard limit does: each node takes one here."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


if __name__ == "__main__":
    sys.exit(main())
