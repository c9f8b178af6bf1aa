"""ioctl requests of block devices, loop devices, and network block devices (loop(4))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import Call, pointer
from bstinspect.decode.constants.storage import (
    BLKPG_OPS,
    LOOP_CRYPT_TYPE_OPTIONS,
    LOOP_FLAGS_OPTIONS,
    NBD_IOCTL_FLAGS,
)
from bstinspect.decode.requests import (
    NOTHING,
    descriptor,
    exchanged,
    filled,
    given,
    named,
    signed,
    unsigned,
)
from bstinspect.decode.structures import (
    Structure,
    behind,
    bits,
    braced,
    device,
    each,
    hexa,
    one_of,
    process,
    text,
    value_behind,
)
from bstinspect.decode.structures import descriptor as descriptor_field

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.decode.requests import Request

_PARTITION: Final = Structure(
    ("start", "q"), ("length", "q"), ("pno", "i"), ("devname", "64s", text), ("volname", "64s", text)
)


def _partition(call: Call, where: int) -> str:
    data = call.fetch(where, _PARTITION.size)
    return pointer(where) if data is None else _PARTITION(call, data)


_PARTITION_REQUEST: Final = Structure(
    ("op", "I", one_of(BLKPG_OPS, unknown="BLKPG_???")),
    ("flags", "i"),
    ("datalen", "i"),
    ("data", "Q", _partition),
)
_TRACE_SETUP: Final = Structure(
    ("name", "32s", text),
    ("act_mask", "H"),
    ("buf_size", "I"),
    ("buf_nr", "I"),
    ("start_lba", "Q"),
    ("end_lba", "Q"),
    ("pid", "I", process),
)


def _trace_setup(call: Call) -> str:
    data = call.fetch(call[2], _TRACE_SETUP.size)
    if data is None:
        return pointer(call[2])
    call.kept = True
    return "{" + ", ".join(_TRACE_SETUP.texts(call, data)[1:])


def _trace_name(call: Call) -> str:
    data = None if call.failed else call.peek(call[2], _TRACE_SETUP.size)
    return "}" if data is None else f", {_TRACE_SETUP.texts(call, data)[0]}}}"


def _pair(_call: Call, data: bytes) -> str:
    return f"[{int.from_bytes(data[:8], 'little')}, {int.from_bytes(data[8:], 'little')}]"


# Loop devices. The C library's old type of device numbers is that of x86-64.

_CRYPT: Final = one_of(LOOP_CRYPT_TYPE_OPTIONS, unknown="LO_CRYPT_???")
_STATE: Final = bits(LOOP_FLAGS_OPTIONS, unknown="LO_FLAGS_???")
_KEY: Final = 32
_LOOP_INFO: Final = Structure(
    ("lo_number", "i"),
    ("lo_device", "Q", device),
    ("lo_inode", "Q"),
    ("lo_rdevice", "Q", device),
    ("lo_offset", "I", hexa),
    ("lo_encrypt_type", "I", _CRYPT),
    ("lo_encrypt_key_size", "I"),
    ("lo_flags", "I", _STATE),
    ("lo_name", "64s", text),
    ("lo_encrypt_key", "32s", None),
    ("lo_init", "2Q", each(hexa)),
    ("reserved", "4B", each(hexa)),
)
_LOOP_INFO64: Final = Structure(
    ("lo_device", "Q", device),
    ("lo_inode", "Q"),
    ("lo_rdevice", "Q", device),
    ("lo_offset", "Q", hexa),
    ("lo_sizelimit", "Q"),
    ("lo_number", "I"),
    ("lo_encrypt_type", "I", _CRYPT),
    ("lo_encrypt_key_size", "I"),
    ("lo_flags", "I", _STATE),
    ("lo_file_name", "64s", text),
    ("lo_crypt_name", "64s", text),
    ("lo_encrypt_key", "32s", None),
    ("lo_init", "2Q", each(hexa)),
)
_ALWAYS: Final = {"lo_number", "lo_offset", "lo_flags", "lo_name", "lo_file_name"}
_ENCRYPTED: Final = {"lo_encrypt_type", "lo_encrypt_key_size", "lo_crypt_name", "lo_encrypt_key"}


def _loop_info(layout: Structure) -> Callable[[Call, bytes], str]:
    """Print a loop device's state: what belongs to encryption only where there is some, or with -v."""
    order = [name for name, *_ in layout.fields]

    def show(call: Call, data: bytes) -> str:
        values = layout.values(data)
        texts = {text.partition("=")[0]: text for text in layout.texts(call, data)}
        key = values["lo_encrypt_key"][: min(values["lo_encrypt_key_size"], _KEY)]
        texts["lo_encrypt_key"] = f"lo_encrypt_key={call.quoted(key)}"
        if not call.abbreviated:
            return braced(*(texts[name] for name in order))
        shown = _ALWAYS | _ENCRYPTED if values["lo_encrypt_type"] else _ALWAYS
        return braced(*(texts[name] for name in order if name in shown), "...")

    return show


_loop_info64: Final = _loop_info(_LOOP_INFO64)


def _loop_config(call: Call, data: bytes) -> str:
    head, info, rest = data[:8], data[8 : 8 + _LOOP_INFO64.size], data[8 + _LOOP_INFO64.size :]
    texts = [*_CONFIG_HEAD.texts(call, head), f"info={_loop_info64(call, info)}"]
    return braced(*texts, *(_CONFIG_REST.texts(call, rest) if any(rest) else ()))


_CONFIG_HEAD: Final = Structure(("fd", "I", descriptor_field), ("block_size", "I"))
_CONFIG_REST: Final = Structure(("__reserved", "8Q", each(hexa)))
_CONFIG: Final = behind(2, _CONFIG_HEAD.size + _LOOP_INFO64.size + _CONFIG_REST.size, _loop_config)
_INFO: Final = behind(2, _LOOP_INFO.size, _loop_info(_LOOP_INFO))
_INFO64: Final = behind(2, _LOOP_INFO64.size, _loop_info64)
_INT: Final = value_behind("i")


def _nbd_flags(call: Call) -> str:
    return call.flags(call[2] & 0xFFFFFFFF, NBD_IOCTL_FLAGS, unknown="NBD_IOC_FLAG_???")


REQUESTS: Final[dict[int, Request]] = named(
    {
        "BLKRASET BLKFRASET": given(unsigned),
        "BLKSECTGET BLKROTATIONAL": filled(value_behind("H")),
        "BLKROGET BLKBSZGET BLKSSZGET BLKALIGNOFF": filled(_INT),
        "BLKROSET BLKBSZSET": given(_INT),
        "BLKPBSZGET BLKIOMIN BLKIOOPT BLKDISCARDZEROES BLKGETZONESZ BLKGETNRZONES": filled(value_behind("I")),
        "BLKRAGET BLKFRAGET": filled(value_behind("q")),
        "BLKGETSIZE BLKGETSIZE64 BLKGETDISKSEQ": filled(value_behind("Q")),
        "BLKDISCARD BLKSECDISCARD BLKZEROOUT": given(behind(2, 16, _pair)),
        "BLKPG": given(_PARTITION_REQUEST.at()),
        "BLKTRACESETUP": exchanged(_trace_setup, _trace_name),
        "BLKRRPART BLKFLSBUF BLKTRACESTART BLKTRACESTOP BLKTRACETEARDOWN": NOTHING,
        "LOOP_GET_STATUS": filled(_INFO),
        "LOOP_SET_STATUS": given(_INFO),
        "LOOP_GET_STATUS64": filled(_INFO64),
        "LOOP_SET_STATUS64": given(_INFO64),
        "LOOP_CONFIGURE": given(_CONFIG),
        "LOOP_CLR_FD LOOP_SET_CAPACITY LOOP_CTL_GET_FREE": NOTHING,
        "LOOP_SET_FD LOOP_CHANGE_FD": given(descriptor),
        "LOOP_CTL_ADD LOOP_CTL_REMOVE": given(signed),
        "LOOP_SET_DIRECT_IO LOOP_SET_BLOCK_SIZE": given(unsigned),
        "NBD_DISCONNECT NBD_CLEAR_SOCK NBD_DO_IT NBD_CLEAR_QUE NBD_PRINT_DEBUG": NOTHING,
        "NBD_SET_SOCK": given(descriptor),
        "NBD_SET_BLKSIZE NBD_SET_SIZE NBD_SET_SIZE_BLOCKS NBD_SET_TIMEOUT": given(unsigned),
        "NBD_SET_FLAGS": given(_nbd_flags),
    }
)
