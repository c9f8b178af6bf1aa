"""Processes and threads (clone(2), execve(2), wait4(2), prctl(2), futex(2), prlimit(2), sched(7))."""

from __future__ import annotations

import struct
from typing import Final

from bstinspect.decode.old import call as show
from bstinspect.decode.old.call import Argument, Call, Shape
from bstinspect.decode.old.files import AT_FLAGS
from bstinspect.decode.names import signal_name
from bstinspect.decode.old.quote import SHOWN, quote_text

_CLONE: Final = {
    0x80: "CLONE_NEWTIME", 0x100: "CLONE_VM", 0x200: "CLONE_FS", 0x400: "CLONE_FILES",
    0x800: "CLONE_SIGHAND", 0x1000: "CLONE_PIDFD", 0x2000: "CLONE_PTRACE", 0x4000: "CLONE_VFORK",
    0x8000: "CLONE_PARENT", 0x10000: "CLONE_THREAD", 0x20000: "CLONE_NEWNS", 0x40000: "CLONE_SYSVSEM",
    0x80000: "CLONE_SETTLS", 0x100000: "CLONE_PARENT_SETTID", 0x200000: "CLONE_CHILD_CLEARTID",
    0x400000: "CLONE_DETACHED", 0x800000: "CLONE_UNTRACED", 0x1000000: "CLONE_CHILD_SETTID",
    0x2000000: "CLONE_NEWCGROUP", 0x4000000: "CLONE_NEWUTS", 0x8000000: "CLONE_NEWIPC",
    0x10000000: "CLONE_NEWUSER", 0x20000000: "CLONE_NEWPID", 0x40000000: "CLONE_NEWNET",
    0x80000000: "CLONE_IO", 0x100000000: "CLONE_CLEAR_SIGHAND", 0x200000000: "CLONE_INTO_CGROUP",
}  # fmt: skip
_SCHEDULERS: Final = {0: "SCHED_OTHER", 1: "SCHED_FIFO", 2: "SCHED_RR", 3: "SCHED_BATCH", 5: "SCHED_IDLE"}
_RANDOM: Final = {1: "GRND_NONBLOCK", 2: "GRND_RANDOM", 4: "GRND_INSECURE"}
_PIDFD: Final = {0o4000: "PIDFD_NONBLOCK"}
_ARCH: Final = {0x1001: "ARCH_SET_GS", 0x1002: "ARCH_SET_FS", 0x1003: "ARCH_GET_FS", 0x1004: "ARCH_GET_GS"}
_PRIORITY: Final = {0: "PRIO_PROCESS", 1: "PRIO_PGRP", 2: "PRIO_USER"}
_CLONE3_NAMES: Final = (
    "flags", "pidfd", "child_tid", "parent_tid", "exit_signal", "stack", "stack_size", "tls", "set_tid",
    "set_tid_size", "cgroup",
)  # fmt: skip


def _clone_flags(call: Call) -> str:
    """Print the flags and the signal that the child's end sends, both in one word."""
    value = call[0]
    text = (
        show.flag_text(value & ~0xFF & 0xFFFFFFFF, _CLONE, "CLONE_???") if value & ~0xFF & 0xFFFFFFFF else ""
    )
    signal = signal_name(value & 0xFF) if value & 0xFF else ""
    return "flags=" + ("|".join(filter(None, (text, signal))) or "0")


def _clone_when(bits: int, name: str, index: int) -> Argument:
    """Print a named pointer where one of the flags says that it is used."""
    return lambda call: f", {name}={show.pointer(call[index])}" if call[0] & bits else None


def _clone_text(data: bytes) -> str:
    """Print ``struct clone_args`` (clone(2))."""
    values = dict(zip(_CLONE3_NAMES, struct.unpack("<11Q", data), strict=True))
    flags = values["flags"]
    parts = ["flags=" + show.flag_text(flags, _CLONE, "CLONE_???")]
    if flags & 0x1000:
        parts.append(f"pidfd={show.pointer(values['pidfd'])}")
    if flags & 0x1200000:
        parts.append(f"child_tid={show.pointer(values['child_tid'])}")
    if flags & 0x100000:
        parts.append(f"parent_tid={show.pointer(values['parent_tid'])}")
    signal = values["exit_signal"]
    parts.append(f"exit_signal={signal_name(signal) if signal else 0}")
    parts.append(f"stack={show.pointer(values['stack'])}")
    parts.append(f"stack_size={values['stack_size']:#x}" if values["stack_size"] else "stack_size=0")
    if flags & 0x80000:
        parts.append(f"tls={show.pointer(values['tls'])}")
    if values["set_tid"] or values["set_tid_size"]:
        parts += [f"set_tid={show.pointer(values['set_tid'])}", f"set_tid_size={values['set_tid_size']}"]
    if flags & 0x200000000:
        parts.append(f"cgroup={values['cgroup']}")
    return "{" + ", ".join(parts) + "}"


def _clone3(call: Call) -> str:
    data = call.before.exactly(call[0], 88)
    if data is None:
        return show.pointer(call[0])
    # The kernel reads only as much as the caller's size says.
    return _clone_text(data[: min(call[1], 88)].ljust(88, b"\0"))


def _clone3_stored(call: Call) -> str:
    """Print what clone3 stored for the parent: a pidfd, the child's tid."""
    data = call.before.exactly(call[0], 32)
    parts = []
    if data is not None and not show.failed(call):
        flags, pidfd, _, parent_tid = struct.unpack("<4Q", data)
        for bit, name, where in ((0x1000, "pidfd", pidfd), (0x100000, "parent_tid", parent_tid)):
            stored = call.memory.integer(where) if flags & bit else None
            if stored is not None:
                parts.append(f"{name}=[{stored}]")
    shown = f" => {{{', '.join(parts)}}}" if parts else ""
    return f"{shown}, {call[1]}"


class _Clone(Shape):
    """The calls whose last arguments, at the exit, bring their own separator."""

    separator = ""

    def all_arguments(self, call: Call) -> list[str]:
        return (
            ["".join([*self.entry(call), *self.exit(call)])]
            if self.before == (_clone3,)
            else self._flat(call)
        )

    def _flat(self, call: Call) -> list[str]:
        return self.entry(call) + [text.removeprefix(", ") for text in self.exit(call)]


def _strings(index: int) -> Argument:
    """Print an array of strings."""

    def argument(call: Call) -> str:
        data = call.memory.at(call[index])
        if data is None:
            return show.pointer(call[index])
        pointers = [value for (value,) in struct.iter_unpack("<Q", data[: len(data) // 8 * 8])]
        ended = bool(pointers) and not pointers[-1]
        pointers = pointers[:-1] if ended else pointers
        parts = [show.text_at(call, value, SHOWN) for value in pointers[:SHOWN]]
        if len(pointers) > SHOWN or not ended:
            parts.append("...")
        return f"[{', '.join(parts)}]"

    return argument


def _environment(index: int) -> Argument:
    """Print the environment as strace abbreviates it."""

    def argument(call: Call) -> str:
        data = call.memory.at(call[index])
        if data is None:
            return show.pointer(call[index])
        count = len(data) // 8
        ended = count and not any(data[count * 8 - 8 : count * 8])
        count -= bool(ended)
        plural = "var" if count == 1 else "vars"
        return f"{show.pointer(call[index])} /* {count} {plural}{'' if ended else ', unterminated'} */"

    return argument


def _affinity(index: int, *, out: bool) -> Argument:
    """Print a set of CPUs."""

    def argument(call: Call) -> str:
        length = call.value if out else show.u32(call[1])
        data = None if out and show.failed(call) else call.memory.at(call[index])
        if data is None or length <= 0:
            return show.pointer(call[index])
        whole = data[:length]
        return f"[{' '.join(str(bit) for bit in range(len(whole) * 8) if whole[bit >> 3] >> (bit & 7) & 1)}]"

    return argument


def _random_bytes(call: Call) -> str:
    """Print what getrandom stored, which strace shows in hexadecimal."""
    length = 0 if show.failed(call) else call.value
    data = call.memory.exactly(call[0], min(length, SHOWN)) if length > 0 else None
    if data is None:
        return show.pointer(call[0])
    return '"' + "".join(f"\\x{code:02x}" for code in data) + '"' + ("..." if length > SHOWN else "")


def _scheduler_result(call: Call) -> str:
    call.note = _SCHEDULERS.get(call.value & 0xFF, "")
    return str(call.value)


def _group_list(call: Call) -> str:
    """Print the groups that getgroups stored."""
    if show.failed(call) or not call[0]:
        return show.pointer(call[1])
    data = (call.memory.at(call[1]) or b"")[: max(call.value, 0) * 4]
    if call.value > 0 and not data:
        return show.pointer(call[1])
    groups = [str(group) for (group,) in struct.iter_unpack("<I", data[: len(data) // 4 * 4])]
    return f"[{', '.join(groups[:SHOWN] + ['...'] * (call.value > SHOWN))}]"


def _uname_text(data: bytes) -> str:
    system, node = (quote_text(data[at : at + 65]) for at in (0, 65))
    return f"{{sysname={system}, nodename={node}, ...}}"


def _sysinfo_text(data: bytes) -> str:
    up, one, five, fifteen, total, free, shared, buffers, swap, free_swap, procs = struct.unpack_from(
        "<q9QH", data
    )
    high, free_high, unit = struct.unpack_from("<QQI", data, 88)
    return (
        f"{{uptime={up}, loads=[{one}, {five}, {fifteen}], totalram={total}, freeram={free}, "
        f"sharedram={shared}, bufferram={buffers}, totalswap={swap}, freeswap={free_swap}, "
        f"procs={procs}, totalhigh={high}, freehigh={free_high}, mem_unit={unit}}}"
    )


_RESULTS: Final = tuple(show.int_out(index) for index in range(3))

SHAPES: Final[dict[str, Shape]] = {
    "fork": Shape(()),
    "vfork": Shape(()),
    "clone": _Clone(
        (
            lambda call: f"child_stack={show.pointer(call[1])}",
            _clone_flags,
        ),
        (
            _clone_when(0x101000, "parent_tid", 2),
            _clone_when(0x80000, "tls", 4),
            _clone_when(0x1200000, "child_tidptr", 3),
        ),
    ),
    "clone3": _Clone((_clone3,), (_clone3_stored,)),
    "execve": Shape((show.path(0), _strings(1), _environment(2))),
    "execveat": Shape(
        (show.directory(0), show.path(1), _strings(2), _environment(3), show.flags(4, AT_FLAGS, "AT_???"))
    ),
    "exit": Shape((show.number(0),)),
    "exit_group": Shape((show.number(0),)),
    "getrandom": Shape((), (_random_bytes, show.size(1), show.flags(2, _RANDOM, "GRND_???"))),
    "pidfd_open": Shape((show.number(0), show.flags(1, _PIDFD, "PIDFD_???"))),
    "pidfd_getfd": Shape((show.fd(0), show.fd(1), show.hexadecimal(2))),
    "set_tid_address": Shape((show.address(0),)),
    "set_robust_list": Shape((show.address(0), show.size(1))),
    "rseq": Shape(
        (
            show.address(0),
            lambda call: f"{show.u32(call[1]):#x}",
            show.hexadecimal(2),
            lambda call: f"{show.u32(call[3]):#x}",
        )
    ),
    "arch_prctl": Shape((show.choice(0, _ARCH, "ARCH_???"), show.address(1))),
    "sched_getaffinity": Shape((show.number(0), show.unsigned(1)), (_affinity(2, out=True),)),
    "sched_setaffinity": Shape((show.number(0), show.unsigned(1), _affinity(2, out=False))),
    "sched_getscheduler": Shape((show.number(0),), (), _scheduler_result),
    "sched_setscheduler": Shape((show.number(0), show.choice(1, _SCHEDULERS, "SCHED_???"), show.int_in(2))),
    "sched_getparam": Shape((show.number(0),), (show.int_out(1),)),
    "sched_setparam": Shape((show.number(0), show.int_in(1))),
    "sched_yield": Shape(()),
    "getpriority": Shape((show.choice(0, _PRIORITY, "PRIO_???"), show.number(1))),
    "setpriority": Shape((show.choice(0, _PRIORITY, "PRIO_???"), show.number(1), show.number(2))),
    "uname": Shape((), (show.filled(0, 390, _uname_text),)),
    "sysinfo": Shape((), (show.filled(0, 112, _sysinfo_text),)),
    "getgroups": Shape((show.number(0),), (_group_list,)),
    "getresuid": Shape((), _RESULTS),
    "getresgid": Shape((), _RESULTS),
}
