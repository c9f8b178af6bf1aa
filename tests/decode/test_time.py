"""Clocks and sleeps where no conformance program gets: what only luck or privileges bring about."""

from __future__ import annotations

import struct

from bstinspect.decode.architecture import architecture
from bstinspect.decode.blocks import Recorded
from bstinspect.decode.call import Call
from bstinspect.decode.table import shape_of
from bstinspect.records import Block

AT = 0x1000


def exit_text(name: str, arguments: tuple[int, ...], data: bytes, value: int) -> tuple[str, str]:
    """Return what is printed at a call's exit, where `data` lies at AT, and the note behind the result."""
    memory = Recorded((Block(AT, data, len(data)),))
    call = Call(name, arguments, memory, architecture("x86_64"))
    shape = shape_of(call)
    shape.entry(call)
    call.leave(value, memory, is_error=value < 0)
    return ", ".join(shape.exit(call)), call.note


def test_time_left_of_a_sleep() -> None:
    """It is printed where a signal broke the sleep, and the time was not absolute."""
    left = struct.pack("<qq", 1, 2)
    assert exit_text("nanosleep", (0, AT), left, -516) == ("{tv_sec=1, tv_nsec=2}", "")
    assert exit_text("nanosleep", (0, AT), left, -22) == ("0x1000", "")
    assert exit_text("nanosleep", (0, AT), left, 0) == ("0x1000", "")
    assert exit_text("clock_nanosleep", (1, 0, 0, AT), left, -514) == ("{tv_sec=1, tv_nsec=2}", "")
    assert exit_text("clock_nanosleep", (1, 1, 0, AT), left, -514) == ("0x1000", "")


def test_clock_that_was_set() -> None:
    """adjtimex: flags, and the state of the clock as a note."""
    data = struct.pack("<I4x", 0x3) + bytes(32) + struct.pack("<i", 0x41) + bytes(164)
    text, note = exit_text("adjtimex", (AT,), data, 5)
    assert text.startswith("{modes=ADJ_OFFSET|ADJ_FREQUENCY, offset=0,")
    assert "status=STA_PLL|STA_UNSYNC, constant=0," in text
    assert text.endswith("stbcnt=0, tai=0}")
    assert note == "TIME_ERROR"
