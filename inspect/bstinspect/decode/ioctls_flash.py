"""ioctl requests of flash memory: MTD devices, and UBI volumes on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import Call, pointer
from bstinspect.decode.constants import storage as names
from bstinspect.decode.lists import local_array
from bstinspect.decode.requests import NOTHING, exchanged, filled, given, named
from bstinspect.decode.structures import (
    Structure,
    address,
    bits,
    braced,
    hexa,
    one_of,
    some,
    text,
    value_behind,
)

if TYPE_CHECKING:
    from bstinspect.decode.requests import Request

_ERASE: Final = Structure(("start", "I", hexa), ("length", "I", hexa))
_ERASE64: Final = Structure(("start", "Q", hexa), ("length", "Q", hexa))
_OOB: Final = Structure(("start", "I", hexa), ("length", "I", hexa), ("ptr", "Q", address))
_OOB64: Final = Structure(("start", "Q", hexa), ("", "4x"), ("length", "I", hexa), ("usr_ptr", "Q", address))
_OTP: Final = Structure(("start", "I", hexa), ("length", "I", hexa), ("locked", "I"))
_WRITE: Final = Structure(
    ("start", "Q", hexa),
    ("len", "Q", hexa),
    ("ooblen", "Q", hexa),
    ("usr_data", "Q", address),
    ("usr_oob", "Q", address),
    ("mode", "B", one_of(names.MTD_MODE_OPTIONS, unknown="MTD_OPS_???")),
    ("", "7x"),
)
_INFO: Final = Structure(
    ("type", "B", one_of(names.MTD_TYPE_OPTIONS, unknown="MTD_???")),
    ("flags", "I", bits(names.MTD_FLAGS_OPTIONS, unknown="MTD_???")),
    ("size", "I", hexa),
    ("erasesize", "I", hexa),
    ("writesize", "I", hexa),
    ("oobsize", "I", hexa),
    ("padding", "Q", hexa),
)


def _pairs(call: Call, values: tuple[int, ...]) -> str:
    pairs = zip(values[::2], values[1::2], strict=True)
    return local_array(call, [some(hexa)(call, pair) for pair in pairs])


def _free(call: Call, values: tuple[int, ...]) -> str:
    pairs = zip(values[::2], values[1::2], strict=True)
    return local_array(
        call, [f"{{offset={hexa(call, at)}, length={hexa(call, size)}}}" for at, size in pairs]
    )


_OOB_INFO: Final = Structure(
    ("useecc", "I", one_of(names.MTD_NANDECC_OPTIONS, unknown="MTD_NANDECC_???")),
    ("eccbytes", "I", hexa),
    ("oobfree", "16I", _pairs),
    ("eccpos", "32I", some(hexa)),
)
_LAYOUT: Final = Structure(
    ("eccbytes", "I", hexa), ("eccpos", "64I", some(hexa)), ("oobavail", "I", hexa), ("oobfree", "16I", _free)
)
_STATISTICS: Final = Structure(
    ("corrected", "I", hexa), ("failed", "I", hexa), ("badblocks", "I", hexa), ("bbtblocks", "I", hexa)
)
_REGION: Final = Structure(
    ("offset", "I", hexa), ("erasesize", "I", hexa), ("numblocks", "I", hexa), ("regionindex", "I", hexa)
)


def _region_wanted(call: Call) -> str:
    data = call.fetch(call[2], _REGION.size)
    if data is None:
        return pointer(call[2])
    call.kept = True
    return "{" + _REGION.texts(call, data)[-1]


def _region(call: Call) -> str:
    data = None if call.failed else call.peek(call[2], _REGION.size)
    return "}" if data is None else "".join(f", {each}" for each in _REGION.texts(call, data)[:-1]) + "}"


def _file_mode(call: Call) -> str:
    return call.choice(call[2], names.MTD_FILE_MODE_OPTIONS, unknown="MTD_FILE_MODE_???")


# UBI.

_VOLUME_NAME: Final = 128
_INT: Final = value_behind("i")
_data_type: Final = one_of(names.UBI_DATA_TYPES, unknown="UBI_???")
_MAKE: Final = Structure(
    ("vol_id", "i"),
    ("alignment", "i"),
    ("bytes", "q"),
    ("vol_type", "B", one_of(names.UBI_VOLUME_TYPES, unknown="UBI_???_VOLUME")),
    ("flags", "B", bits(names.UBI_VOLUME_FLAGS, unknown="UBI_VOL_???")),
    ("name_len", "h"),
    ("", "4x"),
    ("name", "128s", None),
)
_RESIZE: Final = Structure(("bytes", "q"), ("vol_id", "i"), packed=True)
_RENAMED: Final = Structure(("vol_id", "i"), ("name_len", "h"), ("", "2x"), ("name", "128s", None))
_RENAMES, _MOST_RENAMES = 16, 32
_CHANGE: Final = Structure(("lnum", "i"), ("bytes", "i"), ("dtype", "B", _data_type), ("", "7x"))
_ATTACH: Final = Structure(
    ("ubi_num", "i"), ("mtd_num", "i"), ("vid_hdr_offset", "i"), ("max_beb_per1024", "h"), ("", "10x")
)
_MAP: Final = Structure(("lnum", "i"), ("dtype", "B", _data_type), ("", "3x"))
_PROPERTY: Final = Structure(
    ("property", "B", one_of(names.UBI_VOLUME_PROPS, unknown="UBI_VOL_PROP_???")),
    ("", "7x"),
    ("value", "Q", hexa),
)


def _with_name(layout: Structure, call: Call, data: bytes) -> str:
    """Print a structure whose last field is a name of so many bytes."""
    values = layout.values(data)
    length = min(max(values["name_len"], 0), _VOLUME_NAME - 1)
    return braced(*layout.texts(call, data), f"name={text(call, values['name'][: length + 1])}")


def _made(call: Call) -> str:
    data = call.fetch(call[2], _MAKE.size)
    if data is None:
        return pointer(call[2])
    call.kept = True
    return _with_name(_MAKE, call, data)


def _attached(call: Call) -> str:
    data = call.fetch(call[2], _ATTACH.size)
    if data is None:
        return pointer(call[2])
    call.kept = True
    return _ATTACH(call, data)


def _number(call: Call) -> str:
    return "" if call.failed else f" => {_INT(call)}"


def _renamed(call: Call) -> str:
    data = call.fetch(call[2], _RENAMES + _MOST_RENAMES * _RENAMED.size)
    if data is None:
        return pointer(call[2])
    count = int.from_bytes(data[:4], "little", signed=True)
    entries = [data[_RENAMES + _RENAMED.size * index :] for index in range(min(max(count, 0), _MOST_RENAMES))]
    names_ = local_array(call, [_with_name(_RENAMED, call, entry[: _RENAMED.size]) for entry in entries])
    return braced(f"count={count}", f"ents={names_}")


REQUESTS: Final[dict[int, Request]] = named(
    {
        "MEMERASE MEMLOCK MEMUNLOCK MEMISLOCKED": given(_ERASE.at()),
        "MEMERASE64": given(_ERASE64.at()),
        "MEMWRITEOOB MEMREADOOB": given(_OOB.at()),
        "MEMWRITEOOB64 MEMREADOOB64": given(_OOB64.at()),
        "MEMWRITE": given(_WRITE.at()),
        "OTPGETREGIONINFO": filled(_OTP.at()),
        "OTPLOCK": given(_OTP.at()),
        "OTPSELECT": given(value_behind("I", one_of(names.MTD_OTP_OPTIONS, unknown="MTD_OTP_???"))),
        "MTDFILEMODE": given(_file_mode),
        "MEMGETBADBLOCK MEMSETBADBLOCK": given(value_behind("Q")),
        "MEMGETINFO": filled(_INFO.at()),
        "MEMGETOOBSEL": filled(_OOB_INFO.at()),
        "ECCGETLAYOUT": filled(_LAYOUT.at()),
        "ECCGETSTATS": filled(_STATISTICS.at()),
        "OTPGETREGIONCOUNT": filled(value_behind("I")),
        "MEMGETREGIONCOUNT": filled(_INT),
        "MEMGETREGIONINFO": exchanged(_region_wanted, _region),
        "UBI_IOCMKVOL": exchanged(_made, _number),
        "UBI_IOCRSVOL": given(_RESIZE.at()),
        "UBI_IOCRNVOL": given(_renamed),
        "UBI_IOCEBCH": given(_CHANGE.at()),
        "UBI_IOCATT": exchanged(_attached, _number),
        "UBI_IOCEBMAP": given(_MAP.at()),
        "UBI_IOCSETVOLPROP": given(_PROPERTY.at()),
        "UBI_IOCVOLUP": given(value_behind("q")),
        "UBI_IOCDET UBI_IOCEBER UBI_IOCEBISMAP UBI_IOCEBUNMAP UBI_IOCRMVOL": given(_INT),
        "UBI_IOCRPEB UBI_IOCSPEB": given(_INT),
        "UBI_IOCVOLCRBLK UBI_IOCVOLRMBLK": NOTHING,
    }
)
