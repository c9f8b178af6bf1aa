"""On standard error, the lines of the trace and what the program writes there stand in strace's order."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from .conftest import COMMAND, TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EVERYWHERE: Final = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void) {
    struct iovec parts[2] = {{"ve", 2}, {"ctor\n", 5}};
    char name[64];
    int pipes[2];
    for (int turn = 0; turn < 20; turn++) {
        getppid();
        write(2, "write\n", 6);
        getppid();
        writev(2, parts, 2);
        int again = dup(2);
        dprintf(again, "copy %d\n", turn);
        close(again);
        snprintf(name, sizeof name, "/proc/self/fd/%d", 2);
        int other = open(name, O_WRONLY | O_APPEND);
        write(other, "opened\n", 7);
        close(other);
        pipe(pipes);
        write(pipes[1], "spliced\n", 8);
        if (splice(pipes[0], 0, 2, 0, 8, 0) < 0)
            write(2, "cannot\n", 7);
        close(pipes[0]);
        close(pipes[1]);
        write(1, "elsewhere\n", 10);
        if (!fork()) {
            write(2, "child\n", 6);
            _exit(0);
        }
        wait(NULL);
    }
    return 0;
}
"""


def normal(text: str) -> str:
    """Take away what is never the same twice."""
    text = re.sub(r"^(strace|bstrace): ", "", text, flags=re.MULTILINE)
    return re.sub(r"\b\d{3,}\b|0x[0-9a-f]+", "N", text)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("traced", ["getppid", "getppid,write,writev,close", "exit_group", "!brk"])
@pytest.mark.parametrize("kind", ["file", "pipe"])
def test_as_strace(program: Callable[..., str], tmp_path: Path, traced: str, kind: str) -> None:
    """Byte for byte, whatever call the program writes with, and whether that is traced or not."""
    source = program(EVERYWHERE, "-static")
    texts = []
    for tracer in (["strace"], COMMAND):
        command = [*tracer, "-f", "-e", f"trace={traced}", "-e", "signal=none", source]
        to = tmp_path / "both"
        with to.open("wb") as out:
            where = out if kind == "file" else subprocess.PIPE
            done = subprocess.run(
                command, stdout=subprocess.DEVNULL, stderr=where, timeout=TIMEOUT, check=False
            )
        texts.append(normal(to.read_text() if kind == "file" else done.stderr.decode()))
    theirs, ours = texts
    if traced != "!brk":  # there, the lines of parent and child race
        assert ours == theirs
    assert re.findall(r"^.*(?:copy \d+|child)$", ours, re.MULTILINE)
    assert ours.count("vector\n") == theirs.count("vector\n") == 20
