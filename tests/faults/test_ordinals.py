"""Addresses of crash points are counted as a person would count them, however the bytes were cut."""

from __future__ import annotations

import pytest

from bstcluster.protocol import Exec, Ping, Sum, encode
from bstinspect.faults.address import EVENTS as WORDS
from bstinspect.faults.address import Address
from bstinspect.faults.ordinals import EVENTS, ConnectionNumbers, Ordinals, Place
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
from bstinspect.zmtp.stream import Stream

REPLY = encode(Sum(7, b"\x14"))
READY = Command("READY", 20)
FOREIGN = Message((Part(b"hi", 2),), 1, 2)


def message(body: bytes, *, continued: bool = False) -> Message:
    """Return a message of one part."""
    return Message((Part(body, len(body)),), 1, len(body), continued=continued)


def frame(body: bytes) -> bytes:
    """Return a short frame of ZMTP."""
    return bytes([0, len(body)]) + body


def names(places: list[Place]) -> list[str]:
    """Return places as they are written."""
    return [str(place) for place in places]


def test_a_message_with_a_name_is_counted_over_all_connections_and_by_direction() -> None:
    """`send(exec-reply)#2` is the second exec reply that the process sends, to whomever."""
    counted = Ordinals()
    assert names(counted.sends(1, [message(REPLY)])) == ["send(exec-reply)#1"]
    assert names(counted.receives(1, [message(REPLY)])) == ["recv(exec-reply)#1"]
    assert names(counted.sends(2, [message(REPLY)])) == ["send(exec-reply)#2"]


def test_a_call_with_several_messages_has_a_place_for_each_in_the_order_of_its_bytes() -> None:
    """One `sendto` may carry several frames."""
    events: list[Event] = [Greeting((3, 1)), READY, message(REPLY), message(REPLY)]
    places = names(Ordinals().sends(1, events))
    assert places == ["send(greeting)#1", "send(ready)#1", "send(exec-reply)#1", "send(exec-reply)#2"]


def test_a_foreign_message_is_counted_by_the_calls_on_its_connection() -> None:
    """All calls that moved bytes count, those with a name too; a named neighbour takes the call's place."""
    counted = Ordinals()
    counted.sends(1, [Greeting((3, 1))])
    counted.sends(1, [READY, FOREIGN])
    assert names(counted.sends(1, [FOREIGN, FOREIGN])) == ["send#3"]
    assert names(counted.sends(2, [])) == ["send/2#1"]
    assert names(counted.receives(2, [])) == ["recv/2#1"]


@pytest.mark.parametrize("cut", range(1, len(frame(REPLY))))
def test_a_message_cut_in_two_is_entered_where_it_begins_and_left_where_it_ends(cut: int) -> None:
    """Under one ordinal, though a message of the same name went by in between over another connection."""
    stream, counted = Stream(late=True), Ordinals()
    stream.feed(frame(b"x"), 3)
    first, second = frame(REPLY)[:cut], frame(REPLY)[cut:]
    [began] = counted.sends(1, stream.feed(first, cut))
    [between] = counted.sends(2, [message(REPLY)])
    [ended] = counted.sends(1, stream.feed(second, len(second)))
    assert (ended.message, ended.begins, ended.ends) == ("exec-reply", False, True)
    if began.message:
        assert (began.begins, began.ends) == (True, False)
        assert (began.ordinal, between.ordinal, ended.ordinal) == (1, 2, 1)
    else:
        assert (str(began), between.ordinal, ended.ordinal) == ("send#1", 1, 2)


def test_the_name_is_known_before_the_whole_message_is() -> None:
    """Or the test above would test nothing but messages without a name."""
    stream = Stream(late=True)
    stream.feed(frame(b"x"), 3)
    assert names(Ordinals().sends(1, stream.feed(frame(REPLY)[:-1], len(frame(REPLY)) - 1))) == [
        "send(exec-reply)#1"
    ]


def test_a_greeting_and_a_command_cut_in_two_are_like_messages() -> None:
    """A command may come between the parts of a message, which is under way all the while."""
    counted = Ordinals()
    assert [place.ends for place in counted.sends(1, [GreetingBegun()])] == [False]
    assert names(counted.sends(1, [Continued(0, 0, more=False)])) == ["send#2"]
    assert names(counted.sends(1, [Greeting((3, 1), continued=True)])) == ["send(greeting)#1"]
    counted.sends(1, [Begun(message(REPLY), 1, 30, more=True)])
    counted.sends(1, [Begun(READY, 1, 20, more=False)])
    events: list[Event] = [Command("READY", 20, continued=True), message(REPLY, continued=True)]
    assert [(str(place), place.begins) for place in counted.sends(1, events)] == [
        ("send(ready)#1", False),
        ("send(exec-reply)#1", False),
    ]


@pytest.mark.parametrize("lost", [Missing(90, in_step=False), Broken("reserved flags 0xff")])
def test_what_was_under_way_is_forgotten_where_the_stream_loses_its_step(lost: Event) -> None:
    """The next message is another one."""
    counted = Ordinals()
    counted.sends(1, [Begun(message(REPLY), 1, 30, more=False)])
    counted.sends(1, [lost])
    assert names(counted.sends(1, [message(REPLY, continued=True)])) == ["send(exec-reply)#2"]


def test_what_a_call_would_be_is_told_without_counting_it() -> None:
    """At its entry it may still fail, or be short."""
    counted = Ordinals()
    for _ in range(2):
        assert names(counted.would_send(1, [Begun(message(REPLY), 1, 30, more=False)])) == [
            "send(exec-reply)#1"
        ]
        assert str(counted.would_call("bind")) == "bind#1"
    assert str(counted.call("bind")) == "bind#1"
    assert str(counted.would_call("bind")) == "bind#2"
    counted.sends(1, [Begun(message(REPLY), 1, 30, more=False)])
    counted.would_send(1, [message(REPLY, continued=True)])
    assert names(counted.sends(1, [message(REPLY, continued=True)])) == ["send(exec-reply)#1"]


def test_commands_of_zmtp_are_not_mistaken_for_ours() -> None:
    """ZMTP has a PING too."""
    assert names(Ordinals().sends(1, [Command("PING", 7), message(encode(Ping(1, 9, 1)))])) == [
        "send(zmtp-ping)#1",
        "send(ping)#1",
    ]


def test_connections_are_numbered_in_the_order_of_their_first_use() -> None:
    """A descriptor that was closed comes back as another connection."""
    numbers = ConnectionNumbers()
    assert [numbers.number(fd) for fd in (9, 5, 9)] == [1, 2, 1]
    numbers.closed(9)
    assert numbers.number(9) == 3


def test_places_are_addresses() -> None:
    """What is written can be parsed, and is the same point."""
    counted = Ordinals()
    places = [
        *counted.sends(1, [message(encode(Exec(7, 20, 1, b"", last=True)))]),
        *counted.receives(2, []),
        counted.call("fork"),
    ]
    for place in places:
        address = place.address("20.1", "exit")
        assert Address.parse(f"20.1:{place}@exit") == address
    assert set(EVENTS.values()) == set(WORDS)
