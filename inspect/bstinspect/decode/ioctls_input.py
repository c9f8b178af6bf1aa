"""ioctl requests of input devices: /dev/input/event*.

Many requests carry an axis, a kind of event or a length in their number, so they are looked at bit by bit.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import Call, hexadecimal, pointer
from bstinspect.decode.constants import devices as names
from bstinspect.decode.constants.keycodes import EVDEV_KEYCODE
from bstinspect.decode.lists import local_array
from bstinspect.decode.requests import NUMBERS, Request, filled, given, signed, unsigned
from bstinspect.decode.show import array
from bstinspect.decode.structures import Structure, address, behind, braced, each, hexa, one_of, value_behind
from bstinspect.decode.style import Constants

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bstinspect.decode.shape import Argument

_WRITE, _READ = 1, 2
_MOST_BITS: Final = 4
"""With abbreviation, so many names of a set are printed."""
_ABSOLUTE: Final = 20
_ABSOLUTE_NOW: Final = 24
"""The size of ``struct input_absinfo``, as it was and with its last field."""

_key: Final = one_of(EVDEV_KEYCODE, unknown="KEY_???")
_ID: Final = Structure(("bustype", "H"), ("vendor", "H"), ("product", "H"), ("version", "H"))
_KEYMAP: Final = Structure(
    ("flags", "B"),
    ("len", "B"),
    ("index", "H"),
    ("keycode", "I", _key),
    ("scancode", "32B", each(hexa)),
    full=2,
)
_AXIS: Final = ("value", "minimum", "maximum", "fuzz", "flat", "resolution")


def _pair(_call: Call, data: bytes) -> str:
    first, second = struct.unpack("<II", data)
    return f"[{first}, {second}]"


def _key_pair(call: Call, data: bytes) -> str:
    first, second = struct.unpack("<II", data)
    return f"[{first}, {_key(call, second)}]"


def _axis(size: int) -> Argument:
    """Print what is known of an axis, as much as the caller has room for."""

    def argument(call: Call) -> str:
        data = call.fetch(call[2], min(size, _ABSOLUTE_NOW)) if size >= _ABSOLUTE else None
        if data is None:
            return pointer(call[2])
        shown = _AXIS[: len(data) // 4 if size < _ABSOLUTE_NOW else 6]
        values = struct.unpack(f"<{len(shown)}I", data[: 4 * len(shown)])
        texts = [f"{name}={value}" for name, value in zip(shown, values, strict=True)]
        if call.abbreviated:
            return braced(*texts[:2], "...")
        return braced(*texts, *([] if size in (_ABSOLUTE, _ABSOLUTE_NOW) else ["..."]))

    return argument


def _bits(table: Mapping[int, str], most: int, unknown: str) -> Argument:
    """Print a set of bits, as long as the result says: ``[KEY_ESC KEY_1]``."""

    def argument(call: Call) -> str:
        count = most if call.value & (1 << 64) - 1 > most // 8 else call.value * 8
        size = -(-count // 64) * 8
        data = call.fetch(call[2], size) if size > 0 else None
        if data is None:
            return pointer(call[2])
        words = local_array(call, [hexadecimal(word) for (word,) in struct.iter_unpack("<Q", data)])
        if call.style.constants is Constants.RAW:
            return words
        mask = int.from_bytes(data, "little") & (1 << count) - 1
        found = [bit for bit in range(count) if mask >> bit & 1]
        texts = [call.choice(bit, table, unknown=unknown) for bit in found]
        if call.abbreviated and len(texts) > _MOST_BITS:
            texts = [*texts[:_MOST_BITS], "..."]
        text = f"[{' '.join(texts)}]"
        return f"{text} /* {words} */" if call.style.constants is Constants.VERBOSE else text

    return argument


def _slots(size: int) -> Argument:
    """Print the values of all slots of a touch screen."""

    def number(_call: Call, data: bytes) -> str:
        return str(int.from_bytes(data, "little", signed=True))

    def argument(call: Call) -> str:
        data = call.fetch(call[2], 4) if size >= 4 else None
        if data is None:
            return pointer(call[2])
        code = call.choice(int.from_bytes(data, "little"), names.EVDEV_MTSLOTS, unknown="ABS_MT_???")
        return braced(f"code={code}", f"values={array(call, call[2] + 4, size // 4 - 1, 4, number)}")

    return argument


def _text(call: Call) -> str:
    return pointer(call[2]) if call.failed else call.buffer(call[2], call.value)


def _where(call: Call) -> str:
    return pointer(call[2])


# Effects that can be felt.

_ENVELOPE: Final = Structure(
    ("attack_length", "H"), ("attack_level", "H"), ("fade_length", "H"), ("fade_level", "H", hexa)
)
_EFFECT: Final = Structure(
    ("type", "H", one_of(names.EVDEV_FF_TYPES, unknown="FF_???")),
    ("id", "h"),
    ("direction", "H"),
    ("trigger", "0H4s", Structure(("button", "H"), ("interval", "H"))),
    ("replay", "0H4s", Structure(("length", "H"), ("delay", "H"))),
    ("union", "0Q32s", None),
    full=3,
)
_EFFECTS: Final = {
    0x50: ("rumble", Structure(("strong_magnitude", "H"), ("weak_magnitude", "H"))),
    0x51: (
        "periodic",
        Structure(
            ("waveform", "H"),
            ("period", "H"),
            ("magnitude", "h"),
            ("offset", "h"),
            ("phase", "H"),
            ("envelope", "0H8s", _ENVELOPE),
            ("custom_len", "I"),
            ("custom_data", "Q", address),
        ),
    ),
    0x52: ("constant", Structure(("level", "h"), ("envelope", "0H8s", _ENVELOPE))),
    0x57: ("ramp", Structure(("start_level", "h"), ("end_level", "h"), ("envelope", "0H8s", _ENVELOPE))),
}


def _effect(call: Call, data: bytes) -> str:
    texts = _EFFECT.texts(call, data)
    if call.abbreviated:
        return braced(*texts[:3], "...")
    kind = _EFFECTS.get(int.from_bytes(data[:2], "little"))
    return braced(*texts, *([f"{kind[0]}={kind[1](call, data[16:])}"] if kind else []))


# Which request is which.

_KEYS: Final = _bits(EVDEV_KEYCODE, 0x2FF, "KEY_???")
_SOUNDS: Final = _bits(names.EVDEV_SND, 7, "SND_???")
_SWITCHES: Final = _bits(names.EVDEV_SWITCH, 0x10, "SW_???")
_LEDS: Final = _bits(names.EVDEV_LEDS, 0xF, "LED_???")
_EVENTS: Final = {
    0x00: _bits(names.EVDEV_EV, 0x1F, "EV_???"),
    0x01: _KEYS,
    0x02: _bits(names.EVDEV_RELATIVE_AXES, 0xF, "REL_???"),
    0x03: _bits(names.EVDEV_ABS, 0x3F, "ABS_???"),
    0x04: _bits(names.EVDEV_MISC, 7, "MSC_???"),
    0x05: _SWITCHES,
    0x11: _LEDS,
    0x12: _SOUNDS,
    0x14: _bits(names.EVDEV_AUTOREPEAT, 1, "REP_???"),
    0x15: _bits(names.EVDEV_FF_TYPES, 0x7F, "FF_???"),
    0x16: value_behind("i"),
    0x17: _bits(names.EVDEV_FF_STATUS, 1, "FF_STATUS_???"),
}
_REPEAT: Final = behind(2, 8, _pair)
_KEYCODE: Final = behind(2, 8, _key_pair)
_FIXED_READ: Final = {
    "EVIOCGVERSION": value_behind("I", hexa),
    "EVIOCGEFFECTS": value_behind("I"),
    "EVIOCGID": _ID.at(),
    "EVIOCGREP": _REPEAT,
    "EVIOCGKEYCODE": _KEYCODE,
    "EVIOCGKEYCODE_V2": _KEYMAP.at(),
}
_FIXED_WRITE: Final = {
    "EVIOCSREP": _REPEAT,
    "EVIOCSKEYCODE": _KEYCODE,
    "EVIOCSKEYCODE_V2": _KEYMAP.at(),
    "EVIOCRMFF": signed,
    "EVIOCGRAB": unsigned,
    "EVIOCREVOKE": unsigned,
    "EVIOCSCLOCKID": value_behind("I"),
    "EVIOCSFF": behind(2, _EFFECT.size, _effect),
}
_BY_NUMBER: Final = {
    0x06: _text, 0x07: _text, 0x08: _text, 0x09: _bits(names.EVDEV_PROP, 0x1F, "PROP_???"), 0x18: _KEYS,
    0x19: _LEDS, 0x1A: _SOUNDS, 0x1B: _SWITCHES,
}  # fmt: skip
_MT_SLOTS: Final = 0x0A

REQUESTS: Final[dict[int, Request]] = {
    **{NUMBERS[name]: filled(argument) for name, argument in _FIXED_READ.items()},
    **{NUMBERS[name]: given(argument) for name, argument in _FIXED_WRITE.items()},
}


def find(code: int) -> Request | None:
    """Return how to print a request that is not in the table."""
    direction, size, number = code >> 30, code >> 16 & 0x3FFF, code & 0xFF
    if direction == _WRITE:
        return given(_axis(size) if number >= 0xC0 else _where)
    if direction != _READ:
        return None
    if number == _MT_SLOTS:
        return filled(_slots(size))
    if number in _BY_NUMBER:
        return filled(_BY_NUMBER[number])
    if number & ~0x3F == 0x40:
        return filled(_axis(size))
    return filled(_EVENTS.get(number & 0x1F, _where) if number & ~0x1F == 0x20 else _where)
