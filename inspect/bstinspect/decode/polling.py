"""Waiting for descriptors with poll(2) and epoll(7); what is ready is noted behind poll's result."""

from __future__ import annotations

import struct
from typing import Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, pointer, u32
from bstinspect.decode.constants.polling import EPOLLCTLS, EPOLLEVENTS, EPOLLFLAGS, POLLFLAGS
from bstinspect.decode.shape import Shape, decimal_result, descriptor_result
from bstinspect.decode.signal_sets import signal_set
from bstinspect.decode.spans import TIMESPEC, timespec, timespec_text

_POLLFD: Final = struct.Struct("<iHH")
_NOTE_SIZE: Final = 1024
"""strace's buffer for the note, with the NUL; no further descriptor is begun where it could get too long."""
_NOTE_RESERVE: Final = 2 + 2 * 8 + len(", ], ...") + 1
_CTL_DEL: Final = 2


# poll and ppoll.


def _pollfd(call: Call, data: bytes) -> str:
    number, events, _ = _POLLFD.unpack(data)
    if number < 0:
        return f"{{fd={number}}}"
    flags = call.flags(events, POLLFLAGS, unknown="POLL???")
    return f"{{fd={call.descriptor(number)}, events={flags}}}"


def _pollfds(call: Call) -> str:
    return show.array(call, call[0], u32(call[1]), _POLLFD.size, _pollfd)


def _poll_result(call: Call) -> str:
    """Note what is ready, and how much time was left to ppoll."""
    if call.value == 0:
        call.note = "Timeout"
    elif call.style.verbose(call.name) and call[0] and u32(call[1]):
        note = _ready(call)
        if call.name == "ppoll" and call[2]:
            note = _with_time_left(call, note)
        call.note = note
    return decimal_result(call)


def _ready(call: Call) -> str:
    """Print the pollfds for which something happened, as many as fit into strace's buffer."""
    parts: list[str] = []
    length = 0
    shown = call.style.strings if call.abbreviated else u32(call[1])
    count = u32(call[1])
    whole = call.peek(call[0], count * _POLLFD.size) or b""
    for index in range(count):
        start = index * _POLLFD.size
        data = whole[start : start + _POLLFD.size] or call.peek(call[0] + start, _POLLFD.size)
        if data is None:
            parts.append(pointer(call[0] + start))
            break
        number, _, ready = _POLLFD.unpack(data)
        if not ready:
            continue
        if len(parts) >= shown:
            parts.append("...")
            break
        begin, flags = f"{{fd={number}, revents=", call.flags(ready, POLLFLAGS)
        length += 2 if parts else 1
        if length + len(begin) + len(flags) + 1 >= _NOTE_SIZE - _NOTE_RESERVE:
            parts.append("...")
            break
        parts.append(f"{begin}{flags}}}")
        length += len(parts[-1])
    return f"[{', '.join(parts)}]" if parts else ""


def _with_time_left(call: Call, note: str) -> str:
    data = call.fetch(call[2], TIMESPEC)
    left = pointer(call[2]) if data is None else timespec_text(call, data)
    if len(note) + len(", left ") + 1 + len(left) >= _NOTE_SIZE:
        return f"{note}, ..."
    return f"{note}{', ' if note else ''}left {left}"


# epoll.


def _event(call: Call, data: bytes) -> str:
    """Print a ``struct epoll_event``, which only x86-64 has packed."""
    at = _event_size(call) - 8
    low, whole = int.from_bytes(data[at : at + 4], "little"), int.from_bytes(data[at : at + 8], "little")
    events = call.flags(int.from_bytes(data[:4], "little"), EPOLLEVENTS, unknown="EPOLL???")
    return f"{{events={events}, data={{u32={low}, u64={whole}}}}}"


def _event_size(call: Call) -> int:
    return 16 if call.tables.machine == "aarch64" else 12


def _new_event(call: Call) -> str:
    """Print the event that epoll_ctl takes, but for EPOLL_CTL_DEL."""
    if u32(call[1]) == _CTL_DEL:
        return pointer(call[3])
    return show.structure(3, _event_size(call), _event)(call) or ""


def _events(call: Call) -> str:
    """Print what epoll_wait stored."""
    if call.failed:
        return pointer(call[1])
    return show.array(call, call[1], call.value, _event_size(call), _event)


_POLLING: Final = (_pollfds, show.unsigned(1))
_WAITED: Final = (_events, show.number(2))
_MASK: Final = (signal_set(4, 5), show.size(5))

SHAPES: Final[dict[str, Shape]] = {
    "poll": Shape((*_POLLING, show.number(2)), (), _poll_result),
    "ppoll": Shape((*_POLLING, timespec(2), signal_set(3, 4), show.size(4)), (), _poll_result),
    "epoll_create": Shape((show.number(0),), (), descriptor_result),
    "epoll_create1": Shape((show.flags(0, EPOLLFLAGS, unknown="EPOLL_???"),), (), descriptor_result),
    "epoll_ctl": Shape(
        (show.fd(0), show.choice(1, EPOLLCTLS, unknown="EPOLL_CTL_???"), show.fd(2), _new_event)
    ),
    "epoll_wait": Shape((show.fd(0),), (*_WAITED, show.number(3))),
    "epoll_pwait": Shape((show.fd(0),), (*_WAITED, show.number(3), *_MASK)),
    "epoll_pwait2": Shape((show.fd(0),), (*_WAITED, timespec(3), *_MASK)),
}
