"""Programs whose threads or processes race: each thread's lines, as like strace's as strace's own are."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .cases import Case
from .test_corpus import files, installed

if TYPE_CHECKING:
    from collections.abc import Callable

    from .cases import Outcome

THREADS = """
import threading
lock, total = threading.Lock(), []
def add(number):
    with lock:
        total.append(number)
threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(sum(total))
"""
SOCKETS = """
import socket, threading
server = socket.create_server(("127.0.0.1", 0))
def serve():
    with server.accept()[0] as one:
        one.sendall(one.recv(100).upper())
thread = threading.Thread(target=serve)
thread.start()
with socket.create_connection(server.getsockname()) as client:
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.sendall(b"hello")
    print(client.recv(100))
thread.join()
server.close()
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
    a, b = socket.socketpair(socket.AF_UNIX, kind)
    a.send(b"x"); b.recv(10); a.close(); b.close()
six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
six.sendto(b"y", ("::1", 9))
six.close()
"""
SUBPROCESS = """
import subprocess, sys
print(subprocess.run(["cat"], input=b"hello", capture_output=True).stdout)
print(subprocess.run("exit 3", shell=True).returncode)
print(subprocess.run("kill -9 $$", shell=True).returncode)
"""
ASYNCIO = """
import asyncio
async def serve(reader, writer):
    writer.write(await reader.readline()); await writer.drain(); writer.close()
async def main():
    server = await asyncio.start_unix_server(serve, "socket")
    reader, writer = await asyncio.open_unix_connection("socket")
    writer.write(b"line\\n")
    print(await reader.readline(), await asyncio.to_thread(sum, [1, 2]))
    writer.close(); server.close()
    process = await asyncio.create_subprocess_exec("true")
    print(await process.wait())
asyncio.run(main())
"""
SIGNALS = """
import os, signal
signal.signal(signal.SIGUSR1, lambda *_: print("one"))
signal.signal(signal.SIGALRM, lambda *_: print("alarm"))
os.kill(os.getpid(), signal.SIGUSR1)
signal.setitimer(signal.ITIMER_REAL, 0.02)
signal.pause()
pid = os.fork()
if pid == 0:
    signal.pause()
os.kill(pid, signal.SIGTERM)
print(os.waitpid(pid, 0)[1])
"""
MMAP = """
import mmap
with open("text", "r+b") as file, mmap.mmap(file.fileno(), 0) as shared:
    shared[0:4] = b"LINE"
    shared.flush()
    shared.madvise(mmap.MADV_WILLNEED)
with mmap.mmap(-1, 1 << 20) as private:
    private[5] = 1
"""
ZMQ = """
import zmq
context = zmq.Context()
a, b = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
a.bind("ipc://pair")
b.connect("ipc://pair")
b.send_multipart([b"hello", b"you"])
print(a.recv_multipart())
a.close(); b.close(); context.term()
"""
PYTHON = {
    "threads": THREADS,
    "sockets": SOCKETS,
    "subprocess": SUBPROCESS,
    "asyncio": ASYNCIO,
    "signals": SIGNALS,
    "mmap": MMAP,
    "zmq": ZMQ,
}
PIPELINES = (
    "cat text | sort -r | head -n 3",
    "ls | wc -l; echo done",
    "for i in 1 2 3; do true | cat; done",
    "sleep 0.01 & sleep 0.02 & wait; echo $(echo inner)",
    "yes | head -n 2 | tr y n",
    "(exit 3) || echo failed > out; cat out",
    "trap 'echo caught' TERM; (kill -TERM $$) ; sleep 0.01",
    "find . -name 't*' | xargs -n 1 -P 2 wc",
    "tar czf all.tgz folder text && tar xzf all.tgz -O | cksum",
)


@pytest.mark.parametrize("script", PIPELINES)
def test_pipeline(script: str, check: Callable[[Case], Outcome]) -> None:
    """A shell and what it starts."""
    check(Case(("sh", "-c", script), "-f", "multiset", prepare=files))


@pytest.mark.parametrize("name", PYTHON)
def test_python(name: str, check: Callable[[Case], Outcome]) -> None:
    """Python with threads, sockets, processes, an event loop, and ZeroMQ."""
    isolated = ("-I",) if name == "zmq" else ("-I", "-S")
    check(Case((sys.executable, *isolated, "-c", PYTHON[name]), "-f", "multiset", prepare=files))


def test_timeout(check: Callable[[Case], Outcome]) -> None:
    """A program that another one ends."""
    check(Case(("timeout", "0.1", "sleep", "10"), "-f", "multiset"))


def test_gcc(check: Callable[[Case], Outcome]) -> None:
    """The compiler, its passes, and their files with names of chance."""
    masks = (r"/tmp/cc(\w{6})", r"/tmp/(cc\w+)")
    check(
        installed(
            Case(("gcc", "-c", "-O1", "program.c"), "-f -e signal=all", "multiset", masks, prepare=files)
        )
    )


@pytest.mark.parametrize("command", ["status --short", "log --stat", "commit -q -a -m two", "diff"])
def test_git(command: str, check: Callable[[Case], Outcome]) -> None:
    """Git at work in a repository."""
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    masks = (r"tmp_obj_(\w{6})", r"\.git/t(\w{6})")
    git = ("git", "-c", "user.name=N", "-c", "user.email=e@example.org", "-c", "gc.auto=0")
    check(Case((*git, *command.split()), "-f", "multiset", masks, prepare=repository))


def repository(work: Path) -> None:
    """Make a repository of two files, one of them changed since."""
    import subprocess

    from .tracers import ENVIRONMENT

    files(work)
    git = ["git", "-c", "user.name=N", "-c", "user.email=e@example.org"]
    for words in (["init", "-q", "."], ["add", "text", "folder"], ["commit", "-q", "-m", "one"]):
        dates = {"GIT_AUTHOR_DATE": "@1600000000 +0000", "GIT_COMMITTER_DATE": "@1600000000 +0000"}
        subprocess.run(
            [*git, *words],
            cwd=work,
            check=True,
            capture_output=True,
            env=ENVIRONMENT | dates | {"HOME": str(work)},
        )
    (work / "text").write_text("other\n")


def test_cluster(check: Callable[[Case], Outcome]) -> None:
    """Our own cluster, which nobody else traces."""
    bstrace = str(Path(sys.executable).parent / "bstrace")
    commands = "create 10; create 5; exec 5 2 1 2; pingall; kill 5"
    check(
        Case(
            (bstrace, "--no-watch", "-c", commands),
            "-f -e trace=!read,mmap",
            "multiset",
            (r"bstrace-(\d+-\w+)",),
            timeout=60,
        )
    )
