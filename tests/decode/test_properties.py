"""Whatever stands in a record, decoding never raises; what strace quotes can be read back."""

from __future__ import annotations

import ast

from hypothesis import given
from hypothesis import strategies as st

from bstinspect.decode.architecture import architecture
from bstinspect.decode.blocks import Recorded
from bstinspect.decode.brief import describe_call
from bstinspect.decode.call import Call
from bstinspect.decode.layout import Layout
from bstinspect.decode.names import describe_status, errno_name, signal_name
from bstinspect.decode.quote import escape
from bstinspect.decode.text import Lines, StraceText
from bstinspect.records import (
    Block,
    CaptureStart,
    Executed,
    Exited,
    Exiting,
    GroupStop,
    Record,
    SignalDelivery,
    SyscallEntry,
    SyscallExit,
)

ADDRESSES = [0, 0x1000, 0x1008, 0x2000, 0x3000, 2**64 - 8]
U64 = st.sampled_from(ADDRESSES) | st.integers(0, 2**64 - 1) | st.integers(0, 300)
I64 = st.integers(-600, 600) | st.integers(-(2**63), 2**63 - 1)
TIDS = st.integers(1, 3)
WORDS = st.lists(
    st.sampled_from(ADDRESSES) | st.integers(0, 2**64 - 1) | st.integers(0, 64), max_size=24
).map(lambda values: b"".join(value.to_bytes(8, "little") for value in values))
BLOCKS = st.lists(
    st.builds(Block, st.sampled_from(ADDRESSES), st.binary(max_size=200) | WORDS, st.integers(0, 5000)),
    max_size=4,
).map(tuple)
NUMBERS = st.sampled_from(sorted(architecture("x86_64").names)) | st.integers(-5, 2**64 - 1)
RECORDS: st.SearchStrategy[Record] = st.one_of(
    st.builds(
        SyscallEntry,
        I64,
        TIDS,
        TIDS,
        NUMBERS,
        st.tuples(U64, U64, U64, U64, U64, U64),
        BLOCKS,
        st.just(0),
        st.sampled_from([0, 0xC000003E, 0x40000003]),
    ),
    st.builds(SyscallExit, I64, TIDS, TIDS, I64, st.booleans(), BLOCKS),
    st.builds(SignalDelivery, I64, TIDS, TIDS, st.integers(-1, 300), st.binary(max_size=128)),
    st.builds(GroupStop, I64, TIDS, TIDS, st.integers(-1, 300)),
    st.builds(Exiting, I64, TIDS, TIDS, st.integers(0, 2**17)),
    st.builds(Exited, I64, TIDS, TIDS, st.integers(0, 2**17)),
    st.builds(Executed, I64, TIDS, TIDS, TIDS),
    st.builds(CaptureStart, I64, st.just(1), I64, st.sampled_from(["x86_64", "aarch64", "alpha"])),
)


@given(
    st.lists(RECORDS, max_size=8),
    st.sampled_from([("", 0), ("time", 0), ("time", 6), ("unix", 9)]),
    st.booleans(),
)
def test_never_raises(records: list[Record], times: tuple[str, int], durations: bool) -> None:  # noqa: FBT001
    """Hostile records give lines, each of them one line."""
    output = Lines()
    stamp, digits = times
    text = StraceText(output, Layout(stamp=stamp, stamp_digits=digits, durations=6 if durations else None))
    text.feed(records)
    text.finish()
    assert all("\n" not in line for line in output.take())
    assert output.take() == []


@given(
    st.sampled_from(sorted(architecture("x86_64").names)),
    st.tuples(U64, U64, U64, U64, U64, U64),
    BLOCKS,
    st.integers(-600, 70),
    BLOCKS,
)
def test_every_call_with_every_value(
    number: int, arguments: tuple[int, int, int, int, int, int], before: tuple[Block, ...], value: int,
    after: tuple[Block, ...],
) -> None:  # fmt: skip
    """One call from its entry to its exit is one line that ends in its result."""
    output = Lines()
    text = StraceText(output)
    records = [
        SyscallEntry(0, 1, 1, number, arguments, before),
        SyscallExit(0, 1, 1, value, value < 0, after),
    ]
    text.feed(records)
    (line,) = output.take()
    assert line.startswith("1     ")
    assert " = " in line


@given(st.binary(max_size=60))
def test_quoting_is_c(data: bytes) -> None:
    """What is quoted reads back as the same bytes (Python's and C's escapes agree here)."""
    assert ast.literal_eval(f'b"{escape(data)}"') == data


@given(st.binary(max_size=60))
def test_text_ends_at_its_nul(data: bytes) -> None:
    """A C string is quoted up to its NUL; without one it goes on."""
    call = Call("", (), Recorded(), architecture("x86_64"))
    text = call.cstring(data)
    assert text.endswith("...") == (b"\0" not in data)
    assert ast.literal_eval("b" + text.removesuffix("...")) == data.partition(b"\0")[0]


@given(st.integers(-10, 2**32), st.lists(U64, max_size=6), NUMBERS)
def test_names_never_raise(number: int, arguments: list[int], call: int) -> None:
    """Names exist for every number."""
    assert signal_name(number)
    assert errno_name(number)
    assert describe_status(number)
    assert describe_call(call, arguments)
