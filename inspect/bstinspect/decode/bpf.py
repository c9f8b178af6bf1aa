"""bpf(2): its commands, and the attributes that each takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias

from bstinspect.decode import show
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
    version,
)
from bstinspect.decode.bpf_objects import kind_of, printed, saved
from bstinspect.decode.call import Call, hexadecimal, pointer, u32
from bstinspect.decode.constants import bpf as names
from bstinspect.decode.shape import Shape, decimal_result, descriptor_result
from bstinspect.decode.structures import (
    address,
    bits,
    braced,
    descriptor,
    hexa,
    one_of,
    process,
    text,
    text_at,
)
from bstinspect.decode.style import Constants

_PAGE: Final = 4096
_NUMA, _REPLACE = 4, 4
_TRACEPOINT_NAME: Final = 128
_ANY, _FLAG = "BPF_???", "BPF_F_???"
_attach_type: Final = one_of(names.BPF_ATTACH_TYPE, unknown=_ANY)
_attach_flags: Final = bits(names.BPF_ATTACH_FLAGS, unknown=_FLAG)
_file_mode: Final = bits(names.BPF_FILE_MODE_FLAGS, unknown=_FLAG)
_lookup_flags: Final = bits(names.BPF_MAP_LOOKUP_ELEM_FLAGS, unknown=_ANY)


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


_MAP_CREATE: Final = Attribute(
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
_PROG_LOAD: Final = Attribute(
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
    Field("expected_attach_type", "I", _attach_type, later=True),
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
_OBJECT: Final = Attribute(
    Field("pathname", "Q", lambda call, where: call.path(where)),
    Field("bpf_fd", "I", descriptor),
    Field("file_flags", "I", _file_mode, later=True),
)
_FD: Final = Field("map_fd", "I", descriptor)
_MAP_KEY: Final = (_FD, Field("key", "Q", address))
_LOOKUP: Final = Attribute(
    *_MAP_KEY, Field("value", "Q", address), Field("flags", "Q", _lookup_flags, later=True)
)
_UPDATE: Final = Attribute(
    *_MAP_KEY,
    Field("value", "Q", address),
    Field("flags", "Q", one_of(names.BPF_MAP_UPDATE_ELEM_FLAGS, unknown=_ANY)),
)
_ATTACH: Final = Attribute(
    Field("target_fd", "I", descriptor),
    Field("attach_bpf_fd", "I", descriptor),
    Field("attach_type", "I", _attach_type),
    Field("attach_flags", "I", _attach_flags),
    Field("replace_bpf_fd", "I", descriptor, later=True),
)
_DETACH: Final = Attribute(
    Field("target_fd", "I", descriptor), Field("dummy", "I", None), Field("attach_type", "I", _attach_type)
)
_TEST_RUN: Final = Attribute(
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
_TRACEPOINT: Final = Attribute(
    Field("name", "Q", lambda call, where: text_at(call, where, _TRACEPOINT_NAME)),
    Field("prog_fd", "I", descriptor),
    size=12,
)
_BTF: Final = Attribute(
    Field("btf", "Q", Depends(lambda call, values: call.buffer(values["btf"], values["btf_size"]))),
    Field("btf_log_buf", "Q", address),
    Field("btf_size", "I"),
    Field("btf_log_size", "I"),
    Field("btf_log_level", "I"),
    size=28,
)
_LINK_UPDATE: Final = Attribute(
    Field("link_fd", "I", descriptor),
    Field("new_prog_fd", "I", descriptor),
    Field("flags", "I", _attach_flags),
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


def _by_id(name: str) -> Attribute:
    return Attribute(
        Field(name, "I"), Field("next_id", "I"), Field("open_flags", "I", _file_mode, later=True)
    )


Parts: TypeAlias = Callable[[Call, bytes], str]


class _Command(NamedTuple):
    """How a command's attribute is printed."""

    before: Parts
    after: Parts | None = None
    """At the exit, where the kernel has filled in something; it follows what was printed at the entry."""
    makes: bool = False
    """Whether the result is a descriptor."""


def _simple(attribute: Attribute, inside: str = "", *, makes: bool = False) -> _Command:
    """Print an attribute at once, within a member of the union that has a name where `inside` gives one."""

    def text(call: Call, data: bytes) -> str:
        texts, whole = attribute.texts(call, data)
        rest = extra(call, data, attribute.size) if whole else []
        return braced(f"{inside}={braced(*texts)}", *rest) if inside else braced(*texts, *rest)

    return _Command(text, None, makes)


def _changed(before: Any, after: int) -> str:
    return f" => {after}" if before != after else ""


# Commands that the kernel answers in the attribute itself.

_NEXT_ID: Final = _by_id("start_id")
_INFO: Final = Attribute(
    Field("bpf_fd", "I", descriptor), Field("info_len", "I"), Field("info", "Q", address)
)
_QUERY: Final = Attribute(
    Field("target_fd", "I", descriptor),
    Field("attach_type", "I", _attach_type),
    Field("query_flags", "I", bits(names.BPF_QUERY_FLAGS, unknown="BPF_F_QUERY_???")),
    Field("attach_flags", "I", _attach_flags),
    Field("prog_ids", "Q", None),
    Field("prog_cnt", "I", None),
    size=28,
)
_TASK: Final = Attribute(
    Field("pid", "I", process),
    Field("fd", "I", descriptor),
    Field("flags", "I"),
    Field("buf_len", "I"),
    Field("buf", "Q", None),
    Field("prog_id", "I", None),
    Field("fd_type", "I", None),
    Field("probe_offset", "Q", None),
    Field("probe_addr", "Q", None),
)


def _next_wanted(call: Call, data: bytes) -> str:
    values = _NEXT_ID.values(data)
    call.kept = values["next_id"]
    return f"{{start_id={values['start_id']}, next_id={values['next_id']}"


def _next(call: Call, data: bytes) -> str:
    texts, whole = _NEXT_ID.texts(call, data)
    rest = [*texts[2:], *(extra(call, data, _NEXT_ID.size) if whole else [])]
    return _changed(call.kept, _NEXT_ID.values(data)["next_id"]) + "".join(f", {each}" for each in rest) + "}"


def _info_wanted(call: Call, data: bytes) -> str:
    values = _INFO.values(data)
    kind = kind_of(call, values["bpf_fd"])
    call.kept = values["info_len"], kind, saved(call, kind, values["info"], values["info_len"])
    return f"{{info={{{', '.join(_INFO.texts(call, data)[0][:2])}"


def _info(call: Call, data: bytes) -> str:
    length, kind, before = call.kept
    values = _INFO.values(data)
    found = printed(call, kind, values["info"], values["info_len"], before)
    rest = "".join(f", {each}" for each in extra(call, data, _INFO.size))
    return f"{_changed(length, values['info_len'])}, info={found}}}{rest}}}"


def _query_wanted(call: Call, data: bytes) -> str:
    call.kept = _QUERY.values(data)["prog_cnt"]
    return f"{{query={{{', '.join(_QUERY.texts(call, data)[0])}, prog_ids="


def _query(call: Call, data: bytes) -> str:
    values = _QUERY.values(data)
    count = values["prog_cnt"]
    told = f"{call.kept} => {count}" if call.kept != count else str(count)
    rest = "".join(f", {each}" for each in extra(call, data, _QUERY.size))
    return f"{numbers(call, values['prog_ids'], count)}, prog_cnt={told}}}{rest}}}"


def _task_wanted(call: Call, data: bytes) -> str:
    call.kept = _TASK.values(data)["buf_len"]
    return f"{{task_fd_query={{{', '.join(_TASK.texts(call, data)[0])}"


def _task(call: Call, data: bytes) -> str:
    values = _TASK.values(data)
    length = values["buf_len"]
    texts = [
        f"buf={text_at(call, values['buf'], min(call.kept, length))}",
        f"prog_id={values['prog_id']}",
        f"fd_type={call.choice(values['fd_type'], names.BPF_TASK_FD_TYPE, unknown='BPF_FD_TYPE_???')}",
        f"probe_offset={hexadecimal(values['probe_offset'])}",
        f"probe_addr={hexadecimal(values['probe_addr'])}",
    ]
    rest = "".join(f", {each}" for each in extra(call, data, _TASK.size))
    return f"{_changed(call.kept, length)}, {', '.join(texts)}}}{rest}}}"


def _batch(*wanted: str) -> _Command:
    """Print a request about many elements: how many there were, the kernel tells."""
    fields = ("in_batch", "out_batch", "keys", "values")
    attribute = Attribute(
        *(Field(name, "Q", address if name in wanted else None) for name in fields),
        Field("count", "I"),
        Field("map_fd", "I", descriptor),
        Field("elem_flags", "Q", _lookup_flags),
        Field("flags", "Q", hexa),
    )

    def before(call: Call, data: bytes) -> str:
        call.kept = attribute.values(data)["count"]
        return braced(f"batch={braced(*attribute.texts(call, data)[0])}", *extra(call, data, attribute.size))

    def after(call: Call, data: bytes) -> str:
        count = attribute.values(data)["count"]
        return f" => {{batch={{count={count}}}}}" if count != call.kept else ""

    return _Command(before, after)


# Links: which member of a union is meant, the type of attachment says.

_LINK: Final = Attribute(
    Field("prog_fd", "I", descriptor),
    Field("target_fd", "I", descriptor),
    Field("attach_type", "I", _attach_type),
    Field("flags", "I", hexa),
)
_ITERATOR, _PERF_EVENT, _KPROBES = 28, 41, 42
_PROBES: Final = Attribute(
    Field("flags", "I", bits(names.BPF_LINK_CREATE_KPROBE_MULTI_FLAGS, unknown=_FLAG)),
    Field("cnt", "I"),
    Field("syms", "Q", Depends(lambda call, values: _array(call, values, "syms", _symbol))),
    Field("addrs", "Q", Depends(lambda call, values: _array(call, values, "addrs", _hexa64))),
    Field("cookies", "Q", Depends(lambda call, values: _array(call, values, "cookies", _hexa64))),
)


def _array(call: Call, values: Values, name: str, item: Callable[[Call, bytes], str]) -> str:
    return show.array(call, values[name], values["cnt"], 8, item)


def _symbol(call: Call, data: bytes) -> str:
    return call.text(int.from_bytes(data, "little"))


def _hexa64(_call: Call, data: bytes) -> str:
    return hexadecimal(int.from_bytes(data, "little"))


def _map_of(call: Call, data: bytes) -> str:
    return f"{{map={{map_fd={descriptor(call, int.from_bytes(data, 'little'))}}}}}"


def _link(call: Call, data: bytes) -> str:
    texts, _ = _LINK.texts(call, data)
    size, known = _LINK.size, 48
    union = data[size:known].ljust(known - size, b"\0")
    if len(data) > size:
        kind = _LINK.values(data)["attach_type"]
        first, length = int.from_bytes(union[:8], "little"), int.from_bytes(union[8:12], "little")
        if kind == 0:
            texts += [f"target_btf_id={u32(first)}"] if u32(first) else []
            known = size + 4
        elif kind == _ITERATOR:
            texts += [f"iter_info={show.array(call, first, length, 4, _map_of)}", f"iter_info_len={length}"]
            known = size + 12
        elif kind == _PERF_EVENT:
            texts.append(f"perf_event={{bpf_cookie={hexadecimal(first)}}}")
            known = size + 8
        elif kind == _KPROBES:
            texts.append(f"kprobe_multi={braced(*_PROBES.texts(call, union)[0])}")
        else:
            known = size
    return braced(f"link_create={braced(*texts)}", *extra(call, data, known))


_BY_NAME: Final[dict[str, _Command]] = {
    "MAP_CREATE": _simple(_MAP_CREATE, makes=True),
    "MAP_LOOKUP_ELEM MAP_LOOKUP_AND_DELETE_ELEM": _simple(_LOOKUP),
    "MAP_UPDATE_ELEM": _simple(_UPDATE),
    "MAP_DELETE_ELEM": _simple(Attribute(*_MAP_KEY)),
    "MAP_GET_NEXT_KEY": _simple(Attribute(*_MAP_KEY, Field("next_key", "Q", address))),
    "MAP_FREEZE": _simple(Attribute(_FD)),
    "MAP_LOOKUP_BATCH MAP_LOOKUP_AND_DELETE_BATCH": _batch("in_batch", "out_batch", "keys", "values"),
    "MAP_UPDATE_BATCH": _batch("keys", "values"),
    "MAP_DELETE_BATCH": _batch("keys"),
    "PROG_LOAD": _simple(_PROG_LOAD, makes=True),
    "OBJ_PIN OBJ_GET": _simple(_OBJECT, makes=True),
    "PROG_ATTACH": _simple(_ATTACH),
    "PROG_DETACH": _simple(_DETACH),
    "PROG_TEST_RUN": _simple(_TEST_RUN, "test"),
    "PROG_GET_NEXT_ID MAP_GET_NEXT_ID BTF_GET_NEXT_ID LINK_GET_NEXT_ID": _Command(_next_wanted, _next),
    "PROG_GET_FD_BY_ID": _simple(_by_id("prog_id"), makes=True),
    "MAP_GET_FD_BY_ID": _simple(_by_id("map_id"), makes=True),
    "BTF_GET_FD_BY_ID": _simple(Attribute(Field("btf_id", "I")), makes=True),
    "LINK_GET_FD_BY_ID": _simple(Attribute(Field("link_id", "I")), makes=True),
    "OBJ_GET_INFO_BY_FD": _Command(_info_wanted, _info),
    "PROG_QUERY": _Command(_query_wanted, _query),
    "RAW_TRACEPOINT_OPEN": _simple(_TRACEPOINT, "raw_tracepoint"),
    "BTF_LOAD": _simple(_BTF, makes=True),
    "TASK_FD_QUERY": _Command(_task_wanted, _task),
    "LINK_CREATE": _Command(_link, None, makes=True),
    "LINK_UPDATE": _simple(_LINK_UPDATE, "link_update"),
}
_NUMBERS: Final = {name.removeprefix("BPF_"): number for number, name in names.BPF_COMMANDS.items()}
_COMMANDS: Final = {_NUMBERS[name]: command for words, command in _BY_NAME.items() for name in words.split()}


class _Bpf(Shape):
    separator = ""

    def waits(self, call: Call) -> bool:
        return call.kept is not None

    def entry(self, call: Call) -> list[str]:
        command, data = _asked(call)
        first = call.choice(u32(call[0]), names.BPF_COMMANDS, unknown=_ANY)
        if command is None or data is None:
            return [first, pointer(call[1]), str(u32(call[2]))]
        found = command.before(call, data)
        return [first, found] if self.waits(call) else [first, found, str(u32(call[2]))]

    def exit(self, call: Call) -> list[str]:
        if not self.waits(call):
            return []
        command, data = _asked(call)
        if command is None or command.after is None:
            return []
        text = pointer(call[1]) if data is None else command.after(call, data)
        return [f"{text}, {u32(call[2])}"]

    def all_arguments(self, call: Call) -> list[str]:
        found = self.entry(call)
        return [*found[:-1], found[-1] + "".join(self.exit(call))]


def _asked(call: Call) -> tuple[_Command | None, bytes | None]:
    command, size = _COMMANDS.get(u32(call[0])), u32(call[2])
    if command is None or not 0 < size <= _PAGE:
        return None, None
    return command, call.fetch_anyway(call[1], size)


def _result(call: Call) -> str:
    command = _COMMANDS.get(u32(call[0]))
    return descriptor_result(call) if command and command.makes else decimal_result(call)


SHAPES: Final[dict[str, Shape]] = {"bpf": _Bpf((), (), _result)}
