"""The house keeps its shape: folders that shadow nothing, rooms that import only what they may."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def modules_imported_by(path: Path) -> set[str]:
    """Return the modules that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_inspect_is_the_standard_librarys() -> None:
    """In the root, where a folder is called inspect, `import inspect` finds the standard library's."""
    command = [sys.executable, "-c", "import inspect; print(inspect.__file__, inspect.signature)"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert Path(shown.split()[0]).parent == Path(ast.__file__).parent


def test_only_folders_in_the_two_plain_folders() -> None:
    """A file directly in inspect/ or cluster/ could be imported by mistake."""
    for folder in ("inspect", "cluster"):
        assert [path.name for path in (ROOT / folder).iterdir() if not path.is_dir()] == []


def test_the_cluster_knows_nothing_of_the_inspector() -> None:
    """`bstcluster` never imports `bstinspect`."""
    files = list((ROOT / "cluster").rglob("*.py"))
    assert files
    assert [
        path.name
        for path in files
        if any(name.startswith("bstinspect") for name in modules_imported_by(path))
    ] == []


SHOWING = ("bstinspect.decode.text", "bstinspect.decode.layout", "bstinspect.reports", "bstinspect.trace")


def test_collectors_never_format() -> None:
    """`capture` and `linux` import nothing that lays out text.

    `capture` asks the decoders what a call's pointers point to; what they print it throws away.
    """
    package = ROOT / "inspect" / "bstinspect"
    files = [*(package / "capture").glob("*.py"), *(package / "linux").glob("*.py")]
    assert files
    for path in files:
        found = modules_imported_by(path)
        assert not {name for name in found if name.startswith(SHOWING)}, path.name
        assert not {name.partition(".")[0] for name in found} & {"rich", "prompt_toolkit", "bstcluster"}


PLAYING = ("stage", "worker", "pool", "director", "explore", "harness", "plugin", "machine", "command")
JUDGING = ("model", "invariants")
FAULTS = ROOT / "inspect" / "bstinspect" / "faults"


def test_who_judges_never_plays() -> None:
    """What a run's record is held against imports nothing that runs a process, and does no I/O."""
    outside = {"os", "subprocess", "socket", "time", "bstinspect.linux"}
    files = [path for name in JUDGING for path in (FAULTS / name).glob("*.py")]
    assert files
    for path in files:
        found = modules_imported_by(path)
        assert not {each for each in found if each.startswith(in_faults(PLAYING))} | (found & outside), path


def test_who_plays_never_judges() -> None:
    """The stage knows no invariant and no model, and lays out no text."""
    files = list((FAULTS / "stage").glob("*.py"))
    assert files
    for path in files:
        found = modules_imported_by(path)
        assert not {each for each in found if each.startswith((*in_faults(JUDGING), *SHOWING))}, path.name


def test_reports_of_faults_take_records_alone() -> None:
    """They import what a run's record is, and nothing else of the harness."""
    files = list((FAULTS.parent / "reports" / "exploration").glob("*.py"))
    assert files
    for path in files:
        found = {each for each in modules_imported_by(path) if each.startswith("bstinspect.faults")}
        assert found <= set(in_faults(("address", "fault", "run"))), path.name


def test_who_grades_knows_no_implementation() -> None:
    """`grade` marks anybody's program: it imports neither our cluster nor the harness for it."""
    files = list((FAULTS.parent / "grade").rglob("*.py"))
    assert files
    for path in files:
        found = modules_imported_by(path)
        assert not {each for each in found if each.startswith(("bstcluster", *in_faults(PLAYING + JUDGING)))}


def test_every_module_of_faults_is_on_its_map() -> None:
    """The package's docstring says where each module belongs, and so do those of its rooms."""
    for folder in (FAULTS, *(FAULTS / name for name in ("stage", *JUDGING))):
        text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
        named = set(re.findall(r"`([a-z]+)`", text))
        assert {path.stem for path in folder.iterdir() if not path.name.startswith("__")} <= named, folder


def in_faults(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the full names of some of the harness's modules."""
    return tuple(f"bstinspect.faults.{name}" for name in names)


def test_no_module_has_several_jobs() -> None:
    """No module of ours but a table is longer than 800 lines."""
    for folder in ("inspect", "cluster"):
        for path in (ROOT / folder).rglob("*.py"):
            assert len(path.read_text().splitlines()) <= 800, path.name
