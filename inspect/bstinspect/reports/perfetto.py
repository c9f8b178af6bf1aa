"""A trace for ui.perfetto.dev: Chrome's "Trace Event Format", as a JSON object.

Each thread is a track, and each call a slice on it. Messages are flows from the sending to the receiving
call; deaths, and messages of which only one end was seen, are instants. The commands of the session are
slices of a process of their own. Times are microseconds; the digits behind the point keep the nanoseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from bstinspect.decode.names import signal_name
from bstinspect.findings.families import family
from bstinspect.reports import wellformed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

    from bstinspect.findings.calls import Finished
    from bstinspect.findings.model import (
        CommandFacts,
        DeathFacts,
        Findings,
        MessageFacts,
        ProcessFacts,
        SeenCall,
        ThreadFacts,
    )

SESSION: Final = 1 << 22
"""The pid of the session's commands: no process has it, the kernel's PID_MAX_LIMIT (proc(5), pid_max)."""
LONGEST: Final = 2000
"""So many characters of a command, its reply or a name are kept."""
_EXACT: Final = 1 << 53
"""Beyond it a reader that knows only doubles, as JavaScript does, loses digits."""
_CHUNK: Final = 1 << 18
_BETWEEN: Final = b",\n"
_ROLES: Final = ("main", "other", "zmq-io", "zmq-reaper")
"""The order of a process's threads."""


class _Arguments(msgspec.Struct, omit_defaults=True):
    """What a slice tells of its call when it is clicked at."""

    call: str
    result: int | str | None = None
    error: str = ""
    line: int = 0
    unfinished: bool = False


class _Slice(msgspec.Struct, tag_field="ph", tag="X"):
    """A complete event: a call."""

    name: str
    cat: str
    ts: float
    dur: float
    pid: int
    tid: int
    args: _Arguments


class PerfettoWriter:
    """Writes the trace while the capture is read: of calls it keeps nothing but which threads made them."""

    def __init__(self, stream: BinaryIO) -> None:
        """Write to a stream that takes whole chunks, as a buffered file does; it stays open."""
        self._stream = stream
        self._buffer = bytearray(b'{"displayTimeUnit":"ns","traceEvents":[\n')
        self._append = msgspec.json.Encoder().encode_into
        self._threads: dict[tuple[int, int], None] = {}
        self._end = 0

    def took(self, call: Finished) -> None:
        """Write a call, in the order in which calls end. Raises OSError."""
        entry, leaving, name = call.entry, call.leaving, call.name
        if leaving is None:
            arguments = _Arguments(call.text(), line=call.line, unfinished=True)
        else:
            arguments = _Arguments(call.text(), _number(leaving.value), call.error, call.line)
        begin, end = call.begin, call.end
        self._threads[entry.pid, entry.tid] = None
        self._end = max(self._end, end)
        self._put(
            _Slice(
                name, family(name), begin / 1000, max(end - begin, 0) / 1000, entry.pid, entry.tid, arguments
            )
        )

    def finish(self, findings: Findings) -> None:
        """Write everything else, and the end of the file. Raises OSError."""
        self._end = max(self._end, findings.environment.length)
        for number, message in enumerate(findings.messages, 1):
            self._message(number, message)
        for death in findings.deaths:
            self._death(death, findings.process(death.pid))
        self._commands(findings.commands)
        self._name_processes(findings.processes)
        if self._buffer.endswith(_BETWEEN):  # each event has one behind it, and `_put` keeps the last one
            del self._buffer[-len(_BETWEEN) :]
        self._buffer += b'\n],"otherData":' + wellformed.encode(_about(findings)) + b"}\n"
        self._stream.write(self._buffer)
        self._stream.flush()
        self._buffer.clear()

    def _put(self, event: object) -> None:
        buffer = self._buffer
        if len(buffer) > _CHUNK:
            self._stream.write(buffer)
            buffer.clear()
        begin = len(buffer)
        try:
            self._append(event, buffer, -1)
        except UnicodeEncodeError:
            buffer[begin:] = wellformed.encode(event)
        buffer += _BETWEEN

    def _event(self, phase: str, name: str, pid: int, tid: int, **fields: Any) -> None:
        self._put({"ph": phase, "name": _short(name), "pid": pid, "tid": tid} | fields)

    def _name_processes(self, processes: Iterable[ProcessFacts]) -> None:
        """Name and order processes and threads, those that only calls tell of among them."""
        known = {process.pid: process for process in processes}
        threads = {(each.pid, each.tid): each for process in known.values() for each in process.threads}
        pids = dict.fromkeys(known) | dict.fromkeys(pid for pid, _ in self._threads)
        for place, pid in enumerate(sorted(pids, key=lambda pid: _process_order(pid, known.get(pid))), 1):
            process = known.get(pid)
            self._name("process", pid, pid, process.title if process else f"pid {pid}", place)
        everyone = dict.fromkeys(threads) | self._threads | {(pid, pid): None for pid in pids}
        ordered = sorted(everyone, key=lambda key: _thread_order(key, threads.get(key)))
        for place, (pid, tid) in enumerate(ordered):
            thread = threads.get((pid, tid))
            name = (thread.name if thread else "") or ("main" if tid == pid else f"thread {tid}")
            self._name("thread", pid, tid, name, place)

    def _name(self, what: str, pid: int, tid: int, name: str, place: int) -> None:
        """Name a ``process`` or ``thread``, and give it its place among the others."""
        self._event("M", f"{what}_name", pid, tid, args={"name": _short(name)})
        self._event("M", f"{what}_sort_index", pid, tid, args={"sort_index": place})

    def _message(self, number: int, message: MessageFacts) -> None:
        """Write a flow from where the sending call begins to the receiving call.

        Perfetto has a flow lead from the slice that begins first to the other. So where the receiver had
        waited from before, the rest of its wait becomes a slice inside that call, and the flow ends there.
        """
        sent, received = message.sent, message.received
        if sent and received and sent.when < (end := _just_before_its_end(received)):
            arrives = received.when
            if arrives <= sent.when:
                arrives = sent.when + 1
                self._event(
                    "X", message.label, received.pid, received.tid, cat="message",
                    ts=arrives / 1000, dur=(end - arrives) / 1000, args={"kind": message.kind},
                )  # fmt: skip
            flow = {"cat": "message", "id": number, "bp": "e"}
            self._threads |= {(sent.pid, sent.tid): None, (received.pid, received.tid): None}
            self._event("s", message.label, sent.pid, sent.tid, ts=sent.when / 1000, **flow)
            self._event("f", message.label, received.pid, received.tid, ts=arrives / 1000, **flow)
            return
        for seen in (sent, received):
            if seen:
                where = seen.pid, seen.tid, seen.when
                self._instant("t", "message", message.label, where, kind=message.kind)

    def _death(self, death: DeathFacts, process: ProcessFacts | None) -> None:
        title = process.title if process else f"pid {death.pid}"
        if death.node is not None:
            title = f"node {death.node}"
        name = f"{title} killed by {signal_name(death.status & 0x7F)}"
        self._instant(
            "p", "death", name, (death.pid, death.pid, death.when),
            sender=_short(death.sender),
            threads=[_short(f"{each.tid} {each.name}: {each.call}") for each in death.threads],
            unreachable=[_number(node) for node in death.unreachable],
            answered=_short(death.answered),
        )  # fmt: skip
        for witness in death.witnesses:
            call = witness.call
            where = call.pid, call.tid, _just_before_its_end(call)
            told = {"how": witness.how, "delay_ns": _number(witness.delay)}
            self._instant("t", "death", f"notices that {title} is dead", where, **told)

    def _instant(self, scope: str, cat: str, name: str, where: tuple[int, int, int], **args: Any) -> None:
        """Write an instant of a ``p``rocess or ``t``hread; `where` is its pid, its tid and when."""
        pid, tid, when = where
        self._threads[pid, tid] = None
        self._event("i", name, pid, tid, cat=cat, ts=when / 1000, s=scope, args=args)

    def _commands(self, commands: list[CommandFacts]) -> None:
        """Write the commands as slices, and those that overlap on lanes of their own."""
        if not commands:
            return
        self._name("process", SESSION, SESSION, "session", 0)
        lanes: list[int] = []
        for command in sorted(commands, key=lambda each: each.began):
            end = max(command.began, self._end if command.ended is None else command.ended)
            lane = next((lane for lane, free in enumerate(lanes) if free <= command.began), len(lanes))
            if lane == len(lanes):
                lanes.append(0)
                self._name("thread", SESSION, SESSION + lane, "commands", lane)
            lanes[lane] = end
            args = {"command": _short(command.line), "reply": _short(command.reply)}
            if command.ended is None:
                args["unanswered"] = "yes"
            self._event(
                "X", command.line or "(empty)", SESSION, SESSION + lane, cat="command",
                ts=command.began / 1000, dur=(end - command.began) / 1000, args=args,
            )  # fmt: skip


def _just_before_its_end(call: SeenCall) -> int:
    """Return the last nanosecond inside a call, so that whoever looks there finds its slice."""
    return call.when + max((call.duration or 0) - 1, 0)


def _process_order(pid: int, process: ProcessFacts | None) -> tuple[int, int, int]:
    """Nodes by their ids, then the others as they began."""
    if process is None:
        return 2, 0, pid
    return (1, process.began, pid) if process.node is None else (0, process.node, process.began)


def _thread_order(key: tuple[int, int], thread: ThreadFacts | None) -> tuple[int, int, int]:
    """The main thread, then others, then those of ZeroMQ."""
    pid, tid = key
    role = thread.role if thread else "main" if tid == pid else "other"
    return pid, _ROLES.index(role), tid


def _about(findings: Findings) -> dict[str, Any]:
    """Return what is known about the trace as a whole, and what it does not show."""
    about: dict[str, Any] = msgspec.to_builtins(findings.environment)
    about["arguments"] = [_short(each) for each in findings.environment.arguments]
    about["gaps"] = msgspec.to_builtins(findings.gaps)
    about["messages_omitted"] = findings.messages_omitted
    return about


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _number(value: int) -> int | str:
    return value if -_EXACT <= value <= _EXACT else str(value)
