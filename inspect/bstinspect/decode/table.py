"""From a call's name to its `Shape`: the families' tables, put together once."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from bstinspect.decode import (
    aio,
    bpf,
    cloning,
    credentials,
    descriptors,
    entries,
    execution,
    files,
    futexes,
    generic,
    io_uring,
    ioctls,
    ipc,
    ipc_control,
    keys,
    limits,
    locks,
    memory,
    mounts,
    network,
    numa,
    perf,
    polling,
    prctl,
    processes,
    ptracing,
    queues,
    quota,
    rest,
    scheduling,
    seccomp,
    selecting,
    signals,
    stat,
    time,
    waiting,
    watches,
    xattr,
)
from bstinspect.decode.old.adapter import old_shape

if TYPE_CHECKING:
    from types import ModuleType

    from bstinspect.decode.call import Call
    from bstinspect.decode.shape import Shape


def _families() -> tuple[ModuleType, ...]:
    """Return the modules that have a table ``SHAPES``."""
    return (
        rest,
        perf,
        bpf,
        ioctls,
        files,
        stat,
        descriptors,
        locks,
        time,
        polling,
        selecting,
        futexes,
        memory,
        network,
        numa,
        signals,
        cloning,
        execution,
        waiting,
        processes,
        limits,
        credentials,
        scheduling,
        xattr,
        watches,
        mounts,
        quota,
        entries,
        prctl,
        seccomp,
        ptracing,
        ipc,
        ipc_control,
        queues,
        aio,
        io_uring,
        keys,
    )


@functools.cache
def all_shapes() -> dict[str, Shape]:
    """Return how to print every call that has a decoder."""
    shapes: dict[str, Shape] = {}
    for family in _families():
        shapes.update(family.SHAPES)
    return shapes


def shape_of(call: Call) -> Shape:
    """Return how to print a call."""
    if call.style.raw(call.name):
        return generic.raw(call)
    return all_shapes().get(call.name) or old_shape(call.name) or generic.raw(call)
