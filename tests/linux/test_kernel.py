"""The kernel's interfaces, tried on real processes."""

from __future__ import annotations

import ctypes
import mmap
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bstinspect.errors import PtraceError
from bstinspect.linux import descriptors, memory, prctl, proc, ptrace, tracefs, waitstatus
from bstinspect.linux.signalfd import SignalDescriptor


def test_constants_are_those_of_python_ptrace() -> None:
    """Where python-ptrace has a constant of ours, it has the same value."""
    from ptrace.binding import func

    shared = [name for name in vars(ptrace) if name.startswith("PTRACE_") and hasattr(func, name)]
    assert "PTRACE_O_TRACEEXIT" in shared
    assert len(shared) > 10
    assert {name: getattr(ptrace, name) for name in shared} == {name: getattr(func, name) for name in shared}


def test_a_failed_request_names_itself() -> None:
    """PtraceError carries request, tid and errno."""
    with pytest.raises(PtraceError, match="PTRACE_SEIZE of 4194305") as caught:
        ptrace.seize(2**22 + 1, 0)
    assert (caught.value.request, caught.value.tid, caught.value.errno) == ("PTRACE_SEIZE", 2**22 + 1, 3)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0x0300, waitstatus.ExitedWith(3)),
        (0x0009, waitstatus.KilledBy(9, core_dumped=False)),
        (0x008B, waitstatus.KilledBy(11, core_dumped=True)),
        (0x137F, waitstatus.StoppedBy(19, 0)),
        (0x857F, waitstatus.StoppedBy(0x85, 0)),
        (0x80057F, waitstatus.StoppedBy(5, 128)),
        (0x06057F, waitstatus.StoppedBy(5, 6)),
    ],
)
def test_wait_statuses(status: int, expected: waitstatus.WaitStatus) -> None:
    """Each kind of status is told from the others."""
    assert waitstatus.classify(status) == expected
    assert waitstatus.is_kill(status) == isinstance(expected, waitstatus.KilledBy)


def test_continued_is_no_status_of_a_tracee() -> None:
    """WIFCONTINUED is refused."""
    with pytest.raises(ValueError, match="continued"):
        waitstatus.classify(0xFFFF)


def test_memory_ends_at_a_hole() -> None:
    """A read across the end of a mapping is short, one outside is empty; no address is a crash."""
    area = mmap.mmap(-1, 3 * memory.PAGE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(area))
    area.write(b"x" * 3 * memory.PAGE)
    libc = ctypes.CDLL(None, use_errno=True)
    hole = ctypes.c_void_p(start + 2 * memory.PAGE)
    assert libc.mprotect(hole, ctypes.c_size_t(memory.PAGE), 0) == 0
    try:
        end = start + 2 * memory.PAGE
        assert memory.read(os.getpid(), end - 10, 10) == b"x" * 10
        assert memory.read(os.getpid(), end - 10, 100) == b"x" * 10
        assert memory.read(os.getpid(), start + 1, 3 * memory.PAGE) == b"x" * (2 * memory.PAGE - 1)
        assert memory.read(os.getpid(), end, 10) == b""
    finally:
        assert libc.mprotect(hole, ctypes.c_size_t(memory.PAGE), 3) == 0
    for address, length in [(0, 10), (-1, 10), (2**64 - 1, 10), (2**64, 10), (start, 0), (start, -1)]:
        assert memory.read(os.getpid(), address, length) == b""
    assert memory.read(2**22 + 1, start, 10) == b""


def test_signals_come_through_a_descriptor() -> None:
    """SIGCHLD arrives with the child's pid."""
    old = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    watch = SignalDescriptor((signal.SIGCHLD,))
    try:
        assert watch.read() == []
        with subprocess.Popen(["true"]) as child:
            assert select.select([watch], [], [], 10)[0]
            assert watch.read() == [(signal.SIGCHLD, child.pid)]
        assert watch.read() == []
    finally:
        watch.close()
        signal.pthread_sigmask(signal.SIG_SETMASK, old)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a) R 1 (b", "a) R 1 (b"), ("new\nline", "new\\nline"), ("plain", "plain")],
)
def test_hostile_names(name: str, shown: str) -> None:
    """A name with parentheses or a newline does not shift the fields after it."""
    seen: list[object] = []

    def look() -> None:
        prctl.set_name(name)
        tid = threading.get_native_id()
        found = proc.stat(tid)
        assert found is not None
        seen.extend([found.name, found.state, found.threads >= 2, proc.comm(tid)])

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [shown, "R", True, shown]


def test_names_that_are_no_utf8() -> None:
    """Foreign bytes become one printable line that can be encoded."""
    assert proc.printable(b"caf\xc3\xa9 \xff\x1b[2J\0") == "caf\u00e9 \\xff\\x1b[2J\\x00"


def test_facts_of_a_process() -> None:
    """What /proc says of a sleeping child, while it lives and when it is gone."""
    with subprocess.Popen(["sleep", "60"]) as child:
        pid = child.pid
        found, status = proc.stat(pid), proc.status(pid)
        assert found is not None
        assert status is not None
        assert found.parent == status.parent == os.getpid()
        assert (status.tgid, status.tracer, status.uid) == (pid, 0, os.getuid())
        assert 0 <= proc.age_ns(found.start_ticks) < 30_000_000_000
        assert proc.threads(pid) == [pid]
        assert proc.tracer(pid) is None
        child.kill()
    for look in (proc.stat, proc.status, proc.comm, proc.syscall, proc.tracer):
        assert look(pid) is None
    assert proc.threads(pid) == descriptors.numbers(pid) == []
    assert descriptors.describe(pid, 0) is None


def test_the_syscall_of_a_blocked_thread() -> None:
    """A child that waits on a pipe is in a syscall, with its arguments."""
    code = "import os; os.write(1, b'x'); os.read(0, 7)"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.read(1) == b"x"
        state = None
        for _ in range(1000):  # a short poll: nothing tells when it has blocked
            state = proc.syscall(child.pid)
            if state is not None and state.arguments[0] == 0 and state.arguments[2] == 7:
                break
            select.select([], [], [], 0.005)
        assert state is not None
        assert state.number >= 0
        assert len(state.arguments) == 6
        child.kill()


def test_sockets_have_both_ends(tmp_path: Path) -> None:
    """Unix sockets with their peer's name, TCP and UDP with addresses."""
    path = str(tmp_path / "listener")
    with (
        socket.socket(socket.AF_UNIX) as listener,
        socket.socket(socket.AF_UNIX) as client,
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as connection,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        listener.bind(path)
        listener.listen()
        client.connect(path)
        accepted, _ = listener.accept()
        datagrams.bind(("127.0.0.1", 0))
        port, own = server.getsockname()[1], connection.getsockname()[1]
        endpoints = descriptors.Endpoints(os.getpid())

        def name(end: socket.socket) -> str:
            found = descriptors.describe(os.getpid(), end.fileno())
            assert found is not None
            assert found.target == f"socket:[{found.inode}]"
            return endpoints.name(found.inode)

        with accepted:
            assert name(listener) == f"unix:{path}"
            assert name(client) == f"unix:->{path}"
            inode = os.fstat(client.fileno()).st_ino
            assert name(accepted) == f"unix:{path}->[{inode}]"
        assert name(server) == f"tcp:127.0.0.1:{port}"
        assert name(connection) == f"tcp:127.0.0.1:{own}->127.0.0.1:{port}"
        assert name(datagrams) == f"udp:127.0.0.1:{datagrams.getsockname()[1]}"
        assert endpoints.name(1) == ""
        endpoints.close()


def test_the_sender_of_a_kill() -> None:
    """The trace names the process that sent SIGKILL, and nothing stays behind."""
    watch, reason = tracefs.SignalWatch.open()
    if watch is None:
        pytest.skip(f"{reason} (root needed)")
    mounts = Path("/proc/self/mounts").read_text()
    try:
        for pause in (True, False):
            with subprocess.Popen(["sleep", "60"]) as victim:
                code = f"import os; os.kill({victim.pid}, 9); {'input()' if pause else ''}"
                command = [sys.executable, "-c", code]
                with subprocess.Popen(command, stdin=subprocess.PIPE) as killer:
                    assert victim.wait() == -signal.SIGKILL
                    if not pause:
                        killer.wait()
                    sender = watch.sender_of(victim.pid)
                    killer.communicate(b"\n")
                assert sender is not None
                assert sender.pid == killer.pid
                assert sender.uid == (os.getuid() if pause else None)
        assert watch.sender_of(os.getpid()) is None
    finally:
        watch.close()
    assert Path("/proc/self/mounts").read_text() == mounts


def test_a_dead_owners_instance_is_removed() -> None:
    """What a killed owner left in tracefs goes with the next open."""
    code = (
        "import os\nfrom bstinspect.linux.tracefs import SignalWatch\nwatch, why = SignalWatch.open()\n"
        "print(why, flush=True)\nos.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.stdout.strip():
        pytest.skip(f"{done.stdout.strip()} (root needed)")
    watch, _ = tracefs.SignalWatch.open()
    assert watch is not None
    try:
        names = os.listdir(f"/proc/self/fd/{watch._root}/instances")  # noqa: PTH208
        owners = {int(name.split("-")[1]) for name in names if name.startswith("bstrace-")}
        assert os.getpid() in owners
        assert all(proc.stat(owner) is not None for owner in owners)
    finally:
        watch.close()


def test_hostile_lines_of_tracefs() -> None:
    """A comm may look like anything; the last pid before the CPU and the end of the line count."""
    watch = tracefs.SignalWatch(-1, "", -1)
    event = "signal_generate: sig=9 errno=0 code=0"
    watch._take(
        f"  my-app 1-4194305 [001] d..1. 12.5: {event} comm=pid=7 grp=1 res=0 pid=4242 grp=1 res=0".encode()
    )
    watch._take(f"  x-4194305 [001] d..1. 12.5: {event} comm=a pid=4243 grp=1 res=1".encode())
    watch._take(b"CPU:0 [LOST 12 EVENTS]")
    watch._take(b"\xff\xfe")
    assert watch._senders == {4242: tracefs.Sender(4194305, "my-app 1", None)}
