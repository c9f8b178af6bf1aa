"""Several tracers: many traced nodes are shared out, and each tracer has a CPU of its own."""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest

from bstinspect.linux import proc
from supervisor.conftest import wait_for

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from supervisor.conftest import Stage

    Open = Callable[..., AbstractAsyncContextManager[Stage]]
    Outsider = Callable[[str, int], AbstractContextManager[subprocess.Popen[bytes]]]

NODES: Final = (40, 20, 60, 10, 30, 50, 70)
pytestmark = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="a second tracer is only for a second CPU"
)


def tracer(scene: Stage, node: int) -> int:
    """Return who traces a node now; 0 for nobody."""
    found = proc.tracer(scene.pid(node))
    return found.pid if found else 0


async def trace_all(scene: Stage, words: str) -> dict[int, int]:
    """Switch the tracing of all nodes; return the tracer of each."""
    for node in NODES:
        assert (await scene.type(f"trace {node} {words}")).line == "Ok"
    return {node: tracer(scene, node) for node in NODES}


async def test_many_traced_nodes_have_two_tracers(stage: Open) -> None:
    """Each has a share and a CPU; all calls are in the text, of both; off and on again changes no tracer."""
    async with stage(*NODES) as scene:
        assert len(scene.supervisor.tracer_pids) == 1
        before = {node: os.sched_getaffinity(scene.pid(node)) for node in NODES}
        owners = await trace_all(scene, "on")
        first, second = scene.supervisor.tracer_pids
        assert first == scene.supervisor.tracer_pid
        assert Counter(owners.values()) == {first: 4, second: 3}
        cpus = {each: os.sched_getaffinity(each) for each in (first, second)}
        assert all(len(each) == 1 for each in cpus.values())
        assert len(set.union(*cpus.values())) == len(cpus)
        assert all(os.sched_getaffinity(scene.pid(node)) == cpus[owners[node]] for node in NODES)
        for node in NODES:
            assert (await scene.type(f"exec {node} 2 {node} 1")).line == f"Ok:{node}: {node + 1}"
        assert await trace_all(scene, "off") == owners
        assert wait_for(lambda: {node: os.sched_getaffinity(scene.pid(node)) for node in NODES} == before)
        assert await trace_all(scene, "on") == owners
        assert await scene.cluster.pingall() == []
        node_of = {tid: node for node in NODES for tid in proc.threads(scene.pid(node))}
        below = {node: len(scene.cluster.topology.subtree(node)) for node in NODES}
        await scene.supervisor.close()
        await scene.commands.close()
    lines = scene.text.read_text().splitlines()
    assert not [line for line in lines if "records lost" in line]
    # The answers to exec, each a message of its own, on their way up through the tree.
    sent = [found[1] for line in lines if (found := re.match(r"(\d+) +sendto\(.*\\243Sum", line))]
    assert Counter(node_of[int(tid)] for tid in sent) == below
    assert not [each for each in cpus if proc.stat(each) is not None]


async def test_deaths_in_both_shares(stage: Open, outsider: Outsider) -> None:
    """Each is said once, with its autopsy; a child of a node of the second tracer is its own as well."""
    async with stage(*NODES) as scene:
        owners = await trace_all(scene, "on")
        first = scene.supervisor.tracer_pid
        parent, other = (node for node in (70, 50) if owners[node] != first)
        child = parent + 1
        await scene.create(child)
        assert tracer(scene, child) == owners[parent]
        assert scene.supervisor.watched() == len(NODES) + 1
        assert (await scene.type(f"watch {child} off")).line == "Ok"
        assert tracer(scene, child) == 0
        assert (await scene.type(f"watch {child} on")).line == "Ok"
        victims = [child, other, next(node for node in (10, 30) if owners[node] == first)]
        for node in victims:
            with outsider("KILL", scene.pid(node)):
                await scene.notice(rf"node {node} .* was killed by SIGKILL, .*")
            await scene.reaped(node)
            assert scene.supervisor.subject(node).autopsy is not None
        for node in victims:
            assert sum(text.startswith(f"node {node} ") for text in scene.notices) == 1
        assert (await scene.why()).keys() >= set(victims)


@pytest.mark.usefixtures("orphanage")
async def test_the_second_tracer_is_killed(stage: Open, outsider: Outsider) -> None:
    """Its nodes, and no others, are seized and traced again, on the same CPU."""
    async with stage(*NODES) as scene:
        owners = await trace_all(scene, "on")
        _, second = scene.supervisor.tracer_pids
        share = [node for node in NODES if owners[node] == second]
        cpu = os.sched_getaffinity(second)
        with outsider("KILL", second):
            await scene.notice(rf"the tracer \(pid {second}\) died; .*", within=2)
        await scene.notice(rf"a new tracer \(pid \d+\) watches {len(share)} nodes again", within=5)
        third = scene.supervisor.tracer_pids[1]
        for node in NODES:
            assert tracer(scene, node) == (third if owners[node] == second else owners[node])
        assert os.sched_getaffinity(third) == cpu
        assert scene.supervisor.watched() == len(NODES)
        with outsider("KILL", scene.pid(share[-1])):
            await scene.notice(rf"node {share[-1]} .* was killed by SIGKILL.*")
        assert (await scene.until(lambda: scene.supervisor.subject(share[-1]).autopsy)).pid


async def test_a_death_while_it_is_handed_over(
    stage: Open, outsider: Outsider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither tracer sees it; it is said once all the same, and the others can be traced."""
    from bstinspect.watching import TracerKeeper

    async with stage(*NODES) as scene:
        for node in NODES[:4]:
            assert (await scene.type(f"trace {node} on")).line == "Ok"
        victim, release = scene.pid(30), TracerKeeper.release

        async def release_and_die(self: TracerKeeper, pid: int) -> None:
            await release(self, pid)
            with outsider("KILL", victim):
                await scene.reaped(30)

        monkeypatch.setattr(TracerKeeper, "release", release_and_die)
        assert (await scene.type("trace 30 on")).line == f"Error:30: there is no process {victim}"
        monkeypatch.undo()
        await scene.notice(rf"node 30 \(pid {victim}\) was killed by SIGKILL, .*")
        assert (await scene.type("trace 50 on")).line == "Ok"
        assert tracer(scene, 50) == scene.supervisor.tracer_pids[1]
        assert (await scene.why()).keys() == {30}
        assert len(scene.notices) == 1
