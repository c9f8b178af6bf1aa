"""Messages on their way: what one process sent put together with what another received."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Final

from bstinspect.findings.model import End, MessageFacts
from bstinspect.zmtp.events import Message
from bstinspect.zmtp.labels import label
from bstinspect.zmtp.words import NAMES

if TYPE_CHECKING:
    from bstinspect.findings.calls import Finished
    from bstinspect.findings.model import SeenCall
    from bstinspect.findings.peers import Peers, Place
    from bstinspect.findings.traffic import Move

MOST: Final = 5000
"""So many messages are kept; the others are counted."""
_WAITING: Final = 1000
"""So many that were sent wait for who receives them."""
_OURS: Final = frozenset(NAMES.values())
_REQUEST: Final = re.compile(r"#(\d+)")
_SHOWN: Final = 40
DOWN: Final = frozenset({"create", "exec", "numbers", "cancel", "forget", "probe", "ping", "credit"})
"""What goes from the controller towards the leaves (credit goes both ways: it is judged by its request)."""


class Messages:
    """All messages of a capture."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self.all: list[MessageFacts] = []
        self.omitted = 0
        self._on_their_way: dict[tuple[object, ...], deque[MessageFacts]] = defaultdict(deque)
        self._waiting = 0
        self._sends: dict[tuple[int, bool], int] = defaultdict(int)
        """How many sends there were on a connection without a decoder, by its number and the direction."""
        self._sent: dict[Place, int] = defaultdict(int)
        self._received: dict[Place, int] = defaultdict(int)
        """Bytes that went through such a connection's end."""
        self._streams: dict[Place, deque[tuple[int, MessageFacts]]] = defaultdict(deque)
        """Of such a connection's end what was sent from there: where it ends in the stream, and the send."""
        self._of_zmtp: set[Place] = set()

    def take(self, call: Finished, move: Move, *, is_socket: bool) -> str:
        """Take what a call moved; return what to call it, empty where the trace has words for it already."""
        place = move.pid, move.fd
        if move.events:
            self._of_zmtp.add(place)
            seen: SeenCall | None = None
            for event in move.events:
                if isinstance(event, Message):
                    seen = seen or call.seen()
                    self._message(place, move, event, seen)
            return ""
        if not is_socket or place in self._of_zmtp or move.length <= 0:
            return ""
        return self._plain_sent(call, place, move) if move.sent else self._plain_received(call, place, move)

    def closed(self, pid: int, fd: int) -> None:
        """A descriptor is closed: its number may become another connection's."""
        place = pid, fd
        self._of_zmtp.discard(place)
        self._sent.pop(place, None)
        self._received.pop(place, None)

    # -- ZeroMQ

    def _message(self, place: Place, move: Move, event: Message, seen: SeenCall) -> None:
        text = label([event]).removeprefix("zmtp: ").removeprefix("... end of ")
        kind = text.split(" ", 1)[0]
        ours = kind in _OURS
        request = _REQUEST.search(text) if ours else None
        first = event.parts[-1].data if event.parts else b""
        key = (text, event.size, event.count, first[:64])
        here = End(move.pid, move.fd)
        if not move.sent:
            found = self._match(key, place)
            if found is not None:
                found.received = seen
                found.receiver = here
                self._peers.learn((found.sender.pid or 0, found.sender.fd), place)
                return
        other = self._other_end(place)
        message = MessageFacts(
            text, kind if ours else "message", event.size,
            here if move.sent else other, other if move.sent else here,
            seen if move.sent else None, None if move.sent else seen,
            int(request[1]) if request else None, payload=_printable(first),
        )  # fmt: skip
        self._keep(message)
        if move.sent and self._waiting < _WAITING:
            self._on_their_way[key].append(message)
            self._waiting += 1

    def _match(self, key: tuple[object, ...], place: Place) -> MessageFacts | None:
        """Return the message that has come here: of those alike the one from the other end."""
        waiting = self._on_their_way.get(key)
        if not waiting:
            return None
        source = self._peers.other(place)
        source_pid = self._peers.pid(place)
        for message in waiting:
            sender = message.sender
            towards = self._peers.other((sender.pid or 0, sender.fd))
            if source is not None and source != (sender.pid, sender.fd):
                continue
            if (source_pid or sender.pid) != sender.pid or sender.pid == place[0]:
                continue
            if towards is not None and towards != place:
                continue
            waiting.remove(message)
            self._waiting -= 1
            return message
        return None

    # -- anything else

    def _plain_sent(self, call: Finished, place: Place, move: Move) -> str:
        connection = self._peers.number(place)
        name = f"send #{self._count(place, connection)}"
        call.annotate(name)
        message = MessageFacts(
            name, "send", move.length, End(*place), self._other_end(place), call.seen(),
            payload=_printable(move.data), connection=connection,
        )  # fmt: skip
        self._keep(message)
        self._sent[place] += move.length
        if self._waiting < _WAITING:
            self._streams[place].append((self._sent[place], message))
            self._waiting += 1
        return name

    def _plain_received(self, call: Finished, place: Place, move: Move) -> str:
        """Note the arrival of all sends whose last byte has come."""
        source = self._peers.other(place)
        if source is None:
            return ""
        self._received[place] += move.length
        names = []
        stream = self._streams[source]
        while stream and stream[0][0] <= self._received[place]:
            _, message = stream.popleft()
            self._waiting -= 1
            names.append(message.label)
            message.received = call.seen()
            message.receiver = End(*place)
        return ", ".join(names)

    def _count(self, place: Place, connection: int) -> int:
        other = self._peers.other(place)
        direction = connection, other is None or place < other
        self._sends[direction] += 1
        return self._sends[direction]

    # -- both

    def _other_end(self, place: Place) -> End:
        other = self._peers.other(place)
        return End(*other) if other else End(self._peers.pid(place))

    def _keep(self, message: MessageFacts) -> None:
        if len(self.all) < MOST:
            self.all.append(message)
        else:
            self.omitted += 1


def _printable(data: bytes) -> str:
    """Return the beginning of a payload, where it is plain text."""
    text = data[:_SHOWN].decode("ascii", "replace").rstrip("\r\n")
    return text if text and text.isprintable() and "\ufffd" not in text else ""
