"""Records to strace's text, piece by piece as strace writes it (modelled on its 6.1, strace.c and syscall.c).

A call's line begins at its entry and ends at its exit. When another thread has to be heard in between, the
line is given up as ``<unfinished ...>`` and taken up again as ``<... read resumed>``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from bstinspect.decode.architecture import Architecture, architecture
from bstinspect.decode.blocks import Recorded
from bstinspect.decode.call import Call
from bstinspect.decode.dump import dump
from bstinspect.decode.durations import Durations
from bstinspect.decode.layout import Layout, Wanted
from bstinspect.decode.leader import Leader
from bstinspect.decode.names import describe_error, signal_name
from bstinspect.decode.opened import Forms, Opened
from bstinspect.decode.quote import quote_name
from bstinspect.decode.style import PLAIN, Style
from bstinspect.decode.thread import Thread
from bstinspect.decode.whole import LEAST_ERROR, WholeLines, result_text
from bstinspect.records import (
    Attached,
    CaptureStart,
    Detached,
    Executed,
    Exited,
    Exiting,
    GroupStop,
    Lost,
    Record,
    SignalDelivery,
    Stack,
    SyscallEntry,
    SyscallExit,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bstinspect.decode.opened import Form

_NOTES: Final = {
    "result,arguments": " (INJECTED: args, retval)",
    "arguments": " (INJECTED: args)",
    "result": " (INJECTED)",
}


class Output(Protocol):
    """Where the text goes."""

    def write(self, tid: int, text: str) -> None:
        """Take a piece of text of a thread: a whole line, a part of one, or several."""


class Annotator(Protocol):
    """Says something about calls behind their line (--zmtp, --points)."""

    def wants(self, name: str) -> bool:
        """Tell whether calls of a name have to be shown to it: of others it knows nothing to say."""

    def annotate(self, call: Call, pid: int) -> str:
        """Return a comment for a call that has returned, or never will; empty where there is none."""

    def ended(self, pid: int) -> None:
        """A process has ended."""


class StraceText:
    """Takes records in order, and writes text."""

    def __init__(
        self,
        output: Output,
        layout: Layout = Layout(),  # noqa: B008 - frozen
        wanted: Wanted = Wanted(),  # noqa: B008 - frozen
        style: Style = PLAIN,
        annotator: Annotator | None = None,
    ) -> None:
        self._output = output
        self._layout = layout
        self._wanted = wanted
        self._style = style
        self._annotator = annotator
        self._tables: Architecture = architecture("x86_64")
        self._forms = Forms(self._tables, style)
        self._leader = Leader(layout, style)
        self._durations = Durations(layout.durations)
        self._whole = WholeLines(layout)
        self._in_one_piece = wanted.every_call and not wanted.dumps
        """Whether lines may be made at once: nothing has to be known of a call but its two records."""
        self._threads: dict[int, Thread] = {}
        self._attached: set[int] = set()
        self._printing: Thread | None = None
        """Whose line is the current one."""
        self._takers: dict[type[Record], Callable[[Any], None]] = {
            CaptureStart: self._start,
            Attached: self._attach,
            SyscallEntry: self._enter,
            SyscallExit: self._leave,
            SignalDelivery: self._signal,
            GroupStop: self._stop,
            Exiting: self._never_returns,
            Exited: self._end,
            Executed: self._superseded,
            Detached: self._detach,
            Stack: self._stack,
            Lost: self._lost,
        }

    def feed(self, records: Iterable[Record]) -> None:
        """Take records, and write what they say.

        An entry waits for the record behind it: mostly that is its exit, and the line is made in one piece.
        """
        if not self._in_one_piece:
            for record in records:
                self._take(record)
            return
        entry: SyscallEntry | None = None
        for record in records:
            if entry is not None:
                if (
                    type(record) is SyscallExit
                    and record.tid == entry.tid
                    and self._write_whole(entry, record)
                ):
                    entry = None
                    continue
                self._enter(entry)
                entry = None
            if type(record) is SyscallEntry:
                entry = record
            else:
                self._take(record)
        if entry is not None:
            self._enter(entry)

    def _take(self, record: Record) -> None:
        take = self._takers.get(type(record))
        if take:
            take(record)

    def _write_whole(self, entry: SyscallEntry, leaving: SyscallExit) -> bool:
        """Write a call that nothing came between, at once; False where its line has to be put together."""
        thread = self._threads.get(entry.tid)
        form = self._forms.of(entry)
        if (
            thread is None
            or thread.opened is not None
            or thread.reprint
            or thread.name
            or thread.arch != entry.arch
            or leaving.injected
            or form.name == "restart_syscall"
        ):
            return False
        if self._printing is not None:
            self._give_up_for(thread)
            self._printing = None
        thread.last = form.name
        thread.number, thread.address = entry.number, entry.instruction_pointer
        leader = self._leader.text(thread, entry.when, len(self._attached))
        line = self._whole.line(leader, form, entry, leaving)
        if self._annotator and (comment := _comment(self._annotator, form, entry, leaving)):
            line = f"{line[:-1]} /* {comment} */\n"
        self._output.write(thread.tid, line)
        return True

    def finish(self) -> None:
        """Give up the line that is still open, and forget all calls."""
        if self._printing and self._printing.column:
            self._output.write(self._printing.tid, " <unfinished ...>\n")
        self._printing = None
        self._threads.clear()

    # The pieces of a line.

    def _thread(self, tid: int, pid: int) -> Thread:
        thread = self._threads.get(tid)
        if thread is None:
            thread = self._threads[tid] = Thread(tid, pid)
        return thread

    def _write(self, thread: Thread, text: str) -> None:
        thread.column += len(text)
        if thread.staged is None:
            self._output.write(thread.tid, text)
        else:
            thread.staged.append(text)

    def _ended(self, thread: Thread) -> None:
        """A line has been finished."""
        thread.column = 0
        if self._printing:
            self._printing.column = 0
            self._printing = None

    def _lead(self, thread: Thread, when: int) -> None:
        """Begin a line of a thread (strace's printleader)."""
        if self._layout.separate:
            self._printing = thread
        if thread.staged is None:
            self._give_up_for(thread)
        self._printing = thread
        thread.column = 0
        leader = self._leader.text(thread, when, len(self._attached))
        if leader:
            self._write(thread, leader)

    def _give_up_for(self, thread: Thread) -> None:
        """Give up the line that is not finished, before another one."""
        other = self._printing
        if other and other.column and (not self._layout.separate or other is thread):
            self._output.write(other.tid, " <unfinished ...>\n")
            other.column = 0

    def _event(self, when: int, thread: Thread, text: str) -> None:
        """Write a line that is no call."""
        self._lead(thread, when)
        self._write(thread, text + "\n")
        self._ended(thread)

    def _resume(self, when: int, thread: Thread, name: str) -> None:
        """Take up a line again, where it is not the current one."""
        if thread.reprint or (
            not self._layout.separate and self._printing is not thread and thread.staged is None
        ):
            thread.reprint = False
            self._lead(thread, when)
            self._write(thread, f"<... {name} resumed>")

    def _publish(self, thread: Thread, *, wanted: bool) -> None:
        """Write the held back line, or drop it."""
        staged, thread.staged = thread.staged, None
        if staged and wanted:
            self._output.write(thread.tid, "".join(staged))

    # One method a record.

    def _start(self, record: CaptureStart) -> None:
        self._tables = architecture(record.machine)
        self._forms = Forms(self._tables, self._style)
        self._leader.set_clock(record.realtime - record.when)

    def _attach(self, record: Attached) -> None:
        self._attached.add(record.tid)
        if record.number >= 0:
            self._thread(record.tid, record.pid).last = self._tables.name(record.number)
        if record.name:
            self._thread(record.tid, record.pid).name = record.name

    def _signal(self, record: SignalDelivery) -> None:
        if self._wanted.signals(record.signal):
            from bstinspect.decode.siginfo import describe_siginfo

            name = signal_name(record.signal)
            thread = self._thread(record.tid, record.pid)
            thread.address = record.instruction_pointer
            text = f"--- {name} {describe_siginfo(record.siginfo, record.signal, self._bare(record))} ---"
            self._event(record.when, thread, text)

    def _bare(self, record: SignalDelivery) -> Call:
        """Return a call that knows the manner of printing, and what siginfo names."""
        return Call("", (), Recorded.of_signal(record), self._tables, self._style)

    def _stop(self, record: GroupStop) -> None:
        if self._wanted.signals(record.signal):
            thread = self._thread(record.tid, record.pid)
            self._event(record.when, thread, f"--- stopped by {signal_name(record.signal)} ---")

    def _lost(self, record: Lost) -> None:
        thread = self._printing or Thread(0, 0)
        if thread.column:
            self._output.write(thread.tid, " <unfinished ...>\n")
            self._ended(thread)
        what = f"{record.count} records lost: " if record.count else ""
        self._output.write(thread.tid, f"--- {what}{record.reason} ---\n")

    def _enter(self, record: SyscallEntry) -> None:
        thread = self._thread(record.tid, record.pid)
        if record.arch != thread.arch:
            thread.arch = record.arch
            if "personality" not in self._wanted.quiet:
                mode = "64 bit" if self._tables.is_own(record.arch) else "32 bit"
                self._event(record.when, thread, f"[ Process PID={record.tid} runs in {mode} mode. ]")
        opened = thread.opened = self._forms.open(record)
        name = opened.form.name
        thread.number, thread.address = record.number, record.instruction_pointer
        thread.staged = None if self._wanted.every_call else []
        self._lead(thread, record.when)
        if name == "restart_syscall":
            text = f"{name}(<... resuming interrupted {thread.last or 'system call'} ...>"
        else:
            thread.last = name
            text = opened.form.begin(opened.call)
        self._write(thread, text)

    def _leave(self, record: SyscallExit) -> None:
        thread = self._thread(record.tid, record.pid)
        opened, thread.opened = thread.opened, None
        if record.names and thread.name:
            thread.name = dict(record.names).get(record.tid, thread.name)
        self._resume(record.when, thread, opened.call.name if opened else "???")
        self._printing = thread
        failed = record.is_error and LEAST_ERROR <= record.value < 0
        text = comment = ""
        if opened is not None:
            opened.leave(record)
            text = opened.form.end(opened.call)
            if self._annotator and self._annotator.wants(opened.form.name):
                comment = self._annotator.annotate(opened.call, record.pid)
        result = self._result(record, opened, failed)
        duration = record.when - opened.entry.when if opened else 0
        if thread.staged is not None:
            thread.staged.append(text)
            thread.column += len(text)
            text = ""
            wanted = self._wanted.lets_through(-record.value if failed else 0, duration)
            self._publish(thread, wanted=wanted)
            if not wanted:
                self._ended(thread)
                return
        text += ")"
        padding = " " * max(self._layout.column - 1 - thread.column - len(text), 0)
        text += f"{padding} = {result}{self._durations.text(duration)}"
        if comment:
            text += f" /* {comment} */"
        self._write(thread, text + "\n")
        if opened and self._wanted.dumps and (dumped := dump(opened.call, self._wanted)):
            self._write(thread, dumped)
        self._ended(thread)

    def _result(self, record: SyscallExit, opened: Opened | None, failed: bool) -> str:  # noqa: FBT001 - of one call
        """Return what stands behind the equals sign."""
        if opened is not None:
            result = result_text(opened.form, opened.call)
        elif failed:
            result = describe_error(-record.value)
        else:
            result = str(record.value)
        if record.injected:
            what, _, delayed = (record.injected + ",").partition("delay")
            result += _NOTES.get(what.strip(","), "") + (" (DELAYED)" if delayed else "")
        return result

    def _never_returns(self, record: Exiting) -> None:
        thread = self._threads.get(record.tid)
        if thread is None or thread.opened is None:
            return
        opened, thread.opened = thread.opened, None
        other = self._printing
        if not self._layout.separate and other and other is not thread and other.column:
            self._output.write(other.tid, " <unfinished ...>\n")
            other.column = 0
        self._resume(record.when, thread, opened.call.name)
        if opened.shape.waits(opened.call):
            self._write(thread, " <unfinished ...>")
        self._printing = thread
        padding = " " * max(self._layout.column - 2 - thread.column, 0)
        comment = ""
        if self._annotator and self._annotator.wants(opened.call.name):
            comment = self._annotator.annotate(opened.call, record.pid)
        self._write(thread, f") {padding}= ?{f' /* {comment} */' if comment else ''}\n")
        if thread.staged is not None:
            wanted = self._wanted
            long_enough = record.when - opened.entry.when >= wanted.shortest_ns
            self._publish(
                thread,
                wanted="unfinished" in wanted.statuses and wanted.errors is None and long_enough,
            )
        self._ended(thread)

    def _end(self, record: Exited) -> None:
        thread = self._thread(record.tid, record.pid)
        thread.staged = None
        thread.address = 0
        status = record.status
        if status & 0x7F:
            if self._wanted.signals(status & 0x7F):
                dumped = " (core dumped)" if status & 0x80 else ""
                text = f"+++ killed by {signal_name(status & 0x7F)}{dumped} +++"
                self._event(record.when, thread, text)
        elif "exit" not in self._wanted.quiet:
            self._event(record.when, thread, f"+++ exited with {status >> 8 & 0xFF} +++")
        self._forget(record.tid)
        if record.tid == record.pid:
            if self._annotator:
                self._annotator.ended(record.pid)
            # Whoever is still listed has left without a word.
            for tid in [tid for tid, each in self._threads.items() if each.pid == record.pid]:
                self._forget(tid)

    def _forget(self, tid: int) -> None:
        thread = self._threads.pop(tid, None)
        self._attached.discard(tid)
        if thread is not None and self._printing is thread:
            self._printing = None

    def _superseded(self, record: Executed) -> None:
        """Move an execve by another thread to the leader's tid, which the kernel gives it (execve(2))."""
        if record.former_tid in (0, record.tid):
            return
        caller = self._threads.pop(record.former_tid, None)
        leader = self._threads.pop(record.tid, None)
        self._attached.discard(record.former_tid)
        if caller is None:
            return
        if caller.column and self._layout.separate:
            self._output.write(record.former_tid, f" <pid changed to {record.tid} ...>\n")
        if self._printing is leader:
            self._printing = None
        caller.tid = record.tid
        self._threads[record.tid] = caller
        if "thread-execve" not in self._wanted.quiet:
            self._event(record.when, caller, f"+++ superseded by execve in pid {record.former_tid} +++")
        caller.reprint = True

    def _detach(self, record: Detached) -> None:
        thread = self._threads.get(record.tid)
        if thread is not None:
            if thread.staged is not None:
                self._publish(thread, wanted="detached" in self._wanted.statuses)
            elif thread.column and (self._layout.separate or self._printing is thread):
                self._output.write(thread.tid, " <detached ...>\n")
        self._forget(record.tid)

    def _stack(self, record: Stack) -> None:
        for frame in record.frames:
            self._output.write(record.tid, f" > {quote_name(frame)}\n")


def _comment(annotator: Annotator, form: Form, entry: SyscallEntry, leaving: SyscallExit) -> str:
    """Return what is to be said behind the line of a call that is made at once."""
    if not annotator.wants(form.name):
        return ""
    recorded = Recorded.of(entry)
    call = form.call(entry, recorded)
    call.leave(leaving.value, Recorded.of(leaving, recorded), is_error=leaving.is_error)
    return annotator.annotate(call, leaving.pid)


class Lines:
    """An output that gives whole lines, without their newline."""

    def __init__(self) -> None:
        self._pending = ""

    def write(self, _tid: int, text: str) -> None:
        """Take a piece of text."""
        self._pending += text

    def take(self) -> list[str]:
        """Return the lines that are whole, and forget them."""
        *lines, self._pending = self._pending.split("\n")
        return lines
