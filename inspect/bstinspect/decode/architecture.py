"""What depends on the machine: syscall numbers, and the AUDIT_ARCH_* value that marks its own calls."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

AUDIT_ARCH_X86_64: Final = 0xC000003E
AUDIT_ARCH_AARCH64: Final = 0xC00000B7
X32_BIT: Final = 0x40000000
"""Marks the calls of x32 programs (arch/x86/include/uapi/asm/unistd.h)."""
AUDIT_ARCH_I386: Final = 0x40000003
"""From <linux/audit.h>; PTRACE_GET_SYSCALL_INFO reports them (ptrace(2))."""


class Architecture(msgspec.Struct, frozen=True):
    """The tables of one machine. Where the machine is unknown they are empty, and calls go by number."""

    machine: str
    audit: int
    names: Mapping[int, str]
    numbers: Mapping[str, int]
    counts: Mapping[int, int]
    """How many arguments each call takes."""

    def name(self, number: int) -> str:
        """Return the call's name, or strace's ``syscall_0x2a5`` for one without."""
        known = self.names.get(number)
        if known is None and self.machine == "x86_64" and number >> 9 == X32_BIT >> 9:
            known = self.names.get(number & ~X32_BIT)  # x32 numbers its own calls from 512 on
        return known or f"syscall_{number & (1 << 64) - 1:#x}"

    @property
    def counts_by_name(self) -> dict[str, int]:
        """How many arguments each call takes, by name."""
        return {name: self.counts[number] for name, number in self.numbers.items()}

    def is_own(self, arch: int) -> bool:
        """Tell whether a call with this AUDIT_ARCH_* is the machine's own kind (0: not recorded)."""
        return arch in (0, self.audit)


@functools.cache
def architecture(machine: str) -> Architecture:
    """Return the tables for ``os.uname().machine``."""
    audit = 0
    calls: dict[int, tuple[str, int]] = {}
    if machine == "x86_64":
        from bstinspect.decode.syscalls_x86_64 import SYSCALLS

        calls, audit = SYSCALLS, AUDIT_ARCH_X86_64
    elif machine == "i386":
        from ptrace.syscall.linux.i386 import SYSCALL_NAMES

        # How many arguments a call takes is mostly the same as on x86-64.
        counts = architecture("x86_64").counts_by_name
        calls = {number: (name, counts.get(name, 6)) for number, name in SYSCALL_NAMES.items()}
        audit = AUDIT_ARCH_I386
    elif machine == "aarch64":
        from bstinspect.decode.syscalls_aarch64 import SYSCALLS as ARM_SYSCALLS

        calls, audit = ARM_SYSCALLS, AUDIT_ARCH_AARCH64
    return Architecture(
        machine,
        audit,
        {number: name for number, (name, _) in calls.items()},
        {name: number for number, (name, _) in calls.items()},
        {number: count for number, (_, count) in calls.items()},
    )


def foreign(audit: int) -> Architecture:
    """Return the tables for calls of another kind than the machine's own: i386 has names at least."""
    return architecture("i386" if audit == AUDIT_ARCH_I386 else "")


def native_name(number: int) -> str:
    """Return the name of a syscall of the machine that this runs on."""
    return architecture(os.uname().machine).name(number)


def native_numbers() -> Mapping[str, int]:
    """Return the syscall numbers of the machine that this runs on, by name."""
    return architecture(os.uname().machine).numbers
