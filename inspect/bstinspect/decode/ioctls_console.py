"""ioctl requests of the Linux console: sounds, lights, keyboards, fonts (ioctl_console(2))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import Call, hexadecimal, pointer, s32, u32
from bstinspect.decode.constants import terminals as names
from bstinspect.decode.requests import NOTHING, exchanged, filled_late, given, named
from bstinspect.decode.show import array
from bstinspect.decode.signal_sets import signal_text
from bstinspect.decode.structures import (
    Structure,
    bits,
    braced,
    comment,
    hexa,
    listed,
    octets_at,
    one_of,
    value_behind,
)
from bstinspect.decode.style import Hex

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.decode.requests import Request
    from bstinspect.decode.shape import Argument

_U64: Final = (1 << 64) - 1
_INT_MAX: Final = (1 << 31) - 1
_TIMER: Final = 1193182
"""Hz of the timer that makes the sounds."""
_PORTS: Final = range(0x3B4, 0x3E0)
_ACCENTS: Final = 256
_STRING: Final = 512

# Sounds, lights and modes.


def _sound(call: Call) -> str:
    frequency = u32(_TIMER // call[2]) if call[2] else 0
    return str(call[2]) + comment(call, f"{frequency} Hz" if frequency else "off")


def _tone(call: Call) -> str:
    ticks, count = u32(call[2]) >> 16, call[2] & 0xFFFF
    text = f"{ticks}<<16|{count}" if ticks else str(count)
    frequency = _TIMER // count if ticks and count else 0
    return text + comment(call, f"{frequency} Hz, {ticks} ms" if frequency else "off")


def _port(call: Call) -> str:
    text = hexadecimal(call[2])
    return text + comment(call, f"GPFIRST + {call[2] - _PORTS.start}") if call[2] in _PORTS else text


def _keyboard_mode(call: Call) -> str:
    return call.choice(s32(call[2]), names.KD_KBD_MODES, unknown="K_???", number=str)


def _signal(call: Call) -> str:
    return signal_text(call, call[2]) if call[2] < _INT_MAX else str(call[2])


def _by_value(show: Callable[[Call, int], str], mask: int) -> Argument:
    return lambda call: show(call, call[2] & mask)


_leds: Final = bits(names.KD_LED_FLAGS, unknown="LED_???")
_default_leds: Final = bits(names.KD_DEFAULT_LED_FLAGS, unknown="LED_???")
_mode: Final = one_of(names.KD_MODES, unknown="KD_???")
_meta: Final = one_of(names.KD_META_VALS, unknown="K_???")


# Keys.

_KEY_TABLES: Final = {
    1: names.KD_KEY_FN_KEYS, 2: names.KD_KEY_SPEC_KEYS, 3: names.KD_KEY_PAD_KEYS, 4: names.KD_KEY_DEAD_KEYS,
    6: names.KD_KEY_CUR_KEYS, 7: names.KD_KEY_SHIFT_KEYS, 9: names.KD_KEY_ASCII_KEYS,
    10: names.KD_KEY_LOCK_KEYS, 12: names.KD_KEY_SLOCK_KEYS, 14: names.KD_KEY_BRL_KEYS,
}  # fmt: skip
_CHARACTERS: Final = (0, 8, 11, 13)
"""The types of keys whose value is a character: KT_LATIN, KT_META, KT_LETTER, KT_DEAD2."""
_WHITE: Final = {9: "t", 10: "n", 11: "v", 12: "f", 13: "r"}


def _character(_call: Call, code: int) -> str:
    if code in _WHITE:
        return f"'\\{_WHITE[code]}'"
    if 0x20 <= code < 0x7F:
        return f"'\\{chr(code)}'" if chr(code) in "'\\" else f"'{chr(code)}'"
    return f"'\\x{code:02x}'"


def _key(call: Call) -> str:
    """Print what a key does; it is behind the table and the key."""
    value = call.integer(call[2] + 2 & _U64, 2, signed=False)
    if value is None:
        return "kb_value=???"
    kind, low = value >> 8, value & 0xFF
    name = _KEY_TABLES.get(kind, {}).get(value)
    if name is None:
        shown = _character(call, low) if kind in _CHARACTERS else hexadecimal(low)
        name = f"K({names.KD_KEY_TYPES.get(kind) or hexadecimal(kind)}, {shown})"
    return f"kb_value={hexadecimal(value)}" + comment(call, name)


def _key_place(call: Call) -> str | None:
    data = call.peek(call[2], 2)
    if data is None:
        return None
    table = names.KD_KEY_TABLES.get(data[0])
    text = (
        call.constant(data[0], table)
        if table
        else call.flags(data[0], names.KD_KEYMAP_FLAGS, unknown="K_???")
    )
    return f"{{kb_table={text}, kb_index={data[1]}"


def _string_place(call: Call) -> str | None:
    data = call.fetch(call[2], 1)
    if data is None:
        return None
    return f"{{kb_func={call.choice(data[0], names.KD_KEY_FN_KEY_VALS, unknown='KVAL(K_???)')}"


def _string(call: Call) -> str:
    """Print what a function key types; ``...`` is behind it but where its end is seen."""
    data = call.memory.string(call[2] + 1 & _U64, _STRING)
    if data is None:
        return "kb_string=???"
    shown = data[: call.style.strings]
    if shown.endswith(b"\0") and call.style.hexadecimal not in {Hex.STRINGS, Hex.ALL}:
        return f"kb_string={call.quoted(shown[:-1])}"
    return f"kb_string={call.quoted(shown, cut=True)}"


def _begun(place: Callable[[Call], str | None], rest: Callable[[Call], str]) -> tuple[Request, Request]:
    """Return how to print a getter and a setter of a structure that begins with what is asked for."""

    def before(call: Call) -> str:
        text = place(call)
        call.kept = None if text is None else True
        return pointer(call[2]) if text is None else text

    def after(call: Call) -> str:
        return "}" if call.failed else f", {rest(call)}}}"

    def whole(call: Call) -> str:
        text = place(call)
        return pointer(call[2]) if text is None else f"{text}, {rest(call)}}}"

    return exchanged(before, after), given(whole)


_GET_KEY, _SET_KEY = _begun(_key_place, _key)
_GET_STRING, _SET_STRING = _begun(_string_place, _string)
_ACCENT: Final = Structure(("diacr", "B", _character), ("base", "B", _character), ("result", "B", _character))
_ACCENT_UC: Final = Structure(("diacr", "I", hexa), ("base", "I", hexa), ("result", "I", hexa))


def _accents(name: str, layout: Structure) -> Argument:
    def text(call: Call) -> str:
        data = call.fetch(call[2], 4)
        if data is None:
            return pointer(call[2])
        count = int.from_bytes(data, "little")
        found = listed(call, call[2] + 4, min(count, _ACCENTS), layout.size, layout, more=count > _ACCENTS)
        return braced(f"kb_cnt={count}", f"{name}={found.text}")

    return text


_KEYCODE: Final = Structure(("scancode", "I", hexa), ("keycode", "I", hexa))


def _keycode(call: Call) -> str:
    data = call.fetch(call[2], _KEYCODE.size)
    if data is None:
        return pointer(call[2])
    call.kept = True
    return "{" + ", ".join(_KEYCODE.texts(call, data))


def _keycode_found(call: Call) -> str:
    code = None if call.failed else call.integer(call[2] + 4 & _U64, signed=False)
    return "}" if code is None else f" => {hexadecimal(code)}}}"


_REPEAT: Final = Structure(("delay", "i"), ("period", "i"))


def _repeat(call: Call) -> str:
    data = call.fetch(call[2], _REPEAT.size)
    if data is None:
        return pointer(call[2])
    call.kept = True
    return _REPEAT(call, data)


def _repeat_before(call: Call) -> str:
    data = None if call.failed else call.peek(call[2], _REPEAT.size)
    return "" if data is None else f" => {_REPEAT(call, data)}"


# Characters of the screen.


def _screen_map(length: int) -> Argument:
    def text(call: Call) -> str:
        failed = call.leaving and call.is_error
        return pointer(call[2]) if failed else octets_at(call, call[2], length)

    return text


def _unicode(call: Call, data: bytes) -> str:
    value = int.from_bytes(data, "little")
    if value & ~0x1FF != 0xF000:
        return hexadecimal(value)
    return call.constant(value, f"UNI_DIRECT_BASE+{hexadecimal(value & 0x1FF)}")


def _unicode_map(call: Call) -> str:
    return array(call, call[2], 256, 2, _unicode)


_HASH: Final = Structure(("advised_hashsize", "H"), ("advised_hashstep", "H"), ("advised_hashlevel", "H"))

REQUESTS: Final[dict[int, Request]] = named(
    {
        "KIOCSOUND": given(_sound),
        "KDMKTONE": given(_tone),
        "KDGETLED": filled_late(value_behind("B", _leds)),
        "KDSETLED": given(_by_value(_leds, 0xFF)),
        "KDGKBLED": filled_late(value_behind("B", _default_leds)),
        "KDSKBLED": given(_by_value(_default_leds, 0xFF)),
        "KDGKBTYPE": filled_late(value_behind("B", one_of(names.KD_KBD_TYPES, unknown="KB_???"))),
        "KDADDIO KDDELIO": given(_port),
        "KDSETMODE": given(_by_value(_mode, 0xFFFFFFFF)),
        "KDGETMODE": filled_late(value_behind("I", _mode)),
        "GIO_SCRNMAP": filled_late(_screen_map(256)),
        "PIO_SCRNMAP": given(_screen_map(256)),
        "GIO_UNISCRNMAP": filled_late(_unicode_map),
        "PIO_UNISCRNMAP": given(_unicode_map),
        "KDGKBMODE": filled_late(value_behind("i", one_of(names.KD_KBD_MODES, unknown="K_???", number=str))),
        "KDSKBMODE": given(_keyboard_mode),
        "KDGKBENT": _GET_KEY,
        "KDSKBENT": _SET_KEY,
        "KDGKBSENT": _GET_STRING,
        "KDSKBSENT": _SET_STRING,
        "KDGKBDIACR": filled_late(_accents("kbdiacr", _ACCENT)),
        "KDSKBDIACR": given(_accents("kbdiacr", _ACCENT)),
        "KDGKBDIACRUC": filled_late(_accents("kbdiacruc", _ACCENT_UC)),
        "KDSKBDIACRUC": given(_accents("kbdiacruc", _ACCENT_UC)),
        "KDGETKEYCODE": exchanged(_keycode, _keycode_found),
        "KDSETKEYCODE": given(_KEYCODE.at()),
        "KDSIGACCEPT": given(_signal),
        "KDKBDREP": exchanged(_repeat, _repeat_before),
        "GIO_FONT": filled_late(_screen_map(8192)),
        "PIO_FONT": given(_screen_map(8192)),
        "KDGKBMETA": filled_late(value_behind("I", _meta)),
        "KDSKBMETA": given(_by_value(_meta, 0xFFFFFFFF)),
        "PIO_UNIMAPCLR": given(_HASH.at()),
        "GIO_CMAP": filled_late(_screen_map(48)),
        "PIO_CMAP": given(_screen_map(48)),
        "KDENABIO KDDISABIO KDMAPDISP KDUNMAPDISP PIO_FONTRESET": NOTHING,
    }
)
