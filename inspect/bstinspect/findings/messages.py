"""Messages on their way: what one process sent put together with what another received."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Final

from bstinspect.findings.model import End, MessageFacts
from bstinspect.zmtp.events import Message
from bstinspect.zmtp.labels import label
from bstinspect.zmtp.words import NAMES

if TYPE_CHECKING:
    from bstinspect.findings.calls import Finished
    from bstinspect.findings.model import SeenCall
    from bstinspect.findings.peers import LinkEnd, Peers
    from bstinspect.findings.traffic import Move

MOST: Final = 5000
"""So many messages are kept; the others are counted."""
_WAITING: Final = 1000
"""So many that were sent wait for who receives them; then the oldest is given up."""
_OURS: Final = frozenset(NAMES.values())
_REQUEST: Final = re.compile(r"#(\d+)")
_SHOWN: Final = 40


class _Sent:
    """A message that was sent, or was received before the send was seen to end."""

    __slots__ = ("end", "facts", "is_only_one", "key", "waits")

    def __init__(self, key: tuple[object, ...], end: LinkEnd, facts: MessageFacts) -> None:
        self.key = key
        self.end = end
        """Where it was seen."""
        self.facts = facts
        self.waits = True
        """Its other half has not been seen."""
        self.is_only_one = True
        """No other message alike was on its way at the same time that might have been meant."""


class Messages:
    """All messages of a capture."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self.all: list[MessageFacts] = []
        self.omitted = 0
        self._sent = _Halves()
        self._received = _Halves()

    def take(self, call: Finished, move: Move, *, is_socket: bool) -> str:
        """Take what a call moved; return what to call it, empty where the trace has words for it already."""
        place = move.pid, move.fd
        if move.events:
            end = self._peers.end(place)
            end.is_zmtp = True
            seen: SeenCall | None = None
            points = list(call.points)
            for event in move.events:
                if isinstance(event, Message):
                    seen = seen or call.seen()
                    self._message(end, move, event, seen, points)
            return ""
        if not is_socket or move.length <= 0:
            return ""
        end = self._peers.end(place)
        if end.is_zmtp:
            return ""
        return self._plain_sent(call, end, move) if move.sent else self._plain_received(call, end, move)

    # -- ZeroMQ

    def _message(self, end: LinkEnd, move: Move, event: Message, seen: SeenCall, points: list[str]) -> None:
        text = label([event]).removeprefix("zmtp: ").removeprefix("... end of ")
        kind = text.split(" ", 1)[0]
        ours = kind in _OURS
        request = _REQUEST.search(text) if ours else None
        first = event.parts[-1].data if event.parts else b""
        key = (text, event.size, event.count, first[:64])
        here, point = End(move.pid, move.fd), _point(points, kind if ours else "")
        other_half = (self._sent if not move.sent else self._received).match(key, end, seen, sent=move.sent)
        if other_half is not None:
            if move.sent:
                other_half.sent, other_half.sender, other_half.sent_at = seen, here, point
            else:
                other_half.received, other_half.receiver, other_half.received_at = seen, here, point
            return
        other = _other_end(end)
        message = MessageFacts(
            text, kind if ours else "message", event.size,
            here if move.sent else other, other if move.sent else here,
            seen if move.sent else None, None if move.sent else seen,
            int(request[1]) if request else None, payload=_printable(first),
            sent_at=point if move.sent else "", received_at="" if move.sent else point,
        )  # fmt: skip
        self._keep(message)
        (self._sent if move.sent else self._received).add(_Sent(key, end, message))

    # -- anything else

    def _plain_sent(self, call: Finished, end: LinkEnd, move: Move) -> str:
        end.sends += 1
        name = f"send #{end.sends}"
        call.annotation = name
        message = MessageFacts(
            name, "send", move.length, End(move.pid, move.fd), _other_end(end), call.seen(),
            payload=_printable(move.data), connection=self._peers.number(end), sent_at=_point([*call.points]),
        )  # fmt: skip
        self._keep(message)
        end.sent += move.length
        other = end.other
        if other is not None and other.received >= end.sent:  # it was received before the send returned
            message.received = next(call for upto, call in other.arrivals if upto >= end.sent)
            message.received_at = _point([*message.received.points])
            message.receiver = End(*other.place)
        else:
            end.under_way.append((end.sent, message))
            if len(end.under_way) > _WAITING:
                end.under_way.popleft()
        return name

    @staticmethod
    def _plain_received(call: Finished, end: LinkEnd, move: Move) -> str:
        """Note the arrival of all sends whose last byte has come."""
        end.received += move.length
        under_way = end.other.under_way if end.other else deque()
        arrived = []
        while under_way and under_way[0][0] <= end.received:
            arrived.append(under_way.popleft()[1])
        names = ", ".join(message.label for message in arrived)
        call.annotation = names
        seen = call.seen()
        end.arrivals.append((end.received, seen))
        for message in arrived:
            message.received, message.receiver = seen, End(move.pid, move.fd)
            message.received_at = _point([*seen.points])
        return names

    # -- both

    def _keep(self, message: MessageFacts) -> None:
        if len(self.all) < MOST:
            self.all.append(message)
        else:
            self.omitted += 1


class _Halves:
    """Messages of which one half was seen, by what they are; the oldest are given up."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[object, ...], deque[_Sent]] = {}
        self._all: deque[_Sent] = deque()

    def add(self, half: _Sent) -> None:
        """Let a half wait for its other one."""
        self._by_key.setdefault(half.key, deque()).append(half)
        self._all.append(half)
        if len(self._all) > _WAITING:
            oldest = self._all.popleft()
            if oldest.waits:
                self._remove(oldest)

    def match(
        self, key: tuple[object, ...], end: LinkEnd, seen: SeenCall, *, sent: bool
    ) -> MessageFacts | None:
        """Return the other half of what was seen now: of those alike the one from the other end.

        Where it is not known which end that is, and only one can be meant, it is known from now on.
        """
        fitting = [each for each in self._by_key.get(key, ()) if _fits(each, end, seen, sent=sent)]
        if not fitting:
            return None
        found = fitting[0]
        if any(each.end is not found.end for each in fitting):
            for each in fitting:
                each.is_only_one = False
        if found.is_only_one:
            end.meet(found.end)
        found.waits = False
        self._remove(found)
        return found.facts

    def _remove(self, half: _Sent) -> None:
        alike = self._by_key[half.key]
        alike.remove(half)
        if not alike:
            del self._by_key[half.key]


def _fits(half: _Sent, end: LinkEnd, seen: SeenCall, *, sent: bool) -> bool:
    """Tell whether a half can be the other one of what was seen at `end` now."""
    there = half.end
    if sent and half.facts.received is not None and seen.when > _returned(half.facts.received):
        return False  # nothing is received before it is sent
    if end.other is not None or there.other is not None:
        return end.other is there or there.other is end
    pid, here = there.place[0], end.place[0]
    return pid != here and end.peer in (None, pid) and there.peer in (None, here)


def _returned(call: SeenCall) -> int:
    return call.when + (call.duration or 0)


def _other_end(end: LinkEnd) -> End:
    return End(*end.other.place) if end.other else End(end.peer)


def _point(points: list[str], kind: str = "") -> str:
    """Take the address of the next message of a kind out of those of a call, in their order.

    One without a name has that of the call, which is not taken.
    """
    if not kind:
        return next((each for each in points if "(" not in each), "")
    found = next((each for each in points if f"({kind})" in each), "")
    if found:
        points.remove(found)
    return found


def _printable(data: bytes) -> str:
    """Return the beginning of a payload, where it is plain text."""
    text = data[:_SHOWN].decode("ascii", "replace").rstrip("\r\n")
    return text if text and text.isprintable() and "\ufffd" not in text else ""
