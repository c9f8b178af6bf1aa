"""Whatever is fed to a stream, and however it is cut, it does not raise, grow or change its mind."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from bstinspect.zmtp.assembly import KEEP, PARTS
from bstinspect.zmtp.events import Message, Missing, Part
from bstinspect.zmtp.labels import label
from bstinspect.zmtp.stream import Stream

from .wire import SIGNATURE, command, feed, frame, greeting, handshake, in_step, message, ready, wholes

if TYPE_CHECKING:
    from collections.abc import Callable

BODIES = st.binary(max_size=20) | st.integers(200, 700).map(lambda size: b"x" * size)
MESSAGES = st.lists(BODIES, min_size=1, max_size=6).map(lambda parts: message(*parts))
COMMANDS = st.sampled_from([command(b"PING", b"\0\0"), command(b"SUBSCRIBE", b"t"), command(b"ERROR", b"\0")])
HANDSHAKES = st.sampled_from(
    [
        handshake(),
        greeting(b"CURVE") + command(b"HELLO", bytes(194)),
        SIGNATURE + b"\x01\x05" + frame(b"identity"),
    ]
)
CONVERSATIONS = st.tuples(HANDSHAKES, st.lists(MESSAGES | COMMANDS, max_size=8)).map(
    lambda pieces: pieces[0] + b"".join(pieces[1])
)
ALMOST = st.lists(
    st.sampled_from([SIGNATURE, greeting(), ready(Socket_Type=b"REQ"), command(b"PING"), b"\x02\x7f", b"\0"])
    | MESSAGES
    | st.binary(max_size=30),
    max_size=12,
).map(b"".join)
CALLS = st.lists(st.tuples(ALMOST, st.integers(-5, 5) | st.integers(0, 2**40)), max_size=12)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Cut `data` at `places`, taken modulo its length."""
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(edges)]


@given(CONVERSATIONS, st.lists(st.integers(0, 10_000), max_size=40))
def test_any_cut_gives_the_same(data: bytes, places: list[int]) -> None:
    """Calls that move the same bytes in other pieces tell the same messages."""
    assert wholes(feed(Stream(), cut(data, places))) == wholes(feed(Stream(), [data]))
    single = [bytes([each]) for each in data]
    assert wholes(feed(Stream(), single)) == wholes(feed(Stream(), [data]))


@given(st.lists(st.lists(BODIES, min_size=1, max_size=6), max_size=6))
def test_what_is_told_is_what_was_sent(sent: list[list[bytes]]) -> None:
    """The parts of each message are its parts."""
    stream = in_step(socket_type=b"PUSH", identity=b"me")
    expected = [
        Message(
            tuple(Part(part[:KEEP], len(part)) for part in parts[:PARTS]),
            len(parts),
            sum(map(len, parts)),
            "PUSH",
            b"me",
        )
        for parts in sent
    ]
    assert feed(stream, [b"".join(message(*parts) for parts in sent)]) == expected


@given(st.integers(0, 30_000), st.integers(600, 9000), st.integers(9, 8192))
def test_a_bounded_capture_keeps_in_step(size: int, step: int, limit: int) -> None:
    """One long message after the other, each call captured only up to a limit."""
    stream = in_step()
    for number in range(3):
        body = b"%d" % number + b"x" * size
        wire = frame(body, long=True)
        calls = cut(wire, list(range(step, len(wire), step)))
        events = [event for call in calls for event in stream.feed(call[:limit], len(call))]
        assert [each.count for each in events if isinstance(each, Message)] == [1]
        assert all(each.in_step for each in events if isinstance(each, Missing))
    assert [label([each]) for each in feed(stream, [message(b"end")])] == ['zmtp: message "end"']


def retained(stream: Stream) -> int:
    """Return how many bytes a stream holds."""
    assembly = stream._assembly
    frame_under_way = assembly._frame
    held = len(stream._greeting) + sum(len(part.data) for part in assembly._parts)
    held += len(assembly.identity) + len(assembly.socket_type) + len(assembly.mechanism)
    return held + (len(frame_under_way.kept) + len(frame_under_way.head) if frame_under_way else 0)


@given(CALLS, st.sampled_from([Stream, in_step, lambda: Stream(late=True), lambda: in_step(late=True)]))
def test_nothing_raises_or_grows(calls: list[tuple[bytes, int]], make: Callable[[], Stream]) -> None:
    """Any bytes, any lengths: no exception, little memory, and a label that fits into a comment."""
    stream = make()
    for data, more in calls:
        told = label(stream.feed(data, len(data) + more))
        assert told.isascii()
        assert told.isprintable()
        assert "*/" not in told
        assert len(told) < 2000
        assert retained(stream) <= KEEP * (PARTS + 2) + 512
