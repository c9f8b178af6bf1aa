"""`bstrace` in a pipe: exactly the replies on standard output, everything else on standard error."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import zmq

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from repl.conftest import Piped, Run

NOBODY: Final = 65534

# A seccomp filter that answers ptrace (x86-64: 101, aarch64: 117) with EPERM to a command and all below it.
NO_PTRACE: Final = """
import ctypes, os, struct, sys
number = {"x86_64": 101, "aarch64": 117}[os.uname().machine]
program = b"".join(struct.pack("=HBBI", *line) for line in [
    (0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)
])
buffer = ctypes.create_string_buffer(program, len(program))
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Program(4, ctypes.addressof(buffer))), 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""

TRANSCRIPT: Final = [
    ("pingall", "Ok: -1"),
    ("create 10", "Ok: PID"),
    ("create 5 10", "Ok: PID"),
    ("create 15 77", "Ok: PID"),
    ("create 3", "Ok: PID"),
    ("create 7", "Ok: PID"),
    ("create 10", "Error: Already exists"),
    ("create -1", "Error: -1 is reserved: pingall says -1 when all nodes are available"),
    ("create 7x", 'Error: "7x" is not an id'),
    ("create", "Error: usage: create ID [PARENT]"),
    ("exes 10 3 1 2 3", "Ok:10: 6"),
    ("exec 7 3 1 2 -3", "Ok:7: 0"),
    ("exec 99 1 1", "Error:99: Not found"),
    ("exec 10 3 1 2", "Error:10: expected 3 numbers, got 2"),
    ("pingall now", "Error: usage: pingall"),
    ("crash 5", "Ok"),
    ("pingall", "Ok: 3;5;7"),
    ("exec 3 1 1", "Error:3: Node is unavailable"),
    ("create 4", "Error: Parent is unavailable"),
    ("create 5", "Error: Already exists"),
    ("why 5", "Ok"),
    ("why 99", "Error:99: Not found"),
    ("why", "Error: usage: why ID"),
    ("tree", "Ok"),
    ("ps", "Ok"),
    ("stop 15", "Ok"),
    ("pingall", "Ok: 3;5;7;15"),
    ("cont 15", "Ok"),
    ("pingall", "Ok: 3;5;7"),
    ("trace 15 on -e trace=network", "Ok"),
    ("exec 15 1 1", "Ok:15: 1"),
    ("trace 15 off", "Ok"),
    ("trace 5 on", "Error:5: Node is unavailable"),
    ("trace 15 on -e trace=nonsense", None),
    ("watch 15 off", "Ok"),
    ("watch 15 on", "Ok"),
    ("watch 15 sideways", 'Error: "sideways" is neither on nor off; usage: watch ID on|off'),
    ("kill 5", "Ok"),
    ("pingall", "Ok: -1"),
    ("kill 10", "Ok"),
    ("tree", "Ok"),
    ("ps", "Ok"),
    ("help", "Ok"),
    ("help trace", "Ok"),
    ("help nonsense", 'Error: unknown command "nonsense"'),
    ("craete 1", 'Error: unknown command "craete"'),
    ("pingall", "Ok: -1"),
]


def without_pid(line: str) -> str:
    """Return the reply to a create with its pid as such."""
    return re.sub(r"^Ok: [1-9][0-9]{1,9}$", "Ok: PID", line)


@pytest.mark.parametrize("options", [(), ("--no-watch",)], ids=["watched", "unwatched"])
def test_a_golden_transcript(run: Run, options: tuple[str, ...]) -> None:
    """One line a command, in their order, to the letter; details are on standard error."""
    commands = "".join(f"{command}\n" for command, _ in TRANSCRIPT).encode()
    lines, errors = run(*options, commands=commands)
    assert len(lines) == len(TRANSCRIPT)
    for (command, expected), line in zip(TRANSCRIPT, lines, strict=True):
        if expected is None:
            assert line.startswith("Error: "), command
        else:
            assert (without_pid(line) if command.startswith("create") else line) == expected, command
    assert re.search(r"node 5 \(pid \d+\) was killed by SIGKILL, by this session \(crash\); ", errors)
    assert "3: orphaned: ancestor 5 is dead" in errors
    assert "15: stopped (SIGSTOP) by this session (stop)" in errors
    assert "└─" in errors
    assert "NODE" in errors
    assert "Did you mean create? help lists the commands." in errors
    assert "\x1b" not in errors


def test_a_death_is_told_at_once(piped: Callable[..., Piped]) -> None:
    """Kill -9 from outside: the notice comes without a command, on standard error."""
    session = piped()
    pids = [int(session.type(f"create {node}").split()[1]) for node in (10, 5, 3)]
    os.kill(pids[1], signal.SIGKILL)
    notice = session.line(2)
    assert notice.startswith(f"node 5 (pid {pids[1]}) was killed by SIGKILL, ")
    assert notice.endswith("; unreachable below it: 3")
    assert session.type("pingall") == "Ok: 3;5"
    assert session.end() == 0


def test_commands_as_an_argument(run: Run) -> None:
    """`-c`: semicolons or newlines between commands; standard input is left alone."""
    lines, _ = run("-c", "create 10; exec 10 2 1 2 ;; pingall\ncrash 10;pingall", commands=b"create 1\n")
    assert [without_pid(line) for line in lines[:1]] == ["Ok: PID"]
    assert lines[1:] == ["Ok:10: 3", "Ok: -1", "Ok", "Ok: 10"]
    assert run("-c", "") == ([], "")
    assert run("-c", "exit; pingall") == ([], "")


def test_commands_from_a_file(run: Run, tmp_path: Path) -> None:
    """`-f`: a regular file, an empty one, a pipe, and one without a last newline."""
    file = tmp_path / "commands; with spaces"
    file.write_bytes(b"create 1\r\n\nexec 1 1 5\nexit\npingall\n")
    lines, _ = run("-f", str(file))
    assert lines[1:] == ["Ok:1: 5"]
    assert run("-f", os.devnull) == ([], "")
    file.write_bytes(b"pingall")
    assert run("--file", str(file)) == (["Ok: -1"], "")
    assert run("-f", "/dev/stdin", commands=b"pingall\n") == (["Ok: -1"], "")


def test_files_that_cannot_be_read(run: Run, tmp_path: Path) -> None:
    """Missing, or a directory: one line with the name, status 1."""
    missing = tmp_path / "none"
    assert run("-f", str(missing), status=1) == ([], f"bstrace: {missing}: No such file or directory\n")
    assert run("-f", str(tmp_path), status=1) == ([], f"bstrace: {tmp_path}: Is a directory\n")


@pytest.mark.parametrize(
    "arguments", [["--nonsense"], ["-c"], ["-c", "x", "-f", "y"], ["word"]], ids=" ".join
)
def test_bad_options(run: Run, arguments: list[str]) -> None:
    """Status 2, usage on standard error, nothing on standard output."""
    lines, errors = run(*arguments, status=2)
    assert lines == []
    assert errors.startswith("usage: bstrace")
    assert "bstrace: error: " in errors


def test_options_that_only_say_something(run: Run) -> None:
    """`--help`, `--version` and `--print-completion` write to standard output and end with 0."""
    lines, errors = run("--help")
    assert lines[0].startswith("usage: bstrace")
    assert any("printf 'create 10\\nexec 10 3 1 2 3\\n' | bstrace" in line for line in lines)
    assert errors == ""
    (line,), errors = run("--version")
    assert re.fullmatch(r"bstrace \d+\.\d+\.\d+", line)
    lines, errors = run("--print-completion", "bash")
    done = subprocess.run(["bash", "-n"], input="\n".join(lines).encode(), capture_output=True, check=True)
    assert done.stderr == b""
    assert any("--session" in line for line in lines)


def events(directory: Path) -> list[dict[str, Any]]:
    """Read a session's log."""
    return [json.loads(line) for line in (directory / "events.jsonl").read_text().splitlines()]


def test_the_log_of_a_session(run: Run, tmp_path: Path) -> None:
    """Commands, replies, deaths, autopsies and verdicts are JSON lines, in their order, with their time."""
    directory = tmp_path / "a" / "session"
    commands = "create 10; create 5; crash 10; pingall; trace 5 on; nonsense \x1b[31m\\; exit"
    lines, errors = run("--session", str(directory), "-c", commands)
    found = events(directory)
    assert all(isinstance(event["time"], float) for event in found)
    assert [each["time"] for each in found] == sorted(each["time"] for each in found)
    assert [each["line"] for each in found if each["event"] == "reply"] == lines
    typed = [each["line"] for each in found if each["event"] == "command"]
    assert typed[:5] == ["create 10", "create 5", "crash 10", "pingall", "trace 5 on"]
    assert typed[5].isprintable()
    (death,) = [each for each in found if each["event"] == "death"]
    assert (death["node"], death["unreachable"], death["status"]) == (10, [5, 10], 9)
    assert [each for each in found if each["event"] == "autopsy"]
    verdicts = {each["node"]: each["kind"] for each in found if each["event"] == "verdict"}
    assert verdicts == {5: "orphaned", 10: "dead"}
    (notice,) = [each["text"] for each in found if each["event"] == "notice"]
    assert notice in errors
    assert (directory / "trace.txt").exists()
    assert directory.stat().st_mode & 0o777 == 0o700
    run("--session", str(directory), "-c", "pingall")  # the same directory again: it goes on
    assert events(directory)[: len(found)] == found
    again = ["session", "command", "pingall", "reply"]
    assert [each["event"] for each in events(directory)[len(found) :]] == again


def test_what_the_log_says_of_the_session_and_its_nodes(run: Run, tmp_path: Path) -> None:
    """Which program on what; who was made below whom; who was removed; what could not be reached."""
    commands = "create 10; create 5; create 7; create 7; kill 5; pingall; crash 10; pingall"
    lines, _ = run("--session", str(tmp_path), "-c", commands)
    first, *others = events(tmp_path)
    system = os.uname()
    assert (first["event"], first["kernel"], first["cpus"]) == ("session", system.release, os.cpu_count())
    assert (first["python"], first["libzmq"]) == (platform.python_version(), zmq.zmq_version())
    assert first["bstrace"] == importlib.metadata.version("bstrace")
    assert first["arguments"] == f"bstrace --session {tmp_path} -c '{commands}'"
    assert 0 < first["controller"] != first["keeper"] > 0
    made = [[each["node"], each["parent"], each["pid"]] for each in others if each["event"] == "created"]
    pids = [int(line.split()[1]) for line in lines[:3]]
    assert made == [[10, None, pids[0]], [5, 10, pids[1]], [7, 5, pids[2]]]
    assert [each["nodes"] for each in others if each["event"] == "removed"] == [[5, 7]]
    assert [each["unreachable"] for each in others if each["event"] == "pingall"] == [[], [10]]


def test_arguments_that_are_no_text_are_logged_as_escapes(run: Run, tmp_path: Path) -> None:
    """And a long command line is cut."""
    run("--session", str(tmp_path), "-c", os.fsdecode(b"\xff\x1b[31m;" + b"pingall;" * 200))
    (first, *_) = events(tmp_path)
    assert first["arguments"].startswith(f"bstrace --session {tmp_path} -c '\\xff\\x1b[31m;pingall;")
    assert len(first["arguments"]) == 1000


def test_the_log_where_nobody_asked_for_one(run: Run, tmp_path: Path) -> None:
    """A directory of its own for each session, below $XDG_STATE_HOME."""
    for _ in range(2):
        run("-c", "pingall", env={"XDG_STATE_HOME": str(tmp_path)})
    assert len(list((tmp_path / "bstrace" / "sessions").iterdir())) == 2


def test_two_sessions_in_one_directory_at_once(run: Run, piped: Callable[..., Piped], tmp_path: Path) -> None:
    """The second says so in one line, status 2; the first goes on."""
    first = piped("--session", str(tmp_path))
    assert first.type("pingall") == "Ok: -1"
    said = f"bstrace: {tmp_path}: another session is writing there\n"
    assert run("--session", str(tmp_path), "-c", "pingall", status=2) == ([], said)
    assert first.type("pingall") == "Ok: -1"
    assert first.end() == 0


def test_session_directories_that_cannot_be_used(run: Run, tmp_path: Path) -> None:
    """Asked for: one line, status 2. By default: one line, and the session goes on without files."""
    file = tmp_path / "file"
    file.touch()
    for path in (file, file / "below", Path("/proc/bstrace")):
        lines, errors = run("--session", str(path), "-c", "pingall", status=2)
        assert lines == []
        assert errors.startswith(f"bstrace: {path}: ")
        assert errors.count("\n") == 1
    lines, errors = run("-c", "create 1; trace 1 on; pingall", env={"XDG_STATE_HOME": str(file)})
    assert lines[1:] == ["Ok", "Ok: -1"]
    assert errors.startswith("bstrace: no session files: ")
    assert errors.count("\n") == 2
    assert "Nothing is kept" in errors


def test_a_full_device_for_the_log(run: Run, tmp_path: Path) -> None:
    """One warning, and every command works."""
    (tmp_path / "events.jsonl").symlink_to("/dev/full")
    lines, errors = run("--session", str(tmp_path), "-c", "create 1; exec 1 1 5; crash 1; pingall")
    assert lines[1:] == ["Ok:1: 5", "Ok", "Ok: 1"]
    assert errors.count("misses events: No space left on device") == 1


@contextlib.contextmanager
def small_disk(directory: Path) -> Iterator[Path]:
    """Mount a file system of 64 KiB; skip where that is not allowed."""
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount a small tmpfs: {done.stderr.strip()}")
    try:
        yield directory
    finally:
        subprocess.run(["umount", str(directory)], check=True)


@pytest.mark.skipif(os.getuid() != 0, reason="only root may mount a small tmpfs")
def test_a_full_disk_for_the_log(piped: Callable[..., Piped], tmp_path: Path) -> None:
    """No half line stays; when there is room again the log says how many events it missed."""
    with small_disk(tmp_path) as directory:
        session = piped("--session", str(directory))
        assert session.type("create 1").startswith("Ok: ")
        ballast = directory / "ballast"
        subprocess.run(["dd", "if=/dev/zero", f"of={ballast}"], capture_output=True, check=False)
        for number in range(200):
            assert session.type(f"exec 1 1 {number}") == f"Ok:1: {number}"
        assert "misses events: No space left on device" in session.error("misses")
        ballast.unlink()
        assert session.type("pingall") == "Ok: -1"
        assert session.end() == 0
        found = events(directory)
        (lost,) = [each for each in found if each["event"] == "lost"]
        assert lost["count"] > 100
        assert found[-1] == {**found[-1], "event": "reply", "line": "Ok: -1"}
        assert session.errors() == ""


def test_no_colour_in_a_pipe(run: Run) -> None:
    """Not in a pipe, whatever the environment says."""
    commands = "create 2; create 1; crash 2; pingall; tree; ps; why 2; nonsense"
    for env in ({"NO_COLOR": "1"}, {"FORCE_COLOR": "1", "TERM": "xterm-256color", "CLICOLOR_FORCE": "1"}):
        lines, errors = run("-c", commands, env=env)
        assert "\x1b" not in errors
        assert not any("\x1b" in line for line in lines)


@pytest.mark.parametrize(
    ("redirection", "status", "said"),
    [
        ("<&-", 1, "bstrace: standard input is closed\n"),
        (">&-", 1, "bstrace: standard output is closed\n"),
        ("> /dev/full", 1, ": No space left on device\n"),
        ("< /dev/null", 0, ""),
    ],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_standard_streams_that_do_not_work(
    bstrace: str, redirection: str, status: int, said: str, unbuffered: str
) -> None:
    """One line that says what is wrong, no traceback; nothing is written before the reply."""
    done = subprocess.run(
        ["sh", "-c", f'echo pingall | "$1" {redirection}', "sh", bstrace],
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == status
    assert done.stderr.decode().endswith(said)
    assert done.stderr.count(b"\n") == said.count("\n")
    assert done.stderr.startswith(b"bstrace: ") or not said
    assert b"Error" not in done.stdout


@pytest.mark.parametrize("redirection", ["2>&-", "2> /dev/full", "<&-", "<&- 2>&-"])
def test_streams_that_are_not_needed(bstrace: str, redirection: str) -> None:
    """With -c, standard input may be closed; where standard error is no use, details are lost and no more."""
    commands = "create 2; create 1; crash 2; pingall; help; exec 2 1 1"
    done = subprocess.run(
        ["sh", "-c", f'"$1" -c "$2" {redirection}', "sh", bstrace, commands],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.decode().splitlines()[2:] == ["Ok", "Ok: 1;2", "Ok", "Error:2: Node is unavailable"]


def test_nobody_reads_the_replies(bstrace: str) -> None:
    """As with ``| head -1``: status 141 and one line."""
    script = '(yes pingall | head -2000 | "$1"; echo "status $?" >&2) | head -1'
    done = subprocess.run(
        ["bash", "-c", script, "bash", bstrace], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stdout == "Ok: -1\n"
    assert done.stderr == "bstrace: nobody reads standard output any more\nstatus 141\n"


@pytest.mark.parametrize(
    ("number", "status", "beginning"),
    [
        (signal.SIGTERM, 143, b""),
        (signal.SIGTERM, 143, b"exec 1 5 1 2"),
        (signal.SIGTERM, 143, b"exec 2 1 1\n"),
        (signal.SIGHUP, 129, b""),
        (signal.SIGINT, 130, b"exec 1 5 1 2"),
        (signal.SIGINT, 130, b"exec 2 1 1\n"),
    ],
    ids=str,
)
def test_signals(piped: Callable[..., Piped], number: int, status: int, beginning: bytes) -> None:
    """Each ends the session with its status, and no word, whatever it waits for."""
    session = piped()
    session.type("create 1")
    pid = int(session.type("create 2").split()[1])
    if beginning.endswith(b"\n"):
        session.type("watch 2 off")
        os.kill(pid, signal.SIGSTOP)
    session.send(beginning)
    os.kill(session.pid, number)
    assert session.process.wait(10) == status
    errors = session.errors()
    assert "Traceback" not in errors
    assert not [line for line in errors.splitlines() if not line.startswith("node 2 (pid")]


@pytest.mark.parametrize("last", ["exit\n", ""], ids=["exit", "end of input"])
def test_the_end_with_a_stopped_node(piped: Callable[..., Piped], last: str) -> None:
    """A node that was stopped does not hold up the end."""
    session = piped()
    session.type("create 2")
    session.type("create 1")
    session.type("stop 2")
    session.send(last.encode())
    assert session.end(5) == 0


def nobody() -> tuple[str, ...]:
    """Return a command in front that drops to another user, which may read what root may, and no more."""
    if os.getuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can become another user, with setpriv")
    drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    start = [*drop, "sh", "-c", '"$1" -c ""', "sh", sys.executable]
    if subprocess.run(start, capture_output=True, check=False).returncode:
        drop += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]  # it is in a home
    return tuple(drop)


@pytest.mark.parametrize("home", ["/nonexistent", "/proc"])
def test_another_user_without_a_home(run: Run, home: str) -> None:
    """Not root, nowhere to write: one line says so, and everything else works; the sender is unknown."""
    command = (
        "create 20; create 10; create 30; exec 10 2 1 2; trace 30 on; exec 30 1 1; trace 30 off; stop 30; "
        "cont 30; crash 20; pingall; why 20; tree; ps; kill 20; pingall"
    )
    env = {"HOME": home, "XDG_STATE_HOME": "", "XDG_RUNTIME_DIR": "/run/user/0"}
    lines, errors = run("-c", command, before=nobody(), env=env, cwd="/")
    expected = "Ok:10: 3|Ok|Ok:30: 1|Ok|Ok|Ok|Ok|Ok: 10;20;30|Ok|Ok|Ok|Ok|Ok: -1"
    assert lines[3:] == expected.split("|")
    assert errors.startswith("bstrace: no session files: ")
    assert "threads:" in errors  # the autopsy: ptrace of one's own nodes needs no privilege
    assert f"uid {NOBODY}" in errors
    assert "refuses" not in errors


def test_another_user_may_not_kill_a_node(piped: Callable[..., Piped]) -> None:
    """And it is no news when one tries."""
    somebody_else = nobody()
    session = piped()
    pid = int(session.type("create 1").split()[1])
    command = [*somebody_else, "sh", "-c", f"kill -9 {pid}"]
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0  # it may not
    assert session.type("pingall") == "Ok: -1"
    assert session.end() == 0
    assert session.errors() == ""


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_bstrace_that_strace_traces(run: Run) -> None:
    """Strace -f has every node already: one line says so, and all else works, deaths included."""
    before = ("strace", "-f", "-o", os.devnull)
    lines, errors = run("-c", "create 2; create 1; exec 1 1 7; crash 2; pingall", before=before)
    assert lines[2:] == ["Ok:1: 7", "Ok", "Ok: 1;2"]
    assert errors.count("is traced by strace (pid ") == 1
    assert re.search(r"node 2 \(pid \d+\) (was killed by SIGKILL, by this session \(crash\)|is dead)", errors)


@pytest.mark.skipif(os.uname().machine not in {"x86_64", "aarch64"}, reason="no ptrace number for the filter")
def test_where_ptrace_is_forbidden(run: Run) -> None:
    """EPERM for bstrace and all below it: one line, and the same replies."""
    before = (sys.executable, "-c", NO_PTRACE)
    commands = "create 2; create 1; create 3; stop 3; pingall; cont 3; crash 2; pingall; trace 1 on; ps"
    lines, errors = run("-c", commands, before=before)
    assert lines[3:6] == ["Ok", "Ok: 3", "Ok"]
    assert lines[6:8] == ["Ok", "Ok: 1;2;3"]
    assert lines[8].startswith("Error:1: the kernel refuses to trace process ")
    assert errors.count("following it by pidfd and /proc") == 1
    assert "was killed by SIGKILL, by this session (crash); unreachable below it: 1;3" in errors


def test_two_side_by_side(piped: Callable[..., Piped]) -> None:
    """The same ids, other processes; the end of one is none of the other's business."""
    first, second = piped(), piped()
    pids = {int(session.type(f"create {node}").split()[1]) for session in (first, second) for node in (2, 1)}
    assert len(pids) == 4
    first.type("crash 2")
    assert first.type("pingall") == "Ok: 1;2"
    assert second.type("pingall") == "Ok: -1"
    os.kill(first.pid, signal.SIGTERM)
    assert first.process.wait(10) == 143
    assert second.type("exec 1 2 1 1") == "Ok:1: 2"
    assert second.end() == 0
    assert second.errors() == ""


def test_hostile_input(run: Run, tmp_path: Path) -> None:
    """10 MB lines, invalid UTF-8, NULs and escape sequences: one printable line each, the next works."""
    bad = [
        b"x" * 10_000_000,
        b"why " + b"9" * 10_000_000,
        b"\xff\xfe\x80",
        b"why \xff",
        b"trace 1 on -e trace=\xff\x1b]0;title\x07",
        b"watch 1 \x1b[2J",
        b"help \x1b[31m\x00",
        b"\x1b[31mcreate 5",
        b"create 5\0",
        b"\xe2\x80\xae create",
    ]
    commands = b"create 1\n" + b"".join(line + b"\npingall\n" for line in bad)
    lines, errors = run("--session", str(tmp_path), commands=commands)
    assert lines[2::2] == ["Ok: -1"] * len(bad)
    assert all(line.startswith("Error: ") for line in lines[1::2])
    assert all(line.isprintable() and len(line) < 300 for line in lines)
    assert all(character.isprintable() or character == "\n" for character in errors)
    assert "internal" not in errors + "".join(lines)
    kinds = Counter(each["event"] for each in events(tmp_path))
    assert kinds["command"] == kinds["reply"] == len(lines)
    assert "\x1b" not in (tmp_path / "events.jsonl").read_text()


def test_bad_bytes_in_arguments(run: Run, tmp_path: Path) -> None:
    """Words of the command line that are no text are shown as escapes."""
    lines, _ = run("-c", os.fsdecode(b"create \xff; pingall"))
    assert lines == ['Error: "\\xff" is not an id', "Ok: -1"]
    name = os.fsdecode(bytes(tmp_path) + b"/\xff\x1b[31m")
    lines, errors = run("-f", name, status=1)
    assert lines == []
    assert errors.count("\n") == 1
    assert "\x1b" not in errors


def test_it_does_not_matter_where_it_is_started(run: Run, tmp_path: Path) -> None:
    """A folder called inspect in the working directory is not in its way."""
    (tmp_path / "inspect").mkdir()
    (tmp_path / "inspect" / "__init__.py").write_text("raise RuntimeError\n")
    lines, errors = run("-c", "create 1; trace 1 on; exec 1 1 1; crash 1; pingall", cwd=tmp_path)
    assert lines[1:] == ["Ok", "Ok:1: 1", "Ok", "Ok: 1"]
    assert "RuntimeError" not in errors
