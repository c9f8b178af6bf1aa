"""What is said about calls: the same behind lines in one piece and in two; of others nothing is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bstinspect.decode.architecture import architecture
from bstinspect.decode.text import Lines, StraceText
from bstinspect.findings.traffic import Move, Traffic
from bstinspect.records import Block, CaptureStart, SyscallEntry, SyscallExit
from bstinspect.trace.annotating import ZmtpAnnotator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bstinspect.decode.call import Call
    from bstinspect.records import Record

NUMBERS = architecture("x86_64").numbers
START = CaptureStart(when=1_000, version=1, realtime=1_700_000_000_999_999_000, machine="x86_64")
AT = 0x1000
PID = 20
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(48)
SOCKET, FILE = 5, 7


class Asked(ZmtpAnnotator):
    """Remembers of which calls it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, int]] = []

    def annotate(self, call: Call, pid: int) -> str:
        """Take a call."""
        self.calls.append((call.name, call.value))
        return super().annotate(call, pid)


def called(name: str, *arguments: int, value: int = 0, data: bytes = b"") -> list[Record]:
    """Return a call's records; `data` is what its second argument points to when it returns."""
    six = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    memory = (Block(AT, data, len(data)),) if data else ()
    return [
        SyscallEntry(when=2_000, tid=PID, pid=PID, number=NUMBERS[name], arguments=six, memory=memory),  # type: ignore[arg-type]
        SyscallExit(when=3_000, tid=PID, pid=PID, value=value, is_error=value < 0, memory=memory),
    ]


def sent(fd: int, data: bytes) -> list[Record]:
    """Return the records of a send."""
    return called("sendto", fd, AT, len(data), value=len(data), data=data)


CALLS = [
    *called("socket", 1, 1, 0, value=SOCKET),
    *sent(SOCKET, GREETING),
    *called("getppid", value=1),
    *called("close", FILE),
    *called("close", 99, value=-9),
    *called("fcntl", SOCKET, 0, 0, value=6),
    *called("close", SOCKET),
    *sent(6, b"\x00\x05hello"),
]


def lines(batches: Sequence[Sequence[Record]], annotator: ZmtpAnnotator) -> list[str]:
    """Return the text of records that come in batches."""
    output = Lines()
    text = StraceText(output, annotator=annotator)
    for batch in batches:
        text.feed(batch)
    text.finish()
    return output.take()


def test_lines_in_one_piece_have_their_comments() -> None:
    """They are those of lines that are put together, behind the same calls."""
    at_once, one_by_one = Asked(), Asked()
    found = lines([[START, *CALLS]], at_once)
    assert found == lines([[START], *([each] for each in CALLS)], one_by_one)
    assert at_once.calls == one_by_one.calls
    assert ["zmtp" in each for each in found] == [False, True, *[False] * 5, True]
    assert found[-1].endswith(' = 7 /* zmtp: message "hello" */')


def test_of_other_calls_nothing_is_asked() -> None:
    """Only those that move bytes, or make or end a descriptor, are decoded for it."""
    asked = Asked()
    lines([[START, *CALLS]], asked)
    assert [name for name, _ in asked.calls] == [
        "socket", "sendto", "close", "close", "fcntl", "close", "sendto",
    ]  # fmt: skip


@pytest.mark.parametrize("fd", [FILE, 99])
@pytest.mark.parametrize("value", [0, -9])
def test_a_close_of_nobodys_connection(fd: int, value: int) -> None:
    """It is nothing that moves, says nothing, and leaves the connections as they are."""
    traffic = Traffic()
    begun = [*called("socket", 1, 1, 0, value=SOCKET), *sent(SOCKET, GREETING), *sent(SOCKET, b"\0\5he")]
    assert len(lines([[START, *begun]], traffic)) == 3
    first = traffic.take()
    assert isinstance(first, Move)
    assert (first.fd, first.sent, first.length) == (SOCKET, True, 4)
    assert "zmtp" not in lines([[START, *called("close", fd, value=value)]], traffic)[0]
    assert traffic.take() is None
    assert 'end of message "hello" */' in lines([[START, *sent(SOCKET, b"llo")]], traffic)[0]


def test_a_close_ends_a_connection() -> None:
    """What comes next on that number begins anew."""
    traffic = Traffic()
    calls = [
        *called("socket", 1, 1, 0, value=SOCKET),
        *sent(SOCKET, GREETING),
        *called("close", SOCKET),
        *called("socket", 1, 1, 0, value=SOCKET),
        *sent(SOCKET, b"\0\1x"),
    ]
    assert "zmtp" not in lines([[START, *calls]], traffic)[-1]
    move = traffic.take()
    assert move is not None
    assert (move.data, move.events) == (b"\0\1x", [])
