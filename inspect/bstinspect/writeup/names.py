"""What a report calls processes and threads, who takes part in a conversation, and pieces of tables."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from bstinspect.writeup.document import Cell, Code

if TYPE_CHECKING:
    from bstinspect.findings.model import End, Findings, ProcessFacts, SeenCall, ThreadFacts
    from bstinspect.writeup.document import Tone
    from bstinspect.writeup.language import Language

_LONG_ADDRESS: Final = 24
ROLES: Final = {
    "main": "main thread",
    "zmq-io": "ZeroMQ's I/O thread",
    "zmq-reaper": "ZeroMQ's reaper thread",
    "other": "further thread",
}


class Names:
    """Names that are the same in the whole report."""

    def __init__(self, findings: Findings, words: Language) -> None:
        self._words = words
        self._by_pid = {each.pid: each for each in findings.processes}
        ids = Counter(each.node for each in findings.processes)
        self._again = {node for node, count in ids.items() if node is not None and count > 1}
        self._cluster = any(each.node is not None for each in findings.processes)

    def process(self, pid: int | None) -> str:
        """Return ``node 20`` or ``server``, with the pid where several have that name."""
        process = self._by_pid.get(pid or 0)
        return self.of(process) if process else self.outside(pid)

    def of(self, process: ProcessFacts) -> str:
        """Return a process's name."""
        if process.node is not None:
            name = self._words.say("node {id}", id=process.node)
            return f"{name} ({process.pid})" if process.node in self._again else name
        name = process.command or self._words.say("process")
        return f"{name} ({process.pid})"

    def outside(self, pid: int | None = None) -> str:
        """Return what somebody who was not traced is called: in a session that is the controller."""
        if self._cluster:
            return self._words.say("controller")
        return self._words.say("process {pid}", pid=pid) if pid else self._words.say("not traced")

    def end(self, end: End) -> str:
        """Return who is at the end of a message's way."""
        return self.process(end.pid) if end.pid in self._by_pid else self.outside(end.pid)

    def thread(self, thread: ThreadFacts) -> str:
        """Return a thread's name and what it is for."""
        role = self._words.say(ROLES[thread.role])
        return f"{role} ({thread.name})" if thread.name and thread.role == "other" else role


def plain(text: str, tone: Tone = "") -> Cell:
    """Return a cell of words."""
    return Cell((text,), None, tone)


def typed(text: str, whole: str = "") -> Cell:
    """Return a cell of code."""
    return Cell((Code(text, whole),))


def address(text: str) -> Cell:
    """Return a socket's address; of a long path its end, and all of it on hover."""
    if "/" in text and len(text) > _LONG_ADDRESS:
        return Cell((Code("…/" + text.rsplit("/", 1)[1][-_LONG_ADDRESS:], text),))
    return Cell((Code(text[: _LONG_ADDRESS * 2], text),)) if text else plain("")


def number(value: float, text: str) -> Cell:
    """Return a cell that is sorted by its number."""
    return Cell((text,), value)


def shown(call: SeenCall, most: int = 72) -> Code:
    """Return a call cut to so many characters; its full line shows on hover."""
    text = call.text if len(call.text) <= most else call.text[: most - 1] + "…"
    return Code(text, call.text)
