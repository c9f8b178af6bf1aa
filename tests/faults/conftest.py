"""One worker for all tests of a file: it is started once, and plays their runs one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bstinspect.faults.pool import Pool
from bstinspect.faults.run import Scenario
from bstinspect.faults.worker import Task

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """A pool of one worker, started before the first test begins."""
    with Pool(1) as made:
        assert made.play(Task(Scenario(("pingall",)))).run is not None
        yield made
