"""--points: behind each call that is a crash point stands its address, as `crash ID --at` takes it."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING

from bstinspect.decode.architecture import architecture
from bstinspect.decode.text import Lines, StraceText
from bstinspect.faults.address import Address
from bstinspect.records import Block, CaptureStart, Exiting, SyscallEntry, SyscallExit
from bstinspect.trace.pointing import PointAnnotator, PointsAndMessages

from .conftest import COMMAND

if TYPE_CHECKING:
    from bstinspect.records import Record
    from bstinspect.trace.annotating import ZmtpAnnotator

    from .conftest import Trace

NUMBERS = architecture("x86_64").numbers
START = CaptureStart(when=1_000, version=1, realtime=1_700_000_000_999_999_000, machine="x86_64")
AT = 0x1000
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(48)
SUM = b"\x00\x09\x93\xa3Sum\x02\xc4\x01\x03"
PATH = b"\x01\x00/tmp/bstrace-1-x/20.1\0"
COMMENT = re.compile(r"/\* (.*) \*/$")


def called(name: str, *arguments: int, value: int = 0, data: bytes = b"", pid: int = 7) -> list[Record]:
    """Return a call's records; `data` is what its second argument points to."""
    six = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    memory = (Block(AT, data, len(data)),) if data else ()
    return [
        SyscallEntry(when=2_000, tid=pid, pid=pid, number=NUMBERS[name], arguments=six, memory=memory),  # type: ignore[arg-type]
        SyscallExit(when=3_000, tid=pid, pid=pid, value=value, is_error=value < 0, memory=memory),
    ]


def sent(fd: int, data: bytes, pid: int = 7) -> list[Record]:
    """Return the records of a send."""
    return called("sendto", fd, AT, len(data), value=len(data), data=data, pid=pid)


def comments(annotator: ZmtpAnnotator, *calls: list[Record]) -> list[str]:
    """Return what stands behind the calls, empty where nothing does."""
    output = Lines()
    text = StraceText(output, annotator=annotator)
    text.feed([START, *(record for call in calls for record in call)])
    text.finish()
    return [match[1] if (match := COMMENT.search(line)) else "" for line in output.take()]


def test_a_node_has_the_name_of_its_socket() -> None:
    """Sends count over all connections by the name of their message, other calls by themselves."""
    assert comments(
        PointAnnotator(),
        called("listen", 3, 1),
        called("bind", 5, AT, len(PATH), data=PATH),
        called("socket", 1, 1, value=5),
        sent(5, GREETING + SUM),
        sent(5, SUM[:-1]),
        called("write", 5, AT, 1, value=1, data=SUM[-1:]),
        called("sendto", 5, AT, 11, value=-11, data=SUM),
        sent(5, SUM),
        called("recvfrom", 5, AT, 64, value=64, data=GREETING),
        called("waitid", 0, value=-512),
        called("waitid", 0),
    ) == [
        "listen#1", "20.1:bind#1", "", "20.1:send(greeting)#1, 20.1:send(exec-reply)#1",
        "20.1:send(exec-reply)#2@entry", "", "", "20.1:send(exec-reply)#3", "20.1:recv(greeting)#1@exit", "",
        "20.1:wait#1",
    ]  # fmt: skip


def test_a_node_that_is_not_seen_to_bind_is_known_by_its_greeting() -> None:
    """As with -e trace=sendto."""
    ready = b"\x04\x17\x05READY\x08Identity\x00\x00\x00\x0420.1"
    assert comments(PointAnnotator(), sent(5, GREETING), sent(5, ready)) == [
        "send(greeting)#1",
        "20.1:send(ready)#1",
    ]


def test_a_foreign_message_is_counted_by_its_connection() -> None:
    """A descriptor that comes back is another connection; each process counts for itself."""
    assert comments(
        PointAnnotator(),
        sent(5, b"GET /"),
        sent(6, b"GET /"),
        sent(5, b"GET /"),
        called("close", 5),
        sent(5, b"GET /"),
        sent(5, b"GET /", pid=8),
    ) == ["send#1", "send/2#1", "send#2", "", "send/3#1", "send#1"]


def test_a_call_that_never_returns_has_its_entry() -> None:
    """As far as it is a point: what a killed process would have sent is none."""
    leaving: list[Record] = [called("exit_group")[0], Exiting(when=4_000, tid=7, pid=7, status=0)]
    killed: list[Record] = [sent(5, b"x")[0], Exiting(when=4_000, tid=7, pid=7, status=9)]
    assert comments(PointAnnotator(lambda _pid: "20"), leaving) == ["20:exit#1@entry"]
    assert comments(PointAnnotator(lambda _pid: "20"), killed) == [""]


def test_beside_the_messages() -> None:
    """The addresses come first."""
    annotator = PointsAndMessages(lambda _pid: "20")
    assert comments(annotator, sent(5, GREETING), called("getppid"), sent(6, b"x")) == [
        "20:send(greeting)#1; zmtp: greeting", "", "20:send/2#1",
    ]  # fmt: skip


def test_our_own_cluster(trace: Trace) -> None:
    """All of its processes are named, the addresses can be read, and --json has the same words."""
    words = (
        "-f",
        "--points",
        "--json",
        COMMAND[0],
        "--no-watch",
        "-c",
        "create 10; create 20 10; exec 20 1 7",
    )
    done = trace(*words)
    assert done.status == 0
    found = [text for line in map(json.loads, done.lines) for text in line.get("annotation", "").split(", ")]
    assert {
        "10.1:bind#1", "10.1:send(exec)#1", "20.1:recv(exec)#1@exit", "20.1:send(exec-reply)#1",
        "10.1:send(exec-reply)#1", "controller:recv(exec-reply)#1@exit", "keeper:fork#1",
        "controller:exit#1@entry",
    } <= set(found)  # fmt: skip
    named = [each for each in found if each]
    assert len(named) > 50
    for each in named:
        Address.parse(each if "@" in each else f"{each}@exit")


def test_what_is_no_crash_point_has_no_comment(trace: Trace) -> None:
    """Files and pipes."""
    done = trace("--points", "-e", "trace=%desc", sys.executable, "-I", "-S", "-c", "print('x')")
    assert done.those("write(1")
    assert not [line for line in done.those("write") if "#" in line]
