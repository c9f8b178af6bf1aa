"""`crash ID --at POINT`: a node is killed at a message, not at a moment."""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING, Final

import pytest

from bstinspect.errors import UsageError
from bstinspect.points import crash_point

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from supervisor.conftest import Stage

    Open = Callable[..., AbstractAsyncContextManager[Stage]]

USAGE: Final = "Error: usage: crash ID [--at POINT|off]"
REFUSED: Final = [
    ("crash 20 --at", USAGE),
    ("crash 20 bind@exit", USAGE),
    ("crash 20 --on bind@exit", USAGE),
    ("crash 20 --at bind@exit again", USAGE),
    ("crash x --at bind@exit", 'Error: "x" is not an id'),
    ("crash 99 --at bind@exit", "Error:99: Not found"),
    ("crash 20 --at 10:bind@exit", "Error: '10:bind@exit' is a point of 10, and this is 20.1"),
    ("crash 20 --at 20.2:bind@exit", "Error: '20.2:bind@exit' is a point of 20.2, and this is 20.1"),
    ("crash 20 --at recv(exec)@entry",
     "Error: 'recv(exec)@entry': what is received is known at the exit only"),
    ("crash 20 --at exit@exit", "Error: 'exit@exit': nobody comes back from an exit"),
    ("crash 20 --at send(exec-replay)@exit",
     "Error: 'send(exec-replay)@exit': no message is called exec-replay; did you mean exec-reply?"),
    ("crash 20 --at here", "Error: 'here' is no crash point; one looks like 20.1:send(exec-reply)#1@exit"),
]  # fmt: skip


@pytest.mark.parametrize(
    "word", ["send(exec-reply)#2@exit", "20:send(exec-reply)#2@exit", "'20.3:send(exec-reply)#2@exit'",
             '"send(exec-reply)#2@exit"']
)  # fmt: skip
def test_the_ways_to_write_a_point(word: str) -> None:
    """With or without the node and its life, and quotes."""
    assert str(crash_point(word.encode(), 20, 3)) == "20.3:send(exec-reply)#2@exit"
    with pytest.raises(UsageError):
        crash_point(word.encode() + b"!", 20, 3)


async def test_before_and_after_a_message(stage: Open) -> None:
    """The notice says at which point; what comes after it is as after any crash."""
    async with stage(10, 20, 30) as scene:
        assert (await scene.type("crash 30 --at 'send(exec-reply)#2@entry'")).line == "Ok"
        assert "(to be killed at 30.1:send(exec-reply)#2@entry)" in (await scene.type("tree")).detail
        assert "to be killed at 30.1:send(exec-reply)#2@entry" in (await scene.type("why 30")).detail
        assert (await scene.type("exec 30 1 7")).line == "Ok:30: 7"
        assert (await scene.type("exec 30 1 7")).line == "Error:30: Node is unavailable"
        by = r"node 30 \(pid \d+\) was killed by SIGKILL, by this session \(crash at 30\.1:{}\)"
        await scene.notice(by.format(r"send\(exec-reply\)#2@entry"))
        assert (await scene.type("pingall")).line == "Ok: 30"
        assert "to be killed" not in (await scene.type("tree")).detail
        assert (await scene.type("crash 30 --at bind@exit")).line == "Error:30: Node is unavailable"
        assert (await scene.type("crash 20 --at 20:fork@exit")).line == "Ok"
        assert (await scene.type("create 15")).line.startswith("Error: ")
        await scene.notice(r"node 20 .* \(crash at 20\.1:fork#1@exit\); unreachable below it: 30")


async def test_at_the_entry_nobody_gets_the_message_at_the_exit_it_is_on_its_way(stage: Open) -> None:
    """The parent, which is to die of the message, lives in the first case, and dies in the second."""
    async with stage(10, 20, 30) as scene:
        assert (await scene.type("crash 20 --at recv(exec-reply)@exit")).line == "Ok"
        assert (await scene.type("crash 30 --at send(exec-reply)@entry")).line == "Ok"
        assert (await scene.type("exec 30 1 7")).line == "Error:30: Node is unavailable"
        await scene.notice(r"node 30 .* \(crash at 30\.1:send\(exec-reply\)#1@entry\)")
        assert (await scene.type("kill 30")).line == "Ok"
        assert (await scene.type("pingall")).line == "Ok: -1"
        await scene.create(30)
        assert (await scene.type("crash 30 --at send(exec-reply)@exit")).line == "Ok"
        assert (await scene.type("exec 30 1 7")).line == "Error:30: Node is unavailable"
        text = await scene.until(lambda: "\n".join(scene.notices) if len(scene.notices) == 3 else "")
        assert sorted(re.findall(r"\(crash at (\S+)\)", text)[1:]) == [
            "20.1:recv(exec-reply)#1@exit", "30.2:send(exec-reply)#1@exit",
        ]  # fmt: skip


async def test_a_traced_node_and_one_that_is_spared(stage: Open) -> None:
    """Whether its calls are traced or not is the same; off takes the kill back, and tracing goes on."""
    async with stage(10, 20) as scene:
        assert (await scene.type("crash 20 --at send(exec-reply)@entry")).line == "Ok"
        assert (await scene.type("trace 20 on")).line == "Ok"
        assert (await scene.type("crash 20 --at off")).line == "Ok"
        assert (await scene.type("exec 20 1 7")).line == "Ok:20: 7"
        assert (await scene.type("crash 20 --at send(exec-reply)@entry")).line == "Ok"
        assert (await scene.type("trace 20 off")).line == "Ok"
        assert (await scene.type("trace 20 on")).line == "Ok"
        assert (await scene.type("exec 20 1 7")).line == "Error:20: Node is unavailable"
        await scene.notice(r"node 20 .* by this session \(crash at 20\.1:send\(exec-reply\)#1@entry\)")
        await scene.supervisor.close()
        await scene.commands.close()
        assert "Exec" in scene.text.read_text()


async def test_what_is_refused(stage: Open) -> None:
    """In one line, and the node lives on."""
    async with stage(10, 20) as scene:
        for line, reply in REFUSED:
            assert (await scene.type(line)).line == reply
        assert (await scene.type("watch 20 off")).line == "Ok"
        assert (await scene.type("crash 20 --at bind@exit")).line == "Error:20: the node is not watched"
        assert (await scene.type("crash 20 --at off")).line == "Ok"
        assert (await scene.type("pingall")).line == "Ok: -1"
        assert (await scene.type("crash 20")).line == "Ok"


async def test_another_tracer_takes_the_point_over(stage: Open) -> None:
    """It counts anew."""
    async with stage(10) as scene:
        assert (await scene.type("crash 10 --at send(exec-reply)@entry")).line == "Ok"
        assert scene.supervisor.tracer_pid is not None
        os.kill(scene.supervisor.tracer_pid, signal.SIGKILL)
        await scene.notice("a new tracer .* watches 1 nodes again")
        assert (await scene.type("exec 10 1 1")).line == "Error:10: Node is unavailable"
