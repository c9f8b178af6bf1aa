"""The general purpose registers of a stopped thread, by PTRACE_GETREGSET (ptrace(2); Linux 2.6.34).

All but `_LAYOUTS` and the two classes above it is the same on every machine. x86-64 is tried; aarch64 is
written from <asm/ptrace.h> and untried.

Every function raises PtraceError, with ESRCH for a thread that is not stopped, has died or is traced by
another thread than the calling one. Values are unsigned 64-bit words; a negative one is taken for its two's
complement.
"""

from __future__ import annotations

import errno
import functools
import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from bstinspect.errors import InspectError, PtraceError
from bstinspect.linux import ptrace

if TYPE_CHECKING:
    from collections.abc import Sequence

NT_PRSTATUS: Final = 1
NT_ARM_SYSTEM_CALL: Final = 0x404
"""From <linux/elf.h>."""

_MASK: Final = (1 << 64) - 1
_SYSCALL_NUMBER: Final = struct.Struct("=i")
_MOST_BYTES: Final = 1024


# -- what depends on the machine


class X64Registers(NamedTuple):
    """x86-64's struct user_regs_struct (<sys/user.h>)."""

    r15: int
    r14: int
    r13: int
    r12: int
    rbp: int
    rbx: int
    r11: int
    r10: int
    r9: int
    r8: int
    rax: int
    rcx: int
    rdx: int
    rsi: int
    rdi: int
    orig_rax: int
    """The number of the syscall that the thread is in; -1 (as 2**64-1) when it is in none."""
    rip: int
    cs: int
    eflags: int
    rsp: int
    ss: int
    fs_base: int
    gs_base: int
    ds: int
    es: int
    fs: int
    gs: int


class Arm64Registers(NamedTuple):
    """aarch64's struct user_pt_regs (<asm/ptrace.h>)."""

    x0: int
    x1: int
    x2: int
    x3: int
    x4: int
    x5: int
    x6: int
    x7: int
    x8: int
    x9: int
    x10: int
    x11: int
    x12: int
    x13: int
    x14: int
    x15: int
    x16: int
    x17: int
    x18: int
    x19: int
    x20: int
    x21: int
    x22: int
    x23: int
    x24: int
    x25: int
    x26: int
    x27: int
    x28: int
    x29: int
    x30: int
    sp: int
    pc: int
    pstate: int


@dataclass(frozen=True)
class _Layout:
    """Where a machine keeps what a syscall needs (syscall(2), "Architecture calling conventions")."""

    registers: type[X64Registers | Arm64Registers]
    arguments: tuple[str, str, str, str, str, str]
    value: str
    stack: str
    number: str | None
    """None where the number has a register set of its own, NT_ARM_SYSTEM_CALL."""


_LAYOUTS: Final = {
    "x86_64": _Layout(X64Registers, ("rdi", "rsi", "rdx", "r10", "r8", "r9"), "rax", "rsp", "orig_rax"),
    "aarch64": _Layout(Arm64Registers, ("x0", "x1", "x2", "x3", "x4", "x5"), "x0", "sp", None),
}

if TYPE_CHECKING or os.uname().machine != "aarch64":
    Registers = X64Registers
    """This machine's registers. A type checker is told of those of x86-64, the machine that is tried."""
else:
    Registers = Arm64Registers


# -- the same on every machine


@functools.cache
def _layout() -> _Layout:
    machine = os.uname().machine
    if machine not in _LAYOUTS:
        raise InspectError(f"the registers of {machine} are not known")
    return _LAYOUTS[machine]


def _words() -> struct.Struct:
    return struct.Struct(f"={len(_layout().registers._fields)}Q")


def read(tid: int) -> Registers:
    """Return a stopped thread's registers. ENOTSUP: it is a 32-bit program's, which has others."""
    words = _words()
    data = ptrace.register_set(tid, NT_PRSTATUS, _MOST_BYTES)
    if len(data) != words.size:
        raise PtraceError("PTRACE_GETREGSET", tid, errno.ENOTSUP)
    return Registers._make(words.unpack(data))


def write(tid: int, registers: Registers) -> None:
    """Set a stopped thread's registers; take them from `read`, changed with ``_replace(rax=0)``.

    Who changes rip of a thread that was stopped inside a syscall sets orig_rax to -1 as well: where the call
    is to be restarted, the kernel would move rip back to it. EIO says that a segment cannot be as given.
    """
    data = _words().pack(*(value & _MASK for value in registers))
    ptrace.set_register_set(tid, NT_PRSTATUS, data)


def set_syscall_number(tid: int, number: int) -> None:
    """At a syscall-entry-stop, have the kernel run another call; -1 for none: then the result is -ENOSYS.

    To inject a result, skip the call so, and call `set_return_value` at the syscall-exit-stop, which comes in
    any case.
    """
    field = _layout().number
    if field is None:
        ptrace.set_register_set(tid, NT_ARM_SYSTEM_CALL, _SYSCALL_NUMBER.pack(number))
    else:
        _set(tid, {field: number})


def set_arguments(tid: int, arguments: Sequence[int]) -> None:
    """At a syscall-entry-stop, set the call's first arguments; those that are not given stay as they are.

    Raises ValueError for more than six.
    """
    fields = _layout().arguments
    if len(arguments) > len(fields):
        raise ValueError(f"a syscall has at most {len(fields)} arguments, not {len(arguments)}")
    _set(tid, dict(zip(fields, arguments, strict=False)))


def set_return_value(tid: int, value: int) -> None:
    """At a syscall-exit-stop, set what the program gets; a failure is a negative errno, such as -EPERM."""
    _set(tid, {_layout().value: value})


def stack_pointer(tid: int) -> int:
    """Return a stopped thread's stack pointer.

    128 bytes below it may be in use, the red zone of x86-64 (System V ABI, AMD64 supplement, 3.2.2).
    """
    value: int = getattr(read(tid), _layout().stack)
    return value


def _set(tid: int, fields: dict[str, int]) -> None:
    write(tid, read(tid)._replace(**fields))
