"""The front for a terminal: a prompt that never blocks, replies and notices above it as they come."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING, Final

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import Completer, Completion
from prompt_toolkit.formatted_text import ANSI
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.output.color_depth import ColorDepth
from prompt_toolkit.renderer import print_formatted_text
from prompt_toolkit.styles import Style

from bstcluster.lines import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document
    from prompt_toolkit.input import Input
    from prompt_toolkit.output import Output

    from bstcluster.language import Reply
    from bstcluster.shell import Shell


LONGEST_KEPT: Final = 4096
"""Characters of a line that goes into the history file."""


class ShellCompleter(Completer):
    """Completes commands, ids and the few words that commands take."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def get_completions(self, document: Document, _event: CompleteEvent) -> Iterable[Completion]:
        """Yield what the word before the cursor may become."""
        words = document.text_before_cursor.split(" ")
        typed = words[-1]
        for candidate in self._candidates(words[:-1]):
            if candidate.startswith(typed):
                yield Completion(candidate, start_position=-len(typed))

    def _candidates(self, before: list[str]) -> list[str]:
        before = [word for word in before if word]
        if not before:
            return list(self._shell.commands)
        command = self._shell.commands.get("exec" if before[0] == "exes" else before[0])
        position = len(before) - 1
        if command is None or position >= len(command.choices):
            return []
        found: list[str] = []
        for choice in filter(None, command.choices[position].split("|")):
            if choice == "id":
                found += map(str, self._shell.cluster.topology)
            elif choice == "command":
                found += self._shell.commands
            else:
                found.append(choice)
        return found


class Terminal:
    """Runs a shell on a terminal."""

    def __init__(
        self,
        shell: Shell,
        toolbar: Callable[[], str],
        history: Path | None,
        *,
        terminal_input: Input | None = None,
        terminal_output: Output | None = None,
    ) -> None:
        """`history`: where typed lines are kept, or None for nowhere."""
        self._shell = shell
        self._replies: set[asyncio.Task[None]] = set()
        self._waiting: list[asyncio.Task[None]] = []
        self._depth = ColorDepth.DEPTH_1_BIT if os.environ.get("NO_COLOR") else None
        self._session: PromptSession[str] = PromptSession(
            "bstrace> ",
            completer=ShellCompleter(shell),
            complete_while_typing=False,
            history=_history(history),
            bottom_toolbar=toolbar,
            enable_suspend=True,
            color_depth=self._depth,
            input=terminal_input,
            output=terminal_output,
        )

    async def run(self) -> None:
        """Prompt until Ctrl-D or `exit`. Ctrl-C cancels what was asked last and waits, or clears the line."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._cancel_last)  # from kill(1)
        # Raw between two prompts as well: the terminal would make an end of file of a Ctrl-D there, which
        # the next prompt never sees, and echo what is typed ahead.
        with self._session.input.raw_mode():
            await self._prompt()
        for task in self._replies:
            task.cancel()
        await asyncio.gather(*self._replies, return_exceptions=True)

    async def _prompt(self) -> None:
        while True:
            try:
                text = await self._session.prompt_async(handle_sigint=False)
            except KeyboardInterrupt:
                self._cancel_last()
                continue
            except EOFError:
                break
            head = text.encode("utf-8", "surrogateescape")
            if head.split(None, 1)[:1] == [b"exit"]:
                break
            task = asyncio.get_running_loop().create_task(self._answer(Line(head)))
            self._replies.add(task)
            self._waiting.append(task)
            task.add_done_callback(self._answered)
            await asyncio.wait([task], timeout=0.05)  # a quick answer stands before the next prompt

    def show(self, text: str) -> None:
        """Print above the prompt, at once, whatever the person is typing. ANSI colours are understood."""
        app = self._session.app
        if app.is_running:
            app.renderer.erase()
        print_formatted_text(app.output, ANSI(f"{text}\n"), Style([]), color_depth=self._depth)
        if app.is_running:
            app.renderer.request_absolute_cursor_position()
            app.invalidate()

    async def _answer(self, line: Line) -> None:
        reply = await self._shell.execute(line)
        if reply is not None:
            self.show(text_of(reply))

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._replies.discard(task)
        if task in self._waiting:
            self._waiting.remove(task)
        if not task.cancelled() and task.exception() is not None:
            sys.stderr.write(f"bstrace: {task.exception()}\n")

    def _cancel_last(self) -> None:
        if self._waiting:
            self._waiting.pop().cancel()
            self.show("Cancelled.")


def text_of(reply: Reply) -> str:
    """Return what a person is shown: details speak for a plain Ok."""
    if not reply.detail:
        return reply.line
    return reply.detail if reply.line == "Ok" else f"{reply.line}\n{reply.detail}"


def _history(path: Path | None) -> History:
    """Keep typed lines in a file where that is possible, else in memory."""
    if path is None:
        return InMemoryHistory()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError:
        return InMemoryHistory()
    return _ShortLines(path)


class _ShortLines(FileHistory):
    """A history file without pasted megabytes."""

    def store_string(self, string: str) -> None:
        """Append a line, unless nobody would want to type it again."""
        if len(string) <= LONGEST_KEPT:
            super().store_string(string)
