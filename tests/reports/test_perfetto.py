"""The trace for ui.perfetto.dev."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from bstinspect.findings.calls import Finished
from bstinspect.findings.model import (
    AutopsyThread,
    CommandFacts,
    DeathFacts,
    End,
    Environment,
    Gap,
    MessageFacts,
    ProcessFacts,
    SeenCall,
    ThreadFacts,
    Witness,
)
from bstinspect.findings.reading import find
from bstinspect.findings.survey import Survey
from bstinspect.reports.perfetto import LONGEST, SESSION, PerfettoWriter

from .perfetto_cases import (
    EXIT,
    MMAP,
    RECVFROM,
    SENDTO,
    WRITE,
    around,
    call,
    checked,
    findings,
    those,
    written,
)

BSTRACE: Final = str(Path(sys.executable).with_name("bstrace"))
THREADS: Final = """
import os, threading
def say():
    for _ in range(20):
        os.write(2, b'a "quoted" \\xff line\\n')
threads = [threading.Thread(target=say) for _ in range(3)]
for each in threads: each.start()
for each in threads: each.join()
if os.fork() == 0:
    os._exit(0)
os.wait()
"""


def test_nothing() -> None:
    """Without a call or a fact there is a whole file with no event."""
    assert checked(written([], findings())) == []


def test_a_call_is_a_slice() -> None:
    """Times are microseconds that keep their nanoseconds; what it did stands in its arguments."""
    done = call(WRITE, 1_000_000_001, 1_000_002_500, 5, tid=11, data=b"hi\n")
    done.line = 7
    failed = call(WRITE, 2_000_000_000, 2_000_000_010, -9)
    one, other = those(checked(written([done, failed], findings())), "X")
    assert (one["name"], one["cat"], one["pid"], one["tid"]) == ("write", "files", 10, 11)
    assert (one["ts"], one["dur"]) == (Decimal("1000000.001"), Decimal("2.499"))
    assert one["args"] == {"call": 'write(1, "hi\\n", 3) = 5', "result": 5, "line": 7}
    assert (other["args"]["result"], other["args"]["error"]) == (-9, "EBADF")


def test_a_call_that_never_returned() -> None:
    """It lasts until its thread ended."""
    (event,) = those(checked(written([call(EXIT, 100, 1100, None)], findings())), "X")
    assert (event["ts"], event["dur"]) == (Decimal("0.1"), 1)
    assert event["args"] == {"call": "exit(1) = ?", "unfinished": True}


def test_long_captures_keep_nanoseconds() -> None:
    """A hundred days after the beginning, too."""
    begin = 100 * 86400 * 10**9 + 1
    (event,) = those(checked(written([call(WRITE, begin, begin + 1)], findings())), "X")
    assert event["ts"] * 1000 == begin
    assert event["dur"] * 1000 == 1


@pytest.mark.parametrize("value", [1 << 53, (1 << 53) + 1, 0x7FFF_FFFF_FFFF_FFFF, -(1 << 63)])
def test_numbers_that_doubles_cannot_hold_are_strings(value: int) -> None:
    """The largest that they can hold is a number."""
    (event,) = those(checked(written([call(MMAP, 0, 1, value)], findings())), "X")
    assert event["args"]["result"] == (value if value == 1 << 53 else str(value))


class Surrogate(Finished):
    """A call whose text holds what no UTF-8 can."""

    def text(self) -> str:
        """Return it."""
        return 'write(1, "</script>\0\ud800\U0001f600\udc80")'


def test_hostile_texts() -> None:
    """Names and texts with anything in them leave valid JSON, with lone surrogates replaced."""
    done = call(WRITE, 5, 9)
    hostile = Surrogate(done.entry, done.leaving, done._form, done.begin, done.end)
    name = 'x"\\\n\0</script>\u202e\udcff'
    process = ProcessFacts(10, command=name, threads=[ThreadFacts(10, 10, name), ThreadFacts(12, 10, name)])
    commands = [CommandFacts(name, 1, 2, name * 100_000), CommandFacts("", 3, 4)]
    data = written([done, hostile, done], findings(processes=[process], commands=commands))
    events = json.loads(data)["traceEvents"]
    clean = name.replace("\udcff", "\ufffd")
    texts = [event["args"]["call"] for event in those(events, "X", "write")]
    assert texts[0] == texts[2]
    assert texts[1] == 'write(1, "</script>\0\ufffd\U0001f600\ufffd")'
    assert those(events, "M", "process_name", pid=10)[0]["args"] == {"name": clean}
    assert [each["args"]["name"] for each in those(events, "M", "thread_name", pid=10)] == [clean, clean]
    (command,) = those(events, "X", clean)
    assert len(command["args"]["reply"]) == LONGEST
    assert len(data) < 3 * LONGEST + 4096


def test_processes_and_threads_in_order() -> None:
    """Nodes by their ids, others behind them; the main thread first, ZeroMQ's last; those in no fact."""
    nodes = [
        ProcessFacts(
            pid,
            node,
            threads=[
                ThreadFacts(pid + 1, pid, "ZMQbg/Reaper"),
                ThreadFacts(pid + 2, pid, "ZMQbg/IO/0"),
                ThreadFacts(pid + 3, pid, "worker"),
                ThreadFacts(pid, pid, "python"),
            ],
        )
        for pid, node in ((100, 20), (200, -3), (300, 7))
    ]
    others = [ProcessFacts(50, command="sh", began=9), ProcessFacts(60, command="cat", began=3)]
    calls = [call(WRITE, 1, 2, pid=5), call(WRITE, 3, 4, pid=5, tid=6), call(WRITE, 5, 6, pid=100, tid=104)]
    events = checked(written(calls, findings(processes=[*others, *nodes])))
    names = {each["pid"]: each["args"]["name"] for each in those(events, "M", "process_name")}
    places = {each["pid"]: each["args"]["sort_index"] for each in those(events, "M", "process_sort_index")}
    assert [names[pid] for pid in sorted(places, key=lambda pid: places[pid])] == [
        "node -3", "node 7", "node 20", "cat", "sh", "pid 5",
    ]  # fmt: skip
    threads = {each["tid"]: each["args"]["name"] for each in those(events, "M", "thread_name")}
    at = {each["tid"]: each["args"]["sort_index"] for each in those(events, "M", "thread_sort_index")}
    own = sorted((tid for tid in threads if 100 <= tid < 200), key=lambda tid: at[tid])
    assert [threads[tid] for tid in own] == ["python", "worker", "thread 104", "ZMQbg/IO/0", "ZMQbg/Reaper"]
    assert (threads[5], threads[6], threads[50]) == ("main", "thread 6", "main")


def message(label: str, sent: SeenCall | None, received: SeenCall | None) -> MessageFacts:
    """Return a message."""
    return MessageFacts(label, "exec", 5, End(10), End(20), sent, received)


def test_a_message_is_a_flow() -> None:
    """It leads from the call that sends to the one that receives, also where that waited from before."""
    send, later = call(SENDTO, 1000, 9000, 5, tid=11), call(SENDTO, 9001, 9002, 5, tid=11)
    receive, instant = call(RECVFROM, 500, 4000, 5, pid=20), call(RECVFROM, 9500, 9500, 5, pid=20)
    found = findings(
        messages=[
            message("exec #1 to 5", send.seen(), receive.seen()),
            message("exec #2 to 5", later.seen(), instant.seen()),
        ]
    )
    events = checked(written([receive, send, later, instant], found))
    assert not those(events, "i")
    shown = [
        [(outer["name"], outer["ts"] * 1000) for outer in around(events, end)]
        for end in those(events, "s") + those(events, "f")
    ]
    assert shown == [
        [("sendto", 1000)],
        [("sendto", 9001)],
        [("recvfrom", 500), ("exec #1 to 5", 1001)],
        [("recvfrom", 9500)],
    ]
    (waited,) = those(events, "X", "exec #1 to 5")
    assert (waited["pid"], waited["dur"] * 1000, waited["args"]) == (20, 2998, {"kind": "exec"})


def test_two_messages_in_one_call() -> None:
    """Each flow ends in the slice of its own message; a third one that came before ends in the call's."""
    sends = [call(SENDTO, begin, begin + 50, 5, tid=11) for begin in (400, 1000, 2000)]
    receive = call(RECVFROM, 500, 4000, 15, pid=20)
    messages = [message(f"#{number}", each.seen(), receive.seen()) for number, each in enumerate(sends)]
    events = checked(written([*sends, receive], findings(messages=messages)))
    ends = [around(events, each)[-1]["name"] for each in those(events, "f")]
    assert ends == ["recvfrom", "#1", "#2"]


def test_a_message_with_one_end() -> None:
    """It is an instant; so are both ends of one that would go back in time, which no viewer draws."""
    send, receive = call(SENDTO, 1000, 2000, 5), call(RECVFROM, 10, 900, 5, pid=20)
    found = findings(
        messages=[
            message("sent", send.seen(), None),
            message("received", None, receive.seen()),
            message("back", send.seen(), receive.seen()),
            message("never", None, None),
        ]
    )
    events = checked(written([receive, send], found))
    assert not those(events, "s")
    shown = [(each["name"], each["pid"], each["s"], each["ts"]) for each in those(events, "i")]
    early = Decimal("0.01")
    one_end = [("sent", 10, "t", 1), ("received", 20, "t", early)]
    assert shown == [*one_end, ("back", 10, "t", 1), ("back", 20, "t", early)]


def test_deaths() -> None:
    """A death is an instant of its process, with what was found; a witness's call one of its thread."""
    told = call(RECVFROM, 5000, 6000, 0, pid=20, tid=21)
    death = DeathFacts(
        10,
        4000,
        9,
        node=20,
        sender="kill 20 from the session",
        threads=[AutopsyThread(10, "python", "poll(...)")],
        unreachable=[20, 1 << 60],
        witnesses=[Witness(20, 2000, "end-of-connection", told.seen())],
    )
    unknown = DeathFacts(77, 4500, 11 | 0x80)
    events = checked(written([told], findings(deaths=[death, unknown], processes=[ProcessFacts(10, 20)])))
    died, saw, other = those(events, "i")
    assert (died["name"], died["s"], died["pid"], died["ts"]) == ("node 20 killed by SIGKILL", "p", 10, 4)
    assert died["args"]["unreachable"] == [20, str(1 << 60)]
    assert died["args"]["threads"] == ["10 python: poll(...)"]
    assert died["args"]["sender"] == "kill 20 from the session"
    assert (saw["name"], saw["s"], saw["pid"], saw["tid"]) == ("notices that node 20 is dead", "t", 20, 21)
    assert [each["name"] for each in around(events, saw)] == ["recvfrom"]
    assert saw["args"] == {"how": "end-of-connection", "delay_ns": 2000}
    assert other["name"] == "pid 77 killed by SIGSEGV"


def test_commands() -> None:
    """Each is a slice of the session's process; those that overlap do not share a lane."""
    commands = [
        CommandFacts("create 5 -1", 1000, 2000, "Ok: 10"),
        CommandFacts("exec 5 3 1 2 3", 2000, 9000, "Ok:5: 6"),
        CommandFacts("pingall", 3000, 4000, "Ok: -1"),
        CommandFacts("exec 5 1 1", 5000),
    ]
    found = findings(commands=commands, environment=Environment(0.0, length=8000))
    events = checked(written([call(WRITE, 8000, 10_000)], found))
    lanes = [
        (each["name"], each["tid"] - SESSION, each["ts"] * 1000, each["dur"] * 1000)
        for each in those(events, "X", pid=SESSION)
    ]
    assert lanes == [
        ("create 5 -1", 0, 1000, 1000),
        ("exec 5 3 1 2 3", 0, 2000, 7000),
        ("pingall", 1, 3000, 1000),
        ("exec 5 1 1", 1, 5000, 5000),
    ]
    replies = [each["args"] for each in those(events, "X", pid=SESSION)]
    assert replies[0] == {"command": "create 5 -1", "reply": "Ok: 10"}
    assert replies[3]["unanswered"] == "yes"
    (name,) = those(events, "M", "process_name", pid=SESSION)
    assert name["args"] == {"name": "session"}


def test_what_is_missing_is_told() -> None:
    """The gaps of the capture, and what was left out, stand beside the events."""
    found = findings(gaps=[Gap("lost", "in the middle", 3)], messages_omitted=4)
    about = json.loads(written([], found))["otherData"]
    assert about["gaps"] == [{"kind": "lost", "detail": "in the middle", "count": 3}]
    assert about["messages_omitted"] == 4


class Counting(io.BytesIO):
    """Knows how much was written at once."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def write(self, data: Any, /) -> int:
        """Write, and remember how much."""
        self.sizes.append(len(data))
        return super().write(data)


def test_calls_are_written_as_they_come() -> None:
    """Nothing is kept of them but a buffer."""
    stream = Counting()
    writer = PerfettoWriter(stream)
    done = [call(WRITE, 10 * turn, 10 * turn + 5, 3, data=b"abc") for turn in range(10)]
    for turn in range(10_000):
        each = done[turn % 10]
        each.begin, each.end = 10 * turn, 10 * turn + 5
        writer.took(each)
    before = stream.tell()
    writer.finish(findings())
    assert max(stream.sizes) < 300_000
    assert before > len(stream.getvalue()) - 300_000
    assert len(those(checked(stream.getvalue()), "X")) == 10_000


class Taken:
    """Knows of each call by whom it was made and whether it returned."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, str, bool]] = []

    def took(self, call: Finished) -> None:
        """Take a call."""
        self.calls.append((call.entry.pid, call.name, call.leaving is not None))


def test_a_real_capture(tmp_path: Path) -> None:
    """Threads and a fork, recorded: every call is there, on its own thread's track."""
    capture = tmp_path / "capture"
    command = [BSTRACE, "trace", "-q", "-f", "--record", str(capture), sys.executable, "-S", "-c", THREADS]
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=60)
    stream, taken = io.BytesIO(), Taken()
    writer = PerfettoWriter(stream)
    writer.finish(Survey(find(capture), [], io.BytesIO(), [writer, taken]).run(lambda _: None))
    made, pids = len(taken.calls), {pid for pid, _, _ in taken.calls}
    returned = sum(complete for _, _, complete in taken.calls)
    (main,) = {pid for pid, name, _ in taken.calls if name == "wait4"}
    events = checked(stream.getvalue())
    assert len(those(events, "X")) == made > 100
    assert len([each for each in those(events, "X") if "result" in each["args"]]) == returned < made
    assert {each["pid"] for each in those(events, "X")} == pids
    assert len(pids) == 2
    tracks: dict[int, int] = {}
    for event in those(events, "X", "write", pid=main):
        if event["args"]["call"].startswith(r'write(2, "a \"quoted\" \377 line\n", 18'):
            tracks[event["tid"]] = tracks.get(event["tid"], 0) + 1
    assert list(tracks.values()) == [20, 20, 20]
    (title,) = those(events, "M", "process_name", pid=main)
    assert "python" in title["args"]["name"]
