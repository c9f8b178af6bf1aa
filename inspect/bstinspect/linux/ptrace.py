"""ptrace(2) through ctypes: the requests that a seizing tracer needs.

python-ptrace has neither PTRACE_SEIZE, _INTERRUPT, _LISTEN nor _GET_SYSCALL_INFO, and its import alone costs
30 ms of a tracer's start, so nothing of it is imported here; a test compares the constants they share.

Every request must come from the OS thread that attached; from any other it fails with ESRCH. ESRCH means:
dead, or not stopped, or not ours.
"""

from __future__ import annotations

import ctypes
import struct
from typing import Final, NamedTuple

from bstinspect.errors import PtraceError

# <linux/ptrace.h>, the same on every architecture
PTRACE_PEEKDATA: Final = 2
PTRACE_POKEDATA: Final = 5
PTRACE_CONT: Final = 7
PTRACE_DETACH: Final = 17
PTRACE_SYSCALL: Final = 24
PTRACE_GETEVENTMSG: Final = 0x4201
PTRACE_GETSIGINFO: Final = 0x4202
PTRACE_GETREGSET: Final = 0x4204
PTRACE_SETREGSET: Final = 0x4205
PTRACE_SEIZE: Final = 0x4206
PTRACE_INTERRUPT: Final = 0x4207
PTRACE_LISTEN: Final = 0x4208
PTRACE_GET_SYSCALL_INFO: Final = 0x420E

PTRACE_O_TRACESYSGOOD: Final = 1 << 0
PTRACE_O_TRACEFORK: Final = 1 << 1
PTRACE_O_TRACEVFORK: Final = 1 << 2
PTRACE_O_TRACECLONE: Final = 1 << 3
PTRACE_O_TRACEEXEC: Final = 1 << 4
PTRACE_O_TRACEEXIT: Final = 1 << 6
PTRACE_O_TRACESECCOMP: Final = 1 << 7
PTRACE_O_EXITKILL: Final = 1 << 20

PTRACE_EVENT_FORK: Final = 1
PTRACE_EVENT_VFORK: Final = 2
PTRACE_EVENT_CLONE: Final = 3
PTRACE_EVENT_EXEC: Final = 4
PTRACE_EVENT_EXIT: Final = 6
PTRACE_EVENT_SECCOMP: Final = 7
PTRACE_EVENT_STOP: Final = 128

SYSCALL_STOP: Final = 0x80
"""Added to SIGTRAP in a syscall-stop, with PTRACE_O_TRACESYSGOOD."""

# struct ptrace_syscall_info: op, arch, instruction pointer, stack pointer, then a union (Linux 5.3)
SYSCALL_INFO_ENTRY: Final = 1
SYSCALL_INFO_EXIT: Final = 2
SYSCALL_INFO_SECCOMP: Final = 3
_INFO_SIZE: Final = 88
_ENTRY: Final = struct.Struct("<B3xIQQq6Q")
_EXIT: Final = struct.Struct("<B3xIQQqB")
_SIGINFO_SIZE: Final = 128

WORD: Final = ctypes.sizeof(ctypes.c_long)
"""Bytes that PTRACE_PEEKDATA and _POKEDATA move."""
_WORD_MASK: Final = (1 << 8 * WORD) - 1

_NAMES: Final = {
    PTRACE_PEEKDATA: "PTRACE_PEEKDATA",
    PTRACE_POKEDATA: "PTRACE_POKEDATA",
    PTRACE_CONT: "PTRACE_CONT",
    PTRACE_DETACH: "PTRACE_DETACH",
    PTRACE_SYSCALL: "PTRACE_SYSCALL",
    PTRACE_GETEVENTMSG: "PTRACE_GETEVENTMSG",
    PTRACE_GETSIGINFO: "PTRACE_GETSIGINFO",
    PTRACE_GETREGSET: "PTRACE_GETREGSET",
    PTRACE_SETREGSET: "PTRACE_SETREGSET",
    PTRACE_SEIZE: "PTRACE_SEIZE",
    PTRACE_INTERRUPT: "PTRACE_INTERRUPT",
    PTRACE_LISTEN: "PTRACE_LISTEN",
    PTRACE_GET_SYSCALL_INFO: "PTRACE_GET_SYSCALL_INFO",
}

_libc = ctypes.CDLL(None, use_errno=True)
_ptrace = _libc.ptrace
_ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_ptrace.restype = ctypes.c_long

# For the requests of a hot loop: without argtypes, which cost half a microsecond to check.
_fast_ptrace = ctypes.CDLL(None, use_errno=True).ptrace

# One tracer is one thread, so one buffer each is enough.
_info = ctypes.create_string_buffer(_INFO_SIZE)
_info_address = ctypes.addressof(_info)
_info_pointer = ctypes.c_void_p(_info_address)
_siginfo = ctypes.create_string_buffer(_SIGINFO_SIZE)
_message = ctypes.c_ulong()
_message_address = ctypes.addressof(_message)


class SyscallEntryInfo(NamedTuple):
    """PTRACE_GET_SYSCALL_INFO at a syscall-entry-stop."""

    arch: int
    instruction_pointer: int
    number: int
    arguments: tuple[int, int, int, int, int, int]
    stack_pointer: int = 0


class SyscallExitInfo(NamedTuple):
    """PTRACE_GET_SYSCALL_INFO at a syscall-exit-stop."""

    value: int
    is_error: bool


def _request(request: int, tid: int, address: int, data: int) -> int:
    result: int = _ptrace(request, tid, address, data)
    if result == -1:
        raise PtraceError(_NAMES[request], tid, ctypes.get_errno())
    return result


def seize(tid: int, options: int) -> None:
    """Attach to a thread without stopping it."""
    _request(PTRACE_SEIZE, tid, 0, options)


def interrupt(tid: int) -> None:
    """Make a seized thread stop (PTRACE_EVENT_STOP), unless another stop comes first."""
    _request(PTRACE_INTERRUPT, tid, 0, 0)


def listen(tid: int) -> None:
    """Leave a thread in its group-stop, but let its next event come."""
    _request(PTRACE_LISTEN, tid, 0, 0)


def cont(tid: int, signal: int = 0) -> None:
    """Let a stopped thread run, with `signal` delivered at a signal-delivery-stop."""
    _request(PTRACE_CONT, tid, 0, signal)


def syscall(tid: int, signal: int = 0) -> None:
    """Let a stopped thread run up to its next syscall-stop."""
    if _fast_ptrace(PTRACE_SYSCALL, tid, 0, signal) == -1:
        raise PtraceError("PTRACE_SYSCALL", tid, ctypes.get_errno())


def detach(tid: int, signal: int = 0) -> None:
    """Let a stopped thread go; it runs on, or stays in its group-stop."""
    _request(PTRACE_DETACH, tid, 0, signal)


def event_message(tid: int) -> int:
    """Return what came with an event: a child's tid, a former tid, or an exit status."""
    _request(PTRACE_GETEVENTMSG, tid, 0, _message_address)
    return _message.value


def siginfo(tid: int) -> bytes:
    """Return the raw siginfo_t of a signal-delivery-stop; EINVAL says that it is a group-stop."""
    _request(PTRACE_GETSIGINFO, tid, 0, ctypes.addressof(_siginfo))
    return _siginfo.raw


def syscall_info(tid: int) -> SyscallEntryInfo | SyscallExitInfo | None:
    """Return what a syscall-stop is about; None when the thread is in no syscall-stop."""
    _request(PTRACE_GET_SYSCALL_INFO, tid, _INFO_SIZE, _info_address)
    operation = ord(_info[0])
    if operation in (SYSCALL_INFO_ENTRY, SYSCALL_INFO_SECCOMP):
        _, arch, pointer, stack, number, *arguments = _ENTRY.unpack_from(_info)
        first, second, third, fourth, fifth, sixth = arguments
        return SyscallEntryInfo(arch, pointer, number, (first, second, third, fourth, fifth, sixth), stack)
    if operation == SYSCALL_INFO_EXIT:
        _, _, _, _, value, is_error = _EXIT.unpack_from(_info)
        return SyscallExitInfo(value, is_error != 0)
    return None


def raw_syscall_info(tid: int) -> tuple[int, ...]:
    """Return ``struct ptrace_syscall_info`` as it is, for a hot loop: 11 numbers, those of an entry.

    They are op, arch, instruction pointer, stack pointer, number and six arguments. At an exit the fifth is
    the return value, and the low byte of the sixth is_error.
    """
    if _fast_ptrace(PTRACE_GET_SYSCALL_INFO, tid, _INFO_SIZE, _info_pointer) == -1:
        raise PtraceError("PTRACE_GET_SYSCALL_INFO", tid, ctypes.get_errno())
    return _ENTRY.unpack_from(_info)


def instruction_pointer(tid: int) -> int:
    """Return where a stopped thread is to go on, in any kind of stop."""
    _request(PTRACE_GET_SYSCALL_INFO, tid, _INFO_SIZE, _info_address)
    pointer: int = _ENTRY.unpack_from(_info)[2]
    return pointer


def peek(tid: int, address: int) -> int:
    """Return the word (8 bytes, unsigned) at `address` of a stopped thread; EIO where there is none.

    The C library's wrapper returns the word itself, so that -1 is told from a failure by errno alone
    (ptrace(2), NOTES, "C library/kernel differences").
    """
    ctypes.set_errno(0)
    word: int = _ptrace(PTRACE_PEEKDATA, tid, address, 0)
    if word == -1 and (number := ctypes.get_errno()):
        raise PtraceError("PTRACE_PEEKDATA", tid, number)
    return word & _WORD_MASK


def poke(tid: int, address: int, word: int) -> None:
    """Write a word (8 bytes) at `address` of a stopped thread, into pages that it may only read as well."""
    _request(PTRACE_POKEDATA, tid, address, word & _WORD_MASK)


def register_set(tid: int, kind: int, size: int) -> bytes:
    """Return a set of registers of a stopped thread: `kind` is NT_* of <linux/elf.h>, `size` in bytes."""
    buffer = ctypes.create_string_buffer(size)
    vector = (ctypes.c_uint64 * 2)(ctypes.addressof(buffer), size)  # struct iovec; the kernel sets its length
    _request(PTRACE_GETREGSET, tid, kind, ctypes.addressof(vector))
    return buffer.raw[: vector[1]]


def set_register_set(tid: int, kind: int, data: bytes) -> None:
    """Write a set of registers of a stopped thread, from its first byte on."""
    buffer = ctypes.create_string_buffer(data, len(data))
    vector = (ctypes.c_uint64 * 2)(ctypes.addressof(buffer), len(data))
    _request(PTRACE_SETREGSET, tid, kind, ctypes.addressof(vector))
