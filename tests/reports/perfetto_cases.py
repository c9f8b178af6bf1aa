"""Calls and findings made by hand, and a validator of the rules of the Trace Event Format."""

from __future__ import annotations

import io
import itertools
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from bstinspect.decode.architecture import architecture
from bstinspect.decode.opened import Forms
from bstinspect.decode.style import PLAIN
from bstinspect.findings.calls import Finished
from bstinspect.findings.model import Environment, Findings
from bstinspect.records import Block, SyscallEntry, SyscallExit
from bstinspect.reports.perfetto import PerfettoWriter

if TYPE_CHECKING:
    from collections.abc import Iterable

Event: TypeAlias = dict[str, Any]
Number: TypeAlias = int | Decimal

WRITE: Final = 1
MMAP: Final = 9
SENDTO: Final = 44
RECVFROM: Final = 45
EXIT: Final = 60
_FORMS: Final = Forms(architecture("x86_64"), PLAIN)
_COMMON: Final = {"ph", "name", "pid", "tid"}
_ALLOWED: Final[dict[str, set[str]]] = {
    "X": _COMMON | {"cat", "ts", "dur", "args"},
    "i": _COMMON | {"cat", "ts", "s", "args"},
    "s": _COMMON | {"cat", "ts", "id", "bp"},
    "f": _COMMON | {"cat", "ts", "id", "bp"},
    "M": _COMMON | {"args"},
}
_NAMES: Final = {
    "process_name": "name",
    "thread_name": "name",
    "process_sort_index": "sort_index",
    "thread_sort_index": "sort_index",
}


def call(
    number: int,
    begin: int,
    end: int,
    value: int | None = 0,
    *,
    pid: int = 10,
    tid: int = 0,
    data: bytes = b"",
) -> Finished:
    """Return a call; one of value None never returns, and its thread ends then. `data` stands at 0x1000."""
    tid = tid or pid
    memory = (Block(0x1000, data, len(data)),) if data else ()
    entry = SyscallEntry(begin, tid, pid, number, (1, 0x1000, len(data), 0, 0, 0), memory)
    leaving = None if value is None else SyscallExit(end, tid, pid, value, value < 0)
    return Finished(entry, leaving, _FORMS.of(entry), begin, end)


def findings(**some: Any) -> Findings:
    """Return findings that hold only these fields."""
    empty: dict[str, Any] = {name: [] for name in Findings.__struct_fields__}
    empty |= {"environment": Environment(0.0), "messages_omitted": 0, "descriptors_omitted": 0, "parents": {}}
    return Findings(**(empty | some))


def written(calls: Iterable[Finished], found: Findings) -> bytes:
    """Return what the writer makes of these."""
    stream = io.BytesIO()
    writer = PerfettoWriter(stream)
    for each in calls:
        writer.took(each)
    writer.finish(found)
    return stream.getvalue()


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def checked(data: bytes) -> list[Event]:
    """Read a trace back strictly, check the rules of the format, and return its events."""
    whole = json.loads(data.decode("utf-8"), parse_constant=_no_constant, parse_float=Decimal)
    assert set(whole) == {"traceEvents", "displayTimeUnit", "otherData"}
    assert whole["displayTimeUnit"] == "ns"
    assert isinstance(whole["otherData"], dict)
    events: list[Event] = whole["traceEvents"]
    for event in events:
        _check_fields(event)
    _check_numbers(whole)
    _check_metadata(events)
    _check_slices(events)
    _check_flows(events)
    return events


def those(events: Iterable[Event], phase: str, name: str = "", **wanted: object) -> list[Event]:
    """Return the events of a phase, of a name, with these values."""
    return [
        event
        for event in events
        if event["ph"] == phase
        and (not name or event["name"] == name)
        and all(event.get(key) == value for key, value in wanted.items())
    ]


def _check_fields(event: Event) -> None:
    """Each phase has all of its keys, and no other."""
    assert set(event) == _ALLOWED[event["ph"]], event
    assert isinstance(event["name"], str)
    assert event["name"]
    assert type(event["pid"]) is type(event["tid"]) is int
    if event["ph"] == "M":
        assert list(event["args"]) == [_NAMES[event["name"]]], event
        return
    assert event["cat"]
    assert isinstance(event["ts"], int | Decimal), event
    assert event.get("s", "p") in ("g", "p", "t")
    assert event.get("bp", "e") == "e"


def _check_numbers(value: Any) -> None:
    """No number is one that doubles cannot hold."""
    if isinstance(value, dict):
        for each in value.values():
            _check_numbers(each)
    elif isinstance(value, list):
        for each in value:
            _check_numbers(each)
    elif isinstance(value, int | Decimal):
        assert -(1 << 53) <= value <= 1 << 53


def _check_metadata(events: list[Event]) -> None:
    """Every process and thread that is used has one name and one place, no two the same place."""
    named: dict[str, dict[tuple[int, ...], Any]] = {name: {} for name in _NAMES}
    for event in those(events, "M"):
        key = (event["pid"],) if event["name"].startswith("process") else (event["pid"], event["tid"])
        assert key not in named[event["name"]], event
        named[event["name"]][key] = event["args"][_NAMES[event["name"]]]
    used = {(event["pid"], event["tid"]) for event in events if event["ph"] != "M"}
    assert used <= set(named["thread_name"])
    assert set(named["thread_name"]) == set(named["thread_sort_index"])
    assert {(pid,) for pid, _ in used} <= set(named["process_name"])
    assert set(named["process_name"]) == set(named["process_sort_index"])
    places = list(named["process_sort_index"].values())
    assert len(places) == len(set(places))


def _check_slices(events: list[Event]) -> None:
    """No slice is of negative length, and no two of a thread overlap; messages are inside of calls."""
    tracks: dict[tuple[int, int], list[tuple[Number, Number]]] = {}
    for event in those(events, "X"):
        begin, length = event["ts"], event["dur"]
        assert length >= 0, event
        if event["cat"] == "message":
            assert any(_inside(event, each) for each in events), event
            continue
        tracks.setdefault((event["pid"], event["tid"]), []).append((begin, begin + length))
    for track in tracks.values():
        track.sort()
        assert all(one[1] <= other[0] for one, other in itertools.pairwise(track)), track


def _inside(event: Event, call: Event) -> bool:
    """Tell whether a slice is inside that of a call of its thread."""
    if call["ph"] != "X" or call["cat"] == "message" or event["tid"] != call["tid"]:
        return False
    begin: Number = call["ts"]
    return bool(begin < event["ts"] and event["ts"] + event["dur"] <= begin + call["dur"])


def _check_flows(events: list[Event]) -> None:
    """Each flow has one begin and one end, in that order in time, each inside a slice of its thread."""
    begins = {event["id"]: event for event in those(events, "s")}
    ends = {event["id"]: event for event in those(events, "f")}
    assert len(begins) == len(those(events, "s"))
    assert len(ends) == len(those(events, "f"))
    assert set(begins) == set(ends)
    for number, begin in begins.items():
        end = ends[number]
        assert (begin["cat"], begin["name"]) == (end["cat"], end["name"])
        assert begin["ts"] < end["ts"]
        # Perfetto turns a flow around that leads to a slice which begins first
        assert around(events, begin)[-1]["ts"] < around(events, end)[-1]["ts"]


def around(events: list[Event], event: Event) -> list[Event]:
    """Return the slices of an event's thread that it is inside of, the innermost one last."""
    found = [
        each
        for each in those(events, "X", pid=event["pid"], tid=event["tid"])
        if each["ts"] <= event["ts"] <= each["ts"] + each["dur"]
    ]
    return sorted(found, key=lambda each: (each["ts"], -each["dur"]))
