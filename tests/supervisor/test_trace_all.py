"""`trace all`: every node that there is, and every node to come, from its fork on."""

from __future__ import annotations

import asyncio
import os
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from bstinspect.capture.file import CaptureReader
from bstinspect.decode.architecture import native_numbers
from bstinspect.linux import proc
from bstinspect.records import Attached, SyscallEntry

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from bstinspect.records import AnyRecord
    from supervisor.conftest import Stage

    Open = Callable[..., AbstractAsyncContextManager[Stage]]
    Outsider = Callable[[str, int], AbstractContextManager[subprocess.Popen[bytes]]]
    Strace = Callable[[int], AbstractContextManager[subprocess.Popen[str]]]

SETTING_UP = {"socket", "bind", "connect", "prctl"}
"""What every node but the root does between its fork and its hello."""


def recorded(scene: Stage) -> list[AnyRecord]:
    """Read the capture as far as it goes."""
    reader = CaptureReader(str(scene.text.with_name("capture.bst")))
    try:
        return list(reader.available())
    finally:
        reader.close()


def calls(scene: Stage, pid: int) -> list[int]:
    """List the calls of a process that are in the capture."""
    return [each.number for each in recorded(scene) if isinstance(each, SyscallEntry) and each.pid == pid]


def traced(scene: Stage) -> list[int]:
    """List the nodes that are traced, as `ps` says."""
    return sorted(each.node for each in scene.cluster.tree() if scene.supervisor.subject(each.node).traced)


async def names(scene: Stage, pid: int) -> set[str]:
    """End everything, and return which calls of a process are in the text."""
    tids = {pid, *proc.threads(pid)}
    await scene.supervisor.close()
    await scene.commands.close()
    found = (re.match(r"(\d+) +(\w+)\(", line) for line in scene.text.read_text().splitlines())
    return {each[2] for each in found if each and int(each[1]) in tids}


async def test_from_birth(stage: Open) -> None:
    """What a child does before its hello is there, in the capture and in the text."""
    async with stage() as scene:
        on = await scene.type("trace all on")
        assert (on.line, on.detail) == ("Ok", f"Tracing to {scene.text}")
        await scene.create(10, 5, 3)
        assert traced(scene) == [3, 5, 10]
        assert (await scene.type("ps")).detail.count("traced") == 3
        assert "syscalls traced" in (await scene.type("why 3")).detail
        assert (await scene.type("exec 3 2 1 2")).line == "Ok:3: 3"
        assert calls(scene, scene.pid(10))
        assert await names(scene, scene.pid(3)) >= SETTING_UP


async def test_those_that_are_there_and_off_again(stage: Open) -> None:
    """Existing nodes are switched too; one can be left out; off ends it for all, and for those to come."""
    async with stage(10, 5, 15) as scene:
        await scene.type("trace 5 on -e trace=bind")
        assert (await scene.type("trace all on -e trace=%network")).line == "Ok"
        assert traced(scene) == [5, 10, 15]
        wanted = scene.supervisor.subject(10).syscalls
        assert wanted
        assert scene.supervisor.subject(5).syscalls == wanted
        assert (await scene.type("trace 15 off")).line == "Ok"
        await scene.create(20, 3)
        assert traced(scene) == [3, 5, 10, 20]
        assert scene.supervisor.subject(20).syscalls == wanted
        assert native_numbers()["bind"] in calls(scene, scene.pid(3))
        assert set(calls(scene, scene.pid(3))) <= set(wanted)
        assert (await scene.type("trace all off")).line == "Ok"
        assert traced(scene) == []
        before = len(recorded(scene))
        await scene.create(2)
        assert await scene.cluster.exec(2, [1]) == 1
        assert traced(scene) == []
        assert scene.supervisor.watched() == 6
        assert not [each for each in recorded(scene)[before:] if isinstance(each, SyscallEntry)]


async def test_off_while_a_node_is_made(stage: Open) -> None:
    """It is forked by a traced node, and not traced all the same when both are done."""
    async with stage() as scene:
        await scene.type("trace all on")
        await scene.create(10)
        made, _ = await asyncio.gather(scene.cluster.create(5), scene.type("trace all off"))
        assert traced(scene) == []
        before = len(recorded(scene))
        assert await scene.cluster.exec(5, [1, 2]) == 3
        late = [each for each in recorded(scene)[before:] if isinstance(each, SyscallEntry)]
        assert made not in {each.pid for each in late}


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="a second tracer is only for a second CPU")
async def test_only_who_was_there_is_shared_out(stage: Open) -> None:
    """A node that is born traced stays with its tracer, however many that has: no call is lost."""
    async with stage() as scene:
        await scene.type("trace all on")
        await scene.create(40, 20, 60, 10, 30, 50, 70)
        assert len(scene.supervisor.tracer_pids) == 1
        await scene.type("trace all on -e trace=%network")
        assert len(scene.supervisor.tracer_pids) == 1
    async with stage(40, 20, 60, 10, 30, 50, 70) as scene:
        await scene.type("trace all on")
        owners = Counter(found.pid for node in traced(scene) if (found := proc.tracer(scene.pid(node))))
        assert sorted(owners.values()) == [3, 4]
        await scene.create(80)
        parent, child = proc.tracer(scene.pid(70)), proc.tracer(scene.pid(80))
        assert parent
        assert child
        assert child.pid == parent.pid
        assert native_numbers()["bind"] in calls(scene, scene.pid(80))


@pytest.mark.usefixtures("orphanage")
async def test_a_new_tracer_goes_on(stage: Open, outsider: Outsider) -> None:
    """It traces the nodes again, and what they fork from birth."""
    async with stage() as scene:
        await scene.type("trace all on")
        await scene.create(10, 5)
        tracer = scene.supervisor.tracer_pid
        assert tracer
        with outsider("KILL", tracer):
            await scene.notice(r"a new tracer \(pid \d+\) watches 2 nodes again")
        assert traced(scene) == [5, 10]
        await scene.create(3)
        assert traced(scene) == [3, 5, 10]
        assert await names(scene, scene.pid(3)) >= SETTING_UP


async def test_a_session_that_watches_nothing(stage: Open) -> None:
    """`--no-watch`: all nodes are attached to for it, and those to come; after `off` new ones are not."""
    async with stage(10, watch=False) as scene:
        await scene.type("trace all on")
        await scene.create(5)
        assert traced(scene) == [5, 10]
        assert native_numbers()["bind"] in calls(scene, scene.pid(5))
        await scene.type("trace all off")
        await scene.create(15)
        assert scene.supervisor.watched() == 2


async def test_who_refuses(stage: Open, strace: Strace) -> None:
    """A node that somebody else traces is named; where nobody can be traced, that is an error."""
    async with stage(10, 5) as scene:
        for node in (10, 5):
            await scene.type(f"watch {node} off")
        with strace(scene.pid(5)) as other:
            on = await scene.type("trace all on")
            refusal = f"node 5: process {scene.pid(5)} is traced by strace (pid {other.pid})"
            assert (on.line, on.detail) == ("Ok", f"Tracing to {scene.text}\n{refusal}")
            assert traced(scene) == [10]
            await scene.type("trace all off")
            await scene.cluster.crash(10)
            assert (await scene.type("trace all on")).line == f"Error: {refusal}"
            assert not scene.supervisor.traces_all
        assert (await scene.type("trace all on")).line == "Ok"
        assert traced(scene) == [5]


async def test_the_names_of_threads(stage: Open) -> None:
    """Those of ZeroMQ can be told apart in the capture."""
    async with stage(10) as scene:
        await scene.type("trace all on")
        found = {each.name for each in recorded(scene) if isinstance(each, Attached)}
        assert found == {b"node 10", b"ZMQbg/Reaper", b"ZMQbg/IO/0"}
        await scene.create(5)
        await scene.supervisor.close()
        await scene.commands.close()
    lines = scene.text.read_text().splitlines()
    assert lines
    assert not [line for line in lines if re.match(r"\d+<", line)]  # of some it would be known, of others not
