"""Who was there: processes and threads, and how their time went."""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING, Final

from bstinspect.findings.loader import Loader
from bstinspect.findings.model import CallCount, ProcessFacts, ThreadFacts
from bstinspect.records import Attached, Autopsy, Detached, Executed, Exited, Spawned

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.decode.call import Call
    from bstinspect.findings.calls import Finished
    from bstinspect.records import AnyRecord, SyscallEntry

_PR_SET_NAME: Final = 15
_EXECUTES: Final = frozenset({"execve", "execveat"})
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_INTERPRETER: Final = re.compile(r"(python|perl|ruby|node|sh|bash|dash)[\d.]*")
_INLINE: Final = frozenset({"-c", "-e", "-m"})
"""Behind these comes no script."""
_MOST_WORDS: Final = 64
"""So many arguments of a program are kept."""
_MOST_NAMES: Final = 64
"""So many kinds of calls are counted of each thread (all of them of a process)."""


class Processes:
    """The table of processes: by pid who has it now, and all there ever were."""

    def __init__(self, since: Callable[[int], int]) -> None:
        self._since = since
        self.all: list[ProcessFacts] = []
        self._now: dict[int, ProcessFacts] = {}
        self._threads: dict[int, ThreadFacts] = {}
        self._counts: dict[int, dict[str, CallCount]] = {}
        self._spawned: dict[int, int] = {}
        """By the pid or tid of a child, who made it."""
        self._loader = Loader()

    def take(self, record: AnyRecord) -> None:
        """Take what is no call."""
        if isinstance(record, Attached):
            self._attached(record)
        elif isinstance(record, Spawned):
            self._spawned[record.child] = record.pid
            child = self._now.get(record.child)
            if child is not None and child.ended is None and child.parent is None:
                child.parent = record.pid
        elif isinstance(record, Executed):
            self._replaced(record)
        elif isinstance(record, Autopsy):
            self._examined(record)
        elif isinstance(record, Exited | Detached):
            self._gone(record)

    def entered(self, record: SyscallEntry) -> None:
        """Take an entry: who makes calls is there."""
        thread = self._threads.get(record.tid)
        if thread is None or thread.pid != record.pid:
            self._thread(record.tid, record.pid, self._since(record.when))

    def called(self, call: Finished) -> bool:
        """Count a call; tell whether it was the dynamic loader's."""
        entry, name, duration = call.entry, call.name, call.duration
        thread = self._thread(entry.tid, entry.pid, call.begin)
        process = self._now[thread.pid]
        process.traced = True
        counts = self._counts[process.pid]
        count = counts.get(name)
        if count is None:
            count = counts[name] = CallCount(name)
            process.counts.append(count)
        thread.calls += 1
        count.calls += 1
        if call.failed:
            thread.errors += 1
            count.errors += 1
        count.total_ns += duration
        if duration > count.longest_ns:  # noqa: PLR1730 - max() would be one more call
            count.longest_ns = duration
        if call.waits:
            thread.waiting_ns += duration
        else:
            thread.working_ns += duration
        if thread.first_call is None:
            thread.first_call = call.begin
        else:
            thread.outside_ns += max(call.begin - thread.last_call, 0)
        thread.last_call = call.end
        main = thread.main_calls
        if name in main or len(main) < _MOST_NAMES:
            main[name] = main.get(name, 0) + 1
        if name in _EXECUTES and not call.failed and call.leaving is not None:
            self._executed(process, call)
        elif name == "prctl" and entry.arguments[0] == _PR_SET_NAME:
            self._named(process, thread, call)
        elif self._loader.loads(call):
            process.loader_calls += 1
            return True
        return False

    def _attached(self, record: Attached) -> None:
        at = self._since(record.when)
        thread = self._thread(record.tid, record.pid, at)
        name = record.name.decode("utf-8", "backslashreplace")
        process = self._now[record.pid]
        thread.name = thread.name or name
        if record.tid == record.pid:
            process.followed = record.followed
            process.command = process.command or name

    def _thread(self, tid: int, pid: int, at: int) -> ThreadFacts:
        """Return who has a tid now. What somebody had who has ended since is somebody else's."""
        thread = self._threads.get(tid)
        if thread is not None and thread.pid == pid:
            return thread
        process = self._now.get(pid)
        parent = self._spawned.pop(tid, None)
        if process is None or process.ended is not None:
            parent = self._spawned.pop(pid, parent)
            above = None if parent is None else self._now.get(parent)
            command = "" if above is None else above.command
            process = ProcessFacts(pid, parent=parent, began=at, command=command)
            self._now[pid] = process
            self._counts[pid] = {}
            self.all.append(process)
        thread = self._threads[tid] = ThreadFacts(tid, pid, began=at)
        process.threads.append(thread)
        return thread

    def _executed(self, process: ProcessFacts, call: Finished) -> None:
        seen = call.decoded()
        path = seen.memory.string(seen[0] if call.name == "execve" else seen[1], 4096) or b""
        program = path.rstrip(b"\0").decode("utf-8", "backslashreplace")
        words = _vector(seen, seen[1] if call.name == "execve" else seen[2]) or _words(call.text())
        process.command = _short_name(program, words)
        process.arguments = shlex.join(words) or program
        process.executed = True
        for thread in process.threads:
            thread.name = ""
        self._loader.begins(process.pid)

    @staticmethod
    def _named(process: ProcessFacts, thread: ThreadFacts, call: Finished) -> None:
        seen = call.decoded()
        name = (seen.memory.string(seen[1], 16) or b"").rstrip(b"\0").decode("utf-8", "backslashreplace")
        thread.name = name or thread.name
        if thread.tid == process.pid and name:
            process.command = name

    def _examined(self, record: Autopsy) -> None:
        process = self._now.get(record.pid)
        if process is None:
            return
        process.parent = process.parent or record.parent
        for each in record.threads:
            thread = self._threads.get(each.tid)
            if thread is not None and not thread.name:
                thread.name = each.name

    def _gone(self, record: Exited | Detached) -> None:
        at = self._since(record.when)
        self._thread_gone(record.tid, at)
        process = self._now.get(record.pid)
        if isinstance(record, Exited) and record.tid == record.pid and process is not None:
            if process.ended is None:
                process.ended, process.status = at, record.status
            self._loader.ended(record.pid)
            for thread in process.threads:
                if self._threads.get(thread.tid) is thread:
                    self._thread_gone(thread.tid, at)

    def _replaced(self, record: Executed) -> None:
        """Of a process that executes another program one thread remains; it has the leader's tid."""
        process = self._now.get(record.pid)
        if process is None:
            return
        process.executed = True
        if record.former_tid != record.tid:
            self._thread_gone(record.former_tid, self._since(record.when))

    def _thread_gone(self, tid: int, at: int) -> None:
        thread = self._threads.pop(tid, None)
        self._spawned.pop(tid, None)
        if thread is not None:
            thread.ended = at


def _vector(seen: Call, address: int) -> list[str]:
    """Return an argument vector, as far as it was captured."""
    words: list[str] = []
    while len(words) < _MOST_WORDS and (pointer := seen.peek(address + 8 * len(words), 8)):
        word = seen.memory.string(int.from_bytes(pointer, "little"), 4096) if any(pointer) else None
        if word is None:
            break
        words.append(word.rstrip(b"\0").decode("utf-8", "backslashreplace"))
    return words


def _words(text: str) -> list[str]:
    """Return the argument vector of an execve, as its line shows it (long ones are cut there)."""
    _, begin, rest = text.partition(", [")
    vector, _, _ = rest.partition("], ")
    return [found[1] for found in _QUOTED.finditer(vector)] if begin else []


def _short_name(program: str, words: list[str]) -> str:
    """Return a program's name; of an interpreter the script's, which says more."""
    name = os.path.basename(program)  # noqa: PTH119
    if _INTERPRETER.fullmatch(name):
        for word in words[1:]:
            if not word.startswith("-"):
                return os.path.basename(word) or name  # noqa: PTH119
            if word in _INLINE:
                break
    return name
