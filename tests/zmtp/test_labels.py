"""The words of a comment, and the stable names of our own messages."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bstinspect.zmtp
from bstcluster import protocol
from bstcluster.protocol import Exec, Hello, Message, Numbers, encode
from bstinspect.zmtp import words
from bstinspect.zmtp.events import Greeting, GreetingBegun, Missing
from bstinspect.zmtp.labels import SHOWN, label

from .wire import command, feed, frame, in_step, message, ready

if TYPE_CHECKING:
    from bstinspect.zmtp.events import Event

OURS: dict[type[Message], str] = {
    protocol.Create: "create #7 to 20",
    protocol.Exec: "exec #7 to 20",
    protocol.Numbers: "numbers #7 to 20",
    protocol.Cancel: "cancel #7 to 20",
    protocol.Forget: "forget #7 to 20",
    protocol.Probe: "probe #7 to 20",
    protocol.Ping: "ping #7",
    protocol.Hello: "hello from 20.1",
    protocol.Created: "create-reply #7",
    protocol.Sum: "exec-reply #7",
    protocol.Credit: "credit #7",
    protocol.Forgotten: "forget-reply #7",
    protocol.Alive: "probe-reply #7",
    protocol.Pong: "ping-reply #7",
    protocol.Failed: "failed #7",
    protocol.Unavailable: "unavailable #7",
    protocol.ChildExited: "child-exited",
    protocol.ChildStopped: "child-stopped",
    protocol.ChildContinued: "child-continued",
    protocol.Malformed: "malformed",
}
VALUES: dict[str, Any] = {
    "request": 7, "target": 20, "Id": -3, "Number": 2**40, "Number | None": None, "Text": "why",
    "bytes": b"1 2 3", "bool": True, "list[Id]": [1, -(2**63)],
}  # fmt: skip
KEEPERS = {*get_args(protocol.KeeperRequest), *get_args(protocol.KeeperReply)}


def made(kind: type[Message]) -> Message:
    """Return a message of a kind: request 7 to node 20, where it has them."""
    fields = kind.__annotations__.items()
    return kind(**{name: VALUES.get(name, VALUES[str(annotation)]) for name, annotation in fields})


def words_for(*calls: bytes, socket_type: bytes = b"DEALER", identity: bytes = b"20.1") -> list[str]:
    """Return the label of each call of a stream whose handshake is over."""
    stream = in_step(socket_type=socket_type, identity=identity)
    return [label(stream.feed(call, len(call))).removeprefix("zmtp: ") for call in calls]


def test_no_message_of_ours_is_forgotten() -> None:
    """Every message has a name here, but those between the controller and the keeper: a socket pair's."""
    over_zmq = {*get_args(protocol.Request), *get_args(protocol.Reply)}
    assert set(Message.__subclasses__()) == over_zmq | KEEPERS
    assert set(OURS) == over_zmq
    assert set(words.NAMES) == {kind.__name__ for kind in over_zmq}
    assert len(set(words.NAMES.values())) == len(words.NAMES)


@pytest.mark.parametrize(("kind", "expected"), OURS.items(), ids=words.NAMES.values())
def test_our_messages(kind: type[Message], expected: str) -> None:
    """Whole or, as far as the number and the target are there, cut."""
    data = encode(made(kind))
    assert words_for(message(data)) == [expected]
    wire = frame(data, long=True)
    told = (
        expected if kind.__struct_fields__[-1] not in {"request", "target"} else f"message {len(data)} bytes"
    )
    assert words_for(wire[:-1], wire[-1:]) == [
        f"{told} ({len(data) - 1} of {len(data)} bytes)",
        f"... end of {expected}",
    ]


@given(st.integers(0, 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
def test_numbers_of_a_message_that_goes_on(request: int, target: int) -> None:
    """The head of a long message is read as msgpack would read it."""
    wire = frame(encode(Numbers(request, target, b"1 " * 5000, last=False)))
    assert words_for(wire[:200])[0].startswith(f"numbers #{request} to {target} (")


def test_a_message_that_goes_on() -> None:
    """It is named at first, then it is continued, then it ends."""
    wire = frame(encode(Exec(7, 20, None, b"1 " * 10_000, last=True)))
    size = len(wire) - 9
    assert words_for(wire[:8192], wire[8192:16_384], wire[16_384:]) == [
        f"exec #7 to 20 (8183 of {size} bytes)",
        f"... continued (16375 of {size} bytes)",
        "... end of exec #7 to 20",
    ]


@pytest.mark.parametrize(
    "data",
    [
        msgspec.msgpack.encode(["Exec", -1, 20, None, b"", True]),
        msgspec.msgpack.encode(["Exec", 7]),
        msgspec.msgpack.encode(["Nothing", 7, 20]),
        encode(protocol.ForkRoot(7, 20, 1)),
        b"\x92\xbfExec",
    ],
)
def test_almost_ours(data: bytes) -> None:
    """What is no message of the cluster is told as anybody's."""
    assert words_for(message(data)) == [f"message {len(data)} bytes"]
    wire = frame(data, long=True)
    assert words_for(wire[:-1])[0].startswith("message ")


def test_hello_of_somebody() -> None:
    """Without an identity that is one of ours, nothing is said of whom it is from."""
    data = message(encode(Hello(1, 2, 3)))
    assert words_for(data, identity=b"") == words_for(data, identity=b"*/ x") == ["hello"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (message(b"hello"), 'message "hello"'),
        (message(b""), 'message ""'),
        (message(b"\0"), "message 1 byte"),
        (message(b"x" * 41), "message 41 bytes"),
        (message(b"a */ b"), "message 6 bytes"),
        (message(b'a " b'), "message 5 bytes"),
        (message(b"", b"hello"), 'message "hello"'),
        (message(b"a", b"b" * 20, b"c" * 99), "message 3 parts, 120 bytes"),
        (ready(Socket_Type=b"ROUTER"), "READY ROUTER"),
        (ready(Socket_Type=b"DEALER", Identity=b"20.1"), 'READY DEALER "20.1"'),
        (ready(socket_type=b"*/", IDENTITY=b"\0\1"), "READY with an identity of 2 bytes"),
        (command(b"SUBSCRIBE", b"news"), 'SUBSCRIBE "news"'),
        (command(b"SUBSCRIBE"), 'SUBSCRIBE ""'),
        (command(b"CANCEL", b"\0"), "CANCEL"),
        (command(b"ERROR", b"\x03why"), 'ERROR "why"'),
        (command(b"PING", b"\0\0"), "PING"),
        (command(b"MESSAGE", bytes(40)), "encrypted"),
        (b"\x08", "broken: reserved flags 0x08"),
        (message(b"a") * 10, "; ".join(['message "a"'] * SHOWN) + "; and 2 more"),
        (b"\x00", "beginning of a frame"),
        (b"\x01\x01a", 'message "a" (1 byte so far)'),
    ],
)  # fmt: skip
def test_anybodys(data: bytes, expected: str) -> None:
    """Other programs' messages, and commands: what they are, and what fits into a comment."""
    assert words_for(data) == [expected]


@pytest.mark.parametrize(
    ("socket_type", "data", "expected"),
    [
        (b"REQ", message(b"", b"hello"), 'request "hello"'),
        (b"REP", message(b"", b"a", b"b"), "reply 2 parts, 2 bytes"),
        (b"SUB", message(b"\x01news"), 'SUBSCRIBE "news"'),
        (b"XSUB", message(b"\x00"), 'CANCEL ""'),
        (b"PUB", message(b"", b"hello"), "message 2 parts, 5 bytes"),
    ],
)
def test_by_socket_type(socket_type: bytes, data: bytes, expected: str) -> None:
    """The sender's READY says what its messages are."""
    assert words_for(data, socket_type=socket_type) == [expected]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], ""),
        ([GreetingBegun()], "zmtp: greeting"),
        ([Greeting((3, 1), "NULL")], "zmtp: greeting"),
        ([Greeting((3, 1), "NULL", continued=True)], "zmtp: ... end of greeting"),
        ([Missing(4096, in_step=True)], "zmtp: 4096 bytes not captured"),
        ([Missing(1, in_step=False)], "zmtp: 1 byte not captured, out of step"),
    ],
)
def test_events(events: list[Event], expected: str) -> None:
    """What the bytes do not say by themselves."""
    assert label(events) == expected


@given(st.binary(max_size=40))
def test_any_bytes_behind_the_head_of_ours(tail: bytes) -> None:
    """No bytes make the reader of cut messages raise."""
    for head in (b"\x96\xa4Exec", b"\x93\xa5", b"\x94\xa5Hello", b"\x94\xa4Ping\xcf"):
        wire = frame(head + tail + b"...", long=True)
        assert feed(in_step(), [wire[:-3]])
        assert words_for(wire[:-3])[0].isprintable()


def test_it_is_pure() -> None:
    """The package opens and reads nothing, and needs nothing of the inspector: it can be used alone."""
    allowed = {
        "__future__",
        "typing",
        "enum",
        "dataclasses",
        "functools",
        "re",
        "string",
        "struct",
        "msgspec",
    }
    for path in Path(bstinspect.zmtp.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Import():
                    found = {alias.name for alias in node.names}
                case ast.ImportFrom(module=str(module)):
                    found = {module}
                case _:
                    continue
            own = {"bstinspect.zmtp", "bstcluster", "bstcluster.protocol", "collections.abc"}
            foreign = {name for name in found - allowed - own if not name.startswith("bstinspect.zmtp.")}
            assert foreign == set(), path.name
