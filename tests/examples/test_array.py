"""The textbook's exercise: one program prints where its array is, another writes into it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[2] / "examples"
WRITER = [sys.executable, str(EXAMPLES / "write_array.py")]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The compiled program."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler (Debian: gcc)")
    path = tmp_path_factory.mktemp("array") / "array"
    subprocess.run([compiler, "-o", str(path), str(EXAMPLES / "array.c")], check=True, timeout=60)
    return str(path)


@pytest.fixture
def waiting(program: str) -> Iterator[subprocess.Popen[str]]:
    """The program, waiting for its line."""
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("options", [[], ["--block"]], ids=["words", "block"])
def test_the_exercise(waiting: subprocess.Popen[str], options: list[str]) -> None:
    """0 to 31 stand in the array, which the program itself never touched."""
    assert waiting.stdout is not None
    match = re.fullmatch(r"(\d+) (0x[0-9a-f]+)\n", waiting.stdout.readline())
    assert match
    subprocess.run([*WRITER, match[1], match[2], *options], check=True, timeout=30)
    shown, _ = waiting.communicate("\n", timeout=30)
    assert shown.split() == [str(number) for number in range(32)]


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["1"], 2, "usage: "),
        (["0", "0x1000"], 1, "process 0"),
        (["x", "0x1000"], 1, "invalid literal"),
    ],
)
def test_wrong_words(words: list[str], status: int, message: str) -> None:
    """One line on standard error, and a status."""
    done = subprocess.run([*WRITER, *words], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == status
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_address_that_is_not_there(waiting: subprocess.Popen[str]) -> None:
    """The address is named."""
    words = [str(waiting.pid), "0x10", "--block"]
    done = subprocess.run([*WRITER, *words], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "0x10" in done.stderr
