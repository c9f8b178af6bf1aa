"""Which crash points a call is, and which messages it moves."""

from __future__ import annotations

import copy
import os
import re
import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode.architecture import native_numbers
from bstinspect.faults.ordinals import CLONE_THREAD, EVENTS, RESTARTS, Ordinals
from bstinspect.faults.run import Passed, Sent
from bstinspect.linux import memory
from bstinspect.zmtp import words
from bstinspect.zmtp.events import Message
from bstinspect.zmtp.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bstinspect.faults.address import Address
    from bstinspect.faults.ordinals import Place
    from bstinspect.faults.stage.tracee import Process, Thread
    from bstinspect.zmtp.events import Event

_NUMBERS: Final = native_numbers()
CALLS: Final = {_NUMBERS[name]: event for name, event in EVENTS.items() if name in _NUMBERS}
"""The event of each call that is a crash point, by its number."""
_VECTORED: Final = {_NUMBERS["sendmsg"], _NUMBERS["recvmsg"]}
_CLONES: Final = {_NUMBERS["clone"]: 0, _NUMBERS["clone3"]: 1}
_IDENTITY: Final = re.compile(r"-?[0-9]+\.[0-9]+", re.ASCII)
_MOST: Final = 1 << 16


class _Connection:
    """Both directions of a connection, as one process sees it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.sent = Stream()
        self.received = Stream()


class _Actor:
    """What a process has done so far."""

    def __init__(self) -> None:
        self.ordinals = Ordinals()
        self.connections: dict[str, _Connection] = {}

    def connection(self, pid: int, descriptor: int) -> _Connection | None:
        """Return the connection behind a descriptor; its inode tells it from a later one of that number."""
        try:
            key = os.readlink(f"/proc/{pid}/fd/{descriptor}")  # noqa: PTH115 - a name, no path
        except OSError:
            return None
        if key not in self.connections:
            self.connections[key] = _Connection(len(self.connections) + 1)
        return self.connections[key]


class Points:
    """Counts what every process does, and keeps the transcript."""

    def __init__(self) -> None:
        self.passed: list[Passed] = []
        self.messages: list[Sent] = []
        self.command = -1
        """Index of the command that is being answered."""
        self._stops = 0
        self._actors: dict[Process, _Actor] = {}

    def is_point(self, thread: Thread) -> bool:
        """Tell whether the call that a thread is at is one of those that are counted."""
        if thread.number not in CALLS:
            return False
        if thread.number not in _CLONES:
            return True
        flags = thread.arguments[0]
        if _CLONES[thread.number]:
            flags = int.from_bytes(memory.read(thread.tid, flags, 8), "little")
        return not flags & CLONE_THREAD

    def entered(self, thread: Thread, now_ns: int) -> list[Address]:
        """Return the crash points that a thread is at, at the entry of a call."""
        actor = self._actors.setdefault(thread.process, _Actor())
        event = CALLS[thread.number]
        if event == "recv":
            return []
        if event == "send":
            connection = actor.connection(thread.process.pid, thread.arguments[0])
            if connection is None:
                return []
            events = copy.deepcopy(connection.sent).feed(*outgoing(thread))
            places: Sequence[Place] = actor.ordinals.would_send(connection.number, events)
            return self._pass(thread.process, [each for each in places if each.begins], "entry", now_ns)
        if event == "bind":
            _name(thread)
        return self._pass(thread.process, [actor.ordinals.would_call(event)], "entry", now_ns)

    def left(self, thread: Thread, value: int, now_ns: int) -> list[Address]:
        """Return the crash points that a thread is at, at the exit of a call that returned `value`."""
        actor = self._actors.setdefault(thread.process, _Actor())
        event = CALLS[thread.number]
        if event not in ("send", "recv"):
            if value in RESTARTS or not self.is_point(thread):
                return []
            return self._pass(thread.process, [actor.ordinals.call(event)], "exit", now_ns)
        connection = actor.connection(thread.process.pid, thread.arguments[0])
        if value <= 0 or connection is None:
            return []
        data = outgoing(thread)[0][:value] if event == "send" else _incoming(thread, value)
        stream = connection.sent if event == "send" else connection.received
        events = stream.feed(data, value)
        if event == "send":
            places = actor.ordinals.sends(connection.number, events)
            self._note_sent(thread.process, events, now_ns)
        else:
            places = actor.ordinals.receives(connection.number, events)
            self._note_received(thread.process, events, now_ns)
        return self._pass(thread.process, [each for each in places if each.ends], "exit", now_ns)

    def gone(self, process: Process) -> None:
        """A process is dead."""
        self._actors.pop(process, None)

    def _pass(self, process: Process, places: Sequence[Place], when: str, now_ns: int) -> list[Address]:
        if not process.name:
            return []
        found = [each.address(process.name, when) for each in places]
        self._stops += 1
        self.passed += [Passed(each, now_ns, self.command, self._stops) for each in found]
        return found

    def _note_sent(self, process: Process, events: Sequence[Event], now_ns: int) -> None:
        for event in events:
            if isinstance(event, Message) and (name := words.name(event)) is not None:
                text = words.describe(event) or name
                self.messages.append(Sent(process.name, "", name, text, now_ns, None, self.command))

    def _note_received(self, process: Process, events: Sequence[Event], now_ns: int) -> None:
        for event in events:
            if not isinstance(event, Message) or (name := words.name(event)) is None:
                continue
            text = words.describe(event) or name
            for index, sent in enumerate(self.messages):
                if sent.received_ns is None and sent.text == text and sent.sender != process.name:
                    changed = (sent.sender, process.name, name, text, sent.time_ns, now_ns, sent.command)
                    self.messages[index] = Sent(*changed)
                    break


def _name(thread: Thread) -> None:
    """Give a node the name that its socket has: the path of its own socket ends with its id and life."""
    size = min(thread.arguments[2], 110)
    path = memory.read(thread.tid, thread.arguments[1], size)[2:].split(b"\0")[0]
    name = path.rpartition(b"/")[2].decode("utf-8", "replace")
    if _IDENTITY.fullmatch(name):
        thread.process.name = name


def outgoing(thread: Thread) -> tuple[bytes, int]:
    """Return what a thread is about to send, as much as is looked at, and its length."""
    if thread.number in _VECTORED:
        return _vector(thread, _MOST)
    length = thread.arguments[2]
    return memory.read(thread.tid, thread.arguments[1], min(length, _MOST)), length


def _incoming(thread: Thread, value: int) -> bytes:
    if thread.number in _VECTORED:
        return _vector(thread, value)[0]
    return memory.read(thread.tid, thread.arguments[1], min(value, _MOST))


def _vector(thread: Thread, most: int) -> tuple[bytes, int]:
    header = memory.read(thread.tid, thread.arguments[1], 56)
    if len(header) < 56:
        return b"", 0
    where, count = struct.unpack_from("<16xQQ", header)
    vectors = list(struct.iter_unpack("<QQ", memory.read(thread.tid, where, 16 * min(count, 64))))
    whole = b"".join(memory.read(thread.tid, base, min(length, most)) for base, length in vectors)
    return whole[:most], sum(length for _, length in vectors)
