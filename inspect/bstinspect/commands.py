"""The inspector's commands at the prompt: they join the cluster's table, or take the place of one there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstcluster import language
from bstcluster.language import LanguageError, Reply
from bstcluster.numbers import quoted
from bstcluster.shell import Command, Shell, Words, draw
from bstinspect.errors import InspectError
from bstinspect.following import Follower
from bstinspect.points import EXAMPLES, crash_point
from bstinspect.showing import armed, explain, label, process_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bstcluster import Cluster
    from bstinspect.supervisor import Supervisor


CRASH_USAGE: Final = "crash ID [--at POINT|off]"
TRACE_USAGE: Final = "trace ID|all on|off [-e trace=SET]"
PATIENCE: Final = 30.0
HURRY: Final = 0.3
"""Seconds that the decoder gets at the end for what it has not decoded yet; the capture has it anyway."""


class InspectCommands:
    """`pingall` with verdicts, `tree` with states, `crash` with --at, and `ps`, `why`, `watch`, `trace`."""

    def __init__(
        self,
        cluster: Cluster,
        supervisor: Supervisor,
        capture: Path | None,
        echo: Callable[[str], None] | None,
        *,
        color: bool,
    ) -> None:
        """`capture`: the session's file of records; `echo`: shows a traced syscall on a terminal."""
        self._cluster = cluster
        self._supervisor = supervisor
        self._capture = capture
        self._echo = echo
        self._color = color
        self._follower: Follower | None = None
        self._decoders = 0
        self._patience = PATIENCE

    def hurry(self) -> None:
        """Give the decoder no time to catch up: the session is ended by a signal."""
        self._patience = HURRY

    def join(self, shell: Shell) -> None:
        """Put the commands into the shell's table."""
        one, none = (1, 1), (0, 0)
        for command in (
            Command("pingall", "pingall", "list the unreachable ids, and why", self._pingall, none,
                    explanation="Ok: -1 when all answer; else the ids, ascending, joined by semicolons."),
            Command("tree", "tree", "show the tree, with what is unreachable", self._tree, none),
            Command("crash", CRASH_USAGE, "SIGKILL a node's process, as an outsider would", self._crash,
                    (1, 3), changes=True,
                    explanation="The tree keeps the id, as unreachable. With --at the kill waits until the "
                                "node comes to POINT, such as send(exec-reply)#1@entry: before the first "
                                "reply to an exec that it sends from now on. `bstrace trace --points` shows "
                                "the points of a program; off takes a waiting kill back.",
                    choices=("id", "--at", "|".join((*EXAMPLES, "off")))),
            Command("ps", "ps", "show each node's process", self._ps, none),
            Command("why", "why ID", "explain a node's state, or its end", self._why, one,
                    choices=("id",)),
            Command("watch", "watch ID on|off", "attach to a node, or let it go", self._watch, (2, 2),
                    explanation="A watched node takes no second tracer: let it go for gdb.",
                    choices=("id", "on|off")),
            Command("trace", TRACE_USAGE, "write a node's syscalls as strace does", self._trace, (2, 4),
                    explanation="SET as in strace: names, network, %file, !futex, all. Lines go to trace.txt "
                                "of the session, and to the screen. With all: every node that there is, and "
                                "every node that is created later, from its fork on.",
                    choices=("id|all", "on|off", "-e", "trace=network|trace=%file|trace=%desc|trace=all")),
            Command("report", "report [PATH] [OPTIONS]", "write a report of this session so far",
                    self._report, (0, 40),
                    explanation="Into the directory PATH, else the session's own; OPTIONS as bstrace report "
                                "takes them: --format html,md,docx,pdf,perfetto,json --lang ru ... "
                                "It reports most where the session began with trace all on.",
                    choices=("", "--format|--lang|--template|--force")),
        ):  # fmt: skip
            shell.add(command)
        shell.add(shell.commands.pop("help"))
        shell.add(shell.commands.pop("exit"))

    async def close(self) -> None:
        """End the decoder, when the tracer is closed."""
        if self._follower is not None:
            await self._follower.close(self._patience)

    async def _pingall(self, _words: Words) -> Reply:
        survey = await self._cluster.survey()
        verdicts = self._supervisor.judge_all(survey)
        return language.pinged(survey.unreachable, "\n".join(map(str, verdicts)))

    async def _tree(self, _words: Words) -> Reply:
        places = self._cluster.tree()
        unreachable = self._supervisor.unreachable()
        verdicts = self._supervisor.verdicts(place.node for place in places)
        labels = {
            place.node: label(place, verdict, cut=place.node in unreachable, color=self._color)
            + armed(self._supervisor.subject(place.node))
            for place, verdict in zip(places, verdicts, strict=True)
        }
        return Reply("Ok", draw(places, labels))

    async def _ps(self, _words: Words) -> Reply:
        subjects = [self._supervisor.subject(place.node) for place in self._cluster.tree()]
        return Reply("Ok", process_table(subjects, color=self._color))

    async def _why(self, words: Words) -> Reply:
        node = language.parse_id(words[0])
        verdict = self._supervisor.verdict(node)
        return Reply("Ok", explain(verdict, self._supervisor.subject(node)))

    async def _crash(self, words: Words) -> Reply:
        node = language.parse_id(words[0])
        if len(words) == 1:
            await self._cluster.crash(node)
            return Reply("Ok")
        if len(words) != 3 or words[1] != b"--at":
            raise LanguageError(f"usage: {CRASH_USAGE}")
        member = self._cluster.member(node)
        try:
            at = None if words[2] == b"off" else crash_point(words[2], node, member.life)
        except InspectError as error:
            raise LanguageError(str(error)) from error
        try:
            await self._supervisor.arm(node, at)
        except InspectError as error:
            return Reply(f"Error:{node}: {error}")
        return Reply("Ok")

    async def _watch(self, words: Words) -> Reply:
        node = language.parse_id(words[0])
        try:
            await self._supervisor.watch(node, on=_on_or_off(words[1], "watch ID on|off"))
        except InspectError as error:
            return Reply(f"Error:{node}: {error}")
        return Reply("Ok")

    async def _trace(self, words: Words) -> Reply:
        node = None if words[0] == b"all" else language.parse_id(words[0])
        on = _on_or_off(words[1], TRACE_USAGE)
        if len(words) > 2 and (words[2] != b"-e" or len(words) != 4 or not on):
            raise LanguageError(f"usage: {TRACE_USAGE}")
        try:
            syscalls = _parse_filter(words[3]) if len(words) > 2 else None
        except InspectError as error:
            raise LanguageError(str(error)) from error
        refusals: list[str] = []
        try:
            remark = self._follow() if on else ""
            if node is None:
                refusals = await self._supervisor.trace_all(on=on, syscalls=syscalls)
            else:
                await self._supervisor.trace(node, on=on, syscalls=syscalls)
        except InspectError as error:
            return Reply(f"Error: {error}" if node is None else f"Error:{node}: {error}")
        return Reply("Ok", "\n".join(filter(None, [remark, *refusals])))

    async def _report(self, words: Words) -> Reply:
        from bstinspect.reporting import make_report

        if self._capture is None:
            return Reply("Error: nothing is kept: the session has no directory")
        try:
            return Reply("Ok", await make_report(self._capture.parent, words))
        except InspectError as error:
            return Reply(f"Error: {error}")

    def _follow(self) -> str:
        """Start the decoder when it is first needed; return what to tell the person."""
        if self._capture is None:
            return "Nothing is kept: the session has no directory."
        if self._follower is None or self._follower.ended:
            # A decoder that was killed has left a part: another one begins anew, in a file of its own.
            self._decoders += 1
            name = "trace.txt" if self._decoders == 1 else f"trace-{self._decoders}.txt"
            self._capture.touch(0o600)  # where nothing is watched, the tracer that writes it starts later
            self._follower = Follower(
                self._capture, self._capture.with_name(name), self._echo, self._supervisor.notice
            )
        return f"Tracing to {self._follower.text}"


def _parse_filter(word: bytes) -> frozenset[int] | None:
    from bstinspect.decode.classes import parse_filter

    return parse_filter(word.decode("utf-8", "backslashreplace"))


def _on_or_off(word: bytes, usage: str) -> bool:
    if word not in (b"on", b"off"):
        raise LanguageError(f"{quoted(word)} is neither on nor off; usage: {usage}")
    return word == b"on"
