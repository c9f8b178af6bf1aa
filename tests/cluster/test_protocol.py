"""Messages: what is sent comes out again, and nothing else is ever taken for a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bstcluster import protocol
from bstcluster.protocol import (
    ID_MAX,
    ID_MIN,
    Alive,
    Create,
    Exec,
    Failed,
    Message,
    Ping,
    Pong,
    Reap,
    decode_keeper_reply,
    decode_keeper_request,
    decode_reply,
    decode_request,
    encode,
    identity,
)

if TYPE_CHECKING:
    from collections.abc import Callable

FIELDS: dict[Any, st.SearchStrategy[Any]] = {
    "Id": st.integers(ID_MIN, ID_MAX),
    "Number": st.integers(0, ID_MAX),
    "Number | None": st.none() | st.integers(0, ID_MAX),
    "Text": st.text(max_size=1000),
    "bytes": st.binary(max_size=200),
    "bool": st.booleans(),
    "list[Id]": st.lists(st.integers(ID_MIN, ID_MAX)),
    "list[Number]": st.lists(st.integers(0, ID_MAX)),
}


def messages(union: object) -> st.SearchStrategy[Message]:
    """Any message of a union, with any values in its fields."""
    return st.one_of(
        [
            st.builds(kind, *(FIELDS[each] for each in kind.__annotations__.values()))
            for kind in get_args(union)
        ]
    )


DECODERS: list[tuple[Callable[[bytes], Message], object]] = [
    (decode_request, protocol.Request),
    (decode_reply, protocol.Reply),
    (decode_keeper_request, protocol.KeeperRequest),
    (decode_keeper_reply, protocol.KeeperReply),
]


@pytest.mark.parametrize(("decode", "union"), DECODERS)
@given(data=st.data())
def test_round_trip(decode: Callable[[bytes], Message], union: object, data: st.DataObject) -> None:
    """Every message of a union comes out of its decoder as it went in."""
    message = data.draw(messages(union))
    assert decode(encode(message)) == message


@pytest.mark.parametrize(("decode", "union"), DECODERS)
@given(data=st.data())
def test_arbitrary_bytes(decode: Callable[[bytes], Message], union: object, data: st.DataObject) -> None:
    """Whatever arrives is a message of the union or a MsgspecError, and no other exception."""
    frame = data.draw(st.binary(max_size=200) | messages(union).map(encode).flatmap(damaged))
    try:
        assert isinstance(decode(frame), get_args(union))
    except msgspec.MsgspecError:
        return


def damaged(frame: bytes) -> st.SearchStrategy[bytes]:
    """Return `frame` with a byte changed, cut off at some place, or with something behind it."""
    positions = st.integers(0, len(frame) - 1)
    return st.one_of(
        st.builds(
            lambda at, byte: frame[:at] + bytes([byte]) + frame[at + 1 :], positions, st.integers(0, 255)
        ),
        positions.map(lambda at: frame[:at]),
        st.binary(min_size=1, max_size=9).map(lambda tail: frame + tail),
    )


@pytest.mark.parametrize(
    "frame",
    [
        encode(Create(-1, 0, 0, 0, 1)),
        encode(Create(1, ID_MAX + 1, 0, 0, 1)),
        encode(Exec(1, 0, -5, b"", last=True)),
        encode(Ping(1, -1, 0)),
        msgspec.msgpack.encode(["Ping", 1, 2]),
        msgspec.msgpack.encode(["Ping", 1, 2, 3, 4]),
        msgspec.msgpack.encode(["Ping", 1, 2, "3"]),
        msgspec.msgpack.encode(["Exec", 1, 0, 1, "text", True]),
        msgspec.msgpack.encode(["Nothing", 1]),
        msgspec.msgpack.encode({"type": "Ping"}),
        encode(Alive(1)),
        b"",
    ],
)
def test_no_requests(frame: bytes) -> None:
    """Fields out of bounds, of another type, too few, too many; unknown messages; replies."""
    with pytest.raises(msgspec.MsgspecError):
        decode_request(frame)


@pytest.mark.parametrize(
    "frame",
    [
        encode(Failed(1, "x" * 1001)),
        encode(Pong(1, [0, ID_MAX + 1])),
        encode(Ping(1, 2, 3)),
        encode(Reap(1, [1])),
    ],
)
def test_no_replies(frame: bytes) -> None:
    """Texts and ids out of bounds; requests."""
    with pytest.raises(msgspec.MsgspecError):
        decode_reply(frame)


@given(st.integers(ID_MIN, ID_MAX), st.integers(1, 10**6))
def test_identities(node: int, life: int) -> None:
    """An identity says id and life, serves as a file name, and never begins with the byte libzmq keeps."""
    name = identity(node, life)
    assert name.decode().split(".") == [str(node), str(life)]
    assert len(name) <= 30
    assert name != protocol.CONTROLLER_SOCKET
