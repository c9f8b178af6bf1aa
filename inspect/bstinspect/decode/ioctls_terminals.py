"""ioctl requests of terminals (ioctl_tty(2), termios(3))."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode.constants import terminals as names
from bstinspect.decode.requests import NOTHING, filled, given, named, signed
from bstinspect.decode.structures import Structure, behind, bits, braced, hexa, one_of, value_behind

if TYPE_CHECKING:
    from bstinspect.decode.call import Call
    from bstinspect.decode.requests import Request
    from bstinspect.decode.shape import Argument

_DELAYS: Final = (
    (names.TERM_OFLAGS_NLDLY, 0x100, "NL?"), (names.TERM_OFLAGS_CRDLY, 0x600, "CR?"),
    (names.TERM_OFLAGS_TABDLY, 0x1800, "TAB?"), (names.TERM_OFLAGS_BSDLY, 0x2000, "BS?"),
    (names.TERM_OFLAGS_VTDLY, 0x4000, "VT?"), (names.TERM_OFLAGS_FFDLY, 0x8000, "FF?"),
)  # fmt: skip
_CBAUD, _CIBAUD, _CSIZE, _IBSHIFT = 0x100F, 0x100F0000, 0x30, 16

_WINSIZE: Final = Structure(("ws_row", "H"), ("ws_col", "H"), ("ws_xpixel", "H"), ("ws_ypixel", "H"))
_line: Final = one_of(names.TERM_LINE_DISCS, unknown="N_???")


def _output_flags(call: Call, value: int) -> str:
    parts = []
    for table, mask, unknown in _DELAYS:
        parts.append(call.choice(value & mask, table, unknown=unknown))
        value &= ~mask
    return "|".join([*parts, call.flags(value, names.TERM_OFLAGS, unknown=None)])


def _control_flags(call: Call, value: int) -> str:
    parts = [call.choice(value & _CBAUD, names.BAUD_OPTIONS, unknown="B???")]
    if value & _CIBAUD:
        speed = call.choice((value & _CIBAUD) >> _IBSHIFT, names.BAUD_OPTIONS, unknown="B???")
        parts.append(f"{speed}<<{call.constant(_IBSHIFT, 'IBSHIFT')}")
    parts.append(call.choice(value & _CSIZE, names.TERM_CFLAGS_CSIZE, unknown="CS?"))
    rest = value & ~(_CBAUD | _CIBAUD | _CSIZE)
    return "|".join([*parts, call.flags(rest, names.TERM_CFLAGS, unknown=None)])


def _characters(call: Call, data: bytes) -> str:
    parts = [f"[{names.TERMIOS_CC.get(index, index)}]={hexa(call, code)}" for index, code in enumerate(data)]
    return f"[{', '.join(parts)}]"


def _termios(flags: str, characters: int, *, speeds: bool = False) -> Argument:
    """Print one of the structures that hold four sets of flags, the line discipline and the characters."""
    layout = struct.Struct(f"@4{flags}B{characters}s{'2I' if speeds else ''}0{flags}")

    def show(call: Call, data: bytes) -> str:
        given, taken, control, local, line, special, *rates = layout.unpack(data)
        texts = [
            f"c_iflag={call.flags(given, names.TERM_IFLAGS, unknown=None)}",
            f"c_oflag={_output_flags(call, taken)}",
            f"c_cflag={_control_flags(call, control)}",
            f"c_lflag={call.flags(local, names.TERM_LFLAGS, unknown=None)}",
        ]
        if call.abbreviated:
            return braced(*texts, "...")
        texts += [f"c_line={_line(call, line)}", f"c_cc={_characters(call, special)}"]
        texts += [f"{name}={rate}" for name, rate in zip(("c_ispeed", "c_ospeed"), rates, strict=False)]
        return braced(*texts)

    return behind(2, layout.size, show)


_TERMIOS: Final = _termios("I", 19)
_TERMIOS2: Final = _termios("I", 19, speeds=True)
_TERMIO: Final = _termios("H", 8)
_MODEM: Final = value_behind("I", bits(names.MODEM_FLAGS, unknown="TIOCM_???"))
_INT: Final = value_behind("i")


def _character(call: Call) -> str:
    return call.buffer(call[2], 1)


REQUESTS: Final[dict[int, Request]] = named(
    {
        "TCGETS2": filled(_TERMIOS2),
        "TCSETS2 TCSETSW2 TCSETSF2": given(_TERMIOS2),
        "TCGETS TIOCGLCKTRMIOS": filled(_TERMIOS),
        "TCSETS TCSETSW TCSETSF TIOCSLCKTRMIOS": given(_TERMIOS),
        "TCGETA": filled(_TERMIO),
        "TCSETA TCSETAW TCSETAF": given(_TERMIO),
        "TIOCGWINSZ": filled(_WINSIZE.at()),
        "TIOCSWINSZ": given(_WINSIZE.at()),
        "TCXONC": given(lambda call: call.choice(call[2], names.TCXONC_OPTIONS, unknown="TC???")),
        "TCFLSH": given(lambda call: call.choice(call[2], names.TCFLSH_OPTIONS, unknown="TC???")),
        "TCSBRK TCSBRKP TIOCSCTTY": given(signed),
        "TIOCMGET": filled(_MODEM),
        "TIOCMBIS TIOCMBIC TIOCMSET": given(_MODEM),
        "TIOCGPGRP TIOCGSID TIOCGETD TIOCGSOFTCAR TIOCGPTN FIONREAD TIOCOUTQ": filled(_INT),
        "TIOCGEXCL TIOCGDEV": filled(_INT),
        "TIOCSPGRP TIOCSETD FIONBIO FIOASYNC TIOCPKT TIOCSSOFTCAR TIOCSPTLCK": given(_INT),
        "TIOCSTI": given(_character),
        "TIOCSBRK TIOCCBRK TIOCCONS TIOCNOTTY TIOCEXCL TIOCNXCL FIOCLEX FIONCLEX TIOCVHANGUP": NOTHING,
        "TIOCSSERIAL": NOTHING,
    }
)
