"""perf_event_open(2)."""

from __future__ import annotations

import struct
from typing import Any, Final

from bstinspect.decode.call import Call, hexadecimal, pointer, s32, u32
from bstinspect.decode.constants import perf as names
from bstinspect.decode.constants.time import CLOCKNAMES
from bstinspect.decode.shape import Shape, descriptor_result

_HARDWARE, _SOFTWARE, _TRACEPOINT, _CACHE, _, _BREAKPOINT = range(6)
_E2BIG: Final = -7
_VERSION0: Final = 64
_ABBREVIATED: Final = 48
_U64: Final = (1 << 64) - 1
_BRANCH_STACK, _STACK_USER = 0x800, 0x2000
_LAYOUT: Final = struct.Struct("<IIQQQQQIIQQQQIIQIHHIIQ")
_NAMES: Final = (
    "type", "size", "config", "sample_period", "sample_type", "read_format", "bits", "wakeup_events",
    "bp_type", "config1", "config2", "branch_sample_type", "sample_regs_user", "sample_stack_user", "clockid",
    "sample_regs_intr", "aux_watermark", "sample_max_stack", "reserved_2", "aux_sample_size", "reserved_3",
    "sig_data",
)  # fmt: skip
_SWITCHES: Final = (
    "disabled", "inherit", "pinned", "exclusive", "exclude_user", "exclude_kernel", "exclude_hv",
    "exclude_idle", "mmap", "comm", "freq", "inherit_stat", "enable_on_exec", "task", "watermark",
    "precise_ip", "", "mmap_data", "sample_id_all", "exclude_host", "exclude_guest",
    "exclude_callchain_kernel",
    "exclude_callchain_user", "mmap2", "comm_exec", "use_clockid", "context_switch", "write_backward",
    "namespaces", "ksymbol", "bpf_event", "aux_output", "cgroup", "text_poke", "build_id", "inherit_thread",
    "remove_on_exec", "sigtrap",
)  # fmt: skip
"""The bits from the lowest one on; precise_ip has two."""
_SKIDS: Final = ("arbitrary skid", "constant skid", "requested to have 0 skid", "must have 0 skid")
_FREQ, _WATERMARK, _PRECISE, _CLOCK = (
    _SWITCHES.index(name) for name in ("freq", "watermark", "precise_ip", "use_clockid")
)


class Attributes:
    """A ``struct perf_event_attr``, as much of it as the caller says that there is."""

    def __init__(self, data: bytes) -> None:
        self.size = len(data)
        values = _LAYOUT.unpack(data.ljust(_LAYOUT.size, b"\0"))
        self.values: dict[str, int] = dict(zip(_NAMES, values, strict=True))

    @classmethod
    def fetch(cls, call: Call, where: int) -> Attributes | None:
        """Read the structure; None where its address is to be printed."""
        given = call.integer(where + 4 & _U64, signed=False)
        if given is None:
            return None
        size = min(given, _LAYOUT.size) or _VERSION0
        if size < _VERSION0:
            return None
        data = call.fetch(where, _ABBREVIATED if call.abbreviated else size)
        return None if data is None else cls(data)

    def text(self, call: Call, where: int) -> str:
        """Print the structure."""
        values = self.values
        size = call.choice(values["size"], names.PERF_ATTR_SIZE, unknown="PERF_ATTR_SIZE_???")
        if call.leaving and call.is_error and call.value == _E2BIG:
            size += f" => {_accepted(call, where)}"
        kind = call.choice(values["type"], names.PERF_TYPE_ID, unknown="PERF_TYPE_???")
        texts = [f"type={kind}", f"size={size}", f"config={_config(call, values)}"]
        texts.append(f"{'sample_freq' if self._bit(_FREQ) else 'sample_period'}={values['sample_period']}")
        sample = call.flags(values["sample_type"], names.PERF_EVENT_SAMPLE_FORMAT, unknown="PERF_SAMPLE_???")
        reading = call.flags(values["read_format"], names.PERF_EVENT_READ_FORMAT, unknown="PERF_FORMAT_???")
        texts += [f"sample_type={sample}", f"read_format={reading}", *self._switches(call)]
        if not call.abbreviated:
            texts += self._rest(call)
        told = values["size"]
        if told > self.size or (not told and self.size < _VERSION0):
            texts.append("...")
        return "{" + ", ".join(texts) + "}"

    def _bit(self, index: int) -> int:
        return self.values["bits"] >> index & 1

    def _switches(self, call: Call) -> list[str]:
        texts = []
        for index, name in enumerate(_SWITCHES):
            if index == _PRECISE:
                precise = self.values["bits"] >> index & 3
                texts.append(f"precise_ip={precise} /* {_SKIDS[precise]} */")
            elif name and (self._bit(index) or not call.abbreviated):
                texts.append(f"{name}={self._bit(index)}")
        if unknown := self.values["bits"] >> len(_SWITCHES):
            texts.append(f"__reserved_1={hexadecimal(unknown)} /* Bits 63..38 */")
        return texts

    def _rest(self, call: Call) -> list[str]:
        """Print what only -v shows; what the structure is too short for ends the list."""
        values = self.values
        breakpoint_ = values["type"] == _BREAKPOINT
        wakeup = "wakeup_watermark" if self._bit(_WATERMARK) else "wakeup_events"
        texts = [f"{wakeup}={values['wakeup_events']}"]
        if breakpoint_:
            texts += [
                f"bp_type={_breakpoint(call, values['bp_type'])}",
                f"bp_addr={hexadecimal(values['config1'])}",
            ]
        else:
            texts.append(f"config1={hexadecimal(values['config1'])}")
        branches = call.flags(
            values["branch_sample_type"], names.PERF_BRANCH_SAMPLE_TYPE, unknown="PERF_SAMPLE_BRANCH_???"
        )
        clock = call.choice(values["clockid"], CLOCKNAMES, unknown="CLOCK_???")
        sampled = values["sample_type"]
        optional: tuple[tuple[int, Any, str], ...] = (
            (
                72 - 8,
                True,
                f"bp_len={values['config2']}" if breakpoint_ else f"config2={_hex(values, 'config2')}",
            ),
            (72, sampled & _BRANCH_STACK, f"branch_sample_type={branches}"),
            (80, True, f"sample_regs_user={_hex(values, 'sample_regs_user')}"),
            (88, sampled & _STACK_USER, f"sample_stack_user={_hex(values, 'sample_stack_user')}"),
            (92 if self._bit(_CLOCK) else 0, self._bit(_CLOCK), f"clockid={clock}"),
            (96, True, f"sample_regs_intr={_hex(values, 'sample_regs_intr')}"),
            (104, True, f"aux_watermark={values['aux_watermark']}"),
            (108, True, f"sample_max_stack={values['sample_max_stack']}"),
            (110, values["reserved_2"], f" /* bytes 110..111: {_hex(values, 'reserved_2')} */"),
            (112, True, f"aux_sample_size={values['aux_sample_size']}"),
            (116, values["reserved_3"], f" /* bytes 116..119: {_hex(values, 'reserved_3')} */"),
            (120, True, f"sig_data={_hex(values, 'sig_data')}"),
        )
        for offset, wanted, text in optional:
            if offset >= self.size:
                break
            if wanted and text.startswith(" "):
                texts[-1] += text
            elif wanted:
                texts.append(text)
        return texts


def _hex(values: dict[str, int], name: str) -> str:
    return hexadecimal(values[name])


def _accepted(call: Call, where: int) -> str:
    """Print the size that the kernel would have taken."""
    size = call.integer(where + 4 & _U64, signed=False)
    return "???" if size is None else call.choice(size, names.PERF_ATTR_SIZE, unknown="PERF_ATTR_SIZE_???")


def _breakpoint(call: Call, kind: int) -> str:
    unknown = "HW_BREAKPOINT_INVALID" if kind <= 7 else "HW_BREAKPOINT_???"
    return call.choice(kind, names.HW_BREAKPOINT_TYPE, unknown=unknown)


def _config(call: Call, values: dict[str, int]) -> str:
    kind, config = values["type"], values["config"]
    if kind == _SOFTWARE:
        return call.choice(config, names.PERF_SW_IDS, unknown="PERF_COUNT_SW_???")
    if kind == _TRACEPOINT:
        return str(config)
    if kind not in (_HARDWARE, _CACHE):
        return hexadecimal(config)
    upper, event = config >> 32, u32(config)
    parts = [f"{hexadecimal(upper)}<<32"] if upper else []
    if kind == _HARDWARE:
        return "|".join([*parts, call.choice(event, names.PERF_HW_ID, unknown="PERF_COUNT_HW_???")])
    parts += [f"{hexadecimal(event >> 24)}<<24"] if event >> 24 else []
    for table, shift, unknown in (
        (names.PERF_HW_CACHE_OP_RESULT_ID, 16, "PERF_COUNT_HW_CACHE_RESULT_???"),
        (names.PERF_HW_CACHE_OP_ID, 8, "PERF_COUNT_HW_CACHE_OP_???"),
        (names.PERF_HW_CACHE_ID, 0, "PERF_COUNT_HW_CACHE_???"),
    ):
        text = call.choice(event >> shift & 0xFF, table, unknown=unknown)
        parts.append(f"{text}<<{shift}" if shift else text)
    return "|".join(parts)


class _Open(Shape):
    """perf_event_open: all is printed at the exit, when the kernel may have said what size it wants."""

    def waits(self, call: Call) -> bool:
        return call.kept is not None

    def entry(self, call: Call) -> list[str]:
        call.kept = Attributes.fetch(call, call[0])
        return [] if call.kept else [pointer(call[0]), *_others(call)]

    def exit(self, call: Call) -> list[str]:
        return [call.kept.text(call, call[0]), *_others(call)] if call.kept else []


def _others(call: Call) -> list[str]:
    flags = call.flags(call[4], names.PERF_EVENT_OPEN_FLAGS, unknown="PERF_FLAG_???")
    return [str(s32(call[1])), str(s32(call[2])), call.descriptor(s32(call[3])), flags]


SHAPES: Final[dict[str, Shape]] = {"perf_event_open": _Open((), (), descriptor_result)}
