"""Numbers that say what a file is: its mode, its device, the flags that it is opened with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import Call, hexadecimal, octal, u32
from bstinspect.decode.constants.files import MODETYPES, OPEN_ACCESS_MODES, OPEN_MODE_FLAGS
from bstinspect.decode.named import ABBREV
from bstinspect.decode.remembered import Remembered
from bstinspect.decode.style import Constants

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

_FORMAT: Final = 0o170000
_SPECIAL: Final = {0o4000: "S_ISUID", 0o2000: "S_ISGID", 0o1000: "S_ISVTX"}
_CREATING: Final = 0o100 | 0o20000000
"""O_CREAT and __O_TMPFILE: a mode is wanted."""
_DEVICES: Final = frozenset({0o020000, 0o060000})


def mode_text(call: Call, value: int) -> str:
    """Print ``S_IFREG|S_ISUID|0755`` (strace's print_symbolic_mode_t)."""
    constants = call.style.constants
    return _MODES[value] if constants is ABBREV else _mode_text(value, constants)


def _mode_text(value: int, constants: Constants) -> str:
    kind = value & _FORMAT
    if constants is Constants.RAW or (kind and kind not in MODETYPES):
        return octal(value)
    names = [MODETYPES[kind]] if kind else []
    names += [name for bit, name in _SPECIAL.items() if value & bit]
    text = "|".join([*names, octal(value & ~(_FORMAT | 0o7000))])
    return f"{octal(value)} /* {text} */" if constants is Constants.VERBOSE else text


_MODES: Final[Remembered[int]] = Remembered(lambda value: _mode_text(value, ABBREV))


def is_device(mode: int) -> bool:
    """Tell whether a file with this mode has a device number: S_IFCHR and S_IFBLK."""
    return mode & _FORMAT in _DEVICES


def device_text(call: Call, number: int) -> str:
    """Print ``makedev(0x8, 0x1)`` (strace's print_dev_t)."""
    constants = call.style.constants
    if constants is Constants.RAW:
        return hexadecimal(number)
    major = u32(number >> 8 & 0xFFF | number >> 32 & 0xFFFFF000)
    minor = u32(number & 0xFF | number >> 12 & 0xFFFFFF00)
    text = f"makedev({hexadecimal(major)}, {hexadecimal(minor)})"
    return f"{hexadecimal(number)} /* {text} */" if constants is Constants.VERBOSE else text


def open_modes(value: int) -> str:
    """Return ``O_RDWR|O_CLOEXEC``, whatever -X says: the access mode, then the flags."""
    return _OPEN_MODES[value]


def _open_modes(value: int) -> str:
    names = [OPEN_ACCESS_MODES[value & 3]]
    left = value & ~3
    for bits, name in OPEN_MODE_FLAGS.items():
        if left & bits == bits:
            names.append(name)
            left &= ~bits
    return "|".join([*names, hexadecimal(left)] if left else names)


_OPEN_MODES: Final[Remembered[int]] = Remembered(_open_modes)


def open_flags_text(call: Call, value: int) -> str:
    """Print the flags of open(2) and of whatever makes descriptors as it does."""
    names = _OPEN_MODES[value]
    return names if call.style.constants is ABBREV else call.constant(value, names)


def is_creating(flags: int) -> bool:
    """Tell whether open's flags want a mode for a new file."""
    return bool(flags & _CREATING)


def open_flags(index: int) -> Argument:
    """Print the flags of open(2)."""
    return lambda call: open_flags_text(call, call.arguments[index] & 0xFFFFFFFF)
