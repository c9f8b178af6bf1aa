"""Every form of line that the dump in the assignment's report has: strace shows it here, and so do we."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from .cases import PROGRAMS, program_cases
from .tracers import STRACE, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FORMS = r"""
execve\("[^"]+", \["[^"]+"\], 0x\w+ /\* \d+ vars \*/\) = 0
brk\(NULL\) += 0x\w+
arch_prctl\(0x3001 /\* ARCH_\?\?\? \*/, 0x\w+\) = -1 EINVAL \(Invalid argument\)
mmap\(NULL, \d+, PROT_READ, MAP_PRIVATE, 3, 0\) = 0x\w+
mmap\(0x\w+, 4096, PROT_READ\|PROT_WRITE, MAP_PRIVATE\|MAP_FIXED\|MAP_ANONYMOUS, -1, 0\) = 0x\w+
mmap\(NULL, \d+, PROT_NONE, MAP_PRIVATE\|MAP_ANONYMOUS\|MAP_STACK, -1, 0\) = 0x\w+
mprotect\(0x\w+, 4096, PROT_NONE\) += 0
munmap\(0x\w+, \d+\) += 0
access\("/etc/ld.so.preload", R_OK\) += -1 ENOENT \(No such file or directory\)
openat\(AT_FDCWD, "/etc/passwd", O_RDONLY\|O_CLOEXEC\) = 3
openat\(AT_FDCWD, "/sys/devices/system/cpu", O_RDONLY\|O_NONBLOCK\|O_CLOEXEC\|O_DIRECTORY\) = 3
openat\(AT_FDCWD, "/lib/tls/libnss_db.so.2", O_RDONLY\|O_CLOEXEC\) = -1 ENOENT \(No such file or directory\)
newfstatat\(3, "", \{st_mode=S_IFREG\|0644, st_size=\d+, ...\}, AT_EMPTY_PATH\) = 0
newfstatat\(AT_FDCWD, "/lib/tls/x86_64", 0x\w+, 0\) = -1 ENOENT \(No such file or directory\)
newfstatat\(AT_FDCWD, "/", \{st_mode=S_IFDIR\|0755, st_size=\d+, ...\}, 0\) = 0
pread64\(3, "[^"]{32,}"..., 48, 16\) = 48
close\(3\) += 0
arch_prctl\(ARCH_SET_FS, 0x\w+\) += 0
set_tid_address\(0x\w+\) += \d+
set_robust_list\(0x\w+, 24\) += 0
rseq\(0x\w+, 0x20, 0, 0x53053053\) += 0
prlimit64\(0, RLIMIT_STACK, NULL, \{rlim_cur=.*, rlim_max=.*\}\) = 0
getrandom\("(\\x\w\w){8}", 8, GRND_NONBLOCK\) = 8
futex\(0x\w+, FUTEX_WAKE_PRIVATE, 2147483647\) = 0
getdents64\(3, 0x\w+ /\* \d+ entries \*/, 4096\) = \d+
getdents64\(3, 0x\w+ /\* 0 entries \*/, 4096\) = 0
getpid\(\) += \d+
sched_getaffinity\(\d+, 128, \[[\d ,]+\]\) += \d+
lseek\(\d+, -1, SEEK_CUR\) += -1 ESPIPE \(Illegal seek\)
write\(1, "Commands:\\n", 10\) += 10
eventfd2\(0, EFD_CLOEXEC\) += 3
fcntl\(3, F_GETFL\) += 0x2 \(flags O_RDWR\)
fcntl\(3, F_SETFL, O_RDWR\|O_NONBLOCK\) += 0
fcntl\(3, F_GETFL\) += 0x802 \(flags O_RDWR\|O_NONBLOCK\)
epoll_create1\(EPOLL_CLOEXEC\) += 4
epoll_ctl\(4, EPOLL_CTL_ADD, 3, \{events=0, data=\{u32=\d+, u64=\d+\}\}\) = 0
epoll_ctl\(4, EPOLL_CTL_MOD, 3, \{events=EPOLLIN, data=\{u32=\d+, u64=\d+\}\}\) = 0
rt_sigaction\(SIGRT_1, \{sa_handler=0x\w+, sa_mask=\[\], sa_flags=SA_RESTORER\|.*\}, NULL, 8\) = 0
rt_sigprocmask\(SIG_UNBLOCK, \[RTMIN RT_1\], NULL, 8\) = 0
rt_sigprocmask\(SIG_BLOCK, ~\[\], \[\], 8\) += 0
clone3\(\{flags=CLONE_VM\|.*, child_tid=0x\w+, .*, exit_signal=0, stack=.*\}.*
.* => \{parent_tid=\[\d+\]\}, 88\)(?: <unfinished ...>| = \d+)
poll\(\[\{fd=3, events=POLLIN\}\], 1, 180 <unfinished ...>
<... poll resumed>\) += 0 \(Timeout\)
sched_getparam\(\d+, \[0\]\) += 0
sched_getscheduler\(\d+\) += 0 \(SCHED_OTHER\)
sched_setscheduler\(\d+, SCHED_OTHER, \[0\]\) += 0
prctl\(PR_SET_NAME, "ZMQbg/Reaper"\) += 0
epoll_wait\(4,  <unfinished ...>
<... epoll_wait resumed>\[\{events=EPOLLIN, data=\{u32=\d+, u64=\d+\}\}\], 4, -1\) = 1
exit_group\(0\) += \?
\+\+\+ exited with 0 \+\+\+
""".strip().splitlines()


@pytest.fixture(scope="module")
def traced(_strace: None, program: Callable[[Path], Path], place: Path) -> str:
    """What strace shows of the program."""
    case = program_cases(source := PROGRAMS / "dump.c", program(source))[0]
    return run(STRACE, ["-f"], case.command, place / "run").trace


@pytest.mark.parametrize("form", FORMS)
def test_the_dumps_forms_have_a_case(form: str, traced: str) -> None:
    """The program that test_programs.py compares has a line of each form."""
    assert re.search(rf"^\d+ +{form}$", traced, re.MULTILINE), traced
