"""From a call to its `Shape`: the families' tables, and prototypes for everything else."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from bstinspect.decode.old import (
    descriptors,
    files,
    futexes,
    memory,
    network,
    polling,
    processes,
    signals,
    terminals,
    time,
    waiting,
)

if TYPE_CHECKING:
    from bstinspect.decode.old.call import Shape


@functools.cache
def _shapes() -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    for family in (
        descriptors,
        files,
        futexes,
        memory,
        network,
        polling,
        processes,
        signals,
        terminals,
        time,
        waiting,
    ):
        shapes.update(family.SHAPES)
    return shapes
