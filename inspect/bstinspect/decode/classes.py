"""The classes of calls that `-e trace=` knows, and the reader of such expressions.

The sets are those of strace 6.1, taken from what it prints under ``-e trace=%CLASS`` (strace(1), Filtering).
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from bstinspect.decode.architecture import architecture
from bstinspect.errors import FilterError

if TYPE_CHECKING:
    from collections.abc import Mapping


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


CLASSES: Final[dict[str, frozenset[str]]] = {
    "network": _names(
        """
        accept accept4 bind connect getpeername getpmsg getsockname getsockopt listen putpmsg recvfrom
        recvmmsg recvmsg sendfile sendmmsg sendmsg sendto setsockopt shutdown socket socketpair
        """
    ),
    "file": _names(
        """
        access acct chdir chmod chown chroot creat execve execveat faccessat faccessat2 fanotify_mark
        fchmodat fchownat fsconfig fspick futimesat getcwd getxattr inotify_add_watch lchown lgetxattr
        link linkat listxattr llistxattr lremovexattr lsetxattr lstat mkdir mkdirat mknod mknodat mount
        mount_setattr move_mount name_to_handle_at newfstatat open open_tree openat openat2 pivot_root
        quotactl readlink readlinkat removexattr rename renameat renameat2 rmdir setxattr stat statfs
        statx swapoff swapon symlink symlinkat truncate umount2 unlink unlinkat uselib utime utimensat
        utimes
        """
    ),
    "desc": _names(
        """
        bpf close copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait
        epoll_pwait2 epoll_wait eventfd eventfd2 execveat faccessat faccessat2 fadvise64 fallocate
        fanotify_init fanotify_mark fchdir fchmod fchmodat fchown fchownat fcntl fdatasync fgetxattr
        finit_module flistxattr flock fremovexattr fsconfig fsetxattr fsmount fsopen fspick fstat
        fstatfs fsync ftruncate futimesat getdents getdents64 inotify_add_watch inotify_init
        inotify_init1 inotify_rm_watch io_uring_enter io_uring_register io_uring_setup ioctl
        kexec_file_load landlock_add_rule landlock_create_ruleset landlock_restrict_self linkat lseek
        memfd_create memfd_secret mkdirat mknodat mmap mount_setattr move_mount mq_getsetattr mq_notify
        mq_open mq_timedreceive mq_timedsend name_to_handle_at newfstatat open open_by_handle_at
        open_tree openat openat2 perf_event_open pidfd_getfd pidfd_open pidfd_send_signal pipe pipe2
        poll ppoll pread64 preadv preadv2 process_madvise process_mrelease pselect6 pwrite64 pwritev
        pwritev2 quotactl_fd read readahead readlinkat readv renameat renameat2 select sendfile setns
        signalfd signalfd4 splice statx symlinkat sync_file_range syncfs tee timerfd_create
        timerfd_gettime timerfd_settime unlinkat userfaultfd utimensat vmsplice write writev
        """
    ),
    "process": _names(
        """
        clone clone3 execve execveat exit exit_group fork kill pidfd_send_signal rt_sigqueueinfo
        rt_tgsigqueueinfo tgkill tkill vfork wait4 waitid
        """
    ),
    "signal": _names(
        """
        io_uring_enter kill pause pidfd_send_signal rt_sigaction rt_sigpending rt_sigprocmask
        rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sigaltstack
        signalfd signalfd4 tgkill tkill
        """
    ),
    "memory": _names(
        """
        brk get_mempolicy io_destroy io_setup io_uring_register madvise mbind migrate_pages mincore
        mlock mlock2 mlockall mmap move_pages mprotect mremap msync munlock munlockall munmap
        pkey_mprotect remap_file_pages set_mempolicy set_mempolicy_home_node shmat shmdt
        """
    ),
    "ipc": _names(
        """
        msgctl msgget msgrcv msgsnd semctl semget semop semtimedop shmat shmctl shmdt shmget
        """
    ),
    "creds": _names(
        """
        capget capset getegid geteuid getgid getgroups getresgid getresuid getuid prctl setfsgid setfsuid
        setgid setgroups setregid setresgid setresuid setreuid setuid
        """
    ),
    "clock": _names(
        """
        adjtimex clock_adjtime clock_getres clock_gettime clock_settime gettimeofday settimeofday time
        """
    ),
    "stat": _names("stat"),
    "lstat": _names("lstat"),
    "fstat": _names("fstat newfstatat statx"),
    "%stat": _names("fstat lstat newfstatat stat statx"),
    "statfs": _names("statfs"),
    "fstatfs": _names("fstatfs"),
    "%statfs": _names("fstatfs statfs ustat"),
    "pure": _names("getegid geteuid getgid getpgrp getpid getppid gettid getuid"),
}
CLASSES["net"] = CLASSES["network"]
_BARE: Final = frozenset({"desc", "file", "memory", "process", "signal", "ipc", "network"})
"""The classes whose names strace also takes without ``%``, for old times' sake."""


def calls_of_class(name: str) -> frozenset[str] | None:
    """Return the calls of a class, ``%file`` or one of the old bare names; None where it is none."""
    bare = name.removeprefix("%")
    return CLASSES.get(bare) if bare != name or name in _BARE else None


def parse_filter(expression: str, machine: str = "") -> frozenset[int] | None:
    """Return the numbers of the calls that an expression names, or None for all of them.

    Known are names, numbers, classes with or without ``%``, ``/REGEX``, ``all``, ``none``, a leading ``!``
    for the rest, a leading ``?`` for "if there is such a call", and ``trace=`` in front.
    Raises FilterError, which says what is unknown.
    """
    text = expression.strip().removeprefix("trace=").removeprefix("t=").strip()
    numbers = architecture(machine or os.uname().machine).numbers
    inverted = text.startswith("!")
    chosen: set[int] = set()
    for raw in text.removeprefix("!").split(","):
        item = raw.strip()
        if item == "all":
            chosen.update(numbers.values())
        elif item != "none":
            chosen |= _one(item, numbers)
    every = frozenset(numbers.values())
    if inverted:
        return every - chosen if chosen else None
    return None if chosen >= every else frozenset(chosen)


def _one(item: str, numbers: Mapping[str, int]) -> set[int]:
    """Return the numbers that one part of an expression stands for."""
    optional = item.startswith("?")
    name = item.removeprefix("?")
    if name.startswith("/"):
        return _matching(name[1:], numbers)
    names = calls_of_class(name)
    if names is not None:
        return {numbers[each] for each in names if each in numbers}
    if name in numbers:
        return {numbers[name]}
    if name.isascii() and name.isdecimal() and int(name) in numbers.values():
        return {int(name)}
    if optional and name and not name.startswith("%"):
        return set()
    if not name:
        raise FilterError("a filter names system calls, for example: openat,read or %network")
    import difflib

    close = difflib.get_close_matches(name.removeprefix("%"), [*numbers, *CLASSES], 1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    raise FilterError(f"unknown system call or class {item!r}{hint}")


def _matching(pattern: str, numbers: Mapping[str, int]) -> set[int]:
    """Return the calls whose name a regular expression finds; a closing slash is allowed."""
    try:
        found = re.compile(pattern.removesuffix("/"))
    except re.error as error:
        raise FilterError(f"bad regular expression in the filter: {error}") from error
    return {number for name, number in numbers.items() if found.search(name)}
