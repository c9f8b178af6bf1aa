"""What a real libzmq puts on the wire, over ipc and tcp, read as it was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import zmq

from bstcluster.protocol import VERSION, Exec, Hello, Sum, encode
from bstinspect.zmtp.events import Greeting
from bstinspect.zmtp.labels import label
from bstinspect.zmtp.stream import Stream

from .wire import command, feed, frame, greeting, message, ready, wholes

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from .conftest import Tap

    Sockets = Callable[[int], zmq.Socket[bytes]]
    Speak = Callable[[zmq.Socket[bytes]], socket.socket]

TRANSPORTS = pytest.mark.parametrize("transport", ["ipc", "tcp"])


def told(calls: list[bytes]) -> list[str]:
    """Return what one direction was about, however it was cut into calls."""
    whole = wholes(feed(Stream(), calls))
    return [label([event]).removeprefix("zmtp: ") for event in whole]


def by_call(calls: list[bytes]) -> list[str]:
    """Return the label of each call."""
    stream = Stream()
    return [label(stream.feed(call, len(call))) for call in calls]


def recv_all(plain: socket.socket, size: int) -> bytes:
    """Receive exactly `size` bytes."""
    data = b""
    while len(data) < size:
        piece = plain.recv(size - len(data))
        assert piece, f"closed after {len(data)} of {size} bytes"
        data += piece
    return data


@TRANSPORTS
def test_our_cluster(transport: str, tap: Tap, sockets: Sockets) -> None:
    """A node's DEALER and its parent's ROUTER, with the messages of bstcluster."""
    node, parent = sockets(zmq.DEALER), sockets(zmq.ROUTER)
    node.setsockopt(zmq.IDENTITY, b"20.1")

    def talk(up: zmq.Socket[bytes], down: zmq.Socket[bytes]) -> None:
        up.send(encode(Hello(VERSION, 1, 2)))
        down.recv_multipart()
        down.send_multipart([b"20.1", encode(Exec(7, 20, 3, b"1 2 3", last=True))])
        up.recv()
        up.send(encode(Sum(7, b"\x06")))
        down.recv_multipart()
        down.send_multipart([b"20.1", encode(Exec(8, 20, None, b"1 " * 50_000, last=False))])
        up.recv()

    tapped = tap(transport, node, parent, talk)
    assert told(tapped.up) == ["greeting", 'READY DEALER "20.1"', "hello from 20.1", "exec-reply #7"]
    assert told(tapped.down) == ["greeting", "READY ROUTER", "exec #7 to 20", "exec #8 to 20"]
    assert by_call(tapped.up)[0] == "zmtp: greeting"  # ten bytes of it: a libzmq sends no more at first


@TRANSPORTS
def test_request_and_reply(transport: str, tap: Tap, sockets: Sockets) -> None:
    """The empty delimiters of REQ and REP are no part of what is said."""

    def talk(up: zmq.Socket[bytes], down: zmq.Socket[bytes]) -> None:
        up.send(b"hello")
        down.recv()
        down.send(b"hi there")
        up.recv()
        up.send_multipart([b"a" * 40, b"b" * 60])
        down.recv_multipart()

    tapped = tap(transport, sockets(zmq.REQ), sockets(zmq.REP), talk)
    assert told(tapped.up) == ["greeting", "READY REQ", 'request "hello"', "request 2 parts, 100 bytes"]
    assert told(tapped.down) == ["greeting", "READY REP", 'reply "hi there"']


@TRANSPORTS
def test_subscriptions(transport: str, tap: Tap, sockets: Sockets) -> None:
    """Subscriptions are commands in ZMTP 3.1."""

    def talk(up: zmq.Socket[bytes], down: zmq.Socket[bytes]) -> None:
        up.setsockopt(zmq.SUBSCRIBE, b"news")
        down.recv()  # an XPUB tells of subscriptions
        down.send(b"news today")
        up.recv()
        up.setsockopt(zmq.UNSUBSCRIBE, b"news")
        down.recv()

    tapped = tap(transport, sockets(zmq.SUB), sockets(zmq.XPUB), talk)
    assert told(tapped.up) == ["greeting", "READY SUB", 'SUBSCRIBE "news"', 'CANCEL "news"']
    assert told(tapped.down) == ["greeting", "READY XPUB", 'message "news today"']


def test_heartbeats(sockets: Sockets, speak: Speak) -> None:
    """PING and PONG are told."""
    pair = sockets(zmq.PAIR)
    pair.setsockopt(zmq.HEARTBEAT_IVL, 20)
    stream, seen = Stream(), set[str]()
    with speak(pair) as plain:
        plain.sendall(greeting())
        seen.add(label(feed(stream, [recv_all(plain, 64)])))
        plain.sendall(ready(Socket_Type=b"PAIR"))
        plain.sendall(command(b"PING", b"\x00\x64context"))
        while not {"zmtp: PING", "zmtp: PONG"} <= seen:
            seen |= {label([event]) for event in feed(stream, [plain.recv(100)])}
        pair.close()
    assert seen == {"zmtp: greeting", "zmtp: READY PAIR", "zmtp: PING", "zmtp: PONG"}


@pytest.mark.skipif(not zmq.has("curve"), reason="this libzmq is without CURVE")
def test_curve(tap: Tap, sockets: Sockets) -> None:
    """With CURVE all that is told of a message is that there is one."""
    up, down = sockets(zmq.DEALER), sockets(zmq.DEALER)
    public, secret = zmq.curve_keypair()
    down.setsockopt(zmq.CURVE_SERVER, 1)
    down.setsockopt(zmq.CURVE_SECRETKEY, secret)
    own, own_secret = zmq.curve_keypair()
    up.setsockopt(zmq.CURVE_SERVERKEY, public)
    up.setsockopt(zmq.CURVE_PUBLICKEY, own)
    up.setsockopt(zmq.CURVE_SECRETKEY, own_secret)

    def talk(up: zmq.Socket[bytes], down: zmq.Socket[bytes]) -> None:
        up.send(encode(Sum(7, b"\x06")))
        down.recv()
        down.send_multipart([b"a" * 20_000, b"b"])
        up.recv_multipart()

    tapped = tap("tcp", up, down, talk)
    assert told(tapped.up) == ["greeting", "HELLO", "INITIATE", "encrypted"]
    assert told(tapped.down) == ["greeting", "WELCOME", "READY", "encrypted", "encrypted"]
    greetings = [wholes(feed(Stream(), calls))[0] for calls in tapped]
    assert greetings == [Greeting((3, 1), "CURVE")] * 2  # a libzmq does not say which is the server


def test_a_zmtp_2_peer(sockets: Sockets, speak: Speak) -> None:
    """To a peer of ZMTP 2.0 a libzmq goes on as such a one, after a signature and its own version."""
    dealer = sockets(zmq.DEALER)
    dealer.setsockopt(zmq.IDENTITY, b"me")
    mine = b"\xff" + bytes(8) + b"\x7f\x01\x06" + frame(b"you") + frame(b"hello")  # a ROUTER
    with speak(dealer) as plain:
        plain.sendall(mine)
        assert dealer.recv() == b"hello"
        dealer.send_multipart([b"a", b"b" * 300])
        theirs = recv_all(plain, 12 + len(frame(b"me") + message(b"a", b"b" * 300)))
        dealer.close()
    sent = Stream()
    assert wholes(sent.feed(theirs, len(theirs)))[0] == Greeting((2, 0), "", False, "DEALER", b"me")  # noqa: FBT003
    assert told([theirs]) == ["greeting", "message 2 parts, 301 bytes"]
    assert told([mine]) == ["greeting", 'message "hello"']


def test_a_zmtp_1_peer(sockets: Sockets, speak: Speak) -> None:
    """To a peer of ZMTP 1.0 a libzmq speaks that: it is said, and nothing after it is taken for anything."""
    dealer = sockets(zmq.DEALER)
    with speak(dealer) as plain:
        plain.sendall(b"\x01\x00")
        plain.sendall(b"\x06\x00hello")
        assert dealer.recv() == b"hello"
        dealer.send(b"x" * 40)
        theirs = recv_all(plain, 10 + 2 + 40)
        dealer.close()
    assert theirs.endswith(b"\x29\x00" + b"x" * 40)
    assert feed(Stream(), [theirs]) == [Greeting((1, 0))]
    assert feed(Stream(), [b"\x01\x00", b"\x06\x00hello"]) == [Greeting((1, 0))]


def test_old_subscriptions(sockets: Sockets, speak: Speak) -> None:
    """Before ZMTP 3.1 a subscription is a message; libzmq takes it and we tell it as one."""
    publisher = sockets(zmq.XPUB)
    mine = [greeting(minor=0), ready(Socket_Type=b"SUB", Identity=b"") + frame(b"\x01news")]
    with speak(publisher) as plain:
        for piece, theirs in zip(mine, [64, 28], strict=True):  # a libzmq hangs if it gets all at once
            plain.sendall(piece)
            recv_all(plain, theirs)
        assert publisher.recv() == b"\x01news"
        publisher.close()
    assert told(mine) == ["greeting", "READY SUB", 'SUBSCRIBE "news"']
