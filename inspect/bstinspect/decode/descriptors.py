"""Calls that read and write descriptors, and make and close them (read(2), pipe(2), dup(2), splice(2))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, pointer
from bstinspect.decode.constants.descriptors import (
    CLOSE_RANGE_FLAGS,
    EFD_FLAGS,
    FLOCKCMDS,
    RWF_FLAGS,
    SPLICE_FLAGS,
)
from bstinspect.decode.constants.files import (
    ADVISE,
    FALLOC_FLAGS,
    OPEN_MODE_FLAGS,
    SYNC_FILE_RANGE_FLAGS,
    WHENCE_CODES,
)
from bstinspect.decode.iovecs import buffer_address, iovecs_text
from bstinspect.decode.shape import Shape, descriptor_result

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument


def _vector_in(index: int) -> Argument:
    """Print iovecs that the call writes out."""
    return lambda call: iovecs_text(call, call[index], call[index + 1])


def _vector_out(index: int) -> Argument:
    """Print iovecs that the kernel filled, as far as the result says; only addresses where it failed."""
    return lambda call: iovecs_text(
        call, call[index], call[index + 1], left=call.value, show=buffer_address if call.failed else None
    )


def _offset(index: int) -> Argument:
    """Print ``[N]``, a loff_t behind a pointer."""
    return show.structure(index, 8, lambda _call, data: f"[{int.from_bytes(data, 'little', signed=True)}]")


def pair_text(call: Call, address: int) -> str:
    """Print two new descriptors."""
    return show.array(
        call, address, 2, 4, lambda call, data: call.descriptor(int.from_bytes(data, "little", signed=True))
    )


class _SendFile(Shape):
    """sendfile(2), whose offset changes: ``[0] => [5]``."""

    separator = ""

    def waits(self, call: Call) -> bool:
        return bool(call.kept)

    def entry(self, call: Call) -> list[str]:
        data = call.fetch(call[2], 8)
        call.kept = data is not None
        texts = super().entry(call)
        if data is None:
            return [*texts, pointer(call[2]), str(call[3])]
        return [*texts, f"[{int.from_bytes(data, 'little')}]"]

    def exit(self, call: Call) -> list[str]:
        if not call.kept:
            return []
        changed = ""
        if not call.is_error and call.value:
            data = call.fetch(call[2], 8)
            changed = " => " + (pointer(call[2]) if data is None else f"[{int.from_bytes(data, 'little')}]")
        return [f"{changed}, {call[3]}"]


_FD: Final = show.fd(0)
_NEW: Final = descriptor_result
_FROM_TO: Final = (_FD, _offset(1), show.fd(2), _offset(3), show.size(4))
_RWF: Final = show.flags(5, RWF_FLAGS, unknown="RWF_???")
_SPLICE: Final = show.flags(3, SPLICE_FLAGS, unknown="SPLICE_F_???")

SHAPES: Final[dict[str, Shape]] = {
    "read": Shape((_FD,), (show.data_out(1), show.size(2))),
    "write": Shape((_FD, show.data_in(1, 2), show.size(2))),
    "pread64": Shape((_FD,), (show.data_out(1), show.size(2), show.long(3))),
    "pwrite64": Shape((_FD, show.data_in(1, 2), show.size(2), show.long(3))),
    "readv": Shape((_FD,), (_vector_out(1), show.size(2))),
    "writev": Shape((_FD, _vector_in(1), show.size(2))),
    "preadv": Shape((_FD,), (_vector_out(1), show.size(2), show.long(3))),
    "pwritev": Shape((_FD, _vector_in(1), show.size(2), show.long(3))),
    "preadv2": Shape((_FD,), (_vector_out(1), show.size(2), show.long(3), _RWF)),
    "pwritev2": Shape((_FD, _vector_in(1), show.size(2), show.long(3), _RWF)),
    **dict.fromkeys(("close", "fchdir", "fsync", "fdatasync", "syncfs"), Shape((_FD,))),
    "close_range": Shape(
        (show.unsigned(0), show.unsigned(1), show.flags(2, CLOSE_RANGE_FLAGS, unknown="CLOSE_RANGE_???"))
    ),
    "dup": Shape((_FD,), (), _NEW),
    "dup2": Shape((_FD, show.fd(1)), (), _NEW),
    "dup3": Shape((_FD, show.fd(1), show.flags(2, OPEN_MODE_FLAGS, unknown="O_???")), (), _NEW),
    "lseek": Shape((_FD, show.long(1), show.choice(2, WHENCE_CODES, unknown="SEEK_???"))),
    "pipe": Shape((), (lambda call: pair_text(call, call[0]),)),
    "pipe2": Shape(
        (), (lambda call: pair_text(call, call[0]), show.flags(1, OPEN_MODE_FLAGS, unknown="O_???"))
    ),
    "eventfd": Shape((show.unsigned(0),), (), _NEW),
    "eventfd2": Shape((show.unsigned(0), show.flags(1, EFD_FLAGS, unknown="EFD_???")), (), _NEW),
    "fallocate": Shape(
        (_FD, show.flags(1, FALLOC_FLAGS, unknown="FALLOC_FL_???"), show.long(2), show.long(3))
    ),
    "fadvise64": Shape(
        (_FD, show.long(1), show.size(2), show.choice(3, ADVISE, unknown="POSIX_FADV_???"))
    ),
    "readahead": Shape((_FD, show.long(1), show.size(2))),
    "sync_file_range": Shape(
        (_FD, show.long(1), show.long(2), show.flags(3, SYNC_FILE_RANGE_FLAGS, unknown="SYNC_FILE_RANGE_???"))
    ),
    "flock": Shape((_FD, show.flags(1, FLOCKCMDS, unknown="LOCK_???"))),
    "sendfile": _SendFile((_FD, show.fd(1))),
    "copy_file_range": Shape((*_FROM_TO, show.unsigned(5))),
    "splice": Shape((*_FROM_TO, show.flags(5, SPLICE_FLAGS, unknown="SPLICE_F_???"))),
    "tee": Shape((_FD, show.fd(1), show.size(2), _SPLICE)),
    "vmsplice": Shape((_FD, _vector_in(1), show.size(2), _SPLICE)),
}  # fmt: skip
