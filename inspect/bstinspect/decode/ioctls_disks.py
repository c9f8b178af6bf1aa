"""ioctl requests of IDE disks: geometry, settings, commands for the device itself (hd(4))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import Call, hexadecimal, pointer
from bstinspect.decode.constants import storage as names
from bstinspect.decode.requests import exchanged, filled_late, given, named, unsigned
from bstinspect.decode.show import array
from bstinspect.decode.structures import (
    Structure,
    bits,
    braced,
    octets_at,
    one_of,
    plain,
    value_behind,
)

if TYPE_CHECKING:
    from bstinspect.decode.requests import Request
    from bstinspect.decode.shape import Argument

_EIO: Final = -5
_SECTOR: Final = 512

# IDE.

_GEOMETRY: Final = Structure(("heads", "B"), ("sectors", "B"), ("cylinders", "H"), ("start", "Q"))
_COMMAND: Final = Structure(
    ("command", "B", one_of(names.HDIO_DRIVE_CMDS, unknown="ATA_CMD_???")),
    ("sector_number", "B"),
    ("feature", "B"),
    ("sector_count", "B"),
)
_bus_state: Final = one_of(names.HDIO_BUSSTATES, unknown="BUSSTATE_???")
_nice: Final = bits(names.HDIO_IDE_NICE, unknown="IDE_NICE_???")


def _command(call: Call) -> str:
    data = call.fetch(call[2], _COMMAND.size)
    if data is None:
        return pointer(call[2])
    call.kept = True
    return _COMMAND(call, data)


def _command_done(call: Call) -> str:
    data = call.peek(call[2], 4) if not call.is_error or call.value == _EIO else None
    if data is None:
        return ""
    status, error, sectors, count = data
    texts = [f"status={hexadecimal(status)}", f"error={error}", f"nsector={sectors}"]
    texts += [f"buf={octets_at(call, call[2] + 4, count * _SECTOR)}"] if count else []
    return f" => {braced(*texts)}"


def _text(length: int) -> Argument:
    def text(call: Call) -> str:
        failed = call.leaving and call.is_error
        return pointer(call[2]) if failed else call.buffer(call[2], length)

    return text


def _three(call: Call) -> str:
    return array(call, call[2], 3, 4, lambda _call, data: hexadecimal(int.from_bytes(data, "little")))


def _bus(call: Call) -> str:
    return _bus_state(call, call[2])


def _niceness(call: Call) -> str:
    return _nice(call, call[2])


_LONG: Final = value_behind("Q", plain)

REQUESTS: Final[dict[int, Request]] = named(
    {
        "HDIO_GETGEO": filled_late(_GEOMETRY.at()),
        "HDIO_DRIVE_CMD": exchanged(_command, _command_done),
        "HDIO_DRIVE_RESET HDIO_SCAN_HWIF": given(_three),
        "HDIO_GET_32BIT HDIO_GET_ACOUSTIC HDIO_GET_ADDRESS HDIO_GET_DMA": filled_late(_LONG),
        "HDIO_GET_KEEPSETTINGS HDIO_GET_MULTCOUNT HDIO_GET_NOWERR": filled_late(_LONG),
        "HDIO_GET_UNMASKINTR HDIO_GET_WCACHE": filled_late(_LONG),
        "HDIO_GET_BUSSTATE": filled_late(value_behind("Q", _bus_state)),
        "HDIO_GET_NICE": filled_late(value_behind("Q", _nice)),
        "HDIO_GET_IDENTITY": filled_late(_text(512)),
        "HDIO_OBSOLETE_IDENTITY": filled_late(_text(142)),
        "HDIO_SET_BUSSTATE": given(_bus),
        "HDIO_SET_NICE": given(_niceness),
        "HDIO_SET_32BIT HDIO_SET_ACOUSTIC HDIO_SET_ADDRESS HDIO_SET_DMA": given(unsigned),
        "HDIO_SET_KEEPSETTINGS HDIO_SET_MULTCOUNT HDIO_SET_NOWERR HDIO_SET_PIO_MODE": given(unsigned),
        "HDIO_SET_UNMASKINTR HDIO_SET_WCACHE HDIO_UNREGISTER_HWIF": given(unsigned),
    }
)
