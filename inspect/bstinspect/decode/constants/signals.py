"""Signals: handlers, masks, signalfd, the codes in siginfo.

Written by tools/make_constants.py from strace 6.1 (LGPL-2.1-or-later); do not edit.
"""

from typing import Final

# fmt: off

# print_sigevent.c
SIGEV_VALUE: Final[dict[int, str]] = {
    0: "SIGEV_SIGNAL", 1: "SIGEV_NONE", 2: "SIGEV_THREAD", 4: "SIGEV_THREAD_ID",
}

# printsiginfo.c
SIGBUS_CODES: Final[dict[int, str]] = {
    1: "BUS_ADRALN", 2: "BUS_ADRERR", 3: "BUS_OBJERR", 4: "BUS_MCEERR_AR", 5: "BUS_MCEERR_AO",
}
SIGCHLD_CODES: Final[dict[int, str]] = {
    1: "CLD_EXITED", 2: "CLD_KILLED", 3: "CLD_DUMPED", 4: "CLD_TRAPPED", 5: "CLD_STOPPED", 6: "CLD_CONTINUED",
}
SIGFPE_CODES: Final[dict[int, str]] = {
    1: "FPE_INTDIV", 2: "FPE_INTOVF", 3: "FPE_FLTDIV", 4: "FPE_FLTOVF", 5: "FPE_FLTUND", 6: "FPE_FLTRES",
    7: "FPE_FLTINV", 8: "FPE_FLTSUB", 14: "FPE_FLTUNK", 15: "FPE_CONDTRAP",
}
SIGILL_CODES: Final[dict[int, str]] = {
    1: "ILL_ILLOPC", 2: "ILL_ILLOPN", 3: "ILL_ILLADR", 4: "ILL_ILLTRP", 5: "ILL_PRVOPC", 6: "ILL_PRVREG",
    7: "ILL_COPROC", 8: "ILL_BADSTK", 9: "ILL_BADIADDR",
}
SIGINFO_CODES: Final[dict[int, str]] = {
    0x0: "SI_USER", 0x80: "SI_KERNEL", 0xffffffff: "SI_QUEUE", 0xfffffffe: "SI_TIMER", 0xfffffffd: "SI_MESGQ",
    0xfffffffc: "SI_ASYNCIO", 0xfffffffb: "SI_SIGIO", 0xfffffffa: "SI_TKILL", 0xfffffff9: "SI_DETHREAD",
    0xffffffc4: "SI_ASYNCNL",
}
SIGPOLL_CODES: Final[dict[int, str]] = {
    1: "POLL_IN", 2: "POLL_OUT", 3: "POLL_MSG", 4: "POLL_ERR", 5: "POLL_PRI", 6: "POLL_HUP",
}
SIGSEGV_CODES: Final[dict[int, str]] = {
    1: "SEGV_MAPERR", 2: "SEGV_ACCERR", 3: "SEGV_BNDERR", 4: "SEGV_PKUERR", 5: "SEGV_ACCADI",
    6: "SEGV_ADIDERR", 7: "SEGV_ADIPERR", 8: "SEGV_MTEAERR", 9: "SEGV_MTESERR",
}
SIGSYS_CODES: Final[dict[int, str]] = {1: "SYS_SECCOMP", 2: "SYS_USER_DISPATCH"}
SIGTRAP_CODES: Final[dict[int, str]] = {
    1: "TRAP_BRKPT", 2: "TRAP_TRACE", 3: "TRAP_BRANCH", 4: "TRAP_HWBKPT", 5: "TRAP_UNK", 6: "TRAP_PERF",
}

# sigaltstack.c
SIGALTSTACK_FLAGS: Final[dict[int, str]] = {0x1: "SS_ONSTACK", 0x2: "SS_DISABLE", 0x80000000: "SS_AUTODISARM"}

# signal.c
SA_HANDLER_VALUES: Final[dict[int, str]] = {0xffffffffffffffff: "SIG_ERR", 0x0: "SIG_DFL", 0x1: "SIG_IGN"}
SIGACT_FLAGS: Final[dict[int, str]] = {
    0x4000000: "SA_RESTORER", 0x8000000: "SA_ONSTACK", 0x10000000: "SA_RESTART", 0x20000000: "SA_INTERRUPT",
    0x40000000: "SA_NODEFER", 0x80000000: "SA_RESETHAND", 0x4: "SA_SIGINFO", 0x1: "SA_NOCLDSTOP",
    0x2: "SA_NOCLDWAIT",
}
SIGPROCMASKCMDS: Final[dict[int, str]] = {0: "SIG_BLOCK", 1: "SIG_UNBLOCK", 2: "SIG_SETMASK"}

# signalfd.c
SFD_FLAGS: Final[dict[int, str]] = {0x80000: "SFD_CLOEXEC", 0x800: "SFD_NONBLOCK"}
