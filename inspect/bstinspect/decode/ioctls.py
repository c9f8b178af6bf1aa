"""ioctl(2): the names of its requests, and whose turn it is to print what they point to."""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import Call, hexadecimal, s32, u32
from bstinspect.decode.constants.devices import EVDEV_ABS, EVDEV_EV
from bstinspect.decode.constants.ioctls import IOCTL_DIRS, IOCTLS
from bstinspect.decode.requests import RAW, RAW_LATE
from bstinspect.decode.shape import Shape
from bstinspect.decode.style import Constants

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from bstinspect.decode.requests import Request

_NONE, _WRITE, _READ, _BOTH = range(4)
_SIZED: Final[dict[tuple[str, int, int], str]] = {
    ("E", _READ, 0x06): "EVIOCGNAME", ("E", _READ, 0x07): "EVIOCGPHYS", ("E", _READ, 0x08): "EVIOCGUNIQ",
    ("E", _READ, 0x09): "EVIOCGPROP", ("E", _READ, 0x0A): "EVIOCGMTSLOTS", ("E", _READ, 0x18): "EVIOCGKEY",
    ("E", _READ, 0x19): "EVIOCGLED", ("E", _READ, 0x1A): "EVIOCGSND", ("E", _READ, 0x1B): "EVIOCGSW",
    ("H", _READ, 0x04): "HIDIOCGRAWNAME", ("H", _READ, 0x05): "HIDIOCGRAWPHYS",
    ("H", _READ, 0x06): "HIDIOCSFEATURE", ("H", _READ, 0x08): "HIDIOCGRAWUNIQ",
    ("H", _READ, 0x12): "HIDIOCGPHYS", ("H", _BOTH, 0x06): "HIDIOCSFEATURE",
    ("H", _BOTH, 0x07): "HIDIOCGFEATURE", ("U", _READ, 0x2C): "UI_GET_SYSNAME",
    ("j", _READ, 0x13): "JSIOCGNAME", ("k", _WRITE, 0x00): "SPI_IOC_MESSAGE",
}  # fmt: skip
"""Requests whose size is up to the caller: the type, the direction, the number."""
_SECCOMP_WRONG_DIRECTION: Final = 0x80082102
_INPUT: Final = 0x45
_FAMILIES: Final[dict[int, tuple[str, ...]]] = {
    0x03: ("disks",), 0x12: ("block",), 0x21: ("kernel",), 0x22: ("scsi",), 0x24: ("perf",),
    0x3D: ("clocks",), 0x3E: ("devices",), _INPUT: ("input",), 0x49: ("devices",), 0x4B: ("console", "fonts"),
    0x4C: ("block",), 0x4D: ("flash",), 0x4F: ("flash",), 0x52: ("devices",), 0x54: ("terminals",), 0x56: (),
    0x57: ("devices",), 0x58: ("files",), 0x66: ("files",), 0x69: ("devices",), 0x6F: ("flash",),
    0x70: ("devices",), 0x89: ("network",), 0x94: ("files",), 0xA4: (), 0xAA: ("kernel",), 0xAB: ("block",),
    0xAE: ("kvm",), 0xB4: ("lines",), 0xB7: ("kernel",), 0xFD: (),
}  # fmt: skip
"""The modules that decode requests, by their type; of other types, the argument is printed at the exit.

They are imported when the first such request comes: most programs make few kinds of them.
"""


def _modules(kind: int) -> list[ModuleType]:
    return [importlib.import_module(f"bstinspect.decode.ioctls_{name}") for name in _FAMILIES[kind]]


@functools.cache
def _family(kind: int) -> Mapping[int, Request]:
    return {code: request for module in _modules(kind) for code, request in module.REQUESTS.items()}


def _request(code: int) -> Request:
    kind = code >> 8 & 0xFF
    if kind not in _FAMILIES:
        return RAW_LATE
    found = _family(kind).get(code)
    return found or (kind == _INPUT and _modules(kind)[0].find(code)) or RAW


def _computed_name(call: Call, code: int) -> str:
    """Return the name of a request that carries a length or an index (ioctl_decode_command_number)."""
    direction, size, kind, number = code >> 30, code >> 16 & 0x3FFF, chr(code >> 8 & 0xFF), code & 0xFF
    quiet = call.style.constants is Constants.VERBOSE
    if code == _SECCOMP_WRONG_DIRECTION:
        return "SECCOMP_IOCTL_NOTIF_ID_VALID_WRONG_DIR"
    if kind == "E" and direction == _WRITE and number >= 0xC0:
        return f"EVIOCSABS({_axis(EVDEV_ABS, number - 0xC0, '' if quiet else 'ABS_???')})"
    if kind == "E" and direction == _READ and 0x20 <= number < 0x40:
        event = _axis(EVDEV_EV, number - 0x20, "" if quiet else "EV_???") if number > 0x20 else "0"
        return f"EVIOCGBIT({event}, {size})"
    if kind == "E" and direction == _READ and 0x40 <= number < 0x80:
        return f"EVIOCGABS({_axis(EVDEV_ABS, number - 0x40, '' if quiet else 'ABS_???')})"
    if kind == "M" and direction in (_WRITE, _READ):
        return f"MIXER_{'WRITE' if direction == _WRITE else 'READ'}({number})"
    name = _SIZED.get((kind, direction, number))
    return f"{name}({size})" if name else ""


def _axis(table: Mapping[int, str], number: int, unknown: str) -> str:
    return table.get(number) or hexadecimal(number) + (f" /* {unknown} */" if unknown else "")


def _plain_name(code: int) -> str:
    """Return the form of a request without a name: ``_IOC(_IOC_READ, 0x12, 0x34, 0x8)``."""
    direction = code >> 30
    names = [name for bits, name in IOCTL_DIRS.items() if direction == bits or (bits and direction & bits)]
    numbers = [hexadecimal(part) for part in (code >> 8 & 0xFF, code & 0xFF, code >> 16 & 0x3FFF)]
    return f"_IOC({', '.join(['|'.join(names), *numbers])})"


def _name(call: Call) -> str:
    code = u32(call[1])
    if call.style.constants is Constants.RAW:
        return hexadecimal(code)
    found = [name for name in (_computed_name(call, code), IOCTLS.get(code)) if name]
    return call.constant(code, " or ".join(found) or _plain_name(code))


class _Ioctl(Shape):
    """Each request decides for itself when its argument is printed, and brings the comma before it."""

    separator = ""

    def waits(self, call: Call) -> bool:
        request = _request(u32(call[1]))
        return request.after is not None and (not request.asks or call.kept is not None)

    def entry(self, call: Call) -> list[str]:
        before = _request(u32(call[1])).before
        return [call.descriptor(s32(call[0])), _name(call) + (before(call) if before else "")]

    def exit(self, call: Call) -> list[str]:
        after = _request(u32(call[1])).after
        return [after(call)] if after and self.waits(call) else []

    def all_arguments(self, call: Call) -> list[str]:
        descriptor, rest = self.entry(call)
        return [descriptor, rest + "".join(self.exit(call))]


def _result(call: Call) -> str:
    return _request(u32(call[1])).result(call)


SHAPES: Final[dict[str, Shape]] = {"ioctl": _Ioctl((), (), _result)}
