"""ioctl(2): its requests, and the structures of terminals (ioctl_tty(2), termios(3))."""

from __future__ import annotations

import struct
from typing import Final

from bstinspect.decode.old import call as show
from bstinspect.decode.old.call import Call, Shape

_REQUESTS: Final = {
    0x5401: "TCGETS", 0x5402: "SNDCTL_TMR_START or TCSETS", 0x5403: "SNDCTL_TMR_STOP or TCSETSW",
    0x5404: "SNDCTL_TMR_CONTINUE or TCSETSF", 0x540E: "TIOCSCTTY", 0x540F: "TIOCGPGRP",
    0x5410: "TIOCSPGRP", 0x5411: "TIOCOUTQ", 0x5413: "TIOCGWINSZ", 0x5414: "TIOCSWINSZ",
    0x541B: "FIONREAD", 0x5421: "FIONBIO", 0x5422: "TIOCNOTTY", 0x5429: "TIOCGSID", 0x5441: "TIOCGPTPEER",
    0x5450: "FIONCLEX", 0x5451: "FIOCLEX", 0x5452: "FIOASYNC", 0x80045430: "TIOCGPTN",
    0x40045431: "TIOCSPTLCK", 0x40049409: "BTRFS_IOC_CLONE or FICLONE",
}  # fmt: skip
_GET, _SET, _WINDOW, _SET_WINDOW = 0x5401, (0x5402, 0x5403, 0x5404), 0x5413, 0x5414
_WITHOUT_ARGUMENT: Final = (0x5422, 0x5450, 0x5451)
_INT_IN: Final = (0x5410, 0x5421, 0x5452, 0x40045431)
_INT_OUT: Final = (0x540F, 0x5411, 0x541B, 0x5429, 0x80045430)
_DIRECTIONS: Final = {0: "_IOC_NONE", 1: "_IOC_WRITE", 2: "_IOC_READ", 3: "_IOC_READ|_IOC_WRITE"}
_INPUT: Final = {
    1: "IGNBRK", 2: "BRKINT", 4: "IGNPAR", 8: "PARMRK", 0x10: "INPCK", 0x20: "ISTRIP", 0x40: "INLCR",
    0x80: "IGNCR", 0x100: "ICRNL", 0x200: "IUCLC", 0x400: "IXON", 0x800: "IXANY", 0x1000: "IXOFF",
    0x2000: "IMAXBEL", 0x4000: "IUTF8",
}  # fmt: skip
_OUTPUT: Final = {
    1: "OPOST", 2: "OLCUC", 4: "ONLCR", 8: "OCRNL", 0x10: "ONOCR", 0x20: "ONLRET", 0x40: "OFILL",
    0x80: "OFDEL",
}  # fmt: skip
_DELAYS: Final = (
    (0x100, 8, "NL"), (0x600, 9, "CR"), (0x1800, 11, "TAB"), (0x2000, 13, "BS"), (0x4000, 14, "VT"),
    (0x8000, 15, "FF"),
)  # fmt: skip
_SPEEDS: Final = (
    "B0 B50 B75 B110 B134 B150 B200 B300 B600 B1200 B1800 B2400 B4800 B9600 B19200 B38400".split(),  # noqa: SIM905
    "BOTHER B57600 B115200 B230400 B460800 B500000 B576000 B921600 B1000000 B1152000 B1500000 B2000000 "  # noqa: SIM905
    "B2500000 B3000000 B3500000 B4000000".split(),
)
_CONTROL: Final = {
    0x40: "CSTOPB", 0x80: "CREAD", 0x100: "PARENB", 0x200: "PARODD", 0x400: "HUPCL", 0x800: "CLOCAL",
    0x80000000: "CRTSCTS",
}  # fmt: skip
_LOCAL: Final = {
    1: "ISIG", 2: "ICANON", 4: "XCASE", 8: "ECHO", 0x10: "ECHOE", 0x20: "ECHOK", 0x40: "ECHONL",
    0x80: "NOFLSH", 0x100: "TOSTOP", 0x1000: "FLUSHO", 0x4000: "PENDIN", 0x8000: "IEXTEN",
    0x200: "ECHOCTL", 0x400: "ECHOPRT", 0x800: "ECHOKE", 0x10000: "EXTPROC",
}  # fmt: skip


def _request(call: Call) -> str:
    request = show.u32(call[1])
    if name := _REQUESTS.get(request):
        return name
    direction, length = request >> 30, request >> 16 & 0x3FFF
    return (
        f"_IOC({_DIRECTIONS[direction]}, {_hex(request >> 8 & 0xFF)}, {_hex(request & 0xFF)}, {_hex(length)})"
    )


def _hex(value: int) -> str:
    return f"{value:#x}" if value else "0"


def _before(call: Call) -> str | None:
    request = show.u32(call[1])
    if request in _WITHOUT_ARGUMENT or _IOCTL.waits(call):
        return None
    if request in _INT_IN:
        return show.int_in(2)(call)
    if request == _SET_WINDOW:
        return show.structure(2, 8, _window_text)(call)
    return show.structure(2, 36, _termios_text)(call) if request in _SET else _hex(call[2])


def _after(call: Call) -> str | None:
    request = show.u32(call[1])
    if request in _INT_OUT:
        return show.int_out(2)(call)
    if request == _WINDOW:
        return show.filled(2, 8, _window_text)(call)
    return show.filled(2, 36, _termios_text)(call) if request == _GET else None


def _window_text(data: bytes) -> str:
    rows, columns, width, height = struct.unpack_from("<HHHH", data)
    return f"{{ws_row={rows}, ws_col={columns}, ws_xpixel={width}, ws_ypixel={height}}}"


def _termios_text(data: bytes) -> str:
    given, taken, control, local = struct.unpack_from("<IIII", data)
    delays = [f"{name}{(taken & mask) >> shift}" for mask, shift, name in _DELAYS]
    plain = taken & ~0xFF00
    output = "|".join([*delays, show.flag_text(plain, _OUTPUT)] if plain else delays)
    extended, speed = control >> 12 & 1, control & 0xF
    parts = [_SPEEDS[extended][speed], f"CS{5 + (control >> 4 & 3)}"]
    if rest := control & ~0x103F:
        parts.append(show.flag_text(rest, _CONTROL))
    return (
        f"{{c_iflag={show.flag_text(given, _INPUT)}, c_oflag={output}, c_cflag={'|'.join(parts)}, "
        f"c_lflag={show.flag_text(local, _LOCAL)}, ...}}"
    )


class _Ioctl(Shape):
    """Requests that fill something are finished at the exit."""

    def waits(self, call: Call) -> bool:
        return show.u32(call[1]) in (*_INT_OUT, _GET, _WINDOW)


_IOCTL: Final = _Ioctl((show.fd(0), _request, _before), (_after,))
SHAPES: Final[dict[str, Shape]] = {"ioctl": _IOCTL}
