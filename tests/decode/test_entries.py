"""Directory entries that no kernel returns, but a damaged capture can hold."""

import struct

import pytest

from bstinspect.decode.architecture import architecture
from bstinspect.decode.blocks import Recorded
from bstinspect.decode.call import Call
from bstinspect.decode.entries import SHAPES
from bstinspect.decode.style import PLAIN, Style, no_calls
from bstinspect.records import Block

VERBOSE = Style(abbreviated=no_calls)
WHOLE = '{d_ino=7, d_off=9, d_reclen=24, d_type=DT_REG, d_name="ab"}'


def entry(length: int, name: bytes = b"ab\0\0\0") -> bytes:
    """Return an entry of getdents64 that says that it is so long."""
    return struct.pack("<QQHB", 7, 9, length, 8) + name


@pytest.mark.parametrize(
    ("data", "counted", "printed"),
    [
        (b"", "0x1000 /* 0 entries */", "[]"),
        (b"abc", "0x1000 /* 0+ entries */", r'"\x61\x62\x63"'),
        (
            entry(24) + entry(24),
            "0x1000 /* 2 entries */",
            f"[{WHOLE}, {WHOLE}]",
        ),
        (
            entry(30),
            "0x1000 /* d_reclen 6 bytes overflow */ /* 1 entries */",
            '[{d_ino=7, d_off=9, d_reclen=30 /* 6 bytes overflow */, d_type=DT_REG, d_name="ab"}]',
        ),
        (
            entry(3),
            "0x1000 /* d_reclen 16 bytes underflow */ /* 1+ entries */",
            "[{d_ino=7, d_off=9, d_reclen=3 /* 16 bytes underflow */, d_type=DT_REG}]",
        ),
        (
            entry(24) + b"xyz",
            "0x1000 /* 1+ entries */",
            f'[{WHOLE}, "\\x78\\x79\\x7a"]',
        ),
    ],
)
def test_entries(data: bytes, counted: str, printed: str) -> None:
    """Entries are counted, or printed one by one with -v."""
    assert _buffer(data, len(data), PLAIN) == counted
    assert _buffer(data, len(data), VERBOSE) == printed


def test_missing_memory() -> None:
    """The walk ends where nothing was recorded; strace prints the address there."""
    assert _buffer(entry(24), 48, PLAIN) == "0x1000 /* 1+ entries */"
    assert _buffer(entry(24), 48, VERBOSE) == f"[{WHOLE}, ... /* 0x1018 */]"
    assert _buffer(b"", 48, VERBOSE) == "0x1000"


def _buffer(data: bytes, value: int, style: Style) -> str:
    memory = Recorded([Block(0x1000, data, len(data))])
    call = Call("getdents64", (3, 0x1000, 4096), memory, architecture("x86_64"), style)
    call.leave(value, memory, is_error=False)
    return SHAPES["getdents64"].exit(call)[0]
