"""Which memory of a tracee is worth a copy at a syscall stop: data by call name, looked up by number.

The tracer calls `entry_blocks` and `exit_blocks` inside a ptrace stop, so both do one dictionary look-up and
return the empty tuple for most calls. Sizes are those of 64-bit Linux, from the man page of each call.

Every copy is bounded: `Limits.plain` for files and pipes (strace shows 32 bytes), `Limits.message` for what
goes through sockets and iovecs, where whole messages are put together later. A call can have huge or hostile
arguments; no count that it gives is believed beyond these bounds.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

import msgspec

from bstinspect.decode.architecture import architecture
from bstinspect.records import Block

ReadMemory: TypeAlias = Callable[[int, int], bytes]
"""(address, wanted) -> the bytes that could be read there, possibly fewer or none."""


class Limits(NamedTuple):
    """How many bytes of one buffer are copied."""

    plain: int = 33
    """For read, write and the like on files: one more than strace shows."""
    message: int = 4096
    """For sockets and iovecs."""


DEFAULT_LIMITS: Final = Limits()
PAGE: Final = 4096
MAX_CONTROL: Final = 131072
"""So many bytes of control messages are copied."""
MAX_STRING: Final = 4096
"""PATH_MAX, with its NUL."""
MAX_VECTOR: Final = 1024
"""So many iovecs are copied: the kernel takes no more (UIO_MAXIOV)."""
MAX_POLLED: Final = 8192
"""So many pollfds and epoll_events are copied: any of them may be the ones that are ready."""
MAX_ENTRIES: Final = 32768
"""So many bytes of directory entries are copied: the C library asks for no more."""
_UNKNOWN: Final = 1 << 80
"""As many bytes as there are: how many a call will transfer is not known yet."""

Step: TypeAlias = Callable[[Sequence[int], int, ReadMemory, Limits, list[Block]], None]
"""(arguments, return value, read, limits, blocks to add to): one thing to read."""


def read_string(read: ReadMemory, address: int, most: int = MAX_STRING) -> Block:
    """Read a C string up to and with its NUL, never over the edge of a page that it does not need.

    Without a NUL in `data` the string was cut: at `most`, or where the memory ended.
    """
    data = b""
    while len(data) < most:
        at = address + len(data)
        wanted = min(most - len(data), PAGE - at % PAGE, 256 if not data else PAGE)
        piece = read(at, wanted)
        end = piece.find(b"\0")
        if end >= 0:
            data += piece[: end + 1]
            return Block(address, data, len(data))
        data += piece
        if len(piece) < wanted:
            break
    return Block(address, data, most)


class Text(msgspec.Struct, frozen=True):
    """A C string."""

    index: int

    def __call__(
        self, arguments: Sequence[int], _v: int, read: ReadMemory, _l: Limits, blocks: list[Block]
    ) -> None:
        """Read it."""
        if address := arguments[self.index]:
            blocks.append(read_string(read, address))


class Fixed(msgspec.Struct, frozen=True):
    """A structure of a known size."""

    index: int
    size: int

    def __call__(
        self, arguments: Sequence[int], _v: int, read: ReadMemory, _l: Limits, blocks: list[Block]
    ) -> None:
        """Read it."""
        if address := arguments[self.index]:
            blocks.append(Block(address, read(address, self.size), self.size))


class Sized(msgspec.Struct, frozen=True):
    """As many bytes (or items) as another argument says."""

    index: int
    size_index: int
    most: int
    item: int = 1

    def __call__(
        self, arguments: Sequence[int], _v: int, read: ReadMemory, _l: Limits, blocks: list[Block]
    ) -> None:
        """Read them."""
        size = min((arguments[self.size_index] & 0xFFFFFFFF) * self.item, self.most)
        if (address := arguments[self.index]) and size:
            blocks.append(Block(address, read(address, size), size))


class Buffer(msgspec.Struct, frozen=True):
    """A buffer that the call hands to the kernel."""

    index: int
    size_index: int
    message: bool = False

    def __call__(
        self, arguments: Sequence[int], _v: int, read: ReadMemory, limits: Limits, blocks: list[Block]
    ) -> None:
        """Read its beginning."""
        size = min(arguments[self.size_index], limits.message if self.message else limits.plain)
        if (address := arguments[self.index]) and size:
            blocks.append(Block(address, read(address, size), size))


class Filled(msgspec.Struct, frozen=True):
    """A buffer that the kernel filled with as many bytes (or items) as the call returned."""

    index: int
    most: int = 0
    """So many bytes or items are copied; 0: as `Limits.plain` says, -1: as `Limits.message` says."""
    item: int = 1

    def __call__(
        self, arguments: Sequence[int], value: int, read: ReadMemory, limits: Limits, blocks: list[Block]
    ) -> None:
        """Read its beginning."""
        size = min(value, self.bound(limits)) * self.item
        if (address := arguments[self.index]) and size > 0:
            blocks.append(Block(address, read(address, size), size))

    def bound(self, limits: Limits) -> int:
        """Return how many bytes or items are copied at most."""
        return self.most if self.most > 0 else limits.message if self.most else limits.plain


class Chosen(msgspec.Struct, frozen=True):
    """A structure that is there for some values of another argument only."""

    index: int
    size: int
    chooser: int
    within: int
    """The bits of that argument which choose."""
    choices: int
    """Bit N stands for the value N, bit 63 for all values from 63 on."""

    def __call__(
        self, arguments: Sequence[int], _v: int, read: ReadMemory, _l: Limits, blocks: list[Block]
    ) -> None:
        """Read it."""
        address = arguments[self.index]
        if address >= PAGE and self.choices >> min(arguments[self.chooser] & self.within, 63) & 1:
            blocks.append(Block(address, read(address, self.size), self.size))


def _choices(*values: int) -> int:
    return sum(1 << value for value in values)


PlainStep: TypeAlias = Text | Fixed | Sized | Buffer | Filled | Chosen
"""The steps that are data: a compiled loop reads them as well."""


def _u32(read: ReadMemory, address: int, blocks: list[Block]) -> int:
    data = read(address, 4)
    blocks.append(Block(address, data, 4))
    return int.from_bytes(data, "little") if len(data) == 4 else 0


def _with_length(index: int, length_index: int, most: int) -> Step:
    """Read what the kernel wrote, and the ``socklen_t`` that says how much that is."""

    def step(arguments: Sequence[int], _v: int, read: ReadMemory, _l: Limits, blocks: list[Block]) -> None:
        if not arguments[length_index]:
            return
        size = min(_u32(read, arguments[length_index], blocks), most)
        if (address := arguments[index]) and size:
            blocks.append(Block(address, read(address, size), size))

    return step


def _iovec(index: int, count_index: int, *, filled: bool = False, contents: bool = True) -> Step:
    """Read an array of ``struct iovec`` and what its elements point to (readv(2))."""

    def step(
        arguments: Sequence[int], value: int, read: ReadMemory, limits: Limits, blocks: list[Block]
    ) -> None:
        transferred = (value if filled else _UNKNOWN) if contents else 0
        _vector(arguments[index], arguments[count_index], transferred, limits, read, blocks)

    return step


def _vector(  # noqa: PLR0917 - what a vector takes
    address: int, count: int, transferred: int, limits: Limits, read: ReadMemory, blocks: list[Block]
) -> None:
    """Read iovecs: the start of every buffer, and more of the first ones to put messages together."""
    size = min(count, MAX_VECTOR) * 16
    if not address or not size:
        return
    data = read(address, size)
    blocks.append(Block(address, data, size))
    left = limits.message
    for base, length in struct.iter_unpack("<QQ", data[: len(data) // 16 * 16]):
        wanted = min(length, transferred, max(left, limits.plain))
        if wanted > 0:
            left -= wanted
            transferred -= min(length, transferred)
            blocks.append(Block(base, read(base, wanted), wanted))


def _header(address: int, value: int, read: ReadMemory, limits: Limits, blocks: list[Block]) -> None:
    """Read a ``struct msghdr``: the name, the iovecs with their contents, the control data (recvmsg(2))."""
    if not address:
        return
    data = read(address, 56)
    blocks.append(Block(address, data, 56))
    if len(data) < 56:
        return
    name, name_length, iovec, count, control, control_length = struct.unpack_from("<QI4xQQQQ", data)
    if name and name_length:
        size = min(name_length, 128)
        blocks.append(Block(name, read(name, size), size))
    _vector(iovec, count, value, limits, read, blocks)
    if control and control_length:
        size = min(control_length, MAX_CONTROL)
        blocks.append(Block(control, read(control, size), size))


def _message(index: int, *, filled: bool = False) -> Step:
    def step(
        arguments: Sequence[int], value: int, read: ReadMemory, limits: Limits, blocks: list[Block]
    ) -> None:
        _header(arguments[index], value if filled else _UNKNOWN, read, limits, blocks)

    return step


def _each(names: str, steps: tuple[Step, ...]) -> dict[str, tuple[Step, ...]]:
    """Give several calls the same steps."""
    return dict.fromkeys(names.split(), steps)


_FUTEX_TIMEOUTS: Final = (0, 6, 9, 11, 13)
"""FUTEX_WAIT, LOCK_PI, WAIT_BITSET, WAIT_REQUEUE_PI and LOCK_PI2 have a timeout (futex(2))."""
_FCNTL_STRUCTURES: Final = (5, 6, 7, 12, 13, 14, 15, 16, 17, 36, 37, 38, 63)
"""F_*LK, F_OFD_*LK*, F_*OWN_EX, F_GETOWNER_UIDS; and what has a larger number (F_*_RW_HINT)."""
_AT_ENTRY: Final[dict[str, tuple[Step, ...]]] = {
    **_each("open stat lstat access readlink chdir mkdir rmdir unlink statfs", (Text(0),)),
    **_each("openat newfstatat fstatat statx readlinkat mkdirat unlinkat faccessat faccessat2", (Text(1),)),
    "rename": (Text(0), Text(1)),
    "prlimit64": (Fixed(2, 16),),
    "nanosleep": (Fixed(0, 16),),
    **_each("write pwrite64", (Buffer(1, 2),)),
    "writev": (_iovec(1, 2),),
    "sendto": (Buffer(1, 2, message=True), Sized(4, 5, 128)),
    "sendmsg": (_message(1),),
    "connect": (Sized(1, 2, 128),),
    "accept4": (Fixed(2, 4),),
    "recvfrom": (Fixed(5, 4),),
    "recvmsg": (Fixed(1, 56),),
    "poll": (Sized(0, 1, MAX_POLLED * 8, 8),),
    "epoll_ctl": (Fixed(3, 12),),
    "epoll_pwait": (Fixed(4, 8),),
    "rt_sigaction": (Fixed(1, 88),),
    "rt_sigprocmask": (Fixed(1, 8),),
    "futex": (Chosen(3, 16, 1, 0x7F, _choices(*_FUTEX_TIMEOUTS)),),
    "fcntl": (Chosen(2, 32, 1, 0xFFFFFFFF, _choices(*_FCNTL_STRUCTURES)),),
    "clock_nanosleep": (Fixed(2, 16),),
}

_AT_EXIT: Final[dict[str, tuple[Step, ...]]] = {
    **_each("read pread64", (Filled(1),)),
    "readv": (_iovec(1, 2, filled=True),),
    "recvfrom": (Filled(1, -1), _with_length(4, 5, 128)),
    "recvmsg": (_message(1, filled=True),),
    "accept4": (_with_length(1, 2, 128),),
    **_each("stat fstat lstat", (Fixed(1, 144),)),
    "newfstatat": (Fixed(2, 144),),
    "statx": (Fixed(4, 256),),
    "readlink": (Filled(1),),
    "readlinkat": (Filled(2),),
    "getcwd": (Filled(0, MAX_STRING),),
    **_each("pipe pipe2", (Fixed(0, 8),)),
    "prlimit64": (Fixed(3, 16),),
    "uname": (Fixed(0, 390),),
    "sysinfo": (Fixed(0, 112),),
    **_each("statfs fstatfs", (Fixed(1, 120),)),
    "getrusage": (Fixed(1, 144),),
    "getdents64": (Filled(1, MAX_ENTRIES),),
    "poll": (Sized(0, 1, MAX_POLLED * 8, 8),),
    **_each("epoll_wait epoll_pwait", (Filled(1, MAX_POLLED, 12),)),
    "rt_sigaction": (Fixed(2, 88),),
    "rt_sigprocmask": (Fixed(2, 8),),
    "wait4": (Fixed(1, 4), Fixed(3, 144)),
    "clock_gettime": (Fixed(1, 16),),
    "getrandom": (Filled(0),),
    "fcntl": (Chosen(2, 32, 1, 0xFFFFFFFF, _choices(*_FCNTL_STRUCTURES)),),
}
_AFTER_ERRORS: Final[dict[str, tuple[Step, ...]]] = {
    "readv": (_iovec(1, 2, contents=False),),
    "clock_nanosleep": (Fixed(3, 16),),
    "nanosleep": (Fixed(1, 16),),
}
"""What is worth reading where the call failed: where data should have gone, and the time that was left."""


def _by_number(by_name: dict[str, tuple[Step, ...]]) -> dict[int, tuple[Step, ...]]:
    numbers = architecture(os.uname().machine).numbers
    return {numbers[name]: steps for name, steps in by_name.items() if name in numbers}


_ENTRY: Final = _by_number(_AT_ENTRY)
_EXIT: Final = _by_number(_AT_EXIT)
_ERROR: Final = _by_number(_AFTER_ERRORS)


_POINTERLESS: Final = (
    "close dup dup2 dup3 lseek mmap munmap mprotect brk madvise mremap msync getpid gettid getppid getuid "
    "geteuid getgid getegid getpgid getpgrp getsid setsid exit exit_group kill tgkill tkill sched_yield "
    "fsync fdatasync ftruncate fchmod fchown fchdir umask socket listen shutdown epoll_create1 eventfd2 "
    "timerfd_create close_range restart_syscall set_tid_address set_robust_list rseq fork vfork pause alarm "
    "getpriority"
)
KNOWN: Final = (
    frozenset(_ENTRY)
    | frozenset(_EXIT)
    | frozenset(
        number
        for name in _POINTERLESS.split()
        if (number := architecture(os.uname().machine).numbers.get(name)) is not None
    )
)
"""The calls that need no decoder to say what is to be copied."""


def entry_blocks(
    number: int, arguments: Sequence[int], read: ReadMemory, limits: Limits = DEFAULT_LIMITS
) -> tuple[Block, ...]:
    """Read what the arguments point to on the way in. `arguments` are six unsigned registers."""
    steps = _ENTRY.get(number)
    if steps is None:
        return ()
    blocks: list[Block] = []
    for step in steps:
        step(arguments, 0, read, limits, blocks)
    return tuple(blocks)


def exit_blocks(  # noqa: PLR0917 - as many as a call has to tell
    number: int,
    arguments: Sequence[int],
    value: int,
    is_error: bool,  # noqa: FBT001 - the tracer's hot loop passes it as the kernel gives it
    read: ReadMemory,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[Block, ...]:
    """Read what the kernel left behind the arguments; `value` is the signed return value."""
    steps = (_ERROR if is_error else _EXIT).get(number)
    if steps is None:
        return ()
    blocks: list[Block] = []
    for step in steps:
        step(arguments, value, read, limits, blocks)
    return tuple(blocks)


class Plan(NamedTuple):
    """What is copied at the stops of one call, where a compiled loop can do it."""

    entry: tuple[PlainStep, ...] = ()
    leave: tuple[PlainStep, ...] = ()
    failed: tuple[PlainStep, ...] = ()


def plans() -> dict[int, Plan]:
    """Return the plans of the known calls, by number; calls with steps of their own are left out."""
    found = {}
    for number in KNOWN:
        steps = _ENTRY.get(number, ()), _EXIT.get(number, ()), _ERROR.get(number, ())
        plain = [tuple(each for each in some if isinstance(each, PlainStep)) for some in steps]
        if list(map(len, plain)) == list(map(len, steps)):
            found[number] = Plan(*plain)
    return found
