"""The names of ioctls by their numbers, in the order of the numbers.

Written by tools/make_constants.py from strace 6.1 (LGPL-2.1-or-later); do not edit.

Look up the lowest 32 bits of the second argument and nothing less: size and direction are part of the number.
Where several names stand for a number, they are joined here as strace does, by " or ".

strace asks other places first, by the type (bits 8 to 15), for the numbers that carry a length or an index
(`ioctl_decode_command_number`: EVIOCGNAME(8), MIXER_READ(0), JSIOCGNAME(128), ...). It prints what it finds
there, then " or " and the name from this table, if there is one. A number that is in neither is printed as
_IOC(_IOC_READ|_IOC_WRITE, 0x12, 0x34, 0x8): direction (IOCTL_DIRS), type, number, size.
"""

from typing import Final

from bstinspect.decode.constants.ioctls_both import BOTH
from bstinspect.decode.constants.ioctls_none import NONE
from bstinspect.decode.constants.ioctls_read import READ
from bstinspect.decode.constants.ioctls_write import WRITE

# fmt: off
IOCTLS: Final[dict[int, str]] = NONE | WRITE | READ | BOTH

# ioctl.c
IOCTL_DIRS: Final[dict[int, str]] = {0: "_IOC_NONE", 2: "_IOC_READ", 1: "_IOC_WRITE"}
