"""What bpf(2) tells of a map or of a program (BPF_OBJ_GET_INFO_BY_FD); strace prints it with -v only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bstinspect.decode.bpf_attributes import (
    Attribute,
    Depends,
    Field,
    Values,
    extra,
    interface,
    largest,
    numbers,
    program,
)
from bstinspect.decode.call import Call, pointer, s32
from bstinspect.decode.constants import bpf as names
from bstinspect.decode.structures import (
    address,
    bits,
    braced,
    device,
    identity,
    octets,
    octets_at,
    one_of,
    plain,
    text,
)

if TYPE_CHECKING:
    from bstinspect.decode.structures import Printer

_PAGE: Final = 4096


def _told(name: str, show: Printer = plain) -> Depends:
    """Print a field that the caller fills in and the kernel changes: ``5 => 3``."""

    def both(call: Call, values: Values) -> str:
        before, after = values["before"].get(name, 0), values[name]
        return f"{show(call, before)} => {show(call, after)}" if before != after else show(call, after)

    return Depends(both)


_LENGTH: Final = "xlated_prog_len"


def _machine_code(call: Call, values: Values) -> str:
    """Print the machine code, and the length of what it was made of: strace puts that behind it."""
    code = octets_at(call, values["jited_prog_insns"], values["jited_prog_len"])
    return f"{code}, {_LENGTH}={_told(_LENGTH).show(call, values)}"


def _instructions(call: Call, values: Values) -> str:
    size = min(values["before"].get(_LENGTH, 0), values[_LENGTH])
    return program(call, values["xlated_prog_insns"], size // 8)


def _maps(call: Call, values: Values) -> str:
    count = min(values["before"].get("nr_map_ids", 0), values["nr_map_ids"])
    return numbers(call, values["map_ids"], count)


_MAP: Final = Attribute(
    Field("type", "I", one_of(names.BPF_MAP_TYPES, unknown="BPF_MAP_TYPE_???")),
    Field("id", "I"),
    Field("key_size", "I"),
    Field("value_size", "I"),
    Field("max_entries", "I"),
    Field("map_flags", "I", bits(names.BPF_MAP_FLAGS, unknown="BPF_F_???")),
    Field("name", "16s", text, later=True),
    Field("ifindex", "I", interface, later=True),
    Field("btf_vmlinux_value_type_id", "I"),
    Field("netns_dev", "Q", device),
    Field("netns_ino", "Q"),
    Field("btf_id", "I", later=True),
    Field("btf_key_type_id", "I"),
    Field("btf_value_type_id", "I"),
    size=88,
)
_PROGRAM: Final = Attribute(
    Field("type", "I", one_of(names.BPF_PROG_TYPES, unknown="BPF_PROG_TYPE_???")),
    Field("id", "I"),
    Field("tag", "8s", octets),
    Field("jited_prog_len", "I", _told("jited_prog_len")),
    Field(_LENGTH, "I", None),
    Field("jited_prog_insns", "Q", Depends(_machine_code)),
    Field("xlated_prog_insns", "Q", Depends(_instructions)),
    Field("load_time", "Q", later=True),
    Field("created_by_uid", "I", identity),
    Field("nr_map_ids", "I", _told("nr_map_ids")),
    Field("map_ids", "Q", Depends(_maps)),
    Field("name", "16s", text),
    Field("ifindex", "I", interface, later=True),
    Field("gpl_compatible", "I", lambda _call, value: str(value & 1)),
    Field("netns_dev", "Q", device),
    Field("netns_ino", "Q"),
    Field("nr_jited_ksyms", "I", _told("nr_jited_ksyms"), later=True),
    Field("nr_jited_func_lens", "I", _told("nr_jited_func_lens")),
    Field("jited_ksyms", "Q", _told("jited_ksyms", address)),
    Field("jited_func_lens", "Q", _told("jited_func_lens", address)),
    Field("btf_id", "I", later=True),
    Field("func_info_rec_size", "I", _told("func_info_rec_size")),
    Field("func_info", "Q", address),
    Field("nr_func_info", "I", _told("nr_func_info")),
    Field("nr_line_info", "I", _told("nr_line_info")),
    Field("line_info", "Q", address),
    Field("jited_line_info", "Q", _told("jited_line_info", address)),
    Field("nr_jited_line_info", "I", _told("nr_jited_line_info")),
    Field("line_info_rec_size", "I", _told("line_info_rec_size")),
    Field("jited_line_info_rec_size", "I", _told("jited_line_info_rec_size")),
    Field("nr_prog_tags", "I", _told("nr_prog_tags")),
    Field("prog_tags", "Q", address),
    Field("run_time_ns", "Q", later=True),
    Field("run_cnt", "Q"),
    Field("recursion_misses", "Q", largest, later=True),
    Field("verified_insns", "I", later=True),
    size=220,
)
_KINDS: Final = {b"anon_inode:bpf-map": _MAP, b"anon_inode:bpf-prog": _PROGRAM}


def kind_of(call: Call, number: int) -> Attribute | None:
    """Return what can be told of a descriptor's object; nothing with abbreviation."""
    found = None if call.abbreviated else call.memory.descriptor(s32(number))
    return _KINDS.get(found.target) if found else None


def saved(call: Call, kind: Attribute | None, where: int, length: int) -> dict[str, Any]:
    """Return what the caller filled in."""
    data = _fetch(call, where, length) if kind is _PROGRAM else None
    return _PROGRAM.values(data) if data else {}


def printed(call: Call, kind: Attribute | None, where: int, length: int, before: dict[str, Any]) -> str:
    """Print what the kernel told, or where that is."""
    data = _fetch(call, where, length) if kind else None
    if data is None or kind is None:
        return pointer(where)
    texts, whole = kind.texts(call, data, {"before": before})
    return braced(*texts, *(extra(call, data, kind.size) if whole else []))


def _fetch(call: Call, where: int, length: int) -> bytes | None:
    return call.peek(where, length) if 0 < length <= _PAGE else None
