"""What is said of a node does not outlive its cause, without a pingall in between."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from bstinspect.verdicts import Kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from supervisor.conftest import Stage

    Open = Callable[..., AbstractAsyncContextManager[Stage]]


async def test_a_node_that_runs_again_is_alive(stage: Open) -> None:
    """Stopped, missed by a pingall, continued: `tree` and `why` say so without another pingall."""
    async with stage(10, 20, 15) as scene:
        await scene.cluster.stop(20)
        assert set(await scene.why()) == {15, 20}
        await scene.cluster.cont(20)
        await scene.until(lambda: scene.supervisor.verdict(20).kind is Kind.ALIVE)
        assert scene.supervisor.verdict(15).kind is Kind.ALIVE
        assert "x " not in (await scene.type("tree")).detail


async def test_an_id_made_again_starts_anew(stage: Open) -> None:
    """Crashed, missed, killed and created again: the new node is not blamed for the old one."""
    async with stage(10, 20, 15) as scene:
        await scene.cluster.crash(20)
        assert set(await scene.why()) == {15, 20}
        await scene.cluster.kill(20)
        await scene.create(20, 15)
        assert "x " not in (await scene.type("tree")).detail


async def test_what_is_not_to_be_watched_is_not(stage: Open) -> None:
    """A child of a watched node is followed by the kernel; where nobody asked for that, it is let go."""
    async with stage(10, watch=False) as scene:
        await scene.supervisor.watch(10, on=True)
        await scene.create(5)
        assert (await scene.type("ps")).detail.count("ptrace") == 1
        assert scene.supervisor.watched() == 1
        with open(f"/proc/{scene.pid(5)}/status") as status:  # noqa: ASYNC230, PTH123 - /proc does not block
            assert "TracerPid:\t0\n" in status.read()


async def test_a_node_made_while_the_tracer_hangs_is_watched_by_the_next(stage: Open) -> None:
    """The tracer is stopped, a node is made, another tracer comes: it watches both."""
    async with stage(10) as scene:
        await scene.supervisor.watch(10, on=False)
        assert scene.supervisor.tracer_pid is not None
        os.kill(scene.supervisor.tracer_pid, signal.SIGSTOP)
        await scene.create(5)
        await scene.notice(r"a new tracer \(pid \d+\) watches 1 nodes again")
        assert scene.supervisor.watched() == 1


async def test_a_dead_decoder_is_noticed_and_replaced(stage: Open) -> None:
    """Its end is told, and the next `trace` has another one, with a file of its own."""
    async with stage(10) as scene:
        await scene.type("trace 10 on")
        follower = scene.commands._follower
        assert follower is not None
        os.kill(follower._process.pid, signal.SIGKILL)
        await scene.notice(r"the decoder is gone: .*trace\.txt ends here; .*")
        assert (await scene.type("trace 10 on")).detail.endswith("trace-2.txt")


async def test_only_traced_nodes_are_in_the_text(stage: Open) -> None:
    """The stops and deaths of nodes that are only watched are not shown as their syscalls would be."""
    async with stage(10, 5, 20) as scene:
        await scene.type("trace 5 on")
        await scene.cluster.exec(5, [1])
        await scene.type("trace 5 off")
        await scene.cluster.stop(20)
        await scene.cluster.cont(20)
        await scene.cluster.crash(20)
        await scene.cluster.exec(5, [1])
        pid = scene.pid(20)  # its threads have the ids behind it
        await scene.supervisor.close()
        await scene.commands.close()
        lines = scene.text.read_text().splitlines()
        assert any(" = " in line for line in lines)
        tids = {int(line.split()[0]) for line in lines}
        assert tids.isdisjoint(range(pid, pid + 3))
        assert not [line for line in lines if "SIG" in line]


async def test_a_restarted_call_has_its_own_name(stage: Open) -> None:
    """After a stop the kernel goes on with restart_syscall(2); a person wants to read poll."""
    async with stage(10) as scene:
        await scene.cluster.stop(10)
        await scene.cluster.cont(10)
        while "state R" in (detail := (await scene.type("why 10")).detail):
            pass  # it is on its way back into the call
        assert "main thread: in poll" in detail
        assert (await scene.type("ps")).detail.endswith("poll")
