# ruff: noqa: D102, ARG002 - the class says what is wrong; methods are those of tiny.py
"""What the solutions out there do wrong, a class each: `python -S -E wrong.py CLASS`."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time

TYPE_CHECKING = False  # to import typing takes longer than all the rest
if TYPE_CHECKING:
    from typing import NoReturn, TextIO

    from . import tiny
    from .tiny import Controller, Link, Message, Node
else:  # it is a script
    import tiny
    from tiny import Controller, Link, Node

tiny.PATIENCE, tiny.LESS = 0.3, 0.08


def forever() -> NoReturn:
    """Hang."""
    while True:
        time.sleep(1000)


class _EndlessLink(Link):
    def left(self, limit: float) -> None:
        """Wait without end."""

    def silence(self) -> Message | None:
        forever()


class _FrozenLink(Link):
    def left(self, limit: float) -> None:
        """Wait without end for what is stopped; what is dead is noticed."""


class _OnceLink(Link):
    broken = False

    def ask(self, request: Message, patience: float) -> Message | None:
        """As a REQ socket does: after a lost reply, never again."""
        reply = None if self.broken else super().ask(request, patience)
        self.broken = reply is None
        return reply


class _AnyLink(Link):
    def is_mine(self, reply: Message) -> bool:
        return True


class _MuteNode(Node):
    def unavailable(self) -> Message | None:
        """Pass on nothing."""
        return None


class TimeoutsNeverTakeEffect(Controller):
    """Whoever waits for a dead node waits for good."""

    link = _EndlessLink

    @classmethod
    def node(cls, id_: int, end: socket.socket) -> Node:
        """Make a node that waits likewise."""
        node = Node(id_, end)
        type(node).link = _EndlessLink
        return node


class AStopFreezesAll(Controller):
    """Death is noticed, a stop is waited for."""

    link = _FrozenLink

    @classmethod
    def node(cls, id_: int, end: socket.socket) -> Node:
        """Make a node that waits likewise."""
        node = Node(id_, end)
        type(node).link = _FrozenLink
        return node


class NeverRecovers(Controller):
    """One lost reply, and nothing is answered any more."""

    link = _OnceLink

    @classmethod
    def node(cls, id_: int, end: socket.socket) -> Node:
        """Make a node that says nothing of what is dead below."""
        return _MuteNode(id_, end)


class LateReplies(Controller):
    """A reply is taken for that of whatever was asked last."""

    link = _AnyLink


class ListsTheAvailable(Controller):
    """The other half of the ids."""

    def pingall(self) -> list[int]:
        return sorted(self.ids - set(super().pingall()))


class ExecOfDeadHangs(Controller):
    """It waits for a reply that will not come."""

    def lost(self, id_: int) -> str:
        forever()


def strangers() -> list[int]:
    """Return the decoys: leaders of a session, with our parent and name. Nobody else comes to harm."""
    from pathlib import Path

    mine = Path("/proc/self/comm").read_text("utf-8")
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        try:
            parent = int((folder / "stat").read_text("utf-8").rpartition(")")[2].split()[1])
            is_one = (
                parent == os.getppid()
                and os.getsid(pid) == pid
                and (folder / "comm").read_text("utf-8") == mine
            )
        except OSError:
            continue
        if is_one and pid != os.getpid():
            found.append(pid)
    return found


class NoReplyToExec(Controller):
    """It reads the command, and that is all."""

    def execute(self, id_: int, words: list[str]) -> str:
        forever()


class KillsStrangers(Controller):
    """`killall -9 node`, by its name."""

    def end(self, last: str) -> None:
        for pid in strangers():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue


class KillsEverybody(Controller):
    """kill(-1): all processes. It does so in a sandbox only, where its parent is the first process."""

    def end(self, last: str) -> None:
        if os.getppid() == 1:
            os.kill(-1, signal.SIGTERM)


class KillsByAllMeans(Controller):
    """Every call that sends a signal, to a stranger; and to itself, which is its own affair."""

    def end(self, last: str) -> None:
        import ctypes

        call = ctypes.CDLL(None).syscall
        info = (ctypes.c_int * 32)(0, 0, -1)  # siginfo_t, with si_code SI_QUEUE
        number = signal.SIGKILL
        for pid in strangers():
            folder = os.open(f"/proc/{pid}", os.O_RDONLY)
            for words in (
                (62, pid, number), (62, -pid, number), (200, pid, number), (234, pid, pid, number),
                (129, pid, number, info), (297, pid, pid, number, info),
                (424, os.pidfd_open(pid), number, None, 0), (424, folder, number, None, 0),
            ):  # fmt: skip
                call(*words)
        os.kill(os.getpid(), signal.SIGCONT)
        os.kill(0, signal.SIGCONT)


class _LoyalNode(Node):
    def orphaned(self) -> None:
        forever()


class OrphansStay(Controller):
    """Nodes do not mind that nobody is above them."""

    @classmethod
    def node(cls, id_: int, end: socket.socket) -> Node:
        """Make such a node."""
        return _LoyalNode(id_, end)

    def end(self, last: str) -> None:
        if last:  # only `exit` has them killed
            os.killpg(0, signal.SIGKILL)


class _HoldingNode(_LoyalNode):
    def __init__(self, id_: int, end: socket.socket) -> None:
        super().__init__(id_, end)
        self.port = socket.create_server(("127.0.0.1", 5050))


class PortsStay(Controller):
    """The next session finds the port of the last one's root in use."""

    @classmethod
    def node(cls, id_: int, end: socket.socket) -> Node:
        """Make a node that holds a port."""
        return _HoldingNode(id_, end) if id_ == 10 else Node(id_, end)


class ZombiesStay(Controller):
    """Nobody waits for a dead node."""

    @classmethod
    def node(cls, id_: int, end: socket.socket) -> Node:
        """Make a node that is not heard of when it ends."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        return Node(id_, end)


class FloodOfErrors(Controller):
    """A bad word is read again and again."""

    def bad_word(self, id_: int) -> str:
        while True:
            print("Error: expected a number")


class EndOfInputLoop(Controller):
    """The end of the input is an empty command, for ever."""

    def end(self, last: str) -> None:
        while not last:
            print("Error: expected a command")


class EndOfInputHangs(Controller):
    """It does not end with its input."""

    def end(self, last: str) -> None:
        if not last:
            forever()


class ExitHangs(Controller):
    """It waits for something."""

    def end(self, last: str) -> None:
        if last:
            forever()


class _NarrowNode(Node):
    def work(self, request: Message) -> Message:
        total = sum(request["numbers"]) & 0xFFFFFFFF
        return {"sum": total - (1 << 32) if total >> 31 else total}


class SumsWrap(Controller):
    """A sum is an int of C."""

    @classmethod
    def node(cls, id_: int, end: socket.socket) -> Node:
        """Make a node that adds so."""
        return _NarrowNode(id_, end)


class NoNumbersAbort(Controller):
    """`exec 10 0` is a failed assertion."""

    def bad_count(self, id_: int, numbers: list[int]) -> str:
        return super().bad_count(id_, numbers) if numbers else os.abort()


class LinesAreEaten(Controller):
    """As with cin: what is missing is taken from the next line."""

    def bad_count(self, id_: int, numbers: list[int]) -> str:
        self.read()
        return super().bad_count(id_, numbers)


class PortArithmetic(Controller):
    """An id is the port, less 5050."""

    def create(self, id_: int, _parent: int = 0) -> str:
        try:
            with socket.socket() as listening:
                listening.bind(("127.0.0.1", 5050 + id_))
        except OverflowError:
            return "Error: [zmq_bind]"
        return super().create(id_)


class FalsePid(Controller):
    """The pid is the controller's own."""

    def create(self, id_: int, _parent: int = 0) -> str:
        reply = super().create(id_)
        return f"Ok: {os.getpid()}" if reply.startswith("Ok") else reply


class NoProcess(Controller):
    """A node is but an entry in a table."""

    def fork(self, id_: int, side: str) -> int:
        return 4711


class SilentInAPipe(Controller):
    """Standard output is not flushed."""

    def say(self, text: str) -> None:
        print(text)


class Chatty(Controller):
    """A banner, a prompt, colours and a log: all right in the sense, not to the letter."""

    def run(self) -> None:
        print(
            "Cluster v1.0 (c) 2024\nCommands: create id [parent], exec id n k1 ... kn, pingall, exit\n> ",
            end="",
        )
        super().run()

    def say(self, text: str) -> None:
        print(f"[log] 3 messages\n\x1b[32m{text.replace('Ok:', 'OK :')}\x1b[0m\n> ", end="", flush=True)

    def pingall(self) -> list[int]:
        return super().pingall()[::-1]


class EndsAtOnce(Controller):
    """It cannot even start."""

    def run(self) -> None:
        sys.exit("cannot open the configuration")


class Binary(Controller):
    """A line of a megabyte, and bytes that are no text."""

    def say(self, text: str) -> None:
        binary: TextIO = sys.stdout
        binary.buffer.write(b"\xff\xfe\x00" + b"x" * 900_000 + b"\n")
        binary.flush()
        super().say(text)


class Endless(Controller):
    """One line without an end."""

    def say(self, text: str) -> None:
        while True:
            sys.stdout.write("x" * 10_000)


class Daemons(Controller):
    """Nodes that are in a session of their own, with init as their parent, and mind no SIGTERM."""

    @classmethod
    def node(cls, id_: int, end: socket.socket) -> Node:
        """Fork once more, and be the child of nobody."""
        if os.fork():
            os._exit(0)
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        return _LoyalNode(id_, end)


class ForkBomb(Controller):
    """Far too many processes."""

    def run(self) -> None:
        try:
            for _ in range(400):
                if not os.fork():
                    forever()
        except OSError:
            pass
        super().run()


class FilesStay(Controller):
    """A socket in /tmp is not removed."""

    def end(self, last: str) -> None:
        os.close(os.open("/tmp/node.sock", os.O_CREAT))


if __name__ == "__main__":
    globals()[sys.argv[1]]().run()
