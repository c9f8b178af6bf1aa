"""The tables of the frequent calls copy all that their decoders read: with either, the text is the same."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bstinspect.capture import reads
from bstinspect.capture.gather import Tracee
from bstinspect.capture.objects import Objects
from bstinspect.decode.architecture import architecture
from bstinspect.decode.blocks import Recorded
from bstinspect.decode.call import Call, Source
from bstinspect.decode.table import shape_of

if TYPE_CHECKING:
    from bstinspect.records import Block

TABLES = architecture("x86_64")
NAMES = sorted(TABLES.names[number] for number in reads.KNOWN)
BASE, END = 0x10000, 0x12000
NUMBERS = st.one_of(
    st.integers(0, 40),
    st.integers(BASE, END),
    st.integers(END - 100, END),
    st.integers(0, 2**64 - 1),
    st.sampled_from([0, 2**64 - 1, 2**64 - 100, 128, 129, 4095, 4096, 4097, 10000, 0x5401, 1 << 20]),
)
MEMORY = st.lists(NUMBERS, min_size=1, max_size=40)
"""Words that fill the memory, over and over."""
VALUES = st.sampled_from([-516, -22, -14, -11, -1, 0, 1, 2]) | st.integers(0, 10000)


def filled(words: list[int]) -> bytes:
    """Return a memory full of these words."""
    return (struct.pack(f"<{len(words)}Q", *words) * 1024)[: END - BASE]


class Contents:
    """A tracee's memory: one stretch of it can be read."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, address: int, size: int) -> bytes:
        """Read as process_vm_readv(2) does: up to where the memory ends."""
        return self.data[address - BASE : address - BASE + size] if BASE <= address < END else b""


def text(name: str, arguments: tuple[int, ...], before: Source, after: Source, value: int) -> str:
    """Return all that is printed of a call."""
    call = Call(name, arguments, before, TABLES)
    shape = shape_of(call)
    parts = shape.entry(call)
    failed = -4096 < value < 0
    call.leave(value, after, is_error=failed)
    parts += shape.exit(call)
    return " ".join([*parts, "" if failed else shape.result(call), call.note])


@settings(max_examples=600)
@given(
    st.sampled_from(NAMES),
    st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
    MEMORY,
    MEMORY,
    VALUES,
)
@example("poll", (BASE, 70, 5, 0, 0, 0), [0x1000100000003], [0x101010101010101], 70)
@example("sendto", (3, BASE, 10000, 0, END - 8, 16), [0x6161616161616161], [0x6161616161616161], 8192)
def test_same_text(
    name: str, arguments: tuple[int, int, int, int, int, int], first: list[int], second: list[int], value: int
) -> None:
    """What is copied by the table gives the text that the memory itself gives."""
    number, contents = TABLES.numbers[name], Contents(filled(first))
    source = Tracee(1, contents.read, Objects(frozenset()))
    live_entry = Recorded(_asked(name, arguments, source))
    copied_entry = Recorded(reads.entry_blocks(number, arguments, contents.read))
    contents.data = filled(second)
    live = text(name, arguments, live_entry, source, value)
    failed = -4096 < value < 0
    copied_exit = Recorded(
        reads.exit_blocks(number, arguments, value, failed, contents.read), under=copied_entry
    )
    assert text(name, arguments, copied_entry, copied_exit, value) == live


def _asked(name: str, arguments: tuple[int, ...], source: Tracee) -> tuple[Block, ...]:
    """Return what the decoder reads at the entry."""
    call = Call(name, arguments, source, TABLES)
    shape_of(call).entry(call)
    return source.gathered().memory
