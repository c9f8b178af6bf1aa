"""Every call has a decoder that prints as many arguments as the call has; few are printed as numbers."""

from __future__ import annotations

import re

from bstinspect.decode.architecture import architecture
from bstinspect.decode.blocks import Recorded
from bstinspect.decode.call import Call
from bstinspect.decode.syscalls_x86_64 import SYSCALLS
from bstinspect.decode.table import all_shapes, shape_of

LAST = 450
"""set_mempolicy_home_node: strace 6.1 knows no newer call, and prints the registers of such."""
CALLS = {name: count for number, (name, count) in SYSCALLS.items() if number <= LAST}
ASKED = {
    "clone": (0x1180000,),
    "futex": (0, 12),
    "keyctl": (10,),
    "membarrier": (128, 1),
    "mknod": (0, 0o020000),
    "mknodat": (0, 0, 0o020000),
    "mq_open": (0, 0o100),
    "mremap": (0, 0, 0, 3),
    "open": (0, 0o100),
    "openat": (0, 0, 0o100),
    "ptrace": (0x4200,),
    "reboot": (0, 0, 0xA1B2C3D4),
    "syslog": (2,),
}
"""The first arguments of those that take the others only then."""
FEWER = {"preadv2": 5, "pwritev2": 5}
"""strace prints the two halves of the offset as one number, as 64-bit machines pass it."""
NUMBERS = [
    "afs_syscall", "create_module", "epoll_ctl_old", "epoll_wait_old", "get_kernel_syms", "getpmsg",
    "nfsservctl", "putpmsg", "query_module", "rseq", "security", "set_tid_address", "sysfs", "tuxcall",
    "vserver",
]  # fmt: skip
"""The calls of which strace prints nothing but the numbers (its printargs)."""


def text(name: str, arguments: tuple[int, ...], value: int = 0) -> str:
    """Return a call's arguments as text, where no memory can be read."""
    call = Call(name, arguments, Recorded(), architecture("x86_64"))
    shape = shape_of(call)
    before = ", ".join(shape.entry(call))
    if before and shape.waits(call):
        before += shape.separator
    call.leave(value, Recorded(), is_error=value < 0)
    return before + (", " if shape.separator else "").join(shape.exit(call))


def arguments_in(found: str) -> int:
    """Count the arguments of a text."""
    while (inner := re.sub(r"\([^()]*\)|\{[^{}]*\}|\[[^][]*\]|/\*.*?\*/", "", found)) != found:
        found = inner
    return found.count(",") + 1 if found else 0


def test_count() -> None:
    """A call is decoded, and all its arguments are printed, whether it fails or not."""
    wrong = []
    for name, count in CALLS.items():
        arguments = (*ASKED.get(name, ()), *(0,) * 6)[:6]
        texts = [text(name, arguments, value) for value in (0, -14)]
        if name not in all_shapes() or any(arguments_in(each) != FEWER.get(name, count) for each in texts):
            wrong.append((name, texts))
    assert not wrong


def test_numbers() -> None:
    """The calls that are printed as hexadecimal numbers are those that strace prints so."""
    some = (0x12B4561, 0x12B4562, 0x12B4563, 0x12B4564, 0x12B4565, 0x12B4566)
    expected = {
        arguments: ", ".join(f"{each:#x}" if each else "0" for each in arguments)
        for arguments in (some, (0,) * 6)
    }
    found = [
        name
        for name, count in CALLS.items()
        if count and all(raw.startswith(text(name, arguments)) for arguments, raw in expected.items())
    ]
    assert sorted(found) == sorted(NUMBERS)
