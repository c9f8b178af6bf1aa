"""The attributes of bpf(2)'s commands, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode.bpf_attributes import (
    Attribute,
    Depends,
    Field,
    Values,
    interface,
    largest,
    program,
    version,
)
from bstinspect.decode.constants import bpf as names
from bstinspect.decode.structures import address, bits, descriptor, one_of, text, text_at
from bstinspect.decode.style import Constants

if TYPE_CHECKING:
    from bstinspect.decode.call import Call

_NUMA, _REPLACE = 4, 4
_TRACEPOINT_NAME: Final = 128
_ANY, _FLAG = "BPF_???", "BPF_F_???"
ATTACH_TYPE: Final = one_of(names.BPF_ATTACH_TYPE, unknown=_ANY)
ATTACH_FLAGS: Final = bits(names.BPF_ATTACH_FLAGS, unknown=_FLAG)
FILE_MODE: Final = bits(names.BPF_FILE_MODE_FLAGS, unknown=_FLAG)
LOOKUP_FLAGS: Final = bits(names.BPF_MAP_LOOKUP_ELEM_FLAGS, unknown=_ANY)


def _numa_node(call: Call, values: Values) -> str | None:
    """Print the node, with its name besides: that is in no header that a program could use."""
    if not values["map_flags"] & _NUMA:
        return None
    node = values["numa_node"]
    name = names.NUMA_NODE.get(node)
    return f"{node} /* {name} */" if name and call.style.constants is not Constants.RAW else str(node)


def _name(field: str) -> Depends:
    """Print an object's name, of which the caller may have passed a part only."""
    return Depends(lambda call, values: text(call, values[field][: values["length"] - values["offset"]]))


MAP_CREATE: Final = Attribute(
    Field("map_type", "I", one_of(names.BPF_MAP_TYPES, unknown="BPF_MAP_TYPE_???")),
    Field("key_size", "I"),
    Field("value_size", "I"),
    Field("max_entries", "I"),
    Field("map_flags", "I", bits(names.BPF_MAP_FLAGS, unknown=_FLAG), later=True),
    Field("inner_map_fd", "I", descriptor, later=True),
    Field("numa_node", "I", Depends(_numa_node), later=True),
    Field("map_name", "16s", _name("map_name"), later=True),
    Field("map_ifindex", "I", interface, later=True),
    Field("btf_fd", "I", descriptor, later=True),
    Field("btf_key_type_id", "I"),
    Field("btf_value_type_id", "I"),
    Field("btf_vmlinux_value_type_id", "I", later=True),
    Field("map_extra", "Q", largest, later=True),
)
PROG_LOAD: Final = Attribute(
    Field("prog_type", "I", one_of(names.BPF_PROG_TYPES, unknown="BPF_PROG_TYPE_???")),
    Field("insn_cnt", "I"),
    Field("insns", "Q", Depends(lambda call, values: program(call, values["insns"], values["insn_cnt"]))),
    Field("license", "Q", lambda call, where: call.text(where)),
    Field("log_level", "I", later=True),
    Field("log_size", "I"),
    Field("log_buf", "Q", Depends(lambda call, values: text_at(call, values["log_buf"], values["log_size"]))),
    Field("kern_version", "I", version, later=True),
    Field("prog_flags", "I", bits(names.BPF_PROG_FLAGS, unknown=_FLAG), later=True),
    Field("prog_name", "16s", _name("prog_name"), later=True),
    Field("prog_ifindex", "I", interface, later=True),
    Field("expected_attach_type", "I", ATTACH_TYPE, later=True),
    Field("prog_btf_fd", "I", descriptor, later=True),
    Field("func_info_rec_size", "I"),
    Field("func_info", "Q", address),
    Field("func_info_cnt", "I"),
    Field("line_info_rec_size", "I"),
    Field("line_info", "Q", address),
    Field("line_info_cnt", "I"),
    Field("attach_btf_id", "I", later=True),
    Field("attach_prog_fd", "I", descriptor, later=True),
    Field("pad", "I", None),
    Field("fd_array", "Q", address, later=True),
)
OBJECT: Final = Attribute(
    Field("pathname", "Q", lambda call, where: call.path(where)),
    Field("bpf_fd", "I", descriptor),
    Field("file_flags", "I", FILE_MODE, later=True),
)
MAP_FD: Final = Field("map_fd", "I", descriptor)
MAP_KEY: Final = (MAP_FD, Field("key", "Q", address))
LOOKUP: Final = Attribute(
    *MAP_KEY, Field("value", "Q", address), Field("flags", "Q", LOOKUP_FLAGS, later=True)
)
UPDATE: Final = Attribute(
    *MAP_KEY,
    Field("value", "Q", address),
    Field("flags", "Q", one_of(names.BPF_MAP_UPDATE_ELEM_FLAGS, unknown=_ANY)),
)
ATTACH: Final = Attribute(
    Field("target_fd", "I", descriptor),
    Field("attach_bpf_fd", "I", descriptor),
    Field("attach_type", "I", ATTACH_TYPE),
    Field("attach_flags", "I", ATTACH_FLAGS),
    Field("replace_bpf_fd", "I", descriptor, later=True),
)
DETACH: Final = Attribute(
    Field("target_fd", "I", descriptor), Field("dummy", "I", None), Field("attach_type", "I", ATTACH_TYPE)
)
TEST_RUN: Final = Attribute(
    Field("prog_fd", "I", descriptor),
    Field("retval", "I"),
    Field("data_size_in", "I"),
    Field("data_size_out", "I"),
    Field("data_in", "Q", address),
    Field("data_out", "Q", address),
    Field("repeat", "I"),
    Field("duration", "I"),
    Field("ctx_size_in", "I", later=True),
    Field("ctx_size_out", "I"),
    Field("ctx_in", "Q", address),
    Field("ctx_out", "Q", address),
    Field("flags", "I", bits(names.BPF_TEST_RUN_FLAGS, unknown=_FLAG), later=True),
    Field("cpu", "I"),
    Field("batch_size", "I", later=True),
    size=76,
)
TRACEPOINT: Final = Attribute(
    Field("name", "Q", lambda call, where: text_at(call, where, _TRACEPOINT_NAME)),
    Field("prog_fd", "I", descriptor),
    size=12,
)
BTF: Final = Attribute(
    Field("btf", "Q", Depends(lambda call, values: call.buffer(values["btf"], values["btf_size"]))),
    Field("btf_log_buf", "Q", address),
    Field("btf_size", "I"),
    Field("btf_log_size", "I"),
    Field("btf_log_level", "I"),
    size=28,
)
LINK_UPDATE: Final = Attribute(
    Field("link_fd", "I", descriptor),
    Field("new_prog_fd", "I", descriptor),
    Field("flags", "I", ATTACH_FLAGS),
    Field(
        "old_prog_fd",
        "I",
        Depends(
            lambda call, values: (
                descriptor(call, values["old_prog_fd"]) if values["flags"] & _REPLACE else None
            )
        ),
    ),
)
