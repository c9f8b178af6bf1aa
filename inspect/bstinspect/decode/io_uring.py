"""io_uring_setup(2), io_uring_enter(2) and io_uring_register(2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, hexadecimal, pointer, s32, u32
from bstinspect.decode.constants.io_uring import (
    URING_ENTER_FLAGS,
    URING_REGISTER_OPCODES,
    URING_SETUP_FEATURES,
    URING_SETUP_FLAGS,
)
from bstinspect.decode.io_uring_register import REGISTERED, max_workers, probe
from bstinspect.decode.lists import local_array
from bstinspect.decode.shape import Shape, descriptor_result
from bstinspect.decode.signal_sets import signal_set
from bstinspect.decode.structures import Structure

if TYPE_CHECKING:
    from collections.abc import Mapping

_ATTACH: Final = 0x20
"""IORING_SETUP_ATTACH_WQ: there is a descriptor of another ring."""
_PARAMETERS: Final = Structure(
    ("sq_entries", "I"),
    ("cq_entries", "I"),
    ("flags", "I"),
    ("sq_thread_cpu", "I"),
    ("sq_thread_idle", "I"),
    ("features", "I"),
    ("wq_fd", "I"),
    ("resv", "3I"),
    ("sq_off", "40s"),
    ("cq_off", "40s"),
)
_OFFSETS: Final = ("head", "tail", "ring_mask", "ring_entries")
_SUBMISSION: Final = (*_OFFSETS, "flags", "dropped", "array")
_COMPLETION: Final = (*_OFFSETS, "overflow", "cqes", "flags")
_RING: Final = Structure(("values", "7I"), ("resv1", "I"), ("resv2", "Q"))


def _ring(names: tuple[str, ...], data: bytes) -> str:
    """Print where the parts of a ring are."""
    values = _RING.values(data)
    fields = [f"{name}={value}" for name, value in zip(names, values["values"], strict=True)]
    fields += [f"{name}={values[name]:#x}" for name in ("resv1", "resv2") if values[name]]
    return f"{{{', '.join(fields)}}}"


def _given(call: Call, values: Mapping[str, Any]) -> str:
    """Print what the call takes of a ``struct io_uring_params``."""
    flags = values["flags"]
    fields = [
        f"flags={call.flags(flags, URING_SETUP_FLAGS, unknown='IORING_SETUP_???')}",
        f"sq_thread_cpu={hexadecimal(values['sq_thread_cpu'])}",
        f"sq_thread_idle={values['sq_thread_idle']}",
    ]
    if flags & _ATTACH:
        fields.append(f"wq_fd={call.descriptor(s32(values['wq_fd']))}")
    if any(values["resv"]):
        fields.append(f"resv={local_array(call, [hexadecimal(word) for word in values['resv']])}")
    return ", ".join(fields)


def _filled(call: Call, values: Mapping[str, Any]) -> str:
    """Print what the kernel fills of it."""
    features = call.flags(values["features"], URING_SETUP_FEATURES, unknown="IORING_FEAT_???")
    counts = f"sq_entries={values['sq_entries']}, cq_entries={values['cq_entries']}"
    rings = f"sq_off={_ring(_SUBMISSION, values['sq_off'])}, cq_off={_ring(_COMPLETION, values['cq_off'])}"
    return f"{counts}, features={features}, {rings}"


class _Setup(Shape):
    """A structure that the call reads the first half of, and fills the other."""

    separator = ""

    def __init__(self) -> None:
        super().__init__((show.unsigned(0),), (), descriptor_result)

    def waits(self, call: Call) -> bool:
        return call.kept is True

    def entry(self, call: Call) -> list[str]:
        data = call.fetch(call[1], _PARAMETERS.size)
        call.kept = data is not None
        if data is None:
            return [*super().entry(call), pointer(call[1])]
        return [*super().entry(call), "{" + _given(call, _PARAMETERS.values(data))]

    def exit(self, call: Call) -> list[str]:
        if not self.waits(call):
            return []
        data = call.fetch(call[1], _PARAMETERS.size)
        return ["}" if data is None else f", {_filled(call, _PARAMETERS.values(data))}}}"]


class _Register(Shape):
    """io_uring_register: what the third argument points to depends on the operation.

    Where the kernel answers in its place, that is printed behind it at the exit: ``[1, 2] => [3, 4], 2)``.
    """

    separator = ""
    _ANSWERED: Final = {8: probe, 19: max_workers}
    """IORING_REGISTER_PROBE and IORING_REGISTER_IOWQ_MAX_WORKERS."""

    def __init__(self) -> None:
        opcode = show.choice(1, URING_REGISTER_OPCODES, unknown="IORING_REGISTER_???")
        super().__init__((show.fd(0), opcode))

    def waits(self, call: Call) -> bool:
        return call.kept is not None

    def entry(self, call: Call) -> list[str]:
        opcode, count = u32(call[1]), u32(call[3])
        texts = super().entry(call)
        answered = self._ANSWERED.get(opcode)
        if answered is None:
            text = REGISTERED[opcode](call, call[2], count) if opcode in REGISTERED else pointer(call[2])
            return [*texts, text, str(count)]
        found = answered(call, call[2], count)
        if found.final:
            return [*texts, found.text, str(count)]
        call.kept = bool(found.text)
        return [*texts, found.text]

    def exit(self, call: Call) -> list[str]:
        if not self.waits(call):
            return []
        answered = self._ANSWERED.get(u32(call[1]))
        text = answered(call, call[2], u32(call[3])).text if answered else ""
        return [f"{text}, {u32(call[3])}"]


SHAPES: Final[dict[str, Shape]] = {
    "io_uring_setup": _Setup(),
    "io_uring_enter": Shape(
        (
            show.fd(0),
            show.unsigned(1),
            show.unsigned(2),
            show.flags(3, URING_ENTER_FLAGS, unknown="IORING_ENTER_???"),
            signal_set(4, 5),
            show.size(5),
        )
    ),
    "io_uring_register": _Register(),
}
