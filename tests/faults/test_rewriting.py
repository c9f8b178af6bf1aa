"""Messages left out, sent twice, cut short: what is left is whole frames, and nothing else is touched."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bstcluster import protocol
from bstinspect.faults.stage.rewriting import rewritten
from bstinspect.zmtp.events import Message
from bstinspect.zmtp.stream import Stream

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01NULL" + bytes(48)
MESSAGES = (
    protocol.encode(protocol.Alive(7)),
    protocol.encode(protocol.Exec(8, 20, 2, b" 1 2", last=True)),
    protocol.encode(protocol.Exec(9, 30, 300, b" 12345" * 300, last=True)),
    protocol.encode(protocol.Unavailable(10)),
)
COMMAND = b"\x04\x05\x04PING"


def framed(body: bytes) -> bytes:
    """Return a message of one frame."""
    return bytes([2]) + len(body).to_bytes(8) + body if len(body) > 255 else bytes([0, len(body)]) + body


def bodies(data: bytes) -> list[bytes]:
    """Return the messages that a receiver puts together out of `data`, which is all of them."""
    stream = Stream()
    events = stream.feed(GREETING + data, len(GREETING) + len(data))
    return [event.parts[0].data for event in events if isinstance(event, Message)]


@given(st.lists(st.sampled_from([*MESSAGES, COMMAND]), max_size=6), st.integers(0, 3))
def test_one_of_them_is_changed(sent: list[bytes], nth: int) -> None:
    """The nth exec is dropped, doubled or cut; all others arrive as they were."""
    data = b"".join(each if each is COMMAND else framed(each) for each in sent)
    messages = [each for each in sent if each is not COMMAND]
    execs = [index for index, each in enumerate(messages) if each in MESSAGES[1:3]]
    for kind in ("drop", "twice", "truncate"):
        changed = rewritten(data, kind, "exec", nth)
        if nth >= len(execs):
            assert changed is None
            continue
        at = execs[nth]
        there = {
            "drop": [],
            "twice": [messages[at]] * 2,
            "truncate": [messages[at][: len(messages[at]) // 2]],
        }
        wanted = [*messages[:at], *there[kind], *messages[at + 1 :]]
        assert changed is not None
        assert bodies(changed) == [each[:512] for each in wanted]


def test_half_a_message_is_none() -> None:
    """What is cut short can be no message of ours any more."""
    (cut,) = bodies(rewritten(framed(MESSAGES[1]), "truncate", "exec") or b"")
    with pytest.raises(msgspec.MsgspecError):
        protocol.decode_request(cut)


@given(st.binary(max_size=200))
def test_anything_else_is_left_alone(data: bytes) -> None:
    """Bytes that are no frames, and frames that are not whole, are not changed."""
    assert rewritten(data, "drop", "exec") is None
    assert rewritten(framed(MESSAGES[1])[:-1], "drop", "exec") is None
