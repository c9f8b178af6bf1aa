"""Watching: deaths with their autopsy, stops, signals, forks and execs, and letting go."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING

from bstinspect.capture import autopsy
from bstinspect.linux import proc
from bstinspect.records import (
    Attached,
    Autopsy,
    Detached,
    Executed,
    Exited,
    Exiting,
    GroupContinue,
    GroupStop,
    SignalDelivery,
    Spawned,
)

if TYPE_CHECKING:
    from capture.conftest import Lab

THREADS = """
import os, socket, threading
listener = socket.socket(socket.AF_UNIX)
listener.bind("\\0bstrace-test-%d" % os.getpid())
listener.listen()
client = socket.socket(socket.AF_UNIX)
client.connect(listener.getsockname())
accepted, _ = listener.accept()
for _ in range(3):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
print("ready", flush=True)
input()
"""


def test_kill_gives_word_autopsy_and_status(lab: Lab) -> None:
    """SIGKILL: `Exiting` first, then one autopsy with threads and sockets, then the status of each thread."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, events):
            process = lab.python(THREADS)
            await tracer.seize(process.pid)
            tids = {record.tid for record in events.all(Attached)}
            assert len(tids) == 4
            process.kill()
            await events.wait(Exited, tid=process.pid)
            story = [record for record in events.seen if isinstance(record, (Exiting, Autopsy, Exited))]
            assert isinstance(story[0], Exiting)
            kinds = [type(record) for record in story]
            assert kinds.index(Autopsy) < kinds.index(Exited)
            assert isinstance(story[-1], Exited)
            assert {record.status for record in story} == {signal.SIGKILL}
            (found,) = events.all(Autopsy)
            assert {thread.tid for thread in found.threads} == tids
            assert all(thread.syscall >= 0 for thread in found.threads)
            name = f"unix:@bstrace-test-{process.pid}"
            endpoints = [descriptor.endpoint for descriptor in found.descriptors]
            assert name in endpoints
            assert f"unix:->@bstrace-test-{process.pid}" in endpoints
            assert found.parent == os.getpid()
            assert found.uid == os.getuid()
            assert 0 < found.age_ns < 60_000_000_000
            assert found.resident_kib > 1000
            assert found.descriptors_omitted == 0
            assert {record.tid for record in events.all(Exited)} == tids

    asyncio.run(scenario())


def test_kill_of_a_stopped_process_says_so(lab: Lab) -> None:
    """A process that dies in its group-stop has an autopsy with `was_stopped`."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, events):
            process = lab.sleeper()
            await tracer.seize(process.pid)
            process.send_signal(signal.SIGSTOP)
            await events.wait(GroupStop)
            process.kill()
            assert (await events.wait(Autopsy)).was_stopped
            assert (await events.wait(Exited)).status == signal.SIGKILL

    asyncio.run(scenario())


def test_stop_and_continue_in_order(lab: Lab) -> None:
    """SIGSTOP, group-stop; SIGCONT, the group-stop's end, the signal; and the process runs on."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, events):
            process = lab.sleeper()
            await tracer.seize(process.pid)
            for _ in range(2):
                process.send_signal(signal.SIGSTOP)
                await events.wait(GroupStop, count=1 + len(events.all(GroupStop)))
                assert lab.state(process.pid, "tT")
                process.send_signal(signal.SIGCONT)
                cont = len(events.all(SignalDelivery, signal=signal.SIGCONT))
                await events.wait(SignalDelivery, count=1 + cont, signal=signal.SIGCONT)
            kinds = [type(record) for record in events.seen if not isinstance(record, Attached)]
            assert kinds == [SignalDelivery, GroupStop, GroupContinue, SignalDelivery] * 2
            assert process.communicate("on\n")[0] == "on\n"

    asyncio.run(scenario())


def test_parent_still_sees_stop_and_continue(lab: Lab) -> None:
    """Job control is not broken: the real parent's waitpid reports the stop of a watched child."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, _):
            process = lab.sleeper()
            await tracer.seize(process.pid)
            process.send_signal(signal.SIGSTOP)
            _, status = await asyncio.to_thread(os.waitpid, process.pid, os.WUNTRACED)
            assert os.WIFSTOPPED(status)
            assert os.WSTOPSIG(status) == signal.SIGSTOP
            process.send_signal(signal.SIGCONT)
            _, status = await asyncio.to_thread(os.waitpid, process.pid, os.WCONTINUED)
            assert os.WIFCONTINUED(status)

    asyncio.run(scenario())


def test_signals_are_delivered(lab: Lab) -> None:
    """A handled signal reaches its handler, an unhandled SIGTERM kills, both are recorded with siginfo."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, events):
            process = lab.python(
                "import signal\nsignal.signal(signal.SIGUSR1, lambda *_: print('usr1', flush=True))\n"
                "print('ready', flush=True)\nwhile True: signal.pause()"
            )
            await tracer.seize(process.pid)
            assert process.stdout is not None
            process.send_signal(signal.SIGUSR1)
            assert await asyncio.to_thread(process.stdout.readline) == "usr1\n"
            process.terminate()
            record = await events.wait(SignalDelivery, signal=signal.SIGTERM)
            assert int.from_bytes(record.siginfo[16:20], sys.byteorder) == os.getpid()  # si_pid
            assert (await events.wait(Exited)).status == signal.SIGTERM
            assert process.wait() == -signal.SIGTERM

    asyncio.run(scenario())


def test_exit_of_itself_has_an_autopsy_too(lab: Lab) -> None:
    """A process that exits has one autopsy, with its status."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, events):
            process = lab.python("import sys\nprint('ready', flush=True)\ninput()\nsys.exit(3)")
            await tracer.seize(process.pid)
            process.communicate("\n")
            assert (await events.wait(Autopsy)).status == 3 << 8
            assert (await events.wait(Exited)).status == 3 << 8
            assert len(events.all(Autopsy)) == 1

    asyncio.run(scenario())


def test_release_lets_it_run(lab: Lab) -> None:
    """A released process has no tracer, runs, and may be seized again."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, events):
            process = lab.python(THREADS)
            for _ in range(3):
                await tracer.seize(process.pid)
                tracer_of = proc.tracer(process.pid)
                assert tracer_of is not None
                assert tracer_of.pid == tracer.pid
                await tracer.release(process.pid)
                assert proc.tracer(process.pid) is None
                assert lab.state(process.pid, "S")
            assert len(events.all(Detached)) == 12
            process.communicate("\n")
            assert process.returncode == 0

    asyncio.run(scenario())


def test_no_signal_is_lost_by_seizing_and_releasing(lab: Lab) -> None:
    """Queued real-time signals all arrive, however often the tracer comes and goes meanwhile."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, _):
            process = lab.python(
                "import os, signal\nreading, writing = os.pipe()\nos.set_blocking(writing, False)\n"
                "signal.set_wakeup_fd(writing)\nsignal.signal(signal.SIGRTMIN, lambda *_: None)\n"
                "print('ready', flush=True)\ncount = 0\n"
                "while count < 400: count += len(os.read(reading, 100))\n"
                "print(count, flush=True)"
            )
            for _ in range(20):
                for _ in range(10):
                    process.send_signal(signal.SIGRTMIN)
                await tracer.seize(process.pid)
                for _ in range(10):
                    process.send_signal(signal.SIGRTMIN)
                await tracer.release(process.pid)
            assert (await asyncio.to_thread(process.communicate))[0] == "400\n"

    asyncio.run(scenario())


def test_release_leaves_a_stopped_process_stopped(lab: Lab) -> None:
    """A process in a group-stop is still stopped after its release, and continues on SIGCONT."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, events):
            process = lab.sleeper()
            await tracer.seize(process.pid)
            process.send_signal(signal.SIGSTOP)
            await events.wait(GroupStop)
            await tracer.release(process.pid)
            assert lab.state(process.pid, "T")
            process.send_signal(signal.SIGCONT)
            assert process.communicate("on\n")[0] == "on\n"

    asyncio.run(scenario())


def test_seize_of_a_stopped_process(lab: Lab) -> None:
    """A process that is stopped already is attached to without waking it."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, events):
            process = lab.sleeper()
            process.send_signal(signal.SIGSTOP)
            assert lab.state(process.pid, "T")
            await tracer.seize(process.pid)
            await events.wait(GroupStop)
            process.send_signal(signal.SIGCONT)
            await events.wait(GroupContinue)
            assert process.communicate("on\n")[0] == "on\n"

    asyncio.run(scenario())


def test_end_of_the_tracer_lets_all_go(lab: Lab) -> None:
    """`close` detaches: the running run, the stopped stay stopped."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, events):
            running, stopped = lab.sleeper(), lab.sleeper()
            await tracer.seize(running.pid)
            await tracer.seize(stopped.pid)
            stopped.send_signal(signal.SIGSTOP)
            await events.wait(GroupStop)
            await tracer.close()
            assert tracer.closed.result() == 0
            assert lab.state(stopped.pid, "T")
            assert running.communicate("on\n")[0] == "on\n"

    asyncio.run(scenario())


def test_forks_and_threads_are_followed(lab: Lab) -> None:
    """A forked child and a new thread are attached of themselves; seizing the child again is no error."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, events):
            process = lab.python(
                "import os, threading\nprint('ready', flush=True)\ninput()\n"
                "t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()\n"
                "pid = os.fork()\nif pid == 0: input(); os._exit(5)\n"
                "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)"
            )
            await tracer.seize(process.pid)
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
            clone = await events.wait(Spawned, event="clone")
            await events.wait(Exited, tid=clone.child, pid=process.pid)
            child = (await events.wait(Spawned, event="fork")).child
            await events.wait(Attached, tid=child, pid=child, followed=True)
            await tracer.seize(child)
            assert process.communicate("\n")[0] == "thread\n5\n"
            assert (await events.wait(Exited, tid=child)).status == 5 << 8
            assert len(events.all(Autopsy, pid=child)) == 1

    asyncio.run(scenario())


def test_exec_of_a_thread_that_is_not_the_leader(lab: Lab) -> None:
    """The caller's tid becomes the process's; the new program runs on under the tracer."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, events):
            process = lab.python(
                "import os, threading, time\nprint('ready', flush=True)\ninput()\n"
                "threading.Thread(target=os.execv, args=('/bin/cat', ['cat'])).start()\ntime.sleep(60)"
            )
            await tracer.seize(process.pid)
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
            record = await events.wait(Executed)
            assert record.tid == record.pid == process.pid
            assert record.former_tid == events.all(Spawned)[-1].child
            process.stdin.write("meow\n")
            process.stdin.flush()
            assert process.stdout is not None
            assert await asyncio.to_thread(process.stdout.readline) == "meow\n"
            process.kill()
            assert (await events.wait(Exited, tid=process.pid)).status == signal.SIGKILL

    asyncio.run(scenario())


def test_a_storm_of_children_loses_nobody(lab: Lab) -> None:
    """Two hundred short-lived children: each attached, each with its status."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, events):
            process = lab.python(
                "import os\nprint('ready', flush=True)\ninput()\n"
                "for n in range(200):\n  if os.fork() == 0: os._exit(n % 7)\n"
                "for n in range(200): os.wait()\nprint('done')"
            )
            await tracer.seize(process.pid)
            assert (await asyncio.to_thread(process.communicate, "\n"))[0] == "done\n"
            await events.wait(Exited, tid=process.pid)
            children = {record.child for record in events.all(Spawned)}
            assert len(children) == 200
            ended = [record.tid for record in events.all(Exited) if record.tid != process.pid]
            assert sorted(ended) == sorted(children)
            assert sum(record.status >> 8 for record in events.all(Exited)) == sum(n % 7 for n in range(200))

    asyncio.run(scenario())


def test_autopsy_is_bounded() -> None:
    """Three thousand sockets: the autopsy ends in time and says how many it left out."""
    sockets = [end for _ in range(400) for end in socket.socketpair()]
    try:
        start = time.monotonic_ns()
        found = autopsy.examine(os.getpid(), os.getpid(), 9, {}, was_stopped=False)
        assert time.monotonic_ns() - start < 4 * autopsy.BUDGET_NS
        assert len(found.descriptors) + found.descriptors_omitted >= 800
    finally:
        for end in sockets:
            end.close()
