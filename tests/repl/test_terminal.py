"""The prompt: with keys and a screen of the test's own, and `bstrace` whole on a real pseudo-terminal."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import io
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from typing import TYPE_CHECKING, Final

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.data_structures import Size
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from bstcluster import Cluster
from bstcluster.language import Reply
from bstcluster.shell import Command, Shell
from bstcluster.terminal import ShellCompleter, Terminal, text_of
from bstinspect.commands import InspectCommands
from bstinspect.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from prompt_toolkit.input import PipeInput

    from bstcluster.shell import Words

TIMEOUT: Final = 4.0
ESCAPES: Final = re.compile(rb"\x1b(\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|[=>78])")
CTRL_C, CTRL_D = "\x03", "\x04"


def plain(data: bytes) -> str:
    """Return what a terminal was sent without its escape sequences; a move to the right is so many spaces."""
    data = re.sub(rb"\x1b\[(\d*)C", lambda move: b" " * int(move[1] or 1), data)
    return ESCAPES.sub(b"", data).decode("utf-8", "replace").replace("\r", "")


class Screen(io.BytesIO):
    """Takes what is written to the terminal, and wakes who waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived = asyncio.Event()

    def write(self, data: object) -> int:
        """Keep it."""
        self.arrived.set()
        return super().write(data)  # type: ignore[arg-type]


class Desk:
    """A terminal with a shell behind it, and the keys in front."""

    def __init__(self, cluster: Cluster, keys: PipeInput, history: Path | None) -> None:
        self.screen = Screen()
        self.keys = keys
        self.shell = Shell(cluster)
        self.held = asyncio.Event()
        self.slow = asyncio.Event()
        self.shell.add(Command("slow", "slow", "wait", self._slow, (0, 0)))
        self.stream = io.TextIOWrapper(self.screen, encoding="utf-8")
        output = Vt100_Output(self.stream, lambda: Size(rows=24, columns=100), term="xterm")
        self.terminal = Terminal(
            self.shell,
            lambda: f" nodes {len(cluster.topology)} ",
            history,
            terminal_input=keys,
            terminal_output=output,
        )
        self.mark = 0

    async def ask_slow(self) -> None:
        """Type a command that waits, and wait until it does, below the next prompt."""
        self.slow = asyncio.Event()
        await self.type("slow\r", "slow\n(?s:.*)bstrace>")
        await self.slow.wait()

    async def _slow(self, _words: Words) -> Reply:
        self.slow.set()
        await self.held.wait()
        return Reply("Ok", "slow but sure")

    async def until(self, pattern: str) -> str:
        """Wait until something new on the screen matches; return that."""
        try:
            async with asyncio.timeout(TIMEOUT):
                while not (found := re.search(pattern, plain(self.screen.getvalue()[self.mark :]))):
                    self.screen.arrived.clear()
                    await self.screen.arrived.wait()
        except TimeoutError:
            raise AssertionError(
                f"no {pattern!r} in {plain(self.screen.getvalue()[self.mark :])!r}"
            ) from None
        return found[0]

    async def type(self, text: str, pattern: str) -> str:
        """Type, and wait for something new on the screen."""
        self.mark = len(self.screen.getvalue())
        self.keys.send_text(text)
        return await self.until(pattern)


@contextlib.asynccontextmanager
async def desk(history: Path | None = None, last: str = CTRL_D) -> AsyncIterator[Desk]:
    """Open a cluster, a shell and a terminal that runs; end it by its last key."""
    with create_pipe_input() as keys:
        async with Cluster() as cluster:
            opened = Desk(cluster, keys, history)
            running = asyncio.ensure_future(opened.terminal.run())
            await opened.until("bstrace>")
            yield opened
            keys.send_text(last)
            async with asyncio.timeout(TIMEOUT):
                await running
        opened.stream.close()


async def test_commands_and_replies() -> None:
    """What is typed is answered above the next prompt."""
    async with desk() as at:
        assert await at.type("create 10\r", r"Ok: \d+\n")
        assert await at.type("create 5\r", r"Ok: \d+\n")
        assert await at.type("exec 5 3 1 2 3\r", r"Ok:5: 6\n")
        assert await at.type("nonsense\r", r'Error: unknown command "nonsense"\nhelp lists the commands\.')
        assert await at.type("crash 10\r", "Ok\n")
        assert await at.type("pingall\r", "Ok: 5;10\n")
        assert await at.type("tree\r", r"10  pid \d+  dead")
        assert await at.type("\r\r\rpingall\r", "Ok: 5;10\n")


async def test_a_request_that_waits_does_not_block_the_prompt() -> None:
    """Others are answered meanwhile; its own answer comes when it is ready."""
    async with desk() as at:
        await at.type("create 1\r", r"Ok: \d+\n")
        await at.ask_slow()
        assert await at.type("exec 1 2 20 22\r", "Ok:1: 42\n")
        at.mark = len(at.screen.getvalue())
        at.held.set()
        assert await at.until("slow but sure\n")


async def test_a_change_is_waited_for() -> None:
    """Lines that are typed ahead see what those before them have made."""
    async with desk() as at:
        await at.type("create 1\rcreate 2\rexec 2 1 7\rpingall\r", "Ok:2: 7\n")


async def test_ctrl_c() -> None:
    """It cancels the last request that waits; with none, it clears the line."""
    async with desk() as at:
        await at.ask_slow()
        await at.ask_slow()
        assert await at.type(CTRL_C, r"Cancelled\.\n")
        at.held.set()
        assert await at.until("slow but sure\n")  # the first was not cancelled
        await at.type("nonsense", "nonsense")
        await at.type(CTRL_C, "bstrace>")
        await at.type("pingall\r", "Ok: -1\n")
        assert "unknown command" not in plain(at.screen.getvalue())
        at.held.clear()
        await at.ask_slow()
        os.kill(os.getpid(), signal.SIGINT)  # while a reply is awaited the key is a signal
        await at.until(r"Cancelled\.\n")
        await at.type("pingall\r", "Ok: -1\n")


@pytest.mark.parametrize("last", [CTRL_D, "exit\r", " exit now\r"], ids=["Ctrl-D", "exit", "exit now"])
async def test_the_end(last: str) -> None:
    """Ctrl-D on an empty line and `exit` end, also with a request that waits."""
    async with desk(last=last) as at:
        await at.type("create 1\r", r"Ok: \d+\n")
        await at.ask_slow()
        await at.type(f"pin{CTRL_D}gall\r", "Ok: -1\n")  # on a line with text it does not end


async def test_a_notice_while_somebody_types() -> None:
    """It stands above the prompt at once, and what was typed so far is still there."""
    async with desk() as at:
        await at.type("ping", "ping")
        at.mark = len(at.screen.getvalue())
        at.terminal.show("node 5 is \x1b[31mdead\x1b[0m")
        await at.until("node 5 is dead\n(?s:.*)bstrace> +ping")
        await at.type("all\r", "Ok: -1\n")


async def test_hostile_keys_and_words() -> None:
    """Invisible characters and endless numbers are answered in print."""
    async with desk() as at:
        await at.type("create \u202e7\r", r'Error: "\\u202e7" is not an id\n')
        await at.type("why\r", "unknown command")
        await at.type(f"exec {'9' * 5000} 1 1\r", r'Error: "9{40}\.\.\." is not an id')
        await at.type("pingall\r", "Ok: -1\n")


async def test_history(tmp_path: Path) -> None:
    """Lines are kept in a file of mode 0600, and are there again in the next session."""
    kept = tmp_path / "state" / "history"
    async with desk(kept) as at:
        await at.type("exec 1 1 5\r", "Error:1: Not found")
    assert "exec 1 1 5" in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600
    async with desk(kept) as at:
        at.keys.send_text("\x1b[A")
        await at.type("\r", "Error:1: Not found")
    async with desk(tmp_path / "state" / "history" / "below a file") as at:
        await at.type("pingall\r", "Ok: -1\n")


async def test_tab() -> None:
    """A word with one way to go on is completed."""
    async with desk() as at:
        await at.type("create 123456\r", r"Ok: \d+\n")
        await at.type("exec 1\t", "exec 1 *23456")  # a menu's place may have been drawn between
        await at.type(" 1 9\r", "Ok:123456: 9\n")
        await at.type("ping\t", "ping *all")
        await at.type("\r", "Ok: -1\n")


COMPLETIONS: Final = [
    ("cr", ["create", "crash"]),
    ("  pi", ["pingall"]),
    ("exec ", ["5", "10", "15"]),
    ("exes 1", ["10", "15"]),
    ("why  1", ["10", "15"]),
    ("create ", []),
    ("create 7 ", ["5", "10", "15"]),
    ("exec 10 ", []),
    ("help tr", ["tree", "trace"]),
    ("watch 5 o", ["on", "off"]),
    ("trace a", ["all"]),
    ("trace 5 on -", ["-e"]),
    ("trace 5 on -e trace=n", ["trace=network"]),
    ("pingall ", []),
    ("nonsense ", []),
    ("help help ", []),
    ("\ud800", []),
]


async def test_completion() -> None:
    """Commands first, then ids and whatever each command takes."""
    from bstcluster.shell import Journal

    supervisor = Supervisor(lambda _: None, Journal(), None, watch=False)
    async with Cluster() as cluster:
        shell = Shell(cluster)
        InspectCommands(cluster, supervisor, None, None, color=False).join(shell)
        for node in (10, 5, 15):
            await cluster.create(node)
        completer = ShellCompleter(shell)

        def complete(text: str) -> list[str]:
            found = completer.get_completions(Document(text), CompleteEvent())
            return [completion.text for completion in found]

        for text, expected in COMPLETIONS:
            assert sorted(complete(text)) == sorted(expected), text
        assert set(complete("")) == set(shell.commands)
        assert "exec" in complete("")
    await supervisor.close()


def test_details_speak_for_a_plain_ok() -> None:
    """A reply with more to say than Ok is shown as what it has to say."""
    assert text_of(Reply("Ok")) == "Ok"
    assert text_of(Reply("Ok", "a tree")) == "a tree"
    assert text_of(Reply("Ok: 5", "5: dead")) == "Ok: 5\n5: dead"


# The whole command on a real pseudo-terminal.


class Console:
    """A pseudo-terminal with `bstrace` on it. It answers requests for the cursor's position."""

    def __init__(self, command: list[str], env: dict[str, str]) -> None:
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 120, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env={**os.environ, "TERM": "xterm-256color", **env},
        )
        self.seen = b""
        self.mark = 0

    def read(self, limit: float) -> bool:
        """Take what there is, waiting for it until `limit`; say whether there was something."""
        if not select.select([self.master], [], [], max(0.0, limit - time.monotonic()))[0]:
            return False
        data = os.read(self.master, 65536)
        self.seen += data
        for _ in range(data.count(b"\x1b[6n")):
            os.write(self.master, b"\x1b[1;1R")
        return bool(data)

    def until(self, pattern: str, within: float = TIMEOUT) -> str:
        """Wait until something new on the screen matches; return that."""
        limit = time.monotonic() + within
        while not (found := re.search(pattern, plain(self.seen[self.mark :]))):
            assert self.read(limit), f"no {pattern!r} in {plain(self.seen[self.mark :])!r}"
        return found[0]

    def type(self, text: str, pattern: str) -> str:
        """Type, and wait for something new on the screen."""
        self.mark = len(self.seen)
        os.write(self.master, text.encode())
        return self.until(pattern)

    def pid(self, node: int) -> int:
        """Create a node and return its pid."""
        return int(self.type(f"create {node}\r", r"Ok: \d+\n").split()[1])

    def end(self, text: str) -> int:
        """Type the last thing, and return the exit status."""
        os.write(self.master, text.encode())
        limit = time.monotonic() + TIMEOUT
        with contextlib.closing(io.FileIO(os.pidfd_open(self.process.pid))) as pidfd:
            while not select.select([pidfd], [], [], 0)[0]:
                assert time.monotonic() < limit, plain(self.seen)
                self.read(time.monotonic() + 0.05)
        while self.read(0):
            pass
        return self.process.wait()

    def close(self) -> None:
        """Put it down."""
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def console(bstrace: str, tmp_path: Path) -> Iterator[Callable[..., Console]]:
    """Return what opens a console; its state files are the test's own."""
    opened: list[Console] = []

    def begin(*arguments: str, **env: str) -> Console:
        opened.append(Console([bstrace, *arguments], {"XDG_STATE_HOME": str(tmp_path), **env}))
        opened[-1].until("bstrace>(?s:.*) watched 0")
        return opened[-1]

    yield begin
    for each in opened:
        each.close()


def test_the_first_ten_minutes(console: Callable[..., Console], tmp_path: Path) -> None:
    """A tree of seven, a kill from elsewhere, the notice without a key, pingall, why, tree, trace, exit."""
    at = console()
    pids = {node: at.pid(node) for node in (40, 20, 60, 10, 30, 50, 70)}
    at.until("(?s)(?=.*nodes 7)(?=.*unreachable 0)(?=.*watched 7)")
    at.mark = len(at.seen)
    os.kill(pids[20], signal.SIGKILL)
    notice = at.until(rf"node 20 \(pid {pids[20]}\) was killed by SIGKILL, .*\n", within=1)
    assert "unreachable below it: 10;30" in notice
    at.until("(?s)(?=.*nodes 7)(?=.*unreachable 3)(?=.*watched 6)")
    verdicts = at.type("pingall\r", r"Ok: 10;20;30\n(.*\n){3}")
    assert "10: orphaned: ancestor 20 is dead\n" in verdicts
    assert re.search(r"20: dead: killed by SIGKILL, \d\.\d s ago, ", verdicts)
    assert at.type("why 20\r", r"threads:\n")
    tree = at.type("tree\r", r"40  pid (?s:.*)70  pid \d+")
    assert re.search(r"x 10  pid \d+  orphaned: ancestor 20 is dead", tree)
    assert b"\x1b[0;31m" in at.seen or b"\x1b[31m" in at.seen or b";31m" in at.seen
    assert at.type("trace 60 on\r", r"Tracing to \S+trace\.txt")
    assert at.type("exec 60 2 1 1\r", "Ok:60: 2\n")
    at.until(r"\[pid +\d+\] (\w+\(|<\.\.\. \w+ resumed>).*\) = ")
    assert at.type("trace 60 off\r", r"Ok\n|bstrace> ")
    assert at.type("crash 60\r", r"node 60 .* by this session \(crash\)")
    assert at.end("exit\r") == 0
    assert termios.tcgetattr(at.slave) == at.before
    assert b"\x1b[?2004l" in at.seen[-200:]  # bracketed paste is off again
    assert "Traceback" not in plain(at.seen)
    assert "create 40" in (tmp_path / "bstrace" / "history").read_text()


def test_no_color(console: Callable[..., Console]) -> None:
    """NO_COLOR: no colour in trees, notices, tables and the prompt."""
    at = console(NO_COLOR="1")
    os.kill(at.pid(1), signal.SIGKILL)
    at.until(r"node 1 \(pid \d+\) was killed by SIGKILL")
    at.type("tree\r", r"x 1  pid \d+  dead")
    at.type("ps\r", "dead")
    assert at.end(CTRL_D) == 0
    colours = [
        code for code in re.findall(rb"\x1b\[([0-9;]*)m", at.seen) if re.search(rb"\b([34][0-8])\b", code)
    ]
    assert colours == []


def test_ctrl_c_and_ctrl_d(console: Callable[..., Console]) -> None:
    """Ctrl-C clears the line, whatever else goes on; Ctrl-D ends with status 0."""
    at = console()
    at.pid(1)
    at.type("nonsense", "nonsense")
    at.type(CTRL_C, "bstrace>")
    at.type("pingall\r", "Ok: -1\n")
    assert "unknown command" not in plain(at.seen)
    assert at.process.poll() is None
    assert at.end(CTRL_D) == 0
    assert termios.tcgetattr(at.slave) == at.before


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signals(console: Callable[..., Console], number: int, status: int) -> None:
    """The terminal is restored, and the status is the signal's."""
    at = console()
    at.pid(1)
    at.process.send_signal(number)
    assert at.end("") == status
    assert termios.tcgetattr(at.slave) == at.before
    assert "Traceback" not in plain(at.seen)


def test_the_terminal_goes_away(console: Callable[..., Console]) -> None:
    """Its window is closed: the session ends, and nothing is left behind."""
    at = console()
    at.pid(1)
    os.close(at.slave)
    os.close(at.master)
    at.master, at.slave = pty.openpty()
    assert at.process.wait(TIMEOUT) in (129, 0, 1)
