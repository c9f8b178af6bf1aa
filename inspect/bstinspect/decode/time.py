"""Clocks, sleeps and timers (clock_gettime(2), nanosleep(2), timer_create(2), adjtimex(2))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, pointer
from bstinspect.decode.constants.time import (
    ADJTIMEX_MODES,
    ADJTIMEX_STATE,
    ADJTIMEX_STATUS,
    CLOCKFLAGS,
    CLOCKNAMES,
    ITIMER_WHICH,
    TIMERFDFLAGS,
)
from bstinspect.decode.shape import Shape, decimal_result, descriptor_result
from bstinspect.decode.sigevents import sigevent
from bstinspect.decode.spans import (
    comment,
    date_text,
    itimerspec,
    itimerval,
    remaining_text,
    timespec,
    timeval,
    timeval_text,
)
from bstinspect.decode.structures import Structure, bits

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

_CLOCK: Final = show.choice(0, CLOCKNAMES, unknown="CLOCK_???")
_ITIMER: Final = show.choice(0, ITIMER_WHICH, unknown="ITIMER_???")
_CLOCK_FLAGS: Final = show.flags(1, CLOCKFLAGS, unknown="TIMER_???")
_TIMERFD_FLAGS: Final = show.flags(1, TIMERFDFLAGS, unknown="TFD_???")
_TIMEZONE: Final = Structure(("tz_minuteswest", "i"), ("tz_dsttime", "i"))
_TIMEX: Final = Structure(
    ("modes", "I", bits(ADJTIMEX_MODES, unknown="ADJ_???")),
    ("offset", "q"),
    ("freq", "q"),
    ("maxerror", "q"),
    ("esterror", "q"),
    ("status", "I", bits(ADJTIMEX_STATUS, unknown="STA_???")),
    ("constant", "q"),
    ("precision", "q"),
    ("tolerance", "q"),
    ("time", "16s", timeval_text),
    ("tick", "q"),
    ("ppsfreq", "q"),
    ("jitter", "q"),
    ("shift", "i"),
    ("stabil", "q"),
    ("jitcnt", "q"),
    ("calcnt", "q"),
    ("errcnt", "q"),
    ("stbcnt", "q"),
    ("tai", "i"),
    ("", "44x"),
)


def _timex(index: int) -> Argument:
    """Print a ``struct timex``; what state the clock is in is noted where that could be printed."""

    def argument(call: Call) -> str:
        data = call.fetch(call[index], _TIMEX.size)
        if data is None:
            return pointer(call[index])
        call.note = ADJTIMEX_STATE.get(call.value, "")
        return _TIMEX(call, data)

    return argument


def _moment(_call: Call, data: bytes) -> str:
    seconds = int.from_bytes(data, "little", signed=True)
    return f"[{seconds}{comment(date_text(seconds))}]"


def _time_result(call: Call) -> str:
    call.note = date_text(call.value)
    return decimal_result(call)


def _clock_remaining(call: Call) -> str:
    """Print the time left; there is none where the call's time was absolute."""
    return pointer(call[3]) if call[1] else remaining_text(call, call[3])


SHAPES: Final[dict[str, Shape]] = {
    "time": Shape((), (show.structure(0, 8, _moment),), _time_result),
    "gettimeofday": Shape((), (timeval(0), _TIMEZONE.at(1))),
    "settimeofday": Shape((timeval(0), _TIMEZONE.at(1))),
    "adjtimex": Shape((), (_timex(0),)),
    "clock_adjtime": Shape((_CLOCK,), (_timex(1),)),
    "clock_gettime": Shape((_CLOCK,), (timespec(1),)),
    "clock_getres": Shape((_CLOCK,), (timespec(1),)),
    "clock_settime": Shape((_CLOCK, timespec(1))),
    "clock_nanosleep": Shape((_CLOCK, _CLOCK_FLAGS, timespec(2)), (_clock_remaining,)),
    "nanosleep": Shape((timespec(0),), (lambda call: remaining_text(call, call[1]),)),
    "alarm": Shape((show.unsigned(0),)),
    "getitimer": Shape((_ITIMER,), (itimerval(1),)),
    "setitimer": Shape((_ITIMER, itimerval(1)), (itimerval(2),)),
    "timer_create": Shape((_CLOCK, sigevent(1)), (show.int_out(2),)),
    "timer_settime": Shape((show.number(0), _CLOCK_FLAGS, itimerspec(2)), (itimerspec(3),)),
    "timer_gettime": Shape((show.number(0),), (itimerspec(1),)),
    "timer_getoverrun": Shape((show.number(0),)),
    "timer_delete": Shape((show.number(0),)),
    "timerfd_create": Shape((_CLOCK, _TIMERFD_FLAGS), (), descriptor_result),
    "timerfd_settime": Shape((show.fd(0), _TIMERFD_FLAGS, itimerspec(2)), (itimerspec(3),)),
    "timerfd_gettime": Shape((show.fd(0),), (itimerspec(1),)),
}
