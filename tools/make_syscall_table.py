# ruff: noqa: INP001 - a script, no package
"""Write bstinspect/decode/syscalls_<machine>.py from the headers of linux-libc-dev.

Run it with the project's interpreter, from the top folder:

    .venv/bin/python tools/make_syscall_table.py

Numbers come from <asm/unistd_64.h> (x86-64) and <asm-generic/unistd.h> (aarch64, by way of cpp).
How many arguments a call takes comes from python-ptrace's prototypes, and from `ARGUMENTS` below for
the calls that those lack or have wrong; that list was checked against `strace -e raw=all` (6.1).
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from ptrace.syscall.prototypes import SYSCALL_PROTOTYPES

FOLDER = Path(__file__).parent.parent / "inspect" / "bstinspect" / "decode"
X86_64_HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
DEFINE = re.compile(r"^#define (__NR(?:3264)?_\w+) (\w+)$", re.MULTILINE)

NEWER = {
    "cachestat": (451, 4), "fchmodat2": (452, 4), "map_shadow_stack": (453, 3), "futex_wake": (454, 4),
    "futex_wait": (455, 6), "futex_requeue": (456, 4), "statmount": (457, 4), "listmount": (458, 4),
    "lsm_get_self_attr": (459, 4), "lsm_set_self_attr": (460, 4), "lsm_list_modules": (461, 3),
    "mseal": (462, 3), "setxattrat": (463, 6), "getxattrat": (464, 6), "listxattrat": (465, 5),
    "removexattrat": (466, 4), "open_tree_attr": (467, 5), "file_getattr": (468, 5), "file_setattr": (469, 5),
}  # fmt: skip
"""Calls younger than the headers of a stable distribution: since Linux 5.1 all machines share the numbers."""

ARGUMENTS = {
    "_sysctl": 1, "afs_syscall": 5, "arch_prctl": 2, "clone3": 2, "close_range": 3, "create_module": 2,
    "epoll_ctl_old": 4, "epoll_pwait2": 6, "epoll_wait_old": 4, "faccessat2": 4, "fsconfig": 5, "fsmount": 3,
    "fsopen": 2, "fspick": 3, "futex_waitv": 5, "get_kernel_syms": 1, "get_thread_area": 1, "getpmsg": 5,
    "io_pgetevents": 6, "io_uring_enter": 6, "io_uring_register": 4, "io_uring_setup": 2, "iopl": 1,
    "landlock_add_rule": 4, "landlock_create_ruleset": 3, "landlock_restrict_self": 2, "membarrier": 3,
    "memfd_secret": 1, "modify_ldt": 3, "mount_setattr": 5, "move_mount": 5, "nfsservctl": 3, "open_tree": 3,
    "openat2": 4, "pidfd_getfd": 3, "pidfd_open": 2, "pidfd_send_signal": 4, "pkey_alloc": 2, "pkey_free": 1,
    "pkey_mprotect": 4, "preadv": 4, "preadv2": 6, "process_madvise": 5, "process_mrelease": 2,
    "putpmsg": 5, "pwritev": 4, "pwritev2": 6, "query_module": 5, "quotactl_fd": 4, "rseq": 4,
    "rt_sigreturn": 0, "security": 3, "set_mempolicy_home_node": 4, "set_thread_area": 1,
    "sync_file_range2": 4,
    "tuxcall": 3, "umount2": 2, "vserver": 5,
}  # fmt: skip


def count(name: str) -> int:
    """Return how many arguments a call takes; 6, the most there are, where nobody knows."""
    if name in ARGUMENTS:
        return ARGUMENTS[name]
    prototype = SYSCALL_PROTOTYPES.get(name)
    return len(prototype[1]) if prototype else 6


def table(definitions: dict[str, str]) -> dict[int, tuple[str, int]]:
    """Resolve names that stand for other names, and add the newer calls."""
    calls: dict[int, tuple[str, int]] = {}
    for definition, meaning in definitions.items():
        name = definition.removeprefix("__NR_")
        value = definitions.get(meaning, meaning)  # __NR_fcntl is __NR3264_fcntl, which is 25
        if value.isdecimal() and name not in {definition, "syscalls", "arch_specific_syscall"}:
            calls[int(value)] = (name, count(name))
    for name, (number, arguments) in NEWER.items():
        calls.setdefault(number, (name, arguments))
    return dict(sorted(calls.items()))


def write(machine: str, note: str, calls: dict[int, tuple[str, int]]) -> None:
    """Write one table as a module."""
    path = FOLDER / f"syscalls_{machine}.py"
    lines = [
        f'"""Linux system calls of {machine}: number, name, number of arguments.{note}',
        "",
        "Written by tools/make_syscall_table.py from linux-libc-dev's headers; do not edit.",
        '"""',
        "",
        "from typing import Final",
        "",
        "SYSCALLS: Final[dict[int, tuple[str, int]]] = {",
        *(f'    {number}: ("{name}", {arguments}),' for number, (name, arguments) in calls.items()),
        "}",
    ]
    path.write_text("\n".join(lines) + "\n")
    sys.stdout.write(f"Wrote {path}: {len(calls)} calls\n")


def main() -> None:
    """Write every table."""
    write("x86_64", "", table(dict(DEFINE.findall(X86_64_HEADER.read_text()))))
    flags = ["-D__BITS_PER_LONG=64", *(f"-D__ARCH_WANT_{f}" for f in (
        "NEW_STAT", "RENAMEAT", "SET_GET_RLIMIT", "SYS_CLONE3", "MEMFD_SECRET",
    ))]  # fmt: skip
    generic = subprocess.run(
        ["cpp", "-dM", *flags, "-"],
        input="#include <asm-generic/unistd.h>",
        text=True,
        capture_output=True,
        check=True,
    ).stdout
    write("aarch64", " Untried: nobody ran it there yet.", table(dict(DEFINE.findall(generic))))


if __name__ == "__main__":
    main()
