"""Memory of another process in whole blocks: all of it, or an error with the address where it ends."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bstinspect.errors import MemoryAccessError, ProcessError, PtraceError
from bstinspect.linux import memory, ptrace
from bstinspect.process import Process

if TYPE_CHECKING:
    from collections.abc import Callable

    from linux.conftest import Program, Start

PAGE = memory.PAGE
WALL = 0x40000000
NO_PROCESS = 2**22 + 1

# Four pages: readable and writable "a", read-only "b", without any access "c", unmapped.
FOUR_PAGES = """
import ctypes, mmap, sys
page = mmap.PAGESIZE
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
start = libc.mmap(None, 4 * page, 3, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
for number, byte in enumerate(b"abcd"):
    ctypes.memset(start + number * page, byte, page)
assert libc.mprotect(start + page, page, 1) == 0
assert libc.mprotect(start + 2 * page, page, 0) == 0
assert libc.munmap(start + 3 * page, page) == 0
print(hex(start), flush=True)
for line in sys.stdin:
    print(ctypes.string_at(start + int(line), 8), flush=True)
"""


@pytest.fixture
def pages(start: Start) -> Program:
    """Start a process with four pages."""
    return start(code=FOUR_PAGES)


def test_bytes_are_read_and_written(pages: Program) -> None:
    """A byte and slices, over the border of a page, seen by the process itself."""
    found, start = Process(pages.pid).memory, pages.address()
    assert found[start] == ord("a")
    assert found[start + PAGE - 2 : start + PAGE + 2] == b"aabb"
    assert found[start : start + 2 * PAGE] == b"a" * PAGE + b"b" * PAGE
    assert found[start:start] == found[0:0] == b""
    found[start + 1] = 0x7A
    found[start + 2 : start + 5] = bytearray(b"xyz")
    found[start + 5 : start + 7] = memoryview(b"1.2.")[::2]
    found[5:5] = b""
    pages.say("0")
    assert pages.line() == "b'azxyz12a'\n"


def test_a_hole_is_an_error_with_its_address(pages: Program) -> None:
    """The first page is mapped and the second is not: no short result, and the address is the second's."""
    process, hole = Process(pages.pid), pages.address() + 3 * PAGE
    reads = [(hole - 10, 20), (hole, 1), (hole + 5, 5), (pages.address(), 4 * PAGE)]
    for address, length in reads:
        with pytest.raises(MemoryAccessError) as caught:
            process.memory.read(address, length)
        expected = (pages.pid, max(address, hole), errno.EFAULT)
        assert (caught.value.pid, caught.value.address, caught.value.errno) == expected
    text = f"process {pages.pid}: no access to memory at {hole:#x}: Bad address"
    with pytest.raises(MemoryAccessError) as caught:
        process.memory[hole - 2 * PAGE - 4 : hole + 4] = b"!" * (2 * PAGE + 8)
    assert str(caught.value) == text
    assert process.memory[hole - 1] == ord("!")  # as it says: what comes before is written
    with pytest.raises(MemoryAccessError, match=hex(hole)):
        process.memory.read_many([(hole - 2, 1), (hole - 1, 2), (hole - 8, 8)])


@pytest.mark.parametrize("address", [0, 1, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 2**70, -1])
def test_an_address_that_is_none(pages: Program, address: int) -> None:
    """Null, the kernel's half, and numbers that are no address at all."""
    process = Process(pages.pid)
    for access in (
        lambda: process.memory[address],
        lambda: process.memory.read_many([(address, 1)]),
        lambda: process.memory.write(address, b"x"),
    ):
        with pytest.raises(MemoryAccessError) as caught:
            access()
        assert (caught.value.address, caught.value.errno) == (address, errno.EFAULT)


def test_an_address_is_not_cut_to_64_bits(pages: Program) -> None:
    """A number that has a mapped address in its lower half is still none."""
    process, start = Process(pages.pid), pages.address()
    for access in (
        lambda: process.memory[start + 2**64],
        lambda: process.memory.read_many([(start - 2**64, 1)]),
        lambda: process.memory.write(start + 2**64, b"x"),
    ):
        with pytest.raises(MemoryAccessError):
            access()
    assert process.memory[start] == ord("a")


def test_pages_that_the_process_may_not_touch(pages: Program) -> None:
    """Read-only and inaccessible ones are reached all the same, in the middle of a block as well."""
    found, start = Process(pages.pid).memory, pages.address()
    assert found[start + 2 * PAGE : start + 3 * PAGE] == b"c" * PAGE
    assert found.read(start, 3 * PAGE) == b"a" * PAGE + b"b" * PAGE + b"c" * PAGE
    found[start + PAGE - 4 : start + PAGE + 4] = b"12345678"
    found[start + PAGE + 4 : start + 2 * PAGE + 4] = b"-" * PAGE
    pages.say(str(PAGE - 4))
    assert pages.line() == "b'12345678'\n"
    pages.say(str(PAGE + 1))
    assert pages.line() == "b'678-----'\n"


def test_many_blocks_at_once(pages: Program) -> None:
    """More than one call takes, in the order asked for; a block in a forbidden page too."""
    found, start = Process(pages.pid).memory, pages.address()
    found[start : start + PAGE] = bytes(n % 251 for n in range(PAGE))
    blocks = [(start + n % PAGE, n % 7) for n in range(3000)]
    assert found.read_many(blocks) == [found.read(*block) for block in blocks]
    assert found.read_many([(start + PAGE, 2), (start + 2 * PAGE, 2), (start, 0)]) == [b"bb", b"cc", b""]
    assert found.read_many([]) == []


def test_slices_that_make_no_sense(pages: Program) -> None:
    """Each is refused before anything is read or written."""
    found, start = Process(pages.pid).memory, pages.address()
    with pytest.raises(ValueError, match="3 bytes do not fit a slice of 2"):
        found[start : start + 2] = b"abc"
    with pytest.raises(ValueError, match="8 bytes do not fit a slice of 2"):
        found[start : start + 2] = memoryview(bytes(8)).cast("I")
    with pytest.raises(ValueError, match="goes upwards, not from 0x5 to 0x4"):
        found[5:4]
    for open_ended in (slice(start, None), slice(None, start), slice(None, None)):
        with pytest.raises(ValueError, match="has both ends"):
            found[open_ended]
        with pytest.raises(ValueError, match="has both ends"):
            found[open_ended] = b""
    with pytest.raises(ValueError, match="no step"):
        found[start : start + 4 : 2]
    for number in (256, -1):
        with pytest.raises(ValueError, match="range"):
            found[start] = number
    for where, data in [(start, b"x"), (slice(start, start + 1), 1)]:
        with pytest.raises(TypeError):
            found[where] = data  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        found["x"]  # type: ignore[call-overload]
    assert found.read(start, 8) == b"a" * 8


def test_a_process_that_is_gone(pages: Program) -> None:
    """ESRCH, for a zombie, for a reaped one, and for one that never was."""
    process, start = Process(pages.pid), pages.address()
    pages.process.kill()
    assert pages.gets_into("Z")
    for _ in ("zombie", "reaped"):
        with pytest.raises(MemoryAccessError) as caught:
            process.memory[start]
        assert (caught.value.errno, caught.value.address) == (errno.ESRCH, start)
        with pytest.raises(ProcessError) as other:
            process.memory[start] = 1
        assert other.value.errno == errno.ESRCH
        pages.process.wait()
    with pytest.raises(MemoryAccessError, match="No such process"):
        memory.read_exactly(NO_PROCESS, start, 1)


def test_another_user_may_not(pages: Program, nobody: tuple[str, ...]) -> None:
    """EPERM from the kernel, for reading and writing; nothing is changed."""
    code = f"""
from bstinspect.errors import MemoryAccessError, ProcessError
from bstinspect.process import Process
process = Process({pages.pid})
def attach():
    with Process.attach({pages.pid}): pass
for act in (
    lambda: process.memory.read({pages.address()}, 4),
    lambda: process.memory.read_many([({pages.address()}, 4)]),
    lambda: process.memory.write({pages.address()}, b"x"),
    lambda: process.maps,
    lambda: process.descriptors,
    attach,
):
    try: print(act())
    except MemoryAccessError as error: print(error.errno, hex(error.address))
    except ProcessError as error: print(error.errno, error)
print(process.name == process.name, process.threads)
"""
    command = [*nobody, sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        *[f"{errno.EPERM} {pages.words[0]}"] * 3,
        *[f"{errno.EACCES} process {pages.pid}: Permission denied"] * 2,
        f"{errno.EPERM} process {pages.pid}: the kernel refuses to trace it",
        f"True [{pages.pid}]",
    ]
    assert Process(pages.pid).memory[pages.address()] == ord("a")


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the breakpoint is an instruction of x86-64")
def test_a_breakpoint_is_written_into_text(start: Start) -> None:
    """Text is read-only: int3 goes there, stops the process, and goes away again without a trace."""
    code = (
        "import ctypes\nlibc = ctypes.CDLL(None)\n"
        "print(hex(ctypes.cast(libc.getppid, ctypes.c_void_p).value), flush=True)\n"
        "input()\nprint(libc.getppid())"
    )
    program = start(code=code)
    process, address = Process(program.pid), program.address()
    assert {each.permissions for each in process.maps if each.start <= address < each.end} == {"r-xp"}
    ptrace.seize(program.pid, 0)
    ptrace.interrupt(program.pid)
    os.waitpid(program.pid, WALL)
    kept = process.memory[address]
    process.memory[address] = 0xCC
    ptrace.cont(program.pid)
    program.say("")
    _, status = os.waitpid(program.pid, WALL)
    assert os.WIFSTOPPED(status)
    assert os.WSTOPSIG(status) == signal.SIGTRAP
    found = process.registers()
    assert found.rip == address + 1
    process.memory[address] = kept
    process.set_registers(found._replace(rip=address))
    ptrace.detach(program.pid)
    assert program.end() == f"{os.getpid()}\n"


def test_word_by_word(pages: Program) -> None:
    """PEEKDATA and POKEDATA move 8 bytes, all ones as well, of a stopped thread only."""
    start, pid = pages.address(), pages.pid
    with pytest.raises(PtraceError, match="PTRACE_PEEKDATA") as caught:
        ptrace.peek(pid, start)
    assert caught.value.errno == errno.ESRCH
    with Process.attach(pid) as process:
        assert ptrace.peek(pid, start) == int.from_bytes(b"a" * ptrace.WORD, sys.byteorder)
        for word in (2**64 - 1, 2**64 - errno.EIO, 0, 2**63):
            ptrace.poke(pid, start + 3, word)
            assert ptrace.peek(pid, start + 3) == word
            assert process.memory.read(start + 3, 8) == word.to_bytes(8, sys.byteorder)
        ptrace.poke(pid, start, -2)
        assert ptrace.peek(pid, start) == 2**64 - 2
        for act in (
            lambda: ptrace.peek(pid, start + 3 * PAGE),
            lambda: ptrace.poke(pid, start + 3 * PAGE, 0),
        ):
            with pytest.raises(PtraceError) as caught:
                act()
            assert caught.value.errno in {errno.EIO, errno.EFAULT}


def test_memory_outlives_the_main_thread(compiled: Callable[..., str], start: Start) -> None:
    """A main thread that has ended is a zombie without memory; the other threads have it still."""
    source = """
    #include <pthread.h>
    #include <stdio.h>
    static char text[] = "still here";
    static void *work(void *main_thread) {
        pthread_join(*(pthread_t *)main_thread, NULL);
        printf("%p\\n", (void *)text);
        fflush(stdout);
        getchar();
        puts(text);
        return NULL;
    }
    int main(void) {
        static pthread_t self, other;
        self = pthread_self();
        pthread_create(&other, NULL, work, &self);
        pthread_exit(NULL);
    }
    """
    program = start(compiled(source))
    assert program.gets_into("Z")
    process, address = Process(program.pid), program.address()
    assert process.memory[address : address + 10] == b"still here"
    assert any(each.start <= address < each.end for each in process.maps)
    with Process.attach(program.pid):
        process.memory[address : address + 5] = b"STILL"
    assert program.end() == "STILL here\n"
