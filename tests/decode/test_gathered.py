"""What a decoder asks for in the stop is recorded, and with that alone it prints the same once more."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from bstinspect.capture.gather import Tracee
from bstinspect.capture.objects import Objects
from bstinspect.decode.architecture import architecture
from bstinspect.decode.blocks import Recorded
from bstinspect.decode.call import Call, Source
from bstinspect.decode.constants.processes import PRCTL_OPTIONS, PTRACE_CMDS
from bstinspect.decode.style import Constants, Hex, Style, no_calls
from bstinspect.decode.table import all_shapes

if TYPE_CHECKING:
    from bstinspect.decode.shape import Shape

SHAPES: dict[str, Shape] = all_shapes()
TABLES = architecture("x86_64")
BASE, END = 0x10000, 0x12000
STYLES = (
    Style(),
    Style(abbreviated=no_calls),
    Style(constants=Constants.VERBOSE),
    Style(constants=Constants.RAW, strings=0),
    Style(strings=3, abbreviated=no_calls, hexadecimal=Hex.ALL),
    Style(verbose=no_calls),
)
NUMBERS = st.one_of(
    st.integers(0, 130),
    st.integers(BASE, END),
    st.integers(END - 200, END),
    st.integers(0, 2**64 - 1),
    st.sampled_from([2**64 - 1, 0x1380000, *PTRACE_CMDS, *PRCTL_OPTIONS]),
)
MEMORY = st.lists(NUMBERS, min_size=1, max_size=60)
"""Words that fill the memory, over and over."""


def filled(words: list[int]) -> bytes:
    """Return a memory full of these words."""
    return (struct.pack(f"<{len(words)}Q", *words) * 1024)[: END - BASE]


def decoded(
    call: Call, shape: Shape, after: Source | None, *, value: int, failed: bool
) -> tuple[object, ...]:
    """Return all that is printed of a call, at its entry or (where `after` is given) at its exit."""
    if after is None:
        return tuple(shape.entry(call)), shape.waits(call)
    call.leave(value, after, is_error=failed)
    return tuple(shape.exit(call)), None if failed else shape.result(call), call.note


@settings(max_examples=800)
@given(
    st.sampled_from(sorted(SHAPES)),
    st.lists(NUMBERS, min_size=6, max_size=6),
    st.sampled_from(STYLES),
    st.tuples(MEMORY, MEMORY),
    st.sampled_from([-516, -22, -14, -7, -1]) | st.integers(0, 130) | st.integers(-(2**63), 2**63 - 1),
)
def test_same_text(
    name: str, words: list[int], style: Style, memory: tuple[list[int], list[int]], value: int
) -> None:
    """Live and from the record the text is the same, whatever the arguments and the memory are."""
    shape, arguments, failed = SHAPES[name], tuple(words), -4096 < value < 0
    contents = filled(memory[0])

    def read(address: int, size: int) -> bytes:
        return contents[address - BASE : address - BASE + size] if BASE <= address < END else b""

    source = Tracee(1, read, Objects(frozenset()))
    live = Call(name, arguments, source, TABLES, style)
    entered = decoded(live, shape, None, value=value, failed=failed)
    before = Recorded(source.gathered().memory)
    contents = filled(memory[1])
    left = decoded(live, shape, source, value=value, failed=failed)
    after = Recorded(source.gathered().memory, under=before)
    again = Call(name, arguments, before, TABLES, style)
    assert decoded(again, shape, None, value=value, failed=failed) == entered
    assert decoded(again, shape, after, value=value, failed=failed) == left
    assert all("\n" not in str(text) for text in entered + left)
