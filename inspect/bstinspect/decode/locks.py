"""fcntl(2): what its third argument and its result mean depends on the command."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import hexadecimal, s32, u32
from bstinspect.decode.constants.descriptors import (
    F_OWNER_TYPES,
    F_SEALS,
    FCNTLCMDS,
    FDFLAGS,
    LOCKFCMDS,
    NOTIFYFLAGS,
)
from bstinspect.decode.constants.files import WHENCE_CODES
from bstinspect.decode.modes import open_flags, open_modes
from bstinspect.decode.names import signal_name
from bstinspect.decode.shape import (
    Result,
    Shape,
    descriptor_result,
    process_result,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bstinspect.decode.call import Call

_FLOCK: Final = struct.Struct("<HH4xqqi4x")
_OWNER: Final = struct.Struct("<Ii")


def _lock_text(call: Call, data: bytes) -> str:
    """Print ``struct flock`` as the call takes it."""
    kind, whence, start, length, _ = _FLOCK.unpack(data)
    return (
        f"{{l_type={call.choice(kind, LOCKFCMDS, unknown='F_???')}, "
        f"l_whence={call.choice(whence, WHENCE_CODES, unknown='SEEK_???')}, "
        f"l_start={start}, l_len={length}}}"
    )


def _found_lock_text(call: Call, data: bytes) -> str:
    """Print ``struct flock`` as the kernel fills it: with the owner of the lock."""
    return f"{_lock_text(call, data)[:-1]}, l_pid={call.process(_FLOCK.unpack(data)[4])}}}"


def _owner_text(call: Call, data: bytes) -> str:
    """Print ``struct f_owner_ex``."""
    kind, pid = _OWNER.unpack(data)
    return f"{{type={call.choice(kind, F_OWNER_TYPES, unknown='F_OWNER_???')}, pid={call.process(pid)}}}"


def _named_signal(number: int) -> str | None:
    name = signal_name(number)
    return None if name == str(number) else name


def _signal(call: Call) -> str:
    number = s32(call[2])
    name = _named_signal(number)
    return call.constant(number, name, str) if name else str(number)


def _owner(call: Call) -> str:
    """Print a process, or a process group as a negative number."""
    return call.process(s32(call[2]))


# Results, with a note behind them.


def _noted_flags(title: str, table: Mapping[int, str]) -> Result:
    """Print a result that is a set of flags, of which 0 needs no words."""

    def result(call: Call) -> str:
        if call.value:
            call.note = f"{title} {call.flags(call.value, table, unknown=None)}"
        return hexadecimal(call.value)

    return result


def _noted_modes(call: Call) -> str:
    call.note = f"flags {open_modes(u32(call.value))}"
    return hexadecimal(call.value)


def _noted_lease(call: Call) -> str:
    call.note = LOCKFCMDS.get(call.value, "")
    return hexadecimal(call.value)


def _noted_signal(call: Call) -> str:
    call.note = _named_signal(call.value) or ""
    return str(call.value)


class _Late(Shape):
    """A command whose result strace looks at only when it is there."""

    def waits(self, call: Call) -> bool:  # noqa: ARG002 - as the others
        return True


_LOCK_IN: Final = Shape((show.structure(2, _FLOCK.size, _lock_text),))
_LOCK_OUT: Final = Shape((), (show.structure(2, _FLOCK.size, _found_lock_text),))
_COPY: Final = Shape((show.long(2),), (), descriptor_result)
_NOTHING: Final = Shape(())
_OTHER: Final = Shape((show.hex_long(2),))

_COMMANDS: Final[dict[str, Shape]] = {
    "F_DUPFD": _COPY,
    "F_DUPFD_CLOEXEC": _COPY,
    "F_GETFD": _Late((), (), _noted_flags("flags", FDFLAGS)),
    "F_SETFD": Shape((show.flags(2, FDFLAGS, unknown="FD_???"),)),
    "F_GETFL": _Late((), (), _noted_modes),
    "F_SETFL": Shape((open_flags(2),)),
    "F_GETLK": _LOCK_OUT,
    "F_SETLK": _LOCK_IN,
    "F_SETLKW": _LOCK_IN,
    "F_OFD_GETLK": _LOCK_OUT,
    "F_OFD_SETLK": _LOCK_IN,
    "F_OFD_SETLKW": _LOCK_IN,
    "F_GETOWN": Shape((), (), process_result),
    "F_SETOWN": Shape((_owner,)),
    "F_GETOWN_EX": Shape((), (show.structure(2, _OWNER.size, _owner_text),)),
    "F_SETOWN_EX": Shape((show.structure(2, _OWNER.size, _owner_text),)),
    "F_GETSIG": _Late((), (), _noted_signal),
    "F_SETSIG": Shape((_signal,)),
    "F_GETLEASE": _Late((), (), _noted_lease),
    "F_SETLEASE": Shape((show.choice64(2, LOCKFCMDS, unknown="F_???"),)),
    "F_NOTIFY": Shape((show.flags64(2, NOTIFYFLAGS, unknown="DN_???"),)),
    "F_GETPIPE_SZ": _NOTHING,
    "F_SETPIPE_SZ": Shape((show.long(2),)),
    "F_GET_SEALS": _Late((), (), _noted_flags("seals", F_SEALS)),
    "F_ADD_SEALS": Shape((show.flags64(2, F_SEALS, unknown="F_SEAL_???"),)),
}


class _Control(Shape):
    """fcntl: the rest of its line is printed as its command's shape says."""

    separator = ""

    def __init__(self) -> None:
        super().__init__((show.fd(0), show.choice(1, FCNTLCMDS, unknown="F_???")), (), self._result)

    @staticmethod
    def _command(call: Call) -> Shape:
        return _COMMANDS.get(FCNTLCMDS.get(u32(call[1]), ""), _OTHER)

    def waits(self, call: Call) -> bool:
        return self._command(call).waits(call)

    def entry(self, call: Call) -> list[str]:
        return [*super().entry(call), *self._command(call).entry(call)]

    def exit(self, call: Call) -> list[str]:
        return [f", {text}" for text in self._command(call).exit(call)]

    def _result(self, call: Call) -> str:
        return self._command(call).result(call)


SHAPES: Final[dict[str, Shape]] = {"fcntl": _Control()}
