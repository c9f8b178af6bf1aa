"""Where the decoder of each call is: the modules of the families, and their calls.

A family is imported when the first of its calls is met.
"""

from __future__ import annotations

import functools
from importlib import import_module
from typing import TYPE_CHECKING, Final

from bstinspect.decode import generic

if TYPE_CHECKING:
    from bstinspect.decode.call import Call
    from bstinspect.decode.shape import Shape

FAMILIES: Final = {
    "aio": "io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit",
    "bpf": "bpf",
    "cloning": "clone clone3 fork setns unshare vfork",
    "credentials": """
        capget capset getegid geteuid getgid getgroups getresgid getresuid getuid setfsgid setfsuid setgid
        setgroups setregid setresgid setresuid setreuid setuid
    """,
    "descriptors": """
        close close_range copy_file_range dup dup2 dup3 eventfd eventfd2 fadvise64 fallocate fchdir
        fdatasync flock fsync lseek pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read
        readahead readv sendfile splice sync_file_range syncfs tee vmsplice write writev
    """,
    "entries": "getdents getdents64",
    "execution": "execve execveat",
    "files": """
        access acct chdir chmod chown chroot creat faccessat faccessat2 fchmod fchmodat fchmodat2 fchown
        fchownat ftruncate futimesat getcwd lchown link linkat lookup_dcookie mkdir mkdirat mknod mknodat
        open openat openat2 pivot_root readlink readlinkat rename renameat renameat2 rmdir swapoff symlink
        symlinkat truncate umask unlink unlinkat uselib utime utimensat utimes
    """,
    "futexes": "futex futex_waitv",
    "io_uring": "io_uring_enter io_uring_register io_uring_setup",
    "ioctls": "ioctl",
    "ipc": "msgget msgrcv msgsnd semget semop semtimedop shmat shmdt shmget",
    "ipc_control": "msgctl semctl shmctl",
    "keys": "add_key keyctl request_key",
    "limits": "getrlimit getrusage prlimit64 setdomainname sethostname setrlimit sysinfo times uname",
    "locks": "fcntl",
    "memory": """
        brk madvise membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap mprotect mremap
        msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages userfaultfd
    """,
    "messages": "recvmmsg recvmsg sendmmsg sendmsg",
    "mounts": "fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree swapon umount2",
    "network": """
        accept accept4 bind connect getpeername getsockname listen recvfrom sendto shutdown socket socketpair
    """,
    "numa": "get_mempolicy mbind migrate_pages move_pages set_mempolicy set_mempolicy_home_node",
    "options": "getsockopt setsockopt",
    "perf": "perf_event_open",
    "polling": "epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait poll ppoll",
    "prctl": "arch_prctl prctl",
    "processes": """
        exit exit_group get_robust_list getpgid getpgrp getpid getppid getsid gettid kcmp personality
        pidfd_getfd pidfd_open process_madvise process_mrelease process_vm_readv process_vm_writev rseq
        set_robust_list set_tid_address setpgid setsid
    """,
    "ptracing": "ptrace",
    "queues": "mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink",
    "quota": "quotactl quotactl_fd",
    "rest": """
        _sysctl afs_syscall create_module delete_module epoll_ctl_old epoll_wait_old finit_module
        get_kernel_syms get_thread_area getpmsg getrandom init_module ioperm iopl kexec_file_load kexec_load
        modify_ldt nfsservctl putpmsg query_module reboot restart_syscall security set_thread_area sync
        sysfs syslog tuxcall vhangup vserver
    """,
    "scheduling": """
        getcpu getpriority ioprio_get ioprio_set sched_get_priority_max sched_get_priority_min
        sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval
        sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield setpriority
    """,
    "seccomp": "seccomp",
    "selecting": "pselect6 select",
    "signals": """
        kill pause pidfd_send_signal rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn
        rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sigaltstack signalfd signalfd4 tgkill tkill
    """,
    "stat": "fstat fstatfs lstat newfstatat stat statfs statx ustat",
    "time": """
        adjtimex alarm clock_adjtime clock_getres clock_gettime clock_nanosleep clock_settime getitimer
        gettimeofday nanosleep setitimer settimeofday time timer_create timer_delete timer_getoverrun
        timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime
    """,
    "waiting": "wait4 waitid",
    "watches": """
        fanotify_init fanotify_mark inotify_add_watch inotify_init inotify_init1 inotify_rm_watch
        landlock_add_rule landlock_create_ruleset landlock_restrict_self name_to_handle_at open_by_handle_at
    """,
    "xattr": """
        fgetxattr flistxattr fremovexattr fsetxattr getxattr lgetxattr listxattr llistxattr lremovexattr
        lsetxattr removexattr setxattr
    """,
}
"""Module to the calls in its ``SHAPES``."""
_HOMES: Final = {name: family for family, names in FAMILIES.items() for name in names.split()}


@functools.cache
def _decoder(name: str) -> Shape | None:
    """Return how to print a call; None where it has no decoder."""
    family = _HOMES.get(name)
    if family is None:
        return None
    shapes: dict[str, Shape] = import_module(f"bstinspect.decode.{family}").SHAPES
    return shapes[name]


def all_shapes() -> dict[str, Shape]:
    """Return how to print every call that has a decoder."""
    return {name: shape for name in _HOMES if (shape := _decoder(name)) is not None}


def shape_of(call: Call) -> Shape:
    """Return how to print a call."""
    if call.style.raw(call.name):
        return generic.raw(call)
    return _decoder(call.name) or generic.raw(call)
