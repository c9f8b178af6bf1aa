"""A process as a script sees it: its memory, maps, registers, threads and descriptors.

    from bstinspect.process import Process

    process = Process(1234)
    print(process.name, process.threads, process.maps[0].path)
    data = process.memory[0x7F0000001000:0x7F0000001040]

    with Process.attach(1234) as process:  # every thread stands still
        print(hex(process.registers().rip))

Looking needs no stop: memory, maps and descriptors need the right to ptrace the process (ptrace(2), "Ptrace
access mode checking"), and are what they are at that moment. Only registers need `Process.attach`.
"""

from __future__ import annotations

import contextlib
import errno
import operator
import os
from typing import TYPE_CHECKING, Self, TypeVar, overload

from bstinspect.errors import MemoryAccessError, ProcessError
from bstinspect.linux import descriptors, memory, proc, registers
from bstinspect.linux.attach import Attachment
from bstinspect.linux.maps import Mapping, parse_maps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bstinspect.linux.descriptors import OpenDescriptor
    from bstinspect.linux.registers import Registers

T = TypeVar("T")


class Process:
    """A process, by its pid or the tid of any of its threads.

    Every property is looked up anew. ProcessError, with the errno ESRCH, says that the process is gone: the
    pid may belong to somebody else by then, which is noticed by the time of its start. (Reading memory does
    not look at that, for speed; writing does.)
    """

    def __init__(self, pid: int) -> None:
        """Find a process. Raises ProcessError when there is none."""
        status = proc.status(pid)
        facts = proc.stat(status.tgid) if status else None
        if status is None or facts is None:
            raise ProcessError(pid, errno.ESRCH)
        self.pid = status.tgid
        self._start_ticks = facts.start_ticks
        self.memory = Memory(self.pid, self._stat)

    def __repr__(self) -> str:
        return f"Process({self.pid})"

    @classmethod
    @contextlib.contextmanager
    def attach(cls, pid: int) -> Iterator[Self]:
        """Stop every thread of a process for a ``with`` block, by PTRACE_SEIZE and PTRACE_INTERRUPT.

        Then everything is let go as it was: what was stopped by a signal stays so, and signals that came
        meanwhile are delivered. A process that dies meanwhile is no error at the end of the block. All of it,
        `registers` too, must be in one thread, and nobody else may wait for any child (waitpid(2) with -1).

        A blocking call that was interrupted is restarted by the kernel, but those in signal(7), "Interruption
        of system calls and library functions by stop signals", fail with EINTR. A thread that cannot be
        interrupted, as one waiting for its vfork(2) child, is waited for.

        Raises ProcessError: it is gone, or somebody else traces it, or the kernel does not let us.
        """
        process = cls(pid)
        attachment = Attachment(process.pid)
        try:
            yield process
        finally:
            attachment.detach()

    @property
    def name(self) -> str:
        """Its comm: at most 15 bytes, escaped where they cannot be printed (proc_pid_comm(5))."""
        return self._stat().name

    @property
    def state(self) -> str:
        """A letter: R runs, S sleeps, D uninterruptibly, T stopped, t traced, Z zombie (proc_pid_stat(5))."""
        return self._stat().state

    @property
    def parent(self) -> int:
        """The pid of its parent; 0 for one outside of this pid namespace."""
        return self._stat().parent

    @property
    def threads(self) -> list[int]:
        """Its tids, ascending."""
        self._stat()
        return proc.threads(self.pid)

    @property
    def descriptors(self) -> list[OpenDescriptor]:
        """What it has open, by number. Raises ProcessError with EACCES where that is forbidden."""
        self._stat()
        try:
            os.scandir(f"/proc/{self.pid}/fd").close()
        except OSError as error:
            raise _refused(self.pid, error) from error
        found = (descriptors.describe(self.pid, number) for number in descriptors.numbers(self.pid))
        return [each for each in found if each]

    @property
    def maps(self) -> list[Mapping]:
        """What is mapped in its address space, by address; nothing for a zombie or a kernel thread.

        Raises ProcessError with EACCES where that is forbidden.
        """
        self._stat()
        for tid in (self.pid, *proc.threads(self.pid)):  # a main thread that has ended has no memory any more
            try:
                with open(f"/proc/{tid}/maps", "rb") as file:  # noqa: PTH123 - read in a hurry
                    data = file.read()
            except (FileNotFoundError, ProcessLookupError):
                continue
            except OSError as error:
                raise _refused(self.pid, error) from error
            if data:
                return parse_maps(data)
        return []

    def registers(self, tid: int | None = None) -> Registers:
        """Return the registers of a thread (the main one) that this thread has stopped; else PtraceError."""
        return registers.read(tid or self.pid)

    def set_registers(self, values: Registers, tid: int | None = None) -> None:
        """Set the registers of a stopped thread (the main one), as `linux.registers.write` does."""
        registers.write(tid or self.pid, values)

    def _stat(self) -> proc.Stat:
        """Return /proc/PID/stat of this very process."""
        facts = proc.stat(self.pid)
        if facts is None or facts.start_ticks != self._start_ticks:
            raise ProcessError(self.pid, errno.ESRCH)
        return facts


class Memory:
    """A process's memory by address: ``memory[a]`` is a byte, ``memory[a:b]`` the bytes from a up to b.

    Everything asked for is moved, or MemoryAccessError raised with the first address that is not there. A
    write also reaches pages that the process itself may not write, as its text (proc_pid_mem(5)).
    """

    def __init__(self, pid: int, check: Callable[[], object]) -> None:
        """`check` raises where the pid is not that process's any more."""
        self._pid = pid
        self._check = check

    @overload
    def __getitem__(self, where: int) -> int: ...

    @overload
    def __getitem__(self, where: slice) -> bytes: ...

    def __getitem__(self, where: int | slice) -> int | bytes:
        if isinstance(where, slice):
            start, stop = _bounds(where)
            return self.read(start, stop - start)
        return self.read(operator.index(where), 1)[0]

    @overload
    def __setitem__(self, where: int, data: int) -> None: ...

    @overload
    def __setitem__(self, where: slice, data: bytes | bytearray | memoryview) -> None: ...

    def __setitem__(self, where: int | slice, data: int | bytes | bytearray | memoryview) -> None:
        if isinstance(where, slice):
            if isinstance(data, int):
                raise TypeError("a slice of memory is set to bytes, not to a number")
            start, stop = _bounds(where)
            length = memoryview(data).nbytes
            if length != stop - start:
                raise ValueError(f"{length} bytes do not fit a slice of {stop - start}")
            self.write(start, data)
        elif isinstance(data, int):
            self.write(operator.index(where), bytes((data,)))
        else:
            raise TypeError("one byte of memory is set to a number; bytes are set by a slice")

    def read(self, address: int, length: int) -> bytes:
        """Return the `length` bytes at `address`. Raises MemoryAccessError."""
        return self._through_a_thread(lambda tid: memory.read_exactly(tid, address, length))

    def read_many(self, blocks: Sequence[tuple[int, int]]) -> list[bytes]:
        """Return the bytes of each (address, length), 1024 by one system call. Raises MemoryAccessError."""
        return self._through_a_thread(lambda tid: memory.read_many(tid, blocks))

    def write(self, address: int, data: bytes | bytearray | memoryview) -> None:
        """Write `data` at `address`. After a MemoryAccessError, what comes before its address is written."""
        self._check()
        self._through_a_thread(lambda tid: memory.write_exactly(tid, address, data))

    def _through_a_thread(self, move: Callable[[int], T]) -> T:
        """Reach the memory through the main thread, or through another where that has ended before."""
        try:
            return move(self._pid)
        except MemoryAccessError as error:
            others = [tid for tid in proc.threads(self._pid) if tid != self._pid]
            if error.errno != errno.ESRCH or not others:
                raise
        return move(others[-1])


def _bounds(where: slice) -> tuple[int, int]:
    if where.start is None or where.stop is None:
        raise ValueError("a slice of memory has both ends: memory[address:address + length]")
    if where.step is not None:
        raise ValueError("a slice of memory has no step")
    start, stop = operator.index(where.start), operator.index(where.stop)
    if start > stop:
        raise ValueError(f"a slice of memory goes upwards, not from {start:#x} to {stop:#x}")
    return start, stop


def _refused(pid: int, error: OSError) -> ProcessError:
    return ProcessError(pid, error.errno or errno.EACCES)
