"""-e inject= and -e fault= on real programs: what the program sees, and what the trace says of it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from .programs import READS, TWO_THREADS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Done, Trace

TEXT = "abcdefghijklmnopqrstuvwxyz0123456789"
PLAIN = ["4 0 abcd....", "5 0 efghi...", "6 0 jklmno..", "7 0 pqrstuv.", "8 0 wxyz0123", "6 0 456789.."]


@pytest.fixture
def reads(trace: Trace, program: Callable[..., str], tmp_path: Path) -> Callable[..., Done]:
    """Return what traces a program that reads six times from descriptor 12."""
    data = tmp_path / "data"
    data.write_text(TEXT)

    def run(*rules: str, options: str = "-e trace=read", times: int = 6) -> Done:
        words = [word for rule in rules for word in ("-e", rule)]
        return trace(*options.split(), *words, program(READS, "-static"), str(data), str(times))

    return run


def failures(done: Done) -> str:
    """Tell by a letter each how the reads went: ``.`` is well, E for EIO, A for EAGAIN, P for EPERM."""
    return "".join(
        {"-1 5": "E", "-1 11": "A", "-1 1": "P"}.get(" ".join(line.split()[:2]), ".")
        for line in done.out.splitlines()
    )


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("error=EIO:when=3", "..E..."),
        ("error=EIO:when=3+", "..EEEE"),
        ("error=EIO:when=2+2", ".E.E.E"),
        ("error=EIO:when=1..4+2", "E.E..."),
        ("error=EAGAIN:fd=12:when=3", "..A..."),
        ("error=EIO:arg3=0x6:arg1=12", "..E..."),
        ("error=EIO:arg3=6:arg1=11", "......"),
    ],
)
def test_when_and_for_what(reads: Callable[..., Done], rule: str, expected: str) -> None:
    """Which calls fail: by their turn, their descriptor, the value of an argument."""
    done = reads(f"inject=read:{rule}")
    assert failures(done) == expected
    assert len(done.those("(INJECTED)")) == sum(letter != "." for letter in expected)
    assert (done.status, done.err) == (0, "")


def test_by_path(reads: Callable[..., Done], tmp_path: Path) -> None:
    """A call that names a path fits, and one on a descriptor that is open on it."""
    assert failures(reads(f"inject=read:error=EIO:path={tmp_path}/data:when=2")) == ".E...."
    assert failures(reads(f"inject=read:error=EIO:path={tmp_path}/dat")) == "......"
    done = reads(f"inject=openat,open:error=EMFILE:path={tmp_path}/data", options="-e trace=%file")
    assert done.those("EMFILE")[0].endswith("= -1 EMFILE (Too many open files) (INJECTED)")
    assert done.out.startswith("-1 9 ")


def test_several_rules_for_one_call(reads: Callable[..., Done]) -> None:
    """Each counts for itself; where two are due, the first is applied."""
    rules = ("inject=read:error=EIO:when=2", "inject=read:error=EPERM:when=2+2")
    assert failures(reads(*rules)) == ".E.P.P"
    assert failures(reads(*reversed(rules))) == ".P.P.P"
    assert failures(reads("inject=read:error=EIO:arg3=5", "inject=read:error=EAGAIN:arg3=7")) == ".E.A.."


def test_a_fault(reads: Callable[..., Done]) -> None:
    """-e fault= without an error is ENOSYS; nothing is read."""
    done = reads("fault=read:when=2", times=3)
    assert done.out.splitlines() == [PLAIN[0], "-1 38 ........", "6 0 efghij.."]
    assert done.those("ENOSYS") == [done.lines[1]]
    assert re.fullmatch(
        r"read\(12, 0x\w+, 5\) +" + re.escape("= -1 ENOSYS (Function not implemented) (INJECTED)"),
        done.lines[1],
    )


def test_a_result(reads: Callable[..., Done]) -> None:
    """retval= is what the program gets; the call is not made."""
    done = reads("inject=read:retval=3:when=2", times=3)
    assert done.out.splitlines() == [PLAIN[0], "3 0 ........", "6 0 efghij.."]
    assert done.lines[1] == 'read(12, "...", 5)                      = 3 (INJECTED)'


def test_another_call(reads: Callable[..., Done]) -> None:
    """syscall= makes another call; the result is still the rule's."""
    done = reads("inject=read:retval=7:syscall=getppid:when=2", times=2)
    assert done.out.splitlines() == [PLAIN[0], "7 0 ........"]


def test_a_signal(reads: Callable[..., Done]) -> None:
    """It comes with the call, which is made nevertheless; what it does is its own affair."""
    done = reads("inject=read:signal=WINCH:when=2", times=2)
    assert done.out.splitlines() == PLAIN[:2]
    assert done.lines[1:3] == [
        'read(12, "efghi", 5)                    = 5',
        "--- SIGWINCH {si_signo=SIGWINCH, si_code=SI_KERNEL} ---",
    ]
    done = reads("inject=read:signal=USR1:error=EAGAIN:when=2")
    assert (done.out.splitlines(), done.status) == (PLAIN[:1], -10)
    assert done.lines[-3].endswith("= -1 EAGAIN (Resource temporarily unavailable) (INJECTED)")
    assert done.lines[-1] == "+++ killed by SIGUSR1 +++"


def test_memory(reads: Callable[..., Done]) -> None:
    """Bytes are written to where an argument points, before the call or after it."""
    done = reads("inject=read:poke_exit=@arg2=58595a:when=2", times=2)
    assert done.out.splitlines()[1] == "5 0 XYZhi..."
    assert done.lines[1].endswith("= 5 (INJECTED: args)")
    assert '"XYZhi"' in done.lines[1]
    done = reads("inject=read:poke_enter=@arg2=58595a:error=EIO:when=2", times=2)
    assert done.out.splitlines()[1] == "-1 5 XYZ....."
    assert done.lines[1].endswith("(INJECTED: args, retval)")
    done = reads("inject=read:poke_exit=@arg1=58:when=2", times=2)  # 12 is no address
    assert done.out.splitlines() == PLAIN[:2]
    assert "INJECTED" not in done.text


def spans(done: Done) -> list[tuple[int, int, str]]:
    """Return when each read began, how long it took (nanoseconds), and what was injected, from --json."""
    calls = [call for call in map(json.loads, done.lines) if call.get("name") == "read"]
    return [
        (int(call["time"].replace(".", "")), call["duration_ns"], call.get("injected", "")) for call in calls
    ]


def test_delays(reads: Callable[..., Done]) -> None:
    """A delay at the entry is in the call's own time; one at the exit is before the next call."""
    (_, first, none), (_, second, delayed), _ = spans(
        reads("inject=read:delay_enter=60ms:when=2", options="--json", times=3)
    )
    assert (none, delayed) == ("", "delay")
    assert second >= 60_000_000
    assert first < 60_000_000
    (_, _, _), (begun, spent, delayed), (after, _, _) = spans(
        reads("inject=read:delay_exit=60ms:error=EIO:when=2", options="--json", times=3)
    )
    assert delayed == "result,delay"
    assert spent < 60_000_000 <= after - begun - spent
    done = reads("inject=read:delay_enter=1:delay_exit=1:error=EIO:when=2", times=2)
    assert done.lines[1].endswith("= -1 EIO (Input/output error) (INJECTED) (DELAYED)")


def test_threads_count_for_themselves(trace: Trace, program: Callable[..., str]) -> None:
    """The second write of each thread fails, not the second of both."""
    done = trace("-f", "-e", "inject=write:error=EIO:when=2:fd=3", program(TWO_THREADS))
    assert done.out.splitlines() == ["main 8", "main -1", "other 8", "other -1"]


def test_a_hidden_call_is_tampered_with_where_it_is_traced(reads: Callable[..., Done]) -> None:
    """What -e trace= leaves out is left alone, as in strace."""
    assert failures(reads("inject=read:error=EIO", options="-e trace=write", times=2)) == ".."
    assert failures(reads("inject=%desc:error=EIO:arg1=12", options="-e trace=%desc", times=2)) == "EE"
