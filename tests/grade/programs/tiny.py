"""A tiny sound cluster in the assignment's language: `python -S -E tiny.py`. Its links are socket pairs.

The processes mirror the search tree. A request has a number, and a reply to another one is dropped; who hears
nothing from below says that it is unavailable. wrong.py has what others do wrong, a class each.
"""

from __future__ import annotations

import marshal
import os
import select
import signal
import socket
import sys
import time

TYPE_CHECKING = False  # to import typing takes longer than all the rest
if TYPE_CHECKING:
    from typing import Any

    Message = dict[str, Any]

PATIENCE = 0.9
"""Seconds that the controller waits for the root, and"""
LESS = 0.2
"""so much less one level further down."""


class Link:
    """One end of the way between a node and one below it, or the controller and the root."""

    def __init__(self, end: socket.socket, pid: int) -> None:
        self.end = end
        self.pid = pid
        self.number = 0

    def ask(self, request: Message, patience: float) -> Message | None:
        """Send a request down and wait for its reply; None: there is none."""
        self.number += 1
        try:
            self.end.send(marshal.dumps({**request, "number": self.number}))
        except OSError:
            return self.silence()
        limit = time.monotonic() + patience
        while (left := self.left(limit)) is None or left > 0:
            if not select.select([self.end], [], [], left)[0]:
                break
            data = receive(self.end)
            if not data:
                return self.silence()
            reply: Message = marshal.loads(data)  # noqa: S302 - from a process that was forked here
            if self.is_mine(reply):
                return reply
        return None

    def left(self, limit: float) -> float | None:
        """Return the seconds that are left to wait."""
        return limit - time.monotonic()

    def silence(self) -> Message | None:
        """Nobody is at the other end any more."""
        return None

    def is_mine(self, reply: Message) -> bool:
        """Tell whether a reply is to the last request."""
        return bool(reply["number"] == self.number)


class Member:
    """What the controller and a node have in common: they fork nodes below them."""

    link: type[Link] = Link

    def __init__(self) -> None:
        self.below: dict[str, Link] = {}

    def fork(self, id_: int, side: str) -> int:
        """Fork a node; return its pid."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if not pid:
            ours.close()
            self.forget()
            type(self).node(id_, theirs).serve()
            os._exit(0)
        theirs.close()
        self.below[side] = self.link(ours, pid)
        return pid

    def forget(self) -> None:
        """In a new node: close what is its parent's."""
        for link in self.below.values():
            link.end.close()

    @classmethod
    def node(cls, id_: int, end: socket.socket) -> Node:
        """Make the node that is forked here."""
        return Node(id_, end)


class Node(Member):
    """A node: serves requests until nobody is above it any more."""

    def __init__(self, id_: int, end: socket.socket) -> None:
        super().__init__()
        self.id = id_
        self.above = end

    def forget(self) -> None:
        """In a new node: close its parent's way up, too."""
        super().forget()
        self.above.close()

    def serve(self) -> None:
        """Answer requests."""
        while data := receive(self.above):
            request: Message = marshal.loads(data)  # noqa: S302 - from a process that was forked here
            reply = self.answer(request)
            if reply is not None:
                self.above.send(marshal.dumps({**reply, "number": request["number"]}))
        self.orphaned()

    def orphaned(self) -> None:
        """Nobody is above any more."""

    def answer(self, request: Message) -> Message | None:
        """Answer a request, or have it answered below."""
        if request["verb"] == "ping":
            return {"ids": [self.id, *self.gather(request)]}
        if request["id"] == self.id:
            return self.work(request)
        side = "left" if request["id"] < self.id else "right"
        if side not in self.below:
            return (
                {"pid": self.fork(request["id"], side)}
                if request["verb"] == "create"
                else {"error": "Not found"}
            )
        reply = self.below[side].ask(_deeper(request), request["patience"] - LESS)
        return reply or self.unavailable()

    def unavailable(self) -> Message | None:
        """Return the answer for one below that does not answer."""
        return {"error": "unavailable"}

    def gather(self, request: Message) -> list[int]:
        """Return the ids that can be reached below."""
        replies = [link.ask(_deeper(request), request["patience"] - LESS) for link in self.below.values()]
        return [id_ for reply in replies if reply for id_ in reply["ids"]]

    def work(self, request: Message) -> Message:
        """Add up."""
        return {"sum": sum(request["numbers"])}


class Controller(Member):
    """Reads commands and prints replies."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[int] = set()

    def run(self) -> None:
        """Answer all commands of the input."""
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody becomes a zombie
        while line := self.read():
            words = line.split()
            if words == ["exit"]:
                break
            if words:
                self.say(self.reply(words))
        self.end(line)

    def read(self) -> str:
        """Return the next line; empty at the end."""
        return sys.stdin.readline()

    def say(self, text: str) -> None:
        """Print a reply."""
        print(text, flush=True)

    def end(self, last: str) -> None:
        """It is over; `last` is empty at the end of the input."""

    def reply(self, words: list[str]) -> str:
        """Return the reply to a command."""
        command, *arguments = words
        try:
            if command == "create":
                return self.create(*map(_id, arguments[:2]))
            if command in ("exec", "exes"):
                return self.execute(_id(arguments[0]), arguments[1:])
            if command == "pingall":
                return "Ok: " + (";".join(map(str, self.pingall())) or "-1")
        except (ValueError, TypeError, IndexError) as error:
            return f"Error: {error}"
        return "Error: Unknown command"

    def create(self, id_: int, _parent: int = 0) -> str:
        """Create a node."""
        if id_ in self.ids:
            return "Error: Already exists"
        if not self.below:
            pid = self.fork(id_, "root")
        else:
            made = self.ask({"verb": "create", "id": id_})
            if made is None or "pid" not in made:
                return "Error: Parent is unavailable"
            pid = made["pid"]
        self.ids.add(id_)
        return f"Ok: {pid}"

    def execute(self, id_: int, words: list[str]) -> str:
        """Have a node add up."""
        if id_ not in self.ids:
            return f"Error:{id_}: Not found"
        try:
            numbers = list(map(int, words[1:]))
        except ValueError:
            return self.bad_word(id_)
        if int(words[0]) != len(numbers) or not numbers:
            return self.bad_count(id_, numbers)
        reply = self.ask({"verb": "exec", "id": id_, "numbers": numbers})
        return f"Ok:{id_}: {reply['sum']}" if reply and "sum" in reply else self.lost(id_)

    def lost(self, id_: int) -> str:
        """Return the reply for a node that cannot be reached."""
        return f"Error:{id_}: Node is unavailable"

    def bad_word(self, id_: int) -> str:
        """Return the reply to a word among the numbers."""
        return f"Error:{id_}: Not a number"

    def bad_count(self, id_: int, numbers: list[int]) -> str:
        """Return the reply to too few numbers, too many, or none."""
        return f"Error:{id_}: {len(numbers)} numbers"

    def pingall(self) -> list[int]:
        """Return the ids that cannot be reached."""
        reply = self.ask({"verb": "ping"}) if self.below else None
        return sorted(self.ids - set(reply["ids"] if reply else ()))

    def ask(self, request: Message) -> Message | None:
        """Ask the root."""
        return self.below["root"].ask({**request, "patience": PATIENCE}, PATIENCE)


def receive(end: socket.socket) -> bytes:
    """Return the next message; empty where nobody is at the other end any more."""
    try:
        return end.recv(1 << 20)
    except OSError:
        return b""


def _deeper(request: Message) -> Message:
    return {**request, "patience": request["patience"] - LESS}


def _id(word: str) -> int:
    number = int(word)
    if number == -1:
        raise ValueError("-1 is reserved")
    return number


if __name__ == "__main__":
    Controller().run()
