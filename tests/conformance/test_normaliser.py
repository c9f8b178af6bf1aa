"""What the normaliser makes the same, and what it must not: a flag, a digit of a result, a missing line."""

from __future__ import annotations

import pytest

from .compare import compare_forms
from .lines import arguments, joined
from .normalise import Normaliser

TRACE = """\
811   execve("/bin/prog", ["prog"], 0x7ffc1f00e318 /* 5 vars */) = 0
811   brk(NULL)                         = 0x55d0c8a4e000
811   openat(AT_FDCWD, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3
811   newfstatat(3, "", {st_mode=S_IFREG|0644, st_size=34547, ...}, AT_EMPTY_PATH) = 0
811   mmap(NULL, 34547, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f6415c69000
811   close(3)                          = 0
811   munmap(0x7f6415c69000, 34547)     = 0
811   clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f6415a31a10) = 812
811   wait4(-1,  <unfinished ...>
812   getpid()                          = 812
812   kill(811, SIGUSR1)                = 0
811   <... wait4 resumed>0x7ffc1f00e000, 0, NULL) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)
811   --- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=812, si_uid=0} ---
812   exit_group(3)                     = ?
812   +++ exited with 3 +++
""".splitlines()
ELSEWHERE = [
    line.replace("811", "901")
    .replace("812", "910")
    .replace("0x7f6415", "0x7f1111")
    .replace("0x55d0c8a4e", "0x561234567")
    .replace("0x7ffc1f00e", "0x7ffe00aaa")
    for line in TRACE
]
"""The same run with other pids and addresses."""


def same(left: list[str], right: list[str]) -> bool:
    """Say whether two traces are the same but for pids and addresses."""
    found = compare_forms(Normaliser("named").lines(left), Normaliser("named").lines(right))
    return not found.differences


def test_pids_and_addresses_do_not_count() -> None:
    """Two runs of one program are the same."""
    assert same(TRACE, ELSEWHERE)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("O_RDONLY|O_CLOEXEC", "O_RDONLY"),
        ("PROT_READ", "PROT_WRITE"),
        ("O_CLOEXEC) = 3", "O_CLOEXEC) = 4"),
        ("close(3) ", "close(4) "),
        ("st_size=34547", "st_size=34546"),
        ("0644", "0645"),
        ("NULL, 34547", "0, 34547"),
        ("/* 5 vars */", "/* 6 vars */"),
        ("SI_USER", "SI_TKILL"),
        ("exit_group(3)", "exit_group(2)"),
        ("exited with 3", "exited with 2"),
        ("kill(901", "kill(910"),
        ("si_pid=910", "si_pid=901"),
        ("si_pid=910", "si_pid=9999"),
        ("munmap(0x7f1111c69000", "munmap(0x7f1111c68000"),
        ("getpid()                          = 910", "getpid()                          = 901"),
        ("close(3)                          = 0", "close(3)                         = 0"),
        ("close(3)                          = 0", "close(3) = 0"),
        (") = ? ERESTARTSYS", ") = -1 EINTR"),
        ("wait4(-1,  <unf", "wait4(-1, <unf"),
        ("resumed>0x7ffe00aaa000, 0", "resumed>, 0x7ffe00aaa000, 0"),
        ("ld.so.cache", "ld.so.cachE"),
        ('"", {st_mode', '""..., {st_mode'),
        ("910   +++", "901   +++"),
    ],
)
def test_one_change_is_found(good: str, bad: str) -> None:
    """A flag, a digit, a pid in the wrong place, a space: each is a difference."""
    changed = [line.replace(good, bad) for line in ELSEWHERE]
    assert changed != ELSEWHERE
    assert not same(TRACE, changed)


@pytest.mark.parametrize("index", range(len(TRACE)))
def test_a_missing_line_is_found(index: int) -> None:
    """A line left out, or twice there, is a difference."""
    assert not same(TRACE, ELSEWHERE[:index] + ELSEWHERE[index + 1 :])
    assert not same(TRACE, ELSEWHERE[: index + 1] + ELSEWHERE[index:])


def test_lines_in_another_order_are_found() -> None:
    """The order counts."""
    assert not same(TRACE, [*ELSEWHERE[:4], ELSEWHERE[5], ELSEWHERE[4], *ELSEWHERE[6:]])


def test_exact_addresses() -> None:
    """Without randomisation a digit of an address counts, but for the first execve's, the tracer's."""

    def forms(lines: list[str]) -> list[str]:
        return [form.text for form in Normaliser("exact").lines(lines)]

    assert forms(TRACE) != forms([line.replace("0x7f6415c69000", "0x7f6415c68000") for line in TRACE])
    assert forms(TRACE) == forms([line.replace("0x7ffc1f00e318", "0x55550000e318") for line in TRACE])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12:00:01 close(3) = 0", "13:59:42 close(3) = 0"),
        ("12:00:01.123456 close(3) = 0 <0.000012>", "13:59:42.654321 close(3) = 0 <10.200000>"),
        ("1669822222.123456 close(3) = 0", "1763761111.000000 close(3) = 0"),
        ("     0.000123 close(3) = 0", "    10.123000 close(3) = 0"),
        ('getrandom("\\x03\\xa6", 2, 0) = 2', 'getrandom("\\x13\\xb6", 2, 0) = 2'),
        (
            "bind(3, {sa_family=AF_INET, sin_port=htons(40000)}, 16) = 0",
            "bind(3, {sa_family=AF_INET, sin_port=htons(50001)}, 16) = 0",
        ),
        ("close(3<socket:[111]>) = 0", "close(3<socket:[2222]>) = 0"),
        ("[pid   812] close(3) = 0", "[pid 10812] close(3) = 0"),
        ("812   close(3) = 0", "10812 close(3) = 0"),
        (
            "clock_gettime(CLOCK_REALTIME, {tv_sec=1763761111, tv_nsec=5}) = 0",
            "clock_gettime(CLOCK_REALTIME, {tv_sec=1763761112, tv_nsec=60}) = 0",
        ),
        (
            "fstat(3, {st_ino=12, st_mtime=1763761111 /* 2025-11-21T21:38:31+0000 */}) = 0",
            "fstat(3, {st_ino=13, st_mtime=1763761112 /* 2025-11-21T21:38:32.5+0000 */}) = 0",
        ),
        (
            "--- SIGCHLD {si_pid=5, si_uid=0, si_utime=0, si_stime=1 /* 0.01 s */} ---",
            "--- SIGCHLD {si_pid=7, si_uid=0, si_utime=0, si_stime=0} ---",
        ),
        (
            "select(4, [3], NULL, NULL, {tv_sec=5}) = 1 (in [3], left {tv_sec=4, tv_usec=9})",
            "select(4, [3], NULL, NULL, {tv_sec=5}) = 1 (in [3], left {tv_sec=4, tv_usec=123})",
        ),
    ],
)  # fmt: skip
def test_what_differs_from_run_to_run(one: str, other: str) -> None:
    """Times, random bytes, inodes and ports are not compared where the kernel made them."""
    texts = [Normaliser("exact", since=1_700_000_000, columns=False).line(line).text for line in (one, other)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12:00:01 close(3) = 0", "12:00:01.123456 close(3) = 0"),
        ("1669822222.123456 close(3) = 0", "1669822222.123 close(3) = 0"),
        ("close(3) = 0 <0.000012>", "close(3) = 0"),
        ("nanosleep({tv_sec=1, tv_nsec=5}, NULL) = 0", "nanosleep({tv_sec=1, tv_nsec=6}, NULL) = 0"),
        ('getrandom("\\x03\\xa6", 2, 0) = 2', 'getrandom("\\x13\\xb6"..., 2, 0) = 2'),
        ('getrandom("\\x03\\xa6", 2, 0) = 2', 'getrandom("\\x13\\xb6", 2, 0) = 3'),
        ("listen(3, htons(80)) = 0", "listen(3, htons(81)) = 0"),
        ("close(3<socket:[111]>) = 0", "close(3<pipe:[111]>) = 0"),
        (
            "fstat(3, {st_mtime=1600000000 /* 2020-09-13T12:26:40+0000 */}) = 0",
            "fstat(3, {st_mtime=1600000001 /* 2020-09-13T12:26:41+0000 */}) = 0",
        ),
        (
            "fstat(3, {st_mtime=1763761111 /* 2025-11-21T21:38:31+0000 */}) = 0",
            "fstat(3, {st_mtime=1763761111}) = 0",
        ),
        ("[ 61] close(3) = 0", "[ 62] close(3) = 0"),
        ("[00007ffff7ea8bd3] close(3) = 0", "[00007ffff7ea8bd4] close(3) = 0"),
        ("[pid   812] close(3) = 0", "812   close(3) = 0"),
        ("[pid   812] close(3) = 0", "[pid 812] close(3) = 0"),
        ("812   close(3) = 0", "812 close(3) = 0"),
        ('write(1, "0x7ffff7ea8bd3", 14) = 14', 'write(1, "0x7ffff7ea8bd4", 14) = 14'),
        (
            "wait4(-1, NULL, 0, {ru_utime={tv_sec=0, tv_usec=5}}) = 1",
            "wait4(-1, NULL, 0, {ru_stime={tv_sec=0, tv_usec=5}}) = 1",
        ),
        ("futex(0x404000, FUTEX_WAIT, 2, NULL) = 0", "futex(0x404000, FUTEX_WAIT, 3, NULL) = 0"),
        ("mmap(0x404000, 1) = 0", "mmap(0x405000, 1) = 0"),
    ],
)  # fmt: skip
def test_what_must_be_kept(one: str, other: str) -> None:
    """What the program gave, and the form of what is not compared, still count."""
    texts = [Normaliser("exact", since=1_700_000_000).line(line).text for line in (one, other)]
    assert texts[0] != texts[1]


def test_broken_off_calls_are_put_together() -> None:
    """Where threads race, a call is one line, where it began."""
    lines = ["1     read(3,  <unfinished ...>", "2     close(4)   = 0", '1     <... read resumed>"a", 1) = 1']
    assert joined(lines) == ['1     read(3, "a", 1) = 1', lines[1]]


def test_arguments() -> None:
    """Commas inside of something part no arguments."""
    body = 'f({a=1, b=[2, 3]}, "x, )\\"", 0x1 /* A, B */, 1<<2, 4<UNIX:[1->2]>, {x} => {y, z}) = 0'
    found, end = arguments(body)
    assert found == [
        "{a=1, b=[2, 3]}",
        '"x, )\\""',
        "0x1 /* A, B */",
        "1<<2",
        "4<UNIX:[1->2]>",
        "{x} => {y, z}",
    ]
    assert end == ") = 0"


def test_masks() -> None:
    """A case may say what else is not compared: the groups of an expression."""
    lines = [
        "keyctl(KEYCTL_READ, 12345) = 5",
        "keyctl(KEYCTL_READ, 54321) = 5",
        "keyctl(KEYCTL_LINK, 12345) = 5",
    ]
    texts = [Normaliser("exact", (r"KEYCTL_\w+, (\d+)",)).line(line).text for line in lines]
    assert texts[0] == texts[1] != texts[2]
