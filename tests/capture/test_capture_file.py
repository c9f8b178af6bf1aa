"""The capture file: what was written whole comes back whole, whatever happened to the rest."""

from __future__ import annotations

import contextlib
import os
import resource
import typing
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bstinspect import records
from bstinspect.capture import file
from bstinspect.capture.file import MAGIC, MAX_RECORD, CaptureReader, CaptureWriter
from bstinspect.errors import CaptureError, DamagedCaptureError
from bstinspect.records import AnyRecord, CaptureStart, Exited, GroupStop, Lost

PAGE = Path(__file__).parents[2] / "docs" / "capture-file.md"
PARTS = (records.Block, records.OpenFile, records.ThreadState, records.Descriptor)
TYPES = {"int": "int", "bytes": "bin", "str": "str", "bool": "bool"}
SMALL = {"suppress_health_check": [HealthCheck.function_scoped_fixture], "deadline": None}


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Return what makes values of a field's type."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return structures(kind)
    if typing.get_origin(kind) is tuple:
        inner = get_args(kind)
        if inner[-1] is Ellipsis:
            return st.lists(values(inner[0]), max_size=3).map(tuple)
        return st.tuples(*map(values, inner))
    simple: dict[Any, st.SearchStrategy[Any]] = {
        int: st.integers(-(1 << 63), (1 << 64) - 1),
        bytes: st.binary(max_size=20),
        str: st.text(max_size=10),
        bool: st.booleans(),
    }
    return simple[kind]


def structures(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Return what makes records of one kind."""
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{name: values(hints[name]) for name in kind.__struct_fields__})


RECORDS = st.lists(st.one_of([structures(kind) for kind in get_args(AnyRecord)]), max_size=6)


def write(path: Path, made: list[AnyRecord]) -> list[AnyRecord]:
    """Write a capture; return what is in it."""
    path.unlink(missing_ok=True)
    writer = CaptureWriter(str(path))
    for record in made:
        writer.append(record)
    writer.close()
    return [writer.start, *made]


def read(path: Path) -> tuple[list[AnyRecord], int]:
    """Return the whole records of a file, and how many bytes follow them."""
    reader = CaptureReader(str(path))
    with contextlib.closing(reader):
        return list(reader.available()), reader.rest


@settings(max_examples=8, **SMALL)  # type: ignore[arg-type]
@given(RECORDS)
def test_cut_anywhere_all_whole_records_come_back(tmp_path: Path, made: list[AnyRecord]) -> None:
    """A killed tracer, a full disk, a copy that was interrupted: at every byte."""
    path, cut = tmp_path / "whole", tmp_path / "cut"
    there = write(path, made)
    data = path.read_bytes()
    encode = msgspec.msgpack.Encoder().encode
    ends = [len(MAGIC)]
    for record in there:
        ends.append(ends[-1] + 4 + len(encode(record)))
    assert ends[-1] == len(data)
    for size in range(len(data) + 1):
        cut.write_bytes(data[:size])
        whole = sum(end <= size for end in ends[1:])
        begin = max((end for end in ends if end <= size), default=0)
        assert read(cut) == (there[:whole], size - begin)


@settings(max_examples=100, **SMALL)  # type: ignore[arg-type]
@given(RECORDS, st.data())
def test_damage_is_an_error_of_ours(tmp_path: Path, made: list[AnyRecord], data: st.DataObject) -> None:
    """Any bytes may have changed: it is read, or refused with a line; and what stands before is given."""
    path = tmp_path / "damaged"
    there = write(path, made)
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at : at + 4] = data.draw(st.binary(min_size=1, max_size=4))
    path.write_bytes(content)
    found = []
    with contextlib.closing(CaptureReader(str(path))) as reader, contextlib.suppress(CaptureError):
        for record in reader.available():
            found.append(record)
            if reader.position <= at:
                assert record == there[len(found) - 1]


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (b"no capture at all", CaptureError, "is no bstrace capture"),
        (b"BSTRACEx", CaptureError, "is no bstrace capture"),
        (MAGIC + b"\xff\xff\xff\xff", DamagedCaptureError, "at byte 8: a record of 4294967295 bytes"),
        (MAGIC + b"\x01\0\0\0\xc1", DamagedCaptureError, "at byte 8"),
        (MAGIC + b"\x05\0\0\0\x95\xa1W\1\1\1", DamagedCaptureError, "at byte 8"),
        (MAGIC + b"\x07\0\0\0\x95\xa1W\1\1\1", None, ""),
    ],
)
def test_refusals(tmp_path: Path, content: bytes, kind: type[CaptureError] | None, words: str) -> None:
    """What is no capture, and what is damaged, says so."""
    path = tmp_path / "bad"
    path.write_bytes(content)
    if kind is None:
        assert read(path) == ([], len(content) - len(MAGIC))
        return
    with pytest.raises(kind, match=words) as caught:
        read(path)
    assert type(caught.value) is kind


@pytest.mark.parametrize(("version", "age"), [(99, "a newer"), (1, "an older")])
def test_other_versions(tmp_path: Path, version: int, age: str) -> None:
    """They are refused by their number, and whose they are."""
    start = msgspec.structs.replace(file.capture_start(), version=version)
    CaptureWriter(str(tmp_path / "other"), 0, start).close()
    with pytest.raises(CaptureError, match=f"written by {age} bstrace, in version {version}"):
        read(tmp_path / "other")


def test_fields_that_are_not_known_are_passed_over(tmp_path: Path) -> None:
    """A record may grow at its end; and what an older writer left out has its default."""
    path = tmp_path / "grown"
    whole = msgspec.msgpack.encode(file.capture_start())
    fields = msgspec.msgpack.decode(whole)
    with path.open("wb") as out:
        out.write(MAGIC)
        for record in ([*fields, "new", 7], fields[:5]):
            payload = msgspec.msgpack.encode(record)
            out.write(len(payload).to_bytes(4, "little") + payload)
    found, rest = read(path)
    assert rest == 0
    assert [type(each) for each in found] == [CaptureStart, CaptureStart]
    assert found[1] == msgspec.structs.replace(
        found[0], recorder="session", strings=32, options=(), kernel="", cpus=0
    )


def test_the_first_record_says_where_it_was_made(tmp_path: Path) -> None:
    """The kernel and its CPUs, by which numbers and times are judged."""
    CaptureWriter(str(tmp_path / "made")).close()
    (start,), _ = read(tmp_path / "made")
    assert isinstance(start, CaptureStart)
    assert (start.kernel, start.cpus) == (os.uname().release, os.cpu_count())


def test_a_record_that_is_too_long_is_lost_by_name(tmp_path: Path) -> None:
    """The reader takes no more, so the writer writes no more."""
    long = records.Stack(1, 2, 2, (bytes(MAX_RECORD),))
    found, _ = read_back(tmp_path / "long", [long, Exited(3, 2, 2, 0)])
    assert isinstance(found[1], Lost)
    assert found[1].count == 1
    assert found[2] == Exited(3, 2, 2, 0)


def read_back(path: Path, made: list[AnyRecord]) -> tuple[list[AnyRecord], int]:
    """Write records, and read them."""
    write(path, made)
    return read(path)


def test_a_full_disk_leaves_whole_records(tmp_path: Path) -> None:
    """And a note of how many are missing, once there is room again."""
    path = tmp_path / "full"
    writer = CaptureWriter(str(path))
    writer.flush()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (writer.size + 10, limits[1]))
    try:
        for number in range(3):
            writer.append(GroupStop(number, 1, 1, 19))
        writer.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (writer.lost, writer.lost_in_all) == (3, 3)
    assert writer.reason == os.strerror(27)
    assert path.stat().st_size == writer.size
    writer.append(Exited(9, 1, 1, 0))
    writer.close()
    found, rest = read(path)
    assert rest == 0
    assert isinstance(found[1], Lost)
    assert (found[1].count, found[2:]) == (3, [Exited(9, 1, 1, 0)])
    assert path.stat().st_size == writer.size


def test_two_writers_of_one_file(tmp_path: Path) -> None:
    """The first that writes begins it; each record of both is there."""
    path = tmp_path / "shared"
    writers = [CaptureWriter(str(path)), CaptureWriter(str(path))]
    for number in range(4):
        writers[number % 2].append(Exited(number, 1, 1, 0))
        writers[number % 2].flush()
    for writer in writers:
        writer.close()
    assert read(path) == ([writers[0].start, *(Exited(number, 1, 1, 0) for number in range(4))], 0)


@pytest.mark.parametrize("between", [False, True])
def test_a_writer_never_cuts_what_another_has_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, between: bool
) -> None:
    """Only a half record at the very end is taken back."""
    path, write, errors = tmp_path / "shared", os.write, [OSError(28, "No space left on device")]
    writer, other = CaptureWriter(str(path)), CaptureWriter(str(path))
    writer.flush()
    there = path.stat().st_size

    def half(descriptor: int, data: bytes) -> int:
        if path.stat().st_size == there:
            return write(descriptor, data[:5])
        if between:
            write(other._descriptor, b"of the other")
        raise errors.pop()

    writer.append(Exited(1, 1, 1, 0))
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", half)
        writer.flush()
    assert writer.lost == 1
    assert path.stat().st_size == there + (5 + len("of the other") if between else 0)
    for each in (writer, other):
        each.close()


def described(kind: type[msgspec.Struct]) -> list[tuple[str, str]]:
    """Return the fields of a structure and their types, as the page has them."""
    notes: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if each.__module__ == records.__name__:
            notes |= each.__annotations__
    return [(name, documented(notes[name])) for name in kind.__struct_fields__]


def documented(annotation: str) -> str:
    """Return how the page calls a type."""
    if annotation in TYPES:
        return TYPES[annotation]
    inner = annotation.removeprefix("tuple[").removesuffix("]")
    if inner == ", ".join(["int"] * 6):
        return "array of 6 int"
    inner = inner.removesuffix(", ...")
    if inner.startswith("tuple["):
        words = inner.removeprefix("tuple[").removesuffix("]").split(", ")
        return f"array of [{', '.join(TYPES[word] for word in words)}]"
    return f"array of {TYPES.get(inner, inner)}"


def test_the_page_says_what_is_written() -> None:
    """Every record with its tag, every field in its order and with its type, and the numbers."""
    sections = PAGE.read_text().split("\n### ")
    found = {}
    for section in sections[1:]:
        title, _, text = section.partition("\n")
        rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| `")]
        found[title] = [(row[0].strip("| `"), row[1]) for row in rows]
    expected = {
        f"{kind.__name__}: `{kind.__struct_config__.tag}`": described(kind) for kind in get_args(AnyRecord)
    }
    expected |= {kind.__name__: described(kind) for kind in PARTS}
    assert found == expected
    assert f"version {records.FORMAT_VERSION}." in sections[0]
    assert f"at most {MAX_RECORD}" in sections[0]
    assert f"`{MAGIC.decode().strip()}\\n`" in sections[0]
