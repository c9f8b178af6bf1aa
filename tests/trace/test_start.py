"""A trace starts fast because it loads only what it uses: what costs much to load is not there."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from .conftest import TIMEOUT

if TYPE_CHECKING:
    from pathlib import Path

_HEAVY: Final = """
    argparse asyncio bstcluster dataclasses difflib http importlib.metadata logging multiprocessing pathlib
    platformdirs prompt_toolkit psutil ptrace random rich shtab shutil socket subprocess tempfile threading
    traceback urllib zmq
"""
HEAVY: Final = frozenset(_HEAVY.split())
"""Slow to load, and of no use to a plain trace."""
_OURS: Final = """
    capture.rules capture.selection capture.sockets capture.tampering cli decode.classes decode.rest
    decode.ioctls decode.sock_diag linux.genetlink linux.sockdiag linux.unwind reports.jsonlines
    reports.summary session supervisor trace.annotating trace.flight trace.injection trace.narrowing
    trace.node trace.replay trace.usage zmtp
"""
OURS: Final = frozenset(_OURS.split())
"""Parts of bstinspect that only options ask for."""
TEXT: Final = frozenset({"decode.text", "decode.whole", "decode.opened", "decode.stat", "decode.memory"})
"""What makes text: another process does."""
PROGRAM: Final = """
import json, sys
from bstinspect.trace.command import main
words = json.loads(sys.argv[1])
main(words)
with open(sys.argv[2], "w") as out:
    json.dump(sorted(sys.modules), out)
"""


def loaded(words: list[str], to: Path) -> set[str]:
    """Return the modules that are loaded in the tracer when a trace has ended."""
    interpreter = [sys.executable, "-P", "-c", PROGRAM]
    subprocess.run(
        [*interpreter, json.dumps(words), str(to)],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=TIMEOUT,
    )
    found: list[str] = json.loads(to.read_text())
    return set(found)


@pytest.mark.parametrize(
    ("words", "absent"),
    [
        ("-o /dev/null true", TEXT),
        ("--record /dev/null --force true", TEXT),
        ("true", TEXT),
    ],
)
def test_only_what_is_used_is_loaded(tmp_path: Path, words: str, absent: frozenset[str]) -> None:
    """None of the heavy modules, none of ours that only other options need, no decoders of text elsewhere."""
    there = loaded(words.split(), tmp_path / "modules")
    assert "bstinspect.capture.stops" in there
    assert there & HEAVY == set()
    assert there & {f"bstinspect.{name}" for name in OURS | absent} == set()


def test_what_is_asked_for_is_loaded(tmp_path: Path) -> None:
    """So the lists above name modules that there are."""
    there = loaded(["-e", "trace=%file", "-e", "inject=uname:error=EIO", "-c", "true"], tmp_path / "modules")
    expected = {"decode.classes", "capture.rules", "capture.tampering", "trace.injection"}
    assert {f"bstinspect.{name}" for name in expected} <= there
