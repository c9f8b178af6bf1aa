"""What the text remembers of a thread from record to record."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bstinspect.decode.opened import Opened


class Thread:
    """What is known of one thread. No msgspec structure: its fields are set at every line."""

    __slots__ = (
        "address", "arch", "column", "last", "name", "number", "opened", "pid", "reprint", "staged", "tid",
    )  # fmt: skip

    def __init__(self, tid: int, pid: int) -> None:
        self.tid = tid
        self.pid = pid
        self.column = 0
        """How much of its unfinished line is written."""
        self.opened: Opened | None = None
        """The call that it is inside of."""
        self.name = b""
        """Its command name, where that is to be shown."""
        self.arch = 0
        """AUDIT_ARCH_* of its last call; 0 for the machine's own."""
        self.number: int | None = None
        self.address = 0
        self.staged: list[str] | None = None
        """Its line, held back until its result is known."""
        self.reprint = False
        self.last = ""
        """The call before, by name: restart_syscall goes on with it."""
