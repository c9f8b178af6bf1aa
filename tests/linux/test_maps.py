"""What is mapped where: each kind of line of /proc/PID/maps, of real processes."""

from __future__ import annotations

import itertools
import mmap
import os
import sys
from typing import TYPE_CHECKING

import pytest

from bstinspect.linux.maps import Mapping, parse_maps
from bstinspect.process import Process

if TYPE_CHECKING:
    from pathlib import Path

    from linux.conftest import Start

# Maps two pages of a file, from the second on, and removes the file where it is told to.
CODE = """
import ctypes, mmap, os, sys
path = os.fsencode(sys.argv[1])
file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
os.truncate(file, 4 * mmap.PAGESIZE)
area = mmap.mmap(file, 2 * mmap.PAGESIZE, offset=mmap.PAGESIZE)
if sys.argv[2] == "remove":
    os.unlink(path)
address = ctypes.addressof(ctypes.c_char.from_buffer(area))
print(hex(address), os.fstat(file).st_ino, os.fstat(file).st_dev, flush=True)
input()
"""
NAMES = ["plain", "two  words ", "new\nline", "café", os.fsdecode(b"no utf8 \xff"), "[heap]", " (deleted) x"]


@pytest.mark.parametrize("fate", ["keep", "remove"])
@pytest.mark.parametrize("name", NAMES)
def test_a_mapped_file(start: Start, tmp_path: Path, name: str, fate: str) -> None:
    """The path is the file's own, whatever is in it; the rest says which part of it is where."""
    program = start(sys.executable, "-c", CODE, str(tmp_path / name), fate)
    address, inode, device = (int(word, 0) for word in program.words)
    maps = Process(program.pid).maps
    assert [each for each in maps if each.start <= address < each.end] == [
        Mapping(
            start=address,
            end=address + 2 * mmap.PAGESIZE,
            permissions="rw-s",
            offset=mmap.PAGESIZE,
            device=device,
            inode=inode,
            path=str(tmp_path / name),
            deleted=fate == "remove",
        )
    ]


def test_mappings_without_a_file(start: Start) -> None:
    """Heap, stack and anonymous memory; ascending, without overlaps."""
    program = start(code="import ctypes\nprint(hex(id(None)), flush=True)\ninput()")
    maps = Process(program.pid).maps
    named = {each.path: each for each in maps}
    for path in ("[heap]", "[stack]"):
        assert (named[path].inode, named[path].device, named[path].deleted) == (0, 0, False)
        assert named[path].permissions == "rw-p"
        assert named[path].size == named[path].end - named[path].start > 0
    assert any(not each.path and not each.inode for each in maps)
    assert all(one.end <= other.start for one, other in itertools.pairwise(maps))


def test_the_ambiguous_line() -> None:
    """Names for memory end like a deleted file at times; only a file can be deleted."""
    line = b"7f00-7f10 rw-p 00000000 00:00 0                          [anon:x (deleted)]\n"
    named = b"8000-9000 rw-p 00000000 00:00 0                          x (deleted)\n"
    assert [(each.path, each.deleted) for each in parse_maps(line + named)] == [
        ("[anon:x (deleted)]", False),
        ("x (deleted)", False),
    ]
    assert parse_maps(b"") == []
