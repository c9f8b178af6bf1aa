"""Mappings (mmap(2), mprotect(2), mremap(2), madvise(2), brk(2), mlock(2), mincore(2), membarrier(2))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, hexadecimal, s32, u32
from bstinspect.decode.constants.devices import UFFD_FLAGS
from bstinspect.decode.constants.memory import (
    MADVISE_CMDS,
    MCTL_SYNC,
    MEMBARRIER_CMDS,
    MEMBARRIER_FLAGS,
    MEMFD_CREATE_FLAGS,
    MEMFD_SECRET_FLAGS,
    MLOCK_FLAGS,
    MLOCKALL_FLAGS,
    MMAP_FLAGS,
    MMAP_PROT,
    MREMAP_FLAGS,
    PKEY_ACCESS,
)
from bstinspect.decode.named import ABBREV, choice_text, flags_text
from bstinspect.decode.remembered import Remembered
from bstinspect.decode.shape import Shape, address_result, decimal_result, descriptor_result
from bstinspect.decode.structures import text_at

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

_PAGE: Final = 4096
_MAP_TYPE: Final = 0xF
_HUGE_SHIFT: Final = 26
_HUGE_MASK: Final = 0x3F << _HUGE_SHIFT
_MOVES: Final = 3
"""MREMAP_MAYMOVE and MREMAP_FIXED: the call has a fifth argument."""
_MEMFD_NAME: Final = 250
"""So much of a memory file's name is shown: one byte more than it may have."""


def abbreviating(call: Call) -> Call:
    """Return a call that prints names of constants without numbers: for those within a comment."""
    return Call(call.name, (), call.memory, call.tables)


def _map_flags(index: int) -> Argument:
    """Print the flags of mmap: a type, flags, and the size of huge pages as a number."""
    return lambda call: call.constant(call.arguments[index], _MAP_NAMES[call.arguments[index]])


def _map_names(value: int) -> str:
    parts = [choice_text(value & _MAP_TYPE, (MMAP_FLAGS,), ABBREV, "MAP_???", hexadecimal)]
    # strace's mask is an int: the upper half gets lost.
    if flags := u32(value) & ~_MAP_TYPE & ~_HUGE_MASK:
        parts.append(flags_text(flags, (MMAP_FLAGS,), ABBREV, None, hexadecimal))
    if huge := value & _HUGE_MASK:
        parts.append(f"{huge >> _HUGE_SHIFT}<<MAP_HUGE_SHIFT")
    return "|".join(parts)


_MAP_NAMES: Final[Remembered[int]] = Remembered(_map_names)


def _memfd_flags(call: Call) -> str:
    """Print the flags of memfd_create, and the size of huge pages as a number."""
    value = u32(call[1])
    if not value:
        return "0"
    parts = []
    flags, huge = value & ~_HUGE_MASK, value & _HUGE_MASK
    if flags:
        parts.append(abbreviating(call).flags(flags, MEMFD_CREATE_FLAGS, unknown="MFD_???"))
    if huge:
        parts.append(f"{huge >> _HUGE_SHIFT}<<MFD_HUGE_SHIFT")
    return call.constant(value, "|".join(parts))


def _memfd_name(call: Call) -> str:
    return text_at(call, call[0], _MEMFD_NAME)


def _new_address(call: Call) -> str | None:
    return show.address(4)(call) if call[3] & _MOVES == _MOVES else None


def _resident(call: Call) -> str:
    """Print which pages are in memory."""
    return show.array(call, call[2], -(-call[1] // _PAGE), 1, lambda _call, data: str(data[0] & 1))


def _barrier_cpu(call: Call) -> str | None:
    return str(s32(call[2])) if call[1] & 1 else None


def _barrier_result(call: Call) -> str:
    """Print what MEMBARRIER_CMD_QUERY answers: a set of commands."""
    if u32(call[0]) or call.value == 0:
        return decimal_result(call)
    call.note = call.flags(call.value, MEMBARRIER_CMDS)
    return hexadecimal(call.value)


_RANGE: Final = (show.address(0), show.size(1))
_PROT: Final = show.flags64(2, MMAP_PROT, unknown="PROT_???")
_ADVICE: Final = "MADV_???"

SHAPES: Final[dict[str, Shape]] = {
    "brk": Shape((show.address(0),), (), address_result),
    "mmap": Shape((*_RANGE, _PROT, _map_flags(3), show.fd(4), show.hex_long(5)), (), address_result),
    "munmap": Shape(_RANGE),
    "mprotect": Shape((*_RANGE, _PROT)),
    "pkey_mprotect": Shape((*_RANGE, _PROT, show.number(3))),
    "pkey_alloc": Shape((show.hex_long(0), show.flags64(1, PKEY_ACCESS, unknown="PKEY_???"))),
    "pkey_free": Shape((show.number(0),)),
    "mremap": Shape(
        (*_RANGE, show.size(2), show.flags64(3, MREMAP_FLAGS, unknown="MREMAP_???"), _new_address),
        (),
        address_result,
    ),
    "madvise": Shape((*_RANGE, show.choice(2, MADVISE_CMDS, unknown=_ADVICE))),
    "mlock": Shape(_RANGE),
    "mlock2": Shape((*_RANGE, show.flags(2, MLOCK_FLAGS, unknown="MLOCK_???"))),
    "munlock": Shape(_RANGE),
    "mlockall": Shape((show.flags(0, MLOCKALL_FLAGS, unknown="MCL_???"),)),
    "munlockall": Shape(()),
    "msync": Shape((*_RANGE, show.flags(2, MCTL_SYNC, unknown="MS_???"))),
    "mincore": Shape(_RANGE, (_resident,)),
    "remap_file_pages": Shape((*_RANGE, _PROT, show.size(3), _map_flags(4))),
    "membarrier": Shape(
        (
            show.choice(0, MEMBARRIER_CMDS, unknown="MEMBARRIER_CMD_???"),
            show.flags(1, MEMBARRIER_FLAGS, unknown="MEMBARRIER_CMD_FLAG_???"),
            _barrier_cpu,
        ),
        (),
        _barrier_result,
    ),
    "memfd_create": Shape((_memfd_name, _memfd_flags), (), descriptor_result),
    "memfd_secret": Shape((show.flags(0, MEMFD_SECRET_FLAGS),), (), descriptor_result),
    "userfaultfd": Shape((show.flags(0, UFFD_FLAGS, unknown="UFFD_???"),), (), descriptor_result),
}
