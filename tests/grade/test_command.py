"""`bstrace grade` as a person calls it."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import psutil
import pytest

from bstinspect.grade.command import main
from bstinspect.grade.files import COLUMNS
from bstinspect.grade.marks import MARKS

from .conftest import PROGRAMS, SOUND, wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    class Orphanage(Protocol):
        """What reaps processes that fell to this one (the conftest of all tests)."""

        def gone(self, pids: Iterable[int], within: float) -> list[str]:
            """Describe those that are not gone in time."""


BSTRACE: Final = str(Path(sys.executable).with_name("bstrace"))
GRADE: Final = (sys.executable, "-m", "bstinspect.entry", "grade")
NOBODY: Final = 65534
TIMEOUT: Final = 60
DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "grading.md"


def test_a_sound_program(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Exit status 0; a line a mark, a line that sums up; the same as CSV and JSON."""
    rows, facts = tmp_path / "marks.csv", tmp_path / "marks.json"
    options = ["--only", "replies", "--deadline", "20", "--csv", str(rows), "--json", str(facts)]
    assert main([*options, "--", *SOUND]) == 0
    *marks, summary, first, second = capsys.readouterr().out.splitlines()
    assert (first, second) == (f"Wrote {rows}", f"Wrote {facts}")
    assert "0 missed, 0 of them essential (profile lenient, through a pipe, in a sandbox)" in summary
    with rows.open(encoding="utf-8", newline="") as file:
        columns, *table = csv.reader(file)
    assert tuple(columns) == COLUMNS
    found = json.loads(facts.read_text("utf-8"))
    assert [line.split()[1] for line in marks] == [row[0] for row in table]
    assert [row[0] for row in table] == [each["mark"] for each in found["marks"]]
    assert found["passed"] is True
    assert found["command"] == list(SOUND)
    assert {row[3] for row in table} == {"ok"}


def test_a_wrong_program(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 1, and the mark says why."""
    assert main(["--only", "numbers", "--deadline", "20", "--jobs", "1", *wrong("SumsWrap")]) == 1
    lines = capsys.readouterr().out.splitlines()
    missed = [line for line in lines if line.startswith("missed")]
    assert len(missed) == 2
    assert "sum-overflow" in missed[0]
    assert "a sum past 2^31 wraps; 'exec 10 2 2147483647 2147483647': 'Ok:10: -2'" in missed[0]
    assert "(not essential)" in missed[1]
    assert "2 missed, 1 of them essential" in lines[-1]


def test_what_is_not_essential_does_not_fail(capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is left is told of: exit status 0."""
    assert main(["--only", "ends", "--deadline", "20", "--", *wrong("FilesStay")]) == 0
    assert re.search(r"^missed +files-left +\(not essential\)", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "what is to be graded? bstrace grade -- COMMAND"),
        (["--"], "what is to be graded? bstrace grade -- COMMAND"),
        (["--", "/nonexistent/server"], "/nonexistent/server: there is no such program"),
        (["./no-such-server"], "./no-such-server: there is no such program"),
        (["/etc/passwd"], "/etc/passwd: is no program that can be run"),
        (["--only", "replies,manners", "--", "true"], "there is no group 'manners'; there are: replies, "),
        (["--deadline", "0", "true"], "--deadline: '0' is no number of seconds up to 600"),
        (["--deadline", "nan", "true"], "--deadline: 'nan' is no number of seconds up to 600"),
        (["--jobs", "0", "true"], "--jobs: '0' is no number from 1 to 64"),
        (["--points", "٣", "true"], "--points: '٣' is no number from 0 to 10000"),
        (["--profile", "kind", "true"], "argument --profile: invalid choice: 'kind'"),
    ],
)
def test_misuse(capfd: pytest.CaptureFixture[str], arguments: list[str], complaint: str) -> None:
    """One line, exit status 2, and nothing is run."""
    assert main(arguments) == 2
    out, errors = capfd.readouterr()
    assert not out
    assert errors.startswith(f"bstrace: {complaint}")
    assert errors.count("\n") == 1


def test_nothing_is_overwritten_unasked(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """It is said before anything is run; with --force the file is written."""
    rows = tmp_path / "marks.csv"
    rows.write_text("mine")
    options = ["--only", "replies", "--csv", str(rows)]
    assert main([*options, *wrong("EndsAtOnce")]) == 1
    assert capfd.readouterr().err == f"bstrace: {rows} is there already; --force overwrites it\n"
    assert rows.read_text() == "mine"
    assert main([*options, "--force", *wrong("EndsAtOnce")]) == 1
    assert rows.read_text().startswith("mark,group,")


def test_no_sandbox_to_be_had() -> None:
    """Where namespaces are refused it refuses, and names the way out; that way works."""
    none = 'echo 0 > /proc/sys/user/max_pid_namespaces && exec "$@"'
    if subprocess.run(["unshare", "-Ur", "sh", "-c", none, "sh", "true"], check=False).returncode:
        pytest.skip("there are no user namespaces")
    refused = ("unshare", "-Ur", "sh", "-c", none, "sh", *GRADE, "--only", "replies")
    done = subprocess.run([*refused, *SOUND], capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert done.returncode == 2
    assert not done.stdout
    assert done.stderr.startswith(
        "bstrace: there can be no sandbox here (unshare: No space left on device); "
    )
    assert "--no-sandbox" in done.stderr
    assert done.stderr.count("\n") == 1
    without = [*refused, "--no-sandbox", *SOUND]
    done = subprocess.run(without, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "without a sandbox" in done.stdout


def test_root_without_the_right_to_mount() -> None:
    """As in a container: a user namespace will do."""
    less = ("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin")
    if os.getuid() or shutil.which("setpriv") is None:
        pytest.skip("only root can give up the right, with setpriv")
    if subprocess.run([*less, "unshare", "-Ur", "true"], capture_output=True, check=False).returncode:
        pytest.skip("there are no user namespaces")
    command = [*less, *GRADE, "--only", "replies", *SOUND]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "in a sandbox" in done.stdout


@pytest.fixture
def anybodys() -> Iterator[Path]:
    """Return a folder with the programs, that any user may read."""
    with tempfile.TemporaryDirectory(prefix="bst", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        for path in PROGRAMS.glob("*.py"):
            (Path(folder) / path.name).write_bytes(path.read_bytes())
        yield Path(folder)


def test_another_user(anybodys: Path) -> None:
    """Not root: a user namespace; the same marks, and decoys are killed there too."""
    python = shutil.which("python3", path="/usr/local/bin:/usr/bin")
    if os.getuid() or shutil.which("setpriv") is None or python is None:
        pytest.skip(
            "only root can become another user, with setpriv, and needs a python that anybody may run"
        )
    drop = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    reading = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")  # ours may be in a home
    if subprocess.run([*drop, "unshare", "-Ur", "true"], capture_output=True, check=False).returncode:
        pytest.skip("there are no user namespaces")
    command = [*drop, *reading, *GRADE, "--only", "ends,kills", "--deadline", "10", "--"]
    for program, status in ((["tiny.py"], 0), (["wrong.py", "KillsEverybody"], 1)):
        words = [*command, python, "-S", "-E", *program]
        done = subprocess.run(
            words, cwd=anybodys, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
        assert done.returncode == status, done.stdout + done.stderr
        missed = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("missed")]
        assert missed == ["kills-strangers"] * status


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("where", ["sandbox", "no-sandbox"])
def test_interrupted(orphanage: Orphanage, number: int, where: str) -> None:
    """Ctrl-C, and a kill -9 of the grader: whatever it has started ends with it."""
    options = ["--no-sandbox"] if where == "no-sandbox" else []
    command = [*GRADE, *options, "--only", "kills", "--deadline", "60", *wrong("TimeoutsNeverTakeEffect")]
    grader = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        found = _soon(lambda: _below(grader.pid))
    finally:
        grader.send_signal(number)
        out, errors = grader.communicate(timeout=TIMEOUT)
    assert (out, errors) == (b"", b"")
    assert grader.returncode in (130, -number)
    assert orphanage.gone(found, 10) == []


def test_on_a_terminal() -> None:
    """A table with colours, and how far it is; with NO_COLOR no colours."""
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    environment.pop("NO_COLOR", None)
    shown = _through_a_terminal(environment, wrong("NoReplyToExec"))
    assert "runs are done" in shown
    assert re.search(r"\x1b\[1;31mmissed", shown)
    assert "wrong-sum" in shown
    plain = _through_a_terminal({**environment, "NO_COLOR": "1"}, wrong("EndsAtOnce"))
    assert re.search("missed", plain)
    assert not re.search(r"\x1b\[[0-9;]*31", plain)


def test_every_mark_is_documented() -> None:
    """The table in docs/grading.md has each mark once, in this order, with its weight."""
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (\w+) \|", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    assert rows == [(mark.name, mark.weight) for mark in MARKS]


def _through_a_terminal(environment: dict[str, str], program: Sequence[str]) -> str:
    command = [*GRADE, "--only", "replies", "--deadline", "1.2", *program]
    master, slave = pty.openpty()
    grader = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment)
    os.close(slave)
    shown = b""
    try:
        while data := os.read(master, 1 << 16):
            shown += data
    except OSError:  # EIO: it has ended
        pass
    os.close(master)
    assert grader.wait(TIMEOUT) == 1
    return shown.decode()


def _below(pid: int) -> list[int]:
    """Return all processes of a grader, once the cluster under examination has grown."""
    found = psutil.Process(pid).children(recursive=True)
    return [each.pid for each in found] if len(found) > 6 else []


def _soon(look: Callable[[], list[int]]) -> list[int]:
    limit = time.monotonic() + TIMEOUT
    while not (found := look()):
        assert time.monotonic() < limit
        time.sleep(0.01)
    return found
