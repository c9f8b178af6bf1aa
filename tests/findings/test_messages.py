"""Messages on their way: ZMTP's over paired connections, and plain sends counted by connection."""

from __future__ import annotations

import errno
import io
import socket
from typing import TYPE_CHECKING

import pytest

from bstcluster import protocol
from bstinspect.findings import messages
from bstinspect.findings.reading import find
from bstinspect.findings.survey import Survey

from .tape import Tape, internet, unix
from .wire import encoded, handshake

if TYPE_CHECKING:
    from pathlib import Path

    from bstinspect.findings.model import Findings, MessageFacts

ROOT, LEFT, RIGHT = 10, 20, 30


def greet(tape: Tape, place: tuple[int, int], there: tuple[int, int], identity: bytes) -> None:
    """Both ends of a connection greet each other."""
    for sender, receiver, name in ((place, there, identity), (there, place, b"")):
        data = handshake(b"DEALER" if name else b"ROUTER", name)
        tape.send(*sender, data)
        tape.receive(*receiver, data)


def family() -> Tape:
    """Return a tape of a root (descriptors 5 and 6) and two children (each 4), connected and greeted."""
    tape = Tape()
    for pid in (ROOT, LEFT, RIGHT):
        tape.begin(pid)
    tape.listen(ROOT, 3, unix(b"/run/root"))
    tape.connect(LEFT, 4, unix(b"/run/root"))
    tape.connect(RIGHT, 4, unix(b"/run/root"))
    tape.accept(ROOT, 3, 5)
    tape.accept(ROOT, 3, 6)
    greet(tape, (LEFT, 4), (ROOT, 5), b"20.1")
    greet(tape, (RIGHT, 4), (ROOT, 6), b"30.1")
    return tape


def hops(found: Findings) -> list[tuple[str, int | None, int | None, bool, bool]]:
    """Return of each message its label, the two ends, whether it was seen to be sent, and received."""
    return [
        (each.label, each.sender.pid, each.receiver.pid, each.sent is not None, each.received is not None)
        for each in found.messages
    ]


def test_the_same_bytes_to_two_children(tmp_path: Path) -> None:
    """Each child gets its own, though the second is the first to receive."""
    tape = family()
    ping = encoded(protocol.Ping(4, 10**9, 10**6))
    tape.send(ROOT, 5, ping)
    tape.send(ROOT, 6, ping)
    tape.receive(RIGHT, 4, ping)
    tape.receive(LEFT, 4, ping)
    found, lines = tape.survey(tmp_path)
    assert hops(found) == [("ping #4", ROOT, LEFT, True, True), ("ping #4", ROOT, RIGHT, True, True)]
    assert [each.receiver.fd for each in found.messages] == [4, 4]
    assert [each.sender.fd for each in found.messages] == [5, 6]
    for each in found.messages:
        assert each.request == 4
        assert each.sent
        assert each.received
        assert "zmtp: ping #4" in lines[each.sent.line - 1]
        assert each.received.annotation == "ping #4"
        assert each.sent.when < each.received.when


def test_each_message_has_its_own_addresses(tmp_path: Path) -> None:
    """Of two in one call each its own; where nothing is decoded that of the call."""
    tape = family()
    first, second = (encoded(protocol.Ping(number, 10**9, 10**6)) for number in (4, 5))
    tape.send(ROOT, 5, first + second)
    tape.receive(LEFT, 4, first)
    tape.receive(LEFT, 4, second)
    found, _ = tape.survey(tmp_path)
    assert [(each.sent_at, each.received_at) for each in found.messages] == [
        ("send(ping)#1", "20.1:recv(ping)#1@exit"), ("send(ping)#2", "20.1:recv(ping)#2@exit"),
    ]  # fmt: skip
    assert found.messages[0].sent
    assert found.messages[0].sent.points == ["send(ping)#1", "send(ping)#2"]


def test_who_was_there_before_the_trace(tmp_path: Path) -> None:
    """Of two children nobody knows which is which: no connection is guessed from what both may have got."""
    tape = Tape()
    first, second = (encoded(protocol.Ping(number, 10**9, 10**6)) for number in (1, 2))
    own = encoded(protocol.Probe(9, 30))
    for ping in (first, second):
        tape.send(ROOT, 5, ping)
        tape.send(ROOT, 6, ping)
        tape.receive(RIGHT, 4, ping)
        tape.receive(LEFT, 4, ping)
    tape.send(ROOT, 6, own)
    tape.receive(RIGHT, 4, own)
    found, _ = tape.survey(tmp_path)
    assert [each.kind for each in found.messages] == ["ping"] * 4 + ["probe"]
    assert all(each.sent and each.received for each in found.messages)
    probe = found.messages[-1]
    assert (probe.sender.pid, probe.sender.fd, probe.receiver.pid) == (ROOT, 6, RIGHT)


def test_a_message_longer_than_a_call(tmp_path: Path) -> None:
    """It is sent with the call that has its end, and received with that; the calls between are parts."""
    tape = family()
    message = encoded(protocol.Exec(7, 20, 3000, bytes(20_000), last=True))
    for at in range(0, len(message), 8192):
        tape.send(ROOT, 5, message[at : at + 8192])
    for at in range(0, len(message), 5000):
        tape.receive(LEFT, 4, message[at : at + 5000])
    found, lines = tape.survey(tmp_path)
    assert hops(found) == [("exec #7 to 20", ROOT, LEFT, True, True)]
    (each,) = found.messages
    assert each.size > 20_000
    assert each.sent
    assert each.received
    assert [call.line for call in (each.sent, each.received)] == [len(lines) - 5, len(lines)]


def test_a_receiver_that_is_killed(tmp_path: Path) -> None:
    """What was sent to it never arrives, and the next one on that descriptor gets nothing of it."""
    tape = family()
    request = encoded(protocol.Probe(3, 20))
    tape.send(ROOT, 5, request)
    tape.end(LEFT, 9)
    tape.call(ROOT, "close", 5)
    tape.begin(LEFT)
    tape.connect(LEFT, 4, unix(b"/run/root"))
    tape.accept(ROOT, 3, 5)
    greet(tape, (LEFT, 4), (ROOT, 5), b"20.2")
    tape.send(ROOT, 5, request)
    tape.receive(LEFT, 4, request)
    found, _ = tape.survey(tmp_path)
    assert hops(found) == [
        ("probe #3 to 20", ROOT, LEFT, True, False), ("probe #3 to 20", ROOT, LEFT, True, True),
    ]  # fmt: skip
    assert found.messages[0].sent != found.messages[1].sent


def test_a_sender_that_closed_at_once(tmp_path: Path) -> None:
    """What it sent is still on its way, though its descriptor is somebody else's by then."""
    tape = family()
    last, other = encoded(protocol.Alive(8)), encoded(protocol.Alive(9))
    tape.send(LEFT, 4, last)
    tape.call(LEFT, "close", 4)
    tape.listen(RIGHT, 7, unix(b"/run/right"))
    tape.connect(LEFT, 4, unix(b"/run/right"))
    tape.accept(RIGHT, 7, 8)
    greet(tape, (LEFT, 4), (RIGHT, 8), b"20.2")
    tape.send(LEFT, 4, other)
    tape.receive(ROOT, 5, last)
    tape.receive(RIGHT, 8, other)
    found, _ = tape.survey(tmp_path)
    assert hops(found) == [
        ("probe-reply #8", LEFT, ROOT, True, True), ("probe-reply #9", LEFT, RIGHT, True, True),
    ]  # fmt: skip


def test_received_before_the_send_returned(tmp_path: Path) -> None:
    """The kernel wakes the receiver first, and the tracer may see that first: it is one message."""
    tape = family()
    message = encoded(protocol.Probe(3, 20))
    tape.enter(ROOT, "sendto", 5, 0, len(message), memory=message)
    tape.receive(LEFT, 4, message)
    tape.leave(ROOT, len(message))
    found, _ = tape.survey(tmp_path)
    assert hops(found) == [("probe #3 to 20", ROOT, LEFT, True, True)]


def test_nothing_is_received_before_it_is_sent(tmp_path: Path) -> None:
    """What came before a send began was another one's: of that only the arrival was seen."""
    tape = family()
    message = encoded(protocol.Probe(3, 20))
    tape.receive(LEFT, 4, message)
    tape.send(ROOT, 5, message)
    found, _ = tape.survey(tmp_path)
    assert hops(found) == [
        ("probe #3 to 20", ROOT, LEFT, False, True), ("probe #3 to 20", ROOT, LEFT, True, False),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["zmtp", "plain"])
def test_messages_after_many_lost_ones(kind: str, tmp_path: Path) -> None:
    """A thousand that never arrived do not keep the next one from being matched; they are bounded."""
    tape = family()
    tape.connect(ROOT, 9, unix(b"/run/untraced"))
    if kind == "zmtp":
        tape.send(ROOT, 9, handshake(b"DEALER"))
    for number in range(messages.MOST - 1):
        tape.send(ROOT, 9, encoded(protocol.Forgotten(number)) if kind == "zmtp" else b"hello")
    wanted = encoded(protocol.Probe(3, 20))
    tape.send(ROOT, 5, wanted)
    tape.receive(LEFT, 4, wanted)
    tape.send(ROOT, 5, wanted)
    found, _ = tape.survey(tmp_path)
    assert hops(found)[-1] == ("probe #3 to 20", ROOT, LEFT, True, True)
    assert len(found.messages) == messages.MOST
    assert found.messages_omitted == 1


def test_what_waits_is_bounded(tmp_path: Path) -> None:
    """Of messages that never arrive the newest thousand are remembered, of whatever kind."""
    tape = family()
    for number in range(2500):
        tape.send(ROOT, 5, encoded(protocol.Forgotten(number)))
    source = find(tape.write(tmp_path / "tape.bst"))
    at_work = Survey(source, [], io.BytesIO(), [])
    at_work.run(lambda _: None)
    waiting = at_work._messages._sent
    assert len(waiting._all) == 1000
    assert sum(map(len, waiting._by_key.values())) == len(waiting._by_key) == 1000


def plain(server_address: bytes = b"", client_address: bytes = b"") -> Tape:
    """Return a tape of a server (10, descriptor 4) and its client (20, descriptor 7)."""
    tape = Tape()
    tape.begin(10)
    tape.begin(20)
    tape.listen(10, 3, server_address or internet("0.0.0.0", 5000))  # noqa: S104 - an address in a test
    tape.connect(20, 7, client_address or internet("127.0.0.1", 5000))
    tape.accept(10, 3, 4)
    return tape


def numbers(found: Findings) -> list[tuple[str, int | None, int]]:
    """Return of each send its name, sender and connection."""
    return [(each.label, each.sender.pid, each.connection) for each in found.messages]


def arrival(message: MessageFacts) -> int:
    """Return when a message arrived."""
    assert message.received is not None
    return message.received.when


def test_plain_sends_are_counted(tmp_path: Path) -> None:
    """By connection and direction; the trace's lines say which."""
    tape = plain()
    for data in (b"one", b"two"):
        tape.send(20, 7, data)
        tape.receive(10, 4, data)
        tape.send(10, 4, data.upper())
        tape.receive(20, 7, data.upper())
    tape.connect(20, 8, internet("127.0.0.1", 5000))
    tape.accept(10, 3, 5)
    tape.send(20, 8, b"three")
    found, _ = tape.survey(tmp_path)
    assert numbers(found) == [
        ("send #1", 20, 1), ("send #1", 10, 1), ("send #2", 20, 1), ("send #2", 10, 1), ("send #1", 20, 2),
    ]  # fmt: skip
    assert [each.payload for each in found.messages] == ["one", "ONE", "two", "TWO", "three"]
    assert all(each.received and each.received.annotation == each.label for each in found.messages[:4])
    assert found.messages[4].received is None
    assert found.messages[4].receiver.pid == 10


def test_one_send_in_two_pieces_and_two_at_once(tmp_path: Path) -> None:
    """A send has arrived with its last byte; a receive may have the end of several."""
    tape = plain()
    tape.send(20, 7, b"hello world")
    tape.receive(10, 4, b"hello ")
    tape.receive(10, 4, b"world")
    tape.send(20, 7, b"ab")
    tape.send(20, 7, b"cd")
    tape.receive(10, 4, b"abcd")
    found, _ = tape.survey(tmp_path)
    first, second, third = found.messages
    assert first.received
    assert '"world"' in first.received.text
    assert arrival(second) == arrival(third)
    (excerpt,) = [each for each in found.excerpts if each.topic == "network"]
    assert [each.annotation for each in excerpt.calls if each.name == "recvfrom"] == [
        "", "send #1", "send #2, send #3",
    ]  # fmt: skip


def test_the_excerpt_of_a_conversation(tmp_path: Path) -> None:
    """Questions to the kernel, and what failed, do not displace what was said."""
    tape = plain()
    for _ in range(20):
        tape.call(10, "socket", socket.AF_NETLINK, 3, 0, value=9)
        tape.call(20, "recvfrom", 7, 0, 64, value=-11)
    tape.send(20, 7, b"hello")
    tape.receive(10, 4, b"hello")
    found, _ = tape.survey(tmp_path)
    (excerpt,) = [each for each in found.excerpts if each.topic == "network"]
    names = [each.name for each in excerpt.calls]
    assert len(names) == 15
    assert names[-2:] == ["sendto", "recvfrom"]
    assert {"bind", "listen", "connect", "accept4"} <= set(names)


def test_a_short_send(tmp_path: Path) -> None:
    """Only what the kernel took was sent; the rest is another send."""
    tape = plain()
    tape.send(20, 7, b"hello world", moved=5)
    tape.send(20, 7, b" world")
    tape.receive(10, 4, b"hello")
    tape.receive(10, 4, b" world")
    found, _ = tape.survey(tmp_path)
    assert [(each.size, each.received is not None) for each in found.messages] == [(5, True), (6, True)]


def test_a_plain_answer_and_the_end(tmp_path: Path) -> None:
    """A server that answers and closes: its answer is received, and the number may be used again."""
    tape = plain()
    tape.send(10, 4, b"answer")
    tape.call(10, "close", 4)
    tape.connect(20, 8, internet("127.0.0.1", 5000))
    tape.accept(10, 3, 4)
    tape.send(10, 4, b"x")
    tape.receive(20, 7, b"answer")
    tape.receive(20, 8, b"x")
    found, _ = tape.survey(tmp_path)
    assert [(each.label, each.receiver.fd) for each in found.messages] == [("send #1", 7), ("send #1", 8)]
    assert all(each.received for each in found.messages)


def test_a_plain_receive_before_the_send_returned(tmp_path: Path) -> None:
    """It is the arrival of that send."""
    tape = plain()
    tape.enter(20, "sendto", 7, 0, 2, memory=b"hi")
    tape.receive(10, 4, b"hi")
    tape.leave(20, 2)
    tape.send(20, 7, b"again")
    tape.receive(10, 4, b"again")
    found, _ = tape.survey(tmp_path)
    assert ['"hi"' in str(each.received) for each in found.messages] == [True, False]
    assert ['"again"' in str(each.received) for each in found.messages] == [False, True]


def test_a_child_that_serves(tmp_path: Path) -> None:
    """A server that forks for each connection: the child's sends go to the client."""
    tape = plain()
    tape.fork(10, 11)
    tape.call(10, "close", 4)
    tape.send(20, 7, b"ask")
    tape.receive(11, 4, b"ask")
    tape.send(11, 4, b"answer")
    tape.receive(20, 7, b"answer")
    found, _ = tape.survey(tmp_path)
    assert [(each.sender.pid, each.receiver.pid) for each in found.messages] == [(20, 11), (11, 20)]
    assert all(each.received for each in found.messages)


def test_connects_meet_accepts_in_their_order(tmp_path: Path) -> None:
    """Also where the accept is seen first; those to another address do not meet."""
    tape = Tape()
    tape.listen(10, 3, internet("127.0.0.1", 5000))
    tape.connect(20, 7, internet("127.0.0.1", 5001))
    tape.accept(10, 3, 4)
    tape.connect(30, 7, internet("127.0.0.1", 5000))
    tape.send(30, 7, b"a")
    tape.receive(10, 4, b"a")
    tape.send(20, 7, b"b")
    found, _ = tape.survey(tmp_path)
    assert [(each.sender.pid, each.receiver.pid) for each in found.messages] == [(30, 10), (20, None)]


def test_a_refused_connect_waits_for_nobody(tmp_path: Path) -> None:
    """As ZeroMQ connects: without blocking, again and again until the server is there."""
    tape = Tape()
    for _ in range(3):
        tape.call(20, "socket", 2, 1, 0, value=7)
        tape.address(20, "connect", 7, internet("127.0.0.1", 5000), -errno.EINPROGRESS)
        tape.call(20, "close", 7)
    tape.listen(10, 3, internet("127.0.0.1", 5000))
    tape.call(20, "socket", 2, 1, 0, value=7)
    tape.address(20, "connect", 7, internet("127.0.0.1", 5000), -errno.EINPROGRESS)
    tape.accept(10, 3, 4)
    tape.send(20, 7, b"a")
    tape.receive(10, 4, b"a")
    found, _ = tape.survey(tmp_path)
    assert [(each.sender.pid, each.receiver.pid) for each in found.messages] == [(20, 10)]


def test_what_is_no_socket(tmp_path: Path) -> None:
    """A write to a file or to nobody knows what is no message."""
    tape = Tape()
    tape.open(10, b"/tmp/x")
    tape.enter(10, "write", 3, 0, 5, memory=b"hello")
    tape.leave(10, 5)
    tape.enter(10, "write", 1, 0, 5, memory=b"hello")
    tape.leave(10, 5)
    found, _ = tape.survey(tmp_path)
    assert found.messages == []
