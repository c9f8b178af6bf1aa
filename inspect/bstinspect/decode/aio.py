"""Asynchronous reading and writing in the kernel's own manner (io_submit(2), io_getevents(2))."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, hexadecimal, pointer, s32, s64
from bstinspect.decode.constants.descriptors import RWF_FLAGS
from bstinspect.decode.constants.io_uring import AIO_CMDS, AIO_IOCB_FLAGS
from bstinspect.decode.constants.polling import POLLFLAGS
from bstinspect.decode.constants.processes import IOPRIO_CLASS
from bstinspect.decode.iovecs import buffer_address, buffer_text, iovecs_text
from bstinspect.decode.selecting import signal_mask
from bstinspect.decode.shape import Shape
from bstinspect.decode.spans import timespec
from bstinspect.decode.structures import Structure, address, hexa, value_behind

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

_IOCB: Final = struct.Struct("<QIIHhIQQq8xII")
_PRIORITY_SHIFT: Final = 13
_WRITE: Final = 1
_POLL: Final = 5
_READ_VECTOR: Final = 7
_WRITE_VECTOR: Final = 8
_COMMANDS_WITH_BUFFER: Final = (0, _WRITE)
_HAS_DESCRIPTOR: Final = 1
_HAS_PRIORITY: Final = 2
_EVENT: Final = Structure(("data", "Q", hexa), ("obj", "Q", hexa), ("res", "q"), ("res2", "q"))


def _priority(call: Call, value: int) -> str:
    """Print an I/O priority (ioprio_set(2))."""
    kind, level = value >> _PRIORITY_SHIFT, value & (1 << _PRIORITY_SHIFT) - 1
    name = call.choice(kind, IOPRIO_CLASS, unknown="IOPRIO_CLASS_???")
    return call.constant(value, f"IOPRIO_PRIO_VALUE({name}, {level})")


def _header(call: Call, data: bytes) -> list[str]:
    """Print what every ``struct iocb`` has."""
    token, key, rw_flags, command, priority, descriptor, *_, flags, _ = _IOCB.unpack(data)
    fields = [f"aio_data={hexadecimal(token)}"]
    if key:
        fields.append(f"aio_key={key}")
    if rw_flags:
        fields.append(f"aio_rw_flags={call.flags(rw_flags, RWF_FLAGS, unknown='RWF_???')}")
    fields.append(f"aio_lio_opcode={call.choice(command, AIO_CMDS, unknown='IOCB_CMD_???', number=str)}")
    if flags & _HAS_PRIORITY:
        fields.append(f"aio_reqprio={_priority(call, priority & 0xFFFF)}")
    elif priority:
        fields.append(f"aio_reqprio={priority}")
    fields.append(f"aio_fildes={call.descriptor(s32(descriptor))}")
    return fields


def _block(call: Call, data: bytes) -> str:
    """Print a ``struct iocb``, as its command takes it."""
    _, _, _, command, _, _, buffer, size, offset, flags, descriptor = _IOCB.unpack(data)
    fields = _header(call, data)
    valid = s64(size) >= 0
    if command in _COMMANDS_WITH_BUFFER:
        shown = call.buffer(buffer, size) if command == _WRITE and valid else hexadecimal(buffer)
        fields += [f"aio_buf={shown}", f"aio_nbytes={size}", f"aio_offset={offset}"]
    elif command in {_READ_VECTOR, _WRITE_VECTOR}:
        if valid:
            contents = buffer_text if command == _WRITE_VECTOR else buffer_address
            fields.append(f"aio_buf={iovecs_text(call, buffer, size, show=contents)}")
        else:
            fields += [f"aio_buf={hexadecimal(buffer)}", f"aio_nbytes={size}"]
        fields.append(f"aio_offset={offset}")
    elif command == _POLL:
        fields.append(f"aio_buf={call.flags(buffer, POLLFLAGS, unknown='POLL???')}")
    else:
        return f"{{{', '.join(fields)}}}"
    if flags:
        fields.append(f"aio_flags={call.flags(flags, AIO_IOCB_FLAGS, unknown='IOCB_FLAG_???')}")
    if flags & _HAS_DESCRIPTOR:
        fields.append(f"aio_resfd={call.descriptor(s32(descriptor))}")
    elif descriptor:
        fields.append(f"aio_resfd={hexadecimal(descriptor)}")
    return f"{{{', '.join(fields)}}}"


def _block_at(call: Call, data: bytes) -> str:
    """Print the ``struct iocb`` that an element points to."""
    where = int.from_bytes(data, "little")
    block = call.fetch(where, _IOCB.size)
    return pointer(where) if block is None else _block(call, block)


def _blocks(call: Call) -> str:
    count = s64(call[1])
    return pointer(call[2]) if count < 0 else show.array(call, call[2], count, 8, _block_at)


def _cancelled(call: Call) -> str:
    data = call.fetch(call[1], _IOCB.size)
    return pointer(call[1]) if data is None else f"{{{', '.join(_header(call, data))}}}"


def _events(call: Call) -> str:
    return pointer(call[3]) if call.failed else show.array(call, call[3], call.value, _EVENT.size, _EVENT)


def _even_if_failed(argument: Argument) -> Argument:
    """Print what the kernel read at the entry, whether the call failed or not."""

    def shown(call: Call) -> str | None:
        failed, call.is_error = call.is_error, False
        try:
            return argument(call)
        finally:
            call.is_error = failed

    return shown


_CONTEXT: Final = show.address(0)
_WAITING: Final = (_CONTEXT, show.long(1), show.long(2))
_WAITED: Final = (_events, _even_if_failed(timespec(4)))

SHAPES: Final[dict[str, Shape]] = {
    "io_setup": Shape((show.unsigned(0),), (value_behind("Q", address, index=1),)),
    "io_destroy": Shape((_CONTEXT,)),
    "io_submit": Shape((_CONTEXT, show.long(1), _blocks)),
    "io_cancel": Shape((_CONTEXT, _cancelled), (_EVENT.at(2),)),
    "io_getevents": Shape(_WAITING, _WAITED),
    "io_pgetevents": Shape(_WAITING, (*_WAITED, _even_if_failed(signal_mask(5)))),
}
