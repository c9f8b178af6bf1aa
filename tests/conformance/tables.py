"""Where in a line of strace output something stands that differs from run to run. Pure."""

from __future__ import annotations

from typing import Final

PID_RESULTS: Final = frozenset({
    "clone", "clone3", "fork", "getpgid", "getpgrp", "getpid", "getppid", "getsid", "gettid", "setsid",
    "set_tid_address", "vfork", "wait4",
})  # fmt: skip
"""Calls that return a pid."""

PERHAPS_PID_RESULTS: Final = frozenset({"rt_sigreturn", "fcntl", "restart_syscall"})
"""Calls whose result is a pid if that pid was seen before."""

PID_ARGUMENTS: Final[dict[str, tuple[int, ...]]] = {
    "capget": (),
    "getpgid": (0,),
    "getpriority": (1,),
    "get_robust_list": (0,),
    "getsid": (0,),
    "ioprio_get": (1,),
    "ioprio_set": (1,),
    "kcmp": (0, 1),
    "kill": (0,),
    "migrate_pages": (0,),
    "move_pages": (0,),
    "perf_event_open": (1,),
    "pidfd_open": (0,),
    "prlimit64": (0,),
    "process_vm_readv": (0,),
    "process_vm_writev": (0,),
    "ptrace": (1,),
    "rt_sigqueueinfo": (0,),
    "rt_tgsigqueueinfo": (0, 1),
    "sched_getaffinity": (0,),
    "sched_getattr": (0,),
    "sched_getparam": (0,),
    "sched_getscheduler": (0,),
    "sched_rr_get_interval": (0,),
    "sched_setaffinity": (0,),
    "sched_setattr": (0,),
    "sched_setparam": (0,),
    "sched_setscheduler": (0,),
    "setpgid": (0, 1),
    "setpriority": (1,),
    "tgkill": (0, 1),
    "tkill": (0,),
    "wait4": (0,),
    "waitid": (1,),
}
"""Which arguments are pids, counted from 0; a negative one is a process group."""

PERHAPS_PID_ARGUMENTS: Final[dict[str, tuple[int, ...]]] = {"futex": (2,), "fcntl": (2,), "ioctl": (2,)}
"""Arguments that are pids if that pid was seen before."""

TIME_ARGUMENTS: Final[dict[str, tuple[int, ...]]] = {
    "adjtimex": (0,),
    "clock_adjtime": (1,),
    "clock_gettime": (1,),
    "clock_nanosleep": (3,),
    "getitimer": (1,),
    "getrusage": (1,),
    "gettimeofday": (0,),
    "nanosleep": (1,),
    "setitimer": (2,),
    "sysinfo": (0,),
    "time": (0,),
    "timer_gettime": (1,),
    "timer_settime": (3,),
    "timerfd_gettime": (1,),
    "timerfd_settime": (3,),
    "times": (0,),
    "wait4": (3,),
    "waitid": (4,),
}
"""Arguments that the kernel fills with times or figures of its own; their digits are not compared."""

TIME_RESULTS: Final = frozenset({"time", "times"})
"""Calls whose result is a time."""

RANDOM_ARGUMENTS: Final[dict[str, tuple[int, ...]]] = {"getrandom": (0,)}
"""Arguments full of random bytes."""

RACING_ARGUMENTS: Final[dict[str, tuple[int, ...]]] = {
    "epoll_pwait": (3,),
    "epoll_wait": (3,),
    "futex": (3,),
    "poll": (2,),
}
"""Times to wait that a program works out from what has passed; not compared where threads race."""
