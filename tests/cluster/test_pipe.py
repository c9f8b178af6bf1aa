"""``python -m bstcluster`` in a pipe: what a program that drives it sees, to the letter."""

from __future__ import annotations

import itertools
import os
import re
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

COMMAND: Final = [sys.executable, "-m", "bstcluster"]


def run(commands: bytes, expected_status: int = 0) -> tuple[list[str], str]:
    """Run `commands`; return the lines of standard output and all of standard error."""
    done = subprocess.run(COMMAND, input=commands, capture_output=True, timeout=60, check=False)
    assert done.returncode == expected_status, done.stderr.decode()
    assert done.stdout.endswith(b"\n") or not done.stdout
    return done.stdout.decode().splitlines(), done.stderr.decode()


def without_pid(line: str) -> str:
    """Return the reply to a create with its pid as such."""
    return re.sub(r"^Ok: [1-9][0-9]{1,9}$", "Ok: PID", line)


@pytest.fixture
def session() -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Return a function that starts a session whose pipes the test holds."""
    begun = []

    def begin() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        with process:  # the end of its input ends it in order: it reaps what it has started
            pass


def say(process: subprocess.Popen[bytes], line: bytes) -> str:
    """Send one line and return the reply to it."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line + b"\n")
    process.stdin.flush()
    assert select.select([process.stdout], [], [], 30)[0], "no reply"
    return process.stdout.readline().decode()


def test_the_assignment() -> None:
    """A golden transcript: every command and every error of the assignment's text."""
    script = [
        ("pingall", "Ok: -1"),
        ("create 10", "Ok: PID"),
        ("create 5 10", "Ok: PID"),
        ("create 15 77", "Ok: PID"),
        ("create 3", "Ok: PID"),
        ("create 7", "Ok: PID"),
        ("create 12 -1", "Ok: PID"),
        ("create 10", "Error: Already exists"),
        ("create -1", "Error: -1 is reserved: pingall says -1 when all nodes are available"),
        ("create 7x", 'Error: "7x" is not an id'),
        ("exes 10 3 1 2 3", "Ok:10: 6"),
        ("exec 10 3 1 2 3", "Ok:10: 6"),
        ("exec 12 1 -5", "Ok:12: -5"),
        ("exec 3 2 9223372036854775807 1", "Ok:3: 9223372036854775808"),
        ("exec 99 1 1", "Error:99: Not found"),
        ("exec 10 0", 'Error: "0" is not a count from 1 to 1000000000'),
        ("exec 10 3 1 2", "Error:10: expected 3 numbers, got 2"),
        ("exec 10 1 1 2", "Error:10: expected 1 numbers, got 2"),
        ("exec 10 2 5 abc", 'Error:10: "abc" is not an integer'),
        ("exec 10 1 1_000", 'Error:10: "1_000" is not an integer'),
        ("exec 1.5 1 1", 'Error: "1.5" is not an id'),
        ("pingall", "Ok: -1"),
        ("crash 5", "Ok"),
        ("pingall", "Ok: 3;5;7"),
        ("exec 5 1 1", "Error:5: Node is unavailable"),
        ("exec 3 1 abc", "Error:3: Node is unavailable"),
        ("exec 12 1 1", "Ok:12: 1"),
        ("create 5", "Error: Already exists"),
        ("create 4", "Error: Parent is unavailable"),
        ("create 20", "Ok: PID"),
        ("kill -9 12", "Ok"),
        ("crash 12", "Error:12: Node is unavailable"),
        ("pingall", "Ok: 3;5;7;12"),
        ("kill 5", "Ok"),
        ("pingall", "Ok: 12"),
        ("exec 3 1 1", "Error:3: Not found"),
        ("create 5", "Ok: PID"),
        ("stop 15", "Ok"),
        ("pingall", "Ok: 12;15;20"),
        ("stop 20", "Error:20: Node is unavailable"),
        ("cont 15", "Ok"),
        ("pingall", "Ok: 12"),
        ("exec 20 2 20 20", "Ok:20: 40"),
        ("kill 10", "Ok"),
        ("pingall", "Ok: -1"),
        ("kill 10", "Error:10: Not found"),
        ("create 1", "Ok: PID"),
        ("tree", "Ok"),
        ("help", "Ok"),
        ("nonsense", 'Error: unknown command "nonsense"'),
        ("exec 1 1 1", "Ok:1: 1"),
    ]
    lines, errors = run("".join(f"{command}\n" for command, _ in script).encode())
    assert len(lines) == len(script)
    for (command, expected), line in zip(script, lines, strict=True):
        assert (without_pid(line) if command.startswith("create") else line) == expected, command
    assert "1  pid" in errors  # the tree
    assert "help lists the commands." in errors


def test_blank_lines_and_exit() -> None:
    """They have no reply, and nothing after `exit` is run."""
    lines, errors = run(b"\n  \n\t\r\ncreate 1\r\n\nexec 1 1 7\nexit\npingall\n")
    assert [without_pid(line) for line in lines] == ["Ok: PID", "Ok:1: 7"]
    assert errors == ""


@pytest.mark.parametrize("commands", [b"", b"\n", b"exit", b" exit now\npingall", b"\n\n   "])
def test_nothing_to_say(commands: bytes) -> None:
    """No commands, no replies, status 0."""
    assert run(commands) == ([], "")


def test_the_end_in_the_middle_of_a_line() -> None:
    """A last line without its newline is a line."""
    assert run(b"pingall\npingall") == (["Ok: -1", "Ok: -1"], "")
    lines, _ = run(b"create 1\nexec 1 2 5 5")
    assert lines[1] == "Ok:1: 10"


def test_a_bad_line_never_eats_the_next() -> None:
    """Long or short, wrong in its head or in its numbers."""
    long = b" 1" * 200_000
    bad = [
        b"exec 1 3 1",
        b"exec 1 1 x" + long,
        b"exec 1 200001" + long,
        b"exec x 5" + long,
        b"exec 2 5" + long,
        b"exec 1 0" + long,
        b"nonsense" + long,
        b"create 5" + long,
        b"x" * 200_000,
    ]
    lines, _ = run(b"create 1\n" + b"".join(line + b"\npingall\n" for line in bad))
    assert lines[2::2] == ["Ok: -1"] * len(bad)
    assert lines[1::2] == [
        "Error:1: expected 3 numbers, got 1",
        'Error:1: "x" is not an integer',
        "Error:1: expected 200001 numbers, got 200000",
        'Error: "x" is not an id',
        "Error:2: Not found",
        'Error: "0" is not a count from 1 to 1000000000',
        'Error: unknown command "nonsense"',
        "Error: the line is too long",
        f'Error: unknown command "{"x" * 40}..."',
    ]


def test_bytes_that_are_no_text() -> None:
    """Invalid UTF-8, NUL bytes and escape sequences are one printable line of error each."""
    lines, _ = run(b"\xff\xfe\ncreate \xd9\xa1\ncreate 1\0\nexec \x1b[31m 1 1\n\0\npingall\n")
    assert lines == [
        'Error: unknown command "\\xff\\xfe"',
        'Error: "\N{ARABIC-INDIC DIGIT ONE}" is not an id',
        'Error: "1\\x00" is not an id',
        'Error: "\\x1b[31m" is not an id',
        'Error: unknown command "\\x00"',
        "Ok: -1",
    ]


def test_ten_megabytes_in_a_line() -> None:
    """An exec of 10 MB is added up; any other line of 10 MB is one error."""
    numbers = b" 1234" * 2_000_000
    lines, _ = run(b"create 1\nexec 1 2000000" + numbers + b"\ncreate 2" + numbers + b"\npingall\n")
    assert lines[1:] == ["Ok:1: 2468000000", "Error: the line is too long", "Ok: -1"]


def test_a_number_of_ten_megabytes() -> None:
    """It is refused, not held."""
    lines, _ = run(b"create 1\nexec 1 1 " + b"9" * 10_000_000 + b"\npingall\n")
    assert lines[1:] == [f'Error:1: "{"9" * 40}..." has more than 4300 digits', "Ok: -1"]


def test_sums_beyond_what_python_prints() -> None:
    """Ten numbers of 4300 digits have a sum of 4301, and it is printed."""
    nines = b"9" * 4300
    lines, _ = run(b"create 1\nexec 1 10 " + b" ".join([nines] * 10) + b"\n")
    assert lines[1] == "Ok:1: 9" + "9" * 4299 + "0"


def test_each_reply_comes_at_once(session: Callable[[], subprocess.Popen[bytes]]) -> None:
    """A program may read the reply to one command before it writes the next."""
    process = session()
    assert say(process, b"create 1").startswith("Ok: ")
    for i in range(50):
        assert say(process, b"exec 1 2 1 %d" % i) == f"Ok:1: {i + 1}\n"
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(10) == 0


def test_nobody_reads_the_replies(session: Callable[[], subprocess.Popen[bytes]]) -> None:
    """As with ``| head -1``: the session ends with status 141 and says why in one line."""
    process = session()
    say(process, b"create 1")
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stdin.write(b"pingall\n" * 10)
    process.stdin.flush()
    assert process.wait(10) == 141
    assert process.stderr.read() == b"bstrace: nobody reads standard output any more\n"
    process.stdin.close()


def test_ctrl_c_in_a_pipe(session: Callable[[], subprocess.Popen[bytes]]) -> None:
    """Status 130, and no traceback; while it waits for a line, and while it waits for numbers."""
    for beginning in (b"", b"exec 1 5 1 2 3"):
        process = session()
        say(process, b"create 1")
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(beginning)
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert process.stderr.read() == b""


@pytest.mark.parametrize(
    ("redirection", "said"),
    [
        ("<&-", "standard input is closed"),
        (">&-", "standard output is closed"),
        ("> /dev/full", "No space left on device"),
    ],
)
def test_standard_streams_that_do_not_work(redirection: str, said: str) -> None:
    """One line that says what is wrong, no traceback, no status of success."""
    done = subprocess.run(
        ["sh", "-c", f'echo pingall | "$@" {redirection}', "sh", *COMMAND],
        capture_output=True,
        timeout=30,
        check=False,
    )
    errors = done.stderr.decode()
    assert said in errors
    assert errors.startswith("bstrace: ")
    assert errors.count("\n") == 1
    assert done.returncode not in (0, 141)


def test_standard_error_that_does_not_work() -> None:
    """Details are lost then, and nothing else is."""
    done = subprocess.run(
        ["sh", "-c", 'printf "help\\npingall\\n" | "$@" 2>&-', "sh", *COMMAND],
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"Ok\nOk: -1\n")


def peak_memory(pid: int) -> int:
    """Return the most memory a process ever had, in kB."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1])


def test_numbers_are_never_held_all(session: Callable[[], subprocess.Popen[bytes]]) -> None:
    """2·10^6 numbers, 38 MB of text, take hardly more memory than three, here and in the node."""

    def feed(process: subprocess.Popen[bytes], pieces: Iterable[bytes]) -> None:
        assert process.stdin is not None
        for piece in pieces:
            process.stdin.write(piece)

    process = session()
    node = int(say(process, b"create 1").split()[1])
    assert say(process, b"exec 1 3 1 2 3") == "Ok:1: 6\n"
    before = peak_memory(process.pid), peak_memory(node)
    feed(process, [b"exec 1 2000000", *itertools.repeat(b" 123456789012345678" * 1000, 2000)])
    assert say(process, b"") == f"Ok:1: {123456789012345678 * 2_000_000}\n"
    after = peak_memory(process.pid), peak_memory(node)
    assert after[0] - before[0] < 8000
    assert after[1] - before[1] < 8000


def test_it_does_not_matter_where_it_is_started(tmp_path: Path) -> None:
    """A folder called inspect, in which Python would look first, is not in its way."""
    (tmp_path / "inspect").mkdir()
    (tmp_path / "inspect" / "__init__.py").write_text("raise RuntimeError\n")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "bstcluster"],
        input=b"create 1\nexec 1 1 1\n",
        capture_output=True,
        cwd=tmp_path,
        timeout=30,
        check=False,
        env={**os.environ, "PYTHONINTMAXSTRDIGITS": "640"},
    )
    assert done.stdout.splitlines()[1] == b"Ok:1: 1", done.stderr.decode()
