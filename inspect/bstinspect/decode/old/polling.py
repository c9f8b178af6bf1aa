"""Waiting for descriptors (poll(2), select(2), epoll_ctl(2), epoll_wait(2))."""

from __future__ import annotations

import struct
from typing import Final

from bstinspect.decode.old import call as show
from bstinspect.decode.old.call import Argument, Call, Shape
from bstinspect.decode.old.quote import SHOWN
from bstinspect.decode.old.signals import set_text, signal_set
from bstinspect.decode.old.spans import timespec_in, timespec_text, timeval_text

_POLL: Final = {
    1: "POLLIN", 2: "POLLPRI", 4: "POLLOUT", 0x40: "POLLRDNORM", 0x80: "POLLRDBAND", 0x100: "POLLWRNORM",
    0x200: "POLLWRBAND", 0x400: "POLLMSG", 0x1000: "POLLREMOVE", 0x2000: "POLLRDHUP", 8: "POLLERR",
    0x10: "POLLHUP", 0x20: "POLLNVAL",
}  # fmt: skip
_EPOLL: Final = {
    1: "EPOLLIN", 2: "EPOLLPRI", 4: "EPOLLOUT", 8: "EPOLLERR", 0x10: "EPOLLHUP", 0x40: "EPOLLRDNORM",
    0x80: "EPOLLRDBAND", 0x100: "EPOLLWRNORM", 0x200: "EPOLLWRBAND", 0x400: "EPOLLMSG",
    0x2000: "EPOLLRDHUP", 0x10000000: "EPOLLEXCLUSIVE", 0x20000000: "EPOLLWAKEUP",
    0x40000000: "EPOLLONESHOT", 0x80000000: "EPOLLET",
}  # fmt: skip
_EPOLL_CONTROL: Final = {1: "EPOLL_CTL_ADD", 2: "EPOLL_CTL_DEL", 3: "EPOLL_CTL_MOD"}
_EPOLL_CREATE: Final = {0o2000000: "EPOLL_CLOEXEC"}


def _pollfds(call: Call) -> str:
    count = show.u32(call[1])
    data = call.before.at(call[0])
    if not count:
        return "[]" if call[0] else "NULL"
    if data is None:
        return show.pointer(call[0])
    parts = []
    for number, events, _ in list(struct.iter_unpack("<iHH", data[: len(data) // 8 * 8]))[
        : min(count, SHOWN)
    ]:
        shown = f", events={show.flag_text(events, _POLL, 'POLL???')}" if number >= 0 else ""
        parts.append(f"{{fd={number}{shown}}}")
    if count > len(parts):
        parts.append("...")
    return f"[{', '.join(parts)}]"


def _poll_result(call: Call) -> str:
    """Note what is ready, and for ppoll how much time was left."""
    if call.value <= 0:
        call.note = "Timeout" if call.value == 0 else ""
        return str(call.value)
    parts = []
    data = call.memory.at(call[0]) or b""
    for number, _, ready in struct.iter_unpack("<iHH", data[: len(data) // 8 * 8]):
        if ready:
            parts.append(f"{{fd={number}, revents={show.flag_text(ready, _POLL)}}}")
    shown = parts[:SHOWN] + ["..."] * (len(parts) > SHOWN)
    call.note = f"[{', '.join(shown)}]"
    if call.name == "ppoll" and (left := call.memory.exactly(call[2], 16)) is not None:
        call.note += f", left {timespec_text(left)}"
    return str(call.value)


def _set(index: int) -> Argument:
    """Print one of select's three sets as it was at the entry."""

    def argument(call: Call) -> str:
        data = call.before.at(call[index])
        if data is None:
            return show.pointer(call[index])
        return f"[{' '.join(map(str, _members(data, show.s32(call[0]))))}]"

    return argument


def _members(data: bytes, limit: int) -> list[int]:
    return [
        number for number in range(max(min(limit, len(data) * 8), 0)) if data[number >> 3] >> (number & 7) & 1
    ]


def _select_result(call: Call) -> str:
    """Note which descriptors are ready and how much time was left."""
    if call.value == 0:
        call.note = "Timeout"
    elif call.value > 0:
        parts = []
        for index, name in ((1, "in"), (2, "out"), (3, "except")):
            data = call.memory.at(call[index])
            if data is not None and (ready := _members(data, show.s32(call[0]))):
                parts.append(f"{name} [{' '.join(map(str, ready))}]")
        left = call.memory.exactly(call[4], 16)
        if left is not None:
            parts.append("left " + (timeval_text(left) if call.name == "select" else timespec_text(left)))
        call.note = ", ".join(parts)
    return str(call.value)


def _event_text(data: bytes) -> str:
    events, low, whole = *struct.unpack_from("<II", data), struct.unpack_from("<Q", data, 4)[0]
    return f"{{events={show.flag_text(events, _EPOLL, 'EPOLL???')}, data={{u32={low}, u64={whole}}}}}"


def _event(call: Call) -> str | None:
    """Print the event of epoll_ctl, which EPOLL_CTL_DEL does not read."""
    if show.u32(call[1]) == 2:
        return show.pointer(call[3])
    return show.structure(3, 12, _event_text)(call)


def _events(call: Call) -> str:
    """Print what epoll_wait stored."""
    if show.failed(call):
        return show.pointer(call[1])
    if call.value <= 0:
        return "[]"
    data = call.memory.at(call[1])
    if data is None or len(data) < 12:
        return show.pointer(call[1])
    parts = [_event_text(data[at : at + 12]) for at in range(0, min(call.value * 12, len(data) - 11), 12)][
        :SHOWN
    ]
    if call.value > len(parts):
        parts.append("...")
    return f"[{', '.join(parts)}]"


_POLLING: Final = (_pollfds, show.unsigned(1))
_SETS: Final = (show.number(0), _set(1), _set(2), _set(3))


def _pselect_mask(call: Call) -> str:
    pair = call.before.exactly(call[5], 16)
    if pair is None:
        return show.pointer(call[5])
    where, length = struct.unpack("<QQ", pair)
    mask = call.before.integer(where, 8, signed=False)
    return f"{{sigmask={show.pointer(where) if mask is None else set_text(mask)}, sigsetsize={length}}}"


_WAITED: Final = (_events, show.number(2))

SHAPES: Final[dict[str, Shape]] = {
    "poll": Shape((*_POLLING, show.number(2)), (), _poll_result),
    "ppoll": Shape((*_POLLING, timespec_in(2), signal_set(3), show.size(4)), (), _poll_result),
    "select": Shape((*_SETS, show.structure(4, 16, timeval_text)), (), _select_result),
    "pselect6": Shape((*_SETS, timespec_in(4), _pselect_mask), (), _select_result),
    "epoll_create": Shape((show.number(0),)),
    "epoll_create1": Shape((show.flags(0, _EPOLL_CREATE, "EPOLL_???"),)),
    "epoll_ctl": Shape((show.fd(0), show.choice(1, _EPOLL_CONTROL, "EPOLL_CTL_???"), show.fd(2), _event)),
    "epoll_wait": Shape((show.fd(0),), (*_WAITED, show.number(3))),
    "epoll_pwait": Shape((show.fd(0),), (*_WAITED, show.number(3), signal_set(4), show.size(5))),
    "epoll_pwait2": Shape((show.fd(0),), (*_WAITED, timespec_in(3), signal_set(4), show.size(5))),
}
