"""What a stop copies from a tracee's memory, on a memory made by hand."""

from __future__ import annotations

import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bstinspect.capture.reads import (
    DEFAULT_LIMITS,
    MAX_STRING,
    Limits,
    entry_blocks,
    exit_blocks,
    read_string,
)
from bstinspect.decode.architecture import architecture
from bstinspect.records import Block

TABLES = architecture(os.uname().machine)
PAGE = 4096


class Memory:
    """Pages by address; what is not there cannot be read."""

    def __init__(self, **pieces: bytes) -> None:
        self.pieces = {int(name[1:], 16): data for name, data in pieces.items()}
        self.asked: list[tuple[int, int]] = []

    def read(self, address: int, wanted: int) -> bytes:
        """Return what is there, as process_vm_readv(2) does."""
        self.asked.append((address, wanted))
        for start, data in self.pieces.items():
            if start <= address < start + len(data):
                return data[address - start :][:wanted]
        return b""


def entry(name: str, *arguments: int, memory: Memory, limits: Limits = DEFAULT_LIMITS) -> dict[int, bytes]:
    """Return the blocks of an entry stop."""
    six = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    return {
        block.address: block.data for block in entry_blocks(TABLES.numbers[name], six, memory.read, limits)
    }


def leave(name: str, *arguments: int, value: int, memory: Memory) -> dict[int, bytes]:
    """Return the blocks of an exit stop."""
    six = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    blocks = exit_blocks(TABLES.numbers[name], six, value, value < 0, memory.read)
    return {block.address: block.data for block in blocks}


def test_most_calls_read_nothing() -> None:
    """The common answer is the empty tuple."""
    memory = Memory()
    assert entry_blocks(TABLES.numbers["getpid"], (0,) * 6, memory.read) == ()
    assert entry_blocks(-1, (0,) * 6, memory.read) == ()
    assert exit_blocks(TABLES.numbers["close"], (0,) * 6, 0, False, memory.read) == ()  # noqa: FBT003
    assert memory.asked == []


def test_strings_are_cut_at_their_nul() -> None:
    """The NUL is kept: it says that the string is whole."""
    memory = Memory(x1000=b"/etc/passwd\0rubbish")
    assert entry("openat", 2**64 - 100, 0x1000, memory=memory) == {0x1000: b"/etc/passwd\0"}


def test_a_string_stops_at_the_edge_of_its_page() -> None:
    """No page behind the NUL is touched, and a string may cross pages."""
    memory = Memory(x1ff0=b"a" * 15 + b"\0")
    assert read_string(memory.read, 0x1FF0).data == b"a" * 15 + b"\0"
    assert memory.asked == [(0x1FF0, 16)]
    memory = Memory(x1ff0=b"a" * 20 + b"\0")
    assert read_string(memory.read, 0x1FF0).data == b"a" * 20 + b"\0"
    assert all(address % PAGE + wanted <= PAGE for address, wanted in memory.asked)


def test_a_string_without_end_is_bounded() -> None:
    """At most PATH_MAX bytes, and the block says that more was wanted."""
    memory = Memory(x1000=b"a" * 10000)
    block = read_string(memory.read, 0x1000)
    assert len(block.data) == MAX_STRING
    assert read_string(Memory().read, 0x1000) == Block(0x1000, b"", MAX_STRING)


def test_buffers_are_bounded() -> None:
    """A write shows its start; a message is copied as far as it may be put together later."""
    memory = Memory(x1000=b"x" * 9000)
    assert len(entry("write", 1, 0x1000, 9000, memory=memory)[0x1000]) == DEFAULT_LIMITS.plain
    assert len(entry("sendto", 1, 0x1000, 9000, memory=memory)[0x1000]) == DEFAULT_LIMITS.message
    assert len(entry("sendto", 1, 0x1000, 9000, memory=memory, limits=Limits(message=8192))[0x1000]) == 8192
    assert len(leave("read", 1, 0x1000, 9000, value=5, memory=memory)[0x1000]) == 5
    assert leave("read", 1, 0x1000, 9000, value=-9, memory=memory) == {}


def test_message_header() -> None:
    """sendmsg: the header, the name, the iovecs, their contents, the control data."""
    header = struct.pack("<QI4xQQQQi4x", 0x2000, 7, 0x3000, 2, 0x5000, 20, 0)
    memory = Memory(
        x1000=header, x2000=b"\1\0/run/x", x3000=struct.pack("<4Q", 0x4000, 3, 0x4100, 2), x4000=b"one",
        x4100=b"tw", x5000=b"c" * 20,
    )  # fmt: skip
    assert entry("sendmsg", 3, 0x1000, memory=memory) == {
        0x1000: header, 0x2000: b"\1\0/run/", 0x3000: memory.pieces[0x3000], 0x4000: b"one", 0x4100: b"tw",
        0x5000: b"c" * 20,
    }  # fmt: skip


def test_received_iovecs_hold_what_came() -> None:
    """readv: only as many bytes as the call returned."""
    memory = Memory(x3000=struct.pack("<4Q", 0x4000, 3, 0x4100, 100), x4000=b"one", x4100=b"t" * 100)
    assert leave("readv", 3, 0x3000, 2, value=5, memory=memory)[0x4100] == b"tt"


def test_addresses_with_a_length_behind_a_pointer() -> None:
    """accept4: the length as it was, then as it is."""
    memory = Memory(x1000=b"\1\0/run/x\0", x2000=struct.pack("<i", 9))
    assert entry("accept4", 3, 0x1000, 0x2000, memory=memory) == {0x2000: struct.pack("<i", 9)}
    assert leave("accept4", 3, 0x1000, 0x2000, value=0, memory=memory)[0x1000] == b"\1\0/run/x\0"


def test_time_left_of_an_interrupted_sleep() -> None:
    """It is there only where the call failed."""
    memory = Memory(x1000=b"t" * 16)
    assert leave("clock_nanosleep", 1, 0, 0, 0x1000, value=-516, memory=memory) == {0x1000: b"t" * 16}
    assert leave("clock_nanosleep", 1, 0, 0, 0x1000, value=0, memory=memory) == {}


@pytest.mark.parametrize("fill", [b"", b"\0", b"\xff", b"\1\0\0\0\0\0\0\0"])
@given(
    st.sampled_from(sorted(TABLES.names)),
    st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 100), min_size=6, max_size=6),
    st.integers(0, 2**63 - 1) | st.integers(0, 100),
)
def test_hostile_arguments_stay_bounded(fill: bytes, number: int, arguments: list[int], value: int) -> None:
    """No argument and no memory makes a stop copy much, or raises."""

    def read(_address: int, wanted: int) -> bytes:
        assert 0 < wanted <= 1 << 16
        return (fill * wanted)[:wanted]

    for blocks in (
        entry_blocks(number, arguments, read),
        exit_blocks(number, arguments, value, False, read),  # noqa: FBT003
        exit_blocks(number, arguments, -4, True, read),  # noqa: FBT003
    ):
        assert sum(len(block.data) for block in blocks) <= 1 << 20
