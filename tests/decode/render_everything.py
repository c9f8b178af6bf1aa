"""Print the text of every call in several manners, and first of all which form of the decoders made it."""

from __future__ import annotations

import itertools
import os
import random
import sys
import time
from typing import TYPE_CHECKING

from bstinspect.decode import text as decoders
from bstinspect.decode.architecture import AUDIT_ARCH_I386, architecture
from bstinspect.decode.layout import Layout, Wanted
from bstinspect.decode.style import PLAIN, Constants, Hex, Style
from bstinspect.records import (
    Attached,
    Block,
    CaptureStart,
    Executed,
    Exited,
    Exiting,
    GroupStop,
    OpenFile,
    Record,
    SignalDelivery,
    Stack,
    SyscallEntry,
    SyscallExit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

AT, BEHIND = 0x1000, 0x2000
LAYOUTS = [
    Layout(),
    Layout(stamp="time", stamp_digits=6, durations=6),
    Layout(pids="several", stamp="unix", stamp_digits=3, durations=0, column=0),
    Layout(pids="never", relative=6, numbers=True, addresses=True, durations=9),
]
EVERY = frozenset({"path", "socket", "dev", "pidfd", "peer"})
STYLES = [
    PLAIN,
    Style(strings=500, abbreviated=lambda _name: False),
    Style(strings=3, constants=Constants.VERBOSE, hexadecimal=Hex.ALL),
    Style(descriptors=EVERY, names=True, constants=Constants.RAW, hexadecimal=Hex.CHARACTERS),
    Style(raw=lambda name: name < "m", verbose=lambda name: name < "s"),
]
WANTED = [
    Wanted(),
    Wanted(statuses=frozenset({"successful"}), reads=lambda _number: True, writes=lambda _number: True),
]
FILES = (
    OpenFile(3, b"/tmp/a\xff", deleted=True),
    OpenFile(4, b"socket:[1]", "TCP:[[::1]:1->[::1]:2]", "node 5"),
)
NAMES = ((7, b"cat"), (8, b"a>b"))


def records() -> Iterator[Record]:
    """Make every call of x86-64 several times, alone and interrupted, with and without memory."""
    chance = random.Random(6)  # noqa: S311 - the same each time is what it is for
    when = 10_000_000
    yield CaptureStart(when=when, version=1, realtime=1_700_000_000_999_999_000, machine="x86_64")
    yield Attached(when=when, tid=7, pid=7, followed=False)
    yield Attached(when=when, tid=8, pid=7, followed=True, name=b"thread \xe9")
    for number, turn in itertools.product(sorted(architecture("x86_64").names), range(8)):
        when += chance.choice((900, 41_000, 700_000_000))
        begin, end = _call(chance, when, number, turn)
        yield begin
        if turn % 4 == 1:
            yield from _between(chance, when + 1)
        if turn != 5:
            yield end
    yield Executed(when=when, tid=7, pid=7, former_tid=8)
    yield Exiting(when=when, tid=7, pid=7, status=9)
    yield Exited(when=when, tid=7, pid=7, status=0x89)


def _call(chance: random.Random, when: int, number: int, turn: int) -> tuple[SyscallEntry, SyscallExit]:
    likely = [AT, BEHIND, chance.randrange(70)]
    if turn >= 4:
        likely += [0, 1, 3, 4, 7, AT + 8, chance.getrandbits(64)]
    a, b, c, d, e, f = chance.choices(likely, k=6)
    memory = tuple(_block(chance, at) for at in (AT, BEHIND)[: chance.randrange(3)])
    descriptors, names = (FILES, NAMES) if turn % 2 else ((), ())
    failed = turn in (3, 6)
    begin = SyscallEntry(
        when,
        7 + number % 2,
        7,
        number,
        (a, b, c, d, e, f),
        memory,
        AT,
        0,
        AUDIT_ARCH_I386 if turn == 7 else 0,
        descriptors=descriptors,
        names=names,
    )
    end = SyscallExit(
        when + chance.choice((0, 7_000, 2_000_000_000)),
        begin.tid,
        7,
        -chance.choice((2, 11, 512, 4095, 4096)) if failed else chance.choice((0, 1, 3, 24, AT, 1 << 40)),
        failed,
        tuple(_block(chance, at) for at in (AT, BEHIND)[: chance.randrange(3)]),
        injected="result,delay" if turn == 2 else "",
        descriptors=descriptors,
        names=names,
    )
    return begin, end


def _block(chance: random.Random, at: int) -> Block:
    data = chance.choice((b"/tmp/file\0", b'a"\n\x01\xe9' * 9, bytes(300), chance.randbytes(300)))
    return Block(at, data, len(data) + chance.choice((0, 0, 5)))


def _between(chance: random.Random, when: int) -> Iterator[Record]:
    number = chance.randrange(1, 65)
    yield SignalDelivery(when, 8, 7, number, chance.choice((b"", chance.randbytes(128))), AT, FILES, NAMES)
    yield GroupStop(when, 7, 7, 19)
    yield Stack(when, 7, 7, (b"/lib/libc.so.6(read+0x14) [0xf7234]",))


def main() -> None:
    """Write it all to standard output."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    print(decoders.__file__)
    everything = list(records())
    for layout, style, wanted in zip(
        itertools.cycle(LAYOUTS), STYLES * 2, WANTED * len(STYLES), strict=False
    ):
        output = decoders.Lines()
        text = decoders.StraceText(output, layout, wanted, style)
        text.feed(everything)
        text.finish()
        sys.stdout.buffer.write("\n".join(output.take()).encode(errors="surrogateescape") + b"\n")


if __name__ == "__main__":
    main()
