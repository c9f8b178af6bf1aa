"""The small programs of our own, each about one kind of line or structure."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .cases import PROGRAMS, directives, program_cases

if TYPE_CHECKING:
    from collections.abc import Callable

    from .cases import Case, Outcome

RUNS = [
    pytest.param(
        source,
        index,
        id=f"{source.stem}-{case.options}{' -- ' * (len(case.command) > 1)}{' '.join(case.command[1:])}",
    )
    for source in sorted(PROGRAMS.glob("*.c"))
    for index, case in enumerate(program_cases(source, Path(source.stem)))
]


@pytest.mark.parametrize(("source", "index"), RUNS)
def test_program(
    source: Path, index: int, program: Callable[[Path], Path], check: Callable[[Case], Outcome]
) -> None:
    """Each line is strace's."""
    if "unprivileged" in directives(source).get("skip", ()) and os.geteuid() != 0:
        pytest.skip("needs root")
    check(program_cases(source, program(source))[index])
