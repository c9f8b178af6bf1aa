"""ioctl requests of small devices: clocks, random numbers, watchdogs, counters, infrared light (rtc(4))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import Call, hexadecimal, pointer
from bstinspect.decode.constants.devices import (
    COUNTER_IOCTL_COMPONENT_TYPES,
    COUNTER_IOCTL_EVENT_TYPES,
    COUNTER_IOCTL_SCOPES,
    LIRC_FEATURES,
    LIRC_MODES,
    RTC_BACKUP_SWITCH_MODES,
    RTC_FEATURES,
    RTC_PARAMS,
    RTC_VL_FLAGS,
)
from bstinspect.decode.requests import NOTHING, exchanged, filled, filled_late, given, named, signed, unsigned
from bstinspect.decode.structures import Structure, behind, bits, braced, hexa, one_of, value_behind

if TYPE_CHECKING:
    from bstinspect.decode.requests import Request

# Real-time clocks.

_TIME: Final = Structure(
    *((f"tm_{name}", "i") for name in ("sec", "min", "hour", "mday", "mon", "year", "wday", "yday", "isdst")),
    full=6,
)
_ALARM: Final = Structure(("enabled", "B"), ("pending", "B"), ("time", "0i36s", _TIME))
_PLL: Final = Structure(
    *((f"pll_{name}", "i") for name in ("ctrl", "value", "max", "min", "posmult", "negmult")),
    ("pll_clock", "q"),
)
_PARAMETER: Final = Structure(
    ("param", "Q", one_of(RTC_PARAMS, unknown="RTC_PARAM_???")),
    ("uvalue", "Q"),
    ("index", "I"),
    ("__pad", "I"),
)
_FEATURES, _CORRECTION, _BACKUP_SWITCH = 0, 1, 2


def _parameter_value(call: Call, kind: int, value: int) -> str:
    if kind == _FEATURES:
        return f"uvalue={call.flags(value, RTC_FEATURES, unknown='1<<RTC_FEATURE_???')}"
    if kind == _CORRECTION:
        return f"svalue={(value ^ 1 << 63) - (1 << 63)}"
    if kind == _BACKUP_SWITCH:
        return f"uvalue={call.choice(value, RTC_BACKUP_SWITCH_MODES, unknown='RTC_BSM_???')}"
    return f"uvalue={hexadecimal(value)}"


def _parameter(call: Call, data: bytes) -> str:
    """Print what is set, or what is asked for; or at the exit, what the answer is."""
    kind, value, index, padding = _PARAMETER.layout.unpack(data)
    getting = call[1] & 0xFF == _GET_PARAMETER
    texts = [] if call.leaving else _PARAMETER.texts(call, data)[:1]
    if call.leaving or not getting:
        texts.append(_parameter_value(call, kind, value))
    if not call.leaving:
        texts.append(f"index={index}")
        call.kept = True
    return braced(*texts, *([f"__pad={hexadecimal(padding)}"] if padding else []))


_GET_PARAMETER: Final = 0x13
_PARAMETER_AT: Final = behind(2, _PARAMETER.size, _parameter)


def _parameter_answer(call: Call) -> str:
    return f" => {_PARAMETER_AT(call)}"


# Random numbers.

_POOL: Final = Structure(("entropy_count", "i"), ("buf_size", "i"))


def _pool(call: Call) -> str:
    data = call.fetch(call[2], _POOL.size)
    if data is None:
        return pointer(call[2])
    buffer = call.buffer(call[2] + _POOL.size, _POOL.values(data)["buf_size"])
    return braced(*_POOL.texts(call, data), f"buf={buffer}")


# Events of counters, and infrared light.

_WATCH: Final = Structure(
    (
        "component",
        "4s",
        Structure(
            ("type", "B", one_of(COUNTER_IOCTL_COMPONENT_TYPES, unknown="COUNTER_COMPONENT_???")),
            ("scope", "B", one_of(COUNTER_IOCTL_SCOPES, unknown="COUNTER_SCOPE_???")),
            ("parent", "B"),
            ("id", "B"),
        ),
    ),
    ("event", "B", one_of(COUNTER_IOCTL_EVENT_TYPES, unknown="COUNTER_EVENT_???")),
    ("channel", "B"),
)
_MODE: Final = value_behind("I", one_of(LIRC_MODES, unknown="LIRC_MODE_???"))
_INT: Final = value_behind("i")
_UNSIGNED: Final = value_behind("I")

REQUESTS: Final[dict[int, Request]] = named(
    {
        "RTC_ALM_READ RTC_RD_TIME": filled(_TIME.at()),
        "RTC_ALM_SET RTC_SET_TIME": given(_TIME.at()),
        "RTC_IRQP_SET RTC_EPOCH_SET": given(unsigned),
        "RTC_IRQP_READ RTC_EPOCH_READ": filled(value_behind("Q")),
        "RTC_WKALM_RD": filled(_ALARM.at()),
        "RTC_WKALM_SET": given(_ALARM.at()),
        "RTC_PLL_GET": filled(_PLL.at()),
        "RTC_PLL_SET": given(_PLL.at()),
        "RTC_VL_READ": filled(value_behind("I", bits(RTC_VL_FLAGS, unknown="RTC_VL_???"))),
        "RTC_PARAM_GET": exchanged(_PARAMETER_AT, _parameter_answer),
        "RTC_PARAM_SET": given(_PARAMETER_AT),
        "RTC_AIE_ON RTC_AIE_OFF RTC_UIE_ON RTC_UIE_OFF RTC_PIE_ON RTC_PIE_OFF": NOTHING,
        "RTC_WIE_ON RTC_WIE_OFF RTC_VL_CLR": NOTHING,
        "RNDGETENTCNT": filled(_INT),
        "RNDADDTOENTCNT": given(_INT),
        "RNDADDENTROPY": given(_pool),
        "RNDZAPENTCNT RNDCLEARPOOL RNDRESEEDCRNG": NOTHING,
        "WDIOC_GETSTATUS WDIOC_GETBOOTSTATUS WDIOC_GETTEMP WDIOC_GETTIMEOUT": filled(_INT),
        "WDIOC_GETPRETIMEOUT WDIOC_GETTIMELEFT": filled(_INT),
        "WDIOC_SETTIMEOUT WDIOC_SETPRETIMEOUT": given(_INT),
        "WDIOC_KEEPALIVE": NOTHING,
        "INOTIFY_IOC_SETNEXTWD": given(signed),
        "COUNTER_ADD_WATCH_IOCTL": given(_WATCH.at()),
        "COUNTER_ENABLE_EVENTS_IOCTL COUNTER_DISABLE_EVENTS_IOCTL": NOTHING,
        "LIRC_GET_FEATURES": filled_late(value_behind("I", bits(LIRC_FEATURES, unknown="LIRC_CAN_???"))),
        "LIRC_GET_SEND_MODE LIRC_GET_REC_MODE": filled_late(_MODE),
        "LIRC_SET_SEND_MODE LIRC_SET_REC_MODE": given(_MODE),
        "LIRC_GET_REC_RESOLUTION LIRC_GET_MIN_TIMEOUT LIRC_GET_MAX_TIMEOUT": filled_late(_UNSIGNED),
        "LIRC_GET_LENGTH LIRC_GET_REC_TIMEOUT": filled_late(_UNSIGNED),
        "LIRC_SET_TRANSMITTER_MASK": given(value_behind("I", hexa)),
        "LIRC_SET_SEND_CARRIER LIRC_SET_REC_CARRIER LIRC_SET_SEND_DUTY_CYCLE": given(_UNSIGNED),
        "LIRC_SET_REC_TIMEOUT LIRC_SET_REC_TIMEOUT_REPORTS LIRC_SET_MEASURE_CARRIER_MODE": given(_UNSIGNED),
        "LIRC_SET_REC_CARRIER_RANGE LIRC_SET_WIDEBAND_RECEIVER": given(_UNSIGNED),
    }
)
