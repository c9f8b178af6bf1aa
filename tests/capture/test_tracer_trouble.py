"""Something is in the way: another tracer, no permission, a tracer that hangs or dies, a dead parent."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bstinspect.capture import client
from bstinspect.capture.client import RefusedError
from bstinspect.capture.file import CaptureWriter
from bstinspect.capture.outbox import Outbox
from bstinspect.errors import TracerError
from bstinspect.linux import proc
from bstinspect.records import Attached, Exited, GroupStop, Lost

if TYPE_CHECKING:
    from pathlib import Path

    from capture.conftest import Lab
    from conftest import Orphanage

# A seccomp filter that answers ptrace (x86-64: 101, aarch64: 117) with EPERM, before the tracer is loaded.
NO_PTRACE = """
import ctypes, os, struct
number = {"x86_64": 101, "aarch64": 117}[os.uname().machine]
program = b"".join(struct.pack("=HBBI", *line) for line in [
    (0x20, 0, 0, 0),             # load the syscall's number
    (0x15, 0, 1, number),        # is it ptrace?
    (0x06, 0, 0, 0x00050001),    # RET_ERRNO | EPERM
    (0x06, 0, 0, 0x7FFF0000),    # RET_ALLOW
])
buffer = ctypes.create_string_buffer(program, len(program))
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Program(4, ctypes.addressof(buffer))), 0, 0) == 0, ctypes.get_errno()
"""


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_process_that_strace_traces_is_refused_with_its_name(lab: Lab) -> None:
    """EPERM, and the message says who traces it."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, events):
            process = lab.sleeper()
            strace = subprocess.Popen(  # noqa: ASYNC220 - a vfork; it returns at once
                ["strace", "-e", "trace=none", "-p", str(process.pid)], stderr=subprocess.PIPE, text=True
            )
            try:
                assert strace.stderr is not None
                assert "attached" in await asyncio.to_thread(strace.stderr.readline)
                with pytest.raises(RefusedError) as caught:
                    await tracer.seize(process.pid)
                assert caught.value.errno == errno.EPERM
                assert str(caught.value) == f"process {process.pid} is traced by strace (pid {strace.pid})"
            finally:
                strace.terminate()
                strace.communicate()
            assert not events.all(Attached)
            await tracer.seize(process.pid)
            assert events.all(Attached)

    asyncio.run(scenario())


@pytest.mark.skipif(os.uname().machine not in {"x86_64", "aarch64"}, reason="no ptrace number for the filter")
def test_no_permission_is_one_clear_line(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """EPERM from the kernel itself, made real by a seccomp filter in the tracer."""
    monkeypatch.setattr(client, "_PROGRAM", NO_PTRACE + client._PROGRAM)

    async def scenario() -> None:
        async with lab.tracer() as (tracer, _):
            process = lab.sleeper()
            with pytest.raises(RefusedError, match="the kernel refuses to trace process") as caught:
                await tracer.seize(process.pid)
            assert caught.value.errno == errno.EPERM
            assert "\n" not in str(caught.value)
            assert await tracer.heartbeat(5)

    asyncio.run(scenario())


def test_a_process_that_is_not_there(lab: Lab) -> None:
    """ESRCH for what never was, for a zombie, and for a release of what is not attached."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, _):
            process = lab.sleeper()
            for request in (tracer.release(process.pid), tracer.seize(2**22 + 1)):
                with pytest.raises(RefusedError) as caught:
                    await request
                assert caught.value.errno == errno.ESRCH
            process.kill()
            assert lab.state(process.pid, "Z")
            with pytest.raises(RefusedError):
                await tracer.seize(process.pid)

    asyncio.run(scenario())


def test_a_killed_tracer_leaves_its_tracees_running(lab: Lab) -> None:
    """`closed` resolves, pending requests fail, the tracee lives, and a new tracer can seize it."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, _):
            process = lab.sleeper()
            await tracer.seize(process.pid)
            os.kill(tracer.pid, signal.SIGSTOP)
            assert lab.state(tracer.pid, "T")
            pending = asyncio.ensure_future(tracer.release(process.pid))
            await asyncio.sleep(0)
            tracer.kill()
            async with asyncio.timeout(10):
                assert await tracer.closed == -signal.SIGKILL
                with pytest.raises(TracerError):
                    await pending
            with pytest.raises(TracerError):
                await tracer.seize(process.pid)
            async with lab.tracer() as (second, _):
                await second.seize(process.pid)
                assert process.communicate("on\n")[0] == "on\n"

    asyncio.run(scenario())


def test_a_hanging_tracer_has_no_heartbeat(lab: Lab) -> None:
    """A stopped tracer does not answer; `close` kills it in the end, and its tracee lives."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, _):
            process = lab.sleeper()
            await tracer.seize(process.pid)
            assert await tracer.heartbeat(5)
            os.kill(tracer.pid, signal.SIGSTOP)
            assert not await tracer.heartbeat(0.2)
            await tracer.close()
            assert tracer.closed.result() == 0  # continued, it let its tracees go
            assert process.communicate("on\n")[0] == "on\n"

    asyncio.run(scenario())


def test_sigterm_and_sigint(lab: Lab) -> None:
    """SIGINT is none of the tracer's business; on SIGTERM it lets everything go and ends in order."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, events):
            process = lab.sleeper()
            await tracer.seize(process.pid)
            os.kill(tracer.pid, signal.SIGINT)
            assert await tracer.heartbeat(5)
            process.send_signal(signal.SIGSTOP)
            await events.wait(GroupStop)
            os.kill(tracer.pid, signal.SIGTERM)
            async with asyncio.timeout(10):
                assert await tracer.closed == 0
            assert lab.state(process.pid, "T")

    asyncio.run(scenario())


def test_the_tracer_dies_with_its_parent(tmp_path: Path, orphanage: Orphanage) -> None:
    """Kill -9 of the process that started it ends the tracer too, even a stopped one; the tracee lives."""
    code = (
        "import asyncio, sys\nfrom bstinspect.capture.client import Tracer\n"
        "async def main():\n  tracer = await Tracer.start(sys.argv[1], print)\n"
        "  await tracer.seize(int(sys.argv[2]))\n  print(tracer.pid, flush=True)\n  await asyncio.sleep(60)\n"
        "asyncio.run(main())"
    )
    with subprocess.Popen(["sleep", "60"]) as tracee:
        for stopped in (False, True):
            command = [sys.executable, "-c", code, str(tmp_path / f"capture{stopped}"), str(tracee.pid)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
                assert parent.stdout is not None
                line = parent.stdout.readline()
                while not line.strip().isdigit():
                    line = parent.stdout.readline()
                tracer = int(line)
                assert proc.comm(tracer) == "bstrace-tracer"
                assert os.getsid(tracer) == tracer
                if stopped:
                    os.kill(tracer, signal.SIGSTOP)
                parent.kill()
            assert not orphanage.gone([tracer], 10)
            assert tracee.poll() is None
            assert proc.tracer(tracee.pid) is None
        tracee.kill()


def test_a_bad_capture_path_is_an_error_at_the_start(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The tracer says why in one line; `start` raises."""

    async def scenario() -> None:
        with pytest.raises(TracerError):
            await client.Tracer.start(str(tmp_path / "no" / "such"), lambda _: None)

    asyncio.run(scenario())
    assert capfd.readouterr().err.count("\n") == 1


def test_a_supervisor_that_does_not_read_loses_records_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outbox never blocks: it queues up to a bound, then drops, and says so when it can."""
    import socket

    import msgspec

    from bstinspect.capture import outbox
    from bstinspect.capture.protocol import Done, Reply

    monkeypatch.setattr(outbox, "_MOST_QUEUED", 100)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    writer = CaptureWriter(str(tmp_path / "capture"))
    box = Outbox(theirs, writer)
    for number in range(2000):
        box.tell(Exited(number, number, number, 0))
    box.done(7)
    assert not writer.buffer.contents()  # what was before an answer is in the file
    assert box.waiting
    decoder = msgspec.msgpack.Decoder(Reply)
    received: list[Reply] = []
    while not any(isinstance(message, Lost) for message in received):
        received.append(decoder.decode(ours.recv(1 << 20)))
        box.flush()
    assert Done(7, ok=True) in received
    (lost,) = [message for message in received if isinstance(message, Lost)]
    assert sum(isinstance(message, Exited) for message in received) + lost.count == 2000
    writer.close()
    ours.close()
    theirs.close()
