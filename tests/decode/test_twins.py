"""The compiled decoders (`make fast`) and the same in pure Python write the same text."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import bstinspect.decode

EVERYTHING = Path(__file__).with_name("render_everything.py")
COMPILED = Path(bstinspect.decode.__file__).with_name("_compiled")


def rendered(*, pure: str) -> tuple[Path, list[bytes]]:
    """Return which file made the text, and its lines; `pure` is what BSTRACE_PURE is set to."""
    environment = os.environ | {"BSTRACE_PURE": pure}
    done = subprocess.run([sys.executable, EVERYTHING], env=environment, capture_output=True, check=False)
    assert not done.stderr
    first, *lines = done.stdout.split(b"\n")
    return Path(os.fsdecode(first)), lines


def test_both_forms_write_the_same() -> None:
    """Every call, in every manner of printing, alone and interrupted."""
    if not COMPILED.exists():
        pytest.skip("the decoders were not compiled (make fast)")
    pure_file, pure = rendered(pure="1")
    compiled_file, compiled = rendered(pure="")
    assert pure_file == COMPILED.with_name("text.py")
    assert compiled_file.parent == COMPILED, "a source has changed since: make fast"
    assert len(pure) > 20_000
    for ours, theirs in zip(pure, compiled, strict=True):
        assert ours == theirs
