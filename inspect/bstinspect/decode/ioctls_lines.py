"""ioctl requests of GPIO chips: /dev/gpiochip*, and of the lines that they hand out."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import Call, hexadecimal, pointer
from bstinspect.decode.constants import devices as names
from bstinspect.decode.lists import local_array
from bstinspect.decode.requests import exchanged, filled, given, named
from bstinspect.decode.structures import (
    Structure,
    bits,
    braced,
    descriptor,
    hexa,
    plain,
    some,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.decode.requests import Request

    Show = Callable[[Call, bytes], str]

_handle_flags: Final = bits(names.GPIO_HANDLE_FLAGS, unknown="GPIOHANDLE_REQUEST_???")
_event_flags: Final = bits(names.GPIO_EVENT_FLAGS, unknown="GPIOEVENT_REQUEST_???")
_v2_flags: Final = bits(names.GPIO_V2_LINE_FLAGS, unknown="GPIO_V2_LINE_FLAG_???")

_CHIP: Final = Structure(("name", "32s", text), ("label", "32s", text), ("lines", "I"))
_LINE: Final = Structure(
    ("line_offset", "I"),
    ("flags", "I", bits(names.GPIO_LINE_FLAGS, unknown="GPIOLINE_FLAG_???")),
    ("name", "32s", text),
    ("consumer", "32s", text),
)
_HANDLE: Final = Structure(
    ("lineoffsets", "64I", None),
    ("flags", "I", _handle_flags),
    ("default_values", "64B", None),
    ("consumer_label", "32s", text),
    ("lines", "I"),
    ("fd", "i", descriptor),
)
_EVENT: Final = Structure(
    ("lineoffset", "I"),
    ("handleflags", "I", _handle_flags),
    ("eventflags", "I", _event_flags),
    ("consumer_label", "32s", text),
    ("fd", "i", descriptor),
)
_DATA: Final = Structure(("values", "64B", some(plain)))
_CONFIG: Final = Structure(("flags", "I", _handle_flags), ("default_values", "64B", some(plain)), ("", "16x"))
_LINES: Final = 64


def _exchanged(size: int, asked: Show, answered: Show) -> Request:
    """Print what is asked for, and behind it what the answer is."""

    def before(call: Call) -> str:
        data = call.fetch(call[2], size)
        if data is None:
            return pointer(call[2])
        call.kept = True
        return asked(call, data)

    def after(call: Call) -> str:
        if call.failed:
            return ""
        data = call.fetch(call[2], size)
        return " => " + (pointer(call[2]) if data is None else answered(call, data))

    return exchanged(before, after)


def _last(layout: Structure) -> Show:
    return lambda call, data: braced(layout.texts(call, data)[-1])


def _line_wanted(call: Call, data: bytes) -> str:
    return braced(_LINE.texts(call, data)[0])


def _line(call: Call, data: bytes) -> str:
    return braced(*_LINE.texts(call, data)[1:])


def _handle(call: Call, data: bytes) -> str:
    values = _HANDLE.values(data)
    flags, label, lines, _ = _HANDLE.texts(call, data)
    count = min(values["lines"], _LINES)
    offsets, defaults = (
        some(plain)(call, values[name][:count]) for name in ("lineoffsets", "default_values")
    )
    return braced(lines, f"lineoffsets={offsets}", flags, f"default_values={defaults}", label)


def _event(call: Call, data: bytes) -> str:
    return braced(*_EVENT.texts(call, data)[:-1])


# Version 2: attributes of lines.

_ATTRIBUTE: Final = struct.Struct("<IIQ")
_FLAGS, _VALUES, _DEBOUNCE = 1, 2, 3
_MOST_ATTRIBUTES: Final = 10
_CONFIG2: Final = struct.Struct("<QI20s240s")


def _attribute(call: Call, data: bytes, *, named_attr: bool) -> str:
    """Print the member of the union that the attribute's kind says; all raw, where that is unknown."""
    kind, padding, value = _ATTRIBUTE.unpack(data)
    if not padding and kind == _FLAGS:
        return f"flags={_v2_flags(call, value)}"
    if not padding and kind == _VALUES:
        return f"values={hexadecimal(value)}"
    if not padding and kind == _DEBOUNCE:
        return f"debounce_period_us={value & 0xFFFFFFFF}"
    raw = [
        f"id={kind}",
        *([f"padding={hexadecimal(padding)}"] if padding else []),
        f"data={hexadecimal(value)}",
    ]
    return f"attr={braced(*raw)}" if named_attr else ", ".join(raw)


def _padding(data: bytes) -> list[str]:
    if not any(data):
        return []
    words = struct.unpack(f"<{len(data) // 4}I", data)
    return [f"padding=[{', '.join(hexadecimal(word) for word in words)}]"]


def _config2(call: Call, data: bytes) -> str:
    flags, count, padding, attributes = _CONFIG2.unpack(data)
    texts = [f"flags={_v2_flags(call, flags)}", f"num_attrs={count}", *_padding(padding)]
    if count:
        found = []
        for at in range(0, 24 * min(count, _MOST_ATTRIBUTES), 24):
            mask = int.from_bytes(attributes[at + 16 : at + 24], "little")
            attribute = _attribute(call, attributes[at : at + 16], named_attr=True)
            found.append(braced(attribute, f"mask={hexadecimal(mask)}"))
        texts.append(f"attrs={local_array(call, found)}")
    return braced(*texts)


_INFO2: Final = Structure(
    ("name", "32s", text),
    ("consumer", "32s", text),
    ("offset", "I"),
    ("num_attrs", "I"),
    ("flags", "Q", _v2_flags),
    ("attrs", "160s", None),
    ("padding", "16s", None),
)
_REQUEST2: Final = Structure(
    ("offsets", "64I", None),
    ("consumer", "32s", text),
    ("config", "0Q272s", _config2),
    ("num_lines", "I"),
    ("event_buffer_size", "I"),
    ("padding", "20s", None),
    ("fd", "i", descriptor),
)
_VALUES2: Final = Structure(("bits", "Q", hexa), ("mask", "Q", hexa))


def _info2_wanted(call: Call, data: bytes) -> str:
    return braced(_INFO2.texts(call, data)[2])


def _info2(call: Call, data: bytes) -> str:
    values = _INFO2.values(data)
    name, consumer, _, count, flags = _INFO2.texts(call, data)
    texts = [name, consumer, flags, count]
    if values["num_attrs"]:
        ends = range(0, 16 * min(values["num_attrs"], _MOST_ATTRIBUTES), 16)
        found = [braced(_attribute(call, values["attrs"][at : at + 16], named_attr=False)) for at in ends]
        texts.append(f"attrs={local_array(call, found)}")
    return braced(*texts, *_padding(values["padding"]))


def _request2(call: Call, data: bytes) -> str:
    values = _REQUEST2.values(data)
    consumer, config, lines, size, _ = _REQUEST2.texts(call, data)
    offsets = some(plain)(call, values["offsets"][: min(values["num_lines"], _LINES)])
    texts = [lines, f"offsets={offsets}", consumer, config, *([size] if values["event_buffer_size"] else [])]
    return braced(*texts, *_padding(values["padding"]))


def _mask2(call: Call, data: bytes) -> str:
    return braced(_VALUES2.texts(call, data)[1])


def _bits2(call: Call, data: bytes) -> str:
    return braced(_VALUES2.texts(call, data)[0])


def _config2_given(call: Call) -> str:
    data = call.fetch(call[2], _CONFIG2.size)
    return pointer(call[2]) if data is None else _config2(call, data)


_OFFSET: Final = Structure(("offset", "I"))

REQUESTS: Final[dict[int, Request]] = named(
    {
        "GPIO_GET_CHIPINFO_IOCTL": filled(_CHIP.at()),
        "GPIO_GET_LINEINFO_UNWATCH_IOCTL": given(_OFFSET.at()),
        "GPIO_GET_LINEINFO_IOCTL GPIO_GET_LINEINFO_WATCH_IOCTL": _exchanged(_LINE.size, _line_wanted, _line),
        "GPIO_GET_LINEHANDLE_IOCTL": _exchanged(_HANDLE.size, _handle, _last(_HANDLE)),
        "GPIO_GET_LINEEVENT_IOCTL": _exchanged(_EVENT.size, _event, _last(_EVENT)),
        "GPIOHANDLE_GET_LINE_VALUES_IOCTL": filled(_DATA.at()),
        "GPIOHANDLE_SET_LINE_VALUES_IOCTL": given(_DATA.at()),
        "GPIOHANDLE_SET_CONFIG_IOCTL": given(_CONFIG.at()),
        "GPIO_V2_GET_LINEINFO_IOCTL GPIO_V2_GET_LINEINFO_WATCH_IOCTL": _exchanged(
            _INFO2.size, _info2_wanted, _info2
        ),
        "GPIO_V2_GET_LINE_IOCTL": _exchanged(_REQUEST2.size, _request2, _last(_REQUEST2)),
        "GPIO_V2_LINE_SET_CONFIG_IOCTL": given(_config2_given),
        "GPIO_V2_LINE_GET_VALUES_IOCTL": _exchanged(_VALUES2.size, _mask2, _bits2),
        "GPIO_V2_LINE_SET_VALUES_IOCTL": given(_VALUES2.at()),
    }
)
