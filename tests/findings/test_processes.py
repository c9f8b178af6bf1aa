"""Who was there, how the time went, how often each call was made, and what was the loader's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bstinspect.findings import activity
from bstinspect.records import Autopsy, Block, Detached, Executed, Exited, SyscallEntry, ThreadState

from .tape import NUMBERS, STEP, Tape

if TYPE_CHECKING:
    from pathlib import Path

    from bstinspect.findings.model import Activity, Findings, ProcessFacts

LIBC = b"/lib/libc.so.6"


def counts(process: ProcessFacts) -> dict[str, tuple[int, int]]:
    """Return how often a process made each call, and how often it failed."""
    return {each.name: (each.calls, each.errors) for each in process.counts}


def test_a_pid_that_is_used_again(tmp_path: Path) -> None:
    """The second owner is a process of its own, though a thread of the first was never seen to end."""
    tape = Tape()
    tape.begin(10)
    tape.fork(10, 20)
    tape.begin(20, tid=21)
    tape.call(20, "getpid", value=20)
    tape.end(20, 0x300)
    tape.wait(10, 20)
    tape.fork(10, 20)
    tape.call(20, "getuid")
    tape.begin(20, tid=21)
    tape.call(20, "getgid", tid=21)
    tape.end(20, 9)
    found, _ = tape.survey(tmp_path)
    _, first, second = found.processes
    assert (first.status, second.status) == (0x300, 9)
    assert second.killed
    assert not first.killed
    assert counts(first) == {"getpid": (1, 0)}
    assert counts(second) == {"getuid": (1, 0), "getgid": (1, 0)}
    assert [[thread.tid for thread in each.threads] for each in (first, second)] == [[20, 21], [20, 21]]
    assert all(thread.ended is not None for each in (first, second) for thread in each.threads)
    assert first.parent == second.parent == 10
    assert first.ended is not None
    assert first.ended < second.began


def test_a_tid_that_is_used_again_by_another_process(tmp_path: Path) -> None:
    """Where the end of a thread was lost, the calls are whose the records say they are."""
    tape = Tape()
    tape.call(10, "getpid", tid=30)
    tape.call(20, "getuid", tid=30)
    found, _ = tape.survey(tmp_path)
    assert [counts(each) for each in found.processes] == [{"getpid": (1, 0)}, {"getuid": (1, 0)}]


def test_roles_of_threads(tmp_path: Path) -> None:
    """By their names, as prctl or the tracer told them; an autopsy names those that had none."""
    tape = Tape()
    tape.begin(10)
    for tid, name in ((11, b"ZMQbg/IO/0"), (12, b"ZMQbg/Reaper"), (13, b""), (14, b"")):
        tape.thread(10, tid, name)
    state = (ThreadState(14, "ZMQbg/IO/1", -1, ()), ThreadState(10, "python", 1, (1, 2)))
    tape.add(Autopsy(tape.tick(), 10, 9, False, state, (), 0, 100, 200, 5 * 10**9, 4, 0))  # noqa: FBT003
    found, _ = tape.survey(tmp_path)
    (process,) = found.processes
    assert [each.role for each in process.threads] == ["main", "zmq-io", "zmq-reaper", "other", "zmq-io"]
    assert process.parent == 4


def test_names_of_processes(tmp_path: Path) -> None:
    """A child has its parent's name until it executes a program, or gives itself one."""
    tape = Tape()
    tape.begin(10, name=b"bash")
    tape.fork(10, 20)
    tape.fork(10, 30)
    tape.execute(20, b"/usr/bin/sleep")
    tape.fork(20, 40)
    tape.enter(40, "prctl", 15, memory=b"node 7\0")
    tape.leave(40, 0)
    found, _ = tape.survey(tmp_path)
    assert [each.command for each in found.processes] == ["bash", "sleep", "bash", "node 7"]
    assert found.processes[1].arguments == "/usr/bin/sleep"
    assert [each.executed for each in found.processes] == [False, True, False, False]
    assert [each.followed for each in found.processes] == [False, True, True, True]


def test_the_name_of_a_script_far_away(tmp_path: Path) -> None:
    """Arguments are taken as they were, not as the line shows them (strings of 32 bytes)."""
    tape = Tape()
    words = [b"/usr/bin/python3", b"-u", b"/home/someone/far/away/from/here/server.py", b"5555"]
    path, vector, first = 0x1000, 0x2000, 0x3000
    strings = [(first + 0x100 * number, word + b"\0") for number, word in enumerate(words)]
    pointers = b"".join(at.to_bytes(8, "little") for at, _ in strings) + bytes(8)
    memory = [(path, words[0] + b"\0"), (vector, pointers), *strings]
    blocks = tuple(Block(at, data, len(data)) for at, data in memory)
    arguments = (path, vector, 0, 0, 0, 0)
    tape.add(SyscallEntry(tape.tick(), 10, 10, NUMBERS["execve"], arguments, blocks))
    tape.add(Executed(tape.tick(), 10, 10, 10))
    tape.leave(10, 0)
    found, _ = tape.survey(tmp_path)
    assert found.processes[0].command == "server.py"
    assert found.processes[0].arguments == b" ".join(words).decode()


def test_how_time_goes(tmp_path: Path) -> None:
    """Inside calls that wait, inside calls that work, and between calls."""
    tape = Tape()
    tape.call(10, "getpid", took=3 * STEP)
    tape.tick(10 * STEP)
    tape.call(10, "epoll_wait", took=50 * STEP)
    tape.call(10, "read", 3, took=2_000_000)  # nothing reads that long without waiting for somebody
    tape.call(10, "read", 3, took=5 * STEP)
    tape.enter(10, "exit_group")
    tape.end(10, 0)
    found, _ = tape.survey(tmp_path)
    (thread,) = found.processes[0].threads
    assert thread.working_ns == (3 + 5) * STEP
    assert thread.waiting_ns == 50 * STEP + 2_000_000 + STEP
    assert thread.outside_ns == 10 * STEP + 4 * STEP
    assert thread.first_call == STEP
    assert thread.last_call == thread.first_call + sum(
        (thread.working_ns, thread.waiting_ns, thread.outside_ns)
    )


def test_counts(tmp_path: Path) -> None:
    """By name: how many, how many failed, how long all and the longest."""
    tape = Tape()
    tape.call(10, "read", 3, value=5, took=2 * STEP)
    tape.call(10, "read", 3, value=-11, took=7 * STEP)
    tape.call(10, "getpid", value=10)
    tape.call(10, "mmap", value=-(1 << 47), took=STEP)  # an address, and no error
    found, _ = tape.survey(tmp_path)
    by_name = {each.name: each for each in found.processes[0].counts}
    assert (by_name["read"].calls, by_name["read"].errors) == (2, 1)
    assert (by_name["read"].total_ns, by_name["read"].longest_ns) == (9 * STEP, 7 * STEP)
    assert by_name["mmap"].errors == 0
    assert found.processes[0].threads[0].main_calls == {"read": 2, "getpid": 1, "mmap": 1}


def loader(tape: Tape, pid: int) -> None:
    """What ld.so(8) does for a dynamic program."""
    tape.call(pid, "brk", value=1 << 20)
    tape.enter(pid, "access", memory=b"/etc/ld.so.preload\0", at=0)
    tape.leave(pid, -2)
    tape.open(pid, b"/etc/ld.so.cache")
    tape.call(pid, "fstat", 3)
    tape.call(pid, "mmap", value=1 << 24)
    tape.call(pid, "close", 3)
    tape.open(pid, LIBC)
    tape.call(pid, "read", 3, value=832)
    tape.call(pid, "close", 3)
    tape.call(pid, "mprotect")
    tape.call(pid, "munmap")


def start_of(found: Findings) -> tuple[int, list[str]]:
    """Return how many calls of the loader are folded in the excerpt of the start, and the others' names."""
    (excerpt,) = [each for each in found.excerpts if each.topic == "start"]
    return excerpt.loader, [each.name for each in excerpt.calls]


def test_the_loader_of_a_dynamic_program(tmp_path: Path) -> None:
    """It ends with the munmap of ld.so.cache; what the program does is its own, though it be the same."""
    tape = Tape()
    tape.execute(10)
    loader(tape, 10)
    tape.call(10, "brk")
    tape.open(10, b"/etc/hosts")
    found, _ = tape.survey(tmp_path)
    assert found.processes[0].loader_calls == 11
    assert start_of(found) == (11, ["execve", "brk", "openat"])


def test_the_loader_of_a_static_program(tmp_path: Path) -> None:
    """Its first calls are the C library's; it ends with the first that is not."""
    tape = Tape()
    tape.execute(10)
    for name in ("brk", "arch_prctl", "set_tid_address", "rseq", "mprotect"):
        tape.call(10, name)
    tape.call(10, "read", 0, value=5)
    tape.call(10, "brk")
    found, _ = tape.survey(tmp_path)
    assert start_of(found) == (5, ["execve", "read", "brk"])


def test_a_program_that_opens_a_file_at_once(tmp_path: Path) -> None:
    """A file that is no library is the program's."""
    tape = Tape()
    tape.execute(10)
    tape.call(10, "brk")
    tape.open(10, b"/home/x/input.txt")
    tape.call(10, "fstat", 3)
    found, _ = tape.survey(tmp_path)
    assert start_of(found) == (1, ["execve", "openat", "fstat"])


def test_each_execve_has_its_loader(tmp_path: Path) -> None:
    """Two programs of one process, and one that was there before: that has none."""
    tape = Tape()
    tape.call(10, "brk")
    for _ in range(2):
        tape.execute(10)
        loader(tape, 10)
    found, _ = tape.survey(tmp_path)
    assert found.processes[0].loader_calls == 22


def slices(found: Findings, pid: int) -> Activity:
    """Return a process's activity."""
    (of_it,) = [each for each in found.activity if each.pid == pid]
    return of_it


def test_activity_adds_up(tmp_path: Path) -> None:
    """All slices of a process together are the time that its threads worked."""
    tape = Tape()
    for number in range(50):
        tape.call(10, "getpid", took=1 + 13_777 * number)
        tape.call(10, "read", 3, tid=11, took=999_999)
        tape.call(10, "poll", took=123_456)
    found, _ = tape.survey(tmp_path)
    worked = sum(thread.working_ns for thread in found.processes[0].threads)
    of_it = slices(found, 10).slices
    assert sum(sum(each.families.values()) for each in of_it) == worked
    assert worked > 50_000_000
    assert all(sum(each.families.values()) <= each.length for each in of_it)
    assert sorted({name for each in of_it for name in each.families}) == ["files", "other"]


def test_activity_of_a_year(tmp_path: Path) -> None:
    """Slices grow: there are never more than so many, all of one length, and nothing is lost."""
    tape = Tape()
    tape.call(10, "getpid", took=5)
    tape.call(20, "getuid", took=7)
    for _ in range(365):
        tape.tick(24 * 3600 * 10**9)
        tape.call(10, "getpid", took=11)
    found, _ = tape.survey(tmp_path)
    of_it = slices(found, 10).slices
    assert len(of_it) <= activity.MOST
    assert len({each.length for process in found.activity for each in process.slices}) == 1
    assert all(each.begin % each.length == 0 for each in of_it)
    assert sum(sum(each.families.values()) for each in of_it) == 5 + 365 * 11
    assert slices(found, 20).slices[0].begin == 0


def test_how_processes_go(tmp_path: Path) -> None:
    """One that was let go runs on, and its end is not known; one that is gone has a status."""
    tape = Tape()
    tape.begin(10)
    tape.begin(20)
    tape.add(Detached(tape.tick(), 10, 10))
    tape.add(Exited(tape.tick(), 20, 20, 0x100))
    found, _ = tape.survey(tmp_path)
    first, second = found.processes
    assert first.ended is None
    assert first.threads[0].ended is not None
    assert (second.ended, second.status) == (4 * STEP, 0x100)


def test_facts_stay_few(tmp_path: Path) -> None:
    """What hostile records could make many is counted, and not kept."""
    tape = Tape()
    for number in range(3000):
        tape.call(10, 5000 + number, value=-(number % 4000) - 1)
        tape.call(1000 + number, "getpid")
    found, _ = tape.survey(tmp_path)
    assert len(found.errors) == 1000
    assert len(found.activity) == activity.MOST_PROCESSES
    assert len(found.processes[0].threads[0].main_calls) == 64
    assert sum(len(each.calls) for each in found.excerpts) <= 60
