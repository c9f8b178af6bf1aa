"""Structures of time (timespec(3type), timeval(3type), timer_settime(2), setitimer(2), utimensat(2))."""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import Call, pointer
from bstinspect.decode.lists import local_array
from bstinspect.decode.show import structure
from bstinspect.decode.style import Constants

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

TIMESPEC: Final = 16
TIMEVAL: Final = 16
ITIMER: Final = 32
"""Sizes of the structures in bytes; an itimerspec and an itimerval are two of the others."""
_PAIR: Final = struct.Struct("<qQ")
_NOW: Final = (1 << 30) - 1
_OMIT: Final = (1 << 30) - 2


def timespec_text(_call: Call, data: bytes) -> str:
    """Print ``{tv_sec=1, tv_nsec=2}``."""
    seconds, nanoseconds = _PAIR.unpack_from(data)
    return f"{{tv_sec={seconds}, tv_nsec={nanoseconds}}}"


def timeval_text(_call: Call, data: bytes) -> str:
    """Print ``{tv_sec=1, tv_usec=2}``."""
    seconds, microseconds = _PAIR.unpack_from(data)
    return f"{{tv_sec={seconds}, tv_usec={microseconds}}}"


def itimerspec_text(call: Call, data: bytes) -> str:
    """Print a timer's interval and value."""
    return f"{{it_interval={timespec_text(call, data)}, it_value={timespec_text(call, data[16:])}}}"


def itimerval_text(call: Call, data: bytes) -> str:
    """Print a timer's interval and value, in microseconds."""
    return f"{{it_interval={timeval_text(call, data)}, it_value={timeval_text(call, data[16:])}}}"


def timespec(index: int) -> Argument:
    """Print a timespec."""
    return structure(index, TIMESPEC, timespec_text)


def timeval(index: int) -> Argument:
    """Print a timeval."""
    return structure(index, TIMEVAL, timeval_text)


def itimerspec(index: int) -> Argument:
    """Print an itimerspec."""
    return structure(index, ITIMER, itimerspec_text)


def itimerval(index: int) -> Argument:
    """Print an itimerval."""
    return structure(index, ITIMER, itimerval_text)


def remaining_text(call: Call, where: int) -> str:
    """Print the time left of a sleep, which is there only if a signal broke it (nanosleep(2))."""
    broken = call.value in (-512, -513, -514, -516)
    data = call.fetch_anyway(where, TIMESPEC) if call.is_error and broken else None
    return pointer(where) if data is None else timespec_text(call, data)


# Times of files, with their dates as comments.


def date_text(seconds: int, part: int = 0, digits: int = 0) -> str:
    """Return local time as ``2026-11-21T19:26:31.000000001+0000`` (strace's sprinttime).

    `part` has so many `digits`. Nothing is returned for 0, and where the C library has no words for it.
    """
    if not (seconds or part) or part >= 10**digits:
        return ""
    try:
        moment = time.localtime(seconds)
        date, zone = time.strftime("%Y-%m-%dT%H:%M:%S", moment), time.strftime("%z", moment)
    except (OverflowError, OSError, ValueError):
        return ""
    return date + (f".{part:0{digits}}" if part else "") + zone


def comment(text: str) -> str:
    """Return a comment with the blank before it; nothing for nothing."""
    return f" /* {text} */" if text else ""


def file_time_text(call: Call, data: bytes) -> str:
    """Print one of utimensat's two times."""
    seconds, nanoseconds = _PAIR.unpack_from(data)
    text = timespec_text(call, data)
    if nanoseconds not in {_NOW, _OMIT}:
        return text + comment(date_text(seconds, nanoseconds, 9))
    name = "UTIME_NOW" if nanoseconds == _NOW else "UTIME_OMIT"
    constants = call.style.constants
    if constants is Constants.ABBREV:
        return name
    return text if constants is Constants.RAW else text + comment(name)


def file_timeval_text(call: Call, data: bytes) -> str:
    """Print one of utimes's two times."""
    seconds, microseconds = _PAIR.unpack_from(data)
    return timeval_text(call, data) + comment(date_text(seconds, microseconds, 6))


def file_times(index: int) -> Argument:
    """Print utimensat's two times."""
    return structure(
        index,
        32,
        lambda call, data: local_array(call, [file_time_text(call, data), file_time_text(call, data[16:])]),
    )


def file_timevals(index: int) -> Argument:
    """Print the two times of utimes and futimesat."""
    return structure(
        index,
        32,
        lambda call, data: local_array(
            call, [file_timeval_text(call, data), file_timeval_text(call, data[16:])]
        ),
    )
