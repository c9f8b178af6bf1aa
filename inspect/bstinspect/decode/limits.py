"""What processes may use and have used, and what the system says of itself (getrlimit(2), uname(2), ...)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, pointer, u32
from bstinspect.decode.constants.processes import RESOURCES, USAGEWHO
from bstinspect.decode.lists import local_array
from bstinspect.decode.shape import Shape
from bstinspect.decode.siginfo import ticks_text
from bstinspect.decode.spans import timeval_text

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

_INFINITY: Final = (1 << 64) - 1
_USAGE_BYTES: Final = 144
_USAGE_NAMES: Final = (
    "maxrss", "ixrss", "idrss", "isrss", "minflt", "majflt", "nswap", "inblock", "oublock", "msgsnd",
    "msgrcv", "nsignals", "nvcsw", "nivcsw",
)  # fmt: skip
_TIMES_NAMES: Final = ("tms_utime", "tms_stime", "tms_cutime", "tms_cstime")
_NAME_BYTES: Final = 65
"""Of each field of a struct utsname, with the NUL."""
_LONGEST_NAME: Final = 64


def _limit(call: Call, value: int) -> str:
    if value == _INFINITY:
        return call.constant(value, "RLIM64_INFINITY", str)
    if value > 1024 and not value % 1024:
        return call.constant(value, f"{value // 1024}*1024", str)
    return str(value)


def _limits_text(call: Call, data: bytes) -> str:
    current, most = struct.unpack("<QQ", data)
    return f"{{rlim_cur={_limit(call, current)}, rlim_max={_limit(call, most)}}}"


def _limits(index: int) -> Argument:
    return show.structure(index, 16, _limits_text)


def _resource(index: int) -> Argument:
    return show.choice(index, RESOURCES, unknown="RLIMIT_???")


def usage(call: Call, address: int) -> str:
    """Print the struct rusage behind a pointer."""
    data = call.fetch(address, _USAGE_BYTES)
    if data is None:
        return pointer(address)
    parts = [f"ru_utime={timeval_text(call, data)}", f"ru_stime={timeval_text(call, data[16:])}"]
    if call.abbreviated:
        parts.append("...")
    else:
        values = struct.unpack_from("<14Q", data, 32)
        parts += [f"ru_{name}={value}" for name, value in zip(_USAGE_NAMES, values, strict=True)]
    return f"{{{', '.join(parts)}}}"


def _times_text(call: Call, data: bytes) -> str:
    values = zip(_TIMES_NAMES, struct.unpack("<4Q", data), strict=True)
    return f"{{{', '.join(f'{name}={ticks_text(call, value)}' for name, value in values)}}}"


def _uname_text(call: Call, data: bytes) -> str:
    names = ("sysname", "nodename", "release", "version", "machine", "domainname")
    parts = []
    for number, name in enumerate(names):
        parts.append(f"{name}={call.cstring(data[number * _NAME_BYTES : (number + 1) * _NAME_BYTES])}")
        if number == 1 and call.abbreviated:
            parts.append("...")
            break
    return f"{{{', '.join(parts)}}}"


def _sysinfo_text(call: Call, data: bytes) -> str:
    up, one, five, fifteen, *memory, processes = struct.unpack_from("<10QH", data)
    high, free_high, unit = struct.unpack_from("<QQI", data, 88)
    names = ("totalram", "freeram", "sharedram", "bufferram", "totalswap", "freeswap")
    parts = [
        f"uptime={up}",
        f"loads={local_array(call, [str(one), str(five), str(fifteen)])}",
        *(f"{name}={value}" for name, value in zip(names, memory, strict=True)),
        f"procs={processes}",
        f"totalhigh={high}",
        f"freehigh={free_high}",
        f"mem_unit={unit}",
    ]
    return f"{{{', '.join(parts)}}}"


def _new_name(call: Call) -> str:
    length = u32(call[1])
    return pointer(call[0]) if length > _LONGEST_NAME else call.buffer(call[0], length)


_SET_NAME: Final = Shape((_new_name, show.unsigned(1)))

SHAPES: Final[dict[str, Shape]] = {
    "getrlimit": Shape((_resource(0),), (_limits(1),)),
    "setrlimit": Shape((_resource(0), _limits(1))),
    "prlimit64": Shape((show.process(0), _resource(1), _limits(2)), (_limits(3),)),
    "getrusage": Shape(
        (show.choice(0, USAGEWHO, unknown="RUSAGE_???"),), (lambda call: usage(call, call[1]),)
    ),
    "times": Shape((), (show.structure(0, 32, _times_text),)),
    "sysinfo": Shape((), (show.structure(0, 112, _sysinfo_text),)),
    "uname": Shape((), (show.structure(0, 6 * _NAME_BYTES, _uname_text),)),
    "sethostname": _SET_NAME,
    "setdomainname": _SET_NAME,
}
