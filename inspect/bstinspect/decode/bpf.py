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
    numbers,
)
from bstinspect.decode.bpf_objects import kind_of, printed, saved
from bstinspect.decode.bpf_tables import (
    ATTACH,
    ATTACH_FLAGS,
    ATTACH_TYPE,
    BTF,
    DETACH,
    FILE_MODE,
    LINK_UPDATE,
    LOOKUP,
    LOOKUP_FLAGS,
    MAP_CREATE,
    MAP_FD,
    MAP_KEY,
    OBJECT,
    PROG_LOAD,
    TEST_RUN,
    TRACEPOINT,
    UPDATE,
)
from bstinspect.decode.call import Call, hexadecimal, pointer, u32
from bstinspect.decode.constants import bpf as names
from bstinspect.decode.shape import Shape, decimal_result, descriptor_result
from bstinspect.decode.structures import (
    address,
    bits,
    braced,
    descriptor,
    hexa,
    process,
    text_at,
)


def _by_id(name: str) -> Attribute:
    return Attribute(Field(name, "I"), Field("next_id", "I"), Field("open_flags", "I", FILE_MODE, later=True))


_PAGE: Final = 4096
_FLAG: Final = "BPF_F_???"
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
    Field("attach_type", "I", ATTACH_TYPE),
    Field("query_flags", "I", bits(names.BPF_QUERY_FLAGS, unknown="BPF_F_QUERY_???")),
    Field("attach_flags", "I", ATTACH_FLAGS),
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
        Field("elem_flags", "Q", LOOKUP_FLAGS),
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
    Field("attach_type", "I", ATTACH_TYPE),
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
    "MAP_CREATE": _simple(MAP_CREATE, makes=True),
    "MAP_LOOKUP_ELEM MAP_LOOKUP_AND_DELETE_ELEM": _simple(LOOKUP),
    "MAP_UPDATE_ELEM": _simple(UPDATE),
    "MAP_DELETE_ELEM": _simple(Attribute(*MAP_KEY)),
    "MAP_GET_NEXT_KEY": _simple(Attribute(*MAP_KEY, Field("next_key", "Q", address))),
    "MAP_FREEZE": _simple(Attribute(MAP_FD)),
    "MAP_LOOKUP_BATCH MAP_LOOKUP_AND_DELETE_BATCH": _batch("in_batch", "out_batch", "keys", "values"),
    "MAP_UPDATE_BATCH": _batch("keys", "values"),
    "MAP_DELETE_BATCH": _batch("keys"),
    "PROG_LOAD": _simple(PROG_LOAD, makes=True),
    "OBJ_PIN OBJ_GET": _simple(OBJECT, makes=True),
    "PROG_ATTACH": _simple(ATTACH),
    "PROG_DETACH": _simple(DETACH),
    "PROG_TEST_RUN": _simple(TEST_RUN, "test"),
    "PROG_GET_NEXT_ID MAP_GET_NEXT_ID BTF_GET_NEXT_ID LINK_GET_NEXT_ID": _Command(_next_wanted, _next),
    "PROG_GET_FD_BY_ID": _simple(_by_id("prog_id"), makes=True),
    "MAP_GET_FD_BY_ID": _simple(_by_id("map_id"), makes=True),
    "BTF_GET_FD_BY_ID": _simple(Attribute(Field("btf_id", "I")), makes=True),
    "LINK_GET_FD_BY_ID": _simple(Attribute(Field("link_id", "I")), makes=True),
    "OBJ_GET_INFO_BY_FD": _Command(_info_wanted, _info),
    "PROG_QUERY": _Command(_query_wanted, _query),
    "RAW_TRACEPOINT_OPEN": _simple(TRACEPOINT, "raw_tracepoint"),
    "BTF_LOAD": _simple(BTF, makes=True),
    "TASK_FD_QUERY": _Command(_task_wanted, _task),
    "LINK_CREATE": _Command(_link, None, makes=True),
    "LINK_UPDATE": _simple(LINK_UPDATE, "link_update"),
}
_NUMBERS: Final = {name.removeprefix("BPF_"): number for number, name in names.BPF_COMMANDS.items()}
_COMMANDS: Final = {_NUMBERS[name]: command for words, command in _BY_NAME.items() for name in words.split()}


class _Bpf(Shape):
    separator = ""

    def waits(self, call: Call) -> bool:
        return call.kept is not None

    def entry(self, call: Call) -> list[str]:
        command, data = _asked(call)
        first = call.choice(u32(call[0]), names.BPF_COMMANDS, unknown="BPF_???")
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
