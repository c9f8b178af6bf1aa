"""`bstrace report` where its streams, its files or its memory are not as usual."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from .conftest import BSTRACE, TIMEOUT

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Report


def shell(line: str, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    """Run a line of sh with `$0`, `$1` ... as its words."""
    command = ["sh", "-c", line, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, timeout=TIMEOUT, check=False, stdin=subprocess.DEVNULL
    )


def test_a_full_standard_output(recorded: Path, tmp_path: Path) -> None:
    """It is told of what is full, which is none of the report's files."""
    done = shell('"$0" report "$1" -o "$2" > /dev/full', BSTRACE, recorded, tmp_path)
    assert (done.returncode, done.stderr) == (1, b"bstrace: standard output: No space left on device\n")


def test_nobody_reads_what_it_says(recorded: Path, tmp_path: Path) -> None:
    """It ends as any filter does, by SIGPIPE and in silence."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [BSTRACE, "report", str(recorded), "-o", str(tmp_path)]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, timeout=TIMEOUT, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, b"")


@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full", "<&- >&- 2>&-"])
def test_nowhere_to_complain(tmp_path: Path, where: str) -> None:
    """The exit status still says what is wrong."""
    bad = tmp_path / "bad"
    bad.write_bytes(b"no capture")
    done = shell(f'"$0" report "$1" -o "$2" {where}', BSTRACE, bad, tmp_path)
    assert (done.returncode, done.stderr) == (2, b"")


def test_closed_streams(recorded: Path, tmp_path: Path) -> None:
    """No file of the report gets the number of a stream, and is written into."""
    done = shell('"$0" report "$1" -o "$2" <&- >&- 2>&-', BSTRACE, recorded, tmp_path)
    assert done.returncode == 0
    assert sorted(each.name for each in tmp_path.iterdir()) == ["echo.html", "echo.md", "echo.trace.txt"]


def test_little_memory(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """One line says so."""
    from bstinspect.writeup import command

    def exhausted(*_: object) -> int:
        raise MemoryError

    monkeypatch.setattr(command, "_report", exhausted)
    assert command.main([]) == 1
    assert capfd.readouterr().err == "bstrace: there is not enough memory\n"


def test_a_locale_without_the_letters(report: Report, recorded: Path, tmp_path: Path) -> None:
    """Help, complaints and names are told in UTF-8 or escapes where the locale has ASCII alone."""
    ascii_only = ("env", "LC_ALL=C", "PYTHONUTF8=0", "PYTHONCOERCECLOCALE=0")
    report("--help", before=ascii_only)
    _, complaint = report("--format", "Ж", status=2, before=ascii_only)
    assert complaint.startswith("bstrace: there is no format 'Ж'")
    told, _ = report(recorded, "-o", tmp_path / "Ж", before=ascii_only)
    assert told[0] == f"Wrote {tmp_path}/Ж/echo.trace.txt"


def test_a_directory_with_a_newline(report: Report, recorded: Path, tmp_path: Path) -> None:
    """What is told stays one line a file."""
    told, _ = report(recorded, "-o", tmp_path / "a\nb\x1b[31m")
    assert told[0] == f"Wrote {tmp_path}/a\\nb\\x1b[31m/echo.trace.txt"


def test_a_capture_from_a_pipe(report: Report, recorded: Path, tmp_path: Path) -> None:
    """It is read once; its size is that of what came, and no hash is given of what is gone."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with subprocess.Popen(["sh", "-c", 'cat "$0" > "$1"', str(recorded), str(fifo)]):
        report(fifo, "-o", tmp_path, "--format", "json,md")
    where = json.loads((tmp_path / "fifo.json").read_text("utf-8"))["findings"]["environment"]
    assert where["capture_bytes"] == recorded.stat().st_size
    assert where.get("capture_sha256", "") == ""
    assert "SHA-256 of the capture" not in (tmp_path / "fifo.md").read_text("utf-8")


def test_a_capture_that_grows(recorded: Path) -> None:
    """Size and hash are those of the part that was reported, not of what came later."""
    from bstinspect.findings.reading import sha256

    data = recorded.read_bytes()
    assert sha256(recorded, 1000) == hashlib.sha256(data[:1000]).hexdigest()
    assert sha256(recorded, len(data)) == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_an_end_at_any_moment(tmp_path: Path, how: signal.Signals) -> None:
    """Nothing of a file that is not whole stays, however the process ends: here while it reads."""
    _needs_nameless_files(tmp_path)
    fifo, out = tmp_path / "fifo", tmp_path / "out"
    os.mkfifo(fifo)
    command = [BSTRACE, "report", str(fifo), "-o", str(out)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    with fifo.open("wb"):  # whoever has opened the other end has begun the full trace
        process.send_signal(how)
        _, complaints = process.communicate(timeout=TIMEOUT)
    assert process.returncode == (130 if how == signal.SIGINT else -how)
    assert complaints == b""
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    ("before", "status"),
    [("signal.default_int_handler", -signal.SIGINT), ("signal.SIG_IGN", 0)],
)
def test_an_interrupt_while_it_is_loaded(before: str, status: int) -> None:
    """Ctrl-C before anything is begun: it dies of it, in silence; what was ignored stays so."""
    command = (
        "import os, signal\nfrom bstinspect import entry\n"
        f"signal.signal(signal.SIGINT, {before})\n"
        "def load():\n    os.kill(os.getpid(), signal.SIGINT)\n"
        f"    return lambda: int(signal.getsignal(signal.SIGINT) is not {before})\n"
        "entry._load = load\nraise SystemExit(entry.main())"
    )
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, timeout=TIMEOUT, check=False)
    assert (done.returncode, done.stderr) == (status, b"")


def test_a_file_system_without_nameless_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There the file has a hidden name until it is whole; no such name stays."""
    from bstinspect.writeup import files

    opened = os.open

    def refusing(path: str, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP), path)
        return opened(path, flags, mode)

    monkeypatch.setattr(os, "open", refusing)
    for force in (False, True):
        with files.Files(tmp_path, force=force).write("a") as stream:
            stream.write(b"b" * (1 + force))
        assert (tmp_path / "a").read_bytes() == b"b" * (1 + force)
    with pytest.raises(files.FileExistsAlreadyError), files.Files(tmp_path, force=False).write("a"):
        pass
    with pytest.raises(KeyboardInterrupt), files.Files(tmp_path, force=False).write("b"):
        raise KeyboardInterrupt
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_a_failed_name(report: Report, recorded: Path) -> None:
    """The complaint names the report's file, never a hidden one."""
    _, complaint = report(recorded, status=1, cwd=type(recorded)("/proc"))
    assert complaint == "bstrace: echo.trace.txt: No such file or directory\n"


def test_no_pango(recorded: Path, tmp_path: Path) -> None:
    """No PDF can be made: it is said at once, and nothing is written."""
    command = (
        "import sys\nfrom bstinspect.reports import pdf\nfrom bstinspect.writeup.command import main\n"
        "def missing():\n    raise pdf.PdfError('no PDF without Pango')\n"
        "pdf._weasyprint = missing\nraise SystemExit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", command, str(recorded), "-o", str(tmp_path), "--format", "all"],
        capture_output=True, timeout=TIMEOUT, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, b"bstrace: no PDF without Pango\n")
    assert list(tmp_path.iterdir()) == []


def test_a_capture_that_cannot_be_read(
    recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The complaint names the capture, not a file of the report."""
    from bstinspect.writeup.command import main

    def broken(_descriptor: int, _size: int) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr("bstinspect.capture.file.os.read", broken)
        status = main([str(recorded), "-o", str(tmp_path)])
    assert (status, capfd.readouterr().err) == (1, f"bstrace: {recorded}: Input/output error\n")
    assert list(tmp_path.iterdir()) == []


def test_nothing_there(report: Report, tmp_path: Path) -> None:
    """No directory is made for a report of nothing."""
    report(tmp_path / "none", "-o", tmp_path / "out", status=1)
    assert list(tmp_path.iterdir()) == []


def _needs_nameless_files(directory: Path) -> None:
    try:
        os.close(os.open(directory, os.O_TMPFILE | os.O_WRONLY))
    except OSError:
        pytest.skip("this file system has no O_TMPFILE")
