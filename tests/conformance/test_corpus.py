"""Programs that everybody has, each always traced alike: every line in order."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from .cases import Case

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .cases import Outcome


def files(work: Path) -> None:
    """Make a few files of every kind."""
    (work / "folder" / "below").mkdir(parents=True)
    (work / "folder" / "empty").touch()
    (work / "folder" / "below" / "text").write_text("one\ntwo\nthree\n")
    (work / "text").write_text("".join(f"line {number}\n" for number in range(100)))
    (work / "link").symlink_to("text")
    (work / "dangling").symlink_to("nowhere")
    (work / "program.c").write_text("int main(void) { return 0; }\n")
    (work / "script").write_text("echo $1; exit 3\n")


OPTIONS = (
    "-f",
    "-f -v",
    "-f -tt -T",
    "-ttt",
    "-t",
    "-r",
    "-y",
    "-yy",
    "-xx",
    "-x -s 64",
    "-i -n",
    "-Y -f",
    "-X verbose",
    "-X raw",
    "-a 20",
    "-s 3",
    "-e trace=%file",
    "-e trace=%desc",
    "-e trace=%memory",
    "-e trace=%process,%network,%ipc,%signal,%stat,%fstat,%lstat,%%stat,%statfs,%clock,%creds,%pure",
    "-e trace=!read,mmap",
    "-e trace=/^m",
    "-e trace=?nosuch,close",
    "-e status=failed",
    "-e status=successful,unfinished",
    "-z",
    "-Z",
    "-P text",
    "-P text -P folder",
    "-e abbrev=none",
    "-e abbrev=!newfstatat",
    "-e verbose=none",
    "-e raw=mmap",
    "-e read=3",
    "-e write=1 -e trace=write",
    "-e fault=read:when=3",
    "-e inject=openat:error=EPERM:when=4+",
    "-e inject=close:retval=77",
    "-e inject=getrandom:delay_exit=1000",
    "-e inject=write:signal=SIGUSR1",
    "-e inject=mmap:syscall=getpid:when=5",
    "-e inject=read:poke_exit=@arg2=41:when=2+",
    "-e inject=openat:poke_enter=@arg2=2f00:when=4",
    "-e inject=read:retval=5:error=EIO",
    "-e inject=%file:delay_enter=10:when=2..5+2",
    "-e inject=write:error=ENOSPC:signal=USR1:when=1",
    "-e fault=%file -e trace=%file,exit_group",
    "-f --seccomp-bpf",
    "-f --seccomp-bpf -e trace=openat,close -y",
    "-D",
    "-DD",
    "-DDD",
    "-I 1",
    "-I 4",
    "--kill-on-exit",
    "-O 3 -C",
    "-e trace=all",
    "-e all",
    "-e !all",
    "-e openat,close",
    "-e t=openat -e a=none -e v=none -e s=none",
    "-e trace=openat@64",
    "-e signals=!chld -e statuses=failed",
    "--follow-forks --quiet=all --columns=70 --const-print-style=raw",
    "--trace-path=text --decode-fds=path",
    "--syscall-limit=5",
    "--instruction-pointer --syscall-number",
    "--relative-timestamps=ms",
    "--absolute-timestamps=precision:ns",
    "--relative-timestamps=s",
    "--absolute-timestamps=format:unix,precision:ms",
    "--timestamps",
    "--syscall-times=ns",
    "--syscall-times=s",
    "--decode-fds=all",
    "--decode-pids=comm",
    "--trace=open,openat --abbrev=none --string-limit=5",
    "-E EXTRA=1 -E HOME",
    "-f -b execve",
    "-A",
)

COMMANDS = (
    "true",
    "false",
    "echo one two",
    "printf '%s\\n' a b",
    "cat text",
    "cat no/such/file",
    "ls -l folder",
    "ls -laR .",
    "stat -c %s,%F,%n text link",
    "head -n 3 text",
    "tail -n 2 text",
    "wc text",
    "sort -r text",
    "cp text copy",
    "mv text moved",
    "ln -s a b",
    "ln text hard",
    "rm -r folder",
    "mkdir -p a/b/c",
    "touch new",
    "chmod 600 text",
    "chown 0:0 text",
    "readlink -f link",
    "realpath dangling",
    "dd if=text of=other bs=64 count=3 status=none",
    "truncate -s 1000 text",
    "sha256sum text",
    "base64 text",
    "cut -c 1-3 text",
    "tr a-z A-Z",
    "uniq text",
    "comm text text",
    "env",
    "id",
    "uname -a",
    "pwd",
    "date -u -d @0",
    "sleep 0.01",
    "nice -n 5 true",
    "nproc",
    "tty",
    "sync text",
    "mkfifo pipe",
    "find . -type f -name 't*'",
    "grep -n line text",
    "sed -n 5p text",
    "awk '{ n += $2 } END { print n }' text",
    "diff text folder/below/text",
    "tar cf all.tar folder text link",
    "gzip -k -n text",
    "sh -c 'exit 7'",
    "sh -c 'echo $((1 + 2)); cd folder; test -f empty && echo there'",
    "sh script word",
    "bash -c 'x=1; echo ${x}; kill -TERM $$'",
    "python3 -I -S -c 'print(1)'",
)  # fmt: skip

GIT = (
    "git ls-files",
    "git hash-object text",
    "git --version",
)


def words(command: str) -> tuple[str, ...]:
    """Split a command as a shell would."""
    import shlex

    return tuple(shlex.split(command))


def installed(case: Case) -> Case:
    """Skip a case whose program is not there."""
    if shutil.which(case.command[0]) is None:
        pytest.skip(f"there is no {case.command[0]}")
    return case


@pytest.mark.parametrize("command", [*COMMANDS, *GIT])
def test_command(command: str, check: Callable[[Case], Outcome]) -> None:
    """Each line is strace's."""
    check(installed(Case(words(command), "-f", prepare=files, stdin=b"some input\n")))


@pytest.mark.parametrize("options", OPTIONS)
def test_options(options: str, check: Callable[[Case], Outcome]) -> None:
    """Each line is strace's, whatever the options."""
    check(Case(("cat", "text", "folder", "nowhere"), options, prepare=files))


@pytest.mark.parametrize(
    "options", ["-v -y", "-e trace=%file -e signal=none", "-P text", "-tt -T -v -yy -s 10", "-X raw"]
)
def test_options_with_files(options: str, check: Callable[[Case], Outcome]) -> None:
    """Structures in full, and descriptors with their names."""
    check(Case(("ls", "-la", "folder", "link"), options, prepare=files))
