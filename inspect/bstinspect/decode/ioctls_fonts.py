"""ioctl requests of the Linux console about fonts (ioctl_console(2))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import Call, pointer
from bstinspect.decode.constants.terminals import KD_FONT_FLAGS, KD_FONT_OPS
from bstinspect.decode.requests import exchanged, given, named
from bstinspect.decode.show import array
from bstinspect.decode.strings import limited_text
from bstinspect.decode.structures import Structure, address, bits, braced, hexa, octets_at, one_of

if TYPE_CHECKING:
    from bstinspect.decode.requests import Request

_ENOMEM: Final = -12
_GLYPHS, _BYTES, _FONT_NAME = 512, 32, 32
_PAIR: Final = Structure(("unicode", "H", hexa), ("fontpos", "H", hexa))
_MAP: Final = Structure(("entry_ct", "H"), ("entries", "Q", address))
_FONT: Final = Structure(("charcount", "H"), ("charheight", "H"), ("chardata", "Q", address))
_OPERATION: Final = Structure(
    ("op", "I", one_of(KD_FONT_OPS, unknown="KD_FONT_OP_???")),
    ("flags", "I", bits(KD_FONT_FLAGS, unknown="KD_FONT_FLAG_???")),
    ("width", "I"),
    ("height", "I"),
    ("charcount", "I"),
    ("data", "Q", address),
)
_SET, _GET, _SET_DEFAULT, _COPY = range(4)


def _pairs(call: Call, data: bytes, count: int) -> str:
    return f"entries={array(call, _MAP.values(data)['entries'], count, _PAIR.size, _PAIR)}"


def _map_given(call: Call) -> str:
    data = call.fetch_anyway(call[2], _MAP.size)
    if data is None:
        return pointer(call[2])
    return braced(_MAP.texts(call, data)[0], _pairs(call, data, _MAP.values(data)["entry_ct"]))


def _map_wanted(call: Call) -> str:
    data = call.fetch_anyway(call[2], _MAP.size)
    if data is None:
        return pointer(call[2])
    call.kept = _MAP.values(data)["entry_ct"], True
    return f"{{{_MAP.texts(call, data)[0]}"


def _map(call: Call) -> str:
    data = call.fetch_anyway(call[2], _MAP.size)
    if data is None:
        return f"{pointer(call[2])}}}"
    values = _MAP.values(data)
    if call.is_error and call.value != _ENOMEM:
        return f" => {values['entry_ct']}, entries={pointer(values['entries'])}}}"
    return f" => {values['entry_ct']}, {_pairs(call, data, call.kept[0])}}}"


def _font(call: Call, data: bytes) -> str:
    values = _FONT.values(data)
    length = min(values["charcount"], _GLYPHS) * _BYTES
    return braced(*_FONT.texts(call, data)[:2], f"chardata={octets_at(call, values['chardata'], length)}")


def _font_given(call: Call) -> str:
    data = call.fetch(call[2], _FONT.size)
    return pointer(call[2]) if data is None else _font(call, data)


def _font_wanted(call: Call) -> str:
    data = call.fetch(call[2], _FONT.size)
    if data is None:
        return pointer(call[2])
    call.kept = True
    return _FONT(call, data)


def _font_found(call: Call) -> str:
    data = None if call.failed else call.peek(call[2], _FONT.size)
    return "" if data is None else f" => {_font(call, data)}"


def _operation(call: Call, data: bytes) -> str:
    """Print the fields that an operation uses; at the exit, those that it may have changed."""
    values = _OPERATION.values(data)
    operation = values["op"]
    name, flags, width, height, count, where = _OPERATION.texts(call, data)
    short = operation in (_SET_DEFAULT, _COPY)
    texts = [] if call.leaving else [name] if short else [name, flags]
    texts += [height] if operation == _COPY else [width, height]
    texts += [] if short else [count]
    if operation == _SET or (operation == _GET and call.leaving):
        length = -(-min(values["width"], 32) // 8) * _BYTES * min(values["charcount"], _GLYPHS)
        texts.append(f"data={octets_at(call, values['data'], length)}")
    elif operation == _SET_DEFAULT:
        texts += [] if call.leaving else [f"data={_font_name(call, values['data'])}"]
    elif operation != _COPY:
        texts.append(where)
    return braced(*texts)


def _font_name(call: Call, where: int) -> str:
    return limited_text(call, where, _FONT_NAME)


def _operation_wanted(call: Call) -> str:
    data = call.fetch(call[2], _OPERATION.size)
    if data is None:
        return pointer(call[2])
    call.kept = True if _OPERATION.values(data)["op"] not in (_SET, _COPY) else None
    return _operation(call, data)


def _operation_done(call: Call) -> str:
    data = None if call.failed else call.peek(call[2], _OPERATION.size)
    return "" if data is None else f" => {_operation(call, data)}"


REQUESTS: Final[dict[int, Request]] = named(
    {
        "GIO_UNIMAP": exchanged(_map_wanted, _map),
        "PIO_UNIMAP": given(_map_given),
        "GIO_FONTX": exchanged(_font_wanted, _font_found),
        "PIO_FONTX": given(_font_given),
        "KDFONTOP": exchanged(_operation_wanted, _operation_done),
    }
)
