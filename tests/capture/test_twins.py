"""The compiled loop and the pure one make the same records, of a program with every kind of pointer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from bstinspect.capture import compiled, reads
from bstinspect.capture.file import CaptureReader
from bstinspect.decode.architecture import native_numbers
from bstinspect.records import AnyRecord, Executed, SyscallEntry, SyscallExit

if TYPE_CHECKING:
    from collections.abc import Sequence

BSTRACE: Final = str(Path(sys.executable).with_name("bstrace"))
TIMEOUT: Final = 60
OPEN: Final = native_numbers().get("open")
PROGRAM: Final = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static char *edge; /* the first byte that is not there */

static void strings(long address) {
    syscall(SYS_open, address, O_RDONLY);
    syscall(SYS_access, address, 0);
    syscall(SYS_openat, -100, address, O_RDONLY);
    syscall(SYS_readlink, address, edge - 64, 64);
    syscall(SYS_stat, address, edge - 144);
    syscall(SYS_stat, address, edge - 10);
}

static void buffers(long address, long size) {
    int zero = open("/dev/zero", O_RDWR);
    syscall(SYS_read, zero, address, size);
    syscall(SYS_write, zero, address, size);
    syscall(SYS_pread64, zero, address, size, 0);
    syscall(SYS_getrandom, address, 0, 0);
    syscall(SYS_poll, address, size, 0);
    syscall(SYS_epoll_pwait, zero, address, size, 0, address, 8);
    syscall(SYS_rt_sigprocmask, 0, address, address, 8);
    syscall(SYS_rt_sigaction, 10, address, address, 8);
    syscall(SYS_futex, address, 0x80, 77, address, 0, 0);
    syscall(SYS_clock_nanosleep, 99, 0, address, address); /* there is no such clock */
    syscall(SYS_newfstatat, -100, address, address, 0);
    syscall(SYS_statx, -100, ".", 0, 0xfff, address);
    syscall(SYS_fstat, zero, address);
    syscall(SYS_sendto, zero, address, size, 0, address, size);
    syscall(SYS_writev, zero, address, size);
    syscall(SYS_epoll_ctl, zero, 1, zero, address);
    for (int command = 0; command < 40; command++)
        if (command < 7 || (command > 9 && command != 38)) /* two wait; F_SETOWN and F_GETOWN are of pids */
            syscall(SYS_fcntl, zero, command, address);
    syscall(SYS_fcntl, zero, 1030, address);
    syscall(SYS_fcntl, zero, 1035, address);
    syscall(SYS_close, zero);
}

int main(int argc, char **argv) {
    static const long sizes[] = {0, 1, 33, 4095, 4096, 4097, 70000, -1L, 1L << 40, 0x7fffffffL};
    if (argc == 1) {
        personality(ADDR_NO_RANDOMIZE);
        execl(argv[0], argv[0], "again", NULL);
        return 1;
    }
    char *area = mmap((void *)0x10000000, 32 * 4096, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    munmap(area + 31 * 4096, 4096);
    munmap(area + 4096, 4096); /* a hole behind the first page */
    edge = area + 31 * 4096;
    memset(area, 'a', 4096);
    memset(area + 2 * 4096, 'b', 29 * 4096);
    static const long lengths[] = {0, 1, 2, 255, 256, 257, 4095, 4096, 4097, 5000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        edge[-1] = 'b';
        strings((long)edge - lengths[i]); /* no NUL before the end of memory */
        if (lengths[i]) {
            edge[-1] = 0;
            strings((long)edge - lengths[i]);
        }
    }
    long addresses[] = {0, 1, 4096, (long)area + 4090, (long)area + 4096, (long)edge - 16, (long)edge,
                        (long)area + 3 * 4096, -1, -8, -4096, 1L << 47, 1L << 63, (long)"text"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        strings(addresses[i]);
        for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++)
            buffers(addresses[i], sizes[j]);
    }
    int here = open(".", O_RDONLY | O_DIRECTORY);
    syscall(SYS_getdents64, here, area + 4 * 4096, 4096);
    syscall(SYS_getdents64, here, edge - 8, 4096);
    syscall(SYS_getdents64, -1, -1, -1);
    syscall(400, 1, 2, 3, 4, 5, 6);
    syscall(511, 1, 2, 3, 4, 5, 6);
    syscall(512, 1, 2, 3, 4, 5, 6);
    syscall(100000, -1, -2, -3, -4, -5, -6);
    return 0;
}
"""
needs_both: Final = pytest.mark.skipif(
    compiled.load() is None, reason="the compiled loop is not built (no compiler), or BSTRACE_PURE is set"
)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Compile the program."""
    folder = tmp_path_factory.mktemp("twins")
    (folder / "program.c").write_text(PROGRAM)
    command = ["cc", "-O1", "-w", "-static", "-o", str(folder / "program"), str(folder / "program.c")]
    subprocess.run(command, check=True, capture_output=True)
    still = folder / "still"  # a directory that nobody else writes into: its times are the same in both runs
    still.mkdir()
    for name in ("one", "two", "three"):
        (still / name).touch()
    os.utime(still, (2**32, 2**30))  # read later than changed: reading changes nothing (mount(8), relatime)
    return str(folder / "program")


def records(to: Path, pure: str, options: Sequence[str], program: str) -> list[AnyRecord]:
    """Record the program with one of the twins; its environment is the same with both."""
    to.unlink(missing_ok=True)
    line = [BSTRACE, "trace", "-q", "--record", str(to), "-E", "BSTRACE_PURE", *options, program]
    environment = {"PATH": os.environ["PATH"], "BSTRACE_PURE": pure}
    still = Path(program).with_name("still")
    done = subprocess.run(line, capture_output=True, timeout=TIMEOUT, check=False, env=environment, cwd=still)
    assert done.returncode == 0, done.stderr
    reader = CaptureReader(str(to))
    try:
        found = list(reader.available())
    finally:
        reader.close()
    begins = max(place for place, record in enumerate(found) if isinstance(record, Executed))
    while not (isinstance(found[begins], SyscallEntry) and found[begins].number == OPEN):  # type: ignore[union-attr]
        begins += 1
    return found[begins:]  # its addresses are always the same, and the C library has had its random numbers


def alike(record: AnyRecord) -> tuple[Any, ...]:
    """Return what must be the same in two runs."""
    kind = type(record).__name__
    if isinstance(record, SyscallEntry):
        return (kind, record.number, record.arguments, record.memory, record.instruction_pointer, record.arch)
    if isinstance(record, SyscallExit):
        return kind, record.value, record.is_error, record.memory
    return (kind,)


@needs_both
@pytest.mark.parametrize(
    "options", [["-f"], ["-f", "-s", "5"], ["-s", "100000"], ["-e", "trace=read,open"], ["--zmtp"]]
)
def test_the_same_records(program: str, tmp_path: Path, options: list[str]) -> None:
    """Every stop is there, with the same memory, whatever the pointers."""
    compiled_one, pure_one = (
        list(map(alike, records(tmp_path / "capture", pure, options, program))) for pure in ("", "1")
    )
    assert len(compiled_one) > 100
    for mine, other in zip(compiled_one, pure_one, strict=True):
        assert mine == other


def test_every_plain_step_has_a_kind_in_c() -> None:
    """A new kind of step has to be known to both."""
    kinds = {type(step) for plan in reads.plans().values() for steps in plan for step in steps}
    assert kinds <= {reads.Text, reads.Fixed, reads.Sized, reads.Buffer, reads.Filled, reads.Chosen}
    assert {reads.Text, reads.Fixed, reads.Sized, reads.Filled, reads.Chosen} <= kinds


@needs_both
def test_the_buffer() -> None:
    """What is put into it comes out, and a record that is too long is refused."""
    buffer = compiled.record_buffer()
    buffer.clear()
    try:
        assert buffer.append(b"one") == 7
        assert buffer.append(b"") == 11
        with buffer.contents() as contents:
            assert bytes(contents) == b"\3\0\0\0one\0\0\0\0"
        with pytest.raises(MemoryError, match="longer than any"):
            buffer.append(bytes(21 << 20))
    finally:
        buffer.clear()
    with buffer.contents() as contents:
        assert not contents
