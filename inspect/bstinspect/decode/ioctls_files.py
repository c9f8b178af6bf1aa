"""ioctl requests of files: clones, extents, flags, labels (ioctl_ficlone(2), ioctl_iflags(2))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import Call, pointer
from bstinspect.decode.constants.files import FIEMAP_EXTENT_FLAGS, FIEMAP_FLAGS, FS_IOC_FLAGS, FS_XFLAGS
from bstinspect.decode.requests import NOTHING, exchanged, filled, given, named, signed
from bstinspect.decode.structures import (
    Structure,
    behind,
    bits,
    braced,
    descriptor,
    hexa,
    listed,
    text,
    value_behind,
)

if TYPE_CHECKING:
    from bstinspect.decode.requests import Request

_LABEL: Final = 256
_DEDUPED_SHOWN: Final = 2

_FSTRIM_RANGE: Final = Structure(("start", "Q", hexa), ("len", "Q"), ("minlen", "Q"))
_xflags: Final = bits(FS_XFLAGS, unknown="FS_XFLAG_???")
_FSXATTR: Final = Structure(
    ("fsx_xflags", "I", _xflags),
    ("fsx_extsize", "I"),
    ("fsx_nextents", "I"),
    ("fsx_projid", "I", hexa),
    ("fsx_cowextsize", "I"),
    ("", "8x"),
)
_FSXATTR_SET: Final = Structure(
    ("fsx_xflags", "I", _xflags),
    ("fsx_extsize", "I"),
    ("", "4x"),
    ("fsx_projid", "I", hexa),
    ("fsx_cowextsize", "I"),
    ("", "8x"),
)
_CLONE_RANGE: Final = Structure(
    ("src_fd", "q", descriptor), ("src_offset", "Q"), ("src_length", "Q"), ("dest_offset", "Q")
)
_FIEMAP: Final = Structure(
    ("fm_start", "Q"),
    ("fm_length", "Q"),
    ("fm_flags", "I", bits(FIEMAP_FLAGS, unknown="FIEMAP_FLAG_???")),
    ("fm_mapped_extents", "I"),
    ("fm_extent_count", "I"),
    ("fm_reserved", "I"),
)
_EXTENT: Final = Structure(
    ("fe_logical", "Q"),
    ("fe_physical", "Q"),
    ("fe_length", "Q"),
    ("", "16x"),
    ("fe_flags", "I", bits(FIEMAP_EXTENT_FLAGS, unknown="FIEMAP_EXTENT_???")),
    ("", "12x"),
)
_DEDUPE: Final = Structure(("src_offset", "Q"), ("src_length", "Q"), ("dest_count", "H"), ("", "6x"))
_DEDUPE_GIVEN: Final = Structure(("dest_fd", "q", descriptor), ("dest_offset", "Q"), ("", "16x"))
_DEDUPE_FILLED: Final = Structure(("", "16x"), ("bytes_deduped", "Q"), ("status", "i"), ("", "4x"))


def _extents_wanted(call: Call) -> str:
    data = call.fetch(call[2], _FIEMAP.size)
    if data is None:
        return pointer(call[2])
    call.kept = True
    start, length, flags, _, count, _ = _FIEMAP.texts(call, data)
    return braced(start, length, flags, count)


def _extents(call: Call) -> str:
    if call.failed:
        return ""
    data = call.fetch(call[2], _FIEMAP.size)
    if data is None:
        return f" => {pointer(call[2])}"
    _, _, flags, mapped, _, _ = _FIEMAP.texts(call, data)
    if call.abbreviated:
        return f" => {braced(flags, mapped, '...')}"
    count = _FIEMAP.values(data)["fm_mapped_extents"]
    found = listed(call, call[2] + _FIEMAP.size, count, _EXTENT.size, _EXTENT)
    return f" => {braced(flags, mapped, f'fm_extents={found.text}')}"


def _deduped(call: Call, data: bytes, show: Structure) -> tuple[str, bool]:
    count = _DEDUPE.values(data)["dest_count"]
    most = _DEDUPED_SHOWN if call.abbreviated else None
    found = listed(call, call[2] + _DEDUPE.size, count, show.size, show, most=most)
    return f"info={found.text}", found.whole


def _dedupe(call: Call) -> str:
    data = call.fetch(call[2], _DEDUPE.size)
    if data is None:
        return pointer(call[2])
    info, whole = _deduped(call, data, _DEDUPE_GIVEN)
    call.kept = True if whole else None
    return braced(*_DEDUPE.texts(call, data), info)


def _dedupe_results(call: Call) -> str:
    if call.failed:
        return ""
    data = call.fetch(call[2], _DEDUPE.size)
    return " => " + (pointer(call[2]) if data is None else braced(_deduped(call, data, _DEDUPE_FILLED)[0]))


_FLAGS: Final = value_behind("I", bits(FS_IOC_FLAGS, unknown="FS_???_FL"))
_NAME: Final = behind(2, _LABEL, text)

REQUESTS: Final[dict[int, Request]] = named(
    {
        "FITRIM": given(_FSTRIM_RANGE.at()),
        "FS_IOC_FSGETXATTR": filled(_FSXATTR.at()),
        "FS_IOC_FSSETXATTR": given(_FSXATTR_SET.at()),
        "FIFREEZE FITHAW": NOTHING,
        "FS_IOC_FIEMAP": exchanged(_extents_wanted, _extents),
        "FS_IOC_GETFLAGS FS_IOC32_GETFLAGS": filled(_FLAGS),
        "FS_IOC_SETFLAGS FS_IOC32_SETFLAGS": given(_FLAGS),
        "FICLONE": given(signed),
        "FICLONERANGE": given(_CLONE_RANGE.at()),
        "FIDEDUPERANGE": exchanged(_dedupe, _dedupe_results),
        "FS_IOC_GETFSLABEL": filled(_NAME),
        "FS_IOC_SETFSLABEL": given(_NAME),
    }
)
