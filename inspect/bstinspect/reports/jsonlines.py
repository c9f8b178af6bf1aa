"""Records as JSON, an object a line: every field of what happened, decoded and raw.

The objects are the structures below; ``"type"`` says which. `schema` is their JSON Schema (also in
docs/trace.schema.json, written by ``python -m bstinspect.reports.jsonlines``). Fields that have nothing to
say are left out. Times are seconds since the epoch as decimal strings with nine digits, so that no reader
loses any; raw 64-bit arguments are hexadecimal strings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from bstinspect import records
from bstinspect.decode.architecture import architecture
from bstinspect.decode.blocks import Recorded
from bstinspect.decode.call import Call
from bstinspect.decode.layout import Wanted
from bstinspect.decode.names import errno_name, signal_name
from bstinspect.decode.opened import Forms, Opened
from bstinspect.decode.siginfo import describe_siginfo
from bstinspect.decode.style import PLAIN, Style

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bstinspect.decode.text import Annotator


class Descriptor(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a descriptor among the arguments was."""

    fd: int
    """-100 is the working directory (AT_FDCWD)."""
    target: str
    """Where /proc/PID/fd/N pointed; bytes that are no UTF-8 as backslash escapes."""
    details: str = ""
    """Of sockets, devices and pidfds more."""
    peer: str = ""
    """The process at the other end of a socket."""


class Line(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type"):
    """Base of all objects."""

    time: str
    """When it happened; of a call, when it was entered."""


class Start(Line, frozen=True, tag="start"):
    """The first object: what follows was recorded on this machine."""

    machine: str
    version: int
    """Version of the record format."""


class Syscall(Line, frozen=True, tag="syscall"):
    """A call, written when it has returned, or when it is clear that it never will."""

    tid: int
    pid: int
    name: str
    number: int
    arguments: list[str]
    """Decoded, as in the text."""
    raw: list[str]
    """The six registers, hexadecimal."""
    instruction_pointer: str
    result: int | None = None
    """The return value; null for a call that never returned."""
    result_text: str = ""
    """The result as in the text, with what strace puts in brackets."""
    errno: str = ""
    """The error's name, where it failed."""
    duration_ns: int | None = None
    system_ns: int = 0
    """System time, where -C asked for it."""
    descriptors: list[Descriptor] = []
    injected: str = ""
    """What was changed by -e inject: any of ``result``, ``arguments``, ``delay``."""
    annotation: str = ""
    """With --points its addresses as a crash point, with --zmtp the messages that went through."""
    arch: int = 0
    """AUDIT_ARCH_* of a call that is not of the machine's own kind."""
    unfinished: bool = False


class Signal(Line, frozen=True, tag="signal"):
    """A signal on its way to a thread."""

    tid: int
    pid: int
    signal: str
    info: str
    """siginfo, decoded."""


class Stopped(Line, frozen=True, tag="stopped"):
    """A thread entered a group-stop."""

    tid: int
    pid: int
    signal: str


class Continued(Line, frozen=True, tag="continued"):
    """SIGCONT ended a group-stop."""

    tid: int
    pid: int


class Spawned(Line, frozen=True, tag="spawned"):
    """A fork, vfork or clone: `child` is the new pid or tid."""

    tid: int
    pid: int
    child: int
    kind: str


class Executed(Line, frozen=True, tag="executed"):
    """A process runs another program; `former_tid` is the thread that called execve."""

    tid: int
    pid: int
    former_tid: int


class Exited(Line, frozen=True, tag="exited"):
    """A thread has ended; its whole process where `tid` equals `pid`."""

    tid: int
    pid: int
    status: int | None = None
    signal: str = ""
    """The signal that killed it."""
    core_dumped: bool = False


class Attached(Line, frozen=True, tag="attached"):
    """A thread came under the tracer."""

    tid: int
    pid: int
    followed: bool


class Detached(Line, frozen=True, tag="detached"):
    """A thread was let go."""

    tid: int
    pid: int


class Stack(Line, frozen=True, tag="stack"):
    """The call stack behind the call before it of the same thread."""

    tid: int
    pid: int
    frames: list[str]


class Lost(Line, frozen=True, tag="lost"):
    """Records that are missing here."""

    count: int
    reason: str


AnyLine: TypeAlias = (
    Start
    | Syscall
    | Signal
    | Stopped
    | Continued
    | Spawned
    | Executed
    | Exited
    | Attached
    | Detached
    | Stack
    | Lost
)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a line."""
    return msgspec.json.schema(AnyLine)


class JsonLines:
    """Takes records, and writes lines."""

    def __init__(
        self,
        write: Callable[[int, str], None],
        wanted: Wanted = Wanted(),  # noqa: B008 - frozen
        style: Style = PLAIN,
        annotator: Annotator | None = None,
    ) -> None:
        """`write` takes a tid and a line with its newline; `wanted` says which calls and signals it gets."""
        self._write = write
        self._wanted = wanted
        self._style = style
        self._annotator = annotator
        self._tables = architecture("x86_64")
        self._forms = Forms(self._tables, style)
        self._offset = 0
        self._open: dict[int, tuple[Opened, list[str]]] = {}
        self._encode = msgspec.json.Encoder().encode
        self._plain: dict[type[records.Record], Callable[[Any, str], Line]] = {
            records.GroupStop: lambda r, at: Stopped(at, r.tid, r.pid, signal_name(r.signal)),
            records.GroupContinue: lambda r, at: Continued(at, r.tid, r.pid),
            records.Spawned: lambda r, at: Spawned(at, r.tid, r.pid, r.child, r.event),
            records.Executed: lambda r, at: Executed(at, r.tid, r.pid, r.former_tid),
            records.Attached: lambda r, at: Attached(at, r.tid, r.pid, r.followed),
            records.Detached: lambda r, at: Detached(at, r.tid, r.pid),
            records.Lost: lambda r, at: Lost(at, r.count, r.reason),
            records.Stack: lambda r, at: Stack(at, r.tid, r.pid, [_printable(each) for each in r.frames]),
            records.SignalDelivery: self._signal,
            records.Exited: _exited,
        }

    def feed(self, batch: Iterable[records.Record]) -> None:
        """Take records in order."""
        for record in batch:
            if isinstance(record, records.SyscallEntry):
                self._enter(record)
            elif isinstance(record, records.SyscallExit):
                self._leave(record)
            elif isinstance(record, records.CaptureStart):
                self._tables = architecture(record.machine)
                self._forms = Forms(self._tables, self._style)
                self._offset = record.realtime - record.when
                self._put(0, Start(self._time(record.when), record.machine, record.version))
            elif isinstance(record, records.Exiting):
                self._never_returned(record.tid)
            else:
                if isinstance(record, records.Executed):
                    self._superseded(record)
                self._other(record)

    def _superseded(self, record: records.Executed) -> None:
        """Move the execve of a thread to the tid that it has now, its leader's (execve(2))."""
        if record.former_tid in self._open and record.former_tid != record.tid:
            self._never_returned(record.tid)
            self._open[record.tid] = self._open.pop(record.former_tid)

    def _other(self, record: records.Record) -> None:
        if isinstance(record, records.SignalDelivery | records.GroupStop) and not self._wanted.signals(
            record.signal
        ):
            return
        if isinstance(record, records.Detached):
            self._never_returned(record.tid)
        if (make := self._plain.get(type(record))) is not None:
            self._put(getattr(record, "tid", 0), make(record, self._time(record.when)))
        if isinstance(record, records.Exited) and record.tid == record.pid and self._annotator:
            self._annotator.ended(record.pid)

    def finish(self) -> None:
        """Write the calls that have not returned."""
        for tid in list(self._open):
            self._never_returned(tid)

    def _put(self, tid: int, line: Line) -> None:
        self._write(tid, self._encode(line).decode() + "\n")

    def _time(self, when: int) -> str:
        seconds, nanoseconds = divmod(when + self._offset, 1_000_000_000)
        return f"{seconds}.{nanoseconds:09}"

    def _enter(self, record: records.SyscallEntry) -> None:
        opened = self._forms.open(record)
        self._open[record.tid] = opened, opened.shape.entry(opened.call)

    def _leave(self, record: records.SyscallExit) -> None:
        found = self._open.pop(record.tid, None)
        if found is None:
            return
        opened, texts = found
        opened.leave(record)
        entry, call = opened.entry, opened.call
        texts = texts + [text.lstrip(", ") for text in opened.shape.exit(call)]
        failed = record.is_error and -4096 < record.value < 0
        text = errno_name(-record.value) if failed else opened.shape.result(call)
        if call.note and not failed:
            text += f" ({call.note})"
        annotation = self._annotator.annotate(call, record.pid) if self._annotator else ""
        duration = record.when - entry.when
        if not self._wanted.lets_through(-record.value if failed else 0, duration):
            return
        self._put(
            record.tid,
            Syscall(
                self._time(entry.when), entry.tid, entry.pid, call.name, entry.number, texts,
                [f"{value:#x}" for value in entry.arguments], f"{entry.instruction_pointer:#x}",
                record.value, text, errno_name(-record.value) if failed else "", duration,
                record.system_ns, _descriptors(entry, record), record.injected, annotation, entry.arch,
            ),
        )  # fmt: skip

    def _never_returned(self, tid: int) -> None:
        found = self._open.pop(tid, None)
        if found is None or "unfinished" not in self._wanted.statuses or self._wanted.errors is not None:
            return
        (opened, texts), entry = found, found[0].entry
        annotation = self._annotator.annotate(opened.call, entry.pid) if self._annotator else ""
        self._put(
            tid,
            Syscall(
                self._time(entry.when), tid, entry.pid, opened.call.name, entry.number, texts,
                [f"{value:#x}" for value in entry.arguments], f"{entry.instruction_pointer:#x}",
                descriptors=_descriptors(entry), annotation=annotation, arch=entry.arch, unfinished=True,
            ),
        )  # fmt: skip

    def _signal(self, record: records.SignalDelivery, at: str) -> Line:
        bare = Call("", (), Recorded.of_signal(record), self._tables, self._style)
        info = describe_siginfo(record.siginfo, record.signal, bare)
        return Signal(at, record.tid, record.pid, signal_name(record.signal), info)


def _exited(record: records.Exited, at: str) -> Line:
    killer = record.status & 0x7F
    if killer:
        return Exited(at, record.tid, record.pid, None, signal_name(killer), bool(record.status & 0x80))
    return Exited(at, record.tid, record.pid, record.status >> 8 & 0xFF)


def _descriptors(*stops: records.SyscallEntry | records.SyscallExit) -> list[Descriptor]:
    found = {each.number: each for stop in stops for each in stop.descriptors}
    return [
        Descriptor(each.number, _printable(each.target), each.details, each.peer) for each in found.values()
    ]


def _printable(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


def main() -> None:
    """Print the schema, as docs/trace.schema.json has it."""
    import json

    print(json.dumps(schema(), indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
