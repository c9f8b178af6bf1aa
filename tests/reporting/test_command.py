"""`bstrace report` as a person calls it: what it writes, what it refuses, and how it says so."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest

from bstinspect.writeup.options import FORMATS

from .conftest import BSTRACE, TIMEOUT

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Report


def test_what_it_writes_by_default(report: Report, demonstration: Path, tmp_path: Path) -> None:
    """HTML, Markdown and the full trace, here; each is told."""
    told, complaints = report(demonstration, cwd=tmp_path)
    assert told == ["Wrote report.trace.txt", "Wrote report.html", "Wrote report.md"]
    assert not complaints
    assert _names(tmp_path) == ["report.html", "report.md", "report.trace.txt"]
    page = (tmp_path / "report.html").read_text("utf-8")
    assert len(page.encode()) < 1_000_000
    assert "10 of 10 requirements are met" in page
    assert "report.trace.txt" in page


def test_all_formats(report: Report, demonstration: Path, tmp_path: Path) -> None:
    """All of them, in Russian, in the university's template; each is what its name says."""
    particulars = ("--author", "Иванов И.И.", "--group", "М8О-209Б-22", "--teacher", "Петров П.П.")
    asked = ("--format", "all", "--lang", "ru", "--template", "mai", "-o", tmp_path / "out")
    told, _ = report(demonstration, *asked, *particulars, "--date", "01.02.2023")
    assert len(told) == 1 + len(FORMATS)
    out = tmp_path / "out"
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF")
    assert zipfile.ZipFile(out / "report.docx").testzip() is None
    assert json.loads((out / "report.perfetto.json").read_text("utf-8"))["traceEvents"]
    assert json.loads((out / "report.json").read_text("utf-8"))["format"] == 1
    for name in ("report.html", "report.md"):
        text = (out / name).read_text("utf-8")
        assert all(each in text for each in (*particulars[1::2], "01.02.2023"))
    document = zipfile.ZipFile(out / "report.docx").read("word/document.xml").decode()
    assert "Иванов И.И." in document


def test_the_hash_is_the_traces(report: Report, demonstration: Path, tmp_path: Path) -> None:
    """The hashes in the report are those of the files."""
    import hashlib

    report(demonstration, "-o", tmp_path, "--format", "md,json")
    text = (tmp_path / "report.md").read_text("utf-8")
    for path in (tmp_path / "report.trace.txt", demonstration / "capture.bst"):
        assert hashlib.sha256(path.read_bytes()).hexdigest() in text
    facts = json.loads((tmp_path / "report.json").read_text("utf-8"))["findings"]
    lines = (tmp_path / "report.trace.txt").read_text("utf-8").splitlines()
    assert facts["environment"]["trace_lines"] == len(lines)
    for message in facts["messages"]:
        for seen in filter(None, (message.get("sent"), message.get("received"))):
            assert seen["name"] in lines[seen["line"] - 1], seen


def test_nothing_is_overwritten_unasked(report: Report, recorded: Path, tmp_path: Path) -> None:
    """One file that is there, and nothing is written; with --force all is."""
    (tmp_path / "echo.md").write_text("mine")
    told, complaint = report(recorded, "-o", tmp_path, status=1)
    assert told == []
    assert complaint == f"bstrace: {tmp_path}/echo.md is there already; --force overwrites it\n"
    assert _names(tmp_path) == ["echo.md"]
    report(recorded, "-o", tmp_path, "--force")
    assert "mine" not in (tmp_path / "echo.md").read_text("utf-8")


def test_any_capture(report: Report, recorded: Path, tmp_path: Path) -> None:
    """Of a program of others there are the sections that apply, without requirements and search tree."""
    report(recorded, "-o", tmp_path)
    text = (tmp_path / "echo.md").read_text("utf-8")
    assert "of the dynamic loader" in text
    assert "Process tree" in text
    assert "Search tree" not in text
    assert "equirements" not in text
    assert re.search(r"ls \(\d+\)", text)


def test_a_table_of_requirements_of_ones_own(report: Report, recorded: Path, tmp_path: Path) -> None:
    """It is looked for in any capture; one that cannot be read is one line, and exit status 2."""
    table = tmp_path / "own.toml"
    table.write_text(
        '[[requirement]]\nkey = "prints"\ntitle.en = "It says hello"\n'
        'evidence = [{ call = ["write"], text = "hello" }]\n'
        '[[requirement]]\nkey = "never"\ntitle.en = "It makes a socket"\nevidence = [{ call = ["socket"] }]\n'
    )
    report(recorded, "-o", tmp_path, "--requirements", table, "--format", "json")
    facts = json.loads((tmp_path / "echo.json").read_text("utf-8"))["findings"]
    assert [(each["key"], each["status"]) for each in facts["requirements"]] == [
        ("prints", "met"),
        ("never", "unmet"),
    ]
    (number,) = [each["line"] for each in facts["requirements"][0]["evidence"]]
    assert "hello" in (tmp_path / "echo.trace.txt").read_text("utf-8").splitlines()[number - 1]
    table.write_text("[[requirement]")
    _, complaint = report(recorded, "-o", tmp_path, "--requirements", table, "--force", status=2)
    assert complaint.startswith(f"bstrace: {table} is no TOML:")
    assert complaint.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty, or cut before its first record"),
        (b"hello, world", "is no bstrace capture"),
        (bytes(100_000), "is no bstrace capture"),
    ],
)
def test_what_is_no_capture(report: Report, tmp_path: Path, content: bytes, message: str) -> None:
    """One line, exit status 2, and no file."""
    (tmp_path / "bad").write_bytes(content)
    told, complaint = report(tmp_path / "bad", "-o", tmp_path / "out", status=2)
    assert told == []
    assert complaint == f"bstrace: {tmp_path}/bad {message}\n"
    assert _names(tmp_path / "out") == []


def test_what_is_not_there(report: Report, tmp_path: Path) -> None:
    """A file, a session's capture, and any session at all."""
    _, complaint = report(tmp_path / "none", status=1)
    assert complaint == f"bstrace: {tmp_path}/none: No such file or directory\n"
    _, complaint = report(tmp_path, status=2)
    assert "is no session" in complaint
    (tmp_path / "events.jsonl").touch()
    _, complaint = report(tmp_path, status=2)
    assert "nothing was traced" in complaint
    _, complaint = report(status=2, before=("env", f"XDG_STATE_HOME={tmp_path}"))
    assert complaint.startswith("bstrace: there is no session yet")


def test_a_cut_capture(report: Report, demonstration: Path, tmp_path: Path) -> None:
    """What is there is reported, and what is missing is said, in the report and beside it."""
    data = (demonstration / "capture.bst").read_bytes()
    (tmp_path / "half.bst").write_bytes(data[: _within_a_record(data, len(data) // 2)])
    (tmp_path / "bad.bst").write_bytes(data[: len(data) // 3] + b"\xff" * 100 + data[len(data) // 3 :])
    _, complaint = report(tmp_path / "half.bst", "-o", tmp_path, "--format", "md")
    assert "the report says what is missing: cut" in complaint
    assert "ends within a record" in (tmp_path / "half.md").read_text("utf-8")
    _, complaint = report(tmp_path / "bad.bst", "-o", tmp_path, "--format", "md")
    assert "the report says what is missing: damaged" in complaint
    assert "cannot be read any further" in (tmp_path / "bad.md").read_text("utf-8")


def test_a_session_without_its_log(report: Report, demonstration: Path, tmp_path: Path) -> None:
    """It is a capture still; what the log had is missing, and said to be so."""
    (tmp_path / "session").mkdir()
    (tmp_path / "session" / "capture.bst").write_bytes((demonstration / "capture.bst").read_bytes())
    _, complaint = report(tmp_path / "session", "-o", tmp_path, "--format", "md")
    assert "no-log" in complaint
    assert "The session's log is missing" in (tmp_path / "report.md").read_text("utf-8")
    (tmp_path / "session" / "events.jsonl").write_bytes(b'{"time":1,"event":"comm\n\xff\xfe\n[]\n')
    _, complaint = report(tmp_path / "session", "-o", tmp_path, "--format", "md", "--force")
    assert "log-damaged" in complaint


def test_code(report: Report, recorded: Path, tmp_path: Path) -> None:
    """Files of the program are printed, whatever is in them; one that is missing is one line."""
    (tmp_path / "a.c").write_bytes(b"int main(void) { return 0; } /* </script>\xff\x00 */\n")
    report(recorded, "-o", tmp_path, "--code", tmp_path / "a.c")
    page = (tmp_path / "echo.html").read_text("utf-8")
    assert "int main(void)" in page
    assert "&lt;/script&gt;\\xff\\x00" in page
    _, complaint = report(recorded, "-o", tmp_path, "--force", "--code", tmp_path / "b.c", status=1)
    assert complaint == f"bstrace: {tmp_path}/b.c: No such file or directory\n"


def test_a_line_that_makes_no_sense(report: Report, recorded: Path) -> None:
    """Exit status 2 and a line that says what is known."""
    _, complaint = report(recorded, "--format", "html,word", status=2)
    assert complaint == (
        "bstrace: there is no format 'word'; there are: html, md, docx, pdf, perfetto, json, or all\n"
    )
    _, complaint = report(recorded, "--lang", "fr", status=2)
    assert "invalid choice: 'fr'" in complaint
    told, _ = report("--help")
    assert any("--template" in line for line in told)


def test_a_full_disk(report: Report, recorded: Path, tmp_path: Path) -> None:
    """One line, and no half file: under a limit of a file's size writing fails as on a full disk."""
    _, complaint = report(recorded, "-o", tmp_path, status=1, before=("prlimit", "--fsize=2000"))
    assert complaint == f"bstrace: {tmp_path}/echo.trace.txt: File too large\n"
    assert _names(tmp_path) == []


def test_a_place_that_takes_no_files(report: Report, recorded: Path) -> None:
    """One line that names the directory; not even root makes one in sysfs."""
    _, complaint = report(recorded, "-o", "/sys/new", status=1)
    assert re.fullmatch(r"bstrace: /sys/new: .*(permitted|denied|Read-only file system)\n", complaint)


def test_an_interrupt_leaves_nothing(demonstration: Path, tmp_path: Path) -> None:
    """Ctrl-C in the middle of a long report: no file, no half file, status 130."""
    command = [BSTRACE, "report", str(demonstration), "-o", str(tmp_path), "--format", "pdf"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == f"Wrote {tmp_path}/report.trace.txt\n".encode()
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 130
    assert b"Traceback" not in complaints
    assert _names(tmp_path) == ["report.trace.txt"]


def test_the_newest_session(report: Report, tmp_path: Path) -> None:
    """Without a name it is the session that was written to last."""
    for name, at in (("old", 1_000_000), ("new", 2_000_000)):
        directory = tmp_path / "bstrace" / "sessions" / name
        directory.mkdir(parents=True)
        (directory / "capture.bst").write_text(name)
        os.utime(directory / "capture.bst", (at, at))
    _, complaint = report(status=2, before=("env", f"XDG_STATE_HOME={tmp_path}"))
    assert "sessions/new/capture.bst is no bstrace capture" in complaint


def _names(directory: Path) -> list[str]:
    return sorted(each.name for each in directory.iterdir())


def test_a_bar_on_a_terminal(demonstration: Path, tmp_path: Path) -> None:
    """What takes longer than a second shows how far it is, on standard error; a pipe sees none of it."""
    ours, theirs = os.openpty()
    command = [BSTRACE, "report", str(demonstration), "-o", str(tmp_path), "--format", "docx"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=environment) as process:
        os.close(theirs)
        told, shown = b"", b""
        with contextlib.suppress(OSError):  # EIO: the other end is closed (pty(7))
            while part := os.read(ours, 4096):
                shown += part
        assert process.stdout is not None
        told = process.stdout.read()
    os.close(ours)
    assert process.returncode == 0
    assert b"report" in shown
    assert b"\x1b[?25h" in shown  # the cursor is back
    assert told.decode().splitlines() == [f"Wrote {tmp_path}/report.{each}" for each in ("trace.txt", "docx")]


def test_only_some_calls_were_recorded(report: Report, tmp_path: Path) -> None:
    """Nothing is blamed for what may have been there: a wait, a close; it is said that this is unknown."""
    capture = tmp_path / "some.bst"
    command = [BSTRACE, "trace", "-f", "-e", "trace=execve,openat", "--record", str(capture)]
    subprocess.run([*command, "sh", "-c", "ls /; ls /"], capture_output=True, timeout=TIMEOUT, check=True)
    _, complaint = report(capture, "-o", tmp_path)
    assert complaint == "bstrace: the report says what is missing: filtered\n"
    text = (tmp_path / "some.md").read_text("utf-8")
    assert "Only some system calls were recorded" in text
    assert "waited for it" not in text
    assert "with descriptors open" not in text
    assert "Checked" not in text


def _within_a_record(data: bytes, least: int) -> int:
    """Return a place in a capture, at `least` or behind it, that is no record's end."""
    at = 8
    while at < least:
        at += 4 + int.from_bytes(data[at : at + 4], "little")
    return at + 5
