"""Whose bytes are whose: descriptors that are opened, closed, duplicated, inherited, and many of them."""

from __future__ import annotations

from bstinspect.zmtp.connections import MOST, Connections

from .wire import frame, greeting, handshake, message, ready

HTTP = b"GET / HTTP/1.1\r\n\r\n"


def sent(connections: Connections, data: bytes, pid: int = 1, fd: int = 9) -> str:
    """Send all of `data` in one call."""
    return connections.sent(pid, fd, data, len(data))


def received(connections: Connections, data: bytes, pid: int = 1, fd: int = 9) -> str:
    """Receive all of `data` in one call."""
    return connections.received(pid, fd, data, len(data))


def test_directions_and_descriptors_are_apart() -> None:
    """Each has its own stream."""
    connections = Connections()
    connections.opened(1, 9)
    connections.opened(1, 10)
    assert sent(connections, greeting()[:10]) == "zmtp: greeting"
    assert received(connections, handshake(b"ROUTER")) == "zmtp: greeting; READY ROUTER"
    assert sent(connections, greeting()[:10], fd=10) == "zmtp: greeting"
    assert sent(connections, greeting()[10:]) == "zmtp: ... end of greeting"
    assert sent(connections, ready(Socket_Type=b"REQ") + message(b"", b"hi")) == (
        'zmtp: READY REQ; request "hi"'
    )


def test_calls_that_fail_are_nothing() -> None:
    """Nor is a descriptor remembered for them."""
    connections = Connections()
    assert connections.received(1, 9, b"", -11) == connections.sent(1, 9, b"abc", 0) == ""
    assert len(connections) == 0


def test_opened_and_late() -> None:
    """What was seen from its start has to greet; what was there before may be in the middle."""
    connections = Connections()
    connections.opened(1, 9)
    assert sent(connections, message(b"hello")) == ""
    assert sent(connections, message(b"hello"), fd=10) == 'zmtp: message "hello"'
    assert sent(connections, HTTP, fd=11) == ""


def test_closed_and_opened_again() -> None:
    """The next connection with the same number is another."""
    connections = Connections()
    connections.opened(1, 9)
    sent(connections, handshake() + frame(b"x" * 300)[:100])
    connections.closed(1, 9)
    assert len(connections) == 0
    connections.opened(1, 9)
    assert sent(connections, greeting()) == "zmtp: greeting"
    connections.opened(1, 9)  # its close was not seen
    assert sent(connections, greeting()) == "zmtp: greeting"


def test_duplicated() -> None:
    """Bytes that go through the copy belong to the same stream; closing one leaves the other."""
    connections = Connections()
    sent(connections, handshake() + b"\x00\x05he")
    connections.duplicated(1, 9, 30)
    connections.closed(1, 9)
    assert sent(connections, b"llo", fd=30) == 'zmtp: ... end of message "hello"'
    connections.duplicated(1, 9, 30)  # of something that is not known: 30 is another connection now
    assert len(connections) == 0


def test_forked() -> None:
    """A child's descriptors are its parent's connections until either closes them."""
    connections = Connections()
    sent(connections, handshake() + b"\x00\x05he")
    sent(connections, handshake(), pid=2, fd=30)  # of an earlier process with that pid
    connections.ended(2)
    connections.forked(1, 2)
    assert len(connections) == 2
    assert sent(connections, b"llo", pid=2) == 'zmtp: ... end of message "hello"'
    connections.closed(2, 9)
    assert sent(connections, message(b"a")) == 'zmtp: message "a"'


def test_forked_and_seen_before_the_fork_returned() -> None:
    """What the child has closed by then does not come back: another file of that number is no connection."""
    connections = Connections()
    sent(connections, handshake())
    received(connections, handshake())
    connections.closed_range(2, 4, 1 << 20)
    connections.forked(1, 2)
    assert received(connections, b"2 (a file) R 1 1 1", pid=2) == ""
    assert received(connections, message(b"a")) == 'zmtp: message "a"'


def test_a_range_is_closed() -> None:
    """Of one process, and no other descriptors of it."""
    connections = Connections()
    for pid, fd in ((1, 8), (1, 9), (1, 10), (1, 11), (2, 9)):
        sent(connections, handshake() + b"\x00\x05he", pid=pid, fd=fd)
    connections.closed_range(1, 9, 10)
    assert len(connections) == 3
    assert [sent(connections, b"llo", fd=fd) != "" for fd in (8, 9, 10, 11)] == [True, False, False, True]
    assert sent(connections, b"llo", pid=2) != ""


def test_ended() -> None:
    """With a process its connections are forgotten, and nobody else's."""
    connections = Connections()
    for pid in (1, 2):
        sent(connections, handshake(), pid=pid)
    connections.ended(1)
    assert len(connections) == 1
    assert sent(connections, b"\x00\x02a", pid=2) == "zmtp: message 2 bytes (1 of 2 bytes)"


def test_the_number_is_bounded() -> None:
    """The one that was not used for longest goes."""
    connections = Connections()
    sent(connections, handshake() + b"\x00\x05he", fd=0)
    for fd in range(1, MOST):
        sent(connections, handshake() + b"\x00\x05he", fd=fd)
    assert sent(connections, b"l", fd=0) == "zmtp: ... continued (3 of 5 bytes)"
    connections.opened(1, MOST)
    assert len(connections) == MOST
    assert sent(connections, b"lo", fd=0) == 'zmtp: ... end of message "hello"'
    assert sent(connections, b"llo", fd=1) == ""
    assert len(connections) == MOST
