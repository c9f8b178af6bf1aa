"""One direction of a connection, in step: messages that are cut, incomplete, encrypted, long or broken."""

from __future__ import annotations

import pytest

from bstinspect.zmtp.assembly import KEEP, PARTS
from bstinspect.zmtp.events import (
    Begun,
    Broken,
    Command,
    Continued,
    Event,
    Message,
    Missing,
    Part,
)
from bstinspect.zmtp.stream import TRIES, Stream

from .wire import command, feed, frame, greeting, in_step, message, ready

HTTP = b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"


def one(body: bytes) -> Message:
    """Return what a message of one part is told as."""
    return Message((Part(body, len(body)),), 1, len(body), "DEALER")


def test_several_messages_in_one_call() -> None:
    """A batch is as many messages; multipart ones keep their parts."""
    assert feed(in_step(), [message(b"a") + message(b"b", b"", b"cc") + message(b"")]) == [
        one(b"a"),
        Message((Part(b"b", 1), Part(b"", 0), Part(b"cc", 2)), 3, 3, "DEALER"),
        one(b""),
    ]


def test_a_message_longer_than_a_batch() -> None:
    """It is named where it begins, goes on, and is told again where it ends."""
    body = bytes(range(250)) * 80
    wire = frame(body) + message(b"next")
    stream = in_step()
    events = [stream.feed(call, len(call)) for call in (wire[:8192], wire[8192:16384], wire[16384:])]
    start = (Part(body[:KEEP], 20_000),)
    assert events == [
        [Begun(Message(start, 1, 20_000, "DEALER"), 8183, 20_000, more=False)],
        [Continued(16_375, 20_000, more=False)],
        [Message(start, 1, 20_000, "DEALER", continued=True), one(b"next")],
    ]


def test_parts_over_several_calls() -> None:
    """What is under way between two parts, and in a header, is told as such."""
    stream = in_step()
    wire = frame(b"ab", more=True) + frame(b"cde", long=True)
    assert stream.feed(wire[:4], 4) == [
        Begun(Message((Part(b"ab", 2),), 1, 2, "DEALER"), 2, 2, more=True),
    ]
    assert stream.feed(wire[4:6], 2) == [Continued(2, 2, more=True)]
    assert stream.feed(wire[6:], len(wire) - 6) == [
        Message((Part(b"ab", 2), Part(b"cde", 3)), 2, 5, "DEALER", continued=True),
    ]
    assert stream.feed(b"\x00", 1) == [Begun(None, 0, 0, more=True)]


def test_a_heartbeat_between_two_parts() -> None:
    """It is no part, and the message that it stands in is not taken for begun anew."""
    stream = in_step()
    ping = command(b"PING", b"\0\0")
    assert [type(each) for each in stream.feed(frame(b"a", more=True), 3)] == [Begun]
    assert feed(stream, [ping + frame(b"b")]) == [
        Command("PING", 7, b"\0\0"),
        Message((Part(b"a", 1), Part(b"b", 1)), 2, 2, "DEALER", continued=True),
    ]


def test_a_heartbeat_that_is_cut() -> None:
    """It begins and goes on by itself, whatever message it stands in."""
    stream = in_step()
    feed(stream, [frame(b"part", more=True)])
    ping = command(b"PING", b"\0\0context")
    assert stream.feed(ping[:9], 9) == [Begun(Command("PING", 14, b"\0\0"), 7, 14, more=False)]
    assert stream.feed(ping[9:11], 2) == [Continued(9, 14, more=False)]
    assert feed(stream, [ping[11:]])[0] == Command("PING", 14, b"\0\0context", continued=True)
    (last,) = feed(stream, [frame(b"")])
    assert isinstance(last, Message)
    assert (last.count, last.continued) == (2, True)


def test_a_first_part_that_is_cut() -> None:
    """The message began where its first part did."""
    expected = Message((Part(b"abc", 3), Part(b"d", 1)), 2, 4, "DEALER", continued=True)
    wire = message(b"abc", b"d")
    assert feed(in_step(), [wire[:4], wire[4:]])[1:] == [expected]
    assert feed(in_step(), [wire[:4], wire[4:6], wire[6:]])[1:] == [
        Continued(3, 3, more=True),
        expected,
    ]


@pytest.mark.parametrize("late", [False, True])
def test_missing_bytes_of_one_frame_are_skipped(*, late: bool) -> None:
    """Only the first 4096 bytes of each call are captured: the next message is read all the same."""
    stream = in_step(late=late)
    wire = frame(b"x" * 20_000)
    calls = [wire[:8192], wire[8192:]]
    events = [stream.feed(call[:4096], len(call)) for call in calls]
    assert [type(each) for each in events[0]] == [Begun, Missing]
    assert [type(each) for each in events[1]] == [Message, Missing]
    assert events[0][-1] == Missing(4096, in_step=True)
    assert events[1][-1] == Missing(len(wire) - 8192 - 4096, in_step=True)
    (last,) = feed(stream, [message(b"next")])
    assert isinstance(last, Message)
    assert last.parts == (Part(b"next", 4),)


def test_what_follows_a_gap_is_not_kept() -> None:
    """The kept bytes of a part are its first bytes, never some from further on."""
    stream = in_step()
    stream.feed(frame(b"abcdef")[:4], 6)
    assert stream.feed(b"ef", 2) == [
        Message((Part(b"ab", 6),), 1, 6, "DEALER", continued=True),
    ]


def test_out_of_step_and_in_step_again() -> None:
    """Where the end of a frame is among the missing bytes, nothing is told until a call is whole frames."""
    stream = in_step()
    batch = message(b"x" * 100) * 80
    events = stream.feed(batch[:4096], len(batch))
    cut = Message((Part(b"x" * 14, 100),), 1, 100, "DEALER")
    assert events[:-1] == [one(b"x" * 100)] * 40 + [cut]
    assert events[-1] == Missing(len(batch) - 4096, in_step=False)
    assert feed(stream, [b"x" * 70, b"x" * 30 + message(b"no")]) == []
    assert stream.feed(b"xx", 200) == []
    assert feed(stream, [HTTP] * TRIES * 2) == []
    assert feed(stream, [message(b"yes", b"again"), message(b"z")]) == [
        Message((Part(b"yes", 3), Part(b"again", 5)), 2, 8, "DEALER"),
        one(b"z"),
    ]


@pytest.mark.parametrize("captured", [frame(b"part", more=True), message(b"whole") + b"\x00"])
def test_what_was_under_way_is_lost_too(captured: bytes) -> None:
    """A message whose end is missing does not go on where the stream is in step again."""
    stream = in_step()
    assert stream.feed(captured, 1000)[-1] == Missing(1000 - len(captured), in_step=False)
    assert feed(stream, [message(b"fresh")]) == [one(b"fresh")]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x08\x00", "reserved flags 0x08"),
        (b"\x05\x02\x01a", "a command with more to follow"),
        (b"\x02" + b"\xff" * 8, "a length above 2^63 - 1"),
        (frame(b"", command=True), "a command without a name"),
        (frame(b"\x05RE", command=True), "a command without a name"),
        (frame(b"\x05REA\nY", command=True), "a command without a name"),
    ],
)
def test_broken(data: bytes, reason: str) -> None:
    """Who greeted and then breaks the rules is told of once, and never again."""
    assert feed(in_step(), [message(b"a") + data, message(b"b")]) == [one(b"a"), Broken(reason)]
    assert feed(in_step(late=True), [data, message(b"b")]) == []


def test_encrypted_messages() -> None:
    """They are MESSAGE commands, also where libzmq forgets the flag; a plain one may begin like them."""
    body = b"\x07MESSAGE" + bytes(32)
    secret = Stream()
    start = feed(secret, [greeting(b"CURVE") + ready(x=b"\xff")])
    assert start[1] == Command("READY", 13, b"\x01x\x00\x00\x00\x01\xff")
    expected: list[Event] = [Command("MESSAGE", 40, bytes(32))] * 2
    assert feed(secret, [frame(body), frame(body, command=True)]) == expected
    assert feed(in_step(), [frame(body)]) == [one(body)]
    late = in_step(late=True)
    assert feed(late, [frame(body)]) == [Command("MESSAGE", 40, bytes(32))]
    plain = feed(late, [message(body[:32]), message(b"", body)])
    assert [each.count for each in plain if isinstance(each, Message)] == [1, 2]


def test_what_is_kept_is_bounded() -> None:
    """A long part keeps its beginning, one of many parts its first; a frame of 2^62 bytes little."""
    wire = message(b"x" * 10_000, *[b"y"] * 5000)
    (found,) = feed(in_step(), [wire])
    kept = (Part(b"x" * KEEP, 10_000), *[Part(b"y", 1)] * (PARTS - 1))
    assert found == Message(kept, 5001, 15_000, "DEALER")
    stream = in_step()
    feed(stream, [b"\x02" + (2**62).to_bytes(8)])
    for _ in range(100):
        assert len(stream.feed(b"z" * 100_000, 100_000)) == 1
    frame_under_way = stream._assembly._frame
    assert frame_under_way is not None
    assert len(frame_under_way.kept) == KEEP


def test_calls_that_moved_nothing() -> None:
    """EAGAIN, the end of the file, and a capture longer than the result say nothing of their own."""
    stream = in_step()
    assert stream.feed(b"", 0) == stream.feed(message(b"no"), 0) == stream.feed(b"", -11) == []
    assert stream.feed(message(b"yes") + message(b"not sent"), 5) == [one(b"yes")]
