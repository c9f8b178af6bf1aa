"""Call stacks: those of a program whose functions are known. That they are strace's, conformance/ shows."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from bstinspect.errors import NotSupportedError
from bstinspect.linux import ptrace
from bstinspect.linux.unwind import MOST, Unwinder, _Demangler

if TYPE_CHECKING:
    from collections.abc import Callable

    from linux.conftest import Start

SOURCE = """
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((noinline)) int innermost(int depth)
{
    int found = depth ? innermost(depth - 1) : pause();
    __asm__ volatile("");
    return found + 1;
}

int main(int argc, char **argv)
{
    puts("ready");
    fflush(stdout);
    return innermost(atoi(argv[1])) == 0;
}
"""
WALL = 0x40000000


def stopped_frames(unwinder: Unwinder, pid: int) -> tuple[bytes, ...]:
    """Stop a process, walk its stack twice, and let it go."""
    ptrace.seize(pid, 0)
    ptrace.interrupt(pid)
    os.waitpid(pid, WALL)
    try:
        frames = unwinder.frames(pid)
        assert unwinder.frames(pid) == frames
    finally:
        unwinder.forget(pid)
        ptrace.detach(pid)
    return frames


@pytest.fixture(scope="module")
def unwinder() -> Unwinder:
    """Return an unwinder, where libunwind is there.

    It is used once before any test begins: libunwind keeps a pipe open from then on.
    """
    try:
        found = Unwinder()
    except NotSupportedError as error:
        pytest.skip(str(error))
    with subprocess.Popen(["sleep", "9"]) as process:
        stopped_frames(found, process.pid)
        process.kill()
    return found


@pytest.fixture
def stack(
    unwinder: Unwinder, start: Start, compiled: Callable[..., str]
) -> Callable[[int], tuple[bytes, ...]]:
    """Return a function that returns the stack of a program that called itself so many times and waits."""

    def walk(depth: int) -> tuple[bytes, ...]:
        program = start(compiled(SOURCE, "-O1", "-Wno-unused-parameter"), str(depth))
        assert program.gets_into("S")
        return stopped_frames(unwinder, program.pid)

    return walk


def test_frames(stack: Callable[[int], tuple[bytes, ...]]) -> None:
    """The innermost function comes first, each with its file and its place there."""
    frames = stack(2)
    assert all(re.fullmatch(rb"/\S+\([^()]*\) \[0x[0-9a-f]+\]", frame) for frame in frames)
    assert b"libc" in frames[0]
    assert b"pause+0x" in frames[0]
    assert [b"program(innermost+0x" in frame for frame in frames[1:5]] == [True, True, True, False]
    assert b"program(main+0x" in frames[4]


def test_no_such_thread(unwinder: Unwinder) -> None:
    """A thread that is gone has no stack."""
    assert unwinder.frames(2**22 + 1) == ()


def test_too_many(stack: Callable[[int], tuple[bytes, ...]]) -> None:
    """A stack without end is cut."""
    frames = stack(MOST + 10)
    assert len(frames) == MOST + 1
    assert frames[-1] == b"too many stack frames"


def test_names_of_cplusplus() -> None:
    """Names of C++ functions become words, where its library is there; others are left alone."""
    demangle = _Demangler()
    assert demangle(b"main") == b"main"
    assert demangle(b"_Zx") == b"_Zx"
    assert demangle(b"_Z1fi") in {b"f(int)", b"_Z1fi"}


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""

    def missing(name: str, *_: object) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", missing)
    with pytest.raises(NotSupportedError, match=r"libunwind8.*libunwind-\w+\.so\.8: cannot open"):
        Unwinder()
