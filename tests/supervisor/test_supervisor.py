"""A cluster and its supervisor with real processes: what is said of a death, a stop, a node that hangs."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

import pytest

from bstcluster import UnavailableError
from bstinspect.capture.file import CaptureReader
from bstinspect.linux import proc
from bstinspect.linux.tracefs import SignalWatch
from bstinspect.records import SyscallEntry
from bstinspect.subjects import Watch
from bstinspect.verdicts import Kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from supervisor.conftest import Stage

    Open = Callable[..., AbstractAsyncContextManager[Stage]]
    Outsider = Callable[[str, int], AbstractContextManager[subprocess.Popen[bytes]]]
    Strace = Callable[[int], AbstractContextManager[subprocess.Popen[str]]]

needs_strace: Final = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
needs_gdb: Final = pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")

# Seizes a process and has its main thread call pause(2), whatever it was in. x86-64 only.
HANG: Final = """
import ctypes, os, sys
pid = int(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
registers = (ctypes.c_ulong * 27)()  # struct user_regs_struct
RAX, ORIG_RAX, RIP = 10, 15, 16
def ptrace(request, data=0):
    assert libc.ptrace(request, pid, 0, data) == 0, (hex(request), ctypes.get_errno())
ptrace(0x4206)  # PTRACE_SEIZE
ptrace(0x4207)  # PTRACE_INTERRUPT
os.waitpid(pid, 0x40000000)
ptrace(12, ctypes.addressof(registers))  # PTRACE_GETREGS
assert registers[ORIG_RAX] < 1000, "not in a syscall"
registers[ORIG_RAX] = 2**64 - 1  # no restart of the call that was interrupted
registers[RAX] = 34  # pause
registers[RIP] -= 2  # back to the syscall instruction
ptrace(13, ctypes.addressof(registers))  # PTRACE_SETREGS
ptrace(17)  # PTRACE_DETACH
"""

# A seccomp filter that answers ptrace (x86-64: 101, aarch64: 117) with EPERM.
NO_PTRACE: Final = """
import ctypes, os, struct
number = {"x86_64": 101, "aarch64": 117}[os.uname().machine]
program = b"".join(struct.pack("=HBBI", *line) for line in [
    (0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)
])
buffer = ctypes.create_string_buffer(program, len(program))
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Program(4, ctypes.addressof(buffer))), 0, 0) == 0
"""


def hang(pid: int) -> None:
    """Make a process's main thread hang in pause(2), and wait until it does."""
    subprocess.run([sys.executable, "-c", HANG, str(pid)], check=True, timeout=10)
    for _ in range(10_000):  # detached, it runs into the call by itself; nothing says when it is there
        call = proc.syscall(pid)
        if call is not None and call.number == 34:
            return
        os.sched_yield()
    raise AssertionError(proc.syscall(pid))


@pytest.fixture(scope="session")
def names_killers() -> bool:
    """Say whether the kernel names the sender of a SIGKILL here."""
    watch, _ = SignalWatch.open()
    if watch is not None:
        watch.close()
    return watch is not None


def uid() -> int:
    """Return who we are."""
    return os.getuid()


async def test_kill_9_from_outside(stage: Open, outsider: Outsider, names_killers: bool) -> None:  # noqa: FBT001
    """The notice names node, pid, signal, sender and what is cut off; `why` has the autopsy."""
    async with stage(40, 20, 60, 10, 30) as scene:
        pid = scene.pid(20)
        with outsider("KILL", pid) as killer:
            text = await scene.notice(r"node 20 .*", within=5)
            by = f"by pid {killer.pid} (sh, uid {uid()})" if names_killers else "sender unknown"
        assert text == f"node 20 (pid {pid}) was killed by SIGKILL, {by}; unreachable below it: 10;30"
        subject = scene.supervisor.subject(20)
        autopsy = await scene.until(lambda: subject.autopsy)
        assert (autopsy.pid, autopsy.status, autopsy.was_stopped) == (pid, signal.SIGKILL, False)
        assert autopsy.uid == uid()
        assert autopsy.parent == scene.pid(40)
        assert autopsy.resident_kib > 1000
        assert autopsy.peak_kib >= autopsy.resident_kib
        assert 0 <= autopsy.age_ns < 60e9
        assert autopsy.threads[0].tid == pid
        assert len(autopsy.threads) == 3  # ZeroMQ has two of its own
        assert autopsy.threads[0].syscall >= 0
        assert autopsy.threads[0].arguments
        endpoints = {each.endpoint for each in autopsy.descriptors if each.endpoint}
        directory = scene.cluster.socket_directory
        assert f"unix:{directory}/20.1" in endpoints
        assert f"unix:->{directory}/40.1" in endpoints
        assert not autopsy.descriptors_omitted
        assert await scene.why() == {
            10: "orphaned: ancestor 20 is dead",
            20: scene.supervisor.verdict(20).text,
            30: "orphaned: ancestor 20 is dead",
        }
        assert re.fullmatch(
            rf"dead: killed by SIGKILL, \d\.\d s ago, {re.escape(by)}", scene.supervisor.verdict(20).text
        )
        told = (await scene.type("why 20")).detail
        assert "threads:" in told
        assert re.search(rf"\b{pid} \S.*: in poll\(", told)
        assert f"unix:->{directory}/40.1" in told
        (death,) = [facts for event, facts in scene.events.seen if event == "death"]
        assert (death["node"], death["pid"], death["unreachable"]) == (20, pid, [10, 20, 30])


async def test_each_signal_has_its_sender(stage: Open, outsider: Outsider) -> None:
    """Signals other than SIGKILL carry their sender, whoever we are; with a core, or without."""
    async with stage(10, 5, 15) as scene:
        for node, name in ((5, "TERM"), (15, "ABRT")):
            pid = scene.pid(node)
            with outsider(name, pid) as killer:
                text = await scene.notice(rf"node {node} .*")
            assert re.fullmatch(
                rf"node {node} \(pid {pid}\) was killed by SIG{name}( \(core dumped\))?, "
                rf"by pid {killer.pid} \(sh, uid {uid()}\)",
                text,
            )


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="rewrites the registers of x86-64")
@pytest.mark.parametrize("watched", [True, False])
async def test_an_exit_has_a_status(stage: Open, watched: bool) -> None:  # noqa: FBT001
    """A node that exits by itself did not get killed, and the notice says so."""
    program = HANG.replace("= 34  # pause", "= 231  # exit_group\nregisters[14] = 7")
    async with stage(10, 5, watch=watched) as scene:
        pid = scene.pid(5)
        await scene.supervisor.watch(5, on=False)
        process = subprocess.Popen([sys.executable, "-c", program, str(pid)])  # noqa: ASYNC220
        assert await scene.notice(r"node 5 .*") == f"node 5 (pid {pid}) exited with status 7"
        assert process.wait() == 0
        assert re.fullmatch(r"exited with status 7, \d\.\d s ago", (await scene.why())[5])


@pytest.mark.parametrize("watched", [True, False])
async def test_stops_and_continues_are_seen(
    stage: Open,
    outsider: Outsider,
    watched: bool,  # noqa: FBT001
) -> None:
    """From outside: each is a notice, with its sender where ptrace shows it. Ours are none."""
    async with stage(10, 5, 3, watch=watched) as scene:
        pid = scene.pid(5)
        with outsider("STOP", pid) as stopper:
            text = await scene.notice(r"node 5 .*")
            by = f" by pid {stopper.pid} (sh, uid {uid()})" if watched else ""
        assert text == f"node 5 (pid {pid}) was stopped by SIGSTOP{by}"
        found = await scene.why()
        assert re.fullmatch(rf"stopped \(SIGSTOP\){re.escape(by)}, \d\.\d s ago", found[5])
        assert found[3] == "cut off: ancestor 5 is stopped"
        with outsider("CONT", pid):
            await scene.notice(rf"node 5 \(pid {pid}\) runs again.*")
        assert await scene.why() == {}
        before = len(scene.notices)
        await scene.cluster.stop(5)
        assert re.fullmatch(
            r"stopped \(SIGSTOP\) by this session \(stop\), \d\.\d s ago", (await scene.why())[5]
        )
        await scene.cluster.cont(5)
        assert await scene.why() == {}
        assert scene.notices[before:] == []
        assert [event for event, _ in scene.events.seen if event in ("stop", "continue")] == [
            "stop",
            "continue",
        ] * 2


@pytest.mark.parametrize("watched", [True, False])
async def test_a_cont_without_a_stop_hides_nothing_later(
    stage: Open,
    outsider: Outsider,
    watched: bool,  # noqa: FBT001
) -> None:
    """`cont` of a running node is remembered by nobody: the next stop and continue are an outsider's."""
    async with stage(10, watch=watched) as scene:
        await scene.cluster.cont(10)
        assert await scene.cluster.pingall() == []
        with outsider("STOP", scene.pid(10)):
            await scene.notice(r"node 10 .* was stopped by SIGSTOP.*")
        with outsider("CONT", scene.pid(10)):
            await scene.notice(r"node 10 .* runs again.*")


async def test_crash_is_this_session(stage: Open) -> None:
    """`crash` is told like any death, with the session itself as the sender."""
    async with stage(10, 5) as scene:
        pid = scene.pid(10)
        assert (await scene.type("crash 10")).line == "Ok"
        assert (
            await scene.notice(r"node 10 .*")
            == f"node 10 (pid {pid}) was killed by SIGKILL, by this session (crash); unreachable below it: 5"
        )


async def test_the_death_of_a_stopped_node(stage: Open, outsider: Outsider) -> None:
    """It is dead, no longer stopped; the autopsy remembers that it was."""
    async with stage(10, 5) as scene:
        await scene.cluster.stop(5)
        with outsider("KILL", scene.pid(5)):
            await scene.notice(r"node 5 .* was killed by SIGKILL, .*")
        subject = scene.supervisor.subject(5)
        assert (await scene.until(lambda: subject.autopsy)).was_stopped
        assert "while it was stopped" in (await scene.type("why 5")).detail
        assert (await scene.why())[5].startswith("dead: killed by SIGKILL")


async def test_kill_is_no_news(stage: Open) -> None:
    """`kill` of a subtree, and the end of the session, give no notice."""
    async with stage(40, 20, 60, 10, 30) as scene:
        await scene.cluster.kill(20)
        assert await scene.cluster.pingall() == []
        assert scene.supervisor.watched() == 2
        await scene.cluster.kill(40)
        assert await scene.cluster.pingall() == []
        await scene.create(20)
    assert scene.notices == []
    assert not [event for event, _ in scene.events.seen if event == "death"]


async def test_a_second_life(stage: Open) -> None:
    """An id that is made again is watched again, and its first death is forgotten."""
    async with stage(10, 5) as scene:
        await scene.cluster.crash(5)
        await scene.notice(r"node 5 .*")
        await scene.cluster.kill(5)
        await scene.create(5)
        assert await scene.why() == {}
        assert scene.supervisor.verdict(5).kind is Kind.ALIVE
        assert scene.supervisor.watched() == 2
        await scene.cluster.crash(5)
        assert f"(pid {scene.pid(5)})" in await scene.notice(r"node 5 .*")


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="rewrites the registers of x86-64")
async def test_a_node_that_hangs(stage: Open) -> None:
    """Its main thread sits in pause(2) for real: the verdict names the call and since when; death is seen."""
    async with stage(40, 20, 60, 10) as scene:
        assert (await scene.type("watch 20 off")).line == "Ok"
        hang(scene.pid(20))
        assert await scene.cluster.pingall() == [10, 20]
        found = await scene.why()
        assert re.fullmatch(r"hung: in pause, \d\.\d s", found[20])
        assert found[10] == "cut off: ancestor 20 is hung"
        first = scene.supervisor.subject(20).facts.silent_since
        await scene.why()
        assert scene.supervisor.subject(20).facts.silent_since == first
        assert "in pause (state S)" in (await scene.type("why 20")).detail
        assert "x 20" in (await scene.type("tree")).detail
        await scene.supervisor.watch(20, on=True)
        assert (await scene.why())[20].startswith("hung: in pause")
        await scene.cluster.crash(20)
        await scene.notice(r"node 20 .*")
        assert (await scene.why())[20].startswith("dead")
        subject = scene.supervisor.subject(20)
        assert (await scene.until(lambda: subject.autopsy)).threads[0].syscall == 34


@needs_strace
async def test_a_node_that_strace_traces_already(stage: Open, strace: Strace, outsider: Outsider) -> None:
    """Strace follows forks, so it has the new node first: one line for all, and deaths are still seen."""
    async with stage(10) as scene:
        await scene.supervisor.watch(10, on=False)
        with strace(scene.pid(10)) as tracer:
            await scene.create(5, 3)
            who = f"process {scene.pid(5)} is traced by strace (pid {tracer.pid})"
            assert scene.notices == [f"node 5: {who}; following it by pidfd and /proc"]
            assert await scene.why() == {}  # it answers, whoever traces it
            with outsider("KILL", scene.pid(3)):
                assert "was killed by SIGKILL" in await scene.notice(r"node 3 .*")
            assert who in str(await scene.type("watch 5 on"))
            assert (await scene.type("trace 5 on")).line == f"Error:5: {who}"
            assert scene.supervisor.watched() == 0
            assert len(scene.notices) == 2
        assert (await scene.type("watch 5 on")).line == "Ok"
        assert scene.supervisor.watched() == 1


@needs_gdb
async def test_a_node_that_gdb_holds(stage: Open) -> None:
    """It does not answer, and the verdict says who has it; let go, it answers again."""
    async with stage(10, 5, 3) as scene:
        await scene.supervisor.watch(5, on=False)
        pid = scene.pid(5)
        command = ["gdb", "-q", "-nx", "-iex", "set auto-load off", "-p", str(pid)]
        with subprocess.Popen(  # noqa: ASYNC220
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as gdb:
            assert gdb.stdin is not None
            assert gdb.stdout is not None
            print("echo attached\\n", file=gdb.stdin, flush=True)
            assert any("attached" in line for line in gdb.stdout if "(gdb)" in line)
            assert await scene.why() == {
                3: "cut off: ancestor 5 is unknown",
                5: f"unknown: traced by gdb (pid {gdb.pid})",
            }
            assert f"process {pid} is traced by gdb (pid {gdb.pid})" in str(await scene.type("watch 5 on"))
            print("detach", "quit", sep="\n", file=gdb.stdin, flush=True)
            gdb.stdin.close()
            gdb.stdout.read()
        assert await scene.why() == {}


@needs_strace
async def test_watch_off_lets_it_go(stage: Open, strace: Strace) -> None:
    """A watched node refuses strace; one that was let go does not."""
    async with stage(10, 5) as scene:
        refused = subprocess.run(  # noqa: ASYNC221
            ["strace", "-p", str(scene.pid(5))], capture_output=True, text=True, timeout=10, check=False
        )
        assert "Operation not permitted" in refused.stderr
        assert (await scene.type("watch 5 off")).line == "Ok"
        assert scene.supervisor.watched() == 1
        with strace(scene.pid(5)):
            assert await scene.cluster.exec(5, [1, 2]) == 3
        assert (await scene.type("watch 5 off")).line == "Ok"
        assert (await scene.type("watch 5 on")).line == "Ok"
        assert scene.supervisor.watched() == 2
        tracer = proc.tracer(scene.pid(5))
        assert tracer is not None
        assert tracer.pid == scene.supervisor.tracer_pid
        assert (await scene.type("watch 5 of")).line.startswith("Error: ")
        assert (await scene.type("watch 6 off")).line == "Error:6: Not found"
        await scene.cluster.crash(5)
        assert (await scene.type("watch 5 on")).line == "Error:5: Node is unavailable"
        with pytest.raises(UnavailableError):
            await scene.supervisor.trace(5, on=True, syscalls=None)


@pytest.mark.skipif(os.uname().machine not in {"x86_64", "aarch64"}, reason="no ptrace number for the filter")
async def test_where_ptrace_is_forbidden(
    stage: Open, outsider: Outsider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EPERM from the kernel itself: one line for all nodes; deaths and stops are seen nevertheless."""
    from bstinspect.capture import client

    monkeypatch.setattr(client, "_PROGRAM", NO_PTRACE + client._PROGRAM)
    async with stage(40, 20, 60, 10, 30) as scene:
        assert len(scene.notices) == 1
        assert await scene.notice(r"node 40: .* refuses .*; following it by pidfd and /proc")
        assert {scene.supervisor.subject(node).watch for node in (40, 20, 60, 10, 30)} == {Watch.PIDFD}
        assert scene.supervisor.watched() == 0
        for node, name in ((10, "KILL"), (30, "TERM")):
            with outsider(name, scene.pid(node)):
                text = await scene.notice(rf"node {node} .*")
            assert f"was killed by SIG{name}, " in text
        with outsider("STOP", scene.pid(60)):
            await scene.notice(r"node 60 .* was stopped by SIGSTOP")
        found = await scene.why()
        assert found.keys() == {10, 30, 60}
        assert found[60].startswith("stopped (SIGSTOP)")
        assert "no autopsy: the kernel refuses" in (await scene.type("why 10")).detail
        assert (await scene.type("trace 20 on")).line.startswith("Error:20: the kernel refuses to trace")
        assert (await scene.type("ps")).line == "Ok"
        assert len(scene.notices) == 4


async def test_no_watch(stage: Open, outsider: Outsider) -> None:
    """Nothing is attached and no tracer is started; deaths have their status, also of orphans."""
    async with stage(40, 20, 10, watch=False) as scene:
        assert scene.supervisor.tracer_pid is None
        assert proc.tracer(scene.pid(40)) is None
        with outsider("KILL", pid := scene.pid(20)):
            text = await scene.notice(r"node 20 .*")
        assert text == f"node 20 (pid {pid}) was killed by SIGKILL, sender unknown; unreachable below it: 10"
        with outsider("TERM", scene.pid(10)):
            assert "was killed by SIGTERM, sender unknown" in await scene.notice(r"node 10 .*")
        assert "no autopsy: it was not watched when it died" in (await scene.type("why 20")).detail
        assert scene.supervisor.tracer_pid is None
        assert (await scene.type("trace 40 on")).line == "Ok"  # asked for, so a tracer is started
        assert scene.supervisor.watched() == 1


@pytest.mark.usefixtures("orphanage")
async def test_a_tracer_that_is_killed(stage: Open, outsider: Outsider) -> None:
    """The cluster goes on; within a second a new tracer watches, says so, and traces what was traced."""
    async with stage(40, 20, 60) as scene:
        assert (await scene.type("trace 20 on")).line == "Ok"
        first = scene.supervisor.tracer_pid
        assert first is not None
        with outsider("KILL", first):
            await scene.notice(rf"the tracer \(pid {first}\) died; the cluster goes on without it", within=1)
        assert await scene.cluster.pingall() == []
        text = await scene.notice(r"a new tracer \(pid \d+\) watches 3 nodes again", within=1)
        second = scene.supervisor.tracer_pid
        assert f"(pid {second})" in text
        for node in (40, 20, 60):
            tracer = proc.tracer(scene.pid(node))
            assert tracer is not None
            assert tracer.pid == second
        again = time.monotonic_ns()
        assert await scene.cluster.exec(20, [1, 2]) == 3
        assert (await scene.type("trace 20 off")).line == "Ok"
        with contextlib.closing(CaptureReader(str(scene.text.with_name("capture.bst")))) as capture:
            calls = [each for each in capture.available() if isinstance(each, SyscallEntry)]
        assert [each for each in calls if each.pid == scene.pid(20) and each.when > again]
        with outsider("KILL", scene.pid(20)):
            await scene.notice(r"node 20 .* was killed by SIGKILL.*")
        assert (await scene.until(lambda: scene.supervisor.subject(20).autopsy)).pid == scene.pid(20)


async def test_a_tracer_that_is_stopped(stage: Open, outsider: Outsider) -> None:
    """It is replaced, and a node that is killed meanwhile dies within a second, as does one after it."""
    async with stage(40, 20, 60) as scene:
        tracer = scene.supervisor.tracer_pid
        assert tracer is not None
        members = [scene.cluster.member(node) for node in (20, 60)]
        with outsider("STOP", tracer), outsider("KILL", members[0].pid):
            await scene.notice(rf"the tracer \(pid {tracer}\) (was stopped|does not answer); .*", within=1.5)
            assert await members[0].until(lambda member: member.state.value == "dead", 1)
            # Before that of the tracer, where the kernel's own word of the death was faster.
            await scene.until(lambda: any("node 20 " in each and "SIGKILL" in each for each in scene.notices))
        await scene.until(lambda: any("a new tracer (pid " in each for each in scene.notices))
        await scene.notice(r"a new tracer \(pid \d+\) watches 2 nodes again")
        with outsider("KILL", members[1].pid):
            await scene.notice(r"node 60 .* was killed by SIGKILL.*", within=1)
        assert (await scene.why()).keys() == {20, 60}


async def test_tracers_that_keep_failing(stage: Open, outsider: Outsider) -> None:
    """After a few in a row nobody is started any more: one line says so, and deaths are still seen."""
    async with stage(40, 20, 60) as scene:
        for _ in range(5):
            tracer = scene.supervisor.tracer_pid
            assert tracer is not None
            os.kill(tracer, signal.SIGKILL)
            await scene.notice(r"a new tracer .* watches 3 nodes again")
        last = scene.supervisor.tracer_pid
        assert last is not None
        os.kill(last, signal.SIGKILL)
        await scene.notice(r"tracers keep failing: following the nodes by pidfd and /proc from here on")
        assert scene.supervisor.tracer_pid is None
        assert scene.supervisor.watched() == 0
        assert "ptrace" not in (await scene.type("ps")).detail
        said = len(scene.notices)
        with outsider("KILL", scene.pid(20)):
            assert "was killed by SIGKILL, " in await scene.notice(r"node 20 .*")
        await scene.create(70)
        assert await scene.cluster.pingall() == [20]
        assert (await scene.type("trace 60 on")).line == "Error:60: tracers keep failing"
        assert len(scene.notices) == said + 1


async def test_tracers_that_do_not_even_start(
    stage: Open, outsider: Outsider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replacement that fails at its start is tried again, and the one that starts then is guarded too."""
    from bstinspect.capture import client

    async with stage(40, 20) as scene:
        tracer = scene.supervisor.tracer_pid
        assert tracer is not None
        program = client._PROGRAM
        monkeypatch.setattr(client, "_PROGRAM", "raise SystemExit(1)")
        os.kill(tracer, signal.SIGKILL)
        await scene.notice(r"a new tracer failed as well: .*")
        monkeypatch.setattr(client, "_PROGRAM", program)
        await scene.notice(r"a new tracer \(pid \d+\) watches 2 nodes again")
        assert scene.supervisor.tracer_pid is not None
        os.kill(scene.supervisor.tracer_pid, signal.SIGKILL)
        await scene.notice(r"a new tracer \(pid \d+\) watches 2 nodes again")
        with outsider("KILL", scene.pid(20)):
            await scene.notice(r"node 20 .* was killed by SIGKILL.*")


async def test_no_tracer_from_the_start(stage: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, and everything that needs no ptrace works."""
    from bstinspect.capture import client

    monkeypatch.setattr(client, "_PROGRAM", "raise SystemExit(1)")
    async with stage(40, 20) as scene:
        await scene.notice(r"not watching with ptrace: .*")
        await scene.cluster.crash(20)
        assert "was killed by SIGKILL, by this session (crash)" in await scene.notice(r"node 20 .*")
        assert len(scene.notices) == 2


@pytest.mark.parametrize("watched", [True, False])
async def test_the_unreachable_are_always_the_union_of_the_subtrees(
    stage: Open,
    watched: bool,  # noqa: FBT001
) -> None:
    """A script of deaths, stops and continues: pingall, supervisor and verdicts agree with a model."""
    nodes = (40, 20, 60, 10, 30, 50, 70, 5, 15)
    async with stage(*nodes, watch=watched) as scene:
        broken: set[int] = set()
        script = (
            "stop 10, crash 5, stop 50, cont 10, stop 30, crash 20, cont 30, cont 50, stop 60, crash 15, "
            "crash 50, cont 60, stop 40, crash 60, cont 40"
        )
        for step in script.split(", "):
            action, node = step.split()[0], int(step.split()[1])
            if action == "cont":
                broken.discard(node)
                await scene.cluster.cont(node)
            elif action == "stop":
                broken.add(node)
                await scene.cluster.stop(node)
            else:
                broken.add(node)
                await scene.cluster.crash(node)
            expected = sorted(scene.cluster.topology.union(broken))
            found = await scene.why()
            assert sorted(found) == expected, (action, node)
            assert sorted(scene.supervisor.unreachable()) == expected, (action, node)
            verdicts = [scene.supervisor.verdict(each) for each in nodes]
            assert sorted(v.node for v in verdicts if v.kind is not Kind.ALIVE) == expected, (action, node)
            assert {v.blame for v in verdicts if v.kind is not Kind.ALIVE} <= broken
