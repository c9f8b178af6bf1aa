"""One direction of a connection: cut, incomplete, begun late, broken, or no ZMTP at all."""

from __future__ import annotations

import pytest

from bstinspect.zmtp.assembly import KEEP, PARTS
from bstinspect.zmtp.events import (
    Begun,
    Broken,
    Command,
    Continued,
    Event,
    Greeting,
    GreetingBegun,
    Message,
    Missing,
    Part,
)
from bstinspect.zmtp.stream import TRIES, Phase, Stream

from .wire import SIGNATURE, command, feed, frame, greeting, handshake, in_step, message, ready

HTTP = b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"


def one(body: bytes, **fields: object) -> Message:
    """Return what a message of one part is told as."""
    return Message((Part(body, len(body)),), 1, len(body), "DEALER", **fields)  # type: ignore[arg-type]


def test_a_handshake_as_libzmq_sends_it() -> None:
    """Ten bytes, one, fifty-three; then READY with the first message behind it."""
    whole = greeting() + ready(Socket_Type=b"DEALER", Identity=b"20.1") + message(b"hello")
    stream = Stream()
    calls = [whole[:10], whole[10:11], whole[11:64], whole[64:]]
    events = [stream.feed(call, len(call)) for call in calls]
    properties = (("Socket-Type", b"DEALER"), ("Identity", b"20.1"))
    body = ready(Socket_Type=b"DEALER", Identity=b"20.1")[8:]
    assert events == [
        [GreetingBegun()],
        [Continued(0, 0, more=False)],
        [Greeting((3, 1), "NULL", continued=True)],
        [
            Command("READY", len(body) + 6, body, properties),
            Message((Part(b"hello", 5),), 1, 5, "DEALER", b"20.1"),
        ],
    ]


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
    events = [in_step().feed(b"", 0)]
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


def test_a_gap_in_the_greeting() -> None:
    """The handshake is lost, what comes after it is not."""
    stream = Stream()
    assert stream.feed(greeting()[:33], 64) == [Missing(31, in_step=False)]
    assert feed(stream, [ready(Socket_Type=b"REQ")])[0] == Command(
        "READY", 25, ready(Socket_Type=b"REQ")[8:], (("Socket-Type", b"REQ"),)
    )


@pytest.mark.parametrize(
    "data",
    [
        HTTP,
        b"\x00\x05hello",
        b"\x01\x00\x00\x05hello",
        b"\xff" * 64,
        SIGNATURE + b"\x03\x00" + b"\xfe" * 52,
        SIGNATURE + b"\x03\x00" + b"NU LL".ljust(52, b"\0"),
        b"\x00" * 64,
        greeting()[:32] + b"\x02" + bytes(31),
        SIGNATURE + b"\x01\x0c" + frame(b""),
    ],
)
def test_no_greeting_no_zmtp(data: bytes) -> None:
    """A connection that was seen from its first byte and does not greet is never told of."""
    stream = Stream()
    events = [event for event in stream.feed(data, len(data)) if not isinstance(event, GreetingBegun)]
    assert events == []
    assert stream.phase is Phase.SILENT
    assert feed(stream, [handshake(), message(b"hello")]) == []
    assert stream.feed(b"", 100) == []


def test_no_greeting_one_byte_at_a_time() -> None:
    """Nothing is said before the signature is whole."""
    data = b"\xff\xfb\x18\xff\xfb\x20\xff\xfb\x23\xff\xfb\x27"  # telnet's
    assert feed(Stream(), [bytes([each]) for each in data]) == []


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (greeting(b"CURVE", server=True), Greeting((3, 1), "CURVE", as_server=True)),
        (greeting(minor=0), Greeting((3, 0), "NULL")),
        (SIGNATURE + b"\x01\x05" + frame(b""), Greeting((2, 0), "", False, "DEALER")),  # noqa: FBT003
        (SIGNATURE + b"\x03\x03" + frame(b"me"), Greeting((2, 0), "", False, "REQ", b"me")),  # noqa: FBT003
        (SIGNATURE + b"\x29", Greeting((1, 0))),
        (b"\x01\x00", Greeting((1, 0))),
    ],
)
def test_greetings(data: bytes, expected: Greeting) -> None:
    """Every version, the one too that a libzmq falls back to after its signature."""
    assert feed(Stream(), [data]) == [expected]


def test_the_version_of_zmtp_2_is_not_a_greeting_of_zmtp_1() -> None:
    """Version and socket type of a PAIR look like that."""
    assert feed(Stream(), [SIGNATURE, b"\x01\x00", frame(b"")])[-1] == Greeting(
        (2, 0), socket_type="PAIR", continued=True
    )


def test_attached_late() -> None:
    """Pieces of messages are nothing; the first call of whole frames begins it."""
    stream = Stream(late=True)
    eventfd = b"\x01" + bytes(7)
    other = [b"\x01\x00\x00\x00", b"\x00\x00\x00\x05hello", frame(b"a", more=True)]
    assert feed(stream, [b"rest of something", b"\x00\x10short", bytes(8), eventfd, *other]) == []
    assert feed(stream, [message(b"a", b"b")]) == [Message((Part(b"a", 1), Part(b"b", 1)), 2, 2)]
    assert feed(stream, [b"\x00\x03ab"]) == [Begun(Message((Part(b"ab", 3),), 1, 3), 2, 3, more=False)]


def test_attached_before_the_greeting() -> None:
    """A descriptor of which nothing was known may greet as well."""
    whole = handshake()
    assert feed(Stream(late=True), [whole[:10], whole[10:]]) == [
        GreetingBegun(),
        *feed(Stream(), [whole[:10], whole[10:]])[1:],
    ]


def test_attached_late_to_something_else() -> None:
    """After some tries it is let go for good."""
    stream = Stream(late=True)
    assert feed(stream, [HTTP] * TRIES + [message(b"hello")]) == []
    assert stream.phase is Phase.SILENT


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
