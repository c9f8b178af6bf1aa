"""Which calls are shown: by path (-P), by descriptor (--trace-fds), by name where both are given."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Trace

SCRIPT = "exec 7<a; read x <&7; exec 7<&-; read y <b; cd sub; cat ../a; test -e ../missing; true >../made"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder of a few files, by its real path."""
    path = tmp_path.resolve() / "folder"
    (path / "sub").mkdir(parents=True)
    (path / "a").write_text("one\n")
    (path / "b").write_text("two\n")
    (path / "link").symlink_to("b")
    return path


def names(lines: list[str]) -> list[str]:
    """Return the names of the calls."""
    return [line.split("(")[0].split()[-1] for line in lines if "(" in line]


def test_by_path(trace: Trace, folder: Path) -> None:
    """A call that names the path as it was given, or whose descriptor is open on it; nothing else."""
    done = trace("-P", "a", "-P", f"{folder}/a", "sh", "-c", SCRIPT, cwd=folder)
    calls = names(done.lines)
    assert calls[:2] == ["openat", "fcntl"] or calls[0] == "openat"
    assert "read" in calls
    assert "close" in calls
    assert done.those('"one\\n"') or done.those('"o"')
    assert not [line for line in done.lines if '"b"' in line or "missing" in line or "made" in line]
    assert done.lines[-1] == "+++ exited with 0 +++"
    assert "Requested path" in done.err


def test_a_path_that_leads_elsewhere(trace: Trace, folder: Path) -> None:
    """A link is followed, and that is said unless nobody wants to hear it; a missing path stays as it is."""
    done = trace("-P", f"{folder}/link", "sh", "-c", "read x <b; read y <link", cwd=folder)
    assert "read" in names(done.lines)
    assert done.err == f'bstrace: Requested path "{folder}/link" resolved into "{folder}/b"\n'
    quiet = trace("-e", "quiet=path-resolution", "-P", f"{folder}/link", "true", cwd=folder)
    assert quiet.err == ""
    missing = trace("-P", "../made", "sh", "-c", SCRIPT, cwd=folder)
    assert names(missing.those("made")) == ["openat"]
    assert "missing" not in missing.text


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="names of calls")
def test_by_descriptor(trace: Trace, folder: Path) -> None:
    """Calls that have one of the descriptors among their arguments, whatever that is open on."""
    done = trace("--trace-fds=7", "sh", "-c", SCRIPT, cwd=folder)
    calls = [line for line in done.lines if line[0] not in "-+"]
    assert calls
    assert all("(7" in line or ", 7" in line for line in calls)
    assert "close(7)" in done.text
    none = trace("-e", "trace-fds=99", "sh", "-c", SCRIPT, cwd=folder)
    assert [line for line in none.lines if line[0] not in "-+"] == []


def test_all_but_some_descriptors(trace: Trace, folder: Path) -> None:
    """An inverted set; calls without a descriptor are left out too."""
    done = trace("--trace-fds=!0,1,2,3", "sh", "-c", SCRIPT, cwd=folder)
    found = names(done.lines)
    assert "close" in found
    assert not {"brk", "execve", "getpid"} & set(found)
    assert "close(7)" in done.text
    assert "close(3)" not in done.text


def test_a_directory(trace: Trace, folder: Path) -> None:
    """Calls that name it; not all that are made with it as the working directory, as in strace."""
    done = trace(
        "-e", "quiet=path-resolution", "-P", f"{folder}/sub", "-P", "sub", "sh", "-c", SCRIPT, cwd=folder
    )
    assert names(done.lines) == ["chdir"]


def test_with_names(trace: Trace, folder: Path) -> None:
    """Both must agree: the call's name is in the set, and the path is its."""
    done = trace("-e", "trace=openat", "-P", "b", "-f", "sh", "-c", SCRIPT, cwd=folder)
    assert set(names(done.those("("))) == {"openat"}
    assert len(done.those("openat")) == 1
    assert '"b"' in done.those("openat")[0]


def test_either_is_enough(trace: Trace, folder: Path) -> None:
    """With a path and a descriptor, calls of each are shown."""
    done = trace("-P", "../missing", "--trace-fds=7", "sh", "-c", SCRIPT, cwd=folder)
    assert done.those("missing")
    assert done.those("close(7)")
    assert not done.those("made")


def test_in_children_and_in_json(trace: Trace, folder: Path) -> None:
    """What is followed is selected by the same paths."""
    done = trace("-f", "--json", "-P", f"{folder}/a", "sh", "-c", "cat ./a ../folder/a; exit 0", cwd=folder)
    calls = [line for line in done.lines if '"type":"syscall"' in line]
    assert any('"name":"read"' in line for line in calls)
    assert all(f'"{folder}/a"' in line for line in calls)
