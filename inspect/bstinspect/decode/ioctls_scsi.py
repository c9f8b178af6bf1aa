"""ioctl requests of SCSI devices: settings, and commands for the device itself (sg(4))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bstinspect.decode.call import Call, hexadecimal, pointer, u32
from bstinspect.decode.constants import storage as names
from bstinspect.decode.iovecs import iovecs_text
from bstinspect.decode.requests import NOTHING, exchanged, filled, given, named
from bstinspect.decode.structures import (
    Structure,
    address,
    bits,
    hexa,
    octets_at,
    one_of,
    value_behind,
)

if TYPE_CHECKING:
    from bstinspect.decode.requests import Request

_U64: Final = (1 << 64) - 1

# SCSI commands, in the form of version 3 ('S') and of version 4 ('Q').

_RESETS: Final = 0x100
_FROM, _BOTH, _TO = 0xFFFFFFFD, 0xFFFFFFFC, 0xFFFFFFFE
_direction: Final = one_of(names.SG_IO_DXFER_DIRECTION, unknown="SG_DXFER_???")
_info: Final = bits(names.SG_IO_INFO, unknown="SG_INFO_???")
_V3: Final = Structure(
    ("interface_id", "I"),
    ("dxfer_direction", "I", _direction),
    ("cmd_len", "B"),
    ("mx_sb_len", "B"),
    ("iovec_count", "H"),
    ("dxfer_len", "I"),
    ("dxferp", "Q", address),
    ("cmdp", "Q", address),
    ("sbp", "Q", address),
    ("timeout", "I"),
    ("flags", "I", bits(names.SG_IO_FLAGS, unknown="SG_FLAG_???")),
    ("pack_id", "i"),
    ("usr_ptr", "Q"),
    ("status", "B", hexa),
    ("masked_status", "B", hexa),
    ("msg_status", "B", hexa),
    ("sb_len_wr", "B"),
    ("host_status", "H", hexa),
    ("driver_status", "H", hexa),
    ("resid", "i"),
    ("duration", "I"),
    ("info", "I", _info),
)
_V4: Final = Structure(
    ("guard", "I"),
    ("protocol", "I", one_of(names.BSG_PROTOCOL, unknown="BSG_PROTOCOL_???")),
    ("subprotocol", "I", one_of(names.BSG_SUBPROTOCOL, unknown="BSG_SUB_PROTOCOL_???")),
    ("request_len", "I"),
    ("request", "Q", hexa),
    ("request_tag", "Q", hexa),
    ("request_attr", "I"),
    ("request_priority", "I"),
    ("request_extra", "I"),
    ("max_response_len", "I"),
    ("response", "Q", hexa),
    ("dout_iovec_count", "I"),
    ("dout_xfer_len", "I"),
    ("din_iovec_count", "I"),
    ("din_xfer_len", "I"),
    ("dout_xferp", "Q", hexa),
    ("din_xferp", "Q", hexa),
    ("timeout", "I"),
    ("flags", "I", bits(names.BSG_FLAGS, unknown="BSG_FLAG_???")),
    ("usr_ptr", "Q", hexa),
    ("spare_in", "I"),
    ("driver_status", "I", hexa),
    ("transport_status", "I", hexa),
    ("device_status", "I", hexa),
    ("retry_delay", "I"),
    ("info", "I", _info),
    ("duration", "I"),
    ("response_len", "I"),
    ("din_resid", "i"),
    ("dout_resid", "i"),
    ("generated_tag", "Q", hexa),
    ("spare_out", "I"),
    ("padding", "I"),
)


def _named_texts(call: Call, layout: Structure, data: bytes) -> dict[str, str]:
    return {text.partition("=")[0]: text for text in layout.texts(call, data)}


def _buffer(call: Call, where: int, length: int, vectors: int = 0) -> str:
    return iovecs_text(call, where, vectors, left=length) if vectors else octets_at(call, where, length)


def _given_v3(call: Call, data: bytes) -> list[str]:
    values, texts = _V3.values(data), _named_texts(call, _V3, data)
    command = _buffer(call, values["cmdp"], values["cmd_len"])
    found = [texts["dxfer_direction"], texts["cmd_len"], f"cmdp={command}"]
    found += [texts[name] for name in ("mx_sb_len", "iovec_count", "dxfer_len", "timeout", "flags")]
    if values["dxfer_direction"] in (_TO, _BOTH):
        found.append(f"dxferp={_buffer(call, values['dxferp'], values['dxfer_len'], values['iovec_count'])}")
    return found


def _answered_v3(call: Call, data: bytes) -> str:
    values, texts = _V3.values(data), _named_texts(call, _V3, data)
    length, direction = _transferred(values["dxfer_len"], values["resid"]), values["dxfer_direction"]
    transferred = f"dxferp={_buffer(call, values['dxferp'], length, values['iovec_count'])}"
    begin = ""
    if direction == _FROM:
        begin = f", {transferred}"
    elif direction == _BOTH and length:
        begin = f" => {transferred}"
    found = [texts[name] for name in ("status", "masked_status", "msg_status", "sb_len_wr")]
    found.append(f"sbp={_buffer(call, values['sbp'], values['sb_len_wr'])}")
    found += [texts[name] for name in ("host_status", "driver_status", "resid", "duration", "info")]
    return begin + "".join(f", {each}" for each in found)


def _transferred(length: int, rest: int) -> int:
    return length - rest if 0 < rest <= length else length


def _given_v4(call: Call, data: bytes) -> list[str]:
    values, texts = _V4.values(data), _named_texts(call, _V4, data)
    request = _buffer(call, values["request"], values["request_len"])
    found = [texts["protocol"], texts["subprotocol"], texts["request_len"], f"request={request}"]
    found += [
        texts[name]
        for name in (
            "request_tag", "request_attr", "request_priority", "request_extra", "max_response_len",
            "dout_iovec_count", "dout_xfer_len", "din_iovec_count", "din_xfer_len",
        )
    ]  # fmt: skip
    out = _buffer(call, values["dout_xferp"], values["dout_xfer_len"], values["dout_iovec_count"])
    return [*found, f"dout_xferp={out}", texts["timeout"], texts["flags"], texts["usr_ptr"]]


def _answered_v4(call: Call, data: bytes) -> str:
    values, texts = _V4.values(data), _named_texts(call, _V4, data)
    response = _buffer(call, values["response"], values["response_len"])
    length = _transferred(values["din_xfer_len"], values["din_resid"])
    into = _buffer(call, values["din_xferp"], length, values["din_iovec_count"])
    found = [texts["response_len"], f"response={response}", f"din_xferp={into}"]
    found += [
        texts[name]
        for name in (
            "driver_status", "transport_status", "device_status", "retry_delay", "info", "duration",
            "response_len", "din_resid", "dout_resid", "generated_tag",
        )
    ]  # fmt: skip
    return "".join(f", {each}" for each in found)


_FORMS: Final[dict[int, tuple[str, Structure, Any, Any]]] = {
    ord("S"): ("interface_id", _V3, _given_v3, _answered_v3),
    ord("Q"): ("guard", _V4, _given_v4, _answered_v4),
}


def _scsi(call: Call) -> str:
    head = call.fetch(call[2], 4)
    if head is None:
        return pointer(call[2])
    kind = int.from_bytes(head, "little")
    if kind not in _FORMS:
        return f"[{kind}]"
    field, layout, show, _ = _FORMS[kind]
    rest = call.fetch(call[2] + 4 & _U64, layout.size - 4)
    begin = f"{{{field}='{chr(kind)}', "
    if rest is None:
        return f"{begin}{pointer(call[2] + 4)}}}"
    call.kept = kind, head + rest
    return begin + ", ".join(show(call, head + rest))


def _scsi_done(call: Call) -> str:
    kind, before = call.kept
    field, layout, _, show = _FORMS[kind]
    data = call.peek(call[2], layout.size)
    if data is None:
        texts = _named_texts(call, layout, before)
        from_device = layout is _V3 and layout.values(before)["dxfer_direction"] == _FROM
        missing = (
            ["response", "din_xferp"] if layout is _V4 else [*(["dxferp"] if from_device else []), "sbp"]
        )
        return "".join(f", {texts[name]}" for name in missing) + "}"
    changed = layout.values(data)[field]
    return (f" => {field}={changed}" if changed != kind else show(call, data)) + "}"


_SCSI_ID: Final = Structure(
    ("host_no", "i"),
    ("channel", "i"),
    ("scsi_id", "I", hexa),
    ("lun", "i"),
    ("scsi_type", "I", hexa),
    ("h_cmd_per_lun", "h"),
    ("d_queue_depth", "h"),
    ("", "8x"),
)
_REQUEST: Final = Structure(
    ("req_state", "b"),
    ("orphan", "b"),
    ("sg_io_owned", "b"),
    ("problem", "b"),
    ("pack_id", "i"),
    ("usr_ptr", "Q", address),
    ("duration", "I"),
    ("unused", "i", None),
)


def _reset(call: Call, value: int) -> str:
    texts = [call.choice(_RESETS, names.SG_SCSI_RESET)] if value & _RESETS else []
    rest = call.choice(value & ~_RESETS, names.SG_SCSI_RESET, unknown="SG_SCSI_RESET_???")
    return "|".join([*texts, rest])


def _hexa_int(call: Call) -> str:
    return hexadecimal(u32(call[2]))


_INT: Final = value_behind("i")

REQUESTS: Final[dict[int, Request]] = named(
    {
        "SG_IO": exchanged(_scsi, _scsi_done),
        "SG_GET_SCSI_ID": filled(_SCSI_ID.at()),
        "SG_GET_REQUEST_TABLE": filled(_REQUEST.at()),
        "SG_SCSI_RESET": given(value_behind("I", _reset)),
        "SG_NEXT_CMD_LEN SG_SET_COMMAND_Q SG_SET_DEBUG SG_SET_FORCE_LOW_DMA": given(_INT),
        "SG_SET_FORCE_PACK_ID SG_SET_KEEP_ORPHAN SG_SET_RESERVED_SIZE SG_SET_TIMEOUT": given(_INT),
        "SG_EMULATED_HOST SG_GET_ACCESS_COUNT SG_GET_COMMAND_Q SG_GET_KEEP_ORPHAN": filled(_INT),
        "SG_GET_LOW_DMA SG_GET_NUM_WAITING SG_GET_PACK_ID SG_GET_RESERVED_SIZE": filled(_INT),
        "SG_GET_SG_TABLESIZE SG_GET_TRANSFORM SG_GET_VERSION_NUM": filled(_INT),
        "SG_SET_TRANSFORM": given(_hexa_int),
        "SG_GET_TIMEOUT": NOTHING,
    }
)
