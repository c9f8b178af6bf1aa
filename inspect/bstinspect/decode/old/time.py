"""Clocks, sleeps and timers (clock_gettime(2), nanosleep(2), timerfd_create(2), setitimer(2))."""

from __future__ import annotations

from typing import Final

from bstinspect.decode.old import call as show
from bstinspect.decode.old.call import Call, Shape
from bstinspect.decode.old.spans import (
    date_text,
    itimerspec_text,
    itimerval_text,
    remaining,
    timespec_in,
    timespec_out,
    timeval_text,
)

_CLOCKS: Final = {
    0: "CLOCK_REALTIME", 1: "CLOCK_MONOTONIC", 2: "CLOCK_PROCESS_CPUTIME_ID", 3: "CLOCK_THREAD_CPUTIME_ID",
    4: "CLOCK_MONOTONIC_RAW", 5: "CLOCK_REALTIME_COARSE", 6: "CLOCK_MONOTONIC_COARSE", 7: "CLOCK_BOOTTIME",
    8: "CLOCK_REALTIME_ALARM", 9: "CLOCK_BOOTTIME_ALARM", 11: "CLOCK_TAI",
}  # fmt: skip
_CLOCK_TYPES: Final = {0: "CPUCLOCK_PROF", 1: "CPUCLOCK_VIRT", 2: "CPUCLOCK_SCHED"}
_TIMERS: Final = {0: "ITIMER_REAL", 1: "ITIMER_VIRTUAL", 2: "ITIMER_PROF"}
_ABSOLUTE: Final = {1: "TIMER_ABSTIME"}
_TIMERFD_SET: Final = {1: "TFD_TIMER_ABSTIME", 2: "TFD_TIMER_CANCEL_ON_SET"}
_TIMERFD: Final = {0o2000000: "TFD_CLOEXEC", 0o4000: "TFD_NONBLOCK"}


def _clock(call: Call) -> str:
    value = show.s32(call[0])
    if value >= 0:
        return show.choice_text(value, _CLOCKS, "CLOCK_???")
    kind = _CLOCK_TYPES.get(value & 3, str(value & 3))
    if value & 3 == 3:
        return f"FD_TO_CLOCKID({~(value >> 3)})"
    maker = "MAKE_THREAD_CPUCLOCK" if value & 4 else "MAKE_PROCESS_CPUCLOCK"
    return f"{maker}({~(value >> 3)}, {kind})"


def _moment(call: Call) -> str:
    """Note the date that time(2) returned."""
    call.note = date_text(call.value)
    return str(call.value)


SHAPES: Final[dict[str, Shape]] = {
    "clock_gettime": Shape((_clock,), (timespec_out(1),)),
    "clock_getres": Shape((_clock,), (timespec_out(1),)),
    "clock_settime": Shape((_clock, timespec_in(1))),
    "clock_nanosleep": Shape(
        (_clock, show.flags(1, _ABSOLUTE, "TIMER_???"), timespec_in(2)), (remaining(3),)
    ),
    "nanosleep": Shape((timespec_in(0),), (remaining(1),)),
    "gettimeofday": Shape((), (show.filled(0, 16, timeval_text), show.address(1))),
    "time": Shape(
        (), (show.filled(0, 8, lambda data: f"[{int.from_bytes(data, 'little', signed=True)}]"),), _moment
    ),
    "alarm": Shape((show.unsigned(0),)),
    "getitimer": Shape((show.choice(0, _TIMERS, "ITIMER_???"),), (show.filled(1, 32, itimerval_text),)),
    "setitimer": Shape(
        (show.choice(0, _TIMERS, "ITIMER_???"), show.structure(1, 32, itimerval_text)),
        (show.filled(2, 32, itimerval_text),),
    ),
    "timerfd_create": Shape((_clock, show.flags(1, _TIMERFD, "TFD_???"))),
    "timerfd_settime": Shape(
        (show.fd(0), show.flags(1, _TIMERFD_SET, "TFD_???"), show.structure(2, 32, itimerspec_text)),
        (show.filled(3, 32, itimerspec_text),),
    ),
    "timerfd_gettime": Shape((show.fd(0),), (show.filled(1, 32, itimerspec_text),)),
}
