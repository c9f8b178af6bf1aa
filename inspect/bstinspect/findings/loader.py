"""Which calls are the dynamic loader's, between an execve and the program's own first call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bstinspect.findings.calls import Finished

_OF_LOADERS: Final = frozenset({
    "brk", "mmap", "access", "openat", "open", "newfstatat", "fstat", "stat", "read", "pread64",
    "close", "arch_prctl", "set_tid_address", "set_robust_list", "rseq", "mprotect", "prlimit64",
    "munmap", "getrandom", "readlink",
})  # fmt: skip
"""What ld.so(8) of glibc and musl calls."""
_OF_DESCRIPTORS: Final = frozenset({"read", "pread64", "fstat", "close"})
_NAMES_A_LIBRARY: Final = frozenset({"open", "openat", "access"})


_STANDARD_ERROR: Final = 2


class Loader:
    """Follows each process from its execve to the end of the loader."""

    def __init__(self) -> None:
        self._loading: set[int] = set()

    def begins(self, pid: int) -> None:
        """A process has executed a program."""
        self._loading.add(pid)

    def ended(self, pid: int) -> None:
        """A process is gone."""
        self._loading.discard(pid)

    def loads(self, call: Finished) -> bool:
        """Tell whether a call is the loader's; its last is to unmap /etc/ld.so.cache, if it mapped that."""
        pid = call.entry.pid
        if pid not in self._loading:
            return False
        own = call.name in _OF_DESCRIPTORS and call.entry.arguments[0] <= _STANDARD_ERROR
        other = call.name in _NAMES_A_LIBRARY and ".so" not in call.text()
        if own or other or call.name not in _OF_LOADERS:
            self._loading.discard(pid)
            return False
        if call.name == "munmap":
            self._loading.discard(pid)
        return True
