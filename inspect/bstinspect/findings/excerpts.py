"""Which few calls are shown: those that carry a command, a death, or a program's beginning and end."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.findings.families import family
from bstinspect.findings.model import ExcerptFacts, SeenCall

if TYPE_CHECKING:
    from bstinspect.findings.calls import Finished
    from bstinspect.findings.model import CommandFacts

LINES: Final = 15
"""No excerpt has more."""
_BEFORE: Final = 2_000_000
"""Nanoseconds before a death was told in which it may have happened."""
_KEPT: Final = 200
"""So many telling calls of a window are looked at."""
_NETWORK: Final = frozenset({"socket", "bind", "listen", "connect", "accept", "accept4", "shutdown"})
_PROCESSES: Final = frozenset({"clone", "clone3", "fork", "vfork", "execve", "wait4", "waitid", "exit_group"})
_TELLING: Final = _NETWORK | _PROCESSES | {"kill", "tgkill", "tkill", "unlink", "unlinkat"}
_HELPING: Final = frozenset({"pipe2", "eventfd2", "epoll_create1", "pidfd_open"})
_HANDSHAKE: Final = ("greeting", "...", "READY")
"""How the words for a ZeroMQ handshake begin."""
_DULL: Final = frozenset(
    {"getpid", "poll", "epoll_wait", "futex", "gettid", "clock_gettime", "restart_syscall"}
)
_MOVES: Final = frozenset({"sendto", "recvfrom", "sendmsg", "recvmsg"})
_KERNELS: Final = "AF_NETLINK"


class Window(msgspec.Struct, frozen=True):
    """A span of time to look at, nanoseconds since the capture began."""

    topic: str
    begin: int
    end: int
    subject: str


class _Taken(msgspec.Struct):
    score: int
    number: int
    """How many calls of the window came before."""
    call: SeenCall


class Excerpts:
    """Looks through the calls as they come."""

    def __init__(self, windows: list[Window]) -> None:
        self._windows = windows
        self._found: list[list[_Taken]] = [[] for _ in windows]
        self._counts = [0] * len(windows)
        self._first: int | None = None
        self._start: list[SeenCall] = []
        self._loader = 0
        self._last: deque[Finished] = deque(maxlen=LINES - 5)
        self._network: dict[int, list[_Taken]] = {}
        """By score: the first `LINES` of each are enough."""
        self._network_count = 0
        self._processes: list[SeenCall] = []

    def take(self, call: Finished, words: str, *, loading: bool) -> None:
        """Take a call; `words` say what it moved, `loading` that it was the dynamic loader's."""
        for index, window in enumerate(self._windows):
            if window.begin <= call.end and call.begin <= window.end:
                self._see(index, call, words)
        if not self._windows:
            self._see_program(call, words, loading=loading)

    def found(self) -> list[ExcerptFacts]:
        """Return what there is to show."""
        shown: list[ExcerptFacts] = []
        for window, taken in zip(self._windows, self._found, strict=True):
            if taken and all(each.topic != window.topic for each in shown):
                shown.append(_chosen(window, taken))
        if self._start:
            shown.append(ExcerptFacts("start", self._start, loader=self._loader))
        network = _best([each for alike in self._network.values() for each in alike])
        for topic, calls in (("processes", self._processes), ("network", [each.call for each in network])):
            if len(calls) > 1:
                shown.append(ExcerptFacts(topic, calls))
        if self._last:
            shown.append(ExcerptFacts("end", [call.seen() for call in self._last]))
        return shown

    def _see(self, index: int, call: Finished, words: str) -> None:
        self._counts[index] += 1
        score = _score(self._windows[index].topic, call, words)
        taken = self._found[index]
        if score and len(taken) < _KEPT:
            taken.append(_Taken(score, self._counts[index] - 1, call.seen()))

    def _see_program(self, call: Finished, words: str, *, loading: bool) -> None:
        pid = call.entry.pid
        if self._first is None and call.name == "execve":
            self._first = pid
        if pid == (self._first or pid):
            if loading:
                self._loader += 1
            elif len(self._start) < LINES - 1:
                self._start.append(call.seen())
            elif call.name not in _DULL or call.leaving is None:
                self._last.append(call)
        if len(self._processes) < LINES and call.name in _PROCESSES and not call.failed:
            self._processes.append(call.seen())
        if not loading and _is_of_network(call.name, words):
            self._talks(call, words)

    def _talks(self, call: Finished, words: str) -> None:
        self._network_count += 1
        score = _network_score(call, words)
        if len(self._network.get(score, ())) >= LINES:
            return
        seen = call.seen()
        score = 0 if _KERNELS in seen.text else score  # asked of the kernel: nobody else hears of it
        self._network.setdefault(score, []).append(_Taken(score, self._network_count, seen))


def _is_of_network(name: str, words: str) -> bool:
    return name in _NETWORK or name in _MOVES or (bool(words) and family(name) == "network")


def _network_score(call: Finished, words: str) -> int:
    """Return how much a call says about a conversation: first how it begins and what is said."""
    if words:
        return 1 if words.startswith(_HANDSHAKE) and ";" not in words else 3
    if call.failed and call.error != "EINPROGRESS":
        return 0
    return 3 if call.name in _NETWORK else 2


def _score(topic: str, call: Finished, words: str) -> int:
    """Return how much a call says about a topic; 0: nothing."""
    if words:
        of_death = topic == "death" and "ping" in words
        return 1 if words.startswith(_HANDSHAKE) and ";" not in words else 2 if of_death else 4
    if (call.name in _MOVES and call.value == 0) or (topic == "death" and _tells_of_death(call)):
        return 4
    if call.name in _TELLING and not call.failed:
        return 3
    if call.name in _HELPING:
        return 2
    return 1 if call.failed and call.error not in ("EAGAIN", "EINTR") else 0


def _tells_of_death(call: Finished) -> bool:
    return call.name in ("wait4", "waitid") and "CLD_KILLED" in call.text()


def windows(commands: list[CommandFacts], deepest: dict[str, int], first_death: int | None) -> list[Window]:
    """Choose the commands that are shown: the first create below the root, the deepest exec, the first death.

    `deepest` gives each node's depth in the search tree by its id as text; `first_death` is when it was told.
    """
    chosen: list[Window] = []
    creates = [each for each in commands if each.verb == "create" and each.reply.startswith("Ok")]
    execs = [each for each in commands if each.verb == "exec" and each.reply.startswith("Ok")]
    chosen += [_window("create", each) for each in creates[1:4]]  # the first that was traced is shown
    if execs:
        chosen.append(_window("exec", max(execs, key=lambda each: deepest.get(_target(each), 0))))
    if first_death is not None:
        chosen.append(_death(commands, first_death))
    return chosen


def _death(commands: list[CommandFacts], at: int) -> Window:
    """Return the time from a death, or the command that caused it, to the end of the next pingall."""
    cause = next((each for each in commands if each.began <= at <= (each.ended or at)), None)
    answer = next((each for each in commands if each.verb == "pingall" and each.began >= at), None)
    begin = cause.began if cause else at - _BEFORE
    end = at if answer is None else answer.ended or answer.began
    return Window("death", begin, end, cause.line if cause else "")


def _target(command: CommandFacts) -> str:
    return "".join(command.line.split()[1:2])


def _window(topic: str, command: CommandFacts) -> Window:
    end = command.ended if command.ended is not None else command.began
    return Window(topic, command.began, end, command.line)


def _best(taken: list[_Taken]) -> list[_Taken]:
    """Return those that say most, the earlier ones of those that say as much, in their order."""
    best = sorted(taken, key=lambda each: (-each.score, each.number))[:LINES]
    return sorted(best, key=lambda each: each.number)


def _chosen(window: Window, taken: list[_Taken]) -> ExcerptFacts:
    """Choose the lines that say most, in their order, and count what is folded before each."""
    best = _best(taken)
    folded, before = {}, -1
    for index, each in enumerate(best):
        if each.number > before + 1:
            folded[index] = each.number - before - 1
        before = each.number
    return ExcerptFacts(window.topic, [each.call for each in best], folded, subject=window.subject)
