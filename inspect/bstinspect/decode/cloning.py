"""New processes and threads (fork(2), clone(2), unshare(2), setns(2))."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, hexadecimal, pointer, s32
from bstinspect.decode.constants.processes import CLONE3_FLAGS, CLONE_FLAGS, SETNS_TYPES, UNSHARE_FLAGS
from bstinspect.decode.quote import quote
from bstinspect.decode.shape import Shape, process_result
from bstinspect.decode.signal_sets import signal_text
from bstinspect.decode.style import Hex

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIGNAL: Final = 0xFF
"""The bits of clone's flags that hold the signal of the child's end (CSIGNAL)."""
_PIDFD: Final = 0x1000
_SETTLS: Final = 0x80000
_PARENT_SETTID: Final = 0x100000
_CHILD_TID: Final = 0x1200000
"""CLONE_CHILD_SETTID and CLONE_CHILD_CLEARTID."""
_INTO_CGROUP: Final = 0x200000000
_PAGE: Final = 4096


class _Clone(Shape):
    """clone: what stands behind the flags is printed at the exit, if anything is."""

    separator = ""

    def __init__(self) -> None:
        super().__init__((), (), process_result)

    def waits(self, call: Call) -> bool:
        return bool(call[0] & (_PIDFD | _SETTLS | _PARENT_SETTID | _CHILD_TID))

    def entry(self, call: Call) -> list[str]:
        flags, number = call[0] & ~_SIGNAL, call[0] & _SIGNAL
        text = call.flags(flags, CLONE_FLAGS, unknown="CLONE_???") if flags else ""
        if number or not flags:
            text += ("|" if flags else "") + signal_text(call, number)
        return [f"child_stack={pointer(call[1])}", f"flags={text}"]

    def exit(self, call: Call) -> list[str]:
        flags = call[0]
        tls, child = (4, 3) if call.tables.machine == "x86_64" else (3, 4)
        texts = []
        if flags & _PARENT_SETTID:
            texts.append(f", parent_tid={_tid(call, call[2])}")
        elif flags & _PIDFD:
            texts.append(f", parent_tid={_descriptor(call, call[2])}")
        if flags & _SETTLS:
            texts.append(f", tls={pointer(call[tls])}")
        if flags & _CHILD_TID:
            texts.append(f", child_tidptr={pointer(call[child])}")
        return texts


def _tid(call: Call, where: int) -> str:
    data = call.fetch(where, 4)
    return (
        pointer(where) if data is None else f"[{call.process(int.from_bytes(data, 'little', signed=True))}]"
    )


def _descriptor(call: Call, where: int) -> str:
    data = call.fetch(where, 4)
    if data is None:
        return pointer(where)
    return f"[{call.descriptor(int.from_bytes(data, 'little', signed=True))}]"


class _Clone3(Shape):
    """clone3: a structure, and what the kernel stored where it says."""

    separator = ""
    _LAYOUT: Final = struct.Struct("<11Q")
    _NAMES: Final = (
        "flags", "pidfd", "child_tid", "parent_tid", "exit_signal", "stack", "stack_size", "tls", "set_tid",
        "set_tid_size", "cgroup",
    )  # fmt: skip
    _LEAST: Final = 64

    def __init__(self) -> None:
        super().__init__((), (), process_result)

    def _fields(self, data: bytes) -> dict[str, int]:
        values = self._LAYOUT.unpack(data.ljust(self._LAYOUT.size, b"\0"))
        return dict(zip(self._NAMES, values, strict=True))

    def waits(self, call: Call) -> bool:
        if call.kept is None:
            return False
        return bool(call.kept["flags"] & (_PIDFD | _PARENT_SETTID)) or call[1] > self._LAYOUT.size

    def entry(self, call: Call) -> list[str]:
        size = min(call[1], self._LAYOUT.size)
        data = call.fetch(call[0], size) if size >= self._LEAST else None
        if data is None:
            return [pointer(call[0]), str(call[1])]
        call.kept = fields = self._fields(data)
        parts = self._parts(call, fields, size)
        parts += self._rest(call)
        text = f"{{{', '.join(parts)}}}"
        return [text] if self.waits(call) else [text, str(call[1])]

    def _parts(self, call: Call, fields: Mapping[str, int], size: int) -> list[str]:
        flags, number = fields["flags"], fields["exit_signal"]
        parts = ["flags=" + call.flags(flags, CLONE_FLAGS, CLONE3_FLAGS, unknown="CLONE_???")]
        for bits, name in ((_PIDFD, "pidfd"), (_CHILD_TID, "child_tid"), (_PARENT_SETTID, "parent_tid")):
            if flags & bits:
                parts.append(f"{name}={pointer(fields[name])}")
        parts.append(f"exit_signal={signal_text(call, number) if number < 0x7FFFFFFF else number}")
        parts.append(f"stack={pointer(fields['stack'])}")
        parts.append(f"stack_size={hexadecimal(fields['stack_size'])}")
        if flags & _SETTLS:
            parts.append(f"tls={pointer(fields['tls'])}")
        where, count = fields["set_tid"], fields["set_tid_size"]
        if where or count:
            shown = (
                show.array(call, where, count, 4, _int_text) if where and 0 < count <= 32 else pointer(where)
            )
            parts += [f"set_tid={shown}", f"set_tid_size={count}"]
        if size > 80 and (fields["cgroup"] or flags & _INTO_CGROUP):
            parts.append(f"cgroup={fields['cgroup']}")
        return parts

    def _rest(self, call: Call) -> list[str]:
        """Print what is behind the structure that is known, if any of it is not 0."""
        start, end = self._LAYOUT.size, min(call[1], _PAGE)
        if start >= end:
            return []
        data = call.peek(call[0] + start, end - start)
        if data is None:
            return ["???"]
        if not any(data):
            return []
        shown = data[: call.style.strings]
        text = quote(shown, Hex.ALL, cut=len(shown) < len(data))
        return [f"/* bytes {start}..{end - 1} */ {text}"]

    def exit(self, call: Call) -> list[str]:
        if not self.waits(call):
            return []
        size = f", {call[1]}"
        if call.is_error:
            return [size]
        data = call.peek(call[0], min(call[1], self._LAYOUT.size))
        if data is None:
            return [f" => {pointer(call[0])}{size}"]
        fields = self._fields(data)
        parts = []
        if fields["flags"] & _PIDFD:
            parts.append(f"pidfd={_descriptor(call, fields['pidfd'])}")
        if fields["flags"] & _PARENT_SETTID:
            parts.append(f"parent_tid={_tid(call, fields['parent_tid'])}")
        parts += self._rest(call)
        return [(f" => {{{', '.join(parts)}}}" if parts else "") + size]


def _int_text(_call: Call, data: bytes) -> str:
    return str(s32(int.from_bytes(data, "little")))


_FORK: Final = Shape((), (), process_result)

SHAPES: Final[dict[str, Shape]] = {
    "fork": _FORK,
    "vfork": _FORK,
    "clone": _Clone(),
    "clone3": _Clone3(),
    "unshare": Shape((show.flags64(0, UNSHARE_FLAGS, unknown="CLONE_???"),)),
    "setns": Shape((show.fd(0), show.flags(1, SETNS_TYPES, unknown="CLONE_NEW???"))),
}
