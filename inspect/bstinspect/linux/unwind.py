"""The call stack of a stopped thread, by libunwind's ptrace library (libunwind-ptrace(3)): strace's -k.

The caller must be the thread's tracer, and the thread must be in a ptrace stop.
"""

from __future__ import annotations

import bisect
import contextlib
import ctypes
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from bstinspect.errors import NotSupportedError

if TYPE_CHECKING:
    from collections.abc import Callable

MOST: Final = 256
"""A stack has no more frames than this."""
_IP: Final = {"x86_64": 16, "aarch64": 32}
"""The number of the instruction pointer among libunwind's registers."""
_CURSOR: Final = 8192
"""More bytes than any ``unw_cursor_t`` has."""
_NAME: Final = 4096
_CACHE_GLOBAL: Final = 1
_LOST: Final = b"unexpected_backtracing_error"


class _Mapping(NamedTuple):
    start: int
    end: int
    executable: bool
    offset: int
    path: bytes


class _Process:
    """What is kept of a thread: libunwind's handle, and what is mapped where."""

    def __init__(self, handle: ctypes.c_void_p) -> None:
        self.handle = handle
        self.maps = b""
        self.mappings: list[_Mapping] = []
        self.starts: list[int] = []

    def renew(self, maps: bytes) -> bool:
        """Take the text of /proc/PID/maps; tell whether it changed."""
        if maps == self.maps:
            return False
        self.maps = maps
        self.mappings = _mappings(maps)
        self.starts = [each.start for each in self.mappings]
        return True

    def find(self, address: int) -> _Mapping | None:
        """Return the executable mapping of a file that an address is in."""
        index = bisect.bisect_right(self.starts, address) - 1
        found = self.mappings[index] if index >= 0 else None
        return found if found and address < found.end and found.executable else None


def _mappings(maps: bytes) -> list[_Mapping]:
    """Return the mappings that have a name, which is printed as the kernel writes it."""
    found = []
    for line in maps.splitlines():
        fields = line.split(maxsplit=5)
        if len(fields) == 6:
            start, _, end = fields[0].partition(b"-")
            found.append(
                _Mapping(int(start, 16), int(end, 16), fields[1][2:3] == b"x", int(fields[2], 16), fields[5])
            )
    return found


class _Demangler:
    """Turns the names of C++ functions into words, where the C++ library is there to do it."""

    def __init__(self) -> None:
        self._free = ctypes.CDLL(None).free
        self._demangle: Callable[..., int | None] | None = None
        try:
            demangle = ctypes.CDLL("libstdc++.so.6")["__cxa_demangle"]
        except (OSError, AttributeError):
            return
        demangle.restype = ctypes.c_void_p
        self._demangle = demangle

    def __call__(self, name: bytes) -> bytes:
        """Return ``f(int)`` for ``_Z1fi``."""
        if self._demangle is None or not name.startswith(b"_Z"):
            return name
        status = ctypes.c_int()
        found = self._demangle(name, None, None, ctypes.byref(status))
        if not found:
            return name
        try:
            return ctypes.string_at(found)
        finally:
            self._free(ctypes.c_void_p(found))


class Unwinder:
    """Walks stacks. Raises NotSupportedError where libunwind is not installed."""

    def __init__(self) -> None:
        machine = os.uname().machine
        if machine not in _IP:
            raise NotSupportedError(f"there are no stack traces on {machine}")
        # Debian's libunwind-ptrace does not say which libraries it needs, so they must be there for all.
        with contextlib.suppress(OSError):
            ctypes.CDLL("liblzma.so.5", ctypes.RTLD_GLOBAL)
        try:
            self._library = ctypes.CDLL(f"libunwind-{machine}.so.8", ctypes.RTLD_GLOBAL)
            self._ptrace = ctypes.CDLL("libunwind-ptrace.so.0")
        except OSError as error:
            raise NotSupportedError(
                f"stack traces need libunwind (Debian: apt-get install libunwind8): {error}"
            ) from error
        self._prefix = f"_U{machine}_"
        self._ip = _IP[machine]
        self._create = self._ptrace["_UPT_create"]
        self._create.restype = ctypes.c_void_p
        self._destroy = self._ptrace["_UPT_destroy"]
        create_space = self._function("create_addr_space")
        create_space.restype = ctypes.c_void_p
        accessors = ctypes.c_byte.in_dll(self._ptrace, "_UPT_accessors")
        self._space = ctypes.c_void_p(create_space(ctypes.byref(accessors), 0))
        self._function("set_caching_policy")(self._space, _CACHE_GLOBAL)
        self._start, self._step = self._function("init_remote"), self._function("step")
        self._register, self._procedure = self._function("get_reg"), self._function("get_proc_name")
        self._flush = self._function("flush_cache")
        self._demangle = _Demangler()
        self._cursor = ctypes.create_string_buffer(_CURSOR)
        self._name = ctypes.create_string_buffer(_NAME)
        self._processes: dict[int, _Process] = {}

    def frames(self, tid: int, *, at_entry: bool = False) -> tuple[bytes, ...]:
        """Return the frames of a stopped thread as strace prints them, the innermost first.

        For example ``/usr/lib/x86_64-linux-gnu/libc.so.6(__write+0x14) [0xf7f94]``: the file, the function
        and how far the address is behind its start, and the address in the file. `at_entry` says that they
        are those of a syscall's entry, to be printed later: strace then writes ``(+0x0)`` for no function
        where it otherwise writes ``()``.
        """
        process = self._process(tid)
        if process is None or self._start(self._cursor, self._space, process.handle) < 0:
            return ()
        found: list[bytes] = []
        while True:
            frame = self._frame(process, at_entry=at_entry)
            if frame:
                found.append(frame)
            if not frame or not frame.endswith(b"]") or frame.startswith(_LOST):
                break
            if self._step(self._cursor) <= 0:
                break
            if len(found) == MOST:
                found.append(b"too many stack frames")
                break
        return tuple(found)

    def forget(self, tid: int) -> None:
        """Drop what is kept of a thread that is traced no more."""
        process = self._processes.pop(tid, None)
        if process is not None:
            self._destroy(process.handle)

    def _function(self, name: str) -> ctypes._NamedFuncPointer:
        return self._library[self._prefix + name]

    def _process(self, tid: int) -> _Process | None:
        try:
            maps = Path(f"/proc/{tid}/maps").read_bytes()
        except OSError:
            return None
        process = self._processes.get(tid)
        if process is None:
            process = self._processes[tid] = _Process(ctypes.c_void_p(self._create(tid)))
        if process.renew(maps):
            self._flush(self._space, ctypes.c_uint64(0), ctypes.c_uint64(0))
        return process

    def _frame(self, process: _Process, *, at_entry: bool) -> bytes:
        """Return the text of the frame that the cursor is at; empty where there is none."""
        value = ctypes.c_uint64()
        if self._register(self._cursor, self._ip, ctypes.byref(value)) < 0:
            return b""
        address = value.value
        mapping = process.find(address)
        if mapping is None:
            return b"%s [0x%x]" % (_LOST, address) if address else b""
        behind = ctypes.c_uint64()
        known = self._procedure(self._cursor, self._name, ctypes.c_size_t(_NAME), ctypes.byref(behind)) == 0
        name = self._demangle(self._name.value) if known else b""
        if name or at_entry:
            name += b"+0x%x" % (behind.value if known else 0)
        return b"%s(%s) [0x%x]" % (mapping.path, name, address - mapping.start + mapping.offset)
