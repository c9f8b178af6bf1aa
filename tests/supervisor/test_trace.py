"""`trace`: the syscalls of a live node, as strace writes them, in trace.txt of the session."""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING, Final

from bstinspect.linux import proc

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from pathlib import Path

    from supervisor.conftest import Stage

    Open = Callable[..., AbstractAsyncContextManager[Stage]]
    Outsider = Callable[[str, int], AbstractContextManager[subprocess.Popen[bytes]]]

VALUE: Final = r"(-?\d+( \(.*\))?|0x[0-9a-f]+|\?( E[A-Z_]+ \(.*\))?|-1 E[A-Z0-9]+ \(.*\))"
"""What stands behind the equals sign: a number, an address, an error by name, or nobody knows."""
LINES: Final = (
    rf"(\d+ +)?\w+\(.*\) += {VALUE}",
    r"(\d+ +)?\w+\(.* <unfinished \.\.\.>",
    rf"(\d+ +)?<\.\.\. \w+ resumed>.*\) += {VALUE}",
    r"(\d+ +)?<\.\.\. \w+ resumed>.*\) += \?",
    r"(\d+ +)?\w+\(.* ?<detached \.\.\.>",
    r"(\d+ +)?--- SIG\w+ \{si_signo=SIG\w+, .*\} ---",
    r"(\d+ +)?--- stopped by SIG\w+ ---",
    r"(\d+ +)?\+\+\+ (killed by SIG\w+|exited with \d+)( \(core dumped\))? \+\+\+",
)


BAD_WORDS: Final = [
    ("10", "Error: usage: trace ID|all on|off [-e trace=SET]"),
    ("10 maybe", 'Error: "maybe" is neither on nor off; usage: trace ID|all on|off [-e trace=SET]'),
    ("10 on -e", "Error: usage: trace ID|all on|off [-e trace=SET]"),
    ("10 on -x trace=all", "Error: usage: trace ID|all on|off [-e trace=SET]"),
    ("10 off -e trace=all", "Error: usage: trace ID|all on|off [-e trace=SET]"),
    ("x on", 'Error: "x" is not an id'),
    ("11 on", "Error:11: Not found"),
    ("10 on -e trace=nosuchcall", None),
    ("10 on -e trace=", None),
    ("10 on -e trace=,", None),
    ("10 on -e trace=%nosuchclass", None),
    ("10 on -e signal=all", None),
    ("10 on -e trace=\x1b[31m", None),
    ("10 on -e trace=/(", None),
]


async def text_of(scene: Stage) -> list[str]:
    """End tracing and decoding, and return the lines of trace.txt."""
    await scene.supervisor.close()
    await scene.commands.close()
    return scene.text.read_text().splitlines()


def calls(lines: list[str], pid: int) -> list[str]:
    """List the names of the calls that a thread began, in order."""
    return [found[1] for line in lines if (found := re.match(rf"{pid} +(\w+)\(", line))]


async def test_trace_on_and_off(stage: Open) -> None:
    """From `on` to `off` every call of the node is a line like strace's, and none is of another node."""
    async with stage(10, 5) as scene:
        pid = scene.pid(5)
        own = set(proc.threads(pid))
        on = await scene.type("trace 5 on")
        assert (on.line, on.detail) == ("Ok", f"Tracing to {scene.text}")
        assert (await scene.type("exec 5 3 1 2 3")).line == "Ok:5: 6"
        assert "traced" in (await scene.type("ps")).detail
        assert (await scene.type("trace 5 off")).line == "Ok"
        assert (await scene.type("ps")).detail.count("traced") == 0
        assert (await scene.type("exec 5 3 4 5 6")).line == "Ok:5: 15"
        assert (await scene.type("trace 5 off")).line == "Ok"  # twice does no harm
        lines = await text_of(scene)
    assert lines
    bad = [line for line in lines if not any(re.fullmatch(form, line) for form in LINES)]
    assert bad == []
    threads = {int(line.split()[0]) for line in lines if re.match(r"\d+ +\w+\(", line)}
    assert pid in threads
    assert threads <= own
    names = {name for thread in threads for name in calls(lines, thread)}
    assert {"poll", "read", "write", "recvfrom", "sendto"} & names
    assert not any("EAGAIN" in line and "-1 EAGAIN (" not in line for line in lines)


async def test_unfinished_and_resumed(stage: Open) -> None:
    """A call that another thread's line interrupts is cut in two, and both halves fit."""
    async with stage(10) as scene:
        await scene.type("trace 10 on")
        for _ in range(5):
            assert (await scene.type("exec 10 2 20 22")).line == "Ok:10: 42"
        lines = await text_of(scene)
    begun: dict[str, str] = {}
    ended = 0
    for line in lines:
        if found := re.match(r"(\d+) +(\w+)\(.*<unfinished", line):
            assert found[1] not in begun, line
            begun[found[1]] = found[2]
        elif found := re.match(r"(\d+) +<\.\.\. (\w+) resumed>", line):
            assert begun.pop(found[1]) == found[2], line
            ended += 1
    assert ended


async def test_the_death_of_a_traced_node(stage: Open, outsider: Outsider) -> None:
    """The last lines say who was killed: one a thread, as strace -f writes them."""
    async with stage(10, 5) as scene:
        pid = scene.pid(5)
        await scene.type("trace 5 on")
        await scene.type("exec 5 1 1")
        with outsider("KILL", pid):
            await scene.notice(r"node 5 .* was killed by SIGKILL.*")
        await scene.reaped(5)
        assert (await scene.type("trace 5 off")).line == "Error:5: Node is unavailable"
        lines = await text_of(scene)
    assert sum(line.endswith("+++ killed by SIGKILL +++") for line in lines) == 3
    own = [line for line in lines if re.match(rf"{pid} ", line)]  # its parent's SIGCHLD may follow
    assert re.fullmatch(rf"{pid} +\+\+\+ killed by SIGKILL \+\+\+", own[-1])


async def test_signals_of_a_traced_node(stage: Open, outsider: Outsider) -> None:
    """A stop, a continue and a deadly signal stand in the text with their senders."""
    async with stage(10, 5) as scene:
        pid = scene.pid(5)
        await scene.type("trace 5 on")
        senders = {}
        for name, said in (("STOP", "was stopped"), ("CONT", "runs again"), ("TERM", "was killed")):
            with outsider(name, pid) as process:
                await scene.notice(rf"node 5 .* {said}.*")
                senders[name] = process.pid
        await scene.reaped(5)
        lines = await text_of(scene)
    text = "\n".join(lines)
    for name, sender in senders.items():
        assert f"--- SIG{name} {{si_signo=SIG{name}, si_code=SI_USER, si_pid={sender}, si_uid=" in text
    assert re.search(r"\d+ +--- stopped by SIGSTOP ---", text)  # by one thread at least, before SIGCONT came
    assert re.search(rf"{pid} +\+\+\+ killed by SIGTERM \+\+\+", text)


async def test_a_filter(stage: Open) -> None:
    """`-e trace=SET` leaves the calls of the set and no others; another filter takes its place."""
    async with stage(10, 5) as scene:
        assert (await scene.type("trace 10 on -e trace=network")).line == "Ok"
        await scene.create(15)  # it forks, and the new node's sockets are its own
        await scene.type("exec 5 1 1")
        assert (await scene.type("trace 10 on -e trace=!poll,epoll_wait,restart_syscall")).line == "Ok"
        await scene.type("exec 5 1 1")
        lines = await text_of(scene)
    names = {found[1] for line in lines if (found := re.match(r"\d+ +(\w+)\(", line))}
    assert names & {"recvfrom", "sendto", "recvmsg", "sendmsg", "accept4"}
    assert not names & {"poll", "epoll_wait", "restart_syscall"}


async def test_bad_words(stage: Open) -> None:
    """Each is one clear printable line, nothing is traced, and the next command works."""
    async with stage(10, watch=False) as scene:
        for words, reply in BAD_WORDS:
            found = (await scene.type(f"trace {words}")).line
            if reply is None:
                assert found.startswith("Error: ")
                assert found.isprintable()
                assert "internal" not in found
                assert len(found) < 200
            else:
                assert found == reply
            assert not scene.supervisor.subject(10).traced
            assert (await scene.type("pingall")).line == "Ok: -1"


async def test_all_is_every_call(stage: Open) -> None:
    """`-e trace=all` is as no filter at all."""
    async with stage(10) as scene:
        assert (await scene.type("trace 10 on -e trace=all")).line == "Ok"
        assert scene.supervisor.subject(10).syscalls is None
        await scene.type("exec 10 1 1")
        assert "poll" in {
            found[1] for line in await text_of(scene) if (found := re.match(r"\d+ +(\w+)\(", line))
        }


async def test_a_stopped_node_can_be_traced(stage: Open) -> None:
    """Switching takes effect although it stands still, and its death while traced is seen."""
    async with stage(10, 5) as scene:
        await scene.cluster.stop(5)
        assert (await scene.type("trace 5 on")).line == "Ok"
        await scene.cluster.cont(5)
        assert (await scene.type("exec 5 1 1")).line == "Ok:5: 1"
        await scene.cluster.stop(5)
        os.kill(scene.pid(5), signal.SIGKILL)
        await scene.notice(r"node 5 .* was killed by SIGKILL.*")
        assert scene.supervisor.verdict(5).text.startswith("dead")


async def test_an_unwatched_node_is_seized_for_it(stage: Open) -> None:
    """`trace on` attaches; `watch off` ends tracing as well."""
    async with stage(10, 5, watch=False) as scene:
        assert (await scene.type("trace 5 on")).line == "Ok"
        assert scene.supervisor.watched() == 1
        await scene.type("exec 5 1 1")
        await scene.type("watch 5 off")
        assert scene.supervisor.watched() == 0
        assert not scene.supervisor.subject(5).traced
        assert (await scene.type("exec 5 1 1")).line == "Ok:5: 1"
        lines = await text_of(scene)
    assert lines


async def test_where_nothing_is_kept(stage: Open, tmp_path: Path) -> None:
    """A session without a directory says so instead of tracing to nowhere."""
    from bstcluster.shell import Shell
    from bstinspect.commands import InspectCommands

    async with stage(10) as scene:
        commands = InspectCommands(scene.cluster, scene.supervisor, None, None, color=False)
        scene.shell = Shell(scene.cluster, scene.events)
        commands.join(scene.shell)
        reply = await scene.type("trace 10 on")
        assert (reply.line, reply.detail) == ("Ok", "Nothing is kept: the session has no directory.")
        await commands.close()
    assert not (tmp_path / "trace.txt").exists()
