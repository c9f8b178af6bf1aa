"""Record once, replay in any manner: the text is the one that the trace itself would have written."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bstinspect.capture.file import CaptureWriter, capture_start
from bstinspect.errors import NotSupportedError, UsageError
from bstinspect.records import (
    Attached,
    Exited,
    GroupStop,
    OpenFile,
    Record,
    Stack,
    SyscallEntry,
    SyscallExit,
    Tracing,
)
from bstinspect.trace.options import parse, parse_replay

from .conftest import COMMAND, TIMEOUT, Done

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Orphanage, Process, Trace, Waiter

BSTRACE: Final = COMMAND[0]
ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
SCRIPT: Final = """
cat /nowhere
cat /etc/hostname
trap : USR1
kill -USR1 $$
sh -c 'kill -KILL $$'
exit 5
"""
ARGUMENTS: Final = (7, 0, 0, 0, 0, 0)


class Replay(Protocol):
    """The fixture `replay`."""

    def __call__(self, *words: str, **options: Any) -> Done:
        """Run `bstrace replay` with these words; `out` is what it writes."""


@pytest.fixture
def replay() -> Replay:
    """Return what replays a capture."""

    def run(*words: str, **options: Any) -> Done:
        given = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE} | options
        line = [BSTRACE, "replay", *words]
        done: Any = subprocess.run(line, stderr=subprocess.PIPE, timeout=TIMEOUT, check=False, **given)
        out, err = ((data or b"").decode(errors="surrogateescape") for data in (done.stdout, done.stderr))
        assert "Traceback" not in err, err
        return Done(done.returncode, out, err, "")

    return run


@pytest.fixture
def capture(tmp_path: Path) -> str:
    """Return where a capture may be."""
    return str(tmp_path / "capture")


def told(text: str) -> str:
    """Return text without what is another in each run: pids, addresses, times, random bytes."""
    text = re.sub(r"(st_[acm]time\w*)=[^,}]*", r"\1=T", text)
    text = re.sub(r"0x[0-9a-f]{6,}", "ADDRESS", text)
    text = re.sub(r" +", " ", re.sub(r"\b\d{3,10}\b", "N", text))
    text = re.sub(r'(?<=getrandom\()".*?"', "RANDOM", text)
    return re.sub(r"<\d+\.\d+>", "<T>", text)


def make(path: str, *made: Record, recorder: str = "trace", options: tuple[str, ...] = ("f",)) -> None:
    """Write a capture by hand."""
    writer = CaptureWriter(path, 0, capture_start(recorder, 32, options))
    for record in made:
        writer.append(record)
    writer.close()


def call(tid: int, number: int = 3, when: int = 10) -> tuple[SyscallEntry, SyscallExit]:
    """Return the records of a close(7)."""
    entry = SyscallEntry(when, tid, tid, number, ARGUMENTS)
    return entry, SyscallExit(when + 1, tid, tid, 0, is_error=False)


@pytest.mark.parametrize(
    "options",
    [
        "", "-f", "-f -tt -T -n -i", "-f -r -ttt", "-e trace=openat,read", "-f -e trace=!%memory", "-v -x",
        "-s 3 -xx", "-e signal=none -Z", "-f -e status=failed,unfinished", "-f -yy -Y", "-e errno=ENOENT",
        "-f --json", "-c -f", "-C -S calls", "-X verbose -e raw=openat", "-e read=3", "-a 1 -e verbose=none",
        "--last 3 --last-on error", "-f -q -e duration=1ms", "-k -e trace=%process", "-f -e abbrev=none",
    ],
)  # fmt: skip
def test_the_text_is_that_of_the_trace(trace: Trace, replay: Replay, capture: str, options: str) -> None:
    """Of one run: what was written beside the capture and what is made of it are the same, byte for byte."""
    words = options.split()
    traced = trace(*words, "--record", capture, "sh", "-c", SCRIPT, env=ENVIRONMENT)
    assert traced.status == 5
    assert traced.lines
    text = f"{capture}.txt"
    replayed = replay(capture, *words, "-o", text)
    assert (replayed.status, replayed.out, replayed.err) == (0, "", "")
    assert Path(text).read_bytes().decode(errors="surrogateescape") == traced.text


def test_one_capture_many_texts(trace: Trace, replay: Replay, capture: str) -> None:
    """What was recorded once, with all that can be, gives the text of any trace of the same program."""
    command = ("cat", "/nowhere", "/etc/hostname")
    recorded = trace("-f", "-yy", "-Y", "-v", "--record", capture, *command, file=False, env=ENVIRONMENT)
    assert recorded.status == 1
    assert re.fullmatch(
        rf"bstrace: Wrote {capture} \(.*\); next: bstrace replay {capture}", recorded.err.splitlines()[-1]
    )
    for options in (
        "-f",
        "-f -v",
        "-f -y",
        "-f -s 200",
        "-f -e trace=openat,write",
        "-f -z -e abbrev=none",
        "-f -T",
    ):
        traced = trace(*options.split(), *command, env=ENVIRONMENT)
        text = f"{capture}.txt"
        assert replay(capture, *options.split(), "-o", text).err == ""
        assert told(Path(text).read_text()) == told(traced.text), options


def test_files_a_thread(trace: Trace, replay: Replay, capture: str, tmp_path: Path) -> None:
    """-ff -o at the replay: a file for each thread, as the trace would have made."""
    trace("-f", "--record", capture, "sh", "-c", "true; sh -c :; :", file=False)
    assert replay("-ff", "-o", str(tmp_path / "thread"), capture).status == 0
    files = sorted(tmp_path.glob("thread.*"))
    assert len(files) >= 2
    for each in files:
        assert each.read_text().splitlines()[-1] == "+++ exited with 0 +++"


def test_a_capture_is_not_overwritten(trace: Trace, capture: str) -> None:
    """But with --force."""
    Path(capture).write_text("dear")
    refused = trace("--record", capture, "true", file=False)
    assert (refused.status, refused.err) == (
        1,
        f"bstrace: '{capture}' is there already: --force overwrites it\n",
    )
    assert Path(capture).read_text() == "dear"
    forced = trace("--record", capture, "--force", "-q", "true", file=False)
    assert (forced.status, forced.err) == (0, "")
    assert Path(capture).read_bytes().startswith(b"BSTRACE\n")


def test_a_capture_is_for_its_owner(trace: Trace, capture: str) -> None:
    """It holds what the program read and wrote."""
    trace("--record", capture, "true", file=False)
    assert Path(capture).stat().st_mode & 0o777 == 0o600


def test_nothing_recorded_leaves_nothing(trace: Trace, capture: str) -> None:
    """Where nobody could be attached to there is no capture, and no word of one."""
    done = trace("--record", capture, "-p", "4194303", file=False)
    assert done.status == 1
    assert done.err.count("\n") == 1
    assert not Path(capture).exists()


def test_a_killed_tracer_leaves_a_capture(
    started: Callable[..., Process], wait: Waiter, replay: Replay, capture: str, orphanage: Orphanage
) -> None:
    """SIGKILL in the middle: all that was recorded until then can be shown."""
    loop = "while :; do read line < /etc/hostname; done"
    tracer = started(*COMMAND, "--record", capture, "sh", "-c", loop)
    wait.until(
        lambda: Path(capture).exists() and Path(capture).stat().st_size > 200_000, "nothing is recorded"
    )
    children = Path(f"/proc/{tracer.pid}/task/{tracer.pid}/children").read_text().split()
    tracer.kill()
    tracer.wait()
    for child in children:
        os.kill(int(child), signal.SIGKILL)
    assert orphanage.gone(map(int, children), TIMEOUT) == []
    shown = replay(capture, "-e", "trace=openat")
    assert shown.status == 0
    assert shown.out.count('"/etc/hostname"') > 10
    assert re.fullmatch(
        r"(bstrace: .* ends within a record, at byte \d+; all before it is shown\n)?", shown.err
    )


def test_a_full_disk_is_said_once(trace: Trace) -> None:
    """The command goes on; the line says why there is less."""
    done = trace("--record", "/dev/full", "--force", "echo", "on", file=False)
    assert (done.status, done.out) == (0, "on\n")
    assert (
        done.err == "bstrace: /dev/full: No space left on device: the trace goes on, the capture has a gap\n"
    )


def test_a_cut_and_a_damaged_capture(replay: Replay, capture: str) -> None:
    """What is whole is shown in both; a cut end is no failure, damage is one."""
    make(capture, *call(5), *call(5))
    whole = Path(capture).read_bytes()
    assert replay(capture).out.count("close(7") == 2
    Path(capture).write_bytes(whole[:-1])
    cut = replay(capture)
    assert (cut.status, cut.out.count("close(7")) == (0, 2)
    assert re.fullmatch(
        r"bstrace: .*capture ends within a record, at byte \d+; all before it is shown\n", cut.err
    )
    Path(capture).write_bytes(whole + b"\xff\xff\xff\xff")
    damaged = replay(capture)
    assert (damaged.status, damaged.out.count("close(7)  ")) == (1, 2)
    assert damaged.err == (
        f"bstrace: {capture} is damaged at byte {len(whole)}: a record of 4294967295 bytes; "
        "all before it is shown\n"
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty, or cut before its first record"),
        (b"BSTR", "is empty, or cut before its first record"),
        (b"#!/bin/sh\n", "is no bstrace capture"),
    ],
)
def test_no_capture(replay: Replay, capture: str, content: bytes, words: str) -> None:
    """One line, exit status 2."""
    Path(capture).write_bytes(content)
    done = replay(capture)
    assert (done.status, done.out, done.err) == (2, "", f"bstrace: {capture} {words}\n")


def test_a_newer_version(replay: Replay, capture: str) -> None:
    """One line, exit status 2."""
    start = msgspec.structs.replace(capture_start(), version=99)
    CaptureWriter(capture, 0, start).close()
    done = replay(capture)
    assert (done.status, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert "a newer bstrace, in version 99" in done.err


def test_standard_input(replay: Replay, capture: str) -> None:
    """- is standard input, which may be a pipe."""
    make(capture, *call(5))
    done = replay("-", stdin=None, input=Path(capture).read_bytes())
    assert (done.status, done.err) == (0, "")
    assert done.out == "close(7)                                = 0\n"


def test_a_session_directory(replay: Replay, tmp_path: Path) -> None:
    """Its capture is shown: the processes that were traced, not those that were only watched."""
    make(
        str(tmp_path / "capture.bst"),
        Tracing(1, 5, on=True),
        *call(5),
        GroupStop(12, 9, 9, 19),
        recorder="session",
        options=(),
    )
    assert replay(str(tmp_path)).out.splitlines() == ["[pid     5] close(7)                    = 0"]
    done = replay(str(tmp_path), "-y", "-c")
    assert done.status == 0
    assert re.search(r"\s1\s+close\n", done.out)
    assert done.err == (
        "bstrace: -y/--decode-fds has no effect with -c/--summary-only\n"
        "bstrace: -y/--decode-fds has no effect: that was not recorded\n"
        "bstrace: system times were not recorded: the summary counts as -w does\n"
    )


def test_what_was_not_asked_for_is_left_out(replay: Replay, capture: str) -> None:
    """Stacks without -k, names without -Y, calls that -e trace= leaves out with their stacks."""
    named = Attached(1, 5, 5, followed=False, name=b"me")
    frames = (b"there", b"here")
    made = (
        named,
        *call(5),
        Stack(12, 5, 5, frames),
        *call(5, number=39),
        Stack(13, 5, 5, frames),
        Exited(14, 5, 5, 0),
    )
    make(capture, *made, options=("f", "k", "Y"))
    assert "there" not in replay(capture).out
    assert replay(capture, "-k").out.count(" > there\n > here\n") == 2
    assert replay(capture, "-k", "-e", "trace=close").out.count(" > there\n") == 1
    text = f"{capture}.txt"
    replay(capture, "-o", text)
    assert "<me>" not in Path(text).read_text()
    replay(capture, "-Y", "-o", text)
    assert Path(text).read_text().startswith("5<me> close(7")


def test_strings_are_as_long_as_recorded(trace: Trace, replay: Replay, capture: str) -> None:
    """A longer -s says so, and shows what there is."""
    trace("--record", capture, "-s", "20", "echo", "x" * 300, file=False)
    done = replay(capture, "-s", "250", "-e", "trace=write")
    assert done.err == "bstrace: -s 250: only 20 bytes of a string were recorded\n"
    assert f'write(1, "{"x" * 20}"..., 301)' in done.out


def test_long_strings_stay_within_a_record(trace: Trace, replay: Replay, capture: str) -> None:
    """However long -s is: what is recorded can be read again."""
    command = ("dd", "if=/dev/zero", "of=/dev/null", "bs=20M", "count=1", "status=none")
    done = trace("--record", capture, "-s", "100000000", *command, file=False)
    assert done.err.startswith("bstrace: -s 100000000: a capture has 1048576 bytes at most\n")
    shown = replay(capture, "-e", "trace=write")
    assert (shown.status, shown.err) == (0, "")
    assert shown.out.splitlines()[-2].endswith('"..., 20971520) = 20971520')


def test_escape_sequences_stay_within_the_file(replay: Replay, capture: str) -> None:
    """Text in a capture that somebody sent does nothing to the terminal."""
    evil = OpenFile(7, b"socket:[1]", "TCP:[\x1b[2J\x9b]", "", "TCP")
    entry, leave = call(5)
    make(capture, msgspec.structs.replace(entry, descriptors=(evil,)), leave, options=("y", "yy"))
    assert replay(capture, "-yy").out.startswith("close(7<TCP:[\\x1b[2J\\x9b]>)")


def test_a_closed_pipe_ends_it_as_any_filter(replay: Replay, capture: str) -> None:
    """By SIGPIPE, without a word."""
    make(capture, *(record for _ in range(2000) for record in call(5)))
    reading, writing = os.pipe()
    os.close(reading)
    done = replay(capture, stdout=writing)
    os.close(writing)
    assert (done.status, done.err) == (-signal.SIGPIPE, "")


@pytest.mark.parametrize("words", [("-o", "/dev/full"), ()])
def test_a_full_output_fails(replay: Replay, capture: str, words: tuple[str, ...]) -> None:
    """One line, exit status 1."""
    make(capture, *call(5))
    with Path("/dev/full").open("wb") as full:
        done = replay(capture, *words, stdout=full)
    assert done.status == 1
    assert re.fullmatch(r"bstrace: (/dev/full|standard output): No space left on device\n", done.err)


BAR: Final = """
import sys
from bstinspect.trace import progress, replay
progress._PATIENCE_NS = int(sys.argv[1])
sys.exit(replay.main(sys.argv[2:]))
"""


@pytest.mark.parametrize(("patience", "shown"), [(0, True), (10**18, False)])
def test_a_bar_where_it_takes_long(capture: str, patience: int, shown: bool) -> None:  # noqa: FBT001
    """On a terminal that the text does not go to; a short replay says nothing there."""
    make(capture, *(record for _ in range(3000) for record in call(5)))
    ours, theirs = pty.openpty()
    line = [sys.executable, "-P", "-c", BAR, str(patience), capture, "-o", f"{capture}.txt"]
    done = subprocess.run(line, stdin=subprocess.DEVNULL, stderr=theirs, check=False, timeout=TIMEOUT)
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):  # EIO: nobody is left to write
        while chunk := os.read(ours, 4096):
            said += chunk
    os.close(ours)
    assert done.returncode == 0
    assert (b"replay" in said) == shown
    assert bool(said) == shown


LIVE: Final = (
    "-p 1", "-E A=1", "-u root", "-D", "--daemonize", "-e inject=all:error=EIO", "-e fault=all",
    "--seccomp-bpf", "-b execve", "-I 1", "--node 3", "--session x", "--record y", "--force", "-P /x",
    "--trace-fds=3", "-e trace-fds=3", "--inject=all:error=EIO", "--fault=all", "--no-colocate", "--attach=1",
)  # fmt: skip


@pytest.mark.parametrize("words", LIVE)
def test_what_only_a_tracer_can_do(words: str) -> None:
    """It is refused by its name, with exit status 2."""
    with pytest.raises(NotSupportedError, match="is for bstrace trace") as caught:
        parse_replay(["file", *words.split()])
    assert caught.value.exit_code == 2
    assert str(caught.value).startswith(words.partition("=")[0].partition(" ")[0])


@pytest.mark.parametrize("words", ["", "a b", "-f", "a -t b"])
def test_one_file(words: str) -> None:
    """Neither none nor two."""
    with pytest.raises(UsageError, match="must have one FILE"):
        parse_replay(words.split())


@pytest.mark.parametrize("words", ["a -f -tt", "-f a -tt", "-f -tt a", "-f -tt -- a"])
def test_options_stand_anywhere(words: str) -> None:
    """Before the file and behind it."""
    options = parse_replay(words.split())
    assert (options.replay, options.follow, options.layout.stamp) == ("a", True, "time")


@pytest.mark.parametrize("words", ["-c", "-C", "--json", "--last 3"])
def test_text_with_a_capture_needs_a_place(words: str) -> None:
    """--record alone writes none; with -o both are written."""
    with pytest.raises(NotSupportedError, match="goes with bstrace replay, or with --record and -o FILE"):
        parse([*words.split(), "--record", "x", "true"])
    assert parse([*words.split(), "--record", "x", "-o", "y", "true"]).record == "x"


def test_warnings_of_a_capture() -> None:
    """What only changes text has no effect; --force alone makes no sense."""
    said = parse(["-tt", "-x", "-Z", "--record", "x", "true"]).warnings
    assert [line.partition(" has no effect with --record")[0] for line in said] == [
        "-t/--absolute-timestamps", "-x/--strings-in-hex", "-z, -Z or -e status=",
    ]  # fmt: skip
    with pytest.raises(UsageError, match="--force needs --record FILE"):
        parse(["--force", "true"])


NUMBERS = st.integers(-(1 << 63), (1 << 63) - 1)
RANDOM = st.lists(
    st.one_of(
        st.builds(
            SyscallEntry,
            NUMBERS,
            st.integers(1, 3),
            st.integers(1, 3),
            st.integers(-1, 460),
            st.tuples(*[st.integers(0, (1 << 64) - 1) | st.integers(0, 9)] * 6),
        ),
        st.builds(SyscallExit, NUMBERS, st.integers(1, 3), st.integers(1, 3), NUMBERS, st.booleans()),
        st.builds(Exited, NUMBERS, st.integers(1, 3), st.integers(1, 3), NUMBERS),
    ),
    max_size=30,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    made=RANDOM, words=st.sampled_from(["", "-yy -v -T -tt", "--json", "-C", "-e trace=read -k", "-r -X raw"])
)
def test_any_records_are_shown(
    tmp_path_factory: pytest.TempPathFactory, made: list[Record], words: str
) -> None:
    """Whatever stands in a capture, each record is taken: no exception, and none is passed over."""
    from bstinspect.trace import replay as module

    folder = tmp_path_factory.mktemp("any")
    make(str(folder / "capture"), *made)
    options = parse_replay([str(folder / "capture"), *words.split(), "-o", str(folder / "text")])
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGPIPE)
    try:
        module.main([str(folder / "capture"), *words.split(), "-o", str(folder / "text")])
    finally:
        for number, handler in zip((signal.SIGINT, signal.SIGPIPE), before, strict=True):
            signal.signal(number, handler)
    assert options.replay
    assert (folder / "text").exists()
