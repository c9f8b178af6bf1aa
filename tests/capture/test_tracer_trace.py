"""Tracing: syscalls of a running process, switched on and off."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from bstinspect.capture.client import RefusedError
from bstinspect.records import Attached, Exited, Spawned, SyscallEntry, SyscallExit

if TYPE_CHECKING:
    import subprocess

    from capture.conftest import Lab

ECHO = "import os\nprint('ready', flush=True)\nwhile data := os.read(0, 100): os.write(1, data)"

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="syscall numbers of x86-64")
READ, WRITE, GETPPID = 0, 1, 110


async def echo(process: subprocess.Popen[str], line: str) -> None:
    """Send a line and wait for it to come back."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line)
    process.stdin.flush()
    assert await asyncio.to_thread(process.stdout.readline) == line


def test_on_and_off_of_a_process_blocked_in_a_syscall(lab: Lab) -> None:
    """The read that it is blocked in goes on; from then on each call has its entry and exit, until off."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, events):
            process = lab.python(ECHO)
            await tracer.seize(process.pid)
            await echo(process, "before\n")
            await tracer.trace(process.pid, on=True)
            await echo(process, "traced\n")
            await tracer.trace(process.pid, on=False)
            await echo(process, "after\n")
            assert not [r for r in events.seen if isinstance(r, SyscallEntry | SyscallExit)]
        entries, exits = lab.records(SyscallEntry), lab.records(SyscallExit)
        (written,) = [entry for entry in entries if entry.number == WRITE]
        assert written.memory[0].data == b"traced\n"
        assert written.tid == written.pid == process.pid
        (value,) = [e.value for e in exits if e.when > written.when][:1]
        assert value == len("traced\n")
        reads = [e for e in exits if e.memory and e.memory[0].data == b"traced\n"]
        assert len(reads) == 1
        assert len(entries) - len(exits) in {0, 1}

    asyncio.run(scenario())


def test_only_the_syscalls_asked_for(lab: Lab) -> None:
    """A filter keeps the others out of the capture; a new filter takes effect without switching off."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, _):
            process = lab.python(ECHO)
            await tracer.seize(process.pid)
            await tracer.trace(process.pid, on=True, syscalls=[WRITE])
            await echo(process, "one\n")
            await tracer.trace(process.pid, on=True, syscalls=[GETPPID])
            await echo(process, "two\n")
        entries = lab.records(SyscallEntry)
        assert [entry.number for entry in entries] == [WRITE]
        assert [record.value for record in lab.records(SyscallExit)] == [4]

    asyncio.run(scenario())


@pytest.mark.parametrize("follow", [True, False])
def test_children_are_traced_on_demand(lab: Lab, *, follow: bool) -> None:
    """With `follow` a later child is traced as its parent is; without, only watched."""

    async def scenario() -> int:
        async with lab.tracer() as (tracer, events):
            process = lab.python(
                "import os\nprint('ready', flush=True)\ninput()\npid = os.fork()\n"
                "if pid == 0: os.getppid(); os._exit(0)\nos.waitpid(pid, 0)"
            )
            await tracer.seize(process.pid)
            await tracer.trace(process.pid, on=True, syscalls=[GETPPID], follow=follow)
            await asyncio.to_thread(process.communicate, "\n")
            child = (await events.wait(Spawned)).child
            await events.wait(Attached, tid=child)
            return child

    child = asyncio.run(scenario())
    assert [entry.tid for entry in lab.records(SyscallEntry)] == ([child] if follow else [])


def test_many_threads_switched_at_once(lab: Lab) -> None:
    """Twenty threads, some busy: on and off again and again, and the process comes to no harm."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, _):
            process = lab.python(
                "import os, threading\nend = threading.Event()\n"
                "def busy():\n  while not end.wait(0.001): os.getppid()\n"
                "threads = [threading.Thread(target=busy) for _ in range(20)]\n"
                "for t in threads: t.start()\nprint('ready', flush=True)\ninput()\nend.set()\n"
                "for t in threads: t.join()\nprint('fine')"
            )
            await tracer.seize(process.pid)
            for _ in range(10):
                await tracer.trace(process.pid, on=True)
                await tracer.trace(process.pid, on=False)
            await tracer.trace(process.pid, on=True)
            assert (await asyncio.to_thread(process.communicate, "\n"))[0] == "fine\n"
            assert process.returncode == 0

    asyncio.run(scenario())


def test_a_busy_tracee_does_not_starve_the_control(lab: Lab) -> None:
    """On one CPU the next stop is always there already; the tracer still answers."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, _):
            cpu = min(os.sched_getaffinity(0))
            process = lab.python(
                f"import os\nos.sched_setaffinity(0, [{cpu}])\nprint('ready', flush=True)\n"
                "while True: os.getppid()"
            )
            os.sched_setaffinity(tracer.pid, [cpu])
            await tracer.seize(process.pid)
            await tracer.trace(process.pid, on=True)
            for _ in range(5):
                assert await tracer.heartbeat(2)
            await tracer.release(process.pid)
            assert lab.state(process.pid, "R")

    asyncio.run(scenario())


def test_busy_tracees_on_one_cpu_all_get_on(lab: Lab) -> None:
    """Two endless callers on the tracer's CPU do not keep a third from its end."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, events):
            cpu = min(os.sched_getaffinity(0))
            pin = f"import os\nos.sched_setaffinity(0, [{cpu}])\nprint('ready', flush=True)\ninput()\n"
            os.sched_setaffinity(tracer.pid, [cpu])
            busy = [lab.python(pin + "while True: os.getppid()") for _ in range(2)]
            short = lab.python(pin + "for _ in range(200): os.getppid()\nprint('through')")
            for process in (*busy, short):
                await tracer.seize(process.pid)
                await tracer.trace(process.pid, on=True, syscalls=[GETPPID])
            for process in busy:
                assert process.stdin is not None
                process.stdin.write("\n")
                process.stdin.flush()
            async with asyncio.timeout(20):
                assert (await asyncio.to_thread(short.communicate, "\n"))[0] == "through\n"
                await events.wait(Exited, tid=short.pid)
        entries = lab.records(SyscallEntry)
        assert len([entry for entry in entries if entry.tid == short.pid]) == 200
        assert {entry.tid for entry in entries} == {busy[0].pid, busy[1].pid, short.pid}

    asyncio.run(scenario())


def test_trace_of_a_stranger_is_refused(lab: Lab) -> None:
    """Only what is attached can be traced."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, _):
            with pytest.raises(RefusedError, match="not attached"):
                await tracer.trace(os.getpid(), on=True)

    asyncio.run(scenario())
