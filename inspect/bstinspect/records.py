"""What happened, as typed records: the one model that collectors write and every reporter reads.

A tracer writes *events*, one per ptrace stop, in the order in which it saw the stops. Numbers in them are
the kernel's, memory is bytes; text is only what can be known in the stop alone (what a socket is connected
to, the frames of a stack). ``bstinspect.decode`` turns them into names and text.

Times (``when``) are CLOCK_MONOTONIC in nanoseconds. `CaptureStart` pairs that clock with CLOCK_REALTIME.
``tid`` is the thread that stopped; ``pid`` is its thread group (tgid), the process.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

FORMAT_VERSION = 3
"""Version of the record format; it grows when a record changes shape."""


class Record(msgspec.Struct, frozen=True, array_like=True):
    """Base of all records. On the wire each is a msgpack array that starts with the record's tag."""

    when: int


class Block(msgspec.Struct, frozen=True, array_like=True):
    """Bytes of a tracee's memory, read at a stop.

    `data` is shorter than `wanted` where the memory ended (or was refused); empty means unreadable.
    """

    address: int
    data: bytes
    wanted: int


class OpenFile(msgspec.Struct, frozen=True, array_like=True):
    """What a descriptor was at a stop."""

    number: int
    """-100 (AT_FDCWD) for the working directory."""
    target: bytes
    """What /proc/PID/fd/N points to."""
    details: str = ""
    """Of a socket, device or pidfd more, as -yy has it: ``TCP:[127.0.0.1:80->...]``, ``char 1:3``."""
    peer: str = ""
    """Of a socket whose other end another process holds: ``node 20 pid 4625``."""
    protocol: str = ""
    """Of a socket the kernel's name of its protocol: ``TCP``, ``UNIX-STREAM``, ``NETLINK 0`` (route).

    NETLINK_GENERIC has its families behind its number: ``NETLINK 16 16=nlctrl 21=ethtool``."""
    deleted: bool = False
    """`target` is where the file was before it was unlinked."""


class CaptureStart(Record, frozen=True, tag="start"):
    """The first record of a capture: how to read the rest."""

    version: int
    realtime: int
    """CLOCK_REALTIME, nanoseconds, at `when`."""
    machine: str
    """``os.uname().machine``, for example ``x86_64``: syscall numbers depend on it."""
    recorder: str = "session"
    """``trace`` for one of `bstrace trace --record`; a session's has processes too that are only watched."""
    strings: int = 32
    """So many bytes of a string are there at least, where it is so long."""
    options: tuple[str, ...] = ()
    """What can be shown of it, as letters of `bstrace trace`: ``c f k y yy yyy Y``."""
    kernel: str = ""
    """``os.uname().release``; empty in captures of older versions."""
    cpus: int = 0
    """CPUs that were online; 0 where that is not known."""
    selected: bool = False
    """Only some calls are there: -e trace, -P or -e fd asked for them."""


class Attached(Record, frozen=True, tag="A"):
    """A thread came under the tracer: seized by request, or followed from a fork or clone."""

    tid: int
    pid: int
    followed: bool
    number: int = -1
    """The call that it was in when it was attached to, where /proc said so."""
    name: bytes = b""
    """Its command name, where that was asked for."""


class Detached(Record, frozen=True, tag="D"):
    """The tracer let a thread go; it runs on."""

    tid: int
    pid: int


class Tracing(Record, frozen=True, tag="T"):
    """The tracing of a process's syscalls was switched on or off while it was watched."""

    pid: int
    on: bool


class SyscallEntry(Record, frozen=True, tag="E"):
    """A syscall-entry-stop, from PTRACE_GET_SYSCALL_INFO (ptrace(2), Linux 5.3)."""

    tid: int
    pid: int
    number: int
    arguments: tuple[int, int, int, int, int, int]
    """Raw 64-bit registers, unsigned."""
    memory: tuple[Block, ...] = ()
    """What the arguments pointed to on the way in."""
    instruction_pointer: int = 0
    stack_pointer: int = 0
    arch: int = 0
    """AUDIT_ARCH_* of the call (0: the machine's own); an i386 call on x86-64 has another."""
    descriptors: tuple[OpenFile, ...] = ()
    """What the descriptors among the arguments were, where that was asked for (number -100: the cwd)."""
    names: tuple[tuple[int, bytes], ...] = ()
    """Command names of processes that the arguments name, where that was asked for."""


class SyscallExit(Record, frozen=True, tag="X"):
    """A syscall-exit-stop. It belongs to the last `SyscallEntry` of the same tid."""

    tid: int
    pid: int
    value: int
    """The return value, signed; -errno where `is_error`."""
    is_error: bool
    memory: tuple[Block, ...] = ()
    """What the arguments pointed to on the way out."""
    descriptors: tuple[OpenFile, ...] = ()
    names: tuple[tuple[int, bytes], ...] = ()
    """As in `SyscallEntry`."""
    injected: str = ""
    """What the tracer changed: any of ``result``, ``arguments``, ``delay``, joined by commas."""
    system_ns: int = 0
    """System time that the call took, nanoseconds (wait4(2)'s rusage), where that was asked for."""


class Stack(Record, frozen=True, tag="K"):
    """The call stack of a thread at a stop, innermost frame first, where it was asked for."""

    tid: int
    pid: int
    frames: tuple[bytes, ...]
    """For example ``/usr/lib/x86_64-linux-gnu/libc.so.6(__write+0x14) [0xf7234]``."""


class SignalDelivery(Record, frozen=True, tag="S"):
    """A signal-delivery-stop: the signal is about to reach the tracee. SIGKILL has none."""

    tid: int
    pid: int
    signal: int
    siginfo: bytes
    """The raw 128-byte siginfo_t, from PTRACE_GETSIGINFO; empty where it could not be had."""
    instruction_pointer: int = 0
    descriptors: tuple[OpenFile, ...] = ()
    names: tuple[tuple[int, bytes], ...] = ()
    """Of what siginfo names, as in `SyscallEntry`."""


class GroupStop(Record, frozen=True, tag="G"):
    """The thread entered a group-stop: the whole process is stopped until SIGCONT."""

    tid: int
    pid: int
    signal: int


class GroupContinue(Record, frozen=True, tag="C"):
    """SIGCONT ended a group-stop."""

    tid: int
    pid: int


class Spawned(Record, frozen=True, tag="F"):
    """PTRACE_EVENT_FORK, _VFORK or _CLONE: `child` is the new pid or tid."""

    tid: int
    pid: int
    child: int
    event: str
    """``fork``, ``vfork`` or ``clone``."""


class Executed(Record, frozen=True, tag="V"):
    """PTRACE_EVENT_EXEC: the process runs another program; `former_tid` is the thread that called execve."""

    tid: int
    pid: int
    former_tid: int


class Exiting(Record, frozen=True, tag="Q"):
    """PTRACE_EVENT_EXIT: the thread is on its way out, its memory and descriptors still there to read.

    `status` is the wait status that it will leave (GETEVENTMSG), so a non-zero low byte means that a signal
    is killing the whole process: the earliest word of a death.
    """

    tid: int
    pid: int
    status: int


class Exited(Record, frozen=True, tag="W"):
    """waitpid(2) reported the end of a thread; of the whole process where `tid` equals `pid`."""

    tid: int
    pid: int
    status: int


class ThreadState(msgspec.Struct, frozen=True, array_like=True):
    """One thread as the autopsy found it."""

    tid: int
    name: str
    syscall: int
    """Number of the syscall in progress, or -1 when it ran in user space or that could not be read."""
    arguments: tuple[int, ...]
    """Six raw registers, or none when `syscall` is -1."""


class Descriptor(msgspec.Struct, frozen=True, array_like=True):
    """One open descriptor: `target` is what /proc/PID/fd/N says, `endpoint` names a socket's ends."""

    number: int
    target: str
    endpoint: str = ""
    """For a socket, for example ``unix:/run/x/20.1``, ``unix:->/run/x/10.1`` or ``tcp:127.0.0.1:80->...``."""


class Autopsy(Record, frozen=True, tag="Y"):
    """A dying process, read in its PTRACE_EVENT_EXIT stop (proc(5))."""

    pid: int
    status: int
    """The wait status that it will leave."""
    was_stopped: bool
    """True when it was in a group-stop when the end came."""
    threads: tuple[ThreadState, ...]
    descriptors: tuple[Descriptor, ...]
    descriptors_omitted: int
    """How many descriptors were left out to keep the autopsy short (it is bounded by time)."""
    resident_kib: int
    peak_kib: int
    age_ns: int
    """How long the process lived, nanoseconds (from its start time in /proc/PID/stat, 10 ms steps)."""
    parent: int
    uid: int


class Lost(Record, frozen=True, tag="L"):
    """Records that could not be written (a full disk): a note that something is missing here."""

    count: int
    reason: str


AnyRecord: TypeAlias = (
    CaptureStart
    | Attached
    | Detached
    | Tracing
    | SyscallEntry
    | SyscallExit
    | Stack
    | SignalDelivery
    | GroupStop
    | GroupContinue
    | Spawned
    | Executed
    | Exiting
    | Exited
    | Autopsy
    | Lost
)
"""Every record there is, as msgspec's tagged union."""
