"""A line that is made at once is the one that is put together piece by piece, remembered or not."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bstinspect.decode.architecture import architecture
from bstinspect.decode.layout import Layout, Wanted
from bstinspect.decode.remembered import Remembered
from bstinspect.decode.style import PLAIN, Constants, Style
from bstinspect.decode.text import Lines, StraceText
from bstinspect.findings.fulltrace import LAYOUT, FullTrace
from bstinspect.records import (
    Attached,
    Block,
    CaptureStart,
    Exited,
    OpenFile,
    Record,
    SignalDelivery,
    SyscallEntry,
    SyscallExit,
)
from bstinspect.trace.annotating import ZmtpAnnotator

if TYPE_CHECKING:
    from collections.abc import Sequence

NUMBERS = architecture("x86_64").numbers
NAMES = sorted(NUMBERS)
START = CaptureStart(when=1_000, version=1, realtime=1_700_000_000_999_999_000, machine="x86_64")
AT = 0x1000
REGISTERS = st.one_of(
    st.integers(0, 40),
    st.sampled_from([AT, AT + 8, (1 << 32) - 100, 1 << 31, (1 << 64) - 1]),
    st.integers(0, (1 << 64) - 1),
)
VALUES = st.one_of(st.integers(-40, 300), st.sampled_from([-512, -516, -4095, -4096, -(1 << 63), AT]))
BLOCKS = st.sampled_from(
    [(), (Block(AT, b"ab\0cd" + bytes(251), 256),), (Block(AT, bytes(range(256)) * 2, 600),)]
)
LAYOUTS = [
    Layout(),
    Layout(stamp="time", stamp_digits=6, durations=6),
    Layout(pids="several", stamp="unix", stamp_digits=3, durations=0, column=0),
    Layout(pids="never", separate=True, relative=6, numbers=True, addresses=True, durations=9),
]
STYLES = [
    PLAIN,
    Style(constants=Constants.VERBOSE, strings=3),
    Style(raw=lambda name: name < "m", verbose=lambda name: name < "s"),
    Style(descriptors=frozenset({"path"}), names=True, constants=Constants.RAW),
]


def text(batches: Sequence[Sequence[Record]], layout: Layout, style: Style = PLAIN) -> list[str]:
    """Return the lines of records that come in batches."""
    output = Lines()
    reporter = StraceText(output, layout, Wanted(), style)
    for batch in batches:
        reporter.feed(batch)
    reporter.finish()
    return output.take()


def same_either_way(records: Sequence[Record], layout: Layout, style: Style = PLAIN) -> list[str]:
    """Return the lines; assert that it does not matter how many records come at a time."""
    at_once = text([[START, *records]], layout, style)
    assert at_once == text([[START], *([each] for each in records)], layout, style)
    return at_once


@settings(max_examples=1500)
@given(
    st.sampled_from(NAMES),
    st.tuples(*[REGISTERS] * 6),
    VALUES,
    BLOCKS,
    BLOCKS,
    st.sampled_from(LAYOUTS),
    st.sampled_from(STYLES),
)
@example("rt_sigreturn", (0,) * 6, 0, (), (), LAYOUTS[0], PLAIN)
@example("fcntl", (3, 1, 0, 0, 0, 0), 1, (), (), LAYOUTS[0], PLAIN)
def test_piece_by_piece_or_at_once(  # noqa: PLR0917
    name: str,
    arguments: tuple[int, int, int, int, int, int],
    value: int,
    before: tuple[Block, ...],
    after: tuple[Block, ...],
    layout: Layout,
    style: Style,
) -> None:
    """Every call, the first time and when it is remembered, whatever is in the registers it does not have."""
    count = architecture("x86_64").counts[NUMBERS[name]]
    records: list[Record] = []
    for turn, rest in enumerate((0, 0, 0x7F0000001000)):
        registers = (*arguments[:count], *[rest] * (6 - count))
        common = {"when": 5_000 + 700 * turn, "tid": 20, "pid": 20}
        entry = {
            "number": NUMBERS[name],
            "arguments": registers,
            "memory": before,
            "stack_pointer": AT + 8 * turn,
        }
        failed = -4096 < value < 0
        records += [
            SyscallEntry(**common, **entry),  # type: ignore[arg-type]
            SyscallExit(**common | {"when": 6_000 + 900 * turn}, value=value, is_error=failed, memory=after),  # type: ignore[arg-type]
        ]
    lines = same_either_way(records, layout, style)
    if name != "rt_sigreturn" and layout is LAYOUTS[0]:
        assert lines[0] == lines[1] == lines[2]


def entry(name: str, *arguments: int, tid: int = 20, when: int = 0, **fields: object) -> SyscallEntry:
    """Make an entry record."""
    six = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    return SyscallEntry(when=when, tid=tid, pid=20, number=NUMBERS[name], arguments=six, **fields)  # type: ignore[arg-type]


def leave(value: int, tid: int = 20, when: int = 0, **fields: object) -> SyscallExit:
    """Make an exit record."""
    return SyscallExit(when=when, tid=tid, pid=20, value=value, is_error=value < 0, **fields)  # type: ignore[arg-type]


GETPPID = (entry("getppid"), leave(1))
SEQUENCES = {
    "another thread's line is open": [entry("pause"), entry("getppid", tid=21), leave(1, tid=21), leave(-4)],
    "a signal within": [
        entry("pause"),
        SignalDelivery(when=1, tid=20, pid=20, signal=10, siginfo=b""),
        leave(-514),
    ],
    "restarted": [entry("nanosleep", AT), leave(-516), entry("restart_syscall"), leave(0)],
    "never left": [*GETPPID, entry("exit_group", 1), Exited(when=9, tid=20, pid=20, status=256)],
    "entered twice": [entry("pause"), entry("getppid"), leave(1), leave(2)],
    "left twice": [*GETPPID, leave(2)],
    "injected": [entry("getppid"), leave(1, injected="result,delay")],
    "of another kind": [entry("getppid"), leave(1), entry("getpid", arch=0x40000003), leave(3), *GETPPID],
    "named": [
        Attached(when=0, tid=20, pid=20, followed=False, name=b"first"),
        entry("execve", AT),
        leave(0, names=((20, b"second"),)),
        *GETPPID,
    ],
    "of descriptors": [
        entry("openat", 0xFFFFFF9C, AT, descriptors=(OpenFile(-100, b"/home"),)),
        leave(3, descriptors=(OpenFile(3, b"/a"),)),
        entry("close", 3, descriptors=(OpenFile(3, b"/a"),)),
        leave(0),
        entry("close", 3, descriptors=(OpenFile(3, b"/b"),)),
        leave(0),
        entry("close", 3),
        leave(0),
    ],
    "the same call with something else": [
        *(entry("fcntl", 3, 1), leave(0), entry("fcntl", 3, 1), leave(1), entry("fcntl", 3, 1), leave(-9)),
        *(entry("fcntl", 4, 1), leave(0), entry("getpgid", 1), leave(1), entry("getpgid", 2), leave(-3)),
    ],
    "the clock goes on, and back": [
        *(
            each
            for when in (0, 999, 1000, 3_000_000_000, 7)
            for each in (entry("getppid", when=when), leave(1, when=when))
        )
    ],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("style", [STYLES[0], STYLES[3]])
@pytest.mark.parametrize("records", SEQUENCES.values(), ids=SEQUENCES)
def test_what_comes_between(records: list[Record], layout: Layout, style: Style) -> None:
    """Whatever comes between an entry and its exit, or before and behind them."""
    assert same_either_way(records, layout, style)


def test_an_entry_is_shown_when_nothing_follows() -> None:
    """A call that blocks is to be seen, although its line may yet be made at once."""
    output = Lines()
    reporter = StraceText(output)
    reporter.feed([START, *GETPPID, entry("pause")])
    assert [line.split()[-1] for line in output.take()] == ["1"]
    reporter.feed([leave(-4)])
    assert output.take()[0].startswith("20    pause(")


def test_remembered_forgets() -> None:
    """What is remembered has an end."""
    asked = []

    def text_of(number: int) -> str:
        asked.append(number)
        return str(number)

    remembered = Remembered(text_of, most=2)
    assert [remembered[number] for number in (1, 2, 2, 3, 1)] == ["1", "2", "2", "3", "1"]
    assert asked == [1, 2, 3, 1]
    assert len(remembered) == 2


ARCH_I386 = 0x40000003
MIXED = [
    *GETPPID,
    entry("pause"),
    entry("getpid", tid=21, arch=ARCH_I386),
    leave(1, tid=21),
    entry("getpid", tid=21),
    leave(1, tid=21),
    entry("pause", tid=22, arch=ARCH_I386),
    entry("pause", tid=23),
]
ALL = {**SEQUENCES, "32 bit and back": MIXED, "two that wait": [entry("pause"), entry("pause", tid=21)]}


class Unhurried:
    """Writes the same piece by piece, and counts."""

    def __init__(self) -> None:
        self.text = ""
        self._text = StraceText(self, LAYOUT)

    def write(self, _tid: int, text: str) -> None:
        """Take a piece of text."""
        self.text += text

    def line(self, record: Record) -> int:
        """Take a record; return the line that is being written, else that finished last."""
        if isinstance(record, Attached):  # the full trace shows no names of threads
            record = msgspec.structs.replace(record, name=b"")
        self._text.feed((record,))
        return self.text.count("\n") + (bool(self.text) and not self.text.endswith("\n"))

    def finish(self) -> str:
        """Return all."""
        self._text.finish()
        return self.text


@pytest.mark.parametrize("records", ALL.values(), ids=ALL)
def test_every_record_stands_on_the_line_that_is_said(records: list[Record]) -> None:
    """The full trace of a report: an entry waits for the record behind it, and its line is known already."""
    stream, unhurried = io.BytesIO(), Unhurried()
    trace = FullTrace(stream, ZmtpAnnotator())
    for record in (START, *records):
        trace.take(record)
        assert trace.current == unhurried.line(record), record
        if not isinstance(record, SyscallEntry):
            assert trace.line == unhurried.text.count("\n")
    trace.finish()
    assert stream.getvalue().decode() == unhurried.finish()
    assert trace.digest == hashlib.sha256(stream.getvalue()).hexdigest()
    assert trace.line == stream.getvalue().count(b"\n")
