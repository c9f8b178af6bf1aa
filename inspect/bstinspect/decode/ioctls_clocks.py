"""ioctl requests of precise clocks: PTP hardware, /dev/ptp*."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import Call, hexadecimal, pointer
from bstinspect.decode.constants.devices import PTP_EXTTS_FLAGS, PTP_PEROUT_FLAGS, PTP_PIN_FUNCS
from bstinspect.decode.lists import local_array
from bstinspect.decode.requests import Request, exchanged, filled_late, given, hexa_long, named
from bstinspect.decode.spans import date_text
from bstinspect.decode.structures import Structure, bits, braced, comment, hexa, one_of, some, text

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

_TIME: Final = struct.Struct("@qII")
_SAMPLES: Final = 25
_PHASE, _DUTY_CYCLE = 4, 2
_reserved: Final = some(hexa)


def _time(call: Call, data: bytes, *, dated: bool) -> str:
    """Print a time, and its date where it counts from 1970."""
    seconds, nanoseconds, unused = _TIME.unpack(data)
    texts = [f"sec={seconds}", f"nsec={nanoseconds}"]
    shown = braced(*texts, *([f"reserved={hexadecimal(unused)}"] if unused else []))
    date = date_text(seconds, nanoseconds, 9) if dated else ""
    return shown + (comment(call, date) if date else "")


def _unused(call: Call, data: bytes) -> list[str]:
    """Print what is reserved, where it is not all zeros."""
    if not any(data):
        return []
    return [f"rsv={_reserved(call, struct.unpack(f'@{len(data) // 4}I', data))}"]


def _with_reserved(layout: Structure, count: int, *, shown: bool = True) -> Argument:
    """Print a structure that ends with reserved ints."""
    size = layout.size + 4 * count

    def argument(call: Call) -> str:
        data = call.fetch(call[2], size)
        if data is None:
            return pointer(call[2])
        return braced(*layout.texts(call, data), *(_unused(call, data[layout.size :]) if shown else []))

    return argument


_CAPABILITIES: Final = Structure(
    ("max_adj", "i"),
    ("n_alarm", "i"),
    ("n_ext_ts", "i"),
    ("n_per_out", "i"),
    ("pps", "i"),
    ("n_pins", "i"),
    ("cross_timestamping", "i"),
    ("adjust_phase", "i"),
)
_STAMPS: Final = Structure(("index", "I"), ("flags", "I", bits(PTP_EXTTS_FLAGS, unknown="PTP_???")))
_OUTPUT: Final = Structure(("index", "I"), ("flags", "I", bits(PTP_PEROUT_FLAGS, unknown="PTP_PEROUT_???")))


def _output(*, second: bool) -> Argument:
    def argument(call: Call) -> str:
        data = call.fetch(call[2], 56)
        if data is None:
            return pointer(call[2])
        flags = _OUTPUT.values(data[32:])["flags"]
        phase = bool(flags & _PHASE)
        first = f"{'phase' if phase else 'start'}={_time(call, data[:16], dated=not phase)}"
        texts = [first, f"period={_time(call, data[16:32], dated=False)}", *_OUTPUT.texts(call, data[32:])]
        if flags & _DUTY_CYCLE:
            texts.append(f"on={_time(call, data[40:], dated=False)}")
        elif second:
            texts += _unused(call, data[40:])
        return braced(*texts)

    return argument


def _offsets(times: int) -> Request:
    """Print samples of times, each of one or of three; the first kind has one more."""
    size = 16 + 16 * (2 * _SAMPLES + 1 if times == 1 else 3 * _SAMPLES)

    def before(call: Call) -> str:
        data = call.fetch(call[2], size)
        if data is None:
            return pointer(call[2])
        call.kept = True
        return "{" + ", ".join(
            [f"n_samples={int.from_bytes(data[:4], 'little')}", *_unused(call, data[4:16])]
        )

    def after(call: Call) -> str:
        if call.failed:
            return "}"
        data = call.peek(call[2], size)
        if data is None:
            return ", ???}"
        count = min(int.from_bytes(data[:4], "little"), _SAMPLES)
        found = [_time(call, data[at : at + 16], dated=True) for at in range(16, size, 16)]
        if times == 1:
            return f", ts={local_array(call, found[: 2 * count + 1])}}}"
        groups = [f"[{', '.join(found[at : at + 3])}]" for at in range(0, 3 * count, 3)]
        return f", ts={local_array(call, groups)}}}"

    return exchanged(before, after)


def _precise(call: Call) -> str:
    data = call.fetch(call[2], 64)
    if data is None:
        return pointer(call[2])
    device, real, raw = (data[at : at + 16] for at in (0, 16, 32))
    texts = [f"device={_time(call, device, dated=True)}", f"sys_realtime={_time(call, real, dated=True)}"]
    return braced(*texts, f"sys_monoraw={_time(call, raw, dated=False)}", *_unused(call, data[48:]))


_PIN: Final = Structure(
    ("name", "64s", text),
    ("index", "I"),
    ("func", "I", one_of(PTP_PIN_FUNCS, unknown="PTP_PF_???")),
    ("chan", "I"),
    ("rsv", "20s", None),
)


def _pin_set(*, second: bool) -> Argument:
    def argument(call: Call) -> str:
        data = call.fetch(call[2], _PIN.size)
        if data is None:
            return pointer(call[2])
        _, *texts = _PIN.texts(call, data)
        return braced(*texts, *(_unused(call, data[76:]) if second else []))

    return argument


def _pin_get(*, second: bool) -> Request:
    def before(call: Call) -> str:
        data = call.fetch(call[2], _PIN.size)
        if data is None:
            return pointer(call[2])
        call.kept = True
        unused = _unused(call, data[76:]) if second else []
        return "{" + ", ".join([_PIN.texts(call, data)[1], *unused])

    def after(call: Call) -> str:
        if call.failed:
            return "}"
        data = call.peek(call[2], _PIN.size)
        if data is None:
            return ", ???}"
        name, _, function, channel = _PIN.texts(call, data)
        return f", {name}, {function}, {channel}}}"

    return exchanged(before, after)


def _verbose(request: Request) -> Request:
    """Print only the argument's number where -e verbose= leaves ioctl out."""
    show, late = request.before, request.after

    def before(call: Call) -> str:
        if not call.style.verbose(call.name):
            return f", {hexa_long(call)}"
        if late is not None and not request.asks:
            call.kept = True
        return show(call) if show else ""

    return request._replace(before=before, asks=late is not None)


_REQUESTS: Final = named(
    {
        "PTP_CLOCK_GETCAPS PTP_CLOCK_GETCAPS2": filled_late(_with_reserved(_CAPABILITIES, 12)),
        "PTP_EXTTS_REQUEST": given(_with_reserved(_STAMPS, 2, shown=False)),
        "PTP_EXTTS_REQUEST2": given(_with_reserved(_STAMPS, 2)),
        "PTP_PEROUT_REQUEST": given(_output(second=False)),
        "PTP_PEROUT_REQUEST2": given(_output(second=True)),
        "PTP_ENABLE_PPS PTP_ENABLE_PPS2": given(hexa_long),
        "PTP_SYS_OFFSET PTP_SYS_OFFSET2": _offsets(1),
        "PTP_SYS_OFFSET_EXTENDED PTP_SYS_OFFSET_EXTENDED2": _offsets(3),
        "PTP_SYS_OFFSET_PRECISE PTP_SYS_OFFSET_PRECISE2": filled_late(_precise),
        "PTP_PIN_GETFUNC": _pin_get(second=False),
        "PTP_PIN_GETFUNC2": _pin_get(second=True),
        "PTP_PIN_SETFUNC": given(_pin_set(second=False)),
        "PTP_PIN_SETFUNC2": given(_pin_set(second=True)),
    }
)
REQUESTS: Final[dict[int, Request]] = {code: _verbose(request) for code, request in _REQUESTS.items()}
