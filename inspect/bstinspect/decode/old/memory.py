"""Mappings (mmap(2), mprotect(2), mremap(2), madvise(2), brk(2))."""

from __future__ import annotations

from typing import Final

from bstinspect.decode.old import call as show
from bstinspect.decode.old.call import Call, Shape, address_result

_PROTECTION: Final = {
    0: "PROT_NONE", 1: "PROT_READ", 2: "PROT_WRITE", 4: "PROT_EXEC", 8: "PROT_SEM",
    0x1000000: "PROT_GROWSDOWN", 0x2000000: "PROT_GROWSUP",
}  # fmt: skip
_TYPES: Final = {1: "MAP_SHARED", 2: "MAP_PRIVATE", 3: "MAP_SHARED_VALIDATE"}
_FLAGS: Final = {
    0x10: "MAP_FIXED", 0x20: "MAP_ANONYMOUS", 0x40: "MAP_32BIT", 0x4000: "MAP_NORESERVE",
    0x8000: "MAP_POPULATE", 0x10000: "MAP_NONBLOCK", 0x100: "MAP_GROWSDOWN", 0x800: "MAP_DENYWRITE",
    0x1000: "MAP_EXECUTABLE", 0x2000: "MAP_LOCKED", 0x20000: "MAP_STACK", 0x40000: "MAP_HUGETLB",
    0x80000: "MAP_SYNC", 0x100000: "MAP_FIXED_NOREPLACE",
}  # fmt: skip
_ADVICE: Final = {
    0: "MADV_NORMAL", 1: "MADV_RANDOM", 2: "MADV_SEQUENTIAL", 3: "MADV_WILLNEED", 4: "MADV_DONTNEED",
    8: "MADV_FREE", 9: "MADV_REMOVE", 10: "MADV_DONTFORK", 11: "MADV_DOFORK", 12: "MADV_MERGEABLE",
    13: "MADV_UNMERGEABLE", 14: "MADV_HUGEPAGE", 15: "MADV_NOHUGEPAGE", 16: "MADV_DONTDUMP",
    17: "MADV_DODUMP", 18: "MADV_WIPEONFORK", 19: "MADV_KEEPONFORK", 20: "MADV_COLD", 21: "MADV_PAGEOUT",
    22: "MADV_POPULATE_READ", 23: "MADV_POPULATE_WRITE", 24: "MADV_DONTNEED_LOCKED", 25: "MADV_COLLAPSE",
    100: "MADV_HWPOISON", 101: "MADV_SOFT_OFFLINE",
}  # fmt: skip
_REMAP: Final = {1: "MREMAP_MAYMOVE", 2: "MREMAP_FIXED", 4: "MREMAP_DONTUNMAP"}
_SYNC: Final = {1: "MS_ASYNC", 2: "MS_INVALIDATE", 4: "MS_SYNC"}
_LOCK_ALL: Final = {1: "MCL_CURRENT", 2: "MCL_FUTURE", 4: "MCL_ONFAULT"}
_BARRIER: Final = {
    0: "MEMBARRIER_CMD_QUERY", 1: "MEMBARRIER_CMD_GLOBAL", 2: "MEMBARRIER_CMD_GLOBAL_EXPEDITED",
    4: "MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED", 8: "MEMBARRIER_CMD_PRIVATE_EXPEDITED",
    16: "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED",
}  # fmt: skip


def _map_flags(call: Call) -> str:
    value = show.u32(call[3])
    text = show.choice_text(value & 0xF, _TYPES, "MAP_???") if value & 0xF else ""
    rest = show.flag_text(value & ~0xF, _FLAGS, "MAP_???") if value & ~0xF else ""
    return "|".join(filter(None, (text, rest))) or "MAP_FILE"


def _offset(call: Call) -> str:
    return f"{call[5]:#x}" if call[5] else "0"


def _new_address(call: Call) -> str | None:
    return show.pointer(call[4]) if call[3] & 6 else None


_RANGE: Final = (show.address(0), show.size(1))
_PROT: Final = show.flags(2, _PROTECTION, "PROT_???")

SHAPES: Final[dict[str, Shape]] = {
    "mmap": Shape((*_RANGE, _PROT, _map_flags, show.fd(4), _offset), (), address_result),
    "mprotect": Shape((*_RANGE, _PROT)),
    "pkey_mprotect": Shape((*_RANGE, _PROT, show.number(3))),
    "munmap": Shape(_RANGE),
    "mremap": Shape(
        (*_RANGE, show.size(2), show.flags(3, _REMAP, "MREMAP_???"), _new_address), (), address_result
    ),
    "madvise": Shape((*_RANGE, show.choice(2, _ADVICE, "MADV_???"))),
    "msync": Shape((*_RANGE, show.flags(2, _SYNC, "MS_???"))),
    "mlock": Shape(_RANGE),
    "munlock": Shape(_RANGE),
    "mlockall": Shape((show.flags(0, _LOCK_ALL, "MCL_???"),)),
    "brk": Shape((show.address(0),), (), address_result),
    "membarrier": Shape((show.choice(0, _BARRIER, "MEMBARRIER_CMD_???"), show.hexadecimal(1))),
}
