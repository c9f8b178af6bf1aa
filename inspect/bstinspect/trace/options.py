"""The command line of `bstrace trace`: strace's letters and long names, and a few of our own.

`parse` only reads; what the options mean together is checked here too, what they do is done elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.decode.layout import MESSAGES, STATUSES, Layout, Wanted
from bstinspect.decode.style import Constants, Hex, Style, no_calls
from bstinspect.errors import NotSupportedError, UsageError
from bstinspect.reports import columns
from bstinspect.trace import expressions
from bstinspect.trace.getopt import NONE, OPTIONAL, REQUIRED, Option
from bstinspect.trace.getopt import parse as split

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bstinspect.capture.rules import Rule

LETTERS: Final = {
    **dict.fromkeys("AcCdDfFhiknqrtTvVwxyYzZ", NONE),
    **dict.fromkeys("abeEIoOpPsSuUX", REQUIRED),
}
NAMES: Final = {
    "columns": REQUIRED, "output-append-mode": NONE, "detach-on": REQUIRED, "summary-only": NONE,
    "summary": NONE, "debug": NONE, "daemonize": OPTIONAL, "daemonised": OPTIONAL, "daemonized": OPTIONAL,
    "env": REQUIRED, "follow-forks": NONE, "output-separately": NONE, "help": NONE,
    "instruction-pointer": NONE, "interruptible": REQUIRED, "stack-traces": NONE, "syscall-number": NONE,
    "output": REQUIRED, "summary-syscall-overhead": REQUIRED, "attach": REQUIRED, "trace-path": REQUIRED,
    "relative-timestamps": OPTIONAL, "string-limit": REQUIRED, "summary-sort-by": REQUIRED,
    "absolute-timestamps": OPTIONAL, "timestamps": OPTIONAL, "syscall-times": OPTIONAL, "user": REQUIRED,
    "summary-columns": REQUIRED, "no-abbrev": NONE, "version": NONE, "summary-wall-clock": NONE,
    "strings-in-hex": OPTIONAL, "const-print-style": REQUIRED, "pidns-translation": NONE,
    "successful-only": NONE, "failed-only": NONE, "failing-only": NONE, "seccomp-bpf": NONE,
    "tips": OPTIONAL, "trace": REQUIRED, "abbrev": REQUIRED, "verbose": REQUIRED, "raw": REQUIRED,
    "signals": REQUIRED, "status": REQUIRED, "read": REQUIRED, "write": REQUIRED, "fault": REQUIRED,
    "inject": REQUIRED, "kvm": REQUIRED, "quiet": OPTIONAL, "silent": OPTIONAL, "silence": OPTIONAL,
    "decode-fds": OPTIONAL, "decode-pids": REQUIRED, "secontext": OPTIONAL,
    # Not in strace 6.1: `OWN`.
    "trace-fds": REQUIRED, "json": NONE, "last": REQUIRED, "last-on": REQUIRED, "zmtp": NONE, "points": NONE,
    "summary-by": REQUIRED, "node": REQUIRED, "session": REQUIRED, "no-colocate": NONE,
    "record": REQUIRED, "force": NONE,
}  # fmt: skip
OWN: Final = frozenset({
    "trace-fds", "json", "last", "last-on", "zmtp", "points", "summary-by", "node", "session",
    "no-colocate", "record", "force",
})  # fmt: skip
"""Not in strace 6.1: the first is a later strace's, the others are our own. No prefix is theirs."""
SAME: Final = {
    "columns": "a", "output-append-mode": "A", "detach-on": "b", "summary-only": "c", "summary": "C",
    "debug": "d", "env": "E", "help": "h", "instruction-pointer": "i", "interruptible": "I",
    "stack-traces": "k", "syscall-number": "n", "output": "o", "summary-syscall-overhead": "O",
    "attach": "p", "trace-path": "P", "relative-timestamps": "r", "string-limit": "s",
    "summary-sort-by": "S", "syscall-times": "T", "user": "u", "summary-columns": "U", "no-abbrev": "v",
    "version": "V", "summary-wall-clock": "w", "const-print-style": "X", "successful-only": "z",
    "failed-only": "Z", "failing-only": "Z", "daemonised": "daemonize", "daemonized": "daemonize",
    "timestamps": "absolute-timestamps", "silent": "quiet", "silence": "quiet",
}  # fmt: skip
"""Long names that mean the same as a letter, or as another long name."""
_QUALIFIERS: Final = {
    "t": "trace", "a": "abbrev", "v": "verbose", "x": "raw", "signal": "signals", "s": "signals",
    "silent": "quiet", "silence": "quiet", "q": "quiet", "reads": "read", "r": "read", "writes": "write",
    "w": "write", "decode-fd": "decode-fds", "decode-pid": "decode-pids",
} | {
    name: name
    for name in (
        "trace", "abbrev", "verbose", "raw", "signals", "status", "quiet", "read", "write", "fault",
        "inject", "kvm", "decode-fds", "decode-pids", "secontext", "trace-fds", "errno", "duration",
    )
}  # fmt: skip
"""What may stand before the = of -e, and the long name that it is short for."""
LIVE: Final = frozenset({
    "b", "E", "p", "P", "u", "D", "daemonize", "I", "seccomp-bpf", "no-colocate", "node", "session",
    "record", "force", "inject", "fault", "trace-fds",
})  # fmt: skip
"""What only a tracer can do: `bstrace replay` refuses it."""
_QUIET: Final = {each: each for each in MESSAGES} | {"exits": "exit", "superseded": "thread-execve"}
_INTERRUPTIBLE: Final = {
    "anywhere": 1, "always": 1, "waiting": 2, "never": 3, "never_tstp": 4, "1": 1, "2": 2, "3": 3, "4": 4,
}  # fmt: skip
_DAEMONIZE: Final = {"grandchild": 1, "pgroup": 2, "pgrp": 2, "session": 3}
_KINDS: Final = ("path", "socket", "dev", "pidfd")


class Options(msgspec.Struct):
    """What the user asked for."""

    command: tuple[str, ...] = ()
    pids: list[int] = []
    node: int | None = None
    session: str = ""
    follow: bool = False
    separate: bool = False
    record: str = ""
    """The file that a capture is written to."""
    force: bool = False
    """`record` may be there already."""
    replay: str = ""
    """The capture that `bstrace replay` shows."""
    announce: bool = True
    """Say what was recorded (no -q)."""
    output: str | None = None
    append: bool = False
    environment: list[str] = []
    user: str = ""
    daemonize: int = 0
    interruptible: int = 0
    detach_on_exec: bool = False
    seccomp: bool = False
    colocate: bool = True
    """Keep the tracer and what it traces on one CPU."""
    stacks: bool = False
    calls: expressions.NumberSet = expressions.EVERYTHING
    paths: list[str] = []
    descriptors: expressions.NumberSet | None = None
    strings_given: bool = False
    """-s was given."""
    rules: list[Rule] = []
    style: Style = msgspec.field(default_factory=Style)
    layout: Layout = msgspec.field(default_factory=Layout)
    wanted: Wanted = msgspec.field(default_factory=Wanted)
    summary: str = ""
    """``only`` (-c), ``too`` (-C), or nothing."""
    summary_by: str = "all"
    sort: str = "time-percent"
    columns: tuple[str, ...] = columns.DEFAULT
    overhead_ns: int = 0
    wall_clock: bool = False
    json: bool = False
    zmtp: bool = False
    points: bool = False
    last: int = 0
    last_on: tuple[str, ...] = ("death",)
    debug: bool = False
    help: bool = False
    version: bool = False
    warnings: list[str] = []


def _signals(options: Options, text: str) -> None:
    signals = expressions.number_set(text, expressions.signal_word, "signal")
    options.wanted = msgspec.structs.replace(options.wanted, signals=signals)


def _statuses(options: Options, text: str) -> None:
    statuses = expressions.words_of(text, {each: each for each in STATUSES}, "status")
    options.wanted = msgspec.structs.replace(options.wanted, statuses=statuses)


def _quiet(options: Options, text: str) -> None:
    options.wanted = msgspec.structs.replace(
        options.wanted, quiet=expressions.words_of(text, _QUIET, "quiet")
    )


def _errors(options: Options, text: str) -> None:
    errors = expressions.number_set(text, expressions.error_word, "errno")
    options.wanted = msgspec.structs.replace(options.wanted, errors=errors)


def _duration(options: Options, text: str) -> None:
    try:
        shortest = expressions.nanoseconds(text)
    except ValueError:
        raise UsageError(f"invalid duration '{text}'", advice=False) from None
    options.wanted = msgspec.structs.replace(options.wanted, shortest_ns=shortest)


def _reads(options: Options, text: str) -> None:
    numbers = expressions.number_set(text, expressions.decimal, "descriptor")
    options.wanted = msgspec.structs.replace(options.wanted, reads=numbers)


def _writes(options: Options, text: str) -> None:
    numbers = expressions.number_set(text, expressions.decimal, "descriptor")
    options.wanted = msgspec.structs.replace(options.wanted, writes=numbers)


def _details(options: Options, text: str) -> None:
    known = {each: each for each in (*_KINDS, "peer")}
    kinds = expressions.words_of(text, known, "decode-fds")
    if text.endswith("all"):
        kinds -= {"peer"}  # our own, and only on request
    options.style = msgspec.structs.replace(options.style, descriptors=kinds)


def _process_names(options: Options, text: str) -> None:
    words = expressions.words_of(text, {"comm": "comm", "pidns": "pidns"}, "decode-pids")
    if "pidns" in words and text != "all":
        raise _not_supported("--decode-pids=pidns")
    options.style = msgspec.structs.replace(options.style, names="comm" in words)


def _only(status: str) -> Callable[[Options, str], None]:
    def take(options: Options, _value: str) -> None:
        options.wanted = msgspec.structs.replace(options.wanted, statuses=frozenset({status}))

    return take


def _set(name: str, value: object = None) -> Callable[[Options, str], None]:
    """Return what sets a field: to `value`, or to the option's own."""
    return lambda options, text: setattr(options, name, text if value is None else value)


def _lay_out(name: str) -> Callable[[Options, str], None]:
    def take(options: Options, _value: str) -> None:
        options.layout = msgspec.structs.replace(options.layout, **{name: True})

    return take


def _whole(options: Options, _value: str) -> None:
    options.style = msgspec.structs.replace(options.style, abbreviated=no_calls)


def _fault(options: Options, text: str) -> None:
    from bstinspect.trace import injection

    options.rules.append(injection.parse(text, fault=True))


def _inject(options: Options, text: str) -> None:
    from bstinspect.trace import injection

    rule = injection.parse(text)
    options.rules.append(rule)
    error = (1 << 64) - (rule.value or 0)
    if error < 4096:
        options.warnings.append(f"Inadvertent injection of error {error} is possible for retval={rule.value}")


_SIMPLE: Final[dict[str, Callable[[Options, str], None]]] = {
    "A": _set("append", value=True),
    "E": lambda options, text: options.environment.append(text),
    "follow-forks": _set("follow", value=True),
    "output-separately": _set("separate", value=True),
    "d": _set("debug", value=True),
    "h": _set("help", value=True),
    "V": _set("version", value=True),
    "i": _lay_out("addresses"),
    "n": _lay_out("numbers"),
    "k": _set("stacks", value=True),
    "o": _set("output"),
    "P": lambda options, text: options.paths.append(text),
    "u": _set("user"),
    "v": _whole,
    "w": _set("wall_clock", value=True),
    "Y": lambda options, _text: _process_names(options, "comm"),
    "z": _only("successful"),
    "Z": _only("failed"),
    "seccomp-bpf": _set("seccomp", value=True),
    "no-colocate": _set("colocate", value=False),
    "record": _set("record"),
    "force": _set("force", value=True),
    "json": _set("json", value=True),
    "zmtp": _set("zmtp", value=True),
    "points": _set("points", value=True),
    "session": _set("session"),
}
"""The options that only set something."""
_SETS: Final[dict[str, Callable[[Options, str], None]]] = {
    "trace": lambda options, text: setattr(options, "calls", expressions.syscall_set(text)),
    "abbrev": lambda options, text: _style_calls(options, "abbreviated", text),
    "verbose": lambda options, text: _style_calls(options, "verbose", text),
    "raw": lambda options, text: _style_calls(options, "raw", text),
    "signals": _signals,
    "status": _statuses,
    "quiet": _quiet,
    "errno": _errors,
    "duration": _duration,
    "read": _reads,
    "write": _writes,
    "fault": _fault,
    "inject": _inject,
    "decode-fds": _details,
    "decode-pids": _process_names,
    "trace-fds": lambda options, text: setattr(
        options, "descriptors", expressions.number_set(text, expressions.decimal, "descriptor")
    ),
}
"""What stands behind -e, and the long names that mean the same."""
_WITHOUT_VALUE: Final = {"quiet": "attach,personality", "decode-fds": "path"}


def _style_calls(options: Options, name: str, text: str) -> None:
    calls = expressions.name_set(expressions.syscall_set(text)).holds
    options.style = msgspec.structs.replace(options.style, **{name: calls})


class Reader:
    """Reads one option after the other; strace's checks of how they fit come at the end."""

    def __init__(self) -> None:
        self.options = Options()
        self.short: dict[str, int] = dict.fromkeys("fqtxyD", 0)
        """How often a letter was given that counts."""
        self.long: set[str] = set()
        self._by_name: dict[str, Callable[[Option], None]] = {
            "a": self._column, "b": self._detach_on, "I": self._interruptible, "e": self._expression,
            "p": self._attach, "O": self._overhead, "r": self._relative, "s": self._strings,
            "S": self._sort, "T": self._durations, "U": self._columns, "X": self._constants,
            "c": self._summary, "C": self._summary, "daemonize": self._daemonize,
            "absolute-timestamps": self._stamps, "strings-in-hex": self._hexadecimal, "last": self._last,
            "last-on": self._last_on, "summary-by": self._summary_by, "node": self._node,
        }  # fmt: skip

    def read(self, option: Option) -> None:
        """Take one option. Raises UsageError, NotSupportedError."""
        name = SAME.get(option.name, option.name)
        if name in self.short:
            self.short[name] += 1
        elif name in self._by_name:
            self._by_name[name](option)
        elif option.name in _QUALIFIERS and option.long:
            self.qualify(_QUALIFIERS[name], option.value)
        elif name in _SIMPLE:
            _SIMPLE[name](self.options, option.value or "")
            self.long.add(name)
        else:
            raise _not_supported(str(option))

    # What stands behind -e.

    def _expression(self, option: Option) -> None:
        text = option.value or ""
        name, equals, value = text.partition("=")
        if equals and name in _QUALIFIERS:
            self.qualify(_QUALIFIERS[name], value)
        else:
            self.qualify("trace", text)

    def qualify(self, name: str, value: str | None) -> None:
        """Take a set: ``trace=``, ``signal=``, and so on. Raises UsageError, NotSupportedError."""
        take = _SETS.get(name)
        if take is None:
            raise _not_supported(f"-e {name}=")
        take(self.options, value if value is not None else _WITHOUT_VALUE.get(name, ""))
        self.long.add(name)

    # One method an option with a value.

    def _column(self, option: Option) -> None:
        self.options.layout = msgspec.structs.replace(self.options.layout, column=_number(option))

    def _strings(self, option: Option) -> None:
        size = _number(option)
        if size > 0x3FFFFFFF:
            raise _invalid(option)
        self.options.style = msgspec.structs.replace(self.options.style, strings=size)
        self.options.strings_given = True

    def _detach_on(self, option: Option) -> None:
        if option.value != "execve":
            raise UsageError(f"Syscall '{option.value}' for -b isn't supported", advice=False)
        self.options.detach_on_exec = True

    def _interruptible(self, option: Option) -> None:
        number = _INTERRUPTIBLE.get(option.value or "")
        if number is None:
            raise _invalid(option)
        self.options.interruptible = number

    def _attach(self, option: Option) -> None:
        for word in (option.value or "").replace(",", " ").split():
            number = expressions.decimal(word)
            if number <= 0:
                raise UsageError(f"Invalid process id: '{word}'", advice=False)
            self.options.pids.append(number)

    def _overhead(self, option: Option) -> None:
        try:
            self.options.overhead_ns = expressions.nanoseconds(option.value or "")
        except ValueError:
            raise _invalid(option) from None

    def _relative(self, option: Option) -> None:
        self.options.layout = msgspec.structs.replace(self.options.layout, relative=_digits(option))

    def _durations(self, option: Option) -> None:
        self.options.layout = msgspec.structs.replace(self.options.layout, durations=_digits(option))

    def _sort(self, option: Option) -> None:
        self.options.sort = columns.sort_key(option.value or "")
        self.long.add("S")

    def _columns(self, option: Option) -> None:
        self.options.columns = columns.parse(option.value or "")
        self.long.add("U")

    def _constants(self, option: Option) -> None:
        try:
            style = Constants(option.value)
        except ValueError:
            raise _invalid(option) from None
        self.options.style = msgspec.structs.replace(self.options.style, constants=style)

    def _summary(self, option: Option) -> None:
        kind = "only" if SAME.get(option.name, option.name) == "c" else "too"
        if self.options.summary not in ("", kind):
            raise UsageError("-c/--summary-only and -C/--summary are mutually exclusive")
        self.options.summary = kind

    def _daemonize(self, option: Option) -> None:
        kind = _DAEMONIZE.get(option.value or "grandchild")
        if kind is None:
            raise _invalid(option)
        self.options.daemonize = kind
        self.long.add("daemonize")

    def _stamps(self, option: Option) -> None:
        self.long.add("absolute-timestamps")
        self.stamp(option.value or "format:time", option)

    def stamp(self, text: str, option: Option | None = None) -> None:
        """Take the format of absolute times: words of format and precision. Raises UsageError."""
        layout = self.options.layout
        stamp = layout.stamp or "time"
        digits = layout.stamp_digits
        for token in text.split(","):
            word = token.removeprefix("format:").removeprefix("precision:").lower()
            if word in ("none", "time", "unix") and not token.startswith("precision:"):
                stamp = "" if word == "none" else word
            elif word in ("s", "ms", "us", "ns") and not token.startswith("format:"):
                digits = expressions.digits_of(word)
            else:
                raise _invalid(option or Option("t", text, long=False))
        self.options.layout = msgspec.structs.replace(layout, stamp=stamp, stamp_digits=digits)

    def _hexadecimal(self, option: Option) -> None:
        try:
            style = Hex(option.value or "all")
        except ValueError:
            raise _invalid(option) from None
        self.options.style = msgspec.structs.replace(self.options.style, hexadecimal=style)
        self.long.add("strings-in-hex")

    def _last(self, option: Option) -> None:
        self.options.last = _number(option)
        if not self.options.last:
            raise _invalid(option)

    def _last_on(self, option: Option) -> None:
        words = tuple((option.value or "").split(","))
        for word in words:
            known = word in ("death", "signal", "error") or expressions.signal_word(word) > 0
            if word.isdecimal() or not (known or expressions.error_word(word) > 0):
                raise _invalid(option)
        self.options.last_on = words
        self.long.add("last-on")

    def _summary_by(self, option: Option) -> None:
        if option.value not in ("all", "process", "thread"):
            raise _invalid(option)
        self.options.summary_by = option.value

    def _node(self, option: Option) -> None:
        self.options.node = _number(option)


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line of `bstrace trace`. Raises UsageError, NotSupportedError."""
    from bstinspect.trace.agreement import check, check_target

    given, command = split(arguments, LETTERS, NAMES, SAME, OWN)
    reader = Reader()
    for option in given:
        reader.read(option)
    reader.options.command = tuple(command)
    if not (reader.options.help or reader.options.version):
        check_target(reader.options)
        check(reader, reader.short, reader.long)
    return reader.options


def parse_replay(arguments: Sequence[str]) -> Options:
    """Read the command line of `bstrace replay`: a file, and options before and behind it.

    Raises UsageError, NotSupportedError.
    """
    from bstinspect.trace.agreement import check

    reader = Reader()
    files: list[str] = []
    left = list(arguments)
    while left:
        given, left = split(left, LETTERS, NAMES, SAME, OWN)
        for option in given:
            if SAME.get(option.name, option.name) in LIVE or _is_rule(option):
                raise NotSupportedError(
                    f"{option} is for bstrace trace: a capture only shows what was recorded"
                )
            reader.read(option)
        files += left[:1]
        left = left[1:]
    options = reader.options
    if not (options.help or options.version):
        if len(files) != 1:
            raise UsageError("must have one FILE")
        options.replay = files[0]
        check(reader, reader.short, reader.long)
    return options


def _is_rule(option: Option) -> bool:
    """Tell whether an option is -e inject=, -e fault= or -e trace-fds=, which a tracer must do."""
    name, equals, _ = (option.value or "").partition("=")
    return option.name == "e" and bool(equals) and _QUALIFIERS.get(name) in LIVE


def _not_supported(name: str) -> NotSupportedError:
    return NotSupportedError(f"{name} is an option of strace that bstrace does not support")


def _invalid(option: Option) -> UsageError:
    return UsageError(f"invalid {option} argument: '{option.value}'")


def _number(option: Option) -> int:
    number = expressions.decimal(option.value or "")
    if number < 0:
        raise _invalid(option)
    return number


def _digits(option: Option) -> int:
    try:
        return expressions.digits_of(option.value)
    except ValueError:
        raise _invalid(option) from None
