"""What the options of `bstrace trace` mean together: what excludes what, and what goes without saying."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.decode.layout import STATUSES
from bstinspect.decode.style import Constants, Hex
from bstinspect.errors import NotSupportedError, UsageError
from bstinspect.trace.expressions import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bstinspect.trace.options import Options, Reader

_QUIET: Final = ("attach,personality", "exit,attach,personality", "all")
_STAMPS: Final = ("format:time", "precision:us,format:time", "format:unix,precision:us")
_DETAILS: Final = ("path", "all", "path,socket,dev,pidfd,peer")
_MOST_DAEMONIZED: Final = 3
_MOST_RECORDED: Final = 1 << 20
"""No more of a string is in a capture, bytes: its records have a bound."""


def check(reader: Reader, short: Mapping[str, int], long: set[str]) -> None:
    """Settle what the counted letters mean, and refuse what contradicts itself. Raises UsageError."""
    options = reader.options
    _daemonize(options, short["D"], long)
    _forks(options, short["f"], long)
    _text(reader, short, long)
    _summary(options, long)
    _output(options, short, long)
    _signals(options)
    _record(options, short, long)
    if short["q"]:
        if "quiet" in long:
            raise UsageError("-q and -e quiet/--quiet cannot be provided simultaneously", advice=False)
        reader.qualify("quiet", _QUIET[min(short["q"], 3) - 1])
    elif (options.output or options.record) and options.command and "quiet" not in long:
        reader.qualify("quiet", _QUIET[0])
    if options.json and not options.output:  # where the messages would stand between the objects
        options.wanted = msgspec.structs.replace(options.wanted, quiet=options.wanted.quiet | {"attach"})


def check_target(options: Options) -> None:
    """See that there is something to trace. Raises UsageError."""
    if options.node is not None:
        if options.command or options.pids:
            raise UsageError("--node and PROG [ARGS] or -p PID are mutually exclusive")
    elif not (options.command or options.pids):
        raise UsageError("must have PROG [ARGS] or -p PID")


def _daemonize(options: Options, count: int, long: set[str]) -> None:
    if count and "daemonize" in long:
        raise UsageError("-D and --daemonize cannot be provided simultaneously", advice=False)
    options.daemonize = options.daemonize or count
    if options.daemonize and not options.command:
        raise UsageError("PROG [ARGS] must be specified with -D/--daemonize")
    if options.daemonize > _MOST_DAEMONIZED:
        raise UsageError(f"Too many -D's ({count}), maximum supported -D count is {_MOST_DAEMONIZED}")


def _forks(options: Options, count: int, long: set[str]) -> None:
    if not count:
        return
    if "follow-forks" in long:
        raise UsageError("-f and --follow-forks cannot be provided simultaneously", advice=False)
    if count >= 2 and options.separate:
        raise UsageError("-ff and --output-separately cannot be provided simultaneously", advice=False)
    options.follow = True
    options.separate = count >= 2


def _text(reader: Reader, short: Mapping[str, int], long: set[str]) -> None:
    options = reader.options
    if short["t"]:
        if "absolute-timestamps" in long:
            raise UsageError("-t and --absolute-timestamps cannot be provided simultaneously", advice=False)
        reader.stamp(_STAMPS[min(short["t"], 3) - 1])
    if short["x"]:
        if "strings-in-hex" in long:
            raise UsageError("-x and --strings-in-hex cannot be provided simultaneously", advice=False)
        style = Hex.STRINGS if short["x"] == 1 else Hex.ALL
        options.style = msgspec.structs.replace(options.style, hexadecimal=style)
    if short["y"]:
        if "decode-fds" in long:
            raise UsageError("-y and --decode-fds cannot be provided simultaneously", advice=False)
        reader.qualify("decode-fds", _DETAILS[min(short["y"], 3) - 1])


def _summary(options: Options, long: set[str]) -> None:
    if options.separate and options.summary:
        raise UsageError(
            "(-c/--summary-only or -C/--summary) and -ff/--output-separately are mutually exclusive"
        )
    if not options.summary:
        if options.wall_clock:
            raise UsageError("-w/--summary-wall-clock must be given with (-c/--summary-only or -C/--summary)")
        if "U" in long:
            raise UsageError("-U/--summary-columns must be given with (-c/--summary-only or -C/--summary)")
        if "S" in long:
            options.warnings.append(
                "-S/--summary-sort-by has no effect without (-c/--summary-only or -C/--summary)"
            )
    if options.summary == "only":
        without = (
            ("-i/--instruction-pointer", options.layout.addresses),
            ("-k/--stack-traces", options.stacks),
            ("-n/--syscall-number", options.layout.numbers),
            ("-r/--relative-timestamps", options.layout.relative is not None),
            ("-t/--absolute-timestamps", bool(options.layout.stamp)),
            ("-T/--syscall-times", options.layout.durations is not None),
            ("-y/--decode-fds", bool(options.style.descriptors)),
        )
        options.warnings += [
            f"{name} has no effect with -c/--summary-only" for name, given in without if given
        ]
    if options.json and options.summary == "only":
        raise UsageError("--json and -c/--summary-only are mutually exclusive", advice=False)
    if "last-on" in long and not options.last:
        raise UsageError("--last-on needs --last N", advice=False)
    if options.last and (options.json or options.separate or options.summary == "only"):
        raise UsageError("--last keeps lines of text in one output", advice=False)


def _output(options: Options, short: Mapping[str, int], long: set[str]) -> None:
    if not options.output:
        if options.separate and not options.follow:
            options.warnings.append("--output-separately has no effect without -o/--output")
        if options.append:
            options.warnings.append("-A/--output-append-mode has no effect without -o/--output")
        options.separate = False
    elif options.output[0] in "|!" and options.separate:
        raise UsageError("piping the output and -ff/--output-separately are mutually exclusive")
    if {"z", "Z"} <= long:
        options.warnings.append(
            "Only the last of -z/--successful-only/-Z/--failed-only options will take effect. "
            "See status qualifier for more complex filters."
        )
    if options.separate:
        pids = "never"
    elif options.node is not None:  # all of its threads, from the first line on
        pids = "always" if options.output else "brackets"
    elif options.output:
        several = options.follow or options.replay or len(options.pids) > 1
        pids = "always" if several else "never"
    else:
        pids = "several"
    options.layout = msgspec.structs.replace(options.layout, pids=pids, separate=options.separate)
    if short["f"] and "follow-forks" in long:
        options.follow = True


def _record(options: Options, short: Mapping[str, int], long: set[str]) -> None:
    """--record alone writes no text: what would change it is for the replay."""
    options.announce = not short["q"] and "quiet" not in long
    if options.force and not options.record:
        raise UsageError("--force needs --record FILE", advice=False)
    if options.record and options.style.strings > _MOST_RECORDED:
        options.warnings.append(f"-s {options.style.strings}: a capture has {_MOST_RECORDED} bytes at most")
        options.style = msgspec.structs.replace(options.style, strings=_MOST_RECORDED)
    if not options.record or options.output:
        return
    for name, given in (
        ("-c/--summary-only", options.summary == "only"),
        ("-C/--summary", options.summary == "too"),
        ("--json", options.json),
        ("--last", bool(options.last)),
    ):
        if given:
            raise NotSupportedError(f"{name} goes with bstrace replay, or with --record and -o FILE")
    layout, style = options.layout, options.style
    for name, given in (
        ("-i/--instruction-pointer", layout.addresses),
        ("-n/--syscall-number", layout.numbers),
        ("-r/--relative-timestamps", layout.relative is not None),
        ("-t/--absolute-timestamps", bool(layout.stamp)),
        ("-T/--syscall-times", layout.durations is not None),
        ("-x/--strings-in-hex", style.hexadecimal is not Hex.NONE),
        ("-X/--const-print-style", style.constants is not Constants.ABBREV),
        ("-z, -Z or -e status=", options.wanted.statuses != STATUSES),
    ):
        if given:
            options.warnings.append(f"{name} has no effect with --record: bstrace replay has it")


def _signals(options: Options) -> None:
    if options.seccomp and options.detach_on_exec:
        options.warnings.append("--seccomp-bpf is not enabled because it is not compatible with -b")
        options.seccomp = False
    if options.seccomp and not options.follow:
        options.warnings.append("--seccomp-bpf cannot be used without -f/--follow-forks, disabling")
        options.seccomp = False
    if options.seccomp and options.calls == EVERYTHING:
        options.warnings.append(
            "Seccomp filter is requested but there are no syscalls to filter.  "
            "See -e trace to filter syscalls."
        )
        options.seccomp = False
    if not options.interruptible:
        if options.daemonize:
            options.interruptible = 4
        else:
            options.interruptible = 3 if (options.output or options.record) and options.command else 2
