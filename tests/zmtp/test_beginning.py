"""How a stream begins: with a greeting, in the middle of everything, or as no ZMTP at all."""

from __future__ import annotations

import pytest

from bstinspect.zmtp.events import (
    Begun,
    Command,
    Continued,
    Greeting,
    GreetingBegun,
    Message,
    Missing,
    Part,
)
from bstinspect.zmtp.stream import TRIES, Phase, Stream

from .wire import SIGNATURE, feed, frame, greeting, handshake, message, ready

HTTP = b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"


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
