"""Structures that are not the same on every machine."""

from __future__ import annotations

import struct

import pytest

from bstinspect.decode.architecture import architecture
from bstinspect.decode.blocks import Recorded
from bstinspect.decode.call import Call
from bstinspect.decode.table import shape_of
from bstinspect.records import Block

AT = 0x1000


@pytest.mark.parametrize(("machine", "padding"), [("x86_64", 0), ("aarch64", 4)])
def test_epoll_event(machine: str, padding: int) -> None:
    """Only x86-64 has it packed."""
    data = struct.pack("<I", 1) + bytes(padding) + struct.pack("<Q", 5 << 32 | 7)
    call = Call("epoll_ctl", (3, 1, 4, AT), Recorded((Block(AT, data, 99),)), architecture(machine))
    event = shape_of(call).entry(call)[-1]
    assert event == "{events=EPOLLIN, data={u32=7, u64=21474836487}}"


@pytest.mark.parametrize(("machine", "padding"), [("x86_64", 8), ("aarch64", 0)])
def test_semaphores(machine: str, padding: int) -> None:
    """x86-64 has room behind each time in ``struct semid_ds``."""
    numbers = b"".join(struct.pack("<Q", number) + bytes(padding) for number in (11, 12))
    data = bytes(48) + numbers + struct.pack("<3Q", 13, 0, 0)
    memory = Recorded((Block(AT, data, len(data)),))
    call = Call("semctl", (0, 0, 2, AT), memory, architecture(machine))
    shape = shape_of(call)
    shape.entry(call)
    call.leave(0, memory, is_error=False)
    assert shape.exit(call)[0].endswith("sem_otime=11, sem_ctime=12, sem_nsems=13}")
