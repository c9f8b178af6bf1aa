"""The table of commands, and what runs a line of them. Terminal and pipe are two fronts of this."""

from __future__ import annotations

import asyncio
import difflib
import re
import sys
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from bstcluster import language
from bstcluster.errors import ClusterError
from bstcluster.language import LanguageError, Reply
from bstcluster.numbers import quoted, whole_words

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bstcluster.controller import Cluster, Place
    from bstcluster.lines import Line

Words: TypeAlias = list[bytes]
_EXEC_HEAD: Final = re.compile(rb"\s*\S+\s+(\S+)\s+(\S+)(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Command:
    """One command of the language.

    `run` gets the words behind the name. `changes` says that it changes the tree, so that a later command
    has to wait for it; all others run side by side.
    """

    name: str
    usage: str
    summary: str
    run: Callable[[Words], Awaitable[Reply]]
    words: tuple[int, int]
    """The fewest and the most words behind the name."""
    changes: bool = False
    explanation: str = ""
    choices: tuple[str, ...] = ()
    """What each word may be, for completion: alternatives with ``|`` between them; ``id`` and ``command``
    stand for all that there are."""


class Journal:
    """Where a session's events go. This one forgets them."""

    def record(self, event: str, **facts: object) -> None:
        """Note an event and the facts about it."""


class Shell:
    """Runs lines against a cluster."""

    def __init__(self, cluster: Cluster, journal: Journal | None = None, *, debug: bool = False) -> None:
        self.cluster = cluster
        self.journal = journal or Journal()
        self.commands: dict[str, Command] = {}
        self._debug = debug
        self._change: asyncio.Future[None] | None = None
        for command in self._assignment():
            self.add(command)

    def add(self, command: Command) -> None:
        """Put a command into the table, in place of one of the same name."""
        self.commands[command.name] = command

    async def execute(self, line: Line) -> Reply | None:
        """Run one line, return its reply; None for a blank line."""
        name, _, _ = line.head.strip().partition(b" ")
        name = name.split(None, 1)[0] if name else b""
        if not name:
            await line.skip()
            return None if line.whole else Reply("Error: the line is too long")
        self.journal.record("command", line=quoted(line.head[:200].strip())[1:-1])
        try:
            reply = await self._run(name.decode("ascii", "replace"), line)
        except asyncio.CancelledError:
            self.journal.record("cancelled")
            raise
        finally:
            await line.skip()
        self.journal.record("reply", line=reply.line[:1000])
        return reply

    async def _run(self, name: str, line: Line) -> Reply:
        try:
            if name in ("exec", "exes"):
                return await self._exec(line)
            command = self.commands.get(name)
            if command is None:
                return self._unknown(line)
            return await self._in_order(command, self._words(command, line))
        except (LanguageError, ClusterError) as error:
            return language.failed(error)
        except OSError as error:
            return Reply(f"Error: {error.strerror or error}")
        except Exception as error:  # noqa: BLE001 - a defect of ours costs one command, not the session
            if self._debug:
                traceback.print_exc(file=sys.stderr)
            return Reply(f"Error: internal: {type(error).__name__}: {error} (--debug says where)")

    @staticmethod
    def _words(command: Command, line: Line) -> Words:
        if not line.whole:
            raise LanguageError("the line is too long")
        words = line.head.split()[1:]
        if not command.words[0] <= len(words) <= command.words[1]:
            raise LanguageError(f"usage: {command.usage}")
        return words

    async def _in_order(self, command: Command, words: Words) -> Reply:
        """Run a command after every change of the tree that was asked for before it."""
        before = self._change
        if not command.changes:
            if before is not None:
                await asyncio.wait([before])
            return await command.run(words)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._change = done
        try:
            if before is not None:
                await asyncio.wait([before])
            return await command.run(words)
        finally:
            done.set_result(None)

    async def _exec(self, line: Line) -> Reply:
        usage = self.commands["exec"].usage
        found = _EXEC_HEAD.match(line.head)
        if not found:
            words = line.head.split()[1:3]
            if words:
                language.parse_id(words[0])
            raise LanguageError(f"usage: {usage}")
        node, count = language.parse_id(found[1]), language.parse_count(found[2])
        if self._change is not None:
            await asyncio.wait([self._change])
        total = await self.cluster.exec_text(node, count, whole_words(line.pieces(found.end())))
        return language.summed(node, total)

    def _unknown(self, line: Line) -> Reply:
        word = line.head.split(None, 1)[0]
        near = difflib.get_close_matches(word[:40].decode("ascii", "replace"), self.commands, 1)
        hint = f"Did you mean {near[0]}? " if near else ""
        return Reply(f"Error: unknown command {quoted(word)}", f"{hint}help lists the commands.")

    # The assignment's commands.

    def _assignment(self) -> list[Command]:
        one = (1, 1)
        return [
            Command("create", "create ID [PARENT]", "start a node", self._create, (1, 2), changes=True,
                    explanation="The search tree decides where it goes; PARENT is read, and ignored.",
                    choices=("", "id")),
            Command("exec", "exec ID N K1 ... KN", "have a node add up N numbers (also: exes)",
                    self._never, (2, sys.maxsize), choices=("id",),
                    explanation="N is how many numbers follow: exec 10 3 1 2 3 answers Ok:10: 6."),
            Command("pingall", "pingall", "list the ids that cannot be reached", self._pingall, (0, 0),
                    explanation="Ok: -1 when all answer; else the ids, ascending, joined by semicolons."),
            Command("kill", "kill ID", "remove a node and all below it", self._kill, (1, 2), changes=True,
                    explanation="The ids are free again. `kill -9 ID` is another name of `crash ID`.",
                    choices=("id",)),
            Command("crash", "crash ID", "SIGKILL a node's process, as an outsider would", self._crash, one,
                    changes=True, explanation="The tree keeps the id, as unreachable.", choices=("id",)),
            Command("stop", "stop ID", "SIGSTOP a node's process", self._stop, one, changes=True,
                    choices=("id",)),
            Command("cont", "cont ID", "SIGCONT a node's process", self._cont, one, changes=True,
                    choices=("id",)),
            Command("tree", "tree", "show the search tree", self._tree, (0, 0)),
            Command("help", "help [COMMAND]", "list the commands, or explain one", self._help, (0, 1),
                    choices=("command",)),
            Command("exit", "exit", "end the session and every node", self._never, (0, sys.maxsize)),
        ]  # fmt: skip

    async def _never(self, _words: Words) -> Reply:
        raise AssertionError("exec and exit are handled before the table is asked")

    async def _create(self, words: Words) -> Reply:
        node = language.parse_id(words[0])
        for parent in words[1:]:
            language.parse_id(parent)
        return language.created(await self.cluster.create(node))

    async def _pingall(self, _words: Words) -> Reply:
        return language.pinged(await self.cluster.pingall())

    async def _kill(self, words: Words) -> Reply:
        if len(words) > 1:
            if words[0] != b"-9":
                raise LanguageError(f"usage: {self.commands['kill'].usage}")
            return await self._crash(words[1:])
        await self.cluster.kill(language.parse_id(words[0]))
        return Reply("Ok")

    async def _crash(self, words: Words) -> Reply:
        await self.cluster.crash(language.parse_id(words[0]))
        return Reply("Ok")

    async def _stop(self, words: Words) -> Reply:
        await self.cluster.stop(language.parse_id(words[0]))
        return Reply("Ok")

    async def _cont(self, words: Words) -> Reply:
        await self.cluster.cont(language.parse_id(words[0]))
        return Reply("Ok")

    async def _tree(self, _words: Words) -> Reply:
        places = self.cluster.tree()
        labels = {place.node: f"{place.node}  pid {place.pid}  {place.state.value}" for place in places}
        return Reply("Ok", draw(places, labels))

    async def _help(self, words: Words) -> Reply:
        if not words:
            width = max(len(command.usage) for command in self.commands.values())
            rows = [f"{each.usage:<{width}}  {each.summary}" for each in self.commands.values()]
            return Reply("Ok", "\n".join(rows))
        command = self.commands.get(words[0].decode("ascii", "replace"))
        if command is None:
            raise LanguageError(f"unknown command {quoted(words[0])}")
        text = f"{command.usage}\n  {command.summary[0].upper()}{command.summary[1:]}."
        return Reply("Ok", text + (f"\n  {command.explanation}" if command.explanation else ""))


def draw(places: list[Place], labels: Mapping[int, str]) -> str:
    """Draw the tree, one line a node with its label, each node below its parent."""
    if not places:
        return "(no nodes)"
    last = {place.parent: place.node for place in places}  # the last child of each parent
    open_above: dict[int, str] = {}
    rows = []
    for place in places:
        lead = ""
        if place.parent is not None:
            above = open_above[place.parent]
            is_last = last[place.parent] == place.node
            lead = above + ("└─ " if is_last else "├─ ")
            open_above[place.node] = above + ("   " if is_last else "│  ")
        else:
            open_above[place.node] = ""
        rows.append(lead + labels[place.node])
    return "\n".join(rows)
