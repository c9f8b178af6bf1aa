"""What io_uring_register(2) is told, by operation."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from bstinspect.decode import show
from bstinspect.decode.call import Call, hexadecimal, pointer, s32, u32
from bstinspect.decode.constants.io_uring import (
    URING_FILES_UPDATE_FDS,
    URING_IOWQ_ACCT,
    URING_OP_FLAGS,
    URING_OPS,
    URING_REGISTER_OPCODES,
    URING_REGISTER_RSRC_FLAGS,
    URING_RESTRICTION_OPCODES,
    URING_SQE_FLAGS,
)
from bstinspect.decode.iovecs import buffer_address, iovecs_text
from bstinspect.decode.lists import local_array
from bstinspect.decode.scheduling import _cpus
from bstinspect.decode.strings import excess_text
from bstinspect.decode.structures import listed

_Show: TypeAlias = Callable[[Call, int, int], str]
"""Prints what is at an address, with the number of elements that the call says."""

_INT: Final = 4
_RESOURCES: Final = 32
"""Size of ``struct io_uring_rsrc_register`` and ``struct io_uring_rsrc_update2``."""
_OPERATION: Final = "IORING_OP_???"
_MOST_OPERATIONS: Final = 256
"""A probe for more is not printed."""


def _reserved(**fields: int) -> list[str]:
    """Print fields that ought to be 0, where they are not."""
    return [f"{name}={value:#x}" for name, value in fields.items() if value]


def _words(call: Call, name: str, words: tuple[int, ...]) -> list[str]:
    return [f"{name}={local_array(call, [hexadecimal(word) for word in words])}"] if any(words) else []


# Descriptors and buffers.


def _descriptor(call: Call, data: bytes) -> str:
    return call.descriptor(int.from_bytes(data, "little", signed=True))


def _descriptor_or_skip(call: Call, data: bytes) -> str:
    number = int.from_bytes(data, "little", signed=True)
    if number >= -1:
        return call.descriptor(number)
    return call.choice(number & (1 << 64) - 1, URING_FILES_UPDATE_FDS, number=lambda value: str(s32(value)))


def _buffers(call: Call, where: int, count: int) -> str:
    return iovecs_text(call, where, count, show=buffer_address)


def _descriptors(call: Call, where: int, count: int) -> str:
    return show.array(call, where, count, _INT, _descriptor)


def _new_descriptors(call: Call, where: int, count: int) -> str:
    return show.array(call, where, count, _INT, _descriptor_or_skip)


def _tag(_call: Call, data: bytes) -> str:
    return hexadecimal(int.from_bytes(data, "little"))


def _files_update(call: Call, where: int, count: int) -> str:
    data = call.fetch(where, 16)
    if data is None:
        return pointer(where)
    offset, reserved, descriptors = struct.unpack("<IIQ", data)
    fields = [f"offset={offset}", *_reserved(resv=reserved)]
    return f"{{{', '.join([*fields, f'fds={_new_descriptors(call, descriptors, count)}'])}}}"


def _resources(data_text: _Show) -> _Show:
    """Print a ``struct io_uring_rsrc_register``; the count is its size."""

    def text(call: Call, where: int, size: int) -> str:
        data = call.fetch(where, _RESOURCES) if size >= _RESOURCES else None
        if data is None:
            return pointer(where)
        count, flags, reserved, values, tags = struct.unpack("<IIQQQ", data)
        fields = [
            f"nr={count}",
            f"flags={call.flags(flags, URING_REGISTER_RSRC_FLAGS, unknown='IORING_RSRC_REGISTER_???')}",
            *_reserved(resv2=reserved),
            f"data={data_text(call, values, count)}",
            f"tags={show.array(call, tags, count, 8, _tag)}",
        ]
        return f"{{{', '.join(fields)}{excess_text(call, where, _RESOURCES, size)}}}"

    return text


def _resources_update(data_text: _Show) -> _Show:
    """Print a ``struct io_uring_rsrc_update2``; the count is its size."""

    def text(call: Call, where: int, size: int) -> str:
        data = call.fetch(where, _RESOURCES) if size >= _RESOURCES else None
        if data is None:
            return pointer(where)
        offset, reserved, values, tags, count, reserved2 = struct.unpack("<IIQQII", data)
        fields = [
            f"offset={offset}",
            *_reserved(resv=reserved),
            f"data={data_text(call, values, count)}",
            f"tags={show.array(call, tags, count, 8, _tag)}",
            f"nr={count}",
            *_reserved(resv2=reserved2),
        ]
        return f"{{{', '.join(fields)}{excess_text(call, where, _RESOURCES, size)}}}"

    return text


def _ring_buffer(call: Call, where: int, _count: int) -> str:
    data = call.fetch(where, 40)
    if data is None:
        return pointer(where)
    address, entries, group, padding, *reserved = struct.unpack("<QIHH3Q", data)
    fields = [f"ring_addr={pointer(address)}", f"ring_entries={entries}", f"bgid={group}"]
    fields += _reserved(pad=padding)
    return f"{{{', '.join(fields + _words(call, 'resv', tuple(reserved)))}}}"


# Restrictions and rings.


def _restriction(call: Call, data: bytes) -> str:
    opcode, operation, reserved, *more = struct.unpack("<HBB3I", data)
    known = call.choice(opcode, URING_RESTRICTION_OPCODES, unknown="IORING_RESTRICTION_???")
    if opcode == 0:
        name = call.choice(operation, URING_REGISTER_OPCODES, unknown="IORING_REGISTER_???")
        fields = [f"opcode={known}", f"register_op={name}"]
    elif opcode == 1:
        fields = [f"opcode={known}", f"sqe_op={call.choice(operation, URING_OPS, unknown=_OPERATION)}"]
    elif opcode in {2, 3}:
        flags = call.flags(operation, URING_SQE_FLAGS, unknown="IOSQE_???")
        fields = [f"opcode={known}", f"sqe_flags={flags}"]
    else:
        fields = [f"opcode={known} /* op: {hexadecimal(operation)} */"]
    return f"{{{', '.join(fields + _reserved(resv=reserved) + _words(call, 'resv2', tuple(more)))}}}"


def _restrictions(call: Call, where: int, count: int) -> str:
    return show.array(call, where, count, 16, _restriction)


def _new_ring(call: Call, data: bytes) -> str:
    offset, reserved, descriptor = struct.unpack("<IIQ", data)
    place = s32(offset) if u32(offset) == 0xFFFFFFFF else offset
    fields = [f"offset={place}", *_reserved(resv=reserved), f"data={call.descriptor(s32(descriptor))}"]
    return f"{{{', '.join(fields)}}}"


def _old_ring(_call: Call, data: bytes) -> str:
    offset, reserved, descriptor = struct.unpack("<IIQ", data)
    return f"{{{', '.join([f'offset={offset}', *_reserved(resv=reserved, data=descriptor)])}}}"


# What the kernel answers to.


class Registered(NamedTuple):
    """A text, and whether nothing follows: neither at this stop nor at the exit."""

    text: str
    final: bool


def probe(call: Call, where: int, count: int) -> Registered:
    """Print which operations the kernel has: at the entry only where the structure is not all zeros."""
    arrow = " => " if call.leaving and call.kept else ""
    if call.leaving and call.is_error:
        return Registered("" if call.kept else pointer(where), final=True)
    size = 16 + 8 * count
    data = call.fetch(where, size) if count <= _MOST_OPERATIONS else None
    if data is None:
        return Registered(arrow + pointer(where) if count <= _MOST_OPERATIONS else pointer(where), final=True)
    if not call.leaving and not any(data):
        return Registered("", final=False)
    last, length, reserved, *reserved2 = struct.unpack_from("<BBH3I", data)
    fields = [
        f"last_op={call.choice(last, URING_OPS, unknown=_OPERATION, number=str)}",
        f"ops_len={length}",
        *_reserved(resv=reserved),
        *_words(call, "resv2", tuple(reserved2)),
        f"ops={_operations(call, data[16:], min(length, count) if call.leaving else count, length)}",
    ]
    return Registered(f"{arrow}{{{', '.join(fields)}}}", final=False)


def _operations(call: Call, data: bytes, count: int, known: int) -> str:
    """Print the elements of a probe; ``...`` stands for those that the buffer was too short for."""
    texts = [_operation_text(call, data[8 * index : 8 * index + 8]) for index in range(count)]
    cut = call.abbreviated and len(texts) > call.style.strings
    if call.leaving and known > count and not cut:
        return f"[{', '.join([*texts, '...'])}]"
    return local_array(call, texts)


def _operation_text(call: Call, data: bytes) -> str:
    operation, reserved, flags, reserved2 = struct.unpack("<BBHI", data)
    fields = [
        f"op={call.choice(operation, URING_OPS, unknown=_OPERATION, number=str)}",
        *_reserved(resv=reserved),
        f"flags={call.flags(flags, URING_OP_FLAGS, unknown='IO_URING_OP_???')}",
        *_reserved(resv2=reserved2),
    ]
    return f"{{{', '.join(fields)}}}"


def max_workers(call: Call, where: int, count: int) -> Registered:
    """Print how many workers there may be, before and after the call."""
    place = 0

    def element(call: Call, data: bytes) -> str:
        nonlocal place
        name = call.choice(place, URING_IOWQ_ACCT, unknown="IO_WQ_???", number=str)
        place += 1
        return f"[{name}]={int.from_bytes(data, 'little')}"

    text, whole = listed(call, where, count, _INT, element)
    if call.leaving or not whole:
        return Registered(text, final=True)
    return Registered(f"{text} => ", final=False)


def _processors(call: Call, _where: int, length: int) -> str:
    return _cpus(call, length)


REGISTERED: Final[dict[int, _Show]] = {
    0: _buffers,  # IORING_REGISTER_BUFFERS
    2: _descriptors,  # IORING_REGISTER_FILES
    4: _descriptors,  # IORING_REGISTER_EVENTFD
    6: _files_update,  # IORING_REGISTER_FILES_UPDATE
    7: _descriptors,  # IORING_REGISTER_EVENTFD_ASYNC
    11: _restrictions,  # IORING_REGISTER_RESTRICTIONS
    13: _resources(_descriptors),  # IORING_REGISTER_FILES2
    14: _resources_update(_new_descriptors),  # IORING_REGISTER_FILES_UPDATE2
    15: _resources(_buffers),  # IORING_REGISTER_BUFFERS2
    16: _resources_update(_buffers),  # IORING_REGISTER_BUFFERS_UPDATE
    17: _processors,  # IORING_REGISTER_IOWQ_AFF
    20: lambda call, where, count: show.array(call, where, count, 16, _new_ring),  # IORING_REGISTER_RING_FDS
    21: lambda call, where, count: show.array(
        call, where, count, 16, _old_ring
    ),  # IORING_UNREGISTER_RING_FDS
    22: _ring_buffer,  # IORING_REGISTER_PBUF_RING
    23: _ring_buffer,  # IORING_UNREGISTER_PBUF_RING
}
"""The other operations take nothing that is printed."""
