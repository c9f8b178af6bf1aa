"""What a person is shown of nodes: the tree's labels, the table of processes, the explanation of a state."""

from __future__ import annotations

import os
from io import StringIO
from typing import TYPE_CHECKING, Final

import psutil

from bstcluster import Place, State
from bstinspect.calls import current_call
from bstinspect.verdicts import Kind, Verdict

if TYPE_CHECKING:
    from bstinspect.records import Autopsy, ThreadState
    from bstinspect.subjects import Subject

_RED: Final = "\x1b[31m"
_YELLOW: Final = "\x1b[33m"
_PLAIN: Final = "\x1b[0m"


def label(place: Place, verdict: Verdict, *, cut: bool, color: bool) -> str:
    """Return what `tree` says of one node. Unreachable ones carry a mark that needs no colour: ``x``."""
    if verdict.kind is Kind.ALIVE and not cut:
        return f"{place.node}  pid {place.pid}"
    text = f"x {place.node}  pid {place.pid}  {verdict.text}"
    if not color:
        return text
    return f"{_RED if verdict.blame == place.node else _YELLOW}{text}{_PLAIN}"


def armed(subject: Subject) -> str:
    """Return what `tree` says behind a node whose crash waits for its point."""
    return "" if subject.armed is None else f"  (to be killed at {subject.armed})"


def process_table(subjects: list[Subject], *, color: bool) -> str:
    """Return a table of the nodes' processes, from psutil and /proc; the dead have what is left to say."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("NODE", "PID", "STATE", "THREADS", "CPU", "RSS", "FDS", "WATCH", "SYSCALL"):
        table.add_column(column, justify="left" if column in ("STATE", "WATCH", "SYSCALL") else "right")
    for subject in subjects:
        member = subject.member
        table.add_row(str(member.node), str(member.pid), *_facts(subject))
    out = StringIO()
    console = Console(file=out, width=100, force_terminal=color, no_color=not color, highlight=False)
    console.print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip("\n").split("\n"))


def _facts(subject: Subject) -> list[str]:
    """Return the cells of one process behind its pid."""
    if subject.member.state is State.DEAD:
        return ["dead", "-", "-", "-", "-", "-", "-"]
    try:
        process = psutil.Process(subject.member.pid)
        with process.oneshot():
            times = process.cpu_times()
            cells = [
                process.status(),
                str(process.num_threads()),
                f"{times.user + times.system:.2f}s",
                f"{process.memory_info().rss / 2**20:.1f}M",
                str(process.num_fds()),
            ]
    except psutil.Error:
        return ["?", "-", "-", "-", "-", "-", "-"]
    watch = "traced" if subject.traced else subject.watch.value
    call = current_call(subject.member.pid)
    return [*cells, watch, "?" if call is None else call or "-"]


def explain(verdict: Verdict, subject: Subject) -> str:
    """Return all that is known of why a node is in the state that it is in."""
    member, facts = subject.member, subject.facts
    rows = [f"node {member.node} (pid {member.pid}): {verdict.text}"]
    if verdict.kind in (Kind.ORPHANED, Kind.CUT_OFF):
        rows.append(f"  its process lives; `why {verdict.blame}` says more")
    if facts.died_at is None:
        rows.append(f"  main thread: {_sits_in(facts.syscall, facts.state)}")
        rows += [f"  {line}" for line in _watching(subject)]
        return "\n".join(rows)
    if subject.autopsy is None and facts.stopped_at is not None:
        rows.append("  it was stopped when it died")
    if subject.autopsy is None:
        rows.append(f"  no autopsy: {subject.refusal or 'it was not watched when it died'}")
        return "\n".join(rows)
    return "\n".join(rows + [f"  {line}" for line in _autopsy(subject.autopsy)])


def _sits_in(syscall: str, state: str) -> str:
    return f"in {syscall} (state {state})" if syscall else f"state {state}"


def _watching(subject: Subject) -> list[str]:
    if subject.refusal:
        return [f"not watched with ptrace: {subject.refusal}"]
    rows = [f"watched: {'syscalls traced' if subject.traced else subject.watch.value}"]
    return rows if subject.armed is None else [*rows, f"to be killed at {subject.armed}"]


def _autopsy(autopsy: Autopsy) -> list[str]:
    stopped = ", while it was stopped" if autopsy.was_stopped else ""
    lines = [
        (
            f"age {autopsy.age_ns / 1e9:.1f} s, resident {autopsy.resident_kib} KiB "
            f"(peak {autopsy.peak_kib} KiB), uid {autopsy.uid}, parent {autopsy.parent}{stopped}"
        ),
        "threads:",
        *(f"  {_thread(thread)}" for thread in autopsy.threads),
        "descriptors:",
        *(
            f"  {each.number:>3}  {each.target}" + (f"  {each.endpoint}" if each.endpoint else "")
            for each in autopsy.descriptors
        ),
    ]
    if autopsy.descriptors_omitted:
        lines.append(f"  ... and {autopsy.descriptors_omitted} more")
    return lines


def _thread(thread: ThreadState) -> str:
    from bstinspect.decode.brief import describe_call

    if thread.syscall < 0:
        return f"{thread.tid} {thread.name}: in user space"
    call = describe_call(thread.syscall, thread.arguments, os.uname().machine)
    return f"{thread.tid} {thread.name}: in {call}"
