"""Records made by hand, and the lines that strace 6.1 prints for such calls."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from bstinspect.decode.architecture import architecture
from bstinspect.decode.layout import Layout
from bstinspect.decode.text import Lines, StraceText
from bstinspect.records import (
    Block,
    CaptureStart,
    Detached,
    Executed,
    Exited,
    Exiting,
    GroupContinue,
    GroupStop,
    Lost,
    Record,
    SignalDelivery,
    SyscallEntry,
    SyscallExit,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

NUMBERS = architecture("x86_64").numbers
START = CaptureStart(1_000, 1, 1_700_000_000_000_000_000, "x86_64")
AT = 0x1000


def entry(
    name: str, *arguments: int, memory: Iterable[tuple[int, bytes]] = (), tid: int = 20, when: int = 0
) -> SyscallEntry:
    """Make an entry record of a call by its name."""
    six = tuple(value & (1 << 64) - 1 for value in (*arguments, 0, 0, 0, 0, 0, 0)[:6])
    blocks = tuple(Block(address, data, len(data)) for address, data in memory)
    return SyscallEntry(when, tid, 20, NUMBERS[name], six, blocks)  # type: ignore[arg-type]


def leave(
    value: int, *, memory: Iterable[tuple[int, bytes]] = (), tid: int = 20, when: int = 0
) -> SyscallExit:
    """Make an exit record; a negative value down to -4095 is an error."""
    blocks = tuple(Block(address, data, len(data)) for address, data in memory)
    return SyscallExit(when, tid, 20, value, -4096 < value < 0, blocks)


def lines(*records: Record, **options: object) -> list[str]:
    """Return what `StraceText` gives for records, with single blanks before the result."""
    output = Lines()
    text = StraceText(output, Layout(**options))  # type: ignore[arg-type]
    text.feed([START, *records])
    text.finish()
    return output.take()


def one(*records: Record) -> str:
    """Return the one line of a call, without its tid and without the padding."""
    (line,) = lines(*records)
    call, _, result = line.removeprefix("20    ").rpartition(" = ")
    return f"{call.rstrip()} = {result}"


CALLS = [
    (
        entry("openat", -100, AT, 0o2000000, memory=[(AT, b"/etc/passwd\0")]),
        leave(3),
        'openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3',
    ),
    (
        entry("open", AT, 0o1101, 0o644, memory=[(AT, b"x\0")]),
        leave(-2),
        'open("x", O_WRONLY|O_CREAT|O_TRUNC, 0644) = -1 ENOENT (No such file or directory)',
    ),
    (entry("openat", 5, 1, 0), leave(-14), "openat(5, 0x1, O_RDONLY) = -1 EFAULT (Bad address)"),
    (entry("read", 0, AT, 100), leave(3, memory=[(AT, b"ab\n")]), 'read(0, "ab\\n", 100) = 3'),
    (entry("read", 0, AT, 100), leave(3), "read(0, 0x1000, 100) = 3"),
    (entry("read", 0, AT, 100), leave(0), 'read(0, "", 100) = 0'),
    (
        entry("write", 1, AT, 40, memory=[(AT, b"x" * 33)]),
        leave(40),
        f'write(1, "{"x" * 32}"..., 40) = 40',
    ),
    (
        entry("writev", 1, AT, 2, memory=[(AT, struct.pack("<4Q", 8, 3, 0, 0)), (8, b"one")]),
        leave(3),
        'writev(1, [{iov_base="one", iov_len=3}, {iov_base=NULL, iov_len=0}], 2) = 3',
    ),
    (
        entry("fstat", 3, AT),
        leave(
            0,
            memory=[
                (
                    AT,
                    bytes(24) + struct.pack("<I", 0o100644) + bytes(20) + struct.pack("<q", 1234) + bytes(88),
                )
            ],
        ),
        "fstat(3, {st_mode=S_IFREG|0644, st_size=1234, ...}) = 0",
    ),
    (entry("fcntl", 3, 3, 0), leave(0x802), "fcntl(3, F_GETFL) = 0x802 (flags O_RDWR|O_NONBLOCK)"),
    (entry("fcntl", 3, 2, 1), leave(0), "fcntl(3, F_SETFD, FD_CLOEXEC) = 0"),
    (entry("lseek", 3, -1, 2), leave(9), "lseek(3, -1, SEEK_END) = 9"),
    (
        entry("pipe2", AT, 0o2000000),
        leave(0, memory=[(AT, struct.pack("<ii", 3, 4))]),
        "pipe2([3, 4], O_CLOEXEC) = 0",
    ),
    (
        entry("ioctl", 1, 0x5401, AT),
        leave(-25),
        "ioctl(1, TCGETS, 0x1000) = -1 ENOTTY (Inappropriate ioctl for device)",
    ),
    (
        entry("connect", 3, AT, 110, memory=[(AT, b"\1\0/run/x".ljust(110, b"\0"))]),
        leave(0),
        'connect(3, {sa_family=AF_UNIX, sun_path="/run/x"}, 110) = 0',
    ),
    (
        entry("bind", 3, AT, 16, memory=[(AT, b"\2\0\0\x50\x7f\0\0\1" + bytes(8))]),
        leave(-98),
        (
            'bind(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16)'
            " = -1 EADDRINUSE (Address already in use)"
        ),
    ),
    (
        entry("getpeername", 3, AT, 8, memory=[(8, struct.pack("<i", 128))]),
        leave(0, memory=[(8, struct.pack("<i", 5)), (AT, b"\1\0\0ab")]),
        'getpeername(3, {sa_family=AF_UNIX, sun_path=@"ab"}, [128 => 5]) = 0',
    ),
    (
        entry("sendto", 3, AT, 2, 0x4000, 0, 0, memory=[(AT, b"hi")]),
        leave(2),
        'sendto(3, "hi", 2, MSG_NOSIGNAL, NULL, 0) = 2',
    ),
    (
        entry("poll", AT, 1, -1, memory=[(AT, struct.pack("<ihh", 3, 1, 0))]),
        leave(1, memory=[(AT, struct.pack("<ihh", 3, 1, 1))]),
        "poll([{fd=3, events=POLLIN}], 1, -1) = 1 ([{fd=3, revents=POLLIN}])",
    ),
    (
        entry("epoll_wait", 3, AT, 256, -1),
        leave(1, memory=[(AT, struct.pack("<IQ", 1, 7))]),
        "epoll_wait(3, [{events=EPOLLIN, data={u32=7, u64=7}}], 256, -1) = 1",
    ),
    (
        entry("mmap", 0, 8192, 3, 0x22, -1, 0),
        leave(0x7F0000000000),
        "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000",
    ),
    (
        entry("wait4", -1, AT, 0, 0),
        leave(33, memory=[(AT, struct.pack("<i", 9))]),
        "wait4(-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}], 0, NULL) = 33",
    ),
    (
        entry("rt_sigprocmask", 0, AT, 0, 8, memory=[(AT, b"\xff" * 8)]),
        leave(0),
        "rt_sigprocmask(SIG_BLOCK, ~[], NULL, 8) = 0",
    ),
    (
        entry("clone", 0x1200011, 0, 0, 0x7F00, 0),
        leave(77),
        (
            "clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, "
            "child_tidptr=0x7f00) = 77"
        ),
    ),
    (
        entry(
            "execve",
            AT,
            0x2000,
            0x3000,
            memory=[
                (AT, b"/bin/ls\0"),
                (0x2000, struct.pack("<2Q", 0x4000, 0)),
                (0x4000, b"ls\0"),
                (0x3000, struct.pack("<3Q", 1, 2, 0)),
            ],
        ),
        leave(0),
        'execve("/bin/ls", ["ls"], 0x3000 /* 2 vars */) = 0',
    ),
    (
        entry("nanosleep", AT, 8, memory=[(AT, struct.pack("<qq", 1, 0))]),
        leave(-516, memory=[(8, struct.pack("<qq", 0, 5))]),
        (
            "nanosleep({tv_sec=1, tv_nsec=0}, {tv_sec=0, tv_nsec=5})"
            " = ? ERESTART_RESTARTBLOCK (Interrupted by signal)"
        ),
    ),
    (entry("pause"), leave(-514), "pause() = ? ERESTARTNOHAND (To be restarted if no handler)"),
    (
        entry("futex", AT, 128, 2, 0),
        leave(-11),
        "futex(0x1000, FUTEX_WAIT_PRIVATE, 2, NULL) = -1 EAGAIN (Resource temporarily unavailable)",
    ),
    (
        entry("prctl", 15, AT, memory=[(AT, b"ZMQbg/IO/0\0")]),
        leave(0),
        'prctl(PR_SET_NAME, "ZMQbg/IO/0") = 0',
    ),
    (entry("getuid"), leave(0), "getuid() = 0"),
    (entry("umask", 0o22), leave(0o22), "umask(022) = 022"),
    (entry("close", -1), leave(-9), "close(-1) = -1 EBADF (Bad file descriptor)"),
]


@pytest.mark.parametrize(
    ("before", "after", "expected"), CALLS, ids=[call[2].split("(")[0] for call in CALLS]
)
def test_call(before: SyscallEntry, after: SyscallExit, expected: str) -> None:
    """One call, as strace prints it."""
    assert one(before, after) == expected


def test_result_column() -> None:
    """The result stands in column 40, or behind a longer call."""
    (line,) = lines(entry("close", 3), leave(0))
    assert line == "20    close(3)                          = 0"
    assert line.index("=") == 40


def test_interleaved_calls_are_unfinished_and_resumed() -> None:
    """Another thread's line breaks an open call in two."""
    assert lines(
        entry("read", 3, AT, 5, tid=20),
        entry("close", 4, tid=21),
        leave(1, memory=[(AT, b"x")], tid=20),
        leave(0, tid=21),
    ) == [
        "20    read(3,  <unfinished ...>",
        "21    close(4 <unfinished ...>",
        '20    <... read resumed>"x", 5)         = 1',
        "21    <... close resumed>)              = 0",
    ]


def test_signal_while_in_a_call() -> None:
    """A signal's line stands between, with the siginfo of a child's death."""
    siginfo = struct.pack("<iiiiiIi4xqq", 17, 0, 2, 0, 33, 0, 9, 0, 0).ljust(128, b"\0")
    assert lines(entry("pause"), leave(-514), SignalDelivery(0, 20, 20, 17, siginfo)) == [
        "20    pause()                           = ? ERESTARTNOHAND (To be restarted if no handler)",
        (
            "20    --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=33, si_uid=0, "
            "si_status=SIGKILL, si_utime=0, si_stime=0} ---"
        ),
    ]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0x300, "+++ exited with 3 +++"),
        (9, "+++ killed by SIGKILL +++"),
        (11 | 0x80, "+++ killed by SIGSEGV (core dumped) +++"),
    ],
)
def test_ends(status: int, words: str) -> None:
    """The last line of a thread."""
    assert lines(Exited(0, 20, 20, status)) == [f"20    {words}"]


def test_killed_in_a_call() -> None:
    """What will never return ends in a question mark at PTRACE_EVENT_EXIT."""
    assert lines(entry("exit_group", 0), Exiting(0, 20, 20, 0), Exited(0, 20, 20, 0)) == [
        "20    exit_group(0)                     = ?",
        "20    +++ exited with 0 +++",
    ]
    assert lines(entry("read", 3, AT, 5), entry("close", 1, tid=21), Exiting(0, 20, 20, 9)) == [
        "20    read(3,  <unfinished ...>",
        "21    close(1 <unfinished ...>",
        "20    <... read resumed> <unfinished ...>) = ?",
    ]


def test_stops_detach_and_loss() -> None:
    """Group-stops, a detach in the middle of a call, and lost records."""
    assert lines(
        GroupStop(0, 20, 20, 19),
        GroupContinue(0, 20, 20),
        entry("pause"),
        Detached(0, 20, 20),
        Lost(0, 3, "No space"),
    ) == [
        "20    --- stopped by SIGSTOP ---",
        "20    pause( <detached ...>",
        "--- 3 records lost: No space ---",
    ]


def test_exit_without_entry() -> None:
    """A capture may begin inside a call."""
    assert lines(leave(5)) == ["20    <... ??? resumed>)                = 5"]


def test_restart_names_the_interrupted_call() -> None:
    """restart_syscall goes on with the call before it."""
    assert lines(entry("poll", 0, 0, 9), leave(-516), entry("restart_syscall"), leave(0))[1] == (
        "20    restart_syscall(<... resuming interrupted poll ...>) = 0"
    )


def test_exec_by_another_thread() -> None:
    """The caller's tid becomes the leader's."""
    assert lines(entry("execve", 0, 0, 0, tid=21), Executed(0, 20, 20, 21), leave(0, tid=20)) == [
        "21    execve(NULL, NULL, NULL <unfinished ...>",
        "20    +++ superseded by execve in pid 21 +++",
        "20    <... execve resumed>)             = 0",
    ]


def test_open_at_the_end() -> None:
    """What is still open when the records end is unfinished."""
    assert lines(entry("pause")) == ["20    pause( <unfinished ...>"]


def test_prefixes_times_and_durations(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bracket form, -ttt and -T."""
    monkeypatch.setenv("TZ", "UTC")
    records = (entry("close", 3, when=2_001_000), leave(0, when=2_013_000))
    assert lines(*records, pids="brackets") == ["[pid    20] close(3)                    = 0"]
    assert lines(*records, stamp="unix", stamp_digits=6, durations=6) == [
        "20    1700000000.002000 close(3)        = 0 <0.000012>"
    ]


def test_foreign_architecture() -> None:
    """An i386 call has a name of its own, and its arguments as numbers; of other machines it has a number."""
    call = SyscallEntry(0, 20, 20, 3, (1, 0, 0, 0, 0, 0), arch=0x40000003)
    assert lines(call, leave(0)) == [
        "20    [ Process PID=20 runs in 32 bit mode. ]",
        "20    read(0x1, 0, 0)                   = 0",
    ]
    call = SyscallEntry(0, 20, 20, 3, (1, 0, 0, 0, 0, 0), arch=0xC00000F3)
    assert lines(call, leave(0))[1] == "20    syscall_0x3(0x1, 0, 0, 0, 0, 0)   = 0"
