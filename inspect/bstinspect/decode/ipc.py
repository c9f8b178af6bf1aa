"""System V message queues, semaphores and shared memory (svipc(7))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, octal, pointer, u32
from bstinspect.decode.constants.ipc import (
    IPC_MSG_FLAGS,
    IPC_PRIVATE,
    RESOURCE_FLAGS,
    SEMOP_FLAGS,
    SHM_FLAGS,
    SHM_RESOURCE_FLAGS,
)
from bstinspect.decode.shape import Shape, address_result
from bstinspect.decode.spans import timespec
from bstinspect.decode.structures import Structure, bits
from bstinspect.decode.style import Constants

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

_PERMISSIONS: Final = 0o777
_HUGE_SHIFT: Final = 26
_HUGE_MASK: Final = 0x3F << _HUGE_SHIFT
_MESSAGE: Final = 16
"""Size of ``struct msgbuf``: a long, and a byte of the text with its padding."""
_MESSAGE_FLAGS: Final = "MSG_???"
_KEY: Final = show.choice(0, IPC_PRIVATE)
_SEMBUF: Final = Structure(
    ("sem_num", "H"), ("sem_op", "h"), ("sem_flg", "H", bits(SEMOP_FLAGS, unknown="SEM_???"))
)


def _resource_flags(index: int) -> Argument:
    """Print the flags of msgget and semget with the permissions.

    strace puts nothing between them where it knows none of the flags.
    """

    def argument(call: Call) -> str:
        value = u32(call[index])
        flags, mode = value & ~_PERMISSIONS, octal(value & _PERMISSIONS)
        raw = call.style.constants is Constants.RAW
        known = flags if raw else any(flags & each for each in RESOURCE_FLAGS)
        return f"{call.flags(flags, RESOURCE_FLAGS, unknown=None)}{'|' if known else ''}{mode}"

    return argument


def _segment_flags(call: Call) -> str:
    """Print the flags of shmget, the size of huge pages as a number, and the permissions."""
    value = u32(call[2])
    flags, huge = value & ~_PERMISSIONS & ~_HUGE_MASK, value & _HUGE_MASK
    parts = []
    if flags:
        parts.append(call.flags(flags, SHM_RESOURCE_FLAGS, unknown=None))
    if huge:
        shift = call.constant(_HUGE_SHIFT, "SHM_HUGE_SHIFT", str)
        parts.append(f"{huge >> _HUGE_SHIFT}<<{shift}")
    return "|".join([*parts, octal(value & _PERMISSIONS)])


def _message(call: Call) -> str:
    """Print a ``struct msgbuf``; msgrcv's as long as it might have been, as strace does."""
    data = call.fetch(call[1], _MESSAGE)
    if data is None:
        return pointer(call[1])
    kind = int.from_bytes(data[:8], "little", signed=True)
    return f"{{mtype={kind}, mtext={call.buffer(call[1] + 8, call[2])}}}"


def _operations(call: Call) -> str:
    return show.array(call, call[1], u32(call[2]), _SEMBUF.size, _SEMBUF)


_NUMBER: Final = show.number(0)
_SEMOP: Final = (_NUMBER, _operations, show.unsigned(2))

SHAPES: Final[dict[str, Shape]] = {
    "msgget": Shape((_KEY, _resource_flags(1))),
    "msgsnd": Shape((_NUMBER, _message, show.size(2), show.flags(3, IPC_MSG_FLAGS, unknown=_MESSAGE_FLAGS))),
    "msgrcv": Shape(
        (_NUMBER,),
        (_message, show.size(2), show.long(3), show.flags(4, IPC_MSG_FLAGS, unknown=_MESSAGE_FLAGS)),
    ),
    "semget": Shape((_KEY, show.number(1), _resource_flags(2))),
    "semop": Shape(_SEMOP),
    "semtimedop": Shape((*_SEMOP, timespec(3))),
    "shmget": Shape((_KEY, show.size(1), _segment_flags)),
    "shmat": Shape(
        (_NUMBER, show.address(1), show.flags(2, SHM_FLAGS, unknown="SHM_???")), (), address_result
    ),
    "shmdt": Shape((show.address(0),)),
}
