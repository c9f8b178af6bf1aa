"""Registers of a stopped thread, and what can be done to a syscall with them."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bstinspect.decode.architecture import architecture
from bstinspect.errors import InspectError, PtraceError
from bstinspect.linux import ptrace, registers

if TYPE_CHECKING:
    from collections.abc import Callable

    from linux.conftest import Program, Start

MACHINE = os.uname().machine
NUMBERS = architecture(MACHINE).numbers
SYSCALL_STOP = signal.SIGTRAP | ptrace.SYSCALL_STOP
WALL = 0x40000000
only_x64 = pytest.mark.skipif(MACHINE != "x86_64", reason="names registers of x86-64")


@pytest.fixture
def at_entry(start: Start) -> Callable[[str, str], Program]:
    """Return a function that runs Python code up to a syscall-entry-stop.

    The code starts to run on a line from standard input, which is sent when the tracer is there.
    """

    def run(code: str, name: str) -> Program:
        program = start(code=f"import os\nprint('ready', flush=True)\nos.read(0, 1)\n{code}")
        ptrace.seize(program.pid, ptrace.PTRACE_O_TRACESYSGOOD)
        ptrace.interrupt(program.pid)
        os.waitpid(program.pid, WALL)
        program.say("")
        while True:
            info = to_syscall_stop(program.pid)
            if isinstance(info, ptrace.SyscallEntryInfo) and info.number == NUMBERS[name]:
                return program

    return run


def to_syscall_stop(pid: int) -> ptrace.SyscallEntryInfo | ptrace.SyscallExitInfo | None:
    """Let a tracee run to its next syscall-stop."""
    ptrace.syscall(pid)
    _, status = os.waitpid(pid, WALL)
    assert os.WIFSTOPPED(status)
    assert os.WSTOPSIG(status) == SYSCALL_STOP
    return ptrace.syscall_info(pid)


def go_on(program: Program) -> str:
    """Detach, and return what the program prints until it ends."""
    ptrace.detach(program.pid)
    printed = program.end()
    assert program.process.returncode == 0
    return printed


@only_x64
def test_registers_at_a_syscall_entry(at_entry: Callable[[str, str], Program]) -> None:
    """They say what PTRACE_GET_SYSCALL_INFO says, and what /proc/PID/syscall does."""
    program = at_entry("os.lseek(0, 0x6543210987, 2)", "lseek")
    info, values = ptrace.syscall_info(program.pid), registers.read(program.pid)
    assert isinstance(info, ptrace.SyscallEntryInfo)
    assert (values.orig_rax, values.rip) == (info.number, info.instruction_pointer)
    assert (values.rdi, values.rsi, values.rdx, values.r10, values.r8, values.r9) == info.arguments
    assert (values.rdi, values.rsi, values.rdx) == (0, 0x6543210987, 2)
    assert values.rax == 2**64 - errno.ENOSYS  # syscall(2): what the entry sets before the call
    assert registers.stack_pointer(program.pid) == values.rsp
    words = Path(f"/proc/{program.pid}/stat").read_text().split()
    assert int(words[27]) > values.rsp  # startstack, proc_pid_stat(5): the stack grows downwards from there
    assert to_syscall_stop(program.pid) == ptrace.SyscallExitInfo(-errno.ESPIPE, is_error=True)
    registers.set_return_value(program.pid, 0)
    assert go_on(program) == ""


@only_x64
def test_registers_are_those_of_the_header(compiled: Callable[..., str]) -> None:
    """Each field has the place and the size that <sys/user.h> gives it."""
    names = registers.X64Registers._fields
    lines = "".join(f'printf("%zu ", offsetof(struct user_regs_struct, {name}));' for name in names)
    source = "#include <stddef.h>\n#include <stdio.h>\n#include <sys/user.h>\n"
    main = f'int main(void) {{ {lines} printf("%zu", sizeof(struct user_regs_struct)); return 0; }}'
    offsets = subprocess.run([compiled(source + main)], capture_output=True, text=True, check=True).stdout
    assert [int(word) for word in offsets.split()] == list(range(0, 8 * (len(names) + 1), 8))


@only_x64
def test_what_is_written_is_read(at_entry: Callable[[str, str], Program]) -> None:
    """Every register that holds data takes a value, negative ones as two's complement."""
    program = at_entry("print(os.getppid())", "getppid")
    before = registers.read(program.pid)
    names = [name for name in before._fields if name.startswith("r")]
    assert len(names) == 17
    registers.write(program.pid, before._replace(**{name: 0x1000 + n for n, name in enumerate(names)}))
    found = registers.read(program.pid)._asdict()
    assert [found[name] for name in names] == [0x1000 + n for n in range(len(names))]
    registers.write(program.pid, before._replace(r15=-2))
    assert registers.read(program.pid) == before._replace(r15=2**64 - 2)
    with pytest.raises(PtraceError, match="PTRACE_SETREGSET") as caught:
        registers.write(program.pid, before._replace(cs=0))
    assert caught.value.errno == errno.EIO
    registers.write(program.pid, before)
    assert go_on(program) == f"{os.getpid()}\n"


def test_a_result_is_injected(at_entry: Callable[[str, str], Program]) -> None:
    """A call that is skipped has no effect, and the program gets what was set."""
    program = at_entry("print(os.getppid())", "getppid")
    registers.set_syscall_number(program.pid, -1)
    info = to_syscall_stop(program.pid)
    assert info == ptrace.SyscallExitInfo(-errno.ENOSYS, is_error=True)
    registers.set_return_value(program.pid, 123456)
    assert ptrace.syscall_info(program.pid) == ptrace.SyscallExitInfo(123456, is_error=False)
    assert go_on(program) == "123456\n"


def test_an_error_is_injected(at_entry: Callable[[str, str], Program], tmp_path: Path) -> None:
    """The program sees the errno, and the directory that it wanted to make is not there."""
    path = f"{tmp_path}/never"
    code = f"try: os.mkdir({path!r})\nexcept OSError as error: print(error.errno, os.path.exists({path!r}))"
    program = at_entry(code, "mkdir" if "mkdir" in NUMBERS else "mkdirat")
    registers.set_syscall_number(program.pid, -1)
    to_syscall_stop(program.pid)
    registers.set_return_value(program.pid, -errno.EDQUOT)
    assert go_on(program) == f"{errno.EDQUOT} False\n"


def test_another_call_is_made(at_entry: Callable[[str, str], Program]) -> None:
    """A changed number makes the kernel run the other call."""
    program = at_entry("print(os.getppid())", "getppid")
    registers.set_syscall_number(program.pid, NUMBERS["getpid"])
    assert go_on(program) == f"{program.pid}\n"


def test_arguments_are_changed(at_entry: Callable[[str, str], Program]) -> None:
    """The kernel takes those that are given and leaves the others; more than six there are not."""
    program = at_entry("os.fchdir(0x12345678)", "fchdir")
    registers.set_arguments(program.pid, (-1, 1, 2, 3, 4, 2**64 - 5))
    info = ptrace.syscall_info(program.pid)
    assert isinstance(info, ptrace.SyscallEntryInfo)
    assert info.arguments == (2**64 - 1, 1, 2, 3, 4, 2**64 - 5)
    assert to_syscall_stop(program.pid) == ptrace.SyscallExitInfo(-errno.EBADF, is_error=True)
    registers.set_return_value(program.pid, 0)
    ptrace.detach(program.pid)
    assert program.end() == ""

    program = at_entry("print(os.write(1, b'hello\\n'))", "write")
    info = ptrace.syscall_info(program.pid)
    assert isinstance(info, ptrace.SyscallEntryInfo)
    registers.set_arguments(program.pid, (info.arguments[0], info.arguments[1] + 4))
    now = ptrace.syscall_info(program.pid)
    assert isinstance(now, ptrace.SyscallEntryInfo)
    assert now.arguments[2:] == info.arguments[2:]
    registers.set_arguments(program.pid, (1, info.arguments[1] + 4, 2))
    with pytest.raises(ValueError, match="at most 6 arguments, not 7"):
        registers.set_arguments(program.pid, range(7))
    assert go_on(program) == "o\n2\n"


def test_a_thread_that_runs_has_no_registers(start: Start) -> None:
    """ESRCH for one that nobody has stopped, and for none at all."""
    program = start(code="print('ready')\ninput()")
    for tid in (program.pid, 2**22 + 1):
        with pytest.raises(PtraceError, match="PTRACE_GETREGSET") as caught:
            registers.read(tid)
        assert (caught.value.errno, caught.value.tid) == (errno.ESRCH, tid)
    ptrace.seize(program.pid, 0)
    with pytest.raises(PtraceError) as caught:
        registers.set_return_value(program.pid, 0)
    assert caught.value.errno == errno.ESRCH


@only_x64
def test_a_32_bit_program_is_refused(compiled: Callable[..., str], start: Start) -> None:
    """Its registers are others, so none are returned."""
    source = (
        'void _start(void) { __asm__("int $0x80" :: "a"(4), "b"(1), "c"("ready\\n"), "d"(6)); for (;;) ; }'
    )
    try:
        path = compiled(source, "-m32", "-nostdlib", "-static", "-fno-pie", "-no-pie")
    except subprocess.CalledProcessError:
        pytest.skip("cc makes no 32-bit programs")
    try:
        program = start(path)
    except OSError:
        pytest.skip("the kernel runs no 32-bit programs")
    ptrace.seize(program.pid, 0)
    ptrace.interrupt(program.pid)
    os.waitpid(program.pid, WALL)
    with pytest.raises(PtraceError) as caught:
        registers.read(program.pid)
    assert caught.value.errno == errno.ENOTSUP


def test_a_machine_without_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """One clear error, and at the first use only."""
    monkeypatch.setattr(registers, "_LAYOUTS", {})
    registers._layout.cache_clear()
    try:
        with pytest.raises(InspectError, match=f"the registers of {MACHINE} are not known"):
            registers.read(os.getpid())
    finally:
        registers._layout.cache_clear()
