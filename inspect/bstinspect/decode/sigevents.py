"""How a timer or a queue tells that something happened: ``struct sigevent`` (sigevent(3type))."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import Call, pointer, u32
from bstinspect.decode.constants.signals import SIGEV_VALUE
from bstinspect.decode.show import structure
from bstinspect.decode.signal_sets import signal_text

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

_SIGEVENT: Final = struct.Struct("<QiiQQ")
_SIGNAL: Final = 0
_THREAD: Final = 2
_THREAD_ID: Final = 4


def sigevent_text(call: Call, data: bytes) -> str:
    """Print a ``struct sigevent``."""
    value, signal, notify, function, attributes = _SIGEVENT.unpack_from(data)
    fields = []
    if value:
        number = int.from_bytes(data[:4], "little", signed=True)
        fields.append(f"sigev_value={{sival_int={number}, sival_ptr={pointer(value)}}}")
    signals = notify in {_SIGNAL, _THREAD, _THREAD_ID}
    fields.append(f"sigev_signo={signal_text(call, signal) if signals else u32(signal)}")
    fields.append(f"sigev_notify={call.choice(u32(notify), SIGEV_VALUE, unknown='SIGEV_???')}")
    if notify == _THREAD_ID:
        thread = int.from_bytes(data[16:20], "little", signed=True)
        fields.append(f"sigev_notify_thread_id={thread}")
    elif notify == _THREAD:
        fields.append(f"sigev_notify_function={pointer(function)}")
        fields.append(f"sigev_notify_attributes={pointer(attributes)}")
    return f"{{{', '.join(fields)}}}"


def sigevent(index: int) -> Argument:
    """Print a ``struct sigevent`` that the call reads."""
    return structure(index, _SIGEVENT.size, sigevent_text)
