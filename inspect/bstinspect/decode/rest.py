"""Calls about the machine as a whole: modules, kexec, reboot, the log, random numbers; and those gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, pointer, s32, u32
from bstinspect.decode.constants.system import (
    BOOTFLAGS1,
    BOOTFLAGS2,
    BOOTFLAGS3,
    DELETE_MODULE_FLAGS,
    GETRANDOM_FLAGS,
    KEXEC_ARCH_VALUES,
    KEXEC_FILE_LOAD_FLAGS,
    KEXEC_LOAD_FLAGS,
    MODULE_INIT_FLAGS,
    SYSLOG_ACTION_TYPE,
    SYSLOG_CONSOLE_LEVELS,
)
from bstinspect.decode.names import describe_error
from bstinspect.decode.shape import Shape
from bstinspect.decode.structures import (
    Structure,
    address,
    braced,
    octets_at,
    text_at,
)

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

_ARCHITECTURE: Final = 0xFFFF0000
_SEGMENTS: Final = 16
_RESTART2: Final = 0xA1B2C3D4
_COMMAND_LINE: Final = 255

_SEGMENT: Final = Structure(("buf", "Q", address), ("bufsz", "Q"), ("mem", "Q", address), ("memsz", "Q"))
_SYSCTL: Final = Structure(
    ("name", "Q", address),
    ("nlen", "i"),
    ("oldval", "Q", address),
    ("oldlenp", "Q", address),
    ("newval", "Q", address),
    ("newlen", "Q"),
    ("", "32x"),
)


def _segments(call: Call) -> str:
    if call[1] > _SEGMENTS:
        return pointer(call[2])
    return show.array(call, call[2], call[1], _SEGMENT.size, _SEGMENT)


def _kexec_flags(call: Call) -> str:
    flags = call[3]
    kind = call.choice(flags & _ARCHITECTURE, KEXEC_ARCH_VALUES, unknown="KEXEC_ARCH_???")
    rest = flags & ~_ARCHITECTURE
    return f"{kind}|{call.flags(rest, KEXEC_LOAD_FLAGS, unknown='KEXEC_???')}" if rest else kind


def _reboot_argument(call: Call) -> str | None:
    return text_at(call, call[3], _COMMAND_LINE) if u32(call[2]) == _RESTART2 else None


def _random(call: Call) -> str:
    return pointer(call[0]) if call.failed else octets_at(call, call[0], call.value)


class _Syslog(Shape):
    """The log (syslog(2)): commands that read it are finished at the exit."""

    _IGNORE: Final = (0, 1, 5, 6, 7, 9, 10)
    _READ: Final = (2, 3, 4)
    _LEVEL: Final = 8

    def waits(self, call: Call) -> bool:
        return s32(call[0]) in self._READ

    def entry(self, call: Call) -> list[str]:
        kind, length = s32(call[0]), s32(call[2])
        first = [_always_both(kind, SYSLOG_ACTION_TYPE.get(kind, "SYSLOG_ACTION_???"))]
        if kind in self._IGNORE or kind in self._READ:
            return first
        if kind == self._LEVEL:
            level = _always_both(length, SYSLOG_CONSOLE_LEVELS.get(length, "LOGLEVEL_???"))
            return [*first, pointer(call[1]), level]
        return [*first, pointer(call[1]), str(length)]

    def exit(self, call: Call) -> list[str]:
        if not self.waits(call):
            return []
        text = pointer(call[1]) if call.failed else call.buffer(call[1], call.value)
        return [text, str(s32(call[2]))]


def _always_both(number: int, name: str) -> str:
    """Print a number with its name, whatever -X says."""
    return f"{number} /* {name} */"


# Segment descriptors (modify_ldt(2), set_thread_area(2)).

_USER_DESC: Final = 16
_BITS: Final = (
    ("seg_32bit", 0, 1), ("contents", 1, 3), ("read_exec_only", 3, 1), ("limit_in_pages", 4, 1),
    ("seg_not_present", 5, 1), ("useable", 6, 1), ("lm", 7, 1),
)  # fmt: skip


def _entry_number(data: bytes) -> str:
    number = int.from_bytes(data[:4], "little")
    return "-1" if number == 0xFFFFFFFF else str(number)


def _segment_fields(data: bytes) -> list[str]:
    base, limit, flags = (int.from_bytes(data[at : at + 4], "little") for at in (4, 8, 12))
    texts = [f"base_addr={_eight_digits(base)}", f"limit={_eight_digits(limit)}"]
    return [*texts, *(f"{name}={flags >> shift & mask}" for name, shift, mask in _BITS)]


def _eight_digits(number: int) -> str:
    """Print as C's ``%#08x`` does: the prefix counts, and 0 has none."""
    return f"{number:#08x}" if number else "00000000"


def _user_desc(index: int) -> Argument:
    def text(_call: Call, data: bytes) -> str:
        return braced(f"entry_number={_entry_number(data)}", *_segment_fields(data))

    return show.structure(index, _USER_DESC, text)


def _ldt(call: Call) -> str:
    return str(_user_desc(1)(call)) if call[2] == _USER_DESC else pointer(call[1])


def _ldt_result(call: Call) -> str:
    """Print an error that lost its upper half: the kernel returns an int here."""
    if call.value < 0xFFFFF000:
        return str(call.value)
    return f"{call.value} {describe_error(-s32(call.value)).removeprefix('-1 ')}"


class _Waiting(Shape):
    """A call that is not finished before its exit, although nothing of it is printed there."""

    separator = ""

    def waits(self, call: Call) -> bool:  # noqa: ARG002
        return True


class _SetThreadArea(_Waiting):
    """The number of the entry that the kernel chose stands behind the result."""

    def exit(self, call: Call) -> list[str]:
        data = call.fetch(call[0], _USER_DESC)
        if data is not None:
            call.note = f"entry_number={int.from_bytes(data[:4], 'little')}"
        return []


class _GetThreadArea(_Waiting):
    """What the kernel fills in is added to what was printed at the entry."""

    def entry(self, call: Call) -> list[str]:
        data = call.fetch(call[0], 4)
        if data is None:
            return [pointer(call[0])]
        call.kept = data
        return [f"{{entry_number={_entry_number(data)}"]

    def exit(self, call: Call) -> list[str]:
        if not call[0] or not call.style.verbose(call.name):
            return []
        data = None if call.failed else call.peek(call[0], _USER_DESC)
        if data is None:
            return [", ...}"] if call.kept else []
        fields = ", ".join(_segment_fields(data)) + "}"
        number = _entry_number(data)
        if not call.kept:
            return [f" => {{entry_number={number}, {fields}"]
        return [f" => {number}, {fields}" if call.kept != data[:4] else f", {fields}"]


def _raw(count: int) -> Shape:
    return Shape(tuple(show.hex_long(index) for index in range(count)))


SHAPES: Final[dict[str, Shape]] = {
    "delete_module": Shape((show.text(0), show.flags(1, DELETE_MODULE_FLAGS, unknown="O_???"))),
    "finit_module": Shape(
        (show.fd(0), show.text(1), show.flags(2, MODULE_INIT_FLAGS, unknown="MODULE_INIT_???"))
    ),
    "get_thread_area": _GetThreadArea(()),
    "getrandom": Shape((), (_random, show.size(1), show.flags(2, GETRANDOM_FLAGS, unknown="GRND_???"))),
    "init_module": Shape((show.address(0), show.size(1), show.text(2))),
    "ioperm": Shape((show.hex_long(0), show.hex_long(1), show.number(2))),
    "iopl": Shape((show.number(0),)),
    "kexec_file_load": Shape(
        (
            show.fd(0),
            show.fd(1),
            show.size(2),
            show.data_in(3, 2),
            show.flags64(4, KEXEC_FILE_LOAD_FLAGS, unknown="KEXEC_FILE_???"),
        )
    ),
    "kexec_load": Shape((show.address(0), show.size(1), _segments, _kexec_flags)),
    "modify_ldt": _Waiting((show.number(0), _ldt, show.size(2)), (), _ldt_result),
    "reboot": Shape(
        (
            show.choice(0, BOOTFLAGS1, unknown="LINUX_REBOOT_MAGIC_???"),
            show.choice(1, BOOTFLAGS2, unknown="LINUX_REBOOT_MAGIC_???"),
            show.choice(2, BOOTFLAGS3, unknown="LINUX_REBOOT_CMD_???"),
            _reboot_argument,
        )
    ),
    "restart_syscall": Shape(()),
    "set_thread_area": _SetThreadArea((_user_desc(0),)),
    "sync": Shape(()),
    "_sysctl": Shape((_SYSCTL.at(0),)),
    "syslog": _Syslog(()),
    "vhangup": Shape(()),
    # Those that strace has no more to say of than their numbers.
    "afs_syscall": _raw(5),
    "create_module": _raw(2),
    "epoll_ctl_old": _raw(4),
    "epoll_wait_old": _raw(4),
    "get_kernel_syms": _raw(1),
    "getpmsg": _raw(5),
    "nfsservctl": _raw(3),
    "putpmsg": _raw(5),
    "query_module": _raw(5),
    "security": _raw(3),
    "sysfs": _raw(3),
    "tuxcall": _raw(3),
    "vserver": _raw(5),
}
